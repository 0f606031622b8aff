"""The sandbox against the vendor's own description: names, requests and shapes of answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crmkit.sandbox.bitrix24.urls import documented, methods

SPECS = Path(__file__).parents[4] / "shared" / "specs"


def lines(name: str) -> list[dict[str, Any]]:
    path = SPECS / name
    if not path.exists():
        pytest.skip(f"the vendor's description is not beside this checkout: {name}")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def shape(value: Any, depth: int = 2) -> Any:
    """Return what kind of thing a result is, down to the names of its envelope."""
    if isinstance(value, dict):
        return {key: shape(item, depth - 1) for key, item in value.items()} if depth else {}
    return [] if isinstance(value, list) else type(value).__name__


ON_THE_OVERVIEW_ONLY = {"rest.documentation.openapi", "documentation"}
"""Documented by the vendor on its page about REST 3.0, without pages of their own."""


def test_the_list_of_documented_methods_is_the_vendors():
    assert documented() == {one["method"].lower() for one in lines("bitrix24-methods.jsonl")}


def test_every_emulated_method_is_documented_under_the_same_name():
    known = {one["method"] for one in lines("bitrix24-methods.jsonl")}
    emulated = {one.name for one in methods().values()}
    assert emulated - known == ON_THE_OVERVIEW_ONLY


def test_every_documented_request_is_answered_in_an_envelope(api, bench, box):
    """Nothing documented makes the sandbox stumble: it answers, or refuses with the vendor's envelope."""
    app, v3 = bench.app(box), bench.v3(box)
    asked = 0
    for one in lines("bitrix24-examples.jsonl"):
        version = 3 if one["rest_version"] == 3 else 2
        if (f"v3:{one['method']}" if version == 3 else one["method"]).lower() not in methods():
            continue
        for request in one["requests"]:
            body = request.get("body")
            caller = v3 if version == 3 else app if request["auth"] == "oauth" else api
            if isinstance(body, dict):
                body = {key: value for key, value in body.items() if key != "auth"}
            answer = caller.post(one["method"], body)
            told = answer.json()
            assert ("result" in told) != ("error" in told), (one["method"], body, answer.text)
            assert answer.status_code in (200, 400, 401, 403, 404), (one["method"], body, answer.text)
            asked += 1
    assert asked > 150


WITHOUT_PARAMETERS = [
    *("profile", "server.time", "crm.deal.fields", "crm.status.list", "crm.status.entity.types"),
    *("user.get", "department.get", "event.get", "bizproc.workflow.instances"),
]


@pytest.mark.parametrize("method", WITHOUT_PARAMETERS)
def test_answers_have_the_documented_shape(api, method):
    documented_ = [one for one in lines("bitrix24-examples.jsonl") if one["method"] == method]
    responses = [response for one in documented_ for response in one["responses"] if "result" in response]
    ours = api.answer(method)
    theirs = responses[0]
    assert type(ours["result"]) is type(theirs["result"])
    assert ("total" in ours) == ("total" in theirs) or method == "crm.status.list"


ITEM_KEYS = {
    "createdTime",
    "updatedTime",
    "assignedById",
    "companyId",
    "contactId",
    "contactIds",
    "stageId",
    "categoryId",
    "opportunity",
    "isManualOpportunity",
    "lastActivityTime",
    "lastActivityBy",
    "movedBy",
    "movedTime",
    "observers",
    "originId",
    "originatorId",
    "utmSource",
    "entityTypeId",
}


def test_an_added_deal_answers_as_documented(api):
    example = next(one for one in lines("bitrix24-examples.jsonl") if one["method"] == "crm.item.add")
    theirs = example["responses"][0]["result"]["item"]
    ours = api.call("crm.item.add", entityTypeId=2, fields={"title": "x", "opportunity": 999.99})["item"]
    assert set(theirs) >= ITEM_KEYS
    assert set(ours) >= ITEM_KEYS
    both = {key for key in ours if key in theirs and ours[key] is not None and theirs[key] is not None}
    different = {
        key
        for key in both
        if shape(ours[key]) != shape(theirs[key]) and key not in ("opportunity", "taxValue")
    }
    assert not different


def test_the_fields_of_a_deal_are_those_of_the_vendor(api):
    example = next(one for one in lines("bitrix24-examples.jsonl") if one["method"] == "crm.deal.fields")
    theirs = example["responses"][0]["result"]
    ours = api.call("crm.deal.fields")
    assert set(theirs) <= set(ours)
    for name, told in theirs.items():
        flags = ("type", "isReadOnly", "isImmutable", "isMultiple", "statusType")
        assert {key: ours[name].get(key) for key in flags} == {key: told.get(key) for key in flags}, name
