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
from datetime import datetime, timedelta
from typing import Any, ClassVar

from crmkit.automation.actions import Remember
from crmkit.automation.agenda import CalendarEvent
from crmkit.automation.memory import Memory
from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.automation.table import Table
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Person, Ref
from crmkit.crm.setup import Watch
from recipes.next_step import reading, report
from recipes.next_step.case import NAME, Case
from recipes.next_step.form import fingerprint, period_text
from recipes.next_step.settings import NextStepSettings
from recipes.next_step.snapshot import Snapshot
from recipes.next_step.story import Told
from recipes.next_step.texts import say
from recipes.next_step.verdicts import Verdict
from recipes.next_step.writing import (
    clear,
    closing,
    follow,
    planned_line,
    planning,
    reassign,
    record_key,
    restore,
    tell,
)

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
    return case.decide(Verdict.DONE, reason, *clear(case, reason, told.label), look_again=_later(case))


def quiet(case: Case) -> Decision | None:
    """Somebody is still at it: what is set counts a minute after the last change."""
    if case.quiet_at <= case.now or not _is_pending(case):
        return None
    reason = say("reason.waiting", seconds=int((case.quiet_at - case.now).total_seconds()))
    noted: tuple[Remember, ...] = ()
    if case.story.draft_since is None:
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
    return not case.form.is_blank or bool(case.form.result) or _is_quick(case)


def _is_quick(case: Case) -> bool:
    """Tell whether only the name of a new deal was given."""
    return case.story.step is None and not case.memory.undone and case.is_fresh


# A step is open


def deleted(case: Case) -> Decision | None:
    """Somebody deleted the record in the calendar: it is the truth, so there is no step."""
    told = case.story.open
    if told is None or case.record is not None:
        return None
    reason = say("reason.deleted")
    actions = (
        Remember(**case.step("lost", reason, suffix=told.label)),
        *clear(case, reason, told.label),
        *tell(case, reason, "deleted", case.write("deleted"), suffix=told.label, now=""),
    )
    return case.decide(Verdict.DELETED, reason, *actions, look_again=_later(case))


def done(case: Case) -> Decision | None:
    """The result is there: the step is closed, its comment tells everything, the fields become empty."""
    told = case.story.open
    result = case.form.result or (case.record.result if case.record else "")
    if told is None or not result:
        return None
    reason = say("reason.done", kind=told.data["kind"], result=result)
    nexts = case.form.result and case.deal.open and not case.form.is_blank and case.differs(told)
    lines = [_done_text(case, told, result)]
    if nexts:
        lines.append(planned_line(case))
    now = lines[-1] if nexts else ""
    ends = closing(case, reason, told.label, told.id, result)
    suffix = f"{told.label}:{fingerprint(result)}"
    state: dict[str, Any] = {"now": now, "last": lines[0], "note": ""}
    told_off = tell(case, reason, "done", "\n".join(lines), suffix=suffix, **state)
    after = planning(case, reason, step_result=None) if nexts else clear(case, reason, told.label)
    return case.decide(Verdict.DONE, reason, *ends, *told_off, *after, look_again=_later(case))


def closed(case: Case) -> Decision | None:
    """The deal is closed: its step is cancelled, and nobody is reminded."""
    if case.deal.open:
        return None
    told = case.story.open
    if told is None:
        reason = say("reason.closed")
        noted = (Remember(**case.step("closed", reason)),) if case.story.reminders() else ()
        return case.decide(Verdict.CLOSED, reason, *noted)
    reason = say("reason.cancel")
    result = case.write("cancelled_result")
    actions = (
        *closing(case, reason, told.label, told.id, result, step="cancel"),
        *clear(case, reason, told.label),
        *tell(case, reason, "cancelled", case.write("cancelled"), suffix=told.label, now=""),
    )
    return case.decide(Verdict.CANCEL, reason, *actions)


