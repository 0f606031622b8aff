"""One company at one moment, with everything that a rule may ask about it, and the words to answer in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from crmkit.automation.actions import Action
from crmkit.automation.calendar import WorkCalendar
from crmkit.automation.memory import Memory
from crmkit.automation.messages import Message, written
from crmkit.automation.recipe import Decision
from crmkit.crm.models import Company, Deal, Person
from recipes.auto_deal.card import Card, Problem, Terms, field_title, read_card
from recipes.auto_deal.naming import first_of_month, month_name, title_of
from recipes.auto_deal.settings import AutoDealSettings
from recipes.auto_deal.snapshot import Portal, Snapshot
from recipes.auto_deal.story import Story
from recipes.auto_deal.texts import say
from recipes.auto_deal.verdicts import Verdict

__all__ = ["NAME", "Case"]

NAME = "auto_deal"


@dataclass(frozen=True)
class Case:
    """A company, the moment, the settings and the memory."""

    settings: AutoDealSettings
    snapshot: Snapshot
    now: datetime
    memory: Memory

    @property
    def company(self) -> Company:
        """The company as it is now."""
        return self.snapshot.company

    @property
    def portal(self) -> Portal:
        """Where it lives."""
        return self.snapshot.portal

    @cached_property
    def story(self) -> Story:
        """What was done so far."""
        return Story(self.memory)

    @cached_property
    def card(self) -> Card:
        """What the card of the company says."""
        return read_card(self.company, self.settings, self.portal)

    @cached_property
    def calendar(self) -> WorkCalendar:
        """The calendar of the portal's people."""
        return self.settings.calendar(self.portal.timezone)

    # Days and months

    def day(self, moment: datetime) -> date:
        """Return the day of a moment in the portal's time zone."""
        return self.calendar.local(moment).date()

    @property
    def created_on(self) -> date:
        """The day on which the company was created."""
        return self.day(self.company.created_at or self.now)

    @cached_property
    def service(self) -> tuple[date | None, date | None]:
        """The first and the last day of the service, as far as the card tells."""
        start, end = (self._day_in(name) for name in ("service_start", "service_end"))
        return start, end

    @cached_property
    def month(self) -> date:
        """The month that a deal created now belongs to, as its first day."""
        if self.settings.mode == "monthly" or self.settings.month_of == "created":
            return first_of_month(self.day(self.now))
        if self.settings.month_of == "service" and self.service[0] is not None:
            return first_of_month(self.service[0])
        return first_of_month(self.created_on)

    @property
    def period(self) -> str:
        """What a deal is the only one for: a month of service, or the whole time."""
        return f"{self.month:%Y-%m}" if self.settings.mode == "monthly" else ""

    def month_text(self, month: date) -> str:
        """Return a month as it is written into titles and fields."""
        return month_name(month, self.portal.language, self.settings.month_format)

    def _day_in(self, name: str) -> date | None:
        value = self.company.fields.get(name)
        if isinstance(value, datetime):
            return self.day(value)
        return value if isinstance(value, date) else None

    # People

    @cached_property
    def responsible(self) -> Person | None:
        """Who is responsible for the deal: the company's, else by the tariff, else in turn; if active."""
        return next((self.portal.named(one) for one in self._responsibles()), None)

    @property
    def inherits(self) -> bool:
        """Whether the responsible of the company is the one of the deal."""
        return self.responsible is not None and self.responsible in self.company.assignees

    def _responsibles(self) -> Iterator[Person]:
        company = self.company.assignees if self.settings.inherit else ()
        yield from filter(self.portal.is_active, company)
        ruled = self.settings.by_tariff.get(self.card.terms.tariff)
        yield from filter(self.portal.is_active, map(_user, (ruled,) if ruled else ()))
        in_turn = tuple(dict.fromkeys(self._stand_ins()))
        if in_turn:
            digits = "".join(filter(str.isdigit, self.company.id)) or "0"
            yield in_turn[int(digits) % len(in_turn)]

    def _stand_ins(self) -> Iterator[Person]:
        for reference in self.settings.fallback:
            kind, _, number = reference.partition(":")
            people = self.portal.members(number) if kind == "group" else (_user(reference),)
            yield from filter(self.portal.is_active, people)

    # Words

    def title(self, terms: Terms, month: date, template: str = "") -> str:
        """Return what a deal is called, or what else a template gives in one line."""
        template = template or self.settings.title
        return title_of(template, self.parts(terms, month), self.settings.title_length)

    def parts(self, terms: Terms, month: date) -> dict[str, str]:
        """Return what the placeholders of templates stand for."""
        cost = "" if terms.amount is None else f"{terms.amount:,.2f}".replace(",", " ").replace(".", ",")
        return {
            "company": self.company.name,
            "tariff": terms.tariff,
            "month": self.month_text(month),
            "cost": cost.removesuffix(",00"),
            "responsible": self.responsible.name if self.responsible else "",
        }

    def told(self, problem: Problem) -> Message:
        """Return a problem in words."""
        return problem.message(field_title(problem.name, self.portal))

    def write(self, name: str, **params: Any) -> str:
        """Return a text for the portal, in the integrator's wording where there is one."""
        own, language = self.settings.texts.get(name), self.portal.language
        if own is not None:
            return written(own, language, **params)
        return say(f"text.{name}", **params).render(language)

    # Decisions

    def step(self, step: str, reason: Message, *, suffix: str = "", **data: Any) -> dict[str, Any]:
        """Return what all actions of a step have in common, its key above all.

        The key names company, pipeline and period, so that whoever runs the recipe, however often, makes one
        deal of them.
        """
        parts = (NAME, self.company.id, self.portal.pipeline, self.period, step, suffix)
        return {
            "key": ":".join(filter(None, parts)),
            "step": step,
            "episode": int(f"{self.month:%Y%m}") if self.period else 1,
            "entity": self.company.ref,
            "reason": reason,
            "data": data,
        }

    def next(self, step: str) -> str:
        """Return what tells the next effect of a step that may happen several times from the others."""
        return str(self.story.times(step) + 1)

    def decide(
        self,
        verdict: Verdict,
        reason: Message,
        *actions: Action,
        attention: bool = False,
        not_before: datetime | None = None,
        look_again: datetime | None = None,
        evidence: tuple[Message, ...] = (),
        deal: Deal | None = None,
    ) -> Decision:
        """Return a decision; steps that the memory confirms are left out, so that nothing is done twice."""
        left = tuple(action for action in actions if not self.story.has(action.key))
        conflicts = tuple(say("evidence.conflict", problem=self.told(one)) for one in self.card.conflicts)
        return Decision(
            verdict=verdict,
            reason=reason,
            evidence=(*evidence, *conflicts),
            actions=left,
            not_before=not_before,
            look_again=look_again or not_before,
            attention=attention or bool(conflicts),
            counted=any(action.step == "deal" for action in left),
            facts=self.facts(deal),
        )

    def facts(self, deal: Deal | None) -> dict[str, Any]:
        """Return what the reports count by."""
        settings, created = self.settings, self.created_on
        since, until = settings.since, settings.until
        return {
            "created": created,
            "in_period": (since is None or created >= since) and (until is None or created <= until),
            "tariff": self.card.terms.tariff,
            "amount": self.card.terms.amount,
            "responsible": self.responsible.name if self.responsible else "",
            "problems": tuple(one.code for one in self.card.problems),
            "deal": deal.id if deal else "",
            "title": deal.title if deal else "",
        }


def _user(reference: str) -> Person:
    return Person(kind="user", id=reference.partition(":")[2])
