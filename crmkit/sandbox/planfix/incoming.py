"""Incoming webhooks: parameters become values, values a task, a comment, a contact or a pressed button."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from crmkit.sandbox.planfix.automation import TooSoon, shaped
from crmkit.sandbox.planfix.fields import BadFieldValue, decode, ref_of
from crmkit.sandbox.planfix.models import Comment, Contact, FieldDef, Task
from crmkit.sandbox.planfix.scenarios import IncomingWebhook
from crmkit.sandbox.planfix.text import stored
from crmkit.sandbox.wire import Request

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.account import Account

__all__ = ["carry_out", "values_of"]

FIELD = "field:"
SET, CHECKBOX, DIRECTORY = 20, 7, 9
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def values_of(webhook: IncomingWebhook, request: Request) -> dict[str, str] | None:
    """Return the values of a call by meaning; parameters that are missing have none.

    ``None`` means that the body cannot be read.
    """
    if webhook.kind == "json":
        try:
            body = json.loads(request.body)
        except ValueError:
            return None
        found = {name: _pick(body, name) for name in webhook.params}
    elif webhook.kind == "post":
        found = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    else:
        found = dict(request.query)
    return {
        meaning: str(found[name]) for name, meaning in webhook.params.items() if found.get(name) is not None
    }


def _pick(body: Any, path: str) -> Any:
    """Return what stands at ``deal.items[0].name``; ``None`` if nothing does."""
    for name, index in _STEP.findall(path):
        try:
            body = body[int(index)] if index else body[name]
        except (KeyError, IndexError, TypeError):
            return None
    return json.dumps(body, ensure_ascii=False) if isinstance(body, (dict, list)) else body


def carry_out(account: Account, webhook: IncomingWebhook, values: dict[str, str]) -> dict[str, int]:
    """Do what a webhook does and return what it may tell about it.

    A value that makes no sense is left out, a task that is not there is left alone: the caller is told of
    neither. Nothing is done if the month's quota of operations is used up.
    """
    if webhook.operation != "none" and not account.automation.spend(account.now()):
        return {}
    if webhook.operation == "create_contact":
        return {"contact": _contact(account, webhook, values).id}
    if webhook.operation == "create_task":
        task: Task | None = _create(account, webhook, values)
    else:
        task = _known(account, values.get("task", ""))
        if task is not None and webhook.operation == "change_task":
            account.change_task(task, _changes(account, values), author=webhook.author)
    if task is None:
        return {}
    if values.get("comment"):
        text = stored(values["comment"])
        number = account.new_id("comment")
        account.add_comment(task, Comment(number, task.id, webhook.author, account.now(), text=text))
    if webhook.button:
        try:
            account.automation.press(webhook.button, task, author=webhook.author, by_webhook=True)
        except (LookupError, TooSoon):
            return {"task": task.id}
    return {"task": task.id}


def _known(account: Account, number: str) -> Task | None:
    task = account.tasks.get(int(number)) if number.isdigit() else None
    return None if task is None or task.is_deleted else task


def _create(account: Account, webhook: IncomingWebhook, values: dict[str, str]) -> Task:
    kind, now = account.objects[webhook.object], account.now()
    changes = _changes(account, values)
    fields = {number: value for number, value in changes.pop("fields").items() if number in kind.fields}
    made = {"name": kind.name, "status": account.processes[kind.process].statuses[0], **changes}
    task = Task(
        id=account.new_id("task"),
        created=now,
        updated=now,
        process=kind.process,
        object=kind.id,
        assigner=webhook.author,
        fields=fields,
        **made,
    )
    return account.add_task(task, author=webhook.author)


def _contact(account: Account, webhook: IncomingWebhook, values: dict[str, str]) -> Contact:
    number, now = account.new_id("contact"), account.now()
    contact = Contact(number, values.get("name", ""), created=now, updated=now, added_by=webhook.author)
    contact.description, contact.process = values.get("description", ""), 1
    return account.add_contact(contact, author=webhook.author)


def _changes(account: Account, values: dict[str, str]) -> dict[str, Any]:
    changes: dict[str, Any] = {"fields": {}}
    for meaning, value in values.items():
        if meaning == "name" and value:
            changes["name"] = value
        elif meaning == "description":
            changes["description"] = stored(value)
        elif meaning == "status" and value.isdigit() and int(value) in account.statuses:
            changes["status"] = int(value)
        elif meaning in ("assignee", "counterparty"):
            changes |= _person(account, meaning, value)
        elif meaning.startswith(FIELD):
            spec = account.fields.task.get(int(meaning.removeprefix(FIELD)))
            if spec is not None:
                changes["fields"] |= _field(account, spec, value)
    return changes


def _person(account: Account, meaning: str, value: str) -> dict[str, Any]:
    try:
        ref = ref_of(value, "user" if meaning == "assignee" else "contact")
    except ValueError:
        return {}
    if ref is None or not account.exists(ref):
        return {}
    return {"assignees": (ref,)} if meaning == "assignee" else {"counterparty": int(ref.partition(":")[2])}


def _field(account: Account, spec: FieldDef, value: str) -> dict[int, Any]:
    shape: Any = shaped(spec, value)
    if spec.type == SET:
        shape = [one.strip() for one in value.split(",")]
    elif spec.type == DIRECTORY:
        shape = {"id": value}
    elif spec.type == CHECKBOX:
        shape = value.lower() in ("1", "true", "да")
    try:
        return {spec.id: decode(spec, shape, ZoneInfo(account.settings.timezone))}
    except BadFieldValue:
        return {}
