"""After the return: nobody gets the deal before the supervisor has confirmed, and a rejection puts all back.

The supervisor names a candidate in the field ``new_assignee`` of the deal and sets the approval task to done,
or to rejected. Whatever a person does to the deal itself meanwhile wins.
"""

from __future__ import annotations

from typing import Any

from crmkit.automation.actions import AddComment, Notify, SetTaskState, UpdateDeal
from crmkit.automation.memory import Effect
from crmkit.automation.messages import Message
from crmkit.automation.recipe import Decision
from crmkit.crm.models import DealChanges, Person, Task, TaskState
from recipes.stale_deals.case import Case
from recipes.stale_deals.restore import (
    cancel_task,
    end_round,
    has_label,
    move_task,
    put_back,
    taken_from_us,
    without_label,
)
from recipes.stale_deals.snapshot import people
from recipes.stale_deals.texts import say
from recipes.stale_deals.transfer import approval_task, former_executors, note, return_deal
from recipes.stale_deals.verdicts import Verdict

__all__ = ["await_approval"]


def await_approval(case: Case) -> Decision | None:
    """Decide about a deal that was returned in this round; ``None`` about any other."""
    returned, task = case.story.returned, case.snapshot.approval
    if returned is None:
        return None
    return (
        _finish(case)
        or _taken_over(case, returned, task)
        or _finish_return(case)
        or _unclear(case)
        or _answered(case, returned, task)
        or _approver_left(case)
        or _candidate_named(case)
        or _overdue(case, returned)
        or _task_missing(case, task)
        or _waiting(case, returned)
    )


def _finish(case: Case) -> Decision | None:
    """A decision that was carried out, but for its note in the history."""
    if approved := case.story.effect("approve"):
        reason = say("reason.approve", candidate=approved.data["candidate"])
        return case.decide(Verdict.APPROVE, reason, _approved_note(case, reason, approved.data))
    if rejected := case.story.effect("reject"):
        reason = _reason_to_reject(rejected.data)
        return case.decide(Verdict.REJECT, reason, _rejected_note(case, reason, rejected.data))
    return None


def _taken_over(case: Case, returned: Effect, task: Task | None) -> Decision | None:
    """A person closed, moved or reassigned the deal: that stands, and the approval is called off."""
    how = taken_from_us(case, returned) if case.deal.open else "closed_meanwhile"
    by_hand = how == "reassigned" and set(case.deal.assignees) == set(_candidates(case))
    if not how or (by_hand and task is not None and task.state is TaskState.DONE and _may_decide(case, task)):
        return None
    reason, touch = say(f"reason.{how}"), case.idle.touch
    facts = {"who": touch.who, "when": touch.at} if touch and touch.at > returned.at else {}
    return case.decide(
        Verdict.TAKEN_OVER, reason, *end_round(case, reason, why=Verdict.TAKEN_OVER.value, how=how, **facts)
    )


def _finish_return(case: Case) -> Decision | None:
    """The deal is free, but its approval task or the note of the history is still missing."""
    if case.story.approval and case.story.effect("note"):
        return None
    approver, warned = case.approver(former_executors(case)), case.warned_at
    if approver is None:
        return case.decide(Verdict.APPROVAL_LOST, say("reason.no_approver"), attention=True)
    reason = say("reason.return", days=case.idle_days, date=case.date(warned or case.now))
    return case.decide(Verdict.RETURN, reason, *return_deal(case, approver, reason))


def _unclear(case: Case) -> Decision | None:
    """The approval task is in a status that the settings do not name: nobody guesses what that means."""
    problem = case.snapshot.approval_problem
    if not problem:
        return None
    return case.decide(Verdict.AWAITING, say("reason.approval_unclear", problem=problem), attention=True)


def _answered(case: Case, returned: Effect, task: Task | None) -> Decision | None:
    """The approval task was set to done or rejected."""
    if task is None or task.deleted or task.state not in (TaskState.DONE, TaskState.REJECTED):
        return None
    by, candidates = _decider(case, task), _candidates(case)
    if not _may_decide(case, task):
        approver = case.portal.names(_approvers(case)[:1])
        text = case.write("explain_not_allowed", by=by, approver=approver)
        return _ask_again(case, task, Verdict.NOT_ALLOWED, say("reason.not_allowed", by=by), text)
    if task.state is TaskState.REJECTED:
        return _reject(case, returned, by=by)
    field = case.portal.field_name("new_assignee")
    if not candidates:
        text = case.write("explain_no_candidate", field=field)
        return _ask_again(case, task, Verdict.NO_CANDIDATE, say("reason.no_candidate"), text)
    if unable := _unable(case, candidates):
        text = case.write("explain_inactive_candidate", candidate=unable, field=field)
        reason = say("reason.inactive_candidate", candidate=unable)
        return _ask_again(case, task, Verdict.NO_CANDIDATE, reason, text, about=unable)
    return _approve(case, candidates, by)


