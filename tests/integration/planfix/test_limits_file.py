"""Four real processes with a client each, one file of limits, a minute of carried time.

The test carries the time: a child that sleeps names the moment and waits for its line; once all sleep, the
time moves to the first moment, and whoever sleeps until then goes on.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from crmkit import config
from crmkit.crm.registry import connect
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox

PROCESSES, SECONDS = 4, 60.0

CHILD = """
import sys
from datetime import UTC, datetime, timedelta
from io import BytesIO
import requests
from requests.adapters import BaseAdapter
from crmkit.planfix import Planfix

class Clock:
    time = 0.0
    def now(self): return datetime(2025, 3, 3, tzinfo=UTC) + timedelta(seconds=self.time)
    def monotonic(self): return self.time
    def sleep(self, seconds):
        print("sleep", repr(self.time + seconds), flush=True)
        self.time = float(sys.stdin.readline())

class Portal(BaseAdapter):
    def send(self, request, **_):
        print("sent", repr(clock.time), flush=True)
        answer = requests.Response()
        answer.status_code, answer.raw, answer.url = 200, BytesIO(b'{"result": "success"}'), request.url
        answer.headers["Content-Type"] = "application/json"
        return answer
    def close(self): pass

path, seconds = sys.argv[1], float(sys.argv[2])
clock, session = Clock(), requests.Session()
session.mount("https://", Portal())
url, options = "https://acme.planfix.ru/rest", {"daily_limit": 20_000, "limits_file": path}
sys.stdin.readline()
with session, Planfix(url, token="t", clock=clock, session=session, **options) as planfix:
    while clock.time < seconds:
        planfix.ping()
    print("left", planfix.budget().left_today, flush=True)
"""


class Child:
    """A process that shares its time with us."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        command = [sys.executable, "-c", CHILD, str(path), str(SECONDS)]
        pipe = subprocess.PIPE
        started = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1)
        self.process = stack.enter_context(started)
        self.sent: list[float] = []
        self.left = -1

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def listen(self) -> float | None:
        """Note what it did until it sleeps; return when to wake it, nothing if it is done."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            word, _, value = line.partition(" ")
            if word == "sleep":
                return float(value)
            if word == "sent":
                self.sent.append(float(value))
            else:
                self.left = int(value)
        return None


def test_four_processes_keep_the_pace_of_one_account(tmp_path: Path) -> None:
    with ExitStack() as stack:
        children = [Child(tmp_path / "limits.db", stack) for _ in range(PROCESSES)]
        for child in children:
            child.tell("start")
        awake, sleeping = list(children), dict[Child, float]()
        while awake or sleeping:
            sleeping |= {child: wake for child in awake if (wake := child.listen()) is not None}
            now = min(sleeping.values(), default=0.0)
            awake = [child for child, wake in sleeping.items() if wake == now]
            for child in awake:
                del sleeping[child]
                child.tell(repr(now))
        assert [child.process.wait() for child in children] == [0] * PROCESSES
    sent = sorted(moment for child in children for moment in child.sent)
    assert min(later - sooner for sooner, later in itertools.pairwise(sent)) >= 1.0
    within = [moment for moment in sent if moment < SECONDS]
    assert len(within) >= 0.98 * SECONDS
    assert all(len(child.sent) > 5 for child in children)
    assert min(child.left for child in children) == 20_000 - len(sent)


def test_the_settings_name_the_file_beside_themselves(tmp_path: Path, box: PlanfixSandbox) -> None:
    (tmp_path / "crmkit.toml").write_text(
        f'[portals.main]\nprovider = "planfix"\nurl = "{box.url}"\ntoken = "{box.tokens["robot"]}"\n'
        'limits_file = "limits.db"\ndaily_limit = 100\n'
    )
    portal = config.load(tmp_path / "crmkit.toml").portal()
    with connect(portal, clock=box.clock) as one, connect(portal, clock=box.clock) as two:
        assert list(one.users.list()) == list(two.users.list())
        assert one.budget().left_today == two.budget().left_today == 98
    assert (tmp_path / "limits.db").is_file()
