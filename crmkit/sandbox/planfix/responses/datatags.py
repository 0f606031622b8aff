"""Analytics (data tags): kinds, rows in tasks and contacts. Adding rows makes a comment, or fills one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmkit.sandbox.planfix import conditions as on
from crmkit.sandbox.planfix import task_filters
from crmkit.sandbox.planfix.analytics import add_rows, drop_row
from crmkit.sandbox.planfix.call import Call, Wanted, passing
from crmkit.sandbox.planfix.exceptions import (
    Refused,
    bad_value,
    comment_not_found,
    forbidden,
    missing,
    task_not_found,
)
from crmkit.sandbox.planfix.field_rows import custom_data, custom_fields, field_row
from crmkit.sandbox.planfix.models import Comment, DataTag, DataTagEntry, Task
from crmkit.sandbox.planfix.responses.comments import find_comment
from crmkit.sandbox.planfix.responses.contacts import find_contact
from crmkit.sandbox.planfix.responses.tasks import find_task
from crmkit.sandbox.planfix.rows import only
from crmkit.sandbox.planfix.urls import route
from crmkit.sandbox.planfix.writes import custom_values

Test = Callable[[DataTagEntry], bool]


def _tag(call: Call, number: Any) -> DataTag:
    tag = call.account.data_tags.get(number) if on.integer(number) else None
    if tag is None:
        raise Refused(6000, f"Data tag not found by id {number}", status=404)
    return tag


def _shown_tag(call: Call, tag: DataTag, wanted: Wanted) -> dict[str, Any]:
    group = call.account.data_tag_groups.get(tag.group)
    shown = {
        "id": tag.id,
        "name": tag.name,
        "group": {"id": group.id, "name": group.name} if group else None,
        "fields": [field_row(spec, "datatag") for spec in tag.fields.values()],
    }
    return only(shown, wanted)


@route("POST", "/datatag/list", "datatag_readonly", error_status=500)
def datatag_list(call: Call) -> dict[str, Any]:
    """List the kinds of analytics."""
    wanted, (offset, size) = call.wanted("id,name"), call.page()
    tags = [tag for _, tag in sorted(call.account.data_tags.items())]
    return {"dataTags": [_shown_tag(call, tag, wanted) for tag in tags[offset : offset + size]]}


@route("GET", "/datatag/{id}", "datatag_readonly")
def datatag_get(call: Call) -> dict[str, Any]:
    """Read a kind of analytics."""
    return {"dataTag": _shown_tag(call, _tag(call, call.number("id")), call.wanted("id,name"))}


@route("GET", "/customfield/datatag/{id}", "common_metadata", error_status=500)
def datatag_fields(call: Call) -> dict[str, Any]:
    """List the fields of a kind of analytics."""
    wanted = call.wanted() if call.request.query.get("fields") else None
    return {"customfields": custom_fields(_tag(call, call.number("id")).fields, "datatag", wanted)}


def _rows(call: Call) -> tuple[DataTag, list[dict[int, Any]]]:
    """Return the kind and the values of the rows that a body describes; one bad value spoils all."""
    body = call.body
    named = body.get("dataTag")
    if not isinstance(named, dict) or "id" not in named:
        raise missing("dataTag")
    items = body.get("items")
    if not isinstance(items, list) or not items or not all(isinstance(one, dict) for one in items):
        raise missing("items")
    number = named["id"]
    tag = call.account.data_tags.get(number) if on.integer(number) else None
    if tag is None:
        raise Refused(6000, f"Data tag not found by id {number}")
    rows = [_values(call, tag, item, code=6001) for item in items]
    return tag, [{number: value for number, value in row.items() if value is not None} for row in rows]


def _values(call: Call, tag: DataTag, item: dict[str, Any], *, code: int) -> dict[int, Any]:
    failures: list[dict[str, str]] = []
    values = custom_values(call, item, tag.fields, set(tag.fields), failures)
    if failures:
        raise Refused(code, "Error add entry" if code == 6001 else "Update error")
    return values


def _new_comment(call: Call, task: int) -> Comment:
    account = call.account
    return Comment(account.new_id("comment"), task, call.user.ref, account.now())


@route("POST", "/task/{id}/datatags/", "datatag_add", status=201)
def task_rows_create(call: Call) -> dict[str, Any]:
    """Add rows to a task: a comment comes with them, so it counts as activity."""
    account, task = call.account, find_task(call, call.number("id"), alive=True)
    tag, rows = _rows(call)
    comment = _new_comment(call, task.id)
    keys = add_rows(account, tag, rows, task, comment)
    account.add_comment(task, comment, silent=call.silent, author=call.user.ref)
    return {"keys": keys, "commentId": comment.id}


@route("POST", "/task/{id}/datatags/{commentId}", "datatag_add", status=201)
def task_rows_append(call: Call) -> dict[str, Any]:
    """Add rows to a comment that is there: no new activity."""
    task = find_task(call, call.number("id"), alive=True)
    comment = find_comment(call, call.number("commentId"))
    if comment.task != task.id:
        raise comment_not_found(comment.id)
    return {"keys": add_rows(call.account, *_rows(call), task, comment)}


@route("POST", "/contact/{id}/datatags/", "datatag_add", status=201)
def contact_rows_create(call: Call) -> dict[str, Any]:
    """Add rows to a contact, with a comment."""
    account, contact = call.account, find_contact(call)
    tag, rows = _rows(call)
    comment = _new_comment(call, 0)
    account.add_contact_comment(contact, comment, silent=call.silent, author=call.user.ref)
    return {"keys": add_rows(account, tag, rows, contact, comment), "commentId": comment.id}


@route("POST", "/contact/{id}/datatags/{commentId}", "datatag_add", status=201)
def contact_rows_append(call: Call) -> dict[str, Any]:
    """Add rows to a comment of a contact."""
    contact = find_contact(call)
    comment = find_comment(call, call.number("commentId"))
    if comment.contact != contact.id:
        raise comment_not_found(comment.id)
    return {"keys": add_rows(call.account, *_rows(call), contact, comment)}


def _sees(call: Call, entry: DataTagEntry) -> bool:
    task = call.account.tasks.get(entry.task)
    return task is None or (not task.is_deleted and call.account.sees(call.user, task))


def _entry(call: Call) -> DataTagEntry:
    entry = call.account.entries.get(call.number("key"))
    if entry is None or not _sees(call, entry):
        raise Refused(6000, f"Entry not found by key - {call.params['key']}")
    return entry


def _shown(call: Call, entry: DataTagEntry, wanted: Wanted) -> dict[str, Any]:
    account, tag = call.account, call.account.data_tags[entry.tag]
    shown: dict[str, Any] = {
        "dataTag": {"id": tag.id, "name": tag.name},
        "key": entry.key,
        "commentId": entry.comment,
        "task": {"id": entry.task, "name": account.name_of(f"task:{entry.task}")} if entry.task else None,
        "contact": (
            {"id": entry.contact, "name": account.name_of(f"contact:{entry.contact}")}
            if entry.contact
            else None
        ),
    }
    return only(shown, wanted) | custom_data(call, "datatag", entry.fields, wanted, specs=tag.fields)


@route("GET", "/datatag/entry/{key}", "datatag_readonly")
def entry_get(call: Call) -> dict[str, Any]:
    """Read a row; the description wraps it, its example does not (a setting)."""
    shown = _shown(call, _entry(call), call.wanted("key"))
    return {"entry": shown} if call.settings.entry_shape == "wrapped" else shown


@route("POST", "/datatag/entry/{key}", "datatag_update")
def entry_update(call: Call) -> None:
    """Change some fields of a row: 200 without a body."""
    entry = _entry(call)
    _own(call, entry)
    values = {**entry.fields, **_values(call, call.account.data_tags[entry.tag], call.body, code=6002)}
    before, entry.fields = entry.fields, {name: value for name, value in values.items() if value is not None}
    task = call.account.tasks.get(entry.task)
    if task is not None and before != entry.fields and not call.silent:
        call.account.automation.happened(
            frozenset({"datatag_row_changed"}),
            task,
            author=call.user.ref,
            at=call.account.now(),
            comment=entry.comment,
        )


@route("DELETE", "/datatag/entry/{key}", "datatag_delete")
def entry_delete(call: Call) -> None:
    """Delete a row; its comment stays."""
    entry = _entry(call)
    _own(call, entry)
    drop_row(call.account, entry)


def _own(call: Call, entry: DataTagEntry) -> None:
    if entry.author != call.user.ref and not call.user.sees_all:
        raise forbidden(f"Access denied for data tag entry by key {entry.key}")


@route("POST", "/datatag/{id}/entry/list", "datatag_readonly")
def entry_list(call: Call) -> dict[str, Any]:
    """List rows of a kind over all tasks and contacts, the oldest first."""
    tag = _tag(call, call.number("id"))
    wanted, (offset, size) = call.wanted("key"), call.page()
    tests = [test for test in (_test(call, tag, one) for one in call.filters()) if test is not None]
    holder = _holder(call)
    tests += [holder] if holder else []
    rows = (one for one in call.account.entries.values() if one.tag == tag.id and _sees(call, one))
    found = list(passing(tests, rows))[offset : offset + size]
    return {"dataTagEntries": [_shown(call, one, wanted) for one in found]}


def _holder(call: Call) -> Test | None:
    task, contact = call.body.get("taskId"), call.body.get("contactId")
    if task is not None:
        if not on.integer(task) or task not in call.account.tasks:
            raise task_not_found(task)
        return lambda entry: entry.task == task
    if contact is None:
        return None
    number = str(contact).rpartition(":")[2]
    if not number.isdigit():
        raise bad_value(f"Incorrect contactId - {contact!r}")
    return lambda entry: entry.contact == int(number)


def _test(call: Call, tag: DataTag, one: on.Filter) -> Test | None:
    """Filters 31xx look at the row, all others are those of tasks and look at the row's task."""
    family = on.ENTRY_TYPES.get(one["type"])
    if family is not None:
        condition = on.custom(call, {**one, "type": 100 + family}, tag.fields)
        return (lambda entry: condition(entry.fields)) if condition else None
    (test,) = task_filters.tests(call, [one]) or (None,)
    if test is None:
        return None
    tasks: dict[int, Task] = call.account.tasks
    return lambda entry: entry.task in tasks and test(tasks[entry.task])
