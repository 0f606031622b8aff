"""Checklists of tasks. Items cannot be deleted."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.planfix.call import Call, Wanted
from crmkit.sandbox.planfix.exceptions import Refused, forbidden
from crmkit.sandbox.planfix.field_rows import moment
from crmkit.sandbox.planfix.records import ChecklistItem
from crmkit.sandbox.planfix.responses.tasks import find_task
from crmkit.sandbox.planfix.rows import only, people
from crmkit.sandbox.planfix.urls import route
from crmkit.sandbox.planfix.writes import NotTaken, Readers, failures_payload, flag, read
from crmkit.sandbox.planfix.writes import people as people_reader


def _name(call: Call, value: Any) -> dict[str, Any]:
    if not isinstance(value, str) or not value:
        raise NotTaken("name")
    return {"name": value}


def _parent(call: Call, value: Any) -> dict[str, Any]:
    task = call.account.tasks.get(int(value["id"]))
    if task is None or not call.account.sees(call.user, task):
        raise NotTaken("parent")
    return {"task": task.id}


WRITES: Readers = {
    "name": _name,
    "isDone": flag("is_done"),
    "assignees": people_reader("assignees"),
    "parent": _parent,
}


def _shown(call: Call, item: ChecklistItem, wanted: Wanted) -> dict[str, Any]:
    shown = {
        "id": item.id,
        "name": item.name,
        "isDone": item.is_done,
        "parent": {"id": item.task},
        "dateTime": moment(call, item.at),
        "assignees": people(call, item.assignees),
    }
    return only(shown, wanted)


@route("POST", "/task/{id}/checklist/list", "task_readonly")
def checklist(call: Call) -> dict[str, Any]:
    """List the items of a task in order of their numbers."""
    task, wanted, (offset, size) = find_task(call, call.number("id")), call.wanted("id,name"), call.page()
    items = [item for item in call.account.checklist.values() if item.task == task.id]
    return {"items": [_shown(call, item, wanted) for item in items[offset : offset + size]]}


def _find(call: Call) -> ChecklistItem:
    item = call.account.checklist.get(call.number("itemId"))
    task = call.account.tasks.get(call.number("id"))
    if item is None or task is None or item.task != task.id:
        raise Refused(600, f"Checklist item not found by id - {call.params['itemId']}")
    if not call.account.sees(call.user, task):
        raise forbidden(f"Access denied for checklist item by id - {item.id}")
    return item


@route("GET", "/task/{id}/checklist/{itemId}", "task_readonly")
def item_get(call: Call) -> dict[str, Any]:
    """Read an item."""
    return {"item": _shown(call, _find(call), call.wanted("id,name"))}


@route("POST", "/task/{id}/checklist", "task_update", status=201)
def item_create(call: Call) -> dict[str, Any]:
    """Add an item; the path has no slash at its end, unlike other creations."""
    account, body = call.account, call.body
    if not isinstance(body.get("name"), str) or not body["name"]:
        raise Refused(601, "Checklist item name is required")
    task = find_task(call, call.number("id"), alive=True)
    changes, failures = read(call, body, WRITES)
    if failures:
        raise Refused(601, f"Incorrect {failures[0]['field']} of checklist item")
    number = account.new_id("checklist")
    item = ChecklistItem(number, **{"task": task.id, "at": account.now(), **changes})
    account.checklist[number] = item
    account.automation.happened(
        frozenset({"checklist"}), task, author=call.user.ref, at=account.now(), changed=(item.name,)
    )
    return {"id": number}


@route("POST", "/task/{id}/checklist/{itemId}", "task_update")
def item_update(call: Call) -> dict[str, Any]:
    """Change an item: 200, or 202 when a part of it failed, which elsewhere means "queued"."""
    item = _find(call)
    changes, failures = read(call, call.body, WRITES)
    changed = [name for name, value in changes.items() if getattr(item, name) != value]
    for name, value in changes.items():
        setattr(item, name, value)
    if changed:
        call.account.automation.happened(
            frozenset({"checklist_changed"}),
            call.account.tasks[item.task],
            author=call.user.ref,
            at=call.account.now(),
            changed=(item.name,),
        )
    call.status = 202 if failures else 200
    return failures_payload(call, failures)
