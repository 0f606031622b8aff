"""Moments and days as Planfix writes them.

A moment comes as ``{"date": "dd-MM-yyyy", "time": "HH:mm", "datetime": "…Z", "dateTimeUtcSeconds":
"…+0000"}``. The last key is certain; whether the others are UTC or local is an open question (the ``Z`` of
``datetime`` repeats the digits of ``time``). So ``dateTimeUtcSeconds`` is used when it is there; otherwise
date and time are read in the account's zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from crmkit.exceptions import ValidationError

__all__ = ["date_text", "local", "moment_body", "read_day", "read_moment", "read_time", "time_text"]

_DATE = "%d-%m-%Y"


def read_moment(data: Any, zone: tzinfo) -> datetime | None:
    """Read a moment as an aware datetime; ``None`` for an empty one.

    Args:
        data: The vendor's object, or a string as in ``"21-12-2021 12:15:00"``; an item of a checklist was
            described with ``"2024-01-15T10:30:00"``.
        zone: The account's time zone, for values that do not say theirs.

    Example:
        >>> read_moment({"dateTimeUtcSeconds": "2026-05-23T14:30:00+0000", "time": "17:30"}, UTC).isoformat()
        '2026-05-23T14:30:00+00:00'
    """
    if isinstance(data, datetime):
        return data if data.tzinfo else data.replace(tzinfo=zone)
    if isinstance(data, str):
        day, _, clock = data.strip().partition(" ")
        data = {"datetime": day} if "T" in day else {"date": day, "time": clock}
    if not isinstance(data, Mapping):
        return None
    if exact := data.get("dateTimeUtcSeconds"):
        moment = datetime.fromisoformat(exact)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if day_text := data.get("date"):
        return datetime.combine(_parse_date(day_text), read_time(data.get("time")) or time(), zone)
    if stamp := data.get("datetime"):
        return datetime.fromisoformat(stamp).replace(tzinfo=zone)
    return None


def read_day(data: Any) -> date | None:
    """Read the calendar day of a date, whatever its time says; ``None`` for an empty one."""
    if isinstance(data, datetime):
        return data.date()
    if isinstance(data, date):
        return data
    if isinstance(data, Mapping):
        data = data.get("date") or _day_of_stamp(data.get("datetime"))
    return _parse_date(data.strip().partition(" ")[0]) if isinstance(data, str) and data.strip() else None


def read_time(data: Any) -> time | None:
    """Read ``"17:50"``, ``"17:50:30"`` or ``{"time": "17:50"}``."""
    if isinstance(data, Mapping):
        data = data.get("time")
    if not isinstance(data, str) or not data:
        return None
    hour, minute, second = (*map(int, data.split(":")), 0, 0)[:3]
    return time(hour, minute, second)


def local(moment: datetime, zone: tzinfo, *, field_name: str = "moment") -> datetime:
    """Return an aware moment in the account's zone.

    Raises:
        ValidationError: The moment is naive, so nobody can know when it is.
    """
    if moment.tzinfo is None:
        raise ValidationError(
            f"{field_name}: a datetime without a time zone", hint="give it one: tzinfo=ZoneInfo(…)"
        )
    return moment.astimezone(zone)


def moment_body(value: datetime | date, zone: tzinfo, *, field_name: str = "moment") -> dict[str, str]:
    """Write a moment as local date and time, a day as a date alone.

    Example:
        >>> moment_body(datetime(2025, 3, 3, 6, 0, tzinfo=UTC), UTC)
        {'date': '03-03-2025', 'time': '06:00'}
    """
    if isinstance(value, datetime):
        there = local(value, zone, field_name=field_name)
        return {"date": date_text(there), "time": time_text(there.time())}
    if not isinstance(value, date):
        raise ValidationError(
            f"{field_name}: {type(value).__name__} is no moment", hint="give a date or an aware datetime"
        )
    return {"date": date_text(value)}


def date_text(day: date) -> str:
    """Return ``dd-MM-yyyy``."""
    return f"{day.day:02}-{day.month:02}-{day.year:04}"


def time_text(clock: time) -> str:
    """Return ``HH:mm``; the vendor knows no seconds there."""
    return f"{clock.hour:02}:{clock.minute:02}"


def _parse_date(text: str) -> date:
    # Requests of the vendor's own samples use dots here and there.
    return datetime.strptime(text.replace(".", "-"), _DATE).date()  # noqa: DTZ007  (a calendar day has no zone)


def _day_of_stamp(stamp: Any) -> str:
    return date_text(datetime.fromisoformat(stamp).date()) if isinstance(stamp, str) and stamp else ""
