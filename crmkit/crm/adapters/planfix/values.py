"""Values of custom fields: neutral ones on one side, what :mod:`crmkit.planfix` takes on the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from crmkit.crm.models import EntityKind, FieldSpec, Person, Ref
from crmkit.exceptions import ValidationError
from crmkit.planfix import Entry, FieldType, Period, ids
from crmkit.planfix.models import CustomField

__all__ = ["NEUTRAL_TYPES", "from_planfix", "person_in", "person_out", "spec_of", "to_planfix"]

PERIOD = re.compile(r"\s*(\d{1,2}:\d\d)\s*[-–—]\s*(\d{1,2}:\d\d)\s*")
NEUTRAL_TYPES: dict[int, str] = {
    FieldType.LINE: "text",
    FieldType.TEXT: "text",
    FieldType.NUMBER: "number",
    FieldType.DATE: "date",
    FieldType.DATETIME: "datetime",
    FieldType.CHECKBOX: "bool",
    FieldType.LIST: "choice",
    FieldType.SET: "choices",
    FieldType.PERIOD: "text",
    FieldType.CONTACT: "person",
    FieldType.EMPLOYEE: "person",
    FieldType.PERSON: "person",
    FieldType.COUNTERPARTY: "company",
    FieldType.PEOPLE: "people",
    FieldType.DIRECTORY: "ref",
    FieldType.DIRECTORY_SET: "ref",
    FieldType.TASK: "ref",
    FieldType.TASK_SET: "ref",
    FieldType.PROJECT: "ref",
}
"""What a field is called neutrally; all others are ``other``: read as the vendor's value, not written."""

_REFERS: dict[int, EntityKind] = {
    FieldType.DIRECTORY: "entry",
    FieldType.DIRECTORY_SET: "entry",
    FieldType.TASK: "task",
    FieldType.TASK_SET: "task",
    FieldType.PROJECT: "project",
}
_ONE_PERSON: dict[int, tuple[str, ...]] = {
    FieldType.CONTACT: ("contact",),
    FieldType.EMPLOYEE: ("user",),
    FieldType.COUNTERPARTY: ("contact",),
    FieldType.PERSON: ("user", "contact", "group"),
}
_KINDS: dict[str, EntityKind] = {"user": "user", "contact": "contact", "group": "group"}


def person_in(person: ids.Person) -> Person:
    """Return a Planfix person neutrally.

    Example:
        >>> str(person_in(ids.user(5)))
        'user:5'
    """
    # Planfix may grow further prefixes; somebody unknown is better taken for a contact than lost.
    return Person(kind=_KINDS.get(person.kind, "contact"), id=str(person.id), name=person.name)


def person_out(person: Ref) -> ids.Person:
    """Return somebody as Planfix wants to be told.

    Raises:
        ValidationError: It is no person, or its id is no number.
    """
    kind = "contact" if person.kind == "company" else person.kind
    return ids.person_of(person.id if ":" in person.id else f"{kind}:{person.id}")


def from_planfix(kind: int, value: Any, raw: Any = None) -> Any:
    """Turn a decoded value of a custom field into a neutral one.

    Args:
        kind: The number of the field's type.
        value: What :func:`crmkit.planfix.fields.decode` made of it.
        raw: The vendor's own value, returned for the types that have no neutral form.
    """
    if kind not in NEUTRAL_TYPES:
        return raw
    if isinstance(value, tuple):
        return tuple(_one_in(kind, part) for part in value)
    return _one_in(kind, value)


def to_planfix(field: CustomField, value: Any) -> Any:
    """Turn a neutral value into one that ``CustomField.encode`` takes.

    Where the field holds one person and several are given, the first of a fitting kind is taken: a deal may
    have several responsible people, and a field of type Employee (11) holds one of them; the type List of
    users (14) holds all.

    Raises:
        ValidationError: The value does not fit the field. Nothing was sent.
    """
    if value is None:
        return None
    if field.type not in NEUTRAL_TYPES:
        raise ValidationError(
            f"field {_label(field)}: its type has no neutral form", hint="write it with crm.native()"
        )
    if field.type == FieldType.PERIOD:
        return _period(field, value)
    if kinds := _ONE_PERSON.get(field.type):
        return _fitting(field, value, kinds)
    if field.type == FieldType.PEOPLE and isinstance(value, Ref):
        value = (value,)
    return tuple(map(_one_out, value)) if isinstance(value, tuple | list) else _one_out(value)


def spec_of(field: CustomField, key: str, *, reachable: bool) -> FieldSpec:
    """Return what a field is; one that the cards in question do not have is not ``reachable``."""
    kind = NEUTRAL_TYPES.get(field.type, "other")
    return FieldSpec(
        id=str(field.id),
        name=field.name,
        key=key,
        type=kind,
        options=field.options,
        writable=field.writable and reachable and kind != "other",
        raw=field.raw,
    )


def _one_in(kind: int, value: Any) -> Any:
    if isinstance(value, ids.Person):
        return person_in(value)
    if isinstance(value, Entry):
        return Ref(kind="entry", id=str(value.key), name=value.value)
    if isinstance(value, Period):
        return "–".join(map(_clock, (value.start, value.end)))
    if isinstance(value, ids.Ref):
        return Ref(kind=_REFERS[kind], id=str(value.id), name=value.name)
    return value


def _clock(since_midnight: timedelta) -> str:
    hours, minutes = divmod(int(since_midnight.total_seconds()) // 60, 60)
    return f"{hours:02}:{minutes:02}"


def _period(field: CustomField, value: Any) -> Period:
    """Return a period from its text, ``10:00–10:15``; the dash may be a hyphen."""
    match = PERIOD.fullmatch(str(value))
    if match is None:
        raise ValidationError(f"field {_label(field)}: {value!r} is no period", hint="write 10:00–10:15")
    return Period.between(match[1], match[2])


def _one_out(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)  # the vendor's numbers are: the shortest text of it comes back unchanged
    if not isinstance(value, Ref):
        return value
    make: dict[str, Callable[[int], Any]] = {
        "entry": Entry,
        "task": ids.Ref,
        "deal": ids.Ref,
        "project": ids.Ref,
    }
    if value.kind in make and value.id.isdigit():
        return make[value.kind](int(value.id))
    return person_out(value)


def _fitting(field: CustomField, value: Any, kinds: tuple[str, ...]) -> ids.Person | None:
    given = value if isinstance(value, tuple | list) else (value,)
    people = [person_out(one) if isinstance(one, Ref) else ids.person_of(one) for one in given]
    fitting = [person for person in people if person.kind in kinds]
    if people and not fitting:
        raise ValidationError(
            f"field {_label(field)}: {', '.join(map(str, people))} does not fit",
            hint=f"it holds a {' or '.join(kinds)}; a field of type List of users holds everybody",
        )
    return fitting[0] if fitting else None


def _label(field: CustomField) -> str:
    return f"{field.id} «{field.name}»"
