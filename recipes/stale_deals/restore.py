"""Putting back what was there before the return: only what is still ours, never what a person set since."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from crmkit.automation.actions import Action, Remember, SetTaskState, UpdateDeal
from crmkit.automation.memory import Effect
from crmkit.automation.messages import Message
from crmkit.crm.models import DealChanges, TaskState
from recipes.stale_deals.case import Case
from recipes.stale_deals.snapshot import people

__all__ = ["cancel_task", "end_round", "has_label", "move_task", "put_back", "taken_from_us", "without_label"]

MARKS = ("label", "return_state")


def end_round(case: Case, reason: Message, **data: Any) -> tuple[Action, ...]:
    """Return what ends a round that came to nothing; nothing if none is open.

    The approval task is cancelled, and our label and state are taken off the deal if it lives on and nobody
    has changed them. What a person has done to the deal stays.
    """
    if not case.story.is_open:
        return ()
    return (
        *cancel_task(case, reason),
        *_tidied(case, reason),
        Remember(**case.step("cancelled", reason, **data)),
    )


def cancel_task(case: Case, reason: Message) -> tuple[Action, ...]:
    """Return the cancelling of the approval task, if one is open."""
    task = case.snapshot.approval
    if task is None or task.deleted or task.state is not TaskState.OPEN:
        return ()
    return (move_task(case, "cancel_task", task.id, TaskState.CANCELLED, reason, suffix=task.id),)


def move_task(
    case: Case, step: str, task_id: str, state: TaskState, reason: Message, *, suffix: str
) -> SetTaskState:
    """Return the move of an approval task to a state."""
    common = case.step(step, reason, suffix=suffix)
    return SetTaskState(**common, task_id=task_id, task_kind="approval", state=state)


def put_back(case: Case, returned: Effect, only: Collection[str] = ()) -> dict[str, Any]:
    """Return the values from before the return, as far as what is there now is still ours.

    Args:
        case: A deal that was returned.
        returned: The return.
        only: Names to put back; by default all that the return changed, but no candidate of another time.
    """
    wanted = only or [name for name in returned.before if name != "new_assignee"]
    values = {n: returned.before[n] for n in wanted if n in returned.before and _is_ours(case, returned, n)}
    if "label" in values and isinstance(case.deal.fields.get("label"), tuple):
        had = case.settings.label in _parts(values["label"])
        values["label"] = case.deal.fields["label"] if had else without_label(case)  # others' labels stay
    return values


def taken_from_us(case: Case, returned: Effect) -> str:
    """Return how somebody took over a deal that waits for approval: ``moved``, ``reassigned``, or empty."""
    if not _is_ours(case, returned, "stage"):
        return "moved"
    return "" if _is_ours(case, returned, "assignees") else "reassigned"


def has_label(case: Case) -> bool:
    """Tell whether the deal carries our label."""
    return case.settings.label in _parts(case.deal.fields.get("label"))


def without_label(case: Case) -> Any:
    """Return the value of the label field without our label."""
    value = case.deal.fields.get("label")
    left = tuple(one for one in _parts(value) if one != case.settings.label)
    return left or None if isinstance(value, tuple) else next(iter(left), None)


def _tidied(case: Case, reason: Message) -> tuple[Action, ...]:
    returned = case.story.returned
    if returned is None or case.deal.deleted or not case.deal.open:
        return ()
    values = put_back(case, returned, MARKS)
    return (UpdateDeal(**case.step("tidy", reason), changes=DealChanges(fields=values)),) if values else ()


def _is_ours(case: Case, returned: Effect, name: str) -> bool:
    deal, states = case.deal, case.settings.states
    value = deal.fields.get(name)
    if name == "stage":
        return deal.stage is not None and deal.stage.id == returned.after["stage"]
    if name == "assignees":
        return set(deal.assignees) == set(people(returned.after["assignees"]))
    if name == "return_state":
        return value in (states.free, states.review)
    return has_label(case) if name == "label" else set(_parts(value)) == set(_parts(returned.after[name]))


def _parts(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else () if value is None else (value,)
