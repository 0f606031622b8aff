"""What a sweep over open rounds reads: pages, not deals; and everything where a page does not settle it."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.crm.models import DealChanges, Person, TaskState

HEAD, MANAGER, COLLEAGUE, NOISE = "2", "5", "6", "91"


def sweep(story: Any) -> tuple[dict[str, str], list[str]]:
    """Return the verdicts of a sweep, and whose histories it read."""
    story.crm.histories.clear()
    return {item.entity.id: item.verdict for item in story.plan().items}, story.crm.histories


@pytest.fixture
def warned(make_story: Any) -> Any:
    """Warned on Tuesday, 18 March, and left alone until Friday."""
    story = make_story(look_behind_robots=False)
    story.wait(days=15).run()
    return story.wait(days=3)


def test_a_warned_deal_that_nobody_touched_is_judged_without_its_history(warned: Any) -> None:
    assert sweep(warned) == ({"7": "warned"}, [])
    (item,) = warned.plan().items
    assert "25.03.2025" in item.reason.render("ru")
    assert [line.render("ru") for line in item.evidence] == [
        "никакой активности с 03.03.2025",
        "предупреждение доставлено 18.03.2025",
    ]


@pytest.mark.parametrize("days", [0, 1])
def test_on_the_two_working_days_after_the_warning_reactions_are_looked_for(
    make_story: Any, days: int
) -> None:
    story = make_story(look_behind_robots=False)
    story.wait(days=15).run()
    story.wait(hours=2)
    story.crm.note("7", Person(id=MANAGER))
    story.wait(days=days)
    assert sweep(story) == ({"7": "cancelled"}, ["7"])


def test_a_weekend_is_no_time_in_which_reactions_are_missed(make_story: Any) -> None:
    """Warned on Friday, answered the same day; the next run is on Monday."""
    story = make_story(look_behind_robots=False, warn_after=18)
    story.wait(days=18).run()
    story.wait(hours=2)
    story.crm.note("7", Person(id=MANAGER))
    story.wait(days=3)
    assert sweep(story) == ({"7": "cancelled"}, ["7"])


def test_a_reaction_that_no_run_has_seen_in_time_still_cancels_the_return(
    warned: Any, make_story: Any
) -> None:
    story = make_story(look_behind_robots=False)
    story.wait(days=15).run()
    story.wait(hours=2)
    story.crm.note("7", Person(id=MANAGER))
    story.wait(days=5)
    assert sweep(story) == ({"7": "warned"}, [])
    story.wait(days=2)
    assert sweep(story) == ({"7": "cancelled"}, ["7"])


@pytest.mark.parametrize("touch", ["comment", "robot", "edit"])
def test_a_deal_that_was_touched_later_is_read(warned: Any, touch: str) -> None:
    crm = warned.crm
    {
        "comment": lambda: crm.note("7", Person(id=MANAGER)),
        "robot": lambda: crm.note("7", Person(id=NOISE)),
        "edit": lambda: crm.change("7", DealChanges(fields={"amount": 5})),
    }[touch]()
    assert sweep(warned) == ({"7": "warned" if touch == "robot" else "cancelled"}, ["7"])


def test_an_edit_on_the_day_of_the_warning_shows_in_the_row(make_story: Any) -> None:
    story = make_story(look_behind_robots=False)
    story.wait(days=15).run()
    story.wait(hours=2)
    story.crm.change("7", DealChanges(fields={"amount": 5}))
    story.wait(days=4)
    assert sweep(story) == ({"7": "cancelled"}, ["7"])


def test_a_warning_of_an_older_version_has_the_history_read(warned: Any) -> None:
    """Its effect does not tell since when nobody had touched the deal."""
    for ref, memory in warned.memory.memories.items():
        old = [one.model_copy(update={"data": {"executors": ()}}) for one in memory.effects]
        warned.memory.memories[ref] = memory.model_copy(update={"effects": tuple(old)})
    assert sweep(warned) == ({"7": "warned"}, ["7"])


def test_before_a_return_everything_is_read(warned: Any) -> None:
    assert sweep(warned.wait(days=4)) == ({"7": "return"}, ["7"])


def test_a_waiting_deal_is_judged_without_its_history_until_somebody_has_decided(make_story: Any) -> None:
    story = make_story(look_behind_robots=False).returned()
    story.wait(days=1)
    assert sweep(story) == ({"7": "awaiting"}, [])
    story.crm.note("7", Person(id=COLLEAGUE))  # a comment does not decide anything
    assert sweep(story) == ({"7": "awaiting"}, [])
    story.crm.set_task(story.task.id, TaskState.REJECTED, HEAD)
    assert sweep(story) == ({"7": "reject"}, ["7"])


def test_the_requests_of_a_sweep_grow_with_pages(make_story: Any) -> None:
    """340 deals warned some days ago: four pages of rows, four of touches; people, fields, two searches."""
    story = make_story(look_behind_robots=False)
    numbers = ["7"] + [str(1000 + one) for one in range(339)]
    for number in numbers[1:]:
        story.crm.add(number)
    story.wait(days=15)
    for number in numbers:
        story.run(number)
    story.wait(days=3)
    story.crm.requests = 0
    verdicts, histories = sweep(story)
    assert (set(verdicts.values()), len(verdicts), histories) == ({"warned"}, 340, [])
    assert story.crm.requests == 4 + 4 + 2 + 2


def test_the_rounds_that_are_open_are_gathered_before_they_are_asked_for(make_story: Any) -> None:
    """Of many deals that the ledger knows, few have an open round: they fit in one question."""
    story = make_story(look_behind_robots=False)
    numbers = ["7"] + [str(1000 + one) for one in range(600)]
    for number in numbers[1:]:
        story.crm.add(number)
    story.wait(days=15)
    for number in numbers:
        story.run(number)
    for number in numbers[5:]:
        story.crm.note(number, Person(id=MANAGER))
        story.run(number)
    story.wait(days=3)
    story.crm.asked.clear()
    assert len(sweep(story)[0]) == 5
    assert sum(question.startswith("with_ids") for question in story.crm.asked) == 2


def test_behind_robots_a_deal_whose_round_has_just_ended_is_not_read(make_story: Any) -> None:
    story = make_story()
    story.returned()
    story.crm.set_task(story.task.id, TaskState.REJECTED, HEAD)
    story.run()
    story.wait(days=1)
    assert sweep(story) == ({"7": "active"}, [])
