"""HTTP itself: keep-alive, one write, a clean end, and the clock that belongs to the sandbox."""

import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest
import requests

from crmkit.sandbox import Sandbox, SandboxClock
from crmkit.sandbox.server import HttpServer


def raw(box, text):
    """Send bytes and return all that comes until the connection is closed or nothing comes for a while."""
    host, port = box.url.removeprefix("http://").removesuffix("/rest").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(text)
        got = b""
        while chunk := connection.recv(65536):
            got += chunk
        return got


def test_a_connection_is_kept_for_many_requests(api):
    for _ in range(5):
        assert api.get("/ping").headers.get("Connection") is None
    (pool,) = api.session.adapters["http://"].poolmanager.pools._container.values()
    assert (pool.num_connections, pool.num_requests) == (1, 5)


def test_an_answer_is_one_piece_and_dated_by_the_sandbox(box):
    request = (
        f"GET /rest/ping?access_token={box.tokens['robot']} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    head, _, body = raw(box, request.encode()).partition(b"\r\n\r\n")
    assert body == b'{"result":"success"}'
    assert head.split(b"\r\n")[0] == b"HTTP/1.1 200 OK"
    assert b"Date: Mon, 03 Mar 2025 06:00:00 GMT" in head
    assert b"Content-Length: 20" in head
    assert b"Connection: close" in head


def test_a_chunked_or_endless_body_is_refused(box):
    head = b"POST /rest/task/ HTTP/1.1\r\nHost: x\r\n"
    for header in (
        b"Transfer-Encoding: chunked",
        b"Content-Length: nonsense",
        b"Content-Length: 999999999999",
    ):
        assert raw(box, head + header + b"\r\n\r\n").startswith(b"HTTP/1.1 411 ")


def test_it_listens_on_this_machine_only(box):
    assert box.url.startswith("http://127.0.0.1:")
    assert box.control_url.startswith("http://127.0.0.1:")


def test_closing_ends_open_connections_and_all_threads():
    before = threading.active_count()
    sessions = [requests.Session() for _ in range(5)]
    with Sandbox.planfix("empty") as box:
        url = f"{box.url}/ping"
        for session in sessions:
            session.get(url, timeout=10)
        assert threading.active_count() > before
    assert threading.active_count() == before
    for session in sessions:
        with pytest.raises(requests.ConnectionError):
            session.get(url, timeout=10)
        session.close()
    box.close()  # twice does no harm


def test_before_the_start_there_is_no_url():
    box = Sandbox.planfix("empty")
    with pytest.raises(RuntimeError, match="not started"):
        _ = box.url
    box.close()


def test_many_threads_at_once(api):
    tokens = {"Authorization": f"Bearer {api.box.tokens['robot']}"}
    failures = []

    def write(index):
        with requests.Session() as session:
            for number in range(10):
                body = {"name": f"Сделка {index}-{number}"}
                answer = session.post(f"{api.box.url}/task/", json=body, headers=tokens, timeout=20)
                if answer.status_code != 201:
                    failures.append(answer.text)

    threads = [threading.Thread(target=write, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert api.ids() == list(range(70001, 70081))


def test_a_bug_of_the_sandbox_is_told(api, capfd):
    del api.box.account.statuses[1]
    answer = api.post("/task/", {"name": "x"})
    assert answer.status_code == 500
    assert "this is a bug of the sandbox" in answer.text
    assert "KeyError" in capfd.readouterr().err


def test_a_client_that_hangs_up_is_no_trouble(capfd):
    server = HttpServer(lambda request: None, timestamp=lambda: 0.0)
    for trouble in (ConnectionResetError(), BrokenPipeError(), KeyError("a real bug")):
        try:
            raise trouble
        except (OSError, KeyError):
            server.handle_error(None, ("127.0.0.1", 1))
    server.close()
    told = capfd.readouterr().err
    assert "a real bug" in told
    assert "ResetError" not in told
    assert "BrokenPipe" not in told


def test_serve_forever_ends_with_the_keyboard(monkeypatch):
    box = Sandbox.planfix("empty")

    def interrupted(self, timeout=None):
        assert requests.get(f"{box.control_url}/clock", timeout=10).ok
        raise KeyboardInterrupt

    monkeypatch.setattr("crmkit.sandbox.box._wait", lambda: interrupted(None))
    box.serve_forever()
    with pytest.raises(RuntimeError):
        _ = box.url


def test_a_port_can_be_chosen(box):
    port = int(box.url.split(":")[2].removesuffix("/rest"))
    with pytest.raises(OSError, match="in use"):
        Sandbox.planfix("empty", port=port).start()


def test_the_clock_moves_only_when_told():
    start = datetime(2025, 3, 3, 6, tzinfo=UTC)
    clock = SandboxClock(start)
    assert clock.now() == clock.now() == start
    clock.sleep(0.25)
    clock.sleep(0)
    clock.sleep(-5)
    clock.advance(days=1)
    assert clock.now() == start + timedelta(days=1, seconds=0.25)
    assert clock.monotonic() == 86400.25
    assert clock.timestamp() == clock.now().timestamp()
    with pytest.raises(ValueError, match="back"):
        clock.advance(seconds=-1)
    with pytest.raises(ValueError, match="aware"):
        SandboxClock(datetime(2025, 3, 3))  # noqa: DTZ001
    clock.rewind()
    assert (clock.now(), clock.monotonic()) == (start, 86400.25)


def test_a_running_clock_runs_waits_and_can_be_moved(monkeypatch):
    waited = []
    monkeypatch.setattr("crmkit.sandbox.clock.time.sleep", waited.append)
    clock = SandboxClock(datetime(2025, 3, 3, 6, tzinfo=UTC), frozen=False)
    first = clock.monotonic()
    clock.sleep(30)
    assert waited == [30]
    assert 0 <= clock.monotonic() - first < 30
    clock.advance(hours=1)
    assert 3600 < clock.monotonic() < 3660


def test_listeners_hear_every_move():
    clock = SandboxClock(datetime(2025, 3, 3, 6, tzinfo=UTC))
    heard = []
    clock.on_move(lambda: heard.append(clock.monotonic()))
    clock.sleep(1)
    clock.advance(seconds=2)
    assert heard == [1, 3]


def test_a_real_clock_is_for_trying_by_hand(bench):
    api = bench.api(clock="real", strict_limits=True)
    assert api.control("GET", "/clock").json()["frozen"] is False
    assert api.get("/ping").status_code == 200
