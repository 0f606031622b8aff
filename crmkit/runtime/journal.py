"""The effects in the ledger: the intent before a write, the outcome after it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from crmkit.automation.actions import Action, Remember
from crmkit.automation.values import encode
from crmkit.crm.models import Ref
from crmkit.exceptions import RecipeError
from crmkit.runtime.database import Database
from crmkit.runtime.lease import Lease, beat
from crmkit.runtime.records import ActionRecord, ActionStatus, ItemStatus, Outcome, ref_of
from crmkit.runtime.tables import Moment, actions, items

__all__ = ["Intent", "Journal", "Place"]

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


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be written, where it belongs, what is there now, how it failed before, if it did."""

    place: Place
    action: Action
    before: dict[str, Any]
    earlier: ActionRecord | None = None


class Journal:
    """The effects of a ledger. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def intend(
        self,
        place: Place,
        action: Action,
        at: datetime,
        *,
        before: dict[str, Any],
        earlier: ActionRecord | None = None,
    ) -> ActionRecord:
        """Write down, before the write, what is about to be written and what is there now.

        Args:
            place: Where it belongs. The lease is renewed in the same transaction, so that a run that lost it
                cannot write; the item counts as begun from now on.
            action: What is about to be written.
            at: Now.
            before: What is there now, by logical name.
            earlier: The same effect as it failed before.

        Raises:
            RunInProgress: Another run has taken the lease.
            RecipeError: The key belongs to another effect, or to one that already happened.
        """
        return self._put(place, _draft(place, action, at, before), earlier)

    def remember(self, place: Place, action: Action, at: datetime) -> ActionRecord:
        """Write down an effect that is in the memory only: it is done by being written down.

        Raises:
            RunInProgress: Another run has taken the lease.
            RecipeError: The key belongs to another effect, or to one that already happened.
        """
        return self._put(place, _remembered(_draft(place, action, at, {})), None)

    def intend_many(self, intents: Sequence[Intent], at: datetime) -> list[ActionRecord]:
        """Write down many intents of one lease in one transaction; what is only remembered is done.

        Raises:
            RunInProgress: Another run has taken the lease.
            RecipeError: A key belongs to another effect, or to one that already happened; none is written.
        """
        if not intents:
            return []
        drafts = [_draft_of(one, at) for one in intents]
        begun = [
            {"of_run": one.place.run, "of_position": one.place.position, "begun_at": at} for one in intents
        ]
        pairs = list(zip(drafts, intents, strict=True))
        with self._database.write() as connection:
            beat(connection, intents[0].place.lease, at)
            connection.execute(_BEGIN_ITEM, begun)
            new = iter(_insert_many(connection, [draft for draft, one in pairs if one.earlier is None]))
            records = [
                next(new) if one.earlier is None else _take_up(connection, draft, one.earlier)
                for draft, one in pairs
            ]
            for record in records:
                if record.status is ActionStatus.DONE:
                    _undo(connection, record, at)
        return records

    def again(self, records: Sequence[ActionRecord], at: datetime) -> None:
        """Write down that writes are about to be repeated under their keys: the first ones did not happen."""
        retried = {"tried_at": at, "status": ActionStatus.INTENT}
        rows = [{**retried, "attempts": one.attempts + 1, "this": one.id} for one in records]
        with self._database.write() as connection:
            connection.execute(_UPDATE, rows)

    def record(self, record: ActionRecord, outcome: Outcome, at: datetime) -> None:
        """Write down what came of a write; at the same moment it is remembered, and what it undoes is not."""
        self.record_many([(record, outcome)], at)

    def record_many(self, outcomes: Sequence[tuple[ActionRecord, Outcome]], at: datetime) -> None:
        """Write down what came of many writes, in one transaction."""
        if not outcomes:
            return
        with self._database.write() as connection:
            connection.execute(_UPDATE, [_outcome_row(record, outcome, at) for record, outcome in outcomes])
            for record, outcome in outcomes:
                if outcome.status is ActionStatus.DONE:
                    _undo(connection, record, at)

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

    def claimed(self, records: Sequence[ActionRecord], remote_ids: Sequence[str]) -> frozenset[str]:
        """Return those ids, of what these effects of one kind may have created, that other effects own."""
        kind = records[0].kind
        query = select(actions.c.remote_id).where(
            actions.c.portal == records[0].portal,
            actions.c.kind.in_(COMMENTS if kind in COMMENTS else (kind,)),
            actions.c.remote_id.in_(remote_ids),
            actions.c.id.not_in([record.id for record in records]),
        )
        with self._database.read() as connection:
            return frozenset(connection.scalars(query))

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

    def _put(self, place: Place, draft: ActionRecord, earlier: ActionRecord | None) -> ActionRecord:
        item = {"of_run": place.run, "of_position": place.position, "begun_at": draft.tried_at}
        with self._database.write() as connection:
            beat(connection, place.lease, draft.tried_at)
            connection.execute(_BEGIN_ITEM, item)
            record = _insert(connection, draft) if earlier is None else _take_up(connection, draft, earlier)
            if record.status is ActionStatus.DONE:
                _undo(connection, record, draft.tried_at)
        return record


def _draft(place: Place, action: Action, at: datetime, before: dict[str, Any]) -> ActionRecord:
    return ActionRecord(
        id=0,
        portal=place.lease.portal,
        key=action.key,
        run=place.run,
        recipe=place.recipe,
        entity=action.entity,
        step=action.step,
        episode=action.episode,
        kind=action.kind,
        payload=action.model_dump(mode="json", exclude={"data"}),
        before=before,
        after={},
        data=action.data,
        undoes=place.undoes,
        remote_id="",
        status=ActionStatus.INTENT,
        attempts=1,
        intent_at=at,
        tried_at=at,
        outcome_at=None,
        undone_at=None,
        error="",
        version="",
    )


def _draft_of(intent: Intent, at: datetime) -> ActionRecord:
    draft = _draft(intent.place, intent.action, at, intent.before)
    return _remembered(draft) if isinstance(intent.action, Remember) else draft


def _remembered(draft: ActionRecord) -> ActionRecord:
    return replace(draft, status=ActionStatus.DONE, outcome_at=draft.tried_at)


# Built once: to build a statement takes longer than to run it.
_THIS = actions.c.id == bindparam("this")
_UPDATE = update(actions).where(_THIS)
_INSERT_MANY = insert(actions).returning(actions.c.id, actions.c.key)
_TAKE_UP = update(actions).where(_THIS, actions.c.status == ActionStatus.FAILED)
_BEGIN_ITEM = (
    update(items)
    .where(items.c.run == bindparam("of_run"), items.c.position == bindparam("of_position"))
    .values(
        status=ItemStatus.BEGUN, acted_at=func.coalesce(items.c.acted_at, bindparam("begun_at", type_=Moment))
    )
)


def _insert_many(connection: Connection, drafts: Sequence[ActionRecord]) -> list[ActionRecord]:
    if not drafts:
        return []
    ids = {}
    with suppress(IntegrityError):
        rows = connection.execute(_INSERT_MANY, [draft.row() for draft in drafts])
        ids = {row.key: row.id for row in rows}
    if len(ids) != len(drafts):
        raise _key_is_taken(drafts[0].key if len(drafts) == 1 else "of one of many actions")
    return [replace(draft, id=ids[draft.key]) for draft in drafts]


def _key_is_taken(key: str) -> RecipeError:
    return RecipeError(
        f"the key {key} belongs to another effect already",
        hint="a key names one effect for ever: put recipe, entity, step and episode into it",
    )


def _outcome_row(record: ActionRecord, outcome: Outcome, at: datetime) -> dict[str, Any]:
    return {
        "this": record.id,
        "status": outcome.status,
        "after": encode(outcome.after),
        "remote_id": outcome.remote_id,
        "error": outcome.error,
        "version": outcome.version,
        "outcome_at": at,
    }


def _insert(connection: Connection, draft: ActionRecord) -> ActionRecord:
    try:
        key = connection.execute(insert(actions), draft.row()).inserted_primary_key
    except IntegrityError:
        key = None  # raised below: the database's own words would say less
    if key is None:
        raise _key_is_taken(draft.key)
    return replace(draft, id=key[0])


def _take_up(connection: Connection, draft: ActionRecord, earlier: ActionRecord) -> ActionRecord:
    """Try an effect again that failed."""
    record = replace(draft, id=earlier.id, attempts=earlier.attempts + 1)
    if connection.execute(_TAKE_UP, {**record.row(), "this": earlier.id}).rowcount != 1:
        raise RecipeError(f"the effect {earlier.key} has not failed", hint="it is not repeated")
    return record


def _undo(connection: Connection, by: ActionRecord, at: datetime) -> None:
    if by.undoes:
        undone = update(actions).where(actions.c.portal == by.portal, actions.c.key.in_(by.undoes))
        connection.execute(undone.values(status=ActionStatus.UNDONE, undone_at=at))
