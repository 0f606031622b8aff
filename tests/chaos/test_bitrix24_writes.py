"""Writes on a bad line: exactly once where that can be known, never twice where it cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from crmkit.bitrix24 import Bitrix24, Command, Status
from crmkit.exceptions import CrmkitError, OutcomeUnknown
from crmkit.sandbox import Sandbox
from crmkit.sandbox.faults import Fault

HOUR = 3600.0


@contextmanager
def portal(*, workers: int = 1, **options: Any) -> Iterator[tuple[Any, Bitrix24]]:
    box: Any
    with (
        Sandbox.bitrix24(seed="deals", **options) as box,
        Bitrix24(box.url, clock=box.clock, random=lambda: 0.0, workers=workers) as client,
    ):
        yield box, client


def bad_line(box: Any, method: str) -> None:
    """Lose a fifth of the answers after the write, and let a tenth of the requests come to nothing."""
    box.faults.add(Fault("drop_answer", method, times=None, probability=0.2))
    box.faults.add(Fault("html", method, times=None, probability=0.04, status=502))
    box.faults.add(Fault("error", method, times=None, probability=0.03, status=503, body="<html>busy</html>"))
    box.faults.add(Fault("reset", method, times=None, probability=0.03))


def titles(box: Any) -> Counter[str]:
    return Counter(row["TITLE"] for row in box.portal.items[2])


def test_three_hundred_single_creates_are_three_hundred_deals() -> None:
    with portal(deals=0) as (box, client):
        client.deals.fields()
        bad_line(box, "crm.item.add")
        for number in range(300):
            assert client.deals.create(key=f"k{number}", title=f"Deal {number}").id
        assert titles(box) == Counter(f"Deal {number}" for number in range(300))
        assert sum(fault.hits for fault in box.faults) > 60


@pytest.mark.parametrize("workers", [1, 4])
def test_three_hundred_creates_in_batches_are_three_hundred_deals(workers: int) -> None:
    """The first batches even hit the portal's wall of sixty seconds with some of their commands done."""
    with portal(deals=0, workers=workers, cost={"crm.item.add": 4.0}, operating_limit=0.0) as (box, client):
        client.deals.fields()
        bad_line(box, "batch")
        rows = [{"title": f"Deal {number}"} for number in range(300)]
        result = client.deals.create_many(rows, key=lambda row: str(row["title"]))
        assert [outcome.result["item"]["id"] for outcome in result] == [
            box.portal.items[2].having("ORIGIN_ID", row["title"])[0]["ID"] for row in rows
        ]
        assert titles(box) == Counter(row["title"] for row in rows)
        # How many of the dozen requests met a fault depends on how the workers share them.
        assert any(fault.hits for fault in box.faults)


def test_the_look_for_a_lost_create_may_be_lost_too() -> None:
    with portal(deals=0) as (box, client):
        client.deals.fields()
        bad_line(box, "crm.item.add")
        bad_line(box, "crm.item.list")
        for number in range(100):
            client.deals.create(key=f"k{number}", title=f"Deal {number}")
        box.faults.clear()
        assert titles(box) == Counter(f"Deal {number}" for number in range(100))


def test_without_a_key_nothing_is_made_twice_and_every_doubt_is_named() -> None:
    with portal(deals=0) as (box, client):
        client.deals.fields()
        bad_line(box, "batch")
        rows = [{"title": f"Deal {number}"} for number in range(1000)]
        result = client.deals.create_many(rows)
        made = titles(box)
        assert max(made.values()) == 1
        for row, outcome in zip(rows, result, strict=True):
            if outcome.status is Status.DONE:
                assert made[row["title"]] == 1
            elif outcome.status is Status.FAILED:
                assert made[row["title"]] == 0
            else:
                assert isinstance(outcome.error, OutcomeUnknown)
        assert result.unknown, "the line was not bad enough"


def test_updates_on_a_bad_line_are_all_done() -> None:
    with portal(deals=1000) as (box, client):
        client.deals.fields()
        bad_line(box, "batch")
        result = client.deals.update_many((n, {"title": f"new {n}"}) for n in range(1, 1001))
        assert len(result.done) == 1000
        assert titles(box) == Counter(f"new {n}" for n in range(1, 1001))


def test_deletes_on_a_bad_line_are_done_once() -> None:
    with portal(deals=60) as (box, client):
        bad_line(box, "crm.item.delete")
        for number in range(1, 61):
            client.deals.delete(number)
        assert len(box.portal.items[2]) == 0


# Operating budgets


def blocked_for(box: Any, method: str, seconds: float, **body: Any) -> Fault:
    """Let the portal refuse a method for so long: its ten minutes are used up again and again by others."""
    told = {"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked"} | body
    fault: Fault = box.faults.add(Fault("command_error", method, times=None, status=429, body=told))
    ends = box.clock.monotonic() + seconds

    def ended() -> None:
        if box.clock.monotonic() >= ends:
            fault.times = 0

    box.clock.on_move(ended)
    return fault


@pytest.mark.parametrize("workers", [1, 4])
def test_an_hour_without_one_method_does_not_stop_the_others(workers: int) -> None:
    with portal(deals=800, workers=workers) as (box, client):
        blocked_for(box, "crm.item.update", HOUR)
        commands: list[Command] = []
        for number in range(1, 401):
            item = {"entityTypeId": 2, "id": number}
            commands.append(Command("crm.item.update", {**item, "fields": {"title": f"new {number}"}}))
            commands.append(Command("crm.item.get", {"entityTypeId": 2, "id": 400 + number}))
            commands.append(Command("user.current"))
        started = box.clock.now()
        result = client.batch(commands)
        assert len(result.done) == len(commands)
        assert {row["TITLE"][:3] for row in box.portal.items[2] if row["ID"] <= 400} == {"new"}
        assert HOUR <= (box.clock.now() - started).total_seconds() <= HOUR + 120, "it goes on by itself"
        others = [entry.at for entry in box.requests if "crm.item.get" in str(entry.body)]
        assert (others[-1] - started).total_seconds() < 120, "the others do not wait for it"
        first = workers + 25  # what was under way when it was blocked, and the other methods
        assert len(box.requests) <= first + HOUR / 60 + 10, "one request a minute looks whether it is over"


def test_a_single_call_sits_out_what_its_patience_allows() -> None:
    with portal(deals=1) as (box, client):
        blocked_for(box, "crm.item.update", 590.0)
        assert client.deals.update(1, title="new").title == "new"
        blocked_for(box, "crm.item.update", HOUR)
        with pytest.raises(CrmkitError) as caught:
            client.deals.update(1, title="newer")
        assert not isinstance(caught.value, OutcomeUnknown)
        assert client.deals.get(1).title == "new"


def test_the_portals_own_count_is_waited_for_to_the_second() -> None:
    """Three hundred updates of five seconds: 96 fit into ten minutes, the others wait for the reset."""
    with portal(deals=300, cost={"crm.item.update": 5.0}, wall=0.0) as (box, client):
        client.deals.fields()
        result = client.deals.update_many((n, {"title": f"new {n}"}) for n in range(1, 301))
        assert len(result.done) == 300
        assert 3 * 600 <= box.clock.monotonic() <= 3 * 600 + 180
