"""The effects that actions have on a portal, whatever their kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmkit.automation.actions import Action
from crmkit.crm.base import Crm
from crmkit.crm.models import WriteResult, WriteStatus
from crmkit.exceptions import NotFound, OutcomeUnknown, RecipeError, Unsupported
from crmkit.runtime.effects.deals import CardUpdates, CompanyCreations, DealCreations, DealUpdates
from crmkit.runtime.effects.kind import Kind, Seen, Sight, Things
from crmkit.runtime.effects.notes import Notes
from crmkit.runtime.effects.steps import CommentEdits, StepEnds, StepRecords, StepUpdates
from crmkit.runtime.effects.tasks import TaskCreations, TaskStates, TaskUpdates
from crmkit.runtime.effects.work import Invitations, WorkflowStarts, WorkflowStops, WorkspaceCreations
from crmkit.runtime.records import ActionRecord, ActionStatus, Outcome

__all__ = ["Effects", "kind_of"]

QUEUE_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between looks for a write that the portal queued (Planfix: HTTP 202, the task is busy)."""
READ_PAUSES = (1.0,)
"""A write that was accepted at once is there at once, or at the second look."""
KINDS: Mapping[str, Kind[Any]] = {
    "update_deal": DealUpdates(),
    "create_deal": DealCreations(),
    "create_company": CompanyCreations(),
    "update_card": CardUpdates(),
    "add_comment": Notes(),
    "notify": Notes(),
    "create_task": TaskCreations(),
    "update_task": TaskUpdates(),
    "set_task_state": TaskStates(),
    "start_workflow": WorkflowStarts(),
    "stop_workflow": WorkflowStops(),
    "create_workspace": WorkspaceCreations(),
    "invite": Invitations(),
    "edit_comment": CommentEdits(),
    "record_step": StepRecords(),
    "update_step": StepUpdates(),
    "close_step": StepEnds(),
}


def kind_of(name: str) -> Kind[Any]:
    """Return what is known of a kind of action.

    Raises:
        RecipeError: It is not written into the portal.
    """
    kind = KINDS.get(name)
    if kind is None:
        raise RecipeError(f"{name} is not written into the portal")
    return kind


class Effects:
    """The effects that actions have on a portal."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm

    def before(self, action: Action, things: Things) -> dict[str, Any]:
        """Return what is there now of what the action changes; nothing for what it creates.

        Args:
            action: What is about to be written.
            things: What was read a moment ago.
        """
        return kind_of(action.kind).before(self._crm, action, things)

    def write(self, action: Action) -> WriteResult:
        """Write it. Raises what the portal's client raises."""
        return kind_of(action.kind).write(self._crm, action)

    def look(self, record: ActionRecord) -> Seen:
        """Look whether an effect is there.

        Raises:
            ApiError: The portal answered no.
            TransportError: The portal is out of reach.
        """
        action = record.action()
        try:
            return kind_of(record.kind).look(self._crm, record, action)
        except NotFound:
            return Seen(Sight.OVERTAKEN, why=f"{action.target} is not there any more")
        except (OutcomeUnknown, Unsupported) as error:
            return Seen(Sight.UNCLEAR, why=error.message)

    def confirm(self, record: ActionRecord, result: WriteResult) -> Outcome:
        """Read back what the portal says it accepted, with patience for what it queued.

        Raises:
            ApiError: The portal answered no.
            TransportError: The portal is out of reach.
        """
        kind = kind_of(record.kind)
        failures = "; ".join(f"{name}: {why}" for name, why in result.failures.items())
        if kind.creates and result.id and result.status is not WriteStatus.PENDING:
            return Outcome(ActionStatus.DONE, remote_id=result.id, error=failures)
        if result.status is WriteStatus.DONE and not kind.is_visible(record.action()):
            return Outcome(ActionStatus.DONE)
        seen = self._wait_for(record, result.status)
        if seen.sight is Sight.TAKEN:
            return seen.done
        if result.status is WriteStatus.PENDING:
            return Outcome(ActionStatus.PENDING, error="the portal queued it, and it is not visible yet")
        if kind.creates:  # it said done; that its id cannot be found spoils the undo only
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
