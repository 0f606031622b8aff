"""Creating and changing tasks: what is taken, swallowed, queued, noted and told."""

import pytest

DEAL = "id,name,status,assignees,priority,dateOfLastUpdate,101,102,103,106,107,108,109"


def people(*refs):
    return {"users": [{"id": ref} for ref in refs]}


def refs(task):
    return [one["id"] for one in task["assignees"]["users"]]


def test_create_answers_201_and_takes_process_and_status_from_the_object(api):
    answer = api.post("/task/", {"name": "Сделка", "object": {"id": 2}, "assignees": people("user:4")})
    assert (answer.status_code, answer.json()) == (201, {"result": "success", "id": 70001})
    task = api.task(70001, "processId,status,object,assigner,assignees,priority,type")
    assert (task["processId"], task["status"]["id"], task["object"]) == (2, 21, {"id": 2})
    assert task["assigner"] == {"id": "user:90", "name": "Робот crmkit"}
    assert refs(task) == ["user:4"]
    assert (task["priority"], task["type"]) == ("NotUrgent", "Task")


def test_create_notifies_assignees_only(api):
    number = api.create(
        name="Согласовать",
        assignees=people("user:4", "user:15"),
        auditors=people("user:5"),
        participants=people("user:6"),
    )
    told = api.box.account.notifications
    assert [(one.user, one.task, one.comment, one.text) for one in told] == [
        ("user:4", number, 0, "Согласовать")
    ]


