"""Projects: list, read, create, update, groups, templates. Nothing deletes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmkit.sandbox.planfix import conditions as on
from crmkit.sandbox.planfix.call import Call, Wanted, passing
from crmkit.sandbox.planfix.exceptions import (
    Refused,
    bad_value,
    missing,
    not_emulated,
    project_not_found,
)
from crmkit.sandbox.planfix.field_rows import custom_data, moment
from crmkit.sandbox.planfix.models import Project
from crmkit.sandbox.planfix.rows import Getter, entity, people, person, row, source
from crmkit.sandbox.planfix.urls import route
from crmkit.sandbox.planfix.writes import (
    NotTaken,
    Readers,
    attached,
    custom_values,
    failures_payload,
    flag,
    people_value,
    read,
    text,
)
from crmkit.sandbox.planfix.writes import entity as entity_reader
from crmkit.sandbox.planfix.writes import moment as moment_reader
from crmkit.sandbox.planfix.writes import people as people_reader

__all__ = ["find_project"]

DRAFT, COMPLETED, ACTIVE = 0, 1, 2
CLOSE = 86400.0
PROJECT: dict[str, Getter] = {
    "id": lambda c, p: p.id,
    "name": lambda c, p: p.name,
    "description": lambda c, p: p.description,
    "status": lambda c, p: {"id": p.status},
    "owner": lambda c, p: person(c, p.owner),
    "parent": lambda c, p: entity(p.parent),
    "template": lambda c, p: entity(p.template),
    "group": lambda c, p: (
        {"id": p.group, "name": c.account.project_groups[p.group].name} if p.group else None
    ),
    "counterparty": lambda c, p: person(c, f"contact:{p.counterparty}" if p.counterparty else ""),
    "startDate": lambda c, p: moment(c, p.start),
    "endDate": lambda c, p: moment(c, p.end),
    "hasEndDate": lambda c, p: p.end is not None,
    "hiddenForEmployees": lambda c, p: p.hidden_for_employees,
    "hiddenForClients": lambda c, p: p.hidden_for_clients,
    "overdue": lambda c, p: p.end is not None and p.status == ACTIVE and p.end < c.account.now(),
    "isCloseToDeadline": lambda c, p: p.end is not None and 0 <= p.end - c.account.now() < CLOSE,
    "assignees": lambda c, p: people(c, p.assignees),
    "participants": lambda c, p: people(c, p.participants),
    "auditors": lambda c, p: people(c, p.auditors),
    "clientManagers": lambda c, p: people(c, p.client_managers),
    "isDeleted": lambda c, p: p.is_deleted,
    "sourceObjectId": lambda c, p: source(c, p.source_id),
    "sourceDataVersion": lambda c, p: source(c, p.source_version),
}


def _status(call: Call, value: Any) -> dict[str, Any]:
    status = int(value["id"])
    if status < 0:
        raise NotTaken("status")
    return {"status": status}


def _owner(call: Call, value: Any) -> dict[str, Any]:
    return {"owner": people_value(call, {"users": [value]})[0]}


WRITES: Readers = {
    "name": text("name"),
    "description": text("description"),
    "status": _status,
    "owner": _owner,
    "parent": entity_reader("parent", "projects"),
    "template": entity_reader("template", "project_templates"),
    "group": entity_reader("group", "project_groups"),
    "counterparty": entity_reader("counterparty", "contacts"),
    "startDate": moment_reader("start"),
    "endDate": moment_reader("end"),
    "hasEndDate": lambda call, value: {"end": None} if value is False else {},
    "hiddenForEmployees": flag("hidden_for_employees"),
    "hiddenForClients": flag("hidden_for_clients"),
    "isDeleted": flag("is_deleted"),
    "assignees": people_reader("assignees"),
    "participants": people_reader("participants"),
    "auditors": people_reader("auditors"),
    "clientManagers": people_reader("client_managers"),
    "files": attached,
    "sourceObjectId": text("source_id"),
    "sourceDataVersion": text("source_version"),
}
ON_CREATE_ONLY = ("startDate", "files")
"""The vendor's description of an update does not know these."""

Test = Callable[[Project], bool]
Get = Callable[[Project], Any]
Make = Callable[[Call, on.Filter], on.Condition | None]


def _people(call: Call, one: on.Filter) -> on.Condition | None:
    return on.people(call, one, through_groups=True)


def _contact(call: Call, one: on.Filter) -> on.Condition | None:
    return on.numbers(call, one, prefix="contact")


def _name(call: Call, one: on.Filter) -> on.Condition | None:
    return on.text(call, one, allowed=on.EQUALITY)


def _custom(call: Call, one: on.Filter) -> on.Condition | None:
    return on.custom(call, one, call.account.fields.project)


