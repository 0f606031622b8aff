"""The rows of the ledger as Python values."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row

from crmkit.automation.actions import Action
from crmkit.automation.memory import Effect
from crmkit.automation.messages import Message, register
from crmkit.automation.plan import PlanItem
from crmkit.automation.values import decode, encode
from crmkit.crm.models import Ref
from crmkit.runtime.texts import TEXTS

__all__ = [
    "UNDO",
    "ActionRecord",
    "ActionStatus",
    "ItemRecord",
    "ItemStatus",
    "Outcome",
    "RunRecord",
    "RunStatus",
    "base_of",
    "effect_of",
    "ref_of",
    "undo_of",
]

UNDO = "undo:"
"""Begins the name under which the runs of an undo stand in the ledger, and the keys of its effects."""

register(TEXTS)  # rows hold messages: whoever reads rows can show them
_ACTIONS: TypeAdapter[tuple[Action, ...]] = TypeAdapter(tuple[Action, ...])
_ACTION: TypeAdapter[Action] = TypeAdapter(Action)


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    DONE = "done"
    """It came to its end; some items may have failed."""
    STOPPED = "stopped"
    """The portal was out of reach, refused the credentials or had no requests left; it can be resumed."""
    PAUSED = "paused"
    """It did as many items as it was asked to, or was asked to stop; it can be resumed."""
    INTERRUPTED = "interrupted"
    """It was broken off, or its process died; it can be resumed."""


class ItemStatus(StrEnum):
    """What became of an item of a plan."""

    PLANNED = "planned"
    """Not started."""
    BEGUN = "begun"
    """Some of its actions are done and the rest is still to do."""
    DONE = "done"
    CHANGED = "changed"
    """A person changed it since the plan was made: left alone."""
    NOTHING = "nothing"
    """It was already so."""
    DEFERRED = "deferred"
    PENDING = "pending"
    """The portal accepted it, and it is not visible yet."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It may or may not have happened: a person has to look."""


class ActionStatus(StrEnum):
    """What became of one effect."""

    INTENT = "intent"
    """About to be written, or the process died while it was."""
    DONE = "done"
    FAILED = "failed"
    """It did not happen, or only in part: then ``after`` tells what did."""
    UNKNOWN = "unknown"
    PENDING = "pending"
    UNDONE = "undone"
    """It was taken back, as far as that is possible, and does not count any more."""

    @property
    def is_unsettled(self) -> bool:
        """Whether it still has to be found out what happened."""
        return self in (ActionStatus.INTENT, ActionStatus.UNKNOWN, ActionStatus.PENDING)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One application of a plan."""

    id: str
    portal: str
    recipe: str
    plan: dict[str, Any]
    settings: dict[str, Any]
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None
    host: str
    pid: int
    counts: dict[str, int]
    requests: int
    error: str

    @classmethod
    def of(cls, row: Row[Any]) -> RunRecord:
        """Read a row of ``runs``."""
        values = dict(row._mapping)
        return cls(**{**values, "status": RunStatus(values["status"])})


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """One entity of a run: what was planned and what became of it."""

    run: str
    position: int
    item: PlanItem
    status: ItemStatus
    message: Message | None
    acted_at: datetime | None
    at: datetime | None

    @classmethod
    def of(cls, row: Row[Any]) -> ItemRecord:
        """Read a row of ``items``."""
        planned = PlanItem(
            entity=ref_of(row.entity, row.title),
            title=row.title,
            url=row.url,
            verdict=row.verdict,
            reason=Message.model_validate(row.reason),
            evidence=tuple(Message.model_validate(line) for line in row.evidence),
            attention=row.attention,
            counted=row.counted,
            actions=_ACTIONS.validate_python(row.actions),
            deferred=_ACTIONS.validate_python(row.deferred),
            not_before=row.not_before,
        )
        message = None if row.message is None else Message.model_validate(row.message)
        return cls(row.run, row.position, planned, ItemStatus(row.status), message, row.acted_at, row.at)


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """One effect: what was meant, what was there before, what came of it.

    Attributes:
        undoes: Keys of the effects that this one takes back.
        attempts: How often it was tried to write it.
        intent_at: Before its first try since it last failed for sure; nothing of it can be older.
        tried_at: Before its last try.
        version: The portal's stamp of the entity when the result was read back, where there is one.
    """

    id: int
    portal: str
    key: str
    run: str
    recipe: str
    entity: Ref
    step: str
    episode: int
    kind: str
    payload: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]
    data: dict[str, Any]
    undoes: tuple[str, ...]
    remote_id: str
    status: ActionStatus
    attempts: int
    intent_at: datetime
    tried_at: datetime
    outcome_at: datetime | None
    undone_at: datetime | None
    error: str
    version: str

    @classmethod
    def of(cls, row: Row[Any]) -> ActionRecord:
        """Read a row of ``actions``."""
        values = dict(row._mapping)
        for name in ("before", "after", "data"):
            values[name] = decode(values[name])
        values.update(
            entity=ref_of(values["entity"]),
            status=ActionStatus(values["status"]),
            undoes=tuple(values["undoes"]),
        )
        return cls(**values)

    def row(self) -> dict[str, Any]:
        """Return the columns of its row, but for the id that the database gives."""
        values = {column.name: getattr(self, column.name) for column in fields(self) if column.name != "id"}
        kept = {name: encode(values[name]) for name in ("before", "after", "data")}
        return {**values, **kept, "entity": str(self.entity), "undoes": list(self.undoes)}

    @property
    def is_partial(self) -> bool:
        """Whether a part of it took effect, and the rest did not."""
        return self.status is ActionStatus.FAILED and bool(self.after)

    def action(self) -> Action:
        """Return the action as it was meant to be written."""
        return _ACTION.validate_python({**self.payload, "data": self.data})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of trying to write an effect; the attributes are those of :class:`ActionRecord`."""

    status: ActionStatus
    after: dict[str, Any] = field(default_factory=dict)
    remote_id: str = ""
    error: str = ""
    version: str = ""
    overtaken: bool = False
    """It did not happen because a person was faster; shown in the result only."""


def effect_of(row: Row[Any]) -> Effect:
    """Read a row of ``actions`` as a recipe remembers it; ``at`` of an undone one is when that was."""
    return Effect(
        key=row.key,
        step=row.step,
        episode=row.episode,
        at=row.undone_at or row.outcome_at,
        data=decode(row.data),
        before=decode(row.before),
        after=decode(row.after),
        remote_id=row.remote_id,
        run=row.run,
    )


def undo_of(recipe: str) -> str:
    """Return what undoing a recipe is called in the ledger."""
    return UNDO + recipe


def base_of(recipe: str) -> str:
    """Return the recipe itself, for the name of its undo too.

    Example:
        >>> base_of("undo:stale_deals"), base_of("stale_deals")
        ('stale_deals', 'stale_deals')
    """
    return recipe.removeprefix(UNDO)


def ref_of(entity: str, name: str = "") -> Ref:
    """Read what ``str(Ref)`` wrote.

    Example:
        >>> ref_of("deal:71234")
        Ref(kind='deal', id='71234')
    """
    kind, _, number = entity.partition(":")
    return Ref.model_validate({"kind": kind, "id": number, "name": name})
