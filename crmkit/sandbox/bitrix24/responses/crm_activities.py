"""To-dos and other activities of CRM items."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from crmkit.sandbox.bitrix24 import timeline
from crmkit.sandbox.bitrix24.activity_fields import described_activity
from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import RestError, not_found
from crmkit.sandbox.bitrix24.kinds import Kind
from crmkit.sandbox.bitrix24.listing import lines, page_of, specs, table_of
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval
from crmkit.sandbox.bitrix24.rights import READ, UPDATE, need, need_old, sees
from crmkit.sandbox.bitrix24.urls import method
from crmkit.sandbox.bitrix24.values import moment

__all__: list[str] = []

ACTIVITY = specs(
    "ID:integer OWNER_ID:integer OWNER_TYPE_ID:integer TYPE_ID:integer PROVIDER_ID:string "
    "PROVIDER_TYPE_ID:string SUBJECT:string CREATED:datetime LAST_UPDATED:datetime START_TIME:datetime "
    "END_TIME:datetime DEADLINE:datetime COMPLETED:string STATUS:integer RESPONSIBLE_ID:integer "
    "PRIORITY:integer DESCRIPTION:string DIRECTION:integer AUTHOR_ID:integer EDITOR_ID:integer "
    "ORIGIN_ID:string"
)

TODO_FIELDS = {"title": "SUBJECT", "description": "DESCRIPTION", "responsibleId": "RESPONSIBLE_ID"}


@method("crm.activity.todo.add")
def todo_add(call: Call) -> Any:
    """Add a to-do; its reminders will move the last activity, the to-do itself does not."""
    kind, row = _owner(call)
    deadline = _deadline(call, call.required("deadline"))
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
        offsets=[intval(minutes) for minutes in as_list(call.get("pingOffsets"))],
    )
    return {"id": made["ID"]}


@method("crm.activity.todo.update")
def todo_update(call: Call) -> Any:
    """Change a to-do; reminders that are not named again are gone."""
    row = _todo(call)
    changed = _moved(_deadline(call, call.required("deadline")))
    for key, name in TODO_FIELDS.items():
        if call.get(key) is not None:
            changed[name] = _value(name, call.get(key))
    changed["OFFSETS"] = [intval(minutes) for minutes in as_list(call.get("pingOffsets"))]
    return _saved(call, row, changed)


@method("crm.activity.todo.updateDeadline")
def todo_deadline(call: Call) -> Any:
    """Move the deadline of a to-do, and its reminders with it."""
    return _saved(call, _todo(call), _moved(_deadline(call, call.required("value"))))


def todo_field(name: str, call: Call) -> Any:
    """Change one thing of a to-do."""
    return _saved(call, _todo(call), {name: _value(name, call.required("value"))})


for _word, _name in (("updateDescription", "DESCRIPTION"), ("updateResponsibleUser", "RESPONSIBLE_ID")):
    method(f"crm.activity.todo.{_word}")(partial(todo_field, _name))


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
    return lines(
        call, page_of(call, table, ACTIVITY, given=rest, test=_seen(call)), ACTIVITY, call.loose("select")
    )


@method("crm.activity.get")
def activity_get(call: Call) -> Any:
    """Return an activity."""
    return lines(call, [_activity(call, call.loose("id"), READ)], ACTIVITY)[0]


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


def _owner(call: Call) -> tuple[Kind, Row]:
    kind = call.portal.kinds.get(intval(call.required("ownerTypeId")))
    row = call.portal.items[kind.id].get(intval(call.required("ownerId"))) if kind else None
    if kind is None or row is None:
        raise RestError("OWNER_NOT_FOUND", "Owner was not found")
    need(call.portal, call.user, kind, row, UPDATE)
    return kind, row


def _todo(call: Call) -> Row:
    row = _activity(call, call.required("id"))
    kind, owner = _owner(call)
    if row["OWNER"] != f"{kind.id}:{owner['ID']}":
        raise not_found("Not found.")
    if row["COMPLETED"] == "Y":
        raise RestError("CAN_NOT_UPDATE_COMPLETED_TODO", "A completed to-do cannot be changed")
    return row


def _deadline(call: Call, given: Any) -> int:
    deadline = moment(given, call.portal.zone)
    if deadline is None:
        raise RestError("WRONG_DATETIME_FORMAT", "Wrong datetime format")
    return deadline


def _moved(deadline: int) -> Row:
    return {"DEADLINE": deadline, "START_TIME": deadline, "END_TIME": deadline}


def _value(name: str, given: Any) -> Any:
    return intval(given) if name == "RESPONSIBLE_ID" else str(given)


def _saved(call: Call, row: Row, changed: Row) -> Any:
    now = call.portal.now()
    changed = row | changed | {"LAST_UPDATED": now, "EDITOR_ID": call.user}
    if changed["DEADLINE"] != row["DEADLINE"] or changed["OFFSETS"] != row["OFFSETS"]:
        changed = timeline.remind(call.portal, changed, changed["DEADLINE"], changed["OFFSETS"])
    call.portal.activities.put(changed)
    call.portal.events.emit(
        "ONCRMACTIVITYUPDATE", {"FIELDS": {"ID": row["ID"]}}, user=call.user, caller=call.caller
    )
    return {"id": row["ID"]}


def _activity(call: Call, number: Any, action: str = UPDATE) -> Row:
    row = call.portal.activities.get(intval(number))
    if row is None:
        raise not_found("Activity is not found.")
    kind, owner = _owned(call, row)
    need_old(call.portal, call.user, kind, owner, action)
    return row


def _owned(call: Call, row: Row) -> tuple[Kind, Row]:
    kind = call.portal.kinds[row["OWNER_TYPE_ID"]]
    return kind, call.portal.items[kind.id].get(row["OWNER_ID"]) or {}


def _seen(call: Call) -> Callable[[Row], bool] | None:
    """Return which activities the caller sees: those of items that they may read; ``None`` for all."""
    tests = {kind.id: sees(call.portal, call.user, kind) for kind in call.portal.kinds.values()}
    if not any(tests.values()):
        return None

    def seen(row: Row) -> bool:
        test = tests[row["OWNER_TYPE_ID"]]
        return test is None or test(_owned(call, row)[1])

    return seen
