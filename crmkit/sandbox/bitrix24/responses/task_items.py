"""Checklists and time records of tasks; the parameters of these old methods have an order, not names."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Conditions, Row
from crmkit.sandbox.bitrix24.exceptions import RestError
from crmkit.sandbox.bitrix24.listing import lines, order_of, specs, table_of, whole
from crmkit.sandbox.bitrix24.php import as_dict, intval
from crmkit.sandbox.bitrix24.tasks import visible
from crmkit.sandbox.bitrix24.urls import method
from crmkit.sandbox.bitrix24.values import moment

__all__: list[str] = []

CHECKLIST = specs(
    "ID:integer TASK_ID:integer PARENT_ID:integer CREATED_BY:integer TITLE:string SORT_INDEX:integer "
    "IS_COMPLETE:string IS_IMPORTANT:string TOGGLED_BY:integer TOGGLED_DATE:datetime"
)
ELAPSED = specs(
    "ID:integer TASK_ID:integer USER_ID:integer COMMENT_TEXT:string SECONDS:integer MINUTES:integer "
    "SOURCE:integer CREATED_DATE:datetime DATE_START:datetime DATE_STOP:datetime"
)


@method("task.checklistitem.add", "task")
def checklist_add(call: Call) -> Any:
    """Add a line to the checklist; the parameters have an order here, not names."""
    task, given = _positional_task(call), as_dict(_positional(call, 1, "FIELDS", {}))
    if not given.get("TITLE"):
        raise _old("8; Item name not specified; 8/TE/ACTION_FAILED_TO_BE_PROCESSED")
    row = {
        "ID": call.portal.checklists.next_id(),
        "TASK_ID": task["ID"],
        "PARENT_ID": intval(given.get("PARENT_ID")),
        "CREATED_BY": call.user,
        "TITLE": str(given["TITLE"]),
        "SORT_INDEX": intval(given.get("SORT_INDEX")),
        "IS_COMPLETE": "Y" if given.get("IS_COMPLETE") == "Y" else "N",
        "IS_IMPORTANT": "Y" if given.get("IS_IMPORTANT") == "Y" else "N",
    }
    call.portal.checklists.put(row)
    return row["ID"]


@method("task.checklistitem.getlist", "task")
def checklist(call: Call) -> Any:
    """Return the checklist of a task."""
    task = _positional_task(call)
    rows = call.portal.checklists.having("TASK_ID", task["ID"])
    order = order_of(_positional(call, 1, "ORDER", {}), CHECKLIST)
    found = table_of(rows).find(Conditions(), order, offset=0, limit=10_000, counted=True)[0]
    return [line | {"MEMBERS": [], "ATTACHMENTS": []} for line in lines(call, found, CHECKLIST)]


@method("task.checklistitem.complete", "task")
def checklist_complete(call: Call) -> Any:
    """Tick a line off."""
    return _toggle(call, "Y")


@method("task.checklistitem.renew", "task")
def checklist_renew(call: Call) -> Any:
    """Take the tick back."""
    return _toggle(call, "N")


@method("task.checklistitem.update", "task")
def checklist_update(call: Call) -> Any:
    """Change a line."""
    row, given = _line(call), as_dict(_positional(call, 2, "FIELDS", {}))
    known = {name: str(given[name]) for name in ("TITLE", "IS_COMPLETE", "IS_IMPORTANT") if name in given}
    call.portal.checklists.put(row | known)
    return True


@method("task.checklistitem.delete", "task")
def checklist_delete(call: Call) -> Any:
    """Delete a line."""
    call.portal.checklists.forget(_line(call)["ID"])
    return True


@method("task.elapseditem.add", "task")
def elapsed_add(call: Call) -> Any:
    """Record time."""
    task, given = _positional_task(call), as_dict(_positional(call, 1, "ARFIELDS", {}))
    seconds, now = intval(given.get("SECONDS")), call.portal.now()
    at = moment(given.get("CREATED_DATE"), call.portal.zone) or now
    row = {
        "ID": call.portal.elapsed.next_id(),
        "TASK_ID": task["ID"],
        "USER_ID": intval(given.get("USER_ID")) or call.user,
        "COMMENT_TEXT": str(given.get("COMMENT_TEXT") or ""),
        "SECONDS": seconds,
        "MINUTES": seconds // 60,
        "SOURCE": 2,
        "CREATED_DATE": at,
        "DATE_START": at,
        "DATE_STOP": at,
    }
    call.portal.elapsed.put(row)
    return row["ID"]


@method("task.elapseditem.getlist", "task")
def elapsed(call: Call) -> Any:
    """Return time records: of a task, or of all that a filter finds."""
    table = call.portal.elapsed
    first = _positional(call, 0, "TASKID", None)
    if first is not None and not isinstance(first, (dict, list)):
        task = _positional_task(call)
        table = table_of(table.having("TASK_ID", task["ID"]))
        order, given = _positional(call, 1, "ORDER", {}), _positional(call, 2, "FILTER", {})
    else:
        order, given = first or {}, _positional(call, 1, "FILTER", {})
    rows = whole(call, table, ELAPSED, given=given)
    rows = table_of(rows).find(Conditions(), order_of(order, ELAPSED), offset=0, limit=50, counted=True)[0]
    call.total = len(rows)
    return lines(call, rows, ELAPSED)


@method("task.elapseditem.delete", "task")
def elapsed_delete(call: Call) -> Any:
    """Delete a time record."""
    task, number = _positional_task(call), intval(_positional(call, 1, "ITEMID", 0))
    row = call.portal.elapsed.get(number)
    if row is None or row["TASK_ID"] != task["ID"]:
        raise RestError("ERROR_CORE", "ACTION_NOT_ALLOWED")
    call.portal.elapsed.forget(number)
    return None


def _old(text: str) -> RestError:
    return RestError("ERROR_CORE", f"TASKS_ERROR_EXCEPTION_#{text}<br>")


def _positional(call: Call, place: int, name: str, default: Any) -> Any:
    """Return a parameter of an old method: by its place in what was sent, or by its name."""
    if str(place) in call.params:
        return call.params[str(place)]
    return call.loose(name, default)


def _positional_task(call: Call) -> Row:
    number = _positional(call, 0, "TASKID", None)
    if number is None or intval(number) <= 0:
        text = 'Param #0 (taskId) expected to be of type "integer", but given something else.'
        raise _old(f"256; {text}; 256/TE/WRONG_ARGUMENTS")
    row = call.portal.tasks.get(intval(number))
    if row is None or not visible(call.portal, row, call.user):
        raise _old("8; Action failed; 8/TE/ACTION_FAILED_TO_BE_PROCESSED")
    return row


def _line(call: Call) -> Row:
    task, number = _positional_task(call), intval(_positional(call, 1, "ITEMID", 0))
    row = call.portal.checklists.get(number)
    if row is None or row["TASK_ID"] != task["ID"]:
        raise _old("8; Action failed; 8/TE/ACTION_FAILED_TO_BE_PROCESSED")
    return row


def _toggle(call: Call, done: str) -> Any:
    toggled = {"IS_COMPLETE": done, "TOGGLED_BY": call.user, "TOGGLED_DATE": call.portal.now()}
    call.portal.checklists.put(_line(call) | toggled)
    return True
