"""Cron expressions, in the time zone of a calendar and without its days off."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.automation.calendar import WorkCalendar
from crmkit.exceptions import ConfigurationError
from crmkit.runtime.engine.cron import Cron

EVERY_DAY = frozenset(range(1, 8))
MOSCOW, BERLIN = (WorkCalendar(ZoneInfo(f"Europe/{name}"), EVERY_DAY) for name in ("Moscow", "Berlin"))
UTC_ALWAYS = WorkCalendar(UTC, EVERY_DAY)


def times(expression: str, start: str, count: int, calendar: WorkCalendar = UTC_ALWAYS) -> list[str]:
    """Return the next moments, local."""
    cron, moment, found = Cron.parse(expression, calendar), datetime.fromisoformat(f"{start}Z"), []
    for _ in range(count):
        following = cron.next(moment)
        assert following is not None
        moment = following
        found.append(f"{calendar.local(moment):%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("30 9 * * *", ["03-08 09:30", "03-09 09:30"]),
        ("*/20 10-11 * * *", ["03-07 10:20", "03-07 10:40"]),
        ("5/25 * * * *", ["03-07 10:05", "03-07 10:30"]),
        ("0 0 1 * *", ["04-01 00:00", "05-01 00:00"]),
        ("0 12 * * 1,3", ["03-10 12:00", "03-12 12:00"]),
        ("0 12 * * 7", ["03-09 12:00", "03-16 12:00"]),
        ("0 12 * * 0", ["03-09 12:00", "03-16 12:00"]),
        ("0 12 15 * 1", ["03-10 12:00", "03-15 12:00"]),
        ("0 0 29 2 *", ["02-29 00:00", "02-29 00:00"]),
        ("0 6 * 5-6 *", ["05-01 06:00", "05-02 06:00"]),
    ],
)
def test_the_next_times(expression: str, wanted: list[str]) -> None:
    assert times(expression, "2025-03-07T10:00:00", 2) == wanted


def test_the_time_is_local_and_days_off_are_left_out() -> None:
    office = WorkCalendar(ZoneInfo("Europe/Moscow"), holidays=frozenset({date(2025, 3, 10)}))
    assert times("0 1 * * *", "2025-03-06T23:00:00", 2, office) == ["03-11 01:00", "03-12 01:00"]


def test_a_time_that_the_clocks_jump_over_comes_right_after_the_jump() -> None:
    assert times("30 2 * * *", "2025-03-29T12:00:00", 2, BERLIN) == ["03-30 03:30", "03-31 02:30"]


def test_a_time_that_the_clocks_show_twice_comes_once() -> None:
    assert times("30 2 * * *", "2025-10-25T12:00:00", 2, BERLIN) == ["10-26 02:30", "10-27 02:30"]


def test_the_last_time_that_was_missed() -> None:
    cron = Cron.parse("0 */6 * * *", UTC_ALWAYS)
    start = datetime(2025, 3, 7, 1, tzinfo=UTC)
    assert cron.last(start, start + timedelta(days=3)) == datetime(2025, 3, 10, 0, tzinfo=UTC)
    assert cron.last(start, start + timedelta(hours=4)) is None
    assert cron.last(start, start + timedelta(hours=5)) == datetime(2025, 3, 7, 6, tzinfo=UTC)


def test_one_that_never_comes() -> None:
    assert Cron.parse("0 0 31 2 *", UTC_ALWAYS).next(datetime(2025, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "* * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "a * * * *",
        "5-1 * * * *",
        "*/0 * * * *",
        "1,,2 * * * *",
        "* * * * mon",
        "-1 * * * *",
    ],
)
def test_what_is_no_expression_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigurationError):
        Cron.parse(wrong, UTC_ALWAYS)


@given(
    st.sampled_from(["*/7 * * * *", "15 3,23 * * 1-5", "0 0 1 * *", "59 */5 * 2,11 *"]),
    st.sampled_from([MOSCOW, BERLIN]),
    st.timedeltas(timedelta(0), timedelta(days=731)),
)
def test_next_and_last_agree(expression: str, calendar: WorkCalendar, since: timedelta) -> None:
    cron, moments = Cron.parse(expression, calendar), [datetime(2024, 1, 1, tzinfo=UTC) + since]
    for _ in range(3):
        following = cron.next(moments[-1])
        assert following is not None
        moments.append(following)
    for before, after in pairwise(moments):
        assert before < after
        assert cron.last(before, after) == after
        assert cron.last(before, after - timedelta(microseconds=1)) is None
