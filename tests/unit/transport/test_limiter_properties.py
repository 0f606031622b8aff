"""The pace: judged against the curve itself, never against the formula that keeps it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.clock import ManualClock
from crmkit.transport.rate_limit import BITRIX24, PLANFIX, BucketRule, LeakyBucket, Limiter

from .conftest import START, SimClock, run_threads

EPSILON = 1e-4
"""A clock that adds floats may round a wake-up down; the limiter then waits another microsecond."""

RULES = st.sampled_from([PLANFIX, BITRIX24, BucketRule(5.0, 250), BucketRule(3.0, 2), BucketRule(0.7, 5)])


def earliest(asked: list[float], rule: BucketRule) -> list[float]:
    """The earliest moments that the curve allows: in any span of t at most burst + rate * t requests."""
    released: list[float] = []
    for index, moment in enumerate(sorted(asked)):
        bounds = ((index - j + 1 - rule.burst) / rule.rate + released[j] for j in range(index))
        released.append(max([moment, *bounds]))
    return released


def assert_under_the_curve(moments: list[float], rule: BucketRule) -> None:
    moments = sorted(moments)
    for first in range(len(moments)):
        for last in range(first, len(moments)):
            allowed = rule.burst + rule.rate * (moments[last] - moments[first])
            assert last - first + 1 <= allowed + EPSILON


def release(
    rule: BucketRule, pauses: list[list[float]], clock: SimClock | None = None
) -> tuple[list[float], list[float]]:
    """One thread per list: pause, ask, pause, ask. Returns when they asked and when they were let go."""
    clock = clock or SimClock(len(pauses))
    bucket = LeakyBucket(rule, clock)
    asked: list[float] = []
    let_go: list[float] = []
    lock = threading.Lock()

    def work(mine: list[float]) -> Callable[[], None]:
        def run() -> None:
            for pause in mine:
                clock.sleep(pause)
                before = clock.monotonic()
                waited = bucket.acquire()
                after = clock.monotonic()
                assert waited == pytest.approx(after - before, abs=EPSILON)
                with lock:
                    asked.append(before)
                    let_go.append(after)

        return run

    run_threads(clock, [work(mine) for mine in pauses])
    return asked, let_go


@settings(max_examples=60, deadline=None)
@given(
    rule=RULES,
    pauses=st.lists(
        st.lists(st.sampled_from([0.0, 0.0, 0.1, 0.5, 1.0, 7.3, 400.0]), min_size=1, max_size=6),
        min_size=1,
        max_size=16,
    ),
)
def test_threads_together_stay_under_the_curve_and_waste_none_of_it(
    rule: BucketRule, pauses: list[list[float]]
) -> None:
    asked, let_go = release(rule, pauses)
    assert_under_the_curve(let_go, rule)
    # What waits is let go the moment the curve allows it, which is stricter than "within one interval".
    assert sorted(let_go) == pytest.approx(earliest(asked, rule), abs=EPSILON)


@settings(max_examples=20, deadline=None)
@given(threads=st.integers(1, 16), each=st.integers(1, 12))
def test_planfix_never_gets_two_requests_in_any_second(threads: int, each: int) -> None:
    _, let_go = release(PLANFIX, [[0.0] * each for _ in range(threads)])
    moments = sorted(let_go)
    assert all(later - sooner >= 1.0 for sooner, later in itertools.pairwise(moments))
    assert moments[-1] <= threads * each - 1 + EPSILON


@given(idle=st.floats(0.0, 1e7), rule=RULES)
def test_a_long_rest_gives_the_burst_and_no_more(idle: float, rule: BucketRule) -> None:
    clock = ManualClock(START)
    bucket = LeakyBucket(rule, clock)
    for _ in range(rule.burst * 2):
        bucket.acquire()
    clock.sleep(idle + rule.burst / rule.rate)
    free = 0
    while bucket.reserve() <= EPSILON:
        free += 1
    assert free == rule.burst


@given(st.lists(st.sampled_from([0.0, 0.3, 1.0, 2.5]), min_size=1, max_size=30))
def test_reservations_are_handed_out_without_waiting(pauses: list[float]) -> None:
    clock = ManualClock(START)
    bucket = LeakyBucket(PLANFIX, clock)
    moments = []
    for pause in pauses:
        clock.sleep(pause)
        moments.append(clock.monotonic() + bucket.reserve())
    assert all(later - sooner >= 1.0 - 1e-8 for sooner, later in itertools.pairwise(moments))


def test_who_oversleeps_is_not_followed_too_closely() -> None:
    """A real sleep lasts longer than asked; the next request must keep its distance from the late one."""

    class Sluggish(ManualClock):
        late = 0.3

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds + self.late)
            self.late = 0.0

    clock = Sluggish(START)
    bucket = LeakyBucket(PLANFIX, clock)
    moments = []
    for _ in range(4):
        bucket.acquire()
        moments.append(clock.monotonic())
    assert moments == pytest.approx([0.0, 1.3, 2.3, 3.3])
    assert bucket.reserve() == pytest.approx(1.0)


@settings(max_examples=40, deadline=None)
@given(
    rule=RULES,
    each=st.lists(st.integers(1, 6), min_size=1, max_size=16),
    lateness=st.lists(st.sampled_from([0.0, 0.0, 0.001, 0.2, 3.0]), min_size=1, max_size=9),
)
def test_threads_that_oversleep_stay_under_the_curve(
    rule: BucketRule, each: list[int], lateness: list[float]
) -> None:
    late = itertools.cycle(lateness)

    class Sluggish(SimClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds + next(late))

    _, let_go = release(rule, [[0.0] * count for count in each], Sluggish(len(each)))
    assert_under_the_curve(let_go, rule)


def test_a_restarted_machine_does_not_wait_for_the_old_clock() -> None:
    clock = ManualClock(START)
    store_owner = LeakyBucket(BITRIX24, clock)
    clock.sleep(1_000_000)
    for _ in range(60):
        store_owner.reserve()
    reborn = LeakyBucket(BITRIX24, ManualClock(START), store=store_owner._store)
    delays = [reborn.reserve() for _ in range(3)]
    assert delays == pytest.approx([0.0, 0.5, 1.0])  # at once, but without a burst that may be spent already


def test_a_bucket_that_was_found_full_after_a_restart_does_not_wait_for_the_old_clock_either() -> None:
    clock = ManualClock(START)
    before = LeakyBucket(BITRIX24, clock)
    clock.sleep(1_000_000)
    before.reserve()
    reborn = LeakyBucket(BITRIX24, ManualClock(START), store=before._store)
    reborn.overflow()
    assert [reborn.reserve() for _ in range(3)] == pytest.approx([0.5, 1.0, 1.5])


@settings(max_examples=40, deadline=None)
@given(
    rule=RULES, before=st.integers(0, 120), after=st.integers(1, 8), idle=st.sampled_from([0.0, 0.3, 20.0])
)
def test_after_a_refusal_the_pace_is_that_of_a_bucket_that_was_full(
    rule: BucketRule, before: int, after: int, idle: float
) -> None:
    """However much of the burst we thought to have: from here on only what drains is let go."""
    clock = SimClock(after)
    bucket = LeakyBucket(rule, clock)
    debt = 0.0
    for _ in range(before):
        debt = bucket.reserve()  # of others, who wait for their moments
    refused = clock.monotonic()
    bucket.overflow()
    moments: list[float] = []

    def ask() -> None:
        clock.sleep(idle)
        bucket.acquire()
        moments.append(clock.monotonic())

    run_threads(clock, [ask] * after)
    for place, moment in enumerate(sorted(moments), 1):
        assert moment >= refused + place / rule.rate - EPSILON
        assert moment <= refused + idle + debt + place / rule.rate + EPSILON


@settings(max_examples=60, deadline=None)
@given(
    pauses=st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.1, 7.3]), min_size=60, max_size=90),
    lags=st.lists(st.sampled_from([0.0, 0.01, 0.2, 0.49]), min_size=1, max_size=40),
)
def test_the_portal_sees_no_request_too_early_although_some_travel_longer(
    pauses: list[float], lags: list[float]
) -> None:
    """It counts arrivals: a slow first request and a fast later one are closer there than here."""
    clock = ManualClock(START)
    bucket = LeakyBucket(BITRIX24, clock)
    arrivals = []
    for pause, lag in zip(pauses, itertools.cycle(lags), strict=False):
        clock.sleep(pause)
        bucket.acquire()
        arrivals.append(clock.monotonic() + lag)
    assert_under_the_curve(arrivals, BucketRule(2.0, 50))


@pytest.mark.parametrize(("requests", "seconds"), [(0, 0.0), (1, 0.0), (49, 0.0), (50, 0.5), (149, 50.0)])
def test_a_forecast_counts_what_the_burst_covers(requests: int, seconds: float) -> None:
    assert LeakyBucket(BITRIX24, ManualClock(START)).forecast(requests) == seconds


def test_a_forecast_takes_nothing_and_sees_what_is_taken() -> None:
    bucket = LeakyBucket(PLANFIX, ManualClock(START))
    bucket.reserve()
    assert bucket.forecast(2) == 2.0
    assert bucket.forecast(2) == 2.0
    assert bucket.reserve() == 1.0


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (float("nan"), 1), (float("inf"), 1), (1, 0)])
def test_an_impossible_pace_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match="a rate must be"):
        BucketRule(rate, burst)


def test_threads_under_pauses_keep_pace_and_pause() -> None:
    """A pause that begins while others already wait for their turn holds for them as well."""
    clock = SimClock(5)
    limiter = Limiter(PLANFIX, clock)
    moments: list[float] = []

    def ask() -> None:
        limiter.acquire("GET /task/{id}")
        moments.append(clock.monotonic())

    def interrupt() -> None:
        clock.sleep(0.5)
        limiter.pause(None, 30)

    run_threads(clock, [ask, ask, ask, ask, interrupt])
    assert min(moments) == 0.0
    assert sorted(moments)[1] >= 30.5
    assert_under_the_curve(moments, PLANFIX)
