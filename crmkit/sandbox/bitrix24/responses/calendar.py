"""Calendars of users and the company: sections and events.

Moments leave in the format of the portal's language, each beside its own zone; the exact moment is only in
``DATE_FROM_TS_UTC``. Refusals have no code.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import empty_code, not_emulated
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval
from crmkit.sandbox.bitrix24.urls import method
from crmkit.sandbox.bitrix24.values import day, moment

__all__: list[str] = []

TYPES = ("user", "group", "company_calendar")
DAY = 86400
WRITTEN = "%d.%m.%Y %H:%M:%S"
PLAIN = {
    "description": "DESCRIPTION",
    "location": "LOCATION",
    "color": "COLOR",
    "text_color": "TEXT_COLOR",
    "accessibility": "ACCESSIBILITY",
    "importance": "IMPORTANCE",
}


@method("calendar.section.get", "calendar")
def sections(call: Call) -> Any:
    """Return the calendars of somebody; everybody has one."""
    kind, owner = _owner(call)
    return [
        {
            "ID": str(_section(kind, owner)),
            "NAME": "Календарь",
            "CAL_TYPE": kind,
            "OWNER_ID": str(owner),
            "COLOR": "#9dcf00",
            "EXTERNAL_TYPE": "local",
            "ACCESS": [],
            "IS_COLLAB": False,
        }
    ]


@method("calendar.event.add", "calendar")
def add(call: Call) -> Any:
    """Add an event and return its number."""
    kind, owner = _owner(call)
    for name in ("name", "from", "to", "section"):
        if not call.loose(name):
            raise _missing("calendar.event.add", name)
    if intval(call.loose("section")) != _section(kind, owner):
        raise empty_code("Access denied")
    row: Row = {"ID": call.portal.calendar.next_id(), "OWNER": f"{kind}:{owner}", "CAL_TYPE": kind}
    row |= {"OWNER_ID": owner, "CREATED_BY": call.user, "DATE_CREATE": call.portal.now(), "VERSION": 1}
    row |= {"SECTION_ID": intval(call.loose("section")), "ACCESSIBILITY": "busy", "IMPORTANCE": "normal"}
    call.portal.calendar.put(row | _changes(call, row))
    return row["ID"]


@method("calendar.event.update", "calendar")
def update(call: Call) -> Any:
    """Change an event and return its number."""
    row = _event(call, "calendar.event.update")
    call.portal.calendar.put(row | _changes(call, row) | {"VERSION": row["VERSION"] + 1})
    return row["ID"]


@method("calendar.event.delete", "calendar")
def delete(call: Call) -> Any:
    """Delete an event."""
    call.portal.calendar.forget(_event(call, "calendar.event.delete")["ID"])
    return True


@method("calendar.event.getbyid", "calendar")
def get_by_id(call: Call) -> Any:
    """Return an event."""
    return _told(_event(call, "calendar.event.getbyid"))


@method("calendar.event.get", "calendar")
def get(call: Call) -> Any:
    """Return all events of a calendar within some days, without pages.

    Without a period it is one month back and three months ahead.
    """
    kind, owner = _owner(call)
    zone, now = call.portal.zone, call.portal.now()
    since = _midnight(call.loose("from"), zone, now - 30 * DAY)
    until = _midnight(call.loose("to"), zone, now + 90 * DAY) + DAY
    only = {intval(one) for one in as_list(call.loose("section"))}
    found = [
        row
        for row in call.portal.calendar.having("OWNER", f"{kind}:{owner}")
        if row["FROM"] < until and row["TO"] >= since and (not only or row["SECTION_ID"] in only)
    ]
    return [_told(row) for row in sorted(found, key=lambda row: (row["FROM"], row["ID"]))]


def _missing(name: str, parameter: str) -> Exception:
    return empty_code(f'The required parameter "{parameter}" is not set for the method "{name}"')


def _owner(call: Call) -> tuple[str, int]:
    kind, owner = str(call.loose("type") or ""), intval(call.loose("ownerId"))
    if kind not in TYPES:
        raise _missing(call.method, "type")
    known: dict[str, Container[int]] = {"user": call.portal.users, "group": call.portal.groups}
    if kind in known and owner not in known[kind]:
        raise _missing(call.method, "ownerId") if not owner else empty_code("Access denied")
    return kind, 0 if kind == "company_calendar" else owner


def _section(kind: str, owner: int) -> int:
    """Return the number of a calendar: odd ones of users, even ones of groups, 1 of the company."""
    return 1 if kind == "company_calendar" else owner * 2 + (1 if kind == "user" else 0)


def _event(call: Call, name: str) -> Row:
    number = intval(call.loose("id"))
    if not number:
        raise _missing(name, "id")
    row = call.portal.calendar.get(number)
    if row is None:
        raise empty_code("Event not found")
    own = row["CAL_TYPE"] != "user" or row["OWNER_ID"] == call.user
    if not own and not call.portal.is_admin(call.user):
        raise empty_code("Access denied")
    return row


def _changes(call: Call, row: Row) -> Row:
    """Read what is given of an event."""
    rule = call.loose("rrule")
    if rule and as_dict(rule).get("FREQ", "NONE") != "NONE":
        raise not_emulated("events that recur")
    found: Row = {kept: str(call.loose(name)) for name, kept in PLAIN.items() if call.loose(name) is not None}
    found["TIMESTAMP_X"] = call.portal.now()
    if call.loose("name"):
        found["NAME"] = str(call.loose("name"))
    if call.loose("is_meeting") is not None:
        found["IS_MEETING"] = call.loose("is_meeting") in ("Y", True)
    if call.loose("attendees") is not None:
        found["ATTENDEES"] = [intval(one) for one in as_list(call.loose("attendees"))]
    if call.loose("from") or call.loose("to"):
        found |= _period(call, row)
    return found


def _period(call: Call, row: Row) -> Row:
    skip = call.loose("skip_time")
    all_day = row.get("ALL_DAY", False) if skip is None else skip in ("Y", True)
    begins, ends = call.loose("from") or row.get("GIVEN_FROM"), call.loose("to") or row.get("GIVEN_TO")
    zones = [_zone(call, "timezone_from"), _zone(call, "timezone_to")]
    if all_day:
        days = [day(one, zone) for one, zone in zip((begins, ends), zones, strict=True)]
        stamps = [_midnight(one, UTC, None) for one in days]
    else:
        stamps = [moment(one, zone) for one, zone in zip((begins, ends), zones, strict=True)]
    if stamps[0] is None or stamps[1] is None or stamps[1] < stamps[0]:
        raise empty_code("Event date is incorrect")
    zone_names = [None, None] if all_day else [str(one) for one in zones]
    return {
        "FROM": stamps[0],
        "TO": stamps[1],
        "GIVEN_FROM": begins,
        "GIVEN_TO": ends,
        "ALL_DAY": all_day,
        "TZ_FROM": zone_names[0],
        "TZ_TO": zone_names[1],
    }


def _zone(call: Call, name: str) -> tzinfo:
    try:
        return ZoneInfo(str(call.loose(name) or call.zone))
    except (ZoneInfoNotFoundError, ValueError):
        return call.portal.zone


def _midnight(value: Any, zone: tzinfo, default: Any) -> Any:
    found = day(value, zone)
    if found is None:
        return default
    return int(datetime.combine(date.fromisoformat(found), datetime.min.time(), zone).timestamp())


def _told(row: Row) -> dict[str, Any]:
    all_day = row["ALL_DAY"]
    begins = datetime.fromtimestamp(row["FROM"], ZoneInfo(row["TZ_FROM"] or "UTC"))
    ends = datetime.fromtimestamp(row["TO"], ZoneInfo(row["TZ_TO"] or "UTC"))
    offsets = [int((one.utcoffset() or timedelta()).total_seconds()) for one in (begins, ends)]
    written = "%d.%m.%Y" if all_day else WRITTEN
    people = row.get("ATTENDEES") or []
    return {
        "ID": str(row["ID"]),
        "PARENT_ID": str(row["ID"]),
        "DELETED": "N",
        "CAL_TYPE": row["CAL_TYPE"],
        "OWNER_ID": str(row["OWNER_ID"]),
        "NAME": row["NAME"],
        "DATE_FROM": begins.strftime(written),
        "DATE_TO": ends.strftime(written),
        "ORIGINAL_DATE_FROM": None,
        "TZ_FROM": row["TZ_FROM"],
        "TZ_TO": row["TZ_TO"],
        "TZ_OFFSET_FROM": str(offsets[0]),
        "TZ_OFFSET_TO": str(offsets[1]),
        "DATE_FROM_TS_UTC": str(row["FROM"]),
        "DATE_TO_TS_UTC": str(row["TO"]),
        "DT_SKIP_TIME": "Y" if all_day else "N",
        "DT_LENGTH": row["TO"] - row["FROM"] + (DAY if all_day else 0),
        "EVENT_TYPE": None,
        "CREATED_BY": str(row["CREATED_BY"]),
        "DESCRIPTION": row.get("DESCRIPTION", ""),
        "PRIVATE_EVENT": "",
        "ACCESSIBILITY": row["ACCESSIBILITY"],
        "IMPORTANCE": row["IMPORTANCE"],
        "IS_MEETING": row.get("IS_MEETING", False),
        "MEETING_STATUS": "H" if row.get("IS_MEETING") else None,
        "LOCATION": row.get("LOCATION", ""),
        "COLOR": row.get("COLOR", ""),
        "RRULE": "",
        "VERSION": str(row["VERSION"]),
        "SECTION_ID": str(row["SECTION_ID"]),
        "SECT_ID": str(row["SECTION_ID"]),
        "UF_CRM_CAL_EVENT": False,
        "ATTENDEE_LIST": [{"id": one, "entryId": str(row["ID"]), "status": "Q"} for one in people],
    }
