"""Employees are created and changed; positions."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from crmkit.sandbox.planfix.call import Call
from crmkit.sandbox.planfix.exceptions import Refused, bad_json, bad_value, user_not_found
from crmkit.sandbox.planfix.fields import ref_of
from crmkit.sandbox.planfix.models import Replacement, User
from crmkit.sandbox.planfix.timepoints import parse_date
from crmkit.sandbox.planfix.urls import route
from crmkit.sandbox.planfix.writes import (
    NotTaken,
    Readers,
    choice,
    custom_values,
    day,
    failures_payload,
    flag,
    people_value,
    read,
    text,
)

ROLES = ("NotDefined", "Admin", "User", "TechAdmin", "UserWithoutAccess", "Robot")
STATUSES = ("Active", "ActiveWithoutAccess", "Inactive")
LANGUAGES = ("En", "Ru", "Pl", "Ka", "Ro", "Pt", "Es", "De", "Az", "Tr")
GENDERS = ("NotDefined", "Female", "Male")


def _position(call: Call, value: Any) -> dict[str, Any]:
    positions, number, name = call.account.positions, value.get("id"), value.get("name")
    if number == 0:
        return {"position": ""}
    if number is not None:
        if number not in positions:
            raise NotTaken("position", f"Position not found by id - {number}")
        return {"position": positions[number]}
    if name not in positions.values():
        raise NotTaken("position", f"Position not found by name - {name}")
    return {"position": name}


def _workspace(call: Call, value: Any) -> dict[str, Any]:
    number = value["id"]
    if number and number not in call.account.workspaces:
        raise NotTaken("workspace", f"Workspace not found by id - {number}")
    return {"workspace": number or 0}


def _groups(call: Call, value: Any) -> dict[str, Any]:
    numbers = [int(one["id"]) for one in value]
    if any(number not in call.account.groups for number in numbers):
        raise NotTaken("groups")
    return {"groups": numbers}


def _managers(call: Call, value: Any) -> dict[str, Any]:
    return {"managers": list(people_value(call, {"users": value}))}


def _replacement(call: Call, value: Any) -> dict[str, Any]:
    if value.get("isEnabled") is False:
        return {"replacement": None}
    ref = ref_of((value.get("employee") or {}).get("id"), "user")
    if ref is None or not call.account.exists(ref):
        raise NotTaken("employee", "Employee not found", field="temporaryReplacement.employee.id")
    if value.get("isIndefinite") is True:
        return {"replacement": Replacement(indefinite=True, employee=ref)}
    first, last = (parse_date(value[name]) for name in ("from", "to"))
    return {"replacement": Replacement(employee=ref, first=first, last=last)}


def _timezone(call: Call, value: Any) -> dict[str, Any]:
    if value and value not in available_timezones():
        raise NotTaken("timezone")
    return {"timezone": value or ""}


WRITES: Readers = {
    **{name: text(name) for name in ("name", "midname", "lastname", "login", "email", "telegram")},
    "gender": choice("gender", GENDERS),
    "isDeleted": flag("is_deleted"),
    "birthDate": day("birth_date"),
    "groups": _groups,
    "role": choice("role", ROLES),
    "status": choice("status", STATUSES),
    "secondaryEmails": lambda call, value: {"secondary_emails": [str(one) for one in value]},
    "phones": lambda call, value: {"phones": [str(one["number"]) for one in value]},
    "languageCode": choice("language", LANGUAGES),
    "communicationLanguageCode": choice("communication_language", LANGUAGES),
    "timezone": _timezone,
    "position": _position,
    "workspace": _workspace,
    "personalManagers": _managers,
    "temporaryReplacement": _replacement,
    "sourceObjectId": text("source_id"),
    "sourceDataVersion": text("source_version"),
}


@route("POST", "/user/", "user_add", status=201)
def user_create(call: Call) -> dict[str, Any]:
    """Create an employee, if the licence allows one more."""
    account, body = call.account, call.body
    if not body.get("name") or not body.get("email"):
        raise Refused(4001, "Rest API error")
    limit = call.settings.user_limit
    if limit is not None and sum(user.role != "Robot" for user in account.users.values()) >= limit:
        raise Refused(24, "Billing limit - user not created")
    changes, failures = read(call, body, WRITES)
    fields = custom_values(call, body, account.fields.user, set(account.fields.user), failures)
    if failures:
        raise Refused(4001, f"{failures[0]['error']} ({failures[0]['field']})")
    number = max(account.users, default=0) + 1
    kept = {key: value for key, value in fields.items() if value is not None}
    account.users[number] = User(id=number, fields=kept, **changes)
    return {"id": number}


@route("POST", "/user/{id}", "user_update")
def user_update(call: Call) -> dict[str, Any]:
    """Change an employee: 200 with what failed."""
    user = call.account.users.get(call.number("id"))
    if user is None:
        refusal = user_not_found(call.params["id"])
        refusal.status = 404
        raise refusal
    changes, failures = read(call, call.body, WRITES)
    specs = call.account.fields.user
    fields = {**user.fields, **custom_values(call, call.body, specs, set(specs), failures)}
    for name, value in changes.items():
        setattr(user, name, value)
    user.fields = {number: value for number, value in fields.items() if value is not None}
    return failures_payload(call, failures)


@route("GET", "/user/positions/", "user_readonly", error_status=500)
def position_list(call: Call) -> dict[str, Any]:
    """List the positions."""
    return {"positions": [{"id": number, "name": name} for number, name in call.account.positions.items()]}


def _name(call: Call) -> str:
    name = call.body.get("name")
    if not isinstance(name, str) or not name:
        raise bad_json()
    return name


@route("POST", "/user/positions/", "user_update", status=201, bare=True)
def position_create(call: Call) -> dict[str, Any]:
    """Create a position; the answer is the number alone, without ``result``."""
    positions = call.account.positions
    number = max(positions, default=0) + 1
    positions[number] = _name(call)
    return {"id": number}


@route("POST", "/user/positions/{id}", "user_update", bare=True)
def position_update(call: Call) -> dict[str, Any]:
    """Rename a position; the answer is an empty object."""
    positions, number = call.account.positions, call.number("id")
    if number not in positions:
        raise bad_value(f"Position not found by id - {number}")
    before, positions[number] = positions[number], _name(call)
    for user in call.account.users.values():
        user.position = positions[number] if user.position == before else user.position
    return {}
