"""Online events to a handler on this machine, and the offline queue."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl

import pytest

from crmkit.sandbox import Fault


class Listener:
    """A handler's side: keeps what it was told, in order; answers as it is told to."""

    def __init__(self) -> None:
        self.told: list[dict[str, str]] = []
        self.status = 200
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
                listener.told.append(dict(parse_qsl(body)))
                self.send_response(listener.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def heard(self, box) -> list[tuple[str, str]]:
        box.portal.events.wait()
        told, self.told = self.told, []
        return [(one["event"], one.get("data[FIELDS][ID]", "")) for one in told]


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def app(bench, box):
    return bench.app(box)


def test_what_an_application_is_told(app, api, box, listener):
    assert app.call("event.bind", event="onCrmDealAdd", handler=listener.url) is True
    number = api.deal()
    box.portal.events.wait()
    (told,) = listener.told
    assert told["event"] == "ONCRMDEALADD"
    assert told["data[FIELDS][ID]"] == str(number)
    assert told["ts"] == str(box.portal.now())
    assert told["auth[application_token]"] == box.app.application_token
    assert told["auth[member_id]"] == box.portal.member_id
    assert (
        app.session.get(
            f"{told['auth[client_endpoint]']}profile", params={"auth": told["auth[access_token]"]}, timeout=10
        ).json()["result"]["ID"]
        == "1"
    )
    assert not [key for key in told if "TITLE" in key]


def test_the_same_thing_within_a_request_is_told_once_across_requests_every_time(app, api, box, listener):
    number = api.deal()
    app.call("event.bind", event="ONCRMDEALUPDATE", handler=listener.url)
    api.batch({f"c{place}": f"crm.deal.update?id={number}&fields[TITLE]={place}" for place in range(3)})
    assert listener.heard(box) == [("ONCRMDEALUPDATE", str(number))]
    for place in range(3):
        app.call("crm.deal.update", id=number, fields={"TITLE": f"x{place}"})
    assert listener.heard(box) == [("ONCRMDEALUPDATE", str(number))] * 3


def test_a_handler_that_fails_is_not_told_again(app, api, box, listener):
    app.call("event.bind", event="ONCRMDEALADD", handler=listener.url)
    listener.status = 500
    api.deal()
    assert len(listener.heard(box)) == 1
    assert box.portal.events.deliveries[-1].status == 500
    box.clock.advance(hours=1)
    assert listener.heard(box) == []


def test_events_may_get_lost_doubled_and_out_of_order(app, api, box, listener):
    app.call("event.bind", event="ONCRMDEALADD", handler=listener.url)
    for kind in ("drop_event", "duplicate_event", "hold_event"):
        box.faults.add(Fault(kind, match="ONCRMDEALADD"))
    numbers = [str(api.deal()) for _ in range(4)]
    assert [number for _, number in listener.heard(box)] == [numbers[1], numbers[1], numbers[3], numbers[2]]


def test_what_fires_what(app, api, box, listener):
    events = ("ADD", "UPDATE", "DELETE", "MOVETOCATEGORY")
    for event in events:
        app.call("event.bind", event=f"ONCRMDEAL{event}", handler=listener.url)
    number = api.call("crm.item.import", entityTypeId=2, fields={"title": "x"})["item"]["id"]
    assert listener.heard(box) == [("ONCRMDEALADD", str(number))]
    api.call("crm.item.update", entityTypeId=2, id=number, fields={"title": "x"})
    assert listener.heard(box) == []
    box.clock.advance(minutes=1)
    box.act.call_in(number)
    assert listener.heard(box) == [("ONCRMDEALUPDATE", str(number))]
    api.call("crm.item.update", entityTypeId=2, id=number, fields={"categoryId": 1})
    assert ("ONCRMDEALMOVETOCATEGORY", str(number)) in listener.heard(box)
    api.call("crm.deal.delete", id=number)
    assert listener.heard(box) == [("ONCRMDEALDELETE", str(number))]


def test_tasks_say_undefined(app, api, box, listener):
    for event in ("ONTASKADD", "ONTASKUPDATE", "ONTASKDELETE"):
        app.call("event.bind", event=event, handler=listener.url)
    task = api.call("tasks.task.add", fields={"TITLE": "t", "RESPONSIBLE_ID": 4})["task"]["id"]
    api.call("tasks.task.update", taskId=task, fields={"TITLE": "u"})
    api.call("tasks.task.delete", taskId=task)
    box.portal.events.wait()
    added, updated, deleted = listener.told
    assert (added["data[FIELDS_BEFORE]"], added["data[FIELDS_AFTER][ID]"]) == ("undefined", task)
    assert (updated["data[FIELDS_BEFORE][ID]"], updated["data[FIELDS_AFTER][ID]"]) == (task, task)
    assert deleted["data[FIELDS_AFTER]"] == "undefined"


def test_an_outgoing_webhook_made_by_hand_carries_no_tokens(api, box, listener):
    token = box.act.outgoing_webhook(listener.url, "ONCRMDEALADD")
    api.deal()
    box.portal.events.wait()
    (told,) = listener.told
    assert told["auth[application_token]"] == token
    assert "auth[access_token]" not in told


def test_people_in_the_portal_fire_events_too(api, box, listener):
    box.act.outgoing_webhook(listener.url, "ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMTIMELINECOMMENTADD")
    number = box.act.create("user:4", title="Вручную")
    box.act.set_stage("user:4", number, "PREPARATION")
    box.act.comment("user:4", number, "Позвонил")
    assert [event for event, _ in listener.heard(box)] == [
        "ONCRMDEALADD",
        "ONCRMDEALUPDATE",
        "ONCRMTIMELINECOMMENTADD",
    ]


def test_smart_processes_name_their_type(app, api, box, listener):
    box.portal.add_smart_process(1042, 7, "Ремонт")
    api.call("crm.category.add", entityTypeId=1042, fields={"name": "Основная"})
    category = api.call("crm.category.list", entityTypeId=1042)["categories"][0]["id"]
    app.call("event.bind", event="ONCRMDYNAMICITEMADD", handler=listener.url)
    api.call("crm.item.add", entityTypeId=1042, fields={"title": "Р", "categoryId": category})
    box.portal.events.wait()
    assert listener.told[0]["data[FIELDS][ENTITY_TYPE_ID]"] == "1042"


def test_subscriptions(app, api, box, listener):
    assert api.refused("event.bind", event="ONCRMDEALADD", handler=listener.url)[:2] == (
        403,
        "WRONG_AUTH_TYPE",
    )
    app.call("event.bind", event="ONCRMDEALADD", handler=listener.url)
    assert app.refused("event.bind", event="ONCRMDEALADD", handler=listener.url)[1] == "ERROR_CORE"
    assert app.refused("event.bind", event="ONNOSUCH", handler=listener.url)[1] == "ERROR_EVENT_NOT_FOUND"
    assert app.refused("event.bind", event="ONCRMDEALADD", handler="http://nodots/")[1] == "ERROR_ARGUMENT"
    assert "127.0.0.1" in app.refused("event.bind", event="ONCRMDEALADD", handler="https://example.com/")[2]
    assert app.call("event.get") == [
        {"event": "ONCRMDEALADD", "handler": listener.url, "auth_type": "0", "offline": 0}
    ]
    assert "ONCRMDEALADD" in app.call("events")
    assert app.call("event.unbind", event="ONCRMDEALADD", handler=listener.url) == {"count": 1}
    api.deal()
    assert listener.heard(box) == []


def test_the_offline_queue_keeps_the_last_state_until_it_is_taken(app, api, box):
    app.call("event.bind", event="ONCRMDEALUPDATE", event_type="offline")
    number = api.deal()
    for title in ("a", "b"):
        api.call("crm.deal.update", id=number, fields={"TITLE": title})
        box.clock.advance(seconds=5)
    app.call("crm.deal.update", id=number, fields={"TITLE": "own"})  # its own doings are not told
    assert app.answer("event.offline.list")["total"] == 1
    told = app.call("event.offline.get", clear=0)
    (row,) = told["events"]
    assert row["EVENT_DATA"] == {"FIELDS": {"ID": number}}
    assert row["EVENT_ADDITIONAL"] == {"user_id": "1"}
    assert row["TIMESTAMP_X"] == "2025-03-03T09:00:05+03:00"
    assert app.call("event.offline.get", clear=0)["events"] == []
    api.call("crm.deal.update", id=number, fields={"TITLE": "c"})
    assert len(box.portal.events.queue) == 2  # a reserved row is not touched
    again = app.call("event.offline.get", clear=0, process_id=told["process_id"])
    assert [one["ID"] for one in again["events"]] == [row["ID"]]
    assert (
        app.call("event.offline.clear", process_id=told["process_id"], message_id=[row["MESSAGE_ID"]]) is True
    )
    assert len(app.call("event.offline.get")["events"]) == 1  # without clear=0 it is gone at once
    assert app.call("event.offline.get")["events"] == []


def test_the_offline_queue_forgets_marks_errors_and_costs_extra(app, api, box, bench):
    app.call("event.bind", event="ONCRMDEALADD", event_type="offline")
    api.deal()
    process = app.call("event.offline.get", clear=0)["process_id"]
    assert app.call("event.offline.error", process_id=process) is True
    assert app.call("event.offline.get", clear=0, process_id=process)["events"] == []
    assert app.refused("event.offline.clear")[1] == "PROCESS_ID_REQUIRED"
    api.deal()
    box.clock.advance(days=35)
    app = bench.app(box)  # the old token has expired long ago
    assert app.call("event.offline.get")["events"] == []
    assert app.call("event.unbind", event="ONCRMDEALADD", event_type="offline") == {"count": 1}
    cheap = bench.app(bench.box(offline_extended=False))
    assert cheap.refused("event.offline.get", clear=0)[:2] == (403, "WRONG_LICENSE")
    manager = bench.app(box, 4)
    assert manager.refused("event.bind", event="ONCRMDEALADD", event_type="offline")[0] == 403


def test_a_connector_separates_queues(app, api, box):
    app.call("event.bind", event="ONCRMDEALADD", event_type="offline", auth_connector="one")
    app.call("crm.deal.add", fields={"TITLE": "own"}, auth_connector="one")
    app.call("crm.deal.add", fields={"TITLE": "other"}, auth_connector="two")
    assert app.call("event.offline.get")["events"] == []
    assert len(app.call("event.offline.get", auth_connector="one")["events"]) == 1
