"""What the memory tells about a deal: which round it is in, and how far that round has come.

A round (episode) begins with the first warning and ends when the transfer is approved, rejected, cancelled or
undone. Nothing else is kept anywhere: from these effects a run that was killed goes on where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from crmkit.automation.memory import Effect, Memory

__all__ = ["APPROVALS", "Story"]

APPROVALS = ("approval", "approval_again", "approval_escalated")
"""Steps that create an approval task; the last one done names the task that counts."""
ENDINGS = ("approved", "rejected", "cancelled")
"""Steps that end a round: the last of its chain, so that a chain that broke off is not taken for ended."""
MILESTONES = ("warn", "return", "approval", "approve", "reject", *ENDINGS)
"""Steps that, when undone, end the round: whoever undid them had something else in mind."""


@dataclass(frozen=True)
class Story:
    """The effects on one deal, read as a story."""

    memory: Memory

    @cached_property
    def _ends(self) -> dict[int, datetime]:
        """When each ended round ended; a cancelled one at the act of the person that cancelled it."""
        ends = {e.episode: e.data.get("clock_from", e.at) for e in self.memory.effects if e.step in ENDINGS}
        undone = {e.episode: e.at for e in self.memory.undone if e.step in MILESTONES}
        return ends | undone

    @property
    def episode(self) -> int:
        """The number of the round that the deal is in or would begin."""
        return 1 + len(self._ends)

    @property
    def ended_at(self) -> datetime | None:
        """When the round before this one ended: the clock does not look back further."""
        ends = [*self._ends.values(), *(e.at for e in self.memory.effects if e.step == "release")]
        return max(ends, default=None)

    def effect(self, *steps: str) -> Effect | None:
        """Return the newest effect of these steps in the present round."""
        found = (e for e in reversed(self.memory.effects) if e.step in steps and e.episode == self.episode)
        return next(found, None)

    def has(self, key: str) -> bool:
        """Tell whether the effect with this key was done; one that was undone is not done again either."""
        return any(e.key == key for e in (*self.memory.effects, *self.memory.undone))

    @property
    def warned_at(self) -> datetime | None:
        """When the warning of this round was delivered."""
        warning = self.effect("warn")
        return warning.data.get("delivered_at", warning.at) if warning else None

    @property
    def idle_since(self) -> datetime | None:
        """Since when nobody had touched the deal when it was warned, as its history told then."""
        warning = self.effect("warn")
        return warning.data.get("idle_since") if warning else None

    @property
    def returned(self) -> Effect | None:
        """The return of this round: from now on the supervisor has to decide."""
        return self.effect("return")

    @property
    def approval(self) -> Effect | None:
        """The creation of the approval task that counts."""
        return self.effect(*APPROVALS)

    @property
    def is_open(self) -> bool:
        """Whether this round has begun: the deal was warned."""
        return self.effect("warn", "return") is not None

    @property
    def is_held(self) -> bool:
        """Whether a manual edit stopped the transfer and nobody has released the deal since."""
        last = self.memory.last("cancelled", "release")
        return last is not None and bool(last.data.get("hold"))

    @property
    def returns(self) -> int:
        """How often the deal was returned."""
        return self.memory.count("return")
