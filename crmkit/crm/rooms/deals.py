"""Deals and their history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from crmkit.crm.capabilities import Capability
from crmkit.crm.filters import Explanation, Expression
from crmkit.crm.models import Activity, Deal, DealChanges, NewDeal, Ref, WriteResult
from crmkit.crm.rooms.room import Outcomes, Room, one_by_one

__all__ = ["Deals"]


class Deals(Room):
    """Deals and their history."""

    def find(self, *conditions: Expression) -> Iterator[Deal]:
        """Yield all deals that satisfy every condition, streamed, ordered by id, or raise.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        return self._refuse(Capability.DEALS, "find")  # type: ignore[no-any-return]

    def explain(self, *conditions: Expression) -> Explanation:
        """Tell which part of a filter the vendor evaluates and which is evaluated here."""
        return self._refuse(Capability.DEALS, "explain")  # type: ignore[no-any-return]

    def get(self, deal_id: str) -> Deal:
        """Return one deal.

        Raises:
            NotFound: There is none with this id, or this token may not see it.
        """
        return self._refuse(Capability.DEALS, "get")  # type: ignore[no-any-return]

    def history(self, deal_id: str, *, until_human: bool = False) -> tuple[Activity, ...]:
        """Return what happened to a deal, newest first.

        Args:
            deal_id: The deal.
            until_human: Stop reading older pages once an entry of a person or client is there.
        """
        return self._refuse(Capability.DEAL_HISTORY, "history")  # type: ignore[no-any-return]

    def update(self, deal_id: str, changes: DealChanges) -> WriteResult:
        """Change a deal in one write.

        Raises:
            ConfigurationError: A stage or field name is not in ``crmkit.toml``; nothing was sent.
            ValidationError: A value does not fit the field; nothing was sent.
            OutcomeUnknown: The answer was lost; read the deal to see.
        """
        return self._refuse(Capability.DEALS, "update")  # type: ignore[no-any-return]

    def create(self, deal: NewDeal, *, key: str) -> WriteResult:
        """Create a deal that carries an external key.

        Raises:
            ConfigurationError: A pipeline, stage or field name is not in ``crmkit.toml``; nothing was sent.
            ValidationError: A value does not fit the field; nothing was sent.
            OutcomeUnknown: The answer was lost; look with :meth:`find_by_key`.
        """
        return self._refuse(Capability.CREATE_DEALS, "create")  # type: ignore[no-any-return]

    def find_by_key(self, *keys: str) -> Iterator[Deal]:
        """Yield the deals that were created with these keys, ``key`` filled in; deleted ones are left out.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        return self._refuse(Capability.CREATE_DEALS, "find_by_key")  # type: ignore[no-any-return]

    def create_many(self, deals: Sequence[tuple[NewDeal, str]]) -> Outcomes:
        """Create deals with their keys, in as few requests as the provider allows; one outcome each.

        Nothing is raised for a single deal: its error is its outcome.
        """
        return one_by_one(lambda pair: self.create(pair[0], key=pair[1]), deals)

    def update_many(self, changes: Sequence[tuple[str, DealChanges]]) -> Outcomes:
        """Change deals, each in one write, in as few requests as the provider allows; one outcome each."""
        return one_by_one(lambda pair: self.update(*pair), changes)

    def stage_changes(self, *, since: datetime, until: datetime) -> Iterator[tuple[Ref, Activity]]:
        """Yield every change of stage of a deal in a period, oldest first; for reports."""
        return self._refuse(Capability.STAGE_HISTORY, "stage_changes")  # type: ignore[no-any-return]
