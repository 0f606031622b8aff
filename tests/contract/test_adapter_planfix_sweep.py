"""A sweep over many deals: requests for candidates only, memory for a page, rows that move meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmkit.crm.base import Crm
from crmkit.crm.models import AuthorKind, Deal
from crmkit.sandbox import Sandbox
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox
from crmkit.testing.planfix import PlanfixBench, open_crm

DEALS, STALLED = 20_000, 6_110
STATUS = Path("/proc/self/status")
"""Where Linux tells the peak of a process; ru_maxrss would be that of the parent before the exec."""

CLIENT = """
import json, re, sys
from crmkit.config import PortalConfig
from crmkit.crm.models import Deal
from crmkit.crm.registry import connect

portal = PortalConfig.model_validate(json.loads(sys.argv[1]))
wanted = (Deal.is_open, Deal.idle_for(days=15)) if sys.argv[2] == "idle" else ()
with connect(portal) as crm:
    count = sum(1 for deal in crm.deals.find(*wanted))
    peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024
    print(json.dumps({"deals": count, "requests": crm.requests_sent(), "peak": peak}))
"""


def pages(rows: int) -> int:
    """Return the requests that a list of so many rows takes.

    Pages of 100 overlap by one row to notice moving rows, and a page that is not full ends the list.
    """
    return 1 + max(0, rows - 1) // 99


@pytest.fixture(scope="module")
def big() -> Iterator[PlanfixSandbox]:
    with Sandbox.planfix(deals=DEALS, stalled=STALLED, refused=240, snoozed=120, daily_limit=100_000) as box:
        yield box


@pytest.mark.skipif(not STATUS.exists(), reason="the peak of a process is read from /proc")
@pytest.mark.parametrize("kind", ["idle", "all"])
def test_requests_and_memory_of_a_sweep(big: PlanfixSandbox, kind: str) -> None:
    """Requests: one for the statuses, one for the people, then the pages of both halves of the idle filter.

    The people are asked because the filter's days are those of the token owner's time zone.
    """
    threshold = big.clock.now() - timedelta(days=15)
    day = (
        threshold.astimezone(ZoneInfo(big.portal_config["timezone"]))
        .replace(hour=0, minute=0, second=0, microsecond=0)
        .timestamp()
    )
    account = big.account
    open_deals = [
        one.touched for one in account.tasks.values() if one.object == 1 and _is_open(big, one.status)
    ]
    settled = sum(touched < day for touched in open_deals)
    boundary = sum(day <= touched < day + 86_400 for touched in open_deals)
    expected = {
        "idle": {"deals": settled + boundary, "requests": 2 + pages(settled) + pages(boundary)},
        "all": {"deals": DEALS, "requests": 1 + pages(DEALS)},
    }[kind]
    assert settled > 5_000

    big.clock.advance(seconds=1)  # the client before this one has just used up the present second
    answer = subprocess.run(
        [sys.executable, "-c", CLIENT, json.dumps(big.portal_config), kind],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    told = json.loads(answer.stdout)
    assert {"deals": told["deals"], "requests": told["requests"]} == expected
    assert told["peak"] < 150


def test_rows_that_move_during_the_walk_hide_nothing(planfix_bench: PlanfixBench) -> None:
    """People go on working: what they touch may come or not, everything else comes once."""
    idle = {one for one in planfix_bench.deal_ids() if _idle(planfix_bench, one)}
    touched: set[str] = set()
    found: list[str] = []
    for deal in planfix_bench.crm.deals.find(Deal.idle_for(days=15)):
        found.append(deal.id)
        if len(found) % 7 == 1:
            victims = sorted(idle - touched, key=int)
            for victim in (victims[0], victims[-1]):
                planfix_bench.comment(planfix_bench.manager, victim, "Созвонились")
                touched.add(victim)
    assert len(touched) >= 10
    assert found == sorted(set(found), key=int)
    assert idle - touched <= set(found)


class TestNoise:
    """Deals that are idle but for the comments of a robot."""

    @pytest.fixture
    def planfix_options(self) -> dict[str, Any]:
        return {"deals": 60, "stalled": 20, "refused": 1, "snoozed": 1, "robot_noise": 5}

    def test_robot_noise_is_seen_through(self, planfix_bench: PlanfixBench) -> None:
        """The idle filter misses them; comments of robots lead to them, their histories judge them."""
        crm = planfix_bench.crm
        since = planfix_bench.now() - timedelta(days=15)
        plain = {deal.id for deal in crm.deals.find(Deal.is_open, Deal.idle_for(days=15))}
        noisy = {deal.id for deal in crm.deals.find(Deal.is_open, Deal.commented_by_robot_since(since))}
        hidden = {
            one
            for one in noisy - plain
            if all(
                entry.author_kind is AuthorKind.ROBOT or entry.at < since
                for entry in crm.deals.history(one, until_human=True)
            )
        }
        assert len(hidden) == 5


def test_by_number_a_request_per_hundred(planfix_bench: PlanfixBench) -> None:
    crm = planfix_bench.crm
    ids = sorted(planfix_bench.deal_ids(), key=int)
    list(crm.deals.find(Deal.with_ids(ids[0])))
    before = crm.requests_sent()
    assert [deal.id for deal in crm.deals.find(Deal.with_ids(*ids))] == ids
    assert (len(ids), crm.requests_sent() - before) == (130, 2)


def test_what_cannot_match_is_not_asked_for(planfix_bench: PlanfixBench) -> None:
    crm = planfix_bench.crm
    list(crm.deals.find(Deal.with_ids("1")))
    before = crm.requests_sent()
    assert list(crm.deals.find(Deal.is_open, Deal.in_stage("won"))) == []
    assert crm.requests_sent() == before


def test_nothing_is_asked_for_before_it_is_needed(planfix_sandbox: PlanfixSandbox) -> None:
    """Connecting sends nothing, and a list is read as far as it is taken."""
    with open_crm(planfix_sandbox) as crm:
        assert crm.requests_sent() == 0
        next(crm.deals.find())
        assert crm.requests_sent() == 2


def test_the_rate_is_kept(planfix_crm: Crm, planfix_sandbox: PlanfixSandbox) -> None:
    """One request per second, on the portal's clock: the sandbox refuses what comes faster."""
    begun = planfix_sandbox.clock.now()
    list(planfix_crm.deals.find(Deal.idle_for(days=15)))
    seconds = (planfix_sandbox.clock.now() - begun).total_seconds()
    assert planfix_crm.requests_sent() - 1 <= seconds <= planfix_crm.requests_sent()
    assert {entry.status for entry in planfix_sandbox.requests} == {200}


def _is_open(box: PlanfixSandbox, status: int) -> bool:
    return box.account.statuses[status].is_active


def _idle(bench: PlanfixBench, deal: str) -> bool:
    return bench.last_touch(deal) <= bench.now() - timedelta(days=15)
