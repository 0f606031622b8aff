"""Filters of lists: which rows they let through, and which part of the table has to be looked at."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from operator import ge, gt, le, lt
from typing import Any

from crmkit.sandbox.bitrix24.exceptions import invalid_argument
from crmkit.sandbox.bitrix24.kinds import FieldSpec
from crmkit.sandbox.bitrix24.php import as_list, items
from crmkit.sandbox.bitrix24.values import TEXTS, sought

__all__ = ["ALL_PREFIXES", "Conditions", "Dialect", "Row", "split_prefix"]

Row = dict[str, Any]
Test = Callable[[Row], bool]
ALL_PREFIXES = (
    "!=%",
    "!%=",
    "!><",
    "!%",
    "!@",
    "!=",
    "=%",
    "%=",
    ">=",
    "<=",
    "><",
    "!",
    "=",
    ">",
    "<",
    "@",
    "%",
)
LIKE = ("%", "=%", "%=", "!%", "!=%", "!%=")
ORDERED: dict[str, Callable[[Any, Any], Any]] = {">": gt, ">=": ge, "<": lt, "<=": le}
NOT_INDEXED = frozenset({"double", "boolean", "date", "datetime"})
NO_LIKE = frozenset({"crm_status", "crm_company", "crm_contact"})
"""Types whose pattern filters the old lists turn into plain equality."""


@dataclass(frozen=True)
class Dialect:
    """How a list reads its filter.

    Attributes:
        prefixes: Those that it knows, longer ones first.
        find: Returns the field of a name; ``None`` if there is none.
        strict: Refuse unknown fields; otherwise they are dropped without a word, and all rows come.
        logic: Whether it knows nested groups with ``logic``.
        like: Whether patterns work on links and lists of values.
    """

    find: Callable[[str], FieldSpec | None]
    prefixes: tuple[str, ...] = ALL_PREFIXES
    strict: bool = False
    logic: bool = False
    like: bool = True


@dataclass
class Conditions:
    """A filter, taken apart.

    Attributes:
        low, high: Only numbers above and below these; ``None`` for no bound.
        ids: Only these numbers.
        keys: Fields that have to have one of some values, for the table's indexes.
        tests: What else a row has to pass.
    """

    low: int = 0
    high: int | None = None
    ids: set[int] | None = None
    keys: list[tuple[str, list[str]]] = field(default_factory=list)
    tests: list[Test] = field(default_factory=list)

    @classmethod
    def read(cls, given: Any, dialect: Dialect, zone: tzinfo) -> Conditions:
        """Take a filter apart.

        Raises:
            RestError: The list is strict, and the filter names an unknown field.
        """
        found = cls()
        for key, value in items(given):
            if key.isdigit() or key.lower() == "logic":
                continue
            prefix, spec = _resolve(key, dialect)
            if spec is not None:
                found._add(prefix, spec, value, dialect, zone)
        if dialect.logic:
            test = _group(given, dialect, zone)
            if test:
                found.tests.append(test)
        elif dialect.strict:
            for key, _ in items(given):
                if key.isdigit():
                    raise invalid_argument(f"Invalid filter: field '{key}' is not allowed in filter")
        return found

    def _add(self, prefix: str, spec: FieldSpec, value: Any, dialect: Dialect, zone: tzinfo) -> None:
        if spec.name == "ID" and spec.type == "integer" and self._by_number(prefix, spec, value, zone):
            return
        if prefix in ("", "=", "@") and spec.type not in NOT_INDEXED:
            given = as_list(value) if isinstance(value, (list, dict)) else [value]
            keys = [str(sought(spec, one, zone) or "") for one in given if not isinstance(one, (list, dict))]
            if keys and all(keys):
                self.keys.append((spec.name, keys))
        self.tests.append(_test(prefix, spec, value, dialect, zone))

    def _by_number(self, prefix: str, spec: FieldSpec, value: Any, zone: tzinfo) -> bool:
        several = isinstance(value, (list, dict))
        numbers = [sought(spec, one, zone) or 0 for one in (as_list(value) if several else [value])]
        if prefix in ("", "=", "@"):
            self._only(set(numbers))
        elif prefix in (">", ">="):
            # An array is any of its values, and as a number PHP takes an empty one for 0: all rows come.
            low = min(numbers, default=0)
            self.low = max(self.low, low if prefix == ">" else low - 1)
        elif prefix in ("<", "<="):
            high = max(numbers, default=0) + (prefix == "<=")
            self.high = high if self.high is None else min(self.high, high)
        else:
            return False
        return True

    def _only(self, ids: set[int]) -> None:
        self.ids = ids if self.ids is None else self.ids & ids


def split_prefix(key: str, prefixes: tuple[str, ...]) -> tuple[str, str]:
    """Take the operator off a filter's key.

    Example:
        >>> split_prefix(">=DATE_CREATE", ALL_PREFIXES), split_prefix("ID", ALL_PREFIXES)
        (('>=', 'DATE_CREATE'), ('', 'ID'))
    """
    if key[:1].isalpha():
        return "", key
    for prefix in prefixes:
        if key.startswith(prefix):
            return prefix, key[len(prefix) :]
    return "", key


def _resolve(key: str, dialect: Dialect) -> tuple[str, FieldSpec | None]:
    prefix, name = split_prefix(key, dialect.prefixes)
    spec = dialect.find(name)
    if spec is None and dialect.strict:
        raise invalid_argument(f"Invalid filter: field '{name}' is not allowed in filter")
    return prefix, spec


def _group(given: Any, dialect: Dialect, zone: tzinfo) -> Test | None:
    """Return the test of the nested groups of a filter; the plain keys beside them are read elsewhere."""
    groups = [value for key, value in items(given) if key.isdigit() and isinstance(value, (dict, list))]
    if not groups:
        return None
    tests = [_everything(group, dialect, zone) for group in groups]
    logic = next((str(value) for key, value in items(given) if key.lower() == "logic"), "AND")
    if logic.upper() == "OR":
        return lambda row: any(test(row) for test in tests)
    return lambda row: all(test(row) for test in tests)


def _everything(given: Any, dialect: Dialect, zone: tzinfo) -> Test:
    tests: list[Test] = []
    for key, value in items(given):
        if key.isdigit() or key.lower() == "logic":
            continue
        prefix, spec = _resolve(key, dialect)
        if spec is not None:
            tests.append(_test(prefix, spec, value, dialect, zone))
    nested = _group(given, dialect, zone)
    if nested:
        tests.append(nested)
    logic = next((str(value) for key, value in items(given) if key.lower() == "logic"), "AND")
    if logic.upper() == "OR" and nested is None:
        return lambda row: any(test(row) for test in tests)
    return lambda row: all(test(row) for test in tests)


def _test(prefix: str, spec: FieldSpec, value: Any, dialect: Dialect, zone: tzinfo) -> Test:
    if prefix in LIKE and not dialect.like and spec.type in NO_LIKE:
        prefix = "!=" if prefix.startswith("!") else "="
    negated = prefix.startswith("!")
    operator = prefix.lstrip("!")
    matches = _one_of(operator, spec, value, zone)
    name = spec.name
    text = spec.type in TEXTS
    if spec.multiple:

        def several(row: Row) -> bool:
            found = [one.casefold() if text and isinstance(one, str) else one for one in row.get(name) or ()]
            return (any(map(matches, found)) if found else matches(None)) != negated

        return several
    if text:

        def by_text(row: Row) -> bool:
            found = row.get(name)
            return matches(found.casefold() if found else None) != negated

        return by_text
    return lambda row: matches(row.get(name)) != negated


def _one_of(operator: str, spec: FieldSpec, value: Any, zone: tzinfo) -> Callable[[Any], bool]:
    if operator == "><":
        low, high = (sought(spec, one, zone) for _, one in [*items(value), ("", None), ("", None)][:2])
        return lambda found: found is not None and low <= found <= high
    if isinstance(value, (list, dict)):
        wanted = [sought(spec, one, zone) for _, one in items(value)]
        if operator in ("", "=", "@"):
            options = frozenset(wanted)
            return lambda found: (
                (found or None) in options if spec.type not in ("double", "boolean") else found in options
            )
        parts = [_compare(operator, one) for one in wanted]
        return lambda found: any(part(found) for part in parts)
    return _compare(operator, sought(spec, value, zone))


def _compare(operator: str, wanted: Any) -> Callable[[Any], bool]:
    if operator in ("", "=", "@"):
        if wanted is None or (wanted == 0 and type(wanted) is int):
            return lambda found: found is None or found in ("", 0)
        return lambda found: bool(found == wanted)
    if operator in ("%", "=%", "%="):
        return _like(operator, wanted)
    if wanted is None:
        return lambda found: False
    compare = ORDERED[operator]
    return lambda found: found is not None and bool(compare(found, wanted))


def _like(operator: str, wanted: Any) -> Callable[[Any], bool]:
    if wanted is None:
        return lambda found: True
    if operator == "%":
        return lambda found: found is not None and str(wanted) in str(found)
    pattern = re.compile(".*".join(map(re.escape, str(wanted).split("%"))), re.DOTALL)
    return lambda found: found is not None and pattern.fullmatch(str(found)) is not None
