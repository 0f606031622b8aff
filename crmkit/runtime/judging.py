"""Judges an item of a plan: what is left of it, whether it is still right, what is to be done now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
from crmkit.exceptions import RecipeError
from crmkit.runtime.effects import Things
from crmkit.runtime.journal import Place
from crmkit.runtime.lease import Lease
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.likeness import same_actions
from crmkit.runtime.placeholders import ids_of, keys_in, resolved
from crmkit.runtime.records import ActionRecord, ActionStatus, ItemRecord, ItemStatus, Outcome
from crmkit.runtime.touch import touched_since

__all__ = ["Judge", "Judged", "Records", "Verdict", "not_done", "unfinished"]

Verdict = tuple[ItemStatus, Message | None]
Records = Mapping[str, ActionRecord]


@dataclass(frozen=True, slots=True)
class Judged:
    """A fresh decision, and what it was made from."""

    decision: Decision
    memory: Memory
    things: Things


class Judge:
    """Judges the items of one recipe.

    Args:
        recipe: The recipe.
        crm: The portal.
        ledger: The ledger.
        lease: The right to write.
        language: Of the texts that are written into the portal, as in the plan.
    """

    def __init__(
        self, recipe: Recipe[Any, Any], crm: Crm, ledger: Ledger, lease: Lease, language: Language
    ) -> None:
        self._recipe = recipe
        self._crm = crm
        self._ledger = ledger
        self._lease = lease
        self._context: Context[Any] = Context(crm, recipe.settings, ledger, language)

    @property
    def look_ahead(self) -> int:
        """For how many requests the recipe may be shown entities ahead."""
        return max(1, self._recipe.look_ahead)

    def stop_reason(self) -> str:
        """Return why the recipe wants the run to stop now, or an empty text."""
        return self._recipe.stop_reason(self._context)

    def due(self, item: ItemRecord) -> Sequence[Action]:
        """Return what the plan wants done now: what it deferred too, once its hour has come."""
        planned = item.item
        if (
            planned.deferred
            and planned.not_before is not None
            and planned.not_before <= self._crm.clock.now()
        ):
            return planned.deferred
        return planned.actions

    def records(self, actions: Sequence[Action]) -> dict[str, ActionRecord]:
        """Return what the ledger knows of these actions, by key."""
        if not actions:
            return {}
        return self._ledger.journal.by_keys(self._crm.portal, [action.key for action in actions])

    def hindrance(self, item: ItemRecord, records: Records) -> Verdict | None:
        """Tell from the ledger alone whether there is nothing to be done about an item now."""
        planned = self.due(item)
        if not planned:
            return self.deferred(item.item.not_before)
        if not not_done(planned, records):
            return _already(item, records)
        return _blocked(records)

    def is_half_written(self, item: ItemRecord, records: Records) -> bool:
        """Tell whether a write took effect in part only, and nobody has mended that since.

        What the recipe would decide in such a state, it would decide on our own half of a change.
        """
        partly = [record.intent_at for record in records.values() if record.is_partial]
        return bool(partly) and not touched_since(self._crm, item.item.entity, min(partly))

    def look(self, entity: Ref) -> Judged:
        """Read an entity and judge it.

        Raises:
            RecipeError: The recipe stumbled over it.
        """
        return self.judge(entity, self._recipe.observe(self._context, entity), self.memories((entity,)))

    def look_many(self, entities: Sequence[Ref]) -> Mapping[Ref, Any]:
        """Read many entities, with as few requests as the recipe knows how to; what is gone is absent."""
        return self._recipe.observe_many(self._context, entities)

    def memories(self, entities: Sequence[Ref]) -> Mapping[Ref, Memory]:
        """Return what the recipe remembers of entities."""
        return self._ledger.recall(self._crm.portal, self._recipe.name, entities)

    def judge(self, entity: Ref, snapshot: Any, memories: Mapping[Ref, Memory]) -> Judged:
        """Judge an entity as it was read just now.

        Raises:
            RecipeError: The recipe stumbled over it.
        """
        memory = memories.get(entity, Memory())
        try:
            decision = self._recipe.decide(snapshot, self._crm.clock.now(), memory)
        except Exception as error:  # one entity that a recipe stumbles over must not hold up all the others
            what = f"{self._recipe.name} cannot judge {entity}: {type(error).__name__}: {error}"
            raise RecipeError(what, hint="mend the recipe, then: crmkit runs retry") from error
        return Judged(decision, memory, _things_in(snapshot))

    def choose(self, item: ItemRecord, judged: Judged, records: Records) -> Verdict | list[Action]:
        """Return what is to be done now, or why nothing is.

        Args:
            item: The item.
            judged: The fresh decision.
            records: The effects of the planned and of the freshly decided actions.
        """
        fresh = not_done(judged.decision.actions, records)
        if verdict := _blocked(records) or self._waits(judged, fresh):
            return verdict
        remaining = not_done(self.due(item), records)
        ids = self.ids((*remaining, *fresh), records)
        if same_actions((resolved(one, ids) for one in remaining), (resolved(one, ids) for one in fresh)):
            return fresh
        if self._is_carried_through(item, fresh, records):
            return remaining
        return _not_as_planned(judged, item, remaining)

    def _is_carried_through(self, item: ItemRecord, fresh: Sequence[Action], records: Records) -> bool:
        """Tell whether what is left is done although the recipe sees no need of it any more.

        An item is a whole: once its first action is done the rest is carried through, whatever the recipe
        sees in what that first action left behind, unless a person has stepped in.
        """
        begun = [record.intent_at for record in records.values() if record.status is ActionStatus.DONE]
        return bool(begun) and not fresh and not touched_since(self._crm, item.item.entity, min(begun))

    def without_place(self, items: Sequence[ItemRecord]) -> Collection[int]:
        """Return the positions of those items for which no place of the daily cap is left, in their order."""
        cap = self._recipe.daily_cap()
        want = [one for one in items if one.item.counted and one.acted_at is None]
        if cap is None or not want:
            return ()
        today = day_start(self._crm.clock.now(), self._crm)
        scope = (self._crm.portal, self._recipe.name)
        left = cap - self._ledger.counted_since(*scope, today)
        placed = self._ledger.with_place(*scope, [one.item.entity for one in want], today)
        new = [one.position for one in want if one.item.entity not in placed]
        return frozenset(new[max(0, left) :])

    def ids(self, actions: Sequence[Action], records: Records) -> dict[str, str]:
        """Return the ids of what is there by now of what these actions point at."""
        wanted = keys_in(actions)
        elsewhere = wanted - records.keys()
        known = {key: records[key] for key in wanted & records.keys()}
        if elsewhere:
            known |= self._ledger.journal.by_keys(self._crm.portal, elsewhere)
        return ids_of(known)

    def place(self, item: ItemRecord, action: Action) -> Place:
        """Return where the effect of an action belongs in the ledger."""
        name = self._recipe.name
        undoes = tuple(action.data.get("undoes", ())) if name != self._lease.recipe else ()
        remembers = self._lease.recipe if isinstance(action, Remember) else name
        return Place(self._lease, item.run, item.position, remembers, undoes)

    def _waits(self, judged: Judged, fresh: Sequence[Action]) -> Verdict | None:
        until = judged.decision.not_before
        if fresh and until is not None and until > self._crm.clock.now():
            return self.deferred(until)
        return None

    def deferred(self, until: datetime | None) -> Verdict:
        """Return the verdict of what waits: until then, or for another day's share of the cap."""
        if until is None:
            return ItemStatus.DEFERRED, Message(key="run.cap")
        local = until.astimezone(self._crm.timezone)
        return ItemStatus.DEFERRED, Message(key="run.later", params={"moment": local})


