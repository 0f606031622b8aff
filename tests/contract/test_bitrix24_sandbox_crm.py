"""What hangs on CRM objects, by the typed resources, against the emulated portal over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from crmkit.bitrix24 import Bitrix24, Contact, Deal, F, custom
from crmkit.bitrix24.models import ProductRow
from crmkit.exceptions import ApiError, NotFound, ValidationError
from crmkit.sandbox import Sandbox


class Sales(NamedTuple):
    box: Any
    b24: Bitrix24


@pytest.fixture
def sales() -> Iterator[Sales]:
    with (
        Sandbox.bitrix24(seed="deals", deals=60) as box,
        Bitrix24(box.url, clock=box.clock, random=lambda: 0.0, workers=1) as b24,
    ):
        yield Sales(box, b24)


def contact(b24: Bitrix24, phone: str, **values: Any) -> Contact:
    return b24.contacts.create(fm=[{"typeId": "PHONE", "valueType": "WORK", "value": phone}], **values)


def test_comments_of_a_deal(sales: Sales) -> None:
    _, b24 = sales
    ids = [b24.comments.create(2, 7, f"Комментарий {n} & [b]он же[/b]") for n in range(55)]
    listed = list(b24.comments.list(2, 7))
    assert [one.id for one in listed] == ids, "more than a page, oldest first"
    assert (listed[0].comment, listed[0].author_id) == ("Комментарий 0 & [b]он же[/b]", 1)
    assert listed[0].created is not None
    b24.comments.update(ids[0], "другой")
    b24.comments.delete(ids[1])
    first, second, *_ = b24.comments.list(2, 7)
    assert (first.comment, second.id) == ("другой", ids[2])
    assert list(b24.comments.list(2, 8)) == []
    with pytest.raises(ApiError):
        b24.comments.delete(4711)
    with pytest.raises(NotFound):
        b24.comments.create(2, 4711, "x")


def test_a_log_entry_is_no_comment(sales: Sales) -> None:
    _, b24 = sales
    assert b24.comments.log(2, 7, "Робот", "сделал") > 0
    assert list(b24.comments.list(2, 7)) == []


def test_todos_and_activities(sales: Sales) -> None:
    box, b24 = sales
    deadline = box.clock.now() + timedelta(days=1)
    made = b24.activities.todo(
        2, 7, deadline=deadline, title="Звонок", description="О счёте", responsible=4, remind=[15], colour="3"
    )
    b24.activities.todo(2, 8, deadline=deadline, title="Письмо")
    one = b24.activities.get(made)
    assert (one.subject, one.responsible_id, one.deadline, one.completed) == ("Звонок", 4, deadline, False)
    assert (one.owner_type_id, one.owner_id) == (2, 7)
    assert [item.id for item in b24.activities.list(2, 7)] == [made]
    b24.activities.delete(made)
    with pytest.raises(NotFound):
        b24.activities.get(made)
    assert [item.subject for item in b24.activities.list()] == ["Письмо"]


def test_activities_by_filter(sales: Sales) -> None:
    box, b24 = sales
    other = b24.activities.todo(2, 8, deadline=box.clock.now(), title="Письмо")
    assert [item.id for item in b24.activities.list(filter=F.subject == "Письмо")] == [other]
    with pytest.raises(ValidationError, match="no field"):
        b24.activities.list(filter={"NO_SUCH": 1})


def test_user_fields_of_every_kind(sales: Sales) -> None:
    _, b24 = sales
    tariff = b24.user_fields.create(
        "UF_CRM_TARIFF", "enumeration", label="Тариф", options=["серебро", "золото"]
    )
    b24.user_fields.create("UF_CRM_TAGS", "string", label="Метки", multiple=True)
    b24.user_fields.create("UF_CRM_SIZE", "double", label="Размер")
    b24.user_fields.create("UF_CRM_DAY", "date", label="День")
    b24.user_fields.create("UF_CRM_YES", "boolean", label="Да")
    known = {one.field_name: one for one in b24.user_fields.list()}
    assert known["UF_CRM_TARIFF"].id == tariff.id
    assert known["UF_CRM_TAGS"].multiple is True
    gold = next(
        k for k, v in (b24.deals.fields().resolve("UF_CRM_TARIFF").items or {}).items() if v == "золото"
    )

    class Mine(Deal):
        tariff: int | None = custom("UF_CRM_TARIFF")
        tags: list[str] = custom("UF_CRM_TAGS", [])
        size: float | None = custom("UF_CRM_SIZE")
        yes: bool | None = custom("UF_CRM_YES")

    mine = b24.deals.of(Mine)
    changed = mine.update(1, tariff=int(gold), tags=["a", "b & c"], size=1.5, yes=True)
    assert (changed.tariff, changed.tags, changed.size, changed.yes) == (int(gold), ["a", "b & c"], 1.5, True)
    assert [deal.id for deal in mine.list(F.tariff == int(gold))] == [1]
    assert [deal.id for deal in mine.list(F.yes == True)] == [1]  # noqa: E712
    cleared = mine.update_many([(1, {"tariff": "", "tags": [], "size": None})])
    assert len(cleared.done) == 1
    assert (mine.get(1).tariff, mine.get(1).tags, mine.get(1).size) == (None, [], None)
    b24.user_fields.delete(tariff.id)
    with pytest.raises(ValidationError, match="no field"):
        mine.update(1, tariff=1)


def test_pipelines_and_stages_are_made_and_changed(sales: Sales) -> None:
    _, b24 = sales
    made = b24.categories.create("Тендеры", sort=500)
    assert b24.categories.update(made.id, name="Торги").name == "Торги"
    before = {stage.status_id for stage in b24.stages.list(2, made.id)}
    stage = b24.stages.create(f"DEAL_STAGE_{made.id}", "BID", "Заявка", sort=15)
    b24.stages.update(stage, name="Заявка подана")
    (added,) = (one for one in b24.stages.list(2, made.id) if one.status_id not in before)
    assert (added.status_id, added.name) == (f"C{made.id}:BID", "Заявка подана")
    b24.stages.delete(stage)
    assert {one.status_id for one in b24.stages.list(2, made.id)} == before
    b24.categories.delete(made.id)
    assert made.id not in {one.id for one in b24.categories.list()}
    assert {"CALL", "EMAIL"} <= {one.status_id for one in b24.stages.book("SOURCE")}


def test_the_history_of_stages(sales: Sales) -> None:
    box, b24 = sales
    new = b24.deals.create(title="История", stage_id="NEW").id
    for stage in ("PREPARATION", "WON"):
        box.clock.advance(hours=1)
        b24.deals.update(new, stage_id=stage)
    moves = list(b24.stage_history.list(owners=[new]))
    assert [one.stage_id for one in moves] == ["NEW", "PREPARATION", "WON"]
    assert [one.created_time for one in moves] == sorted(
        one.created_time for one in moves if one.created_time
    )
    since = box.clock.now() - timedelta(minutes=30)
    assert [one.stage_id for one in b24.stage_history.list(owners=[new], since=since)] == ["WON"]
    assert [one.stage_id for one in b24.stage_history.list(owners=[new], until=since)] == [
        "NEW",
        "PREPARATION",
    ]


def test_duplicates(sales: Sales) -> None:
    _, b24 = sales
    one, two = (contact(b24, "+7 (900) 111-22-33", name=name) for name in ("Иван", "Пётр"))
    company = b24.companies.create(
        title="ООО", fm=[{"typeId": "EMAIL", "valueType": "WORK", "value": "a@example.com"}]
    )
    assert b24.duplicates.find("PHONE", ["79001112233"]) == {"79001112233": {"CONTACT": (one.id, two.id)}}
    assert b24.duplicates.find("EMAIL", ["A@example.com", "b@example.com"]) == {
        "A@example.com": {"COMPANY": (company.id,)},
        "b@example.com": {},
    }
    assert b24.duplicates.find("EMAIL", ["a@example.com"], entity="CONTACT") == {"a@example.com": {}}


def test_phones_are_read_and_written(sales: Sales) -> None:
    _, b24 = sales
    made = contact(b24, "+79001112233", name="Иван")
    (phone,) = b24.contacts.get(made.id).raw["fm"]
    assert (phone["typeId"], phone["value"]) == ("PHONE", "+79001112233")


def test_import_sets_system_dates_and_starts_nothing(sales: Sales) -> None:
    box, b24 = sales
    box.clock.advance(hours=1)  # nothing may be older than what is there already
    moment = box.clock.now() - timedelta(minutes=30)
    number = b24.deals.import_(title="старая", created_time=moment)
    assert b24.deals.get(number).created_time == moment
    rows: list[dict[str, Any]] = [{"title": f"i{n}"} for n in range(45)]
    rows[21] = {"title": "x", "no_such": 1}
    rows[30] = {"title": "x", "created_time": box.clock.now() + timedelta(days=1)}
    result = b24.deals.import_many(rows)
    assert [place for place, one in enumerate(result) if one.error is not None] == [21, 30]
    assert [deal.title for deal in b24.deals.list(F.id > number)] == [
        f"i{n}" for n in range(45) if n not in (21, 30)
    ]


def test_product_rows(sales: Sales) -> None:
    _, b24 = sales
    rows = [{"productName": "Работа", "price": 100.5, "quantity": 3}, {"productName": "Выезд", "price": 10}]
    made = b24.products.set(2, 7, rows)
    assert [(row.product_name, float(row.price or 0)) for row in made] == [("Работа", 100.5), ("Выезд", 10.0)]
    assert [row.id for row in b24.products.list(2, 7)] == [row.id for row in made]
    assert isinstance(made[0], ProductRow)
    assert b24.products.set(2, 7, []) == ()
    assert list(b24.products.list(2, 7)) == []


def test_leads_contacts_and_companies_come_and_go(sales: Sales) -> None:
    _, b24 = sales
    company = b24.companies.create(title="ООО «Пример»")
    person = contact(b24, "+7", name="Иван", last_name="Ким", company_id=company.id)
    lead = b24.leads.create(title="Заявка", source_id="WEB")
    deal = b24.deals.create(title="Сделка", contact_id=person.id, company_id=company.id)
    assert (deal.contact_id, deal.company_id) == (person.id, company.id)
    assert b24.contacts.update(person.id, post="Директор").post == "Директор"
    assert [one.id for one in b24.leads.list(F.source_id == "WEB")] == [lead.id]
    for resource, number in ((b24.leads, lead.id), (b24.contacts, person.id), (b24.companies, company.id)):
        resource.delete(number)
        with pytest.raises(NotFound):
            resource.get(number)


def test_upsert_makes_once_and_changes_later(sales: Sales) -> None:
    _, b24 = sales
    rows = [{"title": f"u{n}", "code": f"k{n}"} for n in range(60)]

    def values() -> list[dict[str, Any]]:
        return [{"title": row["title"], "origin_id": row["code"]} for row in rows]

    for _ in range(2):
        result = b24.deals.upsert_many(
            [{"title": row["title"]} for row in values()], key=lambda row: str(row["title"])
        )
        assert len(result.done) == 60
    assert b24.deals.count({"=originatorId": "crmkit"}) == 60
    assert b24.deals.upsert("u7", title="другая").title == "другая"
    found = b24.deals.find("u7")
    assert found is not None
    assert found.title == "другая"
    assert b24.deals.find("nobody") is None


def test_requisites(sales: Sales) -> None:
    _, b24 = sales
    company = b24.companies.create(title="ООО «Пример»").id
    made = b24.requisites.create(4, company, preset=1, name="Основные", rq_inn="7707083893")
    b24.requisites.update(made, name="Главные")
    (one,) = b24.requisites.list(4, company)
    assert (one.id, one.name, one.raw["RQ_INN"]) == (made, "Главные", "7707083893")
    b24.requisites.delete(made)
    assert list(b24.requisites.list(4, company)) == []
    with pytest.raises(ApiError):
        b24.requisites.create(4, company, preset=4711, name="x")
