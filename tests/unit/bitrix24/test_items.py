"""Typed objects: reading, creating exactly once, changing, importing, custom fields."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crmkit.bitrix24.client import Bitrix24
from crmkit.bitrix24.filters import F
from crmkit.bitrix24.models import Deal, Lead, SmartItem, User, custom
from crmkit.bitrix24.outcomes import Status
from crmkit.exceptions import NotFound, OutcomeUnknown, PermissionDenied, ValidationError


class MyDeal(Deal):
    tariff: str | None = custom("UF_CRM_TARIFF")
    seats: int | None = custom("UF_CRM_SEATS")
    tags: list[str] = custom("UF_CRM_TAGS", ())
    since: date | None = custom("UF_CRM_SINCE")
    vip: bool | None = custom("UF_CRM_VIP")


EMPTY = ["UF_CRM_TARIFF", "UF_CRM_SEATS", "UF_CRM_SINCE", "UF_CRM_VIP"]
SINCE = {"UF_CRM_SINCE": "2025-01-02"}


def asked(portal: Any, method: str) -> list[Any]:
    return [body for name, body in portal.requests if name == method]


def executed(portal: Any, method: str) -> list[Any]:
    """What was carried out, by itself or in a batch."""
    return [params for name, params in portal.executed if name == method]


def test_list_is_typed_streamed_and_checked(b24: Bitrix24, portal: Any) -> None:
    portal.add(120, stageId="WON")
    deals = list(b24.deals.list(F.stage_id == "WON", ["title", "stage_id"]))
    assert [deal.id for deal in deals] == list(range(1, 121))
    assert all(isinstance(deal, Deal) for deal in deals)
    first = executed(portal, "crm.item.list")[0]
    assert first["filter"] == {"=stageId": "WON"}
    assert first["select"] == ["id", "title", "stageId"]
    assert first["useOriginalUfNames"] == "Y"
    before = len(portal.requests)
    with pytest.raises(ValidationError):
        b24.deals.list(F.stagee == 1)
    with pytest.raises(ValidationError):
        b24.deals.list(None, ["titel"])
    assert len(portal.requests) == before


def test_the_first_read_gets_fields_and_rows_in_one_request(b24: Bitrix24, portal: Any) -> None:
    portal.add(30)
    assert sum(1 for _ in b24.deals.list(select=["title"])) == 30
    assert len(portal.requests) == 1
    assert sum(1 for _ in b24.deals.list(F.title == "Deal 7")) == 1
    assert len(portal.requests) == 2
    assert len(executed(portal, "crm.item.fields")) == 1


def test_five_thousand_are_read_in_three_requests(b24: Bitrix24, portal: Any) -> None:
    portal.add(5000)
    assert [row["id"] for row in b24.deals.rows()] == list(range(1, 5001))
    assert len(portal.requests) == 3


def test_names_that_turn_out_to_be_written_otherwise_cost_one_more_request(
    b24: Bitrix24, portal: Any
) -> None:
    portal.add(120, stageId="WON")
    assert [deal.id for deal in b24.deals.list({"=STAGE_ID": "WON"})] == list(range(1, 121))
    assert [params["filter"] for params in executed(portal, "crm.item.list")[:2]] == [
        {"=STAGE_ID": "WON"},
        {"=stageId": "WON"},
    ]


def test_an_unknown_name_is_refused_before_a_row_is_seen(b24: Bitrix24, portal: Any) -> None:
    portal.add(120)
    with pytest.raises(ValidationError, match="no field 'stagee'"):
        b24.deals.list({"=stagee": "WON"})


def test_a_first_page_that_was_refused_is_asked_for_again_by_itself(b24: Bitrix24, portal: Any) -> None:
    portal.add(120)
    left = [{"error": "ERROR_CORE", "error_description": "once"}]
    portal.rules.append(lambda m, _: left.pop() if m == "crm.item.list" and left else None)
    assert sum(1 for _ in b24.deals.list()) == 120


def test_fields_that_are_refused_are_the_error(b24: Bitrix24, portal: Any) -> None:
    portal.rules.append(lambda m, _: {"error": "ACCESS_DENIED"} if m == "crm.item.fields" else None)
    with pytest.raises(PermissionDenied):
        b24.deals.list()


def test_custom_fields_are_read_filtered_and_written(b24: Bitrix24, portal: Any) -> None:
    portal.add(1, UF_CRM_TARIFF="gold")
    mine = b24.deals.of(MyDeal)
    (deal,) = mine.list(F.tariff == "gold", ["tariff"])
    assert deal.tariff == "gold"
    assert executed(portal, "crm.item.list")[0]["filter"] == {"=UF_CRM_TARIFF": "gold"}
    assert mine.update(1, tariff="tin").tariff == "tin"
    assert portal.items[1]["UF_CRM_TARIFF"] == "tin"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, (None, None, (), None, None)),
        (dict.fromkeys(EMPTY, ""), (None, None, (), None, None)),
        ({"UF_CRM_TAGS": "", "UF_CRM_SEATS": None, "UF_CRM_TARIFF": []}, (None, None, [], None, None)),
        (
            {"UF_CRM_TARIFF": 5, "UF_CRM_SEATS": "7", "UF_CRM_TAGS": ["a"], **SINCE, "UF_CRM_VIP": "Y"},
            ("5", 7, ["a"], date(2025, 1, 2), True),
        ),
        ({"UF_CRM_TAGS": False, "UF_CRM_TARIFF": False, "UF_CRM_VIP": False}, (None, None, [], None, False)),
    ],
)
def test_custom_fields_know_the_vendors_nothings(row: Any, expected: Any) -> None:
    deal = MyDeal.from_row({"id": 1, **row})
    assert (deal.tariff, deal.seats, deal.tags, deal.since, deal.vip) == expected


def test_model_reads_the_vendors_ways() -> None:
    deal = Deal.from_row(
        {
            "id": "7",
            "title": "",
            "companyId": "0",
            "contactIds": [],
            "opened": "Y",
            "opportunity": "19999.99",
            "begindate": "2024-04-19T03:00:00+03:00",
            "closedate": "2024-04-18T19:00:00-05:00",
            "createdTime": "2024-07-18T14:00:14+02:00",
            "movedTime": "24.08.2023 13:19:39",
            "lastActivityTime": {},
            "categoryId": 0,
            "ufCrm_1": {"any": "thing"},
        }
    )
    assert (deal.id, deal.title, deal.company_id, deal.contact_ids, deal.opened) == (7, None, None, (), True)
    assert deal.opportunity == Decimal("19999.99")
    assert (deal.begindate, deal.closedate) == (date(2024, 4, 19), date(2024, 4, 19))
    assert deal.created_time == datetime(2024, 7, 18, 12, 0, 14, tzinfo=UTC)
    assert (deal.moved_time, deal.last_activity_time, deal.category_id) == (None, None, 0)
    assert deal.raw["ufCrm_1"] == {"any": "thing"}
    assert (deal.model_extra or {})["ufCrm_1"] == {"any": "thing"}
    assert User.from_row({"ID": "1", "ACTIVE": True, "USER_TYPE": "extranet"}).is_extranet


def test_create_and_get(b24: Bitrix24, portal: Any) -> None:
    made = b24.deals.create(title="Hello", stage_id="NEW", opportunity=Decimal("10.50"))
    assert b24.deals.get(made.id).title == "Hello"
    with pytest.raises(NotFound):
        b24.deals.get(99)
    with pytest.raises(ValidationError, match="read-only"):
        b24.deals.create(created_time=datetime(2025, 1, 1, tzinfo=UTC))
    with pytest.raises(ValidationError, match="titel"):
        b24.deals.create(titel="x")
    assert len(portal.items) == 1


@pytest.mark.parametrize("after", [True, False])
def test_create_with_a_key_happens_exactly_once(b24: Bitrix24, portal: Any, after: bool) -> None:
    b24.deals.fields()
    portal.lose(after=after)
    made = b24.deals.create(key="order-1", title="Hello")
    assert made.title == "Hello"
    assert len(portal.items) == 1
    assert portal.items[1]["originatorId"] == "crmkit"
    assert portal.items[1]["originId"] == "order-1"


def test_create_without_a_key_is_unknown_when_the_answer_is_lost(b24: Bitrix24, portal: Any) -> None:
    b24.deals.fields()
    portal.lose()
    with pytest.raises(OutcomeUnknown):
        b24.deals.create(title="Hello")
    assert len(portal.items) == 1


def test_upsert_by_key(b24: Bitrix24, portal: Any) -> None:
    first = b24.deals.upsert("o-1", title="a")
    second = b24.deals.upsert("o-1", title="b")
    assert first.id == second.id
    assert portal.items[1]["title"] == "b"
    portal.items[2] = {**portal.items[1], "id": 2}
    with pytest.raises(ValidationError, match="1, 2"):
        b24.deals.upsert("o-1", title="c")


def test_smart_processes_keep_keys_in_xml_id(b24: Bitrix24, portal: Any) -> None:
    b24.smart(128).create(key="k", title="x")
    assert portal.items[1]["xmlId"] == "k"
    assert asked(portal, "crm.item.add")[0]["entityTypeId"] == 128
    b24.items(2, MyDeal, key="UF_CRM_TARIFF").create(key="own", title="y")
    assert portal.items[2]["UF_CRM_TARIFF"] == "own"
    assert isinstance(next(b24.items(130, SmartItem).list()), SmartItem)


def test_many_at_once(b24: Bitrix24, portal: Any) -> None:
    made = b24.deals.create_many(({"title": f"t{n}"} for n in range(120)), key=lambda row: str(row["title"]))
    assert len(made.done) == len(portal.items) == 120
    changed = b24.deals.update_many((n, {"stage_id": "WON"}) for n in range(1, 122))
    assert [len(changed.done), len(changed.failed)] == [120, 1]
    assert portal.items[120]["stageId"] == "WON"


def test_upsert_many_can_be_run_again(b24: Bitrix24, portal: Any) -> None:
    rows = [{"title": f"t{n}", "UF_CRM_TARIFF": str(n)} for n in range(700)]

    def key(row: Any) -> str:
        return f"k{row['UF_CRM_TARIFF']}"

    b24.deals.upsert_many(rows[:300], key=key)
    again = b24.deals.upsert_many([{**row, "title": "new"} for row in rows], key=key)
    assert len(again.done) == len(portal.items) == 700
    assert [outcome.command.method for outcome in again].count("crm.item.update") == 300
    assert {row["title"] for row in portal.items.values()} == {"new"}


def test_a_key_belongs_to_one_object(b24: Bitrix24, portal: Any) -> None:
    made = b24.deals.create_many([{"title": t} for t in "aab"], key=lambda row: str(row["title"]))
    assert [outcome.status for outcome in made] == [Status.DONE, Status.FAILED, Status.DONE]
    assert "comes twice" in str(made[1].error)
    portal.add(2, originId="x", originatorId="crmkit")
    (outcome,) = b24.deals.upsert_many([{"title": "b"}], key=lambda _: "x")
    assert "several objects" in str(outcome.error)


def test_a_wrong_row_fails_by_itself(b24: Bitrix24, portal: Any) -> None:
    rows: list[dict[str, Any]] = [{"title": "a"}, {"titel": "b"}, {"title": object()}, {"title": "d"}]
    wanted = [Status.DONE, Status.FAILED, Status.FAILED, Status.DONE]
    assert [outcome.status for outcome in b24.deals.create_many(rows)] == wanted
    assert [o.status for o in b24.deals.update_many([(1, row) for row in rows])] == wanted
    keyed = b24.deals.upsert_many(rows, key=lambda row: str(row)[:12])
    assert [outcome.status for outcome in keyed] == wanted
    portal.methods["crm.item.batchImport"] = lambda p: {"items": [{"item": {"id": 1}} for _ in p["data"]]}
    assert [o.status for o in b24.deals.import_many(rows[:2])] == wanted[:2]
    assert [o.status for o in b24.deals.import_many(rows[1:2])] == [Status.FAILED]
    portal.methods["tasks.task.getFields"] = lambda _: {"fields": {"TITLE": {}}}
    portal.methods["tasks.task.update"] = lambda _: True
    tasks = b24.tasks.update_many([(1, {"title": "x"}), (2, {"nothing": 1})])
    assert [outcome.status for outcome in tasks] == [Status.DONE, Status.FAILED]


def test_delete_survives_a_lost_answer(b24: Bitrix24, portal: Any) -> None:
    portal.add(1)
    portal.lose()
    b24.deals.delete(1)
    assert not portal.items
    with pytest.raises(NotFound):
        b24.deals.delete(1)


def test_import_in_parts_with_an_outcome_each(b24: Bitrix24, portal: Any) -> None:
    def imported(params: Any) -> Any:
        assert len(params["data"]) <= 20
        return {
            "items": [
                {"error": "CRM_FIELD_ERROR_REQUIRED", "error_description": "Name"}
                if row["title"] == "t7"
                else {"item": {"id": 1}}
                for row in params["data"]
            ]
        }

    portal.methods["crm.item.batchImport"] = imported
    result = b24.deals.import_many({"title": f"t{n}", "created_time": "2025-01-01"} for n in range(45))
    assert [outcome.status for outcome in result].index(Status.FAILED) == 7
    assert (len(result.done), len(result.failed), len(result)) == (44, 1, 45)
    assert isinstance(result[7].error, ValidationError)
    portal.methods["crm.item.import"] = lambda _: {"item": {"id": 4}}
    assert b24.leads.import_(title="x") == 4
    portal.lose()
    assert {outcome.status for outcome in b24.deals.import_many([{"title": "x"}] * 3)} == {Status.UNKNOWN}


def test_count_page_rows(b24: Bitrix24, portal: Any) -> None:
    portal.add(70)
    assert b24.contacts.count() == 70
    assert [item.id for item in b24.companies.page(50)] == list(range(51, 71))
    assert sum(1 for _ in b24.deals.rows(F.id > 60)) == 10
    assert isinstance(next(b24.leads.list()), Lead)
    assert b24.deals.page(order={"title": "desc"})
    assert portal.requests[-1][1]["order"] == {"title": "DESC"}


def test_phones_in_the_form_that_each_method_takes(b24: Bitrix24, portal: Any) -> None:
    phone = [{"typeId": "PHONE", "valueType": "WORK", "value": "+7"}]
    b24.contacts.create(title="x", fm=phone)
    assert portal.items[1]["fm"] == phone
    portal.methods["crm.item.import"] = lambda params: {"item": {"id": len(params["fields"]["PHONE"])}}
    assert b24.contacts.import_(title="x", PHONE=[{"VALUE": "+7", "VALUE_TYPE": "WORK"}]) == 1
    for refused in (lambda: b24.contacts.create(PHONE=[]), lambda: b24.deals.create(fm=[])):
        with pytest.raises(ValidationError):
            refused()
