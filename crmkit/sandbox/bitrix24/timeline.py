"""The timeline of CRM items: comments, log entries, activities, and what they do to the last activity."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.bitrix24 import crm

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.conditions import Row
    from crmkit.sandbox.bitrix24.kinds import Kind
    from crmkit.sandbox.bitrix24.portal import Portal

__all__ = ["INCOMING", "activity", "comment", "ping", "remind"]

INCOMING = 1


def comment(portal: Portal, kind: Kind, row: Row, author: int, text: str, **more: Any) -> Row:
    """Write a comment. Only one by somebody else than the responsible person moves the last activity."""
    written = {
        "ID": portal.comments.next_id(),
        "OWNER": f"{kind.id}:{row['ID']}",
        "ENTITY_ID": row["ID"],
        "ENTITY_TYPE": kind.name,
        "ENTITY_TYPE_ID": kind.id,
        "AUTHOR_ID": author,
        "COMMENT": text,
        "CREATED": portal.now(),
        "FILES": {},
        **more,
    }
    portal.comments.put(written)
    portal.events.emit("ONCRMTIMELINECOMMENTADD", {"FIELDS": {"ID": written["ID"]}}, user=author)
    if author != row.get("ASSIGNED_BY_ID"):
        crm.touch(portal, kind, row, author)
    return written


def activity(
    portal: Portal, kind: Kind, row: Row, author: int, offsets: Iterable[int] = (), **given: Any
) -> Row:
    """Add an activity. Only an incoming one (a call, a mail) moves the last activity.

    ``offsets`` are the minutes before the deadline at which it is brought to mind.
    """
    now = portal.now()
    made = {
        "ID": portal.activities.next_id(),
        "OWNER": f"{kind.id}:{row['ID']}",
        "OWNER_ID": row["ID"],
        "OWNER_TYPE_ID": kind.id,
        "TYPE_ID": 6,
        "PROVIDER_ID": "CRM_TODO",
        "PROVIDER_TYPE_ID": "TODO",
        "SUBJECT": "",
        "DESCRIPTION": "",
        "CREATED": now,
        "LAST_UPDATED": now,
        "START_TIME": None,
        "END_TIME": None,
        "DEADLINE": None,
        "COMPLETED": "N",
        "STATUS": 1,
        "RESPONSIBLE_ID": author,
        "PRIORITY": 2,
        "DIRECTION": 0,
        "AUTHOR_ID": author,
        "EDITOR_ID": author,
        "ORIGIN_ID": None,
        **given,
    }
    made = remind(portal, made, made["DEADLINE"], list(offsets))
    portal.activities.put(made)
    portal.events.emit("ONCRMACTIVITYADD", {"FIELDS": {"ID": made["ID"]}}, user=author)
    if made["DIRECTION"] == INCOMING:
        crm.touch(portal, kind, row, author)
    return made


def remind(portal: Portal, made: Row, deadline: int | None, offsets: list[int]) -> Row:
    """Return an activity with its reminders: so many minutes before its deadline each."""
    pings = [] if deadline is None else [deadline - minutes * 60 for minutes in offsets]
    for at in pings:
        heappush(portal.pings, (at, made["ID"]))
    return made | {"PINGS": pings, "OFFSETS": offsets}


def ping(portal: Portal) -> None:
    """Remind of activities whose reminder is due: that moves the last activity, too."""
    now = portal.now()
    while portal.pings and portal.pings[0][0] <= now:
        at, number = heappop(portal.pings)
        made = portal.activities.get(number)
        if made is None or at not in made["PINGS"] or made["COMPLETED"] == "Y":
            continue
        made["PINGS"].remove(at)
        kind = portal.kinds[made["OWNER_TYPE_ID"]]
        row = portal.items[kind.id].get(made["OWNER_ID"])
        if row is not None:
            crm.touch(portal, kind, row, made["RESPONSIBLE_ID"])
