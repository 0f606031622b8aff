"""Reading the portal: whom a sweep looks at, with as few requests as it takes, and one deal in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from crmkit.automation.memory import Memory
from crmkit.automation.planning import chunks
from crmkit.automation.recipe import Context
from crmkit.crm.base import Crm
from crmkit.crm.capabilities import Capability
from crmkit.crm.filters import Expression
from crmkit.crm.models import Activity, AuthorKind, Deal, Ref, Stage, Task
from crmkit.exceptions import NotFound
from recipes.stale_deals.checks import check
from recipes.stale_deals.settings import StaleDealsSettings
from recipes.stale_deals.snapshot import Portal, Snapshot
from recipes.stale_deals.story import Story
from recipes.stale_deals.texts import PREFIX

__all__ = ["Reader", "read_portal"]

RECIPE = PREFIX.rstrip(".")
PORTAL_LASTS = timedelta(minutes=10)
"""How long people, fields and stages are taken for unchanged while deals are acted on one by one."""
CHUNK = 100
"""Deals asked for by id at once: a page of the vendor."""

Ctx = Context[StaleDealsSettings]


class Reader:
    """Makes snapshots for the recipe; keeps nothing but the portal's people and fields, for some minutes."""

    def __init__(self, settings: StaleDealsSettings) -> None:
        self._settings = settings
        self._portal: tuple[Crm, datetime, Portal] | None = None

    def sweep(self, ctx: Ctx) -> Iterator[Snapshot]:
        """Yield every deal that has to be judged, once."""
        return _Sweep(ctx, self._settings, self._read_portal(ctx)).snapshots()

    def observe(self, ctx: Ctx, entity: Ref) -> Snapshot:
        """Read one deal, its history and its approval task afresh."""
        memory = ctx.memory.recall(ctx.crm.portal, RECIPE, (entity,)).get(entity, Memory())
        return _one(ctx, entity, self._known_portal(ctx), Story(memory))

    def _known_portal(self, ctx: Ctx) -> Portal:
        if self._portal is not None:
            crm, at, portal = self._portal
            if crm is ctx.crm and at <= ctx.now() < at + PORTAL_LASTS and portal.language == ctx.language:
                return portal
        return self._read_portal(ctx)

    def _read_portal(self, ctx: Ctx) -> Portal:
        portal = read_portal(ctx)
        check(portal, self._settings)
        self._portal = (ctx.crm, ctx.now(), portal)
        return portal


def read_portal(ctx: Ctx) -> Portal:
    """Read the people, fields and stages of the portal."""
    crm = ctx.crm
    return Portal(
        language=ctx.language,
        timezone=crm.timezone,
        me=crm.me(),
        users={user.id: user for user in crm.users.list()},
        fields={spec.key: spec for spec in crm.deal_fields() if spec.key},
        stages=tuple(stage for pipeline in crm.pipelines() for stage in pipeline.stages),
        deals_need_executor=Capability.UNASSIGNED_DEALS not in crm.capabilities,
    )


class _Sweep:
    """One pass over the portal. Nobody is read who cannot matter."""

    def __init__(self, ctx: Ctx, settings: StaleDealsSettings, portal: Portal) -> None:
        self._ctx, self._settings, self._portal = ctx, settings, portal
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
        """Deals that were warned, returned or are held: our own writes make them look active."""
        for refs in chunks(self._ctx.memory.known(self._ctx.crm.portal, RECIPE), CHUNK):
            memories = self._ctx.memory.recall(self._ctx.crm.portal, RECIPE, refs)
            stories = {ref.id: Story(memory) for ref, memory in memories.items()}
            open_ones = {ref.id: ref for ref in refs if ref.id in stories and _is_open(stories[ref.id])}
            if not open_ones:
                continue
            for deal in self._new(self._ctx.crm.deals.find(Deal.with_ids(*open_ones))):
                story = stories[deal.id]
                waits = story.is_held and not story.is_open
                yield Snapshot(deal, self._portal) if waits else self._read(deal, story)
            missing = (ref for number, ref in open_ones.items() if number not in self._seen)
            for ref in missing:  # a search by id did not bring it: it may be deleted
                self._seen.add(ref.id)
                yield _one(self._ctx, ref, self._portal, stories[ref.id])

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
        for deal in self._find(Deal.in_stage(*stages), Deal.commented_by_robot_since(since)):
            yield self._read(deal)

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
        if not stage.is_open or stage.key == settings.refused_stage:
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

    def _read(self, deal: Deal, story: Story | None = None) -> Snapshot:
        return _full(self._ctx, deal, self._portal, story or Story(Memory()))


def _is_open(story: Story) -> bool:
    return story.is_open or story.is_held


def _one(ctx: Ctx, ref: Ref, portal: Portal, story: Story) -> Snapshot:
    """Read one deal, which may be gone."""
    try:
        deal = ctx.crm.deals.get(ref.id)
    except NotFound:
        gone = Deal(id=ref.id, title=ref.name, open=False, deleted=True)
        return Snapshot(gone, portal, (), _approval(ctx, story))
    return _full(ctx, deal, portal, story)


def _full(ctx: Ctx, deal: Deal, portal: Portal, story: Story) -> Snapshot:
    return Snapshot(deal, portal, _history(ctx, deal.id, portal), _approval(ctx, story))


def _history(ctx: Ctx, deal_id: str, portal: Portal) -> tuple[Activity, ...]:
    """Return the history down to the last act of a person or client.

    If the only person there is we ourselves (the token of a person), we have to read on to the end.
    """
    history = ctx.crm.deals.history(deal_id, until_human=True)
    people = [e for e in history if e.author_kind in (AuthorKind.HUMAN, AuthorKind.CLIENT)]
    if people and all(entry.author == portal.me for entry in people):
        return ctx.crm.deals.history(deal_id)
    return history


def _approval(ctx: Ctx, story: Story) -> Task | None:
    asked = story.approval
    if asked is None:
        return None
    try:
        return ctx.crm.tasks.get(asked.remote_id, kind="approval")
    except NotFound:
        return None
