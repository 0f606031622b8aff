"""What PHP makes of a request: the portal is written in it, and its habits are part of the API.

An array with the keys 0..n-1 and a list are the same thing there, so both arrive here as a list; numbers are
read from the beginning of a text; only ``""``, ``"0"`` and nothing at all are false.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

__all__ = ["as_dict", "as_list", "intval", "items", "number", "parse_query", "parse_url", "to_json", "truthy"]

_BRACKETS = re.compile(r"\[([^\]]*)\]")
_INTEGER = re.compile(r"\s*([+-]?\d+)")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_INDEX = re.compile(r"0|[1-9]\d*")
_BASE = str.maketrans({".": "_", " ": "_"})


def parse_query(query: str) -> dict[str, Any]:
    """Decode a query string or form as PHP's ``parse_str`` does.

    Example:
        >>> parse_query("a[b][]=1&a[b][]=2&c=x+y%26z&c=last&d.e=5")
        {'a': {'b': ['1', '2']}, 'c': 'last', 'd_e': '5'}
    """
    found: dict[str, Any] = {}
    nested = False
    for part in query.split("&"):
        if not part:
            continue
        raw_name, _, raw_value = part.partition("=")
        name = unquote_plus(raw_name) if "%" in raw_name or "+" in raw_name else raw_name
        value = unquote_plus(raw_value) if "%" in raw_value or "+" in raw_value else raw_value
        name = name.lstrip(" ").partition("\0")[0]
        if not name or name[0] == "[":
            continue  # PHP takes no variable without a name
        base, bracket, rest = name.partition("[")
        base = base.translate(_BASE)
        if not bracket:
            found[base] = value
        elif "]" not in rest:
            found[f"{base}_{rest}"] = value  # a bracket that is never closed is part of the name
        else:
            nested = True
            _put(found, base, _path(bracket + rest), value)
    return {name: _listed(value) for name, value in found.items()} if nested else found


def _path(brackets: str) -> list[str]:
    path, position = [], 0
    while match := _BRACKETS.match(brackets, position):
        path.append(match[1])
        position = match.end()
    return path  # what follows the last bracket is dropped


def _put(target: dict[str, Any], base: str, path: list[str], value: str) -> None:
    key = base
    for step in path:
        below = target.get(key)
        if not isinstance(below, dict):
            below = target[key] = {}
        target, key = below, step if step else _next_index(below)
    target[key] = value


def _next_index(array: Mapping[str, Any]) -> str:
    return str(max((int(key) for key in array if _INDEX.fullmatch(key)), default=-1) + 1)


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(item) for key, item in value.items()}
    return to_json(inner)


def to_json(array: dict[str, Any]) -> dict[str, Any] | list[Any]:
    """Return an array the way PHP writes it: a list if its keys happen to be 0..n-1, also if it is empty.

    Example:
        >>> to_json({}), to_json({"0": "a", "1": "b"}), to_json({"1": "b"})
        ([], ['a', 'b'], {'1': 'b'})
    """
    if not array:
        return []
    if "0" in array and all(key == str(index) for index, key in enumerate(array)):
        return list(array.values())
    return array


def parse_url(url: str) -> tuple[str, str]:
    """Split a batch command into method and query; what follows a ``#`` is lost.

    Example:
        >>> parse_url("crm.deal.list?filter[TITLE]=No #1&select[]=ID")
        ('crm.deal.list', 'filter[TITLE]=No ')
    """
    url = url.partition("#")[0]
    path, _, query = url.partition("?")
    return path, query


def intval(value: Any) -> int:
    """Read a whole number from the beginning of a value; 0 if there is none.

    Example:
        >>> intval("12abc"), intval(None), intval("abc"), intval(True), intval([5])
        (12, 0, 0, 1, 1)
    """
    if isinstance(value, (int, float)):
        return int(value)
    if isinstance(value, str):
        match = _INTEGER.match(value)
        return int(match[1]) if match else 0
    return int(bool(value))


def number(value: Any) -> float:
    """Read a number from the beginning of a value; 0 if there is none."""
    if isinstance(value, (int, float)):
        return float(value)
    match = _NUMBER.match(value) if isinstance(value, str) else None
    return float(match[0]) if match else float(bool(value) and not isinstance(value, str))


def truthy(value: Any) -> bool:
    """Tell whether PHP takes a value for true: the text ``"false"`` is.

    Example:
        >>> truthy("0"), truthy("false"), truthy(""), truthy([])
        (False, True, False, False)
    """
    return bool(value) and value != "0"


def items(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield keys and values of an array, whichever of the two shapes it has; nothing for the rest."""
    if isinstance(value, dict):
        yield from ((str(key), item) for key, item in value.items())
    elif isinstance(value, list):
        yield from ((str(index), item) for index, item in enumerate(value))


def as_dict(value: Any) -> dict[str, Any]:
    """Return an array by its keys; empty if the value is none."""
    return value if isinstance(value, dict) else dict(items(value))


def as_list(value: Any) -> list[Any]:
    """Return the values of an array; a single value becomes a list of one, nothing an empty one."""
    if isinstance(value, (list, dict)):
        return [item for _, item in items(value)]
    return [] if value is None or value == "" else [value]
