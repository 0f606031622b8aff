"""16,000 deals and processes while the importing process is killed with SIGKILL, again and again.

The portal lives in this process, the import in children that a second program forks: it is also that program,
``python test_bulk_bp_kill.py PORTAL LEDGER SETTINGS``. A child dies at chosen writes: before the portal took
the request, after it took it and before the answer, or a little later.

With ``CRMKIT_FULL=1`` all 16,000 are imported and ten children killed; otherwise 600 and three.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import IO, Any, NoReturn

import pytest

from crmkit.config import PortalConfig
from crmkit.crm.registry import connect
from crmkit.runtime.ledger import Ledger
from crmkit.testing.clock import SandboxClock
from recipes.bulk_bp import BulkBp, BulkBpSettings

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
FULL = bool(os.environ.get("CRMKIT_FULL"))
ROWS, DEATHS = (16_000, 10) if FULL else (600, 3)
WRITES = (b"crm.item.add", b"bizproc.workflow.start")
PHASES = 8
"""More plans than that are never needed: import, start, and what a kill left behind."""


def main(portal: str, ledger: str, settings: str) -> None:
    """Fork a child for every line; say its number, and how it ended."""
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            work(PortalConfig.model_validate_json(portal), ledger, json.loads(settings))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


class Watch(SandboxClock):
    """The sandbox's time, which nobody moves but this process: asked for after each step of it."""

    def __init__(self, portal: PortalConfig) -> None:
        super().__init__(portal.url.removesuffix("/rest") + "/__control")
        self._seen = super().now(), super().monotonic()

    def now(self) -> datetime:
        return self._seen[0]

    def monotonic(self) -> float:
        return self._seen[1]

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._seen = super().now(), super().monotonic()


def work(portal: PortalConfig, ledger: str, settings: dict[str, Any]) -> NoReturn:
    """Plan and apply until nothing is left to do; wait for the parent before the first look."""
    recipe, crm, store = (
        BulkBp(BulkBpSettings(**settings)),
        connect(portal, clock=Watch(portal)),
        Ledger(ledger),
    )
    for _ in range(PHASES):
        plan = recipe.plan(crm, memory=store)
        if not plan.to_do and not store.has_leftovers(crm.portal, recipe.name):
            break
        plan.apply()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
else:
    from .conftest import ENDS_AT_ONCE, Centre, row


class Reaper:
    """Stands between the portal and its clients and kills the client at chosen writes."""

    def __init__(self, box: Any, moments: dict[int, str]) -> None:
        self.moments, self.count, self.child = moments, 0, 0
        self.kills: list[str] = []
        self.timers: list[threading.Timer] = []
        self._serve = box._server._answer
        self._lock = threading.Lock()
        self._random = random.Random(11)
        box._server._answer = self.answer

    def answer(self, request: Any) -> Any:
        if not any(name in request.body for name in WRITES):
            return self._serve(request)
        with self._lock:
            self.count += 1
            how = self.moments.get(self.count, "")
        if how == "before":
            self.kill(how)
            return None
        reply = self._serve(request)
        if how == "after":
            self.kill(how)
        elif how == "later":
            timer = threading.Timer(self._random.uniform(0, 0.1), self.kill, (how,))
            self.timers.append(timer)
            timer.start()
        return reply

    def kill(self, how: str) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.child, signal.SIGKILL)
            self.kills.append(how)


@contextmanager
def children(centre: Centre, reaper: Reaper) -> Iterator[Callable[[], int]]:
    """Give a function that lets a child work and tells how it ended."""
    portal = json.dumps(centre.box.portal_config)
    settings = centre.recipe.settings.model_dump_json()
    program = [sys.executable, __file__, portal, f"sqlite:///{centre.folder / 'ledger.db'}", settings]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        lines, answers = _pipe(process.stdin), _pipe(process.stdout)

        def go() -> int:
            lines.write("go\n")
            lines.flush()
            reaper.child = int(answers.readline())
            return int(answers.readline())

        yield go
        lines.close()
    for timer in reaper.timers:
        timer.join()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def moments(how_many: int, rows: int) -> dict[int, str]:
    """Return at which writes a child dies and how, spread by chance over import and start."""
    chance = random.Random(7)
    writes = 2 * rows // 50
    at = sorted(chance.sample(range(2, writes), how_many))
    return dict(zip(at, ("before", "after", "later") * how_many, strict=False))


def test_T4_killed_again_and_again_every_process_is_started_once(
    centre: Centre, record_property: Callable[[str, object], None]
) -> None:
    centre.write(*map(row, range(ROWS)))
    reaper = Reaper(centre.box, moments(DEATHS, ROWS))
    began = centre.box.clock.now()
    with children(centre, reaper) as go:
        ended = [go() for _ in range(DEATHS)]
        while ended[-1] != 0 and len(ended) <= DEATHS + 2:
            ended.append(go())
    assert ended[-1] == 0
    assert len(reaper.kills) >= DEATHS - 1, "a late kill may find its child gone"
    record_property("kills", reaper.kills)
    record_property("writes", reaper.count)
    record_property("simulated", (centre.box.clock.now() - began).total_seconds())
    deals = centre.deals()
    assert Counter(deal["TITLE"] for deal in deals) == {f"Сделка {number}": 1 for number in range(ROWS)}
    started = centre.started()
    assert len(started) == ROWS
    assert set(started.values()) == {1}
    assert centre.box.portal.processes.ended == []
    assert centre.verdicts() == {"started": ROWS}


@pytest.mark.parametrize("how", ["before", "after"])
def test_T4_a_start_nobody_can_be_sure_of_is_listed(centre: Centre, how: str) -> None:
    """The process ends at once and leaves nothing behind: started or not, it is never guessed."""
    centre.set(processes={"calls_new": "closing"}, lasts_hours={})
    centre.write(*(row(number, Стадия="Новая") for number in range(200)))
    centre.run()
    reaper = Reaper(centre.box, {2: how})
    with children(centre, reaper) as go:
        assert [go(), go()] == [-signal.SIGKILL, 0]
    assert reaper.kills == [how]
    assert centre.verdicts() == {"started": 150, "unsettled": 50}
    listed = [item for item in centre.plan().items if item.verdict == "unsettled"]
    assert all(item.attention and not item.actions for item in listed)
    comments = [
        one for one in centre.box.portal.comments if one["COMMENT"] == "Закрыто"
    ]  # what the process does, once for every start
    assert len(comments) == (150 if how == "before" else 200)
    assert {one.id for one in centre.box.portal.processes.templates.values()} >= {ENDS_AT_ONCE}


def test_the_sandbox_is_the_one_with_real_limits(centre: Centre) -> None:
    """Two requests a second after fifty at once, and 480 seconds of work per method in ten minutes."""
    settings = centre.box.portal.settings
    assert settings.strict_limits
    assert (settings.rate, settings.burst, settings.operating_limit) == (2.0, 50, 480.0)
