"""Business processes: their templates, starting them, seeing and ending those that run."""

from __future__ import annotations

import re
from typing import Any

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import RestError, empty_code
from crmkit.sandbox.bitrix24.kinds import Kind
from crmkit.sandbox.bitrix24.listing import lines, page_of, specs, table_of
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval
from crmkit.sandbox.bitrix24.processes import Template
from crmkit.sandbox.bitrix24.urls import method

__all__: list[str] = []

PREFIXES = (">=", "<=", "!", ">", "<")
"""The documentation also names ``=`` and ``!=``; the server's source drops such filters."""
INSTANCE = specs(
    "ID:string MODIFIED:datetime OWNED_UNTIL:datetime STARTED:datetime STARTED_BY:integer MODULE_ID:string "
    "ENTITY:string DOCUMENT_ID:string TEMPLATE_ID:integer"
)
SEARCHED = {**INSTANCE, "ID": specs("KEY:string")["KEY"]}
"""The ids of processes are texts; the table numbers its rows itself."""
TEMPLATE = specs(
    "ID:integer MODULE_ID:string ENTITY:string DOCUMENT_TYPE:string AUTO_EXECUTE:integer NAME:string "
    "DESCRIPTION:string MODIFIED:datetime IS_MODIFIED:string USER_ID:integer SYSTEM_CODE:string"
)
DEFAULT_INSTANCE = (
    "ID",
    "MODIFIED",
    "OWNED_UNTIL",
    "MODULE_ID",
    "ENTITY",
    "DOCUMENT_ID",
    "STARTED",
    "STARTED_BY",
)
AUTOMATION = 8
DOCUMENT = re.compile(r"(?:(LEAD|DEAL|CONTACT|COMPANY|SMART_INVOICE)|DYNAMIC_(\d+))_(\d+)")


@method("bizproc.workflow.template.list", "bizproc", admin=True)
def templates(call: Call) -> Any:
    """Return a page of templates; those of robots are not among them."""
    found = [one for one in call.portal.processes.templates.values() if one.auto_execute < AUTOMATION]
    rows = page_of(call, table_of(_template(call, one) for one in found), TEMPLATE, prefixes=PREFIXES)
    _odd_next(call, rows)
    select = as_list(call.loose("select")) or ["ID"]
    written = lines(call, rows, TEMPLATE, select)
    if "PARAMETERS" in {str(one).upper() for one in select}:
        for line in written:
            line["PARAMETERS"] = call.portal.processes.templates[int(line["ID"])].parameters or []
    return written


@method("bizproc.workflow.start", "bizproc", admin=True)
def start(call: Call) -> Any:
    """Start a process; the same one may run on an item any number of times, as far as the portal cares."""
    number = call.loose("TEMPLATE_ID")
    if not number:
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Empty TEMPLATE_ID")
    template = call.portal.processes.templates.get(intval(number))
    if template is None:
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Template not found")
    kind, item = _document(call, [str(one) for one in as_list(call.loose("DOCUMENT_ID"))])
    if kind.id != template.entity_type:
        raise empty_code("Template type and DOCUMENT_ID mismatch!")
    return call.portal.processes.start(template, kind, item, call.user, as_dict(call.loose("PARAMETERS")))


@method("bizproc.workflow.instances", "bizproc", admin=True)
def instances(call: Call) -> Any:
    """Return a page of running processes; unknown or lower-case names in the filter are dropped."""
    given = {key: value for key, value in as_dict(call.loose("filter")).items() if key == key.upper()}
    found = page_of(call, call.portal.processes.table, SEARCHED, prefixes=PREFIXES, given=given)
    _odd_next(call, found)
    select = as_list(call.loose("select")) or list(DEFAULT_INSTANCE)
    return lines(call, [row | {"ID": row["KEY"]} for row in found], INSTANCE, select)


@method("bizproc.workflow.terminate", "bizproc", admin=True)
def terminate(call: Call) -> Any:
    """End a running process; its history stays."""
    call.portal.processes.end(_running(call), "terminated")
    return True


@method("bizproc.workflow.kill", "bizproc", admin=True)
def kill(call: Call) -> Any:
    """End a running process with all its data."""
    call.portal.processes.end(_running(call), "killed")
    return True


def _odd_next(call: Call, found: list[Row]) -> None:
    """Without a count and without rows the vendor tells a next page of -1."""
    if not found and call.total == 0 and intval(call.params.get("start", 0)) < 0:
        call.next = -1


def _document(call: Call, given: list[str]) -> tuple[Kind, int]:
    if len(given) != 3 or given[0] != "crm":
        raise empty_code("Wrong DOCUMENT_ID!")
    match = DOCUMENT.fullmatch(given[2])
    kinds = call.portal.kinds.values()
    kind = next((one for one in kinds if one.document == given[1] and match and _same(one, match)), None)
    if match is None or kind is None:
        raise empty_code("Incorrect document type!")
    if call.portal.items[kind.id].get(int(match[3])) is None:
        raise empty_code("Wrong DOCUMENT_ID!")
    return kind, int(match[3])


def _same(kind: Kind, match: re.Match[str]) -> bool:
    return kind.document_id(int(match[3])) == match[0]


def _running(call: Call) -> str:
    number = str(call.loose("ID") or "")
    if not number:
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Empty workflow instance ID")
    if number not in call.portal.processes.running:
        raise RestError("ERROR_WRONG_WORKFLOW_ID", "Workflow not found")
    return number


def _template(call: Call, one: Template) -> Row:
    kind = call.portal.kinds[one.entity_type]
    return {
        "ID": one.id,
        "MODULE_ID": "crm",
        "ENTITY": kind.document,
        "DOCUMENT_TYPE": kind.event if not kind.dynamic else f"DYNAMIC_{kind.id}",
        "AUTO_EXECUTE": one.auto_execute,
        "NAME": one.name,
        "DESCRIPTION": "",
        "MODIFIED": one.modified,
        "IS_MODIFIED": "N",
        "USER_ID": one.user,
        "SYSTEM_CODE": None,
    }
