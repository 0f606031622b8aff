"""Lists of values, stages, pipelines and the history of stages."""

from __future__ import annotations

import re
from typing import Any

from crmkit.sandbox.bitrix24.call import PAGE, Call
from crmkit.sandbox.bitrix24.conditions import Conditions, Dialect, Row
from crmkit.sandbox.bitrix24.exceptions import RestError, access_denied, empty_code, not_found
from crmkit.sandbox.bitrix24.kinds import DEAL, LEAD, Kind
from crmkit.sandbox.bitrix24.listing import lines, order_of, specs, table_of, whole
from crmkit.sandbox.bitrix24.models import Category, Status
from crmkit.sandbox.bitrix24.php import as_dict, intval
from crmkit.sandbox.bitrix24.rights import sees_owners
from crmkit.sandbox.bitrix24.urls import method

__all__: list[str] = []

STATUS = specs(
    "ID:integer ENTITY_ID:string STATUS_ID:string NAME:string NAME_INIT:string SORT:integer SYSTEM:string "
    "CATEGORY_ID:integer COLOR:string SEMANTICS:string"
)
HISTORY = specs(
    "ID:integer TYPE_ID:integer OWNER_ID:integer CREATED_TIME:datetime CATEGORY_ID:integer "
    "STAGE_SEMANTIC_ID:string STAGE_ID:string"
)
EXTRA = {"": "process", "S": "success", "F": "apology"}
FAILURES = ("LOSE", "JUNK", "DECLAINED", "FAIL")
"""The vendor's own last stage; what people add beside it is an "apology"."""
COLORS = {"": "#39A8EF", "S": "#7BD500", "F": "#FF5752"}
STAGE_OF = re.compile(r"DEAL_STAGE(?:_(\d+))?|DYNAMIC_(\d+)_STAGE_(\d+)")
MAX_STATUS_ID = 22


@method("crm.status.list")
def status_list(call: Call) -> Any:
    """Return the entries of all lists at once: there are no pages."""
    rows = whole(call, table_of(map(_row, call.portal.statuses.values())), STATUS)
    call.total = len(rows)
    return [_shown(call, row) for row in rows]


@method("crm.status.get")
def status_get(call: Call) -> Any:
    """Return an entry."""
    return _shown(call, _row(_status(call)))


@method("crm.status.fields")
def status_fields(call: Call) -> Any:
    """Return the fields of an entry."""
    return {name: spec.described(legacy=True) for name, spec in STATUS.items()}


@method("crm.status.entity.types")
def entity_types(call: Call) -> Any:
    """Return the lists there are."""
    found: dict[str, dict[str, Any]] = {}
    for status in call.portal.statuses.values():
        one = found.setdefault(
            status.entity_id, {"ID": status.entity_id, "NAME": status.entity_id, "SEMANTIC_INFO": []}
        )
        if status.semantics:
            info = one["SEMANTIC_INFO"] or {"FINAL_SORT": 0}
            key = "FINAL_SUCCESS_FIELD" if status.semantics == "S" else "FINAL_UNSUCCESS_FIELD"
            one["SEMANTIC_INFO"] = info | {key: status.status_id}
        prefix, colon, _ = status.status_id.rpartition(":")
        if colon:
            one |= {"PREFIX": prefix, "CATEGORY_ID": str(status.category)}
    return list(found.values())


@method("crm.status.entity.items")
def entity_items(call: Call) -> Any:
    """Return the entries of one list, with numbers as numbers."""
    wanted = call.loose("entityId")
    if not wanted:
        text = "The parameter entityId is not defined or invalid."
        raise RestError(text, text)
    found = (one for one in call.portal.statuses.values() if one.entity_id == wanted)
    return [
        {"NAME": one.name, "SORT": one.sort, "STATUS_ID": one.status_id}
        for one in sorted(found, key=lambda one: one.sort)
    ]


