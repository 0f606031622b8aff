"""What adding, changing and deleting a CRM item brings with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.sandbox.bitrix24.conditions import Row
from crmkit.sandbox.bitrix24.exceptions import RestError
from crmkit.sandbox.bitrix24.kinds import COMPANY, CONTACT, DEAL, LEAD, Kind
from crmkit.sandbox.bitrix24.multifields import with_reach

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.models import Caller, Status
    from crmkit.sandbox.bitrix24.portal import Portal

__all__ = ["SEMANTICS", "Author", "add", "change", "delete", "event_data", "touch"]

SEMANTICS = {"": "P", "S": "S", "F": "F"}
LINKS = {CONTACT: ("COMPANY_IDS", COMPANY, "CONTACT_IDS"), COMPANY: ("CONTACT_IDS", CONTACT, "COMPANY_IDS")}
"""By type: where an item names items of another type, which type, and where those name it."""
CREATED, MOVED, FINAL, OTHER_PIPELINE = 1, 2, 3, 5


class Author:
    """Who changes something: a person in the portal's own interface, or a caller of the API."""

    __slots__ = ("caller", "user")

    def __init__(self, user: int, caller: Caller | None = None) -> None:
        self.user = user
        self.caller = caller


def add(portal: Portal, kind: Kind, values: Row, author: Author, *, imported: bool = False) -> Row:
    """Add an item with already decoded values and return its row.

    Raises:
        RestError: Pipeline or stage do not exist.
    """
    now = portal.now()
    row = fresh(portal, kind, author.user, now)
    if imported:
        _check_stamps(portal, kind, values)
    row |= values
    row["ID"] = portal.items[kind.id].next_id()
    _settle_stage(portal, kind, row, None)
    if not row.get("TITLE") and "TITLE" in kind.fields:
        row["TITLE"] = f"{kind.title} #{row['ID']}"
    _unify(kind, row, values)
    portal.items[kind.id].put(row)
    _relink(portal, kind, row, {})
    portal.newest(kind.id, row["DATE_CREATE"])
    if kind.stage_field:
        _remember(portal, kind, row, CREATED, row["DATE_CREATE"])
    if not imported or portal.settings.import_fires_events:
        _emit(portal, kind, "ADD", row, author)
    if not imported:
        portal.processes.autostart(kind, row, created=True)
    return row


def fresh(portal: Portal, kind: Kind, user: int, now: int) -> Row:
    """Return a row as it is before anything is known of it."""
    row: Row = {name: spec.default for name, spec in kind.fields.items()}
    row |= {
        "DATE_CREATE": now,
        "DATE_MODIFY": now,
        "LAST_ACTIVITY_TIME": now,
        "CREATED_BY_ID": user,
        "MODIFY_BY_ID": user,
        "ASSIGNED_BY_ID": user,
        "LAST_ACTIVITY_BY": user,
    }
    if "MOVED_TIME" in kind.fields:
        row |= {"MOVED_TIME": now, "MOVED_BY_ID": user}
    if "CURRENCY_ID" in kind.fields:
        row["CURRENCY_ID"] = "RUB"
    if kind.has_categories:
        default = next((one.id for one in portal.categories[kind.id].values() if one.is_default), 0)
        row["CATEGORY_ID"] = default
    return row


def change(portal: Portal, kind: Kind, old: Row, values: Row, author: Author, *, always: bool = False) -> Row:
    """Change an item and return its new row; without an effective change nothing is saved or told.

    With ``always`` it is saved even if nothing changes, as the old methods do.

    Raises:
        RestError: Pipeline or stage do not exist, or do not belong together.
    """
    changed = {name: value for name, value in values.items() if old.get(name) != value}
    if not changed and not always:
        return old
    now = portal.now()
    row = old | changed | {"DATE_MODIFY": now, "MODIFY_BY_ID": author.user}
    stage = kind.stage_field
    if stage and (stage in changed or "CATEGORY_ID" in changed):
        _settle_stage(portal, kind, row, old)
        _move(portal, kind, row, old, author)
    _unify(kind, row, values)
    portal.items[kind.id].put(row)
    _relink(portal, kind, row, old)
    _emit(portal, kind, "UPDATE", row, author)
    portal.processes.autostart(kind, row, created=False)
    return row


