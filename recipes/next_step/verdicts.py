"""The closed vocabulary of what the recipe can think of a deal."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Verdict"]


class Verdict(StrEnum):
    """What the recipe thinks of a deal; the catalogue has each in words."""

    WAITING = "waiting"
    RECORD = "record"
    PLANNED = "planned"
    OVERDUE = "overdue"
    DONE = "done"
    CANCEL = "cancel"

    REFUSE = "refuse"
    ESCALATE = "escalate"
    REASSIGN = "reassign"
    MOVED = "moved"
    DELETED = "deleted"
    REOPENED = "reopened"
    NO_RESULT = "no_result"
    DUPLICATE = "duplicate"

    REMIND = "remind"
    MISSING = "missing"
    CLOSED = "closed"
    UNDONE = "undone"
    GONE = "gone"
    UNSETTLED = "unsettled"
