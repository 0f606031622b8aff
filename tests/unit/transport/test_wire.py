"""Real connections on 127.0.0.1: kept alive, closed, reset, stale; and what each proves about a write."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import urllib3.util.connection

from crmkit.clock import ManualClock
from crmkit.exceptions import OutcomeUnknown, TransportError
from crmkit.transport import Effect, RetryPolicy, wire

from .conftest import PATIENCE, MakeTransport, WireServer, answer, ask, drop, raw, reset, then_reset

READ, IDEMPOTENT, WRITE = Effect.READ, Effect.IDEMPOTENT, Effect.WRITE


def test_a_hundred_requests_use_one_connection(make_transport: MakeTransport, server: WireServer) -> None:
    transport = make_transport(server.url)
    for effect in [READ, WRITE] * 50:
        transport.send(ask(effect))
    assert server.connections == 1
    assert transport.requests_sent == len(server.requests) == 100


def test_failed_answers_do_not_cost_the_connection(make_transport: MakeTransport, server: WireServer) -> None:
    server.plays = [answer(b"<html>", 500), answer(b"", 502), answer(b'{"error":"internal"}', 500), answer()]
    make_transport(server.url).send(ask())
    assert server.connections == 1


def test_threads_have_a_connection_each_and_share_the_pool(
    make_transport: MakeTransport, server: WireServer
) -> None:
    transport = make_transport(server.url)
    meet = threading.Barrier(8, timeout=PATIENCE)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                meet.wait()
                transport.send(ask())
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not errors
    assert transport.requests_sent == len(server.requests) == 80
    assert server.connections <= 8


def test_closing_closes_the_connections(make_transport: MakeTransport, server: WireServer) -> None:
    with make_transport(server.url) as transport:
        transport.send(ask())
        assert server.open_connections == 1
    server.wait_until_closed()


def test_a_session_of_the_caller_is_left_open(make_transport: MakeTransport, server: WireServer) -> None:
    with requests.Session() as session:
        with make_transport(server.url, session=session) as transport:
            transport.send(ask())
        assert server.open_connections == 1
        assert session.get(f"{server.url}/x", timeout=PATIENCE).status_code == 200
    assert server.connections == 1


def test_a_connection_that_was_idle_for_long_is_not_trusted_with_a_write(
    make_transport: MakeTransport, server: WireServer, clock: ManualClock
) -> None:
    transport = make_transport(server.url)
    transport.send(ask(WRITE))
    clock.sleep(wire.MAX_IDLE)
    transport.send(ask(WRITE))
    assert server.connections == 1
    clock.sleep(wire.MAX_IDLE + 0.1)
    transport.send(ask(WRITE))
    assert server.connections == 2


# The stale connection, in its three shapes


def test_a_connection_closed_before_we_look_is_replaced(
    make_transport: MakeTransport, server: WireServer
) -> None:
    server.plays = [answer(then_close=True), answer()]
    transport = make_transport(server.url)
    transport.send(ask(WRITE))
    server.wait_until_closed()
    transport.send(ask(WRITE))
    assert (len(server.requests), server.connections) == (2, 2)
    assert transport.requests_sent == 2


def test_a_connection_reset_before_the_first_byte_proves_that_a_write_was_not_taken(
    make_transport: MakeTransport, server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.plays = [then_reset(answer()), answer()]
    transport = make_transport(server.url)
    transport.send(ask(WRITE))
    server.wait_until_closed()
    # As if the reset had arrived between our look at the connection and our first byte.
    monkeypatch.setattr(wire._Connection, "is_connected", property(lambda self: self.sock is not None))
    transport.send(ask(WRITE))
    assert [number for number, *_ in server.requests] == [1, 2]
    assert transport.requests_sent == 3


@pytest.mark.parametrize("play", [drop, reset], ids=["closed", "reset"])
def test_a_connection_that_breaks_once_the_request_is_under_way_proves_nothing(
    make_transport: MakeTransport, server: WireServer, play: Any
) -> None:
    server.plays = [answer(), play]
    transport = make_transport(server.url)
    transport.send(ask(WRITE))
    with pytest.raises(OutcomeUnknown, match="the connection broke"):
        transport.send(ask(WRITE))
    assert len(server.requests) == 2


@pytest.mark.parametrize("play", [drop, reset], ids=["closed", "reset"])
@pytest.mark.parametrize("effect", [READ, IDEMPOTENT])
def test_what_may_be_repeated_survives_a_broken_connection(
    make_transport: MakeTransport, server: WireServer, play: Any, effect: Effect
) -> None:
    server.plays = [play, play, answer()]
    assert make_transport(server.url).send(ask(effect)).status == 200


# Silence and half answers


@pytest.mark.parametrize(
    ("effect", "sent", "raised"), [(READ, 2, TransportError), (WRITE, 1, OutcomeUnknown)]
)
def test_no_answer_in_time(
    make_transport: MakeTransport, server: WireServer, effect: Effect, sent: int, raised: type[Exception]
) -> None:
    server.plays = [server.hang]
    transport = make_transport(server.url, timeout=(5, 0.05), policy=RetryPolicy(attempts=2))
    with pytest.raises(raised, match="no answer in time"):
        transport.send(ask(effect))
    assert len(server.requests) == sent


HALF_ANSWERS = {
    "half a head": raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "head only": answer(b"", claim=100),
    "half a body": answer(b'{"result":"succ', claim=100),
    "half a chunk": raw(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"res'),
    "broken gzip": answer(b"no gzip at all", headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("play", HALF_ANSWERS.values(), ids=HALF_ANSWERS.keys())
def test_an_answer_that_breaks_off(make_transport: MakeTransport, server: WireServer, play: Any) -> None:
    server.plays = [play]
    transport = make_transport(server.url)
    with pytest.raises(OutcomeUnknown):
        transport.send(ask(WRITE))
    assert len(server.requests) == 1
    with pytest.raises(TransportError):
        transport.send(ask(READ))
    assert len(server.requests) == 5
    server.plays = [play, answer()]
    assert transport.send(ask(READ)).status == 200


def test_a_silence_in_the_middle_of_an_answer(make_transport: MakeTransport, server: WireServer) -> None:
    def half(connection: socket.socket) -> bool:
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"res')
        return server.hang(connection)

    server.plays = [half]
    with pytest.raises(OutcomeUnknown, match="no answer in time"):
        make_transport(server.url, timeout=(5, 0.05)).send(ask(WRITE))


def test_no_http_at_all(make_transport: MakeTransport, server: WireServer) -> None:
    server.plays = [raw(b"220 mail.acme.ru ESMTP\r\n")]
    with pytest.raises(TransportError):
        make_transport(server.url).send(ask(READ))
    with pytest.raises(OutcomeUnknown):
        make_transport(server.url).send(ask(WRITE))


# Never reached


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize("effect", list(Effect))
def test_a_refused_connection(make_transport: MakeTransport, effect: Effect) -> None:
    transport = make_transport(f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(TransportError, match=r"no connection \(check the address"):
        transport.send(ask(effect))
    assert transport.requests_sent == 4


def test_a_portal_that_comes_back_gets_the_write_once(make_transport: MakeTransport) -> None:
    port = closed_port()
    servers: list[WireServer] = []

    def start(operation: str, seconds: float) -> None:
        servers.append(WireServer(port))

    transport = make_transport(f"http://127.0.0.1:{port}", on_wait=start)
    try:
        assert transport.send(ask(WRITE)).status == 200
        assert transport.requests_sent == 2
        assert len(servers[0].requests) == 1
    finally:
        for server in servers:
            server.stop()


@pytest.mark.parametrize("effect", list(Effect))
def test_an_unknown_host(
    make_transport: MakeTransport, effect: Effect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    transport = make_transport("https://acne.planfix.test/rest")
    with pytest.raises(TransportError, match=r"at acne.planfix.test: the host name is not known") as caught:
        transport.send(ask(effect))
    assert "check the address" in caught.value.hint
    assert transport.requests_sent == 4


@pytest.mark.parametrize("effect", list(Effect))
def test_a_connection_that_takes_too_long(
    make_transport: MakeTransport, effect: Effect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(urllib3.util.connection, "create_connection", fail)
    with pytest.raises(TransportError, match="no connection in time"):
        make_transport("https://127.0.0.1/rest").send(ask(effect))


@pytest.mark.parametrize("effect", list(Effect))
def test_a_server_that_speaks_no_tls(
    make_transport: MakeTransport, plain_listener: int, effect: Effect
) -> None:
    transport = make_transport(f"https://127.0.0.1:{plain_listener}/rest")
    with pytest.raises(TransportError, match="no secure connection") as caught:
        transport.send(ask(effect))
    assert transport.requests_sent == 4
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("effect", list(Effect))
@pytest.mark.parametrize("play", [raw(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), drop, reset])
def test_a_proxy_that_refuses(
    make_transport: MakeTransport,
    server: WireServer,
    monkeypatch: pytest.MonkeyPatch,
    effect: Effect,
    play: Any,
) -> None:
    """What was sent was the wish for a tunnel, not the request."""
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    monkeypatch.setenv("NO_PROXY", "")
    server.plays = [play]
    with pytest.raises(TransportError) as caught:
        make_transport("https://portal.test/rest").send(ask(effect))
    assert caught.value.hint
    assert len(server.requests) == 4
    assert all(head.startswith(b"CONNECT portal.test:443") for _, head, _ in server.requests)


def test_an_http_proxy_that_breaks_off_may_have_passed_the_request_on(
    make_transport: MakeTransport, server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("NO_PROXY", "")
    server.plays = [drop]
    with pytest.raises(OutcomeUnknown):
        make_transport("http://portal.test/rest").send(ask(WRITE))
    assert len(server.requests) == 1


@pytest.fixture
def plain_listener() -> Iterator[int]:
    """A port where somebody answers every greeting in plain text."""
    listener = socket.create_server(("127.0.0.1", 0))

    def speak() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(PATIENCE)
                    connection.recv(65_536)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=speak)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(PATIENCE)
