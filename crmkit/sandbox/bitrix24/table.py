"""Rows by number, with indexes; a million of them need not exist until they are asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

from crmkit.sandbox.bitrix24.conditions import Conditions, Row

__all__ = ["Order", "Table"]

Order = list[tuple[str, bool]]
"""Fields by their names, and whether they descend."""


class Table:
    """Rows by number.

    Args:
        indexed: Fields that are looked up by their exact values; a list is found by each of its values.
    """

    def __init__(self, *indexed: str) -> None:
        self._rows: dict[int, Row] = {}
        self._ids: list[int] = []
        self._virtual = range(0)
        self._make: Callable[[int], Row] | None = None
        self._gone: list[int] = []
        self._indexes: dict[str, dict[str, set[int]]] = {name: {} for name in indexed}
        self._last = 0

    def imagine(self, numbers: range, make: Callable[[int], Row]) -> None:
        """Take up rows that are made when they are asked for, and kept when they are changed.

        Args:
            numbers: Their numbers, ascending by one; above those of all rows there are.
            make: Makes a row out of its number, always the same one; without values in indexed fields.
        """
        self._virtual, self._make = numbers, make
        self._last = max(self._last, numbers.stop - 1)

    def next_id(self) -> int:
        """Return a number that no row ever had."""
        self._last += 1
        return self._last

    def reserve(self, number: int) -> None:
        """Let the next number be this one, if no row had it or a later one yet."""
        self._last = max(self._last, number - 1)

    def put(self, row: Row) -> None:
        """Keep a new row, or a changed one."""
        number = row["ID"]
        known = number in self._rows
        self._rows[number] = row
        self._last = max(self._last, number)
        if not known and not self._is_virtual(number):
            if not self._ids or number > self._ids[-1]:
                self._ids.append(number)
            else:
                insort(self._ids, number)
        for name, index in self._indexes.items():
            for key in _keys(row.get(name)):
                index.setdefault(key, set()).add(number)

    def forget(self, number: int) -> None:
        """Delete a row."""
        if self._is_virtual(number):
            insort(self._gone, number)
        else:
            del self._ids[bisect_left(self._ids, number)]
        row = self._rows.pop(number, None) or {}
        for name, index in self._indexes.items():
            for key in _keys(row.get(name)):
                index[key].discard(number)

    def get(self, number: int) -> Row | None:
        """Return a row; to change it, change a copy and :meth:`put` that."""
        row = self._rows.get(number)
        if row is None and self._make is not None and self._is_virtual(number):
            return self._make(number)
        return row

    def having(self, name: str, value: str | int) -> list[Row]:
        """Return the rows with a value in an indexed field, in the order of their numbers."""
        key = str(value).casefold()
        found = (self._rows.get(number) for number in sorted(self._indexes[name].get(key, ())))
        return [row for row in found if row is not None and _has(row.get(name), value)]

    def __len__(self) -> int:
        return len(self._virtual) - len(self._gone) + len(self._ids)

    def __iter__(self) -> Iterator[Row]:
        return self._read(self._between(0, None, descending=False))

    def _is_virtual(self, number: int) -> bool:
        if number not in self._virtual:
            return False
        place = bisect_left(self._gone, number)
        return place == len(self._gone) or self._gone[place] != number

    def find(
        self, conditions: Conditions, order: Order, *, offset: int, limit: int, counted: bool
    ) -> tuple[list[Row], int]:
        """Return a page of what meets the conditions, and how many there are in all (0 if not counted)."""
        by_number = not order or order[0][0] == "ID"
        descending = bool(order) and order[0][1]
        numbers = self._candidates(conditions, descending=by_number and descending)
        if by_number and not conditions.tests and numbers is None:
            return self._plain_page(conditions, descending, offset, limit, counted=counted)
        if numbers is None:
            between = self._between(conditions.low, conditions.high, descending=by_number and descending)
        else:
            between = iter(numbers)
        rows = self._passing(self._read(between), conditions)
        if by_number and not counted:
            return list(islice(rows, offset, offset + limit)), 0
        found = list(rows)
        if not by_number:
            for name, down in reversed(order):
                found.sort(key=_sort_key(name), reverse=down)
        return found[offset : offset + limit], len(found)

    def _candidates(self, conditions: Conditions, *, descending: bool) -> list[int] | None:
        """Return the few numbers that come into question, or ``None`` if all do."""
        wanted = conditions.ids
        for name, values in conditions.keys:
            index = self._indexes.get(name)
            if index is not None:
                found = set().union(*(index.get(value.casefold(), ()) for value in values))
                wanted = found if wanted is None else wanted & found
        if wanted is None:
            return None
        low, high = conditions.low, conditions.high
        return sorted(
            (one for one in wanted if one > low and (high is None or one < high)), reverse=descending
        )

    def _plain_page(
        self, conditions: Conditions, descending: bool, offset: int, limit: int, *, counted: bool
    ) -> tuple[list[Row], int]:
        """Answer without looking at any row but those of the page."""
        low, high = conditions.low, conditions.high
        total = self._count(low, high) if counted or offset else 0
        if offset and offset >= total:
            return [], total
        if self._gone or (self._virtual and self._ids):
            numbers = islice(self._between(low, high, descending=descending), offset, offset + limit)
        else:
            known: Any = self._virtual or self._ids
            first, last = _bounds(known, low, high)
            part = known[first:last]
            numbers = iter(
                part[::-1][offset : offset + limit] if descending else part[offset : offset + limit]
            )
        return list(self._read(numbers)), total if counted else 0

    def _count(self, low: int, high: int | None) -> int:
        counts = []
        for numbers in (self._virtual, self._ids, self._gone):
            first, last = _bounds(numbers, low, high)
            counts.append(max(0, last - first))
        return counts[0] + counts[1] - counts[2]

    def _between(self, low: int, high: int | None, *, descending: bool) -> Iterator[int]:
        parts = []
        for numbers in (self._virtual, self._ids):
            first, last = _bounds(numbers, low, high)
            step = range(last - 1, first - 1, -1) if descending else range(first, last)
            parts.append(_picked(numbers, step))
        if descending:
            parts.reverse()
        if not self._gone:
            return chain(*parts)
        gone = frozenset(self._gone)
        return (number for part in parts for number in part if number not in gone)

    def _read(self, numbers: Iterator[int]) -> Iterator[Row]:
        for number in numbers:
            row = self.get(number)
            if row is not None:
                yield row

    def _passing(self, rows: Iterator[Row], conditions: Conditions) -> Iterator[Row]:
        for test in conditions.tests:
            rows = filter(test, rows)
        return rows


def _keys(value: Any) -> list[str]:
    """Return what a value is found by; nothing for none."""
    if isinstance(value, list):
        return [str(one).casefold() for one in value]
    return [str(value).casefold()] if value else []


def _has(found: Any, value: Any) -> bool:
    return value in found if isinstance(found, list) else bool(found == value)


def _bounds(numbers: Any, low: int, high: int | None) -> tuple[int, int]:
    return bisect_right(numbers, low), len(numbers) if high is None else bisect_left(numbers, high)


def _picked(numbers: Any, places: range) -> Iterator[int]:
    return (numbers[place] for place in places)


def _sort_key(name: str) -> Callable[[Row], tuple[bool, Any]]:
    def key(row: Row) -> tuple[bool, Any]:
        value = row.get(name)
        if isinstance(value, list):
            value = value[0] if value else None
        return value is not None, value.casefold() if isinstance(
            value, str
        ) else value if value is not None else 0

    return key
