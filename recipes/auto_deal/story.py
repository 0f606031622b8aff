"""What the memory tells about a company: which deals we made for it, and whom we asked to complete its card.

A deal belongs to a period: one month of service, or, with one deal per company, the empty text. Nothing else
is kept anywhere: from these effects a run that was killed goes on where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crmkit.automation.memory import Effect, Memory

__all__ = ["Story"]

ASKED = ("ask", "ask_update", "reopen")
WRITTEN = ("deal", "rename", "update")


@dataclass(frozen=True)
class Story:
    """The effects on one company, read as a story."""

    memory: Memory

    def has(self, key: str) -> bool:
        """Tell whether the effect with this key was done; one that was undone is not done again either."""
        return any(e.key == key for e in (*self.memory.effects, *self.memory.undone))

    def times(self, step: str) -> int:
        """Return how often a step was done, undone ones included: the next one needs another key."""
        return sum(e.step == step for e in (*self.memory.effects, *self.memory.undone))

    def took_back(self, step: str, **facts: Any) -> bool:
        """Tell whether an undo took back an effect of this step with these facts: it is not to come again."""
        undone = (effect.data for effect in self.memory.undone if effect.step == step)
        return any(all(data.get(name) == value for name, value in facts.items()) for data in undone)

    # Deals

    @cached_property
    def deals(self) -> tuple[Effect, ...]:
        """The deals that we created, oldest first."""
        return tuple(effect for effect in self.memory.effects if effect.step == "deal")

    def deal(self, period: str) -> Effect | None:
        """Return the deal that we created for a period, the newest if there are several."""
        found = (effect for effect in reversed(self.deals) if effect.data.get("period", "") == period)
        return next(found, None)

    def is_undone(self, period: str) -> bool:
        """Tell whether our deal for a period was taken back by an undo."""
        return self.took_back("deal", period=period)

    def written(self, deal_id: str) -> dict[str, Any]:
        """Return what we last wrote into a deal of ours: title, tariff, amount."""
        facts: dict[str, Any] = {}
        for effect in self.memory.effects:
            if effect.step in WRITTEN and deal_id in (effect.remote_id, effect.data.get("deal")):
                facts |= effect.data
        return facts

    # The task that asks for what is missing

    @cached_property
    def asked(self) -> Effect | None:
        """The creation of the task that is open as far as we know; ``None`` if nobody is asked now."""
        last = self.memory.last("ask", "ask_end")
        return last if last is not None and last.step == "ask" else None

    @property
    def first_asked(self) -> Effect | None:
        """The first time that somebody was asked."""
        return next((effect for effect in self.memory.effects if effect.step == "ask"), None)

    @property
    def told(self) -> dict[str, Any]:
        """What the open task says now: the problems it lists, whose it is, until when."""
        if self.asked is None:
            return {}
        facts: dict[str, Any] = {}
        for effect in self.memory.effects[self.memory.effects.index(self.asked) :]:
            facts |= effect.data if effect.step in ASKED else {}
        return facts

    @property
    def reopened(self) -> bool:
        """Whether we have opened the present task again already."""
        if self.asked is None:
            return False
        later = self.memory.effects[self.memory.effects.index(self.asked) :]
        return any(effect.step == "reopen" for effect in later)
