"""A real process is killed with SIGKILL again and again, before and after its writes; the next one goes on.

Also a program: ``python test_auto_deal_kill.py PORTAL LEDGER SETTINGS`` forks a child for every line that it
reads (``before 3``: dies before its third write), which plans and applies, and prints how it ended.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from crmkit.config import PortalConfig
from crmkit.crm.registry import connect
from crmkit.runtime.ledger import Ledger
from recipes.auto_deal import USUAL_STEPS, AutoDeal, AutoDealSettings

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
COMPANIES = 2
LIVES = 20
WRITES = ("create", "create_many", "update", "set_state")


def main(portal: str, ledger_file: str, settings: str) -> None:
    """Let a child try for every line."""
    recipe = AutoDeal(AutoDealSettings.model_validate_json(settings))
    config = PortalConfig.model_validate_json(portal)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            live_and_die(recipe, config, ledger_file, *line.split())
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def live_and_die(recipe: AutoDeal, portal: PortalConfig, ledger_file: str, when: str, nth: str) -> NoReturn:
    """Apply the recipe and die at the n-th write, before it is sent or after its answer came."""
    count = 0

    def deadly(write: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            last = count == int(nth)
            result = None if last and when == "before" else write(*args, **options)
            if last:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    crm, ledger = connect(portal), Ledger(f"sqlite:///{ledger_file}")
    for room in (crm.deals, crm.tasks):
        for name in WRITES:
            if hasattr(room, name):
                setattr(room, name, deadly(getattr(room, name)))
    recipe.plan(crm, memory=ledger).apply()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])


def test_killed_again_and_again_every_company_has_one_deal_and_each_step_once(
    make_desk: Callable[..., Any],
) -> None:
    desk = make_desk(steps=USUAL_STEPS)
    companies = [desk.company(f"Компания {number}") for number in range(COMPANIES)]
    desk.run()
    desk.wait(hours=1)
    for company in companies:
        desk.edit(company, tariff="Базовый")
    portal = {**desk.box.portal_config, **desk.portal, "token": desk.box.tokens["user:90"], "user": "user:90"}
    settings = desk.recipe.settings.model_dump_json()
    program = [sys.executable, __file__, json.dumps(portal), str(desk.folder / "ledger.db"), settings]
    deaths = 0
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for life in range(LIVES):
            desk.wait(minutes=3)
            process.stdin.write(f"{('before', 'after')[life % 2]} {1 + life % 3}\n")
            process.stdin.flush()
            ended = int(process.stdout.readline())
            assert ended in (0, -signal.SIGKILL)
            deaths += ended != 0
            if ended == 0:
                break
    assert deaths >= 4
    desk.run()
    assert Counter(deal.company for deal in desk.deals()) == dict.fromkeys(companies, 1)
    steps = Counter((job.deal, job.title.partition(":")[0]) for job in desk.jobs() if job.deal)
    assert steps == {
        (str(deal.id), step.title.partition(":")[0]): 1 for deal in desk.deals() for step in USUAL_STEPS
    }
    assert [task.is_open for task in desk.asked()] == [False] * COMPANIES
    assert desk.plan().to_do == ()
