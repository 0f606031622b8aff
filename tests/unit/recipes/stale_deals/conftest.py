"""Stories about one deal: time passes when told, and decisions become effects, without HTTP or a database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

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
from crmkit.crm.models import Deal, Ref, Task
from recipes.stale_deals import StaleDeals, StaleDealsSettings

HEAD = "2"


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

    def __init__(self, open_portal: Callable[[], Any], crm: Any = None, **settings: Any) -> None:
        self.crm = crm or open_portal()
        self.memory = Notebook()
        self.recipe = StaleDeals(StaleDealsSettings(**{"supervisor": f"user:{HEAD}", **settings}))
        self.language: Any = "ru"
        self.crm.add()

    @property
    def ctx(self) -> Context[StaleDealsSettings]:
        return Context(self.crm, self.recipe.settings, self.memory, self.language)

    @property
    def deal(self) -> Deal:
        deal: Deal = self.crm.sheets["7"].deal
        return deal

    @property
    def steps(self) -> list[str]:
        """The steps that were done to the deal so far."""
        return [effect.step for effect in self.recalled().effects]

    @property
    def task(self) -> Task:
        """The approval task that was created last."""
        task: Task = self.crm.tasks_by_id[max(self.crm.tasks_by_id)]
        return task

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
def make_story(make_portal: Any) -> Callable[..., Story]:
    """Begin a story: ``make_story(portal, **settings)``; property tests begin one for every example."""
    return partial(Story, make_portal)


@pytest.fixture
def story(make_story: Callable[..., Story]) -> Story:
    """A deal that Иванова created on Monday, 3 March 2025, 10:00 in Moscow."""
    return make_story()
