"""Custom field values by type: what is written, what comes back."""

import pytest

from crmkit.sandbox.planfix.models import FieldDef, Project
from crmkit.sandbox.planfix.records import Directory, DirectoryEntry

POINT = {"dateTimeUtcSeconds": "2021-12-21T12:15:00+0000", "datetime": "2021-12-21T12:15Z"}
TIMES = {"date": "21-12-2021", "time": "12:15", **POINT}

CASES = [
    (0, "Текст", "Текст", "Текст"),
    (1, 99, 99, "99"),
    (1, 0, 0, "0"),
    (1, "12.5", 12.5, "12.5"),
    (2, "Много\nстрок", "Много\nстрок", "Много\nстрок"),
    (
        3,
        {"date": "11-11-2021"},
        {"date": "11-11-2021", "time": "00:00", "datetime": "2021-11-11T00:00Z"},
        "11-11-2021 00:00",
    ),
    (4, {"time": "17:55"}, {"time": "17:55"}, None),
    (5, {"date": "21-12-2021", "time": "12:15"}, TIMES, None),
    (5, "21-12-2021 12:15:00", TIMES, "21-12-2021 12:15"),
    (
        6,
        {"from": {"time": "01:15"}, "to": {"time": "04:40"}},
        {"from": {"time": "01:15"}, "to": {"time": "04:40"}, "durationSec": 12300},
        None,
    ),
    (7, True, True, "Да"),
    (7, False, False, "Нет"),
    (8, "Вариант", "Вариант", "Вариант"),
    (9, {"id": "2"}, {"id": 2, "value": "Базовый"}, "Базовый"),
    (10, {"id": 1001}, {"id": "contact:1001", "name": "ООО «Ромашка»"}, "ООО «Ромашка»"),
    (11, {"id": 4}, {"id": "user:4", "name": "Ольга Иванова"}, "Ольга Иванова"),
    (11, {"id": "user:4"}, {"id": "user:4", "name": "Ольга Иванова"}, None),
    (12, {"id": "contact:1001"}, {"id": "contact:1001", "name": "ООО «Ромашка»"}, None),
    (13, {"id": "group:1"}, {"id": "group:1", "name": "Отдел продаж 1"}, None),
    (14, [{"id": "user:4"}], [{"id": "user:4", "name": "Ольга Иванова"}], "Ольга Иванова"),
    (
        15,
        [{"id": 1}, {"id": 2}],
        [{"id": 1, "value": "Старт"}, {"id": 2, "value": "Базовый"}],
        "Старт, Базовый",
    ),
    (16, {"id": 70001}, {"id": 70001, "name": "Первая"}, "Первая"),
    (17, [{"id": 70001}], [{"id": 70001, "name": "Первая"}], "Первая"),
    (20, ["a", "b"], ["a", "b"], "a, b"),
    (21, [204308], [204308], "204308"),
    (22, {"id": 5}, {"id": 5, "name": "Проект"}, "Проект"),
    (
        25,
        {"address": "Тверь", "longitude": 1.5, "latitude": 2.5},
        {"address": "Тверь", "longitude": 1.5, "latitude": 2.5},
        "Тверь",
    ),
    (28, {"from": TIMES, "to": TIMES}, {"from": TIMES, "to": TIMES}, "21-12-2021 12:15 - 21-12-2021 12:15"),
]


@pytest.fixture
def number(api):
    """A task; its object has a field 201 of a type that the test sets."""
    account = api.box.account
    account.directories[3] = Directory(
        3,
        "Тарифы",
        fields={1: FieldDef(1, "Название", 0)},
        entries={key: DirectoryEntry(key, fields={1: name}) for key, name in ((1, "Старт"), (2, "Базовый"))},
    )
    account.projects[5] = Project(5, "Проект")
    api.post("/contact/", {"name": "ООО «Ромашка»", "isCompany": True})
    account.fields.task[201] = FieldDef(201, "Поле", 0, directory=3)
    account.objects[1].fields.add(201)
    return api.create(name="Первая")


def write(api, number, kind, value):
    api.box.account.fields.task[201].type = kind
    return api.post(f"/task/{number}", {"customFieldData": [{"field": {"id": 201}, "value": value}]})


