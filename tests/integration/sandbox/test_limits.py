"""One request a second, so many a day, and a counter that is late."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.sandbox.clock import SandboxClock
from crmkit.sandbox.planfix.exceptions import Refused
from crmkit.sandbox.planfix.limits import Limits
from crmkit.sandbox.planfix.sandbox import START
from crmkit.sandbox.planfix.settings import Settings


def limits(**options):
    clock = SandboxClock(START)
    return clock, Limits(clock, Settings(**options))


def taken(limits):
    try:
        limits.take()
    except Refused:
        return False
    return True


@given(st.lists(st.floats(min_value=1.0, max_value=90.0), max_size=60))
@settings(derandomize=True)
def test_who_keeps_the_distance_is_never_refused(pauses):
    clock, judge = limits()
    assert taken(judge)
    for pause in pauses:
        clock.sleep(pause)
        assert taken(judge)


@given(
    st.lists(st.floats(min_value=0.0, max_value=3.0), max_size=120), st.floats(min_value=0.2, max_value=10)
)
@settings(max_examples=60, derandomize=True)
def test_the_long_run_is_never_faster_than_the_rate(pauses, rate):
    clock, judge = limits(rate=rate)
    accepted = []
    for pause in pauses:
        clock.sleep(pause)
        if taken(judge):
            accepted.append(clock.monotonic())
    for index, first in enumerate(accepted):
        for others, last in enumerate(accepted[index + 1 :], 1):
            assert others <= (last - first + 0.001) * rate + 1e-6


@given(st.lists(st.floats(min_value=0.0, max_value=0.45), min_size=2, max_size=60))
@settings(derandomize=True)
def test_a_late_message_is_forgiven_on_a_running_clock(delays):
    """The client sends exactly each second, the way through the machine takes its time."""
    clock, judge = limits(rate_tolerance=0.5)
    arrivals = sorted(second + delay for second, delay in enumerate(delays))
    for arrival in arrivals:
        clock.advance(seconds=max(0.0, arrival - clock.monotonic()))
        assert taken(judge)


def test_the_tolerance_follows_the_clock():
    running = SandboxClock(START, frozen=False)
    judge = Limits(running, Settings())
    assert taken(judge)
    running.advance(seconds=0.6)
    assert taken(judge)


def test_a_burst_is_refused_with_code_22_and_costs_nothing(bench):
    api = bench.api(strict_limits=True)
    assert api.get("/ping").status_code == 200
    for _ in range(3):
        answer = api.get("/ping")
        assert answer.status_code == 403
        assert answer.json() == {
            "result": "fail",
            "code": 22,
            "error": "API limit exceeded",
            "timeToReset": 1,
        }
    api.box.clock.sleep(1.0)
    assert api.get("/ping").status_code == 200


def test_the_rate_is_counted_for_the_whole_account(bench):
    box = bench.box(strict_limits=True)
    assert bench.api(box, "robot").get("/ping").status_code == 200
    assert bench.api(box, "admin").get("/ping").status_code == 403


def test_another_answer_to_a_breach_can_be_chosen(bench):
    api = bench.api(strict_limits=True, rate_breach="429", time_to_reset="milliseconds")
    api.get("/ping")
    answer = api.get("/ping")
    assert (answer.status_code, answer.json()["code"], answer.json()["timeToReset"]) == (429, 22, 1000)


def test_the_day_is_limited_until_midnight_of_the_account(bench):
    api = bench.api(daily_limit=3)
    assert [api.get("/ping").status_code for _ in range(4)] == [200, 200, 200, 403]
    answer = api.get("/ping")
    assert answer.json()["code"] == 22
    assert answer.json()["timeToReset"] == 15 * 3600  # it is nine in Moscow
    api.box.clock.advance(seconds=answer.json()["timeToReset"])
    assert api.get("/ping").status_code == 200


def test_the_header_is_refreshed_every_ten_minutes_only(bench):
    api = bench.api(daily_limit=20_000)

    def remaining():
        return api.get("/ping").headers["X-RateLimit-Remaining"]

    assert [remaining() for _ in range(5)] == ["19999"] * 5
    api.box.clock.advance(minutes=9, seconds=59)
    assert remaining() == "19999"
    api.box.clock.advance(seconds=1)
    assert remaining() == "19993"


def test_without_a_daily_limit_there_is_no_header(bench):
    assert "X-RateLimit-Remaining" not in bench.api(daily_limit=None).get("/ping").headers


def test_latency_passes_on_the_sandbox_clock_only(bench):
    api = bench.api(latency={"POST /comment/list": 9.0, "GET /ping": 0.5})
    api.get("/ping")
    assert api.box.clock.monotonic() == pytest.approx(0.5)
    api.post("/comment/list", {"filters": [{"type": 3001, "operator": "equal", "value": "user:4"}]})
    assert api.box.clock.monotonic() == pytest.approx(9.5)
    api.get("/user/groups")
    assert api.box.clock.monotonic() == pytest.approx(9.5)


def test_one_latency_for_all(bench):
    api = bench.api(latency=0.2, strict_limits=True)
    api.get("/ping")
    assert api.box.clock.monotonic() == pytest.approx(0.2)
