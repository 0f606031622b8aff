"""The closed vocabulary of what the recipe can think of a client."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Verdict"]


class Verdict(StrEnum):
    """What the recipe thinks of a client; the catalogue has each in words."""

    MARK = "mark"
    MARKED = "marked"
    RESTORE = "restore"
    REVIEW = "review"
    HUMAN = "human"

    ALREADY = "already"
    ASK = "ask"
    ASKED = "asked"
    NO_REASON = "no_reason"
    KEPT = "kept"
    DECLINED = "declined"

    NOT_CONCERNED = "not_concerned"
    TOO_OLD = "too_old"
    GONE = "gone"
    UNSETTLED = "unsettled"
