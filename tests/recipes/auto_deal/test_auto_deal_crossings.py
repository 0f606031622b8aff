"""What goes wrong meanwhile: processes die, answers are lost, people are faster, portals refuse; the undo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from crmkit.runtime.undo import undo
from recipes.auto_deal import USUAL_STEPS

MakeDesk = Callable[..., Any]
WRITES = 5
"""Of a company that had been asked: the deal, the end of the task, three steps."""


@pytest.fixture
def filled(make_desk: MakeDesk) -> Any:
    """A company whose card was incomplete and has just been filled in."""
    desk = make_desk(steps=USUAL_STEPS)
    company = desk.company("ИП Иванов")
    desk.run()
    desk.wait(hours=1)
    desk.edit(company, tariff="Базовый")
    return desk


def as_it_should_be(desk: Any) -> None:
    assert [deal.title for deal in desk.deals()] == ["ИП Иванов / Базовый / Март 2025"]
    assert [task.is_open for task in desk.asked()] == [False]
    assert [job.title.partition(":")[0] for job in desk.jobs() if job.deal] == [
        "Подготовка документов",
        "Настройка учёта",
        "Первая консультация",
    ]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("nth", range(1, WRITES + 1))
def test_killed_at_any_write_it_goes_on_where_it_stopped(filled: Any, nth: int, when: str) -> None:
    filled.die(nth, when=when)
    filled.run_to_death()
    filled.wait(minutes=5)
    filled.run()
    as_it_should_be(filled)
    written = len(filled.writes())
    filled.wait(minutes=5)
    filled.run()
    assert len(filled.writes()) == written


@pytest.mark.parametrize("kind", ["drop_answer", "reset"])
def test_a_lost_answer_makes_no_second_deal(filled: Any, kind: str) -> None:
    filled.trouble_with_next_deal(kind)
    filled.run()
    filled.wait(minutes=5)
    filled.run()
    as_it_should_be(filled)


def test_a_portal_out_of_order_holds_nothing_up_for_ever(filled: Any) -> None:
    filled.trouble_with_next_deal("error", status=503, times=20)
    assert filled.run().counts == {"unknown": 1}
    filled.box.faults.clear()
    filled.wait(minutes=10)
    filled.run()  # settles what is not known: the deal was never created
    filled.run()
    as_it_should_be(filled)


def test_a_lost_ledger_makes_no_second_deal(filled: Any) -> None:
    filled.run()
    filled.lose_the_ledger()
    (item,) = filled.plan().items
    assert (item.verdict, item.actions) == ("adopted", ())


def test_a_person_creates_the_deal_while_the_plan_waits(desk: Any) -> None:
    company = desk.company(tariff="Базовый")
    plan = desk.plan()
    desk.by_hand(company)
    assert plan.apply().counts == {"changed": 1}
    assert [deal.title for deal in desk.deals()] == ["Сделка вручную"]


def test_a_deal_made_by_hand_ends_the_asking(desk: Any) -> None:
    company = desk.company()
    desk.run()
    desk.by_hand(company)
    assert desk.verdict(company) == "adopted"
    desk.run()
    assert [task.is_open for task in desk.asked()] == [False]
    assert len(desk.deals()) == 1


def test_a_deal_made_with_a_person_of_the_company_counts(make_desk: MakeDesk) -> None:
    desk = make_desk(sandbox={"companies": 3}, since=date(2024, 1, 1))
    if desk.provider == "bitrix24":
        pytest.skip("bitrix24: a deal of a company names the company, its contacts stand beside it")
    deal = desk.by_hand("1001")
    desk.box.account.tasks[deal].counterparty = 5001
    assert desk.verdict("1001") == "adopted"
    assert desk.verdict("1002") == "create"


def test_a_task_closed_too_early_is_opened_once_then_left_to_people(desk: Any) -> None:
    company = desk.company()
    desk.run()
    for verdict, is_open in (("reopen", True), ("task_closed", False)):
        (task,) = desk.asked()
        desk.close(task)
        assert desk.verdict(company) == verdict
        desk.run()
        assert desk.asked()[0].is_open == is_open
    desk.wait(hours=1)
    desk.edit(company, tariff="Базовый")
    desk.run()
    assert len(desk.deals()) == 1


def test_a_deleted_task_stays_deleted_and_the_company_is_listed(desk: Any) -> None:
    company = desk.company()
    desk.run()
    desk.delete(desk.asked()[0])
    item = desk.item(company)
    assert (item.verdict, item.attention, item.actions) == ("task_deleted", True, ())
    desk.wait(hours=1)
    desk.edit(company, tariff="Базовый")
    desk.run()
    assert len(desk.deals()) == 1


def test_a_deleted_deal_is_not_created_again(desk: Any) -> None:
    company = desk.company(tariff="Базовый")
    desk.run()
    desk.delete_deal(desk.deal().id)
    assert desk.verdict(company) == "deal_deleted"
    desk.run()
    assert desk.deals() == []


@pytest.mark.parametrize("how", [{"title": "Моя сделка"}, {"won": True}], ids=["renamed-by-hand", "closed"])
def test_what_people_made_of_the_deal_stays(desk: Any, how: dict[str, Any]) -> None:
    company = desk.company(tariff="Базовый")
    desk.run()
    desk.wait(hours=1)
    desk.change_deal(desk.deal().id, **how)
    desk.edit(company, name="ООО «Рога»")
    assert desk.plan().to_do == ()


@pytest.mark.parametrize(
    ("policy", "verdict", "tariffs"),
    [
        ("report", "changed", ["Базовый"]),
        ("update", "update", ["Стандарт"]),
        ("new_deal", "succeed", ["Базовый", "Стандарт"]),
    ],
)
def test_the_tariff_changes_later(make_desk: MakeDesk, policy: str, verdict: str, tariffs: list[str]) -> None:
    prices = {"Базовый": {"price": 5000}, "Стандарт": {"price": 9000}}
    desk = make_desk(terms_changed=policy, tariffs=prices)
    company = desk.company("ИП Иванов", tariff="Базовый")
    desk.run()
    desk.wait(hours=1)
    desk.edit(company, tariff="Стандарт")
    assert desk.verdict(company) == verdict
    desk.run()
    assert [deal.tariff for deal in desk.deals()] == tariffs
    assert [deal.title.split(" / ")[1] for deal in desk.deals()] == tariffs
    assert desk.deals()[-1].amount == {"Базовый": 5000, "Стандарт": 9000}[tariffs[-1]]
    assert desk.plan().to_do == ()


def test_a_tariff_that_a_person_has_written_into_the_deal_stays(make_desk: MakeDesk) -> None:
    desk = make_desk(terms_changed="update")
    company = desk.company(tariff="Базовый")
    desk.run()
    desk.wait(hours=1)
    desk.change_deal(desk.deal().id, tariff="Стандарт")
    desk.edit(company, tariff="Индивидуальный", cost="100")
    assert desk.verdict(company) == "changed"
    assert desk.plan().to_do == ()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"inn": "7701234567"}, {"inn": "7701 234567"}),
        ({"email": "a@x.ru"}, {"email": "A@x.ru"}),
        ({"phone": "8 (495) 123-45-67"}, {"phone": "+7 495 1234567"}),
        ({}, {"name": 'ооо "рога и копыта"'}),
    ],
    ids=["inn", "email", "phone", "name"],
)
def test_a_second_card_of_a_client_gets_no_deal(
    desk: Any, first: dict[str, Any], second: dict[str, Any]
) -> None:
    desk.company(tariff="Базовый", **first)
    desk.wait(minutes=1)
    twin = desk.company(**{"name": "Другая", "tariff": "Базовый", **second})
    desk.run()
    item = desk.item(twin)
    assert (item.verdict, item.attention) == ("duplicate", True)
    assert len(desk.deals()) == 1


def test_a_card_merged_away_while_the_plan_waits(desk: Any) -> None:
    company = desk.company(tariff="Базовый")
    plan = desk.plan()
    desk.delete_company(company)
    plan.apply()
    assert desk.deals() == []
    assert desk.plan().items == ()


def test_an_undo_takes_back_what_nobody_has_touched(make_desk: MakeDesk) -> None:
    """A stage called ``cancelled`` in the settings is where an undo moves the deals that it takes back."""
    desk = make_desk(steps=USUAL_STEPS[:1])
    touched, untouched = desk.company("А", tariff="Базовый"), desk.company("Б", tariff="Базовый")
    run = desk.run().run
    desk.wait(hours=1)
    desk.change_deal(desk.deal(touched).id, stage=True)
    before = desk.deal(touched)
    undo(run, desk.crm, desk.ledger)
    assert desk.deal(touched) == before
    assert desk.deal(untouched).stage == "Отказ"
    left = {job.deal: job.is_open for job in desk.jobs()}
    assert left == {str(before.id): True, str(desk.deal(untouched).id): False}
    desk.wait(hours=1)
    written = len(desk.writes())
    verdicts = {item.entity.id: item.verdict for item in desk.plan().items}
    assert verdicts == {touched: "done", untouched: "undone"}
    desk.run()
    assert len(desk.writes()) == written  # what was undone is not done again


def test_sixty_companies_then_nothing(make_desk: MakeDesk) -> None:
    desk = make_desk(sandbox={"companies": 60}, since=date(2024, 1, 1), steps=USUAL_STEPS)
    desk.run()
    written, sent = len(desk.writes()), desk.crm.requests_sent()
    assert desk.run().counts == {}
    assert len(desk.writes()) == written
    assert desk.crm.requests_sent() - sent <= 20