def _approve(case: Case, candidates: tuple[Person, ...], by: str | Message) -> Decision:
    """The new executor gets the deal."""
    candidate = case.portal.names(candidates)
    reason = say("reason.approve", candidate=candidate)
    data = {"candidate": candidate, "by": _plain(by)}
    fields: dict[str, Any] = {"return_state": case.settings.states.confirmed, "new_assignee": None}
    if has_label(case):
        fields["label"] = without_label(case)
    changes = DealChanges(assignees=candidates, fields=fields)
    update = UpdateDeal(**case.step("approve", reason, **data), changes=changes)
    return case.decide(Verdict.APPROVE, reason, update, _approved_note(case, reason, data))


def _reject(case: Case, returned: Effect, *, by: str | Message = "", overdue: int = 0) -> Decision:
    """The deal becomes what it was; a former executor who left is replaced."""
    values = put_back(case, returned)
    before = people(values.pop("assignees"))
    owners = tuple(one for one in before if not case.portal.has_left(one))
    substituted = bool(before) and not owners
    owners = owners or (_substitute(case, before) if before else ())
    data: dict[str, Any] = {
        "owners": case.portal.names(owners),
        "by": _plain(by),
        "overdue": overdue,
        "substituted": substituted,
    }
    reason = _reason_to_reject(data)
    fields = {name: value for name, value in values.items() if name != "stage"}
    if case.deal.fields.get("new_assignee") is not None:
        fields["new_assignee"] = None
    changes = DealChanges(stage=values["stage"], assignees=owners, fields=fields)
    return case.decide(
        Verdict.REJECT,
        reason,
        *(cancel_task(case, reason) if overdue else ()),
        UpdateDeal(**case.step("reject", reason, **data), changes=changes),
        _rejected_note(case, reason, data),
        attention=substituted or not owners,
    )


def _approver_left(case: Case) -> Decision | None:
    """Who was asked is dismissed: somebody else is."""
    asked = _approvers(case)[0]
    if case.portal.is_active(asked):
        return None
    successor = case.approver(former_executors(case))
    if successor is None:
        return case.decide(Verdict.AWAITING, say("reason.no_approver"), attention=True)
    return _hand_over(case, successor, say("reason.new_approver", who=case.portal.name(successor)))


def _candidate_named(case: Case) -> Decision | None:
    """A candidate stands in the deal: while the supervisor checks, the state says so. Once."""
    candidates, states = _candidates(case), case.settings.states
    if not candidates or _unable(case, candidates) or case.deal.fields.get("return_state") != states.free:
        return None
    reason = say("reason.review", candidate=case.portal.names(candidates))
    changes = DealChanges(fields={"return_state": states.review})
    review = case.decide(Verdict.REVIEW, reason, UpdateDeal(**case.step("review", reason), changes=changes))
    return review if review.actions else None


def _overdue(case: Case, returned: Effect) -> Decision | None:
    """Nobody has decided in time."""
    settings, asked = case.settings, case.story.approval
    if settings.approval_timeout is None or asked is None:
        return None
    days = case.days_since(asked.at)
    if days < settings.approval_timeout:
        return None
    if settings.on_timeout == "reject":
        return _reject(case, returned, overdue=days)
    successor = case.person(settings.escalate_to) if settings.escalate_to else None
    if settings.on_timeout == "escalate" and successor and successor != _approvers(case)[0]:
        facts = {"date": case.date(asked.at), "who": case.portal.name(successor)}
        return _hand_over(case, successor, say("reason.escalate", **facts))
    return case.decide(Verdict.OVERDUE, say("reason.overdue", date=case.date(asked.at)), attention=True)


def _task_missing(case: Case, task: Task | None) -> Decision | None:
    """Somebody deleted or cancelled the approval task: it is created once more, and only once."""
    if task is not None and not task.deleted and task.state is TaskState.OPEN:
        return None
    if not case.settings.recreate_approval or case.story.effect("approval_again"):
        return case.decide(Verdict.APPROVAL_LOST, say("reason.approval_lost"), attention=True)
    reason = say("reason.approval_again")
    again = approval_task(case, "approval_again", _approvers(case)[0], reason)
    return case.decide(Verdict.APPROVAL_AGAIN, reason, again, attention=True, notices=True)


