"""One client at one moment, with everything that a rule may ask about it, and the words to answer in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from crmkit.automation.actions import Action, SetTaskState
from crmkit.automation.memory import Effect, Memory
from crmkit.automation.messages import Message
from crmkit.automation.recipe import Decision
from crmkit.crm.models import Deal, Person, TaskState
from crmkit.exceptions import RecipeError
from recipes.lost_client.losses import Loss, Meaning, add_months, clients_of, is_won, loss_of
from recipes.lost_client.settings import LostClientSettings, person
from recipes.lost_client.snapshot import Client, Snapshot, closed_at
from recipes.lost_client.texts import say
from recipes.lost_client.verdicts import Verdict

__all__ = ["NAME", "Case", "Story"]

NAME = "lost_client"
ENDINGS = ("restored", "released", "expired")
"""Steps that end a round; the last of their chain, so that a chain that broke off is not taken for ended."""
QUESTIONS = ("ask", "ask_reason", "expired")
"""Steps that create a task."""


@dataclass(frozen=True)
class Story:
    """What was done about a client so far. A round begins with a mark and ends when it is taken back."""

    memory: Memory

    @property
    def episode(self) -> int:
        """The number of the present round."""
        ended = {one.episode for one in self.memory.effects if one.step in ENDINGS}
        undone = {one.episode for one in self.memory.undone if one.step == "mark"}
        return 1 + len(ended | undone)

    def effect(self, step: str) -> Effect | None:
        """Return the effect of a step in the present round."""
        return self.memory.of_episode(self.episode, step)

    @property
    def mark(self) -> Effect | None:
        """The mark that stands, as far as we know."""
        return self.effect("mark")

    def has(self, key: str) -> bool:
        """Tell whether the effect with this key was done; one that was undone is not done again either."""
        return any(one.key == key for one in (*self.memory.effects, *self.memory.undone))

    @property
    def open_tasks(self) -> dict[str, Effect]:
        """Tasks that we created and have not closed, by id."""
        closed = {one.data.get("task") for one in self.memory.effects if one.step in ("close", "declined")}
        asked = (one for one in self.memory.effects if one.step in QUESTIONS and one.remote_id)
        return {one.remote_id: one for one in asked if one.remote_id not in closed}

    @property
    def is_live(self) -> bool:
        """Whether anything may still have to be done without a new loss."""
        return self.mark is not None or bool(self.open_tasks) or bool(self.memory.unsettled)

    def decided_by_people(self, deal: Deal) -> bool:
        """Tell whether a person has already said, after this deal was closed, that it marks nobody."""
        said = [
            one.at
            for one in (*self.memory.effects, *self.memory.undone)
            if one.data.get("deal") == deal.id
            and (one.step in ("released", "declined") or (one in self.memory.undone and one.step == "mark"))
        ]
        closed = closed_at(deal)
        return bool(said) and (closed is None or closed <= max(said))


@dataclass(frozen=True)
class Case:
    """A client, the moment, the settings and the memory."""

    settings: LostClientSettings
    snapshot: Snapshot
    now: datetime
    memory: Memory

    @cached_property
    def story(self) -> Story:
        """What was done so far."""
        return Story(self.memory)

    @property
    def client(self) -> Client:
        """The client as the portal knows it; only for those that are still there."""
        if self.snapshot.client is None:
            raise RecipeError(f"{self.snapshot.ref} is gone")
        return self.snapshot.client

    @property
    def value(self) -> str:
        """The present value of the field, empty if there is none."""
        found = self.snapshot.value(self.settings.field)
        return str(found) if found not in (None, "", ()) else ""

    @cached_property
    def losses(self) -> tuple[Loss, ...]:
        """The lost deals that concern this client, newest first."""
        told = self.snapshot.portal.tells_reasons
        found = [
            loss
            for deal in self.snapshot.deals
            if self.snapshot.ref in clients_of(deal, self.settings)
            and (loss := loss_of(deal, self.settings, tells_reasons=told))
        ]
        return tuple(sorted(found, key=_newest, reverse=True))

    @cached_property
    def marking(self) -> tuple[Loss, ...]:
        """The losses that mark, newest first: neither too old nor decided otherwise by a person."""
        return tuple(
            loss
            for loss in self.losses
            if loss.meaning is Meaning.MARKS
            and not self.story.decided_by_people(loss.deal)
            and not self.is_over(loss)
        )

    def is_over(self, loss: Loss) -> bool:
        """Tell whether the months of the rule have passed since the loss."""
        ends = loss.ends_at()
        return ends is not None and ends <= self.now

    @cached_property
    def alive(self) -> tuple[Deal, ...]:
        """What speaks against a mark: open deals, and those that were won not long ago."""
        return tuple(deal for deal in self.snapshot.deals if not deal.deleted and self._is_alive(deal))

    def _is_alive(self, deal: Deal) -> bool:
        if deal.open:
            return True
        if not is_won(deal, self.settings) or not self.settings.won_months:
            return False
        closed = closed_at(deal)
        return closed is None or add_months(closed, self.settings.won_months) > self.now

    def responsible(self, deal: Deal) -> Person | None:
        """Return who decides: of the deal, else of the client, else the one from the settings."""
        fallback = (person(self.settings.fallback),) if self.settings.fallback else ()
        asked = (*deal.assignees, *self.client.assignees, *fallback)
        return next((one for one in asked if self.snapshot.portal.is_active(one)), None)

    @property
    def deadline(self) -> datetime:
        """Until when people should decide."""
        return self.now + timedelta(days=self.settings.task_days)

    def date(self, moment: datetime) -> date:
        """Return the day of a moment in the portal's time zone."""
        return moment.astimezone(self.snapshot.portal.timezone).date()

    def write(self, name: str, **params: Any) -> str:
        """Return a text for the portal."""
        return say(f"text.{name}", **params).render(self.snapshot.portal.language)

    def shown(self, value: Any) -> Message | str:
        """Return a value of the field in words."""
        return str(value) if value not in (None, "", ()) else say("empty")

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

    def close_tasks(self, reason: Message, *, but: str = "") -> tuple[SetTaskState, ...]:
        """Return what closes our open tasks, because what they ask is settled; ``but`` names a step."""
        return tuple(
            SetTaskState(
                **self.step("close", reason, suffix=number, task=number),
                task_id=number,
                task_kind=self.settings.task_kind,
                state=TaskState.DONE,
            )
            for number, asked in self.story.open_tasks.items()
            if asked.step != but
            and (task := self.snapshot.tasks.get(number)) is not None
            and task.state is TaskState.OPEN
        )

    def decide(
        self, verdict: Verdict, reason: Message, *actions: Action, attention: bool = False, **facts: Any
    ) -> Decision:
        """Return a decision; steps that the memory confirms are left out, so that nothing is done twice."""
        return Decision(
            verdict=verdict,
            reason=reason,
            evidence=self._evidence(),
            actions=tuple(action for action in actions if not self.story.has(action.key)),
            attention=attention,
            facts={"value": self.value, **facts},
        )

    def _evidence(self) -> tuple[Message, ...]:
        lines = [
            say("evidence.lost", deal=loss.deal.title, reason=loss.reason, date=self.date(loss.at))
            for loss in self.losses[:3]
            if loss.at
        ]
        lines += [say("evidence.alive", deal=deal.title) for deal in self.alive[:3]]
        return tuple(lines)


def _newest(loss: Loss) -> tuple[float, int, str]:
    number = loss.deal.id
    return (loss.at.timestamp() if loss.at else 0.0, len(number), number)
