"""Every rule on paper: the decision about one company, and what becomes of it in several runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crmkit.crm.models import TaskState
from crmkit.exceptions import ConfigurationError, PermissionDenied
from crmkit.runtime.undo import undo
from recipes.auto_deal import USUAL_STEPS

Desk = Any
Open = Callable[..., Desk]
TITLE = "ООО «Рога и копыта» / Базовый / Январь 2025"


def test_a_complete_company_gets_its_deal_at_once(desk: Open, people: Any) -> None:
    office = desk()
    office.company(tariff="Индивидуальный", cost="12 000,50 ₽")
    assert office.run().counts == {"done": 1}
    (deal,) = office.deals
    assert deal.title == "ООО «Рога и копыта» / Индивидуальный / Январь 2025"
    assert (deal.stage.name, deal.stage.pipeline, deal.company.id) == ("Новая", "3", "7")
    assert deal.assignees == (people.manager,)
    assert (deal.amount, deal.currency) == (Decimal("12000.50"), "RUB")
    assert deal.fields == {
        "tariff": "Индивидуальный",
        "cost": Decimal("12000.50"),
        "month": "Январь 2025",
        "service_from": date(2025, 1, 1),
        "service_to": date(2025, 1, 31),
    }
    assert not office.tasks


def test_a_second_run_writes_nothing(desk: Open) -> None:
    office = desk(steps=USUAL_STEPS)
    office.company(tariff="Базовый")
    office.company("ИП Иванов")
    office.run()
    written = list(office.crm.writes)
    assert office.plan().to_do == ()
    office.run()
    assert office.crm.writes == written


def test_an_empty_field_is_asked_for_and_the_deal_follows_in_the_sweep_that_finds_it(desk: Open) -> None:
    office = desk()
    number = office.company()
    office.run()
    (task,) = office.tasks
    assert office.crm.lists[task.id] == ("Тип тарифа: не заполнено",)
    assert (task.company.id, [one.name for one in task.assignees]) == (number, ["Иванова"])
    assert "перечислено в чек-листе" in task.text
    assert not office.deals
    office.wait(hours=3)
    office.edit(number, tariff="Базовый")
    office.run()
    assert [deal.title for deal in office.deals] == [TITLE]
    assert office.tasks[0].state is TaskState.DONE


def test_the_task_follows_the_card_instead_of_being_created_again(desk: Open, people: Any) -> None:
    office = desk(required=("tariff", "inn"))
    number = office.company()
    office.run()
    task = office.tasks[0].id
    assert office.crm.lists[task] == ("Тип тарифа: не заполнено", "ИНН: не заполнено")
    office.edit(number, tariff="Индивидуальный")
    assert office.verdict(number) == "ask_again"
    office.run()
    assert office.crm.lists[task] == ("ИНН: не заполнено", "Стоимость: не заполнено")
    office.edit(number, cost="много", inn="7701234567")
    office.run()
    assert office.crm.lists[task] == ("Стоимость: «много» — это не число",)
    office.edit(number, assignees=(people.colleague,))
    office.run()
    assert office.tasks[0].assignees == (people.colleague,)
    assert len(office.tasks) == 1
    assert office.verdict(number) == "waiting"


def test_people_get_a_moment_to_finish_a_card_they_have_just_begun(desk: Open) -> None:
    office = desk(grace_minutes=10)
    number = office.company()
    item = office.item(number)
    assert (bool(item.deferred), item.look_again) == (True, item.not_before)
    office.run()
    assert not office.tasks
    office.wait(minutes=10)
    office.run()
    assert len(office.tasks) == 1


def test_a_task_that_was_closed_too_early_is_opened_once(desk: Open) -> None:
    office = desk()
    number = office.company()
    office.run()
    task = office.tasks[0].id
    for verdict in ("reopen", "task_closed", "task_closed"):
        office.crm.tasks.set_state(task, TaskState.DONE)
        assert office.verdict(number) == verdict
        office.run()
    assert office.item(number).attention
    office.edit(number, tariff="Базовый")
    office.run()
    assert len(office.deals) == 1
    assert office.verdict(number) == "done"


def test_a_deleted_task_is_a_decision_of_a_person(desk: Open) -> None:
    office = desk()
    number = office.company()
    office.run()
    office.crm.papers.clear()
    assert office.verdict(number) == "task_deleted"
    office.run()
    assert not office.tasks
    office.edit(number, tariff="Базовый")
    office.run()
    assert len(office.deals) == 1
    assert office.verdict(number) == "done"


def test_a_deleted_task_may_be_created_again(desk: Open) -> None:
    office = desk(deleted_task="again")
    office.company()
    office.run()
    office.crm.papers.clear()
    office.run()
    assert len(office.tasks) == 1


def test_the_deadline_counts_working_days_and_is_told_when_it_has_passed(desk: Open) -> None:
    office = desk(fill_days=1)
    office.at(datetime(2025, 1, 17, 18, tzinfo=office.crm.timezone))  # a Friday
    number = office.company()
    office.run()
    assert office.tasks[0].deadline.astimezone(office.crm.timezone).isoformat() == "2025-01-20T18:00:00+03:00"
    office.wait(days=3)
    assert office.verdict(number) == "waiting"
    assert office.item(number).look_again == office.tasks[0].deadline
    office.wait(minutes=1)
    assert office.verdict(number) == "overdue"


@pytest.mark.parametrize(
    ("month_of", "title"), [("created", "Февраль 2025"), ("company", "Январь 2025"), ("service", "Март 2025")]
)
def test_the_month_is_that_of_the_setting(desk: Open, month_of: str, title: str) -> None:
    office = desk(month_of=month_of)
    office.at(datetime(2025, 1, 31, 23, 50, tzinfo=office.crm.timezone))
    number = office.company("ИП Иванов", service_start=date(2025, 3, 1))
    office.run()
    office.at(datetime(2025, 2, 3, 12, tzinfo=office.crm.timezone))
    office.edit(number, tariff="Базовый")
    office.run()
    assert office.deals[0].title == f"ИП Иванов / Базовый / {title}"


def test_ten_to_midnight_in_moscow_is_still_january(desk: Open) -> None:
    office = desk()
    office.at(datetime.fromisoformat("2025-01-31T20:50:00+00:00"))
    office.company("ИП Иванов", tariff="Базовый")
    office.run()
    assert office.deals[0].title.endswith("Январь 2025")


@pytest.mark.parametrize(
    ("tariffs", "tariff", "cost", "line"),
    [
        ({}, "Индивидуальный", None, "Стоимость: не заполнено"),
        ({}, "Индивидуальный", "0", "Стоимость: «0» — стоимость не может быть нулевой"),
        ({}, "Индивидуальный", "-100", "Стоимость: «-100» — число меньше нуля"),
        ({}, "Индивидуальный", "$100", "Стоимость: «$100» — нужна другая валюта: RUB"),
        (
            {},
            "Индивидуальный",
            "10 000 / 12 000",
            "Стоимость: «10 000 / 12 000» — здесь несколько значений, нужно одно",
        ),
        (
            {"Индивидуальный": {"least": 5000, "most": 50000}},
            "Индивидуальный",
            "60000",
            "Стоимость: «60000» — для тарифа «Индивидуальный» допустимо от 5000 до 50000",
        ),
        (
            {"Базовый": {"price": 5000}},
            "Стандарт",
            None,
            "Тип тарифа: «Стандарт» — такого тарифа нет, есть: Базовый",
        ),
        ({}, "Базовый", "много", "Стоимость: «много» — это не число"),
    ],
    ids=str,
)
def test_what_is_wrong_with_tariff_and_cost_is_asked_for(
    desk: Open, tariffs: dict[str, Any], tariff: str, cost: str | None, line: str
) -> None:
    office = desk(tariffs=tariffs)
    office.company(tariff=tariff, cost=cost)
    office.run()
    assert office.crm.lists[office.tasks[0].id] == (line,)
    assert not office.deals


def test_a_standard_tariff_costs_what_the_table_says(desk: Open) -> None:
    office = desk(tariffs={"Базовый": {"price": 5000}, "Стандарт": {"least": 6000, "most": 9000}})
    office.company("А", tariff="базовый ")
    office.company("Б", tariff="Стандарт", cost="7 500")
    office.run()
    assert [deal.amount for deal in office.deals] == [Decimal(5000), Decimal(7500)]
    assert office.deals[0].title == "А / Базовый / Январь 2025"


def test_a_cost_beside_a_standard_tariff_is_reported_not_overwritten(desk: Open) -> None:
    office = desk(tariffs={"Базовый": {"price": 5000}})
    number = office.company(tariff="Базовый", cost="4 000")
    item = office.item(number)
    assert item.attention
    assert [one.render("ru") for one in item.evidence] == [
        "противоречие: Стоимость: «4 000» — по тарифу «Базовый» стоимость 5000"
    ]
    office.run()
    assert office.deals[0].amount == Decimal(5000)
    assert office.crm.cards[number].fields["cost"] == "4 000"


def test_or_the_deal_waits_until_the_contradiction_is_gone(desk: Open) -> None:
    office = desk(tariffs={"Базовый": {"price": 5000}}, standard_cost="hold")
    number = office.company(tariff="Базовый", cost="4 000")
    office.run()
    assert not office.deals
    office.edit(number, cost=None)
    office.run()
    assert office.deals[0].amount == Decimal(5000)


@pytest.mark.parametrize(
    ("who", "settings", "found"),
    [
        ("5", {}, "Кузнецов"),
        ("15", {"fallback": ("user:2",)}, "Петрова"),
        ("15", {"by_tariff": {"Базовый": "user:5"}, "fallback": ("user:2",)}, "Кузнецов"),
        ("", {"fallback": ("group:1",)}, "Кузнецов"),
        ("5", {"inherit": False, "fallback": ("user:2",)}, "Петрова"),
        ("90", {"fallback": ("user:15", "user:2")}, "Петрова"),
    ],
    ids=str,
)
def test_who_is_responsible(desk: Open, who: str, settings: dict[str, Any], found: str) -> None:
    office = desk(**settings)
    office.company(tariff="Базовый", who=who)
    office.run()
    assert [one.name for one in office.deals[0].assignees] == [found]


def test_members_of_a_group_take_turns_and_who_left_is_not_among_them(desk: Open) -> None:
    office = desk(fallback=("group:1",), duplicates=())
    for _ in range(6):
        office.company(tariff="Базовый", who="")
    office.run()
    assert sorted(deal.assignees[0].name for deal in office.deals) == ["Иванова"] * 3 + ["Кузнецов"] * 3


def test_without_anybody_responsible_the_company_is_listed(desk: Open) -> None:
    office = desk()
    complete, empty = office.company(tariff="Базовый", who="15"), office.company("Б", who="")
    assert office.run().counts == {}
    for number in (complete, empty):
        assert office.verdict(number) == "nobody"
        assert office.item(number).attention


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ({"inn": "7701234567"}, {"inn": " 7701 234567"}, "ИНН"),
        ({"email": "A@x.ru"}, {"email": "a@X.ru "}, "e-mail"),
        ({"phone": "8 (495) 123-45-67"}, {"phone": "+74951234567"}, "телефон"),
        ({}, {"name": "ооо 'рога  и копыта'"}, "название"),
    ],
    ids=["inn", "email", "phone", "name"],
)
def test_a_second_card_of_a_client_is_refused_and_listed(
    desk: Open, first: dict[str, Any], second: dict[str, Any], same: str
) -> None:
    office = desk()
    office.company(tariff="Базовый", **first)
    office.wait(minutes=1)
    twin = office.company(**{"name": "Другая", "tariff": "Базовый", **second})
    office.run()
    assert len(office.deals) == 1
    assert office.verdict(twin) == "duplicate"
    assert same in office.reason(twin)
    office.set(not_duplicates=(twin,))
    office.run()
    assert len(office.deals) == 2


def test_the_same_name_with_another_inn_is_another_client(desk: Open) -> None:
    office = desk()
    office.company("ИП Иванов", tariff="Базовый", inn="770100000001")
    office.company("ИП Иванов", tariff="Базовый", inn="770100000002")
    office.run()
    assert len(office.deals) == 2


def test_when_the_older_card_is_merged_away_the_younger_gets_its_deal(desk: Open) -> None:
    office = desk()
    older = office.company()
    office.wait(minutes=1)
    twin = office.company(tariff="Базовый")
    office.run()
    assert not office.deals
    office.edit(older, deleted=True)
    office.run()
    assert [deal.company.id for deal in office.deals] == [twin]
    assert office.tasks[0].state is TaskState.CANCELLED


def test_a_deal_made_by_hand_meanwhile_is_adopted(desk: Open) -> None:
    office = desk(steps=USUAL_STEPS)
    number = office.company()
    office.run()
    office.by_hand(number)
    assert office.verdict(number) == "adopted"
    office.run()
    office.edit(number, tariff="Базовый")
    office.run()
    assert len(office.deals) == 1
    assert office.tasks[0].state is TaskState.DONE
    assert len(office.tasks) == 1  # no steps for what somebody does by hand


def test_an_adopted_deal_may_get_its_title_and_its_steps(desk: Open) -> None:
    office = desk(steps=USUAL_STEPS, steps_after_adoption=True, rename_adopted=True)
    number = office.company(tariff="Базовый")
    deal = office.by_hand(number)
    office.run()
    assert office.crm.sheets[deal].title == TITLE
    assert [task.deal.id for task in office.tasks] == [deal] * 3
    assert office.plan().to_do == ()


def test_a_deal_between_plan_and_apply_is_noticed(desk: Open) -> None:
    office = desk()
    number = office.company(tariff="Базовый")
    plan = office.plan()
    office.by_hand(number)
    assert plan.apply().counts == {"changed": 1}
    assert len(office.deals) == 1


def test_a_deal_in_another_pipeline_does_not_count(desk: Open) -> None:
    office = desk()
    number = office.company(tariff="Базовый")
    office.by_hand(number, stage=office.crm.pipelines()[0].stages[0])
    office.run()
    assert len(office.deals) == 2


def test_the_steps_follow_the_deal_in_their_order(desk: Open) -> None:
    office = desk(steps=USUAL_STEPS)
    office.company(tariff="Базовый")
    office.run()
    (deal,) = office.deals
    assert [(task.title, task.deal.id) for task in office.tasks] == [
        ("Подготовка документов: ООО «Рога и копыта»", deal.id),
        ("Настройка учёта: ООО «Рога и копыта»", deal.id),
        ("Первая консультация: ООО «Рога и копыта»", deal.id),
    ]
    assert [task.deadline.date().day for task in office.tasks] == [20, 22, 17]


def test_steps_go_on_where_they_failed(desk: Open) -> None:
    flow = {"name": "documents", "do": "workflow", "template": "Подготовка документов"}
    office = desk(steps=(flow, {"name": "call", "title": "Позвонить", "who": "user:2"}))
    number = office.company(tariff="Базовый")
    office.crm.broken["workflow"] = PermissionDenied("no right to start processes")
    assert office.run().counts == {"failed": 1}
    assert (len(office.deals), len(office.crm.flows), len(office.tasks)) == (1, 0, 0)
    office.crm.broken.clear()
    assert office.verdict(number) == "steps"
    office.run()
    assert (len(office.deals), len(office.crm.flows), len(office.tasks)) == (1, 1, 1)
    assert office.crm.flows[0].template == "7"
    assert office.crm.flows[0].entity.id == office.deals[0].id
    assert [one.name for one in office.tasks[0].assignees] == ["Петрова"]
    assert office.plan().to_do == ()


def test_steps_of_other_tariffs_are_left_out(desk: Open) -> None:
    office = desk(steps=({"name": "audit", "title": "Аудит", "tariffs": ("Индивидуальный",)},))
    office.company(tariff="Базовый")
    office.run()
    assert not office.tasks


def test_a_lost_answer_makes_no_second_deal(desk: Open) -> None:
    office = desk()
    number = office.company(tariff="Базовый")
    office.crm.lost.add("deal")
    office.run()
    office.wait(minutes=2)
    office.run()
    assert len(office.deals) == 1
    assert office.verdict(number) == "done"


def test_a_refused_deal_is_tried_again_and_does_not_stop_the_others(desk: Open) -> None:
    office = desk()
    office.company("А", tariff="Базовый")
    office.crm.broken["deal"] = PermissionDenied("no right to add deals")
    assert office.run().counts == {"failed": 1}
    office.crm.broken.clear()
    office.company("Б", tariff="Базовый")
    office.run()
    assert {deal.title.split(" / ")[0] for deal in office.deals} == {"А", "Б"}


def test_a_renamed_company_renames_its_open_deals(desk: Open) -> None:
    office = desk()
    number = office.company(tariff="Базовый")
    office.run()
    office.edit(number, name="ООО «Рога»")
    assert office.verdict(number) == "rename"
    office.run()
    assert office.deals[0].title == "ООО «Рога» / Базовый / Январь 2025"
    assert office.plan().to_do == ()
    office.edit(number, name="ООО «Копыта»")
    office.run()
    assert office.deals[0].title == "ООО «Копыта» / Базовый / Январь 2025"


@pytest.mark.parametrize("how", ["closed", "by_hand", "report", "leave"])
def test_a_deal_that_is_not_renamed(desk: Open, how: str) -> None:
    office = desk(renamed=how if how in ("report", "leave") else "rename")
    number = office.company(tariff="Базовый")
    office.run()
    (deal,) = office.deals
    changes = {"closed": {"open": False}, "by_hand": {"title": "Моя сделка"}}.get(how, {})
    office.crm.sheets[deal.id] = deal.model_copy(update=changes)
    office.edit(number, name="ООО «Рога»")
    assert office.plan().to_do == ()
    assert office.verdict(number) == ("renamed" if how == "report" else "done")


@pytest.mark.parametrize("policy", ["report", "update", "new_deal"])
def test_the_tariff_changes_later(desk: Open, policy: str) -> None:
    office = desk(terms_changed=policy, tariffs={"Базовый": {"price": 5000}, "Стандарт": {"price": 9000}})
    number = office.company(tariff="Базовый")
    office.run()
    office.edit(number, tariff="Стандарт")
    assert office.verdict(number) == {"report": "changed", "update": "update", "new_deal": "succeed"}[policy]
    office.run()
    titles = [deal.title.split(" / ")[1] for deal in office.deals]
    assert (
        titles == {"report": ["Базовый"], "update": ["Стандарт"], "new_deal": ["Базовый", "Стандарт"]}[policy]
    )
    if policy != "report":
        assert (office.deals[-1].amount, office.deals[-1].fields["tariff"]) == (Decimal(9000), "Стандарт")
        assert office.verdict(number) == "done"
        assert office.plan().to_do == ()
    else:
        assert "Базовый, 5000 → Стандарт, 9000" in office.reason(number)


def test_terms_that_a_person_has_written_into_the_deal_stay(desk: Open) -> None:
    office = desk(terms_changed="update")
    number = office.company(tariff="Базовый")
    office.run()
    (deal,) = office.deals
    office.crm.sheets[deal.id] = deal.model_copy(update={"fields": {**deal.fields, "tariff": "Стандарт"}})
    office.edit(number, tariff="Индивидуальный", cost="100")
    assert office.plan().to_do == ()
    assert office.verdict(number) == "changed"


def test_a_deal_that_was_deleted_is_not_created_again(desk: Open) -> None:
    office = desk()
    number = office.company(tariff="Базовый")
    office.run()
    office.crm.sheets.clear()
    assert office.verdict(number) == "deal_deleted"
    office.run()
    assert not office.deals


def test_a_deal_that_was_moved_to_another_pipeline_is_still_the_deal(desk: Open) -> None:
    office = desk()
    number = office.company(tariff="Базовый")
    office.run()
    (deal,) = office.deals
    elsewhere = office.crm.pipelines()[0].stages[0]
    office.crm.sheets[deal.id] = deal.model_copy(update={"stage": elsewhere})
    assert office.verdict(number) == "done"


def test_an_option_that_the_deal_does_not_have_is_told(desk: Open) -> None:
    office = desk()
    number = office.company(tariff="Премиум")
    assert office.verdict(number) == "no_option"
    assert "«Тип тарифа» нет значения «Премиум»" in office.reason(number)


def test_monthly_mode_makes_one_deal_per_month_of_service(desk: Open) -> None:
    office = desk(mode="monthly", steps=USUAL_STEPS[:1])
    number = office.company(
        "ИП Иванов", tariff="Базовый", service_start=date(2025, 2, 1), service_end=date(2025, 3, 31)
    )
    assert office.verdict(number) == "not_yet"
    for month in (2, 3, 4):
        office.at(datetime(2025, month, 1, 9, tzinfo=office.crm.timezone))
        for _ in range(2):
            office.run()
    assert [deal.title for deal in office.deals] == [
        "ИП Иванов / Базовый / Февраль 2025",
        "ИП Иванов / Базовый / Март 2025",
    ]
    assert office.verdict(number) == "ended"
    assert len(office.tasks) == 1  # the step belongs to the first deal


def test_monthly_mode_adopts_what_was_made_by_hand_for_the_month(desk: Open) -> None:
    office = desk(mode="monthly")
    number = office.company("ИП Иванов", tariff="Базовый")
    office.by_hand(number, "Иванов, декабрь", fields={"month": "Декабрь 2024"})
    assert office.verdict(number) == "create"
    office.by_hand(number, "Иванов, этот месяц")
    assert office.verdict(number) == "adopted"


def test_monthly_mode_may_wait_for_a_day_of_the_month(desk: Open) -> None:
    office = desk(mode="monthly", monthly_day=20)
    number = office.company(tariff="Базовый")
    assert office.verdict(number) == "not_yet"
    office.at(datetime(2025, 1, 20, tzinfo=office.crm.timezone))
    assert office.verdict(number) == "create"


def test_the_settings_leave_companies_alone(desk: Open) -> None:
    office = desk(clients_only=True)
    office.company("А", tariff="Базовый")
    client = office.company("Б", tariff="Базовый", is_client=True)
    assert [(item.entity.id, item.verdict) for item in office.plan().items] == [(client, "create")]
    office.set(excluded_companies=(client,), until=date(2025, 1, 14))
    assert {item.verdict for item in office.plan().items} == {"excluded", "too_late"}


def test_the_daily_cap_phases_a_back_fill_in(desk: Open) -> None:
    office = desk(daily_cap=2, since=date(2025, 1, 1))
    for name in "АБВГД":
        office.company(name, tariff="Базовый")
    office.run()
    assert len(office.deals) == 2
    office.wait(days=1)
    office.run()
    assert len(office.deals) == 4


def test_back_fill_reaches_further_back_than_the_window(desk: Open) -> None:
    office = desk(month_of="company")
    office.company(tariff="Базовый")
    office.wait(days=60)
    assert office.plan().items == ()
    office.set(since=date(2025, 1, 1), month_of="company")
    office.run()
    assert office.deals[0].title == TITLE


def test_an_old_task_is_looked_after_beyond_the_window(desk: Open) -> None:
    office = desk()
    number = office.company()
    office.run()
    office.wait(days=100)
    assert office.verdict(number) == "overdue"
    office.edit(number, tariff="Базовый")
    office.run()
    assert len(office.deals) == 1


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"pipeline": "Нет такой"}, "there is no pipeline"),
        ({"stage": "Нет такой"}, "there is no stage"),
        ({"required": ("tariff", "okved")}, "okved"),
        ({"steps": ({"name": "x", "do": "workflow", "template": "Нет"},)}, "there is no process"),
    ],
    ids=["pipeline", "stage", "field", "process"],
)
def test_what_the_portal_lacks_is_told_before_anything_is_judged(
    desk: Open, settings: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        desk(**settings).plan()


def undone(office: Any, run: str) -> None:
    """Take a run back, and let the recipe look again."""
    office.wait(hours=1)
    undo(run, office.crm, office.ledger)
    office.wait(hours=1)


def test_an_undone_question_is_not_asked_again_until_the_card_changes(desk: Open) -> None:
    office = desk(required=("tariff", "inn"))
    number = office.company()
    undone(office, office.run().run)
    assert office.tasks[0].state is TaskState.CANCELLED
    assert (office.verdict(number), office.plan().to_do) == ("undone", ())
    office.edit(number, tariff="Базовый")
    assert office.verdict(number) == "ask"


def test_an_undone_name_and_undone_terms_stay_as_they_were(desk: Open) -> None:
    office = desk(terms_changed="update")
    number = office.company("ИП Иванов", tariff="Базовый")
    office.run()
    office.edit(number, name="ИП Петров")
    undone(office, office.run().run)
    assert office.deals[0].title == "ИП Иванов / Базовый / Январь 2025"
    assert (office.verdict(number), office.plan().to_do) == ("done", ())
    office.edit(number, tariff="Индивидуальный", cost="100")
    undone(office, office.run().run)
    assert office.deals[0].title == "ИП Иванов / Базовый / Январь 2025"
    assert (office.verdict(number), office.plan().to_do) == ("changed", ())


def test_what_stays_after_an_undo_counts_as_done(desk: Open) -> None:
    """A deal cannot be taken away where no stage is called ``cancelled``; so it is still the deal."""
    office = desk()
    number = office.company(tariff="Базовый")
    undone(office, office.run().run)
    assert len(office.deals) == 1
    assert (office.verdict(number), office.plan().to_do) == ("done", ())
