"""One item of a plan: judged afresh, compared with what was planned, and carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crmkit.automation.actions import Action, Remember
from crmkit.automation.memory import Memory
from crmkit.automation.messages import Language, Message
from crmkit.automation.planning import day_start
from crmkit.automation.recipe import Context, Decision, Recipe
from crmkit.crm.base import Crm
from crmkit.crm.models import Company, Contact, Deal, Ref
from crmkit.exceptions import CrmkitError, NotFound, RecipeError, RunInProgress, StoreError
from crmkit.runtime.effects import Things
from crmkit.runtime.journal import Place
from crmkit.runtime.lease import Lease
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.likeness import same_actions
from crmkit.runtime.performer import STOPPERS, Performer
from crmkit.runtime.placeholders import ids_of, keys_in, require_none, resolved
from crmkit.runtime.records import ActionRecord, ActionStatus, ItemRecord, ItemStatus, Outcome
from crmkit.runtime.results import ActionResult, ItemResult
from crmkit.runtime.touch import touched_since

__all__ = ["ItemRunner"]

Verdict = tuple[ItemStatus, Message | None]


class ItemRunner:
    """Carries out items of one recipe.

    Args:
        recipe: The recipe.
        crm: The portal.
        ledger: The ledger.
        lease: The right to write.
        language: Of the texts that are written into the portal, as in the plan.
    """

    def __init__(
        self,
        recipe: Recipe[Any, Any],
        crm: Crm,
        ledger: Ledger,
        lease: Lease,
        language: Language = "ru",
    ) -> None:
        self._recipe = recipe
        self._crm = crm
        self._ledger = ledger
        self._lease = lease
        self._context: Context[Any] = Context(crm, recipe.settings, ledger, language)
        self.performer = Performer(crm, ledger.journal)

    def run(self, item: ItemRecord) -> ItemResult:
        """Carry out an item and write down what became of it.

        Raises:
            AuthenticationError: As all of ``STOPPERS``: the run has to stop; the item is not finished.
            StoreError: The ledger failed.
            RunInProgress: Another run took the lease.
        """
        done: list[ActionResult] = []
        try:
            status, message = self._carry_out(item, done)
        except NotFound:
            status, message = ItemStatus.CHANGED, Message(key="run.gone")
        except (*STOPPERS, StoreError, RunInProgress):
            raise
        except CrmkitError as error:
            status, message = ItemStatus.FAILED, Message(key="run.failed", params={"error": str(error)})
        now = self._crm.clock.now()
        self._ledger.runs.finish_item(self._lease, item, status, message, now)
        return ItemResult(item.item.entity, item.item.title, status, message, tuple(done), item.run)

    def _carry_out(self, item: ItemRecord, done: list[ActionResult]) -> Verdict:
        planned = self._due(item)
        if not planned:
            return self._deferred(item.item.not_before)
        records = self._records(planned)
        if not _not_done(planned, records):
            return _already(item, records)
        if verdict := _blocked(records):
            return verdict
        if self._is_half_written(item, records):
            return self._perform(item, _not_done(planned, records), records, {}, done)
        return self._judge_and_do(item, records, done)

    def _judge_and_do(
        self, item: ItemRecord, records: dict[str, ActionRecord], done: list[ActionResult]
    ) -> Verdict:
        judged = self._judge(item.item.entity)
        unknown = [action for action in judged.decision.actions if action.key not in records]
        records |= self._records(unknown)
        fresh = _not_done(judged.decision.actions, records)
        if verdict := _blocked(records) or self._waits(judged, fresh):
            return verdict
        to_do = self._choose(item, judged, fresh, records)
        if to_do is None:
            return _not_as_planned(item, judged, _not_done(self._due(item), records))
        if item.item.counted and item.acted_at is None and not self._has_place(item.item.entity):
            return self._deferred(None)
        return self._perform(item, to_do, records, judged.things, done)

    def _is_half_written(self, item: ItemRecord, records: Mapping[str, ActionRecord]) -> bool:
        """Tell whether a write took effect in part only, and nobody has mended that since.

        What the recipe would decide in such a state, it would decide on our own half of a change.
        """
        partly = [record.intent_at for record in records.values() if record.is_partial]
        return bool(partly) and not touched_since(self._crm, item.item.entity, min(partly))

    def _due(self, item: ItemRecord) -> Sequence[Action]:
        """Return what the plan wants done now: what it deferred too, once its hour has come."""
        planned = item.item
        if (
            planned.deferred
            and planned.not_before is not None
            and planned.not_before <= self._crm.clock.now()
        ):
            return planned.deferred
        return planned.actions

    def _judge(self, entity: Ref) -> _Judged:
        snapshot = self._recipe.observe(self._context, entity)
        memory = self._ledger.recall(self._crm.portal, self._recipe.name, (entity,)).get(entity, Memory())
        try:
            decision = self._recipe.decide(snapshot, self._crm.clock.now(), memory)
        except Exception as error:  # one entity that a recipe stumbles over must not hold up all the others
            what = f"{self._recipe.name} cannot judge {entity}: {type(error).__name__}: {error}"
            raise RecipeError(what, hint="mend the recipe, then: crmkit runs retry") from error
        return _Judged(decision, memory, _things_in(snapshot))

    def _choose(
        self,
        item: ItemRecord,
        judged: _Judged,
        fresh: Sequence[Action],
        records: Mapping[str, ActionRecord],
    ) -> Sequence[Action] | None:
        """Return what is to be done now, or ``None`` if the plan is not right any more.

        An item is a whole: once its first action is done the rest is carried through, even if the recipe sees
        no need of it any more in what that first action left behind, unless a person has stepped in.
        """
        remaining = _not_done(self._due(item), records)
        ids = self._ids((*remaining, *fresh), records)
        if same_actions((resolved(one, ids) for one in remaining), (resolved(one, ids) for one in fresh)):
            return fresh
        begun = [record.intent_at for record in records.values() if record.status is ActionStatus.DONE]
        if begun and not fresh and not touched_since(self._crm, item.item.entity, min(begun)):
            return remaining
        return None

    def _perform(
        self,
        item: ItemRecord,
        actions: Sequence[Action],
        records: Mapping[str, ActionRecord],
        things: Things,
        done: list[ActionResult],
    ) -> Verdict:
        ids = self._ids(actions, records)
        for planned in actions:
            action = resolved(planned, ids)
            require_none(action)
            earlier = records.get(action.key)
            outcome = self.performer.perform(
                self._place(item, action), action, things=things, earlier=earlier
            )
            done.append(ActionResult(action, outcome.status, outcome.error))
            if verdict := _unfinished(outcome):
                return verdict
            if outcome.remote_id:
                ids[action.key] = outcome.remote_id
            things = {ref: thing for ref, thing in things.items() if ref != action.target}  # not as it was
        return ItemStatus.DONE, None

    def _ids(self, actions: Sequence[Action], records: Mapping[str, ActionRecord]) -> dict[str, str]:
        """Return the ids of what is there by now of what these actions point at."""
        wanted = keys_in(actions)
        elsewhere = wanted - records.keys()
        known = {key: records[key] for key in wanted & records.keys()}
        if elsewhere:
            known |= self._ledger.journal.by_keys(self._crm.portal, elsewhere)
        return ids_of(known)

    def _place(self, item: ItemRecord, action: Action) -> Place:
        name = self._recipe.name
        undoes = tuple(action.data.get("undoes", ())) if name != self._lease.recipe else ()
        remembers = self._lease.recipe if isinstance(action, Remember) else name
        return Place(self._lease, item.run, item.position, remembers, undoes)

    def _records(self, actions: Sequence[Action]) -> dict[str, ActionRecord]:
        if not actions:
            return {}
        return self._ledger.journal.by_keys(self._crm.portal, [action.key for action in actions])

    def _waits(self, judged: _Judged, fresh: Sequence[Action]) -> Verdict | None:
        until = judged.decision.not_before
        if fresh and until is not None and until > self._crm.clock.now():
            return self._deferred(until)
        return None

    def _deferred(self, until: datetime | None) -> Verdict:
        if until is None:
            return ItemStatus.DEFERRED, Message(key="run.cap")
        local = until.astimezone(self._crm.timezone)
        return ItemStatus.DEFERRED, Message(key="run.later", params={"moment": local})

    def _has_place(self, entity: Ref) -> bool:
        cap = self._recipe.daily_cap()
        if cap is None:
            return True
        scope = (self._crm.portal, self._recipe.name)
        today = day_start(self._crm.clock.now(), self._crm)
        return self._ledger.counted_since(*scope, today) < cap or self._ledger.has_place(
            *scope, entity, today
        )


@dataclass(frozen=True, slots=True)
class _Judged:
    """A fresh decision, and what it was made from."""

    decision: Decision
    memory: Memory
    things: Things


def _things_in(snapshot: Any) -> Things:
    """Return what a recipe has just read, to save reading it again for the before-image.

    That is the snapshot itself, or what it calls ``deal``, ``company``, ``contact`` or ``contacts``.
    """
    parts = [snapshot, *(getattr(snapshot, name, None) for name in ("deal", "company", "contact"))]
    several = getattr(snapshot, "contacts", ())
    parts += several if isinstance(several, tuple | list) else ()
    return {part.ref: part for part in parts if isinstance(part, Deal | Company | Contact)}


def _not_done(actions: Sequence[Action], records: Mapping[str, ActionRecord]) -> list[Action]:
    return [
        action
        for action in actions
        if action.key not in records or records[action.key].status is not ActionStatus.DONE
    ]


def _already(item: ItemRecord, records: Mapping[str, ActionRecord]) -> Verdict:
    runs = {record.run for record in records.values()}
    if item.run in runs:
        return ItemStatus.DONE, None
    return ItemStatus.NOTHING, Message(key="run.done_before", params={"run": ", ".join(sorted(runs))})


def _blocked(records: Mapping[str, ActionRecord]) -> Verdict | None:
    """Tell whether an effect stands in the way: one that was undone, or of which too little is known."""
    for record in records.values():
        if record.status is ActionStatus.UNDONE:
            return ItemStatus.CHANGED, Message(key="run.undone")
        if record.status is ActionStatus.PENDING:
            return ItemStatus.PENDING, Message(key="run.pending", params={"error": record.error})
        if record.status.is_unsettled:
            return ItemStatus.UNKNOWN, Message(key="run.unknown", params={"error": record.error})
    return None


def _not_as_planned(item: ItemRecord, judged: _Judged, remaining: Sequence[Action]) -> Verdict:
    decision = judged.decision
    remembered = all(judged.memory.of_episode(action.episode, action.step) for action in remaining)
    if not decision.actions and remembered:
        return ItemStatus.NOTHING, decision.reason
    params = {"planned": item.item.reason, "now": decision.reason}
    return ItemStatus.CHANGED, Message(key="run.changed", params=params)


def _unfinished(outcome: Outcome) -> Verdict | None:
    if outcome.status is ActionStatus.DONE and not outcome.error:
        return None
    status, key = {
        ActionStatus.DONE: (ItemStatus.FAILED, "run.partly"),
        ActionStatus.FAILED: (ItemStatus.FAILED, "run.failed"),
        ActionStatus.PENDING: (ItemStatus.PENDING, "run.pending"),
    }.get(outcome.status, (ItemStatus.UNKNOWN, "run.unknown"))
    if outcome.overtaken:
        status, key = ItemStatus.CHANGED, "run.overtaken"
    return status, Message(key=key, params={"error": outcome.error})
