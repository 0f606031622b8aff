"""Custom fields: the old methods of each type and ``userfieldconfig.*``."""

from __future__ import annotations

from functools import partial
from typing import Any

from crmkit.sandbox.bitrix24.call import PAGE, Call
from crmkit.sandbox.bitrix24.exceptions import RestError, empty_code
from crmkit.sandbox.bitrix24.kinds import COMPANY, CONTACT, DEAL, LEAD, FieldSpec, Kind
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval, items
from crmkit.sandbox.bitrix24.urls import method
from crmkit.sandbox.bitrix24.userfields import add_field, change_enum

__all__: list[str] = []

NAMES = {LEAD: "lead", DEAL: "deal", CONTACT: "contact", COMPANY: "company"}
PREFIX = "UF_CRM_"


def list_(entity_type: int, call: Call) -> Any:
    """Return the custom fields of a type; a filter by equality of the shown values is known."""
    kind = call.portal.kinds[entity_type]
    found = [_old(kind, spec) for spec in kind.fields.values() if spec.custom]
    for key, value in items(call.loose("filter")):
        wanted = [str(one) for one in as_list(value)]
        found = [one for one in found if str(one.get(key.lstrip("=").upper(), "")) in wanted]
    page = call.page()
    call.paged(page, len(found), legacy=True)
    return found[page.offset : page.offset + PAGE]


def get(entity_type: int, call: Call) -> Any:
    """Return a custom field."""
    kind = call.portal.kinds[entity_type]
    return _old(kind, _spec(call, kind))


def add(entity_type: int, call: Call) -> Any:
    """Add a custom field; its name gets the prefix of the CRM."""
    call.need_admin()
    kind, given = call.portal.kinds[entity_type], call.fields()
    if not given.get("USER_TYPE_ID"):
        raise empty_code("The 'USER_TYPE_ID' field is not found.")
    if not given.get("FIELD_NAME"):
        raise empty_code("The 'FIELD_NAME' field is not found.")
    name = str(given["FIELD_NAME"]).upper()
    spec = add_field(
        call.portal,
        kind,
        name if name.startswith(PREFIX) else f"{PREFIX}{name}",
        str(given["USER_TYPE_ID"]),
        _label(given.get("LABEL") or given.get("EDIT_FORM_LABEL")),
        multiple=given.get("MULTIPLE") == "Y",
        required=given.get("MANDATORY") == "Y",
        enum=map(as_dict, as_list(given.get("LIST"))),
        settings=as_dict(given.get("SETTINGS")),
    )
    return spec.id


def update(entity_type: int, call: Call) -> Any:
    """Change labels, settings or the items of a list."""
    call.need_admin()
    kind, given = call.portal.kinds[entity_type], call.fields()
    spec = _spec(call, kind)
    change_enum(call.portal, spec, map(as_dict, as_list(given.get("LIST"))))
    spec.title = _label(given.get("EDIT_FORM_LABEL")) or spec.title
    spec.required = given.get("MANDATORY", "Y" if spec.required else "N") == "Y"
    kind.prepared.clear()
    return True


def delete(entity_type: int, call: Call) -> Any:
    """Delete a custom field."""
    call.need_admin()
    kind = call.portal.kinds[entity_type]
    kind.drop(_spec(call, kind).name)
    return True


for _type, _name in NAMES.items():
    for _word, _handler in (
        ("list", list_),
        ("get", get),
        ("add", add),
        ("update", update),
        ("delete", delete),
    ):
        method(f"crm.{_name}.userfield.{_word}")(partial(_handler, _type))


@method("userfieldconfig.list", "userfieldconfig")
def config_list(call: Call) -> Any:
    """Return a page of custom fields, without the items of lists."""
    found = [_config(kind, spec, whole=False) for kind, spec in _configured(call)]
    for key, value in items(call.get("filter")):
        wanted = [str(one) for one in as_list(value)]
        found = [one for one in found if str(one.get(key.lstrip("="), "")) in wanted]
    for key, direction in items(call.get("order")):
        found.sort(
            key=lambda one: (intval(one.get(key)), str(one.get(key))),
            reverse=str(direction).lower() == "desc",
        )
    page = call.page()
    call.paged(page, len(found), legacy=False)
    return {"fields": found[page.offset : page.offset + PAGE]}


@method("userfieldconfig.get", "userfieldconfig")
def config_get(call: Call) -> Any:
    """Return a custom field with the items of its list."""
    kind, spec = _configured_one(call)
    return {"field": _config(kind, spec)}


