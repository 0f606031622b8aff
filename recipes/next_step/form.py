"""The five fields of a deal in which people plan a step, as they are and as they are meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from crmkit.automation.calendar import WorkCalendar

if TYPE_CHECKING:
    from recipes.next_step.settings import NextStepSettings

__all__ = ["FIELDS", "Draft", "Form", "completed", "fingerprint", "period_text", "span"]

FIELDS = ("step_kind", "step_goal", "step_date", "step_period")
RESULT = "step_result"
SPAN = re.compile(r"\s*(\d{1,2}):(\d\d)\s*[-–—]\s*(\d{1,2}):(\d\d)\s*")
WHOLE_DAY = (time(0), time(0))
"""A period that begins and ends at midnight: a step that has a date but no time."""


def span(text: str) -> tuple[time, time] | None:
    """Return a period from its text, ``None`` if it is none.

    Example:
        >>> span("10:00–10:15")
        (datetime.time(10, 0), datetime.time(10, 15))
        >>> span("утром") is None
        True
    """
    match = SPAN.fullmatch(text)
    if match is None:
        return None
    hours = [int(part) for part in match.groups()]
    if hours[2:] == [24, 0]:
        hours[2] = 0
    if max(hours[0], hours[2]) > 23 or max(hours[1], hours[3]) > 59:
        return None
    return time(hours[0], hours[1]), time(hours[2], hours[3])


def period_text(period: tuple[time, time]) -> str:
    """Return a period as the portal's field holds it, empty for a whole day."""
    return "" if period == WHOLE_DAY else f"{period[0]:%H:%M}–{period[1]:%H:%M}"


def fingerprint(result: str) -> str:
    """Return what tells results apart: case, spaces and how letters are encoded do not matter.

    Example:
        >>> fingerprint("Договорились ") == fingerprint("договорились")
        True
    """
    plain = " ".join(unicodedata.normalize("NFKC", result).casefold().split())
    return sha256(plain.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Form:
    """What stands in the fields.

    Attributes:
        kind, goal, day, period: Of the step; empty if nothing stands there.
        result: Of the step that is open.
    """

    kind: str = ""
    goal: str = ""
    day: date | None = None
    period: str = ""
    result: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Form:
        """Read the fields of a deal."""
        day = fields.get("step_date")
        text = {name: " ".join(str(fields.get(name) or "").split()) for name in (*FIELDS, RESULT)}
        given = span(text["step_period"])
        return cls(
            kind=text["step_kind"],
            goal=text["step_goal"],
            day=day.date() if isinstance(day, datetime) else day if isinstance(day, date) else None,
            period=period_text(given) if given else "",
            result=text[RESULT],
        )

    @property
    def plan(self) -> tuple[str, str, date | None, str]:
        """What it says of a step, without the result."""
        return (self.kind, self.goal, self.day, self.period)

    @property
    def is_blank(self) -> bool:
        """Whether it says nothing of a step."""
        return not any(self.plan)


@dataclass(frozen=True)
class Draft:
    """A step as it is meant: whatever nobody gave is filled in."""

    kind: str
    goal: str
    day: date
    period: str
    start: datetime
    end: datetime

    @property
    def plan(self) -> tuple[str, str, date, str]:
        """What the fields say once they are filled in."""
        return (self.kind, self.goal, self.day, self.period)


def completed(form: Form, settings: NextStepSettings, now: datetime, calendar: WorkCalendar) -> Draft:
    """Return the step that is meant by a form that may be half empty.

    A step without a date is for today if its time has not come yet, else for the next working day.
    """
    kind = settings.default_kind if settings.profile == "one_kind" else form.kind or settings.default_kind
    usual = settings.period_of(kind) if settings.profile == "full" else WHOLE_DAY
    begins, ends = span(form.period) or usual
    day = form.day or _next_day(begins, now, calendar)
    start = datetime.combine(day, begins, calendar.timezone)
    end = datetime.combine(day, ends, calendar.timezone)
    if end <= start:
        end = datetime.combine(day + timedelta(days=1), time(), calendar.timezone)
    period = period_text((begins, ends))
    return Draft(kind, form.goal or settings.default_goal, day, period, start, end)


def _next_day(begins: time, now: datetime, calendar: WorkCalendar) -> date:
    local = now.astimezone(calendar.timezone)
    day = local.date()
    if begins != time() and begins <= local.timetz().replace(tzinfo=None):
        day += timedelta(days=1)
    while not calendar.is_working_day(day):
        day += timedelta(days=1)
    return day
