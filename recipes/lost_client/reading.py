"""Reading the portal: whom a sweep looks at, and clients with all their deals, many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from crmkit.automation.memory import Memory
from crmkit.automation.planning import chunks
from crmkit.automation.recipe import Context
from crmkit.crm.models import Company, Contact, Deal, FieldSpec, Ref, Task
from crmkit.exceptions import ConfigurationError, NotFound
from recipes.lost_client.case import NAME, Story
from recipes.lost_client.losses import clients_of, lost_stages
from recipes.lost_client.settings import LostClientSettings
from recipes.lost_client.snapshot import Client, Portal, Snapshot

__all__ = ["clients_behind", "observe", "read_portal", "sweep"]

Ctx = Context[LostClientSettings]
AT_ONCE = 50
"""Clients that are read together."""


def sweep(ctx: Ctx) -> Iterator[Snapshot]:
    """Yield the clients of deals that were lost lately, then those about whom something is open."""
    portal = read_portal(ctx)
    seen: set[Ref] = set()
    for refs in chunks(_new(_of_lost_deals(ctx, portal), seen), AT_ONCE):
        yield from _read(ctx, portal, refs).values()
    for refs in chunks(_new(_open_matters(ctx), seen), AT_ONCE):
        yield from _read(ctx, portal, refs).values()


def observe(ctx: Ctx, refs: Sequence[Ref]) -> Mapping[Ref, Snapshot]:
    """Read clients afresh; one that is gone has a snapshot that says so."""
    return _read(ctx, read_portal(ctx), refs)


def clients_behind(ctx: Ctx, entity: Ref) -> tuple[Ref, ...]:
    """Return whose matter something is: the clients of a deal, or the client itself."""
    if entity.kind != "deal":
        return (entity,)
    try:
        return clients_of(ctx.crm.deals.get(entity.id), ctx.settings)
    except NotFound:
        return ()


def read_portal(ctx: Ctx) -> Portal:
    """Read the people, fields and stages of the portal.

    Raises:
        ConfigurationError: The field of the clients is missing or has not the values of the settings, or the
            kind of tasks is not set.
    """
    crm = ctx.crm
    crm.tasks.states(ctx.settings.task_kind)  # refuses here what the first question would find out too late
    return Portal(
        language=ctx.language,
        timezone=crm.timezone,
        target=_target(ctx),
        tells_reasons=any(spec.key == "loss_reason" for spec in crm.deal_fields()),
        users={user.id: user for user in crm.users.list()},
        stages=tuple(stage for pipeline in crm.pipelines() for stage in pipeline.stages),
    )


def _target(ctx: Ctx) -> FieldSpec:
    settings, company = ctx.settings, ctx.settings.mark == "company"
    section = "companies" if company else "contacts"
    specs = ctx.crm.companies.fields() if company else ctx.crm.contacts.fields()
    spec = next((one for one in specs if one.key == settings.field), None)
    if spec is None:
        raise ConfigurationError(
            f"lost_client: the {section} need the field {settings.field}",
            hint=f"bind it in [portals.….{section}.fields] of crmkit.toml",
        )
    if not spec.writable:
        raise ConfigurationError(
            f"lost_client: the field {settings.field} «{spec.name}» cannot be written", hint="bind another"
        )
    wanted = (*sorted(settings.marks), settings.yes)
    if spec.options and (unknown := [one for one in wanted if one not in spec.options]):
        raise ConfigurationError(
            f"lost_client: the field {settings.field} «{spec.name}» has no option {unknown[0]!r}",
            hint="add it on the portal, or set reasons and yes as the portal spells them",
        )
    return spec


def _of_lost_deals(ctx: Ctx, portal: Portal) -> Iterator[Ref]:
    settings = ctx.settings
    stages = lost_stages(portal.stages, settings, tells_reasons=portal.tells_reasons)
    if not stages:
        raise ConfigurationError(
            f"lost_client: no lost stage of the portal is called {', '.join(settings.reasons)}",
            hint="name it in [portals.….deals.stages] of crmkit.toml, or set reasons as the portal calls it",
        )
    for deal in ctx.crm.deals.find(Deal.in_stage(*stages), Deal.closed_since(_since(ctx))):
        yield from clients_of(deal, settings)


def _since(ctx: Ctx) -> datetime:
    settings = ctx.settings
    if settings.since is not None:
        return datetime.combine(settings.since, time(), ctx.crm.timezone)
    return ctx.now() - timedelta(days=settings.lookback_days)


def _open_matters(ctx: Ctx) -> Iterator[Ref]:
    """Yield clients that bear a mark of ours, or about whom a question is open."""
    portal = ctx.crm.portal
    for refs in chunks(ctx.memory.known(portal, NAME), AT_ONCE):
        memories = ctx.memory.recall(portal, NAME, refs)
        yield from (ref for ref in refs if ref in memories and Story(memories[ref]).is_live)


def _new(refs: Iterable[Ref], seen: set[Ref]) -> Iterator[Ref]:
    for ref in refs:
        if ref not in seen:
            seen.add(ref)
            yield ref


def _read(ctx: Ctx, portal: Portal, refs: Sequence[Ref]) -> dict[Ref, Snapshot]:
    clients, deals = _clients(ctx, refs), _deals(ctx, refs)
    memories = ctx.memory.recall(ctx.crm.portal, NAME, refs)
    tasks = _tasks(ctx, memories)
    return {
        ref: Snapshot(
            ref=Ref(kind=ref.kind, id=ref.id, name=clients[ref].name if ref in clients else ref.name),
            client=clients.get(ref),
            portal=portal,
            deals=tuple(deals[ref]),
            tasks={number: tasks[number] for number in _asked(memories.get(ref)) if number in tasks},
        )
        for ref in refs
    }


def _clients(ctx: Ctx, refs: Sequence[Ref]) -> dict[Ref, Client]:
    contacts = [ref.id for ref in refs if ref.kind == "contact"]
    companies = [ref.id for ref in refs if ref.kind == "company"]
    found: dict[Ref, Client] = {}
    if contacts:
        found |= {one.ref: one for one in ctx.crm.contacts.find(Contact.with_ids(*contacts))}
    if companies:
        found |= {one.ref: one for one in ctx.crm.companies.find(Company.with_ids(*companies))}
    return found


def _deals(ctx: Ctx, refs: Sequence[Ref]) -> dict[Ref, list[Deal]]:
    found: dict[Ref, list[Deal]] = defaultdict(list)
    wanted = set(refs)
    contacts = [ref for ref in refs if ref.kind == "contact"]
    companies = [ref for ref in refs if ref.kind == "company"]
    for deal in ctx.crm.deals.find(Deal.of_contact(*contacts)) if contacts else ():
        for ref in wanted.intersection(deal.contacts):
            found[ref].append(deal)
    for deal in ctx.crm.deals.find(Deal.of_company(*companies)) if companies else ():
        if deal.company in wanted:
            found[deal.company].append(deal)
    return found


def _tasks(ctx: Ctx, memories: Mapping[Ref, Memory]) -> dict[str, Task]:
    numbers = sorted({number for memory in memories.values() for number in _asked(memory)})
    kind: Any = ctx.settings.task_kind
    return {task.id: task for task in ctx.crm.tasks.with_ids(*numbers, kind=kind)} if numbers else {}


def _asked(memory: Memory | None) -> Iterable[str]:
    return Story(memory).open_tasks if memory else ()
