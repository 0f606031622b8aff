"""The deal of a company, and what is started once it is there."""

from __future__ import annotations

import calendar
from datetime import date
from typing import Any

from crmkit.automation.actions import Action, CreateDeal, CreateTask, StartWorkflow
from crmkit.automation.messages import Message
from crmkit.crm.models import FieldSpec, NewDeal, NewTask, Person, Ref
from recipes.auto_deal.card import Terms
from recipes.auto_deal.case import Case
from recipes.auto_deal.naming import fill
from recipes.auto_deal.settings import AutoDealSettings, Step
from recipes.auto_deal.texts import say

__all__ = ["deal_fields", "follow_on", "misfit", "new_deal", "step_key", "steps_of"]


def new_deal(case: Case, responsible: Person, reason: Message) -> CreateDeal:
    """Return the deal: named by the template, in its pipeline and stage, with the terms of the card."""
    terms, portal = case.card.terms, case.portal
    title = case.title(terms, case.month)
    deal = NewDeal(
        title=title,
        pipeline=portal.pipeline,
        stage=portal.stage,
        company=case.company.ref,
        contacts=case.company.contacts,
        assignees=(responsible,),
        amount=terms.amount,
        currency=terms.currency,
        fields=deal_fields(case, terms, case.month),
    )
    facts: dict[str, Any] = {
        "period": case.period,
        "month": case.month,
        "title": title,
        "company": case.company.name,
        "tariff": terms.tariff,
        "amount": terms.amount,
        "who": responsible,
    }
    again = case.story.times("deal") - _of_other_periods(case)
    suffix = str(again + 1) if again else ""
    return CreateDeal(**case.step("deal", reason, suffix=suffix, **facts), deal=deal)


def deal_fields(case: Case, terms: Terms, month: date) -> dict[str, Any]:
    """Return the custom fields of the deal, as far as the portal has them."""
    last = date(month.year, month.month, calendar.monthrange(month.year, month.month)[1])
    values: dict[str, Any] = {
        "tariff": terms.tariff or None,
        "cost": terms.amount,
        "month": month,
        "service_from": month,
        "service_to": last,
        **{name: case.company.fields.get(name) for name in case.settings.copy_fields},
    }
    specs = case.portal.fields
    fitting = {name: _fit(case, specs[name], value) for name, value in values.items() if name in specs}
    return {name: value for name, value in fitting.items() if value is not None}


def misfit(case: Case) -> tuple[FieldSpec, Any] | None:
    """Return a field of the deal that has no such option as the card names, if there is one."""
    for name, value in deal_fields(case, case.card.terms, case.month).items():
        spec = case.portal.fields[name]
        if spec.type == "choice" and spec.options and value not in spec.options:
            return spec, value
    return None


def follow_on(
    case: Case, deal_key: str, deal: Ref, terms: Terms, month: date, *, first: bool
) -> tuple[Action, ...]:
    """Return the steps that follow a deal; of a chain that broke off, the memory leaves out what was done.

    Args:
        case: The company.
        deal_key: The key of the action that created the deal: each deal has steps of its own.
        deal: The deal, or the reference to what that action is going to create.
        terms: What the deal is about.
        month: Its month.
        first: Whether it is the first deal of the company.
    """
    steps = steps_of(case.settings, terms.tariff, first=first)
    return tuple(_start(case, step, step_key(deal_key, step), deal, (terms, month)) for step in steps)


def steps_of(settings: AutoDealSettings, tariff: str, *, first: bool) -> tuple[Step, ...]:
    """Return the steps that follow a deal of this tariff."""
    return tuple(
        step
        for step in settings.steps
        if (first or not step.first_only) and (not step.tariffs or tariff in step.tariffs)
    )


def step_key(deal_key: str, step: Step) -> str:
    """Return the key of a step that follows the deal with this key.

    Example:
        >>> step_key("auto_deal:7:deal:2", Step(name="documents", title="Документы"))
        'auto_deal:7:next_documents:2'
    """
    head, _, number = deal_key.rpartition(":deal")
    return f"{head}:next_{step.name}{number}"


def _start(case: Case, step: Step, key: str, deal: Ref, about: tuple[Terms, date]) -> Action:
    reason = say("reason.step", deal=case.company.name, step=step.name)
    common = {**case.step(f"next_{step.name}", reason), "key": key}
    if step.do == "workflow":
        template = case.portal.templates.get(step.template, step.template)
        return StartWorkflow(**common, on=deal, template=template)
    who = _person(step.who) if step.who else case.responsible
    task = NewTask(
        title=case.title(*about, step.title),
        text=fill(step.text, case.parts(*about)),
        kind=case.settings.task_kind,
        assignees=(case.portal.named(who),) if who else (),
        deal=deal,
        company=case.company.ref,
        deadline=case.calendar.after(case.now, step.days, "working") if step.days else None,
        checklist=step.checklist,
    )
    return CreateTask(**common, task=task)


def _fit(case: Case, spec: FieldSpec, value: Any) -> Any:
    """Return a value as its field can hold it: a month as a day or in words, an option as it is spelled."""
    if isinstance(value, date) and spec.type not in ("date", "datetime"):
        return case.month_text(value) if spec.key == "month" else f"{value:%d.%m.%Y}"
    if isinstance(value, str) and spec.type == "choice":
        return next((one for one in spec.options if one.casefold() == value.casefold()), value)
    return value


def _of_other_periods(case: Case) -> int:
    effects = (*case.memory.effects, *case.memory.undone)
    return sum(e.step == "deal" and e.data.get("period", "") != case.period for e in effects)


def _person(reference: str) -> Person:
    return Person(kind="user", id=reference.partition(":")[2])
