"""What is thought of a deal without an open step: a new one, an old one again, or none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crmkit.automation.actions import Remember
from crmkit.automation.recipe import Decision
from recipes.next_step.case import Case
from recipes.next_step.form import fingerprint
from recipes.next_step.texts import say
from recipes.next_step.verdicts import Verdict
from recipes.next_step.writing import clear, closing, planned_line, planning, record_key, restore, tell

__all__ = ["missing", "new_step", "reopened", "typed_again"]


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
        look_again=case.later(),
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
    now = case.write("reopened", kind=told.data["kind"], goal=told.data["goal"], when=case.told_when(told))
    said = tell(case, reason, "reopened", now, suffix=told.label, now=now, note="")
    return case.decide(Verdict.REOPENED, reason, back, *said)


def new_step(case: Case) -> Decision | None:
    """A step stands in the fields, or a new deal has only its name: it is recorded."""
    result = case.form.result
    if case.form.is_blank and not result and not case.is_quick:
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
        Verdict.DONE, reason, *records, *ends, *said, *clear(case, reason, number), look_again=case.later()
    )


def missing(case: Case) -> Decision:
    """The deal has no next step: its owner is reminded, as often as the settings say, once by default."""
    given, settings = case.story.reminders(), case.settings
    reason = say("reason.missing")
    if len(given) >= settings.reminders:
        return case.decide(Verdict.MISSING, reason, attention=True)
    due = case.later()
    if given:
        due = given[-1].at + timedelta(hours=settings.remind_again_hours)
    if due > case.now:
        return case.decide(Verdict.MISSING, reason, look_again=due)
    people = case.owners
    if not people:
        return case.decide(Verdict.MISSING, say("reason.nobody"), attention=True)
    text = case.write("reminder")
    suffix = f"{case.story.gap}:{len(given) + 1}"
    noted = Remember(**case.step("remind", reason, suffix=suffix, gap=case.story.gap))
    said = tell(case, reason, "reminder", text, suffix=suffix, people=people, now="", note=text)
    return case.decide(Verdict.REMIND, reason, *said, noted, counted=True)
