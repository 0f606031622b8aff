"""The inbox: an event is a row before it is acknowledged, and its entity is due in the same transaction.

Events that come at the same moment are committed together: one wait for the disk serves them all. The entity
of an event is put off as long as further events come (:attr:`Rule.quiet`), never past :attr:`Rule.longest`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, case, func, literal

from crmkit.clock import Clock
from crmkit.exceptions import CrmkitError, StoreError
from crmkit.runtime.database import Database
from crmkit.runtime.engine.port import Hint, Receipt, Rule
from crmkit.runtime.engine.rows import event_row, micros, upsert
from crmkit.runtime.tables import dues, events

__all__ = ["Inbox"]

TOGETHER = 500
"""Events of one transaction at most."""
WAITING = 20_000
"""Events in memory at most; further ones are refused, so that the sender tries again."""

Pending = tuple[Hint, "Future[Receipt]"]
Route = Callable[[Hint], Sequence[Rule]]


class Inbox:
    """Writes events down.

    Args:
        database: Where.
        clock: Tells when a hint came that does not say so itself.
        route: Tells which rules a hint concerns.
        window: See :attr:`Engine.content_window`.
        threaded: Whether a thread of its own does the writing; else the caller's does.
    """

    def __init__(
        self, database: Database, clock: Clock, route: Route, *, window: timedelta, threaded: bool
    ) -> None:
        self._database = database
        self._clock = clock
        self._route = route
        self._window = micros(window)
        self._queue: queue.Queue[Pending | None] = queue.Queue(WAITING)
        self._lock = threading.Lock()
        self._closed = False
        self._writer = threading.Thread(target=self._write_all, name="crmkit-inbox") if threaded else None

    def start(self) -> None:
        """Begin to write."""
        if self._writer is not None:
            self._writer.start()

    def submit(self, hint: Hint) -> Future[Receipt]:
        """Write a hint down; see :meth:`Engine.submit`."""
        future: Future[Receipt] = Future()
        future.set_running_or_notify_cancel()  # a caller that goes away must not take it back from the writer
        if not self._route(hint):
            future.set_result(Receipt.IGNORED)
            return future
        refused = self._refused(hint, future)
        if refused:
            future.set_exception(StoreError(refused, hint="try again later"))
        elif self._writer is None:
            self._write_safely([(hint, future)])
        return future

    def close(self) -> None:
        """Write what was accepted and take no more; twice is harmless."""
        with self._lock:
            was_closed, self._closed = self._closed, True
        if self._writer is not None and self._writer.is_alive():
            if not was_closed:
                self._queue.put(None)
            self._writer.join()

    @property
    def is_working(self) -> bool:
        """Whether events can be taken."""
        return not self._closed and (self._writer is None or self._writer.is_alive())

    def _refused(self, hint: Hint, future: Future[Receipt]) -> str:
        with self._lock:  # nothing may slip in behind the end mark
            if self._closed:
                return "the engine is stopping"
            if self._writer is not None:
                try:
                    self._queue.put_nowait((hint, future))
                except queue.Full:
                    return "too many events are waiting to be written"
        return ""

    def _write_all(self) -> None:
        while True:
            batch = [self._queue.get()]
            while len(batch) < TOGETHER and not self._queue.empty():
                batch.append(self._queue.get())
            self._write_safely([pending for pending in batch if pending is not None])
            if None in batch:
                return

    def _write_safely(self, batch: Sequence[Pending]) -> None:
        """Write events; when they cannot be written together, one at a time, so that one spoils no other."""
        if not batch:
            return
        failure: Exception | None = None
        try:
            receipts = self._write([hint for hint, _ in batch])
        except CrmkitError as error:
            failure = error
        except Exception as error:  # noqa: BLE001  (whatever a hint holds must not end the writer)
            failure = StoreError(f"the event could not be written: {type(error).__name__}")
        if failure is None:
            for (_, future), receipt in zip(batch, receipts, strict=True):
                future.set_result(receipt)
        elif len(batch) == 1:
            batch[0][1].set_exception(failure)
        else:
            for pending in batch:
                self._write_safely([pending])

    def _write(self, hints: Sequence[Hint]) -> list[Receipt]:
        now = micros(self._clock.now())
        came = [now if hint.received is None else min(micros(hint.received), now) for hint in hints]
        rows = [event_row(hint, at, self._window) for hint, at in zip(hints, came, strict=True)]
        with self._database.write() as connection:
            fresh = _insert_events(connection, rows)
            receipts = []
            reasons: dict[Rule, dict[tuple[str, str], tuple[int, int]]] = {}
            for hint, row in zip(hints, rows, strict=True):
                is_new = (row["portal"], row["key"]) in fresh
                fresh.discard((row["portal"], row["key"]))
                receipts.append(Receipt.NEW if is_new else Receipt.DUPLICATE)
                if is_new or not hint.key:
                    self._note(reasons, hint, row)
            for rule, spans in sorted(reasons.items(), key=lambda pair: pair[0].recipe):
                _mark(connection, rule, spans)
        return receipts

    def _note(
        self, reasons: dict[Rule, dict[tuple[str, str], tuple[int, int]]], hint: Hint, row: dict[str, Any]
    ) -> None:
        for rule in self._route(hint):
            spans = reasons.setdefault(rule, {})
            place, at = (row["portal"], row["entity"]), row["received"]
            first, last = spans.get(place, (at, at))
            spans[place] = (min(first, at), max(last, at))


def _insert_events(connection: Connection, rows: Iterable[dict[str, Any]]) -> set[tuple[str, str]]:
    """Insert events and return the keys of those that were not there."""
    merged: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        known = merged.setdefault((row["portal"], row["key"]), {**row, "copies": 0})
        known["copies"] += 1
        known["last"] = max(known["last"], row["last"])
    insert = _event_insert(connection.dialect.name)
    ordered = [merged[place] for place in sorted(merged)]  # two writers lock rows in the same order
    found = connection.execute(insert, ordered)
    return {(row.portal, row.key) for row in found if row.copies == merged[row.portal, row.key]["copies"]}


def _mark(connection: Connection, rule: Rule, spans: dict[tuple[str, str], tuple[int, int]]) -> None:
    """Put entities off: until it is quiet, at the latest for as long as the rule allows."""
    quiet, longest = micros(rule.quiet), micros(rule.longest)
    rows = [
        {
            "portal": portal,
            "recipe": rule.recipe,
            "entity": entity,
            "first": first,
            "due": min(first + longest, last + quiet),
        }
        for (portal, entity), (first, last) in sorted(spans.items())
    ]
    connection.execute(_due_insert(connection.dialect.name, longest), rows)


@cache  # to make a statement takes longer than to execute it
def _event_insert(dialect: str) -> Any:
    insert = upsert(dialect, events)
    return insert.on_conflict_do_update(
        index_elements=["portal", "key"],
        set_={
            "copies": events.c.copies + insert.excluded.copies,
            "last": _later(events.c.last, insert.excluded.last),
        },
    ).returning(events.c.portal, events.c.key, events.c.copies)


@cache
def _due_insert(dialect: str, longest: int) -> Any:
    insert = upsert(dialect, dues)
    since = func.coalesce(dues.c.first, insert.excluded.first)
    latest = since + literal(longest)
    return insert.on_conflict_do_update(
        index_elements=["portal", "recipe", "entity"],
        set_={
            "first": since,
            "due": case((latest < insert.excluded.due, latest), else_=insert.excluded.due),
        },
    )


def _later(one: Any, other: Any) -> Any:
    return case((one > other, one), else_=other)
