"""Idle time, working days and office hours: examples where a calendar is odd, properties elsewhere."""

import importlib
import sys
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.automation.calendar import DayKind, WorkCalendar
from crmkit.exceptions import ConfigurationError

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
EPOCH = datetime(2011, 1, 1, tzinfo=UTC)

zones = st.sampled_from(
    [MOSCOW, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia"), ZoneInfo("Asia/Beirut"), UTC]
)
moments = st.integers(0, 17 * 365 * 86_400).map(lambda seconds: EPOCH + seconds * SECOND)
kinds: st.SearchStrategy[DayKind] = st.sampled_from(["calendar", "working"])
calendars = st.builds(
    WorkCalendar,
    zones,
    working_days=st.frozensets(st.integers(1, 7), min_size=1),
    holidays=st.frozensets(st.dates(date(2011, 1, 1), date(2027, 12, 31)), max_size=20),
    opens=st.just(time(9)),
    closes=st.just(time(18)),
)


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("start", "end", "counted"),
    [
        ("2025-03-03 10:00", "2025-03-04 10:00", DAY),  # Monday to Tuesday
        ("2025-03-07 10:00", "2025-03-10 10:00", DAY),  # Friday to Monday
        ("2025-03-08 10:00", "2025-03-09 20:00", timedelta(0)),  # within a weekend
        ("2025-03-07 18:00", "2025-03-09 12:00", timedelta(hours=6)),  # the rest of Friday
        ("2025-03-07 00:00", "2025-03-17 00:00", 6 * DAY),
        ("2025-03-05 12:00", "2025-03-05 12:00", timedelta(0)),
    ],
)
def test_working_days_skip_the_weekend(start: str, end: str, counted: timedelta) -> None:
    assert WorkCalendar(MOSCOW).elapsed(moscow(start), moscow(end), "working") == counted


def test_holidays_count_nothing() -> None:
    calendar = WorkCalendar(MOSCOW, holidays=frozenset({date(2025, 3, 4), date(2025, 3, 5)}))
    assert calendar.elapsed(moscow("2025-03-03 00:00"), moscow("2025-03-08 00:00"), "working") == 3 * DAY


def test_public_holidays_of_a_country_are_days_off() -> None:
    calendar = WorkCalendar(MOSCOW, country="RU")
    assert not calendar.is_working_day(date(2025, 5, 1))
    assert calendar.is_working_day(date(2025, 5, 6))


def test_an_unknown_country_is_refused_when_the_calendar_is_made() -> None:
    with pytest.raises(ConfigurationError, match="'Narnia'"):
        WorkCalendar(MOSCOW, country="Narnia")


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("crmkit.automation.calendar")
    module._public_holidays.cache_clear()
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ConfigurationError, match="pip install 'crmkit\\[serve\\]'"):
        WorkCalendar(MOSCOW, country="RU")
    module._public_holidays.cache_clear()


@pytest.mark.parametrize("day", ["2025-03-30", "2025-10-26"])
def test_a_day_on_which_the_clocks_change_is_one_working_day(day: str) -> None:
    calendar = WorkCalendar(BERLIN, working_days=frozenset(range(1, 8)))
    midnight = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    noon, next_midnight = midnight.replace(hour=12), midnight + DAY
    assert calendar.elapsed(midnight, next_midnight, "working") == DAY
    assert calendar.elapsed(midnight, noon, "working") != timedelta(hours=12)  # 11 or 13 real hours went by
    assert calendar.after(midnight, 1, "working") == next_midnight


def test_fifteen_calendar_days_are_360_hours_even_across_daylight_saving() -> None:
    calendar = WorkCalendar(BERLIN)
    start = datetime(2025, 3, 20, 10, tzinfo=BERLIN)
    assert calendar.after(start, 15) - start.astimezone(UTC) == timedelta(hours=360)
    assert calendar.elapsed(start, datetime(2025, 4, 4, 10, tzinfo=BERLIN)) == 15 * DAY - timedelta(hours=1)


