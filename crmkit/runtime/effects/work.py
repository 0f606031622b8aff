"""Business processes and the spaces for the work with a client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmkit.automation.actions import CreateWorkspace, Invite, StartWorkflow, StopWorkflow
from crmkit.crm.base import Crm
from crmkit.crm.models import Workflow, WorkflowStart, WriteResult
from crmkit.crm.rooms import Outcomes
from crmkit.runtime.effects.kind import SKEW, Bulk, Kind, Seen, Sight, Things, found
from crmkit.runtime.records import ActionRecord

__all__ = ["Invitations", "WorkflowStarts", "WorkflowStops", "WorkspaceCreations"]


class WorkflowStarts(Bulk[StartWorkflow]):
    """Started processes.

    No vendor lets a start carry a key, and what has ended is not listed. So a start of which the answer was
    lost is settled like this:

    - Exactly one process of the template runs on the object, was started by us at or after the intent, and
      no other effect in the ledger has its id: it is ours.
    - One was started just before the intent (the clocks may differ), or there are several: nobody can tell
      which is whose.
    - None: it may never have begun, or have ended already. Only where the recipe knows how long the process
      lasts at least (``StartWorkflow.lasts``), and that time is not over, "not there" means "never begun".
      Otherwise a person has to look; it is never started a second time on a guess.
    """

    creates = True

    def write(self, crm: Crm, action: StartWorkflow) -> WriteResult:
        """Start it."""
        return crm.workflows.start(_start(action))

    def write_many(self, crm: Crm, actions: Sequence[StartWorkflow]) -> Outcomes:
        """Start them."""
        return crm.workflows.start_many([_start(action) for action in actions])

    def look_many(self, crm: Crm, records: Sequence[tuple[ActionRecord, StartWorkflow]]) -> list[Seen]:
        """Look what runs on these objects."""
        since = min(record.intent_at for record, _ in records) - SKEW
        entities = {action.target: None for _, action in records}  # each once, in order
        running = list(crm.workflows.running(*entities, since=since))
        me = crm.me()
        ours = [one for one in running if me is None or one.started_by in (None, me)]
        now = crm.clock.now()
        return [
            _seen_start(record, action, ours, lasts=now < record.intent_at + action.lasts)
            for record, action in records
        ]


class WorkflowStops(Kind[StopWorkflow]):
    """Processes that are stopped; one that has ended already is stopped too."""

    repeatable = True

    def before(self, crm: Crm, action: StopWorkflow, things: Things) -> dict[str, Any]:
        """Return whether it runs."""
        return {"running": _runs(crm, action)}

    def write(self, crm: Crm, action: StopWorkflow) -> WriteResult:
        """Stop it."""
        return crm.workflows.terminate(action.workflow_id, reason=action.text)

    def look(self, crm: Crm, record: ActionRecord, action: StopWorkflow) -> Seen:
        """Look whether it still runs."""
        if _runs(crm, action):
            return Seen(Sight.ABSENT, why="it still runs")
        return Seen(Sight.TAKEN, {"running": False})


class WorkspaceCreations(Kind[CreateWorkspace]):
    """New spaces."""

    creates = True

    def write(self, crm: Crm, action: CreateWorkspace) -> WriteResult:
        """Create it with its key."""
        return crm.workspaces.create(action.workspace, key=action.key)

    def look(self, crm: Crm, record: ActionRecord, action: CreateWorkspace) -> Seen:
        """Look for its key."""
        space = crm.workspaces.find_by_key(action.key)
        return found(space.id if space else "")


class Invitations(Kind[Invite]):
    """Invitations: they are not listed anywhere, but to invite again changes nothing."""

    creates = True
    repeatable = True

    def write(self, crm: Crm, action: Invite) -> WriteResult:
        """Invite."""
        return crm.workspaces.invite(action.workspace.id, action.invitation)

    def look(self, crm: Crm, record: ActionRecord, action: Invite) -> Seen:
        """Tell that it may be done again."""
        return Seen(Sight.ABSENT, why="an invitation cannot be looked for")


def _start(action: StartWorkflow) -> WorkflowStart:
    return WorkflowStart(entity=action.target, template=action.template, parameters=action.parameters)


def _seen_start(
    record: ActionRecord, action: StartWorkflow, running: Sequence[Workflow], *, lasts: bool
) -> Seen:
    here = [one for one in running if one.entity == action.target and _is_of(one, action.template)]
    intent = record.intent_at.replace(microsecond=0)  # portals keep whole seconds
    if not here:
        if lasts:
            return Seen(Sight.ABSENT, why="no such process runs")
        why = "no such process runs: it was never started, or has ended already"
        return Seen(Sight.UNCLEAR, why=why, again=True)
    if len(here) > 1:
        return Seen(Sight.UNCLEAR, why=f"several such processes run: {', '.join(one.id for one in here)}")
    (only,) = here
    if only.started_at is None or only.started_at < intent:
        return Seen(Sight.UNCLEAR, why=f"such a process ({only.id}) may have been started by somebody else")
    return found(only.id)


def _is_of(workflow: Workflow, template: str) -> bool:
    return template in (workflow.template, workflow.template_key)


def _runs(crm: Crm, action: StopWorkflow) -> bool:
    return any(one.id == action.workflow_id for one in crm.workflows.running(action.target))
