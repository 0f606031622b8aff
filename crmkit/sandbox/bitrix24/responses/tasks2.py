"""Tasks by REST 2: ``tasks.task.*``, checklists and time records."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import RestError, missing_parameter, not_emulated
from crmkit.sandbox.bitrix24.listing import TASK_PREFIXES, order_of, page_of
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
    visible,
)
from crmkit.sandbox.bitrix24.urls import method
from crmkit.sandbox.bitrix24.values import iso

__all__: list[str] = []

NOT_ALLOWED = "1048582"
FAVOURITES = "::SUBFILTER-PARAMS"
NOT_SEARCHED = frozenset(
    (
        *("FORUM_TOPIC_ID", "SITE_ID", "ADD_IN_REPORT", "DEPENDS_ON", "ONLY_ROOT_TASKS"),
        *("SPRINT_ID", "BACKLOG_ID", "FAVORITE"),
    )
)
"""What the vendor filters by and this sandbox does not; whatever is in neither list the vendor drops."""
SEARCHED = TASK | {
    "REAL_STATUS": TASK["STATUS"],
    "TAG": TASK["TAGS"],
    "ACCOMPLICE": TASK["ACCOMPLICES"],
    "AUDITOR": TASK["AUDITORS"],
}


@method("tasks.task.add", "task")
def add(call: Call) -> Any:
    """Add a task; what is wrong with it is told in HTML."""
    values = _values(call)
    if not values.get("TITLE"):
        raise _core("Не указано название задачи.")
    if values.get("RESPONSIBLE_ID", call.user) not in call.portal.users:
        raise _core('Не найден пользователь, указанный в поле "Ответственный".')
    _check(call, values)
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
    """Return a page of the tasks that somebody can see, the newest first unless they are ordered.

    The status is filtered as ``REAL_STATUS``.
    """
    favourites = _checked_filter(call)
    order = order_of(
        call.get("order"), SEARCHED, lambda key: RestError("0", "Invalid sorting key (internal error)")
    )
    rows = page_of(
        call,
        call.portal.tasks,
        SEARCHED,
        prefixes=TASK_PREFIXES,
        order=order or [("ID", True)],
        legacy=False,
        test=None if call.portal.is_admin(call.user) else lambda row: visible(call.portal, row, call.user),
    )
    if favourites:
        rows, call.total, call.next = [], 0, None
    select = [str(one) for one in as_list(call.get("select"))]
    return {"tasks": [shown_task(call.portal, row, select) for row in rows]}


@method("tasks.task.update", "task")
def update(call: Call) -> Any:
    """Change a task."""
    row, values = _task(call), _values(call)
    _check(call, values, row["ID"])
    if values.get("RESPONSIBLE_ID", call.user) not in call.portal.users:
        raise _core('Не найден пользователь, указанный в поле "Ответственный".')
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


@method("tasks.task.history.list", "task")
def history(call: Call) -> Any:
    """Return what was changed in a task, the newest first unless the order says otherwise."""
    found = call.portal.beside_tasks.history.having("TASK_ID", _task(call)["ID"])
    wanted = as_dict(call.get("filter")).get("FIELD")
    entries = [one for one in found if wanted in (None, one["FIELD"])]
    ways = [str(way).lower() for way in as_dict(call.get("order")).values()]
    if ways[:1] != ["asc"]:
        entries.reverse()
    return {"list": [_event(call, one) for one in entries]}


@method("tasks.task.getFields", "task")
def fields(call: Call) -> Any:
    """Return the fields of a task."""
    return {"fields": {name: {"title": name, "type": spec.type} for name, spec in TASK.items()}}


def _values(call: Call) -> Row:
    given = call.get("fields")
    if not isinstance(given, (dict, list)) or not given:
        raise RestError("100", "Could not find value for parameter {fields} (internal error)")
    if as_dict(given).get("REPLICATE") == "Y":
        raise not_emulated("tasks that recur")
    return read_task(call.portal, as_dict(given))


def _checked_filter(call: Call) -> bool:
    """Refuse what is not emulated; tell whether favourites are asked for, which nobody has here."""
    wanted = as_dict(call.get("filter"))
    for key in wanted:
        if key != FAVOURITES and (key.startswith("::") or key.lstrip("!<>=").upper() in NOT_SEARCHED):
            raise not_emulated(f"the filter {key} of tasks.task.list")
    if any(intval(one) < 0 for one in as_list(wanted.get("STATUS"))):
        raise not_emulated("the meta statuses of tasks.task.list")
    return as_dict(wanted.get(FAVOURITES)).get("FAVORITE") == "Y"


def _check(call: Call, values: Row, task: int = 0) -> None:
    if values.get("STATUS", PENDING) not in STATUSES:
        raise _core("Неверный статус")
    parent = values.get("PARENT_ID") or 0
    if parent and parent == task:
        raise _core("Нельзя привязать узел к самому себе")
    if parent and call.portal.tasks.get(parent) is None:
        raise _core('Не найдена задача, указанная в поле "Базовая задача".')


def _task(call: Call) -> Row:
    if "taskId" not in call.params:
        text = "CTaskItem All parameters in the constructor must have real class type (internal error)"
        raise RestError("100", text)
    row = call.portal.tasks.get(intval(call.get("taskId")))
    if row is None:
        raise RestError("0", "wrong task id")
    if not visible(call.portal, row, call.user):
        raise RestError("0", "Action on the task is not allowed (internal error)")
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


def _event(call: Call, entry: Row) -> dict[str, Any]:
    user = call.portal.users.get(entry["BY"])
    person = {"id": entry["BY"], "name": "", "lastName": "", "secondName": "", "login": ""}
    if user is not None:
        person |= {"name": user.name, "lastName": user.last_name, "login": user.email}
    return {
        "id": entry["ID"],
        "createdDate": iso(entry["AT"], call.zone),
        "field": entry["FIELD"],
        "value": {"from": entry["FROM"], "to": entry["TO"]},
        "user": person,
    }


def _core(text: str) -> RestError:
    return RestError("ERROR_CORE", f"{text}<br>")
