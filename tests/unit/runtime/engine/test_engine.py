"""The engine around its parts: setting it up, hints, handlers that misbehave, what is thrown away."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crmkit.clock import ManualClock
from crmkit.crm.models import Ref
from crmkit.exceptions import (
    AuthenticationError,
    ConfigurationError,
    QuotaExhausted,
    RunInProgress,
    StoreError,
)
from crmkit.runtime.engine import open_engine
from crmkit.runtime.engine.port import Batch, Engine, Hint, Receipt, Rule, Sweep
from crmkit.testing.engine import EVENT, MOSCOW, EngineWorld, deal


@pytest.fixture
def world(tmp_path: Path) -> Iterator[EngineWorld]:
    made = EngineWorld(f"sqlite:///{tmp_path / 'crmkit.db'}", "inline")
    yield made
    made.engine.stop()


SECRET = "hush-hush"


def nothing(batch: Batch) -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    "wrong",
    [
        {"portal": ""},
        {"portal": "p" * 201},
        {"kind": ""},
        {"kind": "k\n"},
        {"key": "k\0"},
        {"key": "k" * 201},
        {"entity": Ref(kind="deal", id="7" * 99)},
        {"entity": Ref(kind="deal", id="7\0")},
        {"received": datetime(2025, 1, 1)},  # noqa: DTZ001
    ],
    ids=lambda wrong: f"{next(iter(wrong))} {str(next(iter(wrong.values())))[:6]!r}",
)
def test_a_hint_that_could_not_be_kept_is_refused_at_once(wrong: dict[str, object]) -> None:
    given = {"portal": "p", "entity": Ref(kind="deal", id="7"), "kind": "k", **wrong}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Hint(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"quiet": timedelta(seconds=-1)},
        {"quiet": timedelta(hours=1)},
        {"batch": 0},
        {"attempts": 0},
        {"retry_after": timedelta(seconds=-1)},
    ],
    ids=str,
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        Rule("r", **wrong)  # type: ignore[arg-type]


def test_pauses_grow_to_an_hour() -> None:
    rule = Rule("r", retry_after=timedelta(seconds=30))
    pauses = [rule.pause(failures).total_seconds() for failures in (1, 2, 3, 7, 8, 1000)]
    assert pauses == [30, 60, 120, 1920, 3600, 3600]


def test_a_rule_may_be_of_some_portals_only() -> None:
    rule = Rule("r", frozenset({"k"}), portals=frozenset({"one"}))
    assert [rule.wants(Hint(name, deal(1), "k")) for name in ("one", "two")] == [True, False]


def test_recipes_and_sweeps_are_added_once_and_before_the_start() -> None:
    engine = open_engine("sqlite://", "inline")
    engine.add(Rule("r"), nothing)
    with pytest.raises(ConfigurationError, match="has a rule already"):
        engine.add(Rule("r"), nothing)
    with pytest.raises(ConfigurationError, match="no rule"):
        engine.add_sweep(Sweep("p", "other", "* * * * *", MOSCOW))
    with pytest.raises(ConfigurationError, match="minute"):
        engine.add_sweep(Sweep("p", "r", "99 * * * *", MOSCOW))
    engine.add_sweep(Sweep("p", "r", "* * * * *", MOSCOW))
    with pytest.raises(ConfigurationError, match="has a sweep"):
        engine.add_sweep(Sweep("p", "r", "0 * * * *", MOSCOW))
    engine.start()
    for late in (engine.start, lambda: engine.add(Rule("s"), nothing)):
        with pytest.raises(ConfigurationError, match="runs already"):
            late()
    engine.stop()


def test_after_the_end_events_are_refused_so_that_the_sender_tries_again(world: EngineWorld) -> None:
    world.engine.stop()
    with pytest.raises(StoreError, match="stopping"):
        world.hint("p", 1)
    assert not world.engine.health().ok


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (QuotaExhausted("no requests are left", retry_after=7200), timedelta(hours=2)),
        (QuotaExhausted("no requests are left"), timedelta(minutes=1)),
        (RunInProgress("somebody runs it by hand"), timedelta(minutes=1)),
    ],
    ids=["tomorrow", "soon", "busy"],
)
def test_what_will_pass_by_itself_is_no_failure(
    world: EngineWorld, error: Exception, pause: timedelta
) -> None:
    def fail(batch: Batch) -> None:
        raise error

    portal = world.portal(fail)
    world.hint(portal, 1)
    world.advance(minutes=1)
    world.behaviour.pop(portal)
    world.advance(seconds=pause.total_seconds() - 1)
    assert len(world.runs(portal)) == 1
    world.advance(seconds=1)
    assert len(world.runs(portal)) == 2
    assert world.engine.counters().totals["later"] == 1


def test_the_hint_of_an_exception_of_ours_stays_with_the_letter(world: EngineWorld) -> None:
    def refuse(batch: Batch) -> None:
        raise AuthenticationError("the token was refused", hint="make a new one")

    portal = world.portal(refuse)
    world.hint(portal, 1)
    for _ in range(3):
        world.advance(minutes=5)
    (letter,) = world.engine.dead_letters(portal, "first")
    assert (letter.error, letter.hint, letter.failures) == ("the token was refused", "make a new one", 3)
    assert list(world.engine.dead_letters("elsewhere")) == []


def test_what_was_reported_before_an_exception_stays_reported(world: EngineWorld) -> None:
    def half(batch: Batch) -> None:
        batch.done(batch.jobs[0])
        raise ValueError("at the second one")

    portal = world.portal(half)
    world.hint(portal, 1, received=world.clock.now() - timedelta(seconds=1))
    world.hint(portal, 2)
    world.advance(minutes=1)
    world.behaviour.pop(portal)
    world.advance(minutes=5)
    assert world.seen(portal) == ["deal:1", "deal:2", "deal:2"]


def test_an_interrupted_batch_waits_for_the_next_look(world: EngineWorld) -> None:
    def interrupt(batch: Batch) -> None:
        raise KeyboardInterrupt

    portal = world.portal(interrupt)
    world.hint(portal, 1)
    world.clock.advance(minutes=1)
    with pytest.raises(KeyboardInterrupt):
        world.engine.tick()
    world.behaviour.pop(portal)
    world.settle()
    assert world.seen(portal) == ["deal:1", "deal:1"]


def test_a_sweep_wakes_whom_it_finds(world: EngineWorld) -> None:
    found = [deal(number) for number in range(25)]

    def sweep(batch: Batch) -> None:
        if batch.recipe == "swept":
            assert batch.hints(batch.jobs[0]) == ()
            world.engine.wake(batch.portal, "first", found)

    portal = world.portal(sweep)
    world.restart(Sweep(portal, "swept", "0 12 * * *", MOSCOW))
    world.advance(days=1)
    assert world.seen(portal) == ["", *sorted(map(str, found))]


def test_old_events_are_thrown_away_unless_their_entity_waits(world: EngineWorld) -> None:
    agenda = world.engine._agenda  # type: ignore[attr-defined]
    portal = world.portal(lambda batch: batch.later(batch.jobs[0], timedelta(days=30)))
    world.hint(portal, 1, key="waits")
    other = world.portal()
    world.hint(other, 1, key="done")
    world.advance(days=8)
    assert agenda.forget(world.clock.now() - timedelta(days=7)) == 1
    assert world.hint(portal, 1, key="waits") is Receipt.DUPLICATE
    assert world.hint(other, 1, key="done") is Receipt.NEW


def test_many_dead_letters_are_listed_page_by_page(world: EngineWorld) -> None:
    def refuse(batch: Batch) -> None:
        for job in batch.jobs:
            batch.failed(job, f"no {job.entity}", final=True)

    portal = world.portal(refuse)
    for number in range(230):
        world.hint(portal, number)
    world.advance(minutes=1)
    letters = list(world.engine.dead_letters(portal))
    assert len({letter.entity for letter in letters}) == 230
    assert [letter.id for letter in letters] == sorted((letter.id for letter in letters), reverse=True)


def test_the_text_of_a_strangers_exception_is_neither_logged_nor_kept(
    world: EngineWorld, caplog: pytest.LogCaptureFixture
) -> None:
    def leak(batch: Batch) -> None:
        raise LookupError(SECRET)

    portal = world.portal(leak)
    world.hint(portal, 1)
    for _ in range(3):
        world.advance(minutes=5)
    (letter,) = world.engine.dead_letters(portal)
    assert "in leak" in caplog.text
    assert SECRET not in caplog.text + letter.error + letter.hint


def test_a_name_of_a_timer_that_could_not_be_kept_is_refused(world: EngineWorld) -> None:
    with pytest.raises(ValueError, match="at most 100"):
        world.engine.timer(world.clock.now(), "p", deal(1), "first", "n" * 101)


def test_a_service_needs_a_database_that_outlives_it() -> None:
    engine = open_engine("sqlite://")
    with pytest.raises(ConfigurationError, match="outlives"):
        engine.start()
    engine.stop()


def test_importing_crmkit_loads_neither_dbos_nor_a_database(tmp_path: Path) -> None:
    check = "import sys, crmkit; print(sorted({'dbos', 'sqlalchemy', 'croniter'} & set(sys.modules)))"
    inline = (
        "from crmkit.runtime.engine import open_engine; open_engine('sqlite://', 'inline').stop(); "
        "print('dbos' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", f"{check}; {inline}"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert said.stdout.split("\n") == ["[]", "False", ""]


def test_without_dbos_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dbos", None)
    monkeypatch.delitem(sys.modules, "crmkit.runtime.engine.dbos_carrier", raising=False)
    with pytest.raises(ConfigurationError, match=r"crmkit\[serve\]"):
        open_engine("sqlite://")


def test_a_clock_that_stands_still_does_not_stop_the_engine() -> None:
    seen: list[str] = []
    clock = ManualClock(datetime(2025, 3, 3, tzinfo=UTC))
    engine: Engine = open_engine("sqlite://", "inline", clock=clock)
    engine.add(Rule("r", frozenset({EVENT}), quiet=timedelta(0)), _note(seen))
    engine.start()
    engine.accept(Hint("p", deal(1), EVENT))
    assert engine.tick() == 1
    assert engine.tick() == 0
    assert seen == ["deal:1"]
    engine.stop()


def _note(seen: list[str]) -> Callable[[Batch], None]:
    return lambda batch: seen.extend(str(job.entity) for job in batch.jobs)
