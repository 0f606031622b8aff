"""A file goes up piece by piece: its size costs no memory, and an attempt that never left can be repeated."""

from __future__ import annotations

import io
import os
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from crmkit.clock import ManualClock
from crmkit.exceptions import OutcomeUnknown, ValidationError
from crmkit.planfix import Planfix
from crmkit.planfix.upload import Upload, opened

MEGABYTE = 2**20
NOON = datetime(2025, 3, 3, 9, tzinfo=UTC)


class Sink(HTTPServer):
    """Takes uploads and remembers how long they were, not what was in them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taker)
        self.received: list[int] = []


class Taker(BaseHTTPRequestHandler):
    """Reads a request in pieces."""

    server: Sink

    def do_POST(self) -> None:
        left = announced = int(self.headers["Content-Length"])
        while left and (piece := self.rfile.read(min(left, MEGABYTE // 4))):
            left -= len(piece)
        if left:
            return  # the client has hung up
        self.server.received.append(announced)
        answer = b'{"result": "success", "id": 7}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def planfix(sink: Sink) -> Iterator[Planfix]:
    with Planfix(f"http://127.0.0.1:{sink.server_port}/rest", token="t", clock=ManualClock(NOON)) as client:
        yield client


def test_two_hundred_megabytes_take_little_memory(planfix: Planfix, sink: Sink, tmp_path: Path) -> None:
    path = tmp_path / "film.bin"
    with path.open("wb") as file:
        file.truncate(200 * MEGABYTE)
    planfix.files.upload(b"warm", name="up")
    tracemalloc.start()
    try:
        assert planfix.files.upload(path).id == 7
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 200 * MEGABYTE < sink.received[-1] < 201 * MEGABYTE
    assert peak < 4 * MEGABYTE


def test_a_file_that_shrinks_meanwhile_is_no_success(planfix: Planfix) -> None:
    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return b""

    with pytest.raises(OutcomeUnknown):
        planfix.files.upload(Shrinking(b"abc"), name="a")


def parts(upload: Upload) -> tuple[bytes, bytes]:
    """Return the head of the form and what lies in its file."""
    body = b"".join(upload)
    assert len(body) == len(upload)
    head, _, rest = body.partition(b"\r\n\r\n")
    return head, rest.rpartition(b"\r\n--")[0]


@pytest.mark.parametrize("content", [b"whole file", io.BytesIO(b"whole file")], ids=["bytes", "file"])
def test_it_can_be_sent_twice(content: object) -> None:
    with opened(content) as file:
        upload = Upload(file, "a")
        assert parts(upload)[1] == parts(upload)[1] == b"whole file"


def test_a_file_is_sent_from_where_it_stands_and_stays_open() -> None:
    source = io.BytesIO(b"head and rest")
    source.seek(9)
    with opened(source) as file:
        assert parts(Upload(file, "a"))[1] == b"rest"
    assert not source.closed


def test_a_pipe_is_sent_too() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as end:
        end.write(b"from a pipe")
    with os.fdopen(reading, "rb") as source, opened(source) as file:
        upload = Upload(file, "a")
        assert parts(upload)[1] == parts(upload)[1] == b"from a pipe"


def test_a_name_cannot_end_its_header() -> None:
    head, _ = parts(Upload(io.BytesIO(b""), 'договор "1"\r\nX: y'))
    assert 'filename="договор %221%22%0D%0AX: y"\r\n'.encode() in head
    assert head.count(b"\r\n") == 2


@pytest.mark.parametrize(
    "content", ["text", 7, io.StringIO("text"), None], ids=["str", "int", "text", "none"]
)
def test_what_is_no_binary_content_is_refused(planfix: Planfix, content: object) -> None:
    with pytest.raises(ValidationError, match="is no content"):
        planfix.files.upload(content, name="a")  # type: ignore[arg-type]
    assert planfix.requests_sent == 0
