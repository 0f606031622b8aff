"""``python tests/benchmarks/service_load.py [EVENTS] [KILLS] [RATE]``: events at the service while it works.

Events about 20,000 deals of 50 portals are posted over 16 connections, as fast as they are answered or RATE a
second; the service takes them in and brings every deal to its last state, through the ledger, fifty deals per
request. With KILLS it is killed that often with SIGKILL at random moments and started again. The portals are
files, so that they outlive the service: what is measured is the receiver, the engine, the ledger.

Prints figures, and fails if a deal was lost or written twice. Takes minutes: not part of the tests.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from crmkit.automation.actions import UpdateDeal
from crmkit.automation.memory import Memory
from crmkit.automation.messages import Message, register
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.cli.serve import TURN
from crmkit.clock import SystemClock
from crmkit.config import PortalConfig, load
from crmkit.crm.adapters.planfix.door import PlanfixDoor
from crmkit.crm.base import Budget, Crm, Deals
from crmkit.crm.capabilities import Capabilities, Capability
from crmkit.crm.models import Deal, DealChanges, Ref, Stage, WriteResult
from crmkit.crm.rooms import Outcomes
from crmkit.crm.setup import Watch
from crmkit.planfix.webhooks import ByHeader

DEALS, PORTALS, CONNECTIONS = 20_000, 50, 16
TOGETHER = 5
"""Events about a deal come so many at a time."""
SECRET = "not-a-real-secret-at-all"
STAGE = Stage(id="1", key="new")
register({"ru": {"load.behind": "отстаёт"}, "en": {"load.behind": "behind"}})


class Numbers:
    """A number per deal, shared by processes and kept when one of them is killed."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(4 * DEALS + 4))
        self._file = path.open("r+b")
        self._map = mmap.mmap(self._file.fileno(), 0)

    def __getitem__(self, deal: int) -> int:
        return int(struct.unpack_from("<i", self._map, 4 * deal)[0])

    def __setitem__(self, deal: int, number: int) -> None:
        struct.pack_into("<i", self._map, 4 * deal, number)


