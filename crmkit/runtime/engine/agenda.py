"""What comes by the clock: timers, sweeps; and what has to be thrown away after a while."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select, tuple_, update

from crmkit.crm.models import Ref
from crmkit.runtime.database import Database
from crmkit.runtime.engine.book import Book
from crmkit.runtime.engine.cron import Cron
from crmkit.runtime.engine.port import LONGEST_ENTITY, Sweep
from crmkit.runtime.engine.rows import SECOND, micros, moment, upsert
from crmkit.runtime.tables import dues, events, sweeps, timers

__all__ = ["Agenda"]

AT_ONCE = 1000
"""Timers that fire in one transaction: so many that ran out in a downtime must not block the inbox."""
LATE = 120 * SECOND
"""A sweep that begins later than this was missed."""


class Agenda:
    """Keeps timers and schedules, and wakes who is due.

    Args:
        database: Where.
        book: Who is woken through it.
    """

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book = book
        self._sweeps: list[tuple[Sweep, Cron]] = []
        self._next: dict[tuple[str, str], tuple[int, float]] = {}

    def add(self, sweep: Sweep) -> None:
        """Follow a schedule.

        Raises:
            ConfigurationError: The expression is wrong.
        """
        self._sweeps.append((sweep, Cron.parse(sweep.cron, sweep.calendar)))

    def has(self, portal: str, recipe: str) -> bool:
        """Tell whether a recipe has a schedule on a portal."""
        return any((sweep.portal, sweep.recipe) == (portal, recipe) for sweep, _ in self._sweeps)

    def begin(self) -> None:
        """Let new schedules count from now; those that are known count from where they were left."""
        now = self._book.now()
        rows = [{"portal": sweep.portal, "recipe": sweep.recipe, "slot": now} for sweep, _ in self._sweeps]
        if rows:
            with self._database.write() as connection:
                connection.execute(upsert(connection.dialect.name, sweeps).on_conflict_do_nothing(), rows)

    def set_timer(self, at: datetime, portal: str, entity: Ref, recipe: str, name: str) -> None:
        """Set or move a timer; see :meth:`Engine.timer`."""
        if len(name) > LONGEST_ENTITY or len(str(entity)) > LONGEST_ENTITY:
            raise ValueError(f"the name of a timer has at most {LONGEST_ENTITY} characters")
        place = {"portal": portal, "recipe": recipe, "entity": str(entity), "name": name}
        with self._database.write() as connection:
            fresh = upsert(connection.dialect.name, timers).values(**place, due=micros(at))
            connection.execute(
                fresh.on_conflict_do_update(index_elements=list(place), set_={"due": fresh.excluded.due})
            )

    def cancel(self, portal: str, entity: Ref, recipe: str, name: str | None) -> int:
        """Take timers back; see :meth:`Engine.cancel`."""
        gone = delete(timers).where(
            timers.c.portal == portal, timers.c.recipe == recipe, timers.c.entity == str(entity)
        )
        with self._database.write() as connection:
            found = connection.execute(gone if name is None else gone.where(timers.c.name == name))
            return found.rowcount

    def fire(self) -> int:
        """Wake who has a timer that ran out, and forget the timer, in one transaction; return how many."""
        fired = 0
        while self._first_timer() <= self._book.now():
            key = tuple_(timers.c.portal, timers.c.recipe, timers.c.entity, timers.c.name)
            ripe = (
                select(timers.c.portal, timers.c.recipe, timers.c.entity, timers.c.name)
                .where(timers.c.due <= self._book.now())
                .order_by(timers.c.due)
                .limit(AT_ONCE)
                .with_for_update(skip_locked=True)
            )
            with self._database.write() as connection:
                keys = [tuple(row) for row in connection.execute(ripe)]
                connection.execute(delete(timers).where(key.in_(keys)))
                self._book.wake(connection, ((portal, recipe, who) for portal, recipe, who, _ in keys))
            if not keys:  # another process is at it
                break
            fired += len(keys)
        return fired

    def sweep(self) -> int:
        """Wake the recipes whose time has come, once for all times that were missed; return how many."""
        now, begun = self._book.now(), 0
        if not self._sweeps:
            return 0
        with self._database.read() as connection:
            slots = {(row.portal, row.recipe): row.slot for row in connection.execute(select(sweeps))}
        for sweep, cron in self._sweeps:
            left = slots.get((sweep.portal, sweep.recipe), now)
            if now < self._after(sweep, cron, left):
                continue
            last = cron.last(moment(left), moment(now))
            if last is not None:
                begun += self._start(sweep, left, micros(last), now)
        return begun

    def _after(self, sweep: Sweep, cron: Cron, left: int) -> float:
        """Return when a schedule comes next; it is worked out once, not at every look."""
        place = (sweep.portal, sweep.recipe)
        if self._next.get(place, (None, 0.0))[0] != left:
            following = cron.next(moment(left))
            self._next[place] = (left, float("inf") if following is None else micros(following))
        return self._next[place][1]

    def _start(self, sweep: Sweep, left: int, slot: int, now: int) -> bool:
        ours = (sweeps.c.portal == sweep.portal) & (sweeps.c.recipe == sweep.recipe) & (sweeps.c.slot == left)
        is_late = now - slot > LATE
        with self._database.write() as connection:
            if connection.execute(update(sweeps).where(ours).values(slot=slot)).rowcount != 1:
                return False  # another process was faster
            if is_late and not sweep.catch_up:
                return False
            self._book.wake(connection, [(sweep.portal, sweep.recipe, "")])
        return True

    def forget(self, before: datetime) -> int:
        """Throw away events older than that whose entity is not waiting; return how many."""
        waiting = select(dues.c.entity).where(
            dues.c.portal == events.c.portal, dues.c.entity == events.c.entity
        )
        old = delete(events).where(events.c.last < micros(before), ~waiting.exists())
        with self._database.write() as connection:
            return connection.execute(old).rowcount

    def pending(self) -> int:
        """Return how many timers are set."""
        with self._database.read() as connection:
            return connection.scalar(select(func.count()).select_from(timers)) or 0

    def _first_timer(self) -> float:
        with self._database.read() as connection:
            first: int | None = connection.scalar(select(func.min(timers.c.due)))
        return float("inf") if first is None else first
