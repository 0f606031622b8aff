"""Answers that are not the API's: web pages, nothing, half of it, too much of it, redirects."""

from __future__ import annotations

import re
from typing import Any

import pytest
import responses

from crmkit.clock import ManualClock
from crmkit.exceptions import CrmkitError, OutcomeUnknown, RateLimited, TransportError
from crmkit.transport import BucketRule, Effect, Limiter, RetryPolicy
from crmkit.transport.answers import Redirected, origin_of

from .conftest import MakeTransport, TokenAuth, WireServer, answer, ask

READ, IDEMPOTENT, WRITE = Effect.READ, Effect.IDEMPOTENT, Effect.WRITE
ATTEMPTS = 4

PAGE = b"<!DOCTYPE html><html><head><title>502 Bad\n Gateway</title></head><body>nginx</body></html>"
LOGIN = b"<html><body><form action='/login'>"
RUSSIAN = '{"result": "успех"}'.encode("cp1251")

NO_JSON: list[tuple[str, bytes, dict[str, str], str]] = [
    (
        "titled page",
        PAGE,
        {"Content-Type": "text/html"},
        'with a web page, "502 Bad Gateway", instead of JSON',
    ),
    ("page", LOGIN, {"Content-Type": "text/html"}, "with a web page instead of JSON"),
    ("page that calls itself JSON", PAGE, {}, "with a web page"),
    ("text", b"Service Unavailable", {"Content-Type": "text/plain"}, "19 bytes text/plain that are no JSON"),
    ("nothing", b"", {}, "with an empty body"),
    ("blanks", b" \r\n", {}, "with an empty body"),
    ("half", b'{"result": {"tasks": [1, 2', {}, "that are no JSON: expecting"),
    ("wrong charset", RUSSIAN, {}, "not in the encoding it declares"),
    ("unknown charset", RUSSIAN, {"Content-Type": "application/json; charset=x-own"}, "x-own"),
    ("no type", b"oops", {"Content-Type": ""}, "of no declared type"),
]
KINDS = pytest.mark.parametrize(
    ("body", "headers", "words"), [case[1:] for case in NO_JSON], ids=[case[0] for case in NO_JSON]
)


def outcome(transport: Any, effect: Effect, **more: Any) -> CrmkitError:
    with pytest.raises(CrmkitError) as caught:
        transport.send(ask(effect, **more))
    assert "\n" not in str(caught.value)
    return caught.value


@KINDS
@pytest.mark.parametrize("status", [200, 201, 500, 502, 503])
@pytest.mark.parametrize(
    ("effect", "sent", "raised"),
    [(READ, ATTEMPTS, TransportError), (IDEMPOTENT, ATTEMPTS, OutcomeUnknown), (WRITE, 1, OutcomeUnknown)],
)
def test_what_is_no_json_says_nothing_about_a_write(
    make_transport: MakeTransport,
    server: WireServer,
    body: bytes,
    headers: dict[str, str],
    words: str,
    status: int,
    effect: Effect,
    sent: int,
    raised: type[CrmkitError],
) -> None:
    server.plays = [answer(body, status, headers)]
    error = outcome(make_transport(server.url), effect)
    assert type(error) is raised
    assert words in str(error)
    assert f"HTTP {status}" in str(error)
    assert error.hint
    assert len(server.requests) == sent


@KINDS
@pytest.mark.parametrize("status", [400, 403, 404, 405, 413])
@pytest.mark.parametrize("effect", list(Effect))
def test_a_web_server_that_refuses_did_nothing_and_is_not_asked_again(
    make_transport: MakeTransport,
    server: WireServer,
    body: bytes,
    headers: dict[str, str],
    words: str,
    status: int,
    effect: Effect,
) -> None:
    server.plays = [answer(body, status, headers)]
    error = outcome(make_transport(server.url), effect)
    assert type(error) is TransportError
    assert words in str(error)
    assert len(server.requests) == 1


