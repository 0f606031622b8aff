"""The leaky bucket, the operating budgets, the minute of a request, latency: all on the sandbox's clock."""

from __future__ import annotations

import time

import pytest
import requests

from crmkit.sandbox import Fault


def test_fifty_at_once_then_two_a_second(bench):
    api = bench.api(strict_limits=True)
    statuses = [api.post("profile").status_code for _ in range(52)]
    assert statuses == [200] * 50 + [503] * 2
    assert api.refused("profile") == (503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
    api.box.clock.advance(seconds=0.5)
    assert [api.post("profile").status_code for _ in range(2)] == [200, 503]
    api.box.clock.advance(seconds=25)
    assert sum(api.post("profile").status_code == 200 for _ in range(60)) == 50
    assert api.box.portal.bucket.refused == 14


def test_a_batch_is_one_request_and_enterprise_has_more(bench):
    api = bench.api(strict_limits=True, burst=250, rate=5.0)
    cmd = {f"c{number}": "profile" for number in range(50)}
    assert all(len(api.batch(cmd)["result"]) == 50 for _ in range(250))
    assert api.refused("profile")[1] == "QUERY_LIMIT_EXCEEDED"


def test_refused_requests_may_fill_the_bucket_too(bench):
    api = bench.api(strict_limits=True, burst=2, count_refused=True)
    assert [api.post("profile").status_code for _ in range(4)] == [200, 200, 503, 503]


def test_the_front_end_may_answer_with_a_page(bench):
    api = bench.api(strict_limits=True, burst=1, bucket_answer="html")
    api.call("profile")
    answer = api.post("profile")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith("text/html")


def test_troubles_count_in_the_bucket(bench):
    api = bench.api(strict_limits=True, burst=2)
    api.box.faults.add(Fault("html", times=None))
    assert [api.post("profile").status_code for _ in range(3)] == [502, 502, 503]


def test_a_method_that_worked_too_long_is_blocked_alone(bench):
    api = bench.api(strict_limits=True, burst=1000, cost={"crm.item.list": 30.0, "profile": 0.05})
    for number in range(1, 17):
        told = api.answer("crm.item.list", entityTypeId=2)["time"]
        assert told["operating"] == 30.0 * number
    assert api.refused("crm.item.list", entityTypeId=2)[:2] == (429, "OPERATION_TIME_LIMIT")
    assert api.answer("profile")["time"]["operating"] == 0  # calls up to 0.1 s are not added
    inner = api.batch({"a": "crm.item.list?entityTypeId=2", "b": "profile"})
    assert inner["result_error"]["a"]["error"] == "OPERATION_TIME_LIMIT"
    assert inner["result"]["b"]["ID"] == "1"
    api.box.clock.set(_moment(told["operating_reset_at"]))
    assert api.answer("crm.item.list", entityTypeId=2)["time"]["operating"] == 30.0


def _moment(timestamp):
    from datetime import UTC, datetime

    return datetime.fromtimestamp(timestamp, UTC)


def test_the_budget_forgets_minute_by_minute(bench):
    api = bench.api(strict_limits=True, cost=50.0, operating_limit=100.0)
    api.answer("profile")
    api.box.clock.advance(minutes=5)
    assert api.answer("profile")["time"]["operating"] == 100.0
    assert api.refused("profile")[1] == "OPERATION_TIME_LIMIT"
    api.box.clock.advance(minutes=5)
    assert api.answer("profile")["time"]["operating"] == 100.0


def test_budgets_are_those_of_a_webhook(bench):
    api = bench.api(strict_limits=True, cost=50.0, operating_limit=50.0)
    api.answer("profile")
    assert api.refused("profile")[1] == "OPERATION_TIME_LIMIT"
    assert bench.api(api.box, "user:4").call("profile")["ID"] == "4"


def test_a_batch_may_be_billed_itself(bench):
    api = bench.api(cost=3.0, batch_billed=True)
    told = api.answer("batch", cmd={"a": "profile", "b": "profile"})
    assert told["time"]["operating"] == 6.0
    assert bench.api(cost=3.0).answer("batch", cmd={"a": "profile"})["time"]["operating"] == 0


def test_a_request_that_takes_more_than_a_minute_is_cut_and_what_was_done_stays_done(bench):
    api = bench.api(cost={"crm.item.add": 25.0})
    cmd = {f"c{number}": "crm.item.add?entityTypeId=2&fields[title]=x" for number in range(5)}
    begun = api.box.clock.monotonic()
    answer = api.post("batch", {"cmd": cmd})
    assert answer.status_code == 504
    assert "<html>" in answer.text
    assert api.box.clock.monotonic() - begun == 60
    assert len(api.box.portal.items[2]) == 2


def test_the_minute_may_end_without_an_answer(bench):
    api = bench.api(cost=61.0, wall_answer="close")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.post("profile")
    assert bench.api(cost=61.0, wall=0).call("profile")


def test_latency_moves_a_frozen_clock_and_may_be_real(bench):
    api = bench.api(latency=2.0)
    api.call("profile")
    assert api.box.clock.monotonic() == 2.0
    real = bench.api(latency=0.05, real_latency=True)
    begun = time.monotonic()
    real.call("profile")
    assert time.monotonic() - begun >= 0.05
    assert real.box.clock.monotonic() == 0
