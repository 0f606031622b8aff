"""Custom fields as the vendor shows them: definitions and values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.sandbox.planfix.fields import TYPE_NAMES, encode, string_value
from crmkit.sandbox.planfix.models import FieldDef
from crmkit.sandbox.planfix.timepoints import point

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.call import Call, Wanted

__all__ = ["custom_data", "custom_fields", "custom_value", "field_row", "moment"]

OBJECT_TYPES = {"task": 0, "contact": 1, "directory": 2, "project": 3, "datatag": 4, "main": 5, "user": 6}


def moment(call: Call, at: float | None) -> dict[str, str] | None:
    """Return a moment as this caller sees it."""
    return point(at, call.shown_zone, utc_seconds=call.settings.utc_seconds)


def custom_data(
    call: Call,
    owner: str,
    values: dict[int, Any],
    wanted: Wanted,
    *,
    attached: set[int] | None = None,
    specs: dict[int, FieldDef] | None = None,
) -> dict[str, Any]:
    """Return the custom fields that were asked for by number.

    Args:
        call: Who asks.
        owner: What has these fields: ``task``, ``datatag``...
        values: By number.
        wanted: What was asked for.
        attached: Which of the fields there are here; ``None``: all.
        specs: The definitions, if they are not the account's.
    """
    if not wanted.custom:
        return {}
    specs = call.account.fields.of(owner) if specs is None else specs
    rows = [
        custom_value(call, specs[number], values.get(number), owner)
        for number in wanted.custom
        if number in specs and (attached is None or number in attached)
    ]
    keep_null = call.settings.empty_fields == "null"
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
        "names": {"ru": spec.name, **spec.names},
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
