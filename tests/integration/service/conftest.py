"""A service on the real chain: ASGI application, engine, recipe, adapter, HTTP, sandbox on a frozen clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from crmkit.cli import finder
from crmkit.config import load
from crmkit.crm.registry import connect
from crmkit.runtime.engine import open_engine
from crmkit.runtime.engine.port import Engine
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.service import Service
from crmkit.runtime.service.receiver import Receiver

SECRET = "not-a-real-secret-at-all"


class Web:
    """Sends requests to an ASGI application without a network."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def post(self, path: str, body: bytes = b"", **headers: str) -> int:
        return self.send("POST", path, body, headers)[0]

    def get(self, path: str) -> tuple[int, str]:
        return self.send("GET", path, b"", {})

    def send(self, verb: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        place, _, query = path.partition("?")
        named = {"content-type": "application/x-www-form-urlencoded", **headers}
        scope = {
            "type": "http",
            "method": verb,
            "path": place,
            "raw_path": place.encode(),
            "query_string": query.encode(),
            "headers": [
                (key.replace("_", "-").lower().encode(), value.encode()) for key, value in named.items()
            ],
            "server": ("127.0.0.1", 1),
            "scheme": "http",
            "http_version": "1.1",
        }
        return asyncio.run(self._ask(scope, body))

    async def _ask(self, scope: dict[str, Any], body: bytes) -> tuple[int, str]:
        parts = [body[at : at + 65536] for at in range(0, len(body), 65536)] or [b""]
        answers: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not parts:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def send(message: Any) -> None:
            answers.append(message)

        await self._receiver.app(scope, receive, send)
        text = b"".join(one.get("body", b"") for one in answers[1:]).decode()
        return answers[0]["status"], text


class Running:
    """A service with an engine that works when the test says so."""

    def __init__(self, stack: ExitStack, folder: Path, box: Any, config: dict[str, Any]) -> None:
        self.box = box
        url = f"sqlite:///{folder / 'crmkit.db'}"
        self.config = load("/dev/null", store={"url": url}, **config)
        self.engine: Engine = open_engine(url, "inline", clock=box.clock)
        self.service = stack.enter_context(
            Service(
                self.config,
                lambda name: finder.make(name, self.config.recipes.get(name, {})),
                engine=self.engine,
                open_portal=lambda portal: connect(portal, clock=box.clock),
            )
        )
        self.service.start()
        self.receiver = self.service.receiver()
        self.web = Web(self.receiver)
        self.ledger = stack.enter_context(Ledger(url))

    def later(self, **delta: float) -> int:
        """Let time pass and the engine work; return how many batches it has run."""
        self.box.clock.advance(**delta)
        before = self.engine.counters().totals.get("batches", 0)
        self.engine.tick()
        return int(self.engine.counters().totals.get("batches", 0)) - before


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Put a service before a sandbox: ``make_service(box, portals=..., serve=..., recipes=...)``."""
    with ExitStack() as stack:
        yield lambda box, **config: Running(stack, tmp_path, box, config)
