"""Pages, totals, orders, filters and a million rows."""

from __future__ import annotations

import time

import pytest


@pytest.fixture
def api(bench):
    return bench.api(seed="deals", deals=120)


def test_pages_have_fifty_rows_and_other_offsets_are_rounded_down(api):
    first = api.answer("crm.deal.list", select=["ID"], order={"ID": "ASC"})
    assert (len(first["result"]), first["total"], first["next"]) == (50, 120, 50)
    odd = api.answer("crm.deal.list", select=["ID"], order={"ID": "ASC"}, start=77)
    assert odd["result"][0]["ID"] == "51"
    last = api.answer("crm.deal.list", select=["ID"], start=100)
    assert len(last["result"]) == 20
    assert "next" not in last
    assert api.answer("crm.deal.list", start=500)["result"] == []


def test_without_a_count_old_lists_say_zero_and_new_ones_nothing(api):
    old = api.answer("crm.deal.list", start=-1)
    assert (len(old["result"]), old["total"]) == (50, 0)
    assert "next" not in old
    new = api.answer("crm.item.list", entityTypeId=2, start=-1)
    assert len(new["result"]["items"]) == 50
    assert not {"total", "next"} & set(new)


def test_keyset_up_and_down(api):
    seen, last = [], 0
    while True:
        body = {
            "entityTypeId": 2,
            "filter": {">id": last},
            "order": {"id": "ASC"},
            "select": ["id"],
            "start": -1,
        }
        page = [one["id"] for one in api.call("crm.item.list", **body)["items"]]
        seen += page
        if len(page) < 50:
            break
        last = page[-1]
    assert seen == list(range(1, 121))
    down = api.call("crm.deal.list", filter={"<ID": 4}, order={"ID": "DESC"}, select=["ID"])
    assert [one["ID"] for one in down] == ["3", "2", "1"]


def test_select_in_both_families(api):
    row = api.call("crm.item.list", entityTypeId=2, select=["title", "noSuch"])["items"][0]
    assert set(row) == {"id", "title", "entityTypeId"}
    assert "ufCrmLabel" in api.call("crm.item.list", entityTypeId=2)["items"][0]
    assert set(api.call("crm.deal.list", select=["TITLE", "NO_SUCH"])[0]) == {"ID", "TITLE"}
    assert "UF_CRM_LABEL" not in api.call("crm.deal.list", select=["*"])[0]
    assert set(api.call("crm.deal.list", select=["UF_*"])[0]) >= {"ID", "UF_CRM_LABEL"}


def test_orders(api):
    rows = api.call(
        "crm.item.list", entityTypeId=2, order={"opportunity": "DESC", "id": "ASC"}, select=["opportunity"]
    )
    sums = [one["opportunity"] for one in rows["items"]]
    assert sums == sorted(sums, reverse=True)
    assert api.refused("crm.item.list", entityTypeId=2, order={"noSuch": "ASC"})[1] == "INVALID_ARG_VALUE"
    assert api.answer("crm.deal.list", order={"NO_SUCH": "ASC"})["total"] == 120


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({"id": 5}, 1),
        ({"=id": "5"}, 1),
        ({"@id": [5, 6, 999]}, 2),
        ({"id": [5, 6]}, 2),
        ({"!id": 5}, 119),
        ({"!@id": [5, 6]}, 118),
        ({">id": 100, "<=id": 110}, 10),
        ({">=id": 100, "<id": 110}, 10),
        ({"%title": "№ 12"}, 2),
        ({"=%title": "Сделка № 1%"}, 32),
        ({"%=title": "%9"}, 12),
        ({"!%title": "№ 1"}, 88),
        ({"stageId": "WON"}, 20),
        ({"!stageId": ["WON", "LOSE"]}, 80),
        ({"companyId": 0}, 120),
        ({"!=comments": ""}, 120),
        ({"sourceId": ""}, 120),
        ({"!sourceId": "WEB"}, 120),
        ({">opportunity": 100000, "<opportunity": "120001"}, 21),
        ({">=createdTime": "2025-03-03T08:00:00+03:00"}, 60),
        ({"><id": [5, 7]}, 3),
    ],
)
def test_filters(api, given, count):
    assert api.answer("crm.item.list", entityTypeId=2, filter=given)["total"] == count


def test_groups_with_or_in_any_depth(api):
    either = {"0": {"logic": "OR", "0": {"id": 1}, "1": {"id": 2}}, ">id": 1}
    assert api.ids(**either) == [2]
    deep = {
        "logic": "OR",
        "0": {"id": 3},
        "1": {"0": {"logic": "OR", "0": {"id": 4}, "1": {"id": 5}}, "<id": 5},
    }
    assert api.ids(**deep) == [3, 4]
    assert (
        api.refused("crm.item.list", entityTypeId=2, filter={"0": {"logic": "OR", "0": {"nope": 1}}})[1]
        == "INVALID_ARG_VALUE"
    )


def test_an_external_key_is_found_at_once(api):
    number = api.deal(originatorId="shop", originId="Order-17")
    assert api.ids(originId="Order-17") == [number]
    assert api.ids(originId="order-17", originatorId="shop") == [number]
    api.call("crm.item.update", entityTypeId=2, id=number, fields={"originId": "Order-18"})
    assert api.ids(originId="Order-17") == []


def test_deleted_rows_are_gone_from_every_kind_of_page(api):
    for number in (1, 60, 120):
        api.call("crm.deal.delete", id=number)
    new = api.deal()
    assert new == 121
    assert api.answer("crm.deal.list")["total"] == 118
    assert api.ids(**{"@id": [60, 61, 121]}) == [61, 121]
    page = api.call("crm.deal.list", select=["ID"], order={"ID": "DESC"}, start=100)
    assert [one["ID"] for one in page][-1] == "2"
    assert [one["ID"] for one in api.call("crm.deal.list", filter={">ID": 118}, select=["ID"])] == [
        "119",
        "121",
    ]


def test_a_million_rows_are_read_by_number_in_no_time(bench):
    begun = time.perf_counter()
    api = bench.api(seed="deals", deals=1_000_000)
    last = 999_000
    for _ in range(10):
        body = {"filter": {">ID": last}, "order": {"ID": "ASC"}, "select": ["ID"], "start": -1}
        last = int(api.call("crm.deal.list", **body)[-1]["ID"])
    assert last == 999_500
    assert (
        api.answer("crm.deal.list", start=999_950, select=["ID"], order={"ID": "ASC"})["result"][0]["ID"]
        == "999951"
    )
    assert time.perf_counter() - begun < 5
