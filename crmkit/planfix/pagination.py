"""Offset pages of a list that changes while it is read.

The vendor knows offset and page size only: no cursor, no count. If a row leaves the filter during the walk,
all later rows move one place forward, and a plain walk skips one of them without noticing. So consecutive
pages overlap by one
row: the next page must begin with the last row of the one before (or an earlier one). If it begins with a
later row, something has moved, and the walk steps back until it stands on known ground again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol, TypeVar

from crmkit.exceptions import IncompleteList, ValidationError

__all__ = ["PAGE_LIMIT", "check_page", "walk"]

PAGE_LIMIT = 100
"""Rows of a page at most (vendor's introduction to the REST API)."""
_PATIENCE = 200
"""Pages in a row that may bring nothing new before the walk gives up: a portal may ignore the offset."""
_PASSES = 5
"""How often a list that is not ordered by id is begun again."""


class Row(Protocol):
    """Something with a number."""

    @property
    def id(self) -> int:
        """The number of the row; the list is ordered by it."""
        ...


R = TypeVar("R", bound=Row)
Fetch = Callable[[int, int], Sequence[R]]
"""Reads one page: offset, size -> rows."""


def check_page(offset: int, size: int) -> None:
    """Refuse what the vendor would cut down silently.

    Raises:
        ValidationError: The size is not 1..100 or the offset is negative; nothing was sent.
    """
    if not 1 <= size <= PAGE_LIMIT or offset < 0:
        raise ValidationError(
            f"a page of {size} rows from {offset} cannot be read",
            hint=f"size 1..{PAGE_LIMIT}, offset 0 or more",
        )


def walk(
    fetch: Fetch[R], *, what: str, size: int = PAGE_LIMIT, descending: bool = False, ordered: bool = False
) -> Iterator[R]:
    """Yield every row once, page by page, in the order of ids; memory for one page.

    Every row that belonged to the list during the whole walk is yielded; one that came or went meanwhile may
    be. A list that turns out not to be ordered by id is read all the same, with the memory for its ids.

    Args:
        fetch: Reads one page.
        what: The operation, for error texts.
        size: Rows per page, 2..100.
        descending: The list is asked for with the largest id first.
        ordered: The caller relies on the order: a list that comes in another one is read whole and sorted.

    Raises:
        IncompleteList: Rows move faster than they can be read, or in an order that proves nothing.
    """
    if not 2 <= size <= PAGE_LIMIT:
        raise ValidationError(
            f"{what}: pages of {size} rows cannot be read", hint=f"page_size 2..{PAGE_LIMIT}"
        )
    return _walk(fetch, what, size, -1 if descending else 1, ordered)


def _walk(fetch: Fetch[R], what: str, size: int, sign: int, ordered: bool) -> Iterator[R]:
    first = fetch(0, size)
    if _ascends(first, sign):
        yield from _walk_ordered(fetch, what, size, first, sign)
    elif ordered:
        yield from sorted(_walk_unordered(fetch, what, size, first), key=lambda row: row.id * sign)
    else:
        yield from _walk_unordered(fetch, what, size, first)


def _walk_ordered(fetch: Fetch[R], what: str, size: int, page: Sequence[R], sign: int) -> Iterator[R]:
    offset, idle = 0, 0
    last: int | None = None
    while True:
        anchored = offset == 0 or (bool(page) and last is not None and page[0].id * sign <= last)
        if not anchored:
            # Twice as far each time: however many rows have gone, few requests find the place again.
            idle += 1
            offset = max(0, offset - (size - 1) * 2 ** min(idle - 1, 20))
        else:
            fresh = [row for row in page if last is None or row.id * sign > last]
            yield from fresh
            if len(page) < size:
                return
            if fresh:
                idle, last = 0, fresh[-1].id * sign
            else:
                idle += 1
            offset += size - 1
        if idle > _PATIENCE:
            raise _incomplete(what, "rows move faster than they can be read")
        page = fetch(offset, size)
        if not _ascends(page, sign):
            raise _incomplete(what, "the portal changed the order of the rows on the way")


def _walk_unordered(fetch: Fetch[R], what: str, size: int, page: Sequence[R]) -> Iterator[R]:
    seen: set[int] = set()
    for _ in range(_PASSES):
        offset = 0
        while True:
            fresh = [row for row in page if row.id not in seen]
            seen.update(row.id for row in fresh)
            yield from fresh
            if len(page) < size:
                return
            anchor = page[-1].id
            offset += size - 1
            page = fetch(offset, size)
            if not page or page[0].id != anchor:
                break
        page = fetch(0, size)
    raise _incomplete(what, "its rows are not ordered by id and kept moving")


def _ascends(page: Sequence[R], sign: int) -> bool:
    ids = [row.id * sign for row in page]
    return all(left < right for left, right in pairwise(ids))


def _incomplete(what: str, why: str) -> IncompleteList:
    return IncompleteList(
        f"{what}: the list could not be read to its end: {why}", hint="read it again in a quieter hour"
    )