def delete(portal: Portal, kind: Kind, row: Row, author: Author) -> None:
    """Delete an item, its history and its timeline."""
    portal.items[kind.id].forget(row["ID"])
    _relink(portal, kind, {"ID": row["ID"]}, row)
    portal.processes.drop(kind.document_id(row["ID"]))
    hung = (portal.comments, portal.activities, portal.log_messages, portal.product_rows, portal.requisites)
    for table in hung:
        for one in table.having("OWNER", f"{kind.id}:{row['ID']}"):
            table.forget(one["ID"])
    _emit(portal, kind, "DELETE", row, author)


def touch(portal: Portal, kind: Kind, row: Row, by: int) -> None:
    """Move the last activity of an item forward; never back. Automation does not start by it."""
    now = portal.now()
    if now < (row.get("LAST_ACTIVITY_TIME") or 0):
        return
    stamps = {"LAST_ACTIVITY_TIME": now, "LAST_ACTIVITY_BY": by, "DATE_MODIFY": now, "MODIFY_BY_ID": by}
    portal.items[kind.id].put(row | stamps)
    if portal.settings.activity_fires_update:
        _emit(portal, kind, "UPDATE", row, Author(by))


def event_data(kind: Kind, row: Row) -> dict[str, Any]:
    """Return the data of an item's events: its number, not its fields."""
    data: dict[str, Any] = {"ID": row["ID"]}
    if kind.dynamic:
        data["ENTITY_TYPE_ID"] = kind.id
    return {"FIELDS": data}


def _emit(portal: Portal, kind: Kind, what: str, row: Row, author: Author) -> None:
    portal.events.emit(
        f"ONCRM{kind.event}{what}", event_data(kind, row), user=author.user, caller=author.caller
    )


def _settle_stage(portal: Portal, kind: Kind, row: Row, old: Row | None) -> None:
    """Check pipeline and stage and fill in what follows from them."""
    if not kind.stage_field:
        return
    category = row.get("CATEGORY_ID") or 0
    if kind.has_categories and category not in portal.categories[kind.id]:
        raise _not_valid("CATEGORY_ID")
    stages = portal.stages(kind, category)
    moved = old is not None and old.get("CATEGORY_ID") != row.get("CATEGORY_ID")
    stage = stages.get(row.get(kind.stage_field) or "")
    if stage is None:
        if row.get(kind.stage_field) and not (
            moved and row[kind.stage_field] == (old or {}).get(kind.stage_field)
        ):
            raise _not_valid(kind.stage_field)
        stage = next(iter(stages.values()), None)
        row[kind.stage_field] = stage.status_id if stage else None
    if stage is not None:
        _follow_stage(kind, row, stage, next(iter(stages)) == stage.status_id)


def _follow_stage(kind: Kind, row: Row, stage: Status, first: bool) -> None:
    semantic = SEMANTICS[stage.semantics]
    if kind.id == DEAL:
        row |= {
            "STAGE_SEMANTIC_ID": semantic,
            "CLOSED": "N" if semantic == "P" else "Y",
            "IS_NEW": "Y" if first else "N",
        }
    elif kind.id == LEAD:
        row["STATUS_SEMANTIC_ID"] = semantic


def _not_valid(name: str) -> RestError:
    return RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", f'Invalid value for field "{name}"')


