"""Employees are created and changed; positions, workspaces, bots."""

import pytest


def create(api, **body):
    answer = api.post("/user/", {"name": "Вера", "email": "v@example.ru", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def read(api, number, fields):
    return api.get(f"/user/{number}", fields=fields).json()["user"]


def test_an_employee_is_created_and_read(api):
    number = create(
        api,
        lastname="Белова",
        gender="Female",
        groups=[{"id": 2}],
        role="User",
        position={"name": "Менеджер по продажам"},
        workspace={"id": 1},
        timezone="Asia/Tokyo",
        birthDate={"date": "01-12-2000"},
        phones=[{"number": "+7900", "type": 1}],
        personalManagers=[{"id": "user:2"}],
        secondaryEmails=["w@example.ru"],
    )
    shown = read(
        api,
        number,
        "groups,position,workspace,timezone,birthDate,phones,personalManagers,secondaryEmails,status",
    )
    assert shown["groups"] == [{"id": 2, "name": "Отдел продаж 2"}]
    assert shown["position"]["name"] == "Менеджер по продажам"
    assert shown["workspace"] == {"id": 1, "name": "Основное пространство"}
    assert (shown["timezone"], shown["birthDate"]["date"], shown["status"]) == (
        "Asia/Tokyo",
        "01-12-2000",
        "Active",
    )
    assert shown["phones"][0]["number"] == "+7900"
    assert shown["personalManagers"] == [{"id": "user:2", "name": "Марина Петрова"}]
    assert shown["secondaryEmails"] == ["w@example.ru"]


def test_the_zone_of_an_employee_decides_about_his_dates(bench, api):
    task = api.create(assignees={"users": [{"id": "user:4"}]})
    api.box.clock.advance(hours=10)  # 19:00 in Moscow, tomorrow in Tokyo
    mine = {"type": 12, "operator": "equal", "value": {"dateType": "yesterday"}}
    manager = bench.api(api.box, "user:4")
    assert manager.ids(mine) == []
    api.post("/user/4", {"timezone": "Asia/Tokyo"})
    assert manager.ids(mine) == [task]


def test_an_update_tells_what_failed(api):
    answer = api.post("/user/4", {"name": "Оля", "position": {"name": "manager"}, "workspace": {"id": 77}})
    assert answer.status_code == 200
    assert answer.json()["failures"] == [
        {"field": "position", "error": "Position not found by name - manager"},
        {"field": "workspace", "error": "Workspace not found by id - 77"},
    ]
    assert read(api, 4, "name")["name"] == "Оля"
    api.post("/user/4", {"position": {"id": 0}})
    assert "position" not in read(api, 4, "position")


def test_a_stand_in_for_some_days_or_for_good(api):
    days = {"employee": {"id": "user:2"}, "from": "2025-03-10", "to": "2025-03-20"}
    api.post("/user/4", {"temporaryReplacement": days})
    shown = read(api, 4, "temporaryReplacement")["temporaryReplacement"]
    assert (shown["isEnabled"], shown["isIndefinite"], shown["employee"]["id"]) == (True, False, "user:2")
    assert (shown["from"]["date"], shown["to"]["date"]) == ("10-03-2025", "20-03-2025")
    api.post("/user/4", {"temporaryReplacement": {"isIndefinite": True, "employee": {"id": "user:3"}}})
    assert read(api, 4, "temporaryReplacement")["temporaryReplacement"]["isIndefinite"] is True
    unknown = api.post("/user/4", {"temporaryReplacement": {"employee": {"id": "user:777"}}}).json()
    assert unknown["failures"] == [
        {"field": "temporaryReplacement.employee.id", "error": "Employee not found"}
    ]
    api.post("/user/4", {"temporaryReplacement": {"isEnabled": False}})
    assert read(api, 4, "temporaryReplacement") == {"id": 4}


def test_who_is_made_inactive_is_not_let_in(bench, api):
    manager = bench.api(api.box, "user:4")
    assert manager.get("/ping").status_code == 200
    api.post("/user/4", {"status": "Inactive"})
    assert manager.get("/ping").json()["code"] == 16


def test_the_licence_ends(bench):
    api = bench.api(user_limit=16)
    create(api)
    refused = api.post("/user/", {"name": "x", "email": "x@example.ru"})
    assert (refused.status_code, refused.json()["code"]) == (400, 24)


@pytest.mark.wrong_requests
@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/user/", {}, 400, 4001),
        ("/user/", {"name": "x", "email": "x", "groups": [{"id": 77}]}, 400, 4001),
        ("/user/777", {"name": "x"}, 404, 4000),
        ("/user/positions/", {}, 400, 30),
        ("/user/positions/77", {"name": "x"}, 400, 41),
    ],
)
def test_what_is_refused(api, path, body, status, code):
    answer = api.post(path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_positions_answer_without_a_result(api):
    listed = api.get("/user/positions/").json()["positions"]
    assert [one["name"] for one in listed] == [
        "Директор",
        "Руководитель отдела продаж",
        "Менеджер по продажам",
    ]
    made = api.post("/user/positions/", {"name": "Юрист"})
    assert (made.status_code, made.json()) == (201, {"id": 4})
    renamed = api.post("/user/positions/3", {"name": "Продавец"})
    assert (renamed.status_code, renamed.json()) == (200, {})
    assert read(api, 4, "position")["position"] == {"id": 3, "name": "Продавец"}


def test_workspaces(api):
    assert api.get("/workspace/list").json()["workspaces"] == [{"id": 1, "name": "Основное пространство"}]


@pytest.mark.wrong_requests
def test_the_secret_of_a_bot_is_taken_and_never_shown(bench, api):
    path, secret = "/integration/telegram/bots/12345/webhook", "s" * 32
    taken = api.post(path, {"secretToken": secret, "webhookManagedExternally": True})
    assert taken.json() == {
        "result": "success",
        "botId": 12345,
        "webhookManagedExternally": True,
        "webhookSecretTokenConfigured": True,
    }
    for body, code in (({}, 40), ({"secretToken": "short"}, 41), ({"webhookManagedExternally": "yes"}, 41)):
        refused = api.post(path, body)
        assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert api.post("/integration/telegram/bots/5/webhook", {"secretToken": secret}).status_code == 404
    refused = bench.api(api.box, "user:4").post(path, {"secretToken": secret})
    assert (refused.status_code, refused.json()["code"]) == (403, 6)


@pytest.mark.wrong_requests
def test_values_that_make_no_sense_are_failures(api):
    wrong = {"position": {"id": 77}, "timezone": "Mars/Base", "role": "King", "phones": 5}
    failures = api.post("/user/4", wrong).json()["failures"]
    assert [one["field"] for one in failures] == ["position", "timezone", "phones"]
    assert read(api, 4, "role")["role"] == "User"  # an unknown word is swallowed
