"""What business processes ask of people: seeing, answering and handing over assignments."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24.assignments import (
    ANSWER_WORDS,
    CANCEL,
    INFORMATION,
    NO,
    OK,
    OPTIONAL,
    STATES,
    YES,
    Assignment,
)
from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import RestError, access_denied
from crmkit.sandbox.bitrix24.listing import lines, page_of, specs, table_of
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval, items
from crmkit.sandbox.bitrix24.rights import leads
from crmkit.sandbox.bitrix24.urls import method

__all__: list[str] = []

PREFIXES = (">=", "<=", "!", ">", "<")
TASK = specs(
    "ID:integer WORKFLOW_ID:string DOCUMENT_NAME:string DESCRIPTION:string NAME:string MODIFIED:datetime "
    "WORKFLOW_STARTED:datetime WORKFLOW_STARTED_BY:integer OVERDUE_DATE:nothing "
    "WORKFLOW_TEMPLATE_ID:integer WORKFLOW_TEMPLATE_NAME:string WORKFLOW_STATE:string STATUS:integer "
    "USER_ID:integer USER_STATUS:integer MODULE_ID:string ENTITY:string DOCUMENT_ID:string "
    "ACTIVITY:string ACTIVITY_NAME:string DOCUMENT_URL:string"
)
DEFAULT = ("ENTITY", "DOCUMENT_ID", "ID", "WORKFLOW_ID", "DOCUMENT_NAME", "NAME", "DOCUMENT_URL")
NEEDS_COMMENT = {"Y": (YES, NO, OK, CANCEL), "YA": (YES, OK), "YR": (NO, CANCEL)}


@method("bizproc.task.list", "bizproc")
def list_(call: Call) -> Any:
    """Return a page of assignments: everybody's to administrators, else one's own and one's people's."""
    select = call.loose("select", [])
    if not isinstance(select, (list, dict)):
        raise RestError("ERROR_SELECT_VALIDATION_FAILURE", "Invalid data in SELECT parameter")
    wanted = {key.upper(): value for key, value in items(call.loose("filter"))}
    if not call.portal.is_admin(call.user):
        asked = [intval(one) for one in as_list(wanted.get("USER_ID", call.user))]
        if not all(one == call.user or leads(call.portal, call.user, one) for one in asked):
            raise access_denied(status=400)
        wanted["USER_ID"] = asked
    found = call.portal.processes.assignments.told(call.portal.now())
    rows = page_of(call, table_of(map(_row, found)), TASK, prefixes=PREFIXES, given=wanted)
    chosen = [str(one).upper() for one in as_list(select)] or list(DEFAULT)
    written = lines(call, rows, TASK, chosen)
    if "PARAMETERS" in chosen:
        for line in written:
            line["PARAMETERS"] = _found(call, int(line["ID"])).parameters or []
    return written


@method("bizproc.task.complete", "bizproc")
def complete(call: Call) -> Any:
    """Answer an assignment of one's own; its process goes on within the call."""
    number = intval(call.loose("TASK_ID"))
    if number <= 0:
        raise RestError("ERROR_TASK_VALIDATION", "empty TASK_ID")
    told = call.loose("STATUS")
    status = ANSWER_WORDS.get(str(told).lower()) or intval(told)
    if status not in ANSWER_WORDS.values():
        raise RestError("ERROR_TASK_VALIDATION", "incorrect STATUS")
    one = _found(call, number)
    if one.user != call.user:
        raise _not_found()
    if one.status:
        raise RestError("ERROR_TASK_COMPLETED", "Task already completed")
    if not one.answers:
        raise RestError("ERROR_TASK_TYPE", "Incorrect task type")
    given = as_dict(call.loose("FIELDS"))
    _check(one, status, str(call.loose("COMMENT") or ""), given)
    call.portal.processes.answer(one, status, given)
    return True


@method("bizproc.task.delegate", "bizproc")
def delegate(call: Call) -> Any:
    """Hand assignments over to a colleague; what went wrong is told in one text."""
    numbers = [intval(one) for one in as_list(call.loose("TASK_IDS"))]
    if not any(numbers):
        raise RestError("ERROR_TASK_VALIDATION", "Invalid TASK_IDS")
    people = []
    for name in ("FROM_USER_ID", "TO_USER_ID"):
        user = call.portal.users.get(intval(call.loose(name)))
        if user is None:
            raise RestError("ERROR_INVALID_USER_ID", f"Invalid {name}")
        people.append(user)
    before, after = people
    mine = before.id == call.user or call.portal.is_admin(call.user)
    if after.extranet:
        raise _no_delegation("Task delegation is only available for intranet users")
    found = [call.portal.processes.assignments.get(number) for number in numbers]
    wrong = [one for one in found if one is None or one.user != before.id or one.status or not mine]
    if wrong:
        raise _no_delegation(";".join("User is not responsible for the task" for _ in wrong))
    for one in found:
        if one is not None:
            one.user, one.modified = after.id, call.portal.now()
    return True


def _found(call: Call, number: int) -> Assignment:
    one = call.portal.processes.assignments.get(number)
    if one is None:
        raise _not_found()
    return one


def _not_found() -> RestError:
    return RestError("ERROR_TASK_NOT_FOUND", "Task not found")


def _no_delegation(text: str) -> RestError:
    return RestError("ERROR_DELEGATION_NOT_ALLOWED", text)


def _check(one: Assignment, status: int, comment: str, given: dict[str, Any]) -> None:
    """Refuse an answer that the assignment itself does not take."""
    if status not in one.answers:
        raise RestError("ERROR_TASK_EXECUTION", "No action of the task fits the status")
    needs = NEEDS_COMMENT.get(str(one.parameters.get("CommentRequired", "N")), ())
    if status in needs and not comment:
        raise RestError("ERROR_TASK_EXECUTION", "Поле «Комментарий» обязательно для заполнения.")
    if one.activity in (INFORMATION, OPTIONAL) and status == OK:
        for field in one.parameters.get("Fields", ()):
            if field.get("Required") and not given.get(field["Id"]):
                raise RestError("ERROR_TASK_EXECUTION", f"Поле «{field['Name']}» обязательно для заполнения.")


def _row(one: Assignment) -> Row:
    what, _, item = one.document.rpartition("_")
    return {
        "ID": one.id,
        "WORKFLOW_ID": one.workflow,
        "DOCUMENT_NAME": one.document_name,
        "DESCRIPTION": "",
        "NAME": one.name,
        "MODIFIED": one.modified,
        "WORKFLOW_STARTED": one.started,
        "WORKFLOW_STARTED_BY": one.started_by,
        "OVERDUE_DATE": None,
        "WORKFLOW_TEMPLATE_ID": one.template,
        "WORKFLOW_TEMPLATE_NAME": one.template_name,
        "WORKFLOW_STATE": STATES[one.activity],
        "STATUS": one.status,
        "USER_ID": one.user,
        "USER_STATUS": one.user_status,
        "MODULE_ID": "crm",
        "ENTITY": one.entity,
        "DOCUMENT_ID": one.document,
        "ACTIVITY": one.activity,
        "ACTIVITY_NAME": f"A{one.template}_{one.id}",
        "DOCUMENT_URL": f"/crm/{what.lower()}/details/{item}/",
    }
