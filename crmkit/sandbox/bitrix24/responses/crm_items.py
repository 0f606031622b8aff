"""The universal methods: ``crm.item.*`` for every type of items."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24 import crm
from crmkit.sandbox.bitrix24.call import PAGE, Call
from crmkit.sandbox.bitrix24.conditions import Conditions, Dialect, Row
from crmkit.sandbox.bitrix24.exceptions import RestError, access_denied, invalid_argument, not_found
from crmkit.sandbox.bitrix24.files import kept, show
from crmkit.sandbox.bitrix24.kinds import FieldSpec, Kind
from crmkit.sandbox.bitrix24.multifields import changed_multifields, shown_multifields
from crmkit.sandbox.bitrix24.php import as_dict, as_list, intval, items
from crmkit.sandbox.bitrix24.rights import (
    ADD,
    DELETE,
    IMPORT,
    READ,
    UPDATE,
    need,
    need_intranet,
    reads_any,
    sees,
)
from crmkit.sandbox.bitrix24.table import Order
from crmkit.sandbox.bitrix24.urls import method
from crmkit.sandbox.bitrix24.values import IGNORED, Writer, parsed, universal_writer

__all__: list[str] = []

MAX_IMPORT = 20
MANY_SELECTS = 500
IMPORT_STAMPS = frozenset(
    {"DATE_CREATE", "DATE_MODIFY", "MOVED_TIME", "CREATED_BY_ID", "MODIFY_BY_ID", "MOVED_BY_ID"}
)
Columns = list[tuple[str, str, Writer | None]]


@method("crm.item.fields")
def fields(call: Call) -> Any:
    """Return the fields of a type."""
    kind, original = _kind(call), _original(call)
    if not reads_any(call.portal, call.user, kind):
        raise access_denied("You do not have permission to view this item", 400)
    found = {_shown(spec, original): spec.described(legacy=False) for spec in kind.universal_fields()}
    return {"fields": found}


@method("crm.item.get")
def get(call: Call) -> Any:
    """Return an item with all its fields."""
    kind = _kind(call)
    return {"item": _item(call, kind, _row(call, kind, READ))}


@method("crm.item.list")
def list_(call: Call) -> Any:
    """Return a page of items."""
    kind, original, portal = _kind(call), _original(call), call.portal
    need_intranet(portal, call.user)
    names = _searched(kind, original)
    dialect = Dialect(names.get, strict=True, logic=True)
    conditions = Conditions.read(call.get("filter"), dialect, portal.zone)
    test = sees(portal, call.user, kind)
    if test is not None:
        conditions.tests.append(test)
    order = _order(call.get("order"), names)
    page = call.page()
    rows, total = portal.items[kind.id].find(
        conditions, order, offset=page.offset, limit=PAGE, counted=page.counted
    )
    call.paged(page, total, legacy=False)
    select = tuple(str(one) for one in as_list(call.get("select"))) or ("*", "UF_*")
    columns = _columns(call, kind, original, select)
    with_fm = kind.multifields and "*" in select
    written = [_written(row, columns, kind, with_fm=with_fm) for row in rows]
    if kind.file_fields:
        written = [show(call, kind, one, one["id"], legacy=False) for one in written]
    return {"items": written}


@method("crm.item.add")
def add(call: Call) -> Any:
    """Add an item."""
    kind = _kind(call)
    values = _decoded(call, kind, call.required("fields"), None)
    need(call.portal, call.user, kind, values, ADD)
    row = crm.add(call.portal, kind, values, crm.Author(call.user, call.caller))
    return {"item": _item(call, kind, row)}


@method("crm.item.update")
def update(call: Call) -> Any:
    """Change an item; what changes nothing saves nothing."""
    kind = _kind(call)
    old = _row(call, kind, UPDATE)
    values = _decoded(call, kind, call.required("fields"), old)
    row = crm.change(call.portal, kind, old, values, crm.Author(call.user, call.caller))
    return {"item": _item(call, kind, row)}


@method("crm.item.delete")
def delete(call: Call) -> Any:
    """Delete an item."""
    kind = _kind(call)
    crm.delete(call.portal, kind, _row(call, kind, DELETE), crm.Author(call.user, call.caller))
    return []


@method("crm.item.import")
def import_(call: Call) -> Any:
    """Add an item without starting automation; administrators may set its dates."""
    kind = _kind(call)
    return _imported(call, kind, call.required("fields"))


@method("crm.item.batchImport")
def batch_import(call: Call) -> Any:
    """Import up to twenty items, each with its own outcome."""
    kind, data = _kind(call), call.required("data")
    if len(as_list(data)) > MAX_IMPORT:
        raise RestError("MAX_IMPORT_BATCH_SIZE_EXCEEDED", f"You cannot import more than {MAX_IMPORT} items")
    outcomes: dict[str, Any] = {}
    for key, given in items(data):
        try:
            outcomes[key] = _imported(call, kind, given)
        except RestError as refused:
            outcomes[key] = refused.body()
    return {"items": list(outcomes.values()) if isinstance(data, list) else outcomes}


def _imported(call: Call, kind: Kind, given: Any) -> dict[str, Any]:
    values = _decoded(call, kind, given, None, importing=True)
    need(call.portal, call.user, kind, values, IMPORT)
    row = crm.add(call.portal, kind, values, crm.Author(call.user, call.caller), imported=True)
    return {"item": {"id": row["ID"]}}


def _kind(call: Call) -> Kind:
    kind = call.portal.kinds.get(intval(call.required("entityTypeId")))
    if kind is None:
        raise not_found("Smart process not found")
    return kind


def _original(call: Call) -> bool:
    return str(call.get("useOriginalUfNames")) == "Y"  # a JSON true is no "Y"


def _row(call: Call, kind: Kind, action: str) -> Row:
    row = call.portal.items[kind.id].get(intval(call.required("id")))
    if row is None:
        raise not_found()
    need(call.portal, call.user, kind, row, action)
    return row


def _shown(spec: FieldSpec, original: bool) -> str:
    return spec.name if original and spec.custom else spec.key


def _names(kind: Kind, original: bool) -> dict[str, FieldSpec]:
    if not original:
        return kind.by_key
    return {_shown(spec, original): spec for spec in kind.universal_fields()}


def _searched(kind: Kind, original: bool) -> dict[str, FieldSpec]:
    """Return the names that filters and orders may use: the vendor's own fields also in capitals."""
    capitals = {spec.name: spec for spec in kind.universal_fields() if not spec.custom}
    return capitals | _names(kind, original)


