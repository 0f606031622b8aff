"""Offset pages while rows come and go: nothing that stays in the list may be missed."""

from __future__ import annotations

import random
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.exceptions import IncompleteList, ValidationError
from crmkit.planfix.pagination import check_page, walk


@dataclass(frozen=True)
class Row:
    id: int


class Portal:
    """A list that can be changed before each page is read."""

    def __init__(self, ids: list[int], *, meanwhile: Callable[[int, list[int]], None] | None = None) -> None:
        self.ids = ids
        self.requests: list[int] = []
        self._meanwhile = meanwhile

    def __call__(self, offset: int, size: int) -> list[Row]:
        if self._meanwhile:
            self._meanwhile(len(self.requests), self.ids)
        self.requests.append(offset)
        return [Row(number) for number in self.ids[offset : offset + size]]


def naive(fetch: Callable[[int, int], list[Row]], size: int) -> list[int]:
    """The plain offset walk that the others do."""
    found: list[int] = []
    while page := fetch(len(found), size):
        found += [row.id for row in page]
    return found


def ids(rows: Iterable[Row]) -> list[int]:
    return [row.id for row in rows]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 19, 20, 100, 101])
def test_a_quiet_list_is_read_once_in_order(count: int) -> None:
    portal = Portal(list(range(1, count + 1)))
    assert ids(walk(portal, what="list", size=10)) == list(range(1, count + 1))


def test_overlap_costs_one_row_per_page() -> None:
    portal = Portal(list(range(2000)))
    assert len(ids(walk(portal, what="list", size=100))) == 2000
    assert len(portal.requests) == 21


def test_row_that_left_makes_a_plain_walk_skip_one_and_ours_not() -> None:
    def leave(request: int, rows: list[int]) -> None:
        if request == 1:
            rows.remove(3)

    assert 11 not in naive(Portal(list(range(1, 31)), meanwhile=leave), 10)
    found = ids(walk(Portal(list(range(1, 31)), meanwhile=leave), what="list", size=10))
    assert found == list(range(1, 31))


def test_the_anchor_row_itself_may_leave() -> None:
    def leave(request: int, rows: list[int]) -> None:
        if request == 1:
            rows.remove(10)

    assert ids(walk(Portal(list(range(1, 31)), meanwhile=leave), what="list", size=10)) == list(range(1, 31))


def test_everything_that_was_read_leaves_as_when_each_row_is_changed_at_once() -> None:
    portal = Portal(list(range(1, 1001)))
    found = []
    for row in walk(portal, what="list", size=100):
        found.append(row.id)
        portal.ids.remove(row.id)
    assert found == list(range(1, 1001))
    assert len(portal.requests) <= 25


def test_thousands_leave_at_once_and_few_requests_find_the_place_again() -> None:
    def leave(request: int, rows: list[int]) -> None:
        if request == 200:
            del rows[:15_000]

    portal = Portal(list(range(1, 20_101)), meanwhile=leave)
    assert ids(walk(portal, what="list")) == list(range(1, 20_101))
    assert len(portal.requests) < 300


def test_rows_that_leave_at_the_end_do_not_cut_the_list() -> None:
    def leave(request: int, rows: list[int]) -> None:
        if request == 2:
            del rows[:9]

    portal = Portal(list(range(1, 24)), meanwhile=leave)
    assert ids(walk(portal, what="list", size=10)) == list(range(1, 24))


def test_rows_that_come_are_no_duplicates() -> None:
    def come(request: int, rows: list[int]) -> None:
        if request == 1:
            rows[:0] = [-5, -4, -3]
        if request == 2:
            rows[:0] = range(-200, -100)

    found = ids(walk(Portal(list(range(1, 51)), meanwhile=come), what="list", size=10))
    assert found == list(range(1, 51))


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32), count=st.integers(0, 120), size=st.integers(2, 20), descending=st.booleans()
)
def test_whatever_moves_all_that_stay_are_found_once(
    seed: int, count: int, size: int, descending: bool
) -> None:
    draw = random.Random(seed)
    start = list(range(0, 2 * count, 2))
    gone: set[int] = set()

    def stir(request: int, rows: list[int]) -> None:
        # It calms down, or nobody could ever read it.
        for _ in range(draw.randrange(4) if request < 40 else 0):
            if rows and draw.random() < 0.6:
                gone.add(rows.pop(draw.randrange(len(rows))))
            else:
                newcomer = draw.randrange(-50, 2 * count + 50) * 2 + 1
                rows += [newcomer] if newcomer not in rows else []
        rows.sort(reverse=descending)

    portal = Portal(sorted(start, reverse=descending), meanwhile=stir)
    found = ids(walk(portal, what="list", size=size, descending=descending))
    assert found == sorted(set(found), reverse=descending)
    assert set(start) - gone <= set(found)


