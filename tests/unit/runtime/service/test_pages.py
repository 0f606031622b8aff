"""What the service shows: numbers for Prometheus, its health, calendars at secret addresses; and its log."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from crmkit.exceptions import NotFound, StoreError
from crmkit.runtime.engine import open_engine
from crmkit.runtime.engine.port import Engine, Health
from crmkit.runtime.service.counts import Counts, Outcome, prometheus
from crmkit.runtime.service.logs import logging_to
from crmkit.runtime.service.receiver import Receiver


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = open_engine("sqlite://", "inline")
    engine.start()
    yield engine
    engine.stop()


def get(receiver: Receiver, path: str) -> tuple[int, dict[str, str], str]:
    return asyncio.run(_get(receiver, path))


async def _get(receiver: Receiver, path: str) -> tuple[int, dict[str, str], str]:
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    await receiver.app(scope, receive, send)
    headers = {key.decode(): value.decode() for key, value in said[0]["headers"]}
    return said[0]["status"], headers, b"".join(one.get("body", b"") for one in said[1:]).decode()


def test_the_numbers_are_in_the_format_of_prometheus(engine: Engine) -> None:
    counts = Counts()
    counts.add("main", Outcome.ACCEPTED, 0.004)
    counts.add("main", Outcome.ACCEPTED, 0.3)
    counts.add('odd "name"\\', Outcome.REFUSED, 9.0)
    lines = prometheus(counts, engine.counters()).splitlines()
    assert 'crmkit_requests_total{portal="main",outcome="accepted"} 2' in lines
    assert r'crmkit_requests_total{portal="odd \"name\"\\",outcome="refused"} 1' in lines
    assert 'crmkit_answer_seconds_bucket{le="0.005"} 1' in lines
    assert 'crmkit_answer_seconds_bucket{le="0.5"} 2' in lines
    assert 'crmkit_answer_seconds_bucket{le="+Inf"} 3' in lines
    assert "crmkit_answer_seconds_count 3" in lines
    assert 'crmkit_engine_total{what="dead"} 0' in lines
    assert "crmkit_dead_letters 0" in lines
    named = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert len(named) == sum(line.startswith("# TYPE") for line in lines)


def test_the_pages_of_a_service_that_works_and_of_one_that_does_not(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = Receiver(engine, {})
    assert get(receiver, "/health")[::2] == (200, '{"ok":true,"problem":""}')
    status, headers, text = get(receiver, "/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert "crmkit_waiting 0" in text

    def broken() -> Any:
        raise StoreError("the disk is full")

    monkeypatch.setattr(engine, "health", lambda: Health(ok=False, problem="events cannot be written down"))
    monkeypatch.setattr(engine, "counters", broken)
    assert get(receiver, "/health")[0] == 503
    assert get(receiver, "/metrics")[::2] == (503, "# the disk is full\n")


def test_calendars_are_shown_to_who_knows_the_address(engine: Engine) -> None:
    def calendar(portal: str, recipe: str, token: str) -> bytes:
        if token == "broken":
            raise StoreError("the disk is full")
        if (portal, recipe, token) != ("main", "next_step", "abc.def"):
            raise NotFound("there is no calendar at this address")
        return b"BEGIN:VCALENDAR"

    receiver = Receiver(engine, {}, calendar=calendar)
    status, headers, text = get(receiver, "/calendar/main/next_step/abc.def.ics")
    assert (status, text) == (200, "BEGIN:VCALENDAR")
    assert headers["content-type"] == "text/calendar; charset=utf-8"
    assert get(receiver, "/calendar/main/next_step/abc.xyz.ics")[0] == 404
    assert get(receiver, "/calendar/main/next_step/broken.ics")[0] == 503
    assert get(Receiver(engine, {}), "/calendar/main/next_step/abc.def.ics")[0] == 404


def test_the_log_is_a_document_per_line_without_secrets() -> None:
    stream = io.StringIO()
    log = logging.getLogger("crmkit.service")
    with logging_to(lambda text: text.replace("s3cret", "***"), stream):
        log.info("event", extra={"facts": {"portal": "main", "why": "строка\nи s3cret"}})
        try:
            raise RuntimeError("with s3cret inside")
        except RuntimeError:
            log.exception("failed")
        log.debug("not told")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(one["message"], one["level"]) for one in lines] == [("event", "info"), ("failed", "error")]
    assert lines[0]["why"] == "строка\nи ***"
    assert lines[1]["exception"] == "RuntimeError"
    assert "inside" not in stream.getvalue()
    log.info("after the end")
    assert len(stream.getvalue().splitlines()) == 2
