"""Rows that are to be written: in parts, and with their external keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from crmkit.exceptions import CrmkitError, ValidationError

__all__ = ["parts_of", "with_keys"]

V = TypeVar("V")


def parts_of(values: Iterable[V], size: int) -> Iterator[list[V]]:
    """Yield the values in lists of at most this size."""
    source = iter(values)
    while part := [*islice(source, size)]:
        yield part


def with_keys(
    rows: Iterable[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], str]
) -> Iterator[tuple[Mapping[str, Any], str, CrmkitError | None]]:
    """Yield rows with their keys; a key that comes twice would make two objects that look like one."""
    seen: set[str] = set()
    for row in rows:
        name = key(row)
        wrong = None
        if name and name in seen:
            wrong = ValidationError(f"the key {name} comes twice", hint="every object needs a key of its own")
        seen.add(name)
        yield row, name, wrong
