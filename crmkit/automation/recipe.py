"""The author's API: a recipe observes one entity, decides what should be true, and lets the runtime act."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from crmkit.automation.actions import Action
from crmkit.automation.agenda import CalendarEvent
from crmkit.automation.memory import Memory, MemoryStore, NoMemory
from crmkit.automation.messages import Language, Message
from crmkit.automation.table import Table
from crmkit.crm.base import Crm
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Ref
from crmkit.crm.setup import Watch
from crmkit.exceptions import NotFound

if TYPE_CHECKING:
    from crmkit.automation import rows
    from crmkit.automation.plan import Plan, PlanItem

__all__ = ["Context", "Decision", "Recipe", "Settings"]


class Settings(BaseModel):
    """The base of a recipe's settings: fields have description, default, bounds; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


S = TypeVar("S", bound=Settings)
Snap = TypeVar("Snap")


class Decision(BaseModel):
    """What a recipe thinks of one entity.

    Attributes:
        verdict: A word of the recipe's own closed vocabulary; reports count by it.
        reason: The verdict in a sentence.
        evidence: The facts it rests on.
        actions: What to do, in this order; empty for a verdict to leave things alone.
        not_before: Hold the actions until then (quiet hours): deferred, never dropped.
        look_again: Look at the entity again then, whatever happens until then: a quiet window that ends, a
            reminder that will be due. The service sets a timer; for cron it changes nothing.
        attention: A person should look at this entity (data quality, nobody to notify, …).
        counted: Whether the entity takes one of the places of the recipe's daily cap.
        facts: What reports want to know of it, as plain values: text, numbers, dates, references.
    """

    model_config = ConfigDict(frozen=True)

    verdict: str
    reason: Message
    evidence: tuple[Message, ...] = ()
    actions: tuple[Action, ...] = ()
    not_before: datetime | None = None
    look_again: datetime | None = None
    attention: bool = False
    counted: bool = False
    facts: dict[str, Any] = Field(default_factory=dict)


@dataclass
class Context(Generic[S]):
    """What a recipe is given: the portal, its settings, its memory."""

    crm: Crm
    settings: S
    memory: MemoryStore = field(default_factory=NoMemory)
    language: Language = "ru"

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return self.crm.clock.now()


