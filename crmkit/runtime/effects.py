"""How each kind of action is written, looked for and read back. Knows the portal, not the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any

from crmkit.automation.actions import (
    Action,
    AddComment,
    CreateTask,
    Notify,
    Remember,
    SetTaskState,
    UpdateDeal,
)
from crmkit.crm.base import Crm
from crmkit.crm.models import Deal, WriteResult, WriteStatus
from crmkit.exceptions import NotFound, OutcomeUnknown, RecipeError, Unsupported
from crmkit.runtime.images import Standing, different, image, not_taken, standing
from crmkit.runtime.records import ActionRecord, ActionStatus, Outcome

__all__ = ["Effects", "Seen", "Sight"]

SKEW = timedelta(minutes=5)
"""The portal's clock and ours may differ by this much."""
QUEUE_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between looks for a write that the portal queued (Planfix: HTTP 202, the task is busy)."""
READ_PAUSES = (1.0,)
"""A write that was accepted at once is there at once, or at the second look."""


class Sight(Enum):
    """What was seen when an effect was looked for."""

    TAKEN = "taken"
    ABSENT = "absent"
    OVERTAKEN = "overtaken"
    """The present state is neither what was there before nor what was written: a person was faster."""
    UNCLEAR = "unclear"
    """There is no way to tell."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An effect as it was seen in the portal; ``after`` holds what took effect, all or a part."""

    sight: Sight
    after: dict[str, Any] = field(default_factory=dict)
    remote_id: str = ""
    version: str = ""
    why: str = ""

    @property
    def done(self) -> Outcome:
        """The outcome if it was seen to be there."""
        return Outcome(ActionStatus.DONE, self.after, self.remote_id, version=self.version)


class Effects:
    """The effects that actions have on a portal."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm

    def before(self, action: Action, deal: Deal | None) -> dict[str, Any]:
        """Return what is there now of what the action changes; nothing for what it creates.

        Args:
            action: What is about to be written.
            deal: The deal as it was read a moment ago, if it was.
        """
        if isinstance(action, UpdateDeal):
            known = deal if deal is not None and deal.id == action.target.id else None
            return image(known or self._crm.deals.get(action.target.id), action.changes)
        if isinstance(action, SetTaskState):
            return {"state": self._crm.tasks.get(action.task_id, kind=action.task_kind).state}
        return {}

    def write(self, action: Action) -> WriteResult:
        """Write it. Raises what the portal's client raises."""
        crm = self._crm
        match action:
            case UpdateDeal():
                return crm.deals.update(action.target.id, action.changes)
            case Notify():
                return crm.comments.add(
                    action.target, action.text, notify=action.people, hidden=action.hidden, key=action.key
                )
            case AddComment():
                return crm.comments.add(action.target, action.text, hidden=action.hidden, key=action.key)
            case CreateTask():
                return crm.tasks.create(action.task, key=action.key)
            case SetTaskState():
                return crm.tasks.set_state(action.task_id, action.state, kind=action.task_kind)
            case Remember():
                raise RecipeError("what is only remembered is not written into the portal")
            case _:
                raise RecipeError(f"{action.kind} cannot be carried out yet")

    def look(self, record: ActionRecord) -> Seen:
        """Look whether an effect is there.

        Raises:
            ApiError: The portal answered no.
            TransportError: The portal is out of reach.
        """
        try:
            return self._look(record)
        except NotFound:
            return Seen(Sight.OVERTAKEN, why=f"{record.action().target} is not there any more")
        except (OutcomeUnknown, Unsupported) as error:
            return Seen(Sight.UNCLEAR, why=error.message)

    def confirm(self, record: ActionRecord, result: WriteResult) -> Outcome:
        """Read back what the portal says it accepted, with patience for what it queued.

        Raises:
            ApiError: The portal answered no.
            TransportError: The portal is out of reach.
        """
        failures = "; ".join(f"{name}: {why}" for name, why in result.failures.items())
        creates = record.kind in ("notify", "add_comment", "create_task")
        if creates and result.id and result.status is not WriteStatus.PENDING:
            return Outcome(ActionStatus.DONE, remote_id=result.id, error=failures)
        seen = self._wait_for(record, result.status)
        if seen.sight is Sight.TAKEN:
            return seen.done
        if result.status is WriteStatus.PENDING:
            return Outcome(ActionStatus.PENDING, error="the portal queued it, and it is not visible yet")
        if creates:  # it said done; that its id cannot be found spoils the undo only
            return Outcome(ActionStatus.DONE, error=failures)
        error = failures or f"the portal accepted it, but it did not take effect: {seen.why}"
        return Outcome(ActionStatus.FAILED, seen.after, error=error, version=seen.version)

    def _wait_for(self, record: ActionRecord, status: WriteStatus) -> Seen:
        pauses = {WriteStatus.PENDING: QUEUE_PAUSES, WriteStatus.DONE: READ_PAUSES}.get(status, ())
        seen = self.look(record)
        for pause in pauses:
            if seen.sight is Sight.TAKEN:
                break
            self._crm.clock.sleep(pause)
            seen = self.look(record)
        return seen

    def _look(self, record: ActionRecord) -> Seen:
        action = record.action()
        since = record.intent_at - SKEW
        match action:
            case UpdateDeal():
                return self._look_at_deal(record, action)
            case SetTaskState():
                state = self._crm.tasks.get(action.task_id, kind=action.task_kind).state
                sight = {record.before["state"]: Sight.ABSENT, action.state: Sight.TAKEN}
                seen = sight.get(state, Sight.OVERTAKEN)
                after = {"state": state} if seen is Sight.TAKEN else {}
                return Seen(seen, after, why=f"the task is {state}")
            case CreateTask(task=task):
                found_task = self._crm.tasks.find_by_key(
                    action.key, kind=task.kind, since=since, deal=task.deal, title=task.title
                )
                return _found(found_task.id if found_task else "")
            case Notify() | AddComment():
                found = self._crm.comments.find_own(
                    action.target, text=action.text, key=action.key, since=since
                )
                return _found(found.id if found else "")
            case Remember():
                return Seen(Sight.ABSENT)
            case _:
                raise RecipeError(f"{action.kind} cannot be looked for yet")

    def _look_at_deal(self, record: ActionRecord, action: UpdateDeal) -> Seen:
        deal = self._crm.deals.get(action.target.id)
        after = image(deal, action.changes)
        version = deal.updated_at.isoformat() if deal.updated_at else ""
        stands = standing(deal, record.before, action.changes)
        if stands is Standing.AFTER:
            return Seen(Sight.TAKEN, after, version=version)
        missing = not_taken(deal, action.changes)
        if stands is Standing.OTHER:
            changed = different(deal, {name: record.before.get(name) for name in missing})
            return Seen(Sight.OVERTAKEN, version=version, why=f"a person changed {', '.join(changed)}")
        taken = {name for name in different(deal, record.before) if name not in missing}
        part = {name: after[name] for name in taken}
        return Seen(Sight.ABSENT, part, version=version, why=f"not changed: {', '.join(missing)}")


def _found(remote_id: str) -> Seen:
    return Seen(Sight.TAKEN, remote_id=remote_id) if remote_id else Seen(Sight.ABSENT)
