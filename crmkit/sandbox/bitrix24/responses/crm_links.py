"""What hangs on items: contacts, product rows; and the search for duplicates."""

from __future__ import annotations

from functools import partial
from typing import Any

from crmkit.sandbox.bitrix24 import crm
from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import RestError, empty_code, invalid_argument, missing_parameter
from crmkit.sandbox.bitrix24.kinds import COMPANY, CONTACT, DEAL, LEAD, Kind
from crmkit.sandbox.bitrix24.listing import specs, table_of, whole
from crmkit.sandbox.bitrix24.multifields import comparable
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval, items, number
from crmkit.sandbox.bitrix24.rights import READ, UPDATE, need, need_old
from crmkit.sandbox.bitrix24.urls import method

__all__: list[str] = []

LINKED = {
    "crm.deal.contact": (DEAL, "CONTACT_IDS", "CONTACT_ID"),
    "crm.lead.contact": (LEAD, "CONTACT_IDS", "CONTACT_ID"),
    "crm.contact.company": (CONTACT, "COMPANY_IDS", "COMPANY_ID"),
}
PRODUCT = specs(
    "ID:integer ownerId:integer ownerType:string productId:integer price:double quantity:double sort:integer"
)
TYPES = {"LEAD": LEAD, "CONTACT": CONTACT, "COMPANY": COMPANY}
MAX_FOUND = 20


def links_get(prefix: str, call: Call) -> Any:
    """Return what an item is linked with; the first one is the main one."""
    _, row, many, one = _linked(prefix, call)
    return [
        {one: linked, "SORT": place * 10, "ROLE_ID": 0, "IS_PRIMARY": "Y" if place == 1 else "N"}
        for place, linked in enumerate(row.get(many) or [], 1)
    ]


def links_set(prefix: str, call: Call) -> Any:
    """Replace all links."""
    kind, row, many, one = _linked(prefix, call, UPDATE)
    given = [as_dict(entry) for entry in as_list(call.loose("items"))]
    given.sort(key=lambda entry: (entry.get("IS_PRIMARY") != "Y", intval(entry.get("SORT"))))
    return _relink(call, kind, row, many, list(dict.fromkeys(intval(entry.get(one)) for entry in given)))


def links_delete(prefix: str, call: Call) -> Any:
    """Remove all links."""
    kind, row, many, _ = _linked(prefix, call, UPDATE)
    return _relink(call, kind, row, many, [])


def link_add(prefix: str, call: Call) -> Any:
    """Add a link."""
    kind, row, many, one = _linked(prefix, call, UPDATE)
    given = call.fields()
    linked, known = intval(given.get(one)), list(row.get(many) or [])
    if linked <= 0:
        raise empty_code("The parameter 'fields' is not valid.")
    if linked in known:
        return False
    return _relink(
        call, kind, row, many, [linked, *known] if given.get("IS_PRIMARY") == "Y" else [*known, linked]
    )


def link_remove(prefix: str, call: Call) -> Any:
    """Remove a link."""
    kind, row, many, one = _linked(prefix, call, UPDATE)
    gone, known = intval(call.fields().get(one)), row.get(many) or []
    if gone not in known:
        return False
    return _relink(call, kind, row, many, [linked for linked in known if linked != gone])


for _prefix in LINKED:
    for _word, _handler in (
        ("items.get", links_get),
        ("items.set", links_set),
        ("items.delete", links_delete),
        ("add", link_add),
        ("delete", link_remove),
    ):
        method(f"{_prefix}.{_word}")(partial(_handler, _prefix))


@method("crm.duplicate.findbycomm")
def find_by_comm(call: Call) -> Any:
    """Find items by phone or e-mail; which of the values it was is not told, and nothing found is a list."""
    type_ = str(call.loose("type") or "").upper()
    if not type_:
        raise RestError("Communication type is not defined", "Parameter 'type' is required.")
    if type_ not in ("PHONE", "EMAIL"):
        text = f"Communication type '{type_}' is not supported in current context"
        raise RestError(text, text)
    wanted = {comparable(type_, str(one)) for one in as_list(call.loose("values"))[:MAX_FOUND]}
    if not wanted:
        raise RestError("Communication values is not defined", "Parameter 'values' is required.")
    only = str(call.loose("entity_type") or "").upper()
    found: dict[str, list[int]] = {}
    for name, entity_type in TYPES.items():
        if only and name != only:
            continue
        table = call.portal.items[entity_type]
        hits = {row["ID"] for value in wanted for row in table.having("COMM", value)}
        if hits:
            found[name] = sorted(hits)[: MAX_FOUND * len(wanted)]
    return found or []


@method("crm.item.productrow.set")
def rows_set(call: Call) -> Any:
    """Replace all product rows of an item."""
    kind, row = _row_owner(call, call.required("ownerType"), call.required("ownerId"))
    given = call.required("productRows")
    owner = f"{kind.id}:{row['ID']}"
    for old in call.portal.product_rows.having("OWNER", owner):
        call.portal.product_rows.forget(old["ID"])
    made = [_new_row(call, kind, row, as_dict(one)) for one in as_list(given)]
    _sum_up(call, kind, row)
    return {"productRows": [_shown(one) for one in made]}


@method("crm.item.productrow.add")
def row_add(call: Call) -> Any:
    """Add a product row."""
    given = as_dict(call.required("fields"))
    kind, row = _row_owner(call, given.get("ownerType"), given.get("ownerId"))
    made = _new_row(call, kind, row, given)
    _sum_up(call, kind, row)
    return {"productRow": _shown(made)}


