"""The HTTP side of the sandbox: keep-alive, one write per answer, loopback only, a clean end."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import traceback
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from crmkit.sandbox.wire import Reply, Request

__all__ = ["HOST", "HttpServer"]

HOST = "127.0.0.1"
MAX_BODY = 64 * 2**20
JOIN_SECONDS = 5.0
BUG = "text/plain; charset=utf-8"
Answerer = Callable[[Request], Reply | None]


class HttpServer(ThreadingHTTPServer):
    """Serves on the loopback address, a thread per connection.

    Args:
        answer: Gives the answer to a request, or ``None`` to close the connection without one.
        port: 0 takes a free one.
        timestamp: The present moment in seconds since 1970, for the ``Date`` header.
        tls: Speak HTTPS with this certificate.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        answer: Answerer,
        *,
        port: int = 0,
        timestamp: Callable[[], float],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__((HOST, port), _Handler)
        if tls is not None:
            # The handshake is left to the connection's own thread: a slow client must not stop the others.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self._answer = answer
        self.timestamp = timestamp
        self._workers: dict[threading.Thread, socket.socket] = {}
        self._workers_lock = threading.Lock()
        self._loop: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def safely(self, request: Request) -> Reply | None:
        """Answer a request. A bug of the sandbox must not look like a portal that dropped the connection."""
        try:
            return self._answer(request)
        except Exception:  # noqa: BLE001 (the outermost boundary: whatever it is, it is told)
            trouble = traceback.format_exc()
            sys.stderr.write(f"crmkit sandbox: bug at {request.verb} {request.path}\n{trouble}")
            return Reply(500, f"crmkit sandbox: this is a bug of the sandbox\n{trouble}".encode(), BUG)

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._loop = threading.Thread(
            target=self.serve_forever, args=(0.05,), name="crmkit-sandbox", daemon=True
        )
        self._loop.start()

    def close(self) -> None:
        """Stop serving, close every connection and wait for the threads."""
        if self._loop is not None:
            self.shutdown()
            self._loop.join(JOIN_SECONDS)
        self.server_close()
        with self._workers_lock:
            workers = dict(self._workers)
        for worker, connection in workers.items():
            _hang_up(connection)
            worker.join(JOIN_SECONDS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a connection in a new thread that :meth:`close` knows."""
        worker = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._workers_lock:
            self._workers[worker] = request
        worker.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Handle one connection until it is closed."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._workers_lock:
                self._workers.pop(threading.current_thread(), None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a client go that hangs up or trusts no certificate; the rest are bugs and are shown."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was faster


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: HttpServer

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return self._send(
                Reply(411, b"the sandbox reads bodies with a Content-Length up to 64 MB", "text/plain")
            )
        url = urlsplit(self.path)
        reply = self.server.safely(
            Request(
                verb=self.command,
                path=unquote(url.path),
                query=dict(parse_qsl(url.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(length)) if length != "0" else b"",
                raw_query=url.query,
            )
        )
        if reply is None:
            self.close_connection = True
            return None
        return self._send(reply)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = _serve  # noqa: N815

    def _send(self, reply: Reply) -> None:
        try:
            phrase = HTTPStatus(reply.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [
            f"HTTP/1.1 {reply.status} {phrase}",
            f"Date: {formatdate(self.server.timestamp(), usegmt=True)}",
            f"Content-Length: {len(reply.body)}",
            *(f"{name}: {value}" for name, value in reply.headers.items()),
        ]
        if reply.body:
            lines.append(f"Content-Type: {reply.content_type}")
        if reply.sent is not None:
            self.close_connection = True
        if self.close_connection:
            lines.append("Connection: close")
        body = b"" if self.command == "HEAD" else reply.body[: reply.sent]
        self.wfile.write("\r\n".join((*lines, "", "")).encode("latin-1") + body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it so)
        """Say nothing: the sandbox keeps a log of its own."""
