"""Comments, log entries, to-dos and other activities of CRM items."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24 import timeline
from crmkit.sandbox.bitrix24.activity_fields import described_activity
from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import RestError, empty_code, invalid_argument, not_found
from crmkit.sandbox.bitrix24.kinds import Kind
from crmkit.sandbox.bitrix24.listing import lines, page_of, specs, table_of
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval, items
from crmkit.sandbox.bitrix24.urls import method
from crmkit.sandbox.bitrix24.values import moment

__all__: list[str] = []

COMMENT = specs(
    "ID:integer ENTITY_ID:integer ENTITY_TYPE:string CREATED:datetime COMMENT:string AUTHOR_ID:integer"
)
ACTIVITY = specs(
    "ID:integer OWNER_ID:integer OWNER_TYPE_ID:integer TYPE_ID:integer PROVIDER_ID:string "
    "PROVIDER_TYPE_ID:string SUBJECT:string CREATED:datetime LAST_UPDATED:datetime START_TIME:datetime "
    "END_TIME:datetime DEADLINE:datetime COMPLETED:string STATUS:integer RESPONSIBLE_ID:integer "
    "PRIORITY:integer DESCRIPTION:string DIRECTION:integer AUTHOR_ID:integer EDITOR_ID:integer "
    "ORIGIN_ID:string"
)


@method("crm.timeline.comment.add")
def comment_add(call: Call) -> Any:
    """Write a comment; ``fields`` has to be in lower case."""
    given = as_dict(call.required("fields"))
    kind, row = _owner(call, given.get("ENTITY_TYPE"), given.get("ENTITY_ID"))
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
    """Change a comment."""
    row = _comment(call)
    given = as_dict(call.required("fields"))
    call.portal.comments.put(row | {"COMMENT": str(given.get("COMMENT") or row["COMMENT"])})
    return True


@method("crm.timeline.comment.delete")
def comment_delete(call: Call) -> Any:
    """Delete a comment."""
    call.portal.comments.forget(_comment(call)["ID"])
    return True


@method("crm.timeline.logmessage.add")
def logmessage_add(call: Call) -> Any:
    """Write a service entry; it moves nothing."""
    given = as_dict(call.required("fields"))
    kind = call.portal.kinds.get(intval(given.get("entityTypeId")))
    row = call.portal.items[kind.id].get(intval(given.get("entityId"))) if kind else None
    if kind is None or row is None:
        raise RestError("OWNER_NOT_FOUND", "Owner was not found")
    if not given.get("title") or not given.get("text"):
        raise invalid_argument("Empty title or text")
    number = call.portal.next_id("logmessage")
    entry = {key: given.get(key) for key in ("title", "text", "iconCode", "entityTypeId", "entityId")}
    call.portal.log_messages[number] = {
        "id": number,
        **entry,
        "created": call.portal.now(),
        "authorId": call.user,
    }
    return {"logMessage": call.portal.log_messages[number]}


@method("crm.activity.todo.add")
def todo_add(call: Call) -> Any:
    """Add a to-do; its reminders will move the last activity, the to-do itself does not."""
    kind = call.portal.kinds.get(intval(call.required("ownerTypeId")))
    row = call.portal.items[kind.id].get(intval(call.required("ownerId"))) if kind else None
    if kind is None or row is None:
        raise RestError("OWNER_NOT_FOUND", "Owner was not found")
    deadline = moment(call.required("deadline"), call.portal.zone)
    if deadline is None:
        raise RestError("WRONG_DATETIME_FORMAT", "Wrong datetime format")
    made = timeline.activity(
        call.portal,
        kind,
        row,
        call.user,
        SUBJECT=str(call.get("title") or "Дело"),
        DESCRIPTION=str(call.get("description") or ""),
        RESPONSIBLE_ID=intval(call.get("responsibleId")) or row["ASSIGNED_BY_ID"],
        DEADLINE=deadline,
        START_TIME=deadline,
        END_TIME=deadline,
        PINGS=[deadline - intval(minutes) * 60 for minutes in as_list(call.get("pingOffsets"))],
    )
    return {"id": made["ID"]}


@method("crm.activity.todo.update")
def todo_update(call: Call) -> Any:
    """Change a to-do."""
    row = _activity(call, call.required("id"))
    changed: Row = {"LAST_UPDATED": call.portal.now()}
    if call.get("deadline") is not None:
        deadline = moment(call.get("deadline"), call.portal.zone)
        if deadline is None:
            raise RestError("WRONG_DATETIME_FORMAT", "Wrong datetime format")
        changed |= {"DEADLINE": deadline, "START_TIME": deadline, "END_TIME": deadline}
    for key, name in (
        ("title", "SUBJECT"),
        ("description", "DESCRIPTION"),
        ("responsibleId", "RESPONSIBLE_ID"),
    ):
        if call.get(key) is not None:
            changed[name] = intval(call.get(key)) if name == "RESPONSIBLE_ID" else str(call.get(key))
    call.portal.activities.put(row | changed)
    return {"id": row["ID"]}


@method("crm.activity.fields")
def activity_fields(call: Call) -> Any:
    """Return the fields of an activity."""
    return described_activity()


@method("crm.activity.list")
def activity_list(call: Call) -> Any:
    """Return a page of activities; ``BINDINGS`` of the filter names items."""
    portal, given = call.portal, as_dict(call.loose("filter"))
    bindings = as_list(given.get("BINDINGS"))
    table = portal.activities
    if bindings:
        owners = {
            (intval(as_dict(one).get("OWNER_TYPE_ID")), intval(as_dict(one).get("OWNER_ID")))
            for one in bindings
        }
        table = table_of(
            row
            for kind, item in sorted(owners)
            for row in portal.activities.having("OWNER", f"{kind}:{item}")
        )
    elif (
        given.get("OWNER_ID")
        and given.get("OWNER_TYPE_ID")
        and not isinstance(given["OWNER_ID"], (list, dict))
    ):
        owner = f"{intval(given['OWNER_TYPE_ID'])}:{intval(given['OWNER_ID'])}"
        table = table_of(portal.activities.having("OWNER", owner))
    rest = {key: value for key, value in given.items() if key != "BINDINGS"}
    return lines(call, page_of(call, table, ACTIVITY, given=rest), ACTIVITY, call.loose("select"))


@method("crm.activity.get")
def activity_get(call: Call) -> Any:
    """Return an activity."""
    return lines(call, [_activity(call, call.loose("id"))], ACTIVITY)[0]


@method("crm.activity.update")
def activity_update(call: Call) -> Any:
    """Change an activity, above all: complete it."""
    row, given = _activity(call, call.loose("id")), call.fields()
    known = {
        name: str(given[name])
        for name in ("SUBJECT", "DESCRIPTION", "COMPLETED", "ORIGIN_ID")
        if name in given
    }
    status = {"STATUS": 2} if known.get("COMPLETED") == "Y" else {}
    call.portal.activities.put(
        row | known | status | {"LAST_UPDATED": call.portal.now(), "EDITOR_ID": call.user}
    )
    call.portal.events.emit(
        "ONCRMACTIVITYUPDATE", {"FIELDS": {"ID": row["ID"]}}, user=call.user, caller=call.caller
    )
    return True


@method("crm.activity.delete")
def activity_delete(call: Call) -> Any:
    """Delete an activity."""
    row = _activity(call, call.loose("id"))
    call.portal.activities.forget(row["ID"])
    call.portal.events.emit(
        "ONCRMACTIVITYDELETE", {"FIELDS": {"ID": row["ID"]}}, user=call.user, caller=call.caller
    )
    return True


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


def _activity(call: Call, number: Any) -> Row:
    row = call.portal.activities.get(intval(number))
    if row is None:
        raise not_found("Activity is not found.")
    return row
