"""A clock for many threads, a server that can misbehave, and a transport wired to both."""

from __future__ import annotations

import contextlib
import heapq
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmkit.clock import ManualClock
from crmkit.exceptions import ApiError, AuthenticationError, RateLimited, ServerError, ValidationError
from crmkit.transport import Action, Effect, Failure, Limiter, Request, Response, RetryPolicy, Transport
from crmkit.transport.rate_limit import BucketRule

START = datetime(2025, 3, 3, 6, tzinfo=UTC)
PATIENCE = 20.0  # real seconds after which a test that hangs fails


class SimClock:
    """Virtual time for a fixed number of threads: it moves on when all of them sleep, to the first to
    wake."""

    def __init__(self, threads: int) -> None:
        self._changed = threading.Condition()
        self._awake = threads
        self._time = 0.0
        self._wakes: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        with self._changed:
            return self._time

    def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        with self._changed:
            wake = self._time + seconds
            heapq.heappush(self._wakes, wake)
            self._awake -= 1
            self._move_on()
            assert self._changed.wait_for(lambda: self._time >= wake, PATIENCE), "virtual time stands still"

    def leave(self) -> None:
        """The calling thread is done and will not sleep any more."""
        with self._changed:
            self._awake -= 1
            self._move_on()

    def _move_on(self) -> None:
        if self._awake == 0 and self._wakes:
            self._time = self._wakes[0]
            while self._wakes and self._wakes[0] <= self._time:
                heapq.heappop(self._wakes)
                self._awake += 1
            self._changed.notify_all()


def run_threads(clock: SimClock, works: list[Callable[[], None]]) -> None:
    """Run one thread per piece of work and re-raise what one of them raised."""
    errors: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            clock.leave()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]


Play = Callable[[socket.socket], bool]
"""What the server does after it has read a request; tells whether it keeps the connection."""


def answer(
    body: bytes = b'{"result":"success"}',
    status: int = 200,
    headers: dict[str, str] | None = None,
    *,
    claim: int | None = None,
    then_close: bool = False,
) -> Play:
    """Answer; ``claim`` is a false Content-Length; ``then_close`` closes without having announced it."""

    def play(connection: socket.socket) -> bool:
        lines = {
            "Content-Type": "application/json",
            "Content-Length": str(claim or len(body)),
            **(headers or {}),
        }
        head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.sendall(head.encode() + b"\r\n" + body)
        return not (then_close or claim)

    return play


def raw(data: bytes) -> Play:
    """Send these bytes and close."""

    def play(connection: socket.socket) -> bool:
        connection.sendall(data)
        return False

    return play


def drop(connection: socket.socket) -> bool:
    """Close without an answer, as when a worker dies."""
    return False


def reset(connection: socket.socket) -> bool:
    """Reset the connection without an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def then_reset(play: Play) -> Play:
    """Answer, then reset the idle connection."""

    def both(connection: socket.socket) -> bool:
        play(connection)
        return reset(connection)

    return both


class WireServer:
    """A small HTTP server on a real socket that does what the plays say, one play per request; the last
    repeats."""

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.plays: list[Play] = [answer()]
        self.requests: list[tuple[int, bytes, bytes]] = []
        self.connections = 0
        self.open_connections = 0
        self.changed = threading.Condition()
        self._released = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port))
        self._connections: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def hang(self, connection: socket.socket) -> bool:
        """Take the request and say nothing until the test is over."""
        self._released.wait(PATIENCE)
        return False

    def wait_until_closed(self) -> None:
        """Wait until no connection is open any more."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.open_connections == 0, PATIENCE)

    def stop(self) -> None:
        self._released.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(PATIENCE)
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            with self.changed:
                self.connections += 1
                self.open_connections += 1
                number = self.connections
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection, number))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._connections.append(connection)  # wrapping took the socket away from the bare one
            with connection:
                while self._serve_one(connection, number):
                    pass
        except OSError:
            pass  # the client went away: some tests are about that
        finally:
            with self.changed:
                self.open_connections -= 1
                self.changed.notify_all()

    def _serve_one(self, connection: socket.socket, number: int) -> bool:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65_536)
            if not piece:
                return False
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ),
            0,
        )
        while len(body) < length:
            body += connection.recv(65_536)
        with self.changed:
            self.requests.append((number, head, body))
            play = self.plays.pop(0) if len(self.plays) > 1 else self.plays[0]
        return play(connection)


def classify(request: Request, response: Response) -> Failure | None:
    """A made-up vendor: ``{"error": code}`` is a failure."""
    body = response.json()
    code = body.get("error") if isinstance(body, dict) else None
    if code is None:
        return None
    details: dict[str, Any] = {
        "code": code,
        "status": response.status,
        "method": request.operation,
        "raw": body,
    }
    text = str(body.get("text", "no"))
    wait = body.get("wait")
    table: dict[str, Failure] = {
        "internal": Failure(ServerError(text, **details), Action.RETRY),
        "busy": Failure(ServerError(text, **details), Action.RETRY, not_taken=True),
        "limit": Failure(RateLimited(text, **details), Action.WAIT, not_taken=True, retry_after=wait),
        "slow": Failure(ServerError(text, **details), Action.WAIT, not_taken=False, retry_after=wait),
        "operation_limit": Failure(
            RateLimited(text, **details), Action.WAIT, not_taken=True, retry_after=wait, operation_only=True
        ),
        "expired": Failure(AuthenticationError(text, **details), Action.REFRESH),
        "invalid": Failure(ValidationError(text, **details)),
    }
    return table.get(code, Failure(ApiError(text, **details)))


class TokenAuth:
    """Bearer tokens that are numbered."""

    def __init__(self, token: str = "first-secret-token") -> None:
        self.token = token
        self.refreshed = 0

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def refresh(self) -> None:
        self.refreshed += 1
        self.token = f"second-secret-token-{self.refreshed}"


def ask(effect: Effect = Effect.READ, **more: Any) -> Request:
    """A request of the given effect."""
    verb = "GET" if effect is Effect.READ else "POST"
    body = {} if effect is Effect.READ else {"json": {"text": "привет"}}
    return Request(verb, "/task/7/", operation=f"{verb} /task/{{id}}/", effect=effect, **{**body, **more})


FAST = BucketRule(1000.0, 1000)

MakeTransport = Callable[..., Transport]


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def server() -> Iterator[WireServer]:
    server = WireServer()
    yield server
    server.stop()


@pytest.fixture
def make_transport(clock: ManualClock) -> Iterator[MakeTransport]:
    """Make transports that are closed at the end; keyword arguments as those of ``Transport``."""
    made: list[Transport] = []

    def make(base_url: str = "http://portal.test/rest", **options: Any) -> Transport:
        options = {
            "classify": classify,
            "clock": clock,
            "limiter": Limiter(FAST, clock),
            "policy": RetryPolicy(attempts=4),
            "random": lambda: 0.0,
            "timeout": (5, 5),
            **options,
        }
        made.append(Transport(base_url, **options))
        return made[-1]

    yield make
    for transport in made:
        transport.close()
