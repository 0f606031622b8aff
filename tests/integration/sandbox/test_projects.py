"""Projects: what is written, what comes back, how they are found."""

import pytest

from crmkit.sandbox.planfix.models import FieldDef, ObjectKind


def create(api, **body):
    answer = api.post("/project/", {"name": "Запуск", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def read(api, number, fields):
    return api.get(f"/project/{number}", fields=fields).json()["project"]


def found(api, *filters, **body):
    answer = api.post("/project/list", {"filters": list(filters), **body})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["projects"]]


def test_a_project_is_written_and_read(api):
    client = api.post("/contact/", {"name": "Анна"}).json()["id"]
    parent = create(api)
    number = create(
        api,
        description="Строка\nвторая",
        status={"id": 0},
        owner={"id": "user:2"},
        parent={"id": parent},
        group={"id": 1},
        counterparty={"id": f"contact:{client}"},
        endDate={"date": "10-03-2025"},
        assignees={"users": [{"id": "user:4"}], "groups": [{"id": 1}]},
        clientManagers={"users": [{"id": "user:5"}]},
        hiddenForClients=True,
    )
    shown = read(
        api,
        number,
        "name,description,status,owner,parent,group,counterparty,endDate,hasEndDate,assignees,clientManagers,"
        "hiddenForClients,overdue",
    )
    assert shown["owner"] == {"id": "user:2", "name": "Марина Петрова"}
    assert shown["description"] == "Строкавторая"
    assert (shown["status"], shown["parent"], shown["overdue"]) == ({"id": 0}, {"id": parent}, False)
    assert shown["group"] == {"id": 1, "name": "Проекты продаж"}
    assert shown["counterparty"]["id"] == f"contact:{client}"
    assert (shown["endDate"]["date"], shown["hasEndDate"]) == ("10-03-2025", True)
    assert [one["id"] for one in shown["assignees"]["groups"]] == [1]
    assert shown["clientManagers"]["users"][0]["id"] == "user:5"
    assert shown["hiddenForClients"] is True
    assert read(api, number, "id") == {"id": number}


def test_a_new_project_belongs_to_who_made_it_and_is_active(api):
    shown = read(api, create(api), "owner,status,startDate")
    assert (shown["owner"]["id"], shown["status"]["id"]) == ("user:90", 2)
    assert shown["startDate"]["date"] == "03-03-2025"


@pytest.mark.wrong_requests
def test_an_update_changes_what_it_names_and_tells_what_failed(api):
    number = create(api, endDate="10-03-2025")
    answer = api.post(
        f"/project/{number}", {"name": "Иначе", "owner": {"id": "user:777"}, "startDate": "01-01-2020"}
    )
    assert answer.status_code == 200
    assert answer.json()["failures"] == [{"field": "owner", "error": "Field change failed"}]
    shown = read(api, number, "name,owner,startDate,hasEndDate")
    assert (shown["name"], shown["owner"]["id"]) == ("Иначе", "user:90")
    assert shown["startDate"]["date"] == "03-03-2025"  # an update knows no start
    api.post(f"/project/{number}", {"hasEndDate": False})
    assert read(api, number, "hasEndDate")["hasEndDate"] is False


def test_a_project_can_be_overdue_while_it_is_active(api):
    number = create(api, endDate="04-03-2025")
    assert read(api, number, "isCloseToDeadline")["isCloseToDeadline"] is True
    api.box.clock.advance(days=3)
    assert read(api, number, "overdue")["overdue"] is True
    api.post(f"/project/{number}", {"status": {"id": 1}})
    assert read(api, number, "overdue")["overdue"] is False


def test_custom_fields(api):
    api.box.account.fields.project[301] = FieldDef(301, "Бюджет", 1)
    number = create(api, customFieldData=[{"field": {"id": 301}, "value": 5}])
    assert read(api, number, "301")["customFieldData"][0]["value"] == 5
    assert found(api, {"type": 5102, "operator": "gt", "value": 4, "field": 301}) == [number]
    api.post(f"/project/{number}", {"customFieldData": [{"field": {"id": 301}, "value": None}]})
    assert read(api, number, "301")["customFieldData"] == []


def test_projects_are_found(api):
    client = api.post("/contact/", {"name": "Анна"}).json()["id"]
    api.box.account.project_templates[9] = ObjectKind(9, "Шаблон", 1)
    first = create(api, group={"id": 1}, counterparty={"id": client}, auditors={"users": [{"id": "user:3"}]})
    second = create(
        api,
        name="Склад",
        status={"id": 1},
        parent={"id": first},
        template={"id": 9},
        endDate="05-03-2025",
        assignees={"groups": [{"id": 1}]},
        clientManagers={"users": [{"id": "user:5"}]},
    )
    for number, operator, value, expected in (
        (5001, "equal", "скл", [second]),
        (5002, "equal", 1, [first]),
        (5003, "equal", f"contact:{client}", [first]),
        (5004, "notequal", "user:90", []),
        (5005, "equal", {"dateType": "otherDate", "dateValue": "05-03-2025"}, [second]),
        (5006, "equal", [1, 0], [second]),
        (5007, "equal", [first, second], [first, second]),
        (5008, "equal", "user:5", [second]),
        (5010, "equal", 9, [second]),
        (5011, "equal", "user:2", [second]),
        (5012, "equal", "user:3", [first]),
        (5013, "equal", {"dateType": "today"}, [first, second]),
        (5014, "equal", first, [second]),
    ):
        assert found(api, {"type": number, "operator": operator, "value": value}) == expected, number
    assert found(api, offset=1) == [second]
    assert (
        api.post("/project/list", {"filters": [{"type": 1, "operator": "equal", "value": 1}]}).json()["code"]
        == 41
    )
    unknown = api.post("/project/list", {"filters": [{"type": 5009, "operator": "equal", "value": 1}]})
    assert unknown.status_code == 501


@pytest.mark.parametrize(
    ("verb", "path", "status", "code"),
    [("get", "/project/5", 400, 3000), ("post", "/project/5", 404, 3000), ("post", "/project/", 400, 40)],
)
def test_what_is_refused(api, verb, path, status, code):
    answer = getattr(api, verb)(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_bad_value_spoils_the_creation(api):
    assert api.post("/project/", {"name": "x", "owner": {"id": "user:777"}}).json()["code"] == 3001
    assert found(api) == []


def test_groups_and_templates(api):
    api.box.account.project_templates[9] = ObjectKind(9, "Шаблон", 1)
    assert api.get("/project/groups").json()["groups"] == [{"id": 1, "name": "Проекты продаж"}]
    assert api.get("/project/templates").json()["templates"] == [{"id": 9, "name": "Шаблон"}]
    assert api.get("/project/templates", offset=1).json()["templates"] == []
    assert api.get("/project/templates", offset="x").json()["code"] == 41


@pytest.mark.wrong_requests
def test_values_that_make_no_sense_are_failures(api):
    number = create(api)
    wrong = {"status": {"id": -1}, "group": {"id": 77}, "files": [{"id": 5}], "hiddenForClients": "да"}
    failures = api.post(f"/project/{number}", wrong).json()["failures"]
    assert [one["field"] for one in failures] == ["status", "group", "hiddenForClients"]
