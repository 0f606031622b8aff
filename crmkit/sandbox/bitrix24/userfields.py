"""Custom fields of CRM items."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from crmkit.sandbox.bitrix24.exceptions import RestError
from crmkit.sandbox.bitrix24.kinds import FieldSpec, Kind
from crmkit.sandbox.bitrix24.php import intval
from crmkit.sandbox.bitrix24.portal import Portal

__all__ = ["TYPES", "add_field", "change_enum"]

TYPES = frozenset(
    (
        *("string", "integer", "double", "boolean", "date", "datetime", "money", "url", "address"),
        *("enumeration", "file", "employee", "crm_status", "iblock_section", "iblock_element", "crm"),
    )
)
MAX_NAME = 50
FIRST_ID, FIRST_ENUM = 101, 41


def add_field(
    portal: Portal,
    kind: Kind,
    name: str,
    type_: str,
    title: str = "",
    *,
    multiple: bool = False,
    required: bool = False,
    enum: Iterable[dict[str, Any]] = (),
    settings: dict[str, Any] | None = None,
) -> FieldSpec:
    """Add a custom field under its whole name (``UF_CRM_...``).

    Raises:
        RestError: Name or type cannot be, or the name is taken.
    """
    name = name.upper()
    if len(name) > MAX_NAME:
        raise RestError("ERROR_CORE", f"Field name is too long (more than {MAX_NAME} characters).")
    if not re.fullmatch(r"[A-Z0-9_]+", name):
        text = "Field name contains invalid characters. Allowed characters are: A-Z, 0-9 and _."
        raise RestError("ERROR_CORE", text)
    if type_ not in TYPES:
        raise RestError("ERROR_CORE", "Incorrect custom type specified.")
    if name in kind.fields:
        raise RestError("ERROR_CORE", f"Field {name} for object {kind.uf_entity} already exists.")
    spec = FieldSpec(
        name,
        type_,
        title or name,
        id=portal.next_id("user field", FIRST_ID),
        multiple=multiple,
        required=required,
        legacy=not kind.dynamic,
        settings=settings or {},
    )
    change_enum(portal, spec, enum)
    kind.add(spec)
    return spec


def change_enum(portal: Portal, spec: FieldSpec, changes: Iterable[dict[str, Any]]) -> None:
    """Change the items of a list: with an ``ID`` one is changed or (``DEL``) removed, without it is added.

    Raises:
        RestError: Two items have the same ``XML_ID``.
    """
    kept = {one["ID"]: one for one in spec.enum}
    for change in changes:
        number = intval(change.get("ID"))
        if number in kept and change.get("DEL") == "Y":
            del kept[number]
            continue
        if number not in kept:
            number = portal.next_id("enum", FIRST_ENUM)
            kept[number] = {"ID": number, "VALUE": "", "SORT": 500, "DEF": "N", "XML_ID": f"{number:032x}"}
        known = {
            key: str(value) for key, value in change.items() if key in ("VALUE", "DEF", "XML_ID") and value
        }
        taken = {one["XML_ID"] for one in kept.values() if one["ID"] != number}
        if known.get("XML_ID") in taken:
            raise RestError("ERROR_CORE", f"List item with value XML_ID={known['XML_ID']} already exists.")
        kept[number] |= known | ({"SORT": intval(change["SORT"])} if "SORT" in change else {})
    spec.enum = sorted(kept.values(), key=lambda one: (one["SORT"], one["ID"]))
