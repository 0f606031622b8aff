"""Entities as the vendor shows them: only the fields that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.planfix.fields import TYPE_NAMES, encode, string_value
from crmkit.sandbox.planfix.models import Change, Comment, Contact, FieldDef, Status, Task, User
from crmkit.sandbox.planfix.timepoints import date_point, point

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.call import Call, Wanted

__all__ = ["comment_row", "contact_row", "custom_fields", "field_row", "status_row", "task_row", "user_row"]

OBJECT_TYPES = {"task": 0, "contact": 1, "project": 3, "user": 6}
Getter = Callable[["Call", Any], Any]


def moment(call: Call, at: float | None) -> dict[str, str] | None:
    """Return a moment as this caller sees it."""
    return point(at, call.shown_zone, utc_seconds=call.settings.utc_seconds)


def person(call: Call, ref: str) -> dict[str, Any] | None:
    """Return a person with the name."""
    return {"id": ref, "name": call.account.name_of(ref)} if ref else None


def people(call: Call, refs: Iterable[str]) -> dict[str, Any]:
    """Return people and groups, apart."""
    users: list[dict[str, Any]] = []
    groups: list[dict[str, Any]] = []
    for ref in refs:
        if ref.startswith("group:"):
            groups.append({"id": int(ref[6:]), "name": call.account.name_of(ref)})
        else:
            users.append({"id": ref, "name": call.account.name_of(ref)})
    return {"users": users, "groups": groups}


def _entity(number: int) -> dict[str, int] | None:
    return {"id": number} if number else None


def status_row(status: Status) -> dict[str, Any]:
    """Return a status as the lists of statuses and tasks show it."""
    return {
        "id": status.id,
        "name": status.name,
        "color": status.color,
        "isActive": status.is_active,
        "hasDeadline": status.has_deadline,
        "isAppliedIndividually": False,
        "texts": [{"lang": "Ru", "name": status.name}],
    }


def _project_auditors(call: Call, task: Task) -> dict[str, Any]:
    project = call.account.projects.get(task.project)
    return people(call, project.auditors if project else ())


def _source(call: Call, value: str) -> str:
    return value if call.settings.echo_source_ids else ""


TASK: dict[str, Getter] = {
    "id": lambda c, t: t.id,
    "name": lambda c, t: t.name,
    "description": lambda c, t: t.description,
    "additionalDescriptionData": lambda c, t: "",
    "priority": lambda c, t: t.priority,
    "status": lambda c, t: status_row(c.account.statuses[t.status]),
    "processId": lambda c, t: t.process,
    "resultChecking": lambda c, t: t.result_checking,
    "type": lambda c, t: t.type,
    "assigner": lambda c, t: person(c, t.assigner),
    "parent": lambda c, t: _entity(t.parent),
    "object": lambda c, t: _entity(t.object),
    "template": lambda c, t: _entity(t.template),
    "project": lambda c, t: _entity(t.project),
    "counterparty": lambda c, t: person(c, f"contact:{t.counterparty}" if t.counterparty else ""),
    "dateTime": lambda c, t: moment(c, t.created),
    "startDateTime": lambda c, t: moment(c, t.start),
    "endDateTime": lambda c, t: moment(c, t.end),
    "hasStartDate": lambda c, t: t.start is not None,
    "hasEndDate": lambda c, t: t.end is not None,
    "hasStartTime": lambda c, t: t.start is not None and t.start_time,
    "hasEndTime": lambda c, t: t.end is not None and t.end_time,
    "delayedTillDate": lambda c, t: moment(c, t.delayed_till),
    "actualCompletionDate": lambda c, t: moment(c, t.completed),
    "dateOfLastUpdate": lambda c, t: moment(c, t.updated),
    "dateOfLastComment": lambda c, t: moment(c, t.commented),
    "duration": lambda c, t: t.duration,
    "durationUnit": lambda c, t: t.duration_unit,
    "durationType": lambda c, t: t.duration_type,
    "overdue": lambda c, t: t.is_overdue(c.account.now()),
    "closeToDeadLine": lambda c, t: t.end is not None and 0 <= t.end - c.account.now() < 86400,
    "notAcceptedInTime": lambda c, t: False,
    "inFavorites": lambda c, t: c.user.ref in t.favorites,
    "isSummary": lambda c, t: t.is_summary,
    "isSequential": lambda c, t: t.is_sequential,
    "assignees": lambda c, t: people(c, t.assignees),
    "participants": lambda c, t: people(c, t.participants),
    "auditors": lambda c, t: people(c, t.auditors),
    "projectAuditors": _project_auditors,
    "isDeleted": lambda c, t: t.is_deleted,
    "files": lambda c, t: [],
    "dataTags": lambda c, t: [
        {"dataTag": {"id": e.tag, "name": c.account.data_tags[e.tag].name}, "key": e.key} for e in t.entries
    ],
    "sourceObjectId": lambda c, t: _source(c, t.source_id),
    "sourceDataVersion": lambda c, t: _source(c, t.source_version),
}

COMMENT: dict[str, Getter] = {
    "id": lambda c, m: m.id,
    "dateTime": lambda c, m: moment(c, m.at),
    "type": lambda c, m: m.type,
    "fromType": lambda c, m: m.from_type,
    "description": lambda c, m: m.text,
    "additionalDescriptionData": lambda c, m: "",
    "task": lambda c, m: {"id": m.task},
    "project": lambda c, m: _entity(c.account.tasks[m.task].project),
    "owner": lambda c, m: person(c, m.owner),
    "isDeleted": lambda c, m: m.deleted,
    "isPinned": lambda c, m: m.pinned,
    "isHidden": lambda c, m: m.hidden,
    "isNotRead": lambda c, m: c.user.ref in m.unread,
    "recipients": lambda c, m: people(c, m.recipients),
    "reminders": lambda c, m: [],
    "dataTags": lambda c, m: [],
    "files": lambda c, m: [],
    "changeTaskStartDate": lambda c, m: _change(c, m.start_change),
    "changeTaskExpectDate": lambda c, m: _change(c, m.end_change),
    "changeStatus": lambda c, m: (
        {"oldStatusId": m.status_change[0], "newStatusId": m.status_change[1]} if m.status_change else None
    ),
    "sourceObjectId": lambda c, m: _source(c, m.source_id),
    "sourceDataVersion": lambda c, m: _source(c, m.source_version),
}

CONTACT: dict[str, Getter] = {
    "id": lambda c, k: k.id,
    "template": lambda c, k: _entity(k.template),
    "processId": lambda c, k: k.process or None,
    "name": lambda c, k: k.name,
    "midname": lambda c, k: k.midname,
    "lastname": lambda c, k: k.lastname,
    "gender": lambda c, k: k.gender,
    "description": lambda c, k: k.description,
    "address": lambda c, k: k.address,
    "site": lambda c, k: k.site,
    "email": lambda c, k: k.email,
    "additionalEmailAddresses": lambda c, k: [],
    "telegram": lambda c, k: k.telegram,
    "position": lambda c, k: k.position,
    "group": lambda c, k: (
        {"id": k.group, "name": c.account.contact_groups[k.group].name}
        if k.group in c.account.contact_groups
        else None
    ),
    "isCompany": lambda c, k: k.is_company,
    "isDeleted": lambda c, k: k.is_deleted,
    "birthDate": lambda c, k: date_point(k.birth_date) if k.birth_date else None,
    "createdDate": lambda c, k: moment(c, k.created),
    "dateOfLastUpdate": lambda c, k: moment(c, k.updated),
    "supervisors": lambda c, k: people(c, k.supervisors),
    "addedBy": lambda c, k: person(c, k.added_by),
    "phones": lambda c, k: [{"number": n, "maskedNumber": n, "type": t} for n, t in k.phones],
    "companies": lambda c, k: [
        {"id": number, "name": c.account.name_of(f"contact:{number}")} for number in k.companies
    ],
    "contacts": lambda c, k: [person(c, f"contact:{number}") for number in k.contacts],
    "files": lambda c, k: [],
    "dataTags": lambda c, k: [],
    "sourceObjectId": lambda c, k: _source(c, k.source_id),
    "sourceDataVersion": lambda c, k: _source(c, k.source_version),
}

USER: dict[str, Getter] = {
    "id": lambda c, u: u.id,
    "name": lambda c, u: u.name,
    "midname": lambda c, u: u.midname,
    "lastname": lambda c, u: u.lastname,
    "gender": lambda c, u: u.gender,
    "isDeleted": lambda c, u: False,
    "groups": lambda c, u: [{"id": number, "name": c.account.groups[number].name} for number in u.groups],
    "role": lambda c, u: u.role,
    "login": lambda c, u: u.login,
    "email": lambda c, u: u.email,
    "secondaryEmails": lambda c, u: [],
    "status": lambda c, u: u.status,
    "phones": lambda c, u: [{"number": number, "maskedNumber": number, "type": 1} for number in u.phones],
    "languageCode": lambda c, u: u.language,
    "communicationLanguageCode": lambda c, u: u.language,
    "timezone": lambda c, u: u.timezone or c.settings.timezone,
    "position": lambda c, u: {"id": 1, "name": u.position} if u.position else None,
    "sourceObjectId": lambda c, u: "",
    "sourceDataVersion": lambda c, u: "",
}


def task_row(call: Call, task: Task, wanted: Wanted) -> dict[str, Any]:
    """Return a task."""
    kind = call.account.kind_of(task)
    return _row(call, task, wanted, TASK) | _custom(
        call, "task", task.fields, wanted, kind.fields if kind else None
    )


def comment_row(call: Call, comment: Comment, wanted: Wanted) -> dict[str, Any]:
    """Return an entry of a history; what it did not change is left out."""
    return _row(call, comment, wanted, COMMENT)


def contact_row(call: Call, contact: Contact, wanted: Wanted, *, prefixed: bool = False) -> dict[str, Any]:
    """Return a contact or company."""
    template = call.account.contact_templates.get(contact.template)
    custom = _custom(call, "contact", contact.fields, wanted, template.fields if template else None)
    return _row(call, contact, wanted, CONTACT) | custom | ({"id": contact.ref} if prefixed else {})


def user_row(call: Call, user: User, wanted: Wanted, *, prefixed: bool = False) -> dict[str, Any]:
    """Return an employee or robot."""
    custom = _custom(call, "user", user.fields, wanted, None)
    return _row(call, user, wanted, USER) | custom | ({"id": user.ref} if prefixed else {})


def _row(call: Call, entity: Any, wanted: Wanted, getters: dict[str, Getter]) -> dict[str, Any]:
    row = {name: get(call, entity) for name, get in getters.items() if name in wanted.names}
    return {name: value for name, value in row.items() if value is not None}


def _custom(
    call: Call, owner: str, values: dict[int, Any], wanted: Wanted, attached: set[int] | None
) -> dict[str, Any]:
    """Return the custom fields that were asked for by number; ``attached`` is ``None`` where all are."""
    if not wanted.custom:
        return {}
    specs, keep_null = call.account.fields.of(owner), call.settings.empty_fields == "null"
    rows = [
        custom_value(call, specs[number], values.get(number), owner)
        for number in wanted.custom
        if number in specs and (attached is None or number in attached)
    ]
    return {"customFieldData": [row for row in rows if keep_null or row["value"] is not None]}


def custom_value(call: Call, spec: FieldDef, value: Any, owner: str) -> dict[str, Any]:
    """Return the value of a custom field with what it is."""
    shown = encode(spec, value, lambda at: moment(call, at), call.account.name_of)
    described: dict[str, Any] = {
        "id": spec.id,
        "name": spec.name,
        "type": spec.type,
        "typeName": TYPE_NAMES.get(spec.type, ""),
        "objectType": OBJECT_TYPES[owner],
    }
    if spec.directory:
        described["directoryId"] = spec.directory
    return {"field": described, "value": shown, "stringValue": string_value(shown)}


def field_row(spec: FieldDef, owner: str) -> dict[str, Any]:
    """Return a custom field's definition."""
    row: dict[str, Any] = {
        "id": spec.id,
        "name": spec.name,
        "names": {"ru": spec.name},
        "type": spec.type,
        "objectType": OBJECT_TYPES[owner],
        "groupId": spec.group,
    }
    if spec.directory:
        row["directoryId"] = spec.directory
    if spec.type in (8, 20):
        row["enumValues"] = list(spec.options)
    return row


def custom_fields(specs: dict[int, FieldDef], owner: str, wanted: Wanted | None) -> list[dict[str, Any]]:
    """Return definitions in order of their numbers, whole unless fields were asked for."""
    rows = [field_row(spec, owner) for spec in sorted(specs.values(), key=lambda spec: spec.id)]
    if wanted is None:
        return rows
    return [{name: value for name, value in row.items() if name in wanted.names} for row in rows]


def _change(call: Call, change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    shown = {
        "oldDateTime": moment(call, change.old),
        "newDateTime": moment(call, change.new),
        "hasOldDate": change.old is not None,
        "hasNewDate": change.new is not None,
        "hasOldTime": change.old is not None and change.old_time,
        "hasNewTime": change.new is not None and change.new_time,
    }
    return {name: value for name, value in shown.items() if value is not None}
