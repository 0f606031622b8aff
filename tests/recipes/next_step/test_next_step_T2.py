"""T2, line by line, on paper and on both providers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from .conftest import CALL, MOSCOW

QUIET = {"seconds": 61}


def planned(world: Any, **form: Any) -> str:
    """Return a deal whose step is recorded."""
    deal: str = world.new_deal(**{**CALL, **form})
    world.wait(**QUIET)
    assert world.look(deal).verdict == "record"
    return deal


def test_T2_edits_at_0_20_and_50_seconds_give_one_record_with_the_last_values(world: Any) -> None:
    deal, start = world.new_deal(), world.now
    world.set(deal, kind="звонок", goal="первое")
    assert world.look(deal).verdict == "waiting"
    world.wait(seconds=20)
    world.set(deal, date=date(2025, 3, 5))
    assert world.look(deal).verdict == "waiting"
    world.wait(seconds=30)
    world.set(deal, goal="последнее")
    last = world.now
    seen = world.look(deal)
    assert seen.verdict == "waiting"
    assert seen.look_again is not None
    assert seen.look_again - last <= timedelta(seconds=60)
    assert seen.look_again - start >= timedelta(seconds=109)
    world.wait(seconds=(seen.look_again - world.now).total_seconds() - 1)
    assert world.look(deal).verdict == "waiting"
    assert world.records(deal) == []
    world.wait(seconds=2)
    assert world.look(deal).verdict == "record"
    for _ in range(3):
        world.wait(minutes=5)
        assert world.look(deal).actions == ()
    (record,) = world.records(deal)
    assert (record.kind, record.goal) == ("звонок", "последнее")
    assert record.start == datetime(2025, 3, 5, 10, tzinfo=MOSCOW)
    assert record.end == datetime(2025, 3, 5, 10, 15, tzinfo=MOSCOW)


def test_T2_a_second_step_while_one_is_open_is_put_back_with_one_warning(world: Any) -> None:
    deal = planned(world)
    before = world.fields(deal)
    world.wait(minutes=10)
    world.set(deal, kind="встреча", goal="другая цель", date=date(2025, 3, 10), period="14:00–15:00")
    assert world.look(deal).verdict == "waiting"
    world.wait(**QUIET)
    assert world.look(deal).verdict == "refuse"
    assert world.fields(deal) == before
    assert len(world.comments(deal)) == 1
    assert "Уже запланирован шаг" in world.comments(deal)[0]
    world.wait(**QUIET)
    assert world.look(deal).actions == ()
    assert [one.goal for one in world.records(deal)] == ["уточнить бюджет"]


def test_T2_a_result_typed_three_times_in_a_stalled_hour_gives_one_comment(world: Any) -> None:
    deal = planned(world)
    for text in ("Договорились", "договорились ", "Договорились"):
        world.wait(minutes=20)
        world.set(deal, result=text)
    world.wait(hours=1)
    assert world.look(deal).verdict == "done"
    for _ in range(52):  # the events of the hour, delivered at once
        assert world.look(deal).actions == ()
    world.set(deal, result="Договорились")  # and once more, because nothing had happened on the screen
    world.wait(**QUIET)
    assert world.look(deal).verdict == "duplicate"
    assert [one for one in world.comments(deal) if "Результат: Договорились" in one] == world.comments(deal)
    assert len(world.comments(deal)) == 1
    assert world.fields(deal) == {}
    (record,) = world.records(deal)
    assert (record.open, record.result) == (False, "Договорились")


def test_T2_no_next_step_gives_one_reminder_ever(world: Any) -> None:
    deal = planned(world)
    world.set(deal, result="Перезвонить позже")
    world.wait(**QUIET)
    world.look(deal)
    world.wait(seconds=120)
    assert world.look(deal).verdict == "remind"
    for _ in range(30):
        world.wait(days=1)
        assert world.look(deal).actions == ()
    assert len([one for one in world.comments(deal) if "нет следующего шага" in one]) == 1


def test_T2_a_deal_with_only_a_name_gets_the_defaults_and_a_record(world: Any) -> None:
    deal = world.new_deal()
    assert world.look(deal).verdict == "waiting"
    assert world.records(deal) == []
    world.wait(**QUIET)
    assert world.look(deal).verdict == "record"
    (record,) = world.records(deal)
    assert (record.kind, record.goal) == ("другое", "определить следующий шаг")
    assert record.start == datetime(2025, 3, 3, 17, tzinfo=MOSCOW)
    assert world.fields(deal) == {
        "step_kind": "другое",
        "step_goal": "определить следующий шаг",
        "step_date": date(2025, 3, 3),
        "step_period": "17:00–17:15",
    }


def test_T2_with_a_card_the_robot_writes_one_comment_for_the_life_of_a_deal(
    make_world: Callable[..., Any],
) -> None:
    world = make_world(noise="card")
    deal = planned(world)
    world.set(deal, goal="другая цель")
    world.wait(**QUIET)
    assert world.look(deal).verdict == "refuse"
    assert "Уже запланирован шаг" in world.comments(deal)[0]
    for number in range(3):
        world.set(deal, result=f"итог {number}")
        world.wait(**QUIET)
        assert world.look(deal).verdict == "done"
        world.wait(seconds=120)
        assert world.look(deal).verdict == "remind"
        world.set(deal, **{**CALL, "goal": f"шаг {number}"})
        world.wait(**QUIET)
        assert world.look(deal).verdict == "record"
    world.close(deal)
    assert world.look(deal).verdict == "cancel"
    world.reopen(deal)
    world.wait(seconds=120)
    assert world.look(deal).verdict == "remind"
    assert len(world.records(deal)) == 4
    (card,) = world.all_comments(deal)
    assert card.startswith("Следующий шаг (эту запись ведёт робот)")
    assert "нет следующего шага" in card
    assert "Результат: итог 2" in card
