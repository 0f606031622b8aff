"""Troubles on demand: that they strike as told, and what they leave behind."""

import pytest
import requests

from crmkit.sandbox import Fault

COMMENT = "POST /task/{id}/comments/"


@pytest.fixture
def task(api):
    return api.create()


def add(box, **fault):
    return box.faults.add(Fault(**fault))


def comment(api, task, text="Привет"):
    return api.post(f"/task/{task}/comments/", {"description": text})


def test_a_dropped_answer_leaves_the_write(api, task):
    fault = add(api.box, kind="drop_answer", match=COMMENT)
    with pytest.raises(requests.ConnectionError):
        comment(api, task)
    assert fault.hits == 1
    assert [one["description"] for one in api.comments(task)] == ["Привет"]
    assert comment(api, task).status_code == 201
    entry = api.box.requests.of(COMMENT)[0]
    assert (entry.status, entry.fault, entry.body) == (0, "drop_answer", {"description": "Привет"})


def test_a_reset_comes_before_anything_is_done(api, task):
    add(api.box, kind="reset", match=COMMENT)
    with pytest.raises(requests.ConnectionError):
        comment(api, task)
    assert api.comments(task) == []


@pytest.mark.parametrize("taken", [True, False])
def test_a_hang_costs_the_patience_on_the_sandbox_clock_only(api, task, taken):
    add(api.box, kind="hang", match=COMMENT, seconds=40, taken=taken)
    with pytest.raises(requests.ConnectionError):
        comment(api, task)
    assert api.box.clock.monotonic() == 40
    assert len(api.comments(task)) == int(taken)


def test_a_hang_lasts_65_seconds_unless_said_otherwise(api):
    add(api.box, kind="hang")
    with pytest.raises(requests.ConnectionError):
        api.get("/ping")
    assert api.box.clock.monotonic() == 65


def test_errors_with_the_vendor_envelope_or_another_body(api):
    add(api.box, kind="error")
    add(api.box, kind="error", status=504, body="<html>gateway</html>")
    add(api.box, kind="error", status=200, body={"result": "fail", "code": 22, "error": "limit"})
    add(api.box, kind="error", status=599)
    first, second, third, fourth = (api.get("/ping") for _ in range(4))
    assert (first.status_code, first.json()) == (
        500,
        {"result": "fail", "code": 0, "error": "Rest API error"},
    )
    assert (second.status_code, second.text) == (504, "<html>gateway</html>")
    assert (third.status_code, third.json()["code"]) == (200, 22)
    assert (fourth.status_code, fourth.reason) == (599, "Unknown")
    assert api.get("/ping").json() == {"result": "success"}


@pytest.mark.parametrize("kind", ["error", "html"])
def test_an_error_may_hide_that_the_write_was_done(api, task, kind):
    add(api.box, kind=kind, match=COMMENT, taken=True)
    assert comment(api, task).status_code in (500, 502)
    assert len(api.comments(task)) == 1
    add(api.box, kind=kind, match=COMMENT)
    comment(api, task)
    assert len(api.comments(task)) == 1


def test_pages_of_a_proxy(api):
    add(api.box, kind="html")
    add(api.box, kind="html", status=200, body="<html>вход</html>")
    for status in (502, 200):
        answer = api.get("/ping")
        assert answer.status_code == status
        assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text == "<html>вход</html>"


def test_latency_adds_up_and_does_not_hide_other_troubles(api):
    add(api.box, kind="latency", seconds=2.5, times=None)
    add(api.box, kind="latency", seconds=1.5)
    add(api.box, kind="error", after=1)
    assert api.get("/ping").status_code == 200
    assert api.box.clock.monotonic() == 4.0
    assert api.get("/ping").status_code == 500
    assert api.box.clock.monotonic() == 6.5


def test_a_truncated_body(api, task):
    add(api.box, kind="truncated", match="GET /task/{id}")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        api.get(f"/task/{task}", fields="name")
    assert api.task(task, "name")["name"] == "Сделка"


def test_a_wrong_charset(api, task):
    add(api.box, kind="wrong_charset", times=2)
    answer = api.get(f"/task/{task}", fields="name")
    assert "charset=utf-8" in answer.headers["Content-Type"]
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()
    assert "Сделка" in answer.content.decode("cp1251")
    with pytest.raises(UnicodeDecodeError):
        api.get("/ping").content.decode()


def test_a_change_queued_by_a_fault(api, task):
    add(api.box, kind="accept_202", match="POST /task/{id}", seconds=30)
    answer = api.post(f"/task/{task}", {"name": "Иначе"})
    assert (answer.status_code, answer.content) == (202, b"")
    assert api.task(task, "name")["name"] == "Сделка"
    api.box.clock.advance(seconds=30)
    assert api.box.account.tasks[task].name == "Иначе"


