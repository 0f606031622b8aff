"""A new company gets its deal by itself, complete and named like all others, or somebody is told why not.

When a company is created, a deal appears in the pipeline «Работа по бухгалтерскому аутсорсингу», in its stage
«Новая», called «Название компании / Тип тарифа / Месяц», with tariff, cost and responsible of the company. If
the card lacks something, the responsible gets one task that lists exactly that; when it is filled in, that
task closes itself and the deal is created. Then documents, accounting and the first consultation may follow.

``RULES`` below is this text as code: the first rule that has an opinion of a company decides about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from crmkit.automation.actions import created
from crmkit.automation.memory import Memory
from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.automation.table import Table
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Ref, TaskState
from crmkit.crm.setup import Watch
from recipes.auto_deal.asking import ask_to_complete, end_task
from recipes.auto_deal.case import NAME, Case
from recipes.auto_deal.keeping import adopt, keep
from recipes.auto_deal.making import follow_on, misfit, new_deal
from recipes.auto_deal.report import Results, results
from recipes.auto_deal.settings import AutoDealSettings
from recipes.auto_deal.snapshot import Snapshot
from recipes.auto_deal.sweep import Reader
from recipes.auto_deal.texts import say
from recipes.auto_deal.verdicts import Verdict

__all__ = ["RULES", "AutoDeal"]


class AutoDeal(Recipe[AutoDealSettings, Snapshot]):
    """Gives every new company its deal, and asks for what its card lacks.

    Example:
        >>> recipe = AutoDeal(AutoDealSettings())
        >>> recipe.name, recipe.daily_cap()
        ('auto_deal', None)
    """

    name: ClassVar[str] = NAME
    title: ClassVar[dict[str, str]] = {
        "ru": "Сделка для новой компании",
        "en": "A deal for every new company",
    }
    settings_type: ClassVar[type[Settings]] = AutoDealSettings
    requires = frozenset(
        {
            Capability.COMPANIES,
            Capability.DEALS,
            Capability.CREATE_DEALS,
            Capability.TASKS,
            Capability.USERS,
            Capability.CUSTOM_FIELDS,
        }
    )
    optional = frozenset({Capability.CHECKLISTS, Capability.WORKFLOWS, Capability.COMPANY_TYPES})
    watches = (
        Watch(
            "company_changed",
            of="company",
            created=True,
            fields=("tariff", "cost", "inn", "service_start", "service_end"),
        ),
    )

    def __init__(self, settings: AutoDealSettings) -> None:
        super().__init__(settings)
        self._reader = Reader(settings, self.decide)

    def candidates(self, ctx: Context[AutoDealSettings]) -> Iterable[Snapshot]:
        """Yield new companies, those with something left to do, and changed ones that have a deal of ours."""
        return self._reader.sweep(ctx)

    def observe(self, ctx: Context[AutoDealSettings], entity: Ref) -> Snapshot:
        """Read one company with its deals, its task and its twins."""
        return self._reader.observe(ctx, entity)

    def observe_many(self, ctx: Context[AutoDealSettings], entities: Sequence[Ref]) -> Mapping[Ref, Snapshot]:
        """Read many companies with as few requests as one sweep of them takes."""
        return self._reader.observe_many(ctx, entities)

    def entity(self, snapshot: Snapshot) -> Ref:
        """Return the company."""
        return snapshot.company.ref

    def decide(self, snapshot: Snapshot, now: datetime, memory: Memory) -> Decision:
        """Ask the rules in their order; the first that has an opinion decides."""
        case = Case(self.settings, snapshot, now, memory)
        return next(decision for rule in RULES if (decision := rule(case)) is not None)

    def daily_cap(self) -> int | None:
        """Return how many deals may be created per day."""
        return self.settings.daily_cap

    def results(self, items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> tuple[Message, ...]:
        """Return what came of it, a line each."""
        return results(items, memories, self.settings).summary()

    def figures(self, items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> Results:
        """Return the same figures as data."""
        return results(items, memories, self.settings)

    def tables(
        self, ctx: Context[AutoDealSettings], items: Sequence[PlanItem], memories: Mapping[Ref, Memory]
    ) -> tuple[Table, ...]:
        """Return new clients by month and by tariff, timeliness by responsible, and the coverage proof."""
        return results(items, memories, self.settings).tables()


# Companies about which there is nothing to decide


def unsettled(case: Case) -> Decision | None:
    """Of an earlier action it is not known whether it happened: a person looks first."""
    if not case.memory.unsettled:
        return None
    keys = ", ".join(case.memory.unsettled)
    return case.decide(Verdict.UNSETTLED, say("reason.unsettled", keys=keys), attention=True)


def gone(case: Case) -> Decision | None:
    """The company was deleted or merged into another."""
    return _leave_alone(case, Verdict.GONE) if case.company.deleted else None


def undone(case: Case) -> Decision | None:
    """Somebody took our deal back with an undo, so it is not created once more."""
    return case.decide(Verdict.UNDONE, say("reason.undone")) if case.story.is_undone(case.period) else None


# Companies that are to have no deal


def excluded(case: Case) -> Decision | None:
    """The settings leave this company alone, or only clients get deals."""
    settings, company = case.settings, case.company
    if company.id in settings.excluded_companies:
        return _leave_alone(case, Verdict.EXCLUDED)
    if settings.clients_only and not company.is_client:
        return _leave_alone(case, Verdict.NO_CLIENT)
    if settings.until is not None and case.created_on > settings.until:
        return _leave_alone(case, Verdict.TOO_LATE, date=settings.until)
    return None


def out_of_service(case: Case) -> Decision | None:
    """Monthly mode: the service has not begun or has ended, or it is too early in the month."""
    if case.settings.mode == "once":
        return None
    start, end = case.service
    today = case.day(case.now)
    if start is not None and f"{start:%Y-%m}" > case.period:
        return _leave_alone(case, Verdict.NOT_YET, date=start)
    if end is not None and f"{end:%Y-%m}" < case.period:
        return _leave_alone(case, Verdict.ENDED, date=end)
    if today.day < case.settings.monthly_day:
        return _leave_alone(case, Verdict.NOT_YET, date=today.replace(day=case.settings.monthly_day))
    return None


def duplicate(case: Case) -> Decision | None:
    """An older card of the same client exists: a person merges the two, or says that they differ."""
    twins = case.snapshot.twins
    if not twins or case.company.id in case.settings.not_duplicates:
        return None
    same = say(f"twin.{twins[0].by}")
    return _leave_alone(
        case,
        Verdict.DUPLICATE,
        attention=True,
        other=twins[0].company.name,
        id=twins[0].company.id,
        same=same,
    )


# The deal


def nobody(case: Case) -> Decision | None:
    """There is nobody who could be responsible."""
    if case.responsible is not None:
        return None
    return case.decide(Verdict.NOBODY, say("reason.nobody"), attention=True)


def no_option(case: Case) -> Decision | None:
    """The deal's field has no such option as the card: renamed or removed there."""
    found = misfit(case)
    if found is None:
        return None
    spec, value = found
    reason = say("reason.no_option", field=spec.name or spec.key, value=str(value))
    return case.decide(Verdict.NO_OPTION, reason, attention=True)


def create(case: Case) -> Decision | None:
    """Create the deal, close the task that asked for the missing fields, start what follows."""
    if case.responsible is None:
        return None
    reason = say("reason.create", title=case.title(case.card.terms, case.month))
    deal = new_deal(case, case.responsible, reason)
    steps = follow_on(
        case, deal.key, created(deal.key), case.card.terms, case.month, first=not case.story.deals
    )
    stands_in = () if case.inherits else (say("evidence.stands_in", who=case.responsible.name),)
    return case.decide(Verdict.CREATE, reason, deal, *end_task(case, reason), *steps, evidence=stands_in)


RULES: tuple[Callable[[Case], Decision | None], ...] = (
    unsettled,
    gone,
    keep,
    undone,
    excluded,
    out_of_service,
    adopt,
    duplicate,
    ask_to_complete,
    nobody,
    no_option,
    create,
)


def _leave_alone(case: Case, verdict: Verdict, *, attention: bool = False, **params: object) -> Decision:
    """Decide to create nothing; a task that asked is called off."""
    reason = say(f"reason.{verdict}", **params)
    return case.decide(verdict, reason, *end_task(case, reason, TaskState.CANCELLED), attention=attention)
