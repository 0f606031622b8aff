"""The control API does over HTTP what Python can do."""

import pytest
import requests


def test_about(api):
    about = api.control("GET", "/").json()
    assert about["url"] == api.box.url
    assert about["tokens"]["user:90"] == api.box.tokens["robot"]
    assert "POST /task/{id}" in about["operations"]
    assert about["users"]["user:15"] == "Егор Степанов (User, Inactive)"


def test_the_clock(api):
    now = {"now": "2025-03-03T06:00:00+00:00", "monotonic": 0.0, "frozen": True}
    assert api.control("GET", "/clock").json() == now
    moved = api.control("POST", "/clock", {"advance": {"days": 7, "seconds": 1.5}}).json()
    assert moved["now"] == "2025-03-10T06:00:01.500000+00:00"
    assert moved["monotonic"] == 604801.5
    api.control("POST", "/clock", {"set": "2025-03-11T09:00:00+03:00"})
    assert api.box.clock.now().isoformat() == "2025-03-11T06:00:00+00:00"


@pytest.mark.parametrize(
    "body",
    [
        {"advance": {"days": -1}},
        {"advance": {"parsecs": 1}},
        {"advance": 5},
        {"set": "2025-03-01T00:00:00+00:00"},
        {"set": "2025-03-11T09:00:00"},
        {"set": "soon"},
        {"set": 5},
        {},
        [],
    ],
)
def test_what_the_clock_refuses(api, body):
    answer = api.control("POST", "/clock", body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert api.box.clock.monotonic() == 0


def test_reset_starts_again_with_the_same_seed(api):
    number = api.create()
    api.box.clock.advance(days=3)
    api.control("POST", "/faults", {"kind": "error", "times": None})
    shown = api.control("POST", "/reset").json()
    assert shown["now"] == "2025-03-03T06:00:00+00:00"
    assert shown["monotonic"] == 3 * 86400  # never goes back
    assert api.get(f"/task/{number}").json()["code"] == 1000
    assert list(api.box.faults) == []
    assert len(api.box.requests) == 1
    assert api.create() == number


def test_another_seed(api):
    answer = api.control(
        "POST", "/seed", {"seed": "stale_deals", "deals": 30, "stalled": 10, "strict_limits": False}
    )
    assert answer.status_code == 200
    assert len(api.ids()) == 30
    assert api.control("POST", "/reset").status_code == 200
    assert len(api.ids()) == 30
    for wrong in (
        {"seed": "other"},
        {"seed": "empty", "colour": 1},
        {"seed": "stale_deals", "deals": 1, "stalled": 5},
    ):
        assert api.control("POST", "/seed", wrong).status_code == 400
        assert api.box.clock.now().isoformat() == "2025-03-03T06:00:00+00:00"
    assert len(api.ids()) == 30
    assert api.control("POST", "/reset").status_code == 200
    assert len(api.ids()) == 30
    assert api.control("POST", "/seed", {}).status_code == 404


def test_faults(api):
    made = api.control("POST", "/faults", {"kind": "error", "match": "GET /ping", "status": 503}).json()
    assert (made["kind"], made["times"], made["hits"]) == ("error", 1, 0)
    assert api.get("/ping").status_code == 503
    (listed,) = api.control("GET", "/faults").json()
    assert listed["hits"] == 1
    assert api.control("DELETE", "/faults").json() == []
    assert api.control("GET", "/faults").json() == []
    assert api.control("POST", "/faults", {"kind": "explode"}).status_code == 400
    assert api.control("POST", "/faults", {"colour": 1}).status_code == 400


@pytest.mark.wrong_requests
def test_the_log_of_requests(api):
    number = api.create()
    api.box.clock.advance(seconds=2)
    api.post(f"/task/{number}?silent=true", {"name": "Иначе"})
    api.session.post(f"{api.box.url}/task/{number}", data=b"{", timeout=10)
    log = api.control("GET", "/requests").json()
    assert [one["status"] for one in log] == [201, 200, 400]
    assert log[1] == {
        "at": "2025-03-03T06:00:02+00:00",
        "user": "user:90",
        "verb": "POST",
        "path": f"/task/{number}",
        "operation": "POST /task/{id}",
        "query": {"silent": "true"},
        "body": {"name": "Иначе"},
        "status": 200,
        "fault": "",
    }
    assert log[2]["body"] == "{"
    assert api.control("GET", "/requests", limit=1).json() == log[2:]
    assert api.control("GET", "/requests", limit="x").status_code == 400
    assert len(api.box.requests.of("POST /task/{id}")) == 2
    assert api.box.account.requests is api.box.requests
    api.control("DELETE", "/requests")
    assert len(api.box.requests) == 0


def test_state_and_notifications(api):
    number = api.create(
        assignees={"users": [{"id": "user:4"}]}, customFieldData=[{"field": {"id": 109}, "value": 5}]
    )
    task = api.control("GET", f"/state/tasks/{number}").json()
    assert (task["name"], task["assignees"], task["fields"]) == ("Сделка", ["user:4"], {"109": 5})
    assert [one["id"] for one in api.control("GET", "/state/tasks").json()] == [number]
    told = api.control("GET", "/notifications").json()
    assert told == [{"at": 1740981600.0, "user": "user:4", "task": number, "comment": 0, "text": "Сделка"}]
    assert api.control("GET", "/state/settings").json()["filter_51"] == "template_or_object"
    api.box.act.make_busy(number, 30)
    assert list(api.control("GET", "/state/busy").json()) == [str(number)]
    api.post(f"/task/{number}", {"name": "x"})
    assert api.control("GET", "/state/queue").json()[0]["what"] == f"task:{number}"
    for path in ("/state", "/state/tokens", "/state/tasks/5", "/state/tasks/x"):
        assert api.control("GET", path).status_code == 404


def test_acting(api):
    number = api.create()
    made = api.control(
        "POST", "/act", {"action": "comment", "user": "user:4", "task": number, "text": "Звонил"}
    )
    assert made.json() == {"result": api.comments(number)[0]["id"]}
    api.control(
        "POST", "/act", {"action": "set_fields", "user": "user:4", "task": number, "values": {"109": 7}}
    )
    api.control("POST", "/act", {"action": "assign", "user": "user:4", "task": number, "people": ["user:5"]})
    task = api.task(number, "assignees,109")
    assert task["assignees"]["users"][0]["id"] == "user:5"
    assert task["customFieldData"][0]["value"] == 7
    for body, status in (
        ({"action": "explode"}, 404),
        ({"action": "_change"}, 404),
        ({}, 404),
        ({"action": "comment", "user": "user:777", "task": number, "text": "x"}, 404),
        ({"action": "comment", "user": "user:4"}, 400),
        ({"action": "comment", "user": "user:4", "task": number, "text": "x", "colour": 1}, 400),
    ):
        assert api.control("POST", "/act", body).status_code == status, body


def test_an_unknown_path_lists_what_there_is(api):
    answer = api.control("PUT", "/clock", {})
    assert answer.status_code == 404
    assert "POST /__control/clock" in answer.json()["known"]
    refused = api.session.post(f"{api.box.control_url}/clock", data=b"{", timeout=10)
    assert (refused.status_code, refused.json()["error"]) == (400, "the body is no JSON")


def test_other_names_of_this_machine_are_not_served(api):
    answer = requests.get(f"{api.box.control_url}/", headers={"Host": "evil.example:80"}, timeout=10)
    assert answer.status_code == 403


def test_the_control_api_is_not_in_the_log_and_costs_nothing(bench):
    api = bench.api(strict_limits=True)
    assert {api.control("GET", "/clock").status_code for _ in range(3)} == {200}
    assert len(api.box.requests) == 0
