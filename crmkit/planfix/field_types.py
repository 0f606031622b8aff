"""The types of custom fields and the values that Python has no type of its own for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import IntEnum

from crmkit.exceptions import ValidationError
from crmkit.planfix.times import time_text

__all__ = ["READ_ONLY", "DateRange", "Entry", "FieldType", "Location", "Period", "type_name"]


class FieldType(IntEnum):
    """The types of custom fields (``GET /customfield/type``). The set is open: unknown numbers are kept."""

    LINE = 0
    NUMBER = 1
    TEXT = 2
    DATE = 3
    TIME = 4
    DATETIME = 5
    PERIOD = 6
    CHECKBOX = 7
    LIST = 8
    DIRECTORY = 9
    CONTACT = 10
    EMPLOYEE = 11
    COUNTERPARTY = 12
    PERSON = 13
    PEOPLE = 14
    DIRECTORY_SET = 15
    TASK = 16
    TASK_SET = 17
    SET = 20
    FILES = 21
    PROJECT = 22
    DATATAG_SUMMARY = 23
    CALCULATED = 24
    LOCATION = 25
    SUBTASK_TOTAL = 26
    AI_RESULT = 27
    DATE_RANGE = 28
    TOTALS = 29


READ_ONLY = frozenset(
    {
        FieldType.DATATAG_SUMMARY,
        FieldType.CALCULATED,
        FieldType.SUBTASK_TOTAL,
        FieldType.AI_RESULT,
        FieldType.TOTALS,
    }
)
"""Types that the portal computes itself."""


@dataclass(frozen=True, slots=True)
class Period:
    """A period within one day, as time since midnight; the end may be 24:00.

    Example:
        >>> Period.between("09:00", "18:30").length
        datetime.timedelta(seconds=34200)
    """

    start: timedelta
    end: timedelta

    @classmethod
    def between(cls, start: str | time, end: str | time) -> Period:
        """Make a period of two times; the end may be ``"24:00"``."""
        return cls(_since_midnight(start), _since_midnight(end))

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class DateRange:
    """A span between two moments, both aware."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Location:
    """A place on the map; degrees."""

    address: str
    longitude: float | None = None
    latitude: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a directory: its key, and its text as the portal shows it."""

    key: int
    value: str = field(default="", compare=False)


def _since_midnight(clock: str | time) -> timedelta:
    text = time_text(clock) if isinstance(clock, time) else clock
    hours, _, minutes = text.partition(":")
    if not (hours.isdecimal() and minutes[:2].isdecimal()):
        raise ValidationError(f"{text!r} is no time of day", hint='write "09:30", or "24:00" for the end')
    return timedelta(hours=int(hours), minutes=int(minutes[:2]))


def type_name(kind: int) -> str:
    """Return how a type is called in messages."""
    try:
        return f"{FieldType(kind).name.lower().replace('_', ' ')} ({int(kind)})"
    except ValueError:
        return str(kind)
