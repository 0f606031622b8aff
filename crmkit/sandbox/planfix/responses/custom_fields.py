"""Custom fields: kinds, definitions, sets, the account's own fields with their values."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.planfix.call import Call, Wanted
from crmkit.sandbox.planfix.conditions import integer
from crmkit.sandbox.planfix.exceptions import bad_value, missing
from crmkit.sandbox.planfix.field_rows import custom_fields, custom_value, field_row
from crmkit.sandbox.planfix.fields import READ_ONLY, TYPE_NAMES, BadFieldValue, decode
from crmkit.sandbox.planfix.models import FieldDef
from crmkit.sandbox.planfix.records import MainField
from crmkit.sandbox.planfix.shelves import FIELD_OWNERS
from crmkit.sandbox.planfix.urls import route

WITH_DIRECTORY = (9, 15)
WITH_OPTIONS = (8, 20)


@route("GET", "/customfield/type", "common_metadata", error_status=500)
def field_types(call: Call) -> dict[str, Any]:
    """List the types of custom fields."""
    return {"customFieldTypes": [{"id": number, "name": name} for number, name in TYPE_NAMES.items()]}


def _asked(call: Call) -> Wanted | None:
    return call.wanted() if call.request.query.get("fields") else None


def _register(owner: str) -> None:
    """Register the operations on the fields of tasks, contacts, employees and projects."""

    def listed(call: Call) -> dict[str, Any]:
        return {"customfields": custom_fields(call.account.fields.of(owner), owner, _asked(call))}

    def sets(call: Call) -> dict[str, Any]:
        found = call.account.fields.groups[owner].items()
        return {"customFieldSets": [{"id": number, "name": name} for number, name in found]}

    def add_set(call: Call) -> dict[str, Any]:
        number = call.account.fields.next_group()
        call.account.fields.groups[owner][number] = _name(call.body)
        return {"id": number}

    route("GET", f"/customfield/{owner}", "common_metadata", error_status=500)(listed)
    # Asked for one task, the vendor was seen to return the whole list all the same.
    route("GET", f"/customfield/{owner}/{{id}}", "common_metadata", error_status=500)(listed)
    route("POST", f"/customfield/{owner}/", "system_settings", status=201)(lambda call: _create(call, owner))
    route("GET", f"/customfield/group/{owner}", "common_metadata", error_status=500)(sets)
    route("POST", f"/customfield/group/{owner}/", "system_settings", status=201)(add_set)


for _owner in FIELD_OWNERS:
    _register(_owner)


def _name(body: dict[str, Any]) -> str:
    name = body.get("name")
    if not isinstance(name, str) or not name:
        raise missing("name")
    return name


def _definition(call: Call, sets: dict[int, str]) -> FieldDef:
    """Return the field that a body describes."""
    body, account = call.body, call.account
    name, kind = _name(body), body.get("type")
    if not integer(kind) or kind not in TYPE_NAMES:
        raise bad_value(f"Unknown custom field type - {kind!r}")
    options, names = body.get("enumValues") or [], body.get("names") or {}
    if not isinstance(options, list) or not isinstance(names, dict):
        raise bad_value("Incorrect enumValues or names")
    directory, group = body.get("directoryId") or 0, body.get("groupId") or 1
    if kind in WITH_DIRECTORY and directory not in account.directories:
        raise bad_value(f"Directory not found by id {directory!r}")
    if sets and group not in sets:
        raise bad_value(f"Custom fields set not found by id {group!r}")
    return FieldDef(
        account.fields.next_id(),
        name,
        kind,
        [str(option) for option in options] if kind in WITH_OPTIONS else [],
        directory if kind in WITH_DIRECTORY else 0,
        group,
        {str(language): str(text) for language, text in names.items()},
    )


def _create(call: Call, owner: str) -> dict[str, Any]:
    """Create a custom field; nothing documents that it gets attached to any object."""
    account = call.account
    spec = _definition(call, account.fields.groups[owner])
    account.fields.of(owner)[spec.id] = spec
    if owner == "task" and call.settings.new_fields_attached:
        for kind in (*account.objects.values(), *account.templates.values()):
            kind.fields.add(spec.id)
    return {"id": spec.id}


@route("GET", "/customfield/main", "common_metadata", error_status=500)
def main_fields(call: Call) -> dict[str, Any]:
    """List the account's own fields with their values."""
    wanted, rows = _asked(call), []
    for one in call.account.fields.main.values():
        shown = field_row(one.spec, "main")
        shown["mainValue"] = custom_value(call, one.spec, one.value, "main")["value"]
        rows.append(shown)
    if wanted is not None:
        rows = [{name: value for name, value in row.items() if name in wanted.names} for row in rows]
    return {"customfields": rows}


@route("POST", "/customfield/main/", "system_settings", status=201)
def main_create(call: Call) -> dict[str, Any]:
    """Create a field of the account, with its value."""
    one = MainField(_definition(call, {}))
    _set(call, one)
    call.account.fields.main[one.spec.id] = one
    return {"id": one.spec.id}


@route("POST", "/customfield/main/{id}", "system_settings")
def main_update(call: Call) -> dict[str, Any]:
    """Change name or value of a field of the account; its type stays."""
    one = call.account.fields.main.get(call.number("id"))
    if one is None:
        raise bad_value(f"Custom field not found by id {call.params['id']}")
    _set(call, one)
    if "name" in call.body:
        one.spec.name = _name(call.body)
    if isinstance(call.body.get("names"), dict):
        one.spec.names |= {str(language): str(text) for language, text in call.body["names"].items()}
    return {}


def _set(call: Call, one: MainField) -> None:
    if "mainValue" not in call.body or one.spec.type in READ_ONLY:
        return
    try:
        one.value = decode(one.spec, call.body["mainValue"], call.shown_zone)
    except BadFieldValue:
        raise bad_value("Incorrect mainValue") from None