def _waiting(case: Case, returned: Effect) -> Decision:
    """It is the supervisor's turn."""
    if unable := _unable(case, _candidates(case)):
        reason = say("reason.inactive_candidate", candidate=unable)
        return case.decide(Verdict.AWAITING, reason, attention=True)
    return case.decide(Verdict.AWAITING, say("reason.awaiting", date=case.date(returned.at)))


def _hand_over(case: Case, successor: Person, reason: Message) -> Decision:
    """Ask somebody else instead: the old task is cancelled, a new one created."""
    if not case.portal.is_active(successor):
        return case.decide(Verdict.OVERDUE, say("reason.no_approver"), attention=True)
    task = approval_task(case, "approval_escalated", successor, reason, suffix=successor.id)
    actions = (*cancel_task(case, reason), task)
    return case.decide(Verdict.ESCALATE, reason, *actions, attention=True, notices=True)


def _ask_again(
    case: Case, task: Task, verdict: Verdict, reason: Message, text: str, *, about: str = ""
) -> Decision:
    """Explain once why the decision cannot be carried out, and open the task again.

    The explanation comes first: were the task opened first and the run killed then, nobody would explain.
    """
    told = dict.fromkeys(
        one for one in (task.decided_by, _approvers(case)[0]) if one and case.portal.is_active(one)
    )
    actions: list[Notify | SetTaskState] = []
    if told:
        common = case.step("explain", reason, suffix=":".join(filter(None, (verdict.value, about))))
        actions.append(Notify(**common, people=tuple(told), text=text, hidden=case.settings.hidden_notices))
    if case.settings.reopen_incomplete or verdict is Verdict.NOT_ALLOWED:
        decided = task.decided_at.isoformat() if task.decided_at else "undated"
        suffix = f"{task.id}:{decided}"
        actions.append(move_task(case, "reopen", task.id, TaskState.OPEN, reason, suffix=suffix))
    return case.decide(verdict, reason, *actions, attention=True)


def _approved_note(case: Case, reason: Message, data: dict[str, Any]) -> AddComment:
    text = case.write("approved", candidate=data["candidate"], by=data["by"] or Message(key="person.unknown"))
    return note(case, "approved", text, reason)


def _rejected_note(case: Case, reason: Message, data: dict[str, Any]) -> AddComment:
    executors = data["owners"] or Message(key="person.nobody")
    if data["overdue"]:
        text = case.write("rejected_timeout", days=data["overdue"], executors=executors)
    else:
        text = case.write("rejected", executors=executors, by=data["by"] or Message(key="person.unknown"))
    if data["substituted"]:
        text += "\n" + case.write("rejected_substitute", executors=executors)
    return note(case, "rejected", text, reason)


def _reason_to_reject(data: dict[str, Any]) -> Message:
    return say("reason.timeout_reject", days=data["overdue"]) if data["overdue"] else say("reason.reject")


def _candidates(case: Case) -> tuple[Person, ...]:
    return people(case.deal.fields.get("new_assignee"))


def _unable(case: Case, candidates: tuple[Person, ...]) -> str:
    """Return the names of those who cannot take a deal."""
    return case.portal.names(tuple(one for one in candidates if not case.portal.is_active(one)))


def _approvers(case: Case) -> tuple[Person, ...]:
    """Return who may decide: first the one who was asked, then the supervisor and the listed others."""
    asked = case.story.approval
    first = people(asked.data["approver"]) if asked else ()
    listed = map(case.person, case.settings.approvers)
    return (*first, case.head(former_executors(case)), *listed)


def _may_decide(case: Case, task: Task) -> bool:
    by = task.decided_by
    if by is None:
        return False
    user = case.portal.user(by)
    is_admin = user is not None and user.is_admin and not user.is_robot
    return by in _approvers(case) or (is_admin and case.settings.admins_may_decide)


def _decider(case: Case, task: Task) -> str | Message:
    return case.portal.name(task.decided_by) if task.decided_by else Message(key="person.unknown")


def _plain(name: str | Message) -> str:
    return name if isinstance(name, str) else ""


def _substitute(case: Case, former: tuple[Person, ...]) -> tuple[Person, ...]:
    """Return who gets a rejected deal whose executor is gone: the fallback owner, else the supervisor."""
    asked = [case.person(case.settings.fallback_owner)] if case.settings.fallback_owner else []
    approver = case.approver(former)
    found = [one for one in (*asked, *((approver,) if approver else ())) if case.portal.is_active(one)]
    return tuple(found[:1])
