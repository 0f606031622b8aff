"""Merging items: one keeps its number, takes what the others have, and they are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.sandbox.bitrix24 import crm
from crmkit.sandbox.bitrix24.kinds import COMPANY, CONTACT

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.conditions import Row
    from crmkit.sandbox.bitrix24.kinds import FieldSpec, Kind
    from crmkit.sandbox.bitrix24.portal import Portal

__all__ = ["conflicts", "merge"]

MAIN_WINS = frozenset(
    {"ASSIGNED_BY_ID", "OPENED", "EXPORT", "CURRENCY_ID", "STAGE_ID", "STATUS_ID", "CATEGORY_ID"}
)
"""Differences here need nobody's decision; which ones the vendor leaves alone is not documented."""
LINKS = {CONTACT: ("CONTACT_IDS", "CONTACT_ID"), COMPANY: ("COMPANY_IDS", "COMPANY_ID")}
"""Where other items name one; the lists first, as the single links follow them."""


def conflicts(kind: Kind, rows: list[Row]) -> list[str]:
    """Return the fields about which the items disagree."""
    return [
        spec.name
        for spec in _merged(kind)
        if len({str(row[spec.name]) for row in rows if row.get(spec.name)}) > 1
    ]


def merge(portal: Portal, kind: Kind, rows: list[Row], author: crm.Author) -> list[int]:
    """Merge items into the first one and return the numbers of the others, which are deleted.

    Where they disagree the first one stays as it is. Links, comments, activities and tasks follow.
    """
    main, *others = rows
    values: Row = {}
    for spec in _merged(kind):
        if not main.get(spec.name):
            found = next((row[spec.name] for row in others if row.get(spec.name)), None)
            values |= {} if found is None else {spec.name: found}
    for spec in kind.fields.values():
        if spec.multiple and not spec.read_only:
            values[spec.name] = _united(rows, spec.name)
    if kind.multifields:
        values["FM"] = _reach(rows)
    for other in others:
        _hand_over(portal, kind, other["ID"], main["ID"], author)
        crm.delete(portal, kind, portal.items[kind.id].get(other["ID"]) or other, author)
    crm.change(portal, kind, portal.items[kind.id].get(main["ID"]) or main, values, author)
    return [other["ID"] for other in others]


def _merged(kind: Kind) -> list[FieldSpec]:
    return [
        spec
        for spec in kind.fields.values()
        if not (spec.read_only or spec.multiple or spec.name in MAIN_WINS or spec.type in ("file", "boolean"))
    ]


def _united(rows: list[Row], name: str) -> list[Any]:
    return list(dict.fromkeys(one for row in rows for one in row.get(name) or ()))


def _reach(rows: list[Row]) -> list[Row]:
    found = {(one["TYPE_ID"], one["VALUE"]): one for row in reversed(rows) for one in row.get("FM") or ()}
    return list(reversed(found.values()))


def _hand_over(portal: Portal, kind: Kind, old: int, new: int, author: crm.Author) -> None:
    """Let everything that names an item name another one."""
    for name in LINKS.get(kind.id, ()):
        for linked in portal.kinds.values():
            spec = linked.fields.get(name)
            if spec is None or linked.id == kind.id:
                continue
            for row in portal.items[linked.id].having(name, old):
                value = _renamed(row[name], old, new)
                crm.change(portal, linked, row, {name: value}, author)
    for table in (portal.comments, portal.activities, portal.log_messages, portal.requisites):
        for row in table.having("OWNER", f"{kind.id}:{old}"):
            ids = {key: new for key in ("OWNER_ID", "ENTITY_ID") if key in row}
            table.put(row | ids | {"OWNER": f"{kind.id}:{new}"})
    before, after = f"{kind.letter}_{old}", f"{kind.letter}_{new}"
    for row in portal.tasks.having("UF_CRM_TASK", before):
        portal.tasks.put(row | {"UF_CRM_TASK": _renamed(row["UF_CRM_TASK"], before, after)})


def _renamed(value: Any, old: Any, new: Any) -> Any:
    if not isinstance(value, list):
        return new
    return list(dict.fromkeys(new if one == old else one for one in value))
