"""What has changed since another system last asked: ``onlyChanged`` of the lists of tasks and contacts.

The vendor says no more than "modified since the last sync with the external application". Here that is either
a cursor per application (``sourceId``), which moves on when a walk has reached its end, so that a walk that
was interrupted gives the same again; or the moment at which ``sourceDataVersion`` was written last: a
setting.
"""

from __future__ import annotations

from itertools import count

__all__ = ["Sync"]

NEVER = -1


class Sync:
    """Numbers all changes, and remembers how far each application has read."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._last = 0
        self._changed: dict[str, int] = {}
        self._versions: dict[str, int] = {}
        self._cursors: dict[tuple[str, str], int] = {}
        self._marks: dict[tuple[str, str], int] = {}

    def touch(self, ref: str) -> None:
        """Note that ``task:7`` or ``contact:7`` was changed by now."""
        self._last = self._changed[ref] = next(self._numbers)

    def version(self, ref: str) -> None:
        """Note that the version of the other system was written: what is here now is known there."""
        self._versions[ref] = self._last

    def since_version(self, ref: str) -> bool:
        """Tell whether something was changed after its version was written, or has none."""
        return self._changed.get(ref, 0) > self._versions.get(ref, NEVER)

    def begin(self, source: str, what: str) -> None:
        """An application begins to read ``task`` or ``contact`` from the first page on."""
        self._marks[source, what] = self._last

    def since_cursor(self, source: str, what: str, number: int) -> bool:
        """Tell whether something was changed after the last complete walk of an application."""
        return self._changed.get(f"{what}:{number}", 0) > self._cursors.get((source, what), NEVER)

    def end(self, source: str, what: str) -> None:
        """An application has reached the end: what changed since it began comes the next time."""
        self._cursors[source, what] = self._marks.get((source, what), self._last)
