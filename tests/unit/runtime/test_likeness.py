"""Whether a fresh decision is still the planned one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crmkit.automation.actions import AddComment, CreateTask, Notify, SetTaskState, UpdateDeal
from crmkit.automation.messages import Message
from crmkit.crm.models import DealChanges, NewTask, Person, Ref, TaskState
from crmkit.runtime.likeness import same_actions

NOW = datetime(2025, 3, 18, 9, 0, tzinfo=UTC)
DEAL = Ref(kind="deal", id="7", name="A")
COMMON: dict[str, Any] = {"key": "k", "step": "warn", "entity": DEAL, "reason": Message(key="a")}


def notify(text: str = "return", **values: Any) -> Notify:
    return Notify(**{**COMMON, "people": (Person(id="5", name="Bob"),), "text": text, **values})


def update(**fields: Any) -> UpdateDeal:
    return UpdateDeal(**COMMON, changes=DealChanges(stage="new", fields=fields))


def task(**values: Any) -> CreateTask:
    return CreateTask(**COMMON, task=NewTask(**{"title": "approve", **values}))


@pytest.mark.parametrize(
    ("planned", "fresh"),
    [
        (notify("since 18.03.2025 12:00"), notify("since 19.03.2025 08:30")),
        (notify("since 2025-03-18"), notify("since 2025-04-01")),
        (notify("15 дней без движения"), notify("16 дней без движения")),
        (notify("idle for 15 days"), notify("idle for 16 days")),
        (notify(), notify(people=(Person(id="5", name="Robert"),))),
        (notify(), notify(entity=Ref(kind="deal", id="7", name="renamed"))),
        (notify(), notify(reason=Message(key="b"), data={"x": 1}, key="other")),
        (task(deadline=NOW), task(deadline=NOW + timedelta(days=1))),
        (task(text="by 18.03.2025"), task(text="by 19.03.2025")),
        (update(seen=NOW), update(seen=NOW + timedelta(days=1))),
        (AddComment(**COMMON, text="at 9:30"), AddComment(**COMMON, text="at 11:45")),
    ],
)
def test_what_moves_with_the_time_alone(planned: Any, fresh: Any) -> None:
    assert same_actions([planned], [fresh])


@pytest.mark.parametrize(
    ("planned", "fresh"),
    [
        (notify("return"), notify("keep")),
        (notify("sum 100"), notify("sum 200")),
        (notify(), notify(people=(Person(id="6", name="Bob"),))),
        (notify(), notify(hidden=True)),
        (notify(), notify(step="return")),
        (notify(), notify(episode=2)),
        (notify(), notify(entity=Ref(kind="deal", id="8"))),
        (notify("x"), AddComment(**COMMON, text="x")),
        (update(owner=Person(id="5")), update(owner=Person(id="6"))),
        (update(until=date(2025, 3, 1)), update(until=date(2025, 3, 2))),
        (update(text="12.50"), update(text="13.50")),
        (update(), update(label=None)),
        (task(), task(title="decide")),
        (
            SetTaskState(**COMMON, task_id="1", task_kind="t", state=TaskState.DONE),
            SetTaskState(**COMMON, task_id="1", task_kind="t", state=TaskState.OPEN),
        ),
    ],
)
def test_what_is_something_else(planned: Any, fresh: Any) -> None:
    assert not same_actions([planned], [fresh])


def test_number_and_order_matter() -> None:
    assert same_actions([], [])
    assert not same_actions([notify()], [])
    assert not same_actions([notify(), update()], [update(), notify()])
