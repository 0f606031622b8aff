"""The effects in the ledger: the intent before a write, the outcome after it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from crmkit.automation.actions import Action
from crmkit.automation.values import encode
from crmkit.crm.models import Ref
from crmkit.exceptions import ConfigurationError, RecipeError
from crmkit.runtime.database import Database
from crmkit.runtime.lease import Lease, beat
from crmkit.runtime.records import ActionRecord, ActionStatus, ItemStatus, Outcome, ref_of
from crmkit.runtime.tables import actions, items

__all__ = ["Journal", "Place"]

PAGE = 200
COMMENTS = ("notify", "add_comment")
UNSETTLED = tuple(status for status in ActionStatus if status.is_unsettled)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an effect belongs.

    Attributes:
        lease: What gives the right to write.
        run: The run it belongs to: the lease's own, or an earlier one whose item is being finished.
        position: Which item of that run.
        recipe: Whose memory it goes into.
        undoes: Keys of the effects that it takes back.
    """

    lease: Lease
    run: str
    position: int
    recipe: str
    undoes: tuple[str, ...] = ()


class Journal:
    """The effects of a ledger. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def intend(self, place: Place, action: Action, at: datetime, *, before: dict[str, Any]) -> ActionRecord:
        """Write down, before the write, what is about to be written and what is there now.

        Args:
            place: Where it belongs. The lease is renewed in the same transaction, so that a run that lost it
                cannot write; the item counts as begun from now on.
            action: What is about to be written.
            at: Now.
            before: What is there now, by logical name.

        Raises:
            RunInProgress: Another run has taken the lease.
            RecipeError: The key belongs to another effect, or to one that already happened.
        """
        return self._put(place, action, at, ActionStatus.INTENT, before)

    def remember(self, place: Place, action: Action, at: datetime) -> ActionRecord:
        """Write down an effect that is in the memory only: it is done by being written down.

        Raises:
            RunInProgress: Another run has taken the lease.
            RecipeError: The key belongs to another effect, or to one that already happened.
        """
        return self._put(place, action, at, ActionStatus.DONE, {})

    def again(self, record: ActionRecord, at: datetime) -> None:
        """Write down that a write is about to be repeated under its key: the first one did not happen."""
        with self._database.write() as connection:
            retried = {"attempts": actions.c.attempts + 1, "tried_at": at, "status": ActionStatus.INTENT}
            connection.execute(update(actions).where(actions.c.id == record.id).values(**retried))

    def record(self, record: ActionRecord, outcome: Outcome, at: datetime) -> None:
        """Write down what came of a write; at the same moment it is remembered, and what it undoes is not."""
        with self._database.write() as connection:
            connection.execute(
                update(actions)
                .where(actions.c.id == record.id)
                .values(
                    status=outcome.status,
                    after=encode(outcome.after),
                    remote_id=outcome.remote_id,
                    error=outcome.error,
                    version=outcome.version,
                    outcome_at=at,
                )
            )
            if outcome.status is ActionStatus.DONE:
                _undo(connection, record, at)

    def settle_by_hand(self, portal: str, key: str, *, happened: bool, at: datetime) -> None:
        """Write down what a person found out about an effect whose outcome is unknown.

        Raises:
            ConfigurationError: There is no unsettled effect with this key.
        """
        found = self.by_keys(portal, (key,)).get(key)
        if found is None or not found.status.is_unsettled:
            raise ConfigurationError(f"no unsettled effect has the key {key}", hint="see: crmkit runs show")
        status = ActionStatus.DONE if happened else ActionStatus.FAILED
        self.record(found, Outcome(status, error="settled by a person"), at)

    def by_keys(self, portal: str, keys: Collection[str]) -> dict[str, ActionRecord]:
        """Return the effects with these keys."""
        query = select(actions).where(actions.c.portal == portal, actions.c.key.in_(keys))
        with self._database.read() as connection:
            return {row.key: ActionRecord.of(row) for row in connection.execute(query)}

    def unsettled(self, portal: str, recipes: Collection[str]) -> Iterator[ActionRecord]:
        """Yield the effects of these recipes of which it is not known whether they happened, oldest first."""
        last = 0
        while True:
            query = (
                select(actions)
                .where(actions.c.portal == portal, actions.c.recipe.in_(recipes), actions.c.id > last)
                .where(actions.c.status.in_(UNSETTLED))
                .order_by(actions.c.id)
                .limit(PAGE)
            )
            with self._database.read() as connection:
                page = connection.execute(query).all()
            yield from map(ActionRecord.of, page)
            if len(page) < PAGE:
                return
            last = page[-1].id

    def of_run(self, run_id: str, entity: Ref | None = None) -> Iterator[ActionRecord]:
        """Yield the effects of a run, on one entity or on all, in the order in which they were begun."""
        last = 0
        while True:
            query = select(actions).where(actions.c.run == run_id, actions.c.id > last)
            if entity is not None:
                query = query.where(actions.c.entity == str(entity))
            with self._database.read() as connection:
                page = connection.execute(query.order_by(actions.c.id).limit(PAGE)).all()
            yield from map(ActionRecord.of, page)
            if len(page) < PAGE:
                return
            last = page[-1].id

    def entities_of(self, run_id: str) -> Iterator[Ref]:
        """Yield the entities on which a run had effects, the last one first."""
        newest = func.max(actions.c.id).label("newest")
        query = select(actions.c.entity, newest).where(actions.c.run == run_id).group_by(actions.c.entity)
        query = query.order_by(newest.desc()).limit(PAGE)
        page = None
        while page is None or len(page) == PAGE:
            with self._database.read() as connection:
                page = connection.execute(
                    query if page is None else query.having(newest < page[-1].newest)
                ).all()
            yield from (ref_of(row.entity) for row in page)

    def is_claimed(self, record: ActionRecord, remote_id: str) -> bool:
        """Tell whether what was created under this id is known to be another effect's doing."""
        query = select(actions.c.id).where(
            actions.c.portal == record.portal,
            actions.c.entity == str(record.entity),
            actions.c.kind.in_(COMMENTS if record.kind in COMMENTS else (record.kind,)),
            actions.c.remote_id == remote_id,
            actions.c.id != record.id,
        )
        with self._database.read() as connection:
            return connection.scalars(query.limit(1)).first() is not None

    def changed_later(self, portal: str, entity: Ref, *, than: ActionRecord) -> str:
        """Return the run that changed an entity after an effect of an earlier run, or an empty text."""
        query = select(actions.c.run).where(
            actions.c.portal == portal,
            actions.c.entity == str(entity),
            actions.c.kind == than.kind,
            actions.c.status == ActionStatus.DONE,
            actions.c.run != than.run,
            actions.c.id > than.id,
        )
        with self._database.read() as connection:
            return connection.scalars(query.order_by(actions.c.id.desc()).limit(1)).first() or ""

    def _put(
        self, place: Place, action: Action, at: datetime, status: ActionStatus, before: dict[str, Any]
    ) -> ActionRecord:
        row = {
            "run": place.run,
            "recipe": place.recipe,
            "entity": str(action.entity),
            "step": action.step,
            "episode": action.episode,
            "kind": action.kind,
            "payload": action.model_dump(mode="json", exclude={"data"}),
            "before": encode(before),
            "after": {},
            "data": encode(action.data),
            "undoes": list(place.undoes),
            "remote_id": "",
            "status": status,
            "intent_at": at,
            "tried_at": at,
            "outcome_at": at if status is ActionStatus.DONE else None,
            "error": "",
            "version": "",
        }
        with self._database.write() as connection:
            beat(connection, place.lease, at)
            begun = {"status": ItemStatus.BEGUN, "acted_at": func.coalesce(items.c.acted_at, at)}
            here = (items.c.run == place.run) & (items.c.position == place.position)
            connection.execute(update(items).where(here).values(**begun))
            stored = ActionRecord.of(_upsert(connection, place.lease.portal, action.key, row))
            if status is ActionStatus.DONE:
                _undo(connection, stored, at)
            return stored


def _upsert(connection: Connection, portal: str, key: str, row: dict[str, Any]) -> Any:
    """Write a new effect, or take up one that failed; anything else under this key is another effect."""
    failed = (actions.c.portal == portal) & (actions.c.key == key) & (actions.c.recipe == row["recipe"])
    failed &= actions.c.status == ActionStatus.FAILED
    retried = update(actions).where(failed).values(**{**row, "attempts": actions.c.attempts + 1})
    stored = connection.execute(retried.returning(actions)).one_or_none()
    if stored is not None:
        return stored
    first = insert(actions).values(portal=portal, key=key, attempts=1, **row).returning(actions)
    try:
        return connection.execute(first).one()
    except IntegrityError:
        pass  # raised below: the database's own words would say less
    raise RecipeError(
        f"the key {key} belongs to another effect already",
        hint="a key names one effect for ever: put recipe, entity, step and episode into it",
    )


def _undo(connection: Connection, by: ActionRecord, at: datetime) -> None:
    if by.undoes:
        undone = update(actions).where(actions.c.portal == by.portal, actions.c.key.in_(by.undoes))
        connection.execute(undone.values(status=ActionStatus.UNDONE, undone_at=at))
