"""Cron expressions of five fields, in the time zone of a calendar and without its days off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from crmkit.automation.calendar import WorkCalendar
from crmkit.exceptions import ConfigurationError

__all__ = ["Cron"]

DAY = timedelta(days=1)
HORIZON = 5 * 366
"""Days to look ahead: the 29th of February comes within that."""
FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 0, 7),
)
PART = re.compile(r"(\*|\d+(?:-\d+)?)(?:/(\d+))?")


@dataclass(frozen=True, slots=True)
class Cron:
    """When something is to be done.

    Lists, ranges and steps are understood (``*/15 9-17 * * 1-5``); 0 and 7 are Sunday. As in cron, when both
    the day of the month and the day of the week are given, either will do. A time that the clocks jump over
    comes right after the jump; one that they show twice comes once.

    Example:
        >>> from zoneinfo import ZoneInfo
        >>> cron = Cron.parse("0 9 * * *", WorkCalendar(ZoneInfo("Europe/Moscow")))
        >>> cron.next(datetime(2025, 3, 7, 12, tzinfo=UTC)).isoformat()  # a Friday noon
        '2025-03-10T06:00:00+00:00'
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None
    calendar: WorkCalendar

    @classmethod
    def parse(cls, expression: str, calendar: WorkCalendar) -> Cron:
        """Read an expression.

        Raises:
            ConfigurationError: It cannot be understood.
        """
        parts = expression.split()
        if len(parts) != len(FIELDS):
            raise ConfigurationError(f"{expression!r} is no cron expression", hint="five fields: 0 9 * * 1-5")
        fields = zip(parts, FIELDS, strict=True)
        minutes, hours, days, months, weekdays = (_values(part, *field) for part, field in fields)
        return cls(
            minutes=tuple(sorted(minutes)),
            hours=tuple(sorted(hours)),
            days=None if parts[2] == "*" else days,
            months=months,
            weekdays=None if parts[4] == "*" else frozenset(day % 7 for day in weekdays),
            calendar=calendar,
        )

    def next(self, after: datetime) -> datetime | None:
        """Return the first moment (UTC) after ``after``; ``None`` if there is none for years."""
        start = self.calendar.local(after).date()
        for day in (start + ahead * DAY for ahead in range(HORIZON)):
            if self._matches(day):
                for moment in self._moments(day):
                    if moment > after:
                        return moment
        return None

    def last(self, after: datetime, until: datetime) -> datetime | None:
        """Return the last moment (UTC) after ``after`` and not after ``until``, or ``None``."""
        first, day = self.calendar.local(after).date(), self.calendar.local(until).date()
        while day >= first:
            if self._matches(day):
                fitting = [moment for moment in self._moments(day) if after < moment <= until]
                if fitting:
                    return fitting[-1]
            day -= DAY
        return None

    def _moments(self, day: date) -> Iterator[datetime]:
        seen = None
        for hour in self.hours:
            for minute in self.minutes:
                local = datetime.combine(day, time(hour, minute), self.calendar.timezone)
                moment = local.astimezone(UTC)
                if moment != seen:
                    yield moment
                seen = moment

    def _matches(self, day: date) -> bool:
        if day.month not in self.months or not self.calendar.is_working_day(day):
            return False
        by_month = self.days is None or day.day in self.days
        by_week = self.weekdays is None or day.isoweekday() % 7 in self.weekdays
        either = self.days is not None and self.weekdays is not None
        return by_month or by_week if either else by_month and by_week


def _values(text: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = PART.fullmatch(part)
        if match is None:
            raise ConfigurationError(f"{part!r} is no {name}", hint=f"numbers from {low} to {high}, * or a-b")
        span, step = match.groups()
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        end = int(last or (high if step else first))
        if not low <= int(first) <= end <= high or step == "0":
            raise ConfigurationError(f"{part!r} is no {name}", hint=f"numbers from {low} to {high}")
        found.update(range(int(first), end + 1, int(step or 1)))
    return frozenset(found)
