"""Reading the portal: the open deals, and the records of those that have had a step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from crmkit.automation.planning import chunks
from crmkit.automation.recipe import Context
from crmkit.crm.filters import Expression
from crmkit.crm.models import Deal, Ref, Step
from crmkit.exceptions import ConfigurationError
from recipes.next_step.case import NAME
from recipes.next_step.form import FIELDS, RESULT
from recipes.next_step.settings import NextStepSettings
from recipes.next_step.snapshot import Portal, Snapshot
from recipes.next_step.story import Story

__all__ = ["observe", "read_portal", "sweep"]

Ctx = Context[NextStepSettings]
AT_ONCE = 500
OPTIONAL: dict[str, tuple[str, ...]] = {
    "full": (),
    "no_periods": ("step_period",),
    "one_kind": ("step_period", "step_kind"),
}


def sweep(ctx: Ctx) -> Iterator[Snapshot]:
    """Yield the open deals, then those that are closed while their step is open."""
    portal = read_portal(ctx)
    seen: set[Ref] = set()
    for deals in chunks(ctx.crm.deals.find(Deal.is_open, *_which(ctx)), AT_ONCE):
        seen |= {deal.ref for deal in deals}
        yield from _snapshots(ctx, portal, {deal.ref: deal for deal in deals}).values()
    for refs in chunks((ref for ref in _live(ctx) if ref not in seen), AT_ONCE):
        yield from _read(ctx, portal, refs).values()


def observe(ctx: Ctx, refs: Sequence[Ref]) -> Mapping[Ref, Snapshot]:
    """Read deals afresh; one that is gone, or of another pipeline, has a snapshot that says so."""
    return _read(ctx, read_portal(ctx), refs)


def read_portal(ctx: Ctx) -> Portal:
    """Read the people of the portal and the fields of its deals.

    Raises:
        ConfigurationError: A field that the profile needs is not bound, or lacks a type of the settings.
    """
    crm, settings = ctx.crm, ctx.settings
    specs = {spec.key: spec for spec in crm.deal_fields() if spec.key}
    for name in (*FIELDS, RESULT):
        if name not in specs and name not in OPTIONAL[settings.profile]:
            raise ConfigurationError(
                f"next_step: deals need the field {name}",
                hint="bind it in [portals.….deals.fields] of crmkit.toml, or choose another profile",
            )
    kind = specs.get("step_kind")
    if kind is not None and kind.options and settings.default_kind not in kind.options:
        raise ConfigurationError(
            f"next_step: the field step_kind «{kind.name}» has no option {settings.default_kind!r}",
            hint="add it on the portal, or set default_kind as the portal spells it",
        )
    return Portal(
        language=ctx.language,
        timezone=crm.timezone,
        fields=frozenset(name for name in (*FIELDS, RESULT) if name in specs),
        users={user.id: user for user in crm.users.list()},
    )


def _which(ctx: Ctx) -> tuple[Expression, ...]:
    pipelines = ctx.settings.pipelines
    return (Deal.in_pipeline(*pipelines),) if pipelines else ()


def _live(ctx: Ctx) -> Iterator[Ref]:
    for refs in chunks(ctx.memory.known(ctx.crm.portal, NAME), AT_ONCE):
        memories = ctx.memory.recall(ctx.crm.portal, NAME, refs)
        yield from (ref for ref in refs if ref in memories and Story(memories[ref]).is_live)


def _read(ctx: Ctx, portal: Portal, refs: Sequence[Ref]) -> Mapping[Ref, Snapshot]:
    wanted = Deal.with_ids(*(ref.id for ref in refs))
    found = {deal.ref: deal for deal in ctx.crm.deals.find(wanted, *_which(ctx))}
    known = _snapshots(ctx, portal, found)
    return {ref: known.get(ref) or Snapshot(ref, None, portal) for ref in refs}


def _snapshots(ctx: Ctx, portal: Portal, deals: Mapping[Ref, Deal]) -> dict[Ref, Snapshot]:
    memories = ctx.memory.recall(ctx.crm.portal, NAME, deals)
    stepped = [ref for ref in deals if ref in memories and Story(memories[ref]).step is not None]
    records = _records(ctx.crm.steps.of_deals(*stepped)) if stepped else {}
    return {ref: Snapshot(ref, deal, portal, records.get(ref, {})) for ref, deal in deals.items()}


def _records(steps: Iterable[Step]) -> Mapping[Ref, dict[str, Step]]:
    found: dict[Ref, dict[str, Step]] = defaultdict(dict)
    for step in steps:
        found[step.deal][step.id] = step
    return found
