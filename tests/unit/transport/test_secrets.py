"""No way of failing shows a secret: not in the exception, its chain and traceback, not in a log or a repr."""

from __future__ import annotations

import gc
import json
import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests

from crmkit.clock import ManualClock
from crmkit.exceptions import CrmkitError, OutcomeUnknown, ServerError
from crmkit.transport import Effect, Failure, Limiter, Request, Response, Transport

from .conftest import FAST, MakeTransport, Play, TokenAuth, WireServer, answer, ask, drop, raw, reset

KEY = "webh00k/k€y+with=odd"
TOKEN = "t0ken-of-the-robot"
CLIENT_SECRET = "cl1ent-secret"
SECRETS = (KEY, quote(KEY, safe=""), quote(KEY), TOKEN, CLIENT_SECRET)

URL = f"https://acme.bitrix24.ru/rest/1/{quote(KEY, safe='')}/x?auth={TOKEN}"
ECHO = f"{URL} Bearer {TOKEN} {KEY} {CLIENT_SECRET}"
PAGE = f"<html><title>{KEY} {TOKEN}</title>{ECHO}".encode()


def error(code: str, **more: Any) -> bytes:
    return json.dumps({"error": code, "text": ECHO, "detail": [{"echo": ECHO}], **more}).encode()


PLAYS: dict[str, Play] = {
    "dropped": drop,
    "reset": reset,
    "no http": raw(f"{ECHO}\r\n".encode()),
    "half": answer(b'{"a', claim=100),
    "page": answer(PAGE, 200),
    "page 404": answer(PAGE, 404),
    "page 502": answer(PAGE, 502),
    "page 429": answer(PAGE, 429, {"Retry-After": "9999"}),
    "text": answer(ECHO.encode(), 500, {"Content-Type": f"text/{TOKEN}"}),
    "redirect": answer(b"", 302, {"Location": f"http://new.test/rest/1/{quote(KEY, safe='')}/task/7/"}),
    "redirect with user": answer(b"", 302, {"Location": f"http://robot:{TOKEN}@new.test/?auth={TOKEN}"}),
    "bad redirect": answer(b"", 302, {"Location": f"http://[{TOKEN}"}),
    "vendor error": answer(error("invalid"), 400),
    "vendor server error": answer(error("internal"), 500),
    "vendor limit": answer(error("limit", wait=9999), 503),
    "vendor overload": answer(error("slow", wait=9999), 503),
    "vendor unknown": answer(error(TOKEN), 400),
    "expired": answer(error("expired"), 401),
    "bad header": raw(f"HTTP/1.1 200 OK\r\n{ECHO}\r\n\r\n".encode() + error("invalid")),
}


