"""DATE values: days begin in the zone of who asks, and what counts as activity."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.sandbox.planfix.exceptions import Refused
from crmkit.sandbox.planfix.periods import period

MOSCOW = ZoneInfo("Europe/Moscow")


def days(value, today):
    start, end = period(value, today=today, zone=MOSCOW)
    first, after = (datetime.fromtimestamp(at, MOSCOW) for at in (start, end))
    assert (first.hour, first.minute, after.hour, after.minute) == (0, 0, 0, 0)
    return first.date(), after.date() - timedelta(days=1)


WEDNESDAY = date(2025, 3, 5)


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ({"dateType": "today"}, (3, 5), (3, 5)),
        ({"dateType": "yesterday"}, (3, 4), (3, 4)),
        ({"dateType": "tomorrow"}, (3, 6), (3, 6)),
        ({"dateType": "thisWeek"}, (3, 3), (3, 9)),
        ({"dateType": "lastWeek"}, (2, 24), (3, 2)),
        ({"dateType": "nextWeek"}, (3, 10), (3, 16)),
        ({"dateType": "thisMonth"}, (3, 1), (3, 31)),
        ({"dateType": "lastMonth"}, (2, 1), (2, 28)),
        ({"dateType": "nextMonth"}, (4, 1), (4, 30)),
        ({"dateType": "last", "dateValue": 7}, (2, 27), (3, 5)),
        ({"dateType": "last", "dateValue": "1"}, (3, 5), (3, 5)),
        ({"dateType": "next", "dateValue": 3}, (3, 5), (3, 7)),
        ({"dateType": "in", "dateValue": 3}, (3, 8), (3, 8)),
        ({"dateType": "otherDate", "dateValue": "01-02-2025"}, (2, 1), (2, 1)),
        ({"dateType": "otherRange", "dateFrom": "01-02-2025", "dateTo": "03-02-2025"}, (2, 1), (2, 3)),
    ],
)
def test_periods(value, first, last):
    assert days(value, WEDNESDAY) == (date(2025, *first), date(2025, *last))


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2040, 1, 1)))
@settings(derandomize=True)
def test_months_and_weeks_fit_together(today):
    for unit in ("Month", "Week"):
        (a, b), (c, d), (e, g) = (
            days({"dateType": f"{which}{unit}"}, today) for which in ("last", "this", "next")
        )
        assert c <= today <= d
        assert b + timedelta(days=1) == c
        assert d + timedelta(days=1) == e
        assert a < b
        assert e < g


def test_minutes():
    start, end = period(
        {"dateType": "otherRange_withTime", "dateFrom": "05-03-2025 09:00", "dateTo": "05-03-2025 09:10"},
        today=WEDNESDAY,
        zone=MOSCOW,
    )
    assert end - start == 11 * 60  # both ends are included
    start, end = period(
        {"dateType": "otherDate_withTime", "dateFrom": "05-03-2025 09:00"}, today=WEDNESDAY, zone=MOSCOW
    )
    assert end - start == 60


@pytest.mark.parametrize(
    "value",
    [
        None,
        "today",
        {"dateType": "someday"},
        {"dateType": "last"},
        {"dateType": "last", "dateValue": "many"},
        {"dateType": "otherDate", "dateFrom": "01-02-2025"},
        {"dateType": "otherDate", "dateValue": "2025-02-01"},
        {"dateType": "otherRange", "dateFrom": "01-02-2025"},
        {"dateType": "otherDate_withTime", "dateValue": "01-02-2025 10:00"},
    ],
)
def test_what_the_vendor_would_not_read(value):
    with pytest.raises(Refused):
        period(value, today=WEDNESDAY, zone=MOSCOW)


def test_either_key_when_lenient():
    a = period(
        {"dateType": "otherDate", "dateFrom": "01-02-2025"}, today=WEDNESDAY, zone=MOSCOW, lenient=True
    )
    b = period({"dateType": "otherDate", "dateValue": "01-02-2025"}, today=WEDNESDAY, zone=MOSCOW)
    assert a == b


def on(day, operator, kind=79):
    return {"type": kind, "operator": operator, "value": {"dateType": "otherDate", "dateValue": day}}


def test_before_after_and_within_a_day(api):
    number = api.create()  # Monday 3 March, 09:00 in Moscow
    expected = {
        "equal": {"02": False, "03": True, "04": False},
        "notequal": {"02": True, "03": False, "04": True},
        "lt": {"02": False, "03": False, "04": True},
        "gt": {"02": True, "03": False, "04": False},
        "gtAndEqual": {"02": True, "03": True, "04": False},
        "ltAndEqual": {"02": False, "03": True, "04": True},
    }
    for operator, by_day in expected.items():
        for day, found in by_day.items():
            assert api.ids(on(f"{day}-03-2025", operator)) == ([number] if found else []), (operator, day)


def test_operators_of_the_help_pages_may_be_unknown(bench):
    api = bench.api(and_equal_operators=False)
    assert api.post("/task/list", {"filters": [on("03-03-2025", "gtAndEqual")]}).json()["code"] == 41


def test_days_are_those_of_the_token_owner(bench, box):
    box.clock.set(datetime(2025, 3, 3, 23, 30, tzinfo=MOSCOW))
    number = box.act.create_task("user:4", "Поздно вечером")
    box.account.users[1].timezone = "Asia/Vladivostok"
    moscow, vladivostok = bench.api(box), bench.api(box, "admin")
    assert moscow.ids(on("03-03-2025", "equal")) == [number]
    assert vladivostok.ids(on("03-03-2025", "equal")) == []
    assert vladivostok.ids(on("04-03-2025", "equal")) == [number]
    assert vladivostok.ids({"type": 12, "operator": "equal", "value": {"dateType": "today"}}) == [number]


def today(kind):
    return {"type": kind, "operator": "equal", "value": {"dateType": "today"}}


def changed_today(api):
    """Return which of the filters "last comment", "last change", "either" see an activity today."""
    return [kind for kind in (21, 38, 79) if api.ids(today(kind))]


@pytest.mark.parametrize(
    ("deed", "seen"),
    [
        (lambda box, n: box.act.comment("user:4", n, "Звонил"), [21, 79]),
        (lambda box, n: box.act.robot_noise([n]), [21, 79]),
        (lambda box, n: box.act.comment("user:4", n, "Скрытый", hidden=True), [21, 79]),
        (lambda box, n: box.act.set_status("user:4", n, 2), [38, 79]),
        (lambda box, n: box.act.set_fields("user:4", n, {109: 5}), [38, 79]),
        (lambda box, n: box.act.assign("user:4", n, "user:5"), [38, 79]),
        (lambda box, n: box.act.rename("user:4", n, "Иначе"), [38, 79]),
        (lambda box, n: box.act.set_status("user:4", n, 1), []),
    ],
)
def test_what_counts_as_activity(api, deed, seen):
    number = api.create()
    api.box.clock.advance(days=30)
    deed(api.box, number)
    assert changed_today(api) == seen


def test_a_silent_update_moves_the_date_or_not(bench):
    for moves in (True, False):
        api = bench.api(silent_moves_dates=moves)
        number = api.create()
        api.box.clock.advance(days=30)
        assert api.post(f"/task/{number}", {"name": "Тихо"}, silent="true").status_code == 200
        assert changed_today(api) == ([38, 79] if moves else [])


def test_other_doubts_about_activity(bench):
    api = bench.api(stage_change_is_comment=True, comment_moves_update=True)
    number = api.create()
    api.box.clock.advance(days=30)
    api.box.act.set_status("user:4", number, 2)
    assert changed_today(api) == [21, 38, 79]
    api.box.clock.advance(days=30)
    api.box.act.comment("user:4", number, "x")
    assert changed_today(api) == [21, 38, 79]


def test_tasks_without_the_date_are_neither_before_nor_after(api):
    number = api.create()
    for operator in ("lt", "gt", "equal"):
        assert api.ids(on("03-03-2025", operator, kind=21)) == []
        assert api.ids(on("03-03-2025", operator, kind=14)) == []
    assert api.ids(on("03-03-2025", "notequal", kind=14)) == [number]


def test_planned_and_real_dates_and_date_fields(api):
    number = api.create(
        startDateTime={"date": "10-03-2025", "time": "12:00"},
        endDateTime={"date": "20-03-2025"},
        customFieldData=[{"field": {"id": 106}, "value": {"date": "15-03-2025"}}],
    )
    api.box.act.set_status("user:4", number, 5)
    assert api.ids(on("10-03-2025", "equal", 13)) == [number]
    assert api.ids(on("20-03-2025", "equal", 14)) == [number]
    assert api.ids(on("03-03-2025", "equal", 19)) == api.ids(on("03-03-2025", "equal", 20)) == [number]
    assert api.ids({**on("15-03-2025", "equal", 103), "field": 106}) == [number]
    assert api.ids({**on("14-03-2025", "gt", 103), "field": 106}) == [number]
    assert api.ids({**on("15-03-2025", "lt", 103), "field": 106}) == []