def test_newest_first() -> None:
    portal = Portal(list(range(30, 0, -1)))
    assert ids(walk(portal, what="list", size=10, descending=True)) == list(range(30, 0, -1))


def test_only_as_many_pages_are_read_as_rows_are_taken() -> None:
    portal = Portal(list(range(1, 101)))
    rows = walk(portal, what="list", size=10)
    assert [next(rows).id for _ in range(10)] == list(range(1, 11))
    assert portal.requests == [0]


def test_rows_are_not_kept() -> None:
    alive: weakref.WeakSet[Row] = weakref.WeakSet()
    most = 0

    def fetch(offset: int, size: int) -> list[Row]:
        page = [Row(number) for number in range(offset, min(offset + size, 5000))]
        alive.update(page)
        return page

    for _ in walk(fetch, what="list", size=100):
        most = max(most, len(alive))
    assert most <= 3 * 100


def test_a_portal_that_ignores_the_offset_is_found_out() -> None:
    same = [Row(number) for number in range(1, 11)]
    with pytest.raises(IncompleteList, match=r"POST /x/list: .*faster than they can be read"):
        ids(walk(lambda offset, size: same, what="POST /x/list", size=10))


def test_a_list_by_name_is_read_whole_all_the_same() -> None:
    shuffled = list(range(1, 54))
    random.Random(7).shuffle(shuffled)
    assert ids(walk(Portal(shuffled), what="list", size=10)) == shuffled


def test_a_list_by_name_whose_rows_move_is_begun_again_and_nothing_is_missed() -> None:
    shuffled = list(range(1, 54))
    random.Random(7).shuffle(shuffled)

    def leave(request: int, rows: list[int]) -> None:
        if request == 2:
            del rows[3]

    found = ids(walk(Portal(list(shuffled), meanwhile=leave), what="list", size=10))
    assert sorted(found) == list(range(1, 54))


def test_a_list_by_name_that_never_rests_is_incomplete() -> None:
    rows = list(range(60, 0, -1))
    rows[0], rows[1] = rows[1], rows[0]

    def stir(request: int, there: list[int]) -> None:
        if request:
            there.append(there.pop(0))

    with pytest.raises(IncompleteList, match="not ordered by id"):
        ids(walk(Portal(rows, meanwhile=stir), what="list", size=10))


def test_a_caller_that_relies_on_the_order_gets_it() -> None:
    shuffled = list(range(1, 54))
    random.Random(7).shuffle(shuffled)
    found = ids(walk(Portal(shuffled), what="list", size=10, descending=True, ordered=True))
    assert found == list(range(53, 0, -1))


def test_an_order_that_changes_on_the_way_proves_nothing() -> None:
    def turn(request: int, rows: list[int]) -> None:
        if request == 2:
            rows[15:] = reversed(rows[15:])

    with pytest.raises(IncompleteList, match="changed the order"):
        ids(walk(Portal(list(range(1, 51)), meanwhile=turn), what="list", size=10))


@pytest.mark.parametrize("size", [0, 1, 101])
def test_a_walk_refuses_its_page_size_before_anything_is_read(size: int) -> None:
    portal = Portal([1, 2, 3])
    with pytest.raises(ValidationError, match=r"2\.\.100"):
        walk(portal, what="list", size=size)
    assert portal.requests == []


@pytest.mark.parametrize(("offset", "size"), [(-1, 10), (0, 0), (0, 101)])
def test_a_page_refuses_what_the_vendor_would_cut(offset: int, size: int) -> None:
    with pytest.raises(ValidationError, match=r"1\.\.100"):
        check_page(offset, size)
