"""Building blocks of complex filters, shared by tasks, contacts and employees.

A condition looks at a value; a filter is a condition with a way to get the value from an entity. ``None`` instead of a
condition means that the vendor ignores the filter: everything passes, nobody is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.planfix.exceptions import Refused, bad_value, missing
from crmkit.sandbox.planfix.fields import ref_of
from crmkit.sandbox.planfix.models import FieldDef
from crmkit.sandbox.planfix.periods import period

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.call import Call

__all__ = ["Condition", "custom", "dates", "flag", "numbers", "operator_of", "people", "text", "wrong_value"]

Condition = Callable[[Any], bool]
Filter = dict[str, Any]

EQUALITY = ("equal", "notequal")
ORDER = (*EQUALITY, "gt", "lt")
DATE_ORDER = (*ORDER, "gtAndEqual", "ltAndEqual")
TEXT = (*EQUALITY, "have", "nothave")


def operator_of(one: Filter, allowed: Iterable[str]) -> str:
    """Return the operator of a filter.

    Raises:
        Refused: Code 41: this filter does not know it.
    """
    operator = "equal" if one["operator"] == "equals" else one["operator"]
    if operator not in allowed:
        raise bad_value(f"Incorrect operator {operator!r} for filter type {one['type']}")
    return str(operator)


def wrong_value(call: Call, one: Filter, *, silent: bool = False) -> None:
    """Do what the vendor does with a value of a wrong type: ignore the filter, or refuse (a setting).

    Raises:
        Refused: Code 41.
    """
    if not silent and call.settings.wrong_filter_value == "refuse":
        raise bad_value(f"Incorrect value {one.get('value')!r} for filter type {one['type']}")


def negated(operator: str, condition: Condition) -> Condition:
    """Return the opposite of a condition for ``notequal`` and ``nothave``."""
    return (lambda value: not condition(value)) if operator.startswith("not") else condition


def flag(call: Call, one: Filter) -> bool:
    """Tell whether a flag filter counts; the vendor ignores it with any value but 1 and true."""
    operator_of(one, ("equal",))
    value = one.get("value")
    return value is True or (isinstance(value, int) and value == 1)


def dates(call: Call, one: Filter) -> Condition:
    """Look at a moment: within, outside, before or after the period. A missing one is never within or before."""
    operator = operator_of(one, DATE_ORDER if call.settings.and_equal_operators else ORDER)
    start, end = period(
        one.get("value"), today=call.today, zone=call.zone, lenient=call.settings.lenient_date_keys
    )
    tests: dict[str, Condition] = {
        "equal": lambda at: at is not None and start <= at < end,
        "notequal": lambda at: at is None or not start <= at < end,
        "lt": lambda at: at is not None and at < start,
        "gt": lambda at: at is not None and at >= end,
        "gtAndEqual": lambda at: at is not None and at >= start,
        "ltAndEqual": lambda at: at is not None and at < end,
    }
    return tests[operator]


def numbers(call: Call, one: Filter, *, silent: bool = False, prefix: str = "") -> Condition | None:
    """Look at a number: equal to it, or to one of an array. ``"12"`` and, with a prefix, ``"contact:12"`` will do."""
    operator = operator_of(one, EQUALITY)
    value = one.get("value")
    many = value if isinstance(value, list) else [value]
    try:
        wanted = frozenset(_number(item, prefix) for item in many)
    except ValueError:
        return wrong_value(call, one, silent=silent)
    if operator == "notequal" and isinstance(value, list):
        if call.settings.notequal_array == "ignore":
            return None
        if call.settings.notequal_array == "refuse":
            raise bad_value(f"Incorrect value {value!r} for filter type {one['type']}")
    return negated(operator, lambda number: number in wanted)


def _number(value: Any, prefix: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f"no number: {value!r}")
    text = str(value)
    return int(text.removeprefix(f"{prefix}:") if prefix else text)


def people(call: Call, one: Filter, *, through_groups: bool = False) -> Condition | None:
    """Look at references: is this person (or one of this person's groups) among them?"""
    operator = operator_of(one, EQUALITY)
    value = one.get("value")
    try:
        ref = ref_of(value, "") if isinstance(value, str) else None
    except ValueError:
        ref = None
    if ref is None:
        return wrong_value(call, one)
    wanted = {ref, *(call.account.groups_of(ref) if through_groups else ())}
    return negated(operator, lambda refs: not wanted.isdisjoint(refs))


def text(
    call: Call, one: Filter, *, exact: bool = False, allowed: tuple[str, ...] = TEXT
) -> Condition | None:
    """Look at a text, without regard to case: equal, or containing it."""
    operator = operator_of(one, allowed)
    value = one.get("value")
    if not isinstance(value, str):
        return wrong_value(call, one)
    wanted = value.casefold()
    if exact and operator in EQUALITY:
        return negated(operator, lambda found: (found or "").casefold() == wanted)
    return negated(operator, lambda found: wanted in (found or "").casefold())


def _ordered(call: Call, one: Filter) -> Condition | None:
    operator = operator_of(one, ORDER)
    value = one.get("value")
    try:
        wanted = float(value) if not isinstance(value, bool) else None  # type: ignore[arg-type]
    except (TypeError, ValueError):
        wanted = None
    if wanted is None:
        return wrong_value(call, one)
    tests: dict[str, Condition] = {
        "equal": lambda number: number is not None and number == wanted,
        "notequal": lambda number: number is None or number != wanted,
        "gt": lambda number: number is not None and number > wanted,
        "lt": lambda number: number is not None and number < wanted,
    }
    return tests[operator]


def _checkbox(call: Call, one: Filter) -> Condition | None:
    operator = operator_of(one, EQUALITY)
    value = one.get("value")
    if value not in (0, 1, True, False):
        return wrong_value(call, one)
    return negated(operator, lambda found: bool(found) == bool(value))


def _option(call: Call, one: Filter) -> Condition | None:
    operator = operator_of(one, EQUALITY)
    value = one.get("value")
    if not isinstance(value, str):
        return wrong_value(call, one)
    return negated(operator, lambda found: found == value)


def _any_of(call: Call, one: Filter, kind: type) -> Condition | None:
    """Look at a set: does it hold one of these (``"47;48"``)? Whether the vendor means one or all is not documented."""
    operator = operator_of(one, EQUALITY)
    value = one.get("value")
    items = value if isinstance(value, list) else str(value).split(";")
    try:
        wanted = {kind(item) for item in items}
    except (TypeError, ValueError):
        return wrong_value(call, one)
    return negated(operator, lambda found: not wanted.isdisjoint(found or ()))


def _single(condition: Condition | None) -> Condition | None:
    """Let a condition on references look at one reference or none."""
    return (lambda ref: condition((ref,) if ref else ())) if condition else None


def _collection(condition: Condition | None) -> Condition | None:
    return (lambda refs: condition(refs or ())) if condition else None


def _time(call: Call, one: Filter) -> Condition | None:
    operator = operator_of(one, ORDER)
    value = one.get("value")
    if not isinstance(value, str):
        return wrong_value(call, one)
    tests: dict[str, Condition] = {
        "equal": lambda found: found == value,
        "notequal": lambda found: found != value,
        "gt": lambda found: found is not None and found > value,
        "lt": lambda found: found is not None and found < value,
    }
    return tests[operator]


def _person_key(call: Call, one: Filter, prefix: str) -> Condition | None:
    value = one.get("value")
    if isinstance(value, int) and not isinstance(value, bool):
        one = one | {"value": f"{prefix}:{value}"}
    return _single(people(call, one))


def custom_date(call: Call, one: Filter, spec: FieldDef) -> Condition:
    """Look at a date field; dates without time begin at midnight of the caller."""
    condition = dates(call, one)
    if spec.type != 3:
        return condition
    day = call.day_start
    return lambda found: condition(day(found) if found else None)


CUSTOM: dict[int, Callable[[Call, Filter, FieldDef], Condition | None]] = {
    1: lambda c, f, s: text(c, f, exact=True),
    2: lambda c, f, s: _ordered(c, f),
    3: custom_date,
    4: lambda c, f, s: _time(c, f),
    5: lambda c, f, s: _checkbox(c, f),
    6: lambda c, f, s: _option(c, f),
    7: lambda c, f, s: numbers(c, f),
    8: lambda c, f, s: _person_key(c, f, "contact"),
    9: lambda c, f, s: _person_key(c, f, "user"),
    10: lambda c, f, s: _person_key(c, f, "contact"),
    11: lambda c, f, s: _any_of(c, f, str),
    12: lambda c, f, s: _single(people(c, f)),
    13: lambda c, f, s: _collection(people(c, f)),
    14: lambda c, f, s: _any_of(c, f, int),
    15: lambda c, f, s: numbers(c, f),
    16: lambda c, f, s: _any_of(c, f, int),
    17: lambda c, f, s: numbers(c, f),
}
"""What the last two digits of a custom field filter mean, the same for tasks (1xx), contacts (41xx), employees (91xx)."""


def custom(call: Call, one: Filter, specs: dict[int, FieldDef]) -> Condition | None:
    """Look at custom field values by number: filters xx01 to xx17, and xx52, xx53 for filled and empty.

    Raises:
        Refused: Code 40 without ``field``; code 41 for a field that is not there.
    """
    suffix = one["type"] % 100
    if suffix in (52, 53):
        operator_of(one, ("equal",))
        filled = _spec(specs, one.get("value")).id
        return (lambda fields: filled in fields) if suffix == 52 else (lambda fields: filled not in fields)
    if one.get("field") is None:
        raise missing("filters.field")
    spec = _spec(specs, one["field"])
    condition = CUSTOM[suffix](call, one, spec)
    return (lambda fields: condition(fields.get(spec.id))) if condition else None


def _spec(specs: dict[int, FieldDef], number: Any) -> FieldDef:
    try:
        return specs[int(number)]
    except (KeyError, TypeError, ValueError):
        raise Refused(41, f"Custom field not found by id {number}") from None
