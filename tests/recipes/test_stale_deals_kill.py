"""A real process is killed with SIGKILL again and again, before and after its writes; the next one goes on.

Also a program: ``python test_stale_deals_kill.py PORTAL LEDGER`` forks a child for every line that it reads,
which plans, applies and kills itself ``before`` or ``after`` its first write, and prints how it ended.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest

from crmkit.config import PortalConfig
from crmkit.crm.registry import connect
from crmkit.runtime.ledger import Ledger
from recipes.stale_deals import StaleDeals, StaleDealsSettings

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
Try = Callable[[str], bool]


def main(portal: str, ledger_file: str) -> None:
    """Let a child try for every line."""
    settings = PortalConfig.model_validate_json(portal)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            live_and_die(settings, ledger_file, line.strip())
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def live_and_die(portal: PortalConfig, ledger_file: str, when: str) -> NoReturn:
    """Apply the recipe and die at the first write, before it is sent or after its answer came."""

    def deadly(write: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            if when == "after":
                write(*args, **options)
            os.kill(os.getpid(), signal.SIGKILL)

        return call

    recipe = StaleDeals(StaleDealsSettings(supervisor="user:2", look_behind_robots=False))
    crm, ledger = connect(portal), Ledger(f"sqlite:///{ledger_file}")
    for room, name in (
        (crm.deals, "update"),
        (crm.comments, "add"),
        (crm.tasks, "create"),
        (crm.tasks, "set_state"),
    ):
        setattr(room, name, deadly(getattr(room, name)))
    recipe.plan(crm, memory=ledger).apply()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
else:
    from .conftest import AGREED, COLLEAGUE, CREATE, HEAD, MANAGER, NEW, NOTICE, STATE, UPDATE, Office


@pytest.fixture
def attempt(office: Office) -> Iterator[Try]:
    """Let a process try; tells whether it died of its write."""
    portal = {**office.box.portal_config, "user": "user:90"}
    program = [sys.executable, __file__, json.dumps(portal), str(office.folder / "ledger.db")]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        lines, answers = process.stdin, process.stdout
        assert lines is not None
        assert answers is not None

        def go(when: str) -> bool:
            office.wait(seconds=2)
            lines.write(f"{when}\n")
            lines.flush()
            ended = int(answers.readline())
            office.wait(seconds=2)
            assert ended in (0, -signal.SIGKILL)
            return ended != 0

        yield go


def rests(office: Office) -> bool:
    """Tell whether there is nothing left to do, in the portal or in the ledger."""
    office.wait(seconds=2)
    leftovers = office.ledger.has_leftovers(office.crm.portal, "stale_deals")
    return not leftovers and not office.plan().to_do


def test_killed_at_every_write_from_the_warning_to_the_consent(office: Office, attempt: Try) -> None:
    """By turns before the write is sent and after it was answered: none can write down what it did."""
    deaths = []
    for step, day in (("warn", 15), ("return", 22), ("approve", 23)):
        office.on_day(day, hours=5 if day == 22 else 2)
        if step == "approve":
            office.decide(AGREED, candidate=COLLEAGUE)
        for when in ("before", "after") * 8:
            if rests(office):
                break
            deaths.append(attempt(when))
    assert sum(deaths) >= 6
    task = office.task()
    assert (task.status, task.assignees, task.fields[STATE]) == (NEW, (COLLEAGUE,), "подтверждено")
    assert sorted(office.told()) == [HEAD, MANAGER]
    assert (len(office.notes()), len(office.approvals())) == (3, 1)
    assert office.written() == {NOTICE: 3, UPDATE: 2, CREATE: 1}
    assert rests(office)
