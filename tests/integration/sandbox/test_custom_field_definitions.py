"""Custom fields are created, in sets, for tasks, contacts, employees, projects and the account itself."""

import pytest

from crmkit.sandbox.planfix.fields import TYPE_NAMES


def definitions(api, owner):
    return {one["id"]: one for one in api.get(f"/customfield/{owner}").json()["customfields"]}


@pytest.mark.parametrize("owner", ["task", "contact", "user", "project"])
def test_fields_of_every_type_are_created(api, owner):
    before = definitions(api, owner)
    for kind in TYPE_NAMES:
        body = {"name": f"Поле {kind}", "type": kind, "enumValues": ["а", "б"], "directoryId": 1}
        answer = api.post(f"/customfield/{owner}/", body)
        assert answer.status_code == 201, answer.text
        made = definitions(api, owner)[answer.json()["id"]]
        assert (made["name"], made["type"]) == (f"Поле {kind}", kind)
        assert made.get("enumValues") == (["а", "б"] if kind in (8, 20) else None)
        assert made.get("directoryId") == (1 if kind in (9, 15) else None)
    assert len(definitions(api, owner)) == len(before) + len(TYPE_NAMES)


def test_a_field_has_names_in_other_languages_and_a_set(api):
    number = api.post("/customfield/group/task/", {"name": "Логистика"}).json()["id"]
    sets = api.get("/customfield/group/task").json()["customFieldSets"]
    assert sets == [{"id": 1, "name": "Основные"}, {"id": number, "name": "Логистика"}]
    assert number not in [one["id"] for one in api.get("/customfield/group/user").json()["customFieldSets"]]
    body = {"name": "Вес", "names": {"en": "Weight"}, "type": 1, "groupId": number}
    field = api.post("/customfield/task/", body).json()["id"]
    made = definitions(api, "task")[field]
    assert (made["groupId"], made["names"]) == (number, {"ru": "Вес", "en": "Weight"})


@pytest.mark.wrong_requests
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"type": 0}, 40),
        ({"name": "x"}, 41),
        ({"name": "x", "type": 77}, 41),
        ({"name": "x", "type": True}, 41),
        ({"name": "x", "type": 9}, 41),
        ({"name": "x", "type": 15, "directoryId": 77}, 41),
        ({"name": "x", "type": 0, "groupId": 77}, 41),
        ({"name": "x", "type": 8, "enumValues": "а"}, 41),
    ],
)
def test_definitions_that_are_refused(api, body, code):
    assert api.post("/customfield/task/", body).json()["code"] == code
    assert len(definitions(api, "task")) == 9


def test_the_account_has_fields_with_a_value_of_their_own(api):
    body = {"name": "Директор", "type": 11, "mainValue": {"id": 1}}
    number = api.post("/customfield/main/", body).json()["id"]
    shown = definitions(api, "main")[number]
    assert (shown["objectType"], shown["mainValue"]) == (5, {"id": "user:1", "name": "Виктор Андреев"})
    change = {"name": "Главный", "names": {"en": "Head"}, "mainValue": {"id": "user:2"}}
    assert api.post(f"/customfield/main/{number}", change).json() == {"result": "success"}
    shown = definitions(api, "main")[number]
    assert (shown["name"], shown["names"]["en"], shown["mainValue"]["id"]) == ("Главный", "Head", "user:2")
    only = api.get("/customfield/main", fields="id,mainValue").json()["customfields"]
    assert [list(one) for one in only] == [["id", "mainValue"]]
    for path, wrong in ((f"/customfield/main/{number}", {"mainValue": 5.5}), ("/customfield/main/77", {})):
        assert api.post(path, wrong).json()["code"] == 41
    assert definitions(api, "main")[number]["mainValue"]["id"] == "user:2"
