"""The end of an engine that works in threads, and processes that share a database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crmkit.runtime.engine import open_engine
from crmkit.runtime.engine.port import Batch, Hint, Receipt, Rule
from crmkit.testing.engine import EVENT, EngineWorld, deal


@pytest.fixture
def world(tmp_path: Path) -> Iterator[EngineWorld]:
    made = EngineWorld(f"sqlite:///{tmp_path / 'crmkit.db'}", "dbos")
    yield made
    made.engine.stop()


def test_a_job_that_runs_comes_to_its_end_and_nothing_new_is_begun(world: EngineWorld) -> None:
    begun = threading.Event()

    def until_told(batch: Batch) -> None:
        begun.set()
        world.until(lambda: batch.stopping)
        batch.later(batch.jobs[1], timedelta(0))

    portal = world.portal(until_told)
    for number in (1, 2):
        world.hint(portal, number, received=world.clock.now() - timedelta(seconds=3 - number))
    world.clock.advance(minutes=1)
    assert begun.wait(20)
    assert world.engine.stop()
    world.behaviour.clear()
    world.start()
    world.settle()
    assert world.seen(portal) == ["deal:1", "deal:2", "deal:2"]


def test_who_does_not_end_in_time_is_begun_again_by_the_next_one(world: EngineWorld) -> None:
    begun, may_end, ended = (threading.Event() for _ in range(3))

    def be_slow(batch: Batch) -> None:
        begun.set()
        may_end.wait(20)
        ended.set()

    portal = world.portal(be_slow)
    world.hint(portal, 1)
    world.clock.advance(minutes=1)
    assert begun.wait(20)
    assert not world.engine.stop(grace=0.05)
    world.behaviour.clear()
    world.start()
    world.until(lambda: len(world.runs(portal)) == 2)
    world.settle()
    assert not ended.is_set()
    may_end.set()  # what it reports now is not heard
    assert ended.wait(20)
    assert world.engine.counters().waiting == 0


def test_a_process_that_only_receives_leaves_the_work_to_the_others(world: EngineWorld) -> None:
    receiver = open_engine(world.url, clock=world.clock, work=False)
    receiver.add(Rule("first", frozenset({EVENT})), lambda batch: pytest.fail("it works"))
    receiver.start()
    portal = world.portal()
    assert receiver.accept(Hint(portal, deal(1), EVENT, key="1")) is Receipt.NEW
    assert world.hint(portal, 1, key="1") is Receipt.DUPLICATE
    assert receiver.health().ok
    world.clock.advance(minutes=1)
    assert receiver.tick() == 0
    world.settle()
    assert world.seen(portal) == ["deal:1"]
    assert receiver.stop()