@pytest.mark.parametrize(("kind", "written", "shown", "text"), CASES)
def test_round_trip(api, number, kind, written, shown, text):
    assert write(api, number, kind, written).json() == {"result": "success"}
    (value,) = api.task(number, "201")["customFieldData"]
    assert value["value"] == shown
    assert value["field"]["type"] == kind
    if text is not None:
        assert value["stringValue"] == text


CLEARS = [
    (9, {"id": 0}),
    (9, {"id": ""}),
    (11, {"id": ""}),
    (14, []),
    (20, []),
    (0, ""),
    (1, None),
    (16, {"id": 0}),
]


@pytest.mark.parametrize(("kind", "nothing"), CLEARS)
def test_clearing(api, number, kind, nothing):
    written = next(case[1] for case in CASES if case[0] == kind)
    write(api, number, kind, written)
    assert api.task(number, "201")["customFieldData"]
    write(api, number, kind, nothing)
    assert api.task(number, "201")["customFieldData"] == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (0, 5),
        (1, "много"),
        (1, True),
        (3, "завтра"),
        (4, "25:99"),
        (5, {"date": "99-99-2021"}),
        (7, "да"),
        (11, 5),
        (11, {"id": "кто-то"}),
        (13, {"id": 5}),
        (14, {"id": "user:4"}),
        (20, "a"),
        (28, {"from": "x"}),
    ],
)
def test_what_cannot_be_read_fails_alone(api, number, kind, value):
    failed = write(api, number, kind, value).json()["failures"]
    assert failed == [{"field": "customFieldData", "error": "Field change failed"}]
    assert api.task(number, "201")["customFieldData"] == []


@pytest.mark.parametrize("kind", [23, 24, 26, 27, 29])
def test_read_only_types_swallow(api, number, kind):
    assert write(api, number, kind, 5).json() == {"result": "success"}
    assert api.task(number, "201")["customFieldData"] == []


def test_a_period_given_by_its_length_is_stored_as_nothing(api, number):
    assert write(api, number, 6, {"durationSec": 3600}).json() == {"result": "success"}
    assert api.task(number, "201")["customFieldData"] == []


def test_definitions(api):
    listed = api.get("/customfield/task").json()["customfields"]
    assert [one["id"] for one in listed] == list(range(101, 110))
    state = listed[0]
    assert (state["name"], state["type"], state["objectType"]) == ("Состояние возврата", 8, 0)
    assert state["enumValues"] == ["свободная сделка", "проверка контрагента", "подтверждено"]
    assert api.get("/customfield/task/5").json()["customfields"] == listed
    assert api.get("/customfield/task", fields="id,type").json()["customfields"][0] == {"id": 101, "type": 8}
    for owner in ("contact", "user", "project"):
        assert api.get(f"/customfield/{owner}").json() == {"result": "success", "customfields": []}
    types = {one["id"]: one["name"] for one in api.get("/customfield/type").json()["customFieldTypes"]}
    assert (types[8], types[20]) == ("List", "Set of values")


def test_a_field_made_by_rest_is_attached_to_nothing(bench):
    for attached in (False, True):
        api = bench.api(new_fields_attached=attached)
        answer = api.post("/customfield/task/", {"name": "Тариф", "type": 8, "enumValues": ["А", "Б"]})
        assert (answer.status_code, answer.json()) == (201, {"result": "success", "id": 110})
        assert api.get("/customfield/task").json()["customfields"][-1]["enumValues"] == ["А", "Б"]
        number = api.create(customFieldData=[{"field": {"id": 110}, "value": "А"}])
        assert bool(api.task(number, "110")["customFieldData"]) is attached


def test_fields_of_contacts_and_users(api):
    for owner in ("contact", "user", "project"):
        made = api.post(f"/customfield/{owner}/", {"name": "Поле", "type": 0}).json()["id"]
        (field,) = api.get(f"/customfield/{owner}").json()["customfields"]
        assert field["id"] == made
    assert api.post("/customfield/task/", {"type": 0}).json()["code"] == 40
    assert api.post("/customfield/task/", {"name": "x", "type": 77}).json()["code"] == 41
    api.box.account.users[4].fields[111] = "Секрет"
    assert api.get("/user/4", fields="111").json()["user"]["customFieldData"][0]["value"] == "Секрет"