def test_a_day_that_a_zone_skipped_counts_nothing() -> None:
    calendar = WorkCalendar(ZoneInfo("Pacific/Apia"), working_days=frozenset(range(1, 8)))
    thursday = datetime(2011, 12, 29, tzinfo=calendar.timezone)
    assert calendar.elapsed(thursday, datetime(2012, 1, 1, tzinfo=calendar.timezone), "working") == 2 * DAY


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2025-03-05 09:00", "2025-03-05 09:00"),
        ("2025-03-05 17:59", "2025-03-05 17:59"),
        ("2025-03-05 18:00", "2025-03-06 09:00"),
        ("2025-03-05 03:00", "2025-03-05 09:00"),
        ("2025-03-07 19:00", "2025-03-10 09:00"),
        ("2025-03-08 12:00", "2025-03-10 09:00"),
    ],
)
def test_notices_wait_for_the_next_office_hour(moment: str, opens: str) -> None:
    calendar = WorkCalendar(MOSCOW, opens=time(9), closes=time(18))
    assert calendar.next_office(moscow(moment)) == moscow(opens)
    assert calendar.in_office(moscow(moment)) == (moment == opens)


def test_an_opening_hour_that_the_clocks_jump_over_is_the_moment_after_the_jump() -> None:
    calendar = WorkCalendar(BERLIN, working_days=frozenset({7}), opens=time(2, 30), closes=time(6))
    assert calendar.next_office(datetime(2025, 3, 30, tzinfo=BERLIN)) == datetime(
        2025, 3, 30, 3, 30, tzinfo=BERLIN
    )


def test_without_office_hours_people_can_always_be_told() -> None:
    assert WorkCalendar(MOSCOW).in_office(moscow("2025-03-08 03:00"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"working_days": frozenset()}, "working days"),
        ({"working_days": frozenset({0})}, "working days"),
        ({"opens": time(9)}, "beginning and an end"),
        ({"opens": time(18), "closes": time(9)}, "before they begin"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        WorkCalendar(MOSCOW, **options)  # type: ignore[arg-type]


def test_an_office_that_is_closed_all_year_is_an_error_not_an_endless_search() -> None:
    closed = frozenset(date(2025, 1, 1) + n * DAY for n in range(800))
    calendar = WorkCalendar(MOSCOW, holidays=closed, opens=time(9), closes=time(18))
    with pytest.raises(ConfigurationError, match="never opens"):
        calendar.next_office(moscow("2025-03-05 19:00"))


@given(calendars, moments, st.integers(0, 40), kinds)
def test_after_is_the_first_moment_at_which_the_days_have_elapsed(
    calendar: WorkCalendar, start: datetime, count: int, kind: DayKind
) -> None:
    end = calendar.after(start, count, kind)
    assert calendar.elapsed(start, end, kind) >= count * DAY
    assert count == 0 or calendar.elapsed(start, end - SECOND, kind) < count * DAY


@given(calendars, moments, st.integers(0, 40), kinds)
def test_before_is_the_last_moment_since_which_the_days_have_elapsed(
    calendar: WorkCalendar, end: datetime, count: int, kind: DayKind
) -> None:
    start = calendar.before(end, count, kind)
    assert calendar.elapsed(start, end, kind) >= count * DAY
    assert count == 0 or calendar.elapsed(start + SECOND, end, kind) < count * DAY


@settings(deadline=None)  # the machine may be busy
@given(calendars, st.lists(moments, min_size=3, max_size=3), kinds)
def test_elapsed_time_adds_up_and_never_runs_backwards(
    calendar: WorkCalendar, points: list[datetime], kind: DayKind
) -> None:
    first, middle, last = sorted(points)
    parts = calendar.elapsed(first, middle, kind) + calendar.elapsed(middle, last, kind)
    whole = calendar.elapsed(first, last, kind)
    assert abs(whole - parts) <= timedelta(microseconds=2)
    assert whole >= calendar.elapsed(first, middle, kind) >= timedelta(0)


@given(calendars, st.lists(moments, min_size=2, max_size=2))
def test_working_days_never_outrun_the_dates_between(calendar: WorkCalendar, points: list[datetime]) -> None:
    start, end = sorted(points)
    dates = (calendar.local(end).date() - calendar.local(start).date()).days + 1
    assert calendar.elapsed(start, end, "working") <= dates * DAY


@given(calendars, moments)
def test_the_next_office_moment_is_never_early_and_always_in_the_office(
    calendar: WorkCalendar, moment: datetime
) -> None:
    opens = calendar.next_office(moment)
    assert opens >= moment
    assert calendar.in_office(opens)
    assert calendar.is_working_day(calendar.local(opens).date())
    assert time(9) <= calendar.local(opens).time() < time(18)


@given(calendars, moments)
def test_a_local_day_begins_at_or_before_each_of_its_moments(
    calendar: WorkCalendar, moment: datetime
) -> None:
    start = calendar.day_start(moment)
    assert start <= moment < start + 25 * timedelta(hours=1) + SECOND
    assert calendar.local(start).date() == calendar.local(moment).date()