def no_result(case: Case) -> Decision | None:
    """Somebody ticked the record off, but nobody wrote what came of it: asked once."""
    told, record = case.story.open, case.record
    if told is None or record is None or record.open:
        return None
    reason = say("reason.no_result")
    text = case.write("no_result", goal=told.data["goal"])
    asked = tell(case, reason, "no_result", text, suffix=told.label, people=_owners(case), note=text)
    return case.decide(Verdict.NO_RESULT, reason, *asked, attention=True)


def moved(case: Case) -> Decision | None:
    """Somebody moved the record in the calendar: the fields follow."""
    told, record = case.story.open, case.record
    if told is None or record is None or record.start is None or record.end is None:
        return None
    same = record.start == told.data["start"] and record.end == told.data["end"]
    if same and (record.goal or told.data["goal"]) == told.data["goal"]:
        return None
    zone = case.snapshot.portal.timezone
    start, end = record.start.astimezone(zone), record.end.astimezone(zone)
    whole = end - start >= timedelta(days=1)
    data = {
        "goal": record.goal or told.data["goal"],
        "day": start.date(),
        "period": "" if whole else period_text((start.time(), end.time())),
        "start": start,
        "end": end,
    }
    reason = say("reason.moved", when=case.when(start, end))
    shown = case.write("moved", goal=data["goal"], when=case.when(start, end))
    said = tell(
        case, reason, "moved", shown, suffix=f"{told.label}:{case.memory.count('follow')}", now=shown, note=""
    )
    return case.decide(Verdict.MOVED, reason, follow(case, reason, told, **data), *said)


def second(case: Case) -> Decision | None:
    """Another step stands in the fields while one is open: put back once, then left to people."""
    told = case.story.open
    if told is None or not case.differs(told):
        return None
    if told.refused:
        reason = say("reason.insists")
        text = case.write("insists", deal=case.deal.title, goal=told.data["goal"])
        people = case.supervisor
        said = (
            tell(case, reason, "insists", text, suffix=told.label, people=people, note=text) if people else ()
        )
        return case.decide(Verdict.ESCALATE, reason, *said, attention=True)
    reason = say("reason.second", kind=told.data["kind"], goal=told.data["goal"])
    back = restore(case, reason, told, "refuse", told.label)
    text = case.write("refused", kind=told.data["kind"], goal=told.data["goal"], when=_when(case, told))
    said = tell(
        case, reason, "refused", text, suffix=told.label, people=_owners(case), step="warn", note=text
    )
    return case.decide(Verdict.REFUSE, reason, back, *said)


def reassigned(case: Case) -> Decision | None:
    """The deal has another responsible person: the step is theirs now."""
    told, record, who = case.story.open, case.record, case.owner
    if told is None or record is None or who is None or (record.assignee or told.data["who"]) == who:
        return None
    name = case.snapshot.portal.name(who)
    reason = say("reason.reassign", who=name)
    moves = reassign(case, reason, told, who)
    text = case.write("moved_to", who=name, goal=told.data["goal"], when=_when(case, told))
    suffix = moves[0].key.partition(":reassign:")[2]
    said = tell(case, reason, "moved_to", text, suffix=suffix, people=(who,), note=text)
    return case.decide(Verdict.REASSIGN, reason, *moves, *said)


def planned(case: Case) -> Decision | None:
    """The step is planned, or overdue."""
    told = case.story.open
    if told is None:
        return None
    if case.owner is None:
        return case.decide(Verdict.PLANNED, say("reason.nobody"), attention=True)
    when = _when(case, told)
    if told.data["end"] < case.now:
        return case.decide(Verdict.OVERDUE, say("reason.overdue", when=when), attention=True)
    return case.decide(Verdict.PLANNED, say("reason.planned", kind=told.data["kind"], when=when))


# No step is open


def typed_again(case: Case) -> Decision | None:
    """The result of the last step was typed once more, because the portal did not answer at once."""
    told = case.story.step
    if told is None or told.end is None or not case.form.result or not case.form.is_blank:
        return None
    if fingerprint(case.form.result) != fingerprint(str(told.end.data.get("result", ""))):
        return None
    reason = say("reason.duplicate")
    return case.decide(
        Verdict.DUPLICATE,
        reason,
        *clear(case, reason, told.label, all_of_them=False),
        look_again=_later(case),
    )


