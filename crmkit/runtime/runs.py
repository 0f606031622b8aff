"""Runs and their items in the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, tuple_, update

from crmkit.automation.messages import Message
from crmkit.automation.plan import Plan, PlanItem
from crmkit.automation.planning import chunks
from crmkit.exceptions import ConfigurationError
from crmkit.runtime.database import Database
from crmkit.runtime.lease import Lease, Process, beat, drop, take
from crmkit.runtime.records import ActionRecord, ActionStatus, ItemRecord, ItemStatus, RunRecord, RunStatus
from crmkit.runtime.tables import actions, items, runs

__all__ = ["Runs"]

PAGE = 200


class Runs:
    """The runs of a ledger.

    Args:
        database: Where they are kept.
        process: Who does the runs that are begun here.
    """

    def __init__(self, database: Database, process: Process) -> None:
        self._database = database
        self._process = process

    def begin(self, plan: Plan, at: datetime, *, recipe: str) -> Lease:
        """Take the lease and write down the plan: whatever happens from here on can be resumed.

        Args:
            plan: What is to be done.
            at: Now.
            recipe: For whose lease; an undo holds the lease of the recipe whose doings it takes back.

        Raises:
            RunInProgress: Another run of the recipe on this portal is under way.
        """
        lease = Lease(plan.portal, recipe, uuid4().hex[:12])
        head = {**plan.model_dump(mode="json", exclude={"items"}), "verdicts": plan.verdicts()}
        row = {"id": lease.run, "portal": plan.portal, "recipe": plan.recipe, "plan": head}
        with self._database.write() as connection:
            self._take(connection, lease, at)
            connection.execute(
                insert(runs).values(
                    **row, settings=head["settings"], started_at=at, counts={}, **self._running()
                )
            )
            to_do = (item for item in plan.items if item.actions or item.deferred)
            for chunk in chunks(enumerate(to_do), PAGE):
                connection.execute(
                    insert(items), [_item_row(lease.run, number, item) for number, item in chunk]
                )
        return lease

    def reopen(self, run_id: str, at: datetime, *, recipe: str) -> Lease:
        """Take the lease of a run that was broken off or has failures, to go on with it.

        Raises:
            RunInProgress: It, or another run of the recipe on this portal, is under way.
            ConfigurationError: There is no such run.
        """
        run = self.get(run_id)
        lease = Lease(run.portal, recipe, run.id)
        with self._database.write() as connection:
            self._take(connection, lease, at)
            again = update(runs).where(runs.c.id == run_id)
            connection.execute(again.values(finished_at=None, error="", **self._running()))
        return lease

    def finish(
        self, lease: Lease, status: RunStatus, at: datetime, *, requests: int = 0, error: str = ""
    ) -> None:
        """Write down how a run ended and give the lease back."""
        with self._database.write() as connection:
            connection.execute(
                update(runs)
                .where(runs.c.id == lease.run)
                .values(status=status, finished_at=at, requests=runs.c.requests + requests, error=error)
            )
            _count(connection, lease.run)
            drop(connection, lease)

    def beat(self, lease: Lease, at: datetime) -> None:
        """Renew the lease.

        Raises:
            RunInProgress: Another run has taken it.
        """
        with self._database.write() as connection:
            beat(connection, lease, at)

    def get(self, run_id: str) -> RunRecord:
        """Return a run; the beginning of its id is enough if no other begins so.

        Raises:
            ConfigurationError: There is no such run, or there are several.
        """
        with self._database.read() as connection:
            found = connection.execute(
                select(runs).where(runs.c.id.startswith(run_id, autoescape=True)).limit(2)
            ).all()
        if len(found) == 1:
            return RunRecord.of(found[0])
        what = "several runs begin with" if found else "there is no run"
        raise ConfigurationError(f"{what} {run_id}", hint="see: crmkit runs list")

    def list(self, *, portal: str = "", recipe: str = "", limit: int | None = None) -> Iterator[RunRecord]:
        """Yield runs, newest first."""
        query = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(PAGE)
        if portal:
            query = query.where(runs.c.portal == portal)
        if recipe:
            query = query.where(runs.c.recipe == recipe)
        yield from islice(self._pages(query), limit)

    def _pages(self, query: Select[Any]) -> Iterator[RunRecord]:
        page: Sequence[Row[Any]] = ()
        while not page or len(page) == PAGE:
            after = query
            if page:
                last = page[-1]
                after = query.where(tuple_(runs.c.started_at, runs.c.id) < (last.started_at, last.id))
            with self._database.read() as connection:
                page = connection.execute(after).all()
            yield from map(RunRecord.of, page)
            if not page:
                return

    def items(self, run_id: str, *, only: Collection[ItemStatus] = ()) -> Iterator[ItemRecord]:
        """Yield the items of a run in the order of the plan."""
        position = -1
        while True:
            query = select(items).where(items.c.run == run_id, items.c.position > position)
            if only:
                query = query.where(items.c.status.in_(only))
            with self._database.read() as connection:
                page = connection.execute(query.order_by(items.c.position).limit(PAGE)).all()
            yield from map(ItemRecord.of, page)
            if len(page) < PAGE:
                return
            position = page[-1].position

    def number_of(self, run_id: str, status: ItemStatus) -> int:
        """Return how many items of a run are in this status."""
        query = select(func.count()).where(items.c.run == run_id, items.c.status == status)
        with self._database.read() as connection:
            return connection.scalar(query) or 0

    def begun(self, portal: str, recipe: str, *, but: str = "") -> Sequence[ItemRecord]:
        """Return the items of runs of a recipe, but for one run, that were broken off half way: very few."""
        query = (
            select(items)
            .join(runs, runs.c.id == items.c.run)
            .where(runs.c.portal == portal, runs.c.recipe == recipe, runs.c.id != but)
            .where(items.c.status == ItemStatus.BEGUN)
            .order_by(runs.c.started_at, items.c.position)
        )
        with self._database.read() as connection:
            return [ItemRecord.of(row) for row in connection.execute(query)]

    def finish_item(
        self, lease: Lease, item: ItemRecord, status: ItemStatus, message: Message | None, at: datetime
    ) -> None:
        """Write down what became of an item, and renew the lease.

        Raises:
            RunInProgress: Another run has taken the lease.
        """
        self.finish_items(lease, [(item, status, message)], at)

    def finish_items(
        self, lease: Lease, found: Sequence[tuple[ItemRecord, ItemStatus, Message | None]], at: datetime
    ) -> None:
        """Write down what became of many items, in one transaction, and renew the lease.

        Raises:
            RunInProgress: Another run has taken the lease.
        """
        with self._database.write() as connection:
            beat(connection, lease, at)
            if found:
                connection.execute(_UPDATE_ITEM, [_verdict_row(*one, at) for one in found])

    def settle_items(self, record: ActionRecord, at: datetime) -> None:
        """Bring the items that an effect belongs to up to date with what was found out about it."""
        unclear = (ItemStatus.PENDING, ItemStatus.UNKNOWN)
        where = (items.c.run == record.run) & (items.c.entity == str(record.entity))
        query = select(items.c.position, items.c.actions).where(where, items.c.status.in_(unclear))
        with self._database.write() as connection:
            for row in connection.execute(query).all():
                keys = [action["key"] for action in row.actions]
                found = select(actions.c.status).where(actions.c.portal == record.portal)
                status = _status_of(len(keys), connection.scalars(found.where(actions.c.key.in_(keys))))
                here = {"of_run": record.run, "of_position": row.position}
                connection.execute(_UPDATE_ITEM, {**here, "status": status, "at": at})
            _count(connection, record.run)

    def count(self, run_id: str) -> None:
        """Count the items of a run by status again."""
        with self._database.write() as connection:
            _count(connection, run_id)

    def _take(self, connection: Connection, lease: Lease, at: datetime) -> None:
        broken_off = take(connection, lease, self._process, at)
        if broken_off:
            dead = (runs.c.id == broken_off) & (runs.c.status == RunStatus.RUNNING)
            connection.execute(update(runs).where(dead).values(status=RunStatus.INTERRUPTED))
            _count(connection, broken_off)

    def _running(self) -> dict[str, Any]:
        return {"status": RunStatus.RUNNING, "host": self._process.host, "pid": self._process.pid}


# Built once: to build a statement takes longer than to run it.
_UPDATE_ITEM = update(items).where(
    items.c.run == bindparam("of_run"), items.c.position == bindparam("of_position")
)


def _item_row(run_id: str, position: int, item: PlanItem) -> dict[str, Any]:
    dumped = item.model_dump(mode="json", exclude={"entity", "not_before"})
    return {
        **dumped,
        "run": run_id,
        "position": position,
        "entity": str(item.entity),
        "title": item.title or item.entity.name,
        "not_before": item.not_before,
        "status": ItemStatus.PLANNED if item.actions else ItemStatus.DEFERRED,
    }


def _verdict_row(
    item: ItemRecord, status: ItemStatus, message: Message | None, at: datetime
) -> dict[str, Any]:
    shown = None if message is None else message.model_dump(mode="json")
    return {"of_run": item.run, "of_position": item.position, "status": status, "message": shown, "at": at}


def _status_of(planned: int, statuses: Iterable[str]) -> ItemStatus:
    found = list(statuses)
    if ActionStatus.UNKNOWN in found:
        return ItemStatus.UNKNOWN
    if ActionStatus.PENDING in found:
        return ItemStatus.PENDING
    done = found.count(ActionStatus.DONE)
    if done == planned:
        return ItemStatus.DONE
    return ItemStatus.BEGUN if done else ItemStatus.FAILED


def _count(connection: Connection, run_id: str) -> None:
    query = select(items.c.status, func.count()).where(items.c.run == run_id).group_by(items.c.status)
    counts = {row[0]: row[1] for row in connection.execute(query)}
    connection.execute(update(runs).where(runs.c.id == run_id).values(counts=counts))
