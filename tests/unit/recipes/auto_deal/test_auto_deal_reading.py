"""What is read: many companies at once, twins that come and go, months that turn over, words and fields."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from crmkit.automation.recipe import Context
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Company, Ref
from recipes.auto_deal import USUAL_STEPS
from recipes.auto_deal.twins import Twins

Open = Callable[..., Any]


def context(office: Any) -> Context[Any]:
    return Context(office.crm, office.recipe.settings, office.ledger)


def test_many_companies_are_read_as_each_would_be(desk: Open) -> None:
    office = desk(steps=USUAL_STEPS)
    numbers = [office.company(f"К{n}", tariff="Базовый" if n % 2 else None) for n in range(6)]
    office.run()
    refs = [Ref(kind="company", id=number) for number in numbers]
    office.edit(numbers[0], deleted=True)
    together = office.recipe.observe_many(context(office), refs)
    assert set(together) == set(refs[1:])
    assert all(together[ref] == office.recipe.observe(context(office), ref) for ref in refs[1:])


def test_a_hundred_companies_take_a_handful_of_requests(desk: Open) -> None:
    office = desk()
    refs = [Ref(kind="company", id=office.company(f"К{n}", tariff="Базовый")) for n in range(100)]
    office.recipe.observe_many(context(office), refs[:1])  # learns the portal and the twins
    before = office.crm.requests
    office.recipe.observe_many(context(office), refs)
    assert office.crm.requests - before == 4  # companies and deals, fifty at a time


def test_a_sweep_grows_with_chunks_not_with_companies(desk: Open) -> None:
    office = desk(duplicates=())
    for number in range(100):
        office.company(f"К{number}", tariff="Базовый")
    if Capability.BATCH in office.crm.capabilities:
        assert office.plan().requests_used == 3  # companies; deals, fifty companies at a time
    office.run()
    assert office.plan().requests_used <= 6


def test_a_deal_older_than_all_that_is_swept_is_found_before_another_is_made(desk: Open) -> None:
    office = desk()
    long_ago = office.crm.clock.now()
    office.wait(days=200)
    number = office.company(tariff="Базовый")
    office.by_hand(number, created_at=long_ago)
    assert office.verdict(number) == "adopted"


def test_twins_forget_what_changed() -> None:
    born = datetime(2025, 1, 1).astimezone()
    older = Company(id="1", name="Альфа", email="a@x.ru", created_at=born)
    younger = Company(id="2", name="Бета", email="A@x.ru", created_at=born + timedelta(days=1))
    twins = Twins(("email", "name"))
    twins.learn([older, younger])
    assert [(twin.company.id, twin.by) for twin in twins.older(younger)] == [("1", "email")]
    assert twins.older(older) == ()
    twins.learn([older.model_copy(update={"email": "other@x.ru"})])
    assert twins.older(younger) == ()
    twins.learn([older])
    twins.forget("1")
    assert twins.older(younger) == ()


def test_a_twin_that_appears_while_the_plan_waits_is_noticed(desk: Open) -> None:
    office = desk()
    office.wait(minutes=1)
    number = office.company(tariff="Базовый", email="a@x.ru")
    plan = office.plan()
    office.wait(minutes=5)
    now = office.crm.clock.now()
    early = office.crm.cards[number].created_at - timedelta(seconds=30)  # restored from the bin, say
    twin = Company(id="3", name="Другая", email="a@x.ru", created_at=early, updated_at=now)
    office.crm.cards["3"] = twin
    assert plan.apply().counts == {"changed": 1}
    assert office.verdict(number) == "duplicate"


def test_twins_that_appear_side_by_side_between_two_sweeps_get_one_deal(desk: Open) -> None:
    office = desk()
    office.plan()
    older = office.company("Альфа", tariff="Базовый", email="a@x.ru")
    office.wait(seconds=5)
    office.company("Бета", tariff="Базовый", email="a@x.ru")
    office.run()
    assert [deal.company.id for deal in office.deals] == [older]


def test_the_month_turns_over_between_plan_and_apply(desk: Open) -> None:
    office = desk()
    office.at(datetime(2025, 1, 31, 23, 59, tzinfo=office.crm.timezone))
    office.company("ИП Иванов", tariff="Базовый")
    plan = office.plan()
    office.wait(minutes=5)
    assert plan.apply().counts == {"changed": 1}  # nobody saw a deal of February in the plan
    office.run()
    assert [deal.title for deal in office.deals] == ["ИП Иванов / Базовый / Февраль 2025"]


def test_terms_and_name_change_at_once(desk: Open) -> None:
    office = desk(terms_changed="update")
    number = office.company("ИП Иванов", tariff="Базовый")
    office.run()
    office.edit(number, name="ИП Петров", tariff="Индивидуальный", cost="5 000")
    office.run()
    (deal,) = office.deals
    assert (deal.title, deal.amount) == ("ИП Петров / Индивидуальный / Январь 2025", 5000)
    assert office.plan().to_do == ()


def test_what_a_company_has_of_itself_may_be_required(desk: Open) -> None:
    office = desk(required=("email", "phone", "contact", "tariff"))
    number = office.company(tariff="Базовый", email="a@x.ru")
    office.run()
    assert office.crm.lists[office.tasks[0].id] == ("Телефон: не заполнено", "Контактное лицо: не заполнено")
    assert office.verdict(number) == "waiting"


def test_further_fields_are_taken_over(desk: Open) -> None:
    office = desk(copy_fields=("service_start",))
    office.company(tariff="Базовый", service_start=date(2025, 3, 1))
    office.run()
    assert "service_start" not in office.deals[0].fields  # the deal has no such field


def test_texts_are_written_in_the_language_of_the_portal(desk: Open) -> None:
    office = desk()
    office.company("Acme")
    office.recipe.plan(office.crm, memory=office.ledger, language="en").apply()
    (task,) = office.tasks
    assert task.title == "Complete the card of the company: Acme"
    assert office.crm.lists[task.id] == ("Тип тарифа: not filled in",)


def test_own_words_win(desk: Open) -> None:
    office = desk(
        without={Capability.CHECKLISTS},
        texts={"ask_title": "Карточка: {company}", "ask": "Не хватает:\n{fields}"},
    )
    office.company("Acme")
    office.run()
    assert (office.tasks[0].title, office.tasks[0].text) == (
        "Карточка: Acme",
        "Не хватает:\n— Тип тарифа: не заполнено",
    )


def test_the_recipe_forgets_the_portal_after_a_while(desk: Open) -> None:
    office = desk()
    number = office.company(tariff="Базовый")
    ref = Ref(kind="company", id=number)
    first = office.recipe.observe(context(office), ref).portal
    assert office.recipe.observe(context(office), ref).portal is first
    office.wait(minutes=11)
    assert office.recipe.observe(context(office), ref).portal is not first
