"""A run is killed at a step, call of the portal or commit of the ledger, and then goes on.

At every fourth step, which is another one of each deal; with ``CRMKIT_FULL=1`` at every single one.
"""

from __future__ import annotations

import copy
import importlib.util
import itertools
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import event, text

from crmkit.clock import ManualClock
from crmkit.crm.models import TaskState
from crmkit.runtime.executor import resume
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.records import ActionStatus
from crmkit.runtime.undo import undo


def load_fakes() -> ModuleType:
    """The CRM in memory of the unit tests."""
    path = Path(__file__).parents[1] / "unit" / "runtime" / "conftest.py"
    spec = importlib.util.spec_from_file_location("runtime_fakes", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault("runtime_fakes", module)
    spec.loader.exec_module(module)
    return module


fakes = load_fakes()
postgres_server = fakes.postgres_server


class Fate:
    """Counts the steps of a process and kills it at one of them; the dead do nothing more."""

    def __init__(self, crm: Any, ledger: Ledger, at: int = 0) -> None:
        self.steps = 0
        self._at = at
        crm.on_call = lambda name: self.step()
        event.listen(ledger._database.engine, "commit", lambda connection: self.step())

    def step(self) -> None:
        self.steps += 1
        if self._at and self.steps >= self._at:
            raise fakes.Killed


def killed(at: int, folder: str, crm: Any, work: Callable[[Ledger], None]) -> bool:
    """Let a process work until it is killed; tell whether that happened before it was done."""
    with Ledger(folder, process=fakes.dead_process()) as ledger:
        fate = Fate(crm, ledger, at)
        try:
            work(ledger)
        except fakes.Killed:
            return True
        finally:
            crm.on_call = lambda name: None
    assert fate.steps < at
    return False


STRIDE = 1 if os.environ.get("CRMKIT_FULL") else 4


class World:
    """A portal and a ledger as they were before the work, as often as they are needed.

    Args:
        folder: Where SQLite files go.
        server: A PostgreSQL server to use instead.
    """

    def __init__(self, folder: Path, server: str = "") -> None:
        self._folder = folder
        self._schema = fakes.fresh_schema(server) if server else ""
        self._state = fakes.portal(ManualClock(fakes.START)).state
        self._now = fakes.START
        Ledger(self._template).close()

    @property
    def _template(self) -> str:
        return self._schema or f"sqlite:///{self._folder / 'template.db'}"

    def prepare(self, work: Callable[[Any, Ledger], None]) -> None:
        """Do something that has happened before the work begins."""
        crm = fakes.portal(ManualClock(self._now))
        with Ledger(self._template) as ledger:
            work(crm, ledger)
        self._state, self._now = crm.state, crm.clock.now()

    def fresh(self) -> tuple[Any, str]:
        crm = fakes.portal(ManualClock(self._now))
        crm.state = copy.deepcopy(self._state)
        if self._schema:
            with Ledger(self._schema) as ledger, ledger._database.write() as connection:
                connection.execute(text("truncate leases, actions, items, runs"))
            return crm, self._schema
        path = self._folder / "ledger.db"
        for old in self._folder.glob("ledger.db*"):
            old.unlink()
        shutil.copy(self._folder / "template.db", path)
        return crm, f"sqlite:///{path}"

    def moments(self, work: Callable[[Any, Ledger], None], *, least: int) -> Iterator[Any]:
        """Yield a portal and a ledger for every moment at which the work can be broken off."""
        for at in itertools.count(1, STRIDE):
            crm, url = self.fresh()
            broken_off = killed(at, url, crm, lambda ledger, crm=crm: work(crm, ledger))
            crm.clock.advance(minutes=10)
            if not broken_off:
                assert at > least
                return
            with Ledger(url) as ledger:
                yield at, crm, ledger


def everything_happened_once(at: int, crm: Any, ledger: Ledger, recipe: Any) -> None:
    numbers = ("1", "2", "3")
    for kind in ("update", "comment", "task"):
        done = sorted(what.split()[0] if kind != "task" else what.split()[1] for _, what in crm.effects(kind))
        assert done == list(numbers), f"killed at step {at}: {kind} {done}"
    assert {deal.stage.key for deal in crm.state.deals.values()} == {"new"}
    memories = ledger.recall(crm.portal, recipe.name, [deal.ref for deal in crm.state.deals.values()])
    for memory in memories.values():
        assert [effect.step for effect in memory.effects] == list(recipe.settings.steps), f"step {at}"
        assert memory.unsettled == ()
        assert memory.last("return").before["stage"] == "2", f"step {at}"
        assert memory.last("approve").remote_id in crm.state.tasks, f"step {at}"
    for run in ledger.runs.list():
        assert set(run.counts) <= {"done", "nothing", "planned"}, f"killed at step {at}: {run.counts}"
        assert {record.status for record in ledger.journal.of_run(run.id)} <= {ActionStatus.DONE}
    recipe.plan(crm, memory=ledger).apply()  # the lease is free again
    assert len(crm.effects()) == 9


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    if request.param == "postgres":
        return World(tmp_path, request.getfixturevalue("postgres_server"))
    return World(tmp_path)


sqlite_only = pytest.mark.parametrize("world", ["sqlite"], indirect=True)


def test_a_run_is_resumed(world: World) -> None:
    recipe = fakes.Careful(fakes.IdleSettings())

    def work(crm: Any, ledger: Ledger) -> None:
        recipe.plan(crm, memory=ledger).apply()

    for at, crm, ledger in world.moments(work, least=50):
        runs = list(ledger.runs.list())
        if runs:
            resume(runs[0].id, recipe, crm, ledger)
        else:  # it had not even begun
            recipe.plan(crm, memory=ledger).apply()
        everything_happened_once(at, crm, ledger, recipe)


@sqlite_only
@pytest.mark.parametrize("kind", ["Careful", "Careless"])
def test_the_recipe_is_simply_applied_again(world: World, kind: str) -> None:
    recipe = getattr(fakes, kind)(fakes.IdleSettings())

    def work(crm: Any, ledger: Ledger) -> None:
        recipe.plan(crm, memory=ledger).apply()

    for at, crm, ledger in world.moments(work, least=50):
        recipe.plan(crm, memory=ledger).apply()
        everything_happened_once(at, crm, ledger, recipe)


@sqlite_only
def test_an_undo_is_undone_again(world: World) -> None:
    recipe = fakes.Careful(fakes.IdleSettings())
    done: list[str] = []

    def prepare(crm: Any, ledger: Ledger) -> None:
        done.append(recipe.plan(crm, memory=ledger).apply().run)
        crm.clock.advance(hours=1)

    world.prepare(prepare)
    for at, crm, ledger in world.moments(lambda crm, ledger: undo(done[0], crm, ledger), least=40):
        undo(done[0], crm, ledger)
        assert len(crm.effects("update")) == 6, f"killed at step {at}"
        assert len(crm.effects("state")) == 3, f"killed at step {at}"
        assert {deal.stage.key for deal in crm.state.deals.values()} == {"talks"}
        assert {task.state for task in crm.state.tasks.values() if task.key} == {TaskState.CANCELLED}
        memories = ledger.recall(crm.portal, "careful", [deal.ref for deal in crm.state.deals.values()])
        for memory in memories.values():
            assert [effect.step for effect in memory.effects] == ["undone"], f"killed at step {at}"
            assert {effect.step for effect in memory.undone} == {"warn", "return", "approve", "note"}
        assert undo(done[0], crm, ledger).items == ()
