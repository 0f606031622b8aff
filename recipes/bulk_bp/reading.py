"""Reading the file and the portal: which rows are deals already, and who may go on now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from crmkit.automation.memory import Memory
from crmkit.automation.planning import chunks
from crmkit.automation.recipe import Context
from crmkit.crm.base import Crm
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Deal, Ref
from crmkit.exceptions import ConfigurationError, PlanStale
from recipes.bulk_bp.keys import NAME, START, key_of, row_ref
from recipes.bulk_bp.settings import BulkBpSettings
from recipes.bulk_bp.snapshot import Portal, RowDeal, Snapshot, plain
from recipes.bulk_bp.table import Table, read_table

__all__ = ["Reader"]

Ctx = Context[BulkBpSettings]
PORTAL_LASTS = timedelta(minutes=30)
"""How long people, fields, stages and companies are taken for unchanged while rows are worked through."""
AT_ONCE = 2450
"""Rows that are looked up together."""


class Reader:
    """Makes snapshots for the recipe; keeps the file and what of the portal hardly changes."""

    def __init__(self, settings: BulkBpSettings) -> None:
        self._settings = settings
        self._known: tuple[Crm, datetime, Portal, Table] | None = None

    def stop_reason(self) -> str:
        """Return why nothing more may be written now."""
        switch = self._settings.kill_switch
        return f"the kill switch is there: {switch}" if switch and Path(switch).exists() else ""

    def sweep(self, ctx: Ctx) -> Iterator[Snapshot]:
        """Yield every row once, those that wait for a gate marked as such."""
        portal, table = self._read(ctx)
        gate = _Gate(ctx, self._settings)
        yield from self._companies(ctx, portal, table)
        for number, problems in table.problems.items():
            ref = Ref(kind="row", id=f"{self._settings.source}/line {number}", name=f"line {number}")
            yield Snapshot(ref, portal, problems=problems)
        for rows in chunks(table.rows.values(), AT_ONCE):
            refs = [self._ref(row) for row in rows]
            yield from map(gate.pass_or_hold, self._look(ctx, refs, portal, table).values())

    def observe(self, ctx: Ctx, refs: Sequence[Ref]) -> Mapping[Ref, Snapshot]:
        """Read rows afresh; whether they may go on was decided when the plan was made.

        Raises:
            PlanStale: The file was changed since.
        """
        portal, table = self._still_known(ctx)
        companies = [ref for ref in refs if self._company_of(ref)]
        rows = [ref for ref in refs if not self._company_of(ref)]
        found = {one.ref: one for one in self._companies(ctx, portal, table) if one.ref in companies}
        return found | self._look(ctx, rows, portal, table)

    def _ref(self, row: RowDeal) -> Ref:
        return row_ref(self._settings.source, row.key, row.deal.title)

    def _company_ref(self, name: str) -> Ref:
        return Ref(kind="row", id=f"{self._settings.source}/company/{plain(name)[:60]}", name=name)

    def _company_of(self, ref: Ref) -> str:
        prefix = f"{self._settings.source}/company/"
        return ref.id.removeprefix(prefix) if ref.id.startswith(prefix) else ""

    def _read(self, ctx: Ctx) -> tuple[Portal, Table]:
        portal = read_portal(ctx)
        table = read_table(self._settings, portal, ctx.language)
        self._known = (ctx.crm, ctx.now(), portal, table)
        _check_processes(ctx, portal)
        return portal, table

    def _still_known(self, ctx: Ctx) -> tuple[Portal, Table]:
        if self._known is not None:
            crm, at, portal, table = self._known
            if crm is ctx.crm and at <= ctx.now() < at + PORTAL_LASTS:
                return portal, table
            before = table.fingerprint
            portal, table = self._read(ctx)
            if table.fingerprint != before:
                raise PlanStale(f"{self._settings.file} was changed since the plan", hint="make a new plan")
            return portal, table
        return self._read(ctx)

    def _companies(self, ctx: Ctx, portal: Portal, table: Table) -> Iterator[Snapshot]:
        """Yield the companies that the file needs and the portal did not have when it was read."""
        refs = [self._company_ref(name) for name in table.new_companies.values()]
        made = self._made_companies(ctx, refs)
        for ref in refs:
            yield Snapshot(ref, portal, company=ref.name, company_ref=made.get(ref))

    def _made_companies(self, ctx: Ctx, refs: Sequence[Ref]) -> dict[Ref, Ref]:
        memories = ctx.memory.recall(ctx.crm.portal, NAME, refs)
        effects = {ref: memory.last("company") for ref, memory in memories.items()}
        return {
            ref: Ref(kind="company", id=one.remote_id, name=ref.name)
            for ref, one in effects.items()
            if one is not None
        }

    def _look(self, ctx: Ctx, refs: Sequence[Ref], portal: Portal, table: Table) -> dict[Ref, Snapshot]:
        """Find the deals of rows: by id where the memory knows it, else by the external key."""
        memories = ctx.memory.recall(ctx.crm.portal, NAME, refs)
        rows = {ref: table.rows[ref.id.partition("/")[2]] for ref in refs if self._is_row(ref, table)}
        deals = self._deals(ctx, list(rows), memories)
        needed = {self._company_ref(row.company) for row in rows.values() if row.company}
        made = self._made_companies(ctx, list(needed))
        return {
            ref: Snapshot(
                ref=ref,
                portal=portal,
                row=row,
                company_ref=self._company(row, portal, made),
                deal=deals.get(ref),
            )
            for ref, row in rows.items()
        }

    def _is_row(self, ref: Ref, table: Table) -> bool:
        return ref.id.partition("/")[2] in table.rows

    def _company(self, row: RowDeal, portal: Portal, made: Mapping[Ref, Ref]) -> Ref | None:
        there = portal.companies.get(plain(row.company), ()) if row.company else ()
        return there[0] if there else made.get(self._company_ref(row.company))

    def _deals(self, ctx: Ctx, refs: Sequence[Ref], memories: Mapping[Ref, Memory]) -> dict[Ref, Deal]:
        made = {ref: memories[ref].last("deal") for ref in refs if ref in memories}
        ids = {one.remote_id: ref for ref, one in made.items() if one is not None}
        keys = {key_of(ref, "deal"): ref for ref in refs if not made.get(ref)}
        found = {ids[deal.id]: deal for deal in _by_ids(ctx, ids)}
        return found | {keys[deal.key]: deal for deal in _by_keys(ctx, keys) if deal.key in keys}


class _Gate:
    """Lets so many rows on as the gates allow; the others wait. Counts what was done and what is planned.

    Rows that were imported and rows on which a process was started are counted apart.
    """

    def __init__(self, ctx: Ctx, settings: BulkBpSettings) -> None:
        self._canary = settings.canary
        self._left: dict[str, int] | None = None
        if not self._canary:
            return
        done, failed = _done(ctx)
        self._left = {step: max(0, self._allowed(settings, done[step], failed) - done[step]) for step in done}

    def pass_or_hold(self, one: Snapshot) -> Snapshot:
        """Return the row, marked if it has to wait."""
        if self._left is None or one.row is None:
            return one
        step = "deal" if one.deal is None else START
        if self._left[step] > 0:
            self._left[step] -= 1
            return one
        return Snapshot(
            one.ref, one.portal, one.row, company_ref=one.company_ref, deal=one.deal, held_back=True
        )

    def _allowed(self, settings: BulkBpSettings, done: int, failed: bool) -> int:
        step = settings.released
        if settings.gates == "auto" and not failed:
            step = max(step, sum(done >= one for one in self._canary))
        return self._canary[step] if step < len(self._canary) else 10**9


def _done(ctx: Ctx) -> tuple[dict[str, int], bool]:
    """Return how many rows were imported and started, and whether anything is unclear."""
    counts, unclear = {"deal": 0, START: 0}, False
    for refs in chunks(ctx.memory.known(ctx.crm.portal, NAME), AT_ONCE):
        for memory in ctx.memory.recall(ctx.crm.portal, NAME, refs).values():
            unclear = unclear or bool(memory.unsettled)
            for step in counts:
                counts[step] += memory.last(step) is not None
    return counts, unclear


def read_portal(ctx: Ctx) -> Portal:
    """Read the people, fields, stages and companies of the portal."""
    crm = ctx.crm
    companies: dict[str, list[Ref]] = defaultdict(list)
    for company in crm.companies.find():
        companies[plain(company.name)].append(company.ref)
    return Portal(
        timezone=crm.timezone,
        users={user.id: user for user in crm.users.list()},
        fields={spec.key: spec for spec in crm.deal_fields() if spec.key},
        pipelines=tuple(crm.pipelines()),
        companies={name: tuple(refs) for name, refs in companies.items()},
    )


def _check_processes(ctx: Ctx, portal: Portal) -> None:
    """Do nothing if the stages and processes of the settings exist.

    Raises:
        ConfigurationError: A stage or process does not; nothing was sent.
        Unsupported: The provider cannot start processes.
    """
    processes = ctx.settings.processes
    if not processes:
        return
    ctx.crm.capabilities.require(Capability.WORKFLOWS)
    known = set(chain.from_iterable((s.key, s.id, s.name) for p in portal.pipelines for s in p.stages))
    if unknown := [stage for stage in processes if stage not in known]:
        raise ConfigurationError(
            f"bulk_bp: processes: no stage is called {unknown[0]!r}",
            hint=f"there are: {', '.join(sorted(filter(None, known)))[:300]}",
        )
    there = {name for one in ctx.crm.workflows.templates() for name in (one.key, one.id) if name}
    if missing := sorted(set(processes.values()) - there):
        raise ConfigurationError(
            f"bulk_bp: processes: there is no process {missing[0]!r}",
            hint=f"name it in [portals.….workflows]; there are: {', '.join(sorted(there))[:300]}",
        )


def _by_ids(ctx: Ctx, ids: Iterable[str]) -> Iterator[Deal]:
    wanted = list(ids)
    return ctx.crm.deals.find(Deal.with_ids(*wanted)) if wanted else iter(())


def _by_keys(ctx: Ctx, keys: Iterable[str]) -> Iterator[Deal]:
    wanted = list(keys)
    return ctx.crm.deals.find_by_key(*wanted) if wanted else iter(())
