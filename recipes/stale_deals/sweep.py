"""Whom a sweep looks at, with as few requests as it takes; and one deal afresh before it is acted on.

What a sweep costs is told in docs/recipes/stale_deals.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from crmkit.automation.memory import Memory
from crmkit.automation.planning import chunks
from crmkit.crm.base import Crm
from crmkit.crm.capabilities import Capability
from crmkit.crm.filters import Expression
from crmkit.crm.models import Deal, Ref, Stage
from recipes.stale_deals.checks import check, check_tasks
from recipes.stale_deals.reading import RECIPE, Ctx, read_in_full, read_one, read_portal
from recipes.stale_deals.rounds import Decide, OpenRounds
from recipes.stale_deals.settings import StaleDealsSettings
from recipes.stale_deals.snapshot import Portal, Snapshot
from recipes.stale_deals.story import Story
from recipes.stale_deals.verdicts import Verdict

__all__ = ["Reader"]

PORTAL_LASTS = timedelta(minutes=10)
"""How long people, fields and stages are taken for unchanged while deals are acted on one by one."""
CHUNK = 100
"""Deals whose memories are asked for at once."""


class Reader:
    """Makes snapshots for the recipe; keeps nothing but the portal's people and fields, for some minutes."""

    def __init__(self, settings: StaleDealsSettings, decide: Decide) -> None:
        self._settings, self._decide = settings, decide
        self._portal: tuple[Crm, datetime, Portal] | None = None

    def sweep(self, ctx: Ctx) -> Iterator[Snapshot]:
        """Yield every deal that has to be judged, once."""
        return _Sweep(ctx, self._settings, self._read_portal(ctx), self._decide).snapshots()

    def observe(self, ctx: Ctx, entity: Ref) -> Snapshot:
        """Read one deal, its history and its approval task afresh."""
        memory = ctx.memory.recall(ctx.crm.portal, RECIPE, (entity,)).get(entity, Memory())
        return read_one(ctx, entity, self._known_portal(ctx), Story(memory))

    def _known_portal(self, ctx: Ctx) -> Portal:
        if self._portal is not None:
            crm, at, portal = self._portal
            if crm is ctx.crm and at <= ctx.now() < at + PORTAL_LASTS and portal.language == ctx.language:
                return portal
        return self._read_portal(ctx)

    def _read_portal(self, ctx: Ctx) -> Portal:
        check_tasks(ctx.crm)
        portal = read_portal(ctx)
        check(portal, self._settings)
        self._portal = (ctx.crm, ctx.now(), portal)
        return portal


class _Sweep:
    """One pass over the portal. Nobody is read who cannot matter."""

    def __init__(self, ctx: Ctx, settings: StaleDealsSettings, portal: Portal, decide: Decide) -> None:
        self._ctx, self._settings, self._portal, self._decide = ctx, settings, portal, decide
        self._calendar = settings.calendar(portal.timezone)
        self._now = ctx.now()
        self._seen: set[str] = set()

    def snapshots(self) -> Iterator[Snapshot]:
        """Yield open rounds first, so that a daily cap never keeps due returns behind new warnings."""
        yield from self._with_open_round()
        for days, stages in self._groups():
            yield from self._idle(days, stages)
            yield from self._behind_robots(days, stages)
        yield from self._refused_without_reason()

    def _with_open_round(self) -> Iterator[Snapshot]:
        """Deals that were warned, returned or are held."""
        rounds = OpenRounds(self._ctx, self._portal, self._calendar, self._decide)
        for snapshot in rounds.snapshots():
            if snapshot.deal.id not in self._seen:
                self._seen.add(snapshot.deal.id)
                yield snapshot

    def _idle(self, days: int, stages: tuple[str, ...]) -> Iterator[Snapshot]:
        """Deals that nobody and nothing has touched; where the portal vouches for it, no history is read."""
        limit = self._calendar.before(self._now, days, self._settings.days)
        idle = Deal.idle_for(days=(self._now - limit) / timedelta(days=1))
        for deal in self._find(Deal.in_stage(*stages), idle):
            vouched = deal.untouched_since is not None and deal.untouched_since <= limit
            # How long a paused deal may rest depends on its last touch, which only its history tells.
            paused = deal.fields.get("snooze_until") is not None
            yield Snapshot(deal, self._portal) if vouched and not paused else self._read(deal)

    def _behind_robots(self, days: int, stages: tuple[str, ...]) -> Iterator[Snapshot]:
        """Deals that look active because a robot commented; whether a person did, only the history tells."""
        filters = Capability.ROBOT_NOISE_FILTER in self._ctx.crm.capabilities
        if not filters or not self._settings.look_behind_robots:
            return
        since = self._calendar.day_start(self._calendar.before(self._now, days, self._settings.days))
        found = self._find(Deal.in_stage(*stages), Deal.commented_by_robot_since(since))
        for deals in chunks(found, CHUNK):
            memories = self._ctx.memory.recall(self._ctx.crm.portal, RECIPE, [deal.ref for deal in deals])
            for deal in deals:
                cheap = Snapshot(deal, self._portal)
                # A deal that is too young, or whose last round has just ended, is no candidate anyway.
                decision = self._decide(cheap, self._now, memories.get(deal.ref, Memory()))
                yield cheap if decision.verdict == Verdict.ACTIVE else self._read(deal)

    def _refused_without_reason(self) -> Iterator[Snapshot]:
        stage = self._settings.refused_stage
        if "refusal_reason" in self._portal.fields and any(s.key == stage for s in self._portal.stages):
            for deal in self._find(Deal.in_stage(stage), Deal.field("refusal_reason", None)):
                yield Snapshot(deal, self._portal)

    def _groups(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield the open stages by how many days they allow: one question to the portal for each number."""
        groups: dict[int, list[str]] = {}
        for stage in filter(self._is_looked_at, self._portal.stages):
            groups.setdefault(self._settings.limits(stage).warn_after, []).append(stage.id)
        yield from ((days, tuple(stages)) for days, stages in sorted(groups.items()))

    def _is_looked_at(self, stage: Stage) -> bool:
        settings = self._settings
        told_apart = "refusal_reason" in self._portal.fields  # then refusals are asked for by themselves
        if not stage.is_open or (stage.key == settings.refused_stage and told_apart):
            return False
        left_alone = {stage.id, stage.key} & set(settings.excluded_stages)
        return not left_alone and stage.pipeline not in settings.excluded_pipelines

    def _find(self, *conditions: Expression) -> Iterator[Deal]:
        return self._new(self._ctx.crm.deals.find(*conditions))

    def _new(self, deals: Iterable[Deal]) -> Iterator[Deal]:
        for deal in deals:
            if deal.id not in self._seen:
                self._seen.add(deal.id)
                yield deal

    def _read(self, deal: Deal) -> Snapshot:
        return read_in_full(self._ctx, deal, self._portal, Story(Memory()))
