"""Every deal has a next step: planned in five fields, recorded after a quiet minute, closed by its result.

A step that is recorded stays until its result is entered; another one in the fields is put back once, with an
explanation. The result closes it with one comment and empties the fields. A deal without a next step is
mentioned once. A deal of which only the name was given gets the type «другое» and the goal «определить
следующий шаг».

``RULES`` below is this text as code: the first rule that has an opinion of a deal decides about it. It looks
at the fields as they are, not at what happened to them: fifty events, an hour late, are one look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from crmkit.automation.actions import Remember
from crmkit.automation.agenda import CalendarEvent
from crmkit.automation.memory import Memory
from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.automation.table import Table
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Ref
from crmkit.crm.setup import Watch
from recipes.next_step import reading, report
from recipes.next_step.case import NAME, Case
from recipes.next_step.no_step import missing, new_step, reopened, typed_again
from recipes.next_step.open_step import (
    closed,
    deleted,
    done,
    moved,
    no_result,
    planned,
    reassigned,
    second,
)
from recipes.next_step.settings import NextStepSettings
from recipes.next_step.snapshot import Snapshot
from recipes.next_step.texts import say
from recipes.next_step.verdicts import Verdict
from recipes.next_step.writing import clear

__all__ = ["RULES", "NextStep"]


class NextStep(Recipe[NextStepSettings, Snapshot]):
    """Sees to it that every deal has a next step, and that every step has a result.

    Example:
        >>> NextStep(NextStepSettings()).name
        'next_step'
    """

    name: ClassVar[str] = NAME
    title: ClassVar[dict[str, str]] = {"ru": "Следующий шаг по сделке", "en": "The next step of a deal"}
    settings_type: ClassVar[type[Settings]] = NextStepSettings
    requires = frozenset(
        {
            Capability.DEALS,
            Capability.COMMENTS,
            Capability.USERS,
            Capability.CUSTOM_FIELDS,
            Capability.STEP_RECORDS,
        }
    )
    watches = (
        Watch("deal_created", created=True),
        Watch(
            "step_changed",
            fields=("step_kind", "step_goal", "step_date", "step_period", "step_result"),
        ),
        Watch("deal_moved", stages="any"),
    )

    def candidates(self, ctx: Context[NextStepSettings]) -> Iterable[Snapshot]:
        """Yield the open deals, then the closed ones whose step is still open."""
        return reading.sweep(ctx)

    def observe(self, ctx: Context[NextStepSettings], entity: Ref) -> Snapshot:
        """Read one deal with the records of its steps."""
        return reading.observe(ctx, (entity,))[entity]

    def observe_many(self, ctx: Context[NextStepSettings], entities: Sequence[Ref]) -> Mapping[Ref, Snapshot]:
        """Read many deals with the records of their steps."""
        return reading.observe(ctx, entities)

    def entity(self, snapshot: Snapshot) -> Ref:
        """Return the deal."""
        return snapshot.deal.ref if snapshot.deal else snapshot.ref

    def decide(self, snapshot: Snapshot, now: datetime, memory: Memory) -> Decision:
        """Ask the rules in their order; the first that has an opinion decides."""
        case = Case(self.settings, snapshot, now, memory)
        return next(decision for rule in RULES if (decision := rule(case)) is not None)

    def daily_cap(self) -> int:
        """Return how many reminders may go out per day."""
        return self.settings.daily_cap

    def results(self, items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> tuple[Message, ...]:
        """Return how many steps were planned, done and overdue."""
        return report.results(items, memories)

    def tables(
        self, ctx: Context[NextStepSettings], items: Sequence[PlanItem], memories: Mapping[Ref, Memory]
    ) -> tuple[Table, ...]:
        """Return the steps that are planned, by day, and how people keep to their plans."""
        return report.tables(ctx, items, memories)

    def agenda(self, memories: Mapping[Ref, Memory]) -> tuple[CalendarEvent, ...]:
        """Return the steps that are planned, with the colour of their type."""
        return report.agenda(self.settings, memories)


# Nothing that a person should not look at first


def unsettled(case: Case) -> Decision | None:
    """Of an earlier action it is not known whether it happened: a person looks first."""
    if not case.memory.unsettled:
        return None
    keys = ", ".join(case.memory.unsettled)
    return case.decide(Verdict.UNSETTLED, say("reason.unsettled", keys=keys), attention=True)


def gone(case: Case) -> Decision | None:
    """The deal was deleted."""
    if case.snapshot.deal is not None and not case.snapshot.deal.deleted:
        return None
    told = case.story.open
    reason = say("reason.gone")
    forget = () if told is None else (Remember(**case.step("lost", reason, suffix=told.label)),)
    return case.decide(Verdict.GONE, reason, *forget)


def half_done(case: Case) -> Decision | None:
    """The step was closed, but the fields still show it."""
    told = case.story.step
    if told is None or told.end is None or case.form.is_blank or case.differs(told):
        return None
    after = case.memory.effects[case.memory.effects.index(told.end) :]
    if any(one.step == "clear" for one in after) or told.end.step == "lost":
        return None
    reason = say("reason.clear")
    return case.decide(Verdict.DONE, reason, *clear(case, reason, told.label), look_again=case.later())


def quiet(case: Case) -> Decision | None:
    """Somebody is still at it: what is set counts a minute after the last change."""
    if case.quiet_at <= case.now or not _is_pending(case):
        return None
    reason = say("reason.waiting", seconds=int((case.quiet_at - case.now).total_seconds()))
    noted: tuple[Remember, ...] = ()
    if case.draft_since is None:
        since = case.snapshot.edited_at or case.now
        suffix = f"{case.story.number}:{case.memory.count('draft')}"
        noted = (Remember(**case.step("draft", reason, suffix=suffix, since=since)),)
    return case.decide(Verdict.WAITING, reason, *noted, look_again=case.quiet_at)


def _is_pending(case: Case) -> bool:
    """Tell whether what stands in the fields would have a consequence."""
    told = case.story.open
    if told is not None:
        return bool(case.form.result) or case.differs(told)
    if not case.deal.open:
        return False
    return not case.form.is_blank or bool(case.form.result) or case.is_quick


RULES: tuple[Callable[[Case], Decision | None], ...] = (
    unsettled,
    gone,
    half_done,
    quiet,
    deleted,
    done,
    closed,
    no_result,
    moved,
    second,
    reassigned,
    planned,
    typed_again,
    reopened,
    new_step,
    missing,
)
