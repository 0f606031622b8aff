"""Takes back what a run did. An undo is a plan like any other: shown, applied, journalled and resumable.

It spares what a person has touched since, cancels the tasks that were created, says what cannot be unsent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from crmkit.automation.actions import (
    Action,
    CloseStep,
    EditComment,
    Remember,
    SetTaskState,
    StopWorkflow,
    UpdateCard,
    UpdateDeal,
    UpdateStep,
    UpdateTask,
)
from crmkit.automation.memory import Memory, restoring
from crmkit.automation.messages import Language, Message
from crmkit.automation.plan import Plan
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.crm.base import Crm
from crmkit.crm.models import DealChanges, Ref, StepChanges, Task, TaskChanges, TaskState
from crmkit.exceptions import ConfigurationError, PlanStale
from crmkit.runtime.footprint import Footprint, read, spared, stays, target_of, task_of, unsendable
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.records import UNDO, ActionRecord, ActionStatus, RunRecord, base_of, undo_of

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
        changed = [one for one in records if one.kind in ("update_deal", "update_card")]
        later = journal.changed_later(ctx.crm.portal, entity, than=changed[-1]) if changed else ""
        return Footprint(entity, records, marked=marked, later_run=later, **read(ctx.crm, entity, records))

    def entity(self, snapshot: Footprint) -> Ref:
        """Return the entity, with its title if it was looked at."""
        thing = snapshot.things.get(snapshot.entity)
        return snapshot.entity if thing is None or isinstance(thing, Task) else thing.ref

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
        if why := spared(snapshot):
            return Decision(verdict="spared", reason=why, attention=True)
        evidence = unsendable(snapshot)
        if evidence and all(stays(snapshot, record) for record in snapshot.live):
            return Decision(verdict="spared", reason=evidence[0], evidence=evidence[1:], attention=True)
        return Decision(
            verdict="undo",
            reason=Message(key="undo.reason", params=run),
            evidence=evidence,
            actions=inverses if snapshot.marked else (*inverses, self._remember(snapshot)),
        )

    def _inverse(self, snapshot: Footprint, record: ActionRecord) -> Action | None:
        """Return what takes an effect back, or ``None`` if nothing has to or can be written for that."""
        target = target_of(record)
        common: dict[str, Any] = {
            "key": UNDO + record.key,
            "step": record.step,
            "episode": record.episode,
            "entity": record.entity,
            "on": None if target == record.entity else target,
            "reason": Message(key="undo.reason", params={"run": self.settings.run}),
            "data": {"undoes": (record.key,)},
        }
        match record.kind:
            case "update_deal":
                return UpdateDeal(changes=restoring(_own_before(record)), **common)
            case "update_card":
                return UpdateCard(fields=_own_before(record), **common)
            case "create_deal" if target in snapshot.stages:
                return UpdateDeal(changes=DealChanges(stage=snapshot.stages[target]), **common)
            case "start_workflow" if record.remote_id in snapshot.running:
                return StopWorkflow(workflow_id=record.remote_id, **common)
            case "create_task" | "set_task_state" | "update_task":
                return _inverse_of_task(snapshot, record, common)
            case _:
                return _inverse_of_step(record, common)

    def _remember(self, snapshot: Footprint) -> Remember:
        """Tell the recipe that it was undone; what needs or allows no writing counts as undone from then on.

        A notice that people have read counts as undone too, or the recipe would go on from it. A deal or a
        space that stays does not, or the recipe would create it again.
        """
        silent = (record for record in snapshot.live if self._inverse(snapshot, record) is None)
        undoes = tuple(record.key for record in silent if not stays(snapshot, record))
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


def _inverse_of_step(record: ActionRecord, common: dict[str, Any]) -> Action | None:
    match record.kind:
        case "record_step":
            return CloseStep(step_id=record.remote_id, result="—", **common)
        case "update_step":
            changes = StepChanges(**_own_before(record))
            return UpdateStep(step_id=record.payload["step_id"], changes=changes, **common)
        case "edit_comment":
            text = str(record.before.get("text", ""))
            return EditComment(comment_id=record.payload["comment_id"], text=text, **common)
        case _:
            return None


def _inverse_of_task(snapshot: Footprint, record: ActionRecord, common: dict[str, Any]) -> Action | None:
    task_id, kind = task_of(record)
    task = snapshot.tasks.get(task_id)
    if task is None or task.deleted:
        return None
    about = {"task_id": task_id, "task_kind": kind, **common}
    if record.kind == "set_task_state":
        return SetTaskState(state=TaskState(record.before["state"]), **about)
    if record.kind == "update_task":
        before = TaskChanges(**_own_before(record))
        return UpdateTask(changes=before, **about) if before.model_fields_set else None
    return SetTaskState(state=TaskState.CANCELLED, **about) if task.state is TaskState.OPEN else None
