"""The recipe with the real executor and the real ledger, on the paper portal: nothing is lost between."""

from collections.abc import Iterator
from typing import Any

import pytest

from crmkit.crm.models import DealChanges, Person, TaskState
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.undo import undo

HEAD, MANAGER, COLLEAGUE = "2", "5", "6"


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger("sqlite://") as opened:
        yield opened


def run(story: Any, ledger: Ledger, language: Any = "ru") -> dict[str, tuple[str, str]]:
    """Plan and apply, and return verdict and status of each deal that was to be changed."""
    plan = story.recipe.plan(story.crm, memory=ledger, language=language)
    done = plan.apply()
    verdicts = {item.entity.id: item.verdict for item in plan.items}
    return {item.entity.id: (verdicts[item.entity.id], str(item.status)) for item in done.items}


@pytest.mark.parametrize("language", ["ru", "en"])
def test_from_the_warning_to_the_consent(story: Any, ledger: Ledger, language: str) -> None:
    seen = [run(story.wait(days=15), ledger, language)]
    seen.append(run(story, ledger, language))
    seen.append(run(story.wait(days=7), ledger, language))
    story.crm.change("7", DealChanges(fields={"new_assignee": Person(id=COLLEAGUE)}))
    seen.append(run(story.wait(hours=1), ledger, language))
    story.crm.set_task(story.task.id, TaskState.DONE, HEAD)
    seen.append(run(story.wait(hours=1), ledger, language))
    seen.append(run(story.wait(days=14), ledger, language))
    assert seen == [
        {"7": ("warn", "done")},
        {},
        {"7": ("return", "done")},
        {"7": ("review", "done")},
        {"7": ("approve", "done")},
        {},
    ]
    assert story.deal.assignees == (Person(id=COLLEAGUE),)
    assert len(story.crm.notices) == 2


def test_a_rejection_puts_back_what_the_ledger_kept(story: Any, ledger: Ledger) -> None:
    story.crm.change("7", DealChanges(fields={"label": ("VIP",)}))
    was = story.deal
    run(story.wait(days=15), ledger)
    run(story.wait(days=7), ledger)
    story.crm.set_task(story.task.id, TaskState.REJECTED, HEAD)
    assert run(story.wait(hours=1), ledger) == {"7": ("reject", "done")}
    now = story.deal
    assert (now.stage, now.assignees, now.fields) == (was.stage, was.assignees, was.fields)


def test_an_undone_return_is_not_done_again_before_its_time(story: Any, ledger: Ledger) -> None:
    was = story.deal
    run(story.wait(days=15), ledger)
    run(story.wait(days=7), ledger)
    returned = next(iter(ledger.runs.list())).id
    undo(returned, story.crm, ledger)
    assert (story.deal.stage, story.deal.assignees, story.deal.fields) == (
        was.stage,
        was.assignees,
        was.fields,
    )
    assert story.task.state is TaskState.CANCELLED
    assert run(story.wait(days=1), ledger) == {}
    assert run(story.wait(days=13), ledger) == {}
    assert run(story.wait(days=1), ledger) == {"7": ("warn", "done")}
    assert run(story.wait(days=7), ledger) == {"7": ("return", "done")}


def test_a_person_who_is_faster_than_the_plan_wins(story: Any, ledger: Ledger) -> None:
    plan = story.recipe.plan(story.wait(days=15).crm, memory=ledger)
    story.crm.note("7", Person(id=MANAGER))
    (item,) = plan.apply().items
    assert str(item.status) == "changed"
    assert story.crm.notices == []


def test_the_daily_cap_spreads_the_first_run_over_days(make_story: Any, ledger: Ledger) -> None:
    story = make_story(daily_cap=2)
    for number in ("1", "2", "3"):
        story.crm.add(number)
    story.wait(days=15)
    statuses = [sorted(status for _, status in run(story, ledger).values())]
    statuses.append(sorted(status for _, status in run(story.wait(hours=1), ledger).values()))
    statuses.append(sorted(status for _, status in run(story.wait(days=1), ledger).values()))
    assert statuses == [["deferred", "deferred", "done", "done"], ["deferred", "deferred"], ["done", "done"]]
    assert len(story.crm.notices) == 4 * 2
