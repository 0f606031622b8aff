"""R4.4 and R4.5 on the real chain: the first call once per deal, the promised call at the promised hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmkit.sandbox import Fault

MOSCOW = ZoneInfo("Europe/Moscow")
NAME, FIELD = "bulk_bp_calls", "UF_CRM_CALLBACK_AT"
FIRST_TITLE, PROMISED_TITLE = "Позвонить клиенту 1 раз", "Вы обещали перезвонить клиенту"
CALLED = "C2:CALLBACK"
TOMORROW = datetime(2025, 3, 4, 15, 0, tzinfo=MOSCOW)
LATER = datetime(2025, 3, 6, 11, 30, tzinfo=MOSCOW)
LAST = datetime(2025, 3, 7, 18, 45, tzinfo=MOSCOW)


def titles(portal: Any) -> list[str]:
    return [row["TITLE"] for row in portal.tasks()]


def deadline(row: Any) -> datetime:
    return datetime.fromtimestamp(row["DEADLINE"], MOSCOW)


def test_R4_04_a_deal_on_the_first_stage_gives_the_responsible_person_one_task(b24: Any) -> None:
    deal = b24.deal("C2:NEW")
    recipe = b24.recipe(NAME)
    assert b24.run(recipe).counts == {"done": 1}
    (task,) = b24.tasks()
    assert (task["TITLE"], task["RESPONSIBLE_ID"]) == (FIRST_TITLE, 4)
    assert task["UF_CRM_TASK"] == [f"D_{deal}"]
    before = b24.writes()
    assert b24.run(recipe).counts == {}
    assert b24.writes() == before


def test_R4_04_once_per_deal_also_after_it_came_back(b24: Any) -> None:
    deal, recipe = b24.deal("C2:NEW"), b24.recipe(NAME)
    b24.run(recipe)
    for stage in (CALLED, "C2:NEW"):
        b24.wait(minutes=5)
        b24.box.act.set_stage("user:4", deal, stage)
        b24.run(recipe)
    assert titles(b24) == [FIRST_TITLE]


def test_R4_04_another_stage_gives_none(b24: Any) -> None:
    b24.deal(CALLED)
    assert b24.run(b24.recipe(NAME)).counts == {}
    b24.deal("C2:HANDOVER")
    assert b24.run(b24.recipe(NAME, first_stages=["Передана менеджеру"])).counts == {"done": 1}


def test_R4_04_an_import_makes_no_flood(b24: Any) -> None:
    for _ in range(7):
        b24.deal("C2:NEW")
    recipe = b24.recipe(NAME, daily_cap=3)
    counts = []
    for _ in range(4):
        b24.run(recipe)
        counts.append(len(b24.tasks()))
        b24.wait(days=1)
    assert counts == [3, 6, 7, 7]


def test_R4_04_imported_deals_may_be_left_quiet(b24: Any) -> None:
    file = b24.folder / "base.csv"
    manager = b24.crm.users.get("4").name
    rows = ["Номер;Название;Стадия;Ответственный", *(f"{one};Импорт {one};C2:NEW;{manager}" for one in "12")]
    file.write_text("\n".join(rows), encoding="utf-8")
    assert b24.run(b24.recipe("bulk_bp", file=str(file))).counts == {"done": 2}
    by_hand = b24.deal("C2:NEW")
    recipe = b24.recipe(NAME, imported="quiet")
    assert sorted(b24.verdicts(recipe).values()) == ["first", "imported", "imported"]
    b24.run(recipe)
    (task,) = b24.tasks()
    assert task["UF_CRM_TASK"] == [f"D_{by_hand}"]
    b24.run(b24.recipe(NAME))
    assert len(b24.tasks()) == 3


def test_R4_04_nobody_works_there_any_more(b24: Any) -> None:
    deal = b24.deal("C2:NEW", ASSIGNED_BY_ID=15)
    item = b24.item(b24.recipe(NAME), deal)
    assert (item.verdict, item.attention) == ("nobody", True)
    b24.run(b24.recipe(NAME, fallback="user:2"))
    assert [row["RESPONSIBLE_ID"] for row in b24.tasks()] == [2]


def test_R4_05_the_date_is_a_task_with_that_deadline(b24: Any) -> None:
    deal, recipe = b24.deal(CALLED), b24.recipe(NAME)
    b24.edit(deal, **{FIELD: TOMORROW.isoformat()})
    assert b24.run(recipe).counts == {"done": 1}
    (task,) = b24.tasks()
    assert (task["TITLE"], task["RESPONSIBLE_ID"], deadline(task)) == (PROMISED_TITLE, 4, TOMORROW)
    before = b24.writes()
    assert b24.verdicts(recipe) == {str(deal): "waits"}
    assert b24.run(recipe).counts == {}
    assert b24.writes() == before


def test_T4_the_date_moved_twice_is_one_task_and_two_moves(b24: Any) -> None:
    deal, recipe = b24.deal(CALLED), b24.recipe(NAME)
    for at in (TOMORROW, LATER, LAST):
        b24.edit(deal, **{FIELD: at.isoformat()})
        assert b24.run(recipe).counts == {"done": 1}
    (task,) = b24.tasks()
    assert deadline(task) == LAST
    moves = [entry for entry in b24.box.requests if entry.operation == "tasks.task.update"]
    assert len(moves) == 2
    b24.edit(deal, **{FIELD: LATER.isoformat()})  # and back
    b24.run(recipe)
    assert [deadline(row) for row in b24.tasks()] == [LATER]


def test_R4_05_taken_away_it_is_closed_and_a_new_date_is_a_new_task(b24: Any) -> None:
    deal, recipe = b24.deal(CALLED), b24.recipe(NAME)
    b24.edit(deal, **{FIELD: TOMORROW.isoformat()})
    b24.run(recipe)
    b24.edit(deal, **{FIELD: ""})
    assert b24.run(recipe).counts == {"done": 1}
    assert [row["STATUS"] for row in b24.tasks()] == [5]
    assert b24.run(recipe).counts == {}
    b24.edit(deal, **{FIELD: TOMORROW.isoformat()})
    b24.run(recipe)
    assert [(row["STATUS"], deadline(row)) for row in b24.tasks()][1:] == [(2, TOMORROW)]


def test_R4_05_a_finished_call_and_a_new_date_are_a_new_task(b24: Any) -> None:
    deal, recipe = b24.deal(CALLED), b24.recipe(NAME)
    b24.edit(deal, **{FIELD: TOMORROW.isoformat()})
    b24.run(recipe)
    b24.box.act.complete_task("user:4", b24.tasks()[0]["ID"])
    assert b24.run(recipe).counts == {}, "the same date is not a new promise"
    b24.edit(deal, **{FIELD: LATER.isoformat()})
    b24.run(recipe)
    assert [deadline(row) for row in b24.tasks()] == [TOMORROW, LATER]
    assert titles(b24) == [PROMISED_TITLE] * 2


def test_R4_05_a_date_that_is_long_past_is_listed(b24: Any) -> None:
    deal = b24.deal(CALLED)
    b24.edit(deal, **{FIELD: "2025-02-20T10:00:00+03:00"})
    item = b24.item(b24.recipe(NAME), deal)
    assert (item.verdict, item.attention, item.actions) == ("past", True, ())
    b24.edit(deal, **{FIELD: "2025-03-03T08:00:00+03:00"})  # an hour ago: late, but still a promise
    assert b24.run(b24.recipe(NAME)).counts == {"done": 1}


def test_R4_05_the_moment_is_told_in_the_time_of_the_portal(b24: Any) -> None:
    deal = b24.deal(CALLED)
    b24.edit(deal, **{FIELD: "2025-03-04T17:00:00+05:00"})
    b24.run(b24.recipe(NAME))
    (task,) = b24.tasks()
    assert deadline(task) == TOMORROW
    assert "04.03.2025 15:00" in task["DESCRIPTION"]


def test_R4_05_what_a_robot_wrote_is_listed_and_not_heeded(b24: Any) -> None:
    deal, recipe = b24.deal(CALLED), b24.recipe(NAME)
    b24.edit(deal, "user:91", **{FIELD: TOMORROW.isoformat()})
    item = b24.item(recipe, deal)
    assert (item.verdict, item.attention, item.actions) == ("by_robot", True, ())
    assert b24.run(b24.recipe(NAME, robots="count")).counts == {"done": 1}


def test_R4_05_what_we_change_afterwards_does_not_hide_who_set_the_date(b24: Any) -> None:
    deal = b24.deal("C2:HANDOVER")
    b24.edit(deal, **{FIELD: TOMORROW.isoformat()})
    b24.run(b24.recipe("bulk_bp_handover", rules={"calls_handover": {"to": ["user:7"]}}))
    assert b24.verdicts(b24.recipe(NAME)) == {str(deal): "callback"}


def test_both_calls_can_be_due_at_once(b24: Any) -> None:
    deal = b24.deal("C2:NEW")
    b24.edit(deal, **{FIELD: TOMORROW.isoformat()})
    assert b24.run(b24.recipe(NAME)).counts == {"done": 1}
    assert sorted(titles(b24)) == sorted([FIRST_TITLE, PROMISED_TITLE])


@pytest.mark.parametrize("operation", ["tasks.task.add", "tasks.task.update"])
def test_a_lost_answer_is_settled_by_looking(b24: Any, operation: str) -> None:
    deal, recipe = b24.deal(CALLED), b24.recipe(NAME)
    b24.box.faults.add(Fault("drop_answer", operation))
    for at in (TOMORROW, LATER):
        b24.edit(deal, **{FIELD: at.isoformat()})
        b24.run(recipe)
    assert [deadline(row) for row in b24.tasks()] == [LATER]


def test_killed_before_and_after_every_write(b24: Any) -> None:
    deal, recipe = b24.deal("C2:NEW"), b24.recipe(NAME)
    b24.edit(deal, **{FIELD: TOMORROW.isoformat()})
    assert b24.killed_at_every_write(recipe) >= 3
    assert sorted(titles(b24)) == sorted([FIRST_TITLE, PROMISED_TITLE])
    assert b24.run(recipe).counts == {}


def test_the_program_lists_the_recipes() -> None:
    from crmkit.cli.finder import found

    names = {f"bulk_bp_{one}" for one in ("calls", "refusals", "handover", "spaces", "roles")}
    assert names <= set(found())


# Planfix


def test_R4_04_on_planfix(pf: Any) -> None:
    deal, recipe = pf.deal(), pf.recipe(NAME, first_task_kind="task")
    pf.run(recipe)
    (task,) = pf.tasks()
    assert (task.name, task.assignees, task.parent) == (FIRST_TITLE, ("user:4",), deal)
    before = pf.writes()
    assert pf.run(recipe).counts == {}
    assert pf.writes() == before


def test_R4_05_and_T4_on_planfix(pf: Any) -> None:
    deal, recipe = pf.deal(9), pf.recipe(NAME, first_task_kind="task")
    for hours in (30, 50, 70):
        at = (pf.box.clock.now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%MZ")
        pf.edit(deal, {116: {"dateTimeUtcSeconds": at}})
        assert pf.run(recipe).counts == {"done": 1}
    (task,) = pf.tasks()
    assert task.name == PROMISED_TITLE
    pf.edit(deal, {116: None})
    pf.run(recipe)
    assert [one.status for one in pf.tasks()] == [42]


def test_killed_on_planfix(pf: Any) -> None:
    deal, recipe = pf.deal(), pf.recipe(NAME, first_task_kind="task")
    at = (pf.box.clock.now() + timedelta(hours=30)).strftime("%Y-%m-%dT%H:%MZ")
    pf.edit(deal, {116: {"dateTimeUtcSeconds": at}})
    assert pf.killed_at_every_write(recipe) >= 3
    assert sorted(one.name for one in pf.tasks()) == sorted([FIRST_TITLE, PROMISED_TITLE])
