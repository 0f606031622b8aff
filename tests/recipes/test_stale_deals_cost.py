"""What a sweep costs: requests and memory, as docs/recipes/stale_deals.md states them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crmkit.sandbox import Sandbox

from .conftest import AGREED, COLLEAGUE, DECLINED, HEAD, MANAGER, Office

Make = Callable[..., Office]
PORTAL = 4
"""People, the object's fields, the definitions of fields, statuses."""
STATUS = Path("/proc/self/status")
MOSCOW = ZoneInfo("Europe/Moscow")

PLAN = """
import json, re, sys
from crmkit.config import PortalConfig
from crmkit.crm.registry import connect
from crmkit.runtime.ledger import Ledger
from recipes.stale_deals import StaleDeals, StaleDealsSettings

portal = PortalConfig.model_validate(json.loads(sys.argv[1]))
recipe = StaleDeals(StaleDealsSettings(supervisor="user:2", look_behind_robots=False))
with connect(portal) as crm, Ledger(f"sqlite:///{sys.argv[2]}") as ledger:
    plan = recipe.plan(crm, memory=ledger)
    peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024
    told = {"verdicts": plan.verdicts(), "requests": plan.requests_used, "peak": peak}
    print(json.dumps(told))
"""


@pytest.fixture
def busy(make_office: Make) -> Office:
    """24 deals wait for a decision, 24 were warned four days ago."""
    office = make_office()
    for _ in range(23):
        office.new_deal()
    office.on_day(5)
    for _ in range(24):
        office.new_deal()
    for day, hour in ((15, 1), (20, 1), (22, 2)):
        office.on_day(day, hours=hour)
        office.run()
    office.on_day(24, hours=12)
    return office


def test_a_sweep_over_warned_and_waiting_deals_costs_pages_not_deals(busy: Office) -> None:
    """Rows and tasks of those that wait, rows and touches of those that were warned, three searches."""
    before = len(busy.box.requests)
    plan = busy.plan()
    assert plan.verdicts() == {"awaiting": 24, "warned": 24}
    asked = Counter(entry.operation for entry in list(busy.box.requests)[before:])
    assert asked.total() == plan.requests_used == PORTAL + 2 + 2 + 3
    assert asked["POST /task/{id}/comments/list"] == asked["GET /task/{id}"] == 0


def test_only_what_somebody_touched_or_decided_is_read(busy: Office) -> None:
    """A comment: one history. A decision: the task, its history, the history of the deal."""
    deals = sorted(task.id for task in busy.box.account.tasks.values() if task.object == 1)
    busy.box.act.comment(MANAGER, deals[30], "Созвонились")
    busy.box.act.robot_noise([deals[31]])
    busy.decide(DECLINED, deal=deals[0])
    busy.decide(AGREED, candidate=COLLEAGUE, deal=deals[1])
    busy.wait(minutes=30)
    plan = busy.plan()
    assert plan.verdicts() == {"awaiting": 22, "warned": 23, "cancelled": 1, "reject": 1, "approve": 1}
    assert plan.requests_used == PORTAL + 2 + 2 + 3 + 2 * 1 + 2 * 3


def test_before_each_write_everything_is_read_again(busy: Office) -> None:
    """The bulk reads save nothing there: row and history of the deal, the task and its history."""
    deals = sorted(task.id for task in busy.box.account.tasks.values() if task.object == 1)
    busy.decide(DECLINED, deal=deals[0])
    busy.wait(minutes=1)
    plan = busy.plan()
    before = len(busy.box.requests)
    plan.apply()
    asked = [entry.operation for entry in list(busy.box.requests)[before:]]
    write = asked.index("POST /task/{id}")
    assert Counter(asked[:write]) == {"GET /task/{id}": 2, "POST /task/{id}/comments/list": 2}


@pytest.mark.skipif(not STATUS.exists(), reason="the peak of a process is read from /proc")
def test_20000_deals_are_swept_with_the_requests_of_the_candidates_in_150_megabytes(tmp_path: Path) -> None:
    """6,110 stalled deals of 20,000: the lively ones are never asked for.

    Pages of 100 rows overlap by one; histories are read of the boundary day and of paused deals only.
    """
    with Sandbox.planfix(deals=20_000, stalled=6_110, refused=240, snoozed=120, daily_limit=100_000) as box:
        account, now = box.account, box.clock.now().astimezone(MOSCOW)
        limit = now - timedelta(days=15)
        day = limit.replace(hour=0, minute=0).timestamp()
        rows = [task for task in account.tasks.values() if task.object == 1]
        idle = [task for task in rows if task.status < 5 and task.touched < day + 86_400]
        settled = [task for task in idle if task.touched < day]
        boundary = len(idle) - len(settled)
        paused = sum(task.fields.get(106) is not None for task in settled)
        refused = sum(task.status == 6 and task.fields.get(105) is None for task in rows)
        assert (len(idle) > 5_500, paused > 100, refused) == (True, True, 240)
        answer = subprocess.run(
            [sys.executable, "-c", PLAN, json.dumps(box.portal_config), str(tmp_path / "ledger.db")],
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
    told = json.loads(answer.stdout)
    expected = PORTAL + pages(len(settled)) + pages(boundary) + pages(refused) + boundary + paused
    assert told["requests"] == expected
    assert sum(told["verdicts"].values()) == len(idle) + refused
    assert told["verdicts"]["refused_without_reason"] == 240
    assert told["peak"] < 150


def pages(rows: int) -> int:
    return 1 + max(0, rows - 1) // 99


def test_the_supervisor_hears_of_it_once(busy: Office) -> None:
    """All those sweeps wrote nothing: each deal was warned of once."""
    deals = [task.id for task in busy.box.account.tasks.values() if task.object == 1]
    assert len(deals) == 48
    assert all(sorted(busy.told(deal=deal)) == [HEAD, MANAGER] for deal in deals)
