"""Conditions on custom fields: what can be asked follows from the type of the field."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import is_number, unfit
from crmkit.planfix.field_types import Entry, FieldType
from crmkit.planfix.filters.terms import DateTerm, DateValue, Filter, Operator
from crmkit.planfix.ids import Person, Ref, person_of
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.text import astral

__all__ = ["DATATAG_ENTRIES", "CustomTerm", "Family", "custom_in", "datatag_entry"]

_EQUALITY = (Operator.EQUAL, Operator.NOT_EQUAL)
_ORDER = (*_EQUALITY, Operator.GREATER, Operator.LESS)
_TEXT = (*_EQUALITY, Operator.HAVE, Operator.NOT_HAVE)


@dataclass(frozen=True, slots=True)
class Family:
    """The custom-field filters of one entity: their numbers are this prefix and a common suffix.

    Args:
        name: For error texts.
        base: 100 for tasks, 4100 for contacts, …
        missing: Suffixes that the vendor does not have there.
        has_value: The filter "has a value"; 0 if there is none.
        is_empty: The filter "has no value"; 0 if there is none.
        numbers: The filters by type of the field, where they are numbered in a way of their own.
        prefixed_party: A counterparty goes as ``contact:12``, not as a plain number.
    """

    name: str
    base: int = 0
    missing: frozenset[int] = frozenset()
    has_value: int = 0
    is_empty: int = 0
    numbers: Mapping[int, int] | None = None
    prefixed_party: bool = False

    def number(self, kind: int) -> int | None:
        """Return the filter for fields of a type, ``None`` if there is none."""
        if self.numbers is not None:
            return self.numbers.get(kind)
        known = _KINDS.get(kind)
        return None if known is None or known.suffix in self.missing else self.base + known.suffix


@dataclass(frozen=True, slots=True)
class _Kind:
    suffix: int
    operators: tuple[Operator, ...]


_KINDS: dict[int, _Kind] = {
    FieldType.LINE: _Kind(1, _TEXT),
    FieldType.TEXT: _Kind(1, _TEXT),
    FieldType.NUMBER: _Kind(2, _ORDER),
    FieldType.DATE: _Kind(3, _ORDER),
    FieldType.DATETIME: _Kind(3, _ORDER),
    FieldType.CHECKBOX: _Kind(5, _EQUALITY),
    FieldType.LIST: _Kind(6, _EQUALITY),
    FieldType.DIRECTORY: _Kind(7, _EQUALITY),
    FieldType.CONTACT: _Kind(8, _EQUALITY),
    FieldType.EMPLOYEE: _Kind(9, _EQUALITY),
    FieldType.COUNTERPARTY: _Kind(10, _EQUALITY),
    FieldType.SET: _Kind(11, _EQUALITY),
    FieldType.PERSON: _Kind(12, _EQUALITY),
    FieldType.PEOPLE: _Kind(13, _EQUALITY),
    FieldType.DIRECTORY_SET: _Kind(14, _EQUALITY),
    FieldType.TASK: _Kind(15, _EQUALITY),
    FieldType.TASK_SET: _Kind(16, _EQUALITY),
    FieldType.PROJECT: _Kind(17, _EQUALITY),
}


_DATES = (FieldType.DATE, FieldType.DATETIME)


@dataclass(frozen=True, slots=True)
class CustomTerm:
    """A custom field to be compared; see :func:`crmkit.planfix.filters.custom`."""

    family: Family
    field: CustomField

    def equals(self, value: Any) -> Filter:
        """The value is this one; for sets: it holds all of these.

        What fits follows from the type: text, number, bool, option text, ``user(5)``, an entry or its key, a
        number of a task or project, a date; a list of these for sets.
        """
        return self._compare(Operator.EQUAL, value)

    def not_equals(self, value: Any) -> Filter:
        """The value is another one."""
        return self._compare(Operator.NOT_EQUAL, value)

    def contains(self, text: str) -> Filter:
        """The text occurs in it (text fields only)."""
        return self._compare(Operator.HAVE, text)

    def not_contains(self, text: str) -> Filter:
        """The text does not occur in it (text fields only)."""
        return self._compare(Operator.NOT_HAVE, text)

    def greater(self, number: float) -> Filter:
        """The number is greater (number fields only)."""
        return self._compare(Operator.GREATER, number)

    def less(self, number: float) -> Filter:
        """The number is less (number fields only)."""
        return self._compare(Operator.LESS, number)

    def before(self, when: date | DateValue) -> Filter:
        """Before this day or span (date fields only)."""
        return self._dates().before(when)

    def after(self, when: date | DateValue) -> Filter:
        """After this day or span (date fields only)."""
        return self._dates().after(when)

    def between(self, first: date, last: date) -> Filter:
        """From the first to the last day, both included (date fields only)."""
        return self._dates().between(first, last)

    def has_value(self) -> Filter:
        """The field is not empty."""
        return self._emptiness(self.family.has_value)

    def is_empty(self) -> Filter:
        """The field is empty."""
        return self._emptiness(self.family.is_empty)

    def _compare(self, operator: Operator, value: Any) -> Filter:
        number = self._number_of_filter(operator)
        if self.field.type in _DATES:
            dates = self._dates()
            return {
                Operator.EQUAL: dates.on,
                Operator.NOT_EQUAL: dates.not_on,
                Operator.LESS: dates.before,
                Operator.GREATER: dates.after,
            }[operator](value)
        return Filter(number, operator, self._value(value), self.field.id)

    def _number_of_filter(self, operator: Operator) -> int:
        number, kind = self.family.number(self.field.type), _KINDS.get(self.field.type)
        if number is None or kind is None:
            raise ValidationError(
                f"{self.family.name} cannot be filtered by the values of field {self._label()}",
                hint="filter by has_value and is_empty"
                if self.family.has_value
                else "filter the rows you read",
            )
        if operator not in kind.operators:
            raise ValidationError(
                f"field {self._label()} knows no {operator.value}",
                hint="allowed: " + ", ".join(one.value for one in kind.operators),
            )
        return number

    def _dates(self) -> DateTerm:
        number = self._number_of_filter(Operator.EQUAL)
        if self.field.type not in _DATES:
            raise ValidationError(
                f"field {self._label()} holds no dates", hint="before, after and between need a date"
            )
        return DateTerm(number, self.field.id)

    def _emptiness(self, number: int) -> Filter:
        if not number:
            raise ValidationError(
                f"{self.family.name} have no filter for empty fields", hint="filter the rows you read"
            )
        return Filter(number, Operator.EQUAL, self.field.id)

    def _value(self, value: Any) -> Any:
        compared = _VALUES.get(self.field.type)
        return compared(self, value) if compared else self._plain(value)

    def _person(self, value: Any) -> Person:
        kinds = _PEOPLE.get(self.field.type, ("user", "contact", "group"))
        return person_of(value, field_name=f"field {self._label()}", kinds=kinds)

    def _some(self, value: Any) -> tuple[Any, ...]:
        is_list = isinstance(value, Iterable) and not isinstance(value, str)
        some = tuple(value) if is_list else (value,)
        if not some:
            raise self._unfit(value, "at least one")
        return some

    def _option(self, value: Any) -> str:
        options = self.field.options
        if not isinstance(value, str) or not value or (options and value not in options):
            raise self._unfit(value, "; ".join(options))
        return value

    def _number(self, value: Any) -> int:
        number = value.key if isinstance(value, Entry) else value.id if isinstance(value, Ref) else value
        if not is_number(number):
            raise self._unfit(value)
        return number

    def _plain(self, value: Any) -> Any:
        if not _is_plain(self.field.type, value):
            raise self._unfit(value)
        return value

    def _unfit(self, value: Any, allowed: str = "") -> ValidationError:
        return unfit(f"filter by field {self._label()}", value, allowed or "see CustomTerm.equals")

    def _label(self) -> str:
        kind = self.field.type
        name = kind.name.lower() if isinstance(kind, FieldType) else f"type {kind}"
        return f"{self.field.id} ({name})"


_PEOPLE: dict[int, tuple[str, ...]] = {
    FieldType.CONTACT: ("contact",),
    FieldType.COUNTERPARTY: ("contact",),
    FieldType.EMPLOYEE: ("user",),
}
_VALUES: dict[int, Callable[[CustomTerm, Any], Any]] = {
    **{
        kind: lambda term, value: str(term._person(value))
        for kind in (FieldType.CONTACT, FieldType.EMPLOYEE, FieldType.PERSON, FieldType.PEOPLE)
    },
    # The one person that the vendor wants as a plain number here; not so among projects.
    FieldType.COUNTERPARTY: lambda term, value: (
        str(term._person(value)) if term.family.prefixed_party else term._person(value).id
    ),
    FieldType.LIST: CustomTerm._option,
    FieldType.SET: lambda term, value: ";".join(term._option(one) for one in term._some(value)),
    FieldType.DIRECTORY_SET: lambda term, value: ";".join(
        str(term._number(one)) for one in term._some(value)
    ),
    FieldType.TASK_SET: lambda term, value: [term._number(one) for one in term._some(value)],
    FieldType.DIRECTORY: CustomTerm._number,
    FieldType.TASK: CustomTerm._number,
    FieldType.PROJECT: CustomTerm._number,
}


def custom_in(family: Family, field: CustomField | int, kind: FieldType | None) -> CustomTerm:
    """Return the term of a custom field: by its definition, or by number and type."""
    if isinstance(field, CustomField):
        return CustomTerm(family, field)
    if kind is None:
        raise ValidationError(
            f"filter by custom field {field}: its type is not known",
            hint="give the definition from custom_fields, or the type: custom(101, FieldType.LIST)",
        )
    return CustomTerm(family, CustomField(id=field, type=kind))


# Datatag entries number their filters in their own way.
_DATATAG_KINDS: dict[int, int] = {
    FieldType.DATE: 3101,
    FieldType.PEOPLE: 3103,
    FieldType.EMPLOYEE: 3104,
    FieldType.DIRECTORY: 3105,
    FieldType.COUNTERPARTY: 3106,
    FieldType.LINE: 3108,
    FieldType.TEXT: 3108,
    FieldType.NUMBER: 3109,
    FieldType.PERSON: 3111,
    FieldType.CHECKBOX: 3115,
    FieldType.CONTACT: 3116,
    FieldType.TASK: 3117,
    FieldType.TASK_SET: 3123,
}
DATATAG_ENTRIES = Family("datatag entries", numbers=_DATATAG_KINDS)


def datatag_entry(
    datatag: int, field: CustomField | int, value: Any, kind: FieldType | None = None
) -> Filter:
    """Return filter 93: an entry of the datatag has this value in this field.

    Args:
        datatag: The number of the datatag.
        field: The field of the datatag: its definition, or its number with ``kind``.
        value: As for :meth:`CustomTerm.equals`.
        kind: The type of the field, if it is given by number.

    Example:
        >>> from datetime import UTC
        >>> datatag_entry(6, 20, "call", FieldType.LINE).body(UTC)["subfilter"]
        {'dataTagId': 6, 'filter': {'type': 3108, 'field': 20}}
    """
    checked = custom_in(DATATAG_ENTRIES, field, kind).equals(value)
    subfilter = {"dataTagId": datatag, "filter": {"type": checked.type, "field": checked.field}}
    # The vendor's examples say "equals"; the list of operators knows "equal".
    return Filter(93, Operator.EQUAL, checked.value, subfilter=subfilter)


def _is_plain(kind: int, value: Any) -> bool:
    if kind == FieldType.CHECKBOX or isinstance(value, bool):
        return kind == FieldType.CHECKBOX and isinstance(value, bool)
    if kind == FieldType.NUMBER:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, str) and value != "" and not astral(value)
