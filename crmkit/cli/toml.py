"""Writes TOML: the standard library only reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["to_toml"]


def to_toml(data: Mapping[str, Any]) -> str:
    """Return nested mappings of texts, numbers, booleans and lists as TOML.

    Example:
        >>> print(to_toml({"rate": 1.0, "stages": {"new": {"id": 1, "name": "Новая"}}}))
        rate = 1.0
        <BLANKLINE>
        [stages]
        new = { id = 1, name = "Новая" }
        >>> print(to_toml({"tasks": {"approval": {}}}))
        [tasks.approval]
    """
    return "\n".join(_lines(data, ())).strip()


def _lines(data: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    tables = {
        key: value for key, value in data.items() if isinstance(value, Mapping) and not _is_small(value)
    }
    plain = {key: value for key, value in data.items() if key not in tables}
    if path and (plain or not data):
        yield f"\n[{'.'.join(path)}]"
    for key, value in plain.items():
        yield f"{key} = {_value(value)}"
    for key, table in tables.items():
        yield from _lines(table, (*path, key))


def _is_small(value: Mapping[str, Any]) -> bool:
    return set(value) == {"id", "name"}


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {_value(part)}' for key, part in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False)