def test_a_queued_change_is_applied_as_time_passes_without_a_request(api, task):
    account = api.box.account
    add(api.box, kind="accept_202", match="POST /task/{id}", seconds=30)
    api.post(f"/task/{task}", {"name": "Иначе"})
    api.box.clock.advance(seconds=30)
    assert account.tasks[task].name == "Иначе"
    assert account.queue == []


def test_a_change_that_is_never_applied(api, task):
    add(api.box, kind="accept_202", match="POST /task/{id}", never=True)
    assert api.post(f"/task/{task}", {"name": "Иначе"}).status_code == 202
    api.box.clock.advance(days=365)
    assert api.task(task, "name")["name"] == "Сделка"


def test_a_change_of_a_contact_is_queued_as_well(api):
    number = api.post("/contact/", {"name": "Анна"}).json()["id"]
    add(api.box, kind="accept_202", match="POST /contact/{id}", seconds=10)
    assert api.post(f"/contact/{number}", {"name": "Вера"}).status_code == 202
    assert api.get(f"/contact/{number}", fields="name").json()["contact"]["name"] == "Анна"
    api.box.clock.advance(seconds=10)
    assert api.get(f"/contact/{number}", fields="name").json()["contact"]["name"] == "Вера"


def test_a_fault_where_the_vendor_documents_no_such_answer_is_said_loudly(api, task):
    add(api.box, kind="accept_202", match=COMMENT)
    assert comment(api, task).status_code == 501


def test_partial_success_on_purpose(api, task):
    add(api.box, kind="failures", match="POST /task/{id}")
    add(api.box, kind="failures", match="POST /task/{id}", body=["customFieldData", "status"])
    answer = api.post(f"/task/{task}", {"assignees": {"users": [{"id": "user:4"}]}, "name": "Иначе"})
    assert answer.json()["failures"] == [{"field": "assignees", "error": "Field change failed"}]
    assert api.task(task, "name,assignees")["assignees"]["users"] == []
    values = [{"field": {"id": 109}, "value": 5}]
    answer = api.post(f"/task/{task}", {"status": {"id": 2}, "customFieldData": values, "name": "Опять"})
    assert [one["field"] for one in answer.json()["failures"]] == ["customFieldData", "status"]
    shown = api.task(task, "name,status,109")
    assert (shown["name"], shown["status"]["id"], shown["customFieldData"]) == ("Опять", 1, [])


def test_a_used_up_day(api):
    add(api.box, kind="quota", times=2)
    for _ in range(2):
        answer = api.get("/ping")
        assert (answer.status_code, answer.json()["code"], answer.json()["timeToReset"]) == (403, 22, 54000)
    assert api.get("/ping").status_code == 200


def test_when_a_fault_strikes(api):
    fault = add(api.box, kind="error", after=1, every=2, times=2)
    statuses = [api.get("/ping").status_code for _ in range(8)]
    assert statuses == [200, 200, 500, 200, 500, 200, 200, 200]
    assert (fault.seen, fault.hits) == (5, 2)


def test_for_ever_until_cleared(api):
    add(api.box, kind="error", times=None)
    assert {api.get("/ping").status_code for _ in range(5)} == {500}
    api.box.faults.clear()
    assert api.get("/ping").status_code == 200


def test_probability_is_repeatable(bench):
    def statuses():
        api = bench.api()
        add(api.box, kind="error", times=None, probability=0.5)
        return [api.get("/ping").status_code for _ in range(40)]

    first = statuses()
    assert first == statuses()
    assert 5 < first.count(500) < 35


def test_matching_by_pattern_and_by_request(api, task):
    other = api.create()
    add(api.box, kind="error", match=f"POST /task/{task}/comments/")
    assert comment(api, other).status_code == 201
    assert comment(api, task).status_code == 500
    add(api.box, kind="error", match="GET /*", times=None)
    assert api.get("/ping").status_code == 500
    assert comment(api, task).status_code == 201


def test_the_first_of_several_faults_strikes(api):
    first, second = add(api.box, kind="error", status=500), add(api.box, kind="error", status=503)
    assert [api.get("/ping").status_code for _ in range(3)] == [500, 503, 200]
    assert (first.hits, second.hits) == (1, 1)


def test_repeating_too_fast_in_trouble_is_too_fast(bench):
    api = bench.api(strict_limits=True)
    add(api.box, kind="error", times=None)
    assert [api.get("/ping").status_code for _ in range(2)] == [500, 403]
    api.box.clock.sleep(1)
    assert api.get("/ping").status_code == 500


def test_trouble_of_an_unknown_caller_costs_nothing(bench):
    box = bench.box(strict_limits=True)
    add(box, kind="error")
    assert requests.get(f"{box.url}/ping", timeout=10).status_code == 500
    assert bench.api(box).get("/ping").status_code == 200


def test_an_unknown_kind_is_refused(box):
    with pytest.raises(ValueError, match="explode"):
        box.faults.add(Fault(kind="explode"))
