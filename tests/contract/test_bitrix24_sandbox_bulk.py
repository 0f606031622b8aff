"""Many business processes by the client, against the emulated portal with the vendor's limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from crmkit.bitrix24 import Bitrix24
from crmkit.bitrix24.outcomes import Status
from crmkit.sandbox import Sandbox
from crmkit.sandbox.faults import Fault

DEALS = 4000
FIRST_CALL = 3
"""The template «Первый звонок» of the seed: it comments and pauses for a day."""


class Centre(NamedTuple):
    box: Any
    b24: Bitrix24

    def start(self, deals: range) -> Counter[Status]:
        commands = [
            ("bizproc.workflow.start", {"TEMPLATE_ID": FIRST_CALL, "DOCUMENT_ID": document(number)})
            for number in deals
        ]
        return Counter(outcome.status for outcome in self.b24.batch(commands))

    def running(self) -> Counter[str]:
        """Return how many processes run on each deal."""
        return Counter(one.document for one in self.box.portal.processes.running.values())


def document(number: int) -> list[str]:
    return ["crm", "CCrmDocumentDeal", f"DEAL_{number}"]


def centre(**options: Any) -> Iterator[Centre]:
    with (
        Sandbox.bitrix24(seed="crm_cases", companies=0, **{"deals": DEALS, **options}) as box,
        Bitrix24(box.url, clock=box.clock, random=lambda: 0.0) as b24,
    ):
        yield Centre(box, b24)


@pytest.fixture
def office() -> Iterator[Centre]:
    yield from centre()


@pytest.fixture
def slow() -> Iterator[Centre]:
    yield from centre(cost={"bizproc.workflow.start": 0.23})


@pytest.fixture
def small() -> Iterator[Centre]:
    yield from centre(deals=120)


def test_a_process_per_deal_takes_a_request_per_fifty_and_no_longer_than_the_bucket(office: Centre) -> None:
    before = office.box.clock.timestamp()
    assert office.start(range(1, DEALS + 1)) == {Status.DONE: DEALS}
    assert office.b24.requests_sent == DEALS / 50
    assert office.box.clock.timestamp() - before <= 1.05 * (DEALS / 50 - 50) / 2
    assert office.box.portal.bucket.refused == 0
    assert set(office.running().values()) == {1}


def test_the_operating_budget_only_makes_it_wait(slow: Centre) -> None:
    before = slow.box.clock.timestamp()
    assert slow.start(range(1, DEALS + 1)) == {Status.DONE: DEALS}
    minutes = (slow.box.clock.timestamp() - before) / 60
    assert DEALS * 0.23 / 480 * 10 - 10 <= minutes <= DEALS * 0.23 / 480 * 10 + 10
    assert set(slow.running().values()) == {1}


def test_a_lost_answer_is_unknown_and_the_running_ones_settle_it(small: Centre) -> None:
    small.box.faults.add(Fault("drop_answer", "batch", times=1))
    outcomes = small.start(range(1, 51))
    assert outcomes == {Status.UNKNOWN: 50}
    assert [
        len(list(small.b24.workflows.running(2, number, template_id=FIRST_CALL))) for number in (1, 50)
    ] == [1, 1]


def test_a_third_process_on_a_deal_is_refused_and_the_other_deals_go_on(small: Centre) -> None:
    for _ in range(2):
        assert small.start(range(1, 3)) == {Status.DONE: 2}
    assert small.start(range(1, 121)) == {Status.DONE: 118, Status.FAILED: 2}
    assert small.running()["DEAL_1"] == 2
    small.box.clock.advance(days=1)
    assert not small.running()
    assert small.start(range(1, 3)) == {Status.DONE: 2}