FILTERS: dict[int, tuple[Get, Make]] = {
    5001: (lambda project: project.name, _name),
    5002: (lambda project: project.group, on.numbers),
    5003: (lambda project: project.counterparty, _contact),
    5004: (lambda project: (project.owner,), on.people),
    5005: (lambda project: project.end, on.dates),
    5006: (lambda project: project.status, on.numbers),
    5007: (lambda project: project.id, on.numbers),
    5008: (lambda project: project.client_managers, _people),
    5010: (lambda project: project.template, on.numbers),
    5011: (lambda project: project.assignees, _people),
    5012: (lambda project: project.auditors, _people),
    5013: (lambda project: project.created, on.dates),
    5014: (lambda project: project.parent, on.numbers),
    **{number: (lambda project: project.fields, _custom) for number in (*range(5101, 5118), 5152, 5153)},
}
KNOWN = (5009, 5015, 5118)
"""Filters of the vendor of which nothing but the number is known."""


def find_project(call: Call, number: int, *, update: bool = False) -> Project:
    """Return a project.

    Raises:
        Refused: Code 3000: there is none.
    """
    project = call.account.projects.get(number)
    if project is None:
        raise project_not_found(number, update=update)
    return project


def _shown(call: Call, project: Project, wanted: Wanted) -> dict[str, Any]:
    return row(call, project, wanted, PROJECT) | custom_data(call, "project", project.fields, wanted)


@route("POST", "/project/list", "project_readonly", error_status=500)
def project_list(call: Call) -> dict[str, Any]:
    """List projects in order of their numbers; deleted ones are not among them."""
    wanted, (offset, size) = call.wanted(), call.page()
    tests = [test for test in (_test(call, one) for one in call.filters()) if test is not None]
    alive = (one for _, one in sorted(call.account.projects.items()) if not one.is_deleted)
    found = list(passing(tests, alive))[offset : offset + size]
    return {"projects": [_shown(call, one, wanted) for one in found]}


def _test(call: Call, one: on.Filter) -> Test | None:
    if one["type"] in KNOWN:
        raise not_emulated(f"project filter {one['type']}")
    if one["type"] not in FILTERS:
        raise bad_value(f"Unknown filter type - {one['type']}")
    get, make = FILTERS[one["type"]]
    condition = make(call, one)
    return (lambda project: condition(get(project))) if condition else None


@route("GET", "/project/{id}", "project_readonly")
def project_get(call: Call) -> dict[str, Any]:
    """Read a project."""
    return {"project": _shown(call, find_project(call, call.number("id")), call.wanted())}


@route("POST", "/project/", "project_add", status=201)
def project_create(call: Call) -> dict[str, Any]:
    """Create a project; who creates it owns it unless said otherwise."""
    account, body = call.account, call.body
    if not isinstance(body.get("name"), str) or not body["name"]:
        raise missing("name")
    changes, failures = read(call, body, WRITES)
    specs = account.fields.project
    fields = custom_values(call, body, specs, set(specs), failures)
    if failures:
        raise Refused(3001, f"Project add error, incorrect {failures[0]['field']}")
    fields = {number: value for number, value in fields.items() if value is not None}
    number, now = account.new_id("project"), account.now()
    made = {"owner": call.user.ref, "start": now, "created": now, **changes}
    account.projects[number] = Project(id=number, fields=fields, **_lists(made))
    return {"id": number}


@route("POST", "/project/{id}", "project_update")
def project_update(call: Call) -> dict[str, Any]:
    """Change a project: 200 with what failed."""
    project = find_project(call, call.number("id"), update=True)
    body = {name: value for name, value in call.body.items() if name not in ON_CREATE_ONLY}
    changes, failures = read(call, body, WRITES)
    specs = call.account.fields.project
    fields = {**project.fields, **custom_values(call, body, specs, set(specs), failures)}
    for name, value in _lists(changes).items():
        setattr(project, name, value)
    project.fields = {number: value for number, value in fields.items() if value is not None}
    return failures_payload(call, failures)


def _lists(changes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) and name != "files" else value
        for name, value in changes.items()
    }


@route("GET", "/project/groups", "project_readonly")
def project_groups(call: Call) -> dict[str, Any]:
    """List the groups of projects."""
    return {"groups": [{"id": one.id, "name": one.name} for one in call.account.project_groups.values()]}


@route("GET", "/project/templates", "project_readonly")
def project_templates(call: Call) -> dict[str, Any]:
    """List the templates of projects."""
    wanted, (offset, size) = call.wanted("id,name"), call.query_page()
    found = [Project(one.id, one.name) for one in call.account.project_templates.values()]
    return {"templates": [_shown(call, one, wanted) for one in found[offset : offset + size]]}
