"""Thousands of deals come from a file, and on each of them its own process starts, depending on its stage.

An import starts no processes, and by hand nobody can do it sixteen thousand times. So every row of the file
is checked before anything is sent; rows with mistakes go into a file that can be corrected and fed again.
Then ten deals first, a hundred, all; a row becomes a deal once, on a deal one process is started once,
whatever dies in between. What cannot be told for certain is listed for a person.

``RULES`` below is this text as code: the first rule that has an opinion of a row decides about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from crmkit.automation.actions import Action, CreateCompany, CreateDeal, StartWorkflow, created
from crmkit.automation.memory import Memory
from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.automation.rows import Column
from crmkit.automation.table import Table
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import NewCompany, Ref
from crmkit.exceptions import NotFound
from recipes.bulk_bp import report
from recipes.bulk_bp.gates import process_of
from recipes.bulk_bp.keys import NAME, START, key_of
from recipes.bulk_bp.reading import Reader
from recipes.bulk_bp.settings import BulkBpSettings
from recipes.bulk_bp.snapshot import Snapshot
from recipes.bulk_bp.texts import say
from recipes.bulk_bp.verdicts import Verdict

__all__ = ["RULES", "BulkBp"]


class BulkBp(Recipe[BulkBpSettings, Snapshot]):
    """Imports deals from a file and starts a process on each.

    Example:
        >>> BulkBp(BulkBpSettings(file="deals.csv")).name
        'bulk_bp'
    """

    name: ClassVar[str] = NAME
    title: ClassVar[dict[str, str]] = {
        "ru": "Импорт сделок и запуск процессов",
        "en": "Import of deals and start of processes",
    }
    settings_type: ClassVar[type[Settings]] = BulkBpSettings
    requires = frozenset(
        {
            Capability.DEALS,
            Capability.CREATE_DEALS,
            Capability.COMPANIES,
            Capability.USERS,
            Capability.CUSTOM_FIELDS,
        }
    )
    look_ahead = 49
    optional = frozenset({Capability.WORKFLOWS, Capability.BATCH, Capability.STAGE_HISTORY})

    def __init__(self, settings: BulkBpSettings) -> None:
        super().__init__(settings)
        self._reader = Reader(settings)

    def candidates(self, ctx: Context[BulkBpSettings]) -> Iterable[Snapshot]:
        """Yield the rows with mistakes, then all others after the companies that they need."""
        return self._reader.sweep(ctx)

    def observe(self, ctx: Context[BulkBpSettings], entity: Ref) -> Snapshot:
        """Read one row and its deal afresh.

        Raises:
            NotFound: It is not in the file any more, or has mistakes now.
        """
        found = self._reader.observe(ctx, (entity,)).get(entity)
        if found is None:
            raise NotFound(f"{entity} is not in the file any more", hint="make a new plan")
        return found

    def observe_many(self, ctx: Context[BulkBpSettings], entities: Sequence[Ref]) -> Mapping[Ref, Snapshot]:
        """Read many rows and their deals afresh: two requests for fifty."""
        return self._reader.observe(ctx, entities)

    def entity(self, snapshot: Snapshot) -> Ref:
        """Return the row or company."""
        return snapshot.ref

    def decide(self, snapshot: Snapshot, now: datetime, memory: Memory) -> Decision:
        """Ask the rules in their order; the first that has an opinion decides."""
        case = _Case(self.settings, snapshot, memory)
        return next(decision for rule in RULES if (decision := rule(case)) is not None)

    def daily_cap(self) -> int | None:
        """Return how many deals and processes may be created per day."""
        return self.settings.daily_cap

    def stop_reason(self, ctx: Context[BulkBpSettings]) -> str:
        """Return why nothing more may be written: the kill switch, or the file was changed."""
        return self._reader.stop_reason(ctx)

    def results(self, items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> tuple[Message, ...]:
        """Return how many rows became deals, on how many a process was started, and what is left."""
        return report.results(items, memories)

    def tables(
        self, ctx: Context[BulkBpSettings], items: Sequence[PlanItem], memories: Mapping[Ref, Memory]
    ) -> tuple[Table, ...]:
        """Return the deals of the period by responsible and by stage, and the rows with mistakes."""
        return report.tables(ctx, items)

    def columns(self, ctx: Context[BulkBpSettings]) -> Sequence[Column]:
        """Return the columns of the file: those of the mapping, or of the portal's fields."""
        return self._reader.columns(ctx)


