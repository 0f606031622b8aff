"""Checklists: items of a task."""

import pytest


@pytest.fixture
def task(api):
    return api.create()


def items(api, task, fields="id,name,isDone", **body):
    return api.post(f"/task/{task}/checklist/list", {"fields": fields, **body}).json()["items"]


def add(api, task, name="Позвонить", **body):
    answer = api.post(f"/task/{task}/checklist", {"name": name, **body})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def test_items_are_added_and_ticked_off(api, task):
    first = add(api, task, assignees={"users": [{"id": "user:4"}], "groups": [{"id": 1}]})
    second = add(api, task, "Выслать счёт", isDone=True)
    assert items(api, task) == [
        {"id": first, "name": "Позвонить", "isDone": False},
        {"id": second, "name": "Выслать счёт", "isDone": True},
    ]
    assert items(api, task, offset=1)[0]["id"] == second
    assert api.post(f"/task/{task}/checklist/{first}", {"isDone": True}).json() == {"result": "success"}
    shown = api.get(f"/task/{task}/checklist/{first}", fields="isDone,parent,dateTime,assignees").json()[
        "item"
    ]
    assert (shown["isDone"], shown["parent"]) == (True, {"id": task})
    assert shown["dateTime"]["date"] == "03-03-2025"
    assert shown["assignees"]["users"] == [{"id": "user:4", "name": "Ольга Иванова"}]
    assert items(api, api.create()) == []


def test_202_means_partly_done_here(api, task):
    number = add(api, task)
    answer = api.post(f"/task/{task}/checklist/{number}", {"name": "", "isDone": True})
    assert (answer.status_code, answer.json()["failures"][0]["field"]) == (202, "name")
    assert items(api, task) == [{"id": number, "name": "Позвонить", "isDone": True}]


def test_an_item_moves_to_another_task(api, task):
    number, other = add(api, task), api.create()
    api.post(f"/task/{task}/checklist/{number}", {"parent": {"id": other}})
    assert (items(api, task), len(items(api, other))) == ([], 1)
    assert api.get(f"/task/{task}/checklist/{number}").json()["code"] == 600


@pytest.mark.wrong_requests
def test_what_is_refused(bench, api, task):
    number = add(api, task)
    assert api.post(f"/task/{task}/checklist", {}).json()["error"] == "Checklist item name is required"
    assert api.post(f"/task/{task}/checklist", {"name": "x", "isDone": 5}).json()["code"] == 601
    assert api.post("/task/5/checklist", {"name": "x"}).json()["code"] == 1000
    assert api.get(f"/task/{task}/checklist/77").json()["error"] == "Checklist item not found by id - 77"
    stranger = bench.api(api.box, "user:6")
    assert stranger.get(f"/task/{task}/checklist/{number}").json()["code"] == 6
    assert stranger.post(f"/task/{task}/checklist/list", {}).json()["code"] == 1000
    assert (
        api.delete(f"/task/{task}/checklist/{number}").status_code == 501
    )  # the vendor has no such operation


def test_recurring_tasks_and_templates_are_listed(api, task):
    assert api.get("/task/recurring").json()["tasks"] == []
    api.box.act.make_recurring("user:4", task, {"weekly": {"type": "Every", "shift": 1, "days": [1]}})
    (listed,) = api.get("/task/recurring", fields="id,recurrence").json()["tasks"]
    assert listed == {"id": task, "recurrence": {"weekly": {"type": "Every", "shift": 1, "days": [1]}}}
    assert api.ids({"type": 16, "operator": "equal", "value": 1}) == [task]
    api.box.act.make_recurring("user:4", task, {})
    assert api.get("/task/recurring").json()["tasks"] == []
    kind = type(api.box.account.objects[1])
    api.box.account.templates[501] = kind(501, "Сделка по шаблону", 1)
    (template,) = api.get("/task/templates", fields="id,name,type,template").json()["templates"]
    assert template == {"id": 501, "name": "Сделка по шаблону", "type": "Template", "template": {"id": 501}}
