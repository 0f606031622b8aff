"""Universal lists: values by their numbers, dates of the portal's language, elements replaced as a whole."""

from __future__ import annotations

import pytest

KIND = {"IBLOCK_TYPE_ID": "lists"}


@pytest.fixture
def stock(api):
    """A list with a multiple text, a moment, a number and a choice; returns where it is and its fields."""
    number = api.call("lists.add", **KIND, IBLOCK_CODE="stock", FIELDS={"NAME": "Склад"})
    where = {**KIND, "IBLOCK_ID": number}
    declared = (
        {"NAME": "Метки", "TYPE": "S", "MULTIPLE": "Y"},
        {"NAME": "Когда", "TYPE": "S:DateTime"},
        {"NAME": "Сколько", "TYPE": "N"},
        {"NAME": "Где", "TYPE": "L", "LIST": {"10": {"VALUE": "Москва"}, "20": {"VALUE": "Омск"}}},
    )
    return where, [api.call("lists.field.add", **where, FIELDS=one) for one in declared]


def test_values_have_numbers_and_dates_are_not_iso(api, stock):
    where, (labels, when, how_many, _) = stock
    fields = {"NAME": "Ящик", labels: ["а", "б"], when: "2024-12-31 23:59:59", how_many: "2.50", "NO": 1}
    number = api.call("lists.element.add", **where, ELEMENT_CODE="box", FIELDS=fields)
    answer = api.answer("lists.element.get", **where)
    assert answer["total"] == 1
    row = answer["result"][0]
    assert (row["ID"], row["NAME"], row["CODE"], row["IBLOCK_SECTION_ID"]) == (
        str(number),
        "Ящик",
        "box",
        None,
    )
    assert list(row[labels].values()) == ["а", "б"]
    assert all(key.isdigit() for key in row[labels])
    assert (list(row[when].values()), list(row[how_many].values())) == (["31.12.2024 23:59:59"], ["2.5"])
    assert "DATE_CREATE" not in row
    assert set(api.call("lists.element.get", **where, SELECT=["CODE", when])[0]) == {"ID", "CODE", when}


def test_an_update_empties_what_is_left_out(api, stock):
    where, (labels, when, *_) = stock
    fields = {"NAME": "Ящик", labels: ["а"], when: "2024-12-31 23:59:59"}
    number = api.call("lists.element.add", **where, ELEMENT_CODE="box", FIELDS=fields)
    changed = {"NAME": "Короб", labels: ["б"]}
    assert api.call("lists.element.update", **where, ELEMENT_ID=number, FIELDS=changed) is True
    row = api.call("lists.element.get", **where, ELEMENT_CODE="box")[0]
    assert (row["NAME"], list(row[labels].values()), when in row) == ("Короб", ["б"], False)
    assert api.call("lists.element.delete", **where, ELEMENT_CODE="box") is True
    assert api.call("lists.element.get", **where) == []


def test_elements_are_found_by_code_field_and_number(api, stock):
    where, (labels, *_) = stock
    numbers = [
        api.call(
            "lists.element.add", **where, ELEMENT_CODE=f"e{n}", FIELDS={"NAME": f"№ {n}", labels: [str(n)]}
        )
        for n in range(60)
    ]
    first = api.answer("lists.element.get", **where, ELEMENT_ORDER={"ID": "DESC"})
    assert (first["total"], first["next"], first["result"][0]["ID"]) == (60, 50, str(numbers[-1]))
    assert len(api.call("lists.element.get", **where, start=50)) == 10
    for given in ({"CODE": "e7"}, {"=CODE": "e7"}, {labels: "7"}, {"ID": numbers[7]}):
        found = api.call("lists.element.get", **where, FILTER=given)
        assert [one["CODE"] for one in found] == ["e7"], given
    after = api.call("lists.element.get", **where, FILTER={">ID": numbers[57]}, start=-1)
    assert [one["CODE"] for one in after] == ["e58", "e59"]


def test_refusals_have_codes(api, bench, box, stock):
    where, (_, _, _, place) = stock
    api.call("lists.element.add", **where, ELEMENT_CODE="box", FIELDS={"NAME": "Ящик"})
    add = {**where, "ELEMENT_CODE": "box", "FIELDS": {"NAME": "x"}}
    assert api.refused("lists.element.add", **add)[:2] == (400, "ERROR_ELEMENT_ALREADY_EXISTS")
    wrong = {**add, "ELEMENT_CODE": "other", "FIELDS": {"NAME": "x", place: 999}}
    assert api.refused("lists.element.add", **wrong)[1] == "ERROR_ELEMENT_FIELD_VALUE"
    nameless = {**add, "ELEMENT_CODE": "other", "FIELDS": {place: 1}}
    assert api.refused("lists.element.add", **nameless)[1] == "ERROR_ADD_ELEMENT"
    assert api.refused("lists.element.get", IBLOCK_ID=1)[1] == "ERROR_REQUIRED_PARAMETERS_MISSING"
    assert api.refused("lists.element.get", **KIND, IBLOCK_ID=77)[1] == "ERROR_IBLOCK_NOT_FOUND"
    gone = {**where, "ELEMENT_ID": 77}
    assert api.refused("lists.element.delete", **gone)[1] == "ERROR_ELEMENT_NOT_FOUND"
    same = {**KIND, "IBLOCK_CODE": "stock", "FIELDS": {"NAME": "x"}}
    assert api.refused("lists.add", **same)[1] == "ERROR_IBLOCK_ALREADY_EXISTS"
    manager = bench.api(box, "user:4")
    assert manager.refused("lists.add", **{**same, "IBLOCK_CODE": "y"})[:2] == (403, "ACCESS_DENIED")


def test_lists_and_their_fields_are_told(api, stock):
    where, (labels, _, _, place) = stock
    assert [one["NAME"] for one in api.call("lists.get", **KIND)] == ["Склад"]
    assert api.call("lists.get", IBLOCK_TYPE_ID="lists_socnet") == []
    fields = api.call("lists.field.get", **where)
    assert (fields[labels]["MULTIPLE"], fields["NAME"]["IS_REQUIRED"]) == ("Y", "Y")
    only = api.call("lists.field.get", **where, FIELD_ID=place)
    assert list(only["L"]["DISPLAY_VALUES_FORM"].values()) == ["Москва", "Омск"]
