"""Employees, robots and their groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmkit.sandbox.planfix import conditions as on
from crmkit.sandbox.planfix.call import Call
from crmkit.sandbox.planfix.exceptions import bad_value, user_not_found
from crmkit.sandbox.planfix.models import User
from crmkit.sandbox.planfix.rows import user_row
from crmkit.sandbox.planfix.urls import route

TEXTS: dict[int, Callable[[User], str]] = {
    9003: lambda user: user.email,
    9005: lambda user: user.position,
    9006: lambda user: f"{user.lastname} {user.name} {user.midname} {user.name} {user.lastname}",
    9009: lambda user: user.role,
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
    found = [user for _, user in sorted(call.account.users.items()) if all(test(user) for test in tests)]
    prefixed = call.body.get("prefixedId") is True
    return {
        "users": [user_row(call, user, wanted, prefixed=prefixed) for user in found[offset : offset + size]]
    }


def _test(call: Call, one: dict[str, Any]) -> Callable[[User], bool] | None:
    number = one["type"]
    condition: on.Condition | None
    get: Callable[[User], Any]
    if number in TEXTS:
        get, condition = TEXTS[number], on.text(call, one, exact=number == 9009)
    elif number == 9001:
        wanted = on.numbers(call, one | {"operator": "equal"}, prefix="group")
        if wanted is None:
            return None
        among = wanted
        get = lambda user: any(among(group) for group in user.groups)  # noqa: E731
        condition = on.negated(on.operator_of(one, on.EQUALITY), bool)
    elif number == 9002:
        get, condition = lambda user: " ".join(user.phones), on.text(call, one)
    elif number == 9008:
        get, condition = lambda user: user.id, on.numbers(call, one, prefix="user")
    elif isinstance(number, int) and (9101 <= number <= 9117 or number in (9152, 9153)):
        get, condition = lambda user: user.fields, on.custom(call, one, call.account.fields.user)
    else:
        raise bad_value(f"Unknown filter type - {number}")
    if condition is None:
        return None
    test = condition
    return lambda user: test(get(user))


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
