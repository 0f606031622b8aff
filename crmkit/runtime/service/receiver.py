"""The receiver: takes events in, answers as soon as they are on the disk, and tells how the service is.

It believes nothing that it was not shown a proof of, keeps nothing of what it does not believe, and answers
whoever has the wrong secret just as whoever names a portal that does not exist.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from crmkit.crm.doors import Door, Incoming, Notice, NotOurs, Unreadable
from crmkit.crm.setup import Watch
from crmkit.exceptions import CrmkitError, NotFound
from crmkit.runtime.engine.port import Engine, Hint, Receipt
from crmkit.runtime.service.counts import CONTENT_TYPE, Counts, Outcome, prometheus

__all__ = ["MOST_BYTES", "Calendar", "Gate", "Receiver"]

MOST_BYTES = 256 * 1024
PATIENCE = 20.0
"""Seconds: both vendors wait longer for an answer."""
ANSWERS = {Outcome.REFUSED: 403, Outcome.TOO_LARGE: 413, Outcome.NOT_STORED: 503}
log = logging.getLogger("crmkit.receiver")

Calendar = Callable[..., bytes]
"""Takes ``portal``, ``recipe`` and ``token``; raises :class:`NotFound`."""


@dataclass(frozen=True)
class Gate:
    """Where the requests of one portal come in.

    Attributes:
        portal: As in :attr:`Crm.portal`.
        door: Reads them.
    """

    portal: str
    door: Door


class _Wall:
    """The door of a portal that does not exist: compares as the others do, and lets nobody in."""

    def __init__(self) -> None:
        self._secret = secrets.token_urlsafe(24).encode()

    def kinds(self, watches: Sequence[Watch]) -> frozenset[str]:
        return frozenset()

    def read(self, request: Incoming) -> Sequence[Notice]:
        hmac.compare_digest(request.path.encode(), self._secret)
        raise NotOurs("there is no such portal")


class Receiver:
    """The web application.

    Args:
        engine: Where events go.
        gates: The portals that may send, by their names in the settings.
        counts: Where requests are counted.
        calendar: Returns the calendar behind a portal, a recipe and the secret of an address.

    Attributes:
        app: For an ASGI server.
    """

    def __init__(
        self,
        engine: Engine,
        gates: Mapping[str, Gate],
        counts: Counts | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        self._engine = engine
        self._calendar = calendar
        self._gates = gates
        self._nowhere = Gate("", _Wall())
        self.counts = counts or Counts()
        self.app = Starlette(
            routes=[
                Route("/hooks/{portal}", self.hook, methods=["POST"]),
                Route("/hooks/{portal}/{secret}", self.hook, methods=["POST"]),
                Route("/calendar/{portal}/{recipe}/{token}.ics", self.calendar),
                Route("/health", self.health),
                Route("/metrics", self.metrics),
            ]
        )

    async def hook(self, request: Request) -> Response:
        """Take a request of a portal in."""
        began, name = time.perf_counter(), request.path_params["portal"]
        gate = self._gates.get(name, self._nowhere)
        told: dict[str, Any] = {}
        outcome = await self._take(gate, request, told)
        seconds = time.perf_counter() - began
        self.counts.add(name if gate.portal else "", outcome, seconds)
        status = ANSWERS.get(outcome, 200)
        facts = {"portal": name if gate.portal else "", "status": status, "outcome": outcome, **told}
        level = logging.INFO if status == 200 else logging.WARNING
        log.log(level, "event", extra={"facts": {**facts, "ms": round(seconds * 1000, 2)}})
        return Response(status_code=status)

    async def calendar(self, request: Request) -> Response:
        """Return the calendar behind a secret address; 404, whatever is wrong with it."""
        if self._calendar is None:
            return Response(status_code=404)
        try:
            data = await run_in_threadpool(self._calendar, **request.path_params)
        except NotFound:
            return Response(status_code=404)
        except CrmkitError as error:
            log.warning("calendar", extra={"facts": {"why": error.message}})
            return Response(status_code=503)
        headers = {"Content-Type": "text/calendar; charset=utf-8", "Cache-Control": "private"}
        return Response(data, headers=headers)

    async def health(self, request: Request) -> Response:
        """Tell whether the service works: 200, or 503 with what is wrong."""
        health = await run_in_threadpool(self._engine.health)
        return JSONResponse({"ok": health.ok, "problem": health.problem}, 200 if health.ok else 503)

    async def metrics(self, request: Request) -> Response:
        """Return the numbers for Prometheus."""
        try:
            numbers = await run_in_threadpool(self._engine.counters)
        except CrmkitError as error:
            return PlainTextResponse(f"# {error.message}\n", 503)
        return PlainTextResponse(prometheus(self.counts, numbers), headers={"Content-Type": CONTENT_TYPE})

    async def _take(self, gate: Gate, request: Request, told: dict[str, Any]) -> Outcome:
        """Judge a request and write its events down; ``told`` gets what the log may say."""
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Outcome.UNREADABLE
        if body is None:
            return Outcome.TOO_LARGE
        incoming = Incoming(
            path=request.path_params.get("secret", ""),
            headers=dict(request.headers),  # ASGI has them in lower case
            body=body,
            query=request.scope["query_string"].decode("latin-1"),
        )
        try:
            hints = [_hint(gate.portal, notice) for notice in gate.door.read(incoming)]
        except NotOurs:
            return Outcome.REFUSED
        except (Unreadable, ValueError) as error:
            told["why"] = str(error) if isinstance(error, Unreadable) else "it makes no sense"
            return Outcome.UNREADABLE
        except Exception as error:  # noqa: BLE001  (a vendor whose request is refused sends nothing else for minutes)
            told["why"] = f"unexpected {type(error).__name__}"
            return Outcome.UNREADABLE
        told["events"] = [f"{hint.kind} {hint.entity}" for hint in hints]
        return await self._store(hints)

    async def _store(self, hints: Sequence[Hint]) -> Outcome:
        writing = [asyncio.wrap_future(self._engine.submit(hint)) for hint in hints]
        try:
            async with asyncio.timeout(PATIENCE):
                receipts = [await one for one in writing]
        except (CrmkitError, TimeoutError):
            return Outcome.NOT_STORED
        wanted = any(receipt is not Receipt.IGNORED for receipt in receipts)
        return Outcome.ACCEPTED if wanted else Outcome.IGNORED


def _hint(portal: str, notice: Notice) -> Hint:
    return Hint(portal, notice.entity, notice.kind, notice.key, payload=notice.payload)


async def _body(request: Request) -> bytes | None:
    """Return the body, ``None`` if it is too large; no more than the limit is ever held in memory."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > MOST_BYTES:
        return None
    parts: list[bytes] = []
    size = 0
    stream: AsyncIterator[bytes] = request.stream()
    async for part in stream:
        size += len(part)
        if size > MOST_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)
