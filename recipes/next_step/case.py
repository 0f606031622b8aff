"""One deal at one moment, with everything that a rule may ask about it, and the words to answer in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from crmkit.automation.actions import Action
from crmkit.automation.calendar import WorkCalendar
from crmkit.automation.memory import Memory
from crmkit.automation.messages import Message
from crmkit.automation.recipe import Decision
from crmkit.crm.models import Deal, Person, Step
from crmkit.exceptions import RecipeError
from recipes.next_step.form import Draft, Form, completed
from recipes.next_step.settings import NextStepSettings
from recipes.next_step.snapshot import Snapshot
from recipes.next_step.story import Story, Told
from recipes.next_step.texts import say
from recipes.next_step.verdicts import Verdict

__all__ = ["NAME", "Case"]

NAME = "next_step"


@dataclass(frozen=True)
class Case:
    """A deal, the moment, the settings and the memory."""

    settings: NextStepSettings
    snapshot: Snapshot
    now: datetime
    memory: Memory

    @cached_property
    def story(self) -> Story:
        """What was done so far."""
        return Story(self.memory)

    @property
    def deal(self) -> Deal:
        """The deal; only for those that are still there."""
        if self.snapshot.deal is None:
            raise RecipeError(f"{self.snapshot.ref} is gone")
        return self.snapshot.deal

    @cached_property
    def form(self) -> Form:
        """What stands in the fields; a field that the deals do not have counts as the step has it."""
        return self.snapshot.form

    @cached_property
    def draft(self) -> Draft:
        """The step that the fields mean."""
        return completed(self.form, self.settings, self.now, self.calendar)

    @property
    def calendar(self) -> WorkCalendar:
        """When people work."""
        return WorkCalendar(self.snapshot.portal.timezone, frozenset(self.settings.working_days))

    @property
    def record(self) -> Step | None:
        """The record of the last step, if it is still there."""
        last = self.story.step
        return self.snapshot.records.get(last.id) if last else None

    @property
    def owner(self) -> Person | None:
        """Whose step it is: the first responsible person who works here."""
        return next((one for one in self.deal.assignees if self.snapshot.portal.is_active(one)), None)

    @property
    def supervisor(self) -> tuple[Person, ...]:
        """Who is told what the owner does not settle."""
        return (person_of(self.settings.supervisor),) if self.settings.supervisor else ()

    @property
    def is_fresh(self) -> bool:
        """Whether the deal was only just created."""
        created = self.deal.created_at
        return created is not None and self.now - created < timedelta(hours=self.settings.fresh_hours)

    @property
    def draft_since(self) -> datetime | None:
        """Since when people keep changing what is not recorded yet; what was noted long ago is over."""
        since, edited = self.story.draft_since, self.snapshot.edited_at
        patience = timedelta(seconds=2 * self.settings.max_wait_seconds)
        return None if since is None or edited is None or edited - since > patience else since

    @cached_property
    def quiet_at(self) -> datetime:
        """When what people have set counts: a minute after the last change, or when patience ends."""
        edited = self.snapshot.edited_at or self.now
        quiet = edited + timedelta(seconds=self.settings.quiet_seconds)
        since = self.draft_since
        return (
            quiet if since is None else min(quiet, since + timedelta(seconds=self.settings.max_wait_seconds))
        )

    @property
    def owners(self) -> tuple[Person, ...]:
        """Who is told something about the deal: its owner, else the supervisor."""
        return (self.owner,) if self.owner else self.supervisor

    @property
    def is_quick(self) -> bool:
        """Whether only the name of a new deal was given."""
        return self.story.step is None and not self.memory.undone and self.is_fresh

    def later(self) -> datetime:
        """Return when a reminder is due after what was changed last, or is being changed now."""
        ended = self.story.step.end.at if self.story.step and self.story.step.end else None
        moments = [one for one in (self.snapshot.edited_at, ended) if one]
        is_acting = self.story.open is not None or not self.form.is_blank or bool(self.form.result)
        last = self.now if is_acting or not moments else max(moments)
        return last + timedelta(seconds=self.settings.remind_after_seconds)

    def told_when(self, told: Told) -> str:
        """Return the time of a recorded step in words."""
        return self.when(told.data["start"], told.data["end"])

    def differs(self, told: Told) -> bool:
        """Tell whether the fields show another step than the one that is recorded."""
        has = self.snapshot.portal.fields
        names = ("step_kind", "step_goal", "step_date", "step_period")
        pairs = zip(names, self.form.plan, told.plan, strict=True)
        return any(name in has and (shown or None) != (ours or None) for name, shown, ours in pairs)

    def fields(self, **values: Any) -> dict[str, Any]:
        """Return values of fields, without those that the deals do not have."""
        return {name: value for name, value in values.items() if name in self.snapshot.portal.fields}

    def write(self, name: str, **params: Any) -> str:
        """Return a text for the portal."""
        return say(f"text.{name}", **params).render(self.snapshot.portal.language)

    def when(self, start: datetime, end: datetime) -> str:
        """Return the time of a step in words."""
        zone = self.snapshot.portal.timezone
        local, until = start.astimezone(zone), end.astimezone(zone)
        day = f"{local:%d.%m.%Y}"
        return day if until - local >= timedelta(days=1) else f"{day} {local:%H:%M}–{until:%H:%M}"

    def step(self, step: str, reason: Message, /, *, suffix: str = "", **data: Any) -> dict[str, Any]:
        """Return what all actions of a step have in common, its key above all."""
        parts = (NAME, str(self.snapshot.ref), str(self.story.episode), step, suffix)
        return {
            "key": ":".join(filter(None, parts)),
            "step": step,
            "episode": self.story.episode,
            "entity": self.snapshot.ref,
            "reason": reason,
            "data": data,
        }

    def decide(
        self,
        verdict: Verdict,
        reason: Message,
        *actions: Action,
        attention: bool = False,
        counted: bool = False,
        look_again: datetime | None = None,
    ) -> Decision:
        """Return a decision; what the memory confirms is left out, so that nothing is done twice."""
        unique = {action.key: action for action in reversed(actions)}
        fresh = [action for action in actions if unique[action.key] is action]
        return Decision(
            verdict=verdict,
            reason=reason,
            evidence=self._evidence(),
            actions=tuple(action for action in fresh if not self.story.has(action.key)),
            attention=attention,
            counted=counted,
            look_again=look_again if look_again is None or look_again > self.now else None,
            facts=self._facts(),
        )

    def _evidence(self) -> tuple[Message, ...]:
        edited = self.snapshot.edited_at
        return () if edited is None else (say("evidence.edited", moment=_local(edited, self)),)

    def _facts(self) -> dict[str, Any]:
        told = self.story.open
        if told is None:
            return {}
        facts = {name: told.data.get(name) for name in ("kind", "goal", "start", "end")}
        return {**facts, "overdue": told.data["end"] < self.now}


def person_of(reference: str) -> Person:
    """Return the person of ``"user:2"``."""
    return Person(kind="user", id=reference.partition(":")[2])


def _local(moment: datetime, case: Case) -> str:
    return f"{moment.astimezone(case.snapshot.portal.timezone):%d.%m.%Y %H:%M:%S}"
