"""A portal on paper: deals, people and tasks in dictionaries, as whole-day-minded and forgetful as Planfix.

It counts requests, keeps no trace of edits of fields in the history, and vouches for idleness by the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

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
OPTIONS = {
    "return_state": ("свободная сделка", "проверка контрагента", "подтверждено"),
    "label": ("VIP", "Свободная сделка"),
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
            case "touched_since":
                day = args[0].astimezone(MOSCOW).replace(hour=0, minute=0, second=0, microsecond=0)
                return bool(sheet.touched >= day)
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

    def with_ids(self, *task_ids: str, kind: str = "task") -> Iterator[Task]:
        self._crm.requests += -(-len(task_ids) // 100)
        undecided = {"decided_by": None, "decided_by_kind": AuthorKind.UNKNOWN, "decided_at": None}
        for number in task_ids:
            task = self._crm.tasks_by_id.get(number)
            if task is not None and not task.deleted:
                yield task.model_copy(update=undecided)

    def states(self, kind: str = "task") -> frozenset[TaskState]:
        return frozenset(TaskState)

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
        self,
        *,
        myself: str = ROBOT,
        without: Iterable[Capability] = (),
        fields: Iterable[str] = FIELDS,
        fixed: Iterable[str] = (),
    ) -> None:
        self.capabilities = Capabilities("paper", frozenset(Capability) - set(without))
        self.clock: ManualClock = ManualClock(START)
        self.myself = myself
        self.people = {one.id: one for one in PEOPLE}
        self.field_types = {name: FIELDS[name] for name in fields}
        self.fixed = frozenset(fixed)
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
            FieldSpec(
                id=str(100 + number),
                name=name,
                key=key,
                type=kind,
                options=OPTIONS.get(key, ()),
                writable=key not in self.fixed,
            )
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


@pytest.fixture(scope="session")
def make_portal() -> type[Paper]:
    """The portal as a class, so that property tests can open one for every example."""
    return Paper
