"""The bodies of creates and updates: what the vendor takes, swallows, replaces or reports as failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.planfix.exceptions import bad_value
from crmkit.sandbox.planfix.fields import READ_ONLY, BadFieldValue, decode, ref_of
from crmkit.sandbox.planfix.models import FieldDef, ObjectKind
from crmkit.sandbox.planfix.text import stored
from crmkit.sandbox.planfix.timepoints import MomentError, parse_date, parse_moment

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.call import Call

__all__ = [
    "FAILED",
    "Failures",
    "NotTaken",
    "Readers",
    "attached",
    "choice",
    "custom_values",
    "day",
    "entity",
    "failures_payload",
    "flag",
    "moment",
    "people",
    "people_value",
    "read",
    "task_values",
    "text",
]

Failures = list[dict[str, str]]
Reader = Callable[["Call", Any], dict[str, Any]]
"""Returns the changes that the value of one member of a body asks for."""
Readers = dict[str, Reader]
FAILED = "Field change failed"
UNREADABLE = (MomentError, TypeError, ValueError, KeyError, AttributeError, IndexError)
PRIORITIES = ("NotUrgent", "Urgent")
UNITS = ("Minute", "Hour", "Day", "Week", "Month")


class NotTaken(Exception):
    """This one value was not taken; the others are.

    Args:
        name: Of what it was.
        told: What the client is told instead of the usual text.
        field: Which member of the body the client is told of, if not the whole value.
    """

    def __init__(self, name: str, told: str = "", *, field: str = "") -> None:
        super().__init__(name)
        self.told = told
        self.field = field


def failures_payload(call: Call, failures: Failures) -> dict[str, Any]:
    """Return the ``failures`` of an answer, in the shape that is set."""
    if not failures:
        return {}
    return {"failures": failures if call.settings.failures_shape == "array" else failures[0]}


def task_values(call: Call, body: dict[str, Any], kind: ObjectKind | None) -> tuple[dict[str, Any], Failures]:
    """Return the changes that a body asks for, as attributes of a task, and what could not be taken.

    Args:
        call: Who asks.
        body: The decoded request.
        kind: The object or template that decides which custom fields there are; ``None``: all of them.
    """
    changes, failures = read(call, body, READERS)
    _dates(call, body, changes, failures)
    specs = call.account.fields.task
    changes["fields"] = custom_values(call, body, specs, kind.fields if kind else set(specs), failures)
    return changes, failures


def read(call: Call, body: dict[str, Any], readers: Readers) -> tuple[dict[str, Any], Failures]:
    """Return the changes that a body asks for, as attributes, and what could not be taken."""
    changes: dict[str, Any] = {}
    failures: Failures = []
    for name, value in body.items():
        if name in readers:
            try:
                changes |= readers[name](call, value)
            except NotTaken as refused:
                failures.append({"field": refused.field or name, "error": refused.told or FAILED})
            except UNREADABLE:
                failures.append({"field": name, "error": FAILED})
    return changes, failures


def custom_values(
    call: Call, body: dict[str, Any], specs: dict[int, FieldDef], attached: set[int], failures: Failures
) -> dict[int, Any]:
    """Return custom field values by number. Unknown, unattached and read-only fields are swallowed."""
    values: dict[int, Any] = {}
    items = body.get("customFieldData") or []
    if not isinstance(items, list):
        raise bad_value("Incorrect customFieldData")
    for item in items:
        number = _field_number(item)
        spec = specs.get(number)
        if spec is None or number not in attached or spec.type in READ_ONLY:
            continue
        try:
            values[number] = decode(spec, item.get("value"), call.shown_zone)
        except BadFieldValue:
            failures.append({"field": "customFieldData", "error": FAILED})
    return values


def _field_number(item: Any) -> int:
    try:
        return int(item["field"]["id"])
    except (KeyError, TypeError, ValueError):
        raise bad_value("Incorrect customFieldData") from None


def people_value(call: Call, value: Any) -> tuple[str, ...]:
    """Return written people as references. A bare number is silently replaced by the token's owner.

    Raises:
        NotTaken: There is no such person.
    """
    refs: list[str] = []
    for item in value.get("users") or []:
        text = str(item["id"])
        refs.append(call.user.ref if text.isdigit() else ref_of(text, "") or "")
    for item in value.get("groups") or []:
        refs.append(ref_of(item["id"], "group") or "")
    for ref in refs:
        if not ref or not call.account.exists(ref):
            raise NotTaken(ref)
    return tuple(dict.fromkeys(refs))


def text(name: str) -> Reader:
    """Read a text into an attribute; descriptions are HTML."""

    def read_one(call: Call, value: Any) -> dict[str, Any]:
        if not isinstance(value, str):
            raise NotTaken(name)
        return {name: stored(value) if name == "description" else value}

    return read_one


def flag(name: str) -> Reader:
    """Read true or false into an attribute."""

    def read_one(call: Call, value: Any) -> dict[str, Any]:
        if not isinstance(value, bool):
            raise NotTaken(name)
        return {name: value}

    return read_one


def people(name: str) -> Reader:
    """Read people and groups into an attribute."""
    return lambda call, value: {} if value is None else {name: people_value(call, value)}


def entity(name: str, shelf: str) -> Reader:
    """Read ``{"id": 5}``; 0 or an empty id clears."""

    def read_one(call: Call, value: Any) -> dict[str, Any]:
        number = int(str(value["id"] or 0).rpartition(":")[2])
        if number and number not in getattr(call.account, shelf):
            raise NotTaken(name)
        return {name: number}

    return read_one


def _status(call: Call, value: Any) -> dict[str, Any]:
    return {"status": int(value["id"])}


def _process(call: Call, value: Any) -> dict[str, Any]:
    if int(value) not in call.account.processes:
        raise NotTaken("processId")
    return {"process": int(value)}


def _priority(call: Call, value: Any) -> dict[str, Any]:
    return {"priority": value} if value in PRIORITIES else {}


def _assigner(call: Call, value: Any) -> dict[str, Any]:
    return {"assigner": people_value(call, {"users": [value]})[0]}


def _number(name: str) -> Reader:
    return lambda call, value: {name: int(value)}


def choice(name: str, choices: tuple[str, ...]) -> Reader:
    """Read one of the known words into an attribute; another one is swallowed."""
    return lambda call, value: {name: value} if value in choices else {}


def moment(name: str) -> Reader:
    """Read a moment into an attribute; an empty value clears."""
    return lambda call, value: {name: parse_moment(value, call.shown_zone)[0] if value else None}


def day(name: str) -> Reader:
    """Read a day into an attribute, as ``dd-MM-yyyy``; an empty value clears."""
    return lambda call, value: {name: parse_date(value) if value else ""}


def attached(call: Call, value: Any) -> dict[str, Any]:
    """Read the files of an entity: they replace those that were there, an empty array detaches all."""
    numbers = tuple(int(one["id"]) for one in value or [])
    for number in numbers:
        if number not in call.account.files:
            raise NotTaken("files", f"File not found by id {number}")
    return {"files": tuple(dict.fromkeys(numbers))}


READERS: Readers = {
    "name": text("name"),
    "description": text("description"),
    "priority": _priority,
    "status": _status,
    "processId": _process,
    "resultChecking": flag("result_checking"),
    "isSummary": flag("is_summary"),
    "isSequential": flag("is_sequential"),
    "isDeleted": flag("is_deleted"),
    "assigner": _assigner,
    "parent": entity("parent", "tasks"),
    "object": entity("object", "objects"),
    "template": entity("template", "templates"),
    "project": entity("project", "projects"),
    "counterparty": entity("counterparty", "contacts"),
    "delayedTillDate": moment("delayed_till"),
    "duration": _number("duration"),
    "durationUnit": choice("duration_unit", UNITS),
    "durationType": choice("duration_type", ("CalendarDays", "WorkerDays")),
    "assignees": people("assignees"),
    "participants": people("participants"),
    "auditors": people("auditors"),
    "files": attached,
    "sourceObjectId": text("source_id"),
    "sourceDataVersion": text("source_version"),
}


def _dates(call: Call, body: dict[str, Any], changes: dict[str, Any], failures: Failures) -> None:
    """Read start and end; ``hasStartDate: false`` clears."""
    for key, name, has in (("startDateTime", "start", "hasStartDate"), ("endDateTime", "end", "hasEndDate")):
        if body.get(has) is False:
            changes |= {name: None, f"{name}_time": False}
        elif body.get(key):
            try:
                moment, with_time = parse_moment(body[key], call.shown_zone)
            except MomentError:
                failures.append({"field": key, "error": FAILED})
            else:
                changes |= {name: moment, f"{name}_time": with_time}
