"""Four real processes, one SQLite file, virtual time: together they keep the pace of one account.

The test carries the time. A child that sleeps names the moment and waits for its line; once all sleep, the
time moves to the first moment and whoever sleeps until then goes on: at the same time, really in parallel.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crmkit.exceptions import ConfigurationError
from crmkit.transport.limiter_store import SQLiteStore

PROCESSES = 4

CHILD = """
import sys
from datetime import UTC, datetime, timedelta
from crmkit.transport.rate_limit import BucketRule, Limiter, SQLiteStore

class Clock:
    time = 0.0
    def now(self): return datetime(2025, 3, 3, tzinfo=UTC) + timedelta(seconds=self.time)
    def monotonic(self): return self.time
    def sleep(self, seconds):
        print("sleep", repr(self.time + seconds), flush=True)
        self.time = float(sys.stdin.readline())

path, rate, burst, requests, stride, limit = sys.argv[1:]
clock, store = Clock(), SQLiteStore(path)
limiter = Limiter(BucketRule(float(rate), int(burst)), clock, store=store, key="acme", daily_limit=int(limit))
sys.stdin.readline()
for _ in range(int(requests)):
    if float(stride):
        clock.sleep(float(stride) - clock.time % float(stride))
    limiter.acquire("POST /task/list")
    print("sent", repr(clock.time), flush=True)
print("left", limiter.daily.left, flush=True)
store.close()
"""


@contextmanager
def children(path: Path, *arguments: object) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-c", CHILD, str(path), *map(str, arguments)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        for _ in range(PROCESSES)
    ]
    try:
        yield started
    finally:
        for child in started:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                assert pipe is not None
                pipe.close()


def run(path: Path, *arguments: object) -> tuple[list[float], list[int]]:
    """Carry the time until all are done; return when requests went and what each thought was left of the
    day."""
    sent: list[float] = []
    left: list[int] = []
    with children(path, *arguments) as started:
        awake = list(started)
        sleeping: dict[subprocess.Popen[str], float] = {}
        for child in started:
            tell(child, "start")
        while awake or sleeping:
            for child in awake:
                wake = listen(child, sent, left)
                if wake is not None:
                    sleeping[child] = wake
            now = min(sleeping.values(), default=0.0)
            awake = [child for child, wake in sleeping.items() if wake == now]
            for child in awake:
                del sleeping[child]
                tell(child, repr(now))
        assert [child.wait() for child in started] == [0] * PROCESSES
    return sorted(sent), left


def tell(child: subprocess.Popen[str], line: str) -> None:
    assert child.stdin is not None
    child.stdin.write(f"{line}\n")
    child.stdin.flush()


def listen(child: subprocess.Popen[str], sent: list[float], left: list[int]) -> float | None:
    """Note what the child did until it sleeps (returns when to wake it) or is done (returns nothing)."""
    assert child.stdout is not None
    for line in child.stdout:
        word, _, value = line.partition(" ")
        if word == "sleep":
            return float(value)
        if word == "sent":
            sent.append(float(value))
        else:
            left.append(int(value))
    return None


HOLDER = """
import sys
from crmkit.exceptions import ConfigurationError
from crmkit.transport.limiter_store import SQLiteStore

def hold(state):
    print("holding", flush=True)
    sys.stdin.readline()
    return (99,)

SQLiteStore(sys.argv[1]).update("a", hold)
"""


def test_a_process_that_is_killed_in_the_middle_of_a_reservation_blocks_nobody(tmp_path: Path) -> None:
    path = tmp_path / "limits.db"
    store = SQLiteStore(path, patience=0.01)
    store.update("a", lambda _: (1,))
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        with pytest.raises(ConfigurationError, match="locked"):
            store.update("a", lambda _: (2,))
        holder.kill()
    assert store.update("a", lambda state: (*(state or ()), 3)) == (1, 3)
    store.close()


@pytest.mark.parametrize("stride", [0, 4], ids=["at full speed", "all four at once every four seconds"])
def test_processes_share_planfix_one_request_a_second(tmp_path: Path, stride: int) -> None:
    each = 40
    sent, left = run(tmp_path / "limits.db", 1.0, 1, each, stride, 20_000)
    assert len(sent) == PROCESSES * each
    assert min(later - sooner for sooner, later in itertools.pairwise(sent)) >= 1.0
    used = (len(sent) - 1) / (sent[-1] - sent[0])
    assert used >= 0.98
    assert min(left) == 20_000 - len(sent)


def test_processes_share_the_burst_of_bitrix24(tmp_path: Path) -> None:
    sent, _ = run(tmp_path / "limits.db", 2.0, 50, 30, 0, 20_000)
    assert sum(moment == 0.0 for moment in sent) == 50
    for first, moment in enumerate(sent):
        for last in range(first, len(sent)):
            assert last - first + 1 <= 50 + 2.0 * (sent[last] - moment) + 1e-4
    assert sent[-1] <= (len(sent) - 50) / 2.0 / 0.98
