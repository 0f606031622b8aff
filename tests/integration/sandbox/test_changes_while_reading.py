"""Reading what others change meanwhile: rows that move, what has changed since, changes that come late."""

import time

import pytest

from crmkit.sandbox import Fault


def walk(api, size=100, **body):
    """Read pages as the documents say, without any care, and return the numbers in the order they came."""
    found, offset = [], 0
    while page := api.ids(offset=offset, pageSize=size, **body):
        found += page
        offset += size
    return found


def test_twenty_thousand_tasks_are_there_soon_and_always_the_same(bench):
    began = time.process_time()
    box = bench.box(seed="many_tasks")
    assert time.process_time() - began < 5
    tasks = box.account.tasks
    assert len(tasks) == 20_000
    assert {task.status for task in tasks.values()} == {1, 2, 3, 4, 5, 6}
    other = bench.box(seed="many_tasks")
    assert other.account.tasks == tasks
    assert all(task.created <= task.updated <= box.account.now() for task in tasks.values())


def test_a_careless_walk_misses_tasks_when_rows_move(bench):
    """A deleted task moves the ones behind it up, so that one of them is on no page."""
    api = bench.api(seed="many_tasks", tasks=1000)
    found, offset = [], 0
    while page := api.ids(offset=offset, pageSize=100):
        found += page
        offset += 100
        for number in api.box.act.stir(5, only=["delete"]):
            assert api.box.account.tasks[number].is_deleted
    alive = {number for number, task in api.box.account.tasks.items() if not task.is_deleted}
    assert alive - set(found)


def test_people_move_after_each_page_if_they_are_told_to(bench):
    api = bench.api(seed="many_tasks", tasks=500, movement=20)
    first = walk(api)
    log = api.box.account.log
    assert len(log) + len(api.box.account.comments) > 50
    assert {line.user for line in log} <= {f"user:{number}" for number in range(2, 15)}
    again = bench.api(seed="many_tasks", tasks=500, movement=20)
    assert walk(again) == first
    assert again.box.account.tasks == api.box.account.tasks


def test_what_people_do_at_random(bench):
    box = bench.box(seed="many_tasks", tasks=50)
    before = set(box.account.tasks)
    made = box.act.stir(3, only=["create"])
    assert set(box.account.tasks) - before == set(made)
    commented = box.act.stir(3, only=["comment"])
    assert [box.account.comments[number].task for number in sorted(box.account.comments)] == commented
    with pytest.raises(LookupError, match="explode"):
        box.act.stir(1, only=["explode"])
    assert len(box.act.stir(100)) == 100


def test_what_was_touched_is_found_by_filter_79(bench):
    api = bench.api(seed="many_tasks", tasks=300)
    api.box.clock.advance(days=2)
    touched = set(api.box.act.stir(40, only=["comment", "field", "create"]))
    yesterday = {"dateType": "otherDate", "dateValue": "04-03-2025"}
    assert set(walk(api, filters=[{"type": 79, "operator": "gt", "value": yesterday}])) == touched


def test_only_changed_goes_on_from_the_last_complete_walk(bench):
    api = bench.api(seed="many_tasks", tasks=250)
    sync = {"onlyChanged": True, "sourceId": "a"}
    assert len(walk(api, **sync)) == 250
    assert walk(api, **sync) == []
    touched = set(api.box.act.stir(30, only=["field", "create"]))
    assert set(api.ids(pageSize=5, **sync)) <= touched
    assert set(walk(api, size=5, **sync)) == touched  # the first try did not come to the end
    assert walk(api, **sync) == []
    assert len(walk(api, onlyChanged=True, sourceId="b")) == len(walk(api))


def test_what_changes_during_a_walk_comes_with_it_or_with_the_next_one(bench):
    api = bench.api(seed="many_tasks", tasks=250)
    sync = {"onlyChanged": True, "sourceId": "a"}
    walk(api, **sync)
    touched = set(api.box.act.stir(40, only=["field"]))
    found, offset = set(), 0
    while page := api.ids(offset=offset, pageSize=10, **sync):
        found.update(page)
        offset += 10
        touched.update(api.box.act.stir(5, only=["field"]) if offset < 50 else ())
    assert touched - found  # rows that changed behind the reader
    assert found | set(walk(api, **sync)) == touched


def test_only_changed_by_the_version_of_the_other_system(bench):
    api = bench.api(only_changed="version")
    first, second = api.create(), api.create(sourceDataVersion="1")
    assert api.ids(onlyChanged=True) == [first]
    api.box.act.rename("user:4", second, "Иначе")
    assert api.ids(onlyChanged=True) == [first, second]
    for task in (first, second):
        api.post(f"/task/{task}", {"sourceDataVersion": "2"})
    assert api.ids(onlyChanged=True) == []
    assert api.task(first, "sourceDataVersion")["sourceDataVersion"] == "2"


def test_only_changed_contacts(api):
    def changed():
        body = {"onlyChanged": True, "sourceId": "a", "fields": "id"}
        return [one["id"] for one in api.post("/contact/list", body).json()["contacts"]]

    first, second = (api.post("/contact/", {"name": name}).json()["id"] for name in ("Анна", "Вера"))
    assert changed() == [first, second]
    assert changed() == []
    api.post(f"/contact/{second}", {"email": "v@example.ru"})
    assert changed() == [second]


def test_changes_of_a_busy_task_are_queued_one_behind_the_other(bench):
    api = bench.api(write_busy=10)
    task = api.create()
    answers = [api.post(f"/task/{task}", {"name": name}) for name in ("раз", "два", "три")]
    assert [(one.status_code, one.content) for one in answers] == [(202, b"")] * 3
    seen = []
    for _ in range(4):
        seen.append(api.task(task, "name")["name"])
        api.box.clock.advance(seconds=10)
    assert seen == ["Сделка", "раз", "два", "три"]
    api.box.clock.advance(seconds=10)
    free = api.post(f"/task/{task}", {"name": "четыре"})
    assert (free.status_code, api.task(task, "name")["name"]) == (200, "четыре")
    assert api.post(f"/task/{task}", {"name": "пять"}).status_code == 202


def test_a_sequence_of_202_with_delays_of_its_own(api):
    task = api.create()
    api.box.faults.add(Fault("accept_202", "POST /task/{id}", times=3, body=[30, 5, None]))
    for amount in (1, 2, 3):
        body = {"customFieldData": [{"field": {"id": 109}, "value": amount}]}
        assert api.post(f"/task/{task}", body).status_code == 202
    seen = []
    for seconds in (0, 5, 25, 3600):
        api.box.clock.advance(seconds=seconds)
        values = api.task(task, "109")["customFieldData"]
        seen.append(values[0]["value"] if values else None)
    assert seen == [None, 2, 1, 1]  # the order is not promised, and one of them is lost
    assert len(api.box.account.lost) == 1
