"""Legal details of companies and contacts, and the presets that they are made by."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import empty_code
from crmkit.sandbox.bitrix24.kinds import COMPANY, CONTACT
from crmkit.sandbox.bitrix24.listing import lines, page_of, specs, table_of
from crmkit.sandbox.bitrix24.php import intval
from crmkit.sandbox.bitrix24.urls import method
from crmkit.sandbox.bitrix24.values import IGNORED, parsed

__all__: list[str] = []

REQUISITE = specs(
    "ID:integer ENTITY_TYPE_ID:integer ENTITY_ID:integer PRESET_ID:integer DATE_CREATE:datetime "
    "DATE_MODIFY:datetime CREATED_BY_ID:user MODIFY_BY_ID:user NAME:string CODE:string XML_ID:string "
    "ORIGINATOR_ID:string ACTIVE:char ADDRESS_ONLY:char SORT:integer RQ_NAME:string RQ_FIRST_NAME:string "
    "RQ_LAST_NAME:string RQ_SECOND_NAME:string RQ_COMPANY_NAME:string RQ_COMPANY_FULL_NAME:string "
    "RQ_COMPANY_REG_DATE:string RQ_DIRECTOR:string RQ_ACCOUNTANT:string RQ_CONTACT:string RQ_EMAIL:string "
    "RQ_PHONE:string RQ_FAX:string RQ_INN:string RQ_KPP:string RQ_IFNS:string RQ_OGRN:string "
    "RQ_OGRNIP:string RQ_OKPO:string RQ_OKTMO:string RQ_OKVED:string"
)
"""Those of the vendor's fields that a Russian preset can show."""
REQUIRED = ("ENTITY_TYPE_ID", "ENTITY_ID", "PRESET_ID")
for _name, _spec in REQUISITE.items():
    _spec.required = _spec.immutable = _name in REQUIRED
    _spec.read_only = _name in ("ID", "DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID")
PRESET = specs(
    "ID:integer ENTITY_TYPE_ID:integer COUNTRY_ID:integer NAME:string XML_ID:string ACTIVE:char SORT:integer"
)
RUSSIA = 1
PRESETS = {1: "Организация", 2: "ИП", 3: "Физ. лицо"}
"""What a Russian portal is delivered with."""


@method("crm.requisite.fields")
def fields(call: Call) -> Any:
    """Return the fields of requisites."""
    return {name: spec.described(legacy=True) for name, spec in REQUISITE.items()}


@method("crm.requisite.preset.list")
def presets(call: Call) -> Any:
    """Return a page of presets."""
    rows = table_of(
        {
            "ID": number,
            "ENTITY_TYPE_ID": 8,
            "COUNTRY_ID": RUSSIA,
            "NAME": name,
            "XML_ID": f"#CRM_REQUISITE_PRESET_DEF_RU_{number}#",
            "ACTIVE": "Y",
            "SORT": 500,
        }
        for number, name in PRESETS.items()
    )
    return lines(call, page_of(call, rows, PRESET), PRESET, call.loose("select"))


@method("crm.requisite.list")
def list_(call: Call) -> Any:
    """Return a page of requisites."""
    rows = page_of(call, call.portal.requisites, REQUISITE)
    return lines(call, rows, REQUISITE, call.loose("select"))


@method("crm.requisite.get")
def get(call: Call) -> Any:
    """Return requisites by their number."""
    return lines(call, [_row(call)], REQUISITE)[0]


@method("crm.requisite.add")
def add(call: Call) -> Any:
    """Add requisites to a company or a contact."""
    portal, values = call.portal, _decoded(call)
    for name in REQUIRED:
        if not values.get(name):
            raise empty_code(f"{name} is not defined or invalid.")
    owner_type, owner = values["ENTITY_TYPE_ID"], values["ENTITY_ID"]
    if owner_type not in (CONTACT, COMPANY):
        raise empty_code("ENTITY_TYPE_ID is not defined or invalid.")
    if portal.items[owner_type].get(owner) is None:
        raise empty_code("ENTITY_ID is not defined or invalid.")
    if values["PRESET_ID"] not in PRESETS:
        raise empty_code("PRESET_ID is not defined or invalid.")
    if not values.get("NAME"):
        raise empty_code("NAME is not defined or invalid.")
    now = portal.now()
    row: Row = {"ACTIVE": "Y", "ADDRESS_ONLY": "N", "SORT": 500} | values
    row |= {"DATE_CREATE": now, "CREATED_BY_ID": call.user, "OWNER": f"{owner_type}:{owner}"}
    row["ID"] = portal.requisites.next_id()
    portal.requisites.put(row)
    return row["ID"]


@method("crm.requisite.update")
def update(call: Call) -> Any:
    """Change requisites; whose they are stays."""
    row = _row(call)
    values = {name: value for name, value in _decoded(call).items() if name not in REQUIRED}
    stamps = {"DATE_MODIFY": call.portal.now(), "MODIFY_BY_ID": call.user}
    call.portal.requisites.put(row | values | stamps)
    return True


@method("crm.requisite.delete")
def delete(call: Call) -> Any:
    """Delete requisites."""
    call.portal.requisites.forget(_row(call)["ID"])
    return True


def _row(call: Call) -> Row:
    number = intval(call.loose("id"))
    if number <= 0:
        raise empty_code("ID is not defined or invalid.")
    row = call.portal.requisites.get(number)
    if row is None:
        raise empty_code(f"The Requisite with ID '{number}' is not found")
    return row


def _decoded(call: Call) -> Row:
    """Read the fields; unknown and read-only ones are dropped without a word."""
    values: Row = {}
    for key, raw in call.fields().items():
        spec = REQUISITE.get(key.upper())
        if spec is not None and not spec.read_only:
            value = parsed(spec, raw, call.portal.zone, legacy=True)
            if value is not IGNORED:
                values[spec.name] = value
    return values
