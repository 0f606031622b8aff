"""Universal lists, their fields and elements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crmkit.sandbox.bitrix24.call import PAGE, Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import RestError, access_denied
from crmkit.sandbox.bitrix24.listing import lines, order_of, page_of
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval, items
from crmkit.sandbox.bitrix24.universal_lists import ELEMENT, TYPES, ListField, UniversalList, decoded, shown
from crmkit.sandbox.bitrix24.urls import method

__all__: list[str] = []

KINDS = ("lists", "lists_socnet", "bitrix_processes")
NOT_BY_DEFAULT = ("DATE_CREATE", "TIMESTAMP_X")


@method("lists.get", "lists")
def get(call: Call) -> Any:
    """Return a page of lists."""
    kind = _kind(call)
    number, code = intval(call.loose("IBLOCK_ID")), str(call.loose("IBLOCK_CODE") or "")
    found = [
        _described(call, one)
        for one in call.portal.lists.values()
        if one.type == kind and number in (0, one.id) and code in ("", one.code)
    ]
    page = call.page()
    call.paged(page, len(found), legacy=True)
    return found[page.offset : page.offset + PAGE]


@method("lists.add", "lists")
def add(call: Call) -> Any:
    """Make a list and return its number."""
    kind, code, fields = _kind(call), str(call.loose("IBLOCK_CODE") or ""), call.fields("FIELDS")
    if not code or not fields.get("NAME"):
        raise _missing()
    portal = call.portal
    if not portal.is_admin(call.user):
        raise access_denied("Access denied")
    if any(one.code == code for one in portal.lists.values()):
        raise RestError("ERROR_IBLOCK_ALREADY_EXISTS", "Iblock already exists")
    number = portal.next_id("list")
    portal.lists[number] = UniversalList(
        number,
        kind,
        code,
        str(fields["NAME"]),
        sort=intval(fields.get("SORT", 500)),
        description=str(fields.get("DESCRIPTION") or ""),
        created=portal.now(),
        group=intval(call.loose("SOCNET_GROUP_ID")),
    )
    return number


@method("lists.field.add", "lists")
def field_add(call: Call) -> Any:
    """Add a field to a list and return its name."""
    list_, fields = _list(call), call.fields("FIELDS")
    if not fields.get("NAME") or not fields.get("TYPE"):
        raise _missing()
    if fields["TYPE"] not in TYPES:
        raise RestError("ERROR_SAVE_FIELD", "Unknown property type")
    made = ListField(
        call.portal.next_id("list field"),
        str(fields["NAME"]),
        fields["TYPE"],
        code=str(fields.get("CODE") or ""),
        sort=intval(fields.get("SORT", 10)),
        multiple=fields.get("MULTIPLE") == "Y",
        required=fields.get("IS_REQUIRED") == "Y",
    )
    for _, option in items(fields.get("LIST")):
        made.options[call.portal.next_id("list option")] = str(as_dict(option).get("VALUE", ""))
    list_.fields[made.key] = made
    return made.key


@method("lists.field.get", "lists")
def field_get(call: Call) -> Any:
    """Return the fields of a list by name; one of them is returned by its type."""
    list_, only = _list(call), str(call.loose("FIELD_ID") or "")
    if only:
        return {one.type: _field(one) for one in list_.fields.values() if one.key == only} or []
    name = {"FIELD_ID": "NAME", "NAME": "Название", "TYPE": "NAME", "IS_REQUIRED": "Y", "MULTIPLE": "N"}
    return {"NAME": name} | {one.key: _field(one) for one in list_.fields.values()}


@method("lists.element.get", "lists")
def element_get(call: Call) -> Any:
    """Return a page of elements; without a property's value its key is missing."""
    list_ = _list(call)
    given = dict(as_dict(call.loose("FILTER")))
    if call.loose("ELEMENT_ID"):
        given["=ID"] = intval(call.loose("ELEMENT_ID"))
    elif call.loose("ELEMENT_CODE"):
        given["=CODE"] = str(call.loose("ELEMENT_CODE"))
    known = list_.specs
    order = order_of(call.loose("ELEMENT_ORDER"), known)
    rows = page_of(call, list_.elements, known, given=given, order=order)
    select = [str(one).upper() for one in as_list(call.loose("SELECT"))]
    default = [name for name in ELEMENT if name not in NOT_BY_DEFAULT]
    written = lines(call, rows, ELEMENT, [one for one in select if one in ELEMENT] or default)
    for line, row in zip(written, rows, strict=True):
        line |= {
            key: value for key, value in shown(list_, row, call.portal).items() if not select or key in select
        }
    return written


