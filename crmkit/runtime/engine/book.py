"""Who is due, whose turn it is, what became of them: the rows behind the engine, whatever carries it out.

A *lane* is one recipe on one portal. A lane with something due is issued one ticket, the right to run one
batch; what carries the ticket out (this thread, DBOS) only has to make sure that it is carried out at least
once. The batch is chosen when the ticket is taken up, so that it holds the newest state, and an entity that
another recipe is at work on is left for later: one at a time per entity, over all recipes and processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, or_, select, text, update

from crmkit.clock import Clock
from crmkit.runtime.database import Database
from crmkit.runtime.engine.rows import micros, upsert
from crmkit.runtime.tables import dues, lanes

__all__ = ["Book", "Due", "Lane", "Ticket"]

SUSPECT = 3
"""After so many starts without an end an entity comes alone: one of its batch may be killing the process."""
CRASHES = 10
"""After so many starts without an end it is given up."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One recipe on one portal."""

    portal: str
    recipe: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to run one batch of a lane, and since when (microseconds) it has been issued."""

    id: str
    lane: Lane
    issued: int


@dataclass(frozen=True, slots=True)
class Due:
    """An entity of a batch; ``since`` in microseconds."""

    entity: str
    since: int
    starts: int
    failures: int


class Book:
    """Keeps the rows of ``dues`` and ``lanes``.

    Args:
        database: Where.
        clock: What time it is.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def now(self) -> int:
        """Return the time in microseconds."""
        return micros(self._clock.now())

    def issue(self, recipes: Iterable[str]) -> list[Ticket]:
        """Issue a ticket to every lane of these recipes that has something due and has no ticket.

        The lane whose oldest job has waited longest comes first.
        """
        query = (
            select(dues.c.portal, dues.c.recipe)
            .where(dues.c.due <= self.now(), dues.c.recipe.in_(list(recipes)))
            .group_by(dues.c.portal, dues.c.recipe)
            .order_by(func.min(dues.c.due))
        )
        with self._database.read() as connection:
            found = [Lane(row.portal, row.recipe) for row in connection.execute(query)]
        if not found:
            return []
        busy = {ticket.lane for ticket in self.issued()}
        issued = (self._issue(lane) for lane in found if lane not in busy)
        return [ticket for ticket in issued if ticket is not None]

    def _issue(self, lane: Lane) -> Ticket | None:
        now = self.now()
        ticket = Ticket(f"{now:020d}-{uuid4().hex[:12]}", lane, now)
        with self._database.write() as connection:
            row = {"portal": lane.portal, "recipe": lane.recipe}
            connection.execute(upsert(connection.dialect.name, lanes).values(**row).on_conflict_do_nothing())
            taken = connection.execute(
                update(lanes)
                .where(_of(lanes, lane), lanes.c.ticket.is_(None))
                .values(ticket=ticket.id, issued=now)
            )
        return ticket if taken.rowcount == 1 else None

    def issued(self) -> list[Ticket]:
        """Return all tickets that are not used up."""
        query = select(lanes).where(lanes.c.ticket.is_not(None)).order_by(lanes.c.ticket)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [Ticket(row.ticket, Lane(row.portal, row.recipe), row.issued) for row in rows]

    def begin(self, ticket: str, runner: str, sizes: dict[str, int]) -> tuple[Lane, list[Due]] | None:
        """Take up a ticket: choose its batch, or go on with the one that a dead process left.

        From here on only this runner may report on it: an earlier one that wakes up again is not heard.

        Args:
            ticket: Which.
            runner: Who takes it up.
            sizes: How large the batch of a recipe may be; recipes that are not here cannot be run here.

        Returns:
            The lane and the batch, which may be empty; ``None`` if the ticket is used up.
        """
        with self._database.write() as connection:
            mine = connection.execute(
                update(lanes).where(lanes.c.ticket == ticket).values(runner=runner).returning(lanes)
            ).one_or_none()
            if mine is None:
                return None
            lane = Lane(mine.portal, mine.recipe)
            _lock(connection, dues.c.ticket == ticket)
            held = _held(connection, ticket)
            if len(held) > 1 and any(due.starts >= SUSPECT for due in held):
                self._give_back(connection, ticket)
                held = []
            elif not held and lane.recipe in sizes:
                _lock_portal(connection, lane.portal)
                self._choose(connection, lane, ticket, sizes[lane.recipe])
            connection.execute(update(dues).where(dues.c.ticket == ticket).values(starts=dues.c.starts + 1))
            return lane, _held(connection, ticket)

    def _choose(self, connection: Connection, lane: Lane, ticket: str, size: int) -> None:
        other = dues.alias()
        elsewhere = exists().where(
            other.c.portal == dues.c.portal, other.c.entity == dues.c.entity, other.c.ticket.is_not(None)
        )
        free = or_(dues.c.entity == "", ~elsewhere)
        query = (
            select(dues.c.entity, dues.c.starts, dues.c.failures)
            .where(_of(dues, lane), dues.c.ticket.is_(None), dues.c.due <= self.now(), free)
            .order_by(dues.c.due, dues.c.entity)
            .limit(size)
        )
        found = connection.execute(query).all()
        if found and _comes_alone(found[0]):
            chosen = [found[0].entity]
        else:
            chosen = [row.entity for row in found if not _comes_alone(row)]
        these = _of(dues, lane) & dues.c.entity.in_(chosen)
        _lock(connection, these)
        taken = update(dues).where(these)
        connection.execute(taken.values(ticket=ticket, since=dues.c.first, first=None, due=None))

    def done(self, ticket: str, runner: str, entities: Sequence[str]) -> int:
        """Write down that entities were looked at; return how many of them were still this runner's."""
        with self._database.write() as connection:
            mine = self._mine(ticket, runner, entities)
            _lock(connection, mine)
            gone = connection.execute(delete(dues).where(mine, dues.c.due.is_(None))).rowcount
            rest = update(dues).where(mine).values(ticket=None, since=None, starts=0, failures=0)
            return gone + connection.execute(rest).rowcount

    def again(self, ticket: str, runner: str, entity: str, at: int, *, failed: bool) -> bool:
        """Write down that an entity has to be looked at again, at a moment or when something new is due."""
        with self._database.write() as connection:
            put_back = (
                update(dues)
                .where(self._mine(ticket, runner, [entity]))
                .values(
                    ticket=None,
                    since=None,
                    first=func.coalesce(dues.c.first, dues.c.since),
                    due=func.coalesce(dues.c.due, at),
                    starts=0,
                    failures=dues.c.failures + (1 if failed else 0),
                )
            )
            return connection.execute(put_back).rowcount == 1

    def drop(self, connection: Connection, ticket: str, runner: str, entity: str) -> bool:
        """Give an entity up; what came meanwhile stays."""
        mine = self._mine(ticket, runner, [entity])
        gone = connection.execute(delete(dues).where(mine, dues.c.due.is_(None))).rowcount
        rest = update(dues).where(mine).values(ticket=None, since=None, starts=0, failures=0)
        return gone + connection.execute(rest).rowcount == 1

    def finish(self, ticket: str, runner: str) -> None:
        """Use a ticket up; what is left of its batch waits again."""
        with self._database.write() as connection:
            mine = (lanes.c.ticket == ticket) & (lanes.c.runner == runner)
            freed = connection.execute(
                update(lanes).where(mine).values(ticket=None, issued=None, runner=None)
            )
            if freed.rowcount:
                self._give_back(connection, ticket)

    def annul(self, ticket: str) -> None:
        """Take a ticket back that nobody is going to carry out any more."""
        with self._database.write() as connection:
            of_ticket = lanes.c.ticket == ticket
            connection.execute(update(lanes).where(of_ticket).values(ticket=None, issued=None, runner=None))
            self._give_back(connection, ticket)

    def wake(self, connection: Connection, places: Iterable[tuple[str, str, str]]) -> None:
        """Let entities be looked at now; places are portal, recipe, entity."""
        now = self.now()
        rows = [
            {"portal": portal, "recipe": recipe, "entity": entity, "first": now, "due": now}
            for portal, recipe, entity in sorted(set(places), key=itemgetter(1, 0, 2))
        ]
        if not rows:
            return
        fresh = upsert(connection.dialect.name, dues)
        connection.execute(
            fresh.on_conflict_do_update(
                index_elements=["portal", "recipe", "entity"],
                set_={"first": func.coalesce(dues.c.first, fresh.excluded.first), "due": fresh.excluded.due},
            ),
            rows,
        )

    def _give_back(self, connection: Connection, ticket: str) -> None:
        waiting = {
            "first": func.coalesce(dues.c.first, dues.c.since),
            "due": func.coalesce(dues.c.due, self.now()),
        }
        of_ticket = dues.c.ticket == ticket
        _lock(connection, of_ticket)
        connection.execute(update(dues).where(of_ticket).values(ticket=None, since=None, **waiting))

    def _mine(self, ticket: str, runner: str, entities: Sequence[str]) -> ColumnElement[bool]:
        held = exists().where(lanes.c.ticket == ticket, lanes.c.runner == runner)
        return and_(dues.c.ticket == ticket, dues.c.entity.in_(entities), held)


def _held(connection: Connection, ticket: str) -> list[Due]:
    query = select(dues).where(dues.c.ticket == ticket).order_by(dues.c.since, dues.c.entity)
    return [Due(row.entity, row.since, row.starts, row.failures) for row in connection.execute(query)]


def _comes_alone(row: Any) -> bool:
    return row.failures > 0 or row.starts >= SUSPECT or not row.entity


def _of(table: Any, lane: Lane) -> ColumnElement[bool]:
    return and_(table.c.portal == lane.portal, table.c.recipe == lane.recipe)


def _lock(connection: Connection, where: ColumnElement[bool]) -> None:
    """Lock rows in the order in which the inbox does, or the two could wait for each other."""
    if connection.dialect.name == "postgresql":
        query = select(dues.c.entity).where(where).order_by(dues.c.entity.collate("C"))
        connection.execute(query.with_for_update(of=dues))


def _lock_portal(connection: Connection, portal: str) -> None:
    """Let two recipes of one portal choose one after the other; SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("select pg_advisory_xact_lock(hashtextextended(:portal, 0))"), {"portal": portal}
        )
