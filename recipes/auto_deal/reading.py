"""Reading companies in full: their deals, the tasks that ask about them, whether their twins still exist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from crmkit.automation.memory import Memory
from crmkit.automation.recipe import Context
from crmkit.crm.models import Company, Deal, Ref, Task
from crmkit.exceptions import ConfigurationError, NotFound
from recipes.auto_deal.case import NAME
from recipes.auto_deal.settings import AutoDealSettings
from recipes.auto_deal.snapshot import Portal, Snapshot, Twin
from recipes.auto_deal.story import Story
from recipes.auto_deal.twins import Twins

__all__ = ["Ctx", "Recent", "read_recent", "read_snapshots"]

Ctx = Context[AutoDealSettings]


Recent = Mapping[Ref, Sequence[Deal]]
"""Deals of late by the company, or by the person at its side, that they belong to."""


def read_recent(ctx: Ctx, portal: Portal, since: datetime) -> Recent:
    """Return the deals of the pipeline that were created since a moment, by client."""
    found: dict[Ref, list[Deal]] = defaultdict(list)
    where = (Deal.in_pipeline(portal.pipeline),) if portal.pipeline else ()
    for deal in ctx.crm.deals.find(Deal.created_since(since), *where):
        for client in (deal.company, *deal.contacts):
            if client is not None:
                found[client].append(deal)
    return found


def read_snapshots(
    ctx: Ctx,
    portal: Portal,
    companies: Sequence[Company],
    twins: Twins,
    *,
    recent: Recent | None = None,
) -> Iterator[Snapshot]:
    """Yield some companies in full, with a few requests for all of them.

    Args:
        ctx: The portal.
        portal: What matters of it.
        companies: The companies, as they were read a moment ago.
        twins: Who seems to be the same client.
        recent: Take the deals from here instead of asking for those of each company: some may be missing.
    """
    refs = [company.ref for company in companies]
    memories = ctx.memory.recall(ctx.crm.portal, NAME, refs)
    stories = {ref: Story(memories.get(ref, Memory())) for ref in refs}
    deals = _deals(ctx, portal, refs) if recent is None else _picked(recent, companies)
    ours = _elsewhere(ctx, stories, deals)
    tasks = _Tasks(ctx, stories.values())
    for company in companies:
        story, found = stories[company.ref], deals[company.ref]
        made = [effect.remote_id for effect in story.deals]
        further = tuple(ours[one] for one in made if one in ours)
        there = {deal.id for deal in (*found, *further)}
        task, problem = tasks.of(story)
        older = () if company.deleted else twins.older(company)
        yield Snapshot(
            company,
            portal,
            deals=(*found, *further),
            gone=frozenset(made) - there,
            task=task,
            task_problem=problem,
            twins=_still_there(ctx, older) if older else (),
        )


def _deals(ctx: Ctx, portal: Portal, companies: Sequence[Ref]) -> Mapping[Ref, list[Deal]]:
    """Return the deals of some companies in the pipeline, by company."""
    found: dict[Ref, list[Deal]] = defaultdict(list)
    if companies:
        where = (Deal.in_pipeline(portal.pipeline),) if portal.pipeline else ()
        for deal in ctx.crm.deals.find(Deal.of_company(*companies), *where):
            if deal.company is not None:
                found[deal.company].append(deal)
    return found


def _picked(recent: Recent, companies: Sequence[Company]) -> Mapping[Ref, list[Deal]]:
    """Return the deals of some companies, and of the people at their side, by company."""
    found: dict[Ref, list[Deal]] = defaultdict(list)
    for company in companies:
        clients = (company.ref, *company.contacts)
        deals = {deal.id: deal for client in clients for deal in recent.get(client, ())}
        found[company.ref] = list(deals.values())
    return found


def _elsewhere(ctx: Ctx, stories: Mapping[Ref, Story], deals: Mapping[Ref, list[Deal]]) -> dict[str, Deal]:
    """Return the deals of ours that were not among those: moved to another pipeline or another company."""
    there = {deal.id for ones in deals.values() for deal in ones}
    made = {effect.remote_id for story in stories.values() for effect in story.deals if effect.remote_id}
    missing = sorted(made - there)
    return {deal.id: deal for deal in ctx.crm.deals.find(Deal.with_ids(*missing))} if missing else {}


class _Tasks:
    """The open tasks that ask for something, many per request."""

    def __init__(self, ctx: Ctx, stories: Iterable[Story]) -> None:
        self._ctx, self._kind = ctx, ctx.settings.task_kind
        ids = sorted(story.asked.remote_id for story in stories if story.asked is not None)
        self._found: dict[str, Task] = {}
        if ids:
            self._found = {task.id: task for task in ctx.crm.tasks.with_ids(*ids, kind=self._kind)}

    def of(self, story: Story) -> tuple[Task | None, str]:
        """Return the task that asks about a company, and what keeps us from knowing where it stands."""
        if story.asked is None:
            return None, ""
        number = story.asked.remote_id
        if number in self._found:
            return self._found[number], ""
        try:
            return self._ctx.crm.tasks.get(number, kind=self._kind), ""
        except NotFound:
            return None, ""
        except ConfigurationError as error:  # moved to a status of which nobody said what it means
            return None, str(error)


def _still_there(ctx: Ctx, twins: tuple[Twin, ...]) -> tuple[Twin, ...]:
    """Return those that were not deleted or merged away since they were learnt."""
    found = {one.id for one in ctx.crm.companies.find(Company.with_ids(*(t.company.id for t in twins)))}
    return tuple(twin for twin in twins if twin.company.id in found)
