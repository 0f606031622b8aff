"""What the card of a company says, and what is wrong with it: empty, unreadable, contradictory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from crmkit.automation.messages import Message
from crmkit.crm.models import Company
from recipes.auto_deal.money import BadSum, read_sum
from recipes.auto_deal.naming import one_line
from recipes.auto_deal.settings import OWN_FIELDS, AutoDealSettings
from recipes.auto_deal.snapshot import Portal
from recipes.auto_deal.texts import say

__all__ = ["Card", "Problem", "Terms", "field_title", "read_card"]


CONTRADICTIONS = ("not_the_price", "no_own_cost", "outside_standard")
"""A cost beside a tariff that has a price of its own."""


@dataclass(frozen=True)
class Terms:
    """What was agreed with the client; ``amount`` is ``None`` where nobody said what it costs."""

    tariff: str = ""
    amount: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True)
class Problem:
    """Something to be corrected in the card.

    Attributes:
        name: The logical name of the field.
        why: ``empty``, or what is wrong with its value (``wrong.WHY`` in the catalogue).
        value: What it holds.
        more: What else the words about it need.
    """

    name: str
    why: str
    value: str = ""
    more: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def code(self) -> str:
        """What identifies it: the same problem is not told twice."""
        return ":".join(filter(None, (self.name, self.why, self.value)))

    def message(self, title: str | Message) -> Message:
        """Return it in words."""
        if self.why == "empty":
            return say("wrong.empty", field=title)
        why = say(f"wrong.{self.why}", **self.more)
        return say("wrong.value", field=title, value=self.value, why=why)


@dataclass(frozen=True)
class Card:
    """The card of a company as the recipe understands it.

    Attributes:
        terms: The tariff and what it costs.
        problems: What has to be corrected before a deal can be created.
        conflicts: What contradicts but holds nothing up.
    """

    terms: Terms
    problems: tuple[Problem, ...] = ()
    conflicts: tuple[Problem, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether a deal can be created from it."""
        return not self.problems


def read_card(company: Company, settings: AutoDealSettings, portal: Portal) -> Card:
    """Read the card of a company."""
    problems = list(_empty(company, settings))
    tariff, bad_tariff = _tariff(company, settings)
    amount, bad_cost = _cost(company, tariff, settings)
    reported = bad_cost is not None and bad_cost.why in CONTRADICTIONS and settings.standard_cost == "report"
    wrong = [one for one in (bad_tariff, None if reported else bad_cost) if one]
    told = {one.name for one in problems}
    problems += [one for one in wrong if one.name not in told]
    currency = settings.currency if amount is not None else ""
    conflicts = (bad_cost,) if reported and bad_cost else ()
    return Card(Terms(tariff, amount, currency), tuple(problems), conflicts)


def field_title(name: str, portal: Portal) -> str | Message:
    """Return how people know a field: by its name in the portal, or by ours for what has no custom field."""
    spec = portal.card.get(name)
    if spec is not None and spec.name:
        return spec.name
    return say(f"field.{name}") if name in (*OWN_FIELDS, "tariff", "cost") else name


def _empty(company: Company, settings: AutoDealSettings) -> Iterator[Problem]:
    """Yield the required fields without a value, in the order of the settings."""
    own = {
        "name": company.name,
        "email": company.email,
        "phone": company.phone,
        "contact": company.contacts,
        "responsible": company.assignees,
    }
    for name in dict.fromkeys(settings.required):
        value = own[name] if name in own else company.fields.get(name)
        if value is None or value == () or (isinstance(value, str) and not value.strip()):
            yield Problem(name, "empty")


def _tariff(company: Company, settings: AutoDealSettings) -> tuple[str, Problem | None]:
    value = company.fields.get("tariff")
    values = [one_line(str(one)) for one in (value if isinstance(value, tuple | list) else (value,)) if one]
    if len(values) > 1:
        return "", Problem("tariff", "several", ", ".join(values))
    tariff = values[0] if values else ""
    known = {name.casefold(): name for name in (*settings.tariffs, settings.individual)}
    tariff = known.get(tariff.casefold(), tariff)
    if tariff and settings.tariffs and tariff.casefold() not in known:
        names = ", ".join(settings.tariffs)
        return tariff, Problem("tariff", "no_tariff", tariff, {"known": names})
    return tariff, None


def _cost(company: Company, tariff: str, settings: AutoDealSettings) -> tuple[Decimal | None, Problem | None]:
    """Return what the tariff costs this company, and what is wrong with what the card says about it."""
    value = company.fields.get("cost")
    individual = tariff == settings.individual
    price = settings.tariffs[tariff].price if tariff in settings.tariffs else None
    if value is None or value == () or (isinstance(value, str) and not value.strip()):
        needed = individual or "cost" in settings.required
        return price, Problem("cost", "empty") if needed and price is None else None
    found = read_sum(value, settings.currency, may_be_zero=settings.zero_cost)
    if isinstance(found, BadSum):
        return price, Problem("cost", found.why, _written(value), {"currency": settings.currency})
    why = _disagreement(found.amount, tariff, settings)
    if why is None:
        return found.amount, None
    return price, Problem("cost", why, _written(value), _bounds(tariff, settings))


def _disagreement(amount: Decimal, tariff: str, settings: AutoDealSettings) -> str | None:
    """Return how a cost contradicts the tariff; ``None`` if it does not."""
    row = settings.tariffs.get(tariff)
    if tariff == settings.individual:
        return None if row is None or row.allows(amount) else "outside"
    if not tariff:
        return None
    if row is None:
        return "no_own_cost"
    if row.allows(amount) and (row.is_corridor or row.price is not None):
        return None
    return "outside_standard" if row.is_corridor else "no_own_cost" if row.price is None else "not_the_price"


def _bounds(tariff: str, settings: AutoDealSettings) -> dict[str, Any]:
    row = settings.tariffs.get(tariff)
    least, most, price = (row.least, row.most, row.price) if row else (None, None, None)
    shown = {"least": least, "most": most, "price": price}
    return {
        "tariff": tariff,
        **{name: "…" if value is None else f"{value.normalize():f}" for name, value in shown.items()},
    }


def _written(value: Any) -> str:
    parts = value if isinstance(value, tuple | list) else (value,)
    return one_line(", ".join(map(str, parts)))