@pytest.fixture
def everything_logged() -> Iterator[list[str]]:
    """All records of all loggers, as a handler at the root would write them."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record) + repr(record.__dict__))

    root = logging.getLogger()
    handler, level = Keep(), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def connect(make_transport: MakeTransport) -> Callable[[str], Transport]:
    def make(origin: str) -> Transport:
        return make_transport(
            f"{origin}/rest/1/{quote(KEY, safe='')}/", auth=TokenAuth(TOKEN), secrets=[CLIENT_SECRET]
        )

    return make


def secret_request(effect: Effect) -> Request:
    return ask(
        effect,
        params={"client_secret": CLIENT_SECRET, "auth": TOKEN},
        json={"client_secret": CLIENT_SECRET, "note": KEY},
        headers={"X-Token": TOKEN},
    )


def everything_shown(error: CrmkitError) -> str:
    """All that a handler, a debugger or a crash reporter would print of an exception."""
    shown = [
        "".join(traceback.format_exception(error)),
        repr(error),
        str(error),
        repr(error.args),
        repr(vars(error)),
    ]
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if "crmkit/transport" in frame.f_code.co_filename:
            shown += [repr(value) for value in frame.f_locals.values()]
    request = getattr(error, "request", None)
    if request is not None:
        shown += [repr((request.path, request.params, request.json, request.data, request.headers))]
    return "\n".join(shown)


def assert_no_secret(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize("effect", list(Effect))
@pytest.mark.parametrize("play", PLAYS.values(), ids=PLAYS.keys())
def test_no_failure_shows_a_secret(
    connect: Callable[[str], Transport],
    server: WireServer,
    everything_logged: list[str],
    play: Play,
    effect: Effect,
) -> None:
    server.plays = [play]
    transport = connect(server.url)
    with pytest.raises(CrmkitError) as caught:
        transport.send(secret_request(effect))
    shown = everything_shown(caught.value)
    assert_no_secret(shown)
    assert "During handling" not in shown
    assert "direct cause" not in shown
    assert_no_secret("\n".join(everything_logged))
    assert any("urllib3" in line for line in everything_logged)
    assert_no_secret(repr(transport))
    assert quote(KEY, safe="").encode() in server.requests[0][1]  # it was really sent


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_unreachable_portal_shows_no_secret(
    connect: Callable[[str], Transport], everything_logged: list[str], scheme: str
) -> None:
    with pytest.raises(CrmkitError) as caught:
        connect(f"{scheme}://127.0.0.1:9").send(secret_request(Effect.WRITE))
    assert_no_secret(everything_shown(caught.value))
    assert_no_secret("\n".join(everything_logged))


def test_a_success_logs_no_secret(
    connect: Callable[[str], Transport], server: WireServer, everything_logged: list[str]
) -> None:
    connect(server.url).send(secret_request(Effect.READ))
    text = "\n".join(everything_logged)
    assert "/rest/1/***/task/7/" in text  # urllib3's own record, without the key
    assert_no_secret(text)


def test_a_renewed_token_is_hidden_as_well(
    connect: Callable[[str], Transport], server: WireServer, everything_logged: list[str]
) -> None:
    server.plays = [
        answer(error("expired"), 401),
        answer(b'{"error": "invalid", "text": "second-secret-token-1"}'),
    ]
    with pytest.raises(CrmkitError) as caught:
        connect(server.url).send(ask())
    assert "second-secret-token-1" not in everything_shown(caught.value) + "\n".join(everything_logged)


def test_only_the_headers_that_hold_secrets_are_hidden(
    make_transport: MakeTransport, server: WireServer
) -> None:
    class Polite(TokenAuth):
        def headers(self) -> dict[str, str]:
            return {**super().headers(), "Accept-Language": "russian", "X-Api-Key": "k3y-of-the-app"}

    server.plays = [answer(b'{"error": "invalid", "text": "no russian text for k3y-of-the-app"}')]
    with pytest.raises(CrmkitError, match=r"no russian text for \*\*\*"):
        make_transport(server.url, auth=Polite(TOKEN)).send(ask())


def test_a_token_that_no_header_can_carry_is_not_shown(
    make_transport: MakeTransport, server: WireServer
) -> None:
    with pytest.raises(CrmkitError) as caught:
        make_transport(server.url, auth=TokenAuth(TOKEN + "\n")).send(ask())
    assert_no_secret(everything_shown(caught.value))


def test_what_the_vendors_code_stumbled_over_does_not_hang_on_its_error(
    make_transport: MakeTransport, server: WireServer
) -> None:
    """A classifier that raises and catches leaves a chain with the body in it."""

    def stumble(request: Request, response: Response) -> Failure:
        try:
            try:
                int(ECHO)
            except ValueError as cause:
                raise ServerError("odd answer") from cause
        except ServerError as error:
            return Failure(error)

    with pytest.raises(ServerError) as caught:
        make_transport(server.url, classify=stumble, secrets=[KEY, TOKEN, CLIENT_SECRET]).send(ask())
    assert_no_secret(everything_shown(caught.value))


def test_other_users_of_urllib3_log_as_before(
    make_transport: MakeTransport, server: WireServer, everything_logged: list[str]
) -> None:
    make_transport("https://acme.bitrix24.ru/rest/1/abcdef123456/")
    with requests.Session() as foreign:
        foreign.get(f"{server.url}/rest/5/their-own-key/x?access_token=theirs", timeout=5)
    assert any("/rest/5/their-own-key/x?access_token=theirs" in line for line in everything_logged)


def test_the_arguments_of_a_foreign_record_stay(
    make_transport: MakeTransport, server: WireServer, caplog: pytest.LogCaptureFixture
) -> None:
    make_transport("https://acme.bitrix24.ru/rest/1/abcdef123456/")
    with caplog.at_level(logging.DEBUG, "urllib3"), requests.Session() as foreign:
        foreign.get(server.url, timeout=5)
    assert any(record.args and "GET" in record.args for record in caplog.records)


def test_an_exception_in_a_record_of_urllib3_is_scrubbed(
    connect: Callable[[str], Transport], caplog: pytest.LogCaptureFixture
) -> None:
    transport = connect("https://acme.bitrix24.ru")
    try:
        raise ValueError(f"cannot parse {ECHO}")
    except ValueError:
        logging.getLogger("urllib3.connection").warning("Failed to parse headers", exc_info=True)
    assert "cannot parse" in caplog.text
    assert_no_secret(caplog.text)
    assert transport.host == "acme.bitrix24.ru"


def test_the_guard_forgets_transports_that_are_gone(caplog: pytest.LogCaptureFixture, clock: Any) -> None:
    transport = Transport(
        "https://acme.bitrix24.ru/rest/1/gone-key-1234/",
        classify=lambda request, response: None,
        clock=clock,
        limiter=Limiter(FAST, clock),
    )
    transport.close()
    del transport
    gc.collect()
    logging.getLogger("urllib3.connectionpool").warning("gone-key-1234")
    assert "gone-key-1234" in caplog.text


def test_one_record_an_attempt_with_fields_and_without_bodies(
    make_transport: MakeTransport, server: WireServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.plays = [answer(b'{"error": "busy"}', 503), answer(b'{"result": "confidential"}'), drop]
    transport = make_transport(server.url, name="main")
    with caplog.at_level(logging.DEBUG, "crmkit.transport"):
        transport.send(ask(Effect.WRITE))
        with pytest.raises(OutcomeUnknown):
            transport.send(ask(Effect.WRITE))
    records = [record.__dict__ for record in caplog.records if record.name == "crmkit.transport"]
    fields = ("levelname", "operation", "portal", "status", "attempt", "waited")
    assert [tuple(record[field] for field in fields) for record in records] == [
        ("WARNING", "POST /task/{id}/", "main", 503, 1, 0.0),
        ("DEBUG", "POST /task/{id}/", "main", 200, 2, 0.0),
        ("INFO", "POST /task/{id}/", "main", 0, 1, 0.0),
    ]
    assert "no answer after" in caplog.messages[-1]
    assert all(record["elapsed"] >= 0 for record in records)
    assert "confidential" not in caplog.text
    assert "привет" not in caplog.text


def test_how_long_an_attempt_took_is_noted_also_without_an_answer(
    make_transport: MakeTransport, server: WireServer, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    def slow(connection: socket.socket) -> bool:
        clock.sleep(42)
        return drop(connection)

    server.plays = [slow]
    with caplog.at_level(logging.INFO, "crmkit.transport"), pytest.raises(OutcomeUnknown):
        make_transport(server.url).send(ask(Effect.WRITE))
    assert caplog.records[-1].__dict__["elapsed"] == pytest.approx(42)


def test_an_application_without_logging_sees_nothing(
    make_transport: MakeTransport, server: WireServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.plays = [answer(b'{"error": "busy"}', 503), answer()]
    logger = logging.getLogger("crmkit.transport")
    logger.propagate = False  # pytest's own handlers would hide the handler of last resort
    try:
        make_transport(server.url).send(ask(Effect.WRITE))
    finally:
        logger.propagate = True
    assert capsys.readouterr().err == ""
