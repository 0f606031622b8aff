"""What any engine has to do by the clock; part of :class:`crmkit.testing.suites.engine.EngineSuite`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmkit.runtime.engine.port import Sweep
from crmkit.testing.engine import MOSCOW, EngineWorld, deal

__all__ = ["ClockSuite"]


class ClockSuite:
    """Timers and sweeps."""

    def test_a_timer_of_22_days_survives_a_restart_and_fires_once(self, world: EngineWorld) -> None:
        """To the minute."""
        portal = world.portal()
        world.engine.timer(world.clock.now() + timedelta(days=22), portal, deal(1), "first")
        world.advance(days=10)
        world.restart()
        world.advance(days=11, hours=23, minutes=59)
        assert world.runs(portal) == ()
        world.advance(minutes=1)
        world.restart()
        world.advance(days=1)
        assert world.seen(portal) == ["deal:1"]

    def test_timers_are_moved_and_cancelled_by_name(self, world: EngineWorld) -> None:
        """One of each name per entity and recipe."""
        portal, now, engine = world.portal(), world.clock.now(), world.engine
        for number, name in ((1, "a"), (1, "b"), (2, "a"), (3, "a")):
            engine.timer(now + timedelta(hours=1), portal, deal(number), "first", name)
        engine.timer(now + timedelta(hours=5), portal, deal(3), "first", "a")
        assert engine.cancel(portal, deal(1), "first", "a") == 1
        assert engine.cancel(portal, deal(1), "first", "a") == 0
        assert engine.cancel(portal, deal(1), "first", None) == 1
        world.advance(hours=2)
        assert world.seen(portal) == ["deal:2"]
        world.advance(hours=4)
        assert world.seen(portal) == ["deal:2", "deal:3"]

    def test_timers_that_ran_out_in_a_downtime_fire_at_once(self, world: EngineWorld) -> None:
        """Those of one entity as one job."""
        portal, now = world.portal(), world.clock.now()
        for hours in range(1, 6):
            world.engine.timer(now + timedelta(hours=hours), portal, deal(1), "first", str(hours))
        world.engine.stop()
        world.clock.advance(days=1)
        world.start()
        world.settle()
        assert world.seen(portal) == ["deal:1"]

    def test_a_sweep_keeps_to_the_working_calendar(self, world: EngineWorld) -> None:
        """Every day at noon in Moscow, from Thursday to Tuesday: not on Saturday and Sunday."""
        portal = world.portal()
        _to_monday_nine(world)
        world.restart(Sweep(portal, "swept", "0 12 * * *", MOSCOW))
        world.advance(days=3)
        before = len(world.runs(portal))
        for _ in range(24 * 5):
            world.advance(hours=1)
        times = [f"{MOSCOW.local(run.at):%a %H:%M}" for run in world.runs(portal)[before:]]
        assert times == ["Thu 12:00", "Fri 12:00", "Mon 12:00"]
        assert set(world.seen(portal)) == {""}

    @pytest.mark.parametrize(("catch_up", "times"), [(True, 1), (False, 0)])
    def test_what_a_downtime_swallowed_is_made_up_for_once(
        self, world: EngineWorld, catch_up: bool, times: int
    ) -> None:
        """However often its time came; or not at all, if the sweep says so."""
        portal = world.portal()
        _to_monday_nine(world)
        sweep = Sweep(portal, "swept", "*/10 * * * *", MOSCOW, catch_up=catch_up)
        world.restart(sweep)
        world.engine.stop()
        world.clock.advance(days=1, minutes=5)
        world.start(sweep)
        world.settle()
        assert len(world.runs(portal)) == times
        world.advance(minutes=5)
        assert len(world.runs(portal)) == times + 1


def _to_monday_nine(world: EngineWorld) -> None:
    local = MOSCOW.local(world.clock.now())
    monday = MOSCOW.day_start(local) + timedelta(days=7 - local.weekday(), hours=9)
    world.advance(seconds=(monday - local).total_seconds())
