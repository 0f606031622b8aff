"""What all resources share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from crmkit.planfix.checks import positive
from crmkit.planfix.connection import Connection, Keys
from crmkit.planfix.filters import FilterLike, bodies
from crmkit.planfix.ids import Person, person_of
from crmkit.planfix.models.base import Entity, Model
from crmkit.planfix.pagination import PAGE_LIMIT, check_page, walk

__all__ = ["PAGE_LIMIT", "Listing", "On", "ReadBack", "Resource", "silently", "target_of"]

E = TypeVar("E", bound=Entity)
M = TypeVar("M", bound=Model)


On = int | Person | str
"""What a comment or an entry hangs on: the number of a task, or ``contact(7)`` or ``"contact:7"``."""


def target_of(on: On, what: str) -> tuple[str, int]:
    """Return the kind and the number of what something hangs on.

    Raises:
        ValidationError: It is neither the number of a task nor a contact.
    """
    if isinstance(on, int):
        return "task", positive("task", on)
    return "contact", person_of(on, field_name=f"{what} on", kinds=("contact",)).id


def silently(silent: bool) -> dict[str, str] | None:
    """Return the query of a write that is not logged and notifies nobody."""
    return {"silent": "true"} if silent else None


class Resource:
    """A group of operations; knows the connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection


@dataclass(frozen=True, slots=True)
class ReadBack(Generic[E]):
    """What was seen after a write.

    Args:
        visible: Every written value is there.
        entity: The object as it was read last.
        pending: The names of the values that are not visible.
        waited: Seconds from the first look to the last.
    """

    visible: bool
    entity: E
    pending: tuple[str, ...] = ()
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Listing(Generic[E]):
    """A list operation of the vendor: offset and page size in the body or the query, rows under a key."""

    connection: Connection
    model: type[E]
    operation: str
    key: Keys

    def page(
        self,
        offset: int,
        size: int,
        *,
        fields: str | None,
        ids: tuple[Any, ...] = (),
        filters: Iterable[FilterLike] = (),
        **body: Any,
    ) -> tuple[E, ...]:
        """Read one page."""
        check_page(offset, size)
        return self._fetch(offset, size, ids, self._body(fields, filters, body))

    def walk(
        self,
        size: int,
        *,
        fields: str | None,
        ids: tuple[Any, ...] = (),
        filters: Iterable[FilterLike] = (),
        descending: bool = False,
        ordered: bool = False,
        **body: Any,
    ) -> Iterator[E]:
        """Read all pages; filters are checked now, requests are sent as the rows are taken."""
        fixed = self._body(fields, filters, body)
        return walk(
            lambda offset, rows: self._fetch(offset, rows, ids, fixed),
            what=self.operation,
            size=size,
            descending=descending,
            ordered=ordered,
        )

    def _body(
        self, fields: str | None, filters: Iterable[FilterLike], body: Mapping[str, Any]
    ) -> dict[str, Any]:
        conditions = bodies(filters, self.connection.timezone, self.operation)
        extra: dict[str, Any] = {"filters": conditions or None, "fields": fields, **body}
        return {key: value for key, value in extra.items() if value is not None}

    def _fetch(self, offset: int, size: int, ids: tuple[Any, ...], body: Mapping[str, Any]) -> tuple[E, ...]:
        asked = {"offset": offset, "pageSize": size, **body}
        if self.operation.startswith("GET "):
            return self.connection.many(self.model, self.key, self.operation, *ids, params=asked)
        return self.connection.many(self.model, self.key, self.operation, *ids, json=asked)
