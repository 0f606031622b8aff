"""What a recipe remembers of an entity: its effects, as the ledger recorded them. There is no other state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from crmkit.crm.models import DealChanges, Ref

__all__ = ["DEAL_PARTS", "Effect", "Memory", "MemoryStore", "NoMemory", "restoring"]

DEAL_PARTS = ("title", "stage", "assignees", "amount")
"""The parts of a deal that are no custom fields; images hold both, so no field may be called so."""


class Effect(BaseModel):
    """One thing that was done.

    Attributes:
        key, step, episode, data: As in the action.
        at: When it was confirmed (UTC).
        before: What was there before, by logical name: ``stage`` (the vendor's id), ``assignees``, ``title``,
            ``amount`` and custom fields side by side, as Python values, ``None`` for a field that had no
            value; only what the action changed. Empty for things that were created.
        after: What was there afterwards, as it was read back; same names.
        remote_id: The id of what was created, if anything.
        run: The run that did it.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    step: str
    episode: int
    at: datetime
    data: dict[str, Any] = Field(default_factory=dict)
    before: dict[str, Any] = Field(default_factory=dict)
    after: dict[str, Any] = Field(default_factory=dict)
    remote_id: str = ""
    run: str = ""

    def restoring(self) -> DealChanges:
        """Return the changes that put back what was there before an ``UpdateDeal``.

        Example:
            >>> from datetime import UTC
            >>> at = datetime(2025, 3, 1, tzinfo=UTC)
            >>> was = {"stage": "2", "label": None}
            >>> effect = Effect(key="k", step="return", episode=1, at=at, before=was)
            >>> effect.restoring().model_dump(exclude_unset=True)
            {'stage': '2', 'fields': {'label': None}}
        """
        return restoring(self.before)


def restoring(before: Mapping[str, Any]) -> DealChanges:
    """Return the changes that put back what a before-image shows; of no amount, zero."""
    own = {name: value for name, value in before.items() if name in DEAL_PARTS and value is not None}
    if "amount" in before:
        own.setdefault("amount", Decimal(0))
    fields = {name: value for name, value in before.items() if name not in DEAL_PARTS}
    return DealChanges(**own, fields=fields)


class Memory(BaseModel):
    """The confirmed effects of one recipe on one entity, oldest first; undone ones are not among them.

    Example:
        >>> Memory().last("warn") is None
        True
    """

    model_config = ConfigDict(frozen=True)

    effects: tuple[Effect, ...] = ()
    unsettled: tuple[str, ...] = ()
    """Keys of effects whose outcome is not known; a recipe that finds one here should wait for a person."""
    undone: tuple[Effect, ...] = ()
    """Effects that were taken back by ``crmkit undo``; ``at`` is when they were undone, not when they were
    done. They are not among ``effects``; a recipe sees here that it should not do the same again at once."""

    def last(self, *steps: str) -> Effect | None:
        """Return the newest effect of these steps."""
        return next((e for e in reversed(self.effects) if e.step in steps), None)

    def of_episode(self, episode: int, step: str) -> Effect | None:
        """Return the effect of a step in an episode."""
        return next((e for e in reversed(self.effects) if e.step == step and e.episode == episode), None)

    def count(self, step: str) -> int:
        """Return how often a step was done."""
        return sum(e.step == step for e in self.effects)


class MemoryStore(Protocol):
    """Where memories come from: the ledger."""

    def recall(self, portal: str, recipe: str, entities: Iterable[Ref]) -> Mapping[Ref, Memory]:
        """Return the memories of these entities; entities without one are absent."""
        ...

    def known(self, portal: str, recipe: str) -> Iterable[Ref]:
        """Return every entity on which the recipe has had an effect."""
        ...

    def counted_since(self, portal: str, recipe: str, moment: datetime) -> int:
        """Return how many entities took a place of the daily cap since the moment."""
        ...


class NoMemory:
    """A store that remembers nothing: for a first look without a ledger."""

    def recall(self, portal: str, recipe: str, entities: Iterable[Ref]) -> Mapping[Ref, Memory]:
        """Return no memory."""
        return {}

    def known(self, portal: str, recipe: str) -> Iterable[Ref]:
        """Return no entity."""
        return ()

    def counted_since(self, portal: str, recipe: str, moment: datetime) -> int:
        """Return zero."""
        return 0
