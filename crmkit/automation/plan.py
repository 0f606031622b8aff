"""A plan: what a recipe would do, item by item, with reasons, cost and time; shown, stored and applied."""

from __future__ import annotations

import importlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_serializer, field_validator

from crmkit.automation.actions import Action
from crmkit.automation.messages import Language, Message
from crmkit.automation.values import decode, encode
from crmkit.crm.base import Crm
from crmkit.crm.models import Ref
from crmkit.exceptions import PlanStale

if TYPE_CHECKING:
    from crmkit.automation.memory import MemoryStore
    from crmkit.automation.recipe import Recipe

__all__ = ["Estimate", "Plan", "PlanItem"]


class PlanItem(BaseModel):
    """One entity in a plan.

    Attributes:
        entity: What it is about; ``entity.name`` is its title.
        verdict, reason, evidence, attention, counted, facts: As the recipe decided.
        actions: What would be done, in order. Empty if it is left alone or deferred.
        deferred: Actions that wait: for office hours, or for tomorrow's share of the daily cap.
        look_again: When the recipe wants to be asked again, as it decided.
        not_before: When the deferred actions may be done; ``None`` if it is the cap that holds them.
    """

    model_config = ConfigDict(frozen=True)

    entity: Ref
    title: str = ""
    url: str = ""
    verdict: str
    reason: Message
    evidence: tuple[Message, ...] = ()
    attention: bool = False
    counted: bool = False
    facts: dict[str, Any] = Field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    deferred: tuple[Action, ...] = ()
    not_before: datetime | None = None
    look_again: datetime | None = None

    @field_serializer("facts", when_used="json")
    def _keep_facts(self, facts: dict[str, Any]) -> dict[str, Any]:
        return {name: encode(value) for name, value in facts.items()}

    @field_validator("facts", mode="before")
    @classmethod
    def _restore_facts(cls, facts: Any) -> Any:
        return decode(facts)


class Estimate(BaseModel):
    """What applying a plan will cost.

    Attributes:
        requests: API requests, reads before and after the writes included.
        seconds: How long that takes at the portal's rate.
        left_today: Requests left of the daily budget before it starts, where the vendor counts days.
    """

    model_config = ConfigDict(frozen=True)

    requests: int = 0
    seconds: float = 0.0
    left_today: int | None = None

    @property
    def fits_today(self) -> bool:
        """Whether the daily budget is enough."""
        return self.left_today is None or self.requests <= self.left_today


@dataclass
class _Bound:
    recipe: Recipe[Any, Any]
    crm: Crm
    memory: MemoryStore


class Plan(BaseModel):
    """What a recipe would do now.

    Attributes:
        id: The plan's id; a run of it refers to it.
        recipe, settings: Which recipe with which settings made it.
        provider, portal: For which portal.
        created_at: When (UTC).
        language: Of the texts that are written into the portal.
        items: Every entity that was judged.
        requests_used: API requests that making the plan took.
        estimate: What applying it will take.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    recipe: str
    settings: dict[str, Any] = Field(default_factory=dict)
    provider: str = ""
    portal: str
    created_at: datetime
    language: Language = "ru"
    items: tuple[PlanItem, ...] = ()
    requests_used: int = 0
    estimate: Estimate = Estimate()
    _bound: _Bound | None = PrivateAttr(default=None)

    def bind(self, recipe: Recipe[Any, Any], crm: Crm, memory: MemoryStore) -> Plan:
        """Attach what :meth:`apply` needs; a plan read from a file has to be bound before it is applied."""
        self._bound = _Bound(recipe, crm, memory)
        return self

    @property
    def to_do(self) -> tuple[PlanItem, ...]:
        """The items with something to do now."""
        return tuple(item for item in self.items if item.actions)

    def verdicts(self) -> dict[str, int]:
        """Return how many items got which verdict, most frequent first."""
        return dict(Counter(item.verdict for item in self.items).most_common())

    def show(self, *, language: Language | None = None, limit: int = 20) -> None:
        """Print the plan as a table: what would be done to whom and why, and what it costs."""
        importlib.import_module("crmkit.automation.show").show_plan(self, language or self.language, limit)

    def apply(self, **options: Any) -> Any:
        """Do it: re-read each item, skip what changed, journal every write; see ``runtime.executor.apply``.

        Returns:
            The run: a :class:`crmkit.runtime.executor.RunResult`.

        Raises:
            PlanStale: The plan was read from a file and not bound to a portal.
        """
        if self._bound is None:
            hint = "use: crmkit apply PLANFILE, or plan.bind(...)"
            raise PlanStale("this plan is not bound to a portal", hint=hint)
        executor = importlib.import_module("crmkit.runtime.executor")
        return executor.apply(self, self._bound.recipe, self._bound.crm, self._bound.memory, **options)
