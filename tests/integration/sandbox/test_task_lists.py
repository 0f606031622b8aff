"""Lists of tasks: pages, fields, saved filters."""

import time

import pytest


def test_pages_of_a_hundred_in_order_of_numbers(api):
    made = [api.box.act.create_task("user:4", f"Сделка {index}") for index in range(230)]
    pages = [api.ids(offset=offset, pageSize=100) for offset in (0, 100, 200, 300)]
    assert [len(page) for page in pages] == [100, 100, 30, 0]
    assert [number for page in pages for number in page] == sorted(made)


@pytest.mark.wrong_requests
def test_a_page_is_never_larger_than_a_hundred(api):
    for index in range(120):
        api.box.act.create_task("user:4", f"Сделка {index}")
    assert len(api.ids(pageSize=500)) == 100
    assert len(api.ids()) == 100


@pytest.mark.wrong_requests
@pytest.mark.parametrize(
    "body", [{"offset": -1}, {"pageSize": 0}, {"offset": "0"}, {"pageSize": True}, {"fields": 5}]
)
def test_bad_pages_are_refused(api, body):
    answer = api.post("/task/list", body)
    assert (answer.status_code, answer.json()["code"]) == (500, 41)


@pytest.mark.wrong_requests
@pytest.mark.parametrize("raw", [b"{", b"[]", b"\xff"])
def test_what_is_no_json_object_gets_code_30(api, raw):
    for path, status in (("/task/list", 500), ("/task/", 400)):
        answer = api.session.post(api.box.url + path, data=raw, timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (status, 30)


def test_only_the_fields_asked_for_come_back(api):
    number = api.create(customFieldData=[{"field": {"id": 109}, "value": 5}])
    assert api.tasks() == [{"id": number}]
    assert api.post("/task/list", {}).json()["tasks"] == [{"id": number}]
    assert api.task(number, "name") == {"id": number, "name": "Сделка"}
    assert api.task(number, "customFieldData") == {"id": number}
    assert api.task(number, "nonsense,name") == {"id": number, "name": "Сделка"}
    (found,) = api.tasks(fields="id,109")
    (value,) = found["customFieldData"]
    assert (value["field"]["id"], value["field"]["typeName"], value["value"]) == (109, "Number", 5)


def test_an_empty_custom_field_is_absent_or_null(bench):
    api = bench.api()
    assert api.task(api.create(), "109") == {"id": 70001, "customFieldData": []}
    api = bench.api(empty_fields="null")
    (value,) = api.task(api.create(), "109")["customFieldData"]
    assert value["value"] is None


def test_a_field_of_another_object_or_of_nobody_is_absent(api):
    number = api.create(object={"id": 2})
    assert api.task(number, "109,999") == {"id": number, "customFieldData": []}


def test_the_status_says_whether_the_task_is_open(api):
    number = api.create()
    status = api.task(number, "status,processId,object")
    assert (status["status"]["id"], status["status"]["isActive"], status["processId"]) == (1, True, 1)
    api.post(f"/task/{number}", {"status": {"id": 6}})
    assert api.task(number, "status")["status"]["isActive"] is False


def test_moments_have_minutes_and_seconds_in_one_place_only(api):
    api.box.clock.advance(seconds=37)
    created = api.task(api.create(), "dateTime")["dateTime"]
    assert created == {
        "date": "03-03-2025",
        "time": "06:00",
        "datetime": "2025-03-03T06:00Z",
        "dateTimeUtcSeconds": "2025-03-03T06:00:37+0000",
    }


def test_moments_in_the_zone_of_the_token_owner(bench):
    api = bench.api(timepoint_zone="user", utc_seconds=False)
    api.box.account.users[90].timezone = "Asia/Yekaterinburg"
    assert api.task(api.create(), "dateTime")["dateTime"] == {
        "date": "03-03-2025",
        "time": "11:00",
        "datetime": "2025-03-03T11:00Z",
    }


@pytest.mark.wrong_requests
def test_saved_filters(bench, box):
    robot, manager = bench.api(box), bench.api(box, "user:4")
    mine = box.act.create_task("user:4", "Я поставил", assignees=["user:5"])
    to_me = box.act.create_task("user:5", "Мне", assignees=["user:4"])
    closed = box.act.create_task("user:4", "Закрыта")
    box.act.set_status("user:4", closed, 5)
    listed = robot.post("/task/filters").json()["filters"]
    assert {one["id"] for one in listed} >= {":all", ":in", ":out", ":audit", "40001"}
    assert all(isinstance(one["id"], str) for one in listed)
    assert manager.ids(filterId=":out") == manager.ids(filterId="out") == [mine, closed]
    assert manager.ids(filterId=":in") == [to_me]
    assert robot.ids(filterId=":all") == [mine, to_me, closed]
    assert robot.ids(filterId="40001") == robot.ids(filterId=40001) == [mine, to_me]
    assert robot.post("/task/list", {"filterId": "777"}).json()["code"] == 41


def test_deleted_tasks_are_in_no_list_but_may_be_read(bench, box):
    api = bench.api(box)
    number = api.create()
    box.act.delete_task("user:1", number)
    assert api.ids() == []
    assert api.task(number, "isDeleted")["isDeleted"] is True
    strict = bench.api(deleted_task="not_found")
    gone = strict.create()
    strict.box.act.delete_task("user:1", gone)
    assert strict.get(f"/task/{gone}").json()["code"] == 1000


def test_twenty_thousand_deals_are_searched_quickly(bench):
    api = bench.api(seed="stale_deals", deals=20_000, stalled=6_110)
    filters = [
        {"type": 79, "operator": "lt", "value": {"dateType": "last", "dateValue": 15}},
        {"type": 51, "operator": "equal", "value": 1},
        {"type": 10, "operator": "equal", "value": [1, 2, 3, 4]},
    ]
    best = float("inf")
    for offset in (0, 3000, 5900):
        begun = time.perf_counter()
        page = api.ids(*filters, offset=offset)
        best = min(best, time.perf_counter() - begun)
        assert len(page) == 100
    assert best < 0.25  # 5 to 40 ms on an idle machine; tests may share theirs
