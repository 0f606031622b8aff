"""One request to the account: who asks, with which body, and how to read its usual parameters."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import TYPE_CHECKING, Any, TypeVar

from crmkit.sandbox.faults import Fault
from crmkit.sandbox.planfix.exceptions import bad_json, bad_value, missing
from crmkit.sandbox.wire import Request

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.account import Account
    from crmkit.sandbox.planfix.models import User
    from crmkit.sandbox.planfix.settings import Settings

__all__ = ["MAX_PAGE", "Call", "Wanted", "passing"]

MAX_PAGE = 100
LAST_PLAIN = 0xFFFF
"""The last letter that fits into sixteen bits; emoji lie behind it."""
Entity = TypeVar("Entity")


@dataclass(frozen=True)
class Wanted:
    """The fields that were asked for: names, and custom fields by number. ``id`` always comes."""

    names: frozenset[str]
    custom: tuple[int, ...]


@dataclass
class Call:
    """A request that was let in."""

    account: Account
    user: User
    request: Request
    params: dict[str, str]
    fault: Fault | None = None
    status: int = 0
    """Set by a handler whose success has another status than usual."""
    _body: Any = field(default=None, init=False)

    @property
    def settings(self) -> Settings:
        """How the account behaves."""
        return self.account.settings

    @property
    def body(self) -> dict[str, Any]:
        """The decoded JSON body; an absent one is empty.

        Raises:
            Refused: Code 30: it is no JSON object.
        """
        if self._body is None:
            self._body = self._decoded()
        body: dict[str, Any] = self._body
        return body

    def _decoded(self) -> dict[str, Any]:
        if not self.request.body:
            return {}
        try:
            text = self.request.body.decode()
            body = json.loads(text, parse_constant=_no_number, parse_float=_finite)
        except ValueError:
            raise bad_json() from None
        if self.settings.emoji == "refuse" and any(ord(letter) > LAST_PLAIN for letter in str(body)):
            raise bad_json()
        if not isinstance(body, dict):
            raise bad_json()
        return body

    @property
    def zone(self) -> tzinfo:
        """The zone of the token's owner: dates of filters are read in it."""
        return self.account.zone_of(self.user)

    @property
    def today(self) -> date:
        """The day of the token's owner."""
        return datetime.fromtimestamp(self.account.now(), self.zone).date()

    def day_start(self, day: str) -> float:
        """Return when a day (``dd-MM-yyyy``) begins for the token's owner."""
        return datetime.strptime(day, "%d-%m-%Y").replace(tzinfo=self.zone).timestamp()

    @property
    def shown_zone(self) -> tzinfo:
        """The zone in which moments are shown and read (a setting)."""
        return self.zone if self.settings.timepoint_zone == "user" else UTC

    @property
    def silent(self) -> bool:
        """Whether the change shall leave no trace and tell nobody."""
        return self.flag("silent")

    def number(self, name: str) -> int:
        """Return a variable of the path; ``contact:12`` is 12."""
        return int(self.params[name].rpartition(":")[2])

    def wanted(self, default: str = "id") -> Wanted:
        """Return what ``fields`` asks for, from the query of a GET or the body of a list."""
        source = self.request.query if self.request.verb == "GET" else self.body
        text = source.get("fields")
        if text is not None and not isinstance(text, str):
            raise bad_value(f"Incorrect fields - {text!r}")
        parts = [part.strip() for part in (text or default).split(",")]
        custom = tuple(dict.fromkeys(int(part) for part in parts if part.isdigit()))
        return Wanted(frozenset(part for part in parts if part and not part.isdigit()) | {"id"}, custom)

    def page(self) -> tuple[int, int]:
        """Return ``offset`` and ``pageSize``; a page has a hundred rows at most."""
        offset, size = self.body.get("offset", 0), self.body.get("pageSize", MAX_PAGE)
        for name, value, least in (("offset", offset, 0), ("pageSize", size, 1)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise bad_value(f"Incorrect {name} - {value!r}")
        return offset, min(size, MAX_PAGE)

    def query_page(self) -> tuple[int, int]:
        """Return ``offset`` and ``pageSize`` of a GET."""
        offset, size = (self.request.query.get(name) for name in ("offset", "pageSize"))
        for name, value in (("offset", offset), ("pageSize", size)):
            if value is not None and not value.isdigit():
                raise bad_value(f"Incorrect {name} - {value!r}")
        return int(offset or 0), min(int(size or MAX_PAGE), MAX_PAGE)

    def flag(self, name: str) -> bool:
        """Return a parameter of the query that is true or false."""
        return self.request.query.get(name, "").lower() in ("true", "1")

    def filters(self) -> list[dict[str, Any]]:
        """Return the complex filters of a list.

        Raises:
            Refused: They have not the shape of filters.
        """
        filters = self.body.get("filters") or []
        if not isinstance(filters, list) or not all(isinstance(one, dict) for one in filters):
            raise bad_json()
        for one in filters:
            for name, kind in (("type", int), ("operator", str)):
                if one.get(name) in (None, ""):
                    raise missing(f"filters.{name}")
                if isinstance(one[name], bool) or not isinstance(one[name], kind):
                    raise bad_value(f"Incorrect filter {name} - {one[name]!r}")
        return filters


def passing(tests: Iterable[Callable[[Entity], bool]], found: Iterable[Entity]) -> Iterator[Entity]:
    """Return what passes every test, lazily: most pages are full long before the end."""
    rows = iter(found)
    for test in tests:
        rows = filter(test, rows)
    return rows


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large")
    return number
