"""Lists of things that are no CRM items: their fields, filters and pages, declared in a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from crmkit.sandbox.bitrix24.call import PAGE, Call
from crmkit.sandbox.bitrix24.conditions import ALL_PREFIXES, Conditions, Dialect, Row
from crmkit.sandbox.bitrix24.kinds import FieldSpec
from crmkit.sandbox.bitrix24.php import as_list, items
from crmkit.sandbox.bitrix24.table import Order, Table
from crmkit.sandbox.bitrix24.values import legacy_writer

__all__ = ["TASK_PREFIXES", "Specs", "lines", "order_of", "page_of", "specs", "table_of", "whole"]

Specs = dict[str, FieldSpec]
TASK_PREFIXES = (">=", "<=", "!", ">", "<")


def specs(declared: str) -> Specs:
    """Return the fields declared as ``NAME:type`` words; a star after the type marks many values.

    Example:
        >>> specs("ID:integer UF_DEPARTMENT:integer*")["UF_DEPARTMENT"].multiple
        True
    """
    found = {}
    for word in declared.split():
        name, _, type_ = word.partition(":")
        found[name] = FieldSpec(name, type_.rstrip("*"), multiple=type_.endswith("*"))
    return found


def table_of(rows: Iterable[Row]) -> Table:
    """Return rows as a table, to be filtered and ordered; the rows need an ``ID``."""
    table = Table()
    for row in rows:
        table.put(row)
    return table


def order_of(given: Any, known: Specs, refuse: Callable[[str], Exception] | None = None) -> Order:
    """Read an order; unknown fields are dropped, or refused."""
    order = []
    for key, direction in items(given):
        if key.upper() in known:
            order.append((key.upper(), str(direction).lower().startswith("desc")))
        elif refuse is not None:
            raise refuse(key)
    return order


def page_of(
    call: Call,
    table: Table,
    known: Specs,
    *,
    prefixes: tuple[str, ...] = ALL_PREFIXES,
    given: Any = None,
    order: Order | None = None,
    legacy: bool = True,
    test: Callable[[Row], bool] | None = None,
) -> list[Row]:
    """Return the page that a call asks for, and tell the call about totals; unknown filters are dropped.

    ``test`` is what rows have to pass besides: that the caller may see them.
    """
    dialect = Dialect(known.get, prefixes=prefixes)
    conditions = Conditions.read(call.loose("filter") if given is None else given, dialect, call.portal.zone)
    if test is not None:
        conditions.tests.append(test)
    asked = order_of(call.loose("order"), known) if order is None else order
    page = call.page()
    rows, total = table.find(conditions, asked, offset=page.offset, limit=PAGE, counted=page.counted)
    call.paged(page, total, legacy=legacy)
    return rows


def whole(call: Call, table: Table, known: Specs, *, given: Any = None) -> list[Row]:
    """Return all rows that meet a filter, in their order: such lists have no pages."""
    conditions = Conditions.read(
        call.loose("filter") if given is None else given, Dialect(known.get), call.portal.zone
    )
    order = order_of(call.loose("order"), known)
    return table.find(conditions, order, offset=0, limit=len(table), counted=True)[0]


def lines(call: Call, rows: Iterable[Row], known: Specs, select: Any = None) -> list[dict[str, Any]]:
    """Write rows as the old methods do; ``select`` picks fields, ``ID`` always comes."""
    wanted = {str(one).upper() for one in as_list(select)}
    columns = [
        (name, legacy_writer(spec, call.zone))
        for name, spec in known.items()
        if not wanted or "*" in wanted or name in wanted or name == "ID"
    ]
    return [{name: writer(row.get(name)) for name, writer in columns} for row in rows]