@method("userfieldconfig.add", "userfieldconfig")
def config_add(call: Call) -> Any:
    """Add a custom field; only the label of the form is taken."""
    _module(call)
    given = as_dict(call.required("field"))
    kind = next((one for one in call.portal.kinds.values() if one.uf_entity == given.get("entityId")), None)
    if kind is None or not call.portal.is_admin(call.user):
        raise empty_code("Access denied")
    for key, name in (("fieldName", "FIELD_NAME"), ("userTypeId", "USER_TYPE_ID")):
        if not given.get(key):
            raise empty_code(f"The '{name}' field is not found.")
    expected = f"UF_{kind.uf_entity}_" if kind.type_id else PREFIX
    if not str(given["fieldName"]).startswith(expected):
        raise empty_code("You cannot create custom fields")
    try:
        spec = add_field(
            call.portal,
            kind,
            str(given["fieldName"]),
            str(given["userTypeId"]),
            _label(given.get("editFormLabel")),
            multiple=given.get("multiple") == "Y",
            required=given.get("mandatory") == "Y",
            enum=_enum(given.get("enum")),
            settings=as_dict(given.get("settings")),
        )
    except RestError as refused:
        trouble = refused.text
    else:
        return {"field": _config(kind, spec)}
    raise empty_code(trouble)


@method("userfieldconfig.update", "userfieldconfig")
def config_update(call: Call) -> Any:
    """Change a custom field."""
    kind, spec = _configured_one(call)
    given = as_dict(call.required("field"))
    change_enum(call.portal, spec, _enum(given.get("enum")))
    spec.title = _label(given.get("editFormLabel")) or spec.title
    kind.prepared.clear()
    return {"field": _config(kind, spec)}


@method("userfieldconfig.delete", "userfieldconfig")
def config_delete(call: Call) -> Any:
    """Delete a custom field."""
    kind, spec = _configured_one(call)
    kind.drop(spec.name)
    return None


def _module(call: Call) -> None:
    if call.required("moduleId") != "crm":
        raise empty_code("No settings for UserFieldAccess")
    if "crm" not in call.caller.scopes:
        raise empty_code("The current method required more scopes. (crm)")


def _configured(call: Call) -> list[tuple[Kind, FieldSpec]]:
    _module(call)
    return [
        (kind, spec) for kind in call.portal.kinds.values() for spec in kind.fields.values() if spec.custom
    ]


def _configured_one(call: Call) -> tuple[Kind, FieldSpec]:
    wanted = intval(call.required("id"))
    found = next(((kind, spec) for kind, spec in _configured(call) if spec.id == wanted), None)
    if found is None or not call.portal.is_admin(call.user):
        raise empty_code("You do not have permission to view user field settings")
    return found


def _enum(given: Any) -> list[dict[str, Any]]:
    names = {"id": "ID", "value": "VALUE", "sort": "SORT", "def": "DEF", "xmlId": "XML_ID", "del": "DEL"}
    return [{names.get(key, key): value for key, value in as_dict(one).items()} for one in as_list(given)]


def _label(given: Any) -> str:
    if isinstance(given, dict):
        return str(given.get("ru") or next(iter(given.values()), "") or "")
    return str(given or "")


def _spec(call: Call, kind: Kind) -> FieldSpec:
    wanted = intval(call.loose("id"))
    if wanted <= 0:
        raise empty_code("ID is not defined or invalid.")
    spec = next((one for one in kind.fields.values() if one.id == wanted), None)
    if spec is None:
        raise RestError("ERROR_NOT_FOUND", f"The entity with ID '{wanted}' is not found")
    return spec


def _old(kind: Kind, spec: FieldSpec) -> dict[str, Any]:
    told: dict[str, Any] = {
        "ID": str(spec.id),
        "ENTITY_ID": kind.uf_entity,
        "FIELD_NAME": spec.name,
        "USER_TYPE_ID": spec.type,
        "XML_ID": None,
        "SORT": "100",
        "MULTIPLE": "Y" if spec.multiple else "N",
        "MANDATORY": "Y" if spec.required else "N",
        "SHOW_FILTER": "E",
        "SHOW_IN_LIST": "Y",
        "EDIT_IN_LIST": "Y",
        "IS_SEARCHABLE": "N",
        "SETTINGS": spec.settings or [],
        "EDIT_FORM_LABEL": {"ru": spec.title},
    }
    if spec.type == "enumeration":
        told["LIST"] = [{**one, "ID": str(one["ID"]), "SORT": str(one["SORT"])} for one in spec.enum]
    return told


def _config(kind: Kind, spec: FieldSpec, *, whole: bool = True) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": str(spec.id),
        "entityId": kind.uf_entity,
        "fieldName": spec.name,
        "userTypeId": spec.type,
        "xmlId": None,
        "sort": "100",
        "multiple": "Y" if spec.multiple else "N",
        "mandatory": "Y" if spec.required else "N",
        "showFilter": "N",
        "showInList": "Y",
        "editInList": "Y",
        "isSearchable": "N",
        "settings": spec.settings or [],
        "languageId": {"ru": "ru"},
        "editFormLabel": {"ru": spec.title},
        "listColumnLabel": {"ru": None},
        "listFilterLabel": {"ru": None},
        "errorMessage": {"ru": None},
        "helpMessage": {"ru": None},
    }
    if whole and spec.type == "enumeration":
        told["enum"] = [
            {
                "id": str(one["ID"]),
                "userFieldId": str(spec.id),
                "value": one["VALUE"],
                "def": one["DEF"],
                "sort": str(one["SORT"]),
                "xmlId": one["XML_ID"],
            }
            for one in spec.enum
        ]
    return told
