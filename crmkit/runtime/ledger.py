"""The ledger: what was planned, what was about to be written, what came of it. It is the recipes' memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Row, func, select

from crmkit import config
from crmkit.automation.memory import Effect, Memory
from crmkit.automation.planning import chunks
from crmkit.crm.models import Ref
from crmkit.exceptions import ConfigurationError
from crmkit.runtime.database import Database
from crmkit.runtime.journal import Journal
from crmkit.runtime.lease import Process, this_process
from crmkit.runtime.records import ActionStatus, Outcome, effect_of, ref_of, undo_of
from crmkit.runtime.runs import Runs
from crmkit.runtime.tables import actions, items, runs

__all__ = ["Ledger", "open_default"]

RECALL = 500


class Ledger:
    """The ledger of all runs, in SQLite or PostgreSQL; a :class:`crmkit.automation.memory.MemoryStore`.

    Args:
        url: ``sqlite:///crmkit.db``, or ``postgresql://user:password@host/name`` (needs ``crmkit[serve]``).
        process: Who does the runs that are begun through it; by default the running process.

    Attributes:
        runs: Runs and their items.
        journal: Effects.

    Raises:
        StoreError: The database cannot be reached or was written by a newer crmkit.

    Example:
        >>> with Ledger("sqlite://") as ledger:
        ...     list(ledger.runs.list())
        []
    """

    def __init__(self, url: str, *, process: Process | None = None) -> None:
        self._database = Database(url)
        self.runs = Runs(self._database, process or this_process())
        self.journal = Journal(self._database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Ledger({self._database.name})"

    def close(self) -> None:
        """Close the database; doing it twice is harmless."""
        self._database.close()

    def settle_by_hand(self, portal: str, key: str, *, happened: bool, at: datetime) -> None:
        """Write down what a person found out about an effect whose outcome is unknown.

        Args:
            portal: As in :attr:`Crm.portal`.
            key: The key of the effect.
            happened: Whether it is there.
            at: Now.

        Raises:
            ConfigurationError: There is no unsettled effect with this key.
        """
        found = self.journal.by_keys(portal, (key,)).get(key)
        if found is None or not found.status.is_unsettled:
            raise ConfigurationError(f"no unsettled effect has the key {key}", hint="see: crmkit runs show")
        status = ActionStatus.DONE if happened else ActionStatus.FAILED
        self.journal.record(found, Outcome(status, error="settled by a person"), at)
        self.runs.settle_items(found, at)

    def recall(self, portal: str, recipe: str, entities: Iterable[Ref]) -> Mapping[Ref, Memory]:
        """Return the memories of these entities, 500 of them per query; entities without one are absent.

        An effect whose write was broken off is unsettled until a run has found out what came of it: what
        a recipe sees of it in the portal meanwhile may be our own doing.
        """
        memories: dict[Ref, Memory] = {}
        for chunk in chunks(entities, RECALL):
            names = {str(entity): entity for entity in chunk}
            rows = self._rows(portal, recipe, names)
            memories.update({names[name]: _memory(found) for name, found in rows.items()})
        return memories

    def known(self, portal: str, recipe: str) -> Iterator[Ref]:
        """Yield every entity on which the recipe has had, or may have had, an effect."""
        of_recipe = (actions.c.portal == portal) & (actions.c.recipe == recipe)
        query = select(actions.c.entity).where(of_recipe, actions.c.status != ActionStatus.FAILED).distinct()
        last = ""
        while True:
            further = query.where(actions.c.entity > last).order_by(actions.c.entity).limit(RECALL)
            with self._database.read() as connection:
                page = connection.scalars(further).all()
            yield from map(ref_of, page)
            if len(page) < RECALL:
                return
            last = page[-1]

    def counted_since(self, portal: str, recipe: str, moment: datetime) -> int:
        """Return how many entities took a place of the daily cap since the moment: they were acted on."""
        taken = self._places(portal, recipe, moment).subquery()
        with self._database.read() as connection:
            return connection.scalar(select(func.count()).select_from(taken)) or 0

    def with_place(
        self, portal: str, recipe: str, entities: Iterable[Ref], moment: datetime
    ) -> frozenset[Ref]:
        """Return those of the entities that took a place since the moment."""
        names = {str(entity): entity for entity in entities}
        query = self._places(portal, recipe, moment).where(items.c.entity.in_(names))
        with self._database.read() as connection:
            return frozenset(names[name] for name in connection.scalars(query))

    def has_leftovers(self, portal: str, recipe: str) -> bool:
        """Tell whether earlier runs of a recipe, or of its undo, left something unclear or half done.

        The next :func:`crmkit.runtime.executor.apply` settles and finishes it, even if its plan is empty.
        """
        names = (recipe, undo_of(recipe))
        if next(self.journal.unsettled(portal, names), None) is not None:
            return True
        return any(self.runs.begun(portal, name) for name in names)

    def _places(self, portal: str, recipe: str, moment: datetime) -> Any:
        return (
            select(items.c.entity)
            .distinct()
            .join(runs, runs.c.id == items.c.run)
            .where(runs.c.portal == portal, runs.c.recipe == recipe)
            .where(items.c.counted, items.c.acted_at >= moment)
        )

    def _rows(self, portal: str, recipe: str, names: Iterable[str]) -> Mapping[str, list[Row[Any]]]:
        table = actions.c
        query = (
            select(table.entity, table.status, table.key, table.step, table.episode, table.data, table.before)
            .add_columns(table.after, table.remote_id, table.run, table.outcome_at, table.undone_at)
            .where(table.portal == portal, table.recipe == recipe, table.entity.in_(list(names)))
            .where(table.status != ActionStatus.FAILED)
            .order_by(table.outcome_at, table.id)
        )
        found: dict[str, list[Row[Any]]] = defaultdict(list)
        with self._database.read() as connection:
            for row in connection.execute(query):
                found[row.entity].append(row)
        return found


def open_default() -> Ledger:
    """Open the ledger that ``CRMKIT_STORE`` names, else ``[store] url``, else ``crmkit.db`` in this folder.

    Raises:
        ConfigurationError: The settings are wrong, or the database cannot be reached.
    """
    return Ledger(config.load().store.url)


def _memory(rows: Iterable[Row[Any]]) -> Memory:
    by_status: dict[str, list[Effect]] = defaultdict(list)
    unsettled = []
    for row in rows:
        if row.status in (ActionStatus.DONE, ActionStatus.UNDONE):
            by_status[row.status].append(effect_of(row))
        else:
            unsettled.append(row.key)
    undone = sorted(by_status[ActionStatus.UNDONE], key=lambda effect: effect.at)
    return Memory(
        effects=tuple(by_status[ActionStatus.DONE]), unsettled=tuple(unsettled), undone=tuple(undone)
    )
