"""What does not change often: ping, processes and statuses, objects, workspaces; bots of Telegram."""

from __future__ import annotations

import re
from typing import Any

from crmkit.sandbox.planfix.call import Call
from crmkit.sandbox.planfix.exceptions import Refused, bad_value
from crmkit.sandbox.planfix.field_rows import custom_value
from crmkit.sandbox.planfix.models import ObjectKind
from crmkit.sandbox.planfix.rows import status_row
from crmkit.sandbox.planfix.urls import route

ADMINISTRATORS = ("Admin", "TechAdmin", "Robot")
SECRET = re.compile(r"[\w-]{32,256}", re.ASCII)


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


@route("GET", "/workspace/list", "common_metadata", error_status=500)
def workspace_list(call: Call) -> dict[str, Any]:
    """List the workspaces, the newest first."""
    workspaces = sorted(call.account.workspaces.items(), reverse=True)
    return {"workspaces": [{"id": number, "name": name} for number, name in workspaces]}


@route("POST", "/integration/telegram/bots/{botId}/webhook", "system_settings")
def telegram_webhook(call: Call) -> dict[str, Any]:
    """Set who manages the webhook of a bot, and the secret, which is never given back."""
    body, number = call.body, call.number("botId")
    if call.user.role not in ADMINISTRATORS:
        raise Refused(6, "Not permitted", status=403)
    bot = call.account.telegram_bots.get(number)
    if bot is None:
        raise Refused(41, f"Telegram bot not found by id - {number}", status=404)
    secret, managed = body.get("secretToken"), body.get("webhookManagedExternally")
    if secret is None and managed is None:
        raise Refused(40, "secretToken or webhookManagedExternally is required")
    if secret is not None and not (isinstance(secret, str) and SECRET.fullmatch(secret)):
        raise bad_value("secretToken must be 32-256 chars and contain only A-Z, a-z, 0-9, _ or -")
    if managed is not None and not isinstance(managed, bool):
        raise bad_value(f"Incorrect webhookManagedExternally - {managed!r}")
    bot.secret = bot.secret if secret is None else secret
    bot.managed_externally = bot.managed_externally if managed is None else managed
    return {
        "botId": number,
        "webhookManagedExternally": bot.managed_externally,
        "webhookSecretTokenConfigured": bool(bot.secret),
    }