@method("lists.element.add", "lists")
def element_add(call: Call) -> Any:
    """Add an element and return its number; its symbolic code is unique in the list."""
    list_, given = _list(call), call.fields("FIELDS")
    code = str(call.loose("ELEMENT_CODE") or "")
    if not code or not given:
        raise _missing()
    if list_.elements.having("CODE", code):
        raise RestError("ERROR_ELEMENT_ALREADY_EXISTS", "Element already exists")
    if not given.get("NAME"):
        raise RestError("ERROR_ADD_ELEMENT", "Не введено название элемента.<br>")
    values, now = _checked(call, list_, given), call.portal.now()
    row: Row = values | {"ID": call.portal.next_id("list element"), "CODE": code}
    row |= {"IBLOCK_ID": list_.id, "IBLOCK_SECTION_ID": intval(call.loose("IBLOCK_SECTION_ID")) or None}
    row |= {"CREATED_BY": call.user, "BP_PUBLISHED": "Y", "DATE_CREATE": now, "TIMESTAMP_X": now}
    list_.elements.put(row)
    return row["ID"]


@method("lists.element.update", "lists")
def element_update(call: Call) -> Any:
    """Replace the fields of an element: properties that are left out lose their values."""
    list_ = _list(call)
    row, given = _element(call, list_), call.fields("FIELDS")
    if not given:
        raise _missing()
    values = _checked(call, list_, {"NAME": row["NAME"]} | given)
    list_.elements.put(row | values | {"TIMESTAMP_X": call.portal.now()})
    return True


@method("lists.element.delete", "lists")
def element_delete(call: Call) -> Any:
    """Delete an element."""
    list_ = _list(call)
    list_.elements.forget(_element(call, list_)["ID"])
    return True


def _missing() -> RestError:
    return RestError("ERROR_REQUIRED_PARAMETERS_MISSING", "Required parameters are missing")


def _kind(call: Call) -> str:
    kind = str(call.loose("IBLOCK_TYPE_ID") or "")
    if kind not in KINDS:
        raise _missing()
    return kind


def _list(call: Call) -> UniversalList:
    kind = _kind(call)
    number, code = intval(call.loose("IBLOCK_ID")), str(call.loose("IBLOCK_CODE") or "")
    if not number and not code:
        raise _missing()
    for one in call.portal.lists.values():
        if one.type == kind and (one.id == number if number else one.code == code):
            return one
    raise RestError("ERROR_IBLOCK_NOT_FOUND", "Iblock not found")


def _element(call: Call, list_: UniversalList) -> Row:
    number, code = intval(call.loose("ELEMENT_ID")), str(call.loose("ELEMENT_CODE") or "")
    if not number and not code:
        raise _missing()
    row = list_.elements.get(number) if number else next(iter(list_.elements.having("CODE", code)), None)
    if row is None:
        raise RestError("ERROR_ELEMENT_NOT_FOUND", "Element not found")
    return row


def _checked(call: Call, list_: UniversalList, given: dict[str, Any]) -> Row:
    values = decoded(call.portal, list_, given)
    for key, one in list_.fields.items():
        if one.required and not values[key]:
            raise RestError("ERROR_ELEMENT_FIELD_VALUE", f'The field "{one.name}" is required')
        if one.options and any(value not in one.options for value in values[key]):
            raise RestError("ERROR_ELEMENT_FIELD_VALUE", f'The field "{one.name}" has a wrong value')
    return values | {"NAME": str(given["NAME"])}


def _field(one: ListField) -> dict[str, Any]:
    base, _, user_type = one.type.partition(":")
    told: dict[str, Any] = {
        "FIELD_ID": one.key,
        "SORT": one.sort,
        "NAME": one.name,
        "IS_REQUIRED": "Y" if one.required else "N",
        "MULTIPLE": "Y" if one.multiple else "N",
        "TYPE": one.type,
        "PROPERTY_TYPE": base,
        "PROPERTY_USER_TYPE": {"USER_TYPE": user_type} if user_type else False,
        "CODE": one.code,
        "ID": str(one.id),
    }
    if one.options:
        told["DISPLAY_VALUES_FORM"] = {str(number): text for number, text in one.options.items()}
    return told


def _described(call: Call, one: UniversalList) -> dict[str, Any]:
    return {
        "ID": str(one.id),
        "TIMESTAMP_X": datetime.fromtimestamp(one.created, call.portal.zone).strftime("%d.%m.%Y %H:%M:%S"),
        "IBLOCK_TYPE_ID": one.type,
        "LID": "s1",
        "CODE": one.code,
        "NAME": one.name,
        "ACTIVE": "Y",
        "SORT": str(one.sort),
        "DESCRIPTION": one.description,
        "BIZPROC": "Y",
        "SOCNET_GROUP_ID": str(one.group) if one.group else None,
    }