@pytest.mark.parametrize("effect", list(Effect))
def test_a_server_that_gave_up_on_an_idle_connection_is_asked_again(
    make_transport: MakeTransport, server: WireServer, effect: Effect
) -> None:
    """408: the request was not complete when the server lost patience, so it was not taken."""
    server.plays = [answer(PAGE, 408), answer()]
    assert make_transport(server.url).send(ask(effect)).status == 200


@pytest.mark.parametrize("effect", list(Effect))
def test_a_front_end_that_is_asked_too_often_is_given_time(
    make_transport: MakeTransport, server: WireServer, clock: ManualClock, effect: Effect
) -> None:
    server.plays = [answer(PAGE, 429, {"Retry-After": "30"}), answer()]
    make_transport(server.url).send(ask(effect))
    assert clock.monotonic() == pytest.approx(30, abs=0.01)
    server.plays = [answer(PAGE, 429, {"Retry-After": "3000"})]
    error = outcome(make_transport(server.url), effect)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 3000


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("Mon, 03 Mar 2025 06:02:00 GMT", 120.0),
        ("Mon, 03 Mar 2025 05:00:00 GMT", 0.5),
        ("soon", 0.5),
        ("-5", 0.5),
        ("Mon, 03 Mar 2025 06:02:00", 0.5),
    ],
)
def test_maintenance_says_when_it_ends(
    make_transport: MakeTransport, server: WireServer, clock: ManualClock, header: str, seconds: float
) -> None:
    server.plays = [answer(PAGE, 503, {"Retry-After": header}), answer()]
    make_transport(server.url).send(ask())
    assert clock.monotonic() == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize(("status", "pause"), [(503, 0.5), (502, 0.0), (504, 0.0)])
@pytest.mark.parametrize("effect", [IDEMPOTENT, WRITE])
def test_a_503_page_lets_everybody_wait_and_proves_nothing(
    make_transport: MakeTransport,
    server: WireServer,
    clock: ManualClock,
    effect: Effect,
    status: int,
    pause: float,
) -> None:
    server.plays = [answer(PAGE, status)]
    bucket = Limiter(BucketRule(2.0, 50), clock)
    transport = make_transport(server.url, limiter=bucket, policy=RetryPolicy(attempts=1))
    error = outcome(transport, effect)
    assert isinstance(error, OutcomeUnknown)
    assert error.overload is (status == 503)
    assert bucket.operating.delay("anything else") == pytest.approx(pause)
    assert bucket.forecast(51) == pytest.approx(25.5 if pause else 1.0), "nothing of the burst is left"


@pytest.mark.parametrize("status", [202, 204])
@pytest.mark.parametrize("effect", [IDEMPOTENT, WRITE])
def test_accepted_and_no_content_may_be_empty(
    make_transport: MakeTransport, server: WireServer, status: int, effect: Effect
) -> None:
    server.plays = [answer(b"", status)]
    response = make_transport(server.url).send(ask(effect))
    assert (response.status, response.json()) == (status, None)


@pytest.mark.parametrize(("status", "good"), [(200, True), (201, True), (400, False), (500, False)])
def test_a_request_can_allow_an_empty_answer(
    make_transport: MakeTransport, server: WireServer, status: int, good: bool
) -> None:
    server.plays = [answer(b"", status)]
    transport = make_transport(server.url)
    if good:
        assert transport.send(ask(WRITE, empty_ok=True)).content == b""
    else:
        outcome(transport, WRITE, empty_ok=True)


def test_an_accepted_request_with_a_body_is_the_vendors_to_judge(
    make_transport: MakeTransport, server: WireServer
) -> None:
    server.plays = [answer(b'{"error": "invalid", "text": "partly"}', 202)]
    assert "partly" in str(outcome(make_transport(server.url), WRITE))


def test_json_that_calls_itself_a_page_is_json(make_transport: MakeTransport, server: WireServer) -> None:
    server.plays = [answer(b'{"result": 1}', 200, {"Content-Type": "text/html"})]
    assert make_transport(server.url).send(ask()).json() == {"result": 1}