@dataclass(frozen=True)
class _Case:
    """A row, the settings and the memory."""

    settings: BulkBpSettings
    snapshot: Snapshot
    memory: Memory

    def step(self, step: str, reason: Message, **data: Any) -> dict[str, Any]:
        return {
            "key": key_of(self.snapshot.ref, step),
            "step": step,
            "entity": self.snapshot.ref,
            "reason": reason,
            "data": data,
        }

    def decide(
        self, verdict: Verdict, reason: Message, *actions: Action, attention: bool = False, **facts: Any
    ) -> Decision:
        row = self.snapshot.row
        return Decision(
            verdict=verdict,
            reason=reason,
            evidence=self.snapshot.problems,
            actions=actions,
            attention=attention,
            counted=bool(actions),
            facts={"line": row.number, **facts} if row else facts,
        )


def unsettled(case: _Case) -> Decision | None:
    """Of an earlier action it is not known whether it happened: a person looks first."""
    if not case.memory.unsettled:
        return None
    keys = ", ".join(case.memory.unsettled)
    return case.decide(Verdict.UNSETTLED, say("reason.unsettled", keys=keys), attention=True)


def with_mistakes(case: _Case) -> Decision | None:
    """The row cannot be used; it is in the file with the mistakes."""
    if not case.snapshot.problems:
        return None
    return case.decide(Verdict.BAD_ROW, case.snapshot.problems[0], attention=True)


def needed_company(case: _Case) -> Decision | None:
    """A company of the file that the portal does not have."""
    snapshot = case.snapshot
    if snapshot.row is not None or not snapshot.company:
        return None
    if snapshot.company_ref is not None:
        return case.decide(Verdict.COMPANY_THERE, say("reason.company_there"))
    reason = say("reason.company", name=snapshot.company)
    create = CreateCompany(**case.step("company", reason), company=NewCompany(name=snapshot.company))
    return case.decide(Verdict.COMPANY, reason, create)


def imported_and_gone(case: _Case) -> Decision | None:
    """The row became a deal, and somebody has deleted it: it is not imported again."""
    done = case.memory.last("deal")
    if done is None or case.snapshot.deal is not None:
        return None
    return case.decide(Verdict.GONE, say("reason.gone", id=done.remote_id), attention=True)


def to_be_imported(case: _Case) -> Decision | None:
    """The row is no deal yet."""
    row = case.snapshot.row
    if row is None or case.snapshot.deal is not None:
        return None
    if case.snapshot.held_back:
        return case.decide(Verdict.HELD_BACK, say("reason.held_back"))
    reason = say("reason.import", line=row.number)
    company = case.snapshot.company_ref
    if wanted := case.snapshot.wanted_company:  # the plan creates it before
        company = created(key_of(wanted, "company"), "company")
    deal = row.deal.model_copy(update={"company": company})
    return case.decide(Verdict.IMPORT, reason, CreateDeal(**case.step("deal", reason), deal=deal))


def to_be_started(case: _Case) -> Decision | None:
    """The deal is there, and its stage asks for a process that was not started yet."""
    deal = case.snapshot.deal
    if deal is None or case.memory.last(START):
        return None
    process = process_of(case.settings, case.snapshot.portal, deal)
    if not process:
        return None
    if case.snapshot.held_back:
        return case.decide(Verdict.HELD_BACK, say("reason.held_back"), deal=deal.id)
    stage = deal.stage.name or deal.stage.id if deal.stage else ""
    reason = say("reason.start", process=process, stage=stage)
    start = StartWorkflow(
        **case.step(START, reason, deal=deal.id),
        on=deal.ref,
        template=process,
        parameters=dict(case.settings.parameters),
        lasts=timedelta(hours=case.settings.lasts_hours.get(process, 0)),
    )
    return case.decide(Verdict.START, reason, start, deal=deal.id)


def finished(case: _Case) -> Decision:
    """Nothing is left to do."""
    deal = case.snapshot.deal
    number = deal.id if deal else ""
    if started := case.memory.last(START):
        return case.decide(Verdict.STARTED, say("reason.started", id=started.remote_id), deal=number)
    return case.decide(Verdict.IMPORTED, say("reason.imported"), deal=number)


RULES: tuple[Callable[[_Case], Decision | None], ...] = (
    unsettled,
    with_mistakes,
    needed_company,
    imported_and_gone,
    to_be_imported,
    to_be_started,
    finished,
)
