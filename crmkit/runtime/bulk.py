"""Many items at once: one look, one transaction of intents, one request, one transaction of outcomes.

Where a portal takes many writes in one request (``crm.batch_size`` above one), consecutive items whose
actions can all be sent that way are carried out in chunks of that size. What is right for one item is right
here: each is judged afresh, each effect has its own row in the ledger before it is sent, a lost answer is
settled by looking, for the whole chunk with one request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from crmkit.automation.actions import Action
from crmkit.automation.messages import Message
from crmkit.automation.planning import chunks
from crmkit.crm.base import Crm
from crmkit.crm.models import Ref
from crmkit.exceptions import CrmkitError, NotFound, RecipeError, RunInProgress, StoreError
from crmkit.runtime.effects import Bulk, Things, kind_of
from crmkit.runtime.item import ItemRunner
from crmkit.runtime.journal import Intent
from crmkit.runtime.judging import Verdict, not_done, unfinished
from crmkit.runtime.lease import Lease
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.many import ManyPerformer
from crmkit.runtime.performer import STOPPERS, still_ours
from crmkit.runtime.placeholders import require_none, resolved
from crmkit.runtime.records import ActionRecord, ActionStatus, ItemRecord, ItemStatus, Outcome
from crmkit.runtime.results import ActionResult, ItemResult

__all__ = ["BulkRunner"]

FINISHED: Verdict = (ItemStatus.DONE, None)
REMEMBER = "remember"


@dataclass
class _Work:
    """An item on its way."""

    item: ItemRecord
    records: dict[str, ActionRecord] = field(default_factory=dict)
    to_do: list[Action] = field(default_factory=list)
    things: Things = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    done: list[ActionResult] = field(default_factory=list)
    verdict: Verdict | None = None

    @property
    def entity(self) -> Ref:
        return self.item.item.entity

    def take(self, action: Action, outcome: Outcome) -> None:
        """Go on from what came of its next action."""
        self.done.append(ActionResult(action, outcome.status, outcome.error))
        self.to_do = self.to_do[1:]
        if outcome.remote_id:
            self.ids[action.key] = outcome.remote_id
        self.things = {ref: thing for ref, thing in self.things.items() if ref != action.target}
        self.verdict = unfinished(outcome) or (None if self.to_do else FINISHED)


class BulkRunner:
    """Carries out the items of a run, many at once where that is possible.

    Args:
        runner: Carries out a single item.
        crm: The portal.
        ledger: The ledger.
        lease: The right to write.
    """

    def __init__(self, runner: ItemRunner, crm: Crm, ledger: Ledger, lease: Lease) -> None:
        self._runner = runner
        self._judge = runner.judge
        self._crm = crm
        self._ledger = ledger
        self._lease = lease
        self._many = ManyPerformer(crm, ledger.journal, runner.performer)
        self._looked: Mapping[Ref, Any] | None = None

    def run(
        self, items: Iterable[ItemRecord], *, pause: Callable[[], bool] = lambda: False
    ) -> Iterator[ItemResult]:
        """Carry out items in their order and yield what became of each.

        Args:
            items: The items.
            pause: Asked before every request or item; ``True`` leaves the rest as it is.

        Raises:
            AuthenticationError: As all of ``STOPPERS``: the run has to stop; what is known is written down.
            StoreError: The ledger failed.
            RunInProgress: Another run took the lease.
        """
        for together, group in groupby(items, self._go_together):
            size = self._crm.batch_size if together else 1
            for ahead in chunks(group, size * (self._judge.look_ahead if together else 1)):
                self._looked = self._look(ahead) if len(ahead) > size else None
                for chunk in chunks(ahead, size):
                    if pause():
                        return
                    yield from self._run(chunk)

    def settle(self, records: Sequence[ActionRecord]) -> Iterator[ActionRecord]:
        """Find out what came of effects of runs that were broken off; yield each that was looked for.

        Raises:
            AuthenticationError: As all of ``STOPPERS``: they could not be looked for now.
        """
        by_kind: dict[str, list[ActionRecord]] = {}
        for record in records:
            by_kind.setdefault(record.kind, []).append(record)
        for name, some in by_kind.items():
            if self._crm.batch_size > 1 and isinstance(kind_of(name), Bulk):
                self._many.settle(some)
                yield from some
                continue
            for record in some:
                self._runner.performer.settle(record)
                yield record

    def _go_together(self, item: ItemRecord) -> bool:
        if self._crm.batch_size <= 1:
            return False
        kinds = {action.kind for action in self._judge.due(item)} - {REMEMBER}
        return bool(kinds) and all(isinstance(kind_of(kind), Bulk) for kind in kinds)

    def _run(self, chunk: Sequence[ItemRecord]) -> Iterator[ItemResult]:
        work = [_Work(item) for item in chunk] if len(chunk) > 1 else []
        prepared = bool(work) and self._prepared(work)
        if not prepared:  # too little to share, or a look at all of them failed: each for itself
            yield from map(self._runner.run, chunk)
            return
        stop = self._perform(work)
        finished = [(one.item, *one.verdict) for one in work if one.verdict is not None]
        self._ledger.runs.finish_items(self._lease, finished, self._crm.clock.now())
        for one in work:
            if one.verdict is not None:
                status, message = one.verdict
                title, run = one.item.item.title, one.item.run
                yield ItemResult(one.entity, title, status, message, tuple(one.done), run)
        if stop is not None:
            raise stop

    def _prepared(self, work: Sequence[_Work]) -> bool:
        """Find out what is to be done for each item; ``False`` if that was not possible for all together."""
        planned = self._judge.records([action for one in work for action in self._judge.due(one.item)])
        for one in work:
            keys = {action.key for action in self._judge.due(one.item)}
            one.records = {key: planned[key] for key in keys & planned.keys()}
            one.verdict = self._judge.hindrance(one.item, one.records)
            if one.verdict is None and self._judge.is_half_written(one.item, one.records):
                one.to_do = not_done(self._judge.due(one.item), one.records)
        open_ = [one for one in work if one.verdict is None and not one.to_do]
        try:
            self._judge_all(open_)
        except (*STOPPERS, StoreError, RunInProgress):
            raise
        except CrmkitError:
            return False
        for one in work:
            if one.verdict is None:
                one.ids = self._judge.ids(one.to_do, one.records)
        return True

    def _look(self, items: Sequence[ItemRecord]) -> Mapping[Ref, Any] | None:
        """Look at the items of several requests together, as far ahead as the recipe allows."""
        try:
            return self._judge.look_many([item.item.entity for item in items])
        except (*STOPPERS, StoreError, RunInProgress):
            raise
        except CrmkitError:  # one of them is in the way: found out chunk by chunk
            return None

    def _judge_all(self, work: Sequence[_Work]) -> None:
        entities = [one.entity for one in work]
        snapshots = self._judge.look_many(entities) if self._looked is None else self._looked
        memories = self._judge.memories(entities)
        judged = {}
        for one in work:
            if one.entity not in snapshots:
                one.verdict = ItemStatus.CHANGED, Message(key="run.gone")
                continue
            try:
                judged[one.item.position] = self._judge.judge(one.entity, snapshots[one.entity], memories)
            except RecipeError as error:
                one.verdict = _failed(error)
        decided = [action for one in judged.values() for action in one.decision.actions]
        known = {key for one in work for key in one.records}
        fresh = self._judge.records([action for action in decided if action.key not in known])
        for one in work:
            if (found := judged.get(one.item.position)) is None:
                continue
            keys = {action.key for action in found.decision.actions}
            one.records |= {key: fresh[key] for key in keys & fresh.keys()}
            chosen = self._judge.choose(one.item, found, one.records)
            if isinstance(chosen, tuple):
                one.verdict = chosen
            else:
                one.to_do, one.things = chosen, found.things
                one.verdict = None if chosen else FINISHED
        self._cap([one for one in work if one.verdict is None])

    def _cap(self, work: Sequence[_Work]) -> None:
        over = self._judge.without_place([one.item for one in work])
        for one in work:
            if one.item.position in over:
                one.verdict = self._judge.deferred(None)

    def _perform(self, work: Sequence[_Work]) -> CrmkitError | None:
        """Do what is to be done, action by action; return what stopped it."""
        stop: CrmkitError | None = None
        while stop is None and (waiting := [one for one in work if one.verdict is None]):
            name = waiting[0].to_do[0].kind
            stop = self._step(name, [one for one in waiting if one.to_do[0].kind == name])
        return stop

    def _step(self, name: str, work: Sequence[_Work]) -> CrmkitError | None:
        """Do the next action of each of these items, all of one kind."""
        try:
            ready = self._intents(name, work)
            records = self._ledger.journal.intend_many([one for _, one in ready], self._crm.clock.now())
        except STOPPERS as error:
            return error
        except (StoreError, RunInProgress):
            raise
        except CrmkitError:  # one of them is in the way: find out which, one by one
            return self._each(work)
        outcomes: Sequence[Outcome | None] = [Outcome(ActionStatus.DONE)] * len(records)
        stop: CrmkitError | None = None
        if name != REMEMBER:
            outcomes, stop = self._many.perform(name, records, [one.action for _, one in ready])
        for (one, intent), outcome in zip(ready, outcomes, strict=True):
            if outcome is not None:
                one.take(intent.action, outcome)
        return stop

    def _intents(self, name: str, work: Sequence[_Work]) -> list[tuple[_Work, Intent]]:
        ready = [(one, action) for one in work if (action := _next(one)) is not None]
        befores = self._befores(name, ready)
        intents = []
        for (one, action), before in zip(ready, befores, strict=True):
            earlier = one.records.get(action.key)
            if before is None:
                one.verdict = ItemStatus.CHANGED, Message(key="run.gone")
                continue
            kept = before if earlier is None else before | still_ours(earlier)
            intents.append((one, Intent(self._judge.place(one.item, action), action, kept, earlier)))
        return intents

    def _befores(self, name: str, ready: Sequence[tuple[_Work, Action]]) -> Sequence[dict[str, Any] | None]:
        kind = None if name == REMEMBER else kind_of(name)
        if not isinstance(kind, Bulk):
            return [{} for _ in ready]
        things = {ref: thing for one, _ in ready for ref, thing in one.things.items()}
        return kind.before_many(self._crm, [action for _, action in ready], things)

    def _each(self, work: Sequence[_Work]) -> CrmkitError | None:
        """Do the next action of each by itself."""
        for one in work:
            action = _next(one)
            if action is None:
                continue
            place, earlier = self._judge.place(one.item, action), one.records.get(action.key)
            try:
                outcome = self._runner.performer.perform(place, action, things=one.things, earlier=earlier)
            except NotFound:
                one.verdict = ItemStatus.CHANGED, Message(key="run.gone")
            except STOPPERS as error:
                return error
            except (StoreError, RunInProgress):
                raise
            except CrmkitError as error:
                one.verdict = _failed(error)
            else:
                one.take(action, outcome)
        return None


def _next(work: _Work) -> Action | None:
    """Return the next action of an item, or ``None`` if what it points at is not there."""
    action = resolved(work.to_do[0], work.ids)
    try:
        require_none(action)
    except RecipeError as error:
        work.verdict = _failed(error)
        return None
    return action


def _failed(error: CrmkitError) -> Verdict:
    return ItemStatus.FAILED, Message(key="run.failed", params={"error": str(error)})
