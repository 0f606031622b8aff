"""Whom a sweep looks at, and one company afresh before it is acted on.

What a sweep costs is told in docs/recipes/auto_deal.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from crmkit.automation.memory import Memory
from crmkit.automation.planning import chunks
from crmkit.automation.recipe import Decision
from crmkit.crm.base import Crm
from crmkit.crm.capabilities import Capability
from crmkit.crm.filters import Expression
from crmkit.crm.models import Company, Ref
from crmkit.exceptions import NotFound
from recipes.auto_deal.card import read_card
from recipes.auto_deal.case import NAME
from recipes.auto_deal.checks import read_portal
from recipes.auto_deal.making import step_key, steps_of
from recipes.auto_deal.reading import Ctx, Recent, read_recent, read_snapshots
from recipes.auto_deal.settings import AutoDealSettings
from recipes.auto_deal.snapshot import Portal, Snapshot
from recipes.auto_deal.story import Story
from recipes.auto_deal.twins import Twins
from recipes.auto_deal.verdicts import HAS_DEAL

__all__ = ["Reader"]

Decide = Callable[[Snapshot, datetime, Memory], Decision]

PORTAL_LASTS = timedelta(minutes=10)
"""How long people, fields and stages are taken for unchanged while companies are acted on one by one."""
TWINS_LAST = timedelta(minutes=1)
"""How long nobody is taken to have created a second card of the same client."""
TWINS_LEARNT = timedelta(hours=6)
"""After that all companies are read again: until then only the changed ones, which tells of none deleted."""
MARGIN = timedelta(days=31)
"""A deal may be older than its company by this much: somebody made the deal first."""
SKEW = timedelta(minutes=2)
CHUNK = 50
"""Companies whose deals are asked for at once."""


class Reader:
    """Makes snapshots for the recipe; remembers the portal and the marks of companies for some minutes."""

    def __init__(self, settings: AutoDealSettings, decide: Decide) -> None:
        self._settings, self._decide = settings, decide
        self._portal: tuple[Crm, datetime, Portal] | None = None
        self._twins: tuple[Crm, datetime, datetime, Twins] | None = None

    def sweep(self, ctx: Ctx) -> Iterator[Snapshot]:
        """Yield every company that has to be judged, once."""
        portal, twins = self._read_portal(ctx), self._known_twins(ctx, now=True)
        recent: Recent | None = None
        for companies in chunks(self._companies(ctx, portal), CHUNK):
            # Deals side by side can be created in one request, where the portal has such; tasks cannot.
            together = sorted(
                companies, key=lambda one: not read_card(one, self._settings, portal).is_complete
            )
            if Capability.BATCH in ctx.crm.capabilities:
                yield from read_snapshots(ctx, portal, together, twins)
            else:
                if recent is None:
                    recent = read_recent(ctx, portal, self._since(ctx, portal) - MARGIN)
                yield from self._cheaply(ctx, portal, together, twins, recent)

    def _cheaply(
        self, ctx: Ctx, portal: Portal, companies: Sequence[Company], twins: Twins, recent: Recent
    ) -> Iterator[Snapshot]:
        """Yield companies with the deals of late; ask for all deals of those about which that leaves doubt.

        For portals that answer for one company at a time: most companies have their deal, and it is of late.
        """
        memories = ctx.memory.recall(ctx.crm.portal, NAME, [company.ref for company in companies])
        for cheap in read_snapshots(ctx, portal, companies, twins, recent=recent):
            memory = memories.get(cheap.company.ref, Memory())
            decision = self._decide(cheap, ctx.now(), memory)
            is_known = decision.verdict in HAS_DEAL or Story(memory).asked is not None
            if is_known and not decision.actions:
                yield cheap
            else:
                yield from read_snapshots(ctx, portal, [cheap.company], twins)

    def observe(self, ctx: Ctx, entity: Ref) -> Snapshot:
        """Read one company afresh; it may be gone."""
        try:
            company = ctx.crm.companies.get(entity.id)
        except NotFound:
            company = Company(id=entity.id, name=entity.name, deleted=True)
        return self._afresh(ctx, [company])[0]

    def observe_many(self, ctx: Ctx, entities: Sequence[Ref]) -> Mapping[Ref, Snapshot]:
        """Read many companies afresh; those that are gone are absent."""
        found: dict[Ref, Snapshot] = {}
        for refs in chunks(entities, CHUNK):
            companies = list(ctx.crm.companies.find(Company.with_ids(*(ref.id for ref in refs))))
            found |= {one.company.ref: one for one in self._afresh(ctx, companies)}
        return found

    def _afresh(self, ctx: Ctx, companies: Sequence[Company]) -> list[Snapshot]:
        twins = self._known_twins(ctx)
        twins.learn(one for one in companies if not one.deleted)
        return list(read_snapshots(ctx, self._known_portal(ctx), companies, twins))

    # Which companies

    def _companies(self, ctx: Ctx, portal: Portal) -> Iterator[Company]:
        """Yield the new ones, then the known ones with something left to do or changed since."""
        seen: set[str] = set()
        wanted = (Company.of_type_client(),) if self._settings.clients_only else ()
        sources = (
            ctx.crm.companies.find(*self._created(ctx, portal), *wanted),
            self._known(ctx, portal),
        )
        for source in sources:
            for company in source:
                if company.id not in seen:
                    seen.add(company.id)
                    yield company

    def _created(self, ctx: Ctx, portal: Portal) -> tuple[Expression, ...]:
        """Return which companies count as new: in monthly mode all, unless the settings name a day."""
        if self._settings.since is None and self._settings.mode == "monthly":
            return ()
        return (Company.created_since(self._since(ctx, portal)),)

    def _since(self, ctx: Ctx, portal: Portal) -> datetime:
        """Return since when companies count as new; no deal of theirs is much older."""
        if self._settings.since is None:
            return ctx.now() - timedelta(days=self._settings.window_days)
        return datetime.combine(self._settings.since, time(), portal.timezone).astimezone(UTC)

    def _known(self, ctx: Ctx, portal: Portal) -> Iterator[Company]:
        """Yield companies on which we have had an effect, if something may have to be done about them."""
        known = {ref for ref in ctx.memory.known(ctx.crm.portal, NAME) if ref.kind == "company"}
        if not known:
            return
        since = ctx.now() - timedelta(days=self._settings.window_days)
        for company in ctx.crm.companies.find(Company.changed_since(since)):
            if company.ref in known:
                yield company
        memories = ctx.memory.recall(ctx.crm.portal, NAME, known)
        owed = sorted(ref.id for ref in known if self._owes(Story(memories.get(ref, Memory()))))
        for ids in chunks(owed, CHUNK):
            there = list(ctx.crm.companies.find(Company.with_ids(*ids)))
            yield from there
            for gone in sorted(set(ids) - {company.id for company in there}):
                yield Company(id=gone, name="", deleted=True)

    def _owes(self, story: Story) -> bool:
        """Tell whether a task of ours is open, an outcome is not known, or a step after a deal is missing."""
        if story.asked is not None or story.memory.unsettled:
            return True
        return any(
            not story.has(step_key(deal.key, step))
            for place, deal in enumerate(story.deals)
            for step in steps_of(self._settings, deal.data.get("tariff", ""), first=place == 0)
        )

    # What is remembered for some minutes

    def _known_portal(self, ctx: Ctx) -> Portal:
        if self._portal is not None:
            crm, at, portal = self._portal
            if crm is ctx.crm and at <= ctx.now() < at + PORTAL_LASTS and portal.language == ctx.language:
                return portal
        return self._read_portal(ctx)

    def _read_portal(self, ctx: Ctx) -> Portal:
        portal = read_portal(ctx.crm, self._settings, ctx.language)
        self._portal = (ctx.crm, ctx.now(), portal)
        return portal

    def _known_twins(self, ctx: Ctx, *, now: bool = False) -> Twins:
        """Return the marks of all companies: as they are now, or were a minute ago."""
        moment = ctx.now()
        if self._twins is not None and self._twins[0] is ctx.crm:
            crm, learnt, heard, twins = self._twins
            if learnt <= moment < learnt + TWINS_LEARNT:
                if self._settings.duplicates and (now or moment >= heard + TWINS_LAST):
                    twins.learn(ctx.crm.companies.find(Company.changed_since(heard - SKEW)))
                    self._twins = (crm, learnt, moment, twins)
                return twins
        return self._learn_all(ctx)

    def _learn_all(self, ctx: Ctx) -> Twins:
        now, twins = ctx.now(), Twins(self._settings.duplicates)
        if self._settings.duplicates:
            everybody: Iterable[Company] = ctx.crm.companies.find()
            twins.learn(everybody)
        self._twins = (ctx.crm, now, now, twins)
        return twins
