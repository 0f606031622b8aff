"""The transport at work: what is repeated, what is waited for, what is raised. Network made up by
``responses``."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
import responses
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
)

from crmkit.clock import ManualClock
from crmkit.exceptions import (
    AuthenticationError,
    ConfigurationError,
    CrmkitError,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    ServerError,
    TransportError,
    ValidationError,
)
from crmkit.transport import PLANFIX, Effect, Limiter, Request, RetryPolicy

from .conftest import MakeTransport, TokenAuth, ask

URL = "http://portal.test/rest/task/7/"
READ, IDEMPOTENT, WRITE = Effect.READ, Effect.IDEMPOTENT, Effect.WRITE
GOOD = {"result": "success"}


@pytest.fixture(autouse=True)
def portal() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def say(portal: responses.RequestsMock, *answers: Any) -> None:
    """Queue answers: a body, a (status, body), an exception; for GET and POST alike."""
    for answer in answers:
        for verb in ("GET", "POST"):
            if isinstance(answer, Exception):
                portal.add(verb, URL, body=answer)
                continue
            status, body = answer if isinstance(answer, tuple) else (200, answer)
            portal.add(verb, URL, status=status, body=json.dumps(body), content_type="application/json")


# What requests raises, as seen in real life; the pools and connections in there do not matter here.
NOTHING: Any = None


def exceeded(reason: Exception) -> MaxRetryError:
    return MaxRetryError(NOTHING, "/", reason)


REFUSED = requests.ConnectionError(exceeded(NewConnectionError(NOTHING, "refused")))
UNKNOWN_HOST = requests.ConnectionError(
    exceeded(NameResolutionError("portal.test", NOTHING, socket.gaierror()))
)
CONNECT_TIMEOUT = requests.ConnectTimeout(exceeded(ConnectTimeoutError()))
READ_TIMEOUT = requests.ReadTimeout("slow")
RESET = requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")))

NEVER_LEFT = [REFUSED, UNKNOWN_HOST, CONNECT_TIMEOUT]
IN_DOUBT = [READ_TIMEOUT, RESET]


@pytest.mark.parametrize("effect", list(Effect))
@pytest.mark.parametrize("error", NEVER_LEFT, ids=["refused", "unknown host", "connect timeout"])
def test_what_never_left_is_repeated_whatever_it_does(
    portal: responses.RequestsMock, make_transport: MakeTransport, effect: Effect, error: Exception
) -> None:
    say(portal, error, error, GOOD)
    transport = make_transport()
    assert transport.send(ask(effect)).json() == GOOD
    assert transport.requests_sent == 3


@pytest.mark.parametrize("effect", list(Effect))
@pytest.mark.parametrize("error", NEVER_LEFT, ids=["refused", "unknown host", "connect timeout"])
def test_what_never_leaves_is_a_transport_error_in_the_end(
    portal: responses.RequestsMock, make_transport: MakeTransport, effect: Effect, error: Exception
) -> None:
    say(portal, error)
    with pytest.raises(TransportError) as caught:
        make_transport().send(ask(effect))
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert len(portal.calls) == 4


@pytest.mark.parametrize("error", IN_DOUBT, ids=["read timeout", "reset"])
@pytest.mark.parametrize(
    ("effect", "sent", "raised"),
    [(READ, 4, TransportError), (IDEMPOTENT, 4, OutcomeUnknown), (WRITE, 1, OutcomeUnknown)],
)
def test_what_may_have_arrived(
    portal: responses.RequestsMock,
    make_transport: MakeTransport,
    error: Exception,
    effect: Effect,
    sent: int,
    raised: type[CrmkitError],
) -> None:
    say(portal, error)
    with pytest.raises(raised) as caught:
        make_transport().send(ask(effect))
    assert type(caught.value) is raised
    assert len(portal.calls) == sent


def test_a_read_survives_a_server_error(
    portal: responses.RequestsMock, make_transport: MakeTransport
) -> None:
    say(portal, (500, {"error": "internal"}), (500, {"error": "internal"}), GOOD)
    assert make_transport().send(ask()).json() == GOOD


def test_a_read_that_fails_for_good_raises_what_the_vendor_says(
    portal: responses.RequestsMock, make_transport: MakeTransport, clock: ManualClock
) -> None:
    say(portal, (500, {"error": "internal", "text": "SQL query error!"}))
    with pytest.raises(ServerError, match="SQL query error!") as caught:
        make_transport().send(ask())
    assert len(portal.calls) == 4
    assert (caught.value.code, caught.value.status, caught.value.method) == (
        "internal",
        500,
        "GET /task/{id}/",
    )
    assert clock.monotonic() == pytest.approx(0.5 + 1 + 2, abs=0.01)


def test_a_write_and_a_server_error_is_unknown(
    portal: responses.RequestsMock, make_transport: MakeTransport
) -> None:
    say(portal, (500, {"error": "internal", "text": "Rest API error"}))
    with pytest.raises(OutcomeUnknown, match="Rest API error") as caught:
        make_transport().send(ask(WRITE))
    assert len(portal.calls) == 1
    assert caught.value.request.json == {"text": "привет"}


def test_a_write_that_the_portal_did_not_take_is_repeated(
    portal: responses.RequestsMock, make_transport: MakeTransport
) -> None:
    say(portal, (503, {"error": "busy"}), GOOD)
    assert make_transport().send(ask(WRITE)).json() == GOOD
    assert len(portal.calls) == 2


@pytest.mark.parametrize("effect", list(Effect))
def test_a_refusal_is_raised_at_once(
    portal: responses.RequestsMock, make_transport: MakeTransport, effect: Effect
) -> None:
    say(portal, {"error": "invalid", "text": "no such field"})
    with pytest.raises(ValidationError, match="no such field"):
        make_transport().send(ask(effect))
    assert len(portal.calls) == 1


def test_a_wait_is_as_long_as_the_portal_says(
    portal: responses.RequestsMock, make_transport: MakeTransport, clock: ManualClock
) -> None:
    say(portal, *[{"error": "limit", "wait": 100}] * 8, GOOD)
    waits: list[tuple[str, float]] = []
    transport = make_transport(on_wait=lambda operation, seconds: waits.append((operation, seconds)))
    assert transport.send(ask(WRITE)).json() == GOOD
    assert clock.monotonic() == pytest.approx(800, abs=0.01)
    assert waits == [("POST /task/{id}/", 100)] * 8


def test_a_wait_beyond_patience_raises_and_says_when(
    portal: responses.RequestsMock, make_transport: MakeTransport, clock: ManualClock
) -> None:
    say(portal, {"error": "limit", "wait": 3600})
    with pytest.raises(RateLimited) as caught:
        make_transport().send(ask(WRITE))
    assert caught.value.retry_after == 3600
    assert clock.monotonic() == 0
    assert len(portal.calls) == 1


def test_after_that_nobody_bothers_the_portal_until_then(
    portal: responses.RequestsMock, make_transport: MakeTransport, clock: ManualClock
) -> None:
    say(portal, {"error": "limit", "wait": 3600}, GOOD)
    transport = make_transport()
    for _ in range(2):
        with pytest.raises(RateLimited):
            transport.send(ask())
    assert len(portal.calls) == 1
    clock.sleep(3601)
    assert transport.send(ask()).json() == GOOD


def test_a_limit_of_one_operation_stops_that_one_only(
    portal: responses.RequestsMock, make_transport: MakeTransport
) -> None:
    portal.add("GET", URL, json={"error": "operation_limit", "wait": 3600})
    portal.add("POST", URL, json=GOOD)
    transport = make_transport()
    with pytest.raises(RateLimited):
        transport.send(ask())
    with pytest.raises(RateLimited):
        transport.send(ask())
    assert transport.send(ask(WRITE)).json() == GOOD


def test_an_absurd_pause_is_cut_to_a_day(
    portal: responses.RequestsMock, make_transport: MakeTransport
) -> None:
    say(portal, {"error": "limit", "wait": 10**9})
    transport = make_transport()
    with pytest.raises(RateLimited):
        transport.send(ask())
    assert transport.limiter is not None
    assert transport.limiter.operating.delay("any") == pytest.approx(86_400)


def test_expired_credentials_are_renewed_once(
    portal: responses.RequestsMock, make_transport: MakeTransport
) -> None:
    say(portal, (401, {"error": "expired"}), GOOD)
    auth = TokenAuth()
    assert make_transport(auth=auth).send(ask(WRITE)).json() == GOOD
    sent = [call.request.headers["Authorization"] for call in portal.calls]
    assert sent == ["Bearer first-secret-token", "Bearer second-secret-token-1"]


def test_credentials_that_stay_expired_are_an_error(
    portal: responses.RequestsMock, make_transport: MakeTransport
) -> None:
    say(portal, (401, {"error": "expired"}))
    auth = TokenAuth()
    with pytest.raises(AuthenticationError):
        make_transport(auth=auth).send(ask(WRITE))
    assert (auth.refreshed, len(portal.calls)) == (1, 2)


def test_credentials_that_another_thread_has_renewed_are_not_renewed_again(
    portal: responses.RequestsMock, make_transport: MakeTransport
) -> None:
    """A refresh token works once: two refreshes for one expiry would log the application out."""
    auth = TokenAuth()

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        if "first" in request.headers["Authorization"]:
            auth.refresh()  # as another thread would at this moment
            return 401, {}, '{"error": "expired"}'
        return 200, {}, json.dumps(GOOD)

    portal.add_callback("GET", URL, answer)
    assert make_transport(auth=auth).send(ask()).json() == GOOD
    assert auth.refreshed == 1


def test_credentials_that_cannot_be_renewed_raise_what_their_owner_says(
    portal: responses.RequestsMock, make_transport: MakeTransport
) -> None:
    class Gone(TokenAuth):
        def refresh(self) -> None:
            raise AuthenticationError("install the application again")

    say(portal, (401, {"error": "expired"}))
    with pytest.raises(AuthenticationError, match="install the application again"):
        make_transport(auth=Gone()).send(ask())


def test_credentials_are_asked_for_after_the_wait_for_the_turn(
    portal: responses.RequestsMock, make_transport: MakeTransport, clock: ManualClock
) -> None:
    class Dated:
        def headers(self) -> Mapping[str, str]:
            return {"Authorization": f"Bearer issued-at-{clock.monotonic():.0f}"}

        def refresh(self) -> None: ...

    say(portal, GOOD)
    transport = make_transport(auth=Dated(), limiter=Limiter(PLANFIX, clock))
    for _ in range(3):
        transport.send(ask())
    sent = [call.request.headers["Authorization"] for call in portal.calls]
    assert sent == ["Bearer issued-at-0", "Bearer issued-at-1", "Bearer issued-at-2"]


@pytest.mark.parametrize("token", ["line\nbreak-token", "русский-токен", "tab\ttoken"])
def test_a_token_that_no_header_can_carry_is_a_configuration_error_and_not_shown(
    portal: responses.RequestsMock, make_transport: MakeTransport, token: str
) -> None:
    with pytest.raises(ConfigurationError, match="Authorization") as caught:
        make_transport(auth=TokenAuth(token)).send(ask())
    assert token not in str(caught.value)
    assert len(portal.calls) == 0


def test_the_day_ends_a_doubtful_repetition_without_a_false_statement(
    portal: responses.RequestsMock, make_transport: MakeTransport, clock: ManualClock
) -> None:
    """The first attempt may have arrived, the second may not be sent any more."""
    say(portal, READ_TIMEOUT)
    with pytest.raises(OutcomeUnknown, match="the daily budget"):
        make_transport(limiter=Limiter(PLANFIX, clock, daily_limit=1)).send(ask(IDEMPOTENT))


def test_an_exhausted_day_sends_nothing(
    portal: responses.RequestsMock, make_transport: MakeTransport, clock: ManualClock
) -> None:
    say(portal, GOOD)
    transport = make_transport(limiter=Limiter(PLANFIX, clock, daily_limit=2))
    transport.send(ask(WRITE))
    transport.send(ask(WRITE))
    with pytest.raises(QuotaExhausted):
        transport.send(ask(WRITE))
    assert transport.requests_sent == len(portal.calls) == 2


def test_the_vendors_figure_of_what_is_left_is_heeded(
    portal: responses.RequestsMock, make_transport: MakeTransport, clock: ManualClock
) -> None:
    portal.add("GET", URL, json=GOOD, headers={"X-RateLimit-Remaining": "1"})
    transport = make_transport(limiter=Limiter(PLANFIX, clock, daily_limit=100))
    transport.send(ask())
    transport.send(ask())
    with pytest.raises(QuotaExhausted):
        transport.send(ask())
    assert len(portal.calls) == 2


def test_every_attempt_takes_its_turn(
    portal: responses.RequestsMock, make_transport: MakeTransport, clock: ManualClock
) -> None:
    say(portal, RESET, RESET, RESET, GOOD)
    transport = make_transport(
        limiter=Limiter(PLANFIX, clock, daily_limit=100), policy=RetryPolicy(attempts=9, base=0.0)
    )
    transport.send(ask())
    assert clock.monotonic() == pytest.approx(3.0, abs=0.001)
    assert transport.limiter is not None
    assert transport.limiter.daily.used == 4


def test_every_attempt_sends_the_same_bytes_even_of_a_file(
    portal: responses.RequestsMock, make_transport: MakeTransport, tmp_path: Any
) -> None:
    path = tmp_path / "договор.txt"
    path.write_bytes(b"once upon a time")
    say(portal, REFUSED, GOOD)
    with path.open("rb") as file:
        make_transport().send(ask(WRITE, json=None, files={"file": ("договор.txt", file)}))
    first, second = (call.request.body for call in portal.calls)
    assert b"once upon a time" in first
    assert first == second


def test_bodies_are_utf8_json_and_forms_are_forms(
    portal: responses.RequestsMock, make_transport: MakeTransport
) -> None:
    say(portal, GOOD)
    transport = make_transport()
    transport.send(ask(WRITE))
    transport.send(ask(WRITE, json=None, data={"a": "1"}))
    transport.send(ask(WRITE, json=None, data=b"\x00", headers={"Content-Type": "application/octet-stream"}))
    seen = [(call.request.headers["Content-Type"], call.request.body) for call in portal.calls]
    assert seen == [
        ("application/json", '{"text": "привет"}'.encode()),
        ("application/x-www-form-urlencoded", "a=1"),
        ("application/octet-stream", b"\x00"),
    ]


@pytest.mark.parametrize("body", [{"n": float("nan")}, {"o": object()}])
def test_a_body_that_is_no_json_is_refused_before_sending(
    portal: responses.RequestsMock, make_transport: MakeTransport, body: Any
) -> None:
    transport = make_transport()
    with pytest.raises(ValidationError, match="the body cannot be JSON"):
        transport.send(ask(WRITE, json=body))
    assert transport.requests_sent == 0


@pytest.mark.parametrize(
    "url",
    ["", "acme.planfix.ru/rest", "ftp://acme.planfix.ru", "https://", "http://[bad/rest", "https://a:port/"],
)
def test_an_address_that_is_none_is_a_configuration_error(make_transport: MakeTransport, url: str) -> None:
    with pytest.raises(ConfigurationError, match="no URL"):
        make_transport(url)


@pytest.mark.parametrize("path", ["https://[bad/file", "https:///file"])
def test_a_full_path_that_is_no_url_is_refused_before_sending(
    make_transport: MakeTransport, path: str
) -> None:
    transport = make_transport()
    with pytest.raises(ConfigurationError, match="no URL"):
        transport.send(Request("GET", path, "download", READ))
    assert transport.requests_sent == 0


def test_a_netrc_of_the_machine_does_not_replace_the_token(
    portal: responses.RequestsMock,
    make_transport: MakeTransport,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine portal.test login someone password else")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    say(portal, GOOD)
    make_transport(auth=TokenAuth()).send(ask())
    make_transport(auth=None).send(ask())  # a webhook
    sent = [call.request.headers.get("Authorization") for call in portal.calls]
    assert sent == ["Bearer first-secret-token", None]


def test_no_cookie_is_kept(portal: responses.RequestsMock, make_transport: MakeTransport) -> None:
    portal.add("GET", URL, json=GOOD, headers={"Set-Cookie": "PHPSESSID=someone-else; Path=/"})
    transport = make_transport()
    transport.send(ask())
    transport.send(ask())
    assert "Cookie" not in portal.calls[1].request.headers


def test_a_mistake_of_the_classifier_is_not_hidden(
    portal: responses.RequestsMock, make_transport: MakeTransport
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("result")

    say(portal, GOOD)
    with pytest.raises(KeyError):
        make_transport(classify=broken).send(ask())
    assert len(portal.calls) == 1


def test_without_limiter_and_credentials(
    portal: responses.RequestsMock, make_transport: MakeTransport
) -> None:
    say(portal, {"error": "limit", "wait": 1}, GOOD)
    assert make_transport(limiter=None).send(ask()).json() == GOOD
