"""Measures the engine: ``python -m tests.benchmarks.engine [sqlite|postgres] [idle|timers|events]``.

Prints one line of JSON per figure. ``timers`` sets 20,000 timers of 22 days, lets them survive a restart and
counts what fires; ``idle`` watches a process that has nothing to do; ``events`` takes 100,000 events about
20,000 deals of 50 portals in and waits until the last one was looked at.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crmkit.clock import ManualClock, SystemClock
from crmkit.crm.models import Ref
from crmkit.runtime.engine import open_engine
from crmkit.runtime.engine.port import Batch, Engine, Hint, Rule
from crmkit.testing.postgres import fresh_database, tcp_server

TIMERS, DAYS = 20_000, 22
EVENTS, DEALS, PORTALS, PER_SECOND = 100_000, 20_000, 50, 1_500
IDLE_SECONDS = 60


def main(database: str = "sqlite", *what: str) -> None:
    """Measure what is named, everything by default."""
    measures: dict[str, Callable[[str], dict[str, object]]] = {
        "idle": idle,
        "timers": timers,
        "events": events,
    }
    for name in what or measures:
        with _database(database) as url:
            print(json.dumps({"what": name, "database": database, **measures[name](url)}), flush=True)


def idle(url: str) -> dict[str, object]:
    """Watch an engine without work: CPU of the whole process, memory, threads."""
    engine = _opened(url, lambda batch: None)
    engine.start()
    clock = SystemClock()
    clock.sleep(5)
    cpu, began = time.process_time(), time.monotonic()
    clock.sleep(IDLE_SECONDS)
    share = (time.process_time() - cpu) / (time.monotonic() - began)
    found = {"core_percent": round(100 * share, 2), **_size()}
    engine.stop()
    return found


def timers(url: str) -> dict[str, object]:
    """Set timers, restart, move the clock to a minute before they run out, then past that."""
    clock, fired = ManualClock(datetime(2025, 3, 3, 6, tzinfo=UTC)), Counter[str]()
    due = clock.now() + timedelta(days=DAYS)

    def note(batch: Batch) -> None:
        fired.update(str(job.entity) for job in batch.jobs)

    engine = _opened(url, note, clock)
    engine.start()
    began, threads = time.monotonic(), threading.active_count()
    for number in range(TIMERS):
        engine.timer(due + timedelta(microseconds=number), "p", _deal(number), "r")
    set_seconds, more_threads = time.monotonic() - began, threading.active_count() - threads
    size = _size()
    engine.stop()
    clock.advance(days=DAYS, minutes=-1)
    engine = _opened(url, note, clock)
    engine.start()
    _until(lambda: engine.counters().timers == TIMERS)
    early = sum(fired.values())
    clock.advance(minutes=2)
    began = time.monotonic()
    _until(lambda: sum(fired.values()) >= TIMERS and _is_idle(engine))
    took = time.monotonic() - began
    engine.stop()
    times = Counter(fired.values())
    return {
        "timers": TIMERS,
        "set_per_second": round(TIMERS / set_seconds),
        "more_threads": more_threads,
        "fired_early": early,
        "fired_by_times": dict(times),
        "seconds_to_run_all": round(took, 1),
        **size,
    }


def events(url: str) -> dict[str, object]:
    """Take events in while the recipes run, as a service does that answers and works in one process."""
    sys.setswitchinterval(0.0005)  # the recipes' threads let the one that writes events down through sooner
    last: dict[tuple[str, str], int] = {}
    batches: list[int] = []

    def look(batch: Batch) -> None:
        batches.append(len(batch.jobs))
        for job in batch.jobs:
            last[batch.portal, str(job.entity)] = int(batch.hints(job)[-1].payload["n"])

    engine = _opened(url, look)
    engine.start()
    waits: list[float] = []
    began = time.monotonic()
    _send(engine, waits)
    taken = time.monotonic() - began
    _until(lambda: _is_idle(engine))
    total = time.monotonic() - began
    engine.stop()
    wanted = {(f"p{n % DEALS % PORTALS}", str(_deal(n % DEALS))): n for n in range(EVENTS)}
    waits.sort()
    return {
        "events": EVENTS,
        "accepted_per_second": round(EVENTS / taken),
        "accept_p50_ms": round(1000 * waits[len(waits) // 2], 1),
        "accept_p99_ms": round(1000 * waits[len(waits) * 99 // 100], 1),
        "seconds_until_all_looked_at": round(total, 1),
        "deals_at_their_last_event": sum(last.get(place) == n for place, n in wanted.items()),
        "jobs": sum(batches),
        "batches": len(batches),
        **_size(),
    }


def _send(engine: Engine, waits: list[float]) -> None:
    """Send as a receiver does: at a pace of its own, whatever the engine does with what came before."""
    begun = time.monotonic()
    for n in range(EVENTS):
        number = n % DEALS
        hint = Hint(f"p{number % PORTALS}", _deal(number), "changed", key=str(n), payload={"n": n})
        early = begun + n / PER_SECOND - time.monotonic()
        if early > 0:
            time.sleep(early)
        asked = time.monotonic()
        engine.submit(hint).add_done_callback(lambda _, asked=asked: waits.append(time.monotonic() - asked))
    _until(lambda: len(waits) == EVENTS)


def _opened(url: str, handler: Callable[[Batch], None], clock: ManualClock | None = None) -> Engine:
    engine = open_engine(url, "dbos", clock=clock)
    engine.add(Rule("r", frozenset({"changed"}), quiet=timedelta(seconds=20)), handler)
    return engine


def _deal(number: int) -> Ref:
    return Ref(kind="deal", id=str(number))


def _is_idle(engine: Engine) -> bool:
    numbers = engine.counters()
    return numbers.waiting == 0 and numbers.running == 0


def _size() -> dict[str, object]:
    kilobytes = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024
    return {"rss_mb": kilobytes // 1024, "threads": threading.active_count()}


def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        SystemClock().sleep(0.1)


@contextmanager
def _database(kind: str) -> Iterator[str]:
    if kind == "postgres":
        with tcp_server() as server:
            yield fresh_database(server)
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/crmkit.db"


if __name__ == "__main__":
    main(*sys.argv[1:])
