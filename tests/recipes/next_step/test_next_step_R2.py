"""R2.1 to R2.20 and the edge cases of the recipe, line by line, on paper and on both providers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from .conftest import CALL, COLLEAGUE, MOSCOW

Make = Callable[..., Any]
QUIET = {"seconds": 61}
TUESDAY_AT_TEN = datetime(2025, 3, 4, 10, tzinfo=MOSCOW)


def planned(world: Any, **form: Any) -> str:
    """Return a deal whose step is recorded."""
    deal: str = world.new_deal(**{**CALL, **form})
    world.wait(**QUIET)
    assert world.look(deal).verdict == "record"
    return deal


def finish(world: Any, deal: str, result: str = "Готово") -> None:
    """Enter a result and let it be noticed."""
    world.set(deal, result=result)
    world.wait(**QUIET)
    assert world.look(deal).verdict == "done"


def test_R2_01_type_goal_date_period_and_result_are_fields_of_the_deal(world: Any) -> None:
    deal = planned(world, period="15:30–16:00")
    (record,) = world.records(deal)
    assert (record.kind, record.goal) == ("звонок", "уточнить бюджет")
    assert record.start == datetime(2025, 3, 4, 15, 30, tzinfo=MOSCOW)
    assert record.end == datetime(2025, 3, 4, 16, tzinfo=MOSCOW)


def test_R2_02_for_one_minute_date_goal_and_period_can_be_changed(world: Any) -> None:
    deal = world.new_deal(**CALL)
    world.wait(seconds=30)
    assert world.look(deal).verdict == "waiting"
    world.set(deal, date=date(2025, 3, 6), goal="другое", period="11:00–11:30")
    world.wait(**QUIET)
    world.look(deal)
    (record,) = world.records(deal)
    assert (record.start.date(), record.goal) == (date(2025, 3, 6), "другое")


def test_R2_02_a_robot_that_never_stops_does_not_hold_a_step_up_for_ever(make_world: Make) -> None:
    world = make_world(max_wait_seconds=180)
    deal = world.new_deal(**CALL)
    verdicts = []
    for number in range(12):
        world.set(deal, goal=f"правка {number}")
        verdicts.append(world.look(deal).verdict)
        if world.records(deal):
            break
        world.wait(seconds=30)
    assert verdicts[:3] == ["waiting"] * 3
    assert verdicts[-1] == "record"
    assert len(verdicts) <= 9


def test_R2_02_a_change_that_was_taken_back_long_ago_shortens_no_later_minute(world: Any) -> None:
    deal = planned(world)
    before = world.fields(deal)["step_goal"]
    world.set(deal, goal="передумал")
    assert world.look(deal).verdict == "waiting"
    world.set(deal, goal=before)
    world.wait(days=1)
    assert world.look(deal).verdict != "refuse"
    world.set(deal, goal="другая цель")
    assert world.look(deal).verdict == "waiting"


def test_R2_03_a_record_with_the_data_is_added_and_counts_as_planned(world: Any) -> None:
    deal = planned(world)
    assert len(world.records(deal)) == 1
    assert world.look(deal).verdict == "planned"


def test_R2_04_who_insists_on_a_second_step_is_not_fought(world: Any) -> None:
    deal = planned(world)
    for goal in ("первая попытка", "вторая попытка", "третья попытка"):
        world.set(deal, goal=goal)
        world.wait(**QUIET)
        seen = world.look(deal)
    assert seen.verdict == "escalate"
    assert world.fields(deal)["step_goal"] == "третья попытка"
    texts = world.comments(deal)
    assert len([one for one in texts if "Уже запланирован" in one]) == 1
    assert len([one for one in texts if "второй раз ставят" in one]) == 1


def test_R2_05_a_result_gives_one_comment_with_all_data_and_empty_fields(world: Any) -> None:
    deal = planned(world)
    finish(world, deal, "Бюджет 300 тысяч")
    (text,) = world.comments(deal)
    for part in ("звонок", "уточнить бюджет", "04.03.2025 10:00–10:15", "Бюджет 300 тысяч"):
        assert part in text
    assert world.fields(deal) == {}


def test_R2_05_a_result_and_the_next_step_at_once_are_one_comment(world: Any) -> None:
    deal = planned(world)
    world.set(
        deal, result="Ждут договор", kind="встреча", goal="подписать", date=date(2025, 3, 7), period=None
    )
    world.wait(**QUIET)
    assert world.look(deal).verdict == "done"
    first, second = world.records(deal)
    assert (first.open, first.result, second.open, second.goal) == (False, "Ждут договор", True, "подписать")
    (text,) = world.comments(deal)
    assert "Ждут договор" in text
    assert "подписать" in text
    assert "step_result" not in world.fields(deal)
    assert world.fields(deal)["step_period"] == "14:00–15:00"


def test_R2_06_after_a_minute_without_a_next_step_a_reminder_is_written(world: Any) -> None:
    deal = planned(world)
    finish(world, deal)
    seen = world.look(deal)
    assert seen.verdict == "missing"
    assert seen.look_again is not None
    world.wait(seconds=(seen.look_again - world.now).total_seconds() + 1)
    assert world.look(deal).verdict == "remind"
    assert "нет следующего шага" in world.comments(deal)[-1]


def test_R2_07_more_reminders_can_be_asked_for(make_world: Make) -> None:
    world = make_world(reminders=3, remind_again_hours=24)
    deal = planned(world)
    finish(world, deal)
    for _ in range(20):
        world.wait(hours=12)
        world.look(deal)
    assert len([one for one in world.comments(deal) if "нет следующего шага" in one]) == 3


def test_R2_07_none_can_be_asked_for_too(make_world: Make) -> None:
    world = make_world(reminders=0)
    deal = planned(world)
    finish(world, deal)
    world.wait(days=2)
    assert world.look(deal).verdict == "missing"
    assert len(world.comments(deal)) == 1


@pytest.mark.parametrize(
    ("kind", "hours"),
    [("звонок", (10, 15)), ("письмо", (12, 15)), ("встреча", (14, 60)), ("другое", (17, 15))],
)
def test_R2_09_every_type_has_its_usual_time(world: Any, kind: str, hours: tuple[int, int]) -> None:
    deal = planned(world, kind=kind)
    (record,) = world.records(deal)
    assert record.start == datetime(2025, 3, 4, hours[0], tzinfo=MOSCOW)
    assert record.end - record.start == timedelta(minutes=hours[1])


def test_R2_10_several_steps_may_be_at_one_time(world: Any) -> None:
    deals = [planned(world) for _ in range(3)]
    assert {world.records(deal)[0].start for deal in deals} == {TUESDAY_AT_TEN}


def test_R2_10_a_step_is_moved_in_the_calendar_and_the_fields_follow(world: Any) -> None:
    deal = planned(world)
    (record,) = world.records(deal)
    world.move_step(
        record.id, datetime(2025, 3, 4, 16, tzinfo=MOSCOW), datetime(2025, 3, 4, 16, 30, tzinfo=MOSCOW)
    )
    world.wait(**QUIET)
    assert world.look(deal).verdict == "moved"
    assert world.fields(deal)["step_period"] == "16:00–16:30"
    world.wait(**QUIET)
    assert world.look(deal).verdict == "planned"
    finish(world, deal)
    assert "16:00–16:30" in world.comments(deal)[-1]


def test_R2_11_of_a_half_filled_form_the_rest_is_filled_in(world: Any) -> None:
    deal = world.new_deal(kind="встреча")
    world.wait(**QUIET)
    world.look(deal)
    assert world.fields(deal) == {
        "step_kind": "встреча",
        "step_goal": "определить следующий шаг",
        "step_date": date(2025, 3, 3),
        "step_period": "14:00–15:00",
    }


def test_R2_12_an_old_deal_without_a_step_is_reminded_of_not_planned(make_world: Make) -> None:
    world = make_world()
    deal = world.new_deal(created_days_ago=10)
    assert world.look(deal).verdict == "remind"
    assert world.records(deal) == []


@pytest.mark.parametrize("profile", ["no_periods", "one_kind"])
def test_R2_13_smaller_profiles_plan_whole_days_and_one_type(make_world: Make, profile: str) -> None:
    world = make_world(profile=profile)
    deal = planned(world)
    (record,) = world.records(deal)
    assert record.end - record.start == timedelta(days=1)
    assert record.kind == ("звонок" if profile == "no_periods" else "другое")
    world.wait(minutes=5)
    assert world.look(deal).verdict == "planned"
    finish(world, deal)
    assert world.fields(deal) == {}


def test_R2_15_fields_that_are_filled_one_by_one_do_no_harm(world: Any) -> None:
    deal = world.new_deal()
    for form in ({"kind": "звонок"}, {"goal": "цель"}, {"date": date(2025, 3, 5)}, {"period": "11:00–11:15"}):
        world.set(deal, **form)
        world.look(deal)
    world.wait(**QUIET)
    world.look(deal)
    (record,) = world.records(deal)
    assert (record.kind, record.goal, record.start) == (
        "звонок",
        "цель",
        datetime(2025, 3, 5, 11, tzinfo=MOSCOW),
    )


def test_R2_16_a_day_of_silence_ends_in_one_look(world: Any) -> None:
    """Everything that happened while nothing ran: a step, its result, the next step."""
    deal = world.new_deal(**CALL, result="Сразу договорились")
    world.wait(days=1)
    assert world.look(deal).verdict == "done"
    (record,) = world.records(deal)
    assert (record.open, record.result) == (False, "Сразу договорились")
    assert len(world.comments(deal)) == 1
    assert world.fields(deal) == {}


@pytest.mark.parametrize(("noise", "count"), [("none", 0), ("card", 1), ("log", 2), ("all", 3)])
def test_R2_17_the_robot_is_as_loud_as_wanted(make_world: Make, noise: str, count: int) -> None:
    world = make_world(noise=noise)
    deal = planned(world)
    finish(world, deal)
    world.wait(minutes=5)
    world.look(deal)
    assert len(world.comments(deal)) == count


def test_R2_20_a_result_without_a_plan_is_recorded_too(world: Any) -> None:
    deal = planned(world)
    finish(world, deal)
    finish(world, deal, "Клиент сам позвонил")
    assert [one.result for one in world.records(deal)] == ["Готово", "Клиент сам позвонил"]


def test_the_result_is_wanted_again_after_the_step_was_opened_again(world: Any) -> None:
    deal = planned(world)
    before = world.fields(deal)
    finish(world, deal)
    world.open_again(world.records(deal)[0].id)
    world.wait(**QUIET)
    assert world.look(deal).verdict == "reopened"
    assert world.fields(deal) == before
    finish(world, deal, "Готово")
    assert world.records(deal)[0].open is False
    assert len([one for one in world.comments(deal) if "Результат: Готово" in one]) == 2


def test_a_step_that_is_ticked_off_without_a_result_is_asked_for_once(world: Any) -> None:
    deal = planned(world)
    world.tick_off(world.records(deal)[0].id)
    assert world.look(deal).verdict == "no_result"
    assert world.look(deal).actions == ()
    finish(world, deal)
    assert world.records(deal)[0].result == "Готово"


def test_another_responsible_person_takes_the_step_over(world: Any) -> None:
    deal = planned(world)
    world.assign(deal, COLLEAGUE)
    world.wait(**QUIET)
    assert world.look(deal).verdict == "reassign"
    assert world.records(deal)[0].assignee == COLLEAGUE
    assert "нового ответственного" in world.comments(deal)[-1]
    assert world.look(deal).actions == ()


def test_a_closed_deal_cancels_its_step_and_is_not_reminded_of(world: Any) -> None:
    deal = planned(world)
    world.close(deal)
    assert world.look(deal).verdict == "cancel"
    assert world.records(deal)[0].result == "отменён: сделка закрыта"
    assert world.fields(deal) == {}
    world.wait(days=3)
    assert world.look(deal).verdict == "closed"
    assert len(world.comments(deal)) == 1


def test_a_deal_that_is_opened_again_needs_a_step_again(world: Any) -> None:
    deal = planned(world)
    finish(world, deal)
    world.wait(minutes=5)
    assert world.look(deal).verdict == "remind"
    world.close(deal)
    world.look(deal)
    world.reopen(deal)
    world.wait(minutes=5)
    assert world.look(deal).verdict == "remind"
    world.wait(days=3)
    assert world.look(deal).actions == ()


def test_a_record_that_somebody_deleted_frees_the_fields(world: Any) -> None:
    deal = planned(world)
    world.drop_step(world.records(deal)[0].id)
    assert world.look(deal).verdict == "deleted"
    assert world.fields(deal) == {}
    world.wait(minutes=5)
    assert world.look(deal).verdict == "remind"


def test_a_deleted_deal_is_left_alone(world: Any) -> None:
    deal = planned(world)
    world.delete(deal)
    assert world.look(deal).verdict == "gone"
    assert world.look(deal).actions == ()


def test_an_overdue_step_is_shown_and_nobody_is_bothered(world: Any) -> None:
    deal = planned(world)
    world.wait(days=2)
    assert world.look(deal).verdict == "overdue"
    assert world.look(deal).actions == ()
    assert world.comments(deal) == []


def test_a_step_without_a_date_skips_the_weekend(world: Any) -> None:
    world.wait(days=4, hours=10)  # Friday, 19:00: no usual time is left today
    deal = world.new_deal(kind="звонок")
    world.wait(**QUIET)
    world.look(deal)
    assert world.records(deal)[0].start == datetime(2025, 3, 10, 10, tzinfo=MOSCOW)
