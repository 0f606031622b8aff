"""Tasks by REST 2: ``tasks.task.*``, checklists and time records."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Conditions, Row
from crmkit.sandbox.bitrix24.exceptions import RestError, missing_parameter
from crmkit.sandbox.bitrix24.listing import TASK_PREFIXES, lines, order_of, page_of, specs, table_of, whole
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval
from crmkit.sandbox.bitrix24.tasks import (
    COMPLETED,
    CONTROL,
    DEFERRED,
    PENDING,
    PROGRESS,
    STATUSES,
    TASK,
    add_task,
    change_task,
    complete_task,
    delegate_task,
    delete_task,
    read_task,
    shown_task,
)
from crmkit.sandbox.bitrix24.urls import method
from crmkit.sandbox.bitrix24.values import moment

__all__: list[str] = []

NOT_ALLOWED = "1048582"
SEARCHED = TASK | {"REAL_STATUS": TASK["STATUS"]}
CHECKLIST = specs(
    "ID:integer TASK_ID:integer PARENT_ID:integer CREATED_BY:integer TITLE:string SORT_INDEX:integer "
    "IS_COMPLETE:string IS_IMPORTANT:string TOGGLED_BY:integer TOGGLED_DATE:datetime"
)
ELAPSED = specs(
    "ID:integer TASK_ID:integer USER_ID:integer COMMENT_TEXT:string SECONDS:integer MINUTES:integer "
    "SOURCE:integer CREATED_DATE:datetime DATE_START:datetime DATE_STOP:datetime"
)


@method("tasks.task.add", "task")
def add(call: Call) -> Any:
    """Add a task; what is wrong with it is told in HTML."""
    values = _values(call)
    if not values.get("TITLE"):
        raise _core("Не указано название задачи.")
    if values.get("RESPONSIBLE_ID", call.user) not in call.portal.users:
        raise _core('Не найден пользователь, указанный в поле "Ответственный".')
    row = add_task(call.portal, values, call.user, call.caller)
    return {"task": shown_task(call.portal, row, [])}


@method("tasks.task.get", "task")
def get(call: Call) -> Any:
    """Return a task; links to the CRM only if ``select`` names them."""
    select = call.get("select", [])
    if not isinstance(select, (list, dict)) or ("select" in call.params and not select):
        text = "Invalid value {} to match with parameter {select}. Should be value of type array."
        raise RestError("100", f"{text} (internal error)")
    return {"task": shown_task(call.portal, _task(call), [str(one) for one in as_list(select)])}


@method("tasks.task.list", "task")
def list_(call: Call) -> Any:
    """Return a page of tasks; status is filtered as ``REAL_STATUS``."""
    order = order_of(
        call.get("order"), TASK, lambda key: RestError("0", "Invalid sorting key (internal error)")
    )
    rows = page_of(call, call.portal.tasks, SEARCHED, prefixes=TASK_PREFIXES, order=order, legacy=False)
    select = [str(one) for one in as_list(call.get("select"))]
    return {"tasks": [shown_task(call.portal, row, select) for row in rows]}


@method("tasks.task.update", "task")
def update(call: Call) -> Any:
    """Change a task."""
    row, values = _task(call), _values(call)
    if values.get("RESPONSIBLE_ID", call.user) not in call.portal.users:
        raise _core('Не найден пользователь, указанный в поле "Ответственный".')
    if values.get("STATUS", PENDING) not in STATUSES:
        raise _core("Неверный статус")
    changed = change_task(call.portal, row, values, call.user, call.caller)
    return {"task": shown_task(call.portal, changed, [])}


@method("tasks.task.delete", "task")
def delete(call: Call) -> Any:
    """Delete a task."""
    delete_task(call.portal, _task(call), call.user, call.caller)
    return {"task": True}


@method("tasks.task.complete", "task")
def complete(call: Call) -> Any:
    """Complete a task; with control, what others complete waits for its creator."""
    row = _task(call)
    if row["STATUS"] in (CONTROL, COMPLETED):
        raise RestError(NOT_ALLOWED, "Action on the task is not allowed")
    changed = complete_task(call.portal, row, call.user, call.caller)
    return {"task": shown_task(call.portal, changed, [])}


@method("tasks.task.approve", "task")
def approve(call: Call) -> Any:
    """Accept the work; only the creator may, and only what waits for it."""
    return _moved(call, _controlled(call), COMPLETED)


@method("tasks.task.disapprove", "task")
def disapprove(call: Call) -> Any:
    """Send the work back."""
    return _moved(call, _controlled(call), PENDING)


@method("tasks.task.start", "task")
def start(call: Call) -> Any:
    """Begin with a task."""
    return _moved(call, _open(call), PROGRESS)


@method("tasks.task.pause", "task")
def pause(call: Call) -> Any:
    """Stop working on a task for a while."""
    return _moved(call, _open(call), PENDING)


@method("tasks.task.defer", "task")
def defer(call: Call) -> Any:
    """Put a task off."""
    return _moved(call, _open(call), DEFERRED)


@method("tasks.task.renew", "task")
def renew(call: Call) -> Any:
    """Open a completed task again."""
    return _moved(call, _task(call), PENDING)


@method("tasks.task.delegate", "task")
def delegate(call: Call) -> Any:
    """Hand a task over; creator, responsible person and administrators may."""
    row = _task(call)
    if "userId" not in call.params:
        raise missing_parameter("userId")
    user = call.portal.users.get(intval(call.get("userId")))
    allowed = call.user in (row["CREATED_BY"], row["RESPONSIBLE_ID"]) or call.portal.is_admin(call.user)
    if user is None or not user.active or not allowed or row["STATUS"] == COMPLETED:
        raise RestError("0", "Action on the task is not allowed")
    changed = delegate_task(call.portal, row, user.id, call.user, call.caller)
    return {"task": shown_task(call.portal, changed, [])}


@method("tasks.task.getFields", "task")
def fields(call: Call) -> Any:
    """Return the fields of a task."""
    return {"fields": {name: {"title": name, "type": spec.type} for name, spec in TASK.items()}}


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
    rows = (row for row in call.portal.checklists if row["TASK_ID"] == task["ID"])
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
        table = table_of(row for row in table if row["TASK_ID"] == task["ID"])
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


def _values(call: Call) -> Row:
    given = call.get("fields")
    if not isinstance(given, (dict, list)) or not given:
        raise RestError("100", "Could not find value for parameter {fields} (internal error)")
    return read_task(call.portal, as_dict(given))


def _task(call: Call) -> Row:
    if "taskId" not in call.params:
        text = "CTaskItem All parameters in the constructor must have real class type (internal error)"
        raise RestError("100", text)
    row = call.portal.tasks.get(intval(call.get("taskId")))
    if row is None:
        raise RestError("0", "wrong task id")
    return row


def _controlled(call: Call) -> Row:
    row = _task(call)
    if row["STATUS"] != CONTROL or (call.user != row["CREATED_BY"] and not call.portal.is_admin(call.user)):
        raise RestError(NOT_ALLOWED, "Action on the task is not allowed")
    return row


def _open(call: Call) -> Row:
    row = _task(call)
    if row["STATUS"] == COMPLETED:
        raise RestError(NOT_ALLOWED, "Action on the task is not allowed")
    return row


def _moved(call: Call, row: Row, status: int) -> Any:
    changed = change_task(call.portal, row, {"STATUS": status}, call.user, call.caller)
    return {"task": shown_task(call.portal, changed, [])}


def _core(text: str) -> RestError:
    return RestError("ERROR_CORE", f"{text}<br>")


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
    if row is None:
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
