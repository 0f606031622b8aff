"""Lists: complete, in order, once each, or IncompleteList."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
import requests

from crmkit.bitrix24.client import Bitrix24
from crmkit.exceptions import (
    AuthenticationError,
    IncompleteList,
    PermissionDenied,
    TransportError,
    ValidationError,
)

DEALS = {"entityTypeId": 2}


def ids(rows: Any) -> list[int]:
    return [row["id"] for row in rows]


@pytest.mark.parametrize(("rows", "most"), [(0, 1), (1, 1), (49, 1), (50, 2), (51, 2), (100, 2), (5000, 3)])
def test_all_rows_in_order_with_few_requests(b24: Bitrix24, portal: Any, rows: int, most: int) -> None:
    portal.add(rows)
    assert ids(b24.list("crm.item.list", DEALS)) == list(range(1, rows + 1))
    assert len(portal.requests) <= most


def test_pages_are_asked_for_only_when_needed(b24: Bitrix24, portal: Any) -> None:
    portal.add(500)
    rows = b24.list("crm.item.list", DEALS)
    next(rows)
    assert len(portal.requests) == 1


def test_filter_of_the_caller_stays_on_every_page(b24: Bitrix24, portal: Any) -> None:
    portal.add(130)
    portal.add(130, stageId="WON")
    found = ids(b24.list("crm.item.list", {**DEALS, "filter": {"stageId": "WON"}}))
    assert found == list(range(131, 261))


@pytest.mark.parametrize("position", [1, 2, 17, 50, 51, 99, 100])
@pytest.mark.parametrize("error", ["OPERATION_TIME_LIMIT", "INTERNAL_SERVER_ERROR", "ERROR_CORE", ""])
def test_one_failed_page_anywhere_is_read_again(
    b24: Bitrix24, portal: Any, position: int, error: str
) -> None:
    portal.add(5000)
    seen = [0]

    def fails(method: str, _: Any) -> Any:
        seen[0] += 1
        return {"error": error, "error_description": "no"} if seen[0] == position + 1 else None

    portal.rules.append(fails)
    assert ids(b24.list("crm.item.list", DEALS)) == list(range(1, 5001))


def test_a_page_that_stays_away_is_an_incomplete_list(b24: Bitrix24, portal: Any) -> None:
    portal.add(500)

    def refused(method: str, params: Any) -> Any:
        late = int(str((params.get("filter") or {}).get(">id", 0))) >= 200
        return {"error": "ACCESS_DENIED", "error_description": "Access denied"} if late else None

    portal.rules.append(refused)
    rows: list[int] = []
    with pytest.raises(IncompleteList, match="200"):
        rows.extend(row["id"] for row in b24.list("crm.item.list", DEALS))
    assert rows == list(range(1, 201))


def test_first_page_raises_what_it_is(b24: Bitrix24, portal: Any) -> None:
    portal.rules.append(lambda *_: {"error": "ACCESS_DENIED"})
    with pytest.raises(PermissionDenied):
        list(b24.list("crm.item.list", DEALS))


LOST = requests.ConnectionError("no route to /rest/1/s3cretk3y/")


@pytest.mark.parametrize(
    ("answer", "raised"),
    [((401, {"error": "NO_AUTH_FOUND"}), AuthenticationError), (LOST, TransportError)],
    ids=["refused", "no line"],
)
@pytest.mark.parametrize("method", ["crm.item.list", "crm.deal.list", "department.get", "v3"])
def test_what_breaks_before_the_first_row_is_told_as_it_is_and_later_the_list_is_incomplete(
    b24: Bitrix24, portal: Any, method: str, answer: Any, raised: type[Exception]
) -> None:
    portal.add(400)
    Offset(portal, 400)
    portal._crm_deal_list = lambda params: (200, offset_page(portal, params))
    broken = [True]
    portal.faults.append(lambda *_: answer if broken[0] else None)

    def read() -> Any:
        if method == "v3":
            return b24.v3.list("tasks.task.list", size=10)
        return b24.list(method, DEALS if method == "crm.item.list" else {})

    portal._tasks_task_list = lambda params: (
        200,
        {"result": {"items": [{"id": n + after(params)} for n in range(1, 11)]}},
    )
    with pytest.raises(raised):
        next(read())
    broken[0] = False
    rows = read()
    assert next(rows)
    broken[0] = True
    with pytest.raises(IncompleteList, match=r"after|broke off") as caught:
        list(rows)
    assert "s3cretk3y" not in "".join(traceback.format_exception(caught.value))


def after(params: Any) -> int:
    return next((value for field, sign, value in params["filter"] if (field, sign) == ("id", ">")), 0)


def offset_page(portal: Any, params: Any) -> Any:
    last = int((params.get("filter") or {}).get(">ID", 0))
    rows = [{"ID": str(n)} for n in range(last + 1, min(last + 51, 401))]
    return {"result": rows, "total": 400}


def test_lost_answers_make_smaller_batches(b24: Bitrix24, portal: Any) -> None:
    portal.add(5000)
    portal.faults.append(
        lambda method, body: (
            requests.ReadTimeout("slow") if method == "batch" and len(body["cmd"]) > 10 else None
        )
    )
    assert ids(b24.list("crm.item.list", DEALS)) == list(range(1, 5001))


@pytest.mark.parametrize(
    "change", ["delete_behind", "delete_ahead", "insert_low", "insert_high", "delete_many"]
)
def test_rows_that_come_and_go_while_reading(b24: Bitrix24, portal: Any, change: str) -> None:
    portal.add(5000)
    portal.items = {n + 100: {**row, "id": n + 100} for n, row in portal.items.items()}
    doomed = {
        "delete_behind": range(101, 111),
        "delete_ahead": range(4000, 4010),
        "delete_many": range(3000, 4500),
    }.get(change, range(0))
    read: list[int] = []
    for row in b24.list("crm.item.list", DEALS):
        read.append(row["id"])
        if len(read) == 60:
            for number in doomed:
                portal.items.pop(number, None)
            if change == "insert_low":
                portal.items.update({n: {"id": n} for n in range(1, 21)})
            if change == "insert_high":
                portal.items.update({n: {"id": n} for n in range(9001, 9101)})
    surviving = set(portal.items) - set(range(1, 21))
    assert read == sorted(set(read))
    assert surviving - set(read) <= set(range(9001, 9101))
    assert set(range(101, 5101)) - set(doomed) <= set(read)


def test_a_portal_that_ignores_the_cursor_is_found_out(b24: Bitrix24, portal: Any) -> None:
    portal.add(120)
    portal._crm_item_list = lambda params: (
        200,
        {"result": {"items": [portal.items[n] for n in range(1, 51)]}, "total": 120},
    )
    with pytest.raises(IncompleteList, match="sort or filter"):
        list(b24.list("crm.item.list", DEALS))


def test_text_that_looks_like_a_reference_is_read_page_by_page(b24: Bitrix24, portal: Any) -> None:
    portal.add(120, title="$result[x]")
    found = b24.list("crm.item.list", {**DEALS, "filter": {"title": "$result[x]"}})
    assert ids(found) == list(range(1, 121))
    assert {method for method, _ in portal.requests} == {"crm.item.list"}


def test_the_id_is_always_selected(b24: Bitrix24, portal: Any) -> None:
    portal.add(1)
    list(b24.list("crm.item.list", {**DEALS, "select": ["title"]}))
    assert portal.requests[0][1]["select"] == ["id", "title"]


def test_count_and_page(b24: Bitrix24, portal: Any) -> None:
    portal.add(120)
    assert b24.count("crm.item.list", DEALS) == 120
    page = b24.page("crm.item.list", DEALS, start=100)
    assert (len(page.rows), page.total, page.next) == (20, 120, None)


def test_a_method_that_does_not_count(b24: Bitrix24, portal: Any) -> None:
    portal.methods["crm.status.list"] = lambda _: [{"ID": "1"}]
    with pytest.raises(ValidationError):
        b24.count("crm.status.list")


class Offset:
    """A list without keyset whose rows move while it is read."""

    def __init__(self, portal: Any, count: int) -> None:
        self.rows = [{"ID": str(n)} for n in range(1, count + 1)]
        self.pages = 0
        self.after_page: dict[int, Any] = {}
        portal._department_get = self.answer

    def answer(self, params: Any) -> Any:
        start = int(params["start"])
        page = {"result": self.rows[start : start + 50], "total": len(self.rows)}
        if start + 50 < len(self.rows):
            page["next"] = start + 50
        self.pages += 1
        self.after_page.get(self.pages, lambda: None)()
        return 200, page


def test_offset_list_is_read_again_when_rows_moved(b24: Bitrix24, portal: Any) -> None:
    source = Offset(portal, 160)
    source.after_page[1] = lambda: source.rows.__delitem__(slice(0, 10))
    found = [int(row["ID"]) for row in b24.list("department.get")]
    assert len(found) == len(set(found)) == 160
    assert source.pages > 4


def test_offset_list_that_never_stands_still_is_incomplete(b24: Bitrix24, portal: Any) -> None:
    source = Offset(portal, 160)
    source.after_page = {
        n: lambda: source.rows.append({"ID": str(1000 + source.pages)}) for n in range(1, 99)
    }
    with pytest.raises(IncompleteList):
        list(b24.list("department.get"))


def test_another_order_is_kept(b24: Bitrix24, portal: Any) -> None:
    portal.add(60)
    list(b24.list("crm.item.list", {**DEALS, "order": {"title": "DESC"}}))
    assert [body["start"] for _, body in portal.requests] == [0, 50]
    assert portal.requests[0][1]["order"] == {"title": "DESC"}
