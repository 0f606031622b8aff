"""What is thought of a deal with an open step: its result, its calendar, its owner, a second step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crmkit.automation.actions import Remember
from crmkit.automation.recipe import Decision
from recipes.next_step.case import Case
from recipes.next_step.form import fingerprint, period_text
from recipes.next_step.story import Told
from recipes.next_step.texts import say
from recipes.next_step.verdicts import Verdict
from recipes.next_step.writing import clear, closing, follow, planned_line, planning, reassign, restore, tell

__all__ = ["closed", "deleted", "done", "moved", "no_result", "planned", "reassigned", "second"]


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
    return case.decide(Verdict.DELETED, reason, *actions, look_again=case.later())


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
    return case.decide(Verdict.DONE, reason, *ends, *told_off, *after, look_again=case.later())


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
    asked = tell(case, reason, "no_result", text, suffix=told.label, people=case.owners, note=text)
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
    text = case.write("refused", kind=told.data["kind"], goal=told.data["goal"], when=case.told_when(told))
    said = tell(case, reason, "refused", text, suffix=told.label, people=case.owners, step="warn", note=text)
    return case.decide(Verdict.REFUSE, reason, back, *said)


def reassigned(case: Case) -> Decision | None:
    """The deal has another responsible person: the step is theirs now."""
    told, record, who = case.story.open, case.record, case.owner
    if told is None or record is None or who is None or (record.assignee or told.data["who"]) == who:
        return None
    name = case.snapshot.portal.name(who)
    reason = say("reason.reassign", who=name)
    moves = reassign(case, reason, told, who)
    text = case.write("moved_to", who=name, goal=told.data["goal"], when=case.told_when(told))
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
    when = case.told_when(told)
    if told.data["end"] < case.now:
        return case.decide(Verdict.OVERDUE, say("reason.overdue", when=when), attention=True)
    return case.decide(Verdict.PLANNED, say("reason.planned", kind=told.data["kind"], when=when))


def _done_text(case: Case, told: Told, result: str) -> str:
    return case.write(
        "done", kind=told.data["kind"], goal=told.data["goal"], when=case.told_when(told), result=result
    )
