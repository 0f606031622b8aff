"""Analytics: rows make a comment or fill one, are found over all tasks, and show up in the calendar."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from crmkit.sandbox.planfix.analytics import MAX_ROWS, calendar
from crmkit.sandbox.planfix.models import DataTag, FieldDef

MOSCOW = ZoneInfo("Europe/Moscow")


def spent(day, start, end, who="user:4", text="Смета"):
    return {
        "customFieldData": [
            {"field": {"id": 501}, "value": {"date": day}},
            {"field": {"id": 502}, "value": {"from": {"time": start}, "to": {"time": end}}},
            {"field": {"id": 503}, "value": {"id": who}},
            {"field": {"id": 504}, "value": text},
        ]
    }


def add(api, path, *items, tag=1):
    answer = api.post(f"{path}/datatags/", {"dataTag": {"id": tag}, "items": list(items)})
    assert answer.status_code == 201, answer.text
    return answer.json()


def rows(api, *filters, fields="key", tag=1, **body):
    answer = api.post(f"/datatag/{tag}/entry/list", {"fields": fields, "filters": list(filters), **body})
    assert answer.status_code == 200, answer.text
    return answer.json()["dataTagEntries"]


@pytest.fixture
def task(api):
    return api.create()


def test_the_kinds_and_their_fields(api):
    listed = api.post("/datatag/list", {"fields": "id,name,group"}).json()["dataTags"]
    assert listed[0] == {
        "id": 1,
        "name": "Фактическое время",
        "group": {"id": 1, "name": "Работа с клиентом"},
    }
    shown = api.get("/datatag/2", fields="id,fields").json()["dataTag"]
    assert [(one["type"], one["objectType"]) for one in shown["fields"]] == [(8, 4), (1, 4), (10, 4)]
    assert api.get("/customfield/datatag/2", fields="id,enumValues").json()["customfields"][0] == {
        "id": 511,
        "enumValues": ["дозвонился", "не дозвонился", "перезвонить"],
    }


def test_rows_make_a_comment_and_count_as_activity(api, task):
    api.box.clock.advance(days=2)
    made = add(
        api, f"/task/{task}", spent("03-03-2025", "10:00", "12:30"), spent("04-03-2025", "9:00", "9:30")
    )
    assert len(made["keys"]) == 2
    (comment,) = api.comments(task)
    assert (comment["id"], comment["type"], comment["owner"]["id"]) == (
        made["commentId"],
        "Comment",
        "user:90",
    )
    shown = api.get(f"/comment/{made['commentId']}", fields="dataTags").json()["comment"]["dataTags"]
    assert shown == [{"dataTag": {"id": 1, "name": "Фактическое время"}, "key": key} for key in made["keys"]]
    assert api.task(task, "dataTags")["dataTags"] == shown
    assert api.ids({"type": 79, "operator": "equal", "value": {"dateType": "today"}}) == [task]
    assert api.ids({"type": 11, "operator": "equal", "value": 1}) == [task]


def test_rows_are_added_to_a_comment_that_is_there(api, task):
    made = add(api, f"/task/{task}", spent("03-03-2025", "10:00", "12:30"))
    path = f"/task/{task}/datatags/{made['commentId']}"
    answer = api.post(path, {"dataTag": {"id": 1}, "items": [spent("03-03-2025", "14:00", "15:00")]})
    assert (answer.status_code, list(answer.json())) == (201, ["result", "keys"])
    assert len(api.comments(task)) == 1
    other = api.create()
    wrong = api.post(f"/task/{other}/datatags/{made['commentId']}", {"dataTag": {"id": 1}, "items": [{}]})
    assert wrong.json()["code"] == 5000


def test_a_row_is_read_changed_and_deleted(api, task):
    made = add(api, f"/task/{task}", spent("03-03-2025", "10:00", "12:30"))
    path = f"/datatag/entry/{made['keys'][0]}"
    shown = api.get(path, fields="dataTag,key,commentId,task,501,502,503").json()["entry"]
    assert shown["task"] == {"id": task, "name": "Сделка"}
    assert shown["commentId"] == made["commentId"]
    assert [one["value"] for one in shown["customFieldData"]][1]["durationSec"] == 9000
    change = api.post(path, {"customFieldData": [{"field": {"id": 504}, "value": "Договор"}]})
    assert (change.status_code, change.content) == (200, b"")
    texts = api.get(path, fields="503,504").json()["entry"]["customFieldData"]
    assert [one["value"] for one in texts] == [{"id": "user:4", "name": "Ольга Иванова"}, "Договор"]
    assert api.delete(path).content == b""
    assert api.get(path).json() == {
        "result": "fail",
        "code": 6000,
        "error": f"Entry not found by key - {made['keys'][0]}",
    }
    assert len(api.comments(task)) == 1
    assert api.task(task, "dataTags")["dataTags"] == []


def test_the_flat_shape_of_the_vendor_s_example(bench):
    api = bench.api(entry_shape="flat")
    key = add(api, f"/task/{api.create()}", spent("03-03-2025", "10:00", "12:30"))["keys"][0]
    assert api.get(f"/datatag/entry/{key}").json() == {"result": "success", "key": key}


def test_rows_of_contacts(api):
    client = api.post("/contact/", {"name": "Анна"}).json()["id"]
    call = {
        "customFieldData": [{"field": {"id": 511}, "value": "дозвонился"}, {"field": {"id": 512}, "value": 7}]
    }
    made = add(api, f"/contact/{client}", call, tag=2)
    path = f"/contact/{client}/datatags/{made['commentId']}"
    more = api.post(path, {"dataTag": {"id": 2}, "items": [call]}).json()["keys"]
    shown = rows(api, fields="key,contact,512", tag=2, contactId=f"contact:{client}")
    assert [one["key"] for one in shown] == [*made["keys"], *more]
    assert shown[0]["contact"] == {"id": client, "name": "Анна"}
    comment = api.get(f"/comment/{made['commentId']}", fields="contact,dataTags").json()["comment"]
    assert (comment["contact"], len(comment["dataTags"])) == ({"id": f"contact:{client}"}, 2)
    assert (
        api.get(f"/contact/{client}", fields="dataTags").json()["contact"]["dataTags"][0]["key"]
        == made["keys"][0]
    )
    other = api.post("/contact/", {"name": "Вера"}).json()["id"]
    wrong = api.post(
        f"/contact/{other}/datatags/{made['commentId']}", {"dataTag": {"id": 2}, "items": [call]}
    )
    assert wrong.json()["code"] == 5000


def test_rows_are_found_over_all_tasks(api):
    first, second = api.create(), api.create(status={"id": 2})
    one = add(api, f"/task/{first}", spent("03-03-2025", "10:00", "12:30"))["keys"][0]
    two = add(api, f"/task/{second}", spent("05-03-2025", "10:00", "11:00", who="user:5", text="Договор"))[
        "keys"
    ][0]
    later = {"dateType": "otherDate", "dateValue": "04-03-2025"}
    for number, operator, value, field, expected in (
        (3101, "gt", later, 501, [two]),
        (3104, "equal", "user:4", 503, [one]),
        (3108, "equal", "Договор", 504, [two]),
        (10, "equal", [2], None, [two]),
        (57, "equal", first, None, [one]),
        (51, "equal", 1, None, [one, two]),
    ):
        filter_ = {"type": number, "operator": operator, "value": value} | ({"field": field} if field else {})
        assert [row["key"] for row in rows(api, filter_)] == expected, number
    assert [row["key"] for row in rows(api, taskId=second)] == [two]
    assert [row["key"] for row in rows(api, offset=1, pageSize=1)] == [two]
    assert rows(api, tag=2) == []


def test_who_does_not_see_the_task_does_not_see_its_rows(bench, api):
    task = api.create()
    key = add(api, f"/task/{task}", spent("03-03-2025", "10:00", "12:30"))["keys"][0]
    stranger = bench.api(api.box, "user:6")
    assert rows(stranger) == []
    assert stranger.get(f"/datatag/entry/{key}").json()["code"] == 6000
    api.post(f"/task/{task}", {"assignees": {"users": [{"id": "user:6"}]}})
    assert [row["key"] for row in rows(stranger)] == [key]
    for answer in (stranger.post(f"/datatag/entry/{key}", {}), stranger.delete(f"/datatag/entry/{key}")):
        assert answer.json()["code"] == 6


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 40),
        ({"dataTag": {"id": 1}}, 40),
        ({"dataTag": {"id": 1}, "items": []}, 40),
        ({"dataTag": {"id": 77}, "items": [{}]}, 6000),
        (
            {"dataTag": {"id": 2}, "items": [{"customFieldData": [{"field": {"id": 512}, "value": "x"}]}]},
            6001,
        ),
    ],
)
def test_rows_that_are_refused(api, task, body, code):
    answer = api.post(f"/task/{task}/datatags/", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert api.comments(task) == []
    assert rows(api) == []


def test_what_is_not_there(api):
    for path, status in (("/datatag/77", 404), ("/customfield/datatag/77", 404)):
        answer = api.get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, 6000)
    assert api.post("/datatag/1/entry/list", {"taskId": 5}).json()["code"] == 1000
    assert api.post("/datatag/1/entry/list", {"contactId": "x"}).json()["code"] == 41


def test_the_calendar_shows_kinds_with_a_date_and_a_period(api, task):
    account = api.box.account
    add(
        api,
        f"/task/{task}",
        spent("03-03-2025", "22:00", "01:00"),
        spent("04-03-2025", "10:00", "11:00", "user:5"),
    )
    add(api, f"/task/{task}", {"customFieldData": [{"field": {"id": 512}, "value": 7}]}, tag=2)
    shown = calendar(account, date(2025, 3, 3), date(2025, 3, 4), zone=MOSCOW)
    assert [(f"{row.start:%d %H:%M}", f"{row.end:%d %H:%M}", row.people) for row in shown] == [
        ("03 22:00", "04 01:00", ("user:4",)),
        ("04 10:00", "04 11:00", ("user:5",)),
    ]
    assert shown[0].title == "Фактическое время: Сделка"
    assert calendar(account, date(2025, 3, 5), date(2025, 3, 9), zone=MOSCOW) == []
    assert len(calendar(account, date(2025, 3, 4), date(2025, 3, 4), zone=MOSCOW, person="user:5")) == 1


def test_a_person_sees_the_calendar_in_a_zone_of_his_own(api, task):
    api.box.account.data_tags[3] = DataTag(3, "Встреча", {601: FieldDef(601, "Когда", 28)})
    span = {"from": "03-03-2025 20:00", "to": "03-03-2025 21:30"}
    manager = api.box.account.users[4]
    manager.timezone = "Asia/Tokyo"
    mine = {"customFieldData": [{"field": {"id": 601}, "value": span}]}
    api.post(f"/task/{task}/datatags/", {"dataTag": {"id": 3}, "items": [mine]})
    row = next(one for one in api.box.account.entries.values() if one.tag == 3)
    row.author = "user:4"
    add(api, f"/task/{task}", {"customFieldData": [{"field": {"id": 501}, "value": {"date": "03-03-2025"}}]})
    body = {"action": "calendar", "user": "user:4", "first": "2025-03-04", "last": "2025-03-04"}
    (shown,) = api.control("POST", "/act", body).json()["result"]
    assert (shown["start"], shown["end"]) == ("2025-03-04T05:00:00+09:00", "2025-03-04T06:30:00+09:00")
    assert (shown["people"], shown["task"]) == (["user:4"], task)
    assert api.control("POST", "/act", body | {"user": "user:5"}).json() == {"result": []}


def test_time_of_several_people(api, task):
    users = {601: FieldDef(601, "Кто", 14), 602: FieldDef(602, "Когда", 28)}
    api.box.account.data_tags[3] = DataTag(3, "Встреча", users)
    span = {"from": "03-03-2025 10:00", "to": "03-03-2025 11:00"}
    who = [{"id": "user:4"}, {"id": "user:5"}]
    values = [{"field": {"id": 601}, "value": who}, {"field": {"id": 602}, "value": span}]
    add(api, f"/task/{task}", {"customFieldData": values}, tag=3)
    day = date(2025, 3, 3)
    assert calendar(api.box.account, day, day, zone=MOSCOW)[0].people == ("user:4", "user:5")


def test_the_calendar_shows_no_more_than_the_vendor_s(api, task):
    add(api, f"/task/{task}", *(spent("03-03-2025", "10:00", "11:00") for _ in range(MAX_ROWS + 5)))
    assert len(calendar(api.box.account, date(2025, 3, 3), date(2025, 3, 3), zone=MOSCOW)) == MAX_ROWS
