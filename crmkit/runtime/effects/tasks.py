"""Tasks for people."""

from __future__ import annotations

from typing import Any

from crmkit.automation.actions import CreateTask, SetTaskState, UpdateTask
from crmkit.crm.base import Crm
from crmkit.crm.models import WriteResult
from crmkit.runtime.effects.kind import SKEW, Kind, Seen, Sight, Things, compare, found
from crmkit.runtime.images import image
from crmkit.runtime.records import ActionRecord

__all__ = ["TaskCreations", "TaskStates", "TaskUpdates"]


class TaskCreations(Kind[CreateTask]):
    """New tasks."""

    creates = True

    def write(self, crm: Crm, action: CreateTask) -> WriteResult:
        """Create it with its key."""
        return crm.tasks.create(action.task, key=action.key)

    def look(self, crm: Crm, record: ActionRecord, action: CreateTask) -> Seen:
        """Look for its key."""
        task, since = action.task, record.intent_at - SKEW
        one = crm.tasks.find_by_key(action.key, kind=task.kind, since=since, deal=task.deal, title=task.title)
        return found(one.id if one else "")


class TaskUpdates(Kind[UpdateTask]):
    """Changes of tasks. Lines to tick off are not seen in a task, so that only the rest is compared."""

    repeatable = True

    def before(self, crm: Crm, action: UpdateTask, things: Things) -> dict[str, Any]:
        """Return what the task has now."""
        return image(crm.tasks.get(action.task_id, kind=action.task_kind), action.changes)

    def write(self, crm: Crm, action: UpdateTask) -> WriteResult:
        """Change it."""
        return crm.tasks.update(action.task_id, action.changes, kind=action.task_kind)

    def look(self, crm: Crm, record: ActionRecord, action: UpdateTask) -> Seen:
        """Compare the task with what it was and with what it should be."""
        if not self.is_visible(action):
            return Seen(Sight.ABSENT, why="the lines of a task cannot be read back")
        task = crm.tasks.get(action.task_id, kind=action.task_kind)
        return compare(task, record.before, action.changes)

    def is_visible(self, action: UpdateTask) -> bool:
        """Tell whether anything but lines is changed."""
        return bool(action.changes.model_fields_set - {"checklist"})


class TaskStates(Kind[SetTaskState]):
    """Tasks that are moved to a state."""

    repeatable = True

    def before(self, crm: Crm, action: SetTaskState, things: Things) -> dict[str, Any]:
        """Return the state it is in."""
        return {"state": crm.tasks.get(action.task_id, kind=action.task_kind).state}

    def write(self, crm: Crm, action: SetTaskState) -> WriteResult:
        """Move it."""
        return crm.tasks.set_state(action.task_id, action.state, kind=action.task_kind)

    def look(self, crm: Crm, record: ActionRecord, action: SetTaskState) -> Seen:
        """Compare its state."""
        state = crm.tasks.get(action.task_id, kind=action.task_kind).state
        sight = {record.before["state"]: Sight.ABSENT, action.state: Sight.TAKEN}.get(state, Sight.OVERTAKEN)
        return Seen(sight, {"state": state} if sight is Sight.TAKEN else {}, why=f"the task is {state}")
