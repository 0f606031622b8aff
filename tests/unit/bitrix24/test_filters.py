"""Expressions that refuse what the portal would silently ignore."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.bitrix24.fields import FieldTable, Schema
from crmkit.bitrix24.filters import LEGACY, TASKS, UNIVERSAL, F, compile_filter
from crmkit.exceptions import ValidationError

SCHEMA = Schema(
    "deals",
    {
        "id": {"type": "integer", "upperName": "ID", "isReadOnly": True},
        "stageId": {"type": "crm_status", "upperName": "STAGE_ID"},
        "assignedById": {"type": "user", "upperName": "ASSIGNED_BY_ID"},
        "opportunity": {"type": "double"},
        "UF_CRM_TARIFF": {
            "type": "enumeration",
            "isMultiple": True,
            "items": [{"ID": "12", "VALUE": "Gold"}, {"ID": "13", "VALUE": "Tin"}],
        },
        "UF_EMPTY": [],
    },
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (F.stage_id == "NEW", {"=stageId": "NEW"}),
        (F.stage_id != "NEW", {"!=stageId": "NEW"}),
        (F.STAGE_ID.in_(["NEW", "WON"]), {"@stageId": ["NEW", "WON"]}),
        (F.stageId.not_in(("LOSE",)), {"!@stageId": ["LOSE"]}),
        ((F.opportunity >= 5) & (F.opportunity < 10), {">=opportunity": 5, "<opportunity": 10}),
        (F.opportunity <= 5, {"<=opportunity": 5}),
        (F["UF_CRM_TARIFF"].contains("g"), {"%UF_CRM_TARIFF": "g"}),
        (F.uf_crm_tariff.like("g%"), {"=%UF_CRM_TARIFF": "g%"}),
        (
            (F.stage_id == "NEW") & ((F.assigned_by_id == 1) | (F.opportunity > 5)),
            {"=stageId": "NEW", "0": {"logic": "OR", "0": {"=assignedById": 1}, "1": {">opportunity": 5}}},
        ),
        (
            (F.opportunity > 1) & (F.opportunity > 2) & (F.id > 3),
            {">opportunity": 1, ">id": 3, "0": {">opportunity": 2}},
        ),
        (
            ((F.id == 1) & (F.opportunity > 5)) | (F.id == 2) | (F.id == 3),
            {
                "0": {
                    "logic": "OR",
                    "0": {"=id": 1, ">opportunity": 5},
                    "1": {"=id": 2},
                    "2": {"=id": 3},
                }
            },
        ),
        ({"!=STAGE_ID": "NEW", ">opportunity": 1}, {"!=stageId": "NEW", ">opportunity": 1}),
        (
            {"0": {"logic": "OR", "0": {">=opportunity": 1}, "1": {"stage_id": "NEW"}}},
            {"0": {"logic": "OR", "0": {">=opportunity": 1}, "1": {"stageId": "NEW"}}},
        ),
        (None, {}),
    ],
)
def test_universal_dialect(expression: Any, expected: Any) -> None:
    assert compile_filter(expression, SCHEMA, UNIVERSAL) == expected


@pytest.mark.parametrize("bad", [F.stage == "NEW", F.stage_idd > 1, {">stageeId": 1}, {"": 1}, {"><id": 1}])
def test_unknown_field_or_operator_is_refused(bad: Any) -> None:
    with pytest.raises(ValidationError):
        compile_filter(bad, SCHEMA, UNIVERSAL)


def test_near_names_are_suggested() -> None:
    with pytest.raises(ValidationError, match="stageId"):
        compile_filter(F.stag_id == 1, SCHEMA)


@pytest.mark.parametrize("bad", [(F.id == 1) | (F.id == 2), {"logic": "OR"}, (F.id > 1) & (F.id > 2)])
@pytest.mark.parametrize("dialect", [LEGACY, TASKS])
def test_lists_without_groups_refuse_them(bad: Any, dialect: Any) -> None:
    with pytest.raises(ValidationError):
        compile_filter(bad, SCHEMA, dialect)


def test_tasks_know_few_operators() -> None:
    assert compile_filter((F.id == 1) & F.stage_id.in_(["a"]), SCHEMA, TASKS) == {"id": 1, "stageId": ["a"]}
    assert compile_filter((F.id != 1) & (F.opportunity > 2), SCHEMA, TASKS) == {"!id": 1, ">opportunity": 2}
    with pytest.raises(ValidationError):
        compile_filter(F.stage_id.contains("x"), SCHEMA, TASKS)


def test_nothing_is_no_condition() -> None:
    with pytest.raises(ValidationError, match="None"):
        _ = F.id == None  # noqa: E711
    with pytest.raises(ValidationError, match="empty"):
        F.id.in_([])
    with pytest.raises(TypeError, match="&"):
        bool((F.id > 1) and (F.id < 2))


def test_schema_knows_options_and_what_may_be_written() -> None:
    tariff = SCHEMA.resolve("uf_crm_tariff")
    assert tariff.multiple
    assert tariff.items == {"12": "Gold", "13": "Tin"}
    with pytest.raises(ValidationError, match="read-only"):
        SCHEMA.writable("id")


def test_fields_are_asked_for_once_until_forgotten() -> None:
    asked: list[str] = []

    def call(method: str, params: Any) -> Any:
        asked.append(method)
        return {"fields": {"id": {}}} if method == "crm.item.fields" else {"ID": {}}

    table = FieldTable(call)
    assert list(table.of("crm.item.fields", {"entityTypeId": 2}, "x").fields) == ["id"]
    table.of("crm.item.fields", {"entityTypeId": 2}, "x")
    assert list(table.of("crm.activity.fields", {}, "y").fields) == ["ID"]
    assert asked == ["crm.item.fields", "crm.activity.fields"]
    table.forget()
    table.of("crm.activity.fields", {}, "y")
    assert len(asked) == 3
