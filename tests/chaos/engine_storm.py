"""``python tests/chaos/engine_storm.py [sqlite|postgres] [EVENTS] [KILLS]``: a load while workers are killed.

Events about 20,000 deals of 50 portals come in; of three workers (one with SQLite) one is killed at random
moments and replaced. Prints what came of it; fails if two workers met at a deal. Takes minutes: not part of
the tests, which do the same on a small scale (``test_engine_kill.py``).
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from test_engine_kill import STORM, Process, entity, is_idle, judge, opened, until

from crmkit.runtime.engine.port import Hint
from crmkit.testing.postgres import fresh_database, tcp_server

DEALS, PORTALS = 20_000, 50
PAUSES = (2.0, 5.0)


def main(kind: str = "sqlite", events: str = "100000", kills: str = "20") -> None:
    """Run the storm."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = folder / "log"
        log.touch()
        if kind == "postgres":
            url, workers = fresh_database(stack.enter_context(tcp_server())), 3
        else:
            url, workers = f"sqlite:///{folder / 'crmkit.db'}", 1
        print(json.dumps({"database": kind, **storm(url, log, workers, int(events), int(kills))}))


def storm(url: str, log: Path, count: int, events: int, kills: int) -> dict[str, object]:
    """Send, kill, wait, judge."""
    began, rng = time.monotonic(), random.Random(5)
    receiver = opened(url, lambda batch: None, rule=STORM, work=False)
    receiver.start()
    workers = [Process("storm", url, str(log)) for _ in range(count)]
    sender = threading.Thread(target=send, args=(receiver, events))
    sender.start()
    killed: dict[int, int] = {}
    for _ in range(kills):
        threading.Event().wait(rng.uniform(*PAUSES))
        victim = workers.pop(rng.randrange(len(workers)))
        victim.kill()
        killed[victim.child.pid] = len(log.read_bytes().splitlines())
        workers.append(Process("storm", url, str(log)))
    sender.join()
    sent = time.monotonic() - began
    until(lambda: is_idle(receiver), 600)
    took = time.monotonic() - began
    dead = len(list(receiver.dead_letters()))
    for worker in workers:
        worker.end()
    receiver.stop()
    lines = log.read_text().splitlines()
    last, broken_off = judge(lines, killed)
    wanted = {place(n): n for n in range(events)}
    return {
        "events": events,
        "kills": kills,
        "lost": sum(last.get(who) != n for who, n in wanted.items()),
        "dead_letters": dead,
        "jobs": sum(line.startswith("end") for line in lines),
        "broken_off": broken_off,
        "sent_in": round(sent),
        "done_in": round(took),
    }


def send(receiver: object, events: int) -> None:
    """Send as fast as the receiver writes, some hundred at a time."""
    for first in range(0, events, 250):
        hints = [hint(n) for n in range(first, min(first + 250, events))]
        for future in [receiver.submit(one) for one in hints]:  # type: ignore[attr-defined]
            future.result(60)


def hint(n: int) -> Hint:
    number = n % DEALS
    return Hint(f"p{number % PORTALS}", entity(number), "changed", key=str(n), payload={"round": n})


def place(n: int) -> str:
    return f"p{n % DEALS % PORTALS}/{entity(n % DEALS)}"


if __name__ == "__main__":
    main(*sys.argv[1:])