@method("crm.status.add")
def status_add(call: Call) -> Any:
    """Add an entry; a stage gets the prefix of its pipeline."""
    call.need_admin()
    given = call.fields()
    entity, status_id = str(given.get("ENTITY_ID") or ""), str(given.get("STATUS_ID") or "")
    if not entity or not status_id or not given.get("NAME"):
        raise empty_code("The field ENTITY_ID, STATUS_ID or NAME is not set.")
    if len(status_id) > MAX_STATUS_ID or not re.fullmatch(r"[A-Za-z0-9_:-]+", status_id):
        raise empty_code("Invalid value of the STATUS_ID field.")
    kind, category = _owner(call, entity)
    prefix = kind.stage_prefix(category) if kind else ""
    whole_id = status_id if status_id.startswith(prefix) else f"{prefix}{status_id}"
    if any(one.entity_id == entity and one.status_id == whole_id for one in call.portal.statuses.values()):
        raise RestError("ERROR_CORE", f"Status '{whole_id}' already exists.")
    made = call.portal.add_status(
        entity,
        whole_id,
        str(given["NAME"]),
        intval(given.get("SORT", 500)),
        semantics=str(given.get("SEMANTICS") or ""),
        color=str(given.get("COLOR") or ""),
        category=category,
    )
    return made.id


@method("crm.status.update")
def status_update(call: Call) -> Any:
    """Change name, order or colour of an entry."""
    call.need_admin()
    status, given = _status(call), call.fields()
    status.name = str(given.get("NAME") or status.name)
    status.sort = intval(given["SORT"]) if "SORT" in given else status.sort
    status.color = str(given.get("COLOR") or status.color)
    return True


@method("crm.status.delete")
def status_delete(call: Call) -> Any:
    """Delete an entry that is not the vendor's own."""
    call.need_admin()
    status = _status(call)
    if status.system and call.fields("params").get("FORCED") != "Y":
        raise empty_code("CRM System Status could be deleted only with FORCED param.")
    del call.portal.statuses[status.id]
    return True


@method("crm.category.list")
def category_list(call: Call) -> Any:
    """Return all pipelines of a type: there are no pages."""
    kind = _kind(call)
    found = [_category(one) for one in call.portal.categories[kind.id].values()]
    call.total = len(found)
    return {"categories": found}


@method("crm.category.get")
def category_get(call: Call) -> Any:
    """Return a pipeline."""
    return {"category": _category(_found(call, _kind(call)))}


@method("crm.category.add")
def category_add(call: Call) -> Any:
    """Add a pipeline with its first and last stages."""
    kind, given = _kind(call), as_dict(call.required("fields"))
    _need_admin(call)
    if not given.get("name"):
        raise RestError("0", "Field 'NAME' is required")
    number = call.portal.next_id("category")
    made = Category(number, kind.id, str(given["name"]), intval(given.get("sort", 500)))
    call.portal.categories[kind.id][number] = made
    last = (
        (("WON", "Сделка успешна", "S"), ("LOSE", "Сделка провалена", "F"))
        if kind.id == DEAL
        else (
            ("SUCCESS", "Успех", "S"),
            ("FAIL", "Провал", "F"),
        )
    )
    for place, (stage, name, semantics) in enumerate((("NEW", "Начало", ""), *last), 1):
        call.portal.add_status(
            kind.stage_entity(number),
            f"{kind.stage_prefix(number)}{stage}",
            name,
            place * 10,
            semantics=semantics,
            system=True,
            category=number,
        )
    return {"category": _category(made)}


@method("crm.category.update")
def category_update(call: Call) -> Any:
    """Change name or order of a pipeline."""
    found, given = _found(call, _kind(call)), as_dict(call.required("fields"))
    _need_admin(call)
    found.name = str(given.get("name") or found.name)
    found.sort = intval(given["sort"]) if "sort" in given else found.sort
    return {"category": _category(found)}


@method("crm.category.delete")
def category_delete(call: Call) -> Any:
    """Delete a pipeline that is empty and not the default one."""
    kind = _kind(call)
    found = _found(call, kind)
    _need_admin(call)
    if found.is_default:
        raise RestError("0", "Default deal category cannot be deleted")
    if any(row.get("CATEGORY_ID") == found.id for row in call.portal.items[kind.id]):
        raise RestError("0", f"Deals related to the funnel {found.name} found")
    del call.portal.categories[kind.id][found.id]
    return None


@method("crm.category.fields")
def category_fields(call: Call) -> Any:
    """Return the fields of a pipeline."""
    known = specs("ID:integer NAME:string SORT:integer ENTITY_TYPE_ID:integer IS_DEFAULT:boolean")
    return {"fields": {spec.key: spec.described(legacy=False) for spec in known.values()}}


