"""A portal on paper: deals, people and tasks in dictionaries, as whole-day-minded and forgetful as Planfix.

It counts requests, keeps no trace of edits of fields in the history, and vouches for idleness by the day. An
executor of a few lines turns decisions into effects, so that a story can be told over weeks without HTTP or a
database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

from crmkit.automation.actions import (
    Action,
    AddComment,
    CreateTask,
    Notify,
    Remember,
    SetTaskState,
    UpdateDeal,
)
from crmkit.automation.memory import Effect, Memory
from crmkit.automation.plan import Plan
from crmkit.automation.planning import make_plan
from crmkit.automation.recipe import Context, Decision
from crmkit.automation.values import decode, encode
from crmkit.clock import ManualClock
from crmkit.crm import base
from crmkit.crm.capabilities import Capabilities, Capability
from crmkit.crm.filters import Expression, Term, terms_of
from crmkit.crm.models import (
    Activity,
    ActivityKind,
    AuthorKind,
    Deal,
    DealChanges,
    FieldSpec,
    NewTask,
    Person,
    Pipeline,
    Ref,
    Stage,
    Task,
    TaskState,
    User,
    WriteResult,
)
from crmkit.exceptions import NotFound
from recipes.stale_deals import StaleDeals, StaleDealsSettings

MOSCOW = ZoneInfo("Europe/Moscow")
START = datetime(2025, 3, 3, 10, tzinfo=MOSCOW)
ROBOT, NOISE, DIRECTOR, HEAD, OTHER_HEAD, MANAGER, COLLEAGUE, DISMISSED = (
    "90",
    "91",
    "1",
    "2",
    "3",
    "5",
    "6",
    "15",
)
STAGES = (
    Stage(id="1", name="Новая", key="new", pipeline="sales"),
    Stage(id="2", name="В работе", key="work", pipeline="sales"),
    Stage(id="3", name="Переговоры", pipeline="sales"),
    Stage(id="5", name="Выиграна", key="won", is_open=False, pipeline="sales"),
    Stage(id="6", name="Отказ", key="refused", is_open=False, pipeline="sales"),
)
FIELDS = {
    "return_state": ("Состояние возврата", "choice"),
    "label": ("Метка", "choices"),
    "previous_assignee": ("Предыдущий исполнитель", "person"),
    "new_assignee": ("Новый исполнитель", "person"),
    "refusal_reason": ("Причина отказа", "choice"),
    "snooze_until": ("Отложить до", "date"),
    "snooze_reason": ("Причина паузы", "text"),
    "release_hold": ("Снять удержание", "bool"),
    "amount": ("Сумма", "number"),
}
SALES = Ref(kind="group", id="1", name="Продажи")
PEOPLE = (
    User(id=DIRECTOR, name="Директор", is_admin=True),
    User(id=HEAD, name="Петрова"),
    User(id=OTHER_HEAD, name="Сидоров"),
    User(id=MANAGER, name="Иванова", groups=(SALES,)),
    User(id=COLLEAGUE, name="Кузнецов", groups=(SALES,)),
    User(id=DISMISSED, name="Бывший", is_active=False),
    User(id=ROBOT, name="Робот crmkit", is_robot=True),
    User(id=NOISE, name="Робот Планфикса", is_robot=True),
)


def user(number: str) -> Person:
    return next(one.person for one in PEOPLE if one.id == number)


@dataclass
class Sheet:
    """What is written down about one deal."""

    deal: Deal
    history: list[Activity] = field(default_factory=list)
    touched: datetime = START


class PaperDeals(base.Deals):
    _crm: Paper

    def find(self, *conditions: Expression) -> Iterator[Deal]:
        terms = terms_of(conditions)
        self._crm.asked.append(" and ".join(map(str, terms)))
        rows = [sheet for _, sheet in sorted(self._crm.sheets.items(), key=lambda item: int(item[0]))]
        found = [
            sheet for sheet in rows if not sheet.deal.deleted and all(self._holds(t, sheet) for t in terms)
        ]
        self._crm.requests += max(1, -(-len(found) // 100))
        idle = next((term.args[0] for term in terms if term.name == "idle_for"), None)
        return (self._vouched(sheet, idle) for sheet in found)

    def get(self, deal_id: str) -> Deal:
        self._crm.requests += 1
        sheet = self._crm.sheets.get(deal_id)
        if sheet is None or sheet.deal.deleted:
            raise NotFound("no such deal")
        return sheet.deal

    def history(self, deal_id: str, *, until_human: bool = False) -> tuple[Activity, ...]:
        self._crm.requests += 1
        self._crm.histories.append(deal_id)
        entries: list[Activity] = []
        for entry in reversed(self._crm.sheets[deal_id].history):
            entries.append(entry)
            if until_human and entry.author_kind in (AuthorKind.HUMAN, AuthorKind.CLIENT):
                break
        return tuple(entries)

    def update(self, deal_id: str, changes: DealChanges) -> WriteResult:
        self._crm.requests += 1
        self._crm.change(deal_id, changes)
        return WriteResult(id=deal_id)

    def _midnight(self, idle: timedelta) -> datetime:
        limit = (self._crm.clock.now() - idle).astimezone(MOSCOW)
        return limit.replace(hour=0, minute=0, second=0, microsecond=0)

    def _vouched(self, sheet: Sheet, idle: timedelta | None) -> Deal:
        if idle is None:
            return sheet.deal
        midnight = self._midnight(idle)
        since = midnight if sheet.touched < midnight else midnight + timedelta(days=1)
        return sheet.deal.model_copy(update={"untouched_since": since.astimezone(UTC)})

    def _holds(self, term: Term, sheet: Sheet) -> bool:
        deal, args = sheet.deal, term.args
        match term.name:
            case "is_open":
                return deal.open
            case "in_stage":
                return deal.stage is not None and bool({deal.stage.id, deal.stage.key} & set(args))
            case "with_ids":
                return deal.id in args
            case "field":
                return bool(deal.fields.get(args[0]) == args[1])
            case "idle_for":
                return sheet.touched < self._midnight(args[0]) + timedelta(days=1)
            case "commented_by_robot_since":
                return any(e.author_kind is AuthorKind.ROBOT and e.at >= args[0] for e in sheet.history)
        raise AssertionError(f"the paper portal knows no filter {term}")


class PaperComments(base.Comments):
    _crm: Paper

    def add(
        self, entity: Ref, text: str, *, notify: Sequence[Person] = (), hidden: bool = False, key: str = ""
    ) -> WriteResult:
        self._crm.requests += 1
        entry = self._crm.note(entity.id, user(self._crm.myself), text=text)
        self._crm.notices += [(person.id, text) for person in notify]
        self._crm.hidden[entry.id] = hidden
        return WriteResult(id=entry.id)


class PaperTasks(base.Tasks):
    _crm: Paper

    def create(self, task: NewTask, *, key: str) -> WriteResult:
        self._crm.requests += 1
        number = str(5000 + len(self._crm.tasks_by_id))
        self._crm.texts[number] = task.text
        self._crm.tasks_by_id[number] = Task(
            id=number,
            title=task.title,
            state=TaskState.OPEN,
            kind=task.kind,
            assignees=task.assignees,
            deal=task.deal,
            key=key,
        )
        return WriteResult(id=number)

    def get(self, task_id: str, *, kind: str = "task") -> Task:
        self._crm.requests += 1
        if task_id not in self._crm.tasks_by_id:
            raise NotFound("no such task")
        return self._crm.tasks_by_id[task_id]

    def set_state(self, task_id: str, state: TaskState, *, kind: str = "task") -> WriteResult:
        self._crm.requests += 1
        self._crm.set_task(task_id, state, self._crm.myself)
        return WriteResult(id=task_id)


class PaperUsers(base.Users):
    _crm: Paper

    def list(self) -> Iterator[User]:
        self._crm.requests += 1
        yield from self._crm.people.values()


class Paper(base.Crm):
    """The portal."""

    provider: ClassVar[str] = "paper"
    portal = "paper:test"
    timezone = MOSCOW

    def __init__(
        self, *, myself: str = ROBOT, without: Iterable[Capability] = (), fields: Iterable[str] = FIELDS
    ) -> None:
        self.capabilities = Capabilities("paper", frozenset(Capability) - set(without))
        self.clock: ManualClock = ManualClock(START)
        self.myself = myself
        self.people = {one.id: one for one in PEOPLE}
        self.field_types = {name: FIELDS[name] for name in fields}
        self.deals, self.comments, self.tasks = PaperDeals(self), PaperComments(self), PaperTasks(self)
        self.users = PaperUsers(self)
        self.sheets: dict[str, Sheet] = {}
        self.tasks_by_id: dict[str, Task] = {}
        self.texts: dict[str, str] = {}
        self.hidden: dict[str, bool] = {}
        self.notices: list[tuple[str, str]] = []
        self.requests = 0
        self.asked: list[str] = []
        self.histories: list[str] = []

    def me(self) -> Person | None:
        return user(self.myself)

    def budget(self) -> base.Budget:
        return base.Budget(per_second=1.0)

    def requests_sent(self) -> int:
        return self.requests

    def pipelines(self) -> Sequence[Pipeline]:
        return (Pipeline(id="sales", name="Продажи", stages=STAGES),)

    def deal_fields(self) -> Sequence[FieldSpec]:
        self.requests += 1
        return [
            FieldSpec(id=str(100 + number), name=name, key=key, type=kind)
            for number, (key, (name, kind)) in enumerate(self.field_types.items())
        ]

    # What happens on the portal

    def add(self, number: str = "7", *, by: str = MANAGER, stage: str = "work", **values: Any) -> None:
        """Create a deal now; ``values`` are its custom fields, ``assignees`` and ``title``."""
        now = self.clock.now()
        values.setdefault("assignees", (user(MANAGER),))
        own = {name: values.pop(name) for name in ("assignees", "title") if name in values}
        where = next(one for one in STAGES if one.key == stage)
        deal = Deal(
            id=number,
            open=where.is_open,
            stage=where,
            created_at=now,
            updated_at=now,
            fields=values,
            **{"title": f"Сделка {number}", **own},
        )
        self.sheets[number] = Sheet(deal, touched=now)
        self.note(number, user(by), kind=ActivityKind.CREATED)

    def note(
        self,
        number: str,
        author: Person | None,
        *,
        kind: ActivityKind = ActivityKind.COMMENT,
        text: str = "",
        author_kind: AuthorKind | None = None,
    ) -> Activity:
        """Write an entry into the history of a deal."""
        sheet, now = self.sheets[number], self.clock.now()
        known = self.people.get(author.id) if author and author.kind == "user" else None
        guess = (
            AuthorKind.UNKNOWN if author is None else AuthorKind.CLIENT if known is None else AuthorKind.HUMAN
        )
        who = author_kind or (AuthorKind.ROBOT if known is not None and known.is_robot else guess)
        entry = Activity(
            id=f"c{number}.{len(sheet.history)}", at=now, kind=kind, author=author, author_kind=who, text=text
        )
        sheet.history.append(entry)
        sheet.touched = now
        return entry

    def change(self, number: str, changes: DealChanges) -> None:
        """Change a deal; leaves its stamp and, for a stage, nothing else in the history."""
        sheet, given = self.sheets[number], changes.model_dump(exclude_unset=True, exclude={"fields"})
        update: dict[str, Any] = {"updated_at": self.clock.now()}
        if changes.stage is not None:
            update["stage"] = next(one for one in STAGES if changes.stage in (one.id, one.key))
            update["open"] = update["stage"].is_open
        if "assignees" in given:
            update["assignees"] = changes.assignees or ()
        merged = {**sheet.deal.fields, **changes.fields}
        update["fields"] = {name: value for name, value in merged.items() if value is not None}
        sheet.deal = sheet.deal.model_copy(update=update)
        sheet.touched = self.clock.now()

    def set_task(self, task_id: str, state: TaskState, by: str | None) -> None:
        """Move a task to a state as somebody; ``None``: the portal does not tell who."""
        decided = {
            "state": state,
            "decided_by": user(by) if by else None,
            "decided_by_kind": AuthorKind.HUMAN,
            "decided_at": self.clock.now(),
        }
        self.tasks_by_id[task_id] = self.tasks_by_id[task_id].model_copy(update=decided)


class Notebook:
    """A ledger on paper: what is remembered went through JSON, as it does in the real one."""

    def __init__(self) -> None:
        self.memories: dict[Ref, Memory] = {}
        self.counted: list[tuple[datetime, Ref]] = []

    def recall(self, portal: str, recipe: str, entities: Iterable[Ref]) -> Mapping[Ref, Memory]:
        return {ref: self.memories[ref] for ref in entities if ref in self.memories}

    def known(self, portal: str, recipe: str) -> Iterable[Ref]:
        return tuple(self.memories)

    def counted_since(self, portal: str, recipe: str, moment: datetime) -> int:
        return len({ref for at, ref in self.counted if at >= moment})

    def add(self, ref: Ref, effect: Effect) -> None:
        kept = {
            "data": decode(json.loads(json.dumps(encode(effect.data)))),
            "before": decode(json.loads(json.dumps(encode(effect.before)))),
            "after": decode(json.loads(json.dumps(encode(effect.after)))),
        }
        memory = self.memories.get(ref, Memory())
        assert all(known.key != effect.key for known in memory.effects), f"{effect.key} was done twice"
        update = {"effects": (*memory.effects, effect.model_copy(update=kept))}
        self.memories[ref] = memory.model_copy(update=update)

    def undo(self, ref: Ref, step: str, at: datetime) -> None:
        memory = self.memories[ref]
        (effect,) = (one for one in memory.effects if one.step == step)
        self.memories[ref] = memory.model_copy(
            update={
                "effects": tuple(one for one in memory.effects if one is not effect),
                "undone": (*memory.undone, effect.model_copy(update={"at": at})),
            }
        )


class Story:
    """A portal on paper, the recipe, its memory, and time that passes when told."""

    def __init__(self, crm: Paper | None = None, **settings: Any) -> None:
        self.crm = crm or Paper()
        self.memory = Notebook()
        self.recipe = StaleDeals(StaleDealsSettings(**{"supervisor": f"user:{HEAD}", **settings}))
        self.language: Any = "ru"
        self.crm.add()

    @property
    def ctx(self) -> Context[StaleDealsSettings]:
        return Context(self.crm, self.recipe.settings, self.memory, self.language)

    @property
    def deal(self) -> Deal:
        return self.crm.sheets["7"].deal

    @property
    def steps(self) -> list[str]:
        """The steps that were done to the deal so far."""
        return [effect.step for effect in self.recalled().effects]

    @property
    def task(self) -> Task:
        """The approval task that was created last."""
        return self.crm.tasks_by_id[max(self.crm.tasks_by_id)]

    @property
    def comments(self) -> list[str]:
        """What our robot has written into the deal."""
        history = self.crm.sheets["7"].history
        return [
            entry.text
            for entry in history
            if entry.author and entry.author.id == self.crm.myself and entry.text
        ]

    def recalled(self, number: str = "7") -> Memory:
        return self.memory.memories.get(Ref(kind="deal", id=number), Memory())

    def wait(self, **delta: float) -> Story:
        self.crm.clock.advance(**delta)
        return self

    def look(self, number: str = "7") -> Decision:
        """Decide about a deal as the executor would: read afresh, nothing is written."""
        ref = Ref(kind="deal", id=number)
        return self.recipe.decide(
            self.recipe.observe(self.ctx, ref), self.crm.clock.now(), self.recalled(number)
        )

    def run(self, number: str = "7", *, killed_after: int | None = None) -> Decision:
        """Decide and act, unless the decision says to wait; stop after so many writes as if killed."""
        decision = self.look(number)
        waits = decision.not_before is not None and decision.not_before > self.crm.clock.now()
        for action in () if waits else decision.actions[:killed_after]:
            self._do(action)
        return decision

    def days(self, count: int) -> list[str]:
        """Let the days pass with a run on each, and return their verdicts."""
        verdicts = []
        for _ in range(count):
            verdicts.append(self.wait(days=1).run().verdict)
        return verdicts

    def plan(self) -> Plan:
        return make_plan(self.recipe, self.crm, memory=self.memory, language=self.language)

    def returned(self) -> Story:
        """Go to the moment after the return: warned on day 15, returned on day 22."""
        assert self.wait(days=15).run().verdict == "warn"
        assert self.wait(days=7).run().verdict == "return"
        return self

    def _do(self, action: Action) -> None:
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        remote = ""
        match action:
            case Notify():
                remote = self.crm.comments.add(
                    action.entity, action.text, notify=action.people, hidden=action.hidden
                ).id
            case AddComment():
                remote = self.crm.comments.add(action.entity, action.text, hidden=action.hidden).id
            case CreateTask():
                remote = self.crm.tasks.create(action.task, key=action.key).id
            case SetTaskState():
                self.crm.tasks.set_state(action.task_id, action.state, kind=action.task_kind)
            case UpdateDeal():
                before = self._image(action)
                self.crm.deals.update(action.entity.id, action.changes)
                after = self._image(action)
            case Remember():
                pass
        effect = Effect(
            key=action.key,
            step=action.step,
            episode=action.episode,
            at=self.crm.clock.now(),
            data=action.data,
            before=before,
            after=after,
            remote_id=remote,
        )
        self.memory.add(action.entity, effect)

    def _image(self, action: UpdateDeal) -> dict[str, Any]:
        deal, given = self.crm.sheets[action.entity.id].deal, action.changes.model_fields_set
        own: dict[str, Any] = {"stage": deal.stage.id if deal.stage else None, "assignees": deal.assignees}
        image = {name: own[name] for name in ("stage", "assignees") if name in given}
        return image | {name: deal.fields.get(name) for name in action.changes.fields}


@pytest.fixture(scope="session")
def make_story() -> type[Story]:
    """The stories that tests tell; a class, so that property tests can begin one for every example."""
    return Story


@pytest.fixture(scope="session")
def make_portal() -> type[Paper]:
    return Paper


@pytest.fixture
def story(make_story: type[Story]) -> Story:
    """A deal that Иванова created on Monday, 3 March 2025, 10:00 in Moscow."""
    return make_story()
