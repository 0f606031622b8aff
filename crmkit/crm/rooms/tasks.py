"""Tasks for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from crmkit.crm.capabilities import Capability
from crmkit.crm.models import NewTask, Ref, Task, TaskChanges, TaskState, WriteResult
from crmkit.crm.rooms.room import Room

__all__ = ["Tasks"]


class Tasks(Room):
    """Tasks for people."""

    def create(self, task: NewTask, *, key: str) -> WriteResult:
        """Create a task that carries an external key.

        Raises:
            OutcomeUnknown: The answer was lost; look with :meth:`find_by_key`.
        """
        return self._refuse(Capability.TASKS, "create")  # type: ignore[no-any-return]

    def get(self, task_id: str, *, kind: str = "task") -> Task:
        """Return a task with who decided it and when."""
        return self._refuse(Capability.TASKS, "get")  # type: ignore[no-any-return]

    def with_ids(self, *task_ids: str, kind: str = "task") -> Iterator[Task]:
        """Yield these tasks without who decided them, many per request.

        Deleted ones and those in a status that the settings do not name are left out: :meth:`get` tells.

        Raises:
            IncompleteList: The portal answered something else than what it was asked.
        """
        return self._refuse(Capability.TASKS, "with_ids")  # type: ignore[no-any-return]

    def states(self, kind: str = "task") -> frozenset[TaskState]:
        """Return the states for which the settings name a status; nothing is sent.

        Raises:
            ConfigurationError: The settings do not know the kind of tasks, or not which tasks are of it.
        """
        return self._refuse(Capability.TASKS, "states")  # type: ignore[no-any-return]

    def find_by_key(
        self, key: str, *, kind: str = "task", since: datetime, deal: Ref | None = None, title: str = ""
    ) -> Task | None:
        """Find the task that was created with this key, or ``None``.

        Args:
            key: As it was given to :meth:`create`.
            kind: As it was given to :meth:`create`.
            since: It was not created before.
            deal: The deal it belongs to. With the title it is what is left to go by where keys do not come
                back.
            title: The title it was created with.

        Raises:
            OutcomeUnknown: Keys do not come back, and several tasks could be the one.
        """
        return self._refuse(Capability.TASKS, "find_by_key")  # type: ignore[no-any-return]

    def set_state(self, task_id: str, state: TaskState, *, kind: str = "task") -> WriteResult:
        """Move a task to a state."""
        return self._refuse(Capability.TASKS, "set_state")  # type: ignore[no-any-return]

    def update(self, task_id: str, changes: TaskChanges, *, kind: str = "task") -> WriteResult:
        """Change a task in one write.

        Raises:
            OutcomeUnknown: The answer was lost; read the task to see.
        """
        return self._refuse(Capability.TASKS, "update")  # type: ignore[no-any-return]

    def of_deals(self, *deals: Ref, kind: str = "task") -> Iterator[Task]:
        """Yield the tasks of a kind that belong to these deals, without who decided them."""
        return self._refuse(Capability.TASKS, "of_deals")  # type: ignore[no-any-return]

    def minutes_spent(self, *deals: Ref) -> Mapping[Ref, float]:
        """Return how many minutes people have recorded in the tasks of these deals; absent ones have none."""
        return self._refuse(Capability.TIME_RECORDS, "minutes_spent")  # type: ignore[no-any-return]
