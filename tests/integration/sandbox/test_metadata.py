"""Processes, statuses, objects."""


def test_processes_and_their_statuses(api):
    assert api.get("/process/task").json()["processes"] == [
        {"id": 1, "name": "Сделка"},
        {"id": 2, "name": "Согласование"},
    ]
    assert api.get("/process/contact").json()["processes"] == [{"id": 1, "name": "Контакт"}]
    statuses = api.get("/process/task/1/statuses").json()["statuses"]
    assert [(one["id"], one["name"], one["isActive"]) for one in statuses] == [
        (1, "Новая", True),
        (2, "В работе", True),
        (3, "Переговоры", True),
        (4, "Счёт выставлен", True),
        (5, "Выиграна", False),
        (6, "Отказ", False),
    ]
    assert statuses[0]["texts"] == [{"lang": "Ru", "name": "Новая"}]
    approval = api.get("/process/task/2/statuses").json()["statuses"]
    assert [(one["id"], one["isActive"]) for one in approval] == [
        (21, True),
        (22, False),
        (23, False),
        (24, False),
    ]
    assert api.get("/process/task/7/statuses").json()["code"] == 41


def test_objects_and_their_fields(api):
    listed = api.post("/object/list", {"offset": 0, "pageSize": 100}).json()["objects"]
    assert listed == [{"id": 1, "name": "Сделка"}, {"id": 2, "name": "Согласование"}]
    assert api.post("/object/list", {"offset": 1}).json()["objects"] == listed[1:]
    deal = api.get("/object/1").json()["object"]
    assert deal["name"] == "Сделка"
    assert deal["status"]["id"] == 1
    assert [one["field"]["id"] for one in deal["customFieldData"]] == list(range(101, 110))
    assert api.get("/object/2").json()["object"]["customFieldData"] == []
    assert api.get("/object/1/statuses").json() == api.get("/process/task/1/statuses").json()
    missing = api.get("/object/7")
    assert (missing.status_code, missing.json()["code"]) == (400, 0)
