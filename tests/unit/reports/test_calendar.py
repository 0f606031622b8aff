"""Calendar feeds, read by a calendar library that is not ours; and the secret addresses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.automation.agenda import CalendarEvent
from crmkit.exceptions import NotFound
from crmkit.reports.calendar import Feed, new_token, read_token, to_ics

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2025, 3, 3, 6, tzinfo=UTC)
START = datetime(2025, 3, 4, 10, tzinfo=MOSCOW)
SECRET, PORTAL, RECIPE = "test-only-secret", "planfix:acme.planfix.ru", "next_step"


def event(**values: Any) -> CalendarEvent:
    given: dict[str, Any] = {
        "uid": "7.1@next-step.crmkit",
        "start": START,
        "end": START + timedelta(minutes=15),
        "title": "звонок: уточнить бюджет",
        "kind": "звонок",
        "person": "user:4",
        "text": "ООО «Ромашка»",
        "url": "https://acme.planfix.ru/task/7",
        "color": "green",
    }
    return CalendarEvent(**{**given, **values})


def read(*events: CalendarEvent, name: str = "Следующий шаг") -> Any:
    return icalendar.Calendar.from_ical(to_ics(events, name=name, now=NOW))


def test_a_calendar_library_reads_every_property_back() -> None:
    calendar = read(event())
    (found,) = calendar.walk("VEVENT")
    assert str(calendar["NAME"]) == "Следующий шаг"
    assert found.decoded("DTSTART") == START
    assert found.decoded("DTEND") == START + timedelta(minutes=15)
    assert str(found["SUMMARY"]) == "звонок: уточнить бюджет"
    assert str(found["DESCRIPTION"]) == "ООО «Ромашка»"
    assert str(found["UID"]) == "7.1@next-step.crmkit"
    assert str(found["URL"]) == "https://acme.planfix.ru/task/7"
    assert [str(one) for one in found["CATEGORIES"].cats] == ["звонок"]
    assert str(found["COLOR"]) == "green"
    assert found.errors == []
    assert calendar.errors == []


def test_a_step_without_a_time_is_a_whole_day() -> None:
    midnight = datetime(2025, 3, 4, tzinfo=MOSCOW)
    (found,) = read(event(start=midnight, end=midnight + timedelta(days=1))).walk("VEVENT")
    assert (found.decoded("DTSTART"), found.decoded("DTEND")) == (date(2025, 3, 4), date(2025, 3, 5))


def test_an_empty_calendar_is_one_too() -> None:
    assert list(read().walk("VEVENT")) == []


def test_the_same_events_give_the_same_bytes_in_any_order() -> None:
    one, other = event(), event(uid="8.1@next-step.crmkit", title="встреча")
    assert to_ics([one, other], name="A", now=NOW) == to_ics([other, one], name="A", now=NOW)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), max_size=300))
def test_any_text_of_people_comes_back_and_no_line_is_too_long(text: str) -> None:
    data = to_ics([event(title=f"x{text}x", text="", url="")], name="A", now=NOW)
    assert max(map(len, data.split(b"\r\n"))) <= 75
    (found,) = icalendar.Calendar.from_ical(data).walk("VEVENT")
    assert str(found["SUMMARY"]) == f"x{text}x"


@pytest.mark.parametrize(
    "evil", ["A\r\nEND:VEVENT\r\nBEGIN:VEVENT", "A\nATTACH:http://evil.example", "A\x00\x07B"], ids=range(3)
)
def test_nothing_that_people_write_becomes_a_property(evil: str) -> None:
    (found,) = read(event(title=evil, text=evil, kind=evil, url=f"https://x/{evil}")).walk("VEVENT")
    assert "ATTACH" not in found
    assert "URL" not in found


def test_an_address_shows_what_it_was_made_for() -> None:
    token = new_token(SECRET, PORTAL, RECIPE, Feed("user:4", "звонок", "ab12cd34"))
    found = read_token(token, SECRET, PORTAL, RECIPE)
    assert found == Feed("user:4", "звонок", "ab12cd34")
    assert found.shows(event())
    assert not found.shows(event(person="user:5"))
    assert not found.shows(event(kind="письмо"))
    assert Feed().shows(event(person="user:5"))


def test_two_addresses_of_one_person_can_be_revoked_one_by_one() -> None:
    lost, kept = (new_token(SECRET, PORTAL, RECIPE, Feed("user:4")) for _ in range(2))
    serial = read_token(lost, SECRET, PORTAL, RECIPE).serial
    with pytest.raises(NotFound):
        read_token(lost, SECRET, PORTAL, RECIPE, revoked=[serial])
    assert read_token(kept, SECRET, PORTAL, RECIPE, revoked=[serial]).person == "user:4"


@pytest.mark.parametrize(
    ("secret", "portal", "recipe"),
    [
        ("another", PORTAL, RECIPE),
        (SECRET, "planfix:other.planfix.ru", RECIPE),
        (SECRET, PORTAL, "lost_client"),
    ],
)
def test_an_address_is_good_for_one_secret_portal_and_recipe(secret: str, portal: str, recipe: str) -> None:
    token = new_token(SECRET, PORTAL, RECIPE, Feed())
    with pytest.raises(NotFound):
        read_token(token, secret, portal, recipe)


@given(st.text(max_size=80))
def test_a_guessed_address_is_not_found(token: str) -> None:
    with pytest.raises(NotFound):
        read_token(token, SECRET, PORTAL, RECIPE)


def test_an_address_that_was_tampered_with_is_not_found() -> None:
    body, _, signature = new_token(SECRET, PORTAL, RECIPE, Feed("user:4")).partition(".")
    other = new_token(SECRET, PORTAL, RECIPE, Feed("user:5")).partition(".")[0]
    for token in (f"{other}.{signature}", f"{body}.{signature[:-2]}", f"{body}.", body, ""):
        with pytest.raises(NotFound):
            read_token(token, SECRET, PORTAL, RECIPE)
