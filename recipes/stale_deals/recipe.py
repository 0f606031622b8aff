"""Stale deals go back to the new requests, and the supervisor confirms who gets them next.

Day 15 without activity: the manager and the supervisor are told that the deal will be moved in 7 days.
Day 22: the deal goes back to the stage «Новая», is labelled «Свободная сделка», its former executor is kept
in a field of its own, and the supervisor is asked. A new executor is assigned only when the supervisor
confirms; a rejection puts everything back. A refusal without a reason and any manual edit cancel the
transfer.

``RULES`` below is this text as code: the first rule that has an opinion of a deal decides about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from crmkit.automation.actions import Notify, Remember, UpdateDeal
from crmkit.automation.memory import Memory
from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import DealChanges, Ref
from crmkit.crm.setup import Watch
from recipes.stale_deals.approval import await_approval
from recipes.stale_deals.case import NAME, Case
from recipes.stale_deals.idle import ROUNDING
from recipes.stale_deals.report import Results, results
from recipes.stale_deals.restore import end_round
from recipes.stale_deals.settings import StaleDealsSettings
from recipes.stale_deals.snapshot import Snapshot
from recipes.stale_deals.snooze import pause_of
from recipes.stale_deals.sweep import Reader
from recipes.stale_deals.texts import say
from recipes.stale_deals.transfer import return_deal
from recipes.stale_deals.verdicts import Verdict

__all__ = ["RULES", "StaleDeals"]


class StaleDeals(Recipe[StaleDealsSettings, Snapshot]):
    """Finds deals that nobody works on, warns, returns them, and asks the supervisor who gets them.

    Example:
        >>> recipe = StaleDeals(StaleDealsSettings(supervisor="user:2"))
        >>> recipe.name, recipe.daily_cap()
        ('stale_deals', None)
    """

    name: ClassVar[str] = NAME
    title: ClassVar[dict[str, str]] = {"ru": "Возврат зависших сделок", "en": "Return of stale deals"}
    settings_type: ClassVar[type[Settings]] = StaleDealsSettings
    requires = frozenset(
        {
            Capability.DEALS,
            Capability.DEAL_HISTORY,
            Capability.SERVER_SIDE_IDLE_FILTER,
            Capability.COMMENTS,
            Capability.NOTIFICATIONS,
            Capability.TASKS,
            Capability.USERS,
            Capability.CUSTOM_FIELDS,
        }
    )
    optional = frozenset(
        {Capability.ROBOT_NOISE_FILTER, Capability.UNASSIGNED_DEALS, Capability.HIDDEN_COMMENTS}
    )
    watches = (
        Watch(
            "deal_touched",
            stages="any",
            fields=("new_assignee", "refusal_reason", "snooze_until", "release_hold"),
            comments=True,
        ),
        Watch("approval_decided", of="task", kind="approval", stages=("done", "rejected", "cancelled")),
    )

    def __init__(self, settings: StaleDealsSettings) -> None:
        super().__init__(settings)
        self._reader = Reader(settings, self.decide)

    def candidates(self, ctx: Context[StaleDealsSettings]) -> Iterable[Snapshot]:
        """Yield deals with an open round, idle ones, those that robots hide, refusals without a reason."""
        return self._reader.sweep(ctx)

    def observe(self, ctx: Context[StaleDealsSettings], entity: Ref) -> Snapshot:
        """Read one deal with its history and approval task."""
        return self._reader.observe(ctx, entity)

    def entity(self, snapshot: Snapshot) -> Ref:
        """Return the deal."""
        return snapshot.deal.ref

    def decide(self, snapshot: Snapshot, now: datetime, memory: Memory) -> Decision:
        """Ask the rules in their order; the first that has an opinion decides."""
        case = Case(self.settings, snapshot, now, memory)
        return next(decision for rule in RULES if (decision := rule(case)) is not None)

    def daily_cap(self) -> int | None:
        """Return how many deals may be warned or returned per day."""
        return self.settings.daily_cap

    def results(self, items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> tuple[Message, ...]:
        """Return what came of it, a line each."""
        return results(items, memories, self.settings).summary()

    def figures(self, items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> Results:
        """Return the same figures as data."""
        return results(items, memories, self.settings)


# Deals about which there is nothing to decide


def unsettled(case: Case) -> Decision | None:
    """Of an earlier action it is not known whether it happened: a person looks first."""
    if not case.memory.unsettled:
        return None
    keys = ", ".join(case.memory.unsettled)
    return case.decide(Verdict.UNSETTLED, say("reason.unsettled", keys=keys), attention=True)


def gone(case: Case) -> Decision | None:
    """The deal was deleted."""
    if not case.deal.deleted:
        return None
    reason = say("reason.gone")
    forget = (Remember(**case.step("release", reason)),) if case.story.is_held else ()
    ends = end_round(case, reason, why=Verdict.GONE.value)
    return case.decide(Verdict.GONE, reason, *ends, *forget)


# The exclusions


def refused_without_reason(case: Case) -> Decision | None:
    """Exclusion A: the stage is «Отказ», and nobody wrote down why, or there is no field for it."""
    stage = case.deal.stage
    if stage is None or stage.key != case.settings.refused_stage or case.deal.fields.get("refusal_reason"):
        return None
    can_be_told = "refusal_reason" in case.portal.fields
    reason = f"reason.{Verdict.REFUSED_WITHOUT_REASON if can_be_told else 'refused_for_unknown_reason'}"
    return _leave_alone(case, Verdict.REFUSED_WITHOUT_REASON, say(reason), attention=True)


def closed(case: Case) -> Decision | None:
    """Won, or refused with a reason, even where the portal counts refusals among the open stages."""
    stage = case.deal.stage
    is_refused = stage is not None and stage.key == case.settings.refused_stage
    return None if case.deal.open and not is_refused else _leave_alone(case, Verdict.CLOSED)


def excluded(case: Case) -> Decision | None:
    """The settings leave this stage, pipeline or amount alone."""
    settings, stage = case.settings, case.deal.stage
    if stage and {stage.id, stage.key} & set(settings.excluded_stages):
        return _leave_alone(case, Verdict.EXCLUDED_STAGE, stage=stage.name or stage.key or stage.id)
    if stage and stage.pipeline and stage.pipeline in settings.excluded_pipelines:
        return _leave_alone(case, Verdict.EXCLUDED_PIPELINE)
    amount, least, most = case.deal.fields.get("amount"), settings.min_amount, settings.max_amount
    if not isinstance(amount, int | float | Decimal):
        return None
    if (least is not None and amount < least) or (most is not None and amount > most):
        return _leave_alone(case, Verdict.EXCLUDED_AMOUNT, amount=str(amount))
    return None


def orphan(case: Case) -> Decision | None:
    """The deal says that it is free, but no return is known: a lost ledger, an undo, somebody's own idea."""
    state = case.deal.fields.get("return_state")
    if state not in (case.settings.states.free, case.settings.states.review):
        return None
    return case.decide(Verdict.ORPHAN, say("reason.orphan", state=state), attention=True)


