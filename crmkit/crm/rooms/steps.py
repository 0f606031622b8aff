"""Next steps of deals, as records that the portal's own calendar shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from crmkit.crm.capabilities import Capability
from crmkit.crm.models import NewStep, Ref, Step, StepChanges, WriteResult
from crmkit.crm.rooms.room import Room

__all__ = ["Steps"]


class Steps(Room):
    """Records of next steps."""

    def create(self, step: NewStep, *, key: str) -> WriteResult:
        """Record a step.

        Raises:
            ConfigurationError: The settings do not say how steps are recorded; nothing was sent.
            OutcomeUnknown: The answer was lost; look with :meth:`find_by_key`.
        """
        return self._refuse(Capability.STEP_RECORDS, "create")  # type: ignore[no-any-return]

    def get(self, step_id: str) -> Step:
        """Return one step.

        Raises:
            NotFound: It is not there any more: somebody deleted it.
        """
        return self._refuse(Capability.STEP_RECORDS, "get")  # type: ignore[no-any-return]

    def update(self, step_id: str, changes: StepChanges) -> WriteResult:
        """Change an open step in one write."""
        return self._refuse(Capability.STEP_RECORDS, "update")  # type: ignore[no-any-return]

    def close(self, step_id: str, result: str) -> WriteResult:
        """Complete a step with its result; one that is complete already keeps its result."""
        return self._refuse(Capability.STEP_RECORDS, "close")  # type: ignore[no-any-return]

    def of_deals(self, *deals: Ref) -> Iterator[Step]:
        """Yield the steps of these deals, complete ones too, the oldest first for each deal.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        return self._refuse(Capability.STEP_RECORDS, "of_deals")  # type: ignore[no-any-return]

    def find_by_key(self, key: str, *, step: NewStep, since: datetime) -> Step | None:
        """Find the step that was recorded with this key, or ``None``.

        Args:
            key: As it was given to :meth:`create`.
            step: As it was given to :meth:`create`: what is left to go by where keys do not come back.
            since: It was not recorded before.
        """
        return self._refuse(Capability.STEP_RECORDS, "find_by_key")  # type: ignore[no-any-return]