def _things_in(snapshot: Any) -> Things:
    """Return what a recipe has just read, to save reading it again for the before-image.

    That is the snapshot itself, or what it calls ``deal``, ``company``, ``contact`` or ``contacts``.
    """
    parts = [snapshot, *(getattr(snapshot, name, None) for name in ("deal", "company", "contact"))]
    several = getattr(snapshot, "contacts", ())
    parts += several if isinstance(several, tuple | list) else ()
    return {part.ref: part for part in parts if isinstance(part, Deal | Company | Contact)}


def not_done(actions: Sequence[Action], records: Records) -> list[Action]:
    """Return those of the actions that are not done yet."""
    return [
        action
        for action in actions
        if action.key not in records or records[action.key].status is not ActionStatus.DONE
    ]


def _already(item: ItemRecord, records: Records) -> Verdict:
    runs = {record.run for record in records.values()}
    if item.run in runs:
        return ItemStatus.DONE, None
    return ItemStatus.NOTHING, Message(key="run.done_before", params={"run": ", ".join(sorted(runs))})


def _blocked(records: Records) -> Verdict | None:
    """Tell whether an effect stands in the way: one that was undone, or of which too little is known."""
    for record in records.values():
        if record.status is ActionStatus.UNDONE:
            return ItemStatus.CHANGED, Message(key="run.undone")
        if record.status is ActionStatus.PENDING:
            return ItemStatus.PENDING, Message(key="run.pending", params={"error": record.error})
        if record.status.is_unsettled:
            return ItemStatus.UNKNOWN, Message(key="run.unknown", params={"error": record.error})
    return None


def _not_as_planned(judged: Judged, item: ItemRecord, remaining: Sequence[Action]) -> Verdict:
    decision = judged.decision
    remembered = all(judged.memory.of_episode(action.episode, action.step) for action in remaining)
    if not decision.actions and remembered:
        return ItemStatus.NOTHING, decision.reason
    params = {"planned": item.item.reason, "now": decision.reason}
    return ItemStatus.CHANGED, Message(key="run.changed", params=params)


def unfinished(outcome: Outcome) -> Verdict | None:
    """Return what an outcome makes of its item, or ``None`` if the item goes on."""
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
