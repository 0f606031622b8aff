"""Custom fields: every type 0..29, read into Python values and written back after a check.

The portal swallows what it does not understand: an unknown option, a period given as seconds, a value for a
field that is not attached to the object. So a value is checked here before anything is sent. Types 23, 24,
26, 27 and 29 are computed by the portal; how they read is documented badly, so they are read leniently and
refused for writing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import is_number, plain, unfit
from crmkit.planfix.field_types import READ_ONLY, DateRange, Entry, FieldType, Location, Period, type_name
from crmkit.planfix.ids import Person, Ref, person_of, read_person, read_ref
from crmkit.planfix.times import date_text, moment_body, read_day, read_moment, read_time, time_text

__all__ = ["READ_ONLY", "DateRange", "Entry", "FieldType", "Location", "Period", "decode", "encode"]

_DAY = timedelta(hours=24)


def decode(kind: int, value: Any, *, zone: tzinfo, name: str = "") -> Any:
    """Turn the vendor's value of a custom field into a Python value; ``None`` if it is empty.

    Args:
        kind: The number of the field's type; a value of an unknown type is returned as it came.
        value: ``value`` of an element of ``customFieldData``.
        zone: The account's zone, for values that do not say theirs.
        name: The field's name, for the error text.

    Returns:
        ``str``, ``int``/``float``, ``bool``, ``date``, ``time``, aware ``datetime``, :class:`Period`,
        :class:`DateRange`, :class:`Location`, :class:`Entry`, :class:`~crmkit.planfix.ids.Person`,
        :class:`~crmkit.planfix.ids.Ref`, a file number, or a tuple of these for the types that hold several.

    Raises:
        ValidationError: The value does not have the documented shape of its type.

    Example:
        >>> from datetime import UTC
        >>> decode(FieldType.DATE, {"date": "11-11-2021", "time": "00:00"}, zone=UTC)
        datetime.date(2021, 11, 11)
    """
    reader = _READERS.get(kind)
    if reader is None or value is None:
        return value
    try:
        return reader(value, zone)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        problem = type(error).__name__
    raise ValidationError(
        f"custom field {name or '?'} of type {type_name(kind)} holds something unexpected ({problem})",
        hint="the value as it came is in .raw_value",
    )


def encode(
    kind: int, value: Any, *, zone: tzinfo, name: str = "", options: Sequence[str] | None = None
) -> Any:
    """Turn a Python value into what the vendor takes for a custom field; ``None`` clears the field.

    How each type is cleared is documented for directory entries only (``{"id": 0}``); the others follow from
    what the portal returns for an empty field: text ``""``, a checkbox ``false``, sets ``[]``, everything
    else ``null``.

    Args:
        kind: The number of the field's type.
        value: A Python value as :func:`decode` returns it; for people also ``"user:5"``, for entries, tasks,
            projects and files also plain numbers.
        zone: The account's zone: moments are written in it.
        name: The field's name, for the error text.
        options: The legal texts of a list or set, if they are known.

    Raises:
        ValidationError: The type is computed by the portal or unknown, or the value does not fit; nothing was
            sent.

    Example:
        >>> from datetime import UTC
        >>> encode(FieldType.EMPLOYEE, "user:3", zone=UTC)
        {'id': 'user:3'}
    """
    if kind in READ_ONLY:
        raise ValidationError(
            f"custom field {name}: {type_name(kind)} is computed by Planfix", hint="it cannot be set"
        )
    writer = _WRITERS.get(kind)
    if writer is None:
        raise ValidationError(
            f"custom field {name}: type {kind} is not known to this version",
            hint="write it with Planfix.call",
        )
    if value is None:
        return _EMPTY.get(kind)
    return writer(_Target(name or "?", zone, tuple(options) if options else None), value)


@dataclass(frozen=True, slots=True)
class _Target:
    name: str
    zone: tzinfo
    options: tuple[str, ...] | None

    def refuse(self, value: Any, expected: str) -> ValidationError:
        return unfit(f"custom field {self.name}", value, expected)

    def option(self, value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise self.refuse(value, "the text of an option")
        if self.options is not None and value not in self.options:
            raise ValidationError(
                f"custom field {self.name}: {value!r} is not one of its options",
                hint="allowed: " + "; ".join(self.options),
            )
        return value

    def items(self, value: Any, expected: str) -> Iterable[Any]:
        if isinstance(value, str | bytes | Mapping | Person | Ref | Entry) or not isinstance(value, Iterable):
            raise self.refuse(value, f"a list of {expected}")
        return value


def _read_entry(value: Any, _: tzinfo) -> Entry | None:
    if isinstance(value, Mapping):
        key = value.get("id")
        return Entry(int(key), str(value.get("value") or "")) if key not in (None, "", 0, "0") else None
    return Entry(int(value)) if value else None


def _read_period(value: Any, _: tzinfo) -> Period | None:
    if not value.get("from") or not value.get("to"):
        return None
    return Period.between(value["from"]["time"], value["to"]["time"])


def _read_range(value: Any, zone: tzinfo) -> DateRange | None:
    start, end = read_moment(value["from"], zone), read_moment(value["to"], zone)
    return DateRange(start, end) if start and end else None


def _read_location(value: Any, _: tzinfo) -> Location:
    return Location(str(value.get("address") or ""), value.get("longitude"), value.get("latitude"))


def _read_computed(value: Any, _: tzinfo) -> Any:
    # The vendor's examples wrap the result as {"id": …}; live accounts were seen to return it bare.
    return value["id"] if isinstance(value, Mapping) and set(value) == {"id"} else value


def _read_file(value: Any) -> int:
    return int(value["id"] if isinstance(value, Mapping) else value)


def _read_bool(value: Any, _: tzinfo) -> bool:
    if isinstance(value, bool):
        return value
    return {"1": True, "true": True, "0": False, "false": False, "": False}[str(value).lower()]


def _read_number(value: Any, _: tzinfo) -> int | float | None:
    if isinstance(value, str):
        value = value.strip().replace(",", ".")
        return (float(value) if "." in value else int(value)) if value else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    return value


def _text(value: Any, _: tzinfo) -> str | None:
    return str(value) if value != "" else None


def _read_person(value: Any, kind: str) -> Person | None:
    found = read_person(value, kind)
    if found is None and (value.get("id") if isinstance(value, Mapping) else value) not in ("", 0, None):
        raise ValueError("names nobody")
    return found


def _person(kind: str) -> Callable[[Any, tzinfo], Person | None]:
    return lambda value, _: _read_person(value, kind)


def _several(one: Callable[[Any], Any]) -> Callable[[Any, tzinfo], tuple[Any, ...]]:
    return lambda value, _: tuple(found for found in map(one, value or ()) if found is not None)


_READERS: dict[int, Callable[[Any, tzinfo], Any]] = {
    FieldType.LINE: _text,
    FieldType.NUMBER: _read_number,
    FieldType.TEXT: _text,
    FieldType.DATE: lambda value, _: read_day(value),
    FieldType.TIME: lambda value, _: read_time(value),
    FieldType.DATETIME: read_moment,
    FieldType.PERIOD: _read_period,
    FieldType.CHECKBOX: _read_bool,
    FieldType.LIST: _text,
    FieldType.DIRECTORY: _read_entry,
    FieldType.CONTACT: _person("contact"),
    FieldType.EMPLOYEE: _person("user"),
    FieldType.COUNTERPARTY: _person("contact"),
    FieldType.PERSON: _person("user"),
    FieldType.PEOPLE: _several(lambda one: _read_person(one, "user")),
    FieldType.DIRECTORY_SET: lambda value, zone: _several(lambda one: _read_entry(one, zone))(value, zone),
    FieldType.TASK: lambda value, _: read_ref(value),
    FieldType.TASK_SET: _several(read_ref),
    FieldType.SET: _several(str),
    FieldType.FILES: _several(_read_file),
    FieldType.PROJECT: lambda value, _: read_ref(value),
    FieldType.DATATAG_SUMMARY: _read_computed,
    FieldType.CALCULATED: _read_computed,
    FieldType.LOCATION: _read_location,
    FieldType.SUBTASK_TOTAL: _read_computed,
    FieldType.AI_RESULT: _read_computed,
    FieldType.DATE_RANGE: _read_range,
    FieldType.TOTALS: _read_computed,
}


def _write_text(target: _Target, value: Any) -> str:
    return plain(f"custom field {target.name}", value)


def _write_number(target: _Target, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise target.refuse(value, "an int or a finite float")
    return value


def _write_date(target: _Target, value: Any) -> dict[str, str]:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise target.refuse(value, "a date (for a moment the field must be of type date and time)")
    return {"date": date_text(value)}


def _write_time(target: _Target, value: Any) -> dict[str, str]:
    if not isinstance(value, time):
        raise target.refuse(value, "a time")
    return {"time": time_text(value)}


def _write_moment(target: _Target, value: Any) -> dict[str, str]:
    if not isinstance(value, datetime):
        raise target.refuse(value, "an aware datetime")
    return moment_body(value, target.zone, field_name=f"custom field {target.name}")


def _write_period(target: _Target, value: Any) -> dict[str, dict[str, str]]:
    if not isinstance(value, Period) or not timedelta() <= value.start < value.end <= _DAY:
        raise target.refuse(
            value, "a Period of at most 24 hours that ends after it starts, 24:00 at the latest"
        )
    return {"from": {"time": _clock(value.start)}, "to": {"time": _clock(value.end)}}


def _write_bool(target: _Target, value: Any) -> bool:
    if not isinstance(value, bool):
        raise target.refuse(value, "True or False")
    return value


def _write_person(*kinds: str) -> Callable[[_Target, Any], dict[str, str]]:
    return lambda target, value: {
        "id": str(person_of(value, field_name=f"custom field {target.name}", kinds=kinds))
    }


def _write_entry(target: _Target, value: Any) -> dict[str, int]:
    key = value.key if isinstance(value, Entry) else value
    return {"id": _positive(target, key, "an Entry or the key of one")}


def _write_ref(target: _Target, value: Any) -> dict[str, int]:
    return {"id": _positive(target, value.id if isinstance(value, Ref) else value, "a Ref or a number")}


def _write_file(target: _Target, value: Any) -> int:
    return _positive(target, value, "the number of a file")


def _write_location(target: _Target, value: Any) -> dict[str, Any]:
    if not isinstance(value, Location):
        raise target.refuse(value, "a Location")
    known = {"longitude": value.longitude, "latitude": value.latitude}
    return {"address": _write_text(target, value.address)} | {
        key: degrees for key, degrees in known.items() if degrees is not None
    }


def _write_range(target: _Target, value: Any) -> dict[str, dict[str, str]]:
    if not isinstance(value, DateRange):
        raise target.refuse(value, "a DateRange")
    start = moment_body(value.start, target.zone, field_name=f"custom field {target.name}")
    end = moment_body(value.end, target.zone, field_name=f"custom field {target.name}")
    if value.end < value.start:
        raise target.refuse(value, "a DateRange that does not end before it starts")
    return {"from": start, "to": end}


def _list_of(one: Callable[[_Target, Any], Any], expected: str) -> Callable[[_Target, Any], list[Any]]:
    return lambda target, value: [one(target, item) for item in target.items(value, expected)]


def _positive(target: _Target, value: Any, expected: str) -> int:
    if not is_number(value):
        raise target.refuse(value, expected)
    return value


_ANYONE = ("user", "contact", "group")
_WRITERS: dict[int, Callable[[_Target, Any], Any]] = {
    FieldType.LINE: _write_text,
    FieldType.NUMBER: _write_number,
    FieldType.TEXT: _write_text,
    FieldType.DATE: _write_date,
    FieldType.TIME: _write_time,
    FieldType.DATETIME: _write_moment,
    FieldType.PERIOD: _write_period,
    FieldType.CHECKBOX: _write_bool,
    FieldType.LIST: _Target.option,
    FieldType.DIRECTORY: _write_entry,
    FieldType.CONTACT: _write_person("contact"),
    FieldType.EMPLOYEE: _write_person("user"),
    FieldType.COUNTERPARTY: _write_person("contact"),
    FieldType.PERSON: _write_person(*_ANYONE),
    FieldType.PEOPLE: _list_of(_write_person(*_ANYONE), "people"),
    FieldType.DIRECTORY_SET: _list_of(_write_entry, "entries"),
    FieldType.TASK: _write_ref,
    FieldType.TASK_SET: _list_of(_write_ref, "tasks"),
    FieldType.SET: _list_of(_Target.option, "option texts"),
    FieldType.FILES: _list_of(_write_file, "file numbers"),
    FieldType.PROJECT: _write_ref,
    FieldType.LOCATION: _write_location,
    FieldType.DATE_RANGE: _write_range,
}
_SETS = (FieldType.PEOPLE, FieldType.DIRECTORY_SET, FieldType.TASK_SET, FieldType.SET, FieldType.FILES)
_EMPTY: dict[int, Any] = {
    FieldType.LINE: "",
    FieldType.TEXT: "",
    FieldType.CHECKBOX: False,
    FieldType.DIRECTORY: {"id": 0},
    **{kind: [] for kind in _SETS},
}


def _clock(span: timedelta) -> str:
    minutes = span // timedelta(minutes=1)
    return f"{minutes // 60:02}:{minutes % 60:02}"