def held(case: Case) -> Decision | None:
    """A manual edit blocked the transfer, until somebody releases the deal."""
    if not case.story.is_held:
        return None
    if case.deal.id in case.settings.released_deals:
        reason = say("reason.released")
        return case.decide(Verdict.RELEASED, reason, Remember(**case.step("release", reason)))
    if case.deal.fields.get("release_hold"):
        reason = say("reason.released")
        taken_back = DealChanges(fields={"release_hold": None})  # or the next hold would be released at once
        return case.decide(
            Verdict.RELEASED, reason, UpdateDeal(**case.step("release", reason), changes=taken_back)
        )
    return case.decide(Verdict.HELD, say("reason.held"))


def manual_edit(case: Case) -> Decision | None:
    """Exclusion B: somebody touched the deal after the warning, which cancels the transfer.

    Portals keep times to the minute: what happened in the minute of the warning counts as after it.
    """
    touch, warned = case.idle.touch, case.story.warned_at
    if touch is None or warned is None or touch.at + ROUNDING <= warned:
        return None
    facts = {"who": touch.who_message, "what": touch.what_message}
    reason = say("reason.cancelled", date=case.date(touch.at), **facts)
    kept = {
        "why": Verdict.CANCELLED.value,
        "who": touch.who,
        "when": touch.at,
        "what": touch.what,
        "hold": touch.manual and case.settings.manual_edit == "block_until_released",
        "clock_from": touch.at,
    }
    return case.decide(Verdict.CANCELLED, reason, *end_round(case, reason, **kept))


def snoozed(case: Case) -> Decision | None:
    """A pause with a reason, as long as it is not too long."""
    pause = pause_of(case)
    if pause is None or not pause.why or pause.is_over(case.now):
        return None
    reason = say("reason.snoozed", date=case.date(pause.until), why=pause.why)
    ends = end_round(case, reason, why=Verdict.SNOOZED.value)
    return case.decide(Verdict.SNOOZED, reason, *ends, evidence=pause.remarks(case))


# Day 15 and day 22


