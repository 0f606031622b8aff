"""How values become the body of a write, and how it is seen later that they have arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from typing import Any

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import is_number, items, unfit
from crmkit.planfix.checks import named as checked_name
from crmkit.planfix.checks import plain as checked_text
from crmkit.planfix.checks import switch as checked_switch
from crmkit.planfix.fields import decode
from crmkit.planfix.ids import Person, Ref, people_body, person_of, read_person, read_ref
from crmkit.planfix.models.base import Model, Phone
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.text import referenced, to_html, to_text
from crmkit.planfix.times import moment_body, read_day, read_moment

__all__ = [
    "Column",
    "Columns",
    "boolean",
    "choice",
    "custom_body",
    "custom_ids",
    "day",
    "markup",
    "moment",
    "name",
    "number",
    "parties",
    "party",
    "people",
    "phones",
    "reference",
    "references",
    "status",
    "text",
    "texts",
    "word",
]

Write = Callable[[str, Any, tzinfo], Any]
Same = Callable[[Any, Any, tzinfo], bool]
Lookup = Callable[[int], CustomField]


@dataclass(frozen=True, slots=True)
class Column:
    """One writable attribute: its name on the wire, how it is written, when a read value equals it."""

    wire: str
    write: Write
    same: Same


class Columns:
    """The writable attributes of one entity.

    Args:
        entity: For error texts.
        columns: Attribute -> column.
        clearable: Dates that are cleared by a flag: attribute -> the flag's name on the wire.
    """

    def __init__(
        self, entity: str, columns: Mapping[str, Column], clearable: Mapping[str, str] | None = None
    ) -> None:
        self.entity = entity
        self._columns = columns
        self._clearable = clearable or {}

    def body(self, values: Mapping[str, Any], zone: tzinfo, lookup: Lookup) -> dict[str, Any]:
        """Return the body that sets these values.

        Raises:
            ValidationError: An attribute does not exist or its value does not fit; nothing was sent.
        """
        body: dict[str, Any] = {}
        for name, value in values.items():
            if name == "custom_fields":
                body["customFieldData"] = custom_body(value, zone, lookup)
            elif value is None and name in self._clearable:
                body[self._clearable[name]] = False
            else:
                column = self._column(name)
                body[column.wire] = column.write(name, value, zone)
        return body

    def differences(
        self, values: Mapping[str, Any], raw: Mapping[str, Any], zone: tzinfo, lookup: Lookup
    ) -> tuple[str, ...]:
        """Return the names of the values that a read payload does not show (yet)."""
        missing = []
        for name, value in values.items():
            if name == "custom_fields":
                missing += _custom_differences(value, raw, zone, lookup)
            elif value is None and name in self._clearable:
                if raw.get(self._clearable[name], bool(raw.get(self._column(name).wire))):
                    missing.append(name)
            else:
                column = self._column(name)
                if not column.same(column.write(name, value, zone), raw.get(column.wire), zone):
                    missing.append(name)
        return tuple(missing)

    def wires(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the ``fields`` that show these values."""
        names = [self._column(name).wire for name in values if name != "custom_fields"]
        return (*names, *(self._clearable[name] for name in values if name in self._clearable))

    def _column(self, name: str) -> Column:
        if name not in self._columns:
            allowed = ", ".join(sorted((*self._columns, "custom_fields")))
            raise ValidationError(
                f"{self.entity}: there is no attribute {name!r} to set", hint=f"allowed: {allowed}"
            )
        return self._columns[name]


def custom_body(values: Any, zone: tzinfo, lookup: Lookup) -> list[dict[str, Any]]:
    """Return the ``customFieldData`` that sets these values; see :func:`crmkit.planfix.fields.encode`.

    Raises:
        ValidationError: There is no such field, or a value does not fit; nothing was sent.
    """
    return [field.encode(one, zone) for field, one in _definitions(values, lookup)]


