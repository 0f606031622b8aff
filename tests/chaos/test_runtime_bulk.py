"""A bulk run, and a run of the new actions one by one, is killed at a step and then goes on.

At every fourth step of most; with ``CRMKIT_FULL=1`` at every single one.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import event

from crmkit.clock import ManualClock
from crmkit.runtime.executor import resume
from crmkit.runtime.ledger import Ledger

LASTS = timedelta(hours=2)
DEALS = 5


def load_rooms() -> ModuleType:
    """The CRM in memory of the unit tests, with all rooms."""
    path = Path(__file__).parents[1] / "unit" / "runtime" / "fake_rooms.py"
    spec = importlib.util.spec_from_file_location("chaos_fake_rooms", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["chaos_fake_rooms"] = module
    spec.loader.exec_module(module)
    return module


rooms = load_rooms()
fakes = rooms.fakes
FULL = bool(os.environ.get("CRMKIT_FULL"))
STRIDE = 4


def moments(
    folder: Path, work: Callable[[Any, Ledger], Any], *, batch_size: int, least: int, stride: int = STRIDE
) -> Iterator[tuple[int, Any, str]]:
    """Yield a portal and a ledger for every step, or some, at which the work can be broken off."""
    template = folder / "template.db"
    Ledger(f"sqlite:///{template}").close()
    for at in itertools.count(1, 1 if FULL else stride):
        shutil.copy(template, folder / f"{at}.db")
        crm = rooms.full_portal(ManualClock(fakes.START), DEALS, batch_size=batch_size)
        url = f"sqlite:///{folder / f'{at}.db'}"
        killed = False
        with Ledger(url, process=fakes.dead_process()) as ledger:
            steps = itertools.count(1)

            def step(*_: Any, steps: Iterator[int] = steps, at: int = at) -> None:
                if next(steps) >= at:
                    raise fakes.Killed

            crm.on_call = step
            event.listen(ledger._database.engine, "commit", step)
            try:
                work(crm, ledger)
            except fakes.Killed:
                killed = True
        crm.on_call = lambda name: None
        crm.clock.advance(minutes=10)
        if not killed:
            assert at > least
            return
        yield at, crm, url


def goes_on(recipe: Any, crm: Any, ledger: Ledger, *, resumed: bool) -> None:
    runs = list(ledger.runs.list())
    if runs and resumed:
        resume(runs[0].id, recipe, crm, ledger)
    else:
        recipe.plan(crm, memory=ledger).apply()


def happened_once(at: int, crm: Any, *kinds: str) -> None:
    for kind in kinds:
        done = Counter(what for _, what in crm.effects(kind))
        assert len(done) == DEALS, f"killed at step {at}: {kind} {done}"
        assert set(done.values()) == {1}, f"killed at step {at}: {kind} {done}"


@pytest.mark.parametrize("resumed", [True, False])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_new_deals_and_lasting_processes_happen_once(tmp_path: Path, batch_size: int, resumed: bool) -> None:
    recipe = rooms.Full(rooms.FullSettings(steps=("deal", "move", "flow"), lasts=LASTS))

    def work(crm: Any, ledger: Ledger) -> None:
        recipe.plan(crm, memory=ledger).apply()

    for at, crm, url in moments(tmp_path, work, batch_size=batch_size, least=30):
        with Ledger(url) as ledger:
            goes_on(recipe, crm, ledger, resumed=resumed)
            happened_once(at, crm, "deal", "update", "flow")
            assert recipe.plan(crm, memory=ledger).to_do == ()


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("ends_at_once", [True, False])
def test_processes_of_unknown_length_are_never_started_twice(
    tmp_path: Path, batch_size: int, ends_at_once: bool
) -> None:
    """Each is started once, or is listed for a person because nobody can tell; nothing is guessed."""
    recipe = rooms.Full(rooms.FullSettings(steps=("flow",)))
    listed = []

    def work(crm: Any, ledger: Ledger) -> None:
        crm.processes_end_at_once = ends_at_once
        recipe.plan(crm, memory=ledger).apply()

    for at, crm, url in moments(tmp_path, work, batch_size=batch_size, least=15, stride=1):
        with Ledger(url) as ledger:
            goes_on(recipe, crm, ledger, resumed=True)
            assert max(Counter(crm.rooms.started).values()) == 1, f"killed at step {at}"
            unsettled = list(ledger.journal.unsettled(crm.portal, ("full",)))
            missing = {f"deal:{n}" for n in range(1, DEALS + 1)} - set(crm.rooms.started)
            assert missing <= {str(record.entity) for record in unsettled}, f"killed at step {at}"
            assert len(unsettled) <= batch_size
            listed.append(len(unsettled))
    assert max(listed) == batch_size


def test_every_new_action_one_by_one_happens_once(tmp_path: Path) -> None:
    recipe = rooms.Full(rooms.FullSettings(lasts=LASTS))

    def work(crm: Any, ledger: Ledger) -> None:
        recipe.plan(crm, memory=ledger).apply()

    # Some steps are enough: the items are alike, and the stride meets each of the steps of one somewhere.
    for at, crm, url in moments(tmp_path, work, batch_size=1, least=150, stride=7):
        with Ledger(url) as ledger:
            goes_on(recipe, crm, ledger, resumed=bool(at % 2))
            happened_once(at, crm, "deal", "update", "flow", "card", "task", "shift", "space")
            assert len(crm.rooms.guests) == DEALS
