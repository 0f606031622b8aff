"""Incoming webhooks and buttons: the only ways into what REST does not offer."""

import pytest
import requests

from crmkit.sandbox import Fault
from crmkit.sandbox.planfix.models import FieldDef


def call(api, path, method="GET", **options):
    root = api.box.url.removesuffix("/rest")
    return requests.request(method, root + path, timeout=10, **options)


def test_a_form_creates_a_task(api):
    params = {
        "title": "name",
        "text": "description",
        "stage": "status",
        "who": "assignee",
        "sum": "field:109",
        "label": "field:102",
        "manager": "field:103",
        "hold": "field:108",
        "say": "comment",
    }
    path = api.box.act.add_webhook("post", params, operation="create_task", answers=True)
    form = {
        "title": "Заявка",
        "text": "С сайта",
        "stage": "2",
        "who": "4",
        "sum": "12.5",
        "label": "VIP, Тендер",
    }
    form |= {"manager": "user:5", "hold": "да", "say": "Первый\nкомментарий", "other": "лишнее"}
    answer = call(api, path, "POST", data=form)
    assert (answer.status_code, list(answer.json())) == (200, ["task"])
    task = api.task(answer.json()["task"], "name,description,status,assigner,assignees,102,103,108,109")
    assert (task["name"], task["description"], task["status"]["id"]) == ("Заявка", "С сайта", 2)
    assert task["assigner"]["id"] == "user:91"
    assert task["assignees"]["users"][0]["id"] == "user:4"
    values = {one["field"]["id"]: one["value"] for one in task["customFieldData"]}
    assert values[102] == ["VIP", "Тендер"]
    assert (values[103]["id"], values[108], values[109]) == ("user:5", True, 12.5)
    (comment,) = api.comments(answer.json()["task"])
    assert (comment["description"], comment["owner"]["id"]) == ("Первыйкомментарий", "user:91")


def test_a_repeated_call_repeats_what_it_does(api):
    path = api.box.act.add_webhook("get", {"title": "name"}, operation="create_task")
    for _ in range(2):
        answer = call(api, path, params={"title": "Заявка"})
        assert (answer.status_code, answer.content) == (200, b"")
    assert [task["name"] for task in api.tasks(fields="name")] == ["Заявка", "Заявка"]


def test_json_is_picked_by_path(api):
    params = {
        "deal.id": "task",
        "deal.lines[1].sum": "field:109",
        "deal.none[7].x": "name",
        "tags": "description",
    }
    task = api.create()
    path = api.box.act.add_webhook("json", params, operation="change_task", answers=True)
    body = {"deal": {"id": task, "lines": [{"sum": 1}, {"sum": 7}]}, "tags": ["а", {"б": 1}]}
    assert call(api, path, "POST", json=body).json() == {"task": task}
    shown = api.task(task, "name,description,109")
    assert (shown["name"], shown["description"]) == ("Сделка", '["а", {"б": 1}]')
    assert shown["customFieldData"][0]["value"] == 7
    assert call(api, path, "POST", data=b"{").status_code == 400


def test_a_comment_and_a_contact(api):
    task = api.create()
    comment = api.box.act.add_webhook("get", {"id": "task", "text": "comment"}, operation="add_comment")
    assert call(api, comment, params={"id": task, "text": "Оплачено"}).status_code == 200
    assert [one["description"] for one in api.comments(task)] == ["Оплачено"]
    contact = api.box.act.add_webhook("get", {"name": "name"}, operation="create_contact", answers=True)
    number = call(api, contact, params={"name": "Анна"}).json()["contact"]
    assert api.get(f"/contact/{number}", fields="name").json()["contact"]["name"] == "Анна"


def test_nonsense_is_left_out_and_nobody_is_told(api):
    params = {
        "id": "task",
        "stage": "status",
        "who": "assignee",
        "sum": "field:109",
        "client": "counterparty",
    }
    path = api.box.act.add_webhook("get", params, operation="change_task", answers=True)
    task = api.create(assignees={"users": [{"id": "user:4"}]})
    wrong = {"stage": "999", "who": "user:777", "sum": "много", "client": "x:y"}
    assert call(api, path, params={"id": task, **wrong}).json() == {"task": task}
    shown = api.task(task, "status,assignees,109,counterparty")
    assert shown["status"]["id"] == 1
    assert shown["assignees"]["users"][0]["id"] == "user:4"
    assert (shown["customFieldData"], shown.get("counterparty")) == ([], None)
    for number in ("5", "x", ""):
        assert call(api, path, params={"id": number}).json() == {}
    api.box.act.delete_task("user:4", task)
    assert call(api, path, params={"id": task}).json() == {}


