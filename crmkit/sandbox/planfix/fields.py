"""Custom field values: what the vendor accepts per type, what it keeps, what it shows.

The vendor swallows more than it should: options of lists are not checked, a period given by its length is stored as
nothing, read-only types are ignored. Only what it cannot read at all is a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from crmkit.sandbox.planfix.models import FieldDef
from crmkit.sandbox.planfix.timepoints import MomentError, date_point, parse_date, parse_moment, point

__all__ = ["READ_ONLY", "TYPE_NAMES", "BadFieldValue", "Names", "decode", "encode", "ref_of"]

Names = Callable[[str], str]
"""Gives the name behind a reference such as ``user:5``, ``task:7``, ``project:1`` or ``directory:3:47``."""

TYPE_NAMES = {
    0: "Short text",
    1: "Number",
    2: "Multi-line text",
    3: "Date",
    4: "Time",
    5: "Date and time",
    6: "Period of time",
    7: "Checkbox",
    8: "List",
    9: "Directory entry",
    10: "Contact",
    11: "Employee",
    12: "Counterparty",
    13: "Group, employee, or contact",
    14: "List of users",
    15: "Set of directory values",
    16: "Task",
    17: "Task set",
    20: "Set of values",
    21: "Files",
    22: "Project",
    23: "Data tag summaries",
    24: "Calculated field",
    25: "Location",
    26: "Subtask total",
    27: "AI results field",
    28: "Date with time frame",
    29: "Totals field",
}
READ_ONLY = frozenset({23, 24, 26, 27, 29})
_TEXT, _SINGLE_PERSON = (0, 2, 8), {10: "contact", 11: "user", 12: "contact"}


class BadFieldValue(ValueError):
    """The vendor could not read the value."""


def decode(spec: FieldDef, value: Any, zone: tzinfo) -> Any:
    """Return a written value as the account keeps it; ``None`` is no value.

    Raises:
        BadFieldValue: It cannot be read.
    """
    if value is None or value == "":
        return None
    try:
        return _decode(spec.type, value, zone)
    except (MomentError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise BadFieldValue(f"field {spec.id}: {value!r}") from error


def _decode(kind: int, value: Any, zone: tzinfo) -> Any:
    if kind in _TEXT:
        return _exactly(str, value)
    if kind == 1:
        return (
            value
            if isinstance(value, (int, float)) and not isinstance(value, bool)
            else float(_exactly(str, value))
        )
    if kind == 3:
        return parse_date(value)
    if kind == 4:
        return _clock(value)
    if kind == 5:
        return parse_moment(value, zone)[0]
    if kind == 6:
        return (_clock(value["from"]), _clock(value["to"])) if "from" in value and "to" in value else None
    if kind == 7:
        return value if isinstance(value, bool) else bool(int(value))
    if kind == 20:
        return [_exactly(str, item) for item in _exactly(list, value)] or None
    if kind == 21:
        return [int(item) for item in _exactly(list, value)] or None
    if kind == 25:
        return {key: value[key] for key in ("address", "longitude", "latitude") if key in value}
    if kind == 28:
        return parse_moment(value["from"], zone)[0], parse_moment(value["to"], zone)[0]
    return _reference(kind, value)


def _reference(kind: int, value: Any) -> Any:
    if kind in _SINGLE_PERSON:
        return ref_of(value["id"], _SINGLE_PERSON[kind])
    if kind == 13:
        return ref_of(value["id"], "")
    if kind == 14:
        return [ref_of(item["id"], "") for item in _exactly(list, value)] or None
    if kind in (9, 16, 22):
        return int(value["id"] or 0) or None
    if kind in (15, 17):
        return [int(item["id"]) for item in _exactly(list, value)] or None
    raise BadFieldValue(f"type {kind}")


def _exactly(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{kind.__name__} expected")
    return value


def _clock(value: Any) -> str:
    text = value["time"] if isinstance(value, dict) else value
    hours, minutes = (int(part) for part in text.split(":")[:2])
    if not (0 <= hours <= 24 and 0 <= minutes < 60):
        raise ValueError(f"no time of day: {text!r}")
    return f"{hours:02}:{minutes:02}"


def ref_of(value: Any, prefix: str) -> str | None:
    """Return ``user:5`` for ``"user:5"`` or, where the prefix is clear, for 5; ``None`` for an empty id.

    Raises:
        ValueError: It is no reference.
    """
    if value in (0, "", None, "0"):
        return None
    text = str(value)
    kind, _, number = text.rpartition(":")
    if not number.isdigit() or (kind or prefix) not in ("user", "contact", "group"):
        raise ValueError(f"no reference: {value!r}")
    return f"{kind or prefix}:{int(number)}"


def encode(spec: FieldDef, value: Any, zone: tzinfo, names: Names, *, utc_seconds: bool) -> Any:
    """Return a kept value as the vendor shows it."""
    kind = spec.type
    if value is None:
        return None
    if kind == 3:
        return date_point(value)
    if kind == 4:
        return {"time": value}
    if kind == 5:
        return point(value, zone, utc_seconds=utc_seconds)
    if kind == 6:
        return {"from": {"time": value[0]}, "to": {"time": value[1]}, "durationSec": _seconds(value)}
    if kind == 28:
        start, end = (point(moment, zone, utc_seconds=utc_seconds) for moment in value)
        return {"from": start, "to": end}
    if kind in (10, 11, 12, 13):
        return {"id": value, "name": names(value)}
    if kind == 14:
        return [{"id": ref, "name": names(ref)} for ref in value]
    if kind == 9:
        return {"id": value, "value": names(f"directory:{spec.directory}:{value}")}
    if kind == 15:
        return [{"id": key, "value": names(f"directory:{spec.directory}:{key}")} for key in value]
    if kind in (16, 22):
        return {"id": value, "name": names(f"{'task' if kind == 16 else 'project'}:{value}")}
    if kind == 17:
        return [{"id": number, "name": names(f"task:{number}")} for number in value]
    return value


def _seconds(span: tuple[str, str]) -> int:
    start, end = (int(text[:2]) * 3600 + int(text[3:]) * 60 for text in span)
    return (end - start) % 86400


def string_value(shown: Any) -> str:
    """Return ``stringValue``, the text that real answers carry beside the value."""
    if shown is None:
        return ""
    if isinstance(shown, bool):
        return "Да" if shown else "Нет"
    if isinstance(shown, list):
        return ", ".join(string_value(item) for item in shown)
    if isinstance(shown, dict):
        if "from" in shown:
            return f"{string_value(shown['from'])} - {string_value(shown['to'])}"
        for key in ("name", "value", "address"):
            if key in shown:
                return str(shown[key])
        return " ".join(str(shown[key]) for key in ("date", "time") if key in shown)
    return str(shown)
