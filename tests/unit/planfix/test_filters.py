"""Conditions: every documented number has a name, and what the portal would ignore is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmkit.exceptions import ValidationError
from crmkit.planfix import Entry, FieldType, Ref, contact, filters, group, user
from crmkit.planfix.filters import Filter
from crmkit.planfix.filters import terms as t
from crmkit.planfix.models import CustomField

MOSCOW = ZoneInfo("Europe/Moscow")
DAY = date(2025, 3, 3)
LATE = datetime(2025, 3, 3, 22, 30, tzinfo=UTC)
OTHER_DATE = {"dateType": "otherDate", "dateValue": "03-03-2025"}
# The whole table of task filters in the fact sheet, 93 and custom fields apart.
DATES = {12, 13, 14, 21, 19, 20, 38, 79}
PEOPLE = {1, 2, 97, 39, 3, 59, 60}
FLAGS = {22, 23, 25, 26, 16, 28, 17, 29, 33, 41, 34, 35, 71, 69, 72, 70}
OTHERS = {8, 9, 10, 5, 7, 24, 51, 325, 57, 73, 307}


def body(condition: Filter) -> dict[str, Any]:
    return condition.body(MOSCOW)


def named(kind: Any) -> dict[int, Any]:
    return {value.type: value for value in vars(filters).values() if isinstance(value, kind)}


class TestTaskTable:
    def test_every_number_of_the_table_has_a_name(self) -> None:
        assert set(named(t.DateTerm)) == DATES
        assert set(named(t.PersonTerm)) == PEOPLE
        assert set(named(Filter)) == FLAGS
        rest = named((t.Text, t.Choice, t.Ids, t.PartyTerm))
        assert set(rest) == OTHERS

    @pytest.mark.parametrize("number", sorted(DATES))
    def test_dates(self, number: int) -> None:
        term = named(t.DateTerm)[number]
        assert body(term.on(DAY)) == {"type": number, "operator": "equal", "value": OTHER_DATE}
        assert [body(make(DAY))["operator"] for make in (term.not_on, term.before, term.after)] == [
            "notequal",
            "lt",
            "gt",
        ]

    @pytest.mark.parametrize("number", sorted(FLAGS))
    def test_flags(self, number: int) -> None:
        assert body(named(Filter)[number]) == {"type": number, "operator": "equal", "value": True}

    @pytest.mark.parametrize("number", sorted(PEOPLE))
    def test_people(self, number: int) -> None:
        term = named(t.PersonTerm)[number]
        assert body(term.is_(user(5))) == {"type": number, "operator": "equal", "value": "user:5"}
        assert body(term.is_not("group:3"))["value"] == "group:3"
        with pytest.raises(ValidationError, match=f"filter {number}: 5 does not say whether"):
            term.is_(5)

    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            (filters.status.is_(5), (10, "equal", 5)),
            (filters.status.is_(0), (10, "equal", 0)),
            (filters.status.is_not(5), (10, "notequal", 5)),
            (filters.status.any_of(2, 3), (10, "equal", [2, 3])),
            (filters.project.any_of(5, 7), (5, "equal", [5, 7])),
            (filters.template.any_of(1, 2), (51, "equal", [1, 2])),
            (filters.task_object.any_of(4, 5), (325, "equal", [4, 5])),
            (filters.number.any_of(5, 7), (57, "equal", [5, 7])),
            (filters.process.is_(12), (24, "equal", 12)),
            (filters.parent.is_(5), (73, "equal", 5)),
            (filters.subtree.is_not(5), (307, "notequal", 5)),
            (filters.counterparty.is_(contact(3)), (7, "equal", 3)),
            (filters.counterparty.is_not("contact:3"), (7, "notequal", 3)),
            (filters.priority.is_("Urgent"), (9, "equal", "Urgent")),
            (filters.priority.is_not("NotUrgent"), (9, "notequal", "NotUrgent")),
            (filters.name.contains("Test"), (8, "equal", "Test")),
            (filters.name.not_contains("Test"), (8, "notequal", "Test")),
            (filters.has_datatag(6), (11, "equal", 6)),
            (filters.has_no_datatag(6), (18, "equal", 6)),
        ],
    )
    def test_the_rest(self, condition: Filter, expected: tuple[int, str, Any]) -> None:
        number, operator, value = expected
        assert body(condition) == {"type": number, "operator": operator, "value": value}

    def test_none_of_is_said_with_operators_that_are_documented(self) -> None:
        made = filters.bodies([filters.status.none_of(3, 5)], MOSCOW)
        assert made == [
            {"type": 10, "operator": "notequal", "value": 3},
            {"type": 10, "operator": "notequal", "value": 5},
        ]

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda: filters.status.is_("5"),  # type: ignore[arg-type]
            lambda: filters.status.is_(True),
            lambda: filters.status.is_(-1),
            filters.status.any_of,
            filters.status.none_of,
            lambda: filters.priority.is_("urgent"),
            lambda: filters.name.contains(""),
            lambda: filters.name.contains(5),  # type: ignore[arg-type]
            lambda: filters.counterparty.is_(user(3)),
            lambda: filters.has_datatag("6"),  # type: ignore[arg-type]
        ],
    )
    def test_what_the_portal_would_ignore_is_refused(self, wrong: Callable[[], object]) -> None:
        with pytest.raises(ValidationError):
            wrong()


class TestDates:
    @pytest.mark.parametrize(
        ("when", "value"),
        [
            (filters.TODAY, {"dateType": "today"}),
            (filters.YESTERDAY, {"dateType": "yesterday"}),
            (filters.TOMORROW, {"dateType": "tomorrow"}),
            (filters.THIS_WEEK, {"dateType": "thisWeek"}),
            (filters.LAST_WEEK, {"dateType": "lastWeek"}),
            (filters.NEXT_WEEK, {"dateType": "nextWeek"}),
            (filters.THIS_MONTH, {"dateType": "thisMonth"}),
            (filters.LAST_MONTH, {"dateType": "lastMonth"}),
            (filters.NEXT_MONTH, {"dateType": "nextMonth"}),
            (filters.last_days(7), {"dateType": "last", "dateValue": 7}),
            (filters.next_days(7), {"dateType": "next", "dateValue": 7}),
            (filters.in_days(7), {"dateType": "in", "dateValue": 7}),
            (DAY, OTHER_DATE),
            (LATE, {"dateType": "otherDate_withTime", "dateFrom": "04-03-2025 01:30"}),
        ],
    )
    def test_values(self, when: Any, value: dict[str, Any]) -> None:
        assert body(filters.last_activity.on(when))["value"] == value

    def test_ranges_include_both_ends(self) -> None:
        assert body(filters.created.between(DAY, date(2025, 3, 9))) == {
            "type": 12,
            "operator": "equal",
            "value": {"dateType": "otherRange", "dateFrom": "03-03-2025", "dateTo": "09-03-2025"},
        }
        assert body(filters.created.between(LATE, LATE))["value"] == {
            "dateType": "otherRange_withTime",
            "dateFrom": "04-03-2025 01:30",
            "dateTo": "04-03-2025 01:30",
        }

    def test_since_is_after_the_day_before(self) -> None:
        assert body(filters.created.since(DAY)) == {
            "type": 12,
            "operator": "gt",
            "value": {"dateType": "otherDate", "dateValue": "02-03-2025"},
        }

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda: filters.created.on("03-03-2025"),  # type: ignore[arg-type]
            lambda: filters.created.before(datetime(2025, 3, 3)),  # noqa: DTZ001
            lambda: filters.created.since(LATE),
            lambda: filters.created.between(DAY, LATE),
            lambda: filters.created.between(DAY, date(2025, 3, 2)),
            lambda: filters.created.between(datetime(2025, 3, 3), datetime(2025, 3, 4)),  # noqa: DTZ001
            lambda: filters.last_days(0),
            lambda: filters.last_days(1.5),  # type: ignore[arg-type]
            lambda: filters.in_days(True),
        ],
    )
    def test_what_is_no_day_is_refused(self, wrong: Callable[[], object]) -> None:
        with pytest.raises(ValidationError, match="filter by date"):
            wrong()


# type of the field, what it is compared with, number for tasks, value on the wire
CUSTOM: list[tuple[FieldType, Any, int, Any]] = [
    (FieldType.LINE, "Test", 101, "Test"),
    (FieldType.TEXT, "Test", 101, "Test"),
    (FieldType.NUMBER, 999, 102, 999),
    (FieldType.DATE, DAY, 103, OTHER_DATE),
    (FieldType.DATETIME, DAY, 103, OTHER_DATE),
    (FieldType.CHECKBOX, True, 105, True),
    (FieldType.LIST, "Main", 106, "Main"),
    (FieldType.DIRECTORY, Entry(47), 107, 47),
    (FieldType.CONTACT, contact(15), 108, "contact:15"),
    (FieldType.EMPLOYEE, user(3), 109, "user:3"),
    (FieldType.COUNTERPARTY, contact(12), 110, 12),
    (FieldType.SET, ["Main", "Additional"], 111, "Main;Additional"),
    (FieldType.PERSON, group(5), 112, "group:5"),
    (FieldType.PEOPLE, user(50), 113, "user:50"),
    (FieldType.DIRECTORY_SET, [47, Entry(48)], 114, "47;48"),
    (FieldType.TASK, Ref(10), 115, 10),
    (FieldType.TASK_SET, [10, Ref(12)], 116, [10, 12]),
    (FieldType.PROJECT, 11, 117, 11),
]


class TestCustomFields:
    @pytest.mark.parametrize(("kind", "value", "number", "wire"), CUSTOM)
    def test_by_type(self, kind: FieldType, value: Any, number: int, wire: Any) -> None:
        term = filters.custom(87, kind)
        assert body(term.equals(value)) == {"type": number, "operator": "equal", "value": wire, "field": 87}
        assert body(term.not_equals(value))["operator"] == "notequal"

    def test_other_entities_use_the_same_suffix(self) -> None:
        assert body(filters.contacts.custom(87, FieldType.EMPLOYEE).equals(user(5)))["type"] == 4109
        assert body(filters.users.custom(87, FieldType.LIST).equals("Main"))["type"] == 9106

    def test_texts_contain(self) -> None:
        term = filters.custom(87, FieldType.TEXT)
        assert body(term.contains("x"))["operator"] == "have"
        assert body(term.not_contains("x"))["operator"] == "nothave"

    def test_numbers_and_dates_have_an_order(self) -> None:
        assert body(filters.custom(87, FieldType.NUMBER).greater(5))["operator"] == "gt"
        assert body(filters.custom(87, FieldType.NUMBER).less(5))["operator"] == "lt"
        dates = filters.custom(88, FieldType.DATE)
        assert body(dates.before(DAY)) == {"type": 103, "operator": "lt", "value": OTHER_DATE, "field": 88}
        assert body(dates.after(filters.TODAY))["operator"] == "gt"
        assert body(dates.between(DAY, DAY))["value"]["dateType"] == "otherRange"
        assert body(dates.greater(DAY)) == body(dates.after(DAY))  # type: ignore[arg-type]

    def test_emptiness_is_asked_by_the_field_as_value(self) -> None:
        term = filters.custom(87, FieldType.PERIOD)
        assert body(term.has_value()) == {"type": 152, "operator": "equal", "value": 87}
        assert body(term.is_empty()) == {"type": 153, "operator": "equal", "value": 87}
        assert body(filters.contacts.custom(87, FieldType.LINE).is_empty())["type"] == 4153
        with pytest.raises(ValidationError, match="employees have no filter for empty fields"):
            filters.users.custom(87, FieldType.LINE).is_empty()

    def test_a_definition_tells_the_type_and_checks_options(self) -> None:
        field = CustomField(id=101, name="State", type=FieldType.LIST, enum_values=("new", "old"))
        assert body(filters.custom(field).equals("new"))["value"] == "new"
        with pytest.raises(ValidationError, match="allowed: new; old"):
            filters.custom(field).equals("fresh")

    def test_a_number_without_a_type_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="its type is not known"):
            filters.custom(101)

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            (FieldType.LINE, 5),
            (FieldType.LINE, ""),
            (FieldType.NUMBER, "5"),
            (FieldType.NUMBER, True),
            (FieldType.CHECKBOX, 1),
            (FieldType.LIST, ""),
            (FieldType.SET, []),
            (FieldType.DIRECTORY, "47"),
            (FieldType.DIRECTORY_SET, []),
            (FieldType.EMPLOYEE, contact(5)),
            (FieldType.EMPLOYEE, 5),
            (FieldType.COUNTERPARTY, user(5)),
            (FieldType.PEOPLE, [user(5)]),
            (FieldType.TASK_SET, [0]),
            (FieldType.DATE, "03-03-2025"),
        ],
    )
    def test_values_of_the_wrong_type_are_refused(self, kind: FieldType, value: Any) -> None:
        with pytest.raises(ValidationError):
            filters.custom(87, kind).equals(value)

    @pytest.mark.parametrize(
        ("kind", "ask", "hint"),
        [
            (FieldType.LIST, lambda term: term.contains("x"), "allowed: equal, notequal"),
            (FieldType.NUMBER, lambda term: term.contains("x"), "allowed: equal, notequal, gt, lt"),
            (FieldType.LINE, lambda term: term.greater(5), "have, nothave"),
            (FieldType.LIST, lambda term: term.before(DAY), "before, after and between need a date"),
            (FieldType.TIME, lambda term: term.equals("10:00"), "has_value and is_empty"),
            (FieldType.PERIOD, lambda term: term.equals("x"), "has_value and is_empty"),
            (FieldType.CALCULATED, lambda term: term.equals("x"), "has_value and is_empty"),
        ],
    )
    def test_operators_that_the_type_does_not_have(
        self, kind: FieldType, ask: Callable[[Any], object], hint: str
    ) -> None:
        with pytest.raises(ValidationError) as caught:
            ask(filters.custom(87, kind))
        assert hint in str(caught.value)

    def test_entries_of_datatags(self) -> None:
        assert body(filters.datatag_entry(6, 20, "Test", FieldType.LINE)) == {
            "type": 93,
            "operator": "equal",
            "value": "Test",
            "subfilter": {"dataTagId": 6, "filter": {"type": 3108, "field": 20}},
        }
        by_entry = body(filters.datatag_entry(6, 110, Entry(1), FieldType.DIRECTORY))
        assert (by_entry["value"], by_entry["subfilter"]["filter"]["type"]) == (1, 3105)
        on_day = body(filters.datatag_entry(6, 21, DAY, FieldType.DATE))
        assert (on_day["value"], on_day["subfilter"]["filter"]["type"]) == (OTHER_DATE, 3101)
        with pytest.raises(ValidationError, match="cannot be filtered by the values of field 20"):
            filters.datatag_entry(6, 20, "x", FieldType.SET)


class TestOtherLists:
    @pytest.mark.parametrize(
        ("condition", "number", "value"),
        [
            (filters.contacts.email.is_("a@b.c"), 4026, "a@b.c"),
            (filters.contacts.email_part.contains("a@"), 4005, "a@"),
            (filters.contacts.phone.contains("+7"), 4003, "+7"),
            (filters.contacts.group.is_(10), 4008, 10),
            (filters.contacts.gender.is_("Male"), 4019, "Male"),
            (filters.contacts.number.any_of(1, 2), 4231, [1, 2]),
            (filters.contacts.is_company, 4006, True),
            (filters.contacts.supervisor.is_(user(5)), 2, "user:5"),
            (filters.contacts.birthday.on(DAY), 4223, OTHER_DATE),
            (filters.users.group.is_(10), 9001, 10),
            (filters.users.role.is_("Robot"), 9009, "Robot"),
            (filters.users.position.is_("manager"), 9005, "manager"),
            (filters.comments.author.is_(user(1)), 3001, "user:1"),
            (filters.comments.written.on(DAY), 3000, OTHER_DATE),
        ],
    )
    def test_names(self, condition: Filter, number: int, value: Any) -> None:
        made = body(condition)
        assert (made["type"], made["operator"], made["value"]) == (number, "equal", value)

    def test_exact_texts_are_not_empty(self) -> None:
        assert body(filters.contacts.telegram.is_not("anna"))["operator"] == "notequal"
        with pytest.raises(ValidationError, match="not empty"):
            filters.contacts.email.is_("")


class TestLists:
    def test_the_way_out(self) -> None:
        raw = Filter(type=9999, operator="gtAndEqual", value={"x": 1}, field=7, subfilter={"y": 2})
        assert filters.bodies([raw], MOSCOW) == [
            {"type": 9999, "operator": "gtAndEqual", "value": {"x": 1}, "field": 7, "subfilter": {"y": 2}}
        ]

    def test_a_lonely_condition_or_half_of_one_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="one condition where a list is expected"):
            filters.bodies(filters.overdue, MOSCOW)  # type: ignore[arg-type]
        with pytest.raises(ValidationError, match="Ids is no condition"):
            filters.bodies([filters.process], MOSCOW)  # type: ignore[list-item]
        with pytest.raises(ValidationError, match="str is no condition"):
            filters.bodies(["x"], MOSCOW)  # type: ignore[list-item]

    def test_conditions_can_be_compared_and_kept(self) -> None:
        assert filters.status.is_(5) == filters.status.is_(5)
        assert len({filters.status.is_(5), filters.status.is_(6), filters.status.is_(5)}) == 2
