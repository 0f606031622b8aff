"""Companies that have their deal: what is still owed to it, and what has changed since.

Whatever a person writes into the deal stays: only what still is as we wrote it is written again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from crmkit.automation.actions import Action, UpdateDeal, created
from crmkit.automation.memory import Effect
from crmkit.automation.messages import Message
from crmkit.automation.recipe import Decision
from crmkit.crm.models import Deal, DealChanges
from recipes.auto_deal.asking import end_task
from recipes.auto_deal.card import Terms
from recipes.auto_deal.case import Case
from recipes.auto_deal.making import deal_fields, follow_on, new_deal
from recipes.auto_deal.naming import one_line
from recipes.auto_deal.texts import say
from recipes.auto_deal.verdicts import Verdict

__all__ = ["adopt", "keep"]


def keep(case: Case) -> Decision | None:
    """Look after the deal that we created for this period; ``None`` if there is none."""
    effect = case.story.deal(case.period)
    if effect is None:
        return None
    deal = case.snapshot.deal(effect.remote_id)
    if deal is None:
        return _deal_is_gone(case)
    return (
        _owed(case, deal) or _new_terms(case, effect, deal) or _renamed(case, deal) or _all_well(case, deal)
    )


def adopt(case: Case) -> Decision | None:
    """Take the deal that a person has created for the company and the period for the one."""
    deal = next((one for one in case.snapshot.deals if _is_of_period(case, one)), None)
    if deal is None:
        return None
    reason = say("reason.adopted", title=deal.title)
    steps: tuple[Action, ...] = ()
    terms = case.card.terms
    if case.settings.steps_after_adoption:
        key = case.step("deal", reason)["key"]
        steps = follow_on(case, key, deal.ref, terms, case.month, first=not case.story.deals)
    title = case.title(terms, case.month)
    named = one_line(deal.title) == title
    if not named and case.settings.rename_adopted and deal.open and case.card.is_complete:
        steps = (_rename(case, deal, title, say("reason.rename_adopted", title=title)), *steps)
    evidence = () if named or not terms.tariff else (say("evidence.title_differs", title=title),)
    return case.decide(Verdict.ADOPTED, reason, *end_task(case, reason), *steps, evidence=evidence, deal=deal)


def _deal_is_gone(case: Case) -> Decision:
    """A person deleted it: that is a decision, so it is not created a second time."""
    reason = say("reason.deal_deleted")
    return case.decide(Verdict.DEAL_DELETED, reason, *end_task(case, reason), attention=True)


def _owed(case: Case, deal: Deal) -> Decision | None:
    """Carry on a chain that broke off: the task that asked is closed, the steps are started."""
    reason = say("reason.steps", title=deal.title)
    left = tuple(action for action in _chain(case, reason) if not case.story.has(action.key))
    return case.decide(Verdict.STEPS, reason, *left, deal=deal) if left else None


def _chain(case: Case, reason: Message) -> Iterator[Action]:
    yield from end_task(case, reason)
    for place, effect in enumerate(case.story.deals):
        facts = effect.data
        terms, month = Terms(facts.get("tariff", ""), facts.get("amount")), facts.get("month", case.month)
        yield from follow_on(case, effect.key, created(effect.key), terms, month, first=place == 0)


def _new_terms(case: Case, effect: Effect, deal: Deal) -> Decision | None:
    """The tariff or the cost in the card is another than when the deal was made."""
    wrote, terms = case.story.written(deal.id), case.card.terms
    before = Terms(wrote.get("tariff", ""), wrote.get("amount"))
    if not case.card.is_complete or not deal.open or (before.tariff, before.amount) == _pair(terms):
        return None
    told = {"before": _told(before), "after": _told(terms)}
    policy, by_hand = case.settings.terms_changed, _edited(case, deal, wrote)
    undone = case.story.took_back("update", deal=deal.id, tariff=terms.tariff, amount=terms.amount)
    if policy == "report" or by_hand or undone or case.responsible is None:
        reason = say("reason.changed_by_hand" if by_hand else "reason.changed", **told)
        return case.decide(Verdict.CHANGED, reason, attention=not _agrees(deal, terms), deal=deal)
    reason = say("reason.update", **told)
    if policy == "new_deal":
        create = new_deal(case, case.responsible, reason)
        steps = follow_on(case, create.key, created(create.key), terms, case.month, first=False)
        return case.decide(Verdict.SUCCEED, reason, create, *steps, deal=deal)
    update = _with_new_terms(case, deal, effect.data.get("month", case.month), reason)
    return case.decide(Verdict.UPDATE, reason, update, deal=deal)


def _with_new_terms(case: Case, deal: Deal, month: date, reason: Message) -> UpdateDeal:
    """Return the change to the terms of the card: tariff, cost, amount, and the title if it is ours."""
    terms = case.card.terms
    title, fields = case.title(terms, month), deal_fields(case, terms, month)
    changes: dict[str, Any] = {
        "fields": {name: fields.get(name) for name in ("tariff", "cost") if name in case.portal.fields}
    }
    if _is_ours(case, deal):
        changes["title"] = title
    if terms.amount is not None:
        changes["amount"] = terms.amount
    facts = {"deal": deal.id, "title": title, "tariff": terms.tariff, "amount": terms.amount}
    step = case.step("update", reason, suffix=case.next("update"), **facts)
    return UpdateDeal(**step, on=deal.ref, changes=DealChanges(**changes))


def _renamed(case: Case, deal: Deal) -> Decision | None:
    """The company has another name: its open deals follow, unless somebody has named them by hand."""
    late = tuple(_with_old_name(case))
    if not late or case.settings.renamed == "leave":
        return None
    reason = say("reason.renamed", name=case.company.name)
    if case.settings.renamed == "report":
        return case.decide(Verdict.RENAMED, reason, attention=True, deal=deal)
    renames = (_rename(case, one, title, reason, place) for place, (one, title) in enumerate(late))
    return case.decide(Verdict.RENAME, reason, *renames, deal=deal)


def _with_old_name(case: Case) -> Iterator[tuple[Deal, str]]:
    """Yield our open deals whose title we would write otherwise today, and that title."""
    for effect in case.story.deals:
        deal, wrote = case.snapshot.deal(effect.remote_id), case.story.written(effect.remote_id)
        if deal is None or not deal.open or not _is_ours(case, deal):
            continue
        title = case.title(Terms(wrote.get("tariff", ""), wrote.get("amount")), wrote["month"])
        undone = case.story.took_back("rename", deal=deal.id, title=title)
        if title != one_line(deal.title) and one_line(case.company.name) and not undone:
            yield deal, title


def _rename(case: Case, deal: Deal, title: str, reason: Message, place: int = 0) -> UpdateDeal:
    number = case.story.times("rename") + 1 + place
    step = case.step("rename", reason, suffix=str(number), deal=deal.id, title=title)
    return UpdateDeal(**step, on=deal.ref, changes=DealChanges(title=title))


def _all_well(case: Case, deal: Deal) -> Decision:
    problems = tuple(say("evidence.card", problem=case.told(one)) for one in case.card.problems)
    reason = say("reason.done", title=deal.title)
    return case.decide(Verdict.DONE, reason, evidence=problems, deal=deal)


def _is_of_period(case: Case, deal: Deal) -> bool:
    """Tell whether a deal that we did not create is the one of the period: by its field, title or date."""
    if any(effect.remote_id == deal.id for effect in case.story.deals):
        return False
    if not case.period:
        return True
    value = deal.fields.get("service_from") or deal.fields.get("month")
    text = case.month_text(case.month)
    if isinstance(value, date):
        return (value.year, value.month) == (case.month.year, case.month.month)
    if isinstance(value, str) and value.strip():
        return one_line(value).casefold() == text.casefold()
    if text.casefold() in deal.title.casefold():
        return True
    return deal.created_at is not None and f"{case.day(deal.created_at):%Y-%m}" == case.period


def _is_ours(case: Case, deal: Deal) -> bool:
    """Tell whether a deal is still called as we called it last."""
    return one_line(deal.title) == one_line(str(case.story.written(deal.id).get("title", "")))


def _edited(case: Case, deal: Deal, wrote: dict[str, Any]) -> bool:
    """Tell whether a person has changed the tariff or the amount of the deal since we wrote them."""
    tariff = deal.fields.get("tariff")
    if "tariff" in case.portal.fields and (tariff or "") != wrote.get("tariff", ""):
        return True
    return deal.amount is not None and wrote.get("amount") is not None and deal.amount != wrote["amount"]


def _agrees(deal: Deal, terms: Terms) -> bool:
    """Tell whether the deal says already what the card says."""
    return deal.fields.get("tariff") == terms.tariff and deal.amount in (None, terms.amount)


def _pair(terms: Terms) -> tuple[str, Decimal | None]:
    return terms.tariff, terms.amount


def _told(terms: Terms) -> str:
    return terms.tariff if terms.amount is None else f"{terms.tariff}, {terms.amount.normalize():f}"
