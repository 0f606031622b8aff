"""Processes and their statuses."""

from __future__ import annotations

from crmkit.planfix.checks import positive
from crmkit.planfix.models.process import Process, Status
from crmkit.planfix.resources.base import Resource

__all__ = ["STATUS_FIELDS", "Processes"]

STATUS_FIELDS = "id,name,color,isActive,hasDeadline,isAppliedIndividually,texts"
"""All fields of a status."""


class Processes(Resource):
    """``/process/*``. Read-only: processes are made in the web interface."""

    def tasks(self) -> tuple[Process, ...]:
        """Return the processes of tasks: ``GET /process/task``."""
        return self._connection.many(Process, "processes", "GET /process/task", params={"fields": "id,name"})

    def contacts(self) -> tuple[Process, ...]:
        """Return the processes of contacts: ``GET /process/contact``."""
        return self._connection.many(
            Process, "processes", "GET /process/contact", params={"fields": "id,name"}
        )

    def task_statuses(self, process_id: int) -> tuple[Status, ...]:
        """Return the statuses of a process of tasks: ``GET /process/task/{id}/statuses``."""
        return self._connection.many(
            Status,
            "statuses",
            "GET /process/task/{id}/statuses",
            positive("process", process_id),
            params={"fields": STATUS_FIELDS},
        )
