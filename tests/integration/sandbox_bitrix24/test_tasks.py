"""Tasks by both versions of the API."""

from __future__ import annotations

import pytest


@pytest.fixture
def task(api):
    fields = {"TITLE": "Согласовать", "RESPONSIBLE_ID": 4, "TASK_CONTROL": "Y", "UF_CRM_TASK": ["D_10"]}
    return api.call("tasks.task.add", fields=fields)["task"]["id"]


def test_shapes(api, task):
    assert isinstance(task, str)
    found = api.call("tasks.task.get", taskId=task)["task"]
    assert (found["status"], found["responsibleId"], found["group"], found["auditorsData"]) == (
        "2",
        "4",
        [],
        [],
    )
    assert "ufCrmTask" not in found
    assert found["responsible"]["name"] == "Ольга Иванова"
    group = api.call("sonet_group.create", NAME="Проект")
    changed = api.call("tasks.task.update", taskId=task, fields={"GROUP_ID": group, "AUDITORS": [2]})["task"]
    assert (changed["group"]["name"], list(changed["auditorsData"])) == ("Проект", ["2"])


def test_control(bench, box, api, task):
    worker = bench.api(box, "user:4")
    assert api.refused("tasks.task.approve", taskId=task)[1] == "1048582"
    assert worker.call("tasks.task.complete", taskId=task)["task"]["status"] == "4"
    assert worker.refused("tasks.task.approve", taskId=task)[1] == "1048582"
    assert api.call("tasks.task.disapprove", taskId=task)["task"]["status"] == "2"
    worker.call("tasks.task.complete", taskId=task)
    done = api.call("tasks.task.approve", taskId=task)["task"]
    assert (done["status"], done["closedBy"]) == ("5", "1")
    assert api.refused("tasks.task.start", taskId=task)[1] == "1048582"
    assert api.call("tasks.task.renew", taskId=task)["task"]["status"] == "2"
    for method, status in (("start", "3"), ("pause", "2"), ("defer", "6")):
        assert api.call(f"tasks.task.{method}", taskId=task)["task"]["status"] == status
    assert api.call("tasks.task.delete", taskId=task) == {"task": True}


def test_people_judge_tasks_too(box, api, task):
    number = int(task)
    box.act.complete_task("user:4", number)
    box.act.disapprove_task("user:1", number)
    with pytest.raises(ValueError, match="does not wait"):
        box.act.approve_task("user:1", number)
    box.act.complete_task("user:4", number)
    box.act.approve_task("user:1", number)
    assert api.call("tasks.task.get", taskId=task)["task"]["status"] == "5"
    with pytest.raises(LookupError, match="no task"):
        box.act.complete_task("user:4", 99)


def test_lists_and_refusals(api, task):
    other = api.call("tasks.task.add", fields={"TITLE": "Другая", "RESPONSIBLE_ID": 5})["task"]["id"]
    found = api.answer("tasks.task.list", filter={"UF_CRM_TASK": "D_10"}, select=["ID", "UF_CRM_TASK"])
    assert [(one["id"], one["ufCrmTask"]) for one in found["result"]["tasks"]] == [(task, ["D_10"])]
    assert found["total"] == 1
    order = api.call("tasks.task.list", order={"ID": "desc"}, filter={"REAL_STATUS": 2})["tasks"]
    assert [one["id"] for one in order] == [other, task]
    assert api.answer("tasks.task.list", filter={"!RESPONSIBLE_ID": 4})["total"] == 1
    assert api.refused("tasks.task.list", order={"NO_SUCH": "asc"})[1] == "0"
    assert api.refused("tasks.task.get", taskId=999)[1] == "0"
    assert api.refused("tasks.task.get")[1] == "100"
    assert api.refused("tasks.task.get", taskId=task, select={})[1] == "100"
    assert api.refused("tasks.task.add")[1] == "100"
    code, text = api.refused("tasks.task.add", fields={"RESPONSIBLE_ID": 4})[1:]
    assert (code, text.endswith("<br>")) == ("ERROR_CORE", True)
    assert api.refused("tasks.task.update", taskId=task, fields={"RESPONSIBLE_ID": 999})[1] == "ERROR_CORE"
    assert api.refused("tasks.task.update", taskId=task, fields={"STATUS": 77})[1] == "ERROR_CORE"
    assert "TITLE" in api.call("tasks.task.getFields")["fields"]


