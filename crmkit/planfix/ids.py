"""Who and what Planfix points at: ``user:5``, ``contact:7``, ``group:3``; plain numbers for all else.

A bare number in a list of assignees is replaced by the owner of the token without a word (seen by users of
the API), so people are a small type of their own, on reading as well as on writing, and a number is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from crmkit.exceptions import ValidationError

__all__ = ["Person", "Ref", "contact", "external_id", "group", "people_body", "person_of", "user"]

KINDS = ("user", "contact", "group")
# Fixed for ever: ids that were written with it must be found again.
_NAMESPACE = UUID("6f1d3a52-8c0e-5b8d-9d56-2f4f0f6a7c11")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be responsible or be notified: an employee, a contact, a group.

    Args:
        kind: ``user``, ``contact`` or ``group``; other prefixes are kept on reading and refused on writing.
        id: The number without its prefix.
        name: As the portal shows it; plays no part in comparisons.

    Example:
        >>> str(Person("user", 5, "Anna"))
        'user:5'
        >>> Person.parse("contact:7") == contact(7)
        True
    """

    kind: str
    id: int
    name: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str, *, name: str = "") -> Person:
        """Read ``"user:5"``.

        Raises:
            ValidationError: There is no prefix, or no number after it.
        """
        kind, colon, number = text.partition(":")
        if not colon or not kind or not number.isdecimal():
            raise ValidationError(
                f"{text!r} names no person", hint='write "user:5", "contact:7" or "group:3", with the prefix'
            )
        return cls(kind, int(number), name)

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Ref:
    """Points at a project, a task, a template, an object or a group by its number.

    Example:
        >>> Ref(5, "Moving house") == Ref(5)
        True
    """

    id: int
    name: str = field(default="", compare=False)


def user(number: int) -> Person:
    """Return the employee with this number."""
    return Person("user", number)


def contact(number: int) -> Person:
    """Return the contact or company with this number."""
    return Person("contact", number)


def group(number: int) -> Person:
    """Return the group of employees with this number."""
    return Person("group", number)


def person_of(value: Any, *, field_name: str = "person", kinds: Iterable[str] = KINDS) -> Person:
    """Check that a value names a person of one of the kinds, before it is sent.

    Raises:
        ValidationError: A bare number, an unknown prefix, or a kind that the field does not take.
    """
    allowed = tuple(kinds)
    hint = "allowed: " + ", ".join(f"{kind}:N" for kind in allowed)
    if isinstance(value, str):
        value = Person.parse(value)
    if not isinstance(value, Person):
        shown = value if isinstance(value, int) else type(value).__name__
        raise ValidationError(
            f"{field_name}: {shown} does not say whether it is a user, a contact or a group", hint=hint
        )
    if value.kind not in allowed:
        raise ValidationError(f"{field_name}: {value} does not fit here", hint=hint)
    return value


def people_body(people: Iterable[Any], *, field_name: str = "people") -> dict[str, list[dict[str, Any]]]:
    """Make the vendor's ``{"users": [...], "groups": [...]}``; groups go by plain number there.

    Example:
        >>> people_body([user(5), "contact:7", group(3)])
        {'users': [{'id': 'user:5'}, {'id': 'contact:7'}], 'groups': [{'id': 3}]}
    """
    if isinstance(people, str | Person) or not isinstance(people, Iterable):
        raise ValidationError(f"{field_name}: one person where a list is expected", hint="write [user(5)]")
    checked = [person_of(one, field_name=field_name) for one in people]
    return {
        "users": [{"id": str(one)} for one in checked if one.kind != "group"],
        "groups": [{"id": one.id} for one in checked if one.kind == "group"],
    }


def read_person(data: Any, default_kind: str) -> Person | None:
    """Read a person in any of the vendor's spellings; ``None`` for none.

    Seen: ``{"id": "user:5", "name": …}``, ``{"id": 5}`` (the kind follows from the place), ``"user:5"``.
    """
    name = ""
    if isinstance(data, Mapping):
        name = str(data.get("name") or "")
        data = data.get("id")
    if data is None or data in ("", 0):
        return None
    if isinstance(data, Person):
        return data
    kind, _, number = str(data).rpartition(":")
    # Something else than a number would be a new kind of reference: it stays in the raw payload.
    return Person(kind or default_kind, int(number), name) if number.isdecimal() else None


def read_ref(data: Any) -> Ref | None:
    """Read ``{"id": 5, "name": …}`` or a plain number; ``None`` for none."""
    if isinstance(data, Ref):
        return data
    name = ""
    if isinstance(data, Mapping):
        name = str(data.get("name") or "")
        data = data.get("id")
    return None if data is None or data in ("", 0) else Ref(read_number(data), name)


def read_number(data: Any) -> int:
    """Read an id: 12, "12" or, where the vendor was asked for prefixes, "contact:12"."""
    return int(str(data).rpartition(":")[2])


def external_id(key: str) -> str:
    """Return the ``sourceObjectId`` that stands for a caller's key: the same in every process, for ever.

    Example:
        >>> external_id("stale_deals/71234/1/warn") == external_id("stale_deals/71234/1/warn")
        True
    """
    return str(uuid5(_NAMESPACE, key))
