"""Conditions of scenarios: the task as it is, who caused the event, what day it is; joined by logic.

The logic is a text over the numbers of the conditions: ``(1 И 2) ИЛИ (1 И 3)``; without one all must hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.account import Account
    from crmkit.sandbox.planfix.models import Task

__all__ = ["CONDITIONS", "Circumstance", "Condition", "check_logic", "holds"]

_WORD = re.compile(r"\s*(\(|\)|(?:\d+|И|ИЛИ|НЕ|AND|OR|NOT)(?=[\s()]|$))", re.IGNORECASE)
_AND, _OR, _NOT = ("И", "AND"), ("ИЛИ", "OR"), ("НЕ", "NOT")
WORKS_FROM, WORKS_TO, SATURDAY = 9, 18, 5


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: what it looks at, and what it wants; ``not_`` turns it round."""

    about: str
    value: Any = True
    not_: bool = False

    def __post_init__(self) -> None:
        if self.about not in CONDITIONS:
            raise ValueError(f"no condition {self.about!r}; there are {', '.join(CONDITIONS)}")


@dataclass(frozen=True, slots=True)
class Circumstance:
    """What a condition may look at.

    Attributes:
        account, task: Which task.
        author: Who caused the event.
        by_scenario: Whether another scenario did.
        at: When it is looked at, in seconds since 1970.
    """

    account: Account
    task: Task
    author: str
    by_scenario: bool
    at: float

    @property
    def local(self) -> datetime:
        """The moment in the account's zone."""
        return datetime.fromtimestamp(self.at, ZoneInfo(self.account.settings.timezone))

    def older(self, moment: float | None, days: float) -> bool:
        """Tell whether something was so many days ago or longer; what never was is."""
        return moment is None or self.at - moment >= timedelta(days=days).total_seconds()

    def last_status_change(self) -> float:
        """Return when the status changed last; a task begins with one."""
        changes = (self.account.comments[number] for number in self.task.comments)
        return max((one.at for one in changes if one.status_change), default=self.task.created)

    def last_speaker(self) -> str:
        """Return ``contact``, ``employee`` or ``robot`` by the last comment; empty without any."""
        said = [self.account.comments[number] for number in self.task.comments]
        last = max((one for one in said if one.type == "Comment"), key=lambda one: one.at, default=None)
        if last is None:
            return ""
        kind, _, number = last.owner.partition(":")
        if kind == "contact":
            return kind
        user = self.account.users.get(int(number))
        return "robot" if user and user.role == "Robot" else "employee"


def _works(now: Circumstance, value: Any) -> bool:
    local = now.local
    return (local.weekday() < SATURDAY and WORKS_FROM <= local.hour < WORKS_TO) is bool(value)


def _field(now: Circumstance, value: dict[str, Any]) -> bool:
    found = now.task.fields.get(int(value["field"]))
    return found is not None if "equals" not in value else bool(found == value["equals"])


CONDITIONS: dict[str, Callable[[Circumstance, Any], bool]] = {
    "status": lambda now, value: now.task.status in value,
    "active": lambda now, value: now.account.statuses[now.task.status].is_active is bool(value),
    "field": _field,
    "author": lambda now, value: now.author in value,
    "by_scenario": lambda now, value: now.by_scenario is bool(value),
    "weekday": lambda now, value: now.local.weekday() in value,
    "working_time": _works,
    "last_comment_by": lambda now, value: now.last_speaker() == value,
    "comment_older": lambda now, value: now.older(now.task.commented, value),
    "change_older": lambda now, value: now.older(now.task.updated, value),
    "status_older": lambda now, value: now.older(now.last_status_change(), value),
}
"""What conditions there are: days of the week from 0 (Monday); ``older`` in days."""


def holds(conditions: tuple[Condition, ...], logic: str, now: Circumstance) -> bool:
    """Tell whether the conditions hold; those that nobody put hold always."""
    verdicts = [CONDITIONS[one.about](now, one.value) is not one.not_ for one in conditions]
    return _evaluated(logic, verdicts) if logic else all(verdicts)


def check_logic(logic: str, conditions: int) -> None:
    """Do nothing if the logic can be read.

    Raises:
        ValueError: It cannot, or it names a condition that is not there.
    """
    if logic:
        _evaluated(logic, [True] * conditions)


def _evaluated(logic: str, verdicts: list[bool]) -> bool:
    words, at = [], 0
    while logic[at:].strip():
        match = _WORD.match(logic, at)
        if match is None:
            raise ValueError(f"the logic cannot be read: {logic!r}")
        words.append(match[1].upper())
        at = match.end()
    value, rest = _either(words, 0, verdicts)
    if rest != len(words):
        raise ValueError(f"the logic cannot be read: {logic!r}")
    return value


def _either(words: list[str], at: int, verdicts: list[bool]) -> tuple[bool, int]:
    value, at = _both(words, at, verdicts)
    while at < len(words) and words[at] in _OR:
        other, at = _both(words, at + 1, verdicts)
        value = value or other
    return value, at


def _both(words: list[str], at: int, verdicts: list[bool]) -> tuple[bool, int]:
    value, at = _one(words, at, verdicts)
    while at < len(words) and words[at] in _AND:
        other, at = _one(words, at + 1, verdicts)
        value = value and other
    return value, at


def _one(words: list[str], at: int, verdicts: list[bool]) -> tuple[bool, int]:
    word = words[at] if at < len(words) else ""
    if word in _NOT:
        value, at = _one(words, at + 1, verdicts)
        return not value, at
    if word == "(":
        value, at = _either(words, at + 1, verdicts)
        if at >= len(words) or words[at] != ")":
            raise ValueError("the logic has an open bracket")
        return value, at + 1
    if not word.isdigit() or not 1 <= int(word) <= len(verdicts):
        raise ValueError(f"the logic names no condition with {word!r}")
    return verdicts[int(word) - 1], at + 1
