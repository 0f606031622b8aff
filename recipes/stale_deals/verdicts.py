"""The closed vocabulary of what the recipe can think of a deal."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["EXCLUDED", "Verdict"]


class Verdict(StrEnum):
    """What the recipe thinks of a deal; the catalogue has each in words."""

    ACTIVE = "active"
    WARN = "warn"
    WARNED = "warned"
    RETURN = "return"

    AWAITING = "awaiting"
    OVERDUE = "overdue"
    REVIEW = "review"
    APPROVE = "approve"
    REJECT = "reject"
    ESCALATE = "escalate"
    NO_CANDIDATE = "no_candidate"
    NOT_ALLOWED = "not_allowed"
    APPROVAL_AGAIN = "approval_again"
    APPROVAL_LOST = "approval_lost"
    TAKEN_OVER = "taken_over"

    REFUSED_WITHOUT_REASON = "refused_without_reason"
    CLOSED = "closed"
    GONE = "gone"
    EXCLUDED_STAGE = "excluded_stage"
    EXCLUDED_PIPELINE = "excluded_pipeline"
    EXCLUDED_AMOUNT = "excluded_amount"
    CANCELLED = "cancelled"
    HELD = "held"
    RELEASED = "released"
    SNOOZED = "snoozed"
    LOOP_GUARD = "loop_guard"

    UNSETTLED = "unsettled"
    ORPHAN = "orphan"
    NO_DATE = "no_date"
    NOBODY_TO_NOTIFY = "nobody_to_notify"


EXCLUDED = frozenset(
    {
        Verdict.REFUSED_WITHOUT_REASON,
        Verdict.CLOSED,
        Verdict.GONE,
        Verdict.EXCLUDED_STAGE,
        Verdict.EXCLUDED_PIPELINE,
        Verdict.EXCLUDED_AMOUNT,
        Verdict.CANCELLED,
        Verdict.HELD,
        Verdict.RELEASED,
        Verdict.SNOOZED,
        Verdict.LOOP_GUARD,
        Verdict.TAKEN_OVER,
        Verdict.UNSETTLED,
        Verdict.ORPHAN,
        Verdict.NO_DATE,
        Verdict.NOBODY_TO_NOTIFY,
    }
)
"""The verdicts that keep a deal from being moved; the report counts each of them."""
