"""One deal at one moment, with everything that a rule may ask about it, and the words to answer in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from crmkit.automation.actions import Action, Notify, UpdateDeal
from crmkit.automation.calendar import WorkCalendar
from crmkit.automation.memory import Memory
from crmkit.automation.messages import LANGUAGES, Message, written
from crmkit.automation.recipe import Decision
from crmkit.crm.models import AuthorKind, Deal, Person
from recipes.stale_deals.idle import Idle, is_ours, look
from recipes.stale_deals.settings import Limits, StaleDealsSettings, person
from recipes.stale_deals.snapshot import Portal, Snapshot
from recipes.stale_deals.story import Story
from recipes.stale_deals.texts import say
from recipes.stale_deals.verdicts import Verdict

__all__ = ["NAME", "Case"]

NAME = "stale_deals"
COUNTED = ("warn", "return")


@dataclass(frozen=True)
class Case:
    """A deal, the moment, the settings and the memory."""

    settings: StaleDealsSettings
    snapshot: Snapshot
    now: datetime
    memory: Memory

    @property
    def deal(self) -> Deal:
        """The deal as it is now."""
        return self.snapshot.deal

    @property
    def portal(self) -> Portal:
        """Where the deal lives."""
        return self.snapshot.portal

    @cached_property
    def story(self) -> Story:
        """What was done so far."""
        return Story(self.memory)

    @cached_property
    def idle(self) -> Idle:
        """Since when nobody touched the deal."""
        return look(self.snapshot, self.story, self.settings)

    @cached_property
    def limits(self) -> Limits:
        """After how many days what happens; by the stage that the deal has."""
        return self.settings.limits(self.deal.stage)

    @cached_property
    def calendar(self) -> WorkCalendar:
        """The calendar of the portal's people."""
        return self.settings.calendar(self.portal.timezone)

    @property
    def idle_days(self) -> int:
        """For how many full days nobody touched the deal."""
        return self.days_since(self.idle.start) if self.idle.start else 0

    def days_since(self, start: datetime) -> int:
        """Return how many full days have passed, as the settings count days."""
        return self.calendar.elapsed(start, self.now, self.settings.days) // timedelta(days=1)

    @cached_property
    def warned_at(self) -> datetime | None:
        """When the warning of this round was delivered: by our memory, else by the history of the deal."""
        return self.story.warned_at or self.warned_by_history

    @cached_property
    def warned_by_history(self) -> datetime | None:
        """When a warning was delivered that the memory has lost.

        Only a warning younger than ``warn_after`` days is taken up: an older one would not hide the deal from
        the sweep, which reads no history of deals that nobody and nothing has touched.
        """
        start = self.idle.start
        if self.story.warned_at or start is None:
            return None
        found = [
            entry.at
            for entry in self.snapshot.history or ()
            if entry.at > start
            and (entry.author_kind is AuthorKind.ROBOT or is_ours(entry, self.snapshot, self.story))
            and any(text in entry.text for text in self._warnings)
        ]
        latest = max(found, default=None)
        return latest if latest and self.days_since(latest) < self.limits.warn_after else None

    @property
    def _warnings(self) -> set[str]:
        own = {self.warning} if self.settings.texts else set()
        return own | {self._warning_message.render(language) for language in LANGUAGES}

    @property
    def warning(self) -> str:
        """The text of the warning."""
        return self.write(self._warning_key, days=self.limits.notice)

    @property
    def _warning_key(self) -> str:
        return "warning" if self.settings.days == "calendar" else "warning_working"

    @property
    def _warning_message(self) -> Message:
        return say(f"text.{self._warning_key}", days=self.limits.notice)

    @property
    def evidence(self) -> tuple[Message, ...]:
        """What the verdict rests on: who touched the deal last, and what did not count."""
        return tuple(self._evidence())

    def _evidence(self) -> list[Message]:
        returned = self.story.returned
        if returned is not None and self.snapshot.history is None:
            return list(returned.data["evidence"])  # as it was when the return was decided
        lines: list[Message] = []
        if (touch := self.idle.touch) is not None:
            facts = {"date": self.date(touch.at), "who": touch.who_message, "what": touch.what_message}
            lines.append(Message(key="activity.last_touch", params=facts))
        elif self.idle.start is not None:
            lines.append(Message(key="activity.none_since", params={"date": self.date(self.idle.start)}))
        if self.idle.ignored:
            lines.append(Message(key="activity.ignored", params={"count": self.idle.ignored}))
        if self.story.warned_at is not None:
            lines.append(say("evidence.warned", date=self.date(self.story.warned_at)))
        elif self.warned_by_history is not None:
            lines.append(say("evidence.warned_by_history", date=self.date(self.warned_by_history)))
        return lines

    def date(self, moment: datetime) -> date:
        """Return the day of a moment in the portal's time zone."""
        return self.calendar.local(moment).date()

    def head(self, executors: tuple[Person, ...]) -> Person:
        """Return whose consent is needed: by the settings, else a department's head, else the general one."""
        users = {executor: self.portal.user(executor) for executor in executors}
        for executor, user in users.items():
            for team in (executor, *(user.groups if user else ())):
                if own := self.settings.supervisors.get(str(team)):
                    return self.person(own)
        heads = [head for user in users.values() if user for head in user.heads]
        leads = [head for head in heads if self.settings.department_heads and self.portal.is_active(head)]
        return self.portal.named(leads[:1])[0] if leads else self.person(self.settings.supervisor)

    def person(self, reference: str) -> Person:
        """Return the person that a setting names, with the name that the portal knows."""
        return self.portal.named((person(reference),))[0]

    @property
    def fallback(self) -> tuple[Person, ...]:
        """Who stands in for somebody missing: one person or none."""
        stand_in = self.person(self.settings.fallback) if self.settings.fallback else None
        return (stand_in,) if stand_in and self.portal.is_active(stand_in) else ()

    def approver(self, executors: tuple[Person, ...]) -> Person | None:
        """Return who decides about the deal of these executors, or who stands in for them."""
        asked = (self.head(executors), *self.fallback)
        return next((one for one in asked if self.portal.is_active(one)), None)

    def write(self, name: str, **params: Any) -> str:
        """Return a text for the portal, in the integrator's wording where there is one."""
        own, language = self.settings.texts.get(name), self.portal.language
        if own is not None:
            return written(own, language, **params)
        return say(f"text.{name}", **params).render(language)

    def step(self, step: str, reason: Message, *, suffix: str = "", **data: Any) -> dict[str, Any]:
        """Return what all actions of a step have in common, its key above all."""
        episode = self.story.episode
        key = ":".join(filter(None, (NAME, self.deal.id, str(episode), step, suffix)))
        return {
            "key": key,
            "step": step,
            "episode": episode,
            "entity": self.deal.ref,
            "reason": reason,
            "data": data,
        }

    def decide(
        self,
        verdict: Verdict,
        reason: Message,
        *actions: Action,
        attention: bool = False,
        notices: bool = False,
        evidence: tuple[Message, ...] = (),
    ) -> Decision:
        """Return a decision; steps that the memory confirms are left out, so that nothing is done twice.

        Args:
            verdict: What we think of the deal.
            reason: Why.
            actions: What should be done, all of it.
            attention: A person should look.
            notices: People are bothered by this, so it waits for office hours.
            evidence: Facts beside the usual ones.
        """
        left = tuple(action for action in actions if not self.story.has(action.key))
        office = self.calendar.next_office(self.now) if notices and left else self.now
        return Decision(
            verdict=verdict,
            reason=reason,
            evidence=(*self.evidence, *evidence),
            actions=left,
            not_before=office if office > self.now else None,
            attention=attention,
            counted=any(isinstance(one, Notify | UpdateDeal) and one.step in COUNTED for one in left),
        )
