"""Custom field values: what the vendor accepts per type, what it keeps, what it shows.

The vendor swallows more than it should: options of lists are not checked, a period given by its length is
stored as nothing, read-only types are ignored. Only what it cannot read at all is a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from crmkit.sandbox.planfix.models import FieldDef
from crmkit.sandbox.planfix.timepoints import MomentError, date_point, parse_date, parse_moment

__all__ = ["READ_ONLY", "TYPE_NAMES", "BadFieldValue", "Names", "decode", "encode", "ref_of", "string_value"]

Names = Callable[[str], str]
"""Gives the name behind a reference such as ``user:5``, ``task:7``, ``project:1`` or ``directory:3:47``."""

Show = Callable[[float], Any]

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
        return _READ[spec.type](value, zone)
    except (MomentError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise BadFieldValue(f"field {spec.id}: {value!r}") from error


def _text(value: Any, zone: tzinfo) -> Any:
    return _exactly(str, value)


def _number(value: Any, zone: tzinfo) -> Any:
    if isinstance(value, bool):
        raise TypeError("a number is expected")
    return value if isinstance(value, (int, float)) else float(_exactly(str, value))


def _period(value: Any, zone: tzinfo) -> Any:
    # A period given by its length only was seen to be stored as nothing.
    return (_clock(value["from"]), _clock(value["to"])) if "from" in value and "to" in value else None


def _place(value: Any, zone: tzinfo) -> Any:
    return {key: value[key] for key in ("address", "longitude", "latitude") if key in value}


def _person(prefix: str) -> Callable[[Any, tzinfo], Any]:
    return lambda value, zone: ref_of(value["id"], prefix)


def _key(value: Any, zone: tzinfo) -> Any:
    return int(value["id"] or 0) or None


def _list_of(item: Callable[[Any], Any]) -> Callable[[Any, tzinfo], Any]:
    return lambda value, zone: [item(one) for one in _exactly(list, value)] or None


_READ: dict[int, Callable[[Any, tzinfo], Any]] = {
    0: _text,
    1: _number,
    2: _text,
    3: lambda value, zone: parse_date(value),
    4: lambda value, zone: _clock(value),
    5: lambda value, zone: parse_moment(value, zone)[0],
    6: _period,
    7: lambda value, zone: value if isinstance(value, bool) else bool(int(value)),
    8: _text,
    9: _key,
    10: _person("contact"),
    11: _person("user"),
    12: _person("contact"),
    13: _person(""),
    14: _list_of(lambda one: ref_of(one["id"], "")),
    15: _list_of(lambda one: int(one["id"])),
    16: _key,
    17: _list_of(lambda one: int(one["id"])),
    20: _list_of(lambda one: _exactly(str, one)),
    21: _list_of(int),
    22: _key,
    25: _place,
    28: lambda value, zone: (parse_moment(value["from"], zone)[0], parse_moment(value["to"], zone)[0]),
}


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


def encode(spec: FieldDef, value: Any, show: Show, names: Names) -> Any:
    """Return a kept value as the vendor shows it.

    Args:
        spec: The field.
        value: As :func:`decode` returned it.
        show: Makes a time point of seconds since 1970.
        names: Gives the name behind a reference.
    """
    shown = _SHOWN.get(spec.type)
    return value if shown is None or value is None else shown(spec, value, show, names)


def _named(kind: str, value: Any, names: Names) -> dict[str, Any]:
    return {"id": value, "name": names(f"{kind}:{value}" if kind else value)}


def _entry(spec: FieldDef, key: int, names: Names) -> dict[str, Any]:
    return {"id": key, "value": names(f"directory:{spec.directory}:{key}")}


def _shown_person(spec: FieldDef, value: Any, show: Show, names: Names) -> Any:
    return _named("", value, names)


_SHOWN: dict[int, Callable[[FieldDef, Any, Show, Names], Any]] = {
    3: lambda spec, value, show, names: date_point(value),
    4: lambda spec, value, show, names: {"time": value},
    5: lambda spec, value, show, names: show(value),
    6: lambda spec, value, show, names: {
        "from": {"time": value[0]},
        "to": {"time": value[1]},
        "durationSec": _seconds(value),
    },
    9: lambda spec, value, show, names: _entry(spec, value, names),
    10: _shown_person,
    11: _shown_person,
    12: _shown_person,
    13: _shown_person,
    14: lambda spec, value, show, names: [_named("", ref, names) for ref in value],
    15: lambda spec, value, show, names: [_entry(spec, key, names) for key in value],
    16: lambda spec, value, show, names: _named("task", value, names),
    17: lambda spec, value, show, names: [_named("task", number, names) for number in value],
    22: lambda spec, value, show, names: _named("project", value, names),
    28: lambda spec, value, show, names: {"from": show(value[0]), "to": show(value[1])},
}


def _seconds(span: tuple[str, str]) -> int:
    start, end = (int(text[:2]) * 3600 + int(text[3:]) * 60 for text in span)
    return (end - start) % 86400


def string_value(shown: Any) -> str:
    """Return ``stringValue``, the text that real answers carry beside the value."""
    if isinstance(shown, bool):
        return "Да" if shown else "Нет"
    if isinstance(shown, list):
        return ", ".join(map(string_value, shown))
    if isinstance(shown, dict):
        if "from" in shown:
            return f"{string_value(shown['from'])} - {string_value(shown['to'])}"
        text = next((shown[key] for key in ("name", "value", "address") if key in shown), None)
        return str(text) if text else " ".join(shown[key] for key in ("date", "time") if key in shown)
    return "" if shown is None else str(shown)
