"""What becomes of jobs: done, put off, failed, given up; sweeps and timers; on a portal in memory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crmkit.automation.calendar import WorkCalendar
from crmkit.clock import ManualClock
from crmkit.crm.models import Ref
from crmkit.exceptions import (
    AuthenticationError,
    NotFound,
    PermissionDenied,
    QuotaExhausted,
    ServerError,
    TransportError,
)
from crmkit.runtime.engine import open_engine
from crmkit.runtime.engine.port import Engine, Hint, Rule, Sweep
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.service.work import Lane, Worker

RULE = Rule("careful", frozenset({"changed"}), quiet=timedelta(seconds=10), attempts=3)


def deal(number: int) -> Ref:
    return Ref(kind="deal", id=str(number))


class Shop:
    """A recipe served on a portal in memory."""

    def __init__(self, folder: Path, crm: Any, clock: ManualClock, recipe: Any, cron: str) -> None:
        url = f"sqlite:///{folder / 'ledger.db'}"
        self.crm, self.clock, self.recipe = crm, clock, recipe
        self.engine: Engine = open_engine(url, "inline", clock=clock)
        self.ledger = Ledger(url)
        lane = Lane("main", crm, recipe, "en")
        self.worker = Worker({crm.portal: lane}, self.ledger, self.engine)
        self.engine.add(RULE, self.worker)
        if cron:
            self.engine.add_sweep(Sweep(crm.portal, recipe.name, cron, WorkCalendar(crm.timezone)))
        self.engine.start()

    def close(self) -> None:
        self.engine.stop()
        self.ledger.close()

    def event(self, entity: Ref) -> None:
        self.engine.accept(Hint(self.crm.portal, entity, "changed"))

    def work(self, **delta: float) -> dict[str, int]:
        """Let time pass and the engine work; return what it counted meanwhile."""
        before = dict(self.engine.counters().totals)
        self.clock.advance(**delta)
        self.engine.tick()
        after = self.engine.counters().totals
        names = ("batches", "done", "failed", "later", "dead", "timers", "sweeps")
        return {name: by for name in names if (by := after.get(name, 0) - before.get(name, 0))}

    def effects(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = self.crm.effects("update")
        return found


@pytest.fixture
def open_shop(
    tmp_path: Path, crm: Any, clock: ManualClock, fakes: SimpleNamespace
) -> Iterator[Callable[..., Shop]]:
    """Open a shop; keywords are settings of the recipe."""
    shops: list[Shop] = []

    def made(kind: Any = None, *, cron: str = "", **settings: Any) -> Shop:
        recipe = (kind or fakes.Careful)(fakes.IdleSettings(**{"steps": ("return",), **settings}))
        shops.append(Shop(tmp_path, crm, clock, recipe, cron))
        return shops[-1]

    yield made
    for shop in shops:
        shop.close()


def test_the_entities_of_a_burst_are_one_run_and_a_second_look_finds_nothing(
    open_shop: Callable[..., Shop],
) -> None:
    shop = open_shop()
    for number in (1, 2, 3, 1, 2):
        shop.event(deal(number))
    assert shop.work(seconds=9) == {}
    assert shop.work(seconds=1) == {"batches": 1, "done": 3}
    assert sorted(shop.effects()) == [("update", "1"), ("update", "2"), ("update", "3")]
    (run,) = shop.ledger.runs.list()
    assert run.counts == {"done": 3}
    shop.event(deal(1))  # our own write comes back
    calls = len(shop.crm.calls)
    assert shop.work(seconds=10) == {"batches": 1, "done": 1}
    assert len(shop.crm.calls) == calls + 1
    assert len(list(shop.ledger.runs.list())) == 1


def test_what_is_gone_is_nothing_to_do(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop()
    shop.event(deal(99))
    assert shop.work(seconds=10) == {"batches": 1, "done": 1}


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (TransportError("the portal is away"), 60),
        (ServerError("the portal is ill"), 60),
        (QuotaExhausted("no requests left", retry_after=7200.0), 7200),
        (AuthenticationError("the token was refused"), 600),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_a_portal_in_trouble_puts_jobs_off_and_counts_no_failure(
    open_shop: Callable[..., Shop], fakes: SimpleNamespace, error: Exception, pause: int
) -> None:
    shop = open_shop()
    shop.crm.faults.append(fakes.Fault("deals.get", error))
    shop.event(deal(1))
    assert shop.work(seconds=10) == {"batches": 1, "later": 1}
    assert shop.work(seconds=pause - 1) == {}
    assert shop.work(seconds=1) == {"batches": 1, "done": 1}
    assert shop.effects() == [("update", "1")]


def test_a_run_that_is_stopped_goes_on_later(open_shop: Callable[..., Shop], fakes: SimpleNamespace) -> None:
    shop = open_shop()
    shop.crm.faults.append(fakes.Fault("deals.update", TransportError("the portal is away")))
    for number in (1, 2):
        shop.event(deal(number))
    assert shop.work(seconds=10) == {"batches": 1, "later": 2}
    assert shop.work(seconds=60) == {"batches": 1, "done": 2}
    assert sorted(shop.effects()) == [("update", "1"), ("update", "2")]


def test_it_waits_while_a_person_runs_the_same_recipe(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop()
    plan = shop.recipe.plan(shop.crm, memory=shop.ledger, language="en")
    lease = shop.ledger.runs.begin(plan, shop.clock.now(), recipe="careful")
    shop.event(deal(1))
    assert shop.work(seconds=10) == {"batches": 1, "later": 1}
    assert shop.effects() == []
    shop.ledger.runs.finish(lease, "done", shop.clock.now(), requests=0, error="")
    assert shop.work(seconds=60) == {"batches": 1, "done": 1}
    assert shop.effects() == [("update", "1")]


def test_what_the_portal_refuses_for_good_becomes_a_letter_with_event_error_and_hint(
    open_shop: Callable[..., Shop], fakes: SimpleNamespace
) -> None:
    shop = open_shop()
    shop.crm.faults.append(fakes.Fault("deals.update", PermissionDenied("you may not"), times=3))
    shop.event(deal(1))
    assert shop.work(seconds=10) == {"batches": 1, "failed": 1}
    assert shop.work(minutes=1) == {"batches": 1, "failed": 1}
    assert shop.work(minutes=2) == {"batches": 1, "dead": 1}
    (letter,) = shop.engine.dead_letters()
    assert letter.entity == deal(1)
    assert "you may not" in letter.error
    assert letter.hint.startswith("crmkit runs show ")
    assert [event.kind for event in letter.events] == ["changed"]
    shop.engine.retry(letter.id)
    assert shop.work() == {"batches": 1, "done": 1}
    assert shop.effects() == [("update", "1")]


def test_what_only_a_person_can_tell_is_a_letter_at_once(
    open_shop: Callable[..., Shop], fakes: SimpleNamespace
) -> None:
    shop = open_shop(steps=("approve",))
    shop.crm.keys_come_back = False
    shop.crm.faults += [fakes.lost("tasks.create", taken=False, times=2)]
    shop.event(deal(1))
    assert shop.work(seconds=10) == {"batches": 1, "dead": 1}
    (letter,) = shop.engine.dead_letters()
    assert "crmkit runs settle" in letter.hint


def test_what_has_to_wait_gets_a_timer(open_shop: Callable[..., Shop], clock: ManualClock) -> None:
    shop = open_shop(not_before=clock.now() + timedelta(hours=3))
    shop.event(deal(1))
    assert shop.work(seconds=10) == {"batches": 1, "done": 1}
    assert shop.engine.counters().timers == 1
    assert shop.work(hours=2) == {}
    assert shop.work(hours=1) == {"batches": 1, "done": 1, "timers": 1}
    assert shop.effects() == [("update", "1")]


def test_what_the_cap_of_the_day_held_back_is_done_the_next_day(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop(cap=2)
    for number in (1, 2, 3):
        shop.event(deal(number))
    shop.work(seconds=10)
    assert len(shop.effects()) == 2
    assert shop.work(hours=11) == {}  # it is noon in Moscow: the day ends in twelve hours
    assert shop.work(hours=2)["timers"] == 1
    assert len(shop.effects()) == 3


def test_a_sweep_wakes_those_with_something_to_do(
    open_shop: Callable[..., Shop], fakes: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "crmkit.service")
    shop = open_shop(cron="0 15 * * *")
    shop.crm.person_sets("2", fields={"busy": True})
    assert shop.work(hours=2, minutes=59) == {}
    assert shop.work(minutes=1) == {"batches": 2, "done": 3, "sweeps": 1}  # the sweep and two deals
    assert sorted(shop.effects()) == [("update", "1"), ("update", "3")]
    facts = [getattr(record, "facts", {}) for record in caplog.records]
    assert (facts[0]["what"], facts[0]["looked_at"], facts[0]["woken"]) == ("sweep", 3, 2)


def test_an_event_about_something_else_wakes_whom_it_concerns(
    open_shop: Callable[..., Shop], fakes: SimpleNamespace
) -> None:
    def woken(self: Any, ctx: Any, entity: Ref) -> Iterable[Ref]:
        if entity.id == "99":
            raise NotFound("no such company")
        return (deal(1), deal(2))

    shop = open_shop(type("Woken", (fakes.Careful,), {"woken": woken}))
    shop.event(Ref(kind="company", id="7"))
    shop.event(Ref(kind="company", id="99"))
    assert shop.work(seconds=10) == {"batches": 1, "done": 2}
    assert sorted(shop.effects()) == [("update", "1"), ("update", "2")]


def test_what_a_person_changes_meanwhile_is_looked_at_again(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop()
    looks = 0

    def person(name: str) -> None:
        nonlocal looks
        looks += name == "deals.get"
        if looks == 2 and name == "deals.get":
            looks += 1
            shop.crm.person_sets("1", fields={"busy": True})

    shop.crm.on_call = person
    shop.event(deal(1))
    assert shop.work(seconds=10) == {"batches": 1, "later": 1}
    assert shop.work(minutes=1) == {"batches": 1, "done": 1}
    assert shop.effects() == []


def test_what_a_dead_process_left_half_done_is_finished_before_anything_else(
    open_shop: Callable[..., Shop], fakes: SimpleNamespace
) -> None:
    shop = open_shop(steps=("return", "approve"))

    def die(name: str) -> None:
        if name == "deals.update is done":
            raise fakes.Killed

    shop.crm.on_call = die
    shop.event(deal(1))
    shop.clock.advance(seconds=10)
    with pytest.raises(fakes.Killed):
        shop.engine.tick()
    shop.crm.on_call = lambda name: None
    assert shop.work(minutes=20)["done"] == 1
    assert shop.crm.effects("update", "task") == [("update", "1"), ("task", "approve 1")]
