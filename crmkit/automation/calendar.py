"""Calendar days, working days and office hours, in the portal's time zone and safe across daylight saving."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Literal

from crmkit.exceptions import ConfigurationError

__all__ = ["DayKind", "WorkCalendar"]

DayKind = Literal["calendar", "working"]
"""How a period is counted: ``calendar``: a day is 24 hours; ``working``: days off count nothing."""

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
LONGEST_CLOSURE = 366
"""No office is closed for more days in a row than this."""


@dataclass(frozen=True)
class WorkCalendar:
    """When people work.

    Args:
        timezone: Days begin and end in it; the portal's.
        working_days: ISO numbers of the days of the week, 1 is Monday.
        holidays: Further days off.
        country: A country code of the ``holidays`` package, whose public holidays are days off as well.
        opens, closes: Office hours in local time; without them the office is always open.

    Raises:
        ConfigurationError: Nobody ever works, the office closes before it opens, or ``country`` is not known.

    Example:
        >>> from zoneinfo import ZoneInfo
        >>> calendar = WorkCalendar(ZoneInfo("Europe/Moscow"), opens=time(9), closes=time(18))
        >>> friday = datetime(2025, 3, 7, 15, tzinfo=calendar.timezone)
        >>> calendar.elapsed(friday, friday + timedelta(days=3), "working")
        datetime.timedelta(days=1)
        >>> calendar.next_office(friday + timedelta(hours=4)).isoformat()
        '2025-03-10T09:00:00+03:00'
    """

    timezone: tzinfo
    working_days: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    holidays: frozenset[date] = frozenset()
    country: str = ""
    opens: time | None = None
    closes: time | None = None

    def __post_init__(self) -> None:
        if not self.working_days or not self.working_days <= set(range(1, 8)):
            raise ConfigurationError("working days are ISO numbers from 1 (Monday) to 7, at least one")
        if (self.opens is None) != (self.closes is None):
            raise ConfigurationError("office hours need both a beginning and an end")
        if self.opens is not None and self.closes is not None and self.opens >= self.closes:
            raise ConfigurationError("office hours end before they begin", hint="write them as 09:00-18:00")
        if self.country:
            _public_holidays(self.country)

    def local(self, moment: datetime) -> datetime:
        """Return the moment in the calendar's time zone."""
        return moment.astimezone(self.timezone)

    def day_start(self, moment: datetime) -> datetime:
        """Return when the local day of the moment began."""
        return self._at(self.local(moment).date(), time())

    def is_working_day(self, day: date) -> bool:
        """Tell whether people work on that day."""
        if day.isoweekday() not in self.working_days or day in self.holidays:
            return False
        return not self.country or day not in _public_holidays(self.country)

    def elapsed(self, start: datetime, end: datetime, days: DayKind = "calendar") -> timedelta:
        """Return how much time passed, zero if ``end`` is not after ``start``.

        Args:
            start: An aware moment.
            end: A later one.
            days: ``calendar`` counts hours as they pass, so that daylight saving neither shortens nor
                lengthens a period. ``working`` counts each working day as 24 hours, whatever the clocks do on
                it, a part of a working day in proportion, and a day off as nothing.
        """
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if end <= start:
            return timedelta(0)
        if days == "calendar":
            return end - start
        return sum((self._share(day, start, end) for day in self._dates(start, end)), timedelta(0))

    def after(self, start: datetime, count: int, days: DayKind = "calendar") -> datetime:
        """Return the first moment (UTC) at which ``count`` days have elapsed since ``start``."""
        start = start.astimezone(UTC)
        if days == "calendar" or count == 0:
            return start + count * DAY
        left, day = count * DAY, self.local(start).date()
        while (share := self._share(day, start)) < left:
            left, day = left - share, day + DAY
        begin, length = self._span(day)
        return max(start, begin) + _scaled(left, length, DAY, up=True)

    def before(self, end: datetime, count: int, days: DayKind = "calendar") -> datetime:
        """Return the last moment (UTC) since which ``count`` days have elapsed until ``end``."""
        end = end.astimezone(UTC)
        if days == "calendar" or count == 0:
            return end - count * DAY
        left, day = count * DAY, self.local(end).date()
        while (share := self._share(day, None, end)) < left:
            left, day = left - share, day - DAY
        begin, length = self._span(day)
        return min(end, begin + length) - _scaled(left, length, DAY, up=True)

    def in_office(self, moment: datetime) -> bool:
        """Tell whether people can be bothered at that moment."""
        return self.next_office(moment) == moment

    def next_office(self, moment: datetime) -> datetime:
        """Return the moment itself if the office is open then, else when it opens next (local time).

        Raises:
            ConfigurationError: Every day of a year is a day off.
        """
        moment = moment.astimezone(UTC)  # two moments of one zone would be compared by the wall clock
        if self.opens is None or self.closes is None:
            return self.local(moment)
        today = self.local(moment).date()
        for day in (today + ahead * DAY for ahead in range(LONGEST_CLOSURE)):
            if self.is_working_day(day) and moment < self._at(day, self.closes):
                opens = self._at(day, self.opens)
                return opens if moment < opens else self.local(moment)
        raise ConfigurationError("the office never opens", hint="check holidays and working_days")

    def _dates(self, start: datetime, end: datetime) -> Iterator[date]:
        first, last = self.local(start).date(), self.local(end).date()
        return (first + ahead * DAY for ahead in range((last - first).days + 1))

    def _share(self, day: date, start: datetime | None = None, end: datetime | None = None) -> timedelta:
        """Return what a day counts, of which only the part from ``start`` to ``end`` (UTC) is wanted."""
        if not self.is_working_day(day):
            return timedelta(0)
        begin, length = self._span(day)
        first = begin if start is None else max(begin, start)
        last = begin + length if end is None else min(begin + length, end)
        return _scaled(last - first, DAY, length) if last > first else timedelta(0)

    def _span(self, day: date) -> tuple[datetime, timedelta]:
        """Return when a local day begins (UTC) and its length: 23 to 25 hours, 0 if the zone skipped it."""
        begin = self._at(day, time()).astimezone(UTC)
        return begin, self._at(day + DAY, time()).astimezone(UTC) - begin

    def _at(self, day: date, clock: time) -> datetime:
        """Return a local time; one that the clocks jump over becomes the moment right after the jump."""
        return datetime.combine(day, clock, self.timezone).astimezone(UTC).astimezone(self.timezone)


def _scaled(part: timedelta, new: timedelta, whole: timedelta, *, up: bool = False) -> timedelta:
    """Return ``part`` of ``whole`` as the same part of ``new``, in whole microseconds, down or up."""
    product = (part // TICK) * (new // TICK)
    return (-(-product // (whole // TICK)) if up else product // (whole // TICK)) * TICK


@lru_cache
def _public_holidays(country: str) -> Any:
    """Return the days off of a country: a mapping that fills itself year by year."""
    try:
        package = importlib.import_module("holidays")
    except ImportError:
        package = None
    if package is None:
        raise ConfigurationError(
            "public holidays need the package holidays", hint="pip install 'crmkit[serve]'"
        )
    if country not in package.list_supported_countries():
        raise ConfigurationError(
            f"no public holidays are known for {country!r}", hint="a code such as RU or KZ"
        )
    return package.country_holidays(country)
