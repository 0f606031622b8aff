"""Reading what has changed since last time.

Planfix has no event and no cursor: a condition on the last change, to the day, is all there is. So each pass
reads again the days on which something may have happened since the last one and a day more, and leaves
out rows that look as they did. A row is known by its number and a digest of all that was asked for, its
last update included: a change within the same second, or while the list was read, is a change all the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Generic, Protocol, TypeVar

from crmkit.clock import Clock
from crmkit.exceptions import ValidationError

__all__ = ["Changes", "Cursor"]

OVERLAP = timedelta(days=1)
"""What is read again besides the last day: clocks and time zones may differ by less than that."""
_KEPT = 2 * OVERLAP
_VOLATILE = frozenset({"overdue", "closeToDeadLine", "notAcceptedInTime", "inFavorites"})
"""These change by the clock or by who looks, not by a change of the object."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far somebody has read; to be kept between two passes, as text.

    Args:
        day: The first day of which not everything has been read; ``None``: everything is to be read.
        seen: What the rows looked like that the next pass will meet again: number -> digest.

    Example:
        >>> Cursor.from_text(Cursor(date(2025, 3, 3), {7: "ab"}).to_text()).day
        datetime.date(2025, 3, 3)
    """

    day: date | None = None
    seen: Mapping[int, str] = field(default_factory=dict, repr=False)

    def to_text(self) -> str:
        """Return the cursor as a line of JSON."""
        seen = {str(number): digest for number, digest in self.seen.items()}
        return json.dumps({"day": self.day.isoformat() if self.day else None, "seen": seen})

    @classmethod
    def from_text(cls, text: str) -> Cursor:
        """Read what :meth:`to_text` wrote.

        Raises:
            ValidationError: It is no cursor.
        """
        try:
            data = json.loads(text)
            day = date.fromisoformat(data["day"]) if data["day"] else None
            return cls(day, {int(number): str(digest) for number, digest in data["seen"].items()})
        except (ValueError, TypeError, KeyError, AttributeError):
            pass
        raise ValidationError("this is no cursor", hint="give what Cursor.to_text wrote, or Cursor()")


class Changed(Protocol):
    """A row that knows its number, its payload and when it was changed."""

    @property
    def id(self) -> int:
        """Its number."""
        ...

    @property
    def raw(self) -> dict[str, Any]:
        """The payload as it came."""
        ...


R = TypeVar("R", bound=Changed)


class Changes(Generic[R], Iterable[R]):
    """One pass over what has changed: iterate over it once, then keep :attr:`cursor`.

    Every row that was changed since the last pass is yielded, once for each look that differs; the first pass
    yields all. Deletions are invisible, and whether silent updates are seen is not documented.

    Args:
        read: Reads the rows changed on a day or later; ``None`` for all.
        last: When a row was changed last, ``None`` if it does not tell.
        cursor: Where the last pass ended.
        clock: Time.
        zone: The zone whose days the portal means.
    """

    def __init__(
        self,
        read: Callable[[date | None], Iterator[R]],
        last: Callable[[R], datetime | None],
        cursor: Cursor,
        *,
        clock: Clock,
        zone: tzinfo,
    ) -> None:
        self._read = read
        self._last = last
        self._clock = clock
        self._zone = zone
        self._cursor = cursor

    @property
    def cursor(self) -> Cursor:
        """Where the next pass begins.

        Before the end of the pass it knows the rows that were yielded so far: whoever is interrupted and goes
        on with it gets the rest, and nothing twice.
        """
        return self._cursor

    def __iter__(self) -> Iterator[R]:
        begun = self._clock.now().astimezone(self._zone).date()
        before = self._cursor
        since = before.day - OVERLAP if before.day else None
        seen = dict(before.seen)
        met: dict[int, str] = {}
        self._cursor = Cursor(before.day, seen)
        for row in self._read(since):
            digest = _digest(row.raw)
            if self._may_come_again(row, begun):
                met[row.id] = digest
            if seen.get(row.id) != digest:
                # Noted before it is handed out: whoever stops in the middle has got it.
                seen[row.id] = digest
                yield row
        # A clock that was set back must not make us forget what lies between.
        self._cursor = Cursor(max(begun, before.day) if before.day else begun, met)

    def _may_come_again(self, row: R, begun: date) -> bool:
        last = self._last(row)
        return last is None or last.astimezone(self._zone).date() >= begun - _KEPT


def _digest(raw: Mapping[str, Any]) -> str:
    stable = {key: value for key, value in raw.items() if key not in _VOLATILE}
    text = json.dumps(stable, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()
