"""Employees, robots and their groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmkit.sandbox.planfix import conditions as on
from crmkit.sandbox.planfix.call import Call, passing
from crmkit.sandbox.planfix.exceptions import bad_value, not_emulated, user_not_found
from crmkit.sandbox.planfix.models import User
from crmkit.sandbox.planfix.rows import user_row
from crmkit.sandbox.planfix.urls import route

POSITION, ROLE = 9005, 9009
CUSTOM = (*range(9101, 9118), 9152, 9153)
EXTENSION, LANGUAGE = 9004, 9124
BIRTHDAY, TELEGRAM, POSITION_ID = 9120, 9126, 9127
KNOWN = (9118,)
"""Filters of the vendor of which nobody says how their value is written."""
TEXTS: dict[int, Callable[[User], str]] = {
    9002: lambda user: " ".join(user.phones),
    9003: lambda user: user.email,
    POSITION: lambda user: user.position,
    9006: lambda user: f"{user.lastname} {user.name} {user.midname} {user.name} {user.lastname}",
    ROLE: lambda user: user.role,
    EXTENSION: lambda user: user.extension,
    LANGUAGE: lambda user: user.language,
    9121: lambda user: user.name,
    9122: lambda user: user.midname,
    9123: lambda user: user.lastname,
}


@route("POST", "/user/list", "user_readonly", error_status=500)
def user_list(call: Call) -> dict[str, Any]:
    """List everybody: inactive ones and robots too, unless ``onlyActive``."""
    wanted, (offset, size) = call.wanted(), call.page()
    tests = [test for test in (_test(call, one) for one in call.filters()) if test is not None]
    if call.body.get("onlyActive"):
        tests.append(lambda user: user.status == "Active")
    found = list(passing(tests, (user for _, user in sorted(call.account.users.items()))))
    prefixed = call.body.get("prefixedId") is True
    return {
        "users": [user_row(call, user, wanted, prefixed=prefixed) for user in found[offset : offset + size]]
    }


def _test(call: Call, one: on.Filter) -> Callable[[User], bool] | None:
    number = one["type"]
    if number == POSITION and isinstance(one.get("value"), dict):
        one = one | {"value": one["value"].get("name")}
    if number in TEXTS:
        return _on(TEXTS[number], on.text(call, one, exact=number in (ROLE, EXTENSION, LANGUAGE)))
    if number in OTHERS:
        return OTHERS[number](call, one)
    if number in CUSTOM:
        return _on(lambda user: user.fields, on.custom(call, one, call.account.fields.user))
    if number in KNOWN:
        raise not_emulated(f"employee filter {number}")
    raise bad_value(f"Unknown filter type - {number}")


def _on(get: Callable[[User], Any], condition: on.Condition | None) -> Callable[[User], bool] | None:
    return (lambda user: condition(get(user))) if condition else None


def _in_group(call: Call, one: on.Filter) -> Callable[[User], bool] | None:
    operator = on.operator_of(one, on.EQUALITY)
    among = on.numbers(call, one | {"operator": "equal"}, prefix="group")
    return (
        _on(lambda user: user.groups, on.negated(operator, lambda groups: any(map(among, groups))))
        if among
        else None
    )


def _in_position(call: Call, one: on.Filter) -> Callable[[User], bool] | None:
    """Look at the number of a position; the examples give it as a number and as ``{"id": 23}``."""
    value = one.get("value")
    one = one | {"value": value.get("id")} if isinstance(value, dict) else one
    names = {name: number for number, name in call.account.positions.items()}
    return _on(lambda user: names.get(user.position, 0), on.numbers(call, one))


def _whole(text: str) -> int:
    return int(text) if text.isdigit() else 0


OTHERS: dict[int, Callable[[Call, on.Filter], Callable[[User], bool] | None]] = {
    9001: _in_group,
    9008: lambda call, one: _on(lambda user: user.id, on.numbers(call, one, prefix="user")),
    BIRTHDAY: lambda call, one: _on(lambda user: user.birth_date, on.birthdays(call, one)),
    TELEGRAM: lambda call, one: _on(lambda user: _whole(user.telegram_id), on.numbers(call, one)),
    POSITION_ID: _in_position,
}


@route("GET", "/user/groups", "user_readonly")
def user_groups(call: Call) -> dict[str, Any]:
    """List the groups of employees."""
    return {"groups": [{"id": group.id, "name": group.name} for group in call.account.groups.values()]}


@route("GET", "/user/{id}", "user_readonly")
def user_get(call: Call) -> dict[str, Any]:
    """Read an employee or robot."""
    user = call.account.users.get(call.number("id"))
    if user is None:
        raise user_not_found(call.params["id"])
    prefixed = call.request.query.get("prefixedId", "").lower() == "true"
    return {"user": user_row(call, user, call.wanted(), prefixed=prefixed)}
