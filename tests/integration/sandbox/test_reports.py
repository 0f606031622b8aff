"""Reports: slow, seldom, one at a time, in chunks."""

import pytest


def generate(api):
    answer = api.post("/report/1/generate")
    assert answer.status_code == 201, answer.text
    return answer.json()["requestId"]


def status(api, request):
    return api.get(f"/report/status/{request}").json()


def data(api, save, **params):
    return api.post(f"/report/1/save/{save}/data", **params).json()


def test_a_report_becomes_ready(api):
    for manager, amount in (("user:4", 5), ("user:4", 7), ("user:5", 1)):
        api.create(
            assignees={"users": [{"id": manager}]},
            customFieldData=[{"field": {"id": 109}, "value": amount}],
        )
    api.create()
    request = generate(api)
    assert status(api, request) == {"result": "success", "status": "in_progress"}
    assert api.post("/report/1/save/list").json()["saves"] == []
    api.box.clock.advance(seconds=30)
    ready = status(api, request)
    assert (ready["status"], ready["save"]["reportId"]) == ("ready", 1)
    fields = "id,reportId,dateTime,name,chunks,chunksCount"
    (save,) = api.post("/report/1/save/list", {"fields": fields}).json()["saves"]
    assert (save["id"], save["chunksCount"]) == (ready["save"]["id"], 1)
    assert save["dateTime"]["dateTimeUtcSeconds"] == "2025-03-03T06:00:30+0000"
    rows = data(api, save["id"])["rows"]
    assert [row["type"] for row in rows] == ["Header", "Normal", "Normal", "Normal"]
    assert [[item["text"] for item in row["items"]] for row in rows] == [
        ["Ответственный", "Сделок", "Сумма"],
        ["—", 1, 0],
        ["Ольга Иванова", 2, 12],
        ["Павел Кузнецов", 1, 1],
    ]


def test_one_at_a_time_and_ten_minutes_apart(api):
    first = generate(api)
    refused = api.post("/report/1/generate")
    assert (refused.status_code, refused.json()["code"]) == (403, 9002)
    assert refused.json()["error"].endswith(first)
    api.box.clock.advance(minutes=5)
    assert status(api, first)["status"] == "ready"
    assert api.post("/report/1/generate").json()["code"] == 9002
    api.box.clock.advance(minutes=5)
    assert generate(api) != first


def test_the_tariff_decides(bench):
    api = bench.api(tariff="business")
    refused = api.post("/report/1/generate")
    assert (refused.status_code, refused.json()["code"]) == (403, 9001)
    assert api.get("/report/1").status_code == 200


@pytest.mark.wrong_requests
def test_a_long_report_comes_in_chunks(bench):
    api = bench.api(seed="stale_deals", deals=60, stalled=20, report_chunk=4)
    request = generate(api)
    api.box.clock.advance(minutes=1)
    save = status(api, request)["save"]["id"]
    managers = 11
    parts = [data(api, save, chunk=number) for number in range(3)]
    assert [part["chunk"] for part in parts] == [0, 1, 2]
    assert [len(part["rows"]) - 1 for part in parts] == [4, 4, 3]
    names = {row["items"][0]["text"] for part in parts for row in part["rows"][1:]}
    assert len(names) == managers
    assert data(api, save, chunk=3)["code"] == 41
    assert data(api, save, chunk="x")["code"] == 41


def test_what_is_not_there(api):
    assert (api.get("/report/7").status_code, api.get("/report/7").json()["code"]) == (400, 9000)
    assert api.post("/report/7/generate").json()["code"] == 9000
    assert status(api, "nonsense")["code"] == 9003
    assert data(api, 7)["code"] == 9000
    listed = api.post("/report/list", {"fields": "id,name,fields"}).json()["reports"]
    assert [one["name"] for one in listed[0]["fields"]] == ["Ответственный", "Сделок", "Сумма"]
    assert api.get("/report/1").json()["report"] == {"id": 1, "name": "Сделки по ответственным"}
