"""Currencies of the CRM: the account's own and two others."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.conditions import Conditions
from crmkit.sandbox.bitrix24.exceptions import empty_code
from crmkit.sandbox.bitrix24.listing import order_of, specs, table_of
from crmkit.sandbox.bitrix24.urls import method
from crmkit.sandbox.bitrix24.values import iso

__all__: list[str] = []

BASE = "RUB"
CURRENCIES = (
    ("RUB", 1.0, 100, "Российский рубль", "# ₽"),
    ("USD", 90.0, 200, "Доллар США", "$#"),
    ("EUR", 98.0, 300, "Евро", "€#"),
)
KNOWN = specs("CURRENCY:string AMOUNT:double SORT:integer FULL_NAME:string DATE_UPDATE:datetime")


@method("crm.currency.list")
def currencies(call: Call) -> Any:
    """Return all currencies; the vendor tells a total of 0 beside them."""
    rows = [
        {"ID": place, "CURRENCY": code, "AMOUNT": amount, "SORT": sort, "FULL_NAME": name, "FORMAT": format_}
        for place, (code, amount, sort, name, format_) in enumerate(CURRENCIES, 1)
    ]
    order = order_of(call.loose("order"), KNOWN) or [("SORT", False)]
    found = table_of(rows).find(Conditions(), order, offset=0, limit=len(rows), counted=True)[0]
    call.total = 0
    return [_shown(call, row) for row in found]


@method("crm.currency.get")
def currency(call: Call) -> Any:
    """Return a currency by its code."""
    wanted = str(call.loose("id") or "")
    for code, amount, sort, name, format_ in CURRENCIES:
        if code == wanted:
            row = {"CURRENCY": code, "AMOUNT": amount, "SORT": sort, "FULL_NAME": name, "FORMAT": format_}
            written = {"FORMAT_STRING": format_, "FULL_NAME": name, "DEC_POINT": ",", "DECIMALS": "2"}
            return _shown(call, row) | {"LANG": {"ru": written}}
    raise empty_code("Not found")


@method("crm.currency.base.get")
def base(call: Call) -> Any:
    """Return the code of the account's own currency."""
    return BASE


def _shown(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "CURRENCY": row["CURRENCY"],
        "AMOUNT_CNT": "1",
        "AMOUNT": f"{row['AMOUNT']:.4f}",
        "SORT": str(row["SORT"]),
        "BASE": "Y" if row["CURRENCY"] == BASE else "N",
        "FULL_NAME": row["FULL_NAME"],
        "LID": "ru",
        "FORMAT_STRING": row["FORMAT"],
        "DEC_POINT": ",",
        "THOUSANDS_SEP": "&nbsp;",
        "DECIMALS": "2",
        "DATE_UPDATE": iso(call.portal.now() // 86400 * 86400, call.zone),
    }