def active(case: Case) -> Decision | None:
    """Fewer than 15 days without activity."""
    if case.idle.start is None:
        return case.decide(Verdict.NO_DATE, say("reason.no_date"), attention=True)
    if case.warned_at is not None or case.idle_days >= case.limits.warn_after:
        return None
    reason = say("reason.active", days=case.idle_days, limit=case.limits.warn_after)
    return case.decide(Verdict.ACTIVE, reason)


def returned_too_often(case: Case) -> Decision | None:
    """Instead of returning a deal again and again, the supervisor is told once."""
    if case.story.returns < case.settings.max_returns:
        return None
    reason = say("reason.loop_guard", count=case.story.returns)
    approver = case.approver(case.deal.assignees)
    if approver is None:
        return case.decide(Verdict.LOOP_GUARD, reason, attention=True)
    tell = Notify(
        **case.step("loop", reason),
        people=(approver,),
        text=case.write("loop", count=case.story.returns),
        hidden=case.settings.hidden_notices,
    )
    return case.decide(Verdict.LOOP_GUARD, reason, tell, attention=True, notices=True)


def day_15(case: Case) -> Decision | None:
    """Tell the manager and the supervisor, both in one write."""
    if case.warned_at is not None:
        return None
    managers = tuple(one for one in case.deal.assignees if case.portal.is_active(one))
    head = tuple(one for one in (case.head(case.deal.assignees),) if case.portal.is_active(one))
    stand_in = () if managers and head else case.fallback
    people = tuple(dict.fromkeys((*managers, *head, *stand_in)))
    missing = (*(() if managers else ("manager",)), *(() if head else ("supervisor",)))
    pause = pause_of(case)
    evidence = (*(say(f"evidence.no_{who}") for who in missing), *(pause.remarks(case) if pause else ()))
    if not people:
        reason = say("reason.nobody_to_notify")
        return case.decide(Verdict.NOBODY_TO_NOTIFY, reason, attention=True, evidence=evidence)
    known = case.snapshot.history is not None  # else the portal vouches for a limit, no more
    reason = say("reason.warn" if known else "reason.warn_at_least", days=case.idle_days)
    warning = Notify(
        **case.step(
            "warn", reason, executors=case.portal.named(case.deal.assignees), idle_since=case.idle.start
        ),
        people=people,
        text=case.warning,
        hidden=case.settings.hidden_notices,
    )
    return case.decide(
        Verdict.WARN, reason, warning, notices=True, attention=bool(evidence), evidence=evidence
    )


def day_22(case: Case) -> Decision | None:
    """Return the deal: 22 days without activity, never less than 7 full days after the warning arrived."""
    warned, start, kind = case.warned_at, case.idle.start, case.settings.days
    if warned is None or start is None:
        return None
    due = max(
        case.calendar.after(start, case.limits.return_after, kind),
        case.calendar.after(warned, case.limits.notice, kind),
    )
    known = _remember_warning(case)
    if case.now < due:
        reason = say("reason.warned", date=case.date(warned), until=case.date(due))
        return case.decide(Verdict.WARNED, reason, *known)
    approver = case.approver(case.deal.assignees)
    if approver is None:
        return case.decide(Verdict.NOBODY_TO_NOTIFY, say("reason.no_approver"), *known, attention=True)
    reason = say("reason.return", days=case.idle_days, date=case.date(warned))
    steps = (*known, *return_deal(case, approver, reason))
    stands_in = approver != case.head(case.deal.assignees)
    return case.decide(Verdict.RETURN, reason, *steps, notices=True, attention=stands_in)


RULES: tuple[Callable[[Case], Decision | None], ...] = (
    unsettled,
    gone,
    await_approval,
    refused_without_reason,
    closed,
    excluded,
    orphan,
    held,
    manual_edit,
    snoozed,
    active,
    returned_too_often,
    day_15,
    day_22,
)


def _leave_alone(
    case: Case, verdict: Verdict, reason: Message | None = None, *, attention: bool = False, **params: Any
) -> Decision:
    """Decide to do nothing; a round that was open ends."""
    reason = reason or say(f"reason.{verdict}", **params)
    return case.decide(verdict, reason, *end_round(case, reason, why=verdict.value), attention=attention)


def _remember_warning(case: Case) -> tuple[Remember, ...]:
    """Take a warning into the memory that only the history of the deal knows; usually there is none."""
    found = case.warned_by_history
    if found is None:
        return ()
    reason = say("evidence.warned_by_history", date=case.date(found))
    return (Remember(**case.step("warn", reason, delivered_at=found, idle_since=case.idle.start)),)