class Recipe(ABC, Generic[S, Snap]):
    """A reusable automation. Subclasses say whom to look at, what to look at and what to decide, no more.

    Attributes:
        name: As in ``crmkit plan NAME``.
        title: What it is for, per language.
        settings_type: The pydantic model of its settings.
        requires: Capabilities without which it cannot run.
        optional: Capabilities that it uses where they exist.
        look_ahead: Entities of so many bulk requests are read together before the first of them is written:
            reads are rarer, and what is judged is older by as many requests. For imports, not for deals that
            people work on.
        watches: What it wants to hear about at once; the rest, and whatever no event tells, a sweep finds.
    """

    name: ClassVar[str]
    title: ClassVar[dict[str, str]]
    settings_type: ClassVar[type[Settings]]
    requires: ClassVar[frozenset[Capability]] = frozenset()
    optional: ClassVar[frozenset[Capability]] = frozenset()
    look_ahead: ClassVar[int] = 1
    watches: ClassVar[tuple[Watch, ...]] = ()

    def __init__(self, settings: S) -> None:
        self.settings = settings

    @abstractmethod
    def candidates(self, ctx: Context[S]) -> Iterable[Snap]:
        """Yield a snapshot of every entity that a sweep has to judge, with as few requests as possible."""

    @abstractmethod
    def observe(self, ctx: Context[S], entity: Ref) -> Snap:
        """Read one entity afresh, in full: called right before acting on it."""

    def observe_many(self, ctx: Context[S], entities: Sequence[Ref]) -> Mapping[Ref, Snap]:
        """Read many entities afresh, with as few requests as possible; what is gone is absent.

        A recipe for thousands of entities overrides it; by default they are read one by one.
        """
        found: dict[Ref, Snap] = {}
        for entity in entities:
            with suppress(NotFound):
                found[entity] = self.observe(ctx, entity)
        return found

    def woken(self, ctx: Context[S], entity: Ref) -> Iterable[Ref]:
        """Return which entities of the recipe an event about something may concern.

        By default that itself; of a task, where the recipe watches tasks of a kind, the deal it belongs to.

        Args:
            ctx: The portal, to look up for example the contacts of a deal.
            entity: What an event was about: of a kind that the recipe watches.
        """
        return self._behind_tasks(ctx, (entity,)).get(entity, (entity,))

    def woken_many(self, ctx: Context[S], entities: Sequence[Ref]) -> Mapping[Ref, Iterable[Ref]]:
        """Return the same for many, with as few requests as possible; what is gone wakes nobody.

        By default tasks are read together, and all else is asked for one by one.
        """
        found: dict[Ref, Iterable[Ref]] = {}
        if type(self).woken is Recipe.woken:
            found.update(self._behind_tasks(ctx, entities))
        for entity in entities:
            if entity not in found:
                found[entity] = ()
                with suppress(NotFound):
                    found[entity] = tuple(self.woken(ctx, entity))
        return found

    def _behind_tasks(self, ctx: Context[S], entities: Sequence[Ref]) -> dict[Ref, tuple[Ref, ...]]:
        """Return the deals of those entities that are tasks, if the recipe watches tasks of a kind."""
        kinds = sorted({watch.kind for watch in self.watches if watch.of == "task"})
        ids = [entity.id for entity in entities if entity.kind == "task"] if kinds else []
        found: dict[Ref, set[Ref]] = {Ref(kind="task", id=one): set() for one in ids}
        for kind in kinds if ids else ():
            for task in ctx.crm.tasks.with_ids(*ids, kind=kind):
                if task.deal is not None:
                    found[Ref(kind="task", id=task.id)].add(task.deal)
        return {task: tuple(deals) for task, deals in found.items()}

    @abstractmethod
    def entity(self, snapshot: Snap) -> Ref:
        """Return the entity that a snapshot is of."""

    @abstractmethod
    def decide(self, snapshot: Snap, now: datetime, memory: Memory) -> Decision:
        """Decide what should be true. Pure: the same input gives the same decision, no I/O, no clock."""

    def daily_cap(self) -> int | None:
        """Return how many counted entities may be acted on per day of the portal; ``None``: no limit."""
        return None

    def stop_reason(self, ctx: Context[S]) -> str:
        """Return why a run has to stop now, or an empty text; asked again and again while it is under way."""
        return ""

    def results(self, items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> Sequence[Message]:
        """Return what came of the recipe so far, a line each, for reports. Pure, like :meth:`decide`.

        Args:
            items: The present decisions: the items of a plan or of a run.
            memories: What the ledger remembers of entities, by entity.
        """
        return ()

    def figures(self, items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> BaseModel | None:
        """Return the recipe's own figures, for ``crmkit report --json``; none by default. Pure.

        Args:
            items: The present decisions: the items of a plan or of a run.
            memories: What the ledger remembers of entities, by entity.
        """
        return None

    def tables(
        self, ctx: Context[S], items: Sequence[PlanItem], memories: Mapping[Ref, Memory]
    ) -> Sequence[Table]:
        """Return the recipe's own reports: what ``crmkit report`` shows and exports besides the decisions.

        Args:
            ctx: The portal, for reports that read it; nothing is written.
            items: The present decisions; ``item.facts`` is what :meth:`decide` said of each.
            memories: What the ledger remembers of entities, by entity.
        """
        return ()

    def columns(self, ctx: Context[S]) -> Sequence[rows.Column]:
        """Return the columns of the file that this recipe reads, for ``crmkit recipes NAME --template FILE``.

        Args:
            ctx: The portal, whose legal values are written beside the columns; nothing is written there.
        """
        return ()

    def agenda(self, memories: Mapping[Ref, Memory]) -> Sequence[CalendarEvent]:
        """Return what belongs into people's calendars; nothing by default. Pure.

        Args:
            memories: What the ledger remembers of entities, by entity.
        """
        return ()

    def plan(
        self,
        crm: Crm,
        *,
        memory: MemoryStore | None = None,
        language: Language = "ru",
        entities: Sequence[Ref] | None = None,
    ) -> Plan:
        """Look at the portal and return what would be done. Nothing is written.

        Args:
            crm: The portal.
            memory: The ledger; by default the one that ``crmkit.toml`` names, else ``crmkit.db`` here.
            language: The language of texts that are written into the portal.
            entities: Look at these only, afresh; by default at everybody whom a sweep has to judge.

        Raises:
            Unsupported: The provider lacks something that the recipe requires.
        """
        from crmkit.automation.planning import make_plan  # noqa: PLC0415  (plan imports Decision)

        return make_plan(self, crm, memory=memory, language=language, entities=entities)


class RecipeInfo(BaseModel):
    """What is shown of a recipe without running it."""

    name: str
    title: dict[str, str]
    settings: dict[str, Any] = Field(default_factory=dict)