def custom_ids(values: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the numbers of the custom fields among the values."""
    return tuple(key.id if isinstance(key, CustomField) else key for key in values.get("custom_fields", {}))


def _definitions(values: Any, lookup: Lookup) -> Iterable[tuple[CustomField, Any]]:
    if not isinstance(values, Mapping):
        raise ValidationError("custom_fields: a mapping is expected", hint="write custom_fields={101: value}")
    for key, value in values.items():
        yield (key if isinstance(key, CustomField) else lookup(key)), value


def _custom_differences(values: Any, raw: Mapping[str, Any], zone: tzinfo, lookup: Lookup) -> list[str]:
    shown = {one["field"]["id"]: one.get("value") for one in raw.get("customFieldData") or ()}
    missing = []
    for field, value in _definitions(values, lookup):
        wanted = decode(field.type, field.encode(value, zone)["value"], zone=zone, name=field.name)
        found = decode(field.type, shown.get(field.id), zone=zone, name=field.name)
        if not _equal(wanted, found):
            missing.append(f"custom field {field.id}")
    return missing


def _equal(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, tuple) or isinstance(found, tuple):
        return set(wanted or ()) == set(found or ())
    # An unticked checkbox may be stored as "no value".
    return bool(wanted == found) or (wanted in (None, False) and found in (None, False))


def _as_it_is(wire: str, check: Callable[[str, Any], Any]) -> Column:
    return Column(
        wire,
        lambda name, value, _: check(name, value),
        lambda written, found, _: written == found or (written == "" and found is None),
    )


def name(wire: str) -> Column:
    """Plain text that is not empty."""
    return _as_it_is(wire, checked_name)


def text(wire: str) -> Column:
    """Plain text, no HTML."""
    return _as_it_is(wire, checked_text)


def texts(wire: str) -> Column:
    """Several texts; the list replaces the present one."""

    def write(name: str, value: Any, _: tzinfo) -> list[str]:
        return [checked_name(name, one) for one in items(name, value)]

    return Column(wire, write, lambda written, found, _: set(written) == set(found or ()))


def number(wire: str) -> Column:
    """A whole number."""
    return _as_it_is(wire, _whole)


def boolean(wire: str) -> Column:
    """True or false."""
    return _as_it_is(wire, checked_switch)


def markup(wire: str, *, convert: bool) -> Column:
    """HTML; from plain text with ``convert``. Compared by what it shows."""

    def write(name: str, value: Any, _: tzinfo) -> str:
        if not isinstance(value, str):
            raise unfit(name, value, "text")
        return to_html(value) if convert else referenced(value)

    return Column(wire, write, lambda written, found, _: to_text(written) == to_text(found or ""))


def choice(wire: str, enum: type[StrEnum]) -> Column:
    """One of the vendor's words; the portal ignores others without a word, so they are refused."""
    return word(wire, *(str(member.value) for member in enum))


def word(wire: str, *words: str) -> Column:
    """One of a few words."""

    def write(name: str, value: Any, _: tzinfo) -> str:
        if value not in words:
            raise unfit(name, value, ", ".join(words))
        return str(value)

    return Column(wire, write, lambda written, found, _: bool(written == found))


def reference(wire: str) -> Column:
    """Something with a number: ``{"id": 5}``."""
    return Column(wire, _write_reference, lambda written, found, _: read_ref(written) == read_ref(found))


def status(wire: str) -> Column:
    """A status: 0 is one too (a draft)."""

    def write(name: str, value: Any, zone: tzinfo) -> dict[str, int]:
        return {"id": 0} if getattr(value, "id", value) == 0 else _write_reference(name, value, zone)

    def same(written: Any, found: Any, _: tzinfo) -> bool:
        return isinstance(found, Mapping) and found.get("id") == written["id"]

    return Column(wire, write, same)


def references(wire: str) -> Column:
    """Several things with numbers."""

    def write(name: str, value: Any, zone: tzinfo) -> list[dict[str, int]]:
        return [_write_reference(name, one, zone) for one in items(name, value)]

    def same(written: Any, found: Any, _: tzinfo) -> bool:
        return {read_ref(one) for one in written} == {read_ref(one) for one in found or ()}

    return Column(wire, write, same)


def party(wire: str, *kinds: str) -> Column:
    """One person, always with the prefix."""

    def write(name: str, value: Any, _: tzinfo) -> dict[str, str]:
        return {"id": str(person_of(value, field_name=name, kinds=kinds))}

    def same(written: Any, found: Any, _: tzinfo) -> bool:
        return read_person(written, kinds[0]) == read_person(found, kinds[0])

    return Column(wire, write, same)


def parties(wire: str, *kinds: str) -> Column:
    """Several persons, always with the prefix; the list replaces the present one."""

    def write(name: str, value: Any, _: tzinfo) -> list[dict[str, str]]:
        return [{"id": str(person_of(one, field_name=name, kinds=kinds))} for one in items(name, value)]

    def same(written: Any, found: Any, _: tzinfo) -> bool:
        return {read_person(one, kinds[0]) for one in written} == {
            read_person(one, kinds[0]) for one in found or ()
        }

    return Column(wire, write, same)


def people(wire: str) -> Column:
    """People and groups; the list replaces the present one, an empty list leaves nobody."""

    def write(name: str, value: Any, _: tzinfo) -> dict[str, Any]:
        return people_body(value, field_name=name)

    return Column(wire, write, lambda written, found, _: _who(written) == _who(found))


def phones(wire: str) -> Column:
    """Telephone numbers; the list replaces the present one. Compared by digits: the portal reformats them."""

    def write(name: str, value: Any, _: tzinfo) -> list[dict[str, Any]]:
        return [_write_phone(name, one) for one in items(name, value)]

    def same(written: Any, found: Any, _: tzinfo) -> bool:
        return {_digits(one) for one in written} == {_digits(one) for one in found or ()}

    return Column(wire, write, same)


def moment(wire: str) -> Column:
    """A day, or an aware moment, which is written in the account's zone."""

    def write(name: str, value: Any, zone: tzinfo) -> dict[str, str]:
        return moment_body(value, zone, field_name=name)

    def same(written: Any, found: Any, zone: tzinfo) -> bool:
        if "time" not in written:
            # A day comes back as midnight, and it is not documented of which zone.
            return read_day(written) == read_day(found)
        return read_moment(written, zone) == read_moment(found, zone)

    return Column(wire, write, same)


def day(wire: str) -> Column:
    """A calendar day."""

    def write(name: str, value: Any, zone: tzinfo) -> dict[str, str]:
        return {"date": moment_body(value, zone, field_name=name)["date"]}

    return Column(wire, write, lambda written, found, _: read_day(written) == read_day(found))


def _write_reference(name: str, value: Any, _: tzinfo) -> dict[str, int]:
    found = getattr(value, "id", None) if isinstance(value, Ref | Model) else value
    if not is_number(found):
        raise unfit(name, value, "a positive number")
    return {"id": found}


def _write_phone(name: str, value: Any) -> dict[str, Any]:
    phone = Phone(number=value, type=1) if isinstance(value, str) else value
    if (
        not isinstance(phone, Phone)
        or not any(map(str.isdigit, phone.number))
        or phone.type not in (1, 2, 3, 4)
    ):
        raise unfit(name, value, "a number as text, or Phone(number=…, type=1..4)")
    return {"number": phone.number, "type": phone.type}


def _digits(phone: Mapping[str, Any]) -> str:
    return "".join(filter(str.isdigit, str(phone.get("number", ""))))


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise unfit(name, value, "a whole number")
    return value


def _who(data: Any) -> set[Person]:
    if not isinstance(data, Mapping):
        return set()
    found = [read_person(one, "user") for one in data.get("users") or ()]
    found += [read_person(one, "group") for one in data.get("groups") or ()]
    return {one for one in found if one}