def test_checklists_and_time_take_parameters_by_place_and_by_name(api, task):
    line = api.call("task.checklistitem.add", TASKID=task, FIELDS={"TITLE": "Проверить"})
    inner = api.batch({"a": f"task.checklistitem.add?0={task}&1[TITLE]=Второе"})
    assert inner["result"]["a"] == line + 1
    assert api.call("task.checklistitem.complete", TASKID=task, ITEMID=line) is True
    found = api.call("task.checklistitem.getlist", TASKID=task, ORDER={"ID": "desc"})
    assert [(one["TITLE"], one["IS_COMPLETE"]) for one in found] == [("Второе", "N"), ("Проверить", "Y")]
    api.call("task.checklistitem.renew", TASKID=task, ITEMID=line)
    api.call("task.checklistitem.update", TASKID=task, ITEMID=line, FIELDS={"TITLE": "Иное"})
    api.call("task.checklistitem.delete", TASKID=task, ITEMID=line + 1)
    found = api.call("task.checklistitem.getlist", TASKID=task)
    assert [(one["TITLE"], one["IS_COMPLETE"]) for one in found] == [("Иное", "N")]
    assert api.refused("task.checklistitem.getlist", TASKID=99)[1] == "ERROR_CORE"
    assert api.refused("task.checklistitem.add", FIELDS={})[1] == "ERROR_CORE"
    number = api.call(
        "task.elapseditem.add", TASKID=task, ARFIELDS={"SECONDS": 600, "COMMENT_TEXT": "звонок"}
    )
    assert api.call("task.elapseditem.getlist", TASKID=task)[0]["MINUTES"] == "10"
    positional = api.post("task.elapseditem.getlist", [{"ID": "desc"}, {">SECONDS": 500}]).json()
    assert [one["ID"] for one in positional["result"]] == [str(number)]
    assert api.call("task.elapseditem.delete", TASKID=task, ITEMID=number) is None
    assert api.call("task.elapseditem.getlist", TASKID=task) == []


def test_version_three(bench, box, api, task):
    v3 = bench.v3(box)
    made = v3.call(
        "tasks.task.add",
        fields={"title": "Третья", "responsibleId": 5, "deadline": "2025-04-01T10:00:00+03:00"},
    )["item"]
    assert (made["status"], made["responsibleId"], made["needsControl"]) == ("pending", 5, False)
    assert v3.call("tasks.task.update", id=made["id"], fields={"status": "in_progress"}) == {"result": True}
    found = v3.call(
        "tasks.task.list",
        filter=[
            ["status", "in", ["in_progress"]],
            {"logic": "or", "conditions": [["id", ">", 1], ["title", "нет"]]},
        ],
        select=["title", "responsible.name"],
        order={"id": "DESC"},
        pagination={"page": 1, "limit": 10},
    )
    assert found == {
        "items": [{"id": made["id"], "title": "Третья", "responsible": {"name": "Павел Кузнецов"}}]
    }
    assert len(v3.call("tasks.task.list", pagination={"limit": 1, "offset": 1})["items"]) == 1
    assert v3.call("tasks.task.list", filter=[["id", "between", [1, 1]]], select=["id"]) == {
        "items": [{"id": int(task)}]
    }
    assert v3.call("tasks.task.get", id=int(task), select=["crmItemIds"])["item"]["crmItemIds"] == ["D_10"]
    assert v3.call("tasks.task.delete", id=made["id"]) == {"result": True}


