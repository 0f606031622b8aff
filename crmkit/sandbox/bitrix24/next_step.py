"""What a portal needs to try out next steps: five fields of deals. Steps themselves are to-dos."""

from __future__ import annotations

from typing import Any

from crmkit.sandbox.bitrix24.kinds import DEAL
from crmkit.sandbox.bitrix24.people import Act
from crmkit.sandbox.bitrix24.portal import Portal
from crmkit.sandbox.bitrix24.userfields import add_field

__all__ = ["KINDS", "furnish", "mapping"]

KINDS = ("звонок", "письмо", "почта", "встреча", "другое")
FIELDS = {
    "step_kind": ("STEP_KIND", "enumeration", "Тип целевого действия"),
    "step_goal": ("STEP_GOAL", "string", "Цель"),
    "step_date": ("STEP_DATE", "date", "Дата"),
    "step_period": ("STEP_PERIOD", "string", "Период"),
    "step_result": ("STEP_RESULT", "string", "Результат целевого действия"),
}
MANAGER = 4


def mapping() -> dict[str, Any]:
    """Return what these are called in ``crmkit.toml``: the section ``deals.fields``."""
    return {key: {"id": f"UF_CRM_{name}", "name": title} for key, (name, _, title) in FIELDS.items()}


def furnish(portal: Portal, *, deals: int = 3) -> None:
    """Put in the fields, and some fresh deals of user 4."""
    kind = portal.kinds[DEAL]
    enum = [{"VALUE": value, "SORT": 10 * place} for place, value in enumerate(KINDS, 1)]
    for name, type_, title in FIELDS.values():
        options = enum if type_ == "enumeration" else ()
        add_field(portal, kind, f"UF_CRM_{name}", type_, title, enum=options)
    for index in range(deals):
        Act(portal).create(f"user:{MANAGER}", TITLE=f"Сделка {index + 1}", ASSIGNED_BY_ID=MANAGER)
