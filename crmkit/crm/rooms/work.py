"""Business processes, and the spaces for the work with a client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from crmkit.crm.capabilities import Capability
from crmkit.crm.models import (
    Invitation,
    NewWorkspace,
    Ref,
    Workflow,
    WorkflowStart,
    WorkflowTemplate,
    Workspace,
    WriteResult,
)
from crmkit.crm.rooms.room import Outcomes, Room, one_by_one

__all__ = ["Workflows", "Workspaces"]


class Workflows(Room):
    """Business processes of the portal that run on its objects."""

    def templates(self) -> Sequence[WorkflowTemplate]:
        """Return the processes that can be started."""
        return self._refuse(Capability.WORKFLOWS, "templates")  # type: ignore[no-any-return]

    def start(self, start: WorkflowStart) -> WriteResult:
        """Start a process on an object; ``id`` of the result is that of the running process.

        No vendor lets a start carry a key: what an unknown outcome came to is told by :meth:`running` while
        the process runs, and by nothing afterwards.

        Raises:
            OutcomeUnknown: The answer was lost.
        """
        return self._refuse(Capability.WORKFLOWS, "start")  # type: ignore[no-any-return]

    def start_many(self, starts: Sequence[WorkflowStart]) -> Outcomes:
        """Start processes in as few requests as the provider allows; one outcome each, in order."""
        return one_by_one(self.start, starts)

    def running(self, *entities: Ref, since: datetime | None = None) -> Iterator[Workflow]:
        """Yield the processes that are running now: on these objects, or on all; started since then."""
        return self._refuse(Capability.WORKFLOWS, "running")  # type: ignore[no-any-return]

    def terminate(self, workflow_id: str, *, reason: str = "") -> WriteResult:
        """Stop a running process; one that has ended already is no error."""
        return self._refuse(Capability.WORKFLOWS, "terminate")  # type: ignore[no-any-return]


class Workspaces(Room):
    """Spaces for the work with one client."""

    def create(self, workspace: NewWorkspace, *, key: str) -> WriteResult:
        """Create a space that carries a key.

        Raises:
            Unsupported: The portal does not allow external spaces (any more); the hint tells what is left.
            OutcomeUnknown: The answer was lost; look with :meth:`find_by_key`.
        """
        return self._refuse(Capability.WORKSPACES, "create")  # type: ignore[no-any-return]

    def get(self, workspace_id: str) -> Workspace:
        """Return one space with its members."""
        return self._refuse(Capability.WORKSPACES, "get")  # type: ignore[no-any-return]

    def find_by_key(self, key: str) -> Workspace | None:
        """Find the space that was created with this key, or ``None``."""
        return self._refuse(Capability.WORKSPACES, "find_by_key")  # type: ignore[no-any-return]

    def invite(self, workspace_id: str, invitation: Invitation) -> WriteResult:
        """Invite somebody of the client; who is a member or is invited already stays so, with the same id.

        Raises:
            Unsupported: The portal lets nobody in from outside.
            PermissionDenied: No seat is left, or this token may not invite.
            OutcomeUnknown: The answer was lost; calling it again is safe.
        """
        return self._refuse(Capability.EXTRANET_GROUPS, "invite")  # type: ignore[no-any-return]

    def why_not_external(self) -> str:
        """Return why no external space can be made now, or an empty text; nothing is changed."""
        return self._refuse(Capability.WORKSPACES, "why_not_external")  # type: ignore[no-any-return]