@pytest.mark.parametrize(("effect", "raised"), [(READ, TransportError), (WRITE, OutcomeUnknown)])
@pytest.mark.parametrize("announced", [True, False])
def test_a_gigantic_answer_is_not_taken_into_memory(
    make_transport: MakeTransport,
    server: WireServer,
    effect: Effect,
    raised: type[CrmkitError],
    announced: bool,
) -> None:
    body = b'{"result":"' + b"x" * 300_000 + b'"}'
    if announced:
        server.plays = [answer(body)]
    else:
        chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        server.plays = [
            lambda c: bool(c.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk))
        ]
    error = outcome(make_transport(server.url, max_body=100_000), effect)
    assert type(error) is raised
    assert "longer than 100,000 bytes" in str(error)
    assert len(server.requests) == 1


def test_a_small_answer_that_unpacks_to_a_gigantic_one_is_refused_too(
    make_transport: MakeTransport, server: WireServer
) -> None:
    import gzip

    server.plays = [answer(gzip.compress(b" " * 10_000_000), 200, {"Content-Encoding": "gzip"})]
    assert "longer than 100,000 bytes" in str(outcome(make_transport(server.url, max_body=100_000), READ))


# Redirects

MOVED = "https://new-name.bitrix24.ru"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("effect", list(Effect))
def test_a_portal_that_was_renamed_is_named_and_did_nothing(
    make_transport: MakeTransport, server: WireServer, status: int, effect: Effect
) -> None:
    path = "/rest/1/secretkey123/task/7/"
    server.plays = [answer(PAGE, status, {"Location": MOVED + path})]
    error = outcome(make_transport(f"{server.url}/rest/1/secretkey123"), effect)
    assert isinstance(error, Redirected)
    assert (error.location, error.same_path) == (MOVED, True)
    assert f"put {MOVED} into the configuration" in str(error)
    assert "secretkey123" not in str(error)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "location"),
    [
        (302, "/login"),
        (302, f"{MOVED}/login"),
        (303, f"{MOVED}/rest/task/7/"),
        (301, "/rest/task/7"),
        (302, "http://["),
    ],
)
@pytest.mark.parametrize(
    ("effect", "raised"), [(READ, Redirected), (IDEMPOTENT, OutcomeUnknown), (WRITE, OutcomeUnknown)]
)
def test_any_other_redirect_may_come_after_the_deed(
    make_transport: MakeTransport,
    server: WireServer,
    status: int,
    location: str,
    effect: Effect,
    raised: type[CrmkitError],
) -> None:
    server.plays = [answer(b"", status, {"Location": location})]
    error = outcome(make_transport(f"{server.url}/rest"), effect)
    assert type(error) is raised
    assert re.search(rf"HTTP {status}, redirected to \S+, not followed", str(error))
    assert len(server.requests) == 1


# Downloads


def test_a_download_is_read_piece_by_piece_and_gives_the_connection_back(
    make_transport: MakeTransport, server: WireServer
) -> None:
    content = bytes(range(256)) * 1000
    server.plays = [answer(content, headers={"Content-Type": "application/pdf"}), answer()]
    transport = make_transport(server.url, max_body=1000)
    with transport.send(ask(stream=True)) as response:
        assert response.content == b""
        assert b"".join(response.iter_bytes(10_000)) == content
    transport.send(ask())
    assert server.connections == 1


def test_a_download_that_fails_is_judged_like_any_answer(
    make_transport: MakeTransport, server: WireServer
) -> None:
    server.plays = [answer(b'{"error": "invalid", "text": "no such file"}', 404)]
    assert "no such file" in str(outcome(make_transport(server.url), READ, stream=True))


def test_a_download_that_breaks_off_says_so(make_transport: MakeTransport, server: WireServer) -> None:
    server.plays = [answer(b"x" * 10, claim=100)]
    with make_transport(server.url).send(ask(stream=True)) as response:
        with pytest.raises(TransportError, match="broke during the download") as caught:
            list(response.iter_bytes(4))
        assert caught.value.__context__ is None


