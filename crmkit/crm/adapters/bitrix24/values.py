"""Values of fields: neutral ones on one side, what ``crm.item.*`` takes and gives on the other. Pure."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crmkit.bitrix24.fields import FieldInfo
from crmkit.crm.models import EntityKind, Person, Ref
from crmkit.exceptions import ValidationError

__all__ = ["custom_values", "empty", "for_filter", "neutral_type", "read", "write"]

NEUTRAL_TYPES = {
    "string": "text",
    "text": "text",
    "url": "text",
    "address": "text",
    "crm_status": "text",
    "crm_currency": "text",
    "integer": "number",
    "double": "number",
    "money": "number",
    "boolean": "bool",
    "char": "bool",
    "date": "date",
    "datetime": "datetime",
    "enumeration": "choice",
    "employee": "person",
    "user": "person",
    "crm_company": "company",
    "crm_contact": "ref",
    "crm": "ref",
}
"""What a type is called neutrally; all others are ``other``: read as the vendor's value, not written."""
LETTERS: Mapping[str, EntityKind] = {"D": "deal", "C": "contact", "CO": "company"}
"""How a link of type ``crm`` begins if it may lead to several types."""
MONEY = re.compile(r"-?\d+(\.\d+)?\|[A-Z]{3}")
LINK = re.compile(r"(D|C|CO)_(\d+)")
CURRENCY = "RUB"
"""In which an amount without a currency is written into a field of type ``money``."""
PLURALS = {"choice": "choices", "person": "people"}


def neutral_type(field: FieldInfo) -> str:
    """Return what a field's type is called neutrally.

    Example:
        >>> neutral_type(FieldInfo("UF_CRM_LABEL", "enumeration", multiple=True))
        'choices'
    """
    found = NEUTRAL_TYPES.get(field.type, "other")
    return PLURALS.get(found, found) if field.multiple else found


def empty(value: Any) -> bool:
    """Tell whether a neutral value means that the field has none; an unticked box counts."""
    return value is None or value is False or value in ("", ())


def read(field: FieldInfo, value: Any) -> Any:
    """Return the neutral form of what the portal sent; ``None`` if it is one of its many nothings."""
    if _nothing(value):
        return None
    if field.multiple:
        given = (
            value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else [value]
        )
        return tuple(one for one in (_read_one(field, part) for part in given) if one is not None) or None
    return _read_one(field, value)


