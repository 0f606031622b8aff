"""From a person's change in the account to a typed event: scenario, real HTTP, guard, parser, queue."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from crmkit.planfix import Planfix
from crmkit.planfix.models import CustomField
from crmkit.planfix.scenario import Place, setup_request
from crmkit.planfix.webhooks import ByHeader, ByHmac, ByPath, Event, Guard, parse
from crmkit.sandbox import Sandbox
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox

SECRET = "s3cret-s3cret-s3cret-s3cret"
MINUTE = 60.0


class Handler(ThreadingHTTPServer):
    """What a handler has to be: it answers 200 at once, whoever asks, and queues what it believes."""

    daemon_threads = True

    def __init__(self, guard: Guard) -> None:
        super().__init__(("127.0.0.1", 0), _Answerer)
        self.url = f"http://127.0.0.1:{self.server_port}/hooks"
        self.guard = guard
        self.events: list[Event] = []
        self.refused: list[str] = []
        self.answers: list[int] = []
        self._loop = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._loop.start()

    def close(self) -> None:
        self.shutdown()
        self._loop.join()
        self.server_close()


class _Answerer(BaseHTTPRequestHandler):
    server: Handler

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = dict(self.headers.items())
        if self.server.guard.accepts(self.path, headers, body):
            query = self.path.partition("?")[2]
            self.server.events.append(parse(body, headers.get("Content-Type", ""), query=query))
        else:
            self.server.refused.append(self.path)
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


GUARDS: dict[Any, Guard] = {"path": ByPath(SECRET), "header": ByHeader(SECRET), "hmac": ByHmac(SECRET)}


@pytest.fixture
def handler(request: pytest.FixtureRequest) -> Iterator[Handler]:
    handler = Handler(getattr(request, "param", GUARDS["header"]))
    yield handler
    handler.close()


def scenario(box: PlanfixSandbox, handler: Handler, secret: str = SECRET, **options: Any) -> None:
    """Build the scenario as ``crmkit setup`` says, with the secret where SECRET stands."""
    proof = next(name for name, guard in GUARDS.items() if type(guard) is type(handler.guard))
    told = setup_request(Place("object", 1, "Сделка"), handler.url, proof, event="touched")
    request = {
        "url": told.url.replace("SECRET", secret),
        "headers": {name: value.replace("SECRET", secret) for name, value in told.headers.items()},
        "form": dict(told.form),
    }
    box.act.add_scenario("crmkit", **({"events": ["changed"], "request": request} | options))


def deal(box: PlanfixSandbox, **values: Any) -> int:
    return box.act.create_task("user:4", values.get("name", "Сделка"))


@pytest.mark.parametrize("handler", GUARDS.values(), ids=GUARDS, indirect=True)
def test_the_instructions_of_setup_work_as_they_are_told(box: PlanfixSandbox, handler: Handler) -> None:
    task = deal(box)
    scenario(box, handler, object=1, but_by=["user:90", "user:91"])
    box.act.set_status("user:4", task, 2)
    assert box.act.deliver()
    (event,) = handler.events
    assert (event.task_id, event.name, event.problem) == (task, "touched", "")
    assert handler.refused == []


@pytest.mark.parametrize("handler", GUARDS.values(), ids=GUARDS, indirect=True)
def test_who_has_another_secret_is_not_believed_and_stalls_nobody(
    box: PlanfixSandbox, handler: Handler
) -> None:
    scenario(box, handler, secret="an0ther-an0ther-an0ther")
    box.act.set_status("user:4", deal(box), 2)
    assert box.act.deliver()
    assert (handler.events, len(handler.refused)) == ([], 1)
    (sent,) = box.account.automation.deliveries
    assert (sent.state, len(sent.attempts)) == ("delivered", 1)


def test_a_signature_is_good_for_its_task_and_event_only(box: PlanfixSandbox) -> None:
    handler = Handler(GUARDS["hmac"])
    try:
        told = setup_request(Place("object", 1), handler.url, "hmac", event="touched")
        signed = {name: value.replace("SECRET", SECRET) for name, value in told.headers.items()}
        other = {"task": "{{Задача.Номер}}", "event": "something else"}
        request = {"url": told.url, "headers": signed, "form": other}
        box.act.add_scenario("x", events=["changed"], request=request)
        box.act.set_status("user:4", deal(box), 2)
        assert box.act.deliver()
        assert (handler.events, len(handler.refused)) == ([], 1)
    finally:
        handler.close()


def test_json_typed_by_hand_with_quotes_that_nothing_escapes(box: PlanfixSandbox, handler: Handler) -> None:
    fields = {"amount": CustomField(id=109, name="Сумма", type=1)}
    told = setup_request(Place("object", 1), handler.url, "header", event="touched", fields=fields)
    body = told.template.replace("{\n", '{\n  "name": "{{Задача.Название}}",\n', 1)
    request = {
        "url": told.url,
        "body": body,
        "headers": {"Content-Type": "application/json", "X-Crmkit-Secret": SECRET},
    }
    box.act.add_scenario("JSON", events=["changed"], request=request)
    task = deal(box, name='ООО "Волга", "Кама"\nи К°')
    box.act.set_fields("user:4", task, {109: 5000})
    assert box.act.deliver()
    (event,) = handler.events
    assert (event.task_id, event.name) == (task, "touched")
    assert event.values["name"] == 'ООО "Волга", "Кама"\nи К°'
    assert event.number("amount") == 5000


def test_lists_come_as_texts_and_placeholders_stay(box: PlanfixSandbox, handler: Handler) -> None:
    form = {
        "task": "{{Задача.Номер}}",
        "event": "touched",
        "tags": "[{{Задача.Метка}}]",
        "made": "%%%JSONARRAY({{Задача.Метка}})%%%",
        "nobody": "{{Задача.Нет такого}}",
    }
    request = {"url": handler.url, "form": form, "headers": {"X-Crmkit-Secret": SECRET}}
    box.act.add_scenario("Списки", events=["changed"], request=request)
    task = deal(box)
    box.act.set_fields("user:4", task, {102: ["VIP", "Тендер"]})
    assert box.act.deliver()
    (event,) = handler.events
    assert event.items("tags") == event.items("made") == ("VIP", "Тендер")
    assert event.unresolved == ("nobody",)
    assert "nobody" not in event.values


def test_a_scenario_of_another_object_names_no_task(box: PlanfixSandbox, handler: Handler) -> None:
    form = {"task": "{{Сделка.Номер}}", "event": "touched"}
    request = {"url": handler.url, "form": form, "headers": {"X-Crmkit-Secret": SECRET}}
    box.act.add_scenario("Опечатка", events=["changed"], request=request)
    box.act.set_status("user:4", deal(box), 2)
    assert box.act.deliver()
    (event,) = handler.events
    assert event.task_id is None
    assert "was not filled in" in event.problem


def test_the_ladder_and_the_block_and_what_is_a_repeat(box: PlanfixSandbox, handler: Handler) -> None:
    """The answer was no 200 although the event was taken: it comes again, and is known by its key."""
    scenario(box, handler)
    first, second = deal(box), deal(box)
    handler.answers = [500, 200, 503, 503]
    box.act.set_status("user:4", first, 2)
    assert box.act.deliver()
    box.act.set_status("user:4", second, 2)
    assert box.act.deliver()
    assert [event.task_id for event in handler.events] == [first]  # for three minutes nothing leaves
    box.clock.advance(minutes=3)
    assert box.act.deliver()
    assert [event.task_id for event in handler.events] == [first, second]
    box.clock.advance(minutes=12)
    assert box.act.deliver()
    box.clock.advance(minutes=30)
    assert box.act.deliver()
    box.clock.advance(hours=1)
    assert box.act.deliver()
    assert [event.task_id for event in handler.events] == [first, second, first, first, first]
    keys = [event.key for event in handler.events]
    assert len(set(keys)) == 2
    assert keys[0] == keys[2] == keys[3] == keys[4] != keys[1]
    (sent, _) = box.account.automation.deliveries
    after = [one.at - sent.attempts[0].at for one in sent.attempts]
    assert after == [0, 15 * MINUTE, 45 * MINUTE, 105 * MINUTE]
    assert [one.status for one in sent.attempts] == [500, 503, 503, 200]


def test_an_outage_longer_than_the_ladder_loses_the_event(box: PlanfixSandbox, handler: Handler) -> None:
    scenario(box, handler)
    handler.answers = [500] * 5
    box.act.set_status("user:4", deal(box), 2)
    for _ in range(6):
        assert box.act.deliver()
        box.clock.advance(hours=1)
    (sent,) = box.account.automation.deliveries
    assert (sent.state, len(sent.attempts)) == ("given up", 5)
    box.clock.advance(days=2)
    assert box.act.deliver()
    assert len(handler.events) == 5


def test_a_burst_is_one_event_if_the_scenario_waits(box: PlanfixSandbox, handler: Handler) -> None:
    task = deal(box)
    scenario(box, handler, delay=60, debounce=True)
    for number in range(52):
        box.act.rename("user:4", task, f"Правка {number}")
        box.clock.advance(seconds=5)
    box.clock.advance(seconds=60)
    assert box.act.deliver()
    assert [event.task_id for event in handler.events] == [task]


def test_what_the_client_itself_writes_starts_nothing(handler: Handler) -> None:
    with (
        Sandbox.planfix(seed="empty", strict_limits=False) as box,
        Planfix(box.url, token=box.tokens["robot"], clock=box.clock) as planfix,
    ):
        task = deal(box)
        scenario(box, handler, but_by=["user:90", "user:91"])
        planfix.tasks.update(task, name="Наше")
        box.act.rename("user:4", task, "Чужое")
        assert box.act.deliver()
        assert len(handler.events) == 1


@pytest.mark.parametrize("handler", GUARDS.values(), ids=GUARDS, indirect=True)
def test_a_new_company_is_told_as_setup_says(box: PlanfixSandbox, planfix: Planfix, handler: Handler) -> None:
    proof = next(name for name, guard in GUARDS.items() if type(guard) is type(handler.guard))
    told = setup_request(Place("companies"), handler.url, proof, event="company_changed")
    request = {
        "url": told.url.replace("SECRET", SECRET),
        "headers": {name: value.replace("SECRET", SECRET) for name, value in told.headers.items()},
        "form": dict(told.form),
    }
    box.act.add_scenario("Компании", events=["created", "changed"], about="company", request=request)
    made = planfix.contacts.create(name="ООО «Волга»", is_company=True)
    planfix.contacts.create(name="Анна")
    assert box.act.deliver()
    (event,) = handler.events
    assert (event.task_id, event.contact_id, event.name) == (None, made.id, "company_changed")
    assert event.problem == ""