def test_the_code_is_the_only_secret_and_is_not_logged(api):
    path = api.box.act.add_webhook("get", {"title": "name"}, operation="create_task")
    code = path.rpartition("/")[2]
    for wrong, method in (
        (f"/webhook/get/{code}0", "GET"),
        (f"/webhook/post/{code}", "POST"),
        (path, "POST"),
    ):
        assert call(api, wrong, method).status_code == 404
    assert call(api, path).status_code == 200
    log = api.control("GET", "/requests").text
    assert code not in log
    assert api.control("GET", "/requests").json()[-1]["operation"] == "GET /webhook/"
    assert code not in api.control("GET", "/state/webhooks").text


def test_a_webhook_needs_no_token_and_costs_no_request_of_the_day(bench):
    api = bench.api(strict_limits=True, daily_limit=1)
    path = api.box.act.add_webhook("get", {"title": "name"}, operation="create_task")
    for _ in range(3):
        assert call(api, path).status_code == 200
    assert api.get("/ping").status_code == 200


def test_a_button_is_pressed_once_a_minute(api):
    act, task, other = api.box.act, api.create(), api.create()
    button = act.add_button("В работу", set_status=2, comment="Нажал", object=1)
    act.press("user:4", task, button)
    assert api.task(task, "status")["status"]["id"] == 2
    act.set_status("user:4", task, 1)
    with pytest.raises(ValueError, match="less than a minute"):
        act.press("user:5", task, button)
    act.press("user:4", other, button)
    api.box.clock.advance(seconds=60)
    act.press("user:5", task, button)
    said = [one["owner"]["id"] for one in api.comments(task, "Comments")]
    assert said == ["user:4", "user:5"]


def test_a_webhook_presses_a_hidden_button(api, receiver):
    act, task = api.box.act, api.create()
    request = {"url": receiver.url, "form": {"task": "{{Задача.Номер}}"}}
    button = act.add_button("Запустить процесс", request=request, set_status=3, hidden=True)
    path = act.add_webhook("get", {"id": "task"}, button=button, answers=True)
    with pytest.raises(LookupError):
        act.press("user:4", task, button)
    for _ in range(3):  # two of them too soon: nobody is told
        assert call(api, path, params={"id": task}).json() == {"task": task}
    assert act.deliver()
    assert [one.body for one in receiver.got] == [f"task={task}"]
    assert api.task(task, "status")["status"]["id"] == 3


def test_buttons_belong_to_an_object(api):
    act = api.box.act
    button = act.add_button("Согласовать", set_status=22, object=2)
    deal, approval = api.create(), act.create_task("user:4", "Согласование", object_=2)
    for task, number in ((deal, button), (approval, 77)):
        with pytest.raises(LookupError):
            act.press("user:4", task, number)
    act.press("user:4", approval, button)
    assert api.task(approval, "status")["status"]["id"] == 22


def test_webhooks_that_cannot_be(api):
    for kind, operation in (("file", "none"), ("get", "explode")):
        with pytest.raises(ValueError, match="a webhook is one of"):
            api.box.act.add_webhook(kind, {}, operation=operation)


def test_a_webhook_starts_scenarios(api, receiver):
    act = api.box.act
    act.add_scenario(
        "Сообщить", events=["created"], request={"url": receiver.url, "body": "{{Задача.Название}}"}
    )
    path = act.add_webhook("get", {"title": "name"}, operation="create_task")
    call(api, path, params={"title": "Заявка"})
    assert act.deliver()
    assert [one.body for one in receiver.got] == ["Заявка"]


def test_faults_strike_at_webhooks_too(bench):
    api = bench.api(strict_limits=True)
    path = api.box.act.add_webhook("get", {"title": "name"}, operation="create_task")
    for taken in (True, False):
        api.box.faults.add(Fault("error", "GET /webhook/", status=503, taken=taken))
    assert [call(api, path).status_code for _ in range(3)] == [503, 503, 200]
    assert len(api.box.account.tasks) == 2  # the first call was carried out all the same
    assert call(api, path).text == ""


def test_a_bad_counterparty_or_directory_entry_is_left_out(api):
    account = api.box.account
    account.fields.task[110] = FieldDef(110, "Товар", 9, directory=1)
    account.objects[1].fields.add(110)
    client = api.post("/contact/", {"name": "Анна"}).json()["id"]
    params = {"client": "counterparty", "goods": "field:110", "gone": "field:999"}
    path = api.box.act.add_webhook("get", params, operation="create_task", answers=True)
    good = call(api, path, params={"client": client, "goods": "5", "gone": "1"}).json()["task"]
    shown = api.task(good, "counterparty,110")
    assert shown["counterparty"]["id"] == f"contact:{client}"
    assert shown["customFieldData"][0]["stringValue"] == "Светильник складской"
    bad = call(api, path, params={"client": "0", "goods": "x"}).json()["task"]
    assert api.task(bad, "counterparty,110") == {"id": bad, "customFieldData": []}
