"""CRM objects and what hangs on them: every resource sends the documented call and returns typed objects."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crmkit.bitrix24.client import Bitrix24
from crmkit.bitrix24.encoding import File
from crmkit.bitrix24.resources.crm import stage_book
from crmkit.exceptions import ValidationError

from .conftest import Case, check, names

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
STAGE = {"ID": "1", "STATUS_ID": "WON", "NAME": "Won", "SEMANTICS": "S"}

CASES: list[Case] = [
    (
        "crm.item.productrow.set",
        {"productRows": [{"id": 1, "price": "10.5"}]},
        lambda b: b.products.set(128, 5, [{"productName": "x", "price": 10.5}])[0].price,
        {"ownerType": "T80", "ownerId": 5, "productRows": [{"productName": "x", "price": 10.5}]},
        10.5,
    ),
    (
        "crm.item.productrow.list",
        {"productRows": [{"id": 1, "ownerId": 5}]},
        lambda b: [row.owner_id for row in b.products.list(2, 5)],
        {"filter": {"=ownerType": "D", "=ownerId": 5}},
        [5],
    ),
    (
        "crm.category.list",
        {"categories": [{"id": 0, "name": "Main", "isDefault": "Y"}]},
        lambda b: [(c.id, c.is_default) for c in b.categories.list()],
        {"entityTypeId": 2},
        [(0, True)],
    ),
    (
        "crm.category.add",
        {"category": {"id": 3, "name": "N"}},
        lambda b: b.categories.create("N", sort=200).id,
        {"entityTypeId": 2, "fields": {"name": "N", "sort": 200}},
        3,
    ),
    (
        "crm.category.update",
        {"category": {"id": 3, "name": "M"}},
        lambda b: b.categories.update(3, name="M").name,
        {"entityTypeId": 2, "id": 3, "fields": {"name": "M"}},
        "M",
    ),
    ("crm.category.delete", None, lambda b: b.categories.delete(3), {"entityTypeId": 2, "id": 3}, None),
    (
        "crm.status.list",
        [STAGE],
        lambda b: [(s.status_id, s.is_success, s.is_failure) for s in b.stages.list(2, 9)],
        {"filter": {"ENTITY_ID": "DEAL_STAGE_9"}},
        [("WON", True, False)],
    ),
    (
        "crm.status.add",
        "12",
        lambda b: b.stages.create("DEAL_STAGE", "X", "Name", sort=25),
        {"fields": {"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "X", "NAME": "Name", "SORT": 25}},
        12,
    ),
    (
        "crm.status.update",
        True,
        lambda b: b.stages.update(1, name="N"),
        {"id": 1, "fields": {"NAME": "N"}},
        None,
    ),
    ("crm.status.delete", True, lambda b: b.stages.delete(1), {"id": 1}, None),
    (
        "crm.stagehistory.list",
        {"items": [{"ID": "1", "OWNER_ID": "7", "CREATED_TIME": "2025-03-03T09:00:00+03:00"}]},
        lambda b: [(m.owner_id, m.created_time) for m in b.stage_history.list(owners={7}, since=NOON)],
        {"entityTypeId": 2, "filter": {"@OWNER_ID": [7], ">=CREATED_TIME": "2025-03-03T12:00:00+00:00"}},
        [(7, datetime(2025, 3, 3, 6, tzinfo=UTC))],
    ),
    (
        "crm.type.list",
        {"types": [{"id": 1, "entityTypeId": 128}]},
        lambda b: [t.entity_type_id for t in b.types.list()],
        {},
        [128],
    ),
    (
        "userfieldconfig.add",
        {"field": {"id": "5", "fieldName": "UF_CRM_X", "multiple": "N"}},
        lambda b: b.user_fields.create("UF_CRM_X", "enumeration", label="Икс", options=["a", "b"]).id,
        {
            "moduleId": "crm",
            "field": {
                "entityId": "CRM_DEAL",
                "fieldName": "UF_CRM_X",
                "userTypeId": "enumeration",
                "multiple": "N",
                "editFormLabel": {"ru": "Икс"},
                "enum": [{"value": "a", "sort": 10}, {"value": "b", "sort": 20}],
            },
        },
        5,
    ),
    (
        "userfieldconfig.list",
        {"fields": [{"id": "5", "entityId": "CRM_7"}]},
        lambda b: [f.entity_id for f in b.user_fields.list(128, type_id=7)],
        {"moduleId": "crm", "filter": {"entityId": "CRM_7"}},
        ["CRM_7"],
    ),
    ("userfieldconfig.delete", None, lambda b: b.user_fields.delete(5), {"moduleId": "crm", "id": 5}, None),
    (
        "crm.timeline.comment.add",
        999,
        lambda b: b.comments.create(128, 5, "text", files=[File("a.txt", b"hi")]),
        {
            "fields": {
                "ENTITY_TYPE": "dynamic_128",
                "ENTITY_ID": 5,
                "COMMENT": "text",
                "FILES": [["a.txt", "aGk="]],
            }
        },
        999,
    ),
    (
        "crm.timeline.comment.list",
        [{"ID": "4", "COMMENT": "c", "AUTHOR_ID": "1", "FILES": []}],
        lambda b: [c.comment for c in b.comments.list(2, 5)],
        {"filter": {"ENTITY_TYPE": "deal", "ENTITY_ID": 5}},
        ["c"],
    ),
    (
        "crm.timeline.comment.update",
        True,
        lambda b: b.comments.update(4, "d"),
        {"id": 4, "fields": {"COMMENT": "d"}},
        None,
    ),
    ("crm.timeline.comment.delete", True, lambda b: b.comments.delete(4), {"id": 4}, None),
    (
        "crm.timeline.logmessage.add",
        {"logMessage": {"id": 6}},
        lambda b: b.comments.log(2, 5, "Title", "Text"),
        {"fields": {"entityTypeId": 2, "entityId": 5, "title": "Title", "text": "Text", "iconCode": "info"}},
        6,
    ),
    (
        "crm.activity.get",
        {"ID": "3", "COMPLETED": "Y"},
        lambda b: b.activities.get(3).completed,
        {"id": 3},
        True,
    ),
    ("crm.activity.delete", True, lambda b: b.activities.delete(3), {"id": 3}, None),
    (
        "crm.activity.todo.add",
        {"id": 999},
        lambda b: b.activities.todo(2, 5, deadline=NOON, title="Call", responsible=7, remind=[0, 15]),
        {
            "ownerTypeId": 2,
            "ownerId": 5,
            "deadline": "2025-03-03T12:00:00+00:00",
            "title": "Call",
            "responsibleId": 7,
            "pingOffsets": [0, 15],
        },
        999,
    ),
    (
        "crm.requisite.add",
        "3",
        lambda b: b.requisites.create(4, 7, preset=1, name="R", rq_inn="77"),
        {"fields": {"ENTITY_TYPE_ID": 4, "ENTITY_ID": 7, "PRESET_ID": 1, "NAME": "R", "RQ_INN": "77"}},
        3,
    ),
    (
        "crm.requisite.list",
        [{"ID": "3", "RQ_INN": 7707}],
        lambda b: [r.rq_inn for r in b.requisites.list(4, 7)],
        {"filter": {"ENTITY_TYPE_ID": 4, "ENTITY_ID": 7}},
        ["7707"],
    ),
    (
        "crm.requisite.update",
        True,
        lambda b: b.requisites.update(3, name="S"),
        {"id": 3, "fields": {"NAME": "S"}},
        None,
    ),
    ("crm.requisite.delete", True, lambda b: b.requisites.delete(3), {"id": 3}, None),
]


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_crm_send_the_documented_call(b24: Bitrix24, portal: Any, case: Case) -> None:
    check(case, b24, portal)


def test_activities_are_filtered_by_known_fields_only(b24: Bitrix24, portal: Any) -> None:
    portal.methods["crm.activity.fields"] = lambda _: {"ID": {}, "LAST_UPDATED": {}, "COMPLETED": {}}
    portal.methods["crm.activity.list"] = lambda _: [{"ID": "1", "COMPLETED": "N"}]
    found = list(b24.activities.list(2, 5, filter={">=last_updated": NOON}))
    assert found[0].completed is False
    sent = portal.requests[-1][1]["filter"]
    assert sent == {"OWNER_TYPE_ID": 2, "OWNER_ID": 5, ">=LAST_UPDATED": "2025-03-03T12:00:00+00:00"}
    with pytest.raises(ValidationError):
        b24.activities.list(filter={"DEADLIN": 1})


def test_duplicates_say_which_value_matched(b24: Bitrix24, portal: Any) -> None:
    portal.methods["crm.duplicate.findbycomm"] = lambda p: (
        {"CONTACT": ["275"]} if p["values"] == ["+71"] else []
    )
    assert b24.duplicates.find("PHONE", ["+71", "+72"]) == {"+71": {"CONTACT": (275,)}, "+72": {}}
    assert len(portal.requests) == 1


def test_user_field_names_are_checked_before_sending(b24: Bitrix24, portal: Any) -> None:
    for name in ("X", "UF_CRM_x", "UF_CRM_" + "X" * 50):
        with pytest.raises(ValidationError):
            b24.user_fields.create(name, "string", label="x")
    assert not portal.requests


def test_names_of_stage_books() -> None:
    assert [stage_book(1), stage_book(2), stage_book(31, 4)] == [
        "STATUS",
        "DEAL_STAGE",
        "SMART_INVOICE_STAGE_4",
    ]
