"""What was done about a deal so far, told from the effects that the ledger remembers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from crmkit.automation.memory import Effect, Memory

__all__ = ["Story", "Told"]

ENDS = ("close", "cancel", "lost")
LIVE = ("record", "follow", "reopen", "refuse", *ENDS)
"""Steps after which a draft is another one."""


@dataclass(frozen=True)
class Told:
    """A step as we remember it.

    Attributes:
        number: Which of the deal, from 1; never used again.
        id: Of its record.
        data: What was recorded: kind, goal, day, period, start, end, who; moved values included.
        end: The effect that ended it.
        changed_at: When it was recorded, moved or handed over.
        reopened: How often it was opened again.
        refused: How often another step was refused while it was open.
    """

    number: int
    id: str
    data: dict[str, Any]
    end: Effect | None = None
    changed_at: datetime | None = None
    reopened: int = 0
    refused: int = 0

    @property
    def is_open(self) -> bool:
        """Whether its result is still missing."""
        return self.end is None

    @property
    def plan(self) -> tuple[Any, ...]:
        """What the fields of the deal say of it."""
        return tuple(self.data.get(name) for name in ("kind", "goal", "day", "period"))

    @property
    def label(self) -> str:
        """What tells this round of the step apart in keys."""
        return f"{self.number}.{self.reopened}" if self.reopened else str(self.number)


@dataclass(frozen=True)
class Story:
    """What was done about a deal so far.

    Example:
        >>> Story(Memory()).step is None
        True
    """

    memory: Memory

    @cached_property
    def step(self) -> Told | None:
        """The last step that was recorded, open or not."""
        told: Told | None = None
        for one in self.memory.effects:
            if one.step == "record":
                told = Told(one.data["number"], one.remote_id, dict(one.data), changed_at=one.at)
            elif told is not None:
                told = _after(told, one)
        return told

    @property
    def open(self) -> Told | None:
        """The step that is open."""
        return self.step if self.step is not None and self.step.is_open else None

    @property
    def number(self) -> int:
        """The number of the next step: those that were undone count too."""
        return 1 + sum(one.step == "record" for one in (*self.memory.effects, *self.memory.undone))

    @property
    def episode(self) -> int:
        """The round of the deal: another one begins when it is closed."""
        return 1 + self.memory.count("cancel") + self.memory.count("closed")

    @property
    def gap(self) -> str:
        """Which lack of a step this is: after which step, in which round."""
        last = self.step
        return f"{self.episode}:{last.label if last else 0}"

    def reminders(self) -> list[Effect]:
        """Return the reminders of this gap."""
        return [one for one in self.memory.effects if one.step == "remind" and one.data["gap"] == self.gap]

    @property
    def draft_since(self) -> datetime | None:
        """Since when people are changing what is not recorded yet, if that was noted."""
        for one in reversed(self.memory.effects):
            if one.step in LIVE:
                return None
            if one.step == "draft":
                since: datetime = one.data["since"]
                return since
        return None

    @property
    def card(self) -> Effect | None:
        """The comment that is kept up to date."""
        return self.memory.last("card")

    @property
    def card_state(self) -> dict[str, Any]:
        """What that comment says now."""
        last = self.memory.last("card", "card_edit")
        return dict(last.data) if last else {}

    def has(self, key: str) -> bool:
        """Tell whether the effect with this key was done; one that was undone is not done again either."""
        return any(one.key == key for one in (*self.memory.effects, *self.memory.undone))

    def was_undone(self, plan: tuple[Any, ...]) -> bool:
        """Tell whether a record of just this step was taken back by a person."""
        names = ("kind", "goal", "day", "period")
        undone = (one.data for one in self.memory.undone if one.step == "record")
        return any(tuple(data.get(name) for name in names) == plan for data in undone)

    @property
    def is_live(self) -> bool:
        """Whether something may have to be done though the deal is closed."""
        return self.open is not None or bool(self.memory.unsettled)


def _after(told: Told, one: Effect) -> Told:
    match one.step:
        case "follow" | "reassign":
            return replace(told, data={**told.data, **one.data}, changed_at=one.at)
        case "refuse":
            return replace(told, refused=told.refused + 1)
        case "reopen":
            return replace(told, end=None, reopened=told.reopened + 1, refused=0)
        case step if step in ENDS:
            return replace(told, end=one)
        case _:
            return told