@method("crm.item.productrow.update")
def row_update(call: Call) -> Any:
    """Change a product row."""
    old, given = _product_row(call), as_dict(call.required("fields"))
    kind, row = _row_owner(call, old["ownerType"], old["ownerId"])
    changed = {key: value for key, value in given.items() if key not in ("ID", "id", "ownerType", "ownerId")}
    call.portal.product_rows.put(old | _numbers(changed))
    _sum_up(call, kind, row)
    return {"productRow": _shown(old | _numbers(changed))}


@method("crm.item.productrow.get")
def row_get(call: Call) -> Any:
    """Return a product row."""
    return {"productRow": _shown(_product_row(call))}


@method("crm.item.productrow.delete")
def row_delete(call: Call) -> Any:
    """Delete a product row."""
    old = _product_row(call)
    kind, row = _row_owner(call, old["ownerType"], old["ownerId"])
    call.portal.product_rows.forget(old["ID"])
    _sum_up(call, kind, row)
    return None


@method("crm.item.productrow.list")
def row_list(call: Call) -> Any:
    """Return the product rows of an item; the filter has to name it."""
    given = as_dict(call.get("filter"))
    if "=ownerType" not in given or "=ownerId" not in given:
        raise invalid_argument("Filter by ownerType and ownerId is required")
    kind, row = _row_owner(call, given["=ownerType"], given["=ownerId"], READ)
    found = call.portal.product_rows.having("OWNER", f"{kind.id}:{row['ID']}")
    rest = {key: value for key, value in given.items() if key not in ("=ownerType", "=ownerId")}
    rows = whole(call, table_of(found), PRODUCT, given=rest)
    call.total = len(rows)
    return {"productRows": [_shown(one) for one in rows]}


def _linked(prefix: str, call: Call, action: str = READ) -> tuple[Kind, Row, str, str]:
    entity_type, many, one = LINKED[prefix]
    kind, number_ = call.portal.kinds[entity_type], intval(call.loose("id"))
    if number_ < 1:
        raise empty_code("The parameter ownerEntityID is invalid or not defined.")
    row = call.portal.items[entity_type].get(number_)
    if row is None:
        raise empty_code("Not found.")
    need_old(call.portal, call.user, kind, row, action)
    return kind, row, many, one


def _relink(call: Call, kind: Kind, row: Row, many: str, linked: list[int]) -> bool:
    crm.change(call.portal, kind, row, {many: linked}, crm.Author(call.user, call.caller), always=True)
    return True


def _row_owner(call: Call, owner_type: Any, owner: Any, action: str = UPDATE) -> tuple[Kind, Row]:
    kind = next((one for one in call.portal.kinds.values() if one.letter == owner_type), None)
    if kind is None:
        raise RestError("ENTITY_TYPE_NOT_SUPPORTED", "Working with this type of objects is not supported")
    row = call.portal.items[kind.id].get(intval(owner))
    if row is None:
        raise RestError("OWNER_NOT_FOUND", "Owner was not found")
    need(call.portal, call.user, kind, row, action)
    return kind, row


def _product_row(call: Call) -> Row:
    row = call.portal.product_rows.get(intval(call.required("id")))
    if row is None:
        raise RestError("NOT_FOUND", "Product row not found")
    return row


def _new_row(call: Call, kind: Kind, row: Row, given: dict[str, Any]) -> Row:
    if "price" not in given and "productId" not in given and "productName" not in given:
        raise missing_parameter("price")
    made = {
        "ID": call.portal.product_rows.next_id(),
        "OWNER": f"{kind.id}:{row['ID']}",
        "ownerId": row["ID"],
        "ownerType": kind.letter,
        "productId": 0,
        "productName": "",
        "price": 0.0,
        "quantity": 1.0,
        "discountTypeId": 2,
        "discountRate": 0,
        "discountSum": 0,
        "taxRate": None,
        "taxIncluded": "N",
        "customized": "Y",
        "measureCode": 796,
        "measureName": "шт",
        "sort": 10,
    } | _numbers({key: value for key, value in given.items() if key not in ("id", "ownerId", "ownerType")})
    call.portal.product_rows.put(made)
    return made


def _numbers(given: dict[str, Any]) -> dict[str, Any]:
    decimal = {
        key: number(given[key])
        for key in ("price", "quantity", "discountRate", "discountSum")
        if key in given
    }
    whole_ = {key: intval(given[key]) for key in ("productId", "sort", "measureCode") if key in given}
    return given | decimal | whole_


def _shown(row: Row) -> dict[str, Any]:
    rest = {key: value for key, value in row.items() if key not in ("ID", "OWNER")}
    told = {"id": row["ID"], **rest}
    return {key: int(one) if isinstance(one, float) and one == int(one) else one for key, one in items(told)}


def _sum_up(call: Call, kind: Kind, row: Row) -> None:
    """The amount of an item follows its product rows, unless it was entered by hand."""
    if row.get("IS_MANUAL_OPPORTUNITY") == "Y" or "OPPORTUNITY" not in kind.fields:
        return
    rows = call.portal.product_rows.having("OWNER", f"{kind.id}:{row['ID']}")
    total = round(sum(one["price"] * one["quantity"] for one in rows), 2)
    crm.change(call.portal, kind, row, {"OPPORTUNITY": total}, crm.Author(call.user, call.caller))
