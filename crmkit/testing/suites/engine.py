"""What any engine has to do. Subclass, with an :class:`crmkit.testing.engine.EngineWorld` as ``world``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from crmkit.exceptions import ConfigurationError, TransportError
from crmkit.runtime.engine.port import Batch, Receipt
from crmkit.testing.engine import OTHER, EngineWorld, deal
from crmkit.testing.suites.engine_clock import ClockSuite

__all__ = ["EngineSuite"]

ORDERS: dict[str, Callable[[int], int]] = {
    "forward": lambda key: key,
    "backward": lambda key: -key,
    "shuffled": lambda key: key * 31 % 52,
}


class DebounceSuite:
    """Bursts, duplicates, late and reordered events."""

    @pytest.mark.parametrize("order", ORDERS)
    def test_52_events_with_three_redeliveries_each_are_one_job(self, world: EngineWorld, order: str) -> None:
        """A minute after the last of them; the recipe sees each event once."""
        hints: list[int] = []
        portal = world.portal(lambda batch: hints.extend(int(h.key) for h in batch.hints(batch.jobs[0])))
        keys = list(range(52)) * 4
        keys.sort(key=ORDERS[order])
        for key in keys:
            world.hint(portal, 1, key=str(key))
            world.clock.advance(milliseconds=10)
        world.settle()
        assert world.runs(portal) == ()
        world.advance(seconds=60)
        assert world.seen(portal) == ["deal:1"]
        assert sorted(hints) == list(range(52))

    def test_after_an_hour_in_which_nothing_ran_a_burst_is_one_job(self, world: EngineWorld) -> None:
        """The same for what came while the engine was down, and for what is delivered again afterwards."""
        portal = world.portal()
        for key in range(52):
            world.hint(portal, 1, key=str(key))
        world.clock.advance(hours=1)
        world.settle()
        for key in range(52):
            assert world.hint(portal, 1, key=str(key)) is Receipt.DUPLICATE
        world.advance(hours=1)
        assert world.seen(portal) == ["deal:1"]

    def test_an_entity_is_looked_at_once_it_is_quiet(self, world: EngineWorld) -> None:
        """Edits at 0, 20 and 50 seconds: a minute after the last one, not before."""
        portal = world.portal()
        for pause in (20, 30, 59):
            world.hint(portal, 1, key=str(pause))
            world.advance(seconds=pause)
        assert world.seen(portal) == []
        world.advance(seconds=1)
        assert world.seen(portal) == ["deal:1"]

    def test_one_that_never_is_quiet_is_looked_at_after_the_longest_wait(self, world: EngineWorld) -> None:
        """An event every half a minute: ten minutes after the first."""
        portal, began = world.portal(), world.clock.now()
        for key in range(21):
            world.hint(portal, 1, key=str(key))
            world.advance(seconds=30)
        assert [run.at - began for run in world.runs(portal)] == [timedelta(minutes=10)]

    def test_events_of_equal_content_are_one_row_and_still_a_reason_to_look(self, world: EngineWorld) -> None:
        """Without an id nothing tells a second delivery from a second change."""
        counts: list[int] = []
        portal = world.portal(lambda batch: counts.append(len(batch.hints(batch.jobs[0]))))
        assert [world.hint(portal, 1, payload={"id": 1}) for _ in range(3)] == [
            "new",
            "duplicate",
            "duplicate",
        ]
        assert world.hint(portal, 1, payload={"id": 2}) is Receipt.NEW
        world.advance(minutes=1)
        assert world.hint(portal, 1, payload={"id": 2}) is Receipt.DUPLICATE
        world.advance(minutes=1)
        assert world.seen(portal) == ["deal:1", "deal:1"]
        assert counts == [2, 1]

    def test_what_no_recipe_wants_is_not_kept(self, world: EngineWorld) -> None:
        """And is acknowledged all the same."""
        portal = world.portal()
        assert world.hint(portal, 1, kind="weather") is Receipt.IGNORED
        world.advance(hours=1)
        assert world.runs(portal) == ()


class OrderSuite:
    """One at a time per entity, and a turn for everybody."""

    def test_what_comes_during_a_job_is_looked_at_afterwards(self, world: EngineWorld) -> None:
        """By one further job."""
        portal = world.portal()
        times = iter(range(1, 99))

        def new_event(batch: Batch) -> None:
            if next(times) == 1:
                for key in range(5):
                    world.hint(portal, 1, key=f"during {key}")

        world.behaviour[portal] = new_event
        world.hint(portal, 1, key="before")
        world.advance(minutes=1)
        assert len(world.runs(portal)) == 1
        world.advance(minutes=1)
        assert world.seen(portal) == ["deal:1", "deal:1"]
        world.advance(hours=1)
        assert len(world.runs(portal)) == 2

    def test_two_recipes_are_never_at_one_entity_at_a_time(self, world: EngineWorld) -> None:
        """The second one goes on with others meanwhile."""
        portal = world.portal()
        other_ran = threading.Event()
        meanwhile: list[str] = []

        def meet(batch: Batch) -> None:
            if batch.recipe == "second":
                other_ran.set()
            elif not meanwhile:
                world.hint(portal, 1, kind=OTHER, key="same")
                world.hint(portal, 2, kind=OTHER, key="free")
                world.clock.advance(minutes=2)
                if world.kind == "inline":
                    world.engine.tick()
                assert other_ran.wait(20)
                meanwhile.extend(world.seen(portal))

        world.behaviour[portal] = meet
        world.hint(portal, 1)
        world.advance(minutes=1)
        assert meanwhile == ["deal:1", "deal:2"]
        world.settle()
        assert world.seen(portal) == ["deal:1", "deal:2", "deal:1"]

    def test_jobs_of_an_entity_come_in_the_order_of_their_events(self, world: EngineWorld) -> None:
        """And never two at a time, for a hundred events on ten entities."""
        seen: dict[str, list[int]] = {}
        active: list[str] = []

        def watch(batch: Batch) -> None:
            for job in batch.jobs:
                assert str(job.entity) not in active
                active.append(str(job.entity))
                seen.setdefault(str(job.entity), []).extend(int(h.key) for h in batch.hints(job))
            active.clear()

        portal = world.portal(watch)
        for round_ in range(10):
            for number in range(10):
                world.hint(portal, number, key=f"{round_ * 10 + number}")
            world.advance(minutes=1)
        assert seen == {f"deal:{n}": [r * 10 + n for r in range(10)] for n in range(10)}

    def test_entities_come_in_batches_the_longest_waiting_first(self, world: EngineWorld) -> None:
        """As many together as the rule allows."""
        portal = world.portal()
        for number in range(25):
            world.hint(portal, number)
            world.clock.advance(milliseconds=1)
        world.advance(minutes=1)
        assert [len(run.entities) for run in world.runs(portal)] == [10, 10, 5]
        assert world.seen(portal) == [f"deal:{number}" for number in range(25)]

    def test_a_noisy_portal_does_not_starve_the_others(self, world: EngineWorld) -> None:
        """Its three hundred jobs get no further than a third until the single ones of two others are done."""
        waiting = [threading.Event(), threading.Event()]

        def be_noisy(batch: Batch) -> None:
            if len(world.seen(batch.portal)) > 100:
                assert all(done.wait(20) for done in waiting)

        noisy = world.portal(be_noisy)
        for number in range(300):
            world.hint(noisy, number)
        world.clock.advance(seconds=10)
        quiet = [world.portal(partial(_ring, done)) for done in waiting]
        for portal in quiet:
            world.hint(portal, 1)
        world.advance(minutes=5)
        assert len(world.seen(noisy)) == 300
        assert list(world.engine.dead_letters(noisy)) == []


class FailureSuite:
    """What cannot be done now, or ever."""

    def test_a_failure_is_tried_again_later_alone_and_given_up_in_the_end(self, world: EngineWorld) -> None:
        """The others are not held up by it; the letter keeps the events, the error and the hint."""

        def fail(batch: Batch) -> None:
            for job in batch.jobs:
                if job.entity == deal(2):
                    batch.failed(job, "the field is gone", hint="crmkit doctor")

        portal = world.portal(fail)
        for number in (1, 2, 3):
            world.hint(portal, number, key=f"e{number}", payload={"n": number})
        for _ in range(4):
            world.advance(minutes=5)
        assert [run.entities for run in world.runs(portal)] == [
            ("deal:1", "deal:2", "deal:3"),
            ("deal:2",),
            ("deal:2",),
        ]
        (letter,) = world.engine.dead_letters(portal)
        assert (letter.entity, letter.error, letter.hint) == (deal(2), "the field is gone", "crmkit doctor")
        assert (letter.failures, [(hint.key, hint.payload) for hint in letter.events]) == (
            3,
            [("e2", {"n": 2})],
        )
        world.behaviour.pop(portal)
        world.engine.retry(letter.id)
        world.settle()
        assert world.seen(portal)[-1] == "deal:2"
        assert len(world.runs(portal)) == 4
        assert list(world.engine.dead_letters(portal)) == []
        with pytest.raises(ConfigurationError):
            world.engine.retry(letter.id)

    def test_one_that_raises_spoils_no_other(self, world: EngineWorld) -> None:
        """After the batch failed as a whole, each comes alone."""

        def spoil(batch: Batch) -> None:
            if any(job.entity == deal(2) for job in batch.jobs):
                raise LookupError("secret of a stranger")

        portal = world.portal(spoil)
        for number in (1, 2, 3):
            world.hint(portal, number)
        for _ in range(4):
            world.advance(minutes=5)
        assert sorted(world.seen(portal)) == ["deal:1"] * 2 + ["deal:2"] * 3 + ["deal:3"] * 2
        (letter,) = world.engine.dead_letters(portal)
        assert letter.error == "unexpected LookupError"

    def test_while_the_portal_is_away_nothing_fails(self, world: EngineWorld) -> None:
        """For hours: everything is put off, and then done once."""

        def away(batch: Batch) -> None:
            raise TransportError("no route to the portal")

        portal = world.portal(away)
        for number in range(5):
            world.hint(portal, number)
        for _ in range(30):
            world.advance(minutes=10)
        assert len(world.runs(portal)) > 20
        world.behaviour.pop(portal)
        before = len(world.runs(portal))
        world.advance(minutes=10)
        assert world.seen(portal)[-5:] == [f"deal:{number}" for number in range(5)]
        assert len(world.runs(portal)) == before + 1
        assert list(world.engine.dead_letters(portal)) == []

    def test_what_is_put_off_comes_at_its_time(self, world: EngineWorld) -> None:
        """Without counting as a failure."""
        counted: list[int] = []

        def put_off(batch: Batch) -> None:
            counted.append(batch.jobs[0].failures)
            batch.later(batch.jobs[0], timedelta(hours=3))

        portal = world.portal(put_off)
        world.hint(portal, 1)
        world.advance(minutes=1)
        world.behaviour.pop(portal)
        world.advance(hours=2, minutes=59)
        assert len(world.runs(portal)) == 1
        world.advance(minutes=1)
        assert (len(world.runs(portal)), counted) == (2, [0])


class LifeSuite:
    """Start, stop, health, numbers."""

    def test_what_waits_at_the_end_is_done_after_the_next_start(self, world: EngineWorld) -> None:
        """Nothing that was acknowledged is lost by stopping."""
        portal = world.portal()
        world.hint(portal, 1)
        assert world.engine.stop()
        world.clock.advance(hours=1)
        world.start()
        world.settle()
        assert world.seen(portal) == ["deal:1"]

    def test_the_numbers_tell_what_happened(self, world: EngineWorld) -> None:
        """Totals of this process, and what is in the database."""
        world.restart()
        portal = world.portal(_fail_for_good)
        for key in ("a", "b", "a"):
            world.hint(portal, 1, key=key)
        world.hint(portal, 2, kind="weather")
        world.engine.timer(world.clock.now() + timedelta(days=900), portal, deal(1), "first")
        dead = world.engine.counters().dead_letters
        world.advance(minutes=1)
        numbers = world.engine.counters()
        wanted = {"new": 2, "duplicate": 1, "ignored": 1, "dead": 1}
        assert {name: numbers.totals.get(name) for name in wanted} == wanted
        assert (numbers.waiting, numbers.lag, numbers.running) == (0, 0.0, 0)
        assert (numbers.dead_letters, numbers.timers) == (dead + 1, 1)
        assert world.engine.cancel(portal, deal(1), "first") == 1

    def test_it_tells_whether_it_works(self, world: EngineWorld) -> None:
        """Before, while and after."""
        assert world.engine.health().ok
        world.engine.stop()
        assert world.engine.health().problem
        world.start()


class EngineSuite(DebounceSuite, OrderSuite, ClockSuite, FailureSuite, LifeSuite):
    """All of it."""


def _ring(bell: threading.Event, batch: Batch) -> None:
    bell.set()


def _fail_for_good(batch: Batch) -> None:
    batch.failed(batch.jobs[0], "never", final=True)
