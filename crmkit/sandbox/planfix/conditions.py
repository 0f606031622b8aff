"""Building blocks of complex filters, shared by tasks, contacts and employees.

A condition looks at a value; a filter is a condition with a way to get the value from an entity. ``None``
instead of a condition means that the vendor ignores the filter: everything passes, nobody is told.
"""

from __future__ import annotations

import operator as op
from calendar import isleap
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.planfix.exceptions import Refused, bad_value, missing
from crmkit.sandbox.planfix.fields import ref_of
from crmkit.sandbox.planfix.models import DataTagEntry, FieldDef
from crmkit.sandbox.planfix.periods import period

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.call import Call

__all__ = [
    "ENTRY_TYPES",
    "EQUALITY",
    "Condition",
    "Filter",
    "anniversaries",
    "birthdays",
    "custom",
    "dates",
    "entry_value",
    "flag",
    "ignored",
    "integer",
    "negated",
    "numbers",
    "operator_of",
    "people",
    "text",
]

Condition = Callable[[Any], bool]
Filter = dict[str, Any]

EQUALITY = ("equal", "notequal")
ORDER = (*EQUALITY, "gt", "lt")
DATE_ORDER = (*ORDER, "gtAndEqual", "ltAndEqual")
TEXT = (*EQUALITY, "have", "nothave")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {"equal": op.eq, "gt": op.gt, "lt": op.lt}


def operator_of(one: Filter, allowed: Iterable[str]) -> str:
    """Return the operator of a filter.

    Raises:
        Refused: Code 41: this filter does not know it.
    """
    # The vendor's own examples of filter 93 say "equals".
    operator = "equal" if one["operator"] == "equals" else one["operator"]
    if operator not in allowed:
        raise bad_value(f"Incorrect operator {operator!r} for filter type {one['type']}")
    return str(operator)


def ignored(call: Call, one: Filter, *, silently: bool = False) -> Condition | None:
    """Do what the vendor does with a value of a wrong type: ignore the filter, or refuse (a setting).

    Raises:
        Refused: Code 41.
    """
    if not silently and call.settings.wrong_filter_value == "refuse":
        raise bad_value(f"Incorrect value {one.get('value')!r} for filter type {one['type']}")
    return None


def negated(operator: str, condition: Condition) -> Condition:
    """Return the opposite of a condition for ``notequal`` and ``nothave``."""
    return (lambda value: not condition(value)) if operator.startswith("not") else condition


def integer(value: Any) -> bool:
    """Tell whether a value is an integer number and not true or false."""
    return isinstance(value, int) and not isinstance(value, bool)


def flag(one: Filter) -> bool:
    """Tell whether a flag filter counts; the vendor ignores it with any value but 1 and true."""
    operator_of(one, ("equal",))
    return one.get("value") in (1, True)


def dates(call: Call, one: Filter) -> Condition | None:
    """Look at a moment: within, outside, before or after a period. A missing one is outside only."""
    operator = operator_of(one, DATE_ORDER if call.settings.and_equal_operators else ORDER)
    lenient = call.settings.lenient_date_keys
    try:
        start, end = period(one.get("value"), today=call.today, zone=call.zone, lenient=lenient)
    except Refused:
        if call.settings.wrong_filter_value == "refuse":
            raise
        return None
    tests: dict[str, Condition] = {
        "equal": lambda at: at is not None and start <= at < end,
        "notequal": lambda at: at is None or not start <= at < end,
        "lt": lambda at: at is not None and at < start,
        "gt": lambda at: at is not None and at >= end,
        "gtAndEqual": lambda at: at is not None and at >= start,
        "ltAndEqual": lambda at: at is not None and at < end,
    }
    return tests[operator]


def birthdays(call: Call, one: Filter) -> Condition | None:
    """Look at a day ``dd-MM-yyyy``, or at nothing."""
    condition = dates(call, one)
    return (lambda day: condition(call.day_start(day) if day else None)) if condition else None