def _order(given: Any, names: dict[str, FieldSpec]) -> Order:
    order = []
    for key, direction in items(given):
        if key not in names:
            raise invalid_argument(f"Invalid order: field '{key}' is not allowed in order")
        order.append((names[key].name, str(direction).lower() == "desc"))
    return order


def _columns(call: Call, kind: Kind, original: bool, select: tuple[str, ...]) -> Columns:
    """Return what has to be written of each row; unknown names of ``select`` are dropped without a word."""
    known: Columns | None = kind.prepared.get((original, select))
    if known is not None:
        return known
    everything = "*" in select
    custom = "UF_*" in select or "*" in select
    columns = [
        (_shown(spec, original), spec.name, universal_writer(spec, call.zone))
        for spec in kind.universal_fields()
        if (custom if spec.custom else everything) or _shown(spec, original) in select or spec.name == "ID"
    ]
    if len(kind.prepared) > MANY_SELECTS:
        kind.prepared.clear()
    kind.prepared[original, select] = columns
    return columns


def _written(row: Row, columns: Columns, kind: Kind, *, with_fm: bool) -> dict[str, Any]:
    get = row.get
    written = {shown: get(name) if writer is None else writer(get(name)) for shown, name, writer in columns}
    if with_fm:
        written["fm"] = shown_multifields(row)
    written["entityTypeId"] = kind.id
    return written


def _item(call: Call, kind: Kind, row: Row) -> dict[str, Any]:
    columns = _columns(call, kind, _original(call), ("*", "UF_*"))
    return show(call, kind, _written(row, columns, kind, with_fm=kind.multifields), row["ID"], legacy=False)


def _decoded(call: Call, kind: Kind, given: Any, old: Row | None, *, importing: bool = False) -> Row:
    """Read the fields of an item: unknown and read-only ones are dropped, as are unreadable dates."""
    if not isinstance(given, (dict, list)):
        raise RestError(
            "100",
            f"Invalid value {{{given}}} to match with parameter {{fields}}. Should be value of type array.",
        )
    names, zone = _names(kind, _original(call)), call.portal.zone
    stamps = IMPORT_STAMPS if importing else frozenset()
    values: Row = {}
    for key, raw in as_dict(given).items():
        spec = names.get(key)
        if key == "fm" and kind.multifields:
            values["FM"] = changed_multifields(call.portal, (old or {}).get("FM") or [], raw)
        elif importing and kind.multifields and key in ("PHONE", "EMAIL", "WEB", "IM"):
            values["FM"] = changed_multifields(call.portal, values.get("FM") or [], {key: raw}, legacy=True)
        elif spec is not None and spec.name in stamps:
            if not call.portal.is_admin(call.user):
                raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", f'Invalid value for field "{key}"')
            values[spec.name] = parsed(spec, raw, zone, legacy=False)
        elif spec is not None and spec.type == "file":
            values[spec.name] = kept(call.portal, spec, raw, (old or {}).get(spec.name))
        elif spec is not None and not spec.read_only:
            value = parsed(spec, raw, zone, legacy=False)
            if value is not IGNORED:
                values[spec.name] = value
    _check_required(kind, values, old)
    return values


def _check_required(kind: Kind, values: Row, old: Row | None) -> None:
    for spec in kind.fields.values():
        if spec.required and not values.get(spec.name, (old or {}).get(spec.name)):
            raise RestError("CRM_FIELD_ERROR_REQUIRED", f'The "{spec.title}" field is required')
