"""A list is whole or an exception, whatever page fails and whatever people do to the rows meanwhile."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.bitrix24 import Bitrix24
from crmkit.exceptions import ApiError, IncompleteList
from crmkit.sandbox import Sandbox
from crmkit.sandbox.faults import Fault

DEALS = 5 * 50 + 20
PAGES = 6
LISTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "universal": ("crm.item.list", {"entityTypeId": 2}, "id"),
    "old": ("crm.deal.list", {}, "ID"),
}


@contextmanager
def portal(deals: int = DEALS, **options: Any) -> Iterator[tuple[Any, Bitrix24]]:
    box: Any
    with (
        Sandbox.bitrix24(seed="deals", deals=deals, **options) as box,
        Bitrix24(box.url, clock=box.clock, random=lambda: 0.0) as client,
    ):
        yield box, client


def read(client: Bitrix24, which: str = "universal") -> Iterator[int]:
    method, params, key = LISTS[which]
    return (int(row[key]) for row in client.list(method, params))


ONCE = {
    "time limit": {"error": "OPERATION_TIME_LIMIT"},
    "internal": {"error": "INTERNAL_SERVER_ERROR"},
    "core": {"error": "ERROR_CORE"},
    "empty code": {"error": "", "error_description": "Something went wrong"},
    "denied": {"error": "ACCESS_DENIED"},
}


@pytest.mark.parametrize("which", LISTS)
@pytest.mark.parametrize("what", ONCE)
def test_one_page_that_fails_once_is_read_again_or_told(which: str, what: str) -> None:
    with portal() as (box, client):
        for position in range(PAGES):
            box.faults.clear()
            fault = box.faults.add(
                Fault("command_error", LISTS[which][0], after=position, body=ONCE[what], times=1)
            )
            rows: list[int] = []
            try:
                rows.extend(read(client, which))
            except ApiError:
                assert position == 0, "only the first page may answer with the portal's own error"
                assert rows == []
            else:
                assert rows == list(range(1, DEALS + 1)), f"page {position}"
            assert fault.hits == 1


@pytest.mark.parametrize("which", LISTS)
def test_a_page_that_never_comes_makes_the_list_incomplete_at_that_page(which: str) -> None:
    with portal() as (box, client):
        for position in range(1, PAGES):
            box.faults.clear()
            box.faults.add(
                Fault(
                    "command_error",
                    LISTS[which][0],
                    after=position,
                    times=None,
                    body={"error": "ACCESS_DENIED"},
                )
            )
            rows: list[int] = []
            with pytest.raises(IncompleteList):
                rows.extend(read(client, which))
            assert rows == list(range(1, position * 50 + 1)), "what was read before is handed out, in order"


LINE = {
    "reset": Fault("reset", times=1),
    "dropped": Fault("drop_answer", times=1),
    "cut": Fault("truncated", times=1),
    "502": Fault("html", times=1, status=502),
    "page 200": Fault("html", times=1, status=200),
    "503": Fault("error", times=1, status=503, body={"error": "QUERY_LIMIT_EXCEEDED"}),
    "hang": Fault("hang", times=1),
}


@pytest.mark.parametrize("trouble", LINE)
def test_a_request_that_is_lost_costs_no_row(trouble: str) -> None:
    with portal(deals=2700) as (box, client):
        for request in range(3):
            box.faults.clear()
            line = LINE[trouble]
            fault = Fault(line.kind, times=1, after=request, status=line.status, body=line.body)
            box.faults.add(fault)
            rows = list(read(client))
            assert rows == list(range(1, 2701)), f"{trouble} at request {request}"
            assert fault.hits == 1


# Rows that come and go


class Crowd:
    """People who delete, bring back and add deals each time before the portal reads a page."""

    def __init__(self, box: Any, change: Callable[[Crowd, int], None]) -> None:
        self.table = box.portal.items[2]
        self.kept = {row["ID"]: row for row in self.table}
        self.untouched = set(self.kept)
        self.pattern = next(iter(self.kept.values()))
        self.turn = itertools.count()
        find = self.table.find

        def find_in_the_crowd(*args: Any, **options: Any) -> Any:
            change(self, next(self.turn))
            return find(*args, **options)

        self.table.find = find_in_the_crowd

    def delete(self, number: int) -> None:
        self.untouched.discard(number)
        if self.table.get(number) is not None:
            self.table.forget(number)

    def bring_back(self, number: int) -> None:
        if number in self.kept and self.table.get(number) is None:
            self.table.put(self.kept[number])

    def add(self) -> None:
        self.table.put({**self.pattern, "ID": self.table.next_id()})


def filled(box: Any, client: Bitrix24, deals: int) -> None:
    client.deals.create_many({"title": f"Deal {n}"} for n in range(deals)).results()


def check(crowd: Crowd, rows: list[int]) -> None:
    assert rows == sorted(set(rows)), "nothing twice, in order"
    assert crowd.untouched <= set(rows), "nothing lost that was there all the time"


def delete_behind(crowd: Crowd, turn: int) -> None:
    """Delete what was read already: offset paging loses as many rows that are still there."""
    for number in range(turn * 50 - 30, turn * 50 - 20):
        crowd.delete(number)


def delete_ahead(crowd: Crowd, turn: int) -> None:
    for number in range((turn + 1) * 50, (turn + 1) * 50 + 30):
        crowd.delete(number)


def add_at_the_end(crowd: Crowd, turn: int) -> None:
    if turn < 20:
        for _ in range(20):
            crowd.add()


def come_back_behind(crowd: Crowd, turn: int) -> None:
    """Let rows with low ids into view: offset paging gives as many rows twice."""
    if turn == 0:
        for number in range(1, 41):
            crowd.delete(number)
    for number in range(turn * 10, turn * 10 + 10):
        crowd.bring_back(number)


@pytest.mark.parametrize(
    "change", [delete_behind, delete_ahead, add_at_the_end, come_back_behind], ids=lambda one: one.__name__
)
@pytest.mark.parametrize("which", LISTS)
def test_rows_that_move_while_they_are_read(which: str, change: Callable[[Crowd, int], None]) -> None:
    with portal(deals=0) as (box, client):
        filled(box, client, 330)
        crowd = Crowd(box, change)
        check(crowd, list(read(client, which)))


def test_the_crowd_is_rough_enough_to_make_offset_paging_lose_rows() -> None:
    with portal(deals=0) as (box, client):
        filled(box, client, 330)
        crowd = Crowd(box, delete_behind)
        pages = [client.page("crm.item.list", {"entityTypeId": 2}, start=at) for at in range(0, 350, 50)]
        rows = {int(row["id"]) for page in pages for row in page.rows}
        assert len(crowd.untouched - rows) >= 40


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["delete", "bring_back", "add"]), st.integers(1, 330), st.integers(1, 60)),
        max_size=12,
    )
)
def test_any_crowd_loses_nothing(events: list[tuple[str, int, int]]) -> None:
    def change(crowd: Crowd, turn: int) -> None:
        if turn < len(events):
            what, first, count = events[turn]
            for number in range(first, first + count):
                {"delete": crowd.delete, "bring_back": crowd.bring_back}.get(what, lambda _: crowd.add())(
                    number
                )

    with portal(deals=0, strict_limits=False) as (box, client):
        filled(box, client, 330)
        crowd = Crowd(box, change)
        check(crowd, list(read(client)))


@pytest.mark.parametrize("which", ["user.get", "department.get", "crm.status.list"])
def test_lists_that_are_counted_off_are_whole_too(which: str) -> None:
    with portal(deals=0) as (box, client):
        whole = list(client.list(which))
        assert len(whole) >= 3
        box.faults.add(Fault("reset", which, times=1))
        assert list(client.list(which)) == whole
