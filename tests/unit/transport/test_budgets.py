"""The day's budget and the pauses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from requests.structures import CaseInsensitiveDict

from crmkit.clock import ManualClock
from crmkit.exceptions import QuotaExhausted, RateLimited
from crmkit.transport.rate_limit import (
    PLANFIX,
    BucketRule,
    DailyBudget,
    Limiter,
    MemoryStore,
    OperatingBudget,
)

START = datetime(2025, 3, 3, 6, tzinfo=UTC)  # 09:00 in Moscow
FAST = BucketRule(1000.0, 1000)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


def budget(clock: ManualClock, limit: int | None = 100) -> DailyBudget:
    return DailyBudget(limit, clock, "Europe/Moscow")


def test_nothing_is_sent_once_the_day_is_used_up(clock: ManualClock) -> None:
    day = budget(clock, 2)
    assert [day.take(), day.take()] == [1, 0]
    assert day.exhausted
    with pytest.raises(QuotaExhausted, match="the daily budget of 2 requests is used up") as caught:
        day.take("GET /task/{id}")
    assert caught.value.retry_after == 15 * 3600
    assert caught.value.method == "GET /task/{id}"
    assert "15:00:00" in caught.value.hint
    assert day.used == 2


def test_the_day_begins_at_midnight_of_the_account_not_of_utc(clock: ManualClock) -> None:
    day = budget(clock, 1)
    day.take()
    clock.advance(hours=14, minutes=59)
    assert day.exhausted
    clock.advance(minutes=1)  # 21:00 in UTC, midnight in Moscow
    assert not day.exhausted
    assert day.used == 0


def test_a_day_of_23_hours_ends_an_hour_sooner() -> None:
    clock = ManualClock(
        datetime(2025, 3, 29, 23, tzinfo=UTC)
    )  # midnight in Berlin before the clocks go forward
    day = DailyBudget(1, clock, "Europe/Berlin")
    assert day.seconds_to_reset() == 23 * 3600


def test_the_smaller_of_our_count_and_the_vendors_figure_holds(clock: ManualClock) -> None:
    day = budget(clock)
    day.take()
    day.observe(40)
    assert day.left == 40
    day.take()
    assert day.left == 39
    day.observe(5_000)
    assert day.left == 98


def test_an_old_figure_does_not_undo_what_we_sent_since(clock: ManualClock) -> None:
    """The header is refreshed every ten minutes: the same figure comes again and again meanwhile."""
    day = budget(clock)
    for _ in range(10):
        day.take()
        day.observe(12)
    assert day.left == 3
    day.observe(8)  # refreshed
    assert day.left == 8


def test_a_figure_of_nothing_holds_until_it_can_be_refreshed(clock: ManualClock) -> None:
    """Else an account that is reset at another hour than we think would be locked out for a day."""
    day = budget(clock)
    day.observe(0)
    with pytest.raises(QuotaExhausted) as caught:
        day.take()
    assert caught.value.retry_after == 600
    clock.advance(minutes=10)
    assert day.take() == 99
    day.observe(0)
    assert day.exhausted


def test_a_new_day_forgets_the_vendors_figure(clock: ManualClock) -> None:
    day = budget(clock)
    clock.advance(hours=14, minutes=58)
    day.observe(0)
    clock.advance(minutes=2)
    assert day.left == 100


def test_without_a_tariff_only_the_vendors_figure_counts(clock: ManualClock) -> None:
    day = budget(clock, None)
    assert day.left is None
    assert day.take() is None
    day.observe(1)
    assert day.take() == 0
    with pytest.raises(QuotaExhausted, match="the daily budget of requests is used up"):
        day.take()


def test_a_negative_figure_is_nothing_left(clock: ManualClock) -> None:
    day = budget(clock)
    day.observe(-3)
    assert day.left == 0


@pytest.mark.parametrize(
    ("requests", "expected"),
    [(90, timedelta(0)), (91, timedelta(hours=15)), (190, timedelta(hours=15)), (191, timedelta(hours=39))],
)
def test_a_forecast_says_when_the_last_request_may_go(
    clock: ManualClock, requests: int, expected: timedelta
) -> None:
    day = budget(clock)
    for _ in range(10):
        day.take()
    assert day.forecast(requests) == expected.total_seconds()
    assert day.used == 10


def test_no_forecast_beyond_today_without_a_limit(clock: ManualClock) -> None:
    day = budget(clock, None)
    assert day.forecast(10**6) == 0.0
    day.observe(5)
    with pytest.raises(ValueError, match="daily_limit"):
        day.forecast(6)


def test_a_limit_below_one_is_refused(clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        budget(clock, 0)


def test_a_pause_stops_one_operation_only(clock: ManualClock) -> None:
    limiter = Limiter(FAST, clock)
    limiter.pause("crm.item.update", 90)
    assert limiter.acquire("crm.item.get") == 0.0
    assert limiter.acquire("crm.item.update") == pytest.approx(90)
    assert clock.monotonic() == pytest.approx(90)


def test_a_pause_of_the_account_stops_every_operation(clock: ManualClock) -> None:
    limiter = Limiter(FAST, clock)
    limiter.pause(None, 10)
    assert limiter.acquire("crm.item.get") == pytest.approx(10)


def test_a_pause_is_never_shortened(clock: ManualClock) -> None:
    pauses = OperatingBudget(clock)
    pauses.pause_until("a", START + timedelta(seconds=60))
    pauses.pause("a", 5)
    assert pauses.delay("a") == 60
    clock.sleep(61)
    assert pauses.delay("a") == 0


def test_a_pause_longer_than_the_caller_is_willing_to_wait_is_said_at_once(clock: ManualClock) -> None:
    limiter = Limiter(PLANFIX, clock, daily_limit=5)
    limiter.pause(None, 3_600)
    with pytest.raises(RateLimited, match="paused by the portal for another 1:00:00") as caught:
        limiter.acquire("GET /task/{id}", max_wait=900)
    assert caught.value.retry_after == pytest.approx(3_600)
    assert clock.monotonic() == 0
    assert limiter.daily.used == 0
    assert limiter.bucket.reserve() == 1.0, "the portal said full, and who was refused took no turn"


def test_an_exhausted_day_takes_no_turn(clock: ManualClock) -> None:
    limiter = Limiter(PLANFIX, clock, daily_limit=1)
    limiter.acquire("GET /task/{id}")
    with pytest.raises(QuotaExhausted):
        limiter.acquire("GET /task/{id}")
    assert clock.monotonic() == 0
    assert limiter.bucket.reserve() == 1.0


@pytest.mark.parametrize(
    ("header", "left"), [("17", 17), (" 17 ", 17), ("", 100), ("many", 100), ("-1", 100)]
)
def test_the_header_is_read_when_it_is_a_number(clock: ManualClock, header: str, left: int) -> None:
    limiter = Limiter(PLANFIX, clock, daily_limit=100)
    limiter.observe(
        "GET /task/{id}", SimpleNamespace(headers=CaseInsensitiveDict({"x-ratelimit-remaining": header}))
    )
    assert limiter.daily.left == left


def test_a_forecast_is_the_later_of_pace_and_budget(clock: ManualClock) -> None:
    limiter = Limiter(PLANFIX, clock, daily_limit=1_000, timezone="Europe/Moscow")
    assert limiter.forecast(500) == 499
    assert limiter.forecast(1_500) == 15 * 3600


def test_two_limiters_with_one_store_share_and_two_accounts_do_not(clock: ManualClock) -> None:
    store = MemoryStore()
    first = Limiter(PLANFIX, clock, daily_limit=10, store=store, key="acme")
    second = Limiter(PLANFIX, clock, daily_limit=10, store=store, key="acme")
    other = Limiter(PLANFIX, clock, daily_limit=10, store=store, key="umbrella")
    first.acquire("a")
    first.pause("b", 60)
    assert second.bucket.reserve() == 1.0
    assert second.daily.left == 9
    assert second.operating.delay("b") == 60
    assert (other.bucket.reserve(), other.daily.left, other.operating.delay("b")) == (0.0, 10, 0.0)