def reopened(case: Case) -> Decision | None:
    """Somebody opened the record of the last step again: its result is wanted again."""
    told, record = case.story.step, case.record
    if told is None or told.end is None or told.end.step != "close" or record is None or not record.open:
        return None
    if not case.form.is_blank:
        return None
    reason = say("reason.reopened", kind=told.data["kind"])
    back = restore(case, reason, told, "reopen", told.label)
    now = case.write("reopened", kind=told.data["kind"], goal=told.data["goal"], when=_when(case, told))
    said = tell(case, reason, "reopened", now, suffix=told.label, now=now, note="")
    return case.decide(Verdict.REOPENED, reason, back, *said)


def new_step(case: Case) -> Decision | None:
    """A step stands in the fields, or a new deal has only its name: it is recorded."""
    result = case.form.result
    if case.form.is_blank and not result and not _is_quick(case):
        return None
    draft = case.draft
    if case.story.was_undone(draft.plan):
        return case.decide(Verdict.UNDONE, say("reason.undone"))
    reason = say("reason.record", kind=draft.kind, when=case.when(draft.start, draft.end))
    number, line = str(case.story.number), planned_line(case)
    state: dict[str, Any]
    if not result:
        state = {"now": line, "note": ""}
        records = planning(case, reason, card=state)
        said = tell(case, reason, "planned", line, suffix=number, **state)
        return case.decide(Verdict.RECORD, reason, *records, *said, attention=case.owner is None)
    when = case.when(draft.start, draft.end)
    text = case.write("done", kind=draft.kind, goal=draft.goal, when=when, result=result)
    state = {"now": "", "last": text, "note": ""}
    records = planning(case, reason, card=state)
    ends = closing(case, reason, number, f"@{record_key(case)}", result)
    said = tell(case, reason, "done", text, suffix=number, **state)
    return case.decide(
        Verdict.DONE, reason, *records, *ends, *said, *clear(case, reason, number), look_again=_later(case)
    )


def missing(case: Case) -> Decision:
    """The deal has no next step: its owner is reminded, as often as the settings say, once by default."""
    given, settings = case.story.reminders(), case.settings
    reason = say("reason.missing")
    if len(given) >= settings.reminders:
        return case.decide(Verdict.MISSING, reason, attention=True)
    due = _later(case)
    if given:
        due = given[-1].at + timedelta(hours=settings.remind_again_hours)
    if due > case.now:
        return case.decide(Verdict.MISSING, reason, look_again=due)
    people = _owners(case)
    if not people:
        return case.decide(Verdict.MISSING, say("reason.nobody"), attention=True)
    text = case.write("reminder")
    suffix = f"{case.story.gap}:{len(given) + 1}"
    noted = Remember(**case.step("remind", reason, suffix=suffix, gap=case.story.gap))
    said = tell(case, reason, "reminder", text, suffix=suffix, people=people, now="", note=text)
    return case.decide(Verdict.REMIND, reason, *said, noted, counted=True)


def _later(case: Case) -> datetime:
    """Return when a reminder is due after what was changed last."""
    ended = case.story.step.end.at if case.story.step and case.story.step.end else None
    moments = [one for one in (case.snapshot.edited_at, ended) if one]
    is_acting = case.story.open is not None or not case.form.is_blank or bool(case.form.result)
    last = case.now if is_acting or not moments else max(moments)
    return last + timedelta(seconds=case.settings.remind_after_seconds)


def _owners(case: Case) -> tuple[Person, ...]:
    return (case.owner,) if case.owner else case.supervisor


def _when(case: Case, told: Told) -> str:
    return case.when(told.data["start"], told.data["end"])


def _done_text(case: Case, told: Told, result: str) -> str:
    return case.write(
        "done", kind=told.data["kind"], goal=told.data["goal"], when=_when(case, told), result=result
    )


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
