"""What the satellites share: the people of the portal, who can be given work, and what a step is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from crmkit.automation.actions import Action
from crmkit.automation.memory import Effect, Memory
from crmkit.automation.messages import Language, Message
from crmkit.automation.recipe import Context, Decision
from crmkit.crm.base import Crm
from crmkit.crm.models import Deal, Person, Pipeline, Ref, Stage, Task, User
from crmkit.exceptions import ConfigurationError
from recipes.bulk_bp.satellites.texts import say

__all__ = [
    "Case",
    "Office",
    "UserRef",
    "first_stages",
    "need_field",
    "person",
    "read_office",
    "read_tasks",
    "titled",
    "wrong",
]


def wrong(what: str) -> PydanticCustomError:
    """Return the error of a setting that cannot be."""
    return PydanticCustomError("bulk_bp", "{what}", {"what": what})


def _is_user(value: str) -> str:
    kind, _, number = value.partition(":")
    if kind != "user" or not number.strip():
        raise wrong(f'{value!r} is no user: write "user:2"')
    return value


UserRef = Annotated[str, AfterValidator(_is_user)]


def person(reference: str) -> Person:
    """Return the person that a setting such as ``"user:2"`` names."""
    return Person(kind="user", id=reference.partition(":")[2])


@dataclass(frozen=True)
class Office:
    """The people and stages of a portal, and how it speaks.

    Attributes:
        language: Of what is written into the portal.
        timezone: Days begin and end in it.
        users: Employees, guests and robots by id.
        pipelines: In which deals live, with their stages.
    """

    language: Language
    timezone: tzinfo
    users: Mapping[str, User] = field(default_factory=dict)
    pipelines: tuple[Pipeline, ...] = ()

    def is_active(self, who: Person) -> bool:
        """Tell whether somebody can be given work."""
        user = self.users.get(who.id) if who.kind == "user" else None
        return user is not None and user.is_active and not user.is_robot and not user.is_external

    def worker(self, people: Iterable[Person], fallback: str | None) -> Person | None:
        """Return the first of these people who works here, else the one from the settings."""
        asked = (*people, *((person(fallback),) if fallback else ()))
        return next((one for one in asked if self.is_active(one)), None)

    def name(self, who: Ref) -> str:
        """Return what somebody is called."""
        user = self.users.get(who.id)
        return user.name if user else who.name or str(who)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of all pipelines."""
        return tuple(stage for pipeline in self.pipelines for stage in pipeline.stages)

    def pipeline_of(self, stage: str) -> str:
        """Return the id of the pipeline of a stage, by its id."""
        return next((one.id for one in self.pipelines for part in one.stages if part.id == stage), "")

    def stages_called(self, names: Iterable[str], what: str) -> frozenset[str]:
        """Return the ids of stages by logical name, id or title.

        Raises:
            ConfigurationError: No stage is called so.
        """
        found: set[str] = set()
        for name in names:
            ids = {one.id for one in self.stages if name in (one.key, one.id, one.name)}
            if not ids:
                known = ", ".join(sorted({one.key or one.id for one in self.stages}))
                raise ConfigurationError(
                    f"{what}: no stage is called {name!r}", hint=f"there are: {known[:300]}"
                )
            found |= ids
        return frozenset(found)


def read_office(ctx: Context[Any]) -> Office:
    """Read the people and stages of the portal."""
    return Office(
        language=ctx.language,
        timezone=ctx.crm.timezone,
        users={user.id: user for user in ctx.crm.users.list()},
        pipelines=tuple(ctx.crm.pipelines()),
    )


def need_field(crm: Crm, key: str, recipe: str) -> None:
    """Do nothing if deals have a field with this logical name.

    Raises:
        ConfigurationError: They have not; nothing was written.
    """
    if all(spec.key != key for spec in crm.deal_fields()):
        raise ConfigurationError(
            f"{recipe}: the deals need the field {key}", hint="bind it in [portals.….deals.fields]"
        )


def read_tasks(ctx: Context[Any], numbers: Iterable[str], kind: str) -> dict[str, Task]:
    """Read tasks of ours by their ids; those that are gone are absent."""
    wanted = sorted(set(numbers))
    return {task.id: task for task in ctx.crm.tasks.with_ids(*wanted, kind=kind)} if wanted else {}


@dataclass(frozen=True)
class Case:
    """One entity at one moment, with what was done about it.

    Attributes:
        recipe: The name of the recipe.
        ref: The entity.
        office: Where it lives.
        now: The present moment.
        memory: What was done.
    """

    recipe: str
    ref: Ref
    office: Office
    now: datetime
    memory: Memory

    def key(self, step: str, episode: int = 1, suffix: str = "") -> str:
        """Return the key of an effect."""
        return ":".join(filter(None, (self.recipe, str(self.ref), str(episode), step, suffix)))

    def step(
        self, step: str, reason: Message, /, *, episode: int = 1, suffix: str = "", **data: Any
    ) -> dict[str, Any]:
        """Return what all actions of a step have in common, its key above all."""
        return {
            "key": self.key(step, episode, suffix),
            "step": step,
            "episode": episode,
            "entity": self.ref,
            "reason": reason,
            "data": data,
        }

    @property
    def everything(self) -> tuple[Effect, ...]:
        """All effects, those that were taken back too."""
        return (*self.memory.effects, *self.memory.undone)

    def rounds(self, step: str) -> int:
        """Return in how many rounds a step was done, those that were taken back too."""
        return max((one.episode for one in self.everything if one.step == step), default=0)

    def write(self, name: str, **params: Any) -> str:
        """Return a text for the portal."""
        return say(f"text.{name}", **params).render(self.office.language)

    def local(self, moment: datetime) -> datetime:
        """Return a moment in the portal's time zone."""
        return moment.astimezone(self.office.timezone)

    def unsettled(self) -> Decision | None:
        """Return the decision to wait for a person if of an earlier action the outcome is not known."""
        if not self.memory.unsettled:
            return None
        reason = say("reason.unsettled", keys=", ".join(self.memory.unsettled))
        return self.decide("unsettled", reason, attention=True)

    def decide(
        self,
        verdict: str,
        reason: Message,
        *actions: Action,
        attention: bool = False,
        counted: bool = False,
        **facts: Any,
    ) -> Decision:
        """Return a decision; steps that were done, or taken back by a person, are left out."""
        known = {one.key for one in self.everything}
        left = tuple(action for action in actions if action.key not in known)
        return Decision(
            verdict=verdict,
            reason=reason,
            actions=left,
            attention=attention,
            counted=counted and bool(left),
            facts=facts,
        )


def first_stages(pipelines: Iterable[Pipeline]) -> frozenset[str]:
    """Return the first stage of every pipeline."""
    return frozenset(pipeline.stages[0].id for pipeline in pipelines if pipeline.stages)


def titled(deal: Deal) -> str:
    """Return how a deal is spoken of in a text."""
    return f"«{deal.title}» ({deal.url})" if deal.url else f"«{deal.title}»"
