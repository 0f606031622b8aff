"""How values are written by the portal and what it makes of those it is sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from crmkit.sandbox.bitrix24.exceptions import RestError
from crmkit.sandbox.bitrix24.kinds import FieldSpec
from crmkit.sandbox.bitrix24.php import as_list, intval, number, truthy

__all__ = [
    "IGNORED",
    "TEXTS",
    "day",
    "iso",
    "iso_date",
    "legacy_writer",
    "moment",
    "parsed",
    "sought",
    "universal_writer",
]

IGNORED: Any = object()
"""What became of a value that the portal silently does not take."""
Writer = Callable[[Any], Any]
_YES = (True, "true", "y", "Y")
_RUSSIAN = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?)?")
TEXTS = frozenset(
    {"string", "text", "char", "url", "address", "money", "location", "crm", "crm_status", "crm_currency"}
)


@lru_cache(maxsize=65536)
def iso(timestamp: int, zone: str) -> str:
    """Write a moment in the server's zone."""
    return datetime.fromtimestamp(timestamp, ZoneInfo(zone)).isoformat()


@lru_cache(maxsize=8192)
def iso_date(text: str, zone: str) -> str:
    """Write a date: midnight in UTC, shifted into the server's zone, as the vendor does.

    Example:
        >>> iso_date("2024-04-19", "Europe/Moscow")
        '2024-04-19T03:00:00+03:00'
    """
    midnight = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    return midnight.astimezone(ZoneInfo(zone)).isoformat()


def moment(value: Any, zone: tzinfo) -> int | None:
    """Read a moment; without an offset it is in the server's zone. ``None`` if it cannot be read."""
    if not isinstance(value, str) or not value:
        return None
    if match := _RUSSIAN.fullmatch(value):
        day_, month, year, hour, minute, second = (int(part or 0) for part in match.groups())
        value = f"{year:04}-{month:02}-{day_:02}T{hour:02}:{minute:02}:{second:02}"
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return int((read if read.tzinfo else read.replace(tzinfo=zone)).timestamp())


def day(value: Any, zone: tzinfo) -> str | None:
    """Read a date; a moment is the day it has in the server's zone."""
    if isinstance(value, str) and len(value) == len("2025-01-01"):
        try:
            return (
                date.fromisoformat(value).isoformat()
                if value[4] == "-"
                else datetime.strptime(value, "%d.%m.%Y").date().isoformat()  # noqa: DTZ007 (a date has no zone)
            )
        except ValueError:
            return None
    at = moment(value, zone)
    return None if at is None else datetime.fromtimestamp(at, zone).date().isoformat()


def universal_writer(spec: FieldSpec, zone: str) -> Writer | None:
    """Return what writes a field for the universal methods; ``None``: as it is kept."""
    one = _universal_scalar(spec, zone)
    if spec.multiple:
        if one is None:
            return lambda value: value or []
        return lambda value: [one(item) for item in value or ()]
    return one


def _universal_scalar(spec: FieldSpec, zone: str) -> Writer | None:
    writers: dict[str, Writer] = {
        "datetime": lambda value: None if value is None else iso(value, zone),
        "date": lambda value: None if value is None else iso_date(value, zone),
        "double": _plain_number,
    }
    if spec.custom:
        writers["boolean"] = lambda value: None if value is None else "Y" if value else "N"
    if not spec.multiple:
        writers["crm_company"] = writers["crm_contact"] = lambda value: value or 0
    return writers.get(spec.type)


def _plain_number(value: float | None) -> float | None:
    return int(value) if value is not None and value == int(value) else value


def legacy_writer(spec: FieldSpec, zone: str) -> Writer:
    """Return what writes a field for the old methods: numbers as texts, several kinds of nothing."""
    one = _legacy_scalar(spec, zone)
    if spec.multiple:
        return lambda value: [one(item) for item in value] if value else False if spec.custom else []
    return one


def _legacy_scalar(spec: FieldSpec, zone: str) -> Writer:
    writers: dict[str, Writer] = {
        "datetime": lambda value: "" if value is None else iso(value, zone),
        "date": lambda value: "" if value is None else iso_date(value, zone),
        "double": lambda value: None if value is None else f"{value:.2f}",
        "enumeration": lambda value: "" if value is None else str(value),
    }
    if spec.custom:
        writers["double"] = lambda value: None if value is None else f"{value:.4f}".rstrip("0").rstrip(".")
        writers["boolean"] = lambda value: "" if value is None else "1" if value else "0"
    for link in ("crm_company", "crm_contact", "crm_lead"):
        writers[link] = lambda value: str(value or 0)
    return writers.get(spec.type, lambda value: None if value is None else str(value))


def parsed(spec: FieldSpec, value: Any, zone: tzinfo, *, legacy: bool) -> Any:
    """Return what is kept of a value, or :data:`IGNORED`.

    Raises:
        RestError: The universal methods do not take the value.
    """
    if not spec.multiple:
        return _scalar(spec, value, zone, legacy=legacy)
    if not legacy and not isinstance(value, (list, dict)) and value not in (None, "", False):
        kind = {str: "string", int: "integer", float: "double", bool: "boolean"}[type(value)]
        raise RestError("100", f"Expected iterable value for multiple field, but got {kind} instead")
    found = [_scalar(spec, item, zone, legacy=legacy) for item in as_list(value) if item is not False]
    return [item for item in found if item is not IGNORED and item is not None]


def _scalar(spec: FieldSpec, value: Any, zone: tzinfo, *, legacy: bool) -> Any:
    if isinstance(value, (list, dict)):
        return IGNORED if value else None
    if spec.type == "boolean":
        return _flag(spec, value, legacy=legacy)
    if value is None or value == "":
        return None
    if spec.type in ("datetime", "date"):
        read: Any = (moment if spec.type == "datetime" else day)(value, zone)
        return IGNORED if read is None else read
    return _read(spec, value)


def _flag(spec: FieldSpec, value: Any, *, legacy: bool) -> Any:
    yes = (value in ("Y", "y", "1", "true") or value is True or value == 1) if legacy else _is_yes(value)
    if spec.custom:
        return None if value is None or value == "" else yes
    return "Y" if yes else "N"


def _read(spec: FieldSpec, value: Any) -> Any:
    if spec.type == "double":
        return number(value)
    return _text(value) if spec.type in TEXTS else intval(value)


def _is_yes(value: Any) -> bool:
    return any(value is one or (isinstance(value, str) and value == one) for one in _YES)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


def sought(spec: FieldSpec, value: Any, zone: tzinfo) -> Any:
    """Return what a filter's value is compared as; ``None`` stands for nothing."""
    if value is None or value == "" or value is False:
        return None
    if spec.type == "boolean":
        if spec.custom:
            return truthy(value) and value not in ("N", "n")
        return "Y" if value in ("Y", "y", "1", 1, True) else "N"
    if spec.type in ("datetime", "date"):
        return (moment if spec.type == "datetime" else day)(value, zone)
    read = _read(spec, value)
    return read.casefold() if isinstance(read, str) else read
