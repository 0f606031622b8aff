"""The vendor's moments: ``{"date": "03-03-2025", "time": "09:00", "datetime": "2025-03-03T09:00Z", ...}``.

``date``, ``time`` and ``datetime`` know minutes only. Their zone is not documented: a setting.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

__all__ = ["MomentError", "date_point", "parse_date", "parse_moment", "point"]

DATE = "%d-%m-%Y"
_READ = (
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y",
    "%d.%m.%Y",
)


class MomentError(ValueError):
    """This is no moment the vendor would understand."""


def point(at: float | None, zone: tzinfo, *, utc_seconds: bool) -> dict[str, str] | None:
    """Return a moment as the vendor shows it; seconds appear in ``dateTimeUtcSeconds`` only."""
    if at is None:
        return None
    shown = datetime.fromtimestamp(at, zone)
    value = {
        "date": shown.strftime(DATE),
        "time": shown.strftime("%H:%M"),
        "datetime": shown.strftime("%Y-%m-%dT%H:%MZ"),
    }
    if utc_seconds:
        value["dateTimeUtcSeconds"] = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return value


def date_point(day: str) -> dict[str, str]:
    """Return a date without time (``dd-MM-yyyy``) as the vendor shows it."""
    iso = datetime.strptime(day, DATE).strftime("%Y-%m-%d")  # noqa: DTZ007 (a day has no zone)
    return {"date": day, "time": "00:00", "datetime": f"{iso}T00:00Z"}


def parse_date(value: Any) -> str:
    """Return a written date as ``dd-MM-yyyy``.

    Raises:
        MomentError: It is none.
    """
    text = value.get("date") or value.get("datetime", "")[:10] if isinstance(value, dict) else value
    for form in (DATE, "%d.%m.%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).strftime(DATE)  # noqa: DTZ007 (a day has no zone)
        except (ValueError, TypeError):
            continue
    raise MomentError(f"not a date: {value!r}")


def parse_moment(value: Any, zone: tzinfo) -> tuple[float, bool]:
    """Return a written moment as seconds since 1970, and whether a time of day was given.

    Raises:
        MomentError: It is none.
    """
    if isinstance(value, dict):
        if value.get("dateTimeUtcSeconds"):
            return _iso(value["dateTimeUtcSeconds"], UTC), True
        if value.get("datetime"):
            return _iso(value["datetime"], zone), True
        text = f"{value.get('date', '')} {value.get('time', '')}".strip()
    elif isinstance(value, str):
        text = value
    else:
        raise MomentError(f"not a moment: {value!r}")
    for form in _READ:
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone).timestamp(), "%H" in form
        except ValueError:
            continue
    return _iso(text, zone), True


def _iso(text: Any, zone: tzinfo) -> float:
    # The "Z" of ``datetime`` is decoration: the vendor puts it behind local times as well.
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise MomentError(f"not a moment: {text!r}") from error
    if moment.tzinfo is None or str(text).endswith("Z"):
        moment = moment.replace(tzinfo=zone)
    return moment.timestamp()
