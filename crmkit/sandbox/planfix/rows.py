"""Entities as the vendor shows them: only the fields that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.planfix.field_rows import custom_data, moment
from crmkit.sandbox.planfix.models import (
    Change,
    Comment,
    Contact,
    DataTagEntry,
    Replacement,
    Status,
    Task,
    User,
)
from crmkit.sandbox.planfix.timepoints import date_point

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.call import Call, Wanted

__all__ = [
    "Getter",
    "comment_row",
    "contact_row",
    "entity",
    "files",
    "only",
    "people",
    "person",
    "row",
    "source",
    "status_row",
    "tags",
    "task_row",
    "user_row",
]

Getter = Callable[["Call", Any], Any]
"""Shows one field of an entity."""


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


def entity(number: int) -> dict[str, int] | None:
    """Return a reference to an entity; nothing for 0."""
    return {"id": number} if number else None


def files(call: Call, numbers: Iterable[int]) -> list[dict[str, Any]]:
    """Return files as other entities show them."""
    shelf = call.account.files
    found = (shelf[number] for number in numbers if number in shelf)
    return [{"id": one.id, "size": one.size, "name": one.name} for one in found]


def tags(call: Call, entries: Iterable[DataTagEntry]) -> list[dict[str, Any]]:
    """Return rows of analytics as other entities show them."""
    return [
        {"dataTag": {"id": one.tag, "name": call.account.data_tags[one.tag].name}, "key": one.key}
        for one in entries
    ]


def only(rows: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
    """Return the members that were asked for."""
    return {name: value for name, value in rows.items() if name in wanted.names and value is not None}


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


def source(call: Call, value: str) -> str:
    """Return what another system has left here, if the account keeps it."""
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
    "parent": lambda c, t: entity(t.parent),
    "object": lambda c, t: entity(t.object),
    "template": lambda c, t: entity(t.template),
    "project": lambda c, t: entity(t.project),
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
    "recurrence": lambda c, t: t.recurrence,
    "files": lambda c, t: files(c, t.files),
    "dataTags": lambda c, t: tags(c, t.entries),
    "sourceObjectId": lambda c, t: source(c, t.source_id),
    "sourceDataVersion": lambda c, t: source(c, t.source_version),
}

COMMENT: dict[str, Getter] = {
    "id": lambda c, m: m.id,
    "dateTime": lambda c, m: moment(c, m.at),
    "type": lambda c, m: m.type,
    "fromType": lambda c, m: m.from_type,
    "description": lambda c, m: m.text,
    "additionalDescriptionData": lambda c, m: "",
    "task": lambda c, m: entity(m.task),
    "contact": lambda c, m: {"id": f"contact:{m.contact}"} if m.contact else None,
    "project": lambda c, m: entity(c.account.tasks[m.task].project) if m.task else None,
    "owner": lambda c, m: person(c, m.owner),
    "isDeleted": lambda c, m: m.deleted,
    "isPinned": lambda c, m: m.pinned,
    "isHidden": lambda c, m: m.hidden,
    "isNotRead": lambda c, m: c.user.ref in m.unread,
    "recipients": lambda c, m: people(c, m.recipients),
    "reminders": lambda c, m: [],
    "dataTags": lambda c, m: tags(c, c.account.entries_of(m)),
    "files": lambda c, m: files(c, m.files),
    "changeTaskStartDate": lambda c, m: _change(c, m.start_change),
    "changeTaskExpectDate": lambda c, m: _change(c, m.end_change),
    "changeStatus": lambda c, m: (
        {"oldStatusId": m.status_change[0], "newStatusId": m.status_change[1]} if m.status_change else None
    ),
    "sourceObjectId": lambda c, m: source(c, m.source_id),
    "sourceDataVersion": lambda c, m: source(c, m.source_version),
}

CONTACT_TEXTS = ("skype", "telegramId", "facebook", "instagram", "viberId", "timezone")


def _contact_text(name: str) -> Getter:
    return lambda call, contact: contact.texts.get(name, "")


CONTACT: dict[str, Getter] = {
    "id": lambda c, k: k.id,
    "template": lambda c, k: entity(k.template),
    "processId": lambda c, k: k.process or None,
    "name": lambda c, k: k.name,
    "midname": lambda c, k: k.midname,
    "lastname": lambda c, k: k.lastname,
    "gender": lambda c, k: k.gender,
    "description": lambda c, k: k.description,
    "address": lambda c, k: k.address,
    "site": lambda c, k: k.site,
    "email": lambda c, k: k.email,
    "additionalEmailAddresses": lambda c, k: list(k.emails),
    "telegram": lambda c, k: k.telegram,
    **{name: _contact_text(name) for name in CONTACT_TEXTS},
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
    "files": lambda c, k: files(c, k.files),
    "dataTags": lambda c, k: tags(c, k.entries),
    "sourceObjectId": lambda c, k: source(c, k.source_id),
    "sourceDataVersion": lambda c, k: source(c, k.source_version),
}


def _position(call: Call, user: User) -> dict[str, Any] | None:
    for number, name in call.account.positions.items():
        if name == user.position:
            return {"id": number, "name": name}
    return None


def _replacement(call: Call, stand_in: Replacement) -> dict[str, Any]:
    shown: dict[str, Any] = {"isEnabled": stand_in.enabled, "isIndefinite": stand_in.indefinite}
    if stand_in.employee:
        shown["employee"] = person(call, stand_in.employee)
    for name, day in (("from", stand_in.first), ("to", stand_in.last)):
        if day:
            shown[name] = date_point(day)
    return shown


USER: dict[str, Getter] = {
    "id": lambda c, u: u.id,
    "name": lambda c, u: u.name,
    "midname": lambda c, u: u.midname,
    "lastname": lambda c, u: u.lastname,
    "gender": lambda c, u: u.gender,
    "isDeleted": lambda c, u: u.is_deleted,
    "birthDate": lambda c, u: date_point(u.birth_date) if u.birth_date else None,
    "groups": lambda c, u: [{"id": number, "name": c.account.groups[number].name} for number in u.groups],
    "role": lambda c, u: u.role,
    "login": lambda c, u: u.login,
    "email": lambda c, u: u.email,
    "secondaryEmails": lambda c, u: list(u.secondary_emails),
    "telegram": lambda c, u: u.telegram,
    "telegramId": lambda c, u: u.telegram_id,
    "extensionNumber": lambda c, u: u.extension,
    "status": lambda c, u: u.status,
    "phones": lambda c, u: [{"number": number, "maskedNumber": number, "type": 1} for number in u.phones],
    "languageCode": lambda c, u: u.language,
    "communicationLanguageCode": lambda c, u: u.communication_language,
    "timezone": lambda c, u: u.timezone or c.settings.timezone,
    "position": _position,
    "workspace": lambda c, u: (
        {"id": u.workspace, "name": c.account.workspaces[u.workspace]} if u.workspace else None
    ),
    "personalManagers": lambda c, u: [person(c, ref) for ref in u.managers],
    "temporaryReplacement": lambda c, u: _replacement(c, u.replacement) if u.replacement else None,
    "sourceObjectId": lambda c, u: source(c, u.source_id),
    "sourceDataVersion": lambda c, u: source(c, u.source_version),
}


def task_row(call: Call, task: Task, wanted: Wanted) -> dict[str, Any]:
    """Return a task."""
    kind = call.account.kind_of(task)
    attached = kind.fields if kind else None
    return row(call, task, wanted, TASK) | custom_data(call, "task", task.fields, wanted, attached=attached)


def comment_row(call: Call, comment: Comment, wanted: Wanted) -> dict[str, Any]:
    """Return an entry of a history; what it did not change is left out."""
    return row(call, comment, wanted, COMMENT)


def contact_row(call: Call, contact: Contact, wanted: Wanted, *, prefixed: bool = False) -> dict[str, Any]:
    """Return a contact or company."""
    template = call.account.contact_templates.get(contact.template)
    attached = template.fields if template else None
    custom = custom_data(call, "contact", contact.fields, wanted, attached=attached)
    return row(call, contact, wanted, CONTACT) | custom | ({"id": contact.ref} if prefixed else {})


def user_row(call: Call, user: User, wanted: Wanted, *, prefixed: bool = False) -> dict[str, Any]:
    """Return an employee or robot."""
    custom = custom_data(call, "user", user.fields, wanted)
    return row(call, user, wanted, USER) | custom | ({"id": user.ref} if prefixed else {})


def row(call: Call, thing: Any, wanted: Wanted, getters: dict[str, Getter]) -> dict[str, Any]:
    """Return the system fields that were asked for; those without a value are left out."""
    return only({name: get(call, thing) for name, get in getters.items() if name in wanted.names}, wanted)


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
