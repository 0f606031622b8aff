"""The portal as plain values, for the control API: what a test or a newcomer may want to look at."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

from crmkit.sandbox.bitrix24.portal import Portal
from crmkit.sandbox.bitrix24.table import Table

__all__ = ["read"]

LIMIT = 10_000
"""Rows of a collection that are shown at once."""


def read(portal: Portal, collection: str, key: str = "") -> Any:
    """Return a collection, or one member by its number. Moments are seconds since 1970.

    Raises:
        LookupError: There is none of this name or number.
    """
    found = _collections(portal).get(collection)
    if found is None:
        raise LookupError(
            f"no collection {collection!r}; there are {', '.join(sorted(_collections(portal)))}"
        )
    if not key:
        rows = (
            islice(found, LIMIT)
            if isinstance(found, Table)
            else found.values()
            if isinstance(found, dict)
            else found
        )
        return [_plain(row) for row in rows]
    member = None
    if isinstance(found, Table):
        member = found.get(int(key)) if key.isdigit() else None
    elif isinstance(found, dict):
        member = found.get(int(key) if key.isdigit() else key)
    if member is None:
        raise LookupError(f"no {key!r} in {collection}")
    return _plain(member)


def _collections(portal: Portal) -> dict[str, Any]:
    named = {1: "leads", 2: "deals", 3: "contacts", 4: "companies"}
    return {
        **{named.get(number, f"items{number}"): table for number, table in portal.items.items()},
        "activities": portal.activities,
        "assignments": list(portal.processes.assignments),
        "calendar": portal.calendar,
        "comments": portal.comments,
        "deliveries": portal.events.deliveries,
        "departments": portal.departments,
        "drive": portal.drive,
        "events": portal.events.queue,
        "groups": portal.groups,
        "handlers": portal.events.handlers,
        "lists": portal.lists,
        "log_messages": portal.log_messages,
        "notes": list(portal.notes),
        "notifications": portal.notifications,
        "requisites": portal.requisites,
        "processes": portal.processes.running,
        "stage_history": portal.stage_history[2],
        "statuses": portal.statuses,
        "task_history": portal.beside_tasks.history,
        "task_messages": portal.beside_tasks.messages,
        "tasks": portal.tasks,
        "templates": portal.processes.templates,
        "users": portal.users,
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value) if one.repr}
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return value
