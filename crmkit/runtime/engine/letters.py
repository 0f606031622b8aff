"""Dead letters: jobs that failed for good, with their events, the error and what a person can do."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import delete, func, insert, select

from crmkit.exceptions import ConfigurationError
from crmkit.runtime.database import Database
from crmkit.runtime.engine.book import Book, Lane
from crmkit.runtime.engine.port import DeadLetter, Hint
from crmkit.runtime.engine.rows import entity_of, hint_of, hints_from, hints_json, moment
from crmkit.runtime.tables import dead_letters, events

__all__ = ["Letters"]

MANY = 100


class Letters:
    """Keeps the dead letters, and finds the events behind a job.

    Args:
        database: Where.
        book: Who is given up and woken again.
    """

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book = book

    def behind(self, portal: str, since: Mapping[str, int]) -> Mapping[str, Sequence[Hint]]:
        """Return the newest events of entities, each from a moment on, oldest first."""
        query = (
            select(events)
            .where(events.c.portal == portal, events.c.entity.in_(list(since)))
            .where(events.c.last >= min(since.values(), default=0))
            .order_by(events.c.last, events.c.id)
        )
        found: dict[str, deque[Hint]] = {entity: deque(maxlen=MANY) for entity in since}
        with self._database.read() as connection:
            for row in connection.execute(query):
                if row.last >= since[row.entity]:
                    found[row.entity].append(hint_of(row))
        return {entity: tuple(hints) for entity, hints in found.items()}

    def bury(
        self,
        ticket: str,
        runner: str,
        lane: Lane,
        entity: str,
        since: int,
        *,
        failures: int,
        error: str,
        hint: str,
    ) -> bool:
        """Give a job up; return whether it was still the runner's."""
        behind = self.behind(lane.portal, {entity: since})[entity]
        with self._database.write() as connection:
            if not self._book.drop(connection, ticket, runner, entity):
                return False
            row = {"portal": lane.portal, "recipe": lane.recipe, "entity": entity, "failures": failures}
            text = {"error": error, "hint": hint, "events": hints_json(behind)}
            connection.execute(insert(dead_letters).values(**row, **text, at=self._book.now()))
        return True

    def all(self, portal: str, recipe: str) -> Iterator[DeadLetter]:
        """Yield dead letters, the newest first; an empty name is any."""
        query = select(dead_letters).order_by(dead_letters.c.id.desc()).limit(MANY)
        if portal:
            query = query.where(dead_letters.c.portal == portal)
        if recipe:
            query = query.where(dead_letters.c.recipe == recipe)
        page = query
        while True:
            with self._database.read() as connection:
                rows = connection.execute(page).all()
            for row in rows:
                yield DeadLetter(
                    id=row.id,
                    portal=row.portal,
                    recipe=row.recipe,
                    entity=entity_of(row.entity),
                    at=moment(row.at),
                    error=row.error,
                    hint=row.hint,
                    failures=row.failures,
                    events=hints_from(row.events),
                )
            if len(rows) < MANY:
                return
            page = query.where(dead_letters.c.id < rows[-1].id)

    def retry(self, letter: int) -> None:
        """Wake the job of a dead letter and forget the letter.

        Raises:
            ConfigurationError: There is none of this id.
        """
        with self._database.write() as connection:
            gone = delete(dead_letters).where(dead_letters.c.id == letter).returning(dead_letters)
            row = connection.execute(gone).one_or_none()
            if row is not None:
                self._book.wake(connection, [(row.portal, row.recipe, row.entity)])
        if row is None:
            raise ConfigurationError(f"there is no dead letter {letter}", hint="see: crmkit runs list")

    def count(self) -> int:
        """Return how many there are."""
        with self._database.read() as connection:
            return connection.scalar(select(func.count()).select_from(dead_letters)) or 0
