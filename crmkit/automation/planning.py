"""Makes a plan: asks the recipe for its candidates, recalls the memories, collects the decisions."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, islice
from math import ceil
from typing import Any, TypeVar
from uuid import uuid4

from crmkit.automation.actions import Action
from crmkit.automation.memory import Memory, MemoryStore
from crmkit.automation.messages import Language
from crmkit.automation.plan import Estimate, Plan, PlanItem
from crmkit.automation.recipe import Context, Decision, Recipe
from crmkit.crm.base import Crm
from crmkit.crm.models import Ref

__all__ = ["READS_PER_ITEM", "REQUESTS_PER_ACTION", "chunks", "day_start", "make_plan"]

T = TypeVar("T")
MEMORY_CHUNK = 500
READS_PER_ITEM = 2
"""Applying re-reads the entity and its history."""
REQUESTS_PER_ACTION = {
    "update_deal": 2,
    "update_card": 3,
    "update_task": 3,
    "set_task_state": 3,
    "stop_workflow": 3,
    "edit_comment": 3,
    "update_step": 3,
    "close_step": 3,
    "remember": 0,
}
"""An update is read back, a task or a card is read before too; a creation answers with its id."""
IN_BULK = frozenset({"create_deal", "update_deal", "start_workflow"})
"""What is sent many in one request where the vendor can."""


def make_plan(
    recipe: Recipe[Any, Any],
    crm: Crm,
    *,
    memory: MemoryStore | None = None,
    language: Language = "ru",
    entities: Sequence[Ref] | None = None,
) -> Plan:
    """Look at the portal and return what the recipe would do; see :meth:`Recipe.plan`."""
    for capability in sorted(recipe.requires):
        crm.capabilities.require(capability)
    store: MemoryStore = (
        importlib.import_module("crmkit.runtime.ledger").open_default() if memory is None else memory
    )
    ctx: Context[Any] = Context(crm, recipe.settings, store, language)
    sent, now = crm.requests_sent(), ctx.now()
    items = tuple(_capped(_items(recipe, ctx, now, entities), _places_left(recipe, ctx, now)))
    plan = Plan(
        id=uuid4().hex[:12],
        recipe=recipe.name,
        settings=recipe.settings.model_dump(mode="json"),
        provider=crm.provider,
        portal=crm.portal,
        created_at=now,
        language=language,
        items=items,
        requests_used=crm.requests_sent() - sent,
        estimate=_estimate(items, recipe, crm),
    )
    return plan.bind(recipe, crm, store)


def day_start(now: datetime, crm: Crm) -> datetime:
    """Return when the present day began in the portal's time zone."""
    return now.astimezone(crm.timezone).replace(hour=0, minute=0, second=0, microsecond=0)


def _items(
    recipe: Recipe[Any, Any], ctx: Context[Any], now: datetime, entities: Sequence[Ref] | None
) -> Iterator[PlanItem]:
    wanted = recipe.candidates(ctx) if entities is None else _afresh(recipe, ctx, entities)
    for chunk in chunks(wanted, MEMORY_CHUNK):
        refs = [recipe.entity(snapshot) for snapshot in chunk]
        memories = ctx.memory.recall(ctx.crm.portal, recipe.name, refs)
        for ref, snapshot in zip(refs, chunk, strict=True):
            yield _item(ref, recipe.decide(snapshot, now, memories.get(ref, Memory())), now)


def _afresh(recipe: Recipe[Any, Any], ctx: Context[Any], entities: Sequence[Ref]) -> Iterator[Any]:
    for refs in chunks(entities, MEMORY_CHUNK):
        yield from recipe.observe_many(ctx, refs).values()


def _item(ref: Ref, decision: Decision, now: datetime) -> PlanItem:
    waits = decision.not_before is not None and decision.not_before > now
    return PlanItem(
        entity=ref,
        title=ref.name,
        verdict=decision.verdict,
        reason=decision.reason,
        evidence=decision.evidence,
        attention=decision.attention,
        counted=decision.counted,
        facts=decision.facts,
        actions=() if waits else decision.actions,
        deferred=decision.actions if waits else (),
        not_before=decision.not_before if waits else None,
        look_again=decision.look_again,
    )


def _places_left(recipe: Recipe[Any, Any], ctx: Context[Any], now: datetime) -> int | None:
    cap = recipe.daily_cap()
    if cap is None:
        return None
    return max(0, cap - ctx.memory.counted_since(ctx.crm.portal, recipe.name, day_start(now, ctx.crm)))


def _capped(items: Iterable[PlanItem], places: int | None) -> Iterator[PlanItem]:
    for item in items:
        if places is not None and item.counted and item.actions:
            if places == 0:
                yield item.model_copy(update={"actions": (), "deferred": item.actions})
                continue
            places -= 1
        yield item


def _estimate(items: tuple[PlanItem, ...], recipe: Recipe[Any, Any], crm: Crm) -> Estimate:
    size, ahead = crm.batch_size, max(1, recipe.look_ahead)
    requests = sum(
        _cost_together(list(group), size, ahead) if together else sum(map(_cost, group))
        for together, group in groupby(
            (item.actions for item in items if item.actions), lambda actions: _go_together(actions, crm)
        )
    )
    budget = crm.budget()
    return Estimate(
        requests=requests,
        seconds=requests / budget.per_second,
        left_today=budget.left_today,
    )


def _cost(actions: tuple[Action, ...]) -> int:
    return READS_PER_ITEM + _cost_of_writing(actions)


def _cost_of_writing(actions: tuple[Action, ...]) -> int:
    return sum(REQUESTS_PER_ACTION.get(action.kind, 1) for action in actions)


def _cost_together(several: list[tuple[Action, ...]], size: int, ahead: int) -> int:
    """Return what items cost that are read and written many in one request: each chunk as much as one.

    A recipe that looks ahead reads for so many chunks at once.
    """
    reads = READS_PER_ITEM * ceil(len(several) / (size * ahead))
    return reads + sum(max(map(_cost_of_writing, chunk)) for chunk in chunks(several, size))


def _go_together(actions: tuple[Action, ...], crm: Crm) -> bool:
    kinds = {action.kind for action in actions} - {"remember"}
    return crm.batch_size > 1 and bool(kinds) and kinds <= IN_BULK


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of at most so many."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
