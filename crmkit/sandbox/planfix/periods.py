"""DATE values of complex filters: a period of time in the zone of the token's owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from crmkit.sandbox.planfix.exceptions import bad_value

__all__ = ["Period", "period"]

Period = tuple[float, float]
"""From (included) and to (excluded), in seconds since 1970."""

_DAY = timedelta(days=1)
_WITH_TIME = "%d-%m-%Y %H:%M"


def period(value: Any, *, today: date, zone: tzinfo, lenient: bool = False) -> Period:
    """Return the period that a DATE value means.

    "Last N" is N days that end with today, as the interface counts; "next N" begins with today; "in N" is the
    one day. A range includes both its ends.

    Args:
        value: ``{"dateType": "last", "dateValue": 7}`` and the like.
        today: The day of the token's owner.
        zone: The zone of the token's owner.
        lenient: Accept either key for single dates.

    Raises:
        Refused: Code 41: the vendor would not understand it.
    """
    if not isinstance(value, dict) or "dateType" not in value:
        raise bad_value(f"Incorrect date filter value - {value!r}")
    kind = value["dateType"]
    if kind in ("last", "next", "in"):
        return _days(*_counted(kind, _number(value.get("dateValue")), today), zone)
    if kind in _NAMED:
        return _days(*_NAMED[kind](today), zone)
    if kind == "otherDate":
        day = _day(_pick(value, "dateValue", "dateFrom" if lenient else ""))
        return _days(day, day, zone)
    if kind == "otherRange":
        return _days(_day(value.get("dateFrom")), _day(value.get("dateTo")), zone)
    if kind == "otherDate_withTime":
        start = _minute(_pick(value, "dateFrom", "dateValue" if lenient else ""), zone)
        return start, start + 60
    if kind == "otherRange_withTime":
        return _minute(value.get("dateFrom"), zone), _minute(value.get("dateTo"), zone) + 60
    raise bad_value(f"Unknown dateType - {kind}")


def _week(today: date, weeks: int) -> tuple[date, date]:
    monday = today - timedelta(days=today.weekday()) + timedelta(weeks=weeks)
    return monday, monday + timedelta(days=6)


def _month(today: date, months: int) -> tuple[date, date]:
    index = today.year * 12 + today.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    following = date((index + 1) // 12, (index + 1) % 12 + 1, 1)
    return first, following - _DAY


_NAMED: dict[str, Callable[[date], tuple[date, date]]] = {
    "today": lambda today: (today, today),
    "yesterday": lambda today: (today - _DAY, today - _DAY),
    "tomorrow": lambda today: (today + _DAY, today + _DAY),
    "thisWeek": lambda today: _week(today, 0),
    "lastWeek": lambda today: _week(today, -1),
    "nextWeek": lambda today: _week(today, 1),
    "thisMonth": lambda today: _month(today, 0),
    "lastMonth": lambda today: _month(today, -1),
    "nextMonth": lambda today: _month(today, 1),
}


def _counted(kind: str, number: int, today: date) -> tuple[date, date]:
    if kind == "last":
        return today - timedelta(days=number - 1), today
    if kind == "next":
        return today, today + timedelta(days=number - 1)
    return today + timedelta(days=number), today + timedelta(days=number)


def _pick(value: dict[str, Any], key: str, other: str) -> Any:
    return value.get(key) or value.get(other)


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise bad_value(f"Incorrect dateValue - {value!r}") from None


def _day(value: Any) -> date:
    try:
        return datetime.strptime(value, "%d-%m-%Y").date()  # noqa: DTZ007 (a day has no zone)
    except (TypeError, ValueError):
        raise bad_value(f"Incorrect date - {value!r}") from None


def _minute(value: Any, zone: tzinfo) -> float:
    try:
        return datetime.strptime(value, _WITH_TIME).replace(tzinfo=zone).timestamp()
    except (TypeError, ValueError):
        raise bad_value(f"Incorrect date and time - {value!r}") from None


def _days(first: date, last: date, zone: tzinfo) -> Period:
    start = datetime.combine(first, time(), zone).timestamp()
    return start, datetime.combine(last + _DAY, time(), zone).timestamp()
