"""The closed vocabulary of what the recipe can think of a company."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["HAS_DEAL", "Verdict"]


class Verdict(StrEnum):
    """What the recipe thinks of a company; the catalogue has each in words."""

    # It has its deal
    DONE = "done"
    ADOPTED = "adopted"
    STEPS = "steps"
    RENAME = "rename"
    RENAMED = "renamed"
    UPDATE = "update"
    CHANGED = "changed"
    SUCCEED = "succeed"

    # It gets its deal now
    CREATE = "create"

    # Somebody is asked to complete its card
    ASK = "ask"
    ASK_AGAIN = "ask_again"
    REOPEN = "reopen"
    WAITING = "waiting"
    OVERDUE = "overdue"
    TASK_CLOSED = "task_closed"
    TASK_DELETED = "task_deleted"

    # It gets none, and a person should know why
    DUPLICATE = "duplicate"
    NOBODY = "nobody"
    NO_OPTION = "no_option"
    DEAL_DELETED = "deal_deleted"
    UNDONE = "undone"
    UNSETTLED = "unsettled"

    # It gets none, as it should be
    EXCLUDED = "excluded"
    NO_CLIENT = "no_client"
    TOO_LATE = "too_late"
    NOT_YET = "not_yet"
    ENDED = "ended"
    GONE = "gone"


HAS_DEAL = frozenset(
    {
        Verdict.DONE,
        Verdict.ADOPTED,
        Verdict.STEPS,
        Verdict.RENAME,
        Verdict.RENAMED,
        Verdict.UPDATE,
        Verdict.CHANGED,
        Verdict.SUCCEED,
    }
)
"""The verdicts on companies whose deal is there; every other one is a reason why there is none."""
