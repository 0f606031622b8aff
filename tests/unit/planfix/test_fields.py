"""Custom fields of every type: read, written, cleared, refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.exceptions import ValidationError
from crmkit.planfix import DateRange, Entry, FieldType, Location, Period, Person, Ref, contact, group, user
from crmkit.planfix.fields import READ_ONLY, decode, encode

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2021, 12, 21, 12, 15, tzinfo=MOSCOW)

# type, as the portal returns it, as Python, as it is written
TABLE: list[tuple[FieldType, Any, Any, Any]] = [
    (FieldType.LINE, "text", "text", "text"),
    (FieldType.NUMBER, 99, 99, 99),
    (FieldType.TEXT, "a\nb", "a\nb", "a\nb"),
    (
        FieldType.DATE,
        {"date": "11-11-2021", "time": "00:00", "datetime": "2021-11-11T00:00Z"},
        date(2021, 11, 11),
        {"date": "11-11-2021"},
    ),
    (FieldType.TIME, {"time": "17:50"}, time(17, 50), {"time": "17:50"}),
    (
        FieldType.DATETIME,
        {"date": "21-12-2021", "time": "12:15"},
        NOON,
        {"date": "21-12-2021", "time": "12:15"},
    ),
    (
        FieldType.PERIOD,
        {"from": {"time": "01:15"}, "to": {"time": "24:00"}, "durationSec": 81900},
        Period.between("01:15", "24:00"),
        {"from": {"time": "01:15"}, "to": {"time": "24:00"}},
    ),
    (FieldType.CHECKBOX, True, True, True),
    (FieldType.LIST, "option", "option", "option"),
    (FieldType.DIRECTORY, {"id": 2, "value": "Moscow"}, Entry(2), {"id": 2}),
    (FieldType.CONTACT, {"id": "contact:5", "name": "Ivan"}, contact(5), {"id": "contact:5"}),
    (FieldType.EMPLOYEE, {"id": "user:3", "name": "Petr"}, user(3), {"id": "user:3"}),
    (FieldType.COUNTERPARTY, {"id": "contact:10", "name": "Ivan"}, contact(10), {"id": "contact:10"}),
    (FieldType.PERSON, {"id": "group:1", "name": "Sales"}, group(1), {"id": "group:1"}),
    (
        FieldType.PEOPLE,
        [{"id": "user:1", "name": "P"}, {"id": "contact:7"}, {"id": "group:5"}],
        (user(1), contact(7), group(5)),
        [{"id": "user:1"}, {"id": "contact:7"}, {"id": "group:5"}],
    ),
    (
        FieldType.DIRECTORY_SET,
        [{"id": 1, "value": "one"}, {"id": 2, "value": "two"}],
        (Entry(1), Entry(2)),
        [{"id": 1}, {"id": 2}],
    ),
    (FieldType.TASK, {"id": 111, "name": "T"}, Ref(111), {"id": 111}),
    (FieldType.TASK_SET, [{"id": 111, "name": "T"}], (Ref(111),), [{"id": 111}]),
    (FieldType.SET, ["a", "b"], ("a", "b"), ["a", "b"]),
    (FieldType.FILES, [204308, 205305], (204308, 205305), [204308, 205305]),
    (FieldType.PROJECT, {"id": 5, "name": "P"}, Ref(5), {"id": 5}),
    (
        FieldType.LOCATION,
        {"address": "New York", "longitude": 40.7, "latitude": -74.0},
        Location("New York", 40.7, -74.0),
        {"address": "New York", "longitude": 40.7, "latitude": -74.0},
    ),
    (
        FieldType.DATE_RANGE,
        {"from": {"date": "21-12-2021", "time": "12:15"}, "to": {"date": "22-12-2021", "time": "00:00"}},
        DateRange(NOON, datetime(2021, 12, 22, tzinfo=MOSCOW)),
        {"from": {"date": "21-12-2021", "time": "12:15"}, "to": {"date": "22-12-2021", "time": "00:00"}},
    ),
]
COMPUTED = [
    (FieldType.DATATAG_SUMMARY, 1800, 1800),
    (FieldType.DATATAG_SUMMARY, {"id": 1.2}, 1.2),
    (FieldType.CALCULATED, {"id": "Formula result"}, "Formula result"),
    (FieldType.SUBTASK_TOTAL, 7, 7),
    (FieldType.AI_RESULT, "summary", "summary"),
    (FieldType.TOTALS, {"sum": 5}, {"sum": 5}),
]


def write(kind: int, value: Any, **details: Any) -> Any:
    return encode(kind, value, zone=MOSCOW, name="101", **details)


def test_the_table_has_every_type_of_the_vendor() -> None:
    assert {row[0] for row in TABLE} | READ_ONLY == set(FieldType)
    assert [int(kind) for kind in FieldType] == [*range(18), *range(20, 30)]


@pytest.mark.parametrize(("kind", "wire", "value", "written"), TABLE, ids=lambda x: getattr(x, "name", None))
def test_read_and_write(kind: FieldType, wire: Any, value: Any, written: Any) -> None:
    assert decode(kind, wire, zone=MOSCOW) == value
    assert write(kind, value) == written
    assert decode(kind, written, zone=MOSCOW) == value


@pytest.mark.parametrize(("kind", "wire", "value"), COMPUTED)
def test_computed_types_are_read_leniently_and_never_written(kind: FieldType, wire: Any, value: Any) -> None:
    assert decode(kind, wire, zone=MOSCOW) == value
    with pytest.raises(ValidationError, match=r"custom field 101: .*is computed by Planfix"):
        write(kind, value)


@pytest.mark.parametrize("kind", FieldType)
def test_null_is_none(kind: FieldType) -> None:
    assert decode(kind, None, zone=MOSCOW) is None


@pytest.mark.parametrize(
    ("kind", "cleared"),
    [
        (FieldType.LINE, ""),
        (FieldType.TEXT, ""),
        (FieldType.NUMBER, None),
        (FieldType.DATE, None),
        (FieldType.CHECKBOX, False),
        (FieldType.LIST, None),
        (FieldType.DIRECTORY, {"id": 0}),
        (FieldType.EMPLOYEE, None),
        (FieldType.PEOPLE, []),
        (FieldType.SET, []),
        (FieldType.FILES, []),
        (FieldType.PROJECT, None),
    ],
)
def test_none_clears(kind: FieldType, cleared: Any) -> None:
    assert write(kind, None) == cleared


@pytest.mark.parametrize(
    ("kind", "wire"),
    [
        (FieldType.LINE, ""),
        (FieldType.DATE, {"date": ""}),
        (FieldType.DIRECTORY, {"id": 0}),
        (FieldType.DIRECTORY, {"id": ""}),
        (FieldType.EMPLOYEE, {"id": ""}),
        (FieldType.NUMBER, ""),
        (FieldType.TIME, {"time": ""}),
        (FieldType.PERIOD, {"from": None, "to": None}),
    ],
)
def test_empty_shapes_are_none(kind: FieldType, wire: Any) -> None:
    assert decode(kind, wire, zone=MOSCOW) is None


@pytest.mark.parametrize(
    ("kind", "value", "allowed"),
    [
        (FieldType.LINE, 5, "text"),
        (FieldType.NUMBER, "5", "an int or a finite float"),
        (FieldType.NUMBER, True, "an int or a finite float"),
        (FieldType.NUMBER, float("nan"), "an int or a finite float"),
        (FieldType.NUMBER, float("inf"), "an int or a finite float"),
        (FieldType.DATE, NOON, "a date"),
        (FieldType.DATE, "2021-11-11", "a date"),
        (FieldType.TIME, "17:50", "a time"),
        (FieldType.DATETIME, date(2021, 11, 11), "an aware datetime"),
        (FieldType.DATETIME, datetime(2021, 11, 11), "give it one"),  # noqa: DTZ001
        (FieldType.PERIOD, timedelta(hours=3), "a Period"),
        (FieldType.PERIOD, Period.between("18:00", "09:00"), "a Period"),
        (FieldType.PERIOD, Period(timedelta(), timedelta(hours=25)), "24:00 at the latest"),
        (FieldType.PERIOD, Period(timedelta(hours=-1), timedelta(hours=2)), "a Period"),
        (FieldType.CHECKBOX, 1, "True or False"),
        (FieldType.LIST, "", "the text of an option"),
        (FieldType.LIST, ["a"], "the text of an option"),
        (FieldType.DIRECTORY, "2", "an Entry or the key of one"),
        (FieldType.DIRECTORY, 0, "an Entry or the key of one"),
        (FieldType.CONTACT, user(5), "contact:N"),
        (FieldType.CONTACT, 5, "contact:N"),
        (FieldType.EMPLOYEE, "contact:5", "user:N"),
        (FieldType.EMPLOYEE, group(5), "user:N"),
        (FieldType.COUNTERPARTY, user(5), "contact:N"),
        (FieldType.PERSON, 5, "user:N, contact:N, group:N"),
        (FieldType.PEOPLE, user(5), "a list of people"),
        (FieldType.PEOPLE, "user:5", "a list of people"),
        (FieldType.PEOPLE, [5], "user:N, contact:N, group:N"),
        (FieldType.DIRECTORY_SET, Entry(1), "a list of entries"),
        (FieldType.TASK, Person("user", 5), "a Ref or a number"),
        (FieldType.TASK_SET, 5, "a list of tasks"),
        (FieldType.SET, "a", "a list of option texts"),
        (FieldType.FILES, ["5"], "the number of a file"),
        (FieldType.FILES, {"id": 5}, "a list of file numbers"),
        (FieldType.PROJECT, True, "a Ref or a number"),
        (FieldType.LOCATION, "New York", "a Location"),
        (FieldType.DATE_RANGE, (NOON, NOON), "a DateRange"),
        (FieldType.DATE_RANGE, DateRange(NOON, NOON - timedelta(1)), "does not end before it starts"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_field_and_what_is_allowed(
    kind: FieldType, value: Any, allowed: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        write(kind, value)
    assert "custom field 101" in str(caught.value)
    assert allowed in str(caught.value)
    assert "\n" not in str(caught.value)


def test_options_are_checked_where_they_are_known() -> None:
    assert write(FieldType.LIST, "anything") == "anything"
    assert write(FieldType.LIST, "new", options=["new", "old"]) == "new"
    for kind, value in ((FieldType.LIST, "New"), (FieldType.SET, ["new", "New"])):
        with pytest.raises(ValidationError, match=r"'New' is not one of its options \(allowed: new; old\)"):
            write(kind, value, options=["new", "old"])


def test_numbers_stand_for_entries_tasks_and_projects() -> None:
    assert write(FieldType.DIRECTORY, 2) == {"id": 2}
    assert write(FieldType.TASK_SET, [1, Ref(2)]) == [{"id": 1}, {"id": 2}]


def test_values_that_other_clients_saw() -> None:
    assert decode(FieldType.NUMBER, "1800,5", zone=MOSCOW) == 1800.5
    assert decode(FieldType.NUMBER, "7", zone=MOSCOW) == 7
    assert [decode(FieldType.CHECKBOX, value, zone=MOSCOW) for value in (1, "0", "true", "")] == [
        True,
        False,
        True,
        False,
    ]
    assert decode(FieldType.CONTACT, {"id": 5}, zone=MOSCOW) == contact(5)
    assert decode(FieldType.FILES, [{"id": 5}], zone=MOSCOW) == (5,)
    assert decode(FieldType.DATETIME, "21-12-2021 12:15:00", zone=MOSCOW) == NOON
    assert decode(FieldType.LOCATION, {"address": "x"}, zone=MOSCOW) == Location("x")
    assert write(FieldType.LOCATION, Location("x")) == {"address": "x"}


def test_an_unknown_type_is_read_as_it_comes_and_not_written() -> None:
    assert decode(77, {"what": 1}, zone=MOSCOW) == {"what": 1}
    with pytest.raises(ValidationError, match="type 77 is not known"):
        write(77, "x")


@pytest.mark.parametrize(
    ("kind", "wire"),
    [
        (FieldType.DATE, {"date": "2021/11/11"}),
        (FieldType.PERIOD, {"from": {"time": "x"}, "to": {"time": "y"}}),
        (FieldType.CHECKBOX, "perhaps"),
        (FieldType.NUMBER, [1]),
        (FieldType.NUMBER, True),
        (FieldType.LOCATION, "somewhere"),
        (FieldType.DATE_RANGE, {"from": None}),
        (FieldType.CONTACT, "Ivanov"),
        (FieldType.PEOPLE, [{"id": "somebody"}]),
    ],
)
def test_a_strange_shape_names_the_field_and_not_its_value(kind: FieldType, wire: Any) -> None:
    with pytest.raises(
        ValidationError, match=r"custom field Due of type .* holds something unexpected"
    ) as caught:
        decode(kind, wire, zone=MOSCOW, name="Due")
    assert caught.value.__context__ is None


def test_a_period_knows_its_length() -> None:
    assert Period.between(time(9), "18:30").length == timedelta(hours=9, minutes=30)
    for wrong in ("9", "x:00", "10:", ""):
        with pytest.raises(ValidationError, match="is no time of day"):
            Period.between("08:00", wrong)


@given(st.dates(), st.times().map(lambda moment: moment.replace(second=0, microsecond=0)), st.booleans())
def test_round_trip_of_drawn_values(day: date, clock: time, ticked: bool) -> None:
    for kind, value in ((FieldType.DATE, day), (FieldType.TIME, clock), (FieldType.CHECKBOX, ticked)):
        assert decode(kind, write(kind, value), zone=UTC) == value