@pytest.mark.parametrize(
    ("method", "body", "code"),
    [
        ("tasks.task.get", {"id": 99}, "ENTITYNOTFOUNDEXCEPTION"),
        ("tasks.task.get", {"id": "1"}, "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
        ("tasks.task.add", {"fields": {"title": "x"}}, "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
        ("tasks.task.add", {"fields": {"noSuch": "x"}}, "UNKNOWNDTOPROPERTYEXCEPTION"),
        ("tasks.task.list", {"select": ["noSuch"]}, "UNKNOWNDTOPROPERTYEXCEPTION"),
        ("tasks.task.list", {"pagination": {"limit": "abc"}}, "INVALIDPAGINATIONEXCEPTION"),
        ("tasks.task.list", {"order": {"id": "up"}}, "INVALIDORDEREXCEPTION"),
        ("tasks.task.list", {"filter": [["id", "~", 1]]}, "INVALIDFILTEREXCEPTION"),
        ("tasks.task.update", {"id": 1, "fields": {"creatorId": 5}}, "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
        ("crm.item.list", {}, "ERROR_METHOD_NOT_FOUND"),
    ],
)
def test_version_three_refuses_with_an_object(bench, box, task, method, body, code):
    answer = bench.v3(box).post(method, body)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["code"].endswith(code)


def test_a_key_makes_a_repeated_write_harmless(bench, box, task):
    v3 = bench.v3(box)
    body = {"fields": {"title": "Один раз", "responsibleId": 5}}

    def add(body, key="k1"):
        return v3.session.post(
            f"{v3.base}tasks.task.add", json=body, headers={"Idempotency-Key": key}, timeout=10
        )

    first, second = add(body), add(body)
    assert first.json() == second.json()
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(box.portal.tasks) == 2
    assert add({"fields": {"title": "Другое", "responsibleId": 5}}).status_code == 422
    assert add({"fields": {}}, "k2").status_code == 400
    assert add(body, "k2").json()["result"]["item"]["id"] == 3  # what failed is not remembered
    box.clock.advance(hours=25)
    assert add(body).json()["result"]["item"]["id"] == 4
    assert add(body, "x" * 256).status_code == 400


def test_a_batch_of_version_three_is_a_list(bench, box, task):
    v3 = bench.v3(box)
    commands = [{"method": "tasks.task.get", "query": {"id": int(task), "select": ["title"]}}]
    assert v3.post("batch", commands).json()["result"] == [
        {"item": {"id": int(task), "title": "Согласовать"}}
    ]
    assert v3.post("batch", {"no": "list"}).status_code == 400


def test_tasks_are_found_by_what_they_hang_on(api):
    def add(**fields):
        task = api.call("tasks.task.add", fields={"TITLE": "x", "RESPONSIBLE_ID": 4, **fields})["task"]
        return int(task["id"])

    def found(**given):
        tasks = api.call("tasks.task.list", filter=given, select=["ID"])["tasks"]
        return [int(one["id"]) for one in tasks]

    both = add(UF_CRM_TASK=["D_1", "CO_2"], TAGS=["crmkit", "Звонок"])
    one = add(UF_CRM_TASK=["D_1"], GROUP_ID=3)
    add(UF_CRM_TASK=["D_10"], ACCOMPLICES=[5], AUDITORS=[6])
    assert found(UF_CRM_TASK="D_1") == [one, both]
    assert found(UF_CRM_TASK=["CO_2", "D_10"]) == [3, both]
    assert found(TAG="crmkit") == [both]
    assert found(TAG=["Звонок", "нет такой"]) == [both]
    assert found(GROUP_ID=3) == [one]
    assert (found(ACCOMPLICE=5), found(AUDITOR=6)) == ([3], [3])
    assert found() == [3, one, both]
    assert found(**{"::SUBFILTER-PARAMS": {"FAVORITE": "Y"}}) == []
    api.call("tasks.task.update", taskId=one, fields={"UF_CRM_TASK": ["D_7"], "GROUP_ID": 0})
    assert (found(UF_CRM_TASK="D_1"), found(UF_CRM_TASK="D_7"), found(GROUP_ID=3)) == ([both], [one], [])
    shown = api.call("tasks.task.get", taskId=both, select=["TAGS"])["task"]["tags"]
    assert sorted(tag["title"] for tag in shown.values()) == ["crmkit", "Звонок"]


def test_a_deadline_that_moves_is_in_the_history(api, box):
    fields = {"TITLE": "Перезвонить", "RESPONSIBLE_ID": 4, "DEADLINE": "2025-03-04T12:00:00+03:00"}
    task = int(api.call("tasks.task.add", fields=fields)["task"]["id"])
    for day in (5, 5, 6):
        box.clock.advance(minutes=1)
        fields = {"DEADLINE": f"2025-03-0{day}T12:00:00+03:00"}
        api.call("tasks.task.update", taskId=task, fields=fields)
    entries = api.call("tasks.task.history.list", taskId=task)["list"]
    assert [one["field"] for one in entries] == ["DEADLINE", "DEADLINE", "NEW"]
    only = api.call("tasks.task.history.list", taskId=task, filter={"FIELD": "NEW"})["list"]
    assert (len(only), only[0]["user"]["id"], only[0]["value"]) == (1, 1, {"from": None, "to": None})


def test_whose_tasks_somebody_sees(api, box, bench):
    def seen(user):
        return [int(one["id"]) for one in bench.api(box, f"user:{user}").call("tasks.task.list")["tasks"]]

    group = api.call("sonet_group.create", NAME="Клиент")
    api.call("sonet_group.user.add", GROUP_ID=group, USER_ID=[9])
    api.call("sonet_group.user.invite", GROUP_ID=group, USER_ID=[10])
    for fields in ({"RESPONSIBLE_ID": 4, "AUDITORS": [7]}, {"RESPONSIBLE_ID": 5, "GROUP_ID": group}):
        api.call("tasks.task.add", fields={"TITLE": "x", **fields})
    assert [seen(user) for user in (4, 5, 7, 9, 10)] == [[1], [2], [1], [2], []]
    head = box.portal.departments[box.portal.users[4].departments[0]].head
    assert 1 in seen(head)
    refused = bench.api(box, "user:10").refused("tasks.task.update", taskId=1, fields={"TITLE": "y"})
    assert refused[1:] == ("0", "Action on the task is not allowed (internal error)")
    v3 = bench.v3(box, "user:4")
    assert [one["id"] for one in v3.call("tasks.task.list")["items"]] == [1]
    assert v3.post("tasks.task.get", {"id": 2}).status_code == 403
    line = {"TASKID": 2, "FIELDS": {"TITLE": "x"}}
    assert bench.api(box, "user:4").refused("task.checklistitem.add", **line)[1] == "ERROR_CORE"


def test_handing_a_task_over(api, box, bench):
    task = int(
        api.call("tasks.task.add", fields={"TITLE": "x", "RESPONSIBLE_ID": 4, "STATUS": 3})["task"]["id"]
    )
    manager = bench.api(box, "user:4")
    told = manager.call("tasks.task.delegate", taskId=task, userId=5)["task"]
    assert (told["responsibleId"], told["status"], told["auditors"]) == ("5", "2", ["4"])
    refused = manager.refused("tasks.task.delegate", taskId=task, userId=6)
    assert refused == (400, "0", "Action on the task is not allowed")
    assert api.refused("tasks.task.delegate", taskId=task)[1] == "100"
    assert api.refused("tasks.task.delegate", userId=5)[1] == "100"


def test_chats_of_tasks(api, box, bench):
    v3 = bench.v3(box)
    task = int(api.call("tasks.task.add", fields={"TITLE": "x", "RESPONSIBLE_ID": 4})["task"]["id"])

    def refused(**fields):
        answer = v3.post("tasks.task.chat.message.send", {"fields": fields} if fields else {})
        return answer.status_code, answer.json()["error"]["code"].rpartition("_")[2]

    assert v3.call("tasks.task.chat.message.send", fields={"taskId": task, "text": "Готово?"}) == {
        "result": True
    }
    assert refused() == (400, "REQUESTVALIDATIONEXCEPTION")
    assert refused(taskId=task) == (400, "DTOVALIDATIONEXCEPTION")
    assert refused(taskId=4711, text="x") == (403, "ACCESSDENIEDEXCEPTION")
    assert [one["text"] for one in box.portal.beside_tasks.messages] == ["Готово?"]
