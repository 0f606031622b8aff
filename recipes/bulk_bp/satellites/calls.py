"""A new deal is called once, and whoever promised to call back is reminded at the promised hour.

«Задача на первой стадии»: a deal on the first stage gives the responsible person one task «Позвонить клиенту
1 раз», whether a person, a robot or an import has put it there; of thousands of imported deals only so many
a day. «Задача на перезвон»: the responsible person sets "Дата перезвона", and there is a task "Вы обещали
перезвонить клиенту" due at that moment. It moves when the date moves, is closed when the date is taken away;
a new date after a finished call is a new task.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field

from crmkit.automation.actions import CreateTask, SetTaskState, UpdateTask
from crmkit.automation.memory import Effect, Memory
from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.planning import chunks
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import (
    Activity,
    ActivityKind,
    AuthorKind,
    Deal,
    NewTask,
    Person,
    Ref,
    Task,
    TaskChanges,
    TaskState,
)
from crmkit.crm.setup import Watch
from recipes.bulk_bp.copies import REFUSALS, is_copy
from recipes.bulk_bp.keys import NAME as IMPORT
from recipes.bulk_bp.satellites.common import (
    Case,
    Office,
    UserRef,
    first_stages,
    need_field,
    read_office,
    read_tasks,
    titled,
)
from recipes.bulk_bp.satellites.texts import counted, say

__all__ = ["BulkBpCalls", "CallSettings", "CallSnapshot"]

CALLS = "bulk_bp_calls"
FIRST, PROMISED, MOVED, CLEARED = "first_call", "callback", "moved", "cleared"
AT_ONCE = 50
Ctx = Context["CallSettings"]


class CallSettings(Settings):
    """The settings of the calls."""

    first_stages: tuple[str, ...] = Field(
        (), description="The first stages, by logical name, id or title; empty: the first of every pipeline."
    )
    first_task_kind: str = Field(
        "first_call", min_length=1, description="Their kind, as in [portals.….tasks]."
    )
    first_title: str = Field("", description="The title of the first task; empty: «Позвонить клиенту 1 раз».")
    first_days: int = Field(1, ge=1, le=90, description="Days for the first call.")
    imported: Literal["task", "quiet"] = Field(
        "task", description="Deals that bulk_bp has imported: a task like any other, or none."
    )
    daily_cap: int | None = Field(
        200, ge=1, description="At most so many first calls a day, so that an import makes no flood."
    )

    callback_field: str = Field("callback_at", min_length=1, description="The field «Дата перезвона».")
    callback_task_kind: str = Field(
        "callback", min_length=1, description="Their kind, as in [portals.….tasks]."
    )
    callback_title: str = Field(
        "", description="The title of the reminder; empty: «Вы обещали перезвонить клиенту»."
    )
    past_hours: int = Field(
        24, ge=0, le=720, description="A date that has passed longer ago is listed and makes no task."
    )
    robots: Literal["ignore", "count"] = Field(
        "ignore", description="A date that a robot wrote, as far as the provider tells: list it, or heed it."
    )
    fallback: UserRef | None = Field(
        None, description="Who calls where nobody who works here is responsible."
    )


@dataclass(frozen=True)
class CallSnapshot:
    """A deal with the reminders about it.

    Attributes:
        deal: The deal.
        office: Where it lives.
        first: The ids of the first stages.
        tasks: Our reminders that still exist, by id.
        copies: Ids of deals that the recipe of refusals has made.
        imported: Ids of deals that came from a file, if that matters.
        changed_by: Who made the last change, if that matters.
    """

    deal: Deal
    office: Office
    first: frozenset[str] = frozenset()
    tasks: Mapping[str, Task] = field(default_factory=dict)
    copies: frozenset[str] = frozenset()
    imported: frozenset[str] = frozenset()
    changed_by: AuthorKind = AuthorKind.UNKNOWN


class BulkBpCalls(Recipe[CallSettings, CallSnapshot]):
    """Gives people the calls that they have to make.

    Example:
        >>> BulkBpCalls(CallSettings()).name
        'bulk_bp_calls'
    """

    name: ClassVar[str] = CALLS
    title: ClassVar[dict[str, str]] = {"ru": "Звонки по сделкам", "en": "Calls about deals"}
    settings_type: ClassVar[type[Settings]] = CallSettings
    requires = frozenset(
        {
            Capability.DEALS,
            Capability.TASKS,
            Capability.USERS,
            Capability.CUSTOM_FIELDS,
            Capability.DEAL_HISTORY,
        }
    )
    watches = (Watch("deal_created", created=True, stages="any", fields=("callback_at",)),)

    def candidates(self, ctx: Ctx) -> Iterable[CallSnapshot]:
        """Yield the open deals on a first stage, with a date, or with a reminder of ours."""
        frame = _frame(ctx)
        for deals in chunks(ctx.crm.deals.find(Deal.is_open), AT_ONCE * 10):
            memories = ctx.memory.recall(ctx.crm.portal, CALLS, [deal.ref for deal in deals])
            concerned = [deal for deal in deals if _concerns(deal, frame, ctx.settings, memories)]
            yield from _snapshots(ctx, frame, concerned, memories)

    def observe(self, ctx: Ctx, entity: Ref) -> CallSnapshot:
        """Read one deal with its reminders."""
        memories = ctx.memory.recall(ctx.crm.portal, CALLS, (entity,))
        return next(_snapshots(ctx, _frame(ctx), [ctx.crm.deals.get(entity.id)], memories))

    def entity(self, snapshot: CallSnapshot) -> Ref:
        """Return the deal."""
        return snapshot.deal.ref

    def decide(self, snapshot: CallSnapshot, now: datetime, memory: Memory) -> Decision:
        """Decide about the promised call first, then about the first one; both may be due."""
        case = Case(CALLS, snapshot.deal.ref, snapshot.office, now, memory)
        if (wait := case.unsettled()) is not None:
            return wait
        if is_copy(snapshot.deal) or snapshot.deal.id in snapshot.copies:
            return case.decide("copy", say("reason.copy"))
        call = _Call(self.settings, snapshot, case)
        promised, first = call.promised(), call.first()
        if promised is None or (not promised.actions and first is not None and first.actions):
            return first or case.decide("nothing", say("reason.no_call"))
        return (
            promised
            if first is None
            else promised.model_copy(
                update={"actions": (*promised.actions, *first.actions), "counted": first.counted}
            )
        )

    def daily_cap(self) -> int | None:
        """Return how many first calls a day are given out."""
        return self.settings.daily_cap

    def results(self, items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> tuple[Message, ...]:
        """Return how many calls were given out, moved and taken back."""
        return counted(memories, FIRST, PROMISED, MOVED, CLEARED)


@dataclass(frozen=True)
class _Call:
    """The two questions about a deal."""

    settings: CallSettings
    snapshot: CallSnapshot
    case: Case

    @property
    def deal(self) -> Deal:
        return self.snapshot.deal

    @property
    def worker(self) -> Person | None:
        return self.snapshot.office.worker(self.deal.assignees, self.settings.fallback)

    # The first call

    def first(self) -> Decision | None:
        """Once per deal, while it is on the first stage."""
        case, deal = self.case, self.deal
        on_first = deal.open and deal.stage is not None and deal.stage.id in self.snapshot.first
        if not on_first or case.rounds(FIRST):
            return None
        if self.settings.imported == "quiet" and deal.id in self.snapshot.imported:
            return case.decide("imported", say("reason.imported_deal"))
        if self.worker is None:
            return case.decide("nobody", say("reason.nobody"), attention=True)
        reason = say("reason.first")
        task = NewTask(
            title=self.settings.first_title or case.write("first_title"),
            text=case.write("first", deal=titled(deal)),
            kind=self.settings.first_task_kind,
            assignees=(self.worker,),
            deal=deal.ref,
            deadline=case.now + timedelta(days=self.settings.first_days),
        )
        return case.decide("first", reason, CreateTask(**case.step(FIRST, reason), task=task), counted=True)

    # The promised call

    def promised(self) -> Decision | None:
        """A date is a task, another date moves it, no date closes it."""
        at = self.deal.fields.get(self.settings.callback_field)
        at = at if isinstance(at, datetime) else None
        last = self.case.memory.last(PROMISED)
        if last is not None and self._is_open(last):
            return self._cleared(last) if at is None else self._kept(last, at)
        if at is None or not self.deal.open or self._was_kept(at):
            return None
        return self._new(at)

    def _new(self, at: datetime) -> Decision:
        case = self.case
        if (ignored := self._by_robot(at)) is not None:
            return ignored
        if case.now - at > timedelta(hours=self.settings.past_hours):
            return case.decide("past", say("reason.past", at=case.local(at)), attention=True)
        if self.worker is None:
            return case.decide("nobody", say("reason.nobody"), attention=True)
        reason = say("reason.callback", at=case.local(at))
        task = NewTask(
            title=self.settings.callback_title or case.write("callback_title"),
            text=case.write("callback", deal=titled(self.deal), at=case.local(at)),
            kind=self.settings.callback_task_kind,
            assignees=(self.worker,),
            deal=self.deal.ref,
            deadline=at,
        )
        step = case.step(PROMISED, reason, episode=case.rounds(PROMISED) + 1, at=at)
        return case.decide("callback", reason, CreateTask(**step, task=task), at=at)

    def _kept(self, task: Effect, at: datetime) -> Decision:
        case, was = self.case, self._date_of(task.episode)
        if was == at:
            return case.decide("waits", say("reason.waits_call", at=case.local(at)), at=at)
        if (ignored := self._by_robot(at)) is not None:
            return ignored
        reason = say("reason.moved", before=case.local(was), after=case.local(at))
        moves = sum(one.step == MOVED and one.episode == task.episode for one in case.everything)
        move = UpdateTask(
            **case.step(MOVED, reason, episode=task.episode, suffix=str(moves + 1), at=at),
            task_id=task.remote_id,
            task_kind=self.settings.callback_task_kind,
            changes=TaskChanges(deadline=at),
        )
        return case.decide("moved", reason, move, at=at)

    def _cleared(self, task: Effect) -> Decision:
        reason = say("reason.cleared")
        close = SetTaskState(
            **self.case.step(CLEARED, reason, episode=task.episode),
            task_id=task.remote_id,
            task_kind=self.settings.callback_task_kind,
            state=TaskState.DONE,
        )
        return self.case.decide("cleared", reason, close)

    def _by_robot(self, at: datetime) -> Decision | None:
        robot = self.snapshot.changed_by is AuthorKind.ROBOT
        if not robot or self.settings.robots == "count":
            return None
        reason = say("reason.by_robot", at=self.case.local(at))
        return self.case.decide("by_robot", reason, attention=True)

    def _is_open(self, effect: Effect) -> bool:
        task = self.snapshot.tasks.get(effect.remote_id)
        return task is not None and task.state is TaskState.OPEN and not task.deleted

    def _was_kept(self, at: datetime) -> bool:
        """Tell whether this date is the one that was worked off, or that a person took back in an undo."""
        episode = self.case.rounds(PROMISED)
        closed = self.case.memory.of_episode(episode, CLEARED)
        return bool(episode) and closed is None and self._date_of(episode) == at

    def _date_of(self, episode: int) -> datetime:
        own = [one for one in self.case.everything if one.episode == episode and "at" in one.data]
        found: datetime = max(own, key=lambda one: one.at).data["at"]
        return found


# Reading


@dataclass(frozen=True)
class _Frame:
    """What is the same for all deals."""

    office: Office
    first: frozenset[str]
    copies: frozenset[str]
    imported: frozenset[str]


def _frame(ctx: Ctx) -> _Frame:
    """Read what is the same for all deals.

    Raises:
        ConfigurationError: A stage, the field or a kind of tasks is not there; nothing was written.
    """
    office, settings = read_office(ctx), ctx.settings
    need_field(ctx.crm, settings.callback_field, CALLS)
    ctx.crm.tasks.states(settings.first_task_kind)
    ctx.crm.tasks.states(settings.callback_task_kind)
    named = office.stages_called(settings.first_stages, f"{CALLS}: first_stages")
    return _Frame(
        office,
        named or first_stages(office.pipelines),
        copies=frozenset(_made(ctx, REFUSALS, "copy")),
        imported=frozenset(_made(ctx, IMPORT, "deal")) if settings.imported == "quiet" else frozenset(),
    )


def _made(ctx: Context[Any], recipe: str, step: str) -> Iterator[str]:
    """Yield the ids of what another recipe has made."""
    for refs in chunks(ctx.memory.known(ctx.crm.portal, recipe), 1000):
        for memory in ctx.memory.recall(ctx.crm.portal, recipe, refs).values():
            yield from (one.remote_id for one in memory.effects if one.step == step)


def _concerns(deal: Deal, frame: _Frame, settings: CallSettings, memories: Mapping[Ref, Memory]) -> bool:
    memory = memories.get(deal.ref, Memory())
    on_first = deal.stage is not None and deal.stage.id in frame.first and not memory.last(FIRST)
    return on_first or bool(deal.fields.get(settings.callback_field)) or memory.last(PROMISED) is not None


def _snapshots(
    ctx: Ctx, frame: _Frame, deals: Sequence[Deal], memories: Mapping[Ref, Memory]
) -> Iterator[CallSnapshot]:
    last = {ref: memory.last(PROMISED) for ref, memory in memories.items()}
    numbers = [one.remote_id for one in last.values() if one is not None]
    tasks = read_tasks(ctx, numbers, ctx.settings.callback_task_kind)
    for deal in deals:
        mine = last.get(deal.ref)
        own = {mine.remote_id: tasks[mine.remote_id]} if mine and mine.remote_id in tasks else {}
        yield CallSnapshot(
            deal,
            frame.office,
            frame.first,
            own,
            frame.copies,
            frame.imported,
            _changed_by(ctx, deal, memories.get(deal.ref, Memory())),
        )


def _changed_by(ctx: Ctx, deal: Deal, memory: Memory) -> AuthorKind:
    """Return who made the last change, if there is a date that we have not seen yet.

    A change of our own hides who wrote the date: we write it only when a deal is imported.
    """
    at = deal.fields.get(ctx.settings.callback_field)
    dates = [one.data["at"] for one in memory.effects if "at" in one.data]
    if ctx.settings.robots == "count" or not isinstance(at, datetime) or dates[-1:] == [at]:
        return AuthorKind.UNKNOWN
    changes: Iterator[Activity] = (
        one
        for one in ctx.crm.deals.history(deal.id)
        if one.kind in (ActivityKind.FIELDS, ActivityKind.CREATED)
    )
    last = next(changes, None)
    if last is None or (last.kind is ActivityKind.FIELDS and last.author in (None, ctx.crm.me())):
        return AuthorKind.UNKNOWN
    return last.author_kind