@pytest.mark.wrong_requests
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 40),
        ({"name": ""}, 40),
        ({"name": 5}, 40),
        ({"name": "x", "status": {"id": 2}, "object": {"id": 2}}, 41),
        ({"name": "x", "object": {"id": 77}}, 41),
        ({"name": "x", "counterparty": {"id": 5}}, 1001),
        ({"name": "x", "customFieldData": [{"value": 5}]}, 41),
        ({"name": "x", "dateTime": "вчера"}, 41),
    ],
)
def test_create_refuses(api, body, code):
    answer = api.post("/task/", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert api.ids() == []


def test_a_status_of_another_process_is_no_status(api):
    number = api.create()
    answer = api.post(f"/task/{number}", {"status": {"id": 22}})
    assert answer.json() == {"result": "fail", "code": 41, "error": "Status not find by id 22"}


def test_backdating_a_task(api):
    number = api.create(dateTime={"datetime": "2025-01-10T12:00Z"})
    assert api.task(number, "dateTime")["dateTime"]["dateTimeUtcSeconds"] == "2025-01-10T12:00:00+0000"


def test_an_update_changes_what_it_names_and_keeps_the_rest(api):
    number = api.create(
        assignees=people("user:4"),
        customFieldData=[{"field": {"id": 109}, "value": 5}, {"field": {"id": 107}, "value": "x"}],
    )
    answer = api.post(
        f"/task/{number}",
        {
            "name": "Иначе",
            "assignees": people("user:5"),
            "customFieldData": [
                {"field": {"id": 102}, "value": ["Свободная сделка"]},
                {"field": {"id": 103}, "value": {"id": "user:4"}},
                {"field": {"id": 107}, "value": None},
            ],
        },
    )
    assert (answer.status_code, answer.json()) == (200, {"result": "success"})
    task = api.task(number, DEAL)
    assert task["name"] == "Иначе"
    assert refs(task) == ["user:5"]
    values = {one["field"]["id"]: one["value"] for one in task["customFieldData"]}
    assert values == {102: ["Свободная сделка"], 103: {"id": "user:4", "name": "Ольга Иванова"}, 109: 5}


def test_nobody_can_be_responsible(api):
    number = api.create(assignees=people("user:4"))
    api.post(f"/task/{number}", {"assignees": {"users": [], "groups": []}})
    assert refs(api.task(number, "assignees")) == []
    assert api.ids({"type": 33, "operator": "equal", "value": True}) == [number]


@pytest.mark.wrong_requests
def test_silent_no_ops(api):
    number = api.create(object={"id": 2}, assignees=people("user:4"))
    answer = api.post(
        f"/task/{number}",
        {
            "priority": "Very",
            "durationUnit": "Year",
            "unknownKey": 1,
            "customFieldData": [
                {"field": {"id": 109}, "value": 5},
                {"field": {"id": 999}, "value": 5},
            ],
        },
    )
    assert answer.json() == {"result": "success"}
    assert api.box.account.tasks[number].fields == {}
    assert api.box.account.tasks[number].priority == "NotUrgent"
    assert api.box.account.log == []


def test_an_unknown_option_of_a_list_is_stored(api):
    number = api.create(customFieldData=[{"field": {"id": 101}, "value": "нет такого"}])
    assert api.task(number, "101")["customFieldData"][0]["value"] == "нет такого"


def test_a_bare_number_among_assignees_becomes_the_token_owner(api):
    number = api.create()
    api.post(f"/task/{number}", {"assignees": people(5, "user:4")})
    assert refs(api.task(number, "assignees")) == ["user:90", "user:4"]


def test_partial_success_names_what_failed(api):
    number = api.create()
    body = {
        "name": "Иначе",
        "counterparty": {"id": 777},
        "assignees": people("user:777"),
        "customFieldData": [{"field": {"id": 109}, "value": "много"}],
    }
    answer = api.post(f"/task/{number}", body)
    failed = [one["field"] for one in answer.json()["failures"]]
    assert answer.status_code == 200
    assert failed == ["counterparty", "assignees", "customFieldData"]
    assert api.task(number, "name")["name"] == "Иначе"


@pytest.mark.wrong_requests
@pytest.mark.parametrize(
    "body",
    [
        {"name": 5},
        {"isDeleted": "да"},
        {"project": {"id": 5}},
        {"parent": 5},
        {"processId": 9},
        {"duration": "день"},
    ],
)
def test_each_value_fails_alone(api, body):
    number = api.create()
    answer = api.post(f"/task/{number}", {**body, "priority": "Urgent"})
    assert [one["field"] for one in answer.json()["failures"]] == list(body)
    assert api.task(number, "priority")["priority"] == "Urgent"


@pytest.mark.wrong_requests
def test_custom_fields_come_in_a_list(api):
    number = api.create()
    assert api.post(f"/task/{number}", {"customFieldData": {"109": 5}}).json()["code"] == 41


def test_failures_may_come_as_one_object(bench):
    api = bench.api(failures_shape="object")
    number = api.create()
    answer = api.post(f"/task/{number}", {"counterparty": {"id": 777}})
    assert answer.json()["failures"] == {"field": "counterparty", "error": "Field change failed"}


def test_dates_are_written_in_three_ways_and_cleared(api):
    number = api.create()
    for written in (
        {"date": "05-03-2025", "time": "12:15"},
        {"datetime": "2025-03-05T12:15Z"},
        {"dateTimeUtcSeconds": "2025-03-05T12:15:00+0000"},
        "05-03-2025 12:15:00",
    ):
        api.post(f"/task/{number}", {"endDateTime": written})
        end = api.task(number, "endDateTime,hasEndDate,hasEndTime")
        assert end["endDateTime"]["dateTimeUtcSeconds"] == "2025-03-05T12:15:00+0000"
        assert (end["hasEndDate"], end["hasEndTime"]) == (True, True)
        api.post(f"/task/{number}", {"hasEndDate": False})
        end = api.task(number, "endDateTime,hasEndDate")
        assert end == {"id": number, "hasEndDate": False}
    api.post(f"/task/{number}", {"endDateTime": {"date": "05-03-2025"}})
    assert api.task(number, "hasEndTime")["hasEndTime"] is False
    failed = api.post(f"/task/{number}", {"endDateTime": "на днях"}).json()["failures"]
    assert failed == [{"field": "endDateTime", "error": "Field change failed"}]


def test_a_change_of_status_is_an_entry_of_the_history(api):
    number = api.create()
    api.post(f"/task/{number}", {"status": {"id": 6}})
    (entry,) = api.comments(number)
    assert entry["changeStatus"] == {"oldStatusId": 1, "newStatusId": 6}
    assert entry["owner"] == {"id": "user:90", "name": "Робот crmkit"}
    assert (entry["type"], entry["description"]) == ("None", "")
    assert api.comments(number, "Comments") == []
    assert api.task(number, "actualCompletionDate")["actualCompletionDate"]["time"] == "06:00"
    api.post(f"/task/{number}", {"status": {"id": 1}})
    assert "actualCompletionDate" not in api.task(number, "actualCompletionDate")


def test_a_change_of_dates_is_an_entry_too(api):
    number = api.create()
    api.post(f"/task/{number}", {"endDateTime": {"date": "05-03-2025"}, "startDateTime": "04-03-2025 10:00"})
    fields = "changeTaskStartDate,changeTaskExpectDate"
    (entry,) = api.post(f"/task/{number}/comments/list", {"fields": fields, "typeList": "All"}).json()[
        "comments"
    ]
    assert entry["changeTaskExpectDate"]["hasOldDate"] is False
    assert entry["changeTaskExpectDate"]["newDateTime"]["date"] == "05-03-2025"
    assert entry["changeTaskStartDate"]["newDateTime"]["time"] == "10:00"


def test_other_changes_leave_no_entry_but_a_line_in_the_log(api):
    number = api.create()
    api.box.clock.advance(minutes=5)
    api.post(f"/task/{number}", {"customFieldData": [{"field": {"id": 109}, "value": 7}]})
    assert api.comments(number) == []
    assert api.task(number, "dateOfLastUpdate")["dateOfLastUpdate"]["time"] == "06:05"
    (line,) = api.box.account.log
    assert (line.user, line.task, line.changed) == ("user:90", number, ("field 109",))


def test_writing_what_is_there_changes_nothing(api):
    number = api.create(assignees=people("user:4"), customFieldData=[{"field": {"id": 109}, "value": 7}])
    api.box.clock.advance(minutes=5)
    same = {"name": "Сделка", "status": {"id": 1}, "customFieldData": [{"field": {"id": 109}, "value": 7}]}
    assert api.post(f"/task/{number}", same).json() == {"result": "success"}
    assert api.task(number, "dateOfLastUpdate")["dateOfLastUpdate"]["time"] == "06:00"
    assert (api.box.account.log, api.comments(number)) == ([], [])


def test_silent_leaves_no_trace_and_tells_nobody(api):
    number = api.create()
    api.post(f"/task/{number}", {"status": {"id": 2}, "assignees": people("user:4")}, silent="true")
    assert api.task(number, "status")["status"]["id"] == 2
    assert (api.comments(number), api.box.account.log, api.box.account.notifications) == ([], [], [])
    api.post(f"/task/{number}", {"assignees": people("user:4", "user:5")})
    assert [one.user for one in api.box.account.notifications] == ["user:5"]


def test_source_ids_are_given_back_or_not(bench):
    for echo in (True, False):
        api = bench.api(echo_source_ids=echo)
        number = api.create(sourceObjectId="0c091b1f", sourceDataVersion="A1")
        shown = api.task(number, "sourceObjectId,sourceDataVersion")
        assert (shown["sourceObjectId"], shown["sourceDataVersion"]) == (
            ("0c091b1f", "A1") if echo else ("", "")
        )
        assert "sourceObjectId" not in api.task(number, "name")


def test_favorites_belong_to_a_person(bench, box):
    robot, admin = bench.api(box), bench.api(box, "admin")
    number = robot.create(inFavorites=True)
    assert robot.task(number, "inFavorites")["inFavorites"] is True
    assert admin.task(number, "inFavorites")["inFavorites"] is False
    robot.box.clock.advance(days=1)
    robot.post(f"/task/{number}", {"inFavorites": False})
    assert robot.task(number, "dateOfLastUpdate")["dateOfLastUpdate"]["date"] == "03-03-2025"
    assert robot.task(number, "inFavorites")["inFavorites"] is False


def test_another_object_begins_with_the_first_status_of_its_process(api):
    number = api.create(status={"id": 3})
    api.post(f"/task/{number}", {"object": {"id": 2}})
    task = api.task(number, "object,processId,status")
    assert (task["object"]["id"], task["processId"], task["status"]["id"]) == (2, 2, 21)


def test_descriptions_are_html(api):
    number = api.create(description="a\nb<br>c<!-- key -->")
    assert api.task(number, "description")["description"] == "ab<br>c"


def test_emoji_may_be_refused(bench):
    assert bench.api().post("/task/", {"name": "Ура 🎉"}).status_code == 201
    answer = bench.api(emoji="refuse").post("/task/", {"name": "Ура 🎉"})
    assert (answer.status_code, answer.json()["code"]) == (400, 30)


@pytest.mark.wrong_requests
def test_a_missing_task_is_404_for_updates_and_400_for_reads(api):
    update, read = api.post("/task/5", {"name": "x"}), api.get("/task/5")
    assert (update.status_code, update.json()["code"]) == (404, 1000)
    assert update.json()["error"] == "Task for update not found by id 5"
    assert (read.status_code, read.json()["code"]) == (400, 1000)
    assert api.get("/task/abc").status_code == 501


def test_a_busy_task_takes_changes_with_202_and_applies_them_later(api):
    number = api.create()
    api.box.act.make_busy(number, seconds=30)
    answer = api.post(f"/task/{number}", {"status": {"id": 2}})
    assert (answer.status_code, answer.content) == (202, b"")
    answer = api.post(f"/task/{number}", {"name": "Потом"})
    assert answer.status_code == 202
    api.box.clock.advance(seconds=29)
    assert api.task(number, "status")["status"]["id"] == 1
    api.box.clock.advance(seconds=60)
    task = api.task(number, "status,name,dateOfLastUpdate")
    assert (task["status"]["id"], task["name"]) == (2, "Потом")
    assert task["dateOfLastUpdate"]["dateTimeUtcSeconds"] == "2025-03-03T06:00:30+0000"
    assert api.post(f"/task/{number}", {"name": "Сразу"}).status_code == 200


def test_a_queued_change_may_be_lost(bench):
    api = bench.api(busy="never")
    number = api.create()
    api.box.act.make_busy(number, seconds=30)
    assert api.post(f"/task/{number}", {"name": "Потом"}).status_code == 202
    api.box.clock.advance(days=30)
    assert api.task(number, "name")["name"] == "Сделка"
    assert [lost.what for lost in api.box.account.lost] == [f"task:{number}"]


def test_a_refused_change_of_a_busy_task_is_refused_at_once(api):
    number = api.create()
    api.box.act.make_busy(number, seconds=30)
    assert api.post(f"/task/{number}", {"status": {"id": 99}}).json()["code"] == 41
