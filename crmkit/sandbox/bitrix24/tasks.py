"""Tasks: their rules and the shapes in which the two versions of the API show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.kinds import camel
from crmkit.sandbox.bitrix24.listing import specs
from crmkit.sandbox.bitrix24.models import INVITED
from crmkit.sandbox.bitrix24.rights import leads
from crmkit.sandbox.bitrix24.values import IGNORED, iso, parsed

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.models import Caller
    from crmkit.sandbox.bitrix24.portal import Portal

__all__ = [
    "COMPLETED",
    "CONTROL",
    "DEFERRED",
    "PENDING",
    "PROGRESS",
    "STATUSES",
    "TASK",
    "add_task",
    "change_task",
    "complete_task",
    "delegate_task",
    "delete_task",
    "read_task",
    "shown_task",
    "visible",
    "write_message",
]

PENDING, PROGRESS, CONTROL, COMPLETED, DEFERRED = 2, 3, 4, 5, 6
STATUSES = {
    PENDING: "pending",
    PROGRESS: "in_progress",
    CONTROL: "supposedly_completed",
    COMPLETED: "completed",
    DEFERRED: "deferred",
}
TASK = specs(
    "ID:integer PARENT_ID:integer TITLE:string DESCRIPTION:string MARK:string PRIORITY:integer "
    "STATUS:integer STAGE_ID:integer GROUP_ID:integer CREATED_BY:user CREATED_DATE:datetime "
    "RESPONSIBLE_ID:user ACCOMPLICES:user* AUDITORS:user* CHANGED_BY:user CHANGED_DATE:datetime "
    "STATUS_CHANGED_BY:user STATUS_CHANGED_DATE:datetime CLOSED_BY:user CLOSED_DATE:datetime "
    "ACTIVITY_DATE:datetime DATE_START:datetime DEADLINE:datetime START_DATE_PLAN:datetime "
    "END_DATE_PLAN:datetime XML_ID:string TASK_CONTROL:boolean ALLOW_CHANGE_DEADLINE:boolean "
    "ALLOW_TIME_TRACKING:boolean TIME_ESTIMATE:integer TAGS:string* UF_CRM_TASK:string* "
    "UF_TASK_WEBDAV_FILES:string*"
)
READ_ONLY = frozenset(
    (
        *("ID", "CREATED_DATE", "CHANGED_BY", "CHANGED_DATE", "STATUS_CHANGED_BY", "STATUS_CHANGED_DATE"),
        *("CLOSED_BY", "CLOSED_DATE", "ACTIVITY_DATE"),
    )
)
REMEMBERED = (
    *("TITLE", "DESCRIPTION", "PRIORITY", "MARK", "PARENT_ID", "GROUP_ID", "STAGE_ID", "CREATED_BY"),
    *("RESPONSIBLE_ID", "ACCOMPLICES", "AUDITORS", "DEADLINE", "START_DATE_PLAN", "END_DATE_PLAN"),
    *("TIME_ESTIMATE", "TAGS", "TASK_CONTROL", "ALLOW_TIME_TRACKING", "ALLOW_CHANGE_DEADLINE", "STATUS"),
)
"""What the history of a task tells of."""
ON_DEMAND = ("UF_CRM_TASK", "UF_TASK_WEBDAV_FILES")
"""Only shown if ``select`` names them."""


def read_task(portal: Portal, given: dict[str, Any]) -> Row:
    """Read the fields of a task: unknown and read-only ones are dropped, as are unreadable dates."""
    values: Row = {}
    for key, raw in given.items():
        spec = TASK.get(key.upper())
        if spec is None or spec.name in READ_ONLY:
            continue
        value = parsed(spec, raw, portal.zone, legacy=True)
        if value is not IGNORED:
            values[spec.name] = value
    return values


def add_task(portal: Portal, values: Row, by: int, caller: Caller | None = None) -> Row:
    """Add a task and tell of it."""
    now = portal.now()
    row: Row = {name: [] if spec.multiple else None for name, spec in TASK.items()}
    row |= {
        "PRIORITY": 1,
        "STATUS": PENDING,
        "GROUP_ID": 0,
        "STAGE_ID": 0,
        "CREATED_BY": by,
        "CREATED_DATE": now,
        "CHANGED_BY": by,
        "CHANGED_DATE": now,
        "STATUS_CHANGED_BY": by,
        "STATUS_CHANGED_DATE": now,
        "ACTIVITY_DATE": now,
        "RESPONSIBLE_ID": by,
        "TASK_CONTROL": "N",
        "ALLOW_CHANGE_DEADLINE": "N",
        "ALLOW_TIME_TRACKING": "N",
        "TIME_ESTIMATE": 0,
    } | values
    row["ID"] = portal.tasks.next_id()
    portal.tasks.put(row)
    _remember(portal, row, "NEW", row)
    portal.events.emit("ONTASKADD", _both("undefined", {"ID": row["ID"]}), user=by, caller=caller)
    return row


def change_task(portal: Portal, old: Row, values: Row, by: int, caller: Caller | None = None) -> Row:
    """Change a task and tell of it."""
    now = portal.now()
    row = old | values | {"CHANGED_BY": by, "CHANGED_DATE": now, "ACTIVITY_DATE": now}
    if row["STATUS"] != old["STATUS"]:
        closed = row["STATUS"] in (CONTROL, COMPLETED)
        row |= {"STATUS_CHANGED_BY": by, "STATUS_CHANGED_DATE": now}
        row |= {"CLOSED_BY": by if closed else 0, "CLOSED_DATE": now if closed else None}
        if row["STATUS"] == PROGRESS:
            row["DATE_START"] = now
    portal.tasks.put(row)
    for name in REMEMBERED:
        if row.get(name) != old.get(name):
            _remember(portal, row, name, old)
    portal.events.emit("ONTASKUPDATE", _both({"ID": row["ID"]}, {"ID": row["ID"]}), user=by, caller=caller)
    return row


def _remember(portal: Portal, row: Row, what: str, old: Row) -> None:
    """Write into the history of a task who changed what just now; ``NEW`` is no field."""
    history = portal.beside_tasks.history
    entry = {"TASK_ID": row["ID"], "FIELD": what, "FROM": old.get(what), "TO": row.get(what)}
    history.put({"ID": history.next_id(), **entry, "BY": row["CHANGED_BY"], "AT": portal.now()})


def complete_task(portal: Portal, row: Row, by: int, caller: Caller | None = None) -> Row:
    """Complete a task; with control, what others complete waits for its creator."""
    waits = row["TASK_CONTROL"] == "Y" and by != row["CREATED_BY"]
    return change_task(portal, row, {"STATUS": CONTROL if waits else COMPLETED}, by, caller)


def delegate_task(portal: Portal, row: Row, to: int, by: int, caller: Caller | None = None) -> Row:
    """Hand a task over: it begins anew for the other, and who handed it over looks on."""
    auditors = list(dict.fromkeys([*(row["AUDITORS"] or ()), by]))
    changes = {"RESPONSIBLE_ID": to, "STATUS": PENDING, "AUDITORS": auditors}
    return change_task(portal, row, changes, by, caller)


def delete_task(portal: Portal, row: Row, by: int, caller: Caller | None = None) -> None:
    """Delete a task and tell of it."""
    portal.tasks.forget(row["ID"])
    portal.events.emit("ONTASKDELETE", _both({"ID": row["ID"]}, "undefined"), user=by, caller=caller)


def visible(portal: Portal, row: Row, user: int) -> bool:
    """Tell whether somebody can see a task: who takes part, their heads, the group, administrators."""
    people = {row["CREATED_BY"], row["RESPONSIBLE_ID"], *(row["ACCOMPLICES"] or ()), *(row["AUDITORS"] or ())}
    if user in people or portal.is_admin(user):
        return True
    group = portal.groups.get(row.get("GROUP_ID") or 0)
    if group is not None and group.members.get(user, INVITED) != INVITED:
        return True
    return any(leads(portal, user, one) for one in people)


def write_message(portal: Portal, row: Row, author: int, text: str) -> None:
    """Write into the chat of a task; that is activity."""
    now = portal.now()
    portal.beside_tasks.messages.append({"taskId": row["ID"], "authorId": author, "text": text, "at": now})
    portal.tasks.put(row | {"ACTIVITY_DATE": now})


def _both(before: Any, after: Any) -> dict[str, Any]:
    """Return the data of an event; what is absent is the text "undefined", as the vendor writes it."""
    return {"FIELDS_BEFORE": before, "FIELDS_AFTER": after}


def shown_task(portal: Portal, row: Row, select: list[str]) -> dict[str, Any]:
    """Return a task as REST 2 does: names in camel case, numbers as texts, ``[]`` for no group."""
    wanted = {name.upper() for name in select}
    everything = not wanted or "*" in wanted
    zone = portal.settings.timezone
    told: dict[str, Any] = {}
    for name, spec in TASK.items():
        if not (name in wanted or name == "ID" or (everything and name not in ON_DEMAND)):
            continue
        value = row.get(name)
        if spec.type == "datetime":
            told[camel(name)] = None if value is None else iso(value, zone)
        elif name == "TAGS":
            told["tags"] = _tags(portal, value or ())
        elif spec.multiple:
            told[_key(name)] = [str(one) for one in value or ()] or (False if name in ON_DEMAND else [])
        else:
            told[_key(name)] = None if value is None else str(value)
    group = portal.groups.get(row.get("GROUP_ID") or 0)
    told["group"] = {"id": str(group.id), "name": group.name, "opened": False, "image": ""} if group else []
    for name, people in (("creator", row["CREATED_BY"]), ("responsible", row["RESPONSIBLE_ID"])):
        told[name] = _person(portal, people)
    for name, many in (("accomplicesData", row["ACCOMPLICES"]), ("auditorsData", row["AUDITORS"])):
        told[name] = {str(one): _person(portal, one) for one in many or ()} or []
    return told


def _tags(portal: Portal, names: Iterable[str]) -> Any:
    """Return tags by their numbers, as the vendor does; a list if there are none."""
    known = portal.beside_tasks.tags
    numbers = {known.setdefault(name, len(known) + 1): name for name in names}
    return {str(number): {"id": number, "title": name} for number, name in numbers.items()} or []


def _key(name: str) -> str:
    return {"UF_CRM_TASK": "ufCrmTask", "UF_TASK_WEBDAV_FILES": "ufTaskWebdavFiles"}.get(name) or camel(name)


def _person(portal: Portal, number: int) -> dict[str, Any]:
    user = portal.users.get(number)
    return {
        "id": str(number),
        "name": user.full_name if user else "",
        "link": f"/company/personal/user/{number}/",
        "icon": "/bitrix/images/tasks/default_avatar.png",
        "workPosition": user.position if user else "",
    }
