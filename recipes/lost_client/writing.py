"""What is written into the portal: the mark, its way back, the entries in the histories, the questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crmkit.automation.actions import Action, AddComment, CreateTask, UpdateCard
from crmkit.automation.memory import Effect
from crmkit.automation.messages import Message
from crmkit.crm.models import Deal, NewTask, Ref
from recipes.lost_client.case import Case
from recipes.lost_client.losses import Loss, Meaning, clients_of, is_won
from recipes.lost_client.texts import say

__all__ = ["ask_about", "ask_reasons", "ask_review", "mark", "restore", "take_back"]


def mark(case: Case, reason: Message, facts: Mapping[str, Any], *, before: Any) -> tuple[Action, ...]:
    """Return what marks the client and tells it in the histories of the deal and of the client.

    Args:
        case: The client.
        reason: Why, for the ledger.
        facts: The lost deal, its reason and the value: what is remembered of the mark.
        before: The value so far.
    """
    field, value = case.settings.field, facts["value"]
    params = {
        "field": case.snapshot.portal.target.name or field,
        "client": case.client.name,
        "before": case.shown(before),
        "after": case.shown(value),
        "reason": facts["reason"],
        "deal": facts["title"],
        "url": case.settings.video_url,
    }
    step = case.step("mark", reason, **facts)
    deal = Ref(kind="deal", id=facts["deal"], name=facts["title"])
    return (
        UpdateCard(**step, fields={field: value}),
        AddComment(**case.step("mark_deal", reason), on=deal, text=case.write("marked_deal", **params)),
        AddComment(**case.step("mark_client", reason), text=case.write("marked_client", **params)),
    )


def restore(case: Case, reason: Message, why: Message, marked: Effect) -> tuple[Action, ...]:
    """Return what puts the former value back and tells it in the same histories."""
    field = case.settings.field
    before = marked.before.get(field)
    params = {
        "field": case.snapshot.portal.target.name or field,
        "client": case.client.name,
        "before": case.shown(marked.after.get(field)),
        "after": case.shown(before),
        "why": why,
        "url": case.settings.video_url,
    }
    deal = Ref(kind="deal", id=marked.data["deal"], name=marked.data["title"])
    return (
        UpdateCard(**case.step("restore", reason, why=why), fields={field: before}),
        AddComment(**case.step("restore_deal", reason), on=deal, text=case.write("restored", **params)),
        AddComment(**case.step("restored", reason), text=case.write("restored", **params)),
    )


def take_back(case: Case, marked: Effect) -> Message | None:
    """Return why a mark has to be taken back, or ``None`` if it has not."""
    losses = {one.deal.id: one for one in case.losses if one.meaning is Meaning.MARKS}
    cause = next((one for one in case.snapshot.deals if one.id == marked.data["deal"]), None)
    if case.alive:
        return _came_back(case, case.alive[0], cause)
    if losses:  # this one or another: the client stays lost
        return None
    if cause is None or cause.deleted:
        return say("why.deleted")
    if case.snapshot.ref not in clients_of(cause, case.settings):
        return say("why.left", deal=cause.title)
    return say("why.other_reason", deal=cause.title)


def _came_back(case: Case, alive: Deal, cause: Deal | None) -> Message:
    if cause is not None and cause.open:
        return say("why.reopened", deal=cause.title)
    if is_won(alive, case.settings):
        return say("why.won", deal=alive.title)
    return say("why.new_deal", deal=alive.title)


def ask_about(case: Case, reason: Message, loss: Loss) -> tuple[Action, ...]:
    """Return the question whether a client with other deals is lost; empty if there is nobody to ask."""
    others = "\n".join(
        f"- {one.title}, {one.stage.name or one.stage.id if one.stage else '-'}" for one in case.alive
    )
    text = case.write(
        "decide",
        client=case.client.name,
        deal=loss.deal.title,
        reason=loss.reason,
        others=others,
        field=case.snapshot.portal.target.name or case.settings.field,
        value=loss.rule.value,
        url=case.settings.video_url,
    )
    title = case.write("decide_title", client=case.client.name)
    return _task(case, "ask", reason, loss.deal, title=title, text=text, token=loss.token)


def ask_reasons(case: Case, reason: Message, untold: Iterable[Loss]) -> tuple[Action, ...]:
    """Return the questions why deals were lost, one for each."""
    if case.settings.ask_reason == "list":
        return ()
    asked: list[Action] = []
    for loss in untold:
        params = {"deal": loss.deal.title, "client": case.client.name}
        title = case.write("reason_title", **params)
        text = case.write("reason", **params)
        asked += _task(case, "ask_reason", reason, loss.deal, title=title, text=text, token=loss.token)
    return tuple(asked)


def ask_review(case: Case, reason: Message, marked: Effect) -> tuple[Action, ...]:
    """Return the question whether the client is still lost after so many months."""
    cause = next((one for one in case.snapshot.deals if one.id == marked.data["deal"]), None)
    deal = cause or Deal(id=marked.data["deal"], title=marked.data["title"], open=False)
    params = {
        "client": case.client.name,
        "deal": deal.title,
        "date": case.date(marked.at),
        "reason": marked.data["reason"],
        "field": case.snapshot.portal.target.name or case.settings.field,
    }
    title = case.write("review_title", **params)
    return _task(case, "expired", reason, deal, title=title, text=case.write("review", **params))


def _task(
    case: Case, step: str, reason: Message, deal: Deal, *, title: str, text: str, token: str = ""
) -> tuple[Action, ...]:
    who = case.responsible(deal)
    if who is None:
        return ()
    task = NewTask(
        title=title,
        text=text,
        kind=case.settings.task_kind,
        assignees=(who,),
        deal=deal.ref,
        deadline=case.deadline,
    )
    return (
        CreateTask(**case.step(step, reason, suffix=token or deal.id, deal=deal.id, loss=token), task=task),
    )
