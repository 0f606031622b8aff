"""Incomplete cards: one task that lists exactly what is missing, and goes away when nothing is.

Fields are filled one by one, people close tasks too early, the company may get another responsible: the
task follows, it is never created a second time beside itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from crmkit.automation.actions import CreateTask, Remember, SetTaskState, UpdateTask
from crmkit.automation.messages import Message
from crmkit.automation.recipe import Decision
from crmkit.crm.models import NewTask, Person, TaskChanges, TaskState
from recipes.auto_deal.case import Case
from recipes.auto_deal.texts import say
from recipes.auto_deal.verdicts import Verdict

__all__ = ["ask_to_complete", "end_task"]


def ask_to_complete(case: Case) -> Decision | None:
    """Ask for what the card lacks; ``None`` if it lacks nothing."""
    if case.card.is_complete:
        return None
    reason = say("reason.incomplete", problems=_listed(case))
    responsible = case.responsible
    if responsible is None:
        return case.decide(
            Verdict.NOBODY, say("reason.nobody_to_ask", problems=_listed(case)), attention=True
        )
    if case.story.asked is None:
        return _ask(case, responsible, reason)
    return _look_after(case, responsible, reason)


def end_task(
    case: Case, reason: Message, state: TaskState = TaskState.DONE
) -> tuple[SetTaskState | Remember, ...]:
    """Return what puts an end to the task that asks, if there is one; what a person closed stays closed."""
    task, asked = case.snapshot.task, case.story.asked
    if asked is None:
        return ()
    filled = case.company.updated_at or case.now
    step = case.step("ask_end", reason, suffix=case.next("ask_end"), filled=filled, state=state.value)
    if task is None or task.deleted or task.state is not TaskState.OPEN:
        return (Remember(**step),)
    to = state if state in case.portal.states else TaskState.DONE
    return (SetTaskState(**step, task_id=asked.remote_id, task_kind=case.settings.task_kind, state=to),)


def _ask(case: Case, responsible: Person, reason: Message) -> Decision:
    """Create the task, but let people finish a card that they have only just begun."""
    if case.story.took_back("ask", problems=_codes(case)):
        return case.decide(Verdict.UNDONE, say("reason.ask_undone", problems=_listed(case)), attention=True)
    created = case.company.created_at
    patient = created + timedelta(minutes=case.settings.grace_minutes) if created else case.now
    deadline = case.calendar.after(case.now, case.settings.fill_days, "working")
    title = case.write("ask_title", company=case.company.name)
    task = NewTask(
        title=title,
        text=_text(case),
        kind=case.settings.task_kind,
        assignees=(responsible,),
        company=case.company.ref,
        deadline=deadline,
        checklist=_lines(case) if case.portal.has_checklists else (),
    )
    facts = {**_state_of(case, responsible), "deadline": deadline}
    create = CreateTask(**case.step("ask", reason, suffix=case.next("ask"), **facts), task=task)
    waits = patient if patient > case.now else None
    return case.decide(Verdict.ASK, reason, create, attention=True, not_before=waits)


def _look_after(case: Case, responsible: Person, reason: Message) -> Decision:
    """Keep the open task true; what people did to it counts."""
    task = case.snapshot.task
    if case.snapshot.task_problem:
        unclear = say("reason.task_unclear", problem=case.snapshot.task_problem)
        return case.decide(Verdict.WAITING, unclear, attention=True)
    if task is None or task.deleted:
        return _deleted(case, responsible, reason)
    if task.state is not TaskState.OPEN:
        return _closed(case, task.state, reason)
    if _state_of(case, responsible) != _without_deadline(case.story.told):
        return _correct(case, responsible, reason)
    return _wait(case, task.deadline, reason)


def _deleted(case: Case, responsible: Person, reason: Message) -> Decision:
    if case.settings.deleted_task == "again":
        return _ask(case, responsible, reason)
    left = say("reason.task_deleted", problems=_listed(case))
    return case.decide(Verdict.TASK_DELETED, left, attention=True)


def _closed(case: Case, state: TaskState, reason: Message) -> Decision:
    """Somebody closed the task with fields still empty: tell once more, then leave it to a person."""
    once = case.settings.closed_task == "reopen" and not case.story.reopened
    asked = case.story.asked
    if asked is None or state is not TaskState.DONE or not once:
        left = say("reason.task_closed", problems=_listed(case))
        return case.decide(Verdict.TASK_CLOSED, left, attention=True)
    again = SetTaskState(
        **case.step("reopen", reason, suffix=case.next("reopen")),
        task_id=asked.remote_id,
        task_kind=case.settings.task_kind,
        state=TaskState.OPEN,
    )
    return case.decide(Verdict.REOPEN, say("reason.reopen", problems=_listed(case)), again, attention=True)


def _correct(case: Case, responsible: Person, reason: Message) -> Decision:
    """The list of the task is not right any more, or somebody else is responsible."""
    told, asked = case.story.told, case.story.asked
    changes: dict[str, Any] = {}
    if told.get("problems") != _codes(case):
        changes |= {"checklist": _lines(case)} if case.portal.has_checklists else {"text": _text(case)}
    if told.get("who") != responsible:
        changes["assignees"] = (responsible,)
    update = UpdateTask(
        **case.step("ask_update", reason, suffix=case.next("ask_update"), **_state_of(case, responsible)),
        task_id=asked.remote_id if asked else "",
        task_kind=case.settings.task_kind,
        changes=TaskChanges(**changes),
    )
    return case.decide(Verdict.ASK_AGAIN, reason, update, attention=True)


def _wait(case: Case, deadline: datetime | None, reason: Message) -> Decision:
    until = deadline or case.story.told.get("deadline")
    if until is not None and case.now > until:
        overdue = say("reason.overdue", date=case.day(until), problems=_listed(case))
        return case.decide(Verdict.OVERDUE, overdue, attention=True)
    return case.decide(Verdict.WAITING, reason, look_again=until)


def _state_of(case: Case, responsible: Person) -> dict[str, Any]:
    """Return what the task should say: the same facts are kept in the memory with what it does say."""
    return {"problems": _codes(case), "who": responsible}


def _without_deadline(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name in ("problems", "who")}


def _codes(case: Case) -> tuple[str, ...]:
    return tuple(problem.code for problem in case.card.problems)


def _lines(case: Case) -> tuple[str, ...]:
    return tuple(case.told(problem).render(case.portal.language) for problem in case.card.problems)


def _text(case: Case) -> str:
    if case.portal.has_checklists:
        return case.write("ask_checklist", company=case.company.name)
    fields = "\n".join(f"— {line}" for line in _lines(case))
    return case.write("ask", company=case.company.name, fields=fields)


def _listed(case: Case) -> Message | str:
    """Return the problems in one line, in whichever language the reason is read."""
    told: Message | str = ""
    for problem in case.card.problems:
        one = case.told(problem)
        told = say("report.and", first=told, second=one) if told else one
    return told
