"""The return of a deal: one write to the deal, the task for the supervisor, the note for the history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crmkit.automation.actions import Action, AddComment, CreateTask, UpdateDeal
from crmkit.automation.messages import Message
from crmkit.crm.models import DealChanges, NewTask, Person
from recipes.stale_deals.case import Case
from recipes.stale_deals.snapshot import people

__all__ = ["approval_task", "former_executors", "names", "note", "return_deal"]


def return_deal(case: Case, approver: Person, reason: Message) -> tuple[Action, ...]:
    """Return the three steps of a return; of a chain that broke off, only the missing ones will be done."""
    executors = former_executors(case)
    free = UpdateDeal(
        **case.step(
            "return",
            reason,
            executors=case.portal.named(executors),
            evidence=case.evidence,
        ),
        changes=_freed(case, executors),
    )
    text = case.write(
        "returned",
        evidence=_told(case),
        executors=names(case, executors),
        approver=case.portal.name(approver),
    )
    return free, approval_task(case, "approval", approver, reason), note(case, "note", text, reason)


def former_executors(case: Case) -> tuple[Person, ...]:
    """Return who is responsible, or was before the return."""
    returned = case.story.returned
    return case.deal.assignees if returned is None else people(returned.before["assignees"])


def names(case: Case, persons: tuple[Person, ...]) -> str | Message:
    """Return how some people are called, or that there is nobody."""
    return case.portal.names(persons) or Message(key="person.nobody")


def approval_task(
    case: Case, step: str, approver: Person, reason: Message, *, suffix: str = ""
) -> CreateTask:
    """Return a task that asks somebody to approve and tells in plain words how, and what happens then."""
    until = _deadline(case)
    text = case.write(
        "approval",
        deal=case.deal.title,
        evidence=_told(case),
        executors=names(case, former_executors(case)),
        field=case.portal.field_name("new_assignee"),
        label=case.settings.label,
        timeout=_timeout(case, until),
    )
    task = NewTask(
        title=case.write("approval_title", deal=case.deal.title),
        text=text,
        kind="approval",
        assignees=(approver,),
        deal=case.deal.ref,
        deadline=until,
    )
    return CreateTask(**case.step(step, reason, suffix=suffix, approver=approver), task=task)


def note(case: Case, step: str, text: str, reason: Message) -> AddComment:
    """Return a note for the history of the deal."""
    return AddComment(**case.step(step, reason), text=text, hidden=case.settings.hidden_notes)


def _deadline(case: Case) -> datetime | None:
    days = case.settings.approval_timeout
    return None if days is None else case.calendar.after(case.now, days, case.settings.days)


def _timeout(case: Case, until: datetime | None) -> str:
    """Return what is said about the time for a decision."""
    if until is None:
        return case.write("timeout_none")
    successor = case.settings.escalate_to
    who = case.person(successor).name if successor else Message(key="person.nobody")
    return case.write(f"timeout_{case.settings.on_timeout}", date=case.date(until), who=who)


def _freed(case: Case, executors: tuple[Person, ...]) -> DealChanges:
    """Return the one change that makes a deal free: stage, label, state, former and present executor."""
    settings, portal, deal = case.settings, case.portal, case.deal
    fields: dict[str, Any] = {"return_state": settings.states.free}
    if executors:
        fields["previous_assignee"] = _as_field(case, executors)
    if "label" in portal.fields:
        fields["label"] = _labelled(case)
    if deal.fields.get("new_assignee") is not None:  # a candidate of another time must not slip through
        fields["new_assignee"] = None
    return DealChanges(stage=settings.new_stage, assignees=_keepers(case, executors), fields=fields)


def _keepers(case: Case, executors: tuple[Person, ...]) -> tuple[Person, ...]:
    """Return who is responsible until the decision: nobody, or the supervisor."""
    if case.settings.free_executor == "nobody" and not case.portal.deals_need_executor:
        return ()
    approver = case.approver(executors)
    return (approver,) if approver else executors


def _as_field(case: Case, executors: tuple[Person, ...]) -> Any:
    """Return the former executors as their field can hold them: all, all names, or the first."""
    kind = case.portal.fields["previous_assignee"].type
    if kind == "people":
        return executors
    return case.portal.names(executors) if kind == "text" else executors[0]


def _labelled(case: Case) -> Any:
    """Return the label field with our label; a field of several labels keeps the others."""
    ours, value = case.settings.label, case.deal.fields.get("label")
    if case.portal.fields["label"].type != "choices":
        return ours
    return (*(one for one in value or () if one != ours), ours)


def _told(case: Case) -> str:
    """Return the evidence of the return in one line: as it was when the return was decided."""
    returned = case.story.returned
    evidence: tuple[Message, ...] = case.evidence if returned is None else returned.data["evidence"]
    return "; ".join(message.render(case.portal.language) for message in evidence)
