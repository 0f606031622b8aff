"""Troubles on demand, the control API, seeds and resets."""

from __future__ import annotations

import pytest
import requests

from crmkit.sandbox import Fault, Sandbox


def test_an_answer_is_lost_after_the_write_was_taken(api, box):
    box.faults.add(Fault("drop_answer", match="crm.deal.add"))
    with pytest.raises(requests.exceptions.ConnectionError):
        api.post("crm.deal.add", {"fields": {"TITLE": "x"}})
    assert len(box.portal.items[2]) == 1


def test_a_reset_before_the_write(api, box):
    box.faults.add(Fault("reset", match="crm.deal.add"))
    with pytest.raises(requests.exceptions.ConnectionError):
        api.post("crm.deal.add", {"fields": {"TITLE": "x"}})
    assert len(box.portal.items[2]) == 0


@pytest.mark.parametrize(("kind", "status"), [("html", 502), ("html", 503), ("error", 500)])
def test_errors_with_and_without_the_write(api, box, kind, status):
    box.faults.add(Fault(kind, match="crm.deal.add", status=status, taken=True))
    box.faults.add(Fault(kind, match="crm.deal.add", status=status))
    assert [api.post("crm.deal.add", {"fields": {}}).status_code for _ in range(3)] == [status, status, 200]
    assert len(box.portal.items[2]) == 2


def test_the_vendors_error_and_a_body_of_ones_own(api, box):
    box.faults.add(Fault("error", status=500))
    box.faults.add(Fault("error", status=401, body={"error": "expired_token", "error_description": "x"}))
    assert api.refused("profile")[:2] == (500, "INTERNAL_SERVER_ERROR")
    assert api.refused("profile")[:2] == (401, "expired_token")


def test_half_an_answer_and_a_hang(api, box):
    box.faults.add(Fault("truncated", match="crm.deal.fields"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.post("crm.deal.fields")
    box.faults.add(Fault("hang", match="profile", seconds=65))
    with pytest.raises(requests.exceptions.ConnectionError):
        api.post("profile")
    assert box.clock.monotonic() == 65


def test_faults_name_batches(api, box):
    box.faults.add(Fault("html", match="batch"))
    assert api.post("profile").status_code == 200
    assert api.post("batch", {"cmd": {"a": "profile"}}).status_code == 502


def test_control_over_http(api, box):
    def control(verb, path, body=None):
        return api.session.request(verb, f"{box.control_url}{path}", json=body, timeout=10).json()

    number = api.deal()
    about = control("GET", "/")
    assert about["vendor"] == "bitrix24"
    assert about["tokens"]["user:1"] == box.tokens["admin"]
    assert control("POST", "/clock", {"advance": {"days": 7}})["now"].startswith("2025-03-10T06:00")
    control(
        "POST",
        "/act",
        {"action": "set_fields", "user": "user:4", "item": number, "values": {"title": "Иначе"}},
    )
    assert control("GET", f"/state/deals/{number}")["TITLE"] == "Иначе"
    assert [one["id"] for one in control("GET", "/state/departments")] == [1, 2, 3]
    assert "no collection" in control("GET", "/state/nonsense")["error"]
    assert "no action" in control("POST", "/act", {"action": "nonsense"})["error"]
    assert (
        "no field"
        in control("POST", "/act", {"action": "set_fields", "user": 4, "item": number, "values": {"x": 1}})[
            "error"
        ]
    )
    assert control("GET", "/requests")[0]["operation"] == "crm.item.add"
    control("POST", "/seed", {"seed": "deals", "deals": 7})
    assert api.answer("crm.deal.list")["total"] == 7
    control("POST", "/reset")
    assert api.call("server.time") == "2025-03-03T09:00:00+03:00"


def test_people_act(box, api):
    number = box.act.create("user:4", title="Вручную", opportunity=5)
    box.act.assign("user:1", number, "user:5")
    box.act.set_fields("user:5", number, {"UF_CRM_SNOOZE_UNTIL": "2025-04-01"})
    found = api.call("crm.deal.get", id=number)
    assert (found["ASSIGNED_BY_ID"], found["CREATED_BY_ID"], found["MODIFY_BY_ID"]) == ("5", "4", "5")
    assert found["UF_CRM_SNOOZE_UNTIL"] == "2025-04-01T03:00:00+03:00"
    with pytest.raises(ValueError, match="Invalid value"):
        box.act.set_stage("user:4", number, "NOPE")
    with pytest.raises(ValueError, match="no value"):
        box.act.set_fields("user:4", number, {"closedate": "someday"})
    with pytest.raises(LookupError, match="no user"):
        box.act.comment("user:999", number, "x")
    box.act.delete("user:5", number)
    with pytest.raises(LookupError, match="no deal"):
        box.act.comment("user:4", number, "x")


def test_stale_deals_tell_the_same_story_every_time(bench):
    boxes = [bench.box("stale_deals", deals=200, stalled=61) for _ in range(2)]
    first, second = (list(box.portal.items[2]) for box in boxes)
    assert first == second
    now = boxes[0].portal.now()
    kinds = boxes[0].portal.processes
    assert len(first) == 200
    assert kinds.templates
    touched = {row["ID"]: row["DATE_MODIFY"] for row in first}
    for table in (boxes[0].portal.comments, boxes[0].portal.activities):
        for row in table:
            owner = row.get("ENTITY_ID") or row["OWNER_ID"]
            touched[owner] = max(touched[owner], row["CREATED"])
    idle = [number for number, at in touched.items() if now - at > 15 * 86400]
    assert len(idle) == 61
    assert {row["ASSIGNED_BY_ID"] for row in first} <= set(range(4, 15))


def test_configuration_for_crmkit(bench):
    box = bench.box("stale_deals", deals=5, stalled=1)
    config = box.portal_config
    assert config["provider"] == "bitrix24"
    assert config["deals"]["stages"]["refused"] == {"id": "LOSE", "name": "Отказ"}
    assert config["token"] == box.tokens["robot"]


def test_wrong_seeds_and_options():
    with pytest.raises(ValueError, match="no seed"):
        Sandbox.bitrix24("nonsense")
    with pytest.raises(ValueError, match="no such option"):
        Sandbox.bitrix24("deals", nonsense=5)
