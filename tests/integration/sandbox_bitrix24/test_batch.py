"""Batches as PHP decodes and answers them."""

from __future__ import annotations

from urllib.parse import quote

import pytest


def test_each_command_has_its_own_outcome(api):
    number = api.deal()
    inner = api.batch({"good": f"crm.deal.get?id={number}", "bad": "crm.deal.get?id=999", "none": "no.such"})
    assert list(inner["result"]) == ["good"]
    assert inner["result_error"] == {
        "bad": {"error": "", "error_description": "Not found"},
        "none": {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"},
    }
    assert list(inner["result_time"]) == ["good"]


def test_empty_maps_are_lists_and_so_are_keys_from_zero(api):
    number = api.deal()
    inner = api.batch({"a": f"crm.deal.get?id={number}"})
    assert inner["result_error"] == inner["result_total"] == inner["result_next"] == []
    inner = api.batch([f"crm.deal.get?id={number}", "crm.deal.get?id=999"])
    assert isinstance(inner["result"], list)
    assert inner["result_error"] == {"1": {"error": "", "error_description": "Not found"}}
    inner = api.batch({"0": "no.such", "1": "no.such"})
    assert [one["error"] for one in inner["result_error"]] == ["ERROR_METHOD_NOT_FOUND"] * 2


def test_totals_and_next_pages_come_beside_the_lists(bench):
    api = bench.api(seed="deals", deals=120)
    inner = api.batch(
        {"a": "crm.deal.list", "b": "crm.deal.list?start=100", "c": "crm.deal.list?start=-1", "d": "profile"}
    )
    assert inner["result_total"] == {"a": 120, "b": 120, "c": 0}
    assert inner["result_next"] == {"a": 50}


@pytest.mark.parametrize("text", ["a & b", "a # b", "a + b", "100% sure", "x=y", "[br]", "ё ; /?"])
def test_values_have_to_be_percent_encoded_even_in_json(api, text):
    inner = api.batch({"good": f"crm.deal.add?fields[TITLE]={quote(text)}"})
    assert api.call("crm.deal.get", id=inner["result"]["good"])["TITLE"] == text


def test_what_is_not_encoded_is_cut_or_split(api):
    inner = api.batch(
        {
            "amp": "crm.deal.add?fields[TITLE]=a&b",
            "hash": "crm.deal.add?fields[TITLE]=a#b",
            "plus": "crm.deal.add?fields[TITLE]=a+b",
        }
    )
    titles = {key: api.call("crm.deal.get", id=number)["TITLE"] for key, number in inner["result"].items()}
    assert titles == {"amp": "a", "hash": "a", "plus": "a b"}


def test_everything_is_a_text_and_nested_brackets_are_arrays(api):
    first, second = api.deal(), api.deal()
    query = f"filter[@ID][]={first}&filter[@ID][]={second}&order[ID]=DESC&select[]=ID&select[]=TITLE"
    found = api.batch({"a": f"crm.deal.list?{query}"})["result"]["a"]
    assert found == [{"ID": str(second), "TITLE": "Сделка"}, {"ID": str(first), "TITLE": "Сделка"}]
    # A JSON true is no "Y", and neither is its text.
    item = api.batch({"a": f"crm.item.get?entityTypeId=2&id={first}&useOriginalUfNames=true"})["result"]["a"][
        "item"
    ]
    assert "ufCrmLabel" in item


def test_a_batch_travels_in_a_form_as_well(api):
    number = api.deal(title="Форма")
    data = {"halt": "0", "cmd[a]": f"crm.deal.get?id={number}", "cmd[b]": "profile"}
    told = api.session.post(f"{api.base}batch", data=data, timeout=10).json()["result"]
    assert told["result"]["a"]["TITLE"] == "Форма"
    assert told["result"]["b"]["ID"] == "1"


def test_fifty_is_the_limit_and_the_rest_is_refused_one_by_one(api):
    inner = api.batch({f"c{number}": "profile" for number in range(53)})
    assert len(inner["result"]) == 50
    assert {key: one["error"] for key, one in inner["result_error"].items()} == dict.fromkeys(
        ("c50", "c51", "c52"), "ERROR_BATCH_LENGTH_EXCEEDED"
    )


def test_no_batch_in_a_batch_and_no_trace_of_what_is_no_text(api):
    inner = api.batch({"a": "batch?cmd[x]=profile", "b": 5, "c": ["profile"], "d": "profile"})
    assert inner["result_error"]["a"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"
    assert list(inner["result"]) == ["d"]
    assert set(inner["result_error"]) == {"a"}


@pytest.mark.parametrize(
    ("halt", "kept"), [(1, []), ("1", []), ("false", []), (0, ["c"]), ("0", ["c"]), ("", ["c"])]
)
def test_halt_as_php_understands_it(api, halt, kept):
    inner = api.batch({"a": "profile", "b": "no.such", "c": "profile"}, halt=halt)
    assert list(inner["result"]) == ["a", *kept]
    assert list(inner["result_error"]) == ["b"]


def test_references_reach_into_earlier_results(api):
    inner = api.batch(
        {
            "add": "crm.deal.add?fields[TITLE]=x",
            "get": "crm.deal.get?id=$result[add]",
            "list": "crm.item.list?entityTypeId=2&filter[id]=$result[get][ID]",
            "task": "tasks.task.add?fields[TITLE]=t&fields[UF_CRM_TASK][]=D_$result[add]",
            "first": "crm.deal.get?id=$result[list][items][0][id]",
            "count": "crm.deal.add?fields[TITLE]=all $total[list]",
        },
        halt=1,
    )
    assert inner["result_error"] == []
    assert inner["result"]["first"]["TITLE"] == "x"
    task = api.call("tasks.task.get", taskId=inner["result"]["task"]["task"]["id"], select=["UF_CRM_TASK"])
    assert task["task"]["ufCrmTask"] == [f"D_{inner['result']['add']}"]
    assert api.call("crm.deal.get", id=inner["result"]["count"])["TITLE"] == "all 1"


def test_a_reference_that_leads_nowhere_becomes_everything_before_it(api):
    first, second = api.deal(), api.deal()
    # The look-up failed, yet the command that trusts it runs, and finds what nobody asked for.
    inner = api.batch(
        {
            "a": "crm.deal.get?id=999",
            "b": f"crm.deal.get?id={first}",
            "c": "crm.deal.list?filter[ID]=$result[a][ID]",
        }
    )
    assert "c" in inner["result"]
    inner = api.batch(
        {"a": f"crm.deal.get?id={second}", "b": "crm.deal.add?fields[TITLE]=$result[a][ID],$result[a]"}
    )
    # Two references without white space between them are one path, and the second is lost.
    assert api.call("crm.deal.get", id=inner["result"]["b"])["TITLE"] == str(second)


def test_a_chain_of_pages_that_goes_on_after_the_last_row_begins_again(bench):
    api = bench.api(seed="deals", deals=60)
    pages = {"a": "crm.deal.list?start=-1&select[]=ID&filter[>ID]=50"}
    for before, key in zip("ab", "bc", strict=True):
        pages[key] = f"crm.deal.list?start=-1&select[]=ID&filter[>ID]=$result[{before}][49][ID]"
    found = {key: [row["ID"] for row in rows] for key, rows in api.batch(pages)["result"].items()}
    assert found["a"] == [str(number) for number in range(51, 61)]
    # There is no fiftieth row: the whole page becomes the bound, and as a number an array is 1.
    assert found["b"][0] == "2"


def test_references_in_capitals_are_not_replaced(api):
    inner = api.batch({"a": "crm.deal.add?fields[TITLE]=x", "b": "crm.deal.add?fields[TITLE]=$RESULT[a]"})
    assert api.call("crm.deal.get", id=inner["result"]["b"])["TITLE"] == "$RESULT[a]"


def test_one_command_can_be_made_to_fail(api, box):
    from crmkit.sandbox import Fault

    api.deal()
    box.faults.add(
        Fault(
            "command_error",
            match="crm.deal.list",
            after=1,
            body={"error": "OPERATION_TIME_LIMIT"},
            status=429,
        )
    )
    inner = api.batch({f"c{number}": "crm.deal.list" for number in range(3)})
    assert inner["result_error"]["c1"]["error"] == "OPERATION_TIME_LIMIT"
    assert list(inner["result"]) == ["c0", "c2"]