def anniversaries(call: Call, one: Filter) -> Condition | None:
    """Look at a day without its year: does it fall into the period in any year? The example writes 1900."""
    operator = operator_of(one, EQUALITY)
    condition = dates(call, one | {"operator": "equal"})
    if condition is None:
        return None
    span = period(one["value"], today=call.today, zone=call.zone, lenient=call.settings.lenient_date_keys)
    first, last = (datetime.fromtimestamp(at, call.zone).year for at in (span[0], span[1] - 1))
    within = condition

    def found(day: str) -> bool:
        return bool(day) and any(
            within(call.day_start(_in_year(day, year))) for year in range(first, last + 1)
        )

    return negated(operator, found)


def _in_year(day: str, year: int) -> str:
    return f"{'28-02' if day[:5] == '29-02' and not isleap(year) else day[:5]}-{year:04}"


def entry_value(call: Call, one: Filter) -> Callable[[list[DataTagEntry]], bool] | None:
    """Filter 93: the value of a field in a row of analytics.

    Raises:
        Refused: The subfilter is missing or cannot be read, or there is no such analytics.
    """
    subfilter = one.get("subfilter")
    if not isinstance(subfilter, dict):
        raise Refused(0, 'JSONObject["subfilter"] not found', status=500)
    number, inner = subfilter.get("dataTagId"), subfilter.get("filter")
    tag = call.account.data_tags.get(number) if isinstance(number, int) else None
    if tag is None:
        raise Refused(6000, f"Data tag not found by id {number}")
    if not isinstance(inner, dict) or inner.get("type") not in list(ENTRY_TYPES):
        raise bad_value(f"Incorrect subfilter - {inner!r}")
    family = ENTRY_TYPES[inner["type"]]
    condition = custom(call, {**one, "type": 100 + family, "field": inner.get("field")}, tag.fields)
    if condition is None:
        return None
    return lambda entries: any(entry.tag == tag.id and condition(entry.fields) for entry in entries)


ENTRY_TYPES = {
    3101: 3,
    3103: 13,
    3104: 9,
    3105: 7,
    3106: 10,
    3108: 1,
    3109: 2,
    3111: 11,
    3115: 5,
    3116: 8,
    3117: 15,
    3123: 16,
}
"""Filters of analytics fields, by the custom field filter that does the same."""


def numbers(call: Call, one: Filter, *, silently: bool = False, prefix: str = "") -> Condition | None:
    """Look at a number: equal to it, or to one of an array.

    Args:
        call: Who asks.
        one: The filter; ``"12"`` will do for 12.
        silently: Whether a value of a wrong type is known to be ignored.
        prefix: ``contact``: ``"contact:12"`` will do as well.
    """
    operator = operator_of(one, EQUALITY)
    value = one.get("value")
    many = value if isinstance(value, list) else [value]
    try:
        wanted = frozenset(_number(item, prefix) for item in many)
    except ValueError:
        return ignored(call, one, silently=silently)
    if operator == "notequal" and isinstance(value, list):
        if call.settings.notequal_array == "ignore":
            return None
        if call.settings.notequal_array == "refuse":
            raise bad_value(f"Incorrect value {value!r} for filter type {one['type']}")
    return negated(operator, lambda number: number in wanted)


def _number(value: Any, prefix: str) -> int:
    if not integer(value) and not isinstance(value, str):
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
        return ignored(call, one)
    wanted = {ref, *(call.account.groups_of(ref) if through_groups else ())}
    return negated(operator, lambda refs: not wanted.isdisjoint(refs))


def text(
    call: Call, one: Filter, *, exact: bool = False, allowed: tuple[str, ...] = TEXT
) -> Condition | None:
    """Look at a text, without regard to case: equal, or containing it."""
    operator = operator_of(one, allowed)
    value = one.get("value")
    if not isinstance(value, str):
        return ignored(call, one)
    wanted = value.casefold()
    if exact and operator in EQUALITY:
        return negated(operator, lambda found: (found or "").casefold() == wanted)
    return negated(operator, lambda found: wanted in (found or "").casefold())


