"""What is written into the portal: the record, its end, the fields, the comments or the one living card."""

from __future__ import annotations

from typing import Any

from crmkit.automation.actions import (
    Action,
    AddComment,
    CloseStep,
    EditComment,
    Notify,
    RecordStep,
    UpdateDeal,
    UpdateStep,
    created,
)
from crmkit.automation.messages import Message
from crmkit.crm.models import DealChanges, NewStep, Person, Ref, StepChanges
from recipes.next_step.case import NAME, Case
from recipes.next_step.form import fingerprint
from recipes.next_step.story import Told

__all__ = ["clear", "closing", "follow", "planning", "reassign", "restore", "tell"]

LOUD = ("done", "refused", "reminder", "no_result", "moved_to", "cancelled", "deleted", "insists")
"""What the level ``log`` writes; ``all`` writes plans and moves too."""


def planning(
    case: Case, reason: Message, *, card: dict[str, Any] | None = None, **cleared: Any
) -> tuple[Action, ...]:
    """Return what records the step that the fields mean, after filling in what nobody gave.

    Args:
        case: The deal.
        reason: Why.
        card: What the card says if it is made for this.
        **cleared: Further fields to be written in the same go.
    """
    draft, number = case.draft, case.story.number
    meant = dict(zip(("step_kind", "step_goal", "step_date", "step_period"), draft.plan, strict=True))
    shown = dict(zip(meant, case.form.plan, strict=True))
    missing = {name: value for name, value in meant.items() if value and value != shown[name]}
    fields = case.fields(**missing, **cleared)
    data = {
        "number": number,
        "kind": draft.kind,
        "goal": draft.goal,
        "day": draft.day,
        "period": draft.period,
        "start": draft.start,
        "end": draft.end,
        "who": case.owner,
        "title": case.deal.title,
        "url": case.deal.url,
    }
    holder, first = _holder(case, reason, card or {"now": planned_line(case)})
    record = NewStep(
        deal=case.snapshot.ref,
        kind=draft.kind,
        goal=draft.goal,
        start=draft.start,
        end=draft.end,
        color=case.settings.color_of(draft.kind),
        assignee=case.owner,
        comment=holder,
    )
    writes: list[Action] = [*first]
    if fields:
        step = case.step("fill", reason, suffix=str(number))
        writes.append(UpdateDeal(**step, changes=DealChanges(fields=fields)))
    writes.append(RecordStep(**case.step("record", reason, suffix=str(number), **data), record=record))
    return tuple(writes)


def record_key(case: Case) -> str:
    """Return the key of the record that :func:`planning` makes."""
    return f"{NAME}:{case.snapshot.ref}:{case.story.episode}:record:{case.story.number}"


def closing(
    case: Case, reason: Message, label: str, step_id: str, result: str, *, step: str = "close"
) -> tuple[Action, ...]:
    """Return what completes a record."""
    suffix = f"{label}:{fingerprint(result)}"
    common = case.step(step, reason, suffix=suffix, result=result, label=label)
    return (CloseStep(**common, step_id=step_id, result=result),)


def clear(case: Case, reason: Message, label: str, *, all_of_them: bool = True) -> tuple[Action, ...]:
    """Return what empties the fields for the next step, or only the result."""
    names = ("step_kind", "step_goal", "step_date", "step_period") if all_of_them else ()
    fields = case.fields(**dict.fromkeys((*names, "step_result")))
    # How often it was emptied is part of the key: a result that is typed again is taken away again.
    step = case.step("clear", reason, suffix=f"{label}:{case.memory.count('clear')}")
    return (UpdateDeal(**step, changes=DealChanges(fields=fields)),)


def restore(case: Case, reason: Message, told: Told, step: str, suffix: str, **data: Any) -> UpdateDeal:
    """Return what puts the recorded step back into the fields."""
    kind, goal, day, period = (value or None for value in told.plan)
    fields = case.fields(step_kind=kind, step_goal=goal, step_date=day, step_period=period)
    return UpdateDeal(**case.step(step, reason, suffix=suffix, **data), changes=DealChanges(fields=fields))


def follow(case: Case, reason: Message, told: Told, **data: Any) -> UpdateDeal:
    """Return what lets the fields show what somebody changed in the record."""
    moved = Told(told.number, told.id, {**told.data, **data})
    suffix = f"{told.label}:{case.memory.count('follow')}"
    return restore(case, reason, moved, "follow", suffix, **data)


def reassign(case: Case, reason: Message, told: Told, who: Person) -> tuple[Action, ...]:
    """Return what gives the record to whoever is responsible now."""
    suffix = f"{told.label}:{who.id}:{case.memory.count('reassign')}"
    step = case.step("reassign", reason, suffix=suffix, who=who)
    return (UpdateStep(**step, step_id=told.id, changes=StepChanges(assignee=who)),)


def tell(
    case: Case,
    reason: Message,
    what: str,
    text: str,
    *,
    suffix: str,
    people: tuple[Person, ...] = (),
    step: str = "",
    **state: Any,
) -> tuple[Action, ...]:
    """Return what tells people something, as loudly as the settings allow.

    Args:
        case: The deal.
        reason: Why.
        what: What is told; ``LOUD`` says from which level on.
        text: It in words.
        suffix: What tells this telling apart from others.
        people: Who is notified, where a comment of its own is written.
        step: The name of the step, ``what`` by default.
        **state: ``now`` and ``last``: the lines of the card that change.
    """
    noise = case.settings.noise
    if noise == "card":
        return _card(case, reason, {**case.story.card_state, "note": text, **state})
    if noise == "none" or (noise == "log" and what not in LOUD):
        return ()
    common = case.step(step or what, reason, suffix=suffix)
    if people:
        return (Notify(**common, people=people, text=text),)
    return (AddComment(**common, text=text),)


def _card(case: Case, reason: Message, state: dict[str, Any]) -> tuple[Action, ...]:
    lines = [case.write("card"), *(state.get(name) or "" for name in ("now", "last", "note"))]
    text = "\n".join(filter(None, lines))
    card = case.story.card
    if card is None:
        return (AddComment(**_first(case, reason, state), text=text),)
    if case.story.card_state == state:
        return ()
    # The same state may come back: how often the card was changed is part of the key.
    step = case.step("card_edit", reason, suffix=str(case.memory.count("card_edit")), **state)
    return (EditComment(**step, comment_id=card.remote_id, text=text),)


def _first(case: Case, reason: Message, state: dict[str, Any]) -> dict[str, Any]:
    """Return what the card has in common with other actions; its key is the same in all rounds."""
    return {**case.step("card", reason, **state), "key": f"{NAME}:{case.snapshot.ref}:card"}


def _holder(case: Case, reason: Message, state: dict[str, Any]) -> tuple[Ref | None, tuple[Action, ...]]:
    """Return the comment that holds the record, and what makes it: with a card, there is no other comment."""
    if case.settings.noise != "card":
        return None, ()
    card = case.story.card
    if card is not None:
        return Ref(kind="comment", id=card.remote_id), ()
    made = _card(case, reason, state)
    return created(made[0].key, "comment"), made


def planned_line(case: Case) -> str:
    """Return the line that tells of the step that the fields mean."""
    draft = case.draft
    who = case.snapshot.portal.name(case.owner)
    when = case.when(draft.start, draft.end)
    return case.write("planned", kind=draft.kind, goal=draft.goal, when=when, who=who)
