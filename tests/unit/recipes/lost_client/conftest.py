"""A client on paper: deals are won, lost and opened again, decisions become effects, time passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmkit.automation.actions import Action, AddComment, CreateTask, Remember, SetTaskState, UpdateCard
from crmkit.automation.memory import Effect, Memory
from crmkit.automation.recipe import Decision
from crmkit.automation.values import decode, encode
from crmkit.crm.models import Contact, Deal, FieldSpec, Ref, Stage, Task, TaskState, User
from recipes.lost_client import LostClient, LostClientSettings, Portal, Snapshot

START = datetime(2025, 3, 3, 7, tzinfo=UTC)
VIDEO = "https://example.com/why"
STAGES = {
    "new": Stage(id="C1:NEW", name="Новая", key="new", pipeline="1"),
    "won": Stage(id="C1:WON", name="Успешна", key="won", is_open=False, is_won=True, pipeline="1"),
    "no_money": Stage(
        id="C1:2",
        name="Завершена по причине отсутствия денег",
        key="no_money",
        is_open=False,
        is_won=False,
        pipeline="1",
    ),
    "lost": Stage(id="C1:LOSE", name="Проиграна", is_open=False, is_won=False, pipeline="1"),
}
USERS = {
    "4": User(id="4", name="Иванова"),
    "2": User(id="2", name="Петрова"),
    "15": User(id="15", name="Бывший", is_active=False),
}


class Tale:
    """One client, told step by step."""

    def __init__(self, *, tells_reasons: bool = False, **settings: Any) -> None:
        self.now = START
        self.settings = LostClientSettings(**{"video_url": VIDEO, **settings})
        self.recipe = LostClient(self.settings)
        self.ref = Ref(kind="contact", id="11", name="Анна Смирнова")
        self.fields: dict[str, Any] = {}
        self.deals: dict[str, Deal] = {}
        self.tasks: dict[str, Task] = {}
        self.comments: list[tuple[str, str]] = []
        self.memory = Memory()
        self.gone = False
        self.portal = Portal(
            language="ru",
            timezone=ZoneInfo("Europe/Moscow"),
            target=FieldSpec(id="f", name="целевой клиент", key="target_client", options=("ДА", "НЕТ")),
            tells_reasons=tells_reasons,
            users=USERS,
            stages=tuple(STAGES.values()),
        )

    @property
    def value(self) -> Any:
        return self.fields.get("target_client")

    @property
    def steps(self) -> list[str]:
        return [effect.step for effect in self.memory.effects]

    def wait(self, **delta: float) -> Tale:
        self.now += timedelta(**delta)
        return self

    def deal(self, number: str, stage: str = "new", *, who: str = "4", **fields: Any) -> Tale:
        """Put a deal into a stage; a closed one is closed now."""
        where = STAGES[stage]
        self.deals[number] = Deal(
            id=number,
            title=f"Сделка {number}",
            open=where.is_open,
            won=where.is_won if not where.is_open else None,
            stage=where,
            assignees=(USERS[who].person,),
            contacts=(self.ref,),
            closed_at=None if where.is_open else self.now,
            fields=fields,
        )
        return self

    def person_sets(self, value: str | None) -> Tale:
        self.fields = {} if value is None else {"target_client": value}
        return self

    def look(self) -> Decision:
        client = Contact(id="11", name="Анна Смирнова", fields=dict(self.fields))
        snapshot = Snapshot(
            self.ref,
            None if self.gone else client,
            self.portal,
            tuple(self.deals[number] for number in sorted(self.deals)),
            {number: task for number, task in self.tasks.items() if not task.deleted},
        )
        return self.recipe.decide(snapshot, self.now, self.memory)

    def run(self, *, killed_after: int | None = None) -> str:
        """Decide and act; stop after so many writes as if killed. A minute passes."""
        decision = self.look()
        for action in decision.actions[:killed_after]:
            self._do(action)
        self.now += timedelta(minutes=1)
        return decision.verdict

    def undo_mark(self) -> None:
        (mark,) = (one for one in self.memory.effects if one.step == "mark")
        rest = tuple(one for one in self.memory.effects if one.step not in ("mark",))
        self.memory = Memory(effects=rest, undone=(mark.model_copy(update={"at": self.now}),))
        self.person_sets(mark.before["target_client"])

    def _do(self, action: Action) -> None:
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        remote = ""
        match action:
            case UpdateCard():
                assert action.target == self.ref
                before = {name: self.fields.get(name) for name in action.fields}
                self.fields |= action.fields
                self.fields = {name: value for name, value in self.fields.items() if value is not None}
                after = {name: self.fields.get(name) for name in action.fields}
            case AddComment():
                self.comments.append((str(action.target), action.text))
                remote = str(len(self.comments))
            case CreateTask():
                remote = f"t{len(self.tasks) + 1}"
                new = action.task
                self.tasks[remote] = Task(
                    id=remote, title=new.title, state=TaskState.OPEN, assignees=new.assignees, deal=new.deal
                )
            case SetTaskState():
                self.decide(action.task_id, action.state)
            case Remember():
                pass
            case _:
                raise AssertionError(action.kind)
        assert all(known.key != action.key for known in self.memory.effects), f"{action.key} was done twice"
        effect = Effect(
            key=action.key,
            step=action.step,
            episode=action.episode,
            at=self.now,
            data=decode(json.loads(json.dumps(encode(action.data)))),
            before=before,
            after=after,
            remote_id=remote,
        )
        self.memory = self.memory.model_copy(update={"effects": (*self.memory.effects, effect)})

    def decide(self, task: str, state: TaskState) -> None:
        self.tasks[task] = self.tasks[task].model_copy(update={"state": state})


@pytest.fixture
def tale() -> Tale:
    """A client with no deals yet."""
    return Tale()


@pytest.fixture
def make_tale() -> Callable[..., Tale]:
    """Begin a tale with other settings."""
    return partial(Tale)
