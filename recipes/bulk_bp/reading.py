"""Reading the file and the portal: which rows are deals already, and who may go on now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from crmkit.automation.memory import Memory
from crmkit.automation.planning import chunks
from crmkit.automation.recipe import Context
from crmkit.automation.rows import Column
from crmkit.crm.base import Companies, Crm
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Deal, Ref
from crmkit.exceptions import ConfigurationError, PlanStale
from recipes.bulk_bp import mapping
from recipes.bulk_bp.gates import Gate
from recipes.bulk_bp.keys import NAME, START, company_row, key_of, line_row, row_ref
from recipes.bulk_bp.settings import BulkBpSettings
from recipes.bulk_bp.snapshot import Portal, Snapshot, plain
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
        self._known: _Known | None = None
        self._keyed: tuple[_Known, dict[str, Deal]] | None = None

    def stop_reason(self, ctx: Ctx) -> str:
        """Return why nothing more may be written now: the kill switch, or another file than was planned."""
        switch = self._settings.kill_switch
        if switch and Path(switch).expanduser().exists():
            return f"the kill switch is there: {switch}"
        try:
            self._still_known(ctx)
        except (ConfigurationError, PlanStale) as error:
            return str(error)
        return ""

    def sweep(self, ctx: Ctx) -> Iterator[Snapshot]:
        """Yield every row once, those that wait for a gate marked as such, after the companies they need."""
        self._known = known = self._read(ctx)
        source, portal, table = self._settings.source, known.portal, known.table
        gate = Gate(self._settings, lambda: _done(ctx))
        companies: set[Ref] = set()
        for number, problems in table.problems.items():
            yield Snapshot(line_row(source, number), portal, problems=problems)
        for rows in chunks(table.rows.values(), AT_ONCE):
            refs = [row_ref(source, row.key, row.deal.title) for row in rows]
            memories = ctx.memory.recall(ctx.crm.portal, NAME, refs)
            found = self._look(ctx, refs, known, memories)
            passed = [gate.pass_or_hold(one, memories.get(ref, Memory())) for ref, one in found.items()]
            yield from self._needed(portal, passed, companies)
            yield from passed

    def observe(self, ctx: Ctx, refs: Sequence[Ref]) -> Mapping[Ref, Snapshot]:
        """Read rows afresh; whether they may go on was decided when the plan was made.

        What is not in the file any more, or has mistakes now, is absent.

        Raises:
            PlanStale: The file was changed since.
        """
        known = self._still_known(ctx)
        companies = {self._company_row(name): name for name in known.table.new_companies.values()}
        made = self._made_companies(ctx, [ref for ref in refs if ref in companies])
        found = {
            ref: Snapshot(ref, known.portal, company=companies[ref], company_ref=made.get(ref))
            for ref in refs
            if ref in companies
        }
        rows = [ref for ref in refs if ref not in companies]
        return found | self._look(ctx, rows, known, ctx.memory.recall(ctx.crm.portal, NAME, rows))

    def columns(self, ctx: Ctx) -> Sequence[Column]:
        """Return what may stand in the file, for a template."""
        portal = read_portal(ctx)
        return mapping.columns_of(mapping.of(self._settings.mapping, portal, ctx.language), portal)

    def _needed(self, portal: Portal, rows: Iterable[Snapshot], seen: set[Ref]) -> Iterator[Snapshot]:
        """Yield the companies without which these rows cannot be imported, once; ``seen`` were before."""
        for one in rows:
            wanted = one.wanted_company
            if wanted is None or one.held_back or one.deal is not None or one.row is None or wanted in seen:
                continue
            seen.add(wanted)
            yield Snapshot(wanted, portal, company=one.row.company)

    def _company_row(self, name: str) -> Ref:
        return company_row(self._settings.source, name, plain(name))

    def _read(self, ctx: Ctx) -> _Known:
        mark = _mark(self._settings)
        portal = read_portal(ctx)
        table = read_table(self._settings, portal, ctx.language)
        _check_processes(ctx, portal)
        return _Known(ctx.crm, ctx.now(), mark, portal, table)

    def _still_known(self, ctx: Ctx) -> _Known:
        """Return what was read, read anew if it is old.

        Raises:
            PlanStale: The file is not the one that was read before.
        """
        before = self._known
        if before is not None and before.crm is ctx.crm:
            fresh = before.at <= ctx.now() < before.at + PORTAL_LASTS
            if fresh and before.mark == _mark(self._settings):
                return before
        known = self._read(ctx)
        if before is not None and before.table.fingerprint != known.table.fingerprint:
            raise PlanStale(f"{self._settings.file} was changed since the plan", hint="make a new plan")
        self._known = known
        return known

    def _made_companies(self, ctx: Ctx, refs: Sequence[Ref]) -> dict[Ref, Ref]:
        memories = ctx.memory.recall(ctx.crm.portal, NAME, refs)
        effects = {ref: memory.last("company") for ref, memory in memories.items()}
        return {
            ref: Ref(kind="company", id=one.remote_id, name=ref.name)
            for ref, one in effects.items()
            if one is not None
        }

    def _look(
        self, ctx: Ctx, refs: Sequence[Ref], known: _Known, memories: Mapping[Ref, Memory]
    ) -> dict[Ref, Snapshot]:
        """Find the deals of rows: by id where the memory knows it, else by the external key."""
        prefix = f"{self._settings.source}/"
        keys = {ref: ref.id.removeprefix(prefix) for ref in refs if ref.id.startswith(prefix)}
        rows = {ref: known.table.rows[key] for ref, key in keys.items() if key in known.table.rows}
        deals = self._deals(ctx, list(rows), known, memories)
        wanted = {
            ref: self._company_row(row.company)
            for ref, row in rows.items()
            if row.company and plain(row.company) not in known.portal.companies
        }
        made = self._made_companies(ctx, list(dict.fromkeys(wanted.values())))
        found = {}
        for ref, row in rows.items():
            there = known.portal.companies.get(plain(row.company), ()) if row.company else ()
            needed = wanted.get(ref)
            company = there[0] if there else made.get(needed) if needed else None
            found[ref] = Snapshot(
                ref=ref,
                portal=known.portal,
                row=row,
                company_ref=company,
                wanted_company=None if company else needed,
                deal=deals.get(ref),
            )
        return found

    def _deals(
        self, ctx: Ctx, refs: Sequence[Ref], known: _Known, memories: Mapping[Ref, Memory]
    ) -> dict[Ref, Deal]:
        made = {ref: memories[ref].last("deal") for ref in refs if ref in memories}
        ids = {one.remote_id: ref for ref, one in made.items() if one is not None}
        keys = {key_of(ref, "deal"): ref for ref in refs if not made.get(ref)}
        found = {ids[deal.id]: deal for deal in _by_ids(ctx, ids)}
        if ctx.crm.batch_size > 1:
            keyed = {deal.key: deal for deal in _by_keys(ctx, keys)}
        else:
            keyed = self._all_keyed(ctx, known) if keys else {}
        return found | {keys[key]: deal for key, deal in keyed.items() if key in keys}

    def _all_keyed(self, ctx: Ctx, known: _Known) -> dict[str, Deal]:
        """Return the deals of all rows, looked for at once.

        Where rows are looked at one by one, a search by key may cost as much as reading all deals; what is
        created meanwhile the memory knows.
        """
        if self._keyed is None or self._keyed[0] is not known:
            keys = [key_of(row_ref(self._settings.source, key), "deal") for key in known.table.rows]
            self._keyed = known, {deal.key: deal for deal in _by_keys(ctx, keys)}
        return self._keyed[1]


@dataclass(frozen=True)
class _Known:
    """What was read, when, and from which file."""

    crm: Crm
    at: datetime
    mark: tuple[int, int]
    portal: Portal
    table: Table


def _mark(settings: BulkBpSettings) -> tuple[int, int]:
    """Return what changes whenever the file does, without reading it."""
    try:
        found = Path(settings.file).expanduser().stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


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
        creates_companies=type(crm.companies).create is not Companies.create,
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
