"""Tasks: list, read, create, update, saved filters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from crmkit.sandbox.planfix import task_filters
from crmkit.sandbox.planfix.call import Call, passing
from crmkit.sandbox.planfix.exceptions import (
    Refused,
    bad_value,
    forbidden,
    missing,
    task_not_found,
)
from crmkit.sandbox.planfix.models import ObjectKind, Task
from crmkit.sandbox.planfix.rows import task_row
from crmkit.sandbox.planfix.timepoints import MomentError, parse_moment
from crmkit.sandbox.planfix.urls import route
from crmkit.sandbox.planfix.writes import failures_payload, task_values

__all__ = ["find_task", "only_changed", "postponed"]

BUILT_IN_FILTERS = {":all": "Все", ":in": "Входящие", ":out": "Исходящие", ":audit": "Аудируемые"}


def find_task(call: Call, number: int, *, update: bool = False, alive: bool = False) -> Task:
    """Return a task that the caller may see.

    Args:
        call: Who asks.
        number: The task's number.
        update: Whether it is to be changed: the refusal says so.
        alive: Whether a deleted task will not do.

    Raises:
        Refused: Code 1000: there is none, or it is not for these eyes.
    """
    task = call.account.tasks.get(number)
    if task is None or not call.account.sees(call.user, task):
        raise task_not_found(number, update=update)
    if task.is_deleted and (alive or call.settings.deleted_task == "not_found"):
        raise task_not_found(number, update=update)
    return task


@route("POST", "/task/list", "task_readonly", error_status=500)
def task_list(call: Call) -> dict[str, Any]:
    """List tasks in order of their numbers; deleted ones are not among them."""
    viewer = _run_as(call)
    wanted, (offset, size) = call.wanted(), call.page()
    tests = task_filters.tests(call, call.filters())
    if call.body.get("filterId"):
        saved = task_filters.saved(call, call.body["filterId"], viewer)
        tests += [saved] if saved else []
    changed = only_changed(call, "task", offset)
    tests += [changed] if changed else []
    page = islice(_matching(call, viewer, tests), offset, offset + size)
    rows = [task_row(call, task, wanted) for task in page]
    if changed and len(rows) < size:
        call.account.sync.end(_source(call), "task")
    if call.settings.movement:
        call.account.movement.stir(call.settings.movement)
    return {"tasks": rows}


def _source(call: Call) -> str:
    return str(call.body.get("sourceId") or "")


def only_changed(call: Call, what: str, offset: int) -> Callable[[Any], bool] | None:
    """Return the test that ``onlyChanged`` asks for; ``None`` if it is not asked for."""
    if call.body.get("onlyChanged") is not True:
        return None
    sync, source = call.account.sync, _source(call)
    if call.settings.only_changed == "version":
        return lambda one: sync.since_version(f"{what}:{one.id}")
    if offset == 0:
        sync.begin(source, what)
    return lambda one: sync.since_cursor(source, what, one.id)


@route("GET", "/task/templates", "task_readonly")
def task_templates(call: Call) -> dict[str, Any]:
    """List the templates of tasks."""
    wanted, (offset, size) = call.wanted("id,name"), call.query_page()
    found = [_as_task(call, one) for _, one in sorted(call.account.templates.items())]
    return {"templates": [task_row(call, one, wanted) for one in found[offset : offset + size]]}


def _as_task(call: Call, kind: ObjectKind) -> Task:
    """Return a template as the task it looks like."""
    status = call.account.processes[kind.process].statuses[0]
    return Task(kind.id, kind.name, 0.0, 0.0, status, kind.process, template=kind.id, type="Template")


@route("GET", "/task/recurring", "task_readonly")
def task_recurring(call: Call) -> dict[str, Any]:
    """List the tasks that are set up to recur."""
    wanted, (offset, size) = call.wanted("id,name"), call.query_page()
    found = _matching(call, call.user.ref, [lambda task: task.recurring])
    return {"tasks": [task_row(call, task, wanted) for task in islice(found, offset, offset + size)]}


def _run_as(call: Call) -> str:
    """Return on whose behalf tasks are listed."""
    ref = call.body.get("runAsUserId")
    if not ref:
        return call.user.ref
    if call.user.role not in ("Admin", "Robot"):
        raise forbidden("runAsUserId is for administrators only")
    kind, _, number = str(ref).partition(":")
    if kind not in ("user", "contact") or not number.isdigit() or not call.account.exists(str(ref)):
        raise bad_value(f"User not found by id {ref}")
    return str(ref)


def _matching(call: Call, viewer: str, tests: list[task_filters.Test]) -> Iterator[Task]:
    found = (task for task in call.account.tasks.values() if not task.is_deleted)
    kind, _, number = viewer.partition(":")
    if kind == "contact" or not call.account.users[int(number)].sees_all:
        tests = [*tests, partial(call.account.takes_part, viewer)]
    return passing(tests, found)


@route("GET", "/task/{id}", "task_readonly")
def task_get(call: Call) -> dict[str, Any]:
    """Read a task."""
    return {"task": task_row(call, find_task(call, call.number("id")), call.wanted())}


@route("POST", "/task/", "task_add", status=201)
def task_create(call: Call) -> dict[str, Any]:
    """Create a task: the object or template decides about process, first status and fields."""
    account, body = call.account, call.body
    if not isinstance(body.get("name"), str) or not body["name"]:
        raise missing("name")
    kind = _kind(call, body)
    changes, failures = task_values(call, body, kind)
    if failures:
        raise Refused(1001, f"Task add error, incorrect {failures[0]['field']}")
    changes.setdefault("process", kind.process if kind else min(account.processes))
    _check_status(call, changes, changes["process"])
    fields = {number: value for number, value in changes.pop("fields").items() if value is not None}
    now = account.now()
    task = Task(
        id=account.new_id("task"),
        created=_created(call, now),
        updated=now,
        fields=fields,
        favorites=frozenset({call.user.ref} if body.get("inFavorites") else ()),
        **{"assigner": call.user.ref, **changes},
    )
    if not account.statuses[task.status].is_active:
        task.completed = now
    account.add_task(task, author=call.user.ref)
    if task.source_version:
        account.sync.version(f"task:{task.id}")
    account.keep_busy(task, now, account.settings.write_busy)
    return {"id": task.id}


def _kind(call: Call, body: dict[str, Any]) -> ObjectKind | None:
    for name, shelf in (("object", call.account.objects), ("template", call.account.templates)):
        if body.get(name):
            try:
                return shelf[int(body[name]["id"])]
            except (KeyError, TypeError, ValueError):
                raise bad_value(f"{name.capitalize()} not find by id {body[name]}") from None
    return None


def _check_status(call: Call, changes: dict[str, Any], process: int, present: int = 0) -> None:
    """See to it that the status belongs to the process; another process begins with its first status.

    Raises:
        Refused: Code 41: the process has no such status.
    """
    allowed = call.account.processes[process].statuses
    if "status" in changes:
        if changes["status"] not in allowed:
            raise bad_value(f"Status not find by id {changes['status']}")
    elif present not in allowed:
        changes["status"] = allowed[0]


def _created(call: Call, now: float) -> float:
    if not call.body.get("dateTime"):
        return now
    try:
        return parse_moment(call.body["dateTime"], call.shown_zone)[0]
    except MomentError:
        raise bad_value("Incorrect dateTime") from None


@route("POST", "/task/{id}", "task_update")
def task_update(call: Call) -> dict[str, Any] | None:
    """Change a task: 200 with what failed, or 202 if it is busy: queued without a word about when."""
    account, body = call.account, call.body
    # A deleted task takes nothing but its restoration; that it does is a guess.
    task = find_task(call, call.number("id"), update=True, alive=body.get("isDeleted") is not False)
    new_kind = _kind(call, body)
    changes, failures = task_values(call, body, new_kind or account.kind_of(task))
    if new_kind is not None:
        changes.setdefault("process", new_kind.process)
    _check_status(call, changes, changes.get("process", task.process), task.status)
    if call.fault is not None and call.fault.kind == "failures":
        failures += _fail_on_purpose(call, changes)
    if isinstance(body.get("inFavorites"), bool):
        mine = frozenset({call.user.ref})  # a matter of this person alone: no change of the task
        task.favorites = task.favorites | mine if body["inFavorites"] else task.favorites - mine
    author, silent = call.user.ref, call.silent

    def apply(at: float) -> None:
        account.change_task(task, changes, author=author, silent=silent, at=at)
        if "source_version" in changes:
            account.sync.version(f"task:{task.id}")

    due = postponed(call, account.busy_until(task))
    account.keep_busy(task, due or account.now(), account.settings.write_busy)
    if due:
        account.enqueue(f"task:{task.id}", apply, due=due)
        call.status = 202
        return None
    apply(account.now())
    return failures_payload(call, failures)


def postponed(call: Call, busy_until: float = 0.0) -> float:
    """Return when a change will be applied, 0 for at once: by a fault, or by how long it is busy."""
    fault, account = call.fault, call.account
    if fault is not None and fault.kind == "accept_202":
        seconds: Any = fault.seconds
        if isinstance(fault.body, list) and fault.body:
            seconds = fault.body[min(fault.hits, len(fault.body)) - 1]
        return math.inf if fault.never or seconds is None else account.now() + seconds
    return math.inf if busy_until and account.settings.busy == "never" else busy_until


def _fail_on_purpose(call: Call, changes: dict[str, Any]) -> list[dict[str, str]]:
    """Refuse the fields that the fault names in its body, or the first one of the request."""
    names = (call.fault.body if call.fault else None) or [next(iter(call.body), "name")]
    for name in names:
        if name == "customFieldData":
            changes["fields"] = {}
        else:
            changes.pop({"processId": "process"}.get(name, name), None)
    return [{"field": name, "error": "Field change failed"} for name in names]


@route("POST", "/task/filters", "task_readonly", error_status=500)
def task_filters_list(call: Call) -> dict[str, Any]:
    """List saved filters; their ids are strings."""
    rows: list[dict[str, Any]] = [{"id": number, "name": name} for number, name in BUILT_IN_FILTERS.items()]
    saved = call.account.filters_about("task")
    return {"filters": [*rows, *(one.row(call.account.name_of) for one in saved)]}