@method("crm.type.list")
def type_list(call: Call) -> Any:
    """Return the smart processes."""
    found = [_type(kind) for kind in call.portal.kinds.values() if kind.type_id]
    call.total = len(found)
    return {"types": found}


@method("crm.type.getByEntityTypeId")
def type_get(call: Call) -> Any:
    """Return a smart process."""
    kind = call.portal.kinds.get(intval(call.required("entityTypeId")))
    if kind is None or not kind.type_id:
        raise not_found("Element not found")
    return {"type": _type(kind)}


@method("crm.stagehistory.list")
def stage_history(call: Call) -> Any:
    """Return a page of the moves between stages; numbers are texts, unreadable dates give nothing at all."""
    kind = call.portal.kinds.get(intval(call.loose("entityTypeId")))
    if kind is None or not kind.stage_field:
        raise RestError("0", "Entity type is not supported")
    renamed = {"STATUS_ID": "STAGE_ID", "STATUS_SEMANTIC_ID": "STAGE_SEMANTIC_ID"} if kind.id == LEAD else {}
    known = {name: HISTORY[renamed.get(name, name)] for name in (*HISTORY, *renamed)}
    conditions = Conditions.read(call.loose("filter"), Dialect(known.get, strict=True), call.portal.zone)
    test = sees_owners(call.portal, call.user, kind)
    if test is not None:
        conditions.tests.append(test)
    page = call.page()
    rows, total = call.portal.stage_history[kind.id].find(
        conditions, order_of(call.loose("order"), known), offset=page.offset, limit=PAGE, counted=page.counted
    )
    call.paged(page, total, legacy=False)
    written = lines(call, rows, HISTORY, call.loose("select"))
    back = {old: new for new, old in renamed.items()}
    return {"items": [{back.get(name, name): value for name, value in line.items()} for line in written]}


def _need_admin(call: Call) -> None:
    if not call.portal.is_admin(call.user):
        raise access_denied("Access denied", 400)


def _row(status: Status) -> Row:
    return {
        "ID": status.id,
        "ENTITY_ID": status.entity_id,
        "STATUS_ID": status.status_id,
        "NAME": status.name,
        "NAME_INIT": status.name if status.system else "",
        "SORT": status.sort,
        "SYSTEM": "Y" if status.system else "N",
        "CATEGORY_ID": status.category or None,
        "COLOR": status.color or COLORS[status.semantics],
        "SEMANTICS": status.semantics or None,
    }


def _shown(call: Call, row: Row) -> dict[str, Any]:
    shown = lines(call, [row], STATUS)[0]
    bare = str(row["STATUS_ID"]).rpartition(":")[2]
    semantics = "failure" if bare in FAILURES else EXTRA[row["SEMANTICS"] or ""]
    return shown | {"EXTRA": {"SEMANTICS": semantics, "COLOR": row["COLOR"]}}


def _status(call: Call) -> Status:
    status = call.portal.statuses.get(intval(call.loose("id")))
    if status is None:
        raise RestError("Status is not found.", "Directory item not found.")
    return status


def _owner(call: Call, entity: str) -> tuple[Kind | None, int]:
    match = STAGE_OF.fullmatch(entity)
    if match is None:
        return None, 0
    kind = call.portal.kinds.get(intval(match[2]) or DEAL)
    return kind, intval(match[1] or match[3])


def _kind(call: Call) -> Kind:
    kind = call.portal.kinds.get(intval(call.required("entityTypeId")))
    if kind is None:
        raise not_found("Smart process not found")
    if not kind.has_categories:
        raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {kind.name} is not supported")
    return kind


def _found(call: Call, kind: Kind) -> Category:
    found = call.portal.categories[kind.id].get(intval(call.required("id")))
    if found is None:
        raise not_found()
    return found


def _category(one: Category) -> dict[str, Any]:
    told = {
        "id": one.id,
        "name": one.name,
        "sort": one.sort,
        "entityTypeId": one.entity_type,
        "isDefault": "Y" if one.is_default else "N",
    }
    # The default pipeline of deals is no row of the vendor's table, and lacks what such rows have.
    return told if one.id == 0 else told | {"originId": "", "originatorId": ""}


def _type(kind: Kind) -> dict[str, Any]:
    return {
        "id": kind.type_id,
        "title": kind.title,
        "code": None,
        "createdBy": 1,
        "entityTypeId": kind.id,
        "isCategoriesEnabled": "Y",
        "isStagesEnabled": "Y",
    }
