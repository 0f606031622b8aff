"""Directories: entries and groups of entries, by key."""

import pytest

from crmkit.sandbox.planfix.models import SavedFilter


def entries(api, *filters, fields="key,name,parentKey,isGroup,archived", **body):
    answer = api.post("/directory/1/entry/list", {"fields": fields, "filters": list(filters), **body})
    assert answer.status_code == 200, answer.text
    return answer.json()["directoryEntries"]


def keys(api, *filters, **body):
    return [one["key"] for one in entries(api, *filters, **body)]


def test_the_directory_and_its_fields(api):
    listed = api.post("/directory/list", {"fields": "id,name,group,fields"}).json()["directories"]
    assert [(one["id"], one["name"], one["group"]["name"]) for one in listed] == [(1, "Товары", "Торговля")]
    assert [one["name"] for one in listed[0]["fields"]] == ["Название", "Цена", "Склад"]
    assert api.get("/directory/1").json()["directory"] == {"id": 1, "name": "Товары"}
    fields = api.get("/customfield/directory/1").json()["customfields"]
    assert {one["objectType"] for one in fields} == {2}
    assert api.get("/directory/groups").json()["groups"] == [{"id": 1, "name": "Торговля"}]
    assert api.post("/directory/list", {"groupId": 7}).json()["directories"] == []


def test_the_example_of_the_list_has_another_name_for_it(bench):
    api = bench.api(directory_list_key="directory")
    assert api.post("/directory/list").json()["directory"] == [{"id": 1, "name": "Товары"}]


def test_an_entry_is_added_without_a_word_about_its_key(api):
    value = [{"field": {"id": 401}, "value": "Лента"}, {"field": {"id": 402}, "value": 70}]
    answer = api.post("/directory/1/entry/", {"parentKey": 1, "customFieldData": value})
    assert (answer.status_code, answer.content) == (200, b"")
    key = keys(api, {"type": 6101, "operator": "equal", "value": "Лента", "field": 401})[0]
    shown = api.get(
        f"/directory/1/entry/{key}", fields="directory,key,parentKey,name,archived,401,402"
    ).json()
    assert shown["entry"]["directory"] == {"id": 1, "name": "Товары"}
    assert (shown["entry"]["name"], shown["entry"]["parentKey"]) == ("Лента", 1)
    assert [one["value"] for one in shown["entry"]["customFieldData"]] == ["Лента", 70]
    assert {one["field"]["objectType"] for one in shown["entry"]["customFieldData"]} == {2}


def test_a_group_has_a_name_and_takes_its_entries_along(api):
    api.post("/directory/1/entry/", {"name": "Новая", "isGroup": True})
    group = entries(api)[-1]
    assert (group["name"], group["isGroup"], group["parentKey"]) == ("Новая", True, 0)
    api.post("/directory/1/entry/", {"parentKey": group["key"], "customFieldData": []})
    assert keys(api, groupId=group["key"]) == [group["key"] + 1]
    api.post(f"/directory/1/entry/{group['key']}", {"name": "Иначе"})
    assert entries(api)[-2]["name"] == "Иначе"
    assert api.delete(f"/directory/1/entry/{group['key']}").content == b""
    assert keys(api) == [1, 2, 3, 4, 5, 6]


def test_an_entry_is_changed_in_part(api):
    change = {"archived": True, "customFieldData": [{"field": {"id": 402}, "value": 1}]}
    answer = api.post("/directory/1/entry/2", change)
    assert (answer.status_code, answer.content) == (200, b"")
    shown = api.get("/directory/1/entry/2", fields="archived,401,402").json()["entry"]
    assert shown["archived"] is True
    assert [one["value"] for one in shown["customFieldData"]] == ["ВВГнг 3х2,5", 1]


def test_entries_are_found(api):
    api.post("/directory/1/entry/2", {"archived": True})
    assert keys(api, groupsOnly=True) == [1, 4]
    assert keys(api, entriesOnly=True) == [2, 3, 5, 6]
    assert keys(api, groupId=4) == [5, 6]
    assert keys(api, offset=4, pageSize=1) == [5]
    for number, operator, value, field, expected in (
        (6003, "equal", 1, None, [2, 3]),
        (6005, "equal", True, None, [2]),
        (6005, "notequal", 1, None, [1, 3, 4, 5, 6]),
        (6006, "equal", [5, 3], None, [3, 5]),
        (6102, "gt", 400, 402, [5, 6]),
        (6105, "equal", 1, 403, [2, 3, 5, 6]),
    ):
        one = {"type": number, "operator": operator, "value": value} | ({"field": field} if field else {})
        assert keys(api, one) == expected, number


def test_saved_filters_of_a_directory(api):
    dear = {"type": 6102, "operator": "gt", "value": 400, "field": 402}
    api.box.account.saved_filters["4115"] = SavedFilter("4115", "Дорогие", "user:1", [[dear]], "directory:1")
    listed = api.post("/directory/1/filters").json()["filters"]
    assert listed == [{"id": "4115", "name": "Дорогие", "owner": {"id": "user:1", "name": "Виктор Андреев"}}]
    assert keys(api, filterId="4115") == [5, 6]
    assert "Дорогие" not in api.post("/task/filters").text
    for path, body in (
        ("/task/list", {"filterId": "4115"}),
        ("/directory/1/entry/list", {"filterId": "40001"}),
    ):
        assert api.post(path, body).json()["code"] == 41


def test_an_entry_in_a_field_of_a_task_has_its_name(api):
    api.box.account.fields.task[110] = spec = type(api.box.account.fields.task[101])(
        110, "Товар", 9, directory=1
    )
    api.box.account.objects[1].fields.add(spec.id)
    task = api.create(customFieldData=[{"field": {"id": 110}, "value": {"id": 5}}])
    value = api.task(task, "110")["customFieldData"][0]
    assert (value["value"], value["stringValue"]) == (
        {"id": 5, "value": "Светильник складской"},
        "Светильник складской",
    )


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "code"),
    [
        ("get", "/directory/7", None, 404, 8000),
        ("post", "/directory/7/entry/list", {}, 404, 8000),
        ("get", "/directory/1/entry/77", None, 400, 8010),
        ("post", "/directory/1/entry/", {"isGroup": True}, 400, 8011),
        ("post", "/directory/1/entry/", {"parentKey": 2}, 400, 8011),
        ("post", "/directory/1/entry/1", {"parentKey": 1}, 400, 8012),
        (
            "post",
            "/directory/1/entry/2",
            {"customFieldData": [{"field": {"id": 402}, "value": "x"}]},
            400,
            8012,
        ),
        (
            "post",
            "/directory/1/entry/list",
            {"filters": [{"type": 1, "operator": "equal", "value": 1}]},
            400,
            41,
        ),
    ],
)
def test_what_is_refused(api, verb, path, body, status, code):
    answer = api.get(path) if verb == "get" else api.post(path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
