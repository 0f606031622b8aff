"""A real process is killed with SIGKILL at every step of a run; another process goes on.

Also a program: ``python test_runtime_kill.py FOLDER`` lets one child per step kill itself, each in a folder
of its own.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import event

from crmkit.clock import ManualClock
from crmkit.runtime.executor import resume
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.records import RunStatus

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
STEPS = ("warn", "return", "approve", "note")


def load_fakes() -> ModuleType:
    """The CRM in memory of the unit tests; here it keeps its state in a file."""
    path = Path(__file__).parents[1] / "unit" / "runtime" / "conftest.py"
    spec = importlib.util.spec_from_file_location("runtime_fakes", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["runtime_fakes"] = module  # its classes are pickled by this name
    spec.loader.exec_module(module)
    return module


fakes = load_fakes()


def world(folder: Path) -> tuple[Any, Any, Ledger]:
    crm = fakes.portal(ManualClock(fakes.START), file=folder / "portal.pickle")
    return crm, fakes.Careful(fakes.IdleSettings(steps=STEPS)), Ledger(f"sqlite:///{folder / 'ledger.db'}")


def die_at(step: int, folder: Path) -> None:
    """Apply the recipe; before its n-th step (a call, its answer, a commit) the process is gone."""
    crm, recipe, ledger = world(folder)
    steps = itertools.count(1)

    def live_or_die(*_: Any) -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    crm.on_call = live_or_die
    event.listen(ledger._database.engine, "commit", live_or_die)
    recipe.plan(crm, memory=ledger).apply()


def main(root: Path) -> None:
    """Kill a child at every step, until one lives to the end; print how many died."""
    for step in itertools.count(1):
        folder = root / f"{step:03}"
        folder.mkdir()
        child = os.fork()
        if child == 0:
            die_at(step, folder)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.stdout.write(f"{step - 1} {status}")
            return


@pytest.fixture(scope="module")
def dead(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The folders that the dead have left behind."""
    root = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-W", "error", __file__, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    number, status = map(int, done.stdout.split())
    assert (number > 50, status) == (True, 0)
    return [root / f"{step:03}" for step in range(1, number + 1)]


def go_on_with_the_run(crm: Any, recipe: Any, ledger: Ledger) -> None:
    runs = list(ledger.runs.list())
    if runs:
        assert resume(runs[0].id, recipe, crm, ledger).status is RunStatus.DONE
    else:
        recipe.plan(crm, memory=ledger).apply()


def apply_again(crm: Any, recipe: Any, ledger: Ledger) -> None:
    recipe.plan(crm, memory=ledger).apply()


def test_whenever_it_was_killed_everything_happens_once(dead: list[Path]) -> None:
    ways: tuple[Callable[[Any, Any, Ledger], None], ...] = (go_on_with_the_run, apply_again)
    for number, folder in enumerate(dead):
        crm, recipe, ledger = world(folder)
        crm.clock.advance(minutes=1)
        with ledger:
            ways[number % 2](crm, recipe, ledger)
            kinds = [sorted(what.split()[-1] for _, what in crm.effects(k)) for k in ("update", "task")]
            assert kinds == [["1", "2", "3"]] * 2, folder.name
            assert sorted(what.split()[0] for _, what in crm.effects("comment")) == ["1", "2", "3"], (
                folder.name
            )
            entities = [deal.ref for deal in crm.state.deals.values()]
            for memory in ledger.recall(crm.portal, recipe.name, entities).values():
                assert tuple(effect.step for effect in memory.effects) == STEPS, folder.name
            apply_again(crm, recipe, ledger)
            assert len(crm.effects()) == 9, folder.name


if __name__ == "__main__":
    main(Path(sys.argv[1]))
