"""Comments and log entries of CRM items."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24 import timeline
from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import (
    RestError,
    empty_code,
    invalid_argument,
    missing_parameter,
    not_found,
)
from crmkit.sandbox.bitrix24.kinds import Kind
from crmkit.sandbox.bitrix24.listing import lines, page_of, specs, table_of
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval, items
from crmkit.sandbox.bitrix24.rights import READ, UPDATE, need, need_old
from crmkit.sandbox.bitrix24.urls import method
from crmkit.sandbox.bitrix24.values import iso

__all__: list[str] = []

LOG_PAGE = 10
COMMENT = specs(
    "ID:integer ENTITY_ID:integer ENTITY_TYPE:string CREATED:datetime COMMENT:string AUTHOR_ID:integer"
)


@method("crm.timeline.comment.add")
def comment_add(call: Call) -> Any:
    """Write a comment; ``fields`` has to be in lower case."""
    given = as_dict(call.required("fields"))
    kind, row = _owner(call, given.get("ENTITY_TYPE"), given.get("ENTITY_ID"))
    need(call.portal, call.user, kind, row, UPDATE)
    text = str(given.get("COMMENT") or "")
    if not text and not given.get("FILES"):
        raise invalid_argument("Empty comment")
    files = {
        str(number): {"id": number, "type": "file", "name": str(as_list(one)[0]), "authorId": call.user}
        for number, one in enumerate(as_list(given.get("FILES")), 1)
    }
    return timeline.comment(call.portal, kind, row, call.user, text, FILES=files)["ID"]


@method("crm.timeline.comment.list")
def comment_list(call: Call) -> Any:
    """Return the comments of one item: both halves of its name are needed."""
    wanted = {key.lstrip("=").upper(): value for key, value in items(call.loose("filter"))}
    if not wanted.get("ENTITY_ID") or not wanted.get("ENTITY_TYPE"):
        raise empty_code("The filter by ENTITY_ID and ENTITY_TYPE is required.")
    kind, row = _owner(call, wanted["ENTITY_TYPE"], wanted["ENTITY_ID"])
    need_old(call.portal, call.user, kind, row, READ)
    found = table_of(call.portal.comments.having("OWNER", f"{kind.id}:{row['ID']}"))
    rest = {
        key: value
        for key, value in items(call.loose("filter"))
        if key.lstrip("=").upper() not in ("ENTITY_ID", "ENTITY_TYPE")
    }
    select = call.loose("select")
    rows = page_of(call, found, COMMENT, given=rest)
    return [
        line | ({"FILES": row["FILES"]} if row["FILES"] else {})
        for line, row in zip(lines(call, rows, COMMENT, select), rows, strict=True)
    ]


@method("crm.timeline.comment.get")
def comment_get(call: Call) -> Any:
    """Return a comment."""
    row = _comment(call)
    return lines(call, [row], COMMENT)[0] | ({"FILES": row["FILES"]} if row["FILES"] else {})


@method("crm.timeline.comment.update")
def comment_update(call: Call) -> Any:
    """Change a comment and return its number."""
    given = as_dict(call.required("fields"))
    row = _changeable(call)
    call.portal.comments.put(row | {"COMMENT": str(given.get("COMMENT") or row["COMMENT"])})
    _tell(call, "UPDATE", row)
    return row["ID"]


@method("crm.timeline.comment.delete")
def comment_delete(call: Call) -> Any:
    """Delete a comment; the answer is nothing."""
    row = _changeable(call)
    call.portal.comments.forget(row["ID"])
    _tell(call, "DELETE", row)
    return None


@method("crm.timeline.logmessage.add")
def logmessage_add(call: Call) -> Any:
    """Write a service entry; it moves nothing."""
    given = as_dict(call.required("fields"))
    kind, row = _log_owner(call, given.get("entityTypeId"), given.get("entityId"), UPDATE)
    if not given.get("title") or not given.get("text"):
        raise missing_parameter("title" if not given.get("title") else "text")
    table = call.portal.log_messages
    entry = {
        "ID": table.next_id(),
        "OWNER": f"{kind.id}:{row['ID']}",
        "ENTITY_TYPE_ID": kind.id,
        "ENTITY_ID": row["ID"],
        "TITLE": str(given["title"]),
        "TEXT": str(given["text"]),
        "ICON_CODE": str(given.get("iconCode") or "info"),
        "CREATED": call.portal.now(),
        "AUTHOR_ID": call.user,
        "APP": call.caller.key,
    }
    table.put(entry)
    return {"logMessage": _entry(call, entry)}


@method("crm.timeline.logmessage.get")
def logmessage_get(call: Call) -> Any:
    """Return a service entry."""
    return {"logMessage": _entry(call, _log(call, READ))}


@method("crm.timeline.logmessage.list")
def logmessage_list(call: Call) -> Any:
    """Return the service entries of an item, ten on a page and the newest first."""
    kind, row = _log_owner(call, call.required("entityTypeId"), call.required("entityId"), READ)
    found = call.portal.log_messages.having("OWNER", f"{kind.id}:{row['ID']}")
    ascending = [
        str(way).lower() == "asc" for key, way in items(call.get("order")) if key in ("id", "created")
    ]
    found.sort(key=lambda one: (one["CREATED"], one["ID"]), reverse=not any(ascending))
    start = max(0, intval(call.get("start"))) // LOG_PAGE * LOG_PAGE
    call.total = len(found)
    if start + LOG_PAGE < len(found):
        call.next = start + LOG_PAGE
    return [_entry(call, one) for one in found[start : start + LOG_PAGE]]


@method("crm.timeline.logmessage.delete")
def logmessage_delete(call: Call) -> Any:
    """Delete a service entry of one's own application or webhook."""
    entry = _log(call, UPDATE)
    if entry["APP"] != call.caller.key:
        text = "The record with this id was created in the context of another REST application"
        raise RestError("REMOVING_DISABLED", text)
    call.portal.log_messages.forget(entry["ID"])
    return True


