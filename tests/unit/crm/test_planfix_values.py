"""Values of custom fields between the neutral models and the Planfix client."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from crmkit.crm.adapters.planfix.values import from_planfix, person_in, person_out, to_planfix
from crmkit.crm.models import Person, Ref
from crmkit.exceptions import ValidationError
from crmkit.planfix import Entry, FieldType, ids
from crmkit.planfix.fields import decode
from crmkit.planfix.models import CustomField

ANNA = Person(id="5", name="Анна")
BORIS = Person(id="7")
CLIENT = Person(kind="contact", id="9")
GROUP = Person(kind="group", id="3")


def field(kind: int, **more: Any) -> CustomField:
    return CustomField.model_validate({"id": 103, "name": "Поле", "type": kind, **more})


def written(kind: int, value: Any, **more: Any) -> Any:
    definition = field(kind, **more)
    return definition.encode(to_planfix(definition, value), UTC)["value"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FieldType.LINE, "текст"),
        (FieldType.NUMBER, 0),
        (FieldType.NUMBER, 12000.5),
        (FieldType.DATE, date(2025, 3, 9)),
        (FieldType.DATETIME, datetime(2025, 3, 9, 15, 30, tzinfo=UTC)),
        (FieldType.CHECKBOX, True),
        (FieldType.LIST, "да"),
        (FieldType.SET, ("а", "б")),
        (FieldType.EMPLOYEE, BORIS),
        (FieldType.CONTACT, CLIENT),
        (FieldType.COUNTERPARTY, CLIENT),
        (FieldType.PERSON, GROUP),
        (FieldType.PEOPLE, (BORIS, CLIENT, GROUP)),
        (FieldType.DIRECTORY, Ref(kind="entry", id="4")),
        (FieldType.DIRECTORY_SET, (Ref(kind="entry", id="4"), Ref(kind="entry", id="5"))),
        (FieldType.TASK, Ref(kind="task", id="71")),
        (FieldType.TASK_SET, (Ref(kind="task", id="71"),)),
        (FieldType.PROJECT, Ref(kind="project", id="2")),
    ],
)
def test_what_was_read_can_be_written_back(kind: int, value: Any) -> None:
    body = written(kind, value)
    assert from_planfix(kind, decode(kind, body, zone=UTC)) == value


@pytest.mark.parametrize(
    "kind", [FieldType.LINE, FieldType.LIST, FieldType.EMPLOYEE, FieldType.PEOPLE, FieldType.SET]
)
def test_none_clears(kind: int) -> None:
    assert not written(kind, None)


def test_one_person_of_several_goes_into_a_field_for_one() -> None:
    assert written(FieldType.EMPLOYEE, (GROUP, ANNA, BORIS)) == {"id": "user:5"}
    assert written(FieldType.PEOPLE, (ANNA, BORIS)) == [{"id": "user:5"}, {"id": "user:7"}]
    assert written(FieldType.PEOPLE, ANNA) == [{"id": "user:5"}]


def test_nobody_clears_a_field_for_one() -> None:
    assert written(FieldType.EMPLOYEE, ()) is None


def test_nobody_who_fits_is_refused() -> None:
    with pytest.raises(
        ValidationError, match=r"103 «Поле»: group:3 does not fit .*holds a user.*List of users"
    ):
        written(FieldType.EMPLOYEE, (GROUP,))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FieldType.LIST, "нет такого"),
        (FieldType.SET, ("да", "нет такого")),
        (FieldType.NUMBER, "12"),
        (FieldType.DATE, datetime(2025, 3, 9, tzinfo=UTC)),
        (FieldType.DATETIME, datetime(2025, 3, 9)),  # noqa: DTZ001  (naive on purpose)
        (FieldType.CHECKBOX, "да"),
        (FieldType.EMPLOYEE, "Анна"),
        (FieldType.PERIOD, {"from": 1}),
        (FieldType.PERIOD, "утром"),
        (FieldType.DATE_RANGE, "утром"),
        (FieldType.TOTALS, 1),
    ],
)
def test_a_value_that_does_not_fit_is_refused(kind: int, value: Any) -> None:
    with pytest.raises(ValidationError):
        written(kind, value, enumValues=["да", "нет"])


def test_a_type_without_a_neutral_form_is_read_as_the_vendor_has_it() -> None:
    raw = {"from": {"time": "09:00"}, "to": {"time": "10:00"}}
    assert from_planfix(FieldType.TOTALS, raw, raw) == raw
    assert from_planfix(77, "?", "?") == "?"


def test_a_period_is_text() -> None:
    raw = {"from": {"time": "09:00"}, "to": {"time": "10:15"}}
    assert from_planfix(FieldType.PERIOD, decode(FieldType.PERIOD, raw, zone=UTC), raw) == "09:00–10:15"
    assert written(FieldType.PERIOD, " 9:00 - 10:15") == written(FieldType.PERIOD, "09:00–10:15")


def test_people() -> None:
    assert person_in(ids.Person("user", 5, "Анна")) == ANNA
    assert person_in(ids.Person("robot", 5)).kind == "contact"
    assert person_out(Ref(kind="company", id="9")) == ids.contact(9)
    assert person_out(Person(id="contact:5")) == ids.contact(5)
    with pytest.raises(ValidationError):
        person_out(Ref(kind="deal", id="5"))
    with pytest.raises(ValidationError):
        person_out(Person(id="me"))


def test_entries_keep_their_text() -> None:
    assert from_planfix(FieldType.DIRECTORY, Entry(4, "Москва")).name == "Москва"
