"""Calendars: dates that are not ISO beside the exact moments, days without time, refusals without codes."""

from __future__ import annotations

import pytest

MINE = {"type": "user", "ownerId": 4}


@pytest.fixture
def event(api):
    """What an event of a manager needs."""
    section = int(api.call("calendar.section.get", **MINE)[0]["ID"])
    period = {"from": "2025-03-05T10:00:00+03:00", "to": "2025-03-05T11:30:00+03:00"}
    return {**MINE, **period, "section": section, "name": "Встреча"}


def test_an_event_is_added_read_changed_and_deleted(api, event):
    number = api.call("calendar.event.add", **event, location="Офис", is_meeting="Y", attendees=[4, 5])
    assert isinstance(number, int)
    told = api.call("calendar.event.getbyid", id=number)
    assert (told["ID"], told["DATE_FROM"], told["TZ_FROM"]) == (
        str(number),
        "05.03.2025 10:00:00",
        "Europe/Moscow",
    )
    assert (told["DATE_FROM_TS_UTC"], told["DT_LENGTH"], told["TZ_OFFSET_FROM"]) == (
        "1741158000",
        5400,
        "10800",
    )
    assert (told["IS_MEETING"], [one["id"] for one in told["ATTENDEE_LIST"]]) == (True, [4, 5])
    assert api.call("calendar.event.update", id=number, **{**event, "name": "Звонок"}) == number
    told = api.call("calendar.event.getbyid", id=number)
    assert (told["NAME"], told["LOCATION"], told["VERSION"]) == ("Звонок", "Офис", "2")
    assert api.call("calendar.event.delete", id=number) is True
    assert api.refused("calendar.event.getbyid", id=number) == (400, "", "Event not found")


def test_days_have_no_time_and_no_zone(api, event):
    days = {"from": "2025-03-08", "to": "2025-03-09", "skip_time": "Y"}
    number = api.call("calendar.event.add", **{**event, **days})
    told = api.call("calendar.event.getbyid", id=number)
    assert (told["DT_SKIP_TIME"], told["DATE_FROM"], told["DATE_TO"]) == ("Y", "08.03.2025", "09.03.2025")
    assert (told["TZ_FROM"], told["DT_LENGTH"]) == (None, 2 * 86400)


def test_a_moment_without_an_offset_is_in_the_zone_that_is_given(api, event):
    plain = {"from": "2025-03-05 10:00:00", "to": "2025-03-05 11:00:00"}
    far = {**plain, "timezone_from": "Asia/Omsk", "timezone_to": "Asia/Omsk"}
    numbers = [api.call("calendar.event.add", **{**event, **one}) for one in (plain, far)]
    moscow, omsk = (api.call("calendar.event.getbyid", id=one) for one in numbers)
    assert moscow["DATE_FROM"] == omsk["DATE_FROM"] == "05.03.2025 10:00:00"
    assert int(moscow["DATE_FROM_TS_UTC"]) - int(omsk["DATE_FROM_TS_UTC"]) == 3 * 3600


def test_events_are_listed_by_days_without_pages(api, event):
    for day in range(1, 29):
        for hour in ("09", "15"):
            at = {"from": f"2025-02-{day:02}T{hour}:00:00", "to": f"2025-02-{day:02}T{hour}:30:00"}
            api.call("calendar.event.add", **{**event, **at})
    answer = api.answer("calendar.event.get", **MINE, **{"from": "2025-02-01", "to": "2025-02-28"})
    assert (len(answer["result"]), "total" in answer, "next" in answer) == (56, False, False)
    found = api.call("calendar.event.get", **MINE, **{"from": "2025-02-03", "to": "2025-02-04"})
    assert [one["DATE_FROM"][:2] for one in found] == ["03", "03", "04", "04"]
    whole = {"from": "2025-02-01", "to": "2025-02-28"}
    assert api.call("calendar.event.get", **MINE, **whole, section=[9999]) == []
    assert api.call("calendar.event.get", type="user", ownerId=5, **whole) == []
    assert api.call("calendar.event.get", type="company_calendar", ownerId="") == []


def test_refusals_have_no_code(api, bench, box, event):
    text = 'The required parameter "name" is not set for the method "calendar.event.add"'
    assert api.refused("calendar.event.add", **{**event, "name": ""}) == (400, "", text)
    assert api.refused("calendar.event.get", ownerId=4)[1] == ""
    backwards = {**event, "to": "2025-03-01T00:00:00+03:00"}
    assert api.refused("calendar.event.add", **backwards) == (400, "", "Event date is incorrect")
    assert api.refused("calendar.event.add", **{**event, "section": 1})[2] == "Access denied"
    number = api.call("calendar.event.add", **event)
    stranger = bench.api(box, "user:5")
    assert stranger.refused("calendar.event.delete", id=number) == (400, "", "Access denied")
