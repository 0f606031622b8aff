"""Tasks by REST 3.0: JSON filters, real numbers, named statuses, errors that name the field."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import RestError
from crmkit.sandbox.bitrix24.php import as_list, intval
from crmkit.sandbox.bitrix24.tasks import (
    STATUSES,
    add_task,
    change_task,
    delete_task,
    visible,
    write_message,
)
from crmkit.sandbox.bitrix24.urls import method
from crmkit.sandbox.bitrix24.v3 import refused, unknown_property
from crmkit.sandbox.bitrix24.values import iso, moment

__all__: list[str] = []

FIELDS = {
    "id": ("ID", "integer"),
    "title": ("TITLE", "string"),
    "description": ("DESCRIPTION", "string"),
    "creatorId": ("CREATED_BY", "integer"),
    "responsibleId": ("RESPONSIBLE_ID", "integer"),
    "groupId": ("GROUP_ID", "integer"),
    "parentId": ("PARENT_ID", "integer"),
    "deadline": ("DEADLINE", "datetime"),
    "created": ("CREATED_DATE", "datetime"),
    "changed": ("CHANGED_DATE", "datetime"),
    "closed": ("CLOSED_DATE", "datetime"),
    "status": ("STATUS", "status"),
    "needsControl": ("TASK_CONTROL", "flag"),
    "xmlId": ("XML_ID", "string"),
    "crmItemIds": ("UF_CRM_TASK", "strings"),
}
NOT_EDITABLE = ("id", "created", "changed", "closed")
NOT_CHANGEABLE = (*NOT_EDITABLE, "creatorId")
RELATED = {"responsible": "RESPONSIBLE_ID", "creator": "CREATED_BY"}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
DEFAULT_LIMIT, MAX_LIMIT = 50, 1000
NEEDS_EDITABLE = "requires the presence of the `Editable` attribute for such a request"
NUMBERS = {name: number for number, name in STATUSES.items()}


@method("tasks.task.get", "tasks", version=3)
def get(call: Call) -> Any:
    """Return a task."""
    return {"item": _shown(call, _task(call), _select(call) or list(FIELDS))}


@method("tasks.task.list", "tasks", version=3)
def list_(call: Call) -> Any:
    """Return the tasks of a page; how many there are in all is not told."""
    test = _all_of(call, as_list(call.get("filter")))
    rows = [row for row in call.portal.tasks if test(row) and visible(call.portal, row, call.user)]
    for name, direction in reversed(list((call.get("order") or {}).items())):
        column, _ = _field(name)
        if str(direction).upper() not in ("ASC", "DESC"):
            raise refused("INVALIDORDEREXCEPTION", f"Unable to recognize the order parameter `{direction}`")
        rows.sort(
            key=lambda row: (row[column] is not None, row[column] or 0),
            reverse=str(direction).upper() == "DESC",
        )
    offset, limit = _pagination(call)
    select = _select(call) or list(FIELDS)
    return {"items": [_shown(call, row, select) for row in rows[offset : offset + limit]]}


@method("tasks.task.add", "tasks", version=3)
def add(call: Call) -> Any:
    """Add a task."""
    values = _values(call, NOT_EDITABLE)
    missing = [name for name in ("title", "responsibleId") if not values.get(FIELDS[name][0])]
    if missing:
        raise _invalid({name: f"The field `{name}` is required" for name in missing})
    return {"item": _shown(call, add_task(call.portal, values, call.user, call.caller), list(FIELDS))}


@method("tasks.task.update", "tasks", version=3)
def update(call: Call) -> Any:
    """Change a task."""
    change_task(call.portal, _task(call), _values(call, NOT_CHANGEABLE), call.user, call.caller)
    return {"result": True}


@method("tasks.task.delete", "tasks", version=3)
def delete(call: Call) -> Any:
    """Delete a task."""
    delete_task(call.portal, _task(call), call.user, call.caller)
    return {"result": True}


@method("tasks.task.chat.message.send", "tasks", version=3)
def message(call: Call) -> Any:
    """Write into the chat of a task that one can read."""
    given = call.get("fields")
    if not isinstance(given, dict) or not given:
        raise _invalid({"fields": "The required field `fields` is not specified"})
    missing = [name for name in ("taskId", "text") if not given.get(name)]
    if missing:
        told = [{"message": f'The required field "{name}" is not filled', "field": name} for name in missing]
        text = "Error during object validation"
        raise refused("VALIDATION_DTOVALIDATIONEXCEPTION", text, validation=told)
    if not isinstance(given["taskId"], int):
        raise _invalid({"taskId": "The field `taskId` requires data type `int` for this request"})
    row = call.portal.tasks.get(given["taskId"])
    if row is None or not visible(call.portal, row, call.user):
        raise refused("ACCESSDENIEDEXCEPTION", "Access denied", 403)
    write_message(call.portal, row, call.user, str(given["text"]))
    return {"result": True}


def _task(call: Call) -> Row:
    number = call.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        raise _invalid({"id": "The field `id` is required"})
    row = call.portal.tasks.get(number)
    if row is None:
        raise refused("ENTITYNOTFOUNDEXCEPTION", f"Record with ID = `{number}` not found")
    if not visible(call.portal, row, call.user):
        raise refused("ACCESSDENIEDEXCEPTION", "Access denied", 403)
    return row


def _invalid(fields: dict[str, str]) -> RestError:
    validation = [{"message": message, "field": name} for name, message in fields.items()]
    text = "Error during request object validation"
    return refused("VALIDATION_REQUESTVALIDATIONEXCEPTION", text, validation=validation)


def _field(name: Any) -> tuple[str, str]:
    if name not in FIELDS:
        raise unknown_property(str(name))
    return FIELDS[name]


def _select(call: Call) -> list[str]:
    select = [str(one) for one in as_list(call.get("select"))]
    for name in select:
        if name.partition(".")[0] not in RELATED:
            _field(name)
    return select


def _values(call: Call, closed: tuple[str, ...]) -> Row:
    given = call.get("fields")
    if not isinstance(given, dict) or not given:
        raise _invalid({"fields": "The field `fields` is required"})
    wrong = {
        name: f"In DTO `TaskDto`, the field `{name}` {NEEDS_EDITABLE}" for name in given if name in closed
    }
    if wrong:
        raise _invalid(wrong)
    return {_field(name)[0]: _read(call, name, value) for name, value in given.items()}


def _read(call: Call, name: str, value: Any) -> Any:
    kind = _field(name)[1]
    if value is None:
        return None
    if kind == "datetime":
        at = moment(value, call.portal.zone)
        if at is None:
            raise _invalid({name: f"The field `{name}` has to be a date"})
        return at
    if kind == "status":
        if value not in NUMBERS:
            raise _invalid({name: f"Unknown status `{value}`"})
        return NUMBERS[value]
    if kind == "flag":
        return "Y" if value is True else "N"
    if kind == "strings":
        return [str(one) for one in as_list(value)]
    return intval(value) if kind == "integer" else str(value)


def _shown(call: Call, row: Row, select: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {"id": row["ID"]}
    for name in select:
        head, _, tail = name.partition(".")
        if head in RELATED:
            user = call.portal.users.get(row[RELATED[head]])
            known = {"id": user.id, "name": user.full_name, "email": user.email} if user else {}
            told.setdefault(head, {})[tail or "id"] = known.get(tail or "id")
            continue
        column, kind = FIELDS[name]
        value = row.get(column)
        if kind == "datetime":
            value = None if value is None else iso(value, call.zone)
        elif kind == "status":
            value = STATUSES[row["STATUS"]]
        elif kind == "flag":
            value = value == "Y"
        told[name] = value
    return told


def _pagination(call: Call) -> tuple[int, int]:
    given = call.get("pagination") or {}
    numbers = {
        name: given.get(name, default)
        for name, default in (("limit", DEFAULT_LIMIT), ("page", 1), ("offset", 0))
    }
    if (
        any(not isinstance(one, int) or isinstance(one, bool) or one < 0 for one in numbers.values())
        or not numbers["limit"]
    ):
        raise refused("INVALIDPAGINATIONEXCEPTION", "Unable to recognize the pagination parameter")
    limit = min(numbers["limit"], MAX_LIMIT)
    return numbers["offset"] or max(0, numbers["page"] - 1) * limit, limit


def _all_of(call: Call, conditions: list[Any]) -> Callable[[Row], bool]:
    tests = [_condition(call, one) for one in conditions]
    return lambda row: all(test(row) for test in tests)


def _condition(call: Call, given: Any) -> Callable[[Row], bool]:
    if isinstance(given, dict):
        tests = [_condition(call, one) for one in as_list(given.get("conditions"))]
        either = str(given.get("logic", "and")).lower() == "or"
        return lambda row: (any if either else all)(test(row) for test in tests)
    parts = as_list(given)
    if len(parts) == 2:
        parts = [parts[0], "=", parts[1]]
    if len(parts) != 3 or not isinstance(parts[1], str) or parts[1] not in (*COMPARE, "in", "between"):
        raise refused("INVALIDFILTEREXCEPTION", f"Unable to recognize the filter parameter `{given}`")
    name, sign, value = parts
    column = _field(name)[0]
    if sign == "in":
        wanted = [_read(call, name, one) for one in as_list(value)]
        return lambda row: row.get(column) in wanted
    if sign == "between":
        low, high = (_read(call, name, one) for one in as_list(value)[:2])
        return lambda row: row.get(column) is not None and low <= row[column] <= high
    compare, wanted_one = COMPARE[sign], _read(call, name, value)
    if sign in ("=", "!="):
        return lambda row: compare(row.get(column), wanted_one)
    return lambda row: row.get(column) is not None and compare(row[column], wanted_one)