def _compared(operator: str, wanted: Any) -> Condition:
    """Compare with equal, notequal, gt or lt; nothing is neither greater nor less."""
    if operator == "notequal":
        return lambda found: found != wanted
    compare = _COMPARE[operator]
    return lambda found: found is not None and compare(found, wanted)


def _ordered(call: Call, one: Filter) -> Condition | None:
    operator = operator_of(one, ORDER)
    value = one.get("value")
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            return ignored(call, one)
        return _compared(operator, float(value))
    except ValueError:
        return ignored(call, one)


def _time(call: Call, one: Filter) -> Condition | None:
    operator = operator_of(one, ORDER)
    value = one.get("value")
    return _compared(operator, value) if isinstance(value, str) else ignored(call, one)


def _checkbox(call: Call, one: Filter) -> Condition | None:
    operator = operator_of(one, EQUALITY)
    value = one.get("value")
    if value not in (0, 1, True, False):
        return ignored(call, one)
    return negated(operator, lambda found: bool(found) == bool(value))


def _option(call: Call, one: Filter) -> Condition | None:
    operator = operator_of(one, EQUALITY)
    value = one.get("value")
    return _compared(operator, value) if isinstance(value, str) else ignored(call, one)


def _any_of(call: Call, one: Filter, kind: type) -> Condition | None:
    """Look at a set: does it hold one of these (``"47;48"``)? That "one" is meant, not "all", is a guess."""
    operator = operator_of(one, EQUALITY)
    value = one.get("value")
    items = value if isinstance(value, list) else str(value).split(";")
    try:
        wanted = {kind(item) for item in items}
    except (TypeError, ValueError):
        return ignored(call, one)
    return negated(operator, lambda found: not wanted.isdisjoint(found or ()))


def _one_person(call: Call, one: Filter, prefix: str = "") -> Condition | None:
    if prefix and integer(one.get("value")):
        one = one | {"value": f"{prefix}:{one['value']}"}
    condition = people(call, one)
    return (lambda ref: condition((ref,) if ref else ())) if condition else None


def _many_people(call: Call, one: Filter) -> Condition | None:
    condition = people(call, one)
    return (lambda refs: condition(refs or ())) if condition else None


def _date(call: Call, one: Filter, spec: FieldDef) -> Condition | None:
    """Look at a date field; dates without time begin at the midnight of who asks."""
    condition = dates(call, one)
    if condition is None or spec.type != 3:
        return condition
    day = call.day_start
    return lambda found: condition(day(found) if found else None)


CUSTOM: dict[int, Callable[[Call, Filter, FieldDef], Condition | None]] = {
    1: lambda call, one, spec: text(call, one, exact=True),
    2: lambda call, one, spec: _ordered(call, one),
    3: _date,
    4: lambda call, one, spec: _time(call, one),
    5: lambda call, one, spec: _checkbox(call, one),
    6: lambda call, one, spec: _option(call, one),
    7: lambda call, one, spec: numbers(call, one),
    8: lambda call, one, spec: _one_person(call, one, "contact"),
    9: lambda call, one, spec: _one_person(call, one, "user"),
    10: lambda call, one, spec: _one_person(call, one, "contact"),
    11: lambda call, one, spec: _any_of(call, one, str),
    12: lambda call, one, spec: _one_person(call, one),
    13: lambda call, one, spec: _many_people(call, one),
    14: lambda call, one, spec: _any_of(call, one, int),
    15: lambda call, one, spec: numbers(call, one),
    16: lambda call, one, spec: _any_of(call, one, int),
    17: lambda call, one, spec: numbers(call, one),
}
"""Custom field filters by their last two digits: tasks have 1xx, contacts 41xx, employees 91xx."""


def custom(call: Call, one: Filter, specs: dict[int, FieldDef]) -> Condition | None:
    """Look at custom field values by number: filters xx01 to xx17; xx52 and xx53 for filled and empty.

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
        raise bad_value(f"Custom field not found by id {number}") from None
