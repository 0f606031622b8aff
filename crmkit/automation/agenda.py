"""What a recipe shows in people's calendars, as plain data; ``crmkit.reports.calendar`` writes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["CalendarEvent"]

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One entry of a calendar.

    Args:
        uid: The same for ever; a calendar replaces an event by it.
        start, end: Aware moments. A day or longer: shown as a whole day, of the zone of ``start``.
        title: What stands in the calendar.
        kind: Its type: a category, and what feeds are made by.
        person: Whose time it is, as ``user:4``.
        text: More about it.
        url: Where it leads.
        color: The name of a CSS colour.
        changed_at: When it was changed last.

    Example:
        >>> from datetime import UTC
        >>> noon = datetime(2025, 3, 4, 12, tzinfo=UTC)
        >>> CalendarEvent("1", noon, noon + timedelta(minutes=15), "Call", "call", "user:4").is_whole_day
        False
    """

    uid: str
    start: datetime
    end: datetime
    title: str
    kind: str = ""
    person: str = ""
    text: str = ""
    url: str = ""
    color: str = ""
    changed_at: datetime | None = None

    @property
    def is_whole_day(self) -> bool:
        """Whether it has a date but no time."""
        return self.end - self.start >= DAY
