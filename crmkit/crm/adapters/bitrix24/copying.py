"""Copies of deals: what a new deal takes over from another one."""

from __future__ import annotations

from typing import Any

from crmkit.bitrix24.fields import FieldInfo
from crmkit.crm.adapters.bitrix24.room import Tools, number_of
from crmkit.crm.adapters.bitrix24.values import read
from crmkit.crm.models import Ref

__all__ = ["copied"]

TAKEN = (
    "companyId",
    "contactIds",
    "opportunity",
    "isManualOpportunity",
    "currencyId",
    "typeId",
    "sourceId",
    "sourceDescription",
    "assignedById",
    "categoryId",
    "comments",
    "additionalInfo",
)
"""Of the vendor's own fields; its history, dates, stage and external keys stay behind."""


def copied(tools: Tools, deal: Ref) -> dict[str, Any]:
    """Return the values of a deal that a copy begins with: client, amount, custom fields; not files.

    Raises:
        NotFound: There is no such deal.
    """
    row = tools.client.deals.get(number_of(deal, "deal")).raw
    fields = tools.account.schema("deals").fields
    return {
        name: _value(fields[name], value)
        for name, value in row.items()
        if name in fields
        and not fields[name].read_only
        and (name in TAKEN or (name.startswith("UF_") and fields[name].type != "file"))
        and value not in (None, "", [], 0)
    }


def _value(field: FieldInfo, value: Any) -> Any:
    """Return a value as it is written: days are read as midnight in UTC, shifted into the server's zone."""
    if field.type != "date":
        return value
    days = read(field, value)
    return [*days] if isinstance(days, tuple) else days
