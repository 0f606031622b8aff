"""The old methods of deals, leads, contacts and companies: other names, numbers as texts, silent losses."""

from __future__ import annotations

from functools import partial
from typing import Any

from crmkit.sandbox.bitrix24 import crm
from crmkit.sandbox.bitrix24.call import PAGE, Call
from crmkit.sandbox.bitrix24.conditions import Conditions, Dialect, Row
from crmkit.sandbox.bitrix24.exceptions import RestError, empty_code
from crmkit.sandbox.bitrix24.files import kept, show
from crmkit.sandbox.bitrix24.kinds import COMPANY, CONTACT, DEAL, LEAD, MULTIFIELDS, FieldSpec, Kind
from crmkit.sandbox.bitrix24.multifields import changed_multifields, legacy_multifields
from crmkit.sandbox.bitrix24.php import as_list, intval, items
from crmkit.sandbox.bitrix24.rights import ADD, DELETE, READ, UPDATE, need_old, reads_any, sees
from crmkit.sandbox.bitrix24.table import Order
from crmkit.sandbox.bitrix24.urls import method
from crmkit.sandbox.bitrix24.values import IGNORED, Writer, legacy_writer, parsed

__all__: list[str] = []

NAMES = {LEAD: "lead", DEAL: "deal", CONTACT: "contact", COMPANY: "company"}
MANY_SELECTS = 500
NOT_IN_LISTS = ("CONTACT_IDS", "COMPANY_IDS")
"""Known for writing; reading and filtering them is not possible."""
Columns = list[tuple[str, Writer]]


def fields(entity_type: int, call: Call) -> Any:
    """Return the fields of the type."""
    kind = call.portal.kinds[entity_type]
    described = {spec.name: spec.described(legacy=True) for spec in kind.legacy_fields()}
    if kind.multifields:
        described |= {
            name: FieldSpec(name, "crm_multifield", multiple=True).described(legacy=True)
            for name in MULTIFIELDS
        }
    return described


def get(entity_type: int, call: Call) -> Any:
    """Return an item with all its fields."""
    kind = call.portal.kinds[entity_type]
    row = _row(call, kind, READ)
    written = _written(row, _columns(call, kind, ("*", "UF_*")), kind, MULTIFIELDS)
    return show(call, kind, written, row["ID"], legacy=True)


def list_(entity_type: int, call: Call) -> Any:
    """Return a page of items; unknown fields of the filter are dropped, and so is ``LOGIC``."""
    portal = call.portal
    kind = portal.kinds[entity_type]
    if not reads_any(portal, call.user, kind):
        raise empty_code("Access denied.")
    conditions = Conditions.read(call.loose("filter"), Dialect(partial(_find, kind), like=False), portal.zone)
    test = sees(portal, call.user, kind)
    if test is not None:
        conditions.tests.append(test)
    page = call.page()
    rows, total = portal.items[kind.id].find(
        conditions, _order(call.loose("order"), kind), offset=page.offset, limit=PAGE, counted=page.counted
    )
    call.paged(page, total, legacy=True)
    select = tuple(str(one).upper() for one in as_list(call.loose("select"))) or ("*", "UF_*")
    columns = _columns(call, kind, select)
    named = tuple(name for name in MULTIFIELDS if name in select) if kind.multifields else ()
    written = [_written(row, columns, kind, named) for row in rows]
    if kind.file_fields:
        written = [show(call, kind, one, int(one["ID"]), legacy=True) for one in written]
    return written


def add(entity_type: int, call: Call) -> Any:
    """Add an item and return its number."""
    kind = call.portal.kinds[entity_type]
    values = _decoded(call, kind, None)
    need_old(call.portal, call.user, kind, values, ADD)
    imported = str(_params(call).get("IMPORT", "N")).upper() == "Y"
    row: Row = crm.add(call.portal, kind, values, crm.Author(call.user, call.caller), imported=imported)
    return row["ID"]


