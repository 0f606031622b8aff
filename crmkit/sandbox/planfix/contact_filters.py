"""Complex filters of contacts (POST /contact/list)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.planfix import conditions as on
from crmkit.sandbox.planfix import contact_tasks
from crmkit.sandbox.planfix.exceptions import bad_value, not_emulated
from crmkit.sandbox.planfix.models import Contact

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.call import Call

__all__ = ["Test", "saved", "tests"]

Test = Callable[[Contact], bool]

TEXTS: dict[int, Callable[[Contact], str]] = {
    4001: lambda contact: (
        f"{contact.lastname} {contact.name} {contact.midname} {contact.name} {contact.lastname}"
    ),
    4002: lambda contact: contact.position,
    4003: lambda contact: " ".join(number for number, _ in contact.phones),
    4004: lambda contact: contact.address,
    4005: lambda contact: contact.email,
    4014: lambda contact: contact.name,
    4015: lambda contact: contact.lastname,
    4221: lambda contact: " ".join(contact.emails),
    4222: lambda contact: contact.midname,
}
EXACT: dict[int, Callable[[Contact], str]] = {
    4019: lambda contact: contact.gender,
    4026: lambda contact: contact.email,
    4226: lambda contact: contact.telegram,
}
FLAGS: dict[int, Test] = {
    4006: lambda contact: contact.is_company,
    4007: lambda contact: not contact.is_company,
    4010: lambda contact: contact.has_access,
    4012: lambda contact: "participant" not in contact.barred_as,
    4017: lambda contact: "participant" in contact.barred_as,
    4013: lambda contact: "counterparty" not in contact.barred_as,
    4018: lambda contact: "counterparty" in contact.barred_as,
}
NUMBERS: dict[int, Callable[[Contact], int]] = {
    4008: lambda contact: contact.group,
    4016: lambda contact: contact.template,
    4231: lambda contact: contact.id,
    4233: lambda contact: contact.id + XML_IDS,
    4234: lambda contact: _whole(contact.texts.get("telegramId", "")),
}
KNOWN = frozenset({11, 18, 4118})
"""Filters of the vendor of which nothing is known but the number, or not how their value is written."""
XML_IDS = 9_000_000
"""The older XML interface numbers contacts otherwise; here by so much more."""


def tests(call: Call, filters: list[on.Filter]) -> list[Test]:
    """Return what a contact must pass, one test per filter that counts."""
    made = (_test(call, one) for one in filters)
    return [test for test in made if test is not None]


def _test(call: Call, one: on.Filter) -> Test | None:
    number = one["type"]
    if number in FLAGS:
        return FLAGS[number] if on.flag(one) else None
    if number in BY_TASKS:
        return contact_tasks.by_state(call, *BY_TASKS[number]) if on.flag(one) else None
    if number in BY_ACTIVITY:
        condition = on.dates(call, one)
        return contact_tasks.by_activity(call, *BY_ACTIVITY[number], condition) if condition else None
    if number in KNOWN:
        raise not_emulated(f"contact filter {number}")
    if number not in CONDITIONS:
        raise bad_value(f"Unknown filter type - {number}")
    get, make = CONDITIONS[number]
    condition = make(call, one)
    return (lambda contact: condition(get(contact))) if condition else None


BY_TASKS: dict[int, tuple[contact_tasks.Role, contact_tasks.State, bool]] = {
    4201: ("counterparty", "active", False),
    4202: ("participant", "active", False),
    4203: ("counterparty", "active", True),
    4204: ("participant", "active", True),
    4205: ("counterparty", "overdue", True),
    4206: ("participant", "overdue", True),
}
BY_ACTIVITY: dict[int, tuple[contact_tasks.Role, bool]] = {
    4213: ("counterparty", True),
    4219: ("counterparty", False),
    4214: ("participant", True),
    4220: ("participant", False),
}

Get = Callable[[Contact], Any]
Make = Callable[["Call", on.Filter], on.Condition | None]


def _custom(call: Call, one: on.Filter) -> on.Condition | None:
    return on.custom(call, one, call.account.fields.contact)


def _whole(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _exact(call: Call, one: on.Filter) -> on.Condition | None:
    return on.text(call, one, exact=True, allowed=on.EQUALITY)


def _numbers(call: Call, one: on.Filter) -> on.Condition | None:
    return on.numbers(call, one, prefix="contact")


CONDITIONS: dict[int, tuple[Get, Make]] = {
    1: (lambda contact: (contact.added_by,), on.people),
    2: (lambda contact: contact.supervisors, lambda call, one: on.people(call, one, through_groups=True)),
    12: (lambda contact: contact.created, on.dates),
    38: (lambda contact: contact.updated, on.dates),
    47: (lambda contact: contact.visible_for, lambda call, one: on.people(call, one, through_groups=True)),
    48: (lambda contact: contact.editable_for, lambda call, one: on.people(call, one, through_groups=True)),
    93: (lambda contact: contact.entries, on.entry_value),
    4011: (lambda contact: contact.birth_date, on.anniversaries),
    4223: (lambda contact: contact.birth_date, on.birthdays),
    **{number: (get, on.text) for number, get in TEXTS.items()},
    **{number: (get, _exact) for number, get in EXACT.items()},
    **{number: (get, _numbers) for number, get in NUMBERS.items()},
    **{number: (lambda contact: contact.fields, _custom) for number in (*range(4101, 4118), 4152, 4153)},
}


def saved(call: Call, filter_id: Any) -> list[Test]:
    """Return the test of a saved filter of contacts.

    Raises:
        Refused: Code 41: there is no such filter.
    """
    name = str(filter_id).removeprefix(":")
    if name == "contact":
        return [lambda contact: not contact.is_company]
    if name == "company":
        return [lambda contact: contact.is_company]
    found = call.account.saved_filters.get(name)
    if found is None or found.about != "contact":
        raise bad_value(f"Filter not found by id {filter_id}")
    ways = [tests(call, filters) for filters in found.alternatives]
    return [lambda contact: any(all(test(contact) for test in way) for way in ways)]
