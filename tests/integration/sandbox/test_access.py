"""Who is let in, and how far."""

import pytest
import requests


def error(answer):
    return answer.status_code, answer.json().get("code"), answer.json().get("error")


def test_ping_with_a_bearer_token(api):
    answer = api.get("/ping")
    assert (answer.status_code, answer.json()) == (200, {"result": "success"})


@pytest.mark.wrong_requests
def test_a_get_may_carry_the_token_in_the_query_a_post_may_not(box):
    token = box.tokens["robot"]
    with requests.Session() as session:
        assert session.get(f"{box.url}/ping", params={"access_token": token}, timeout=10).status_code == 200
        refused = session.post(f"{box.url}/task/list", params={"access_token": token}, json={}, timeout=10)
    assert error(refused) == (401, 1, "Access denied, unknown token")


@pytest.mark.wrong_requests
def test_the_log_keeps_no_token(box):
    with requests.Session() as session:
        session.get(f"{box.url}/ping", params={"access_token": box.tokens["robot"], "a": "b"}, timeout=10)
    entry = box.requests[-1]
    assert entry.query == {"a": "b"}
    assert box.tokens["robot"] not in str(entry.plain())


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic abc", "", "Bearer "])
def test_an_unknown_token_gets_code_1(box, header):
    with requests.Session() as session:
        answer = session.get(f"{box.url}/ping", headers={"Authorization": header}, timeout=10)
    assert error(answer) == (401, 1, "Access denied, unknown token")
    assert "X-RateLimit-Remaining" not in answer.headers
    assert box.requests[-1].user == ""


def test_a_revoked_token_gets_code_2(box, api):
    box.act.revoke_token("user:90")
    assert error(api.get("/ping"))[:2] == (401, 2)


def test_an_inactive_user_gets_code_16(bench, box):
    assert error(bench.api(box, "user:15").get("/ping"))[:2] == (403, 16)


def test_a_missing_scope_gets_405_code_5(box, api):
    box.act.narrow_token("user:90", ["task_readonly"])
    number = box.act.create_task("user:4", "Сделка")
    assert api.get(f"/task/{number}").status_code == 200
    answer = api.post(f"/task/{number}", {"name": "x"})
    assert error(answer) == (405, 5, "Scope denied, method not allowed")
    assert api.get("/ping").status_code == 200


def test_a_manager_sees_only_tasks_where_he_takes_part(bench, box):
    mine = box.act.create_task("user:4", "Моя")
    other = box.act.create_task("user:5", "Чужая", assignees=["user:5"])
    group = box.act.create_task("user:5", "Отдела", assignees=["group:1"])
    manager, robot = bench.api(box, "user:4"), bench.api(box)
    assert box.account.users[4].groups == [1]
    assert manager.ids() == [mine, group]
    assert robot.ids() == [mine, other, group]
    assert error(manager.get(f"/task/{other}")) == (400, 1000, f"Task not found by id {other}")
    assert error(manager.post(f"/task/{other}", {"name": "x"}))[:2] == (404, 1000)
    assert manager.post(
        "/comment/list", {"filters": [{"type": 3001, "operator": "equal", "value": "user:5"}]}
    ).ok


def test_an_administrator_may_look_with_other_eyes_others_may_not(bench, box):
    mine = box.act.create_task("user:4", "Моя")
    box.act.create_task("user:5", "Чужая")
    assert bench.api(box, "admin").ids(runAsUserId="user:4") == [mine]
    refused = bench.api(box, "user:5").post("/task/list", {"runAsUserId": "user:4"})
    assert error(refused)[1] == 6
    assert bench.api(box, "admin").post("/task/list", {"runAsUserId": "user:999"}).json()["code"] == 41
    assert bench.api(box, "admin").post("/task/list", {"runAsUserId": "contact:5"}).json()["code"] == 41


def test_an_administrator_may_look_with_the_eyes_of_a_client(bench, api):
    client = api.post("/contact/", {"name": "Анна"}).json()["id"]
    ordered = api.create(counterparty={"id": client})
    invited = api.create(participants={"users": [{"id": f"contact:{client}"}]})
    api.create()
    assert bench.api(api.box, "admin").ids(runAsUserId=f"contact:{client}") == [ordered, invited]


@pytest.mark.wrong_requests
def test_what_is_not_emulated_is_said_loudly(api):
    for answer, what in (
        (api.get("/invoice/7"), "GET /invoice/7"),
        (api.delete("/task/5"), "DELETE /task/5"),
        (api.session.put(f"{api.box.url}/task/5", json={}, timeout=10), "PUT /task/5"),
        (api.post("/task", {"name": "x"}), "POST /task"),
    ):
        assert answer.status_code == 501
        assert answer.json()["what"] == what
        assert "not emulated" in answer.json()["error"]
    assert [entry.operation for entry in api.box.requests] == ["", "", "", ""]


@pytest.mark.wrong_requests
def test_the_slashless_form_can_be_switched_on(bench):
    api = bench.api(slashless="accept")
    assert api.post("/task", {"name": "x"}).status_code == 201
    assert api.box.requests[-1].operation == "POST /task/"


def test_nothing_is_served_beside_the_two_apis(api):
    answer = api.session.get(api.box.url.replace("/rest", "/ping"), timeout=10)
    assert answer.status_code == 404
    assert "/rest/" in answer.json()["error"]
