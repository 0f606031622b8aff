"""A sandbox and a bare HTTP client for it: what the SDK does is no concern of these tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest
import requests

from crmkit.sandbox import Sandbox
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox


class Api:
    """Plain requests with somebody's token."""

    def __init__(self, box: PlanfixSandbox, who: str = "robot") -> None:
        self.box = box
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {box.tokens[who]}"

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.session.get(self.box.url + path, params=params, timeout=10)

    def post(self, path: str, body: Any = None, **params: Any) -> requests.Response:
        return self.session.post(self.box.url + path, json=body, params=params, timeout=10)

    def delete(self, path: str) -> requests.Response:
        return self.session.delete(self.box.url + path, timeout=10)

    def control(self, verb: str, path: str, body: Any = None, **params: Any) -> requests.Response:
        return self.session.request(verb, self.box.control_url + path, json=body, params=params, timeout=10)

    def tasks(self, *filters: dict[str, Any], fields: str = "id", **body: Any) -> list[dict[str, Any]]:
        answer = self.post("/task/list", {"fields": fields, "filters": list(filters), **body})
        assert answer.status_code == 200, answer.text
        return answer.json()["tasks"]

    def ids(self, *filters: dict[str, Any], **body: Any) -> list[int]:
        return [task["id"] for task in self.tasks(*filters, **body)]

    def task(self, number: int, fields: str) -> dict[str, Any]:
        answer = self.get(f"/task/{number}", fields=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["task"]

    def create(self, **body: Any) -> int:
        answer = self.post("/task/", {"name": "Сделка", "object": {"id": 1}, **body})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def comments(self, task: int, which: str = "All", **body: Any) -> list[dict[str, Any]]:
        fields = "id,type,description,owner,dateTime,changeStatus,isHidden,isDeleted,recipients"
        answer = self.post(f"/task/{task}/comments/list", {"fields": fields, "typeList": which, **body})
        assert answer.status_code == 200, answer.text
        return answer.json()["comments"]


class Bench:
    """Makes sandboxes and clients, and closes them."""

    def __init__(self) -> None:
        self._open: list[Any] = []

    def box(self, seed: str = "empty", **options: Any) -> PlanfixSandbox:
        options.setdefault("strict_limits", False)
        box = Sandbox.planfix(seed, **options).start()
        self._open.append(box)
        return box

    def api(self, box: PlanfixSandbox | None = None, who: str = "robot", **options: Any) -> Api:
        api = Api(box or self.box(**options), who)
        self._open.append(api.session)
        return api

    def close(self) -> None:
        for thing in reversed(self._open):
            thing.close()


class Received(NamedTuple):
    """A request that came to a receiver."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


class Receiver(ThreadingHTTPServer):
    """Takes what scenarios send; answers with the next of ``answers``, then with 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taker)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.answers: list[int] = []
        self.said = b""
        self.got: list[Received] = []
        self.meanwhile: Callable[[], object] = bool
        self._loop = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._loop.start()

    def close(self) -> None:
        self.shutdown()
        self._loop.join()
        self.server_close()


class _Taker(BaseHTTPRequestHandler):
    server: Receiver

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self.server.got.append(Received(self.command, self.path, dict(self.headers), body))
        self.server.meanwhile()
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Content-Length", str(len(self.server.said)))
        self.end_headers()
        self.wfile.write(self.server.said)

    do_GET = do_POST = do_PUT = do_DELETE = _take  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who receives the requests of scenarios."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


@pytest.fixture
def box(bench: Bench) -> PlanfixSandbox:
    """An account with people, processes and fields, without tasks; nobody watches the rate."""
    return bench.box()


@pytest.fixture
def api(bench: Bench, box: PlanfixSandbox) -> Api:
    """The robot's client for ``box``."""
    return bench.api(box)