class FileCrm(Crm):
    """A portal in files: what people have set (``state``), what we have written (``mark``), and a log."""

    provider = "file"

    def __init__(self, portal: PortalConfig, folder: Path) -> None:
        self.capabilities = Capabilities("file", frozenset(Capability))
        self.portal = portal.key
        self.clock = SystemClock()
        self.timezone = ZoneInfo("Europe/Moscow")
        self.batch_size = 50
        self.state, self.mark = Numbers(folder / "state"), Numbers(folder / "mark")
        self.log = os.open(folder / "writes", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        self.requests = os.open(folder / "requests", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        self._sent = 0
        self.deals = FileDeals(self)

    def budget(self) -> Budget:
        return Budget(per_second=2.0)

    def requests_sent(self) -> int:
        return self._sent

    def door(self, watches: Sequence[Watch] = ()) -> PlanfixDoor:
        return PlanfixDoor(ByHeader(SECRET), watches)

    def request(self) -> None:
        self._sent += 1
        os.write(self.requests, b".")

    def deal(self, number: int) -> Deal:
        fields = {"state": self.state[number], "mark": self.mark[number]}
        return Deal(id=str(number), title=f"Deal {number}", open=True, stage=STAGE, fields=fields)

    def write(self, number: int, mark: int) -> None:
        os.write(self.log, f"{number} {mark}\n".encode())
        self.mark[number] = mark


class FileDeals(Deals):
    _crm: FileCrm

    def find(self, *conditions: Any) -> Iterator[Deal]:
        (wanted,) = (term.args for term in conditions if term.name == "with_ids")
        self._crm.request()
        yield from (self._crm.deal(int(one)) for one in wanted)

    def get(self, deal_id: str) -> Deal:
        self._crm.request()
        return self._crm.deal(int(deal_id))

    def update(self, deal_id: str, changes: DealChanges) -> WriteResult:
        self._crm.request()
        self._crm.write(int(deal_id), changes.fields["mark"])
        return WriteResult(id=deal_id)

    def update_many(self, changes: Sequence[tuple[str, DealChanges]]) -> Outcomes:
        self._crm.request()
        for number, change in changes:
            self._crm.write(int(number), change.fields["mark"])
        return [WriteResult(id=number) for number, _ in changes]


class NoSettings(Settings):
    """Nothing to set."""


class Reconcile(Recipe[NoSettings, Deal]):
    """Brings the mark of a deal to its state."""

    name: ClassVar[str] = "reconcile"
    title: ClassVar[dict[str, str]] = {"ru": "Сверка", "en": "Reconcile"}
    settings_type: ClassVar[type[Settings]] = NoSettings
    watches = (Watch("changed", stages="any"),)

    def candidates(self, ctx: Context[NoSettings]) -> Iterable[Deal]:
        return ()

    def observe(self, ctx: Context[NoSettings], entity: Ref) -> Deal:
        return ctx.crm.deals.get(entity.id)

    def observe_many(self, ctx: Context[NoSettings], entities: Sequence[Ref]) -> Mapping[Ref, Deal]:
        found = ctx.crm.deals.find(Deal.with_ids(*(one.id for one in entities)))
        return {deal.ref: deal for deal in found}

    def entity(self, snapshot: Deal) -> Ref:
        return snapshot.ref

    def decide(self, snapshot: Deal, now: Any, memory: Memory) -> Decision:
        state, why = snapshot.fields["state"], Message(key="load.behind")
        if snapshot.fields["mark"] == state:
            return Decision(verdict="even", reason=why)
        key = f"reconcile:{snapshot.ref}:{state}"
        changes = DealChanges(fields={"mark": state})
        action = UpdateDeal(key=key, step=f"to {state}", entity=snapshot.ref, reason=why, changes=changes)
        return Decision(verdict="behind", reason=why, actions=(action,))


def serve(folder: str, port: str) -> None:
    """Run the service until it is killed or told to stop."""
    import uvicorn

    from crmkit.runtime.service import Service, logging_to

    os.environ["LOAD_SECRET"] = SECRET
    one = {"provider": "planfix", "token": "env:LOAD_SECRET", "webhook": {"secret": "env:LOAD_SECRET"}}
    config = load(
        "/dev/null",
        store={"url": f"sqlite:///{folder}/crmkit.db"},
        portals={f"p{n}": {**one, "url": f"https://p{n}.planfix.ru/rest"} for n in range(PORTALS)},
        serve={"recipes": {"reconcile": {"quiet": 2, "longest": 20}}, "workers": 4},
    )
    place = Path(folder)

    def made(_: str) -> Reconcile:
        return Reconcile(NoSettings())

    with (
        (place / "log").open("a") as log,
        logging_to(str, log),
        Service(config, made, open_portal=lambda one: FileCrm(one, place)) as service,
    ):
        sys.setswitchinterval(TURN)
        service.start()
        app = service.receiver().app
        signal.signal(signal.SIGTERM, lambda *_: None)
        uvicorn.run(app, port=int(port), log_config=None, access_log=False, lifespan="off", backlog=2048)
        service.stop()


class Sender:
    """Posts events over some connections, again and again until each is acknowledged."""

    def __init__(self, folder: Path, port: int, rate: float) -> None:
        self.state = Numbers(folder / "state")
        self._port = port
        self._rate = rate
        self.seconds: list[float] = []
        self.repeated = 0

    def run(self, events: int) -> float:
        """Send; return how long it took."""
        began = time.monotonic()
        self._numbers = iter(range(1, events + 1))
        asyncio.run(self._all(began))
        return time.monotonic() - began

    async def _all(self, began: float) -> None:
        await asyncio.gather(*(self._connection(began) for _ in range(CONNECTIONS)))

    async def _connection(self, began: float) -> None:
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        for number in self._numbers:
            if self._rate:
                await asyncio.sleep(max(0.0, began + number / self._rate - time.monotonic()))
            deal = 1 + number // TOGETHER % DEALS
            self.state[deal] = max(self.state[deal], number)
            request = self._request(deal, number)
            while True:
                try:
                    streams = streams or await asyncio.open_connection("127.0.0.1", self._port)
                    sent = time.perf_counter()
                    streams[1].write(request)
                    answer = await streams[0].readuntil(b"\r\n\r\n")
                except (OSError, asyncio.IncompleteReadError):
                    streams = None
                    self.repeated += 1
                    await asyncio.sleep(0.05)
                    continue
                self.seconds.append(time.perf_counter() - sent)
                if answer.startswith(b"HTTP/1.1 200"):
                    break
                self.repeated += 1
        if streams is not None:
            streams[1].close()

    @staticmethod
    def _request(deal: int, number: int) -> bytes:
        body = f"task={deal}&event=changed&number={number}".encode()
        head = (
            f"POST /hooks/p{deal % PORTALS} HTTP/1.1\r\nHost: x\r\nX-Crmkit-Secret: {SECRET}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Process:
    """The service as a process that can be killed."""

    def __init__(self, folder: Path, port: int) -> None:
        self._command = [sys.executable, __file__, "serve", str(folder), str(port)]
        self._port = port
        self.start()

    def start(self) -> None:
        self.child = subprocess.Popen(self._command)
        while True:
            try:
                self.numbers()
            except OSError:
                assert self.child.poll() is None, "the service has ended"
                threading.Event().wait(0.05)
            else:
                return

    def kill(self) -> None:
        self.child.kill()
        self.child.wait()
        self.start()

    def end(self) -> None:
        self.child.terminate()
        assert self.child.wait(60) == 0

    def numbers(self) -> dict[str, float]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(number) for name, number in pairs}

    def is_idle(self) -> bool:
        numbers = self.numbers()
        return numbers["crmkit_waiting"] == 0 == numbers["crmkit_running"]

    def rss(self) -> int:
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def main(events: str = "100000", kills: str = "0", rate: str = "0", port: str = "18085") -> None:
    """Run the load, print what came of it."""
    with tempfile.TemporaryDirectory() as name:
        folder, rng = Path(name), random.Random(7)
        process = Process(folder, int(port))
        sender = Sender(folder, int(port), float(rate))
        took: list[float] = []
        began = time.monotonic()
        thread = threading.Thread(target=lambda: took.append(sender.run(int(events))))
        thread.start()
        for _ in range(int(kills)):
            thread.join(rng.uniform(1.0, 4.0))
            process.kill()
        thread.join()
        while not process.is_idle():
            threading.Event().wait(0.2)
        done, rss = time.monotonic() - began, process.rss()
        process.end()
        print(
            json.dumps(
                judged(folder, sender, int(events))
                | {"kills": int(kills), "rss_mb": rss}
                | {
                    "sent_in": round(took[0], 1),
                    "per_second": round(int(events) / took[0]),
                    "done_in": round(done, 1),
                },
                indent=2,
            )
        )


def judged(folder: Path, sender: Sender, events: int) -> dict[str, Any]:
    """Compare the portals with what was sent."""
    state, mark = Numbers(folder / "state"), Numbers(folder / "mark")
    writes = Counter((folder / "writes").read_text().splitlines())
    told = [deal for deal in range(1, DEALS + 1) if state[deal]]
    lost = [deal for deal in told if mark[deal] != state[deal]]
    twice = [write for write, count in writes.items() if count > 1]
    seconds = sorted(sender.seconds)
    requests = (folder / "requests").stat().st_size
    return {
        "events": events,
        "deals": len(told),
        "lost": len(lost),
        "written_twice": len(twice),
        "writes": sum(writes.values()),
        "requests": requests,
        "requests_per_write": round(requests / max(1, sum(writes.values())), 3),
        "sent_again": sender.repeated,
        "p50_ms": round(seconds[len(seconds) // 2] * 1000, 1),
        "p99_ms": round(seconds[int(len(seconds) * 0.99)] * 1000, 1),
        "max_ms": round(seconds[-1] * 1000, 1),
    }


if __name__ == "__main__":
    serve(*sys.argv[2:]) if sys.argv[1:2] == ["serve"] else main(*sys.argv[1:])