def update(entity_type: int, call: Call) -> Any:
    """Change an item; it is saved even if nothing changes."""
    kind = call.portal.kinds[entity_type]
    row = _row(call, kind, UPDATE)
    values = _decoded(call, kind, row)
    values.pop("CATEGORY_ID", None)  # the pipeline cannot be changed by the old method
    crm.change(call.portal, kind, row, values, crm.Author(call.user, call.caller), always=True)
    return True


def delete(entity_type: int, call: Call) -> Any:
    """Delete an item."""
    kind = call.portal.kinds[entity_type]
    crm.delete(call.portal, kind, _row(call, kind, DELETE), crm.Author(call.user, call.caller))
    return True


for _type, _name in NAMES.items():
    for _word, _handler in (
        ("fields", fields),
        ("get", get),
        ("list", list_),
        ("add", add),
        ("update", update),
        ("delete", delete),
    ):
        method(f"crm.{_name}.{_word}")(partial(_handler, _type))


def _find(kind: Kind, name: str) -> FieldSpec | None:
    if kind.multifields and name in MULTIFIELDS:
        return FieldSpec(name, "string", multiple=True)
    spec = kind.fields.get(name)
    return spec if spec is not None and spec.legacy and name not in NOT_IN_LISTS else None


def _row(call: Call, kind: Kind, action: str) -> Row:
    number = intval(call.loose("id"))
    if number <= 0:
        raise empty_code("ID is not defined or invalid.")
    row = call.portal.items[kind.id].get(number)
    if row is None:
        raise empty_code("Not found")
    need_old(call.portal, call.user, kind, row, action)
    return row


def _order(given: Any, kind: Kind) -> Order:
    found = ((key.upper(), str(direction).lower() == "desc") for key, direction in items(given))
    return [(name, down) for name, down in found if _find(kind, name) is not None]


def _columns(call: Call, kind: Kind, select: tuple[str, ...]) -> Columns:
    known: Columns | None = kind.prepared.get(("legacy", select))
    if known is not None:
        return known
    columns = [
        (spec.name, legacy_writer(spec, call.zone))
        for spec in kind.legacy_fields()
        if spec.name not in NOT_IN_LISTS
        and (("UF_*" if spec.custom else "*") in select or spec.name in select or spec.name == "ID")
    ]
    if len(kind.prepared) > MANY_SELECTS:
        kind.prepared.clear()
    kind.prepared["legacy", select] = columns
    return columns


def _written(row: Row, columns: Columns, kind: Kind, multifields: tuple[str, ...]) -> dict[str, Any]:
    get = row.get
    written = {name: writer(get(name)) for name, writer in columns}
    if kind.multifields:
        for name in multifields:
            found = legacy_multifields(row, name)
            if found:
                written[name] = found
    return written


def _params(call: Call) -> dict[str, Any]:
    return call.fields("params")


def _decoded(call: Call, kind: Kind, old: Row | None) -> Row:
    given, zone = call.fields(), call.portal.zone
    _params(call)
    values: Row = {}
    multifields: dict[str, Any] = {}
    for key, raw in given.items():
        name = key.upper()
        spec = kind.fields.get(name)
        if kind.multifields and name in MULTIFIELDS:
            multifields[name] = raw
        elif spec is not None and spec.legacy and spec.type == "file":
            values[name] = kept(call.portal, spec, raw, (old or {}).get(name))
        elif spec is not None and spec.legacy and not spec.read_only:
            value = parsed(spec, raw, zone, legacy=True)
            if value is not IGNORED:
                values[name] = value
    if multifields:
        values["FM"] = changed_multifields(call.portal, (old or {}).get("FM") or [], multifields, legacy=True)
    return _checked(kind, values)


def _checked(kind: Kind, values: Row) -> Row:
    currency = values.get("CURRENCY_ID")
    if currency is not None and not (len(currency) == 3 and currency.isalpha()):
        raise RestError("", 'Invalid value for the "Currency" field.')
    return values
