"""What does not change often: ping, processes and statuses, objects, custom fields."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.planfix.call import Call
from crmkit.sandbox.planfix.exceptions import Refused, bad_value, missing
from crmkit.sandbox.planfix.field_rows import custom_fields, custom_value
from crmkit.sandbox.planfix.fields import TYPE_NAMES
from crmkit.sandbox.planfix.models import FieldDef, ObjectKind
from crmkit.sandbox.planfix.rows import status_row
from crmkit.sandbox.planfix.urls import route


@route("GET", "/ping", "")
def ping(call: Call) -> dict[str, Any]:
    """Answer."""
    return {}


@route("GET", "/process/task", "common_metadata")
def task_processes(call: Call) -> dict[str, Any]:
    """List the processes of tasks."""
    return {"processes": [{"id": one.id, "name": one.name} for one in call.account.processes.values()]}


@route("GET", "/process/contact", "common_metadata")
def contact_processes(call: Call) -> dict[str, Any]:
    """List the processes of contacts."""
    return {
        "processes": [{"id": one.id, "name": one.name} for one in call.account.contact_processes.values()]
    }


@route("GET", "/process/task/{id}/statuses", "common_metadata")
def process_statuses(call: Call) -> dict[str, Any]:
    """List the statuses of a process."""
    process = call.account.processes.get(call.number("id"))
    if process is None:
        raise bad_value(f"Process not found by id {call.params['id']}")
    return {"statuses": [status_row(call.account.statuses[number]) for number in process.statuses]}


@route("POST", "/object/list", "object_readonly")
def object_list(call: Call) -> dict[str, Any]:
    """List the objects of the account."""
    offset, size = call.page()
    objects = [{"id": one.id, "name": one.name} for one in call.account.objects.values()]
    return {"objects": objects[offset : offset + size]}


@route("GET", "/object/{id}", "object_readonly")
def object_get(call: Call) -> dict[str, Any]:
    """Read an object: its first status and the custom fields attached to it, empty as in a new task."""
    kind = _object(call)
    specs = call.account.fields.task
    statuses = call.account.processes[kind.process].statuses
    return {
        "object": {
            "id": kind.id,
            "name": kind.name,
            "status": status_row(call.account.statuses[statuses[0]]),
            "customFieldData": [
                custom_value(call, specs[number], None, "task") for number in sorted(kind.fields)
            ],
        }
    }


@route("GET", "/object/{id}/statuses", "object_readonly")
def object_statuses(call: Call) -> dict[str, Any]:
    """List the statuses of an object's process."""
    process = call.account.processes[_object(call).process]
    return {"statuses": [status_row(call.account.statuses[number]) for number in process.statuses]}


def _object(call: Call) -> ObjectKind:
    kind = call.account.objects.get(call.number("id"))
    if kind is None:
        raise Refused(0, "Rest API error")
    return kind


@route("GET", "/customfield/type", "common_metadata", error_status=500)
def field_types(call: Call) -> dict[str, Any]:
    """List the types of custom fields."""
    return {"customFieldTypes": [{"id": number, "name": name} for number, name in TYPE_NAMES.items()]}


def _register(owner: str) -> None:
    """Register the three operations on the fields of tasks, contacts, employees and projects."""

    def listed(call: Call) -> dict[str, Any]:
        wanted = call.wanted() if call.request.query.get("fields") else None
        return {"customfields": custom_fields(call.account.fields.of(owner), owner, wanted)}

    route("GET", f"/customfield/{owner}", "common_metadata", error_status=500)(listed)
    # Asked for one task, the vendor was seen to return the whole list all the same.
    route("GET", f"/customfield/{owner}/{{id}}", "common_metadata", error_status=500)(listed)
    route("POST", f"/customfield/{owner}/", "system_settings", status=201)(lambda call: _create(call, owner))


for _owner in ("task", "contact", "user", "project"):
    _register(_owner)


def _create(call: Call, owner: str) -> dict[str, Any]:
    """Create a custom field; nothing documents that it gets attached to any object."""
    account, body = call.account, call.body
    if not isinstance(body.get("name"), str) or not body["name"]:
        raise missing("name")
    if body.get("type") not in TYPE_NAMES:
        raise bad_value(f"Unknown custom field type - {body.get('type')!r}")
    options = [str(option) for option in body.get("enumValues") or []]
    number = account.fields.next_id()
    spec = FieldDef(number, body["name"], body["type"], options, int(body.get("directoryId") or 0))
    account.fields.of(owner)[number] = spec
    if owner == "task" and call.settings.new_fields_attached:
        for kind in (*account.objects.values(), *account.templates.values()):
            kind.fields.add(number)
    return {"id": number}