def _changeable(call: Call) -> Row:
    """Return a comment that the caller may change; if an owner is named, it has to be that of the comment."""
    row = call.portal.comments.get(intval(call.required("id")))
    if row is None:
        raise not_found()
    named = intval(call.get("ownerTypeId")), intval(call.get("ownerId"))
    if any(named) and named != (row["ENTITY_TYPE_ID"], row["ENTITY_ID"]):
        raise RestError("OWNER_NOT_FOUND", "Owner of the item not found")
    kind = call.portal.kinds[row["ENTITY_TYPE_ID"]]
    need(call.portal, call.user, kind, call.portal.items[kind.id].get(row["ENTITY_ID"]) or {}, UPDATE)
    return row


def _tell(call: Call, what: str, row: Row) -> None:
    call.portal.events.emit(
        f"ONCRMTIMELINECOMMENT{what}", {"FIELDS": {"ID": row["ID"]}}, user=call.user, caller=call.caller
    )


def _log_owner(call: Call, entity_type: Any, number: Any, action: str) -> tuple[Kind, Row]:
    kind = call.portal.kinds.get(intval(entity_type))
    row = call.portal.items[kind.id].get(intval(number)) if kind else None
    if kind is None or row is None:
        raise RestError("OWNER_NOT_FOUND", "Owner was not found")
    need(call.portal, call.user, kind, row, action)
    return kind, row


def _log(call: Call, action: str) -> Row:
    entry = call.portal.log_messages.get(intval(call.required("id")))
    if entry is None:
        raise RestError("NOT_FOUND", "The record with this id does not exist")
    _log_owner(call, entry["ENTITY_TYPE_ID"], entry["ENTITY_ID"], action)
    return entry


def _entry(call: Call, entry: Row) -> dict[str, Any]:
    return {
        "id": entry["ID"],
        "created": iso(entry["CREATED"], call.zone),
        "authorId": entry["AUTHOR_ID"],
        "title": entry["TITLE"],
        "text": entry["TEXT"],
        "iconCode": entry["ICON_CODE"],
    }


def _owner(call: Call, type_name: Any, number: Any) -> tuple[Kind, Row]:
    wanted = str(type_name or "").lower()
    kind = next((one for one in call.portal.kinds.values() if one.name == wanted), None)
    row = call.portal.items[kind.id].get(intval(number)) if kind else None
    if kind is None or row is None:
        raise RestError("OWNER_NOT_FOUND", "Owner of the item not found")
    return kind, row


def _comment(call: Call) -> Row:
    number = intval(call.loose("id"))
    if number <= 0:
        raise empty_code("ID is not defined or invalid.")
    row = call.portal.comments.get(number)
    if row is None:
        raise empty_code("Not found.")
    return row