def _move(portal: Portal, kind: Kind, row: Row, old: Row, author: Author) -> None:
    now, stage = row["DATE_MODIFY"], kind.stage_field
    if row[stage] == old.get(stage):
        return
    row |= {"MOVED_TIME": now, "MOVED_BY_ID": author.user}
    if "PREVIOUS_STAGE_ID" in kind.fields:
        row["PREVIOUS_STAGE_ID"] = old.get(stage)
    if kind.id == LEAD:
        row["DATE_CLOSED"] = None if row.get("STATUS_SEMANTIC_ID") == "P" else now
    other = kind.has_categories and row.get("CATEGORY_ID") != old.get("CATEGORY_ID")
    final = portal.stages(kind, row.get("CATEGORY_ID") or 0)[row[stage]].semantics
    _remember(portal, kind, row, OTHER_PIPELINE if other else FINAL if final else MOVED, now)
    if other and kind.id == DEAL:
        data = {"FIELDS": {"ID": row["ID"], "CATEGORY_ID": row["CATEGORY_ID"], "STAGE_ID": row[stage]}}
        portal.events.emit("ONCRMDEALMOVETOCATEGORY", data, user=author.user, caller=author.caller)


def _remember(portal: Portal, kind: Kind, row: Row, type_: int, at: int) -> None:
    history = portal.stage_history[kind.id]
    stages = portal.stages(kind, row.get("CATEGORY_ID") or 0)
    stage = stages.get(row[kind.stage_field])
    history.put(
        {
            "ID": history.next_id(),
            "TYPE_ID": type_,
            "OWNER_ID": row["ID"],
            "CREATED_TIME": at,
            "CATEGORY_ID": row.get("CATEGORY_ID") or 0,
            "STAGE_SEMANTIC_ID": SEMANTICS[stage.semantics] if stage else "P",
            "STAGE_ID": row[kind.stage_field],
        }
    )


def _unify(kind: Kind, row: Row, values: Row) -> None:
    """Keep fields in step that say the same thing."""
    if "CONTACT_IDS" in kind.fields and "CONTACT_ID" in kind.fields:
        if "CONTACT_IDS" in values:
            row["CONTACT_ID"] = next(iter(row["CONTACT_IDS"]), None)
        elif "CONTACT_ID" in values:
            row["CONTACT_IDS"] = [row["CONTACT_ID"]] if row["CONTACT_ID"] else []
    if "COMPANY_IDS" in kind.fields:
        if "COMPANY_IDS" in values:
            row["COMPANY_ID"] = next(iter(row["COMPANY_IDS"]), None)
        elif "COMPANY_ID" in values:
            others = [one for one in row.get("COMPANY_IDS") or [] if one != row["COMPANY_ID"]]
            row["COMPANY_IDS"] = [row["COMPANY_ID"], *others] if row["COMPANY_ID"] else []
    if kind.multifields:
        row |= with_reach(row)


def _relink(portal: Portal, kind: Kind, row: Row, old: Row) -> None:
    """Keep contacts and companies in step: each names the other."""
    if kind.id not in LINKS:
        return
    mine, others, theirs = LINKS[kind.id]
    before, after = old.get(mine) or [], row.get(mine) or []
    for number in {*before} ^ {*after}:
        other = portal.items[others].get(number)
        if other is None:
            continue
        linked = [one for one in other.get(theirs) or [] if one != row["ID"]]
        changed = {**other, theirs: [*linked, row["ID"]] if number in after else linked}
        if others == CONTACT:
            changed["COMPANY_ID"] = next(iter(changed[theirs]), None)
        portal.items[others].put(changed)


def _check_stamps(portal: Portal, kind: Kind, values: Row) -> None:
    """Check the dates that an administrator may set when importing."""
    now = portal.now()
    created = values.get("DATE_CREATE", now)
    if not portal.newest(kind.id) <= created <= now:
        raise _not_valid("createdTime")
    moved, updated = values.get("MOVED_TIME", created), values.get("DATE_MODIFY", now)
    if not created <= moved <= updated <= now:
        raise _not_valid("movedTime" if not created <= moved else "updatedTime")