def test_a_download_that_is_not_read_closes_its_connection(
    make_transport: MakeTransport, server: WireServer
) -> None:
    server.plays = [answer(b"x" * 1000)]
    make_transport(server.url).send(ask(stream=True)).close()
    server.wait_until_closed()


@pytest.fixture
def elsewhere() -> Any:
    storage = WireServer()
    yield storage
    storage.stop()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_download_follows_to_another_host_without_the_token(
    make_transport: MakeTransport, server: WireServer, elsewhere: WireServer, status: int
) -> None:
    server.plays = [answer(b"", status, {"Location": f"{elsewhere.url}/file?signature=abc"})]
    elsewhere.plays = [answer(b"bytes")]
    transport = make_transport(f"{server.url}/rest", auth=TokenAuth())
    with transport.send(ask(stream=True)) as response:
        assert b"".join(response.iter_bytes()) == b"bytes"
    assert b"first-secret-token" in server.requests[0][1]
    assert b"first-secret-token" not in elsewhere.requests[0][1]
    assert elsewhere.requests[0][1].startswith(b"GET /file?signature=abc ")
    assert transport.requests_sent == 1


def test_a_download_at_the_same_host_keeps_the_token_and_takes_another_turn(
    make_transport: MakeTransport, server: WireServer
) -> None:
    server.plays = [answer(b"", 302, {"Location": "/files/7"}), answer(b"bytes")]
    transport = make_transport(f"{server.url}/rest", auth=TokenAuth())
    with transport.send(ask(stream=True)) as response:
        assert b"".join(response.iter_bytes()) == b"bytes"
    assert b"first-secret-token" in server.requests[1][1]
    assert transport.requests_sent == 2


def test_a_download_in_circles_ends(make_transport: MakeTransport, server: WireServer) -> None:
    server.plays = [answer(b"", 302, {"Location": "/rest/task/7/"})]
    error = outcome(make_transport(f"{server.url}/rest"), READ, stream=True)
    assert isinstance(error, Redirected)
    assert len(server.requests) == 6


@pytest.mark.parametrize("location", ["http://files.test/7", "file:///etc/passwd", "http://["])
def test_a_download_is_not_led_from_https_to_anything_less(
    make_transport: MakeTransport, location: str
) -> None:
    with responses.RequestsMock() as mock:
        mock.get("https://portal.test/rest/task/7/", status=302, headers={"Location": location})
        error = outcome(make_transport("https://portal.test/rest"), READ, stream=True)
    assert isinstance(error, Redirected)


def test_a_full_address_is_used_as_it_is_and_gets_no_token(
    make_transport: MakeTransport, server: WireServer, elsewhere: WireServer
) -> None:
    from crmkit.transport import Request

    transport = make_transport(f"{server.url}/rest", auth=TokenAuth(), policy=RetryPolicy(attempts=1))
    transport.send(Request("GET", f"{elsewhere.url}/disk/7?a=b", "download", READ))
    assert elsewhere.requests[0][1].startswith(b"GET /disk/7?a=b ")
    assert b"secret" not in elsewhere.requests[0][1]
    transport.send(Request("GET", f"{server.url}/disk/7", "download", READ))
    assert b"first-secret-token" in server.requests[0][1]


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://acme.planfix.ru/rest", "https://acme.planfix.ru"),
        ("https://ACME.planfix.ru:443/rest", "https://acme.planfix.ru"),
        ("http://acme.planfix.ru:80", "http://acme.planfix.ru"),
        ("http://acme.planfix.ru:443", "http://acme.planfix.ru:443"),
        ("https://robot:key@acme.planfix.ru:8443/rest?a=b", "https://acme.planfix.ru:8443"),
        ("http://[::1]:8080/rest", "http://[::1]:8080"),
        ("http://[::1/rest", None),
        ("http://acme:port/", None),
        ("ftp://acme.planfix.ru", None),
        ("https:///rest", None),
        ("", None),
    ],
)
def test_an_origin_is_scheme_host_and_port_in_one_spelling(url: str, origin: str | None) -> None:
    assert origin_of(url) == origin
