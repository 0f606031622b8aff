"""Applications against the emulated portal over HTTP: tokens, events, the offline queue, REST 3.0."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, NamedTuple

import pytest

from crmkit.bitrix24 import Bitrix24, Event, MemoryTokens, Tokens
from crmkit.bitrix24.v3 import any_of, condition
from crmkit.exceptions import ApiError, AuthenticationError, PermissionDenied, ValidationError
from crmkit.sandbox import Sandbox
from crmkit.sandbox.faults import Fault


class App(NamedTuple):
    box: Any
    b24: Bitrix24
    store: MemoryTokens


def installed(box: Any, stack: ExitStack) -> App:
    """An application with tokens, as if its installation were finished."""
    token = box.app_token()
    origin = box.oauth_url.removesuffix("/oauth/token/")
    store = MemoryTokens(Tokens(token.access, token.refresh, endpoint=f"{origin}/rest/"))
    client = Bitrix24.oauth(
        client_id=box.app.client_id,
        client_secret=box.app.client_secret,
        store=store,
        auth_server=origin,
        clock=box.clock,
        random=lambda: 0.0,
        workers=1,
    )
    return App(box, stack.enter_context(client), store)


@pytest.fixture
def app() -> Iterator[App]:
    with ExitStack() as stack:
        box: Any = stack.enter_context(Sandbox.bitrix24(seed="deals", deals=20))
        yield installed(box, stack)


@pytest.fixture
def webhook(app: App) -> Iterator[Bitrix24]:
    with Bitrix24(app.box.url, clock=app.box.clock, random=lambda: 0.0, workers=1) as client:
        yield client


# Tokens


def test_tokens_are_renewed_when_the_portal_says_so(app: App) -> None:
    box, b24, store = app
    first = store.load()
    box.clock.advance(minutes=59)
    assert b24.deals.get(1).id == 1
    assert store.load() == first, "never by the clock"
    box.clock.advance(hours=3)
    result = b24.deals.update_many([(n, {"title": "x"}) for n in range(1, 21)])
    assert len(result.done) == 20
    assert box.portal.refreshes == 1
    second = store.load()
    assert first is not None
    assert second is not None
    assert second.refresh_token != first.refresh_token
    assert b24.member_id == second.member_id == box.portal.member_id


def test_many_threads_with_an_expired_token_refresh_once(app: App) -> None:
    box, b24, _ = app
    box.clock.advance(hours=3)
    found: list[int] = []
    threads = [threading.Thread(target=lambda n=n: found.append(b24.deals.get(n).id)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [*range(1, 9)]
    assert box.portal.refreshes == 1


def test_a_withdrawn_application_is_told_so(app: App) -> None:
    box, b24, _ = app
    box.portal.tokens.clear()
    with pytest.raises(AuthenticationError):
        b24.deals.get(1)


# Online events


class Handler:
    """A web server of the integrator's that keeps what it is told."""

    def __init__(self) -> None:
        told = self.told = list[bytes]()

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def handler() -> Iterator[Handler]:
    one = Handler()
    yield one
    one.close()


def test_events_are_bound_told_verified_and_unbound(app: App, handler: Handler) -> None:
    box, b24, _ = app
    b24.events.bind("ONCRMDEALUPDATE", handler.url)
    assert [(one.event, one.handler) for one in b24.events.list()] == [("ONCRMDEALUPDATE", handler.url)]
    with pytest.raises(ApiError, match="already"):
        b24.events.bind("ONCRMDEALUPDATE", handler.url)
    box.act.set_fields("user:4", 7, {"title": "сменили"})
    box.portal.events.wait()
    (body,) = handler.told
    event = Event.from_form(body)
    event.verify(box.app.application_token)
    with pytest.raises(AuthenticationError):
        event.verify("another")
    assert (event.name, event.object_id, event.member_id) == ("ONCRMDEALUPDATE", 7, box.portal.member_id)
    assert event.moment is not None
    assert abs(event.moment - box.clock.now()) < timedelta(seconds=2)
    assert b24.events.unbind("ONCRMDEALUPDATE", handler.url) == 1
    assert b24.events.list() == ()


def test_a_task_event_names_its_task(app: App, handler: Handler) -> None:
    box, b24, _ = app
    b24.events.bind("ONTASKADD", handler.url)
    task = b24.tasks.create("x", 4)
    box.portal.events.wait()
    assert [Event.from_form(body).object_id for body in handler.told] == [task.id]


def test_a_webhook_may_not_subscribe(webhook: Bitrix24) -> None:
    with pytest.raises(PermissionDenied):
        webhook.events.bind("ONCRMDEALUPDATE", "http://127.0.0.1:1/")


# The offline queue