def custom_values(fields: Mapping[str, FieldInfo], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that the settings name, by logical name, without the empty ones.

    The vendor cannot tell an amount of nothing from no amount: 0 in a field of its own is no value.
    """
    values = {key: read(info, row.get(info.name)) for key, info in fields.items()}
    return {
        key: value
        for key, value in values.items()
        if not (empty(value) or (value == 0 and not fields[key].name.startswith("UF_")))
    }


def write(field: FieldInfo, value: Any) -> Any:
    """Return a neutral value as the portal takes it; ``None`` clears.

    Where the field holds one person and several are given, the first is taken.

    Raises:
        ValidationError: The value does not fit the field. Nothing was sent.
    """
    kind = NEUTRAL_TYPES.get(field.type, "other")
    if kind == "other":
        raise ValidationError(
            f"field {_label(field)}: its type {field.type} has no neutral form",
            hint="write it with crm.native()",
        )
    if field.read_only:
        raise ValidationError(
            f"field {_label(field)} is read-only", hint="the portal would ignore the value without a word"
        )
    given = [*value] if isinstance(value, tuple | list | frozenset | set) else [value]
    if field.multiple:
        return [_write_one(field, kind, one) for one in given if one is not None]
    if value is None or not given:
        return ""
    if len(given) > 1 and kind != "person":
        raise _misfit(field, value, "one value")
    return _write_one(field, kind, given[0])


def for_filter(field: FieldInfo, value: Any) -> Any:
    """Return a neutral value as a filter wants it: user booleans are 1 and 0 there."""
    written = write(_readable(field), value)
    if NEUTRAL_TYPES.get(field.type) == "bool" and field.name.startswith("UF_"):
        return 1 if value else 0
    if isinstance(written, list):
        return written[0] if written else ""
    return written


def _readable(field: FieldInfo) -> FieldInfo:
    return replace(field, read_only=False)


def _nothing(value: Any) -> bool:
    """Tell whether the portal means "none"; the number 0 is a value."""
    return value is None or value is False or value in ("", [], {})


def _read_one(field: FieldInfo, value: Any) -> Any:
    kind = NEUTRAL_TYPES.get(field.type, "other")
    reader = _READERS.get(kind)
    if _nothing(value):
        return None
    if kind == "choice":
        return (field.items or {}).get(str(value), str(value))
    if field.type == "crm":
        return _read_link(field, str(value))
    if field.type == "money" and str(value).partition("|")[2] not in ("", CURRENCY):
        return str(value)
    return reader(value) if reader else value


def _read_link(field: FieldInfo, value: str) -> Any:
    """Return where a link leads; the vendor's text if that is nothing neutral or cannot be told."""
    match = LINK.fullmatch(value)
    if match:
        return Ref(kind=LETTERS[match[1]], id=match[2])
    kinds = _allowed(field)
    return Ref(kind=kinds[0], id=value) if value.isdigit() and len(kinds) == 1 else value


def _write_link(field: FieldInfo, value: Any) -> str:
    """Return a link as the portal takes it: the plain number if it may lead to one type only."""
    kinds = _allowed(field)
    letter = next((one for one, kind in LETTERS.items() if isinstance(value, Ref) and kind == value.kind), "")
    if not letter or not value.id.isdigit() or (kinds and value.kind not in kinds):
        raise _misfit(field, value, f"a {' or '.join(kinds or LETTERS.values())}")
    return str(value.id) if len(kinds) == 1 else f"{letter}_{value.id}"


def _allowed(field: FieldInfo) -> tuple[EntityKind, ...]:
    """Return the neutral types that a link may lead to; none if others are allowed too or nothing is told."""
    on = {name for name, mark in (field.settings or {}).items() if mark == "Y"}
    kinds = {kind.upper(): kind for kind in LETTERS.values()}
    return tuple(kinds[name] for name in sorted(on)) if on and on <= set(kinds) else ()


def _number(value: Any) -> Any:
    with contextlib.suppress(InvalidOperation):
        return Decimal(str(value).partition("|")[0])
    return value


def _moment(value: Any) -> Any:
    with contextlib.suppress(ValueError):
        found = datetime.fromisoformat(str(value))
        return found if found.tzinfo else value
    return value


def _day(value: Any) -> Any:
    """Read a date: midnight in UTC, shifted into the server's zone."""
    found = _moment(value)
    if isinstance(found, datetime):
        return found.astimezone(UTC).date()
    with contextlib.suppress(ValueError):
        return date.fromisoformat(str(value))
    return value


def _link(make: Callable[[str], Ref]) -> Callable[[Any], Ref | None]:
    return lambda value: None if str(value) == "0" else make(str(value))


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "text": str,
    "number": _number,
    "bool": lambda value: value in ("Y", "y", "1", 1, True),
    "date": _day,
    "datetime": _moment,
    "person": _link(lambda number: Person(id=number)),
    "company": _link(lambda number: Ref(kind="company", id=number)),
    "ref": _link(lambda number: Ref(kind="contact", id=number)),
}


def _write_one(field: FieldInfo, kind: str, value: Any) -> Any:
    if kind == "choice":
        return _option(field, value)
    if field.type == "crm":
        return _write_link(field, value)
    if kind in ("person", "company", "ref"):
        return _linked(field, kind, value)
    if field.type == "money" and isinstance(value, str) and MONEY.fullmatch(value):
        return value
    expected = _EXPECTED[kind]
    fits = isinstance(value, expected) and (kind == "bool" or not isinstance(value, bool))
    if not fits or (kind == "date" and isinstance(value, datetime)):
        raise _misfit(field, value, kind)
    if kind == "bool":
        return "Y" if value else "N"
    if kind == "datetime" and value.tzinfo is None:
        raise _misfit(field, value, "a moment with its zone")
    if kind == "number" and field.type == "integer" and value != int(value):
        raise _misfit(field, value, "a whole number")
    return f"{value}|{CURRENCY}" if field.type == "money" else value


_EXPECTED: Mapping[str, Any] = {
    "text": str,
    "number": int | float | Decimal,
    "bool": bool,
    "date": date,
    "datetime": datetime,
}


def _option(field: FieldInfo, value: Any) -> int | str:
    options = field.items or {}
    found = [number for number, label in options.items() if label == value]
    if not found and str(value) in options and not isinstance(value, bool):
        found = [str(value)]
    if not found:
        raise ValidationError(
            f"field {_label(field)} has no option {value!r}", hint=f"there are {', '.join(options.values())}"
        )
    return int(found[0]) if found[0].isdigit() else found[0]


def _linked(field: FieldInfo, kind: str, value: Any) -> int:
    wanted = {"person": "user", "company": "company", "ref": "contact"}[kind]
    number = value.id.rpartition(":")[2] if isinstance(value, Ref) and value.kind == wanted else ""
    if not number.isdigit():
        raise _misfit(field, value, f"a {wanted}")
    return int(number)


def _misfit(field: FieldInfo, value: Any, wanted: str) -> ValidationError:
    return ValidationError(f"field {_label(field)}: {value!r} does not fit", hint=f"it holds {wanted}")


def _label(field: FieldInfo) -> str:
    return f"{field.name} «{field.title}»"
