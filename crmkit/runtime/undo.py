"""Takes back what a run did. An undo is a plan like any other: shown, applied, journalled and resumable.

It spares what a person has touched since, cancels the tasks that were created, says what cannot be unsent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, ClassVar

from pydantic import Field

from crmkit.automation.actions import Action, Remember, SetTaskState, UpdateDeal
from crmkit.automation.memory import Memory, restoring
from crmkit.automation.messages import Language, Message
from crmkit.automation.plan import Plan
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.crm.base import Crm
from crmkit.crm.models import Activity, Deal, Ref, Task, TaskState
from crmkit.exceptions import ConfigurationError, NotFound, PlanStale
from crmkit.runtime.images import different
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.records import UNDO, ActionRecord, ActionStatus, RunRecord, base_of, undo_of
from crmkit.runtime.touch import touched_since

__all__ = ["UndoRecipe", "UndoSettings", "plan_undo", "reopened", "undo"]

STEP = "undone"


def plan_undo(
    run_id: str,
    crm: Crm,
    ledger: Ledger,
    *,
    entities: Collection[Ref] = (),
    language: Language = "ru",
) -> Plan:
    """Plan to take back what a run did: nothing is written yet.

    Args:
        run_id: The run; the beginning of its id is enough.
        crm: The portal.
        ledger: The ledger.
        entities: Only these; by default all that the run had an effect on.
        language: As for :meth:`Recipe.plan`.

    Raises:
        ConfigurationError: There is no such run, or it is itself an undo.
        PlanStale: The run was on another portal.
    """
    run = ledger.runs.get(run_id)
    if base_of(run.recipe) != run.recipe:
        raise ConfigurationError(
            f"run {run.id} is an undo itself", hint=f"to do it again: crmkit apply {base_of(run.recipe)}"
        )
    if run.portal != crm.portal:
        raise PlanStale(f"run {run.id} was on {run.portal}, not on {crm.portal}", hint="name that portal")
    settings = UndoSettings(run=run.id, recipe=run.recipe, entities=tuple(map(str, entities)))
    return _recipe(settings, ledger).plan(crm, memory=ledger, language=language)


def undo(run_id: str, crm: Crm, ledger: Ledger, **options: Any) -> Any:
    """Take back what a run did; options are those of :func:`crmkit.runtime.executor.apply`.

    Returns:
        The run of the undo: a :class:`crmkit.runtime.results.RunResult`.

    Raises:
        ConfigurationError: As for :func:`plan_undo`.
    """
    return plan_undo(run_id, crm, ledger).apply(**options)


def reopened(run: RunRecord, ledger: Ledger) -> UndoRecipe | None:
    """Return the recipe of a run that is an undo, or ``None``."""
    if base_of(run.recipe) == run.recipe:
        return None
    return _recipe(UndoSettings.model_validate(run.settings), ledger)


class UndoSettings(Settings):
    """What is to be taken back."""

    run: str = Field(description="the run")
    recipe: str = Field(description="its recipe")
    entities: tuple[str, ...] = Field((), description="only these; all if empty")


@dataclass(frozen=True)
class Footprint:
    """What a run did to an entity, and how the entity is now.

    Attributes:
        entity: Which.
        records: The run's effects on it, in order.
        marked: Whether it was written down already that they were taken back.
        deal: The deal as it is now; ``None`` if it is gone or was not looked at.
        tasks: The tasks that the run created or moved, by id, those that still exist.
        touched: The last thing that a person did to it since.
        later_run: A later run that changed it too.
        zone: The portal's time zone, for what is shown.
    """

    entity: Ref
    records: tuple[ActionRecord, ...]
    marked: bool = False
    deal: Deal | None = None
    tasks: dict[str, Task] = field(default_factory=dict)
    touched: Activity | None = None
    later_run: str = ""
    zone: tzinfo = UTC

    @property
    def live(self) -> tuple[ActionRecord, ...]:
        """The effects that are still there, wholly or in part."""
        return tuple(
            record for record in self.records if record.status is ActionStatus.DONE or record.is_partial
        )

    @property
    def had_effect(self) -> bool:
        """Whether the run had an effect on it at all, taken back since or not."""
        return bool(self.live) or any(record.undone_at for record in self.records)

    def of_kind(self, *kinds: str) -> tuple[ActionRecord, ...]:
        """Return the effects of these kinds that are still there."""
        return tuple(record for record in self.live if record.kind in kinds)


class UndoRecipe(Recipe[UndoSettings, Footprint]):
    """Takes back a run. Made by :func:`plan_undo`; its name tells of which recipe.

    Args:
        settings: What is to be taken back.
        ledger: Where it is written what was done.
    """

    name: ClassVar[str] = UNDO
    title: ClassVar[dict[str, str]] = {"ru": "Отмена запуска", "en": "Undo of a run"}
    settings_type: ClassVar[type[Settings]] = UndoSettings

    def __init__(self, settings: UndoSettings, ledger: Ledger) -> None:
        super().__init__(settings)
        self._ledger = ledger

    def candidates(self, ctx: Context[UndoSettings]) -> Iterator[Footprint]:
        """Yield what the run touched, the last first."""
        for entity in self._ledger.journal.entities_of(self.settings.run):
            if not self.settings.entities or str(entity) in self.settings.entities:
                yield self.observe(ctx, entity)

    def observe(self, ctx: Context[UndoSettings], entity: Ref) -> Footprint:
        """Read what the run did to an entity, and the entity as it is now."""
        journal = self._ledger.journal
        records = tuple(journal.of_run(self.settings.run, entity))
        mark = self._mark(entity)
        marked = mark in journal.by_keys(ctx.crm.portal, (mark,))
        bare = Footprint(entity, records, marked=marked, zone=ctx.crm.timezone)
        changed = bare.of_kind("update_deal")
        tasks = bare.of_kind("create_task", "set_task_state")
        if not changed and not tasks:
            return bare
        since = min(record.intent_at for record in (*changed, *tasks))
        return replace(
            bare,
            deal=_deal(ctx.crm, entity) if changed else None,
            tasks=_tasks(ctx.crm, tasks),
            touched=touched_since(ctx.crm, entity, since),
            later_run=journal.changed_later(ctx.crm.portal, entity, than=changed[-1]) if changed else "",
        )

    def entity(self, snapshot: Footprint) -> Ref:
        """Return the entity, with its title if it was looked at."""
        return snapshot.deal.ref if snapshot.deal else snapshot.entity

    def decide(self, snapshot: Footprint, now: datetime, memory: Memory) -> Decision:
        """Decide what can be taken back, in the reverse order of doing."""
        run = {"run": self.settings.run}
        if any(record.status.is_unsettled for record in snapshot.records):
            reason = Message(key="undo.unsettled", params=run)
            return Decision(verdict="unsettled", reason=reason, attention=True)
        found = (self._inverse(snapshot, record) for record in reversed(snapshot.live))
        inverses: tuple[Action, ...] = tuple(action for action in found if action is not None)
        if not inverses and (snapshot.marked or not snapshot.had_effect):
            return Decision(verdict="nothing", reason=Message(key="undo.nothing"))
        if why := _spared(snapshot):
            return Decision(verdict="spared", reason=why, attention=True)
        return Decision(
            verdict="undo",
            reason=Message(key="undo.reason", params=run),
            evidence=_unsendable(snapshot),
            actions=inverses if snapshot.marked else (*inverses, self._remember(snapshot)),
        )

    def _inverse(self, snapshot: Footprint, record: ActionRecord) -> Action | None:
        """Return what takes an effect back, or ``None`` if nothing has to or can be written for that."""
        common: dict[str, Any] = {
            "key": UNDO + record.key,
            "step": record.step,
            "episode": record.episode,
            "entity": record.entity,
            "reason": Message(key="undo.reason", params={"run": self.settings.run}),
            "data": {"undoes": (record.key,)},
        }
        if record.kind == "update_deal":
            return UpdateDeal(changes=restoring(_own_before(record)), **common)
        task_id, kind = _task_of(record)
        task = snapshot.tasks.get(task_id)
        if task is None:
            return None
        if record.kind == "set_task_state":
            state = TaskState(record.before["state"])
            return SetTaskState(task_id=task_id, task_kind=kind, state=state, **common)
        if task.state is TaskState.OPEN and not task.deleted:
            return SetTaskState(task_id=task_id, task_kind=kind, state=TaskState.CANCELLED, **common)
        return None

    def _remember(self, snapshot: Footprint) -> Remember:
        """Tell the recipe that it was undone; what needs or allows no writing counts as undone from then on.

        A notice that people have read counts as undone too, or the recipe would go on from it.
        """
        silent = (record for record in snapshot.live if self._inverse(snapshot, record) is None)
        undoes = tuple(record.key for record in silent)
        return Remember(
            key=self._mark(snapshot.entity),
            step=STEP,
            episode=max(record.episode for record in snapshot.records),
            entity=snapshot.entity,
            reason=Message(key="undo.mark", params={"run": self.settings.run}),
            data={"run": self.settings.run, "undoes": undoes},
        )

    def _mark(self, entity: Ref) -> str:
        return f"{STEP}:{self.settings.run}:{entity}"


def _recipe(settings: UndoSettings, ledger: Ledger) -> UndoRecipe:
    class Undo(UndoRecipe):
        name = undo_of(settings.recipe)

    return Undo(settings, ledger)


def _own_before(record: ActionRecord) -> dict[str, Any]:
    """Return what was there before, of what the effect really changed: all, or the part that was taken."""
    if record.status is ActionStatus.DONE:
        return record.before
    return {name: record.before[name] for name in record.after}


def _task_of(record: ActionRecord) -> tuple[str, str]:
    """Return id and kind of the task that an effect created or moved, empty if it is about none."""
    if record.kind == "create_task":
        return record.remote_id, record.payload["task"]["kind"]
    if record.kind == "set_task_state":
        return record.payload["task_id"], record.payload["task_kind"]
    return "", ""


def _deal(crm: Crm, entity: Ref) -> Deal | None:
    try:
        deal = crm.deals.get(entity.id)
    except NotFound:
        return None
    return None if deal.deleted else deal


def _tasks(crm: Crm, records: Iterable[ActionRecord]) -> dict[str, Task]:
    found = {}
    for task_id, kind in map(_task_of, records):
        with suppress(NotFound):
            found[task_id] = crm.tasks.get(task_id, kind=kind)
    return found


def _spared(snapshot: Footprint) -> Message | None:
    """Return why a footprint is left alone: a person's work is never overwritten."""
    changed = snapshot.of_kind("update_deal")
    if changed and snapshot.deal is None:
        return Message(key="undo.gone")
    if entry := snapshot.touched:
        who = entry.author.name if entry.author else Message(key="undo.somebody")
        return Message(key="undo.touched", params={"who": who, "moment": entry.at.astimezone(snapshot.zone)})
    if snapshot.deal is not None:
        after = {name: value for record in changed for name, value in record.after.items()}
        if names := different(snapshot.deal, after):
            if snapshot.later_run:
                return Message(key="undo.later_run", params={"run": snapshot.later_run})
            return Message(key="undo.differs", params={"names": ", ".join(names)})
    for record in snapshot.of_kind("create_task", "set_task_state"):
        task = snapshot.tasks.get(_task_of(record)[0])
        if task is not None and _is_decided(record, task):
            return Message(key="undo.decided", params={"task": task.title})
    return None


def _is_decided(record: ActionRecord, task: Task) -> bool:
    if record.kind == "set_task_state":
        return task.state is not TaskState(record.after["state"])
    return task.state in (TaskState.DONE, TaskState.REJECTED)


def _unsendable(snapshot: Footprint) -> tuple[Message, ...]:
    sent = snapshot.of_kind("notify", "add_comment")
    when = [record.tried_at.astimezone(snapshot.zone) for record in sent]
    return tuple(
        Message(key="undo.unsendable", params={"step": record.step, "moment": moment})
        for record, moment in zip(sent, when, strict=True)
    )