def test_the_offline_queue_is_taken_and_acknowledged(app: App) -> None:
    box, b24, _ = app
    b24.events.bind_offline("ONCRMDEALUPDATE")
    for _ in range(3):
        box.act.set_fields("user:4", 7, {"title": f"x{box.clock.monotonic()}"})
        box.clock.advance(minutes=1)
    box.act.set_fields("user:5", 8, {"title": "y"})
    first = b24.events.take(limit=1)
    assert [one.event_data["FIELDS"]["ID"] for one in first.events] == [7], "one row per object"
    assert first.events[0].user_id == 4
    again = b24.events.take(process_id=first.process_id)
    assert again.events == first.events, "after a crash the same once more"
    b24.events.done(first)
    second = b24.events.take()
    assert [one.event_data["FIELDS"]["ID"] for one in second.events] == [8]
    b24.events.failed(second)
    assert b24.events.take().events == ()
    assert b24.events.unbind("ONCRMDEALUPDATE", offline=True) == 1


def test_a_connector_does_not_hear_itself(app: App) -> None:
    box, b24, _ = app
    b24.events.bind_offline("ONCRMDEALUPDATE", connector="crmkit")
    b24.call(
        "crm.item.update",
        {"entityTypeId": 2, "id": 7, "fields": {"title": "ours"}, "auth_connector": "crmkit"},
    )
    box.act.set_fields("user:4", 8, {"title": "theirs"})
    taken = b24.events.take(connector="crmkit")
    assert [one.event_data["FIELDS"]["ID"] for one in taken.events] == [8]


# REST 3.0


def test_tasks_by_rest_3(webhook: Bitrix24, app: App) -> None:
    for client in (webhook, app.b24):
        made = client.call_v3("tasks.task.add", {"fields": {"title": "v3", "responsibleId": 4}})["item"]
        got = client.call_v3(
            "tasks.task.get", {"id": made["id"], "select": ["id", "title", "responsible.name"]}
        )
        assert (got["item"]["title"], type(got["item"]["id"])) == ("v3", int)
        assert got["item"]["responsible"]["name"]
        client.call_v3("tasks.task.update", {"id": made["id"], "fields": {"title": "neu"}})
        assert client.tasks.get(made["id"]).title == "neu", "the same task by REST 2"
        client.call_v3("tasks.task.delete", {"id": made["id"]})
        with pytest.raises(ApiError) as caught:
            client.call_v3("tasks.task.get", {"id": made["id"]})
        assert "NOTFOUND" in caught.value.code


def test_a_list_of_rest_3_is_walked_page_by_page(webhook: Bitrix24) -> None:
    commands = [("tasks.task.add", {"fields": {"title": f"t{n % 3}", "responsibleId": 4}}) for n in range(25)]
    assert len(webhook.v3.batch(commands).done) == 25
    ids = [row["id"] for row in webhook.v3.list("tasks.task.list", {"select": ["title"]}, size=10)]
    assert ids == sorted(ids)
    assert len(ids) == 25
    wanted = any_of(condition("title", "=", "t0"), condition("title", "=", "t1"))
    rows = list(webhook.v3.list("tasks.task.list", {"select": ["title"], "filter": [wanted]}, size=10))
    assert {row["title"] for row in rows} == {"t0", "t1"}
    between = {"filter": [condition("id", "between", [ids[3], ids[5]])]}
    assert [row["id"] for row in webhook.v3.list("tasks.task.list", between)] == ids[3:6]


def test_errors_of_rest_3_name_the_field(webhook: Bitrix24) -> None:
    with pytest.raises(ValidationError, match="title") as caught:
        webhook.call_v3("tasks.task.add", {"fields": {"responsibleId": 4}})
    assert caught.value.raw is not None
    with pytest.raises(ApiError, match="no_such"):
        webhook.call_v3("tasks.task.list", {"select": ["no_such"]})


def test_a_lost_answer_of_rest_3_is_asked_for_again(app: App, webhook: Bitrix24) -> None:
    app.box.faults.add(Fault("drop_answer", "tasks.task.add"))
    made = webhook.call_v3("tasks.task.add", {"fields": {"title": "once", "responsibleId": 4}})
    assert [task.id for task in webhook.tasks.list()] == [made["item"]["id"]]
    app.box.faults.add(Fault("drop_answer", "batch"))
    lost = webhook.v3.batch([("tasks.task.add", {"fields": {"title": "x", "responsibleId": 4}})])
    assert len(lost.unknown) == 1


def test_a_key_of_ones_own_holds_for_a_day(app: App, webhook: Bitrix24) -> None:
    def add(title: str) -> Any:
        fields = {"title": title, "responsibleId": 4}
        return webhook.call_v3("tasks.task.add", {"fields": fields}, idempotency_key="round-1")["item"]["id"]

    first = add("once")
    assert add("once") == first
    with pytest.raises(ApiError):
        add("another body")
    app.box.clock.advance(hours=25)
    assert add("once") != first


def test_the_portals_own_description(webhook: Bitrix24) -> None:
    told = webhook.v3.openapi()
    assert told["openapi"]
    assert "/tasks.task.add" in told["paths"]
