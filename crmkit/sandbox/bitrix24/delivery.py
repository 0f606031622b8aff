"""Events: told once to handlers on this machine, or kept in the offline queue."""

from __future__ import annotations

import http.client
import queue
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlsplit

from crmkit.sandbox.bitrix24.values import iso

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.models import Caller
    from crmkit.sandbox.bitrix24.portal import Portal

__all__ = ["EVENT_FAULTS", "Delivery", "Events", "Handler", "Queued", "form"]

EVENT_FAULTS = ("drop_event", "duplicate_event", "hold_event")
PATIENCE = 5.0
RESERVED_LIFE = 2_952_000
"""Seconds that the offline queue keeps rows."""


@dataclass
class Handler:
    """Who wants to be told. Without an application it is an outgoing webhook made by hand."""

    id: int
    event: str
    url: str = ""
    app: str = ""
    user: int = 0
    offline: bool = False
    connector: str = ""
    token: str = field(default="", repr=False)


@dataclass
class Queued:
    """A row of the offline queue; reserved by a process or free."""

    id: int
    message_id: str
    event: str
    data: dict[str, Any]
    at: int
    user: int
    app: str
    connector: str
    process: str = ""
    error: bool = False


@dataclass
class Delivery:
    """An attempt to tell a handler; ``status`` is its answer, 0 if there was none."""

    handler: int
    url: str
    event: str
    payload: dict[str, Any] = field(repr=False)
    status: int = 0


@dataclass
class _Happened:
    event: str
    data: dict[str, Any]
    user: int
    app: str
    connector: str


class Events:
    """What happened within a request is merged, then told at most once: no answer, no second attempt."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self.handlers: dict[int, Handler] = {}
        self.queue: dict[int, Queued] = {}
        self.deliveries: list[Delivery] = []
        self._buffer: dict[str, _Happened] = {}
        self._dice = random.Random(0)  # noqa: S311 (not for secrets)
        self._held: list[Delivery] = []
        self._outbox: queue.Queue[Delivery | None] = queue.Queue()
        self._postman: threading.Thread | None = None

    def emit(self, event: str, data: dict[str, Any], *, user: int, caller: Caller | None = None) -> None:
        """Note that something happened; the same thing within one request counts once."""
        if not self.handlers:
            return
        app = caller.app.client_id if caller and caller.app else ""
        self._buffer[f"{event} {data}"] = _Happened(
            event, data, user, app, caller.connector if caller else ""
        )

    def flush(self) -> None:
        """Tell the handlers what happened in the request that ends now."""
        buffered, self._buffer = self._buffer, {}
        for happened in buffered.values():
            for handler in [one for one in self.handlers.values() if one.event == happened.event]:
                if handler.offline:
                    self._enqueue(handler, happened)
                elif self._portal.settings.deliver_events:
                    self._tell(handler, happened)

    def wait(self) -> None:
        """Wait until everything that was sent has arrived, or failed."""
        self._outbox.join()

    def close(self) -> None:
        """Send what is left and end."""
        if self._postman is not None:
            self._outbox.put(None)
            self._postman.join(PATIENCE * 2)
            self._postman = None

    def expire(self) -> None:
        """Forget the rows of the offline queue that nobody fetched for a month."""
        oldest = self._portal.now() - RESERVED_LIFE
        for number in [row.id for row in self.queue.values() if row.at < oldest]:
            del self.queue[number]

    def _enqueue(self, handler: Handler, happened: _Happened) -> None:
        if (handler.app, handler.connector) == (happened.app, happened.connector):
            return  # an application is not told of its own doings
        for row in self.queue.values():
            same = (row.event, row.data, row.app, row.connector) == (
                happened.event,
                happened.data,
                handler.app,
                handler.connector,
            )
            if same and not row.process:
                row.at = self._portal.now()
                return
        number = self._portal.next_id("offline event")
        self.queue[number] = Queued(
            number,
            f"{number:032x}",
            happened.event,
            happened.data,
            self._portal.now(),
            happened.user,
            handler.app,
            handler.connector,
        )

    def _tell(self, handler: Handler, happened: _Happened) -> None:
        payload = self._payload(handler, happened)
        delivery = Delivery(handler.id, handler.url, handler.event, payload)
        fault = self._fault(handler.event)
        if fault == "hold_event":
            self._held.append(delivery)
            return
        copies = {"drop_event": 0, "duplicate_event": 2}.get(fault, 1)
        held, self._held = self._held, []
        for one in [*[delivery] * copies, *held]:
            self._post(one)

    def _fault(self, event: str) -> str:
        for fault in self._portal.faults:
            if fault.kind in EVENT_FAULTS and fault.strikes((event,), self._dice):
                return fault.kind
        return ""

    def _post(self, delivery: Delivery) -> None:
        if self._postman is None:
            self._postman = threading.Thread(target=self._work, name="crmkit-sandbox-events", daemon=True)
            self._postman.start()
        self._outbox.put(delivery)

    def _payload(self, handler: Handler, happened: _Happened) -> dict[str, Any]:
        portal = self._portal
        auth: dict[str, Any] = {
            "domain": portal.domain,
            "client_endpoint": f"{portal.origin}/rest/",
            "server_endpoint": f"{portal.origin}/oauth/rest/",
            "member_id": portal.member_id,
            "application_token": handler.token,
        }
        if handler.app:
            token = portal.issue(handler.app, handler.user or happened.user)
            auth = {
                "access_token": token.access,
                "expires_in": portal.token_life,
                "scope": ",".join(portal.apps[handler.app].scopes),
                "status": "L",
                "user_id": token.user,
                **auth,
            }
        return {
            "event": happened.event,
            "event_handler_id": handler.id,
            "data": happened.data,
            "ts": portal.now(),
            "auth": auth,
        }

    def _work(self) -> None:
        while True:
            delivery = self._outbox.get()
            try:
                if delivery is None:
                    return
                delivery.status = _send(delivery)
                self.deliveries.append(delivery)
            finally:
                self._outbox.task_done()

    def shown(self, row: Queued) -> dict[str, Any]:
        """Return a row of the offline queue as the vendor shows it."""
        return {
            "ID": str(row.id),
            "TIMESTAMP_X": iso(row.at, self._portal.settings.timezone),
            "EVENT_NAME": row.event,
            "EVENT_DATA": row.data or False,
            "EVENT_ADDITIONAL": {"user_id": str(row.user)} if row.user else False,
            "MESSAGE_ID": row.message_id,
        }


def _send(delivery: Delivery) -> int:
    parts = urlsplit(delivery.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=PATIENCE)
    body = form(delivery.payload).encode()
    try:
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        connection.request(
            "POST",
            path,
            body,
            {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Bitrix24 Webhook Engine"},
        )
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def form(payload: dict[str, Any]) -> str:
    """Encode a payload as PHP's ``http_build_query`` does.

    Example:
        >>> form({"event": "ONCRMDEALADD", "data": {"FIELDS": {"ID": 5}}})
        'event=ONCRMDEALADD&data%5BFIELDS%5D%5BID%5D=5'
    """
    return "&".join(f"{quote_plus(name)}={quote_plus(str(value))}" for name, value in _flat(payload, ""))


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, (list, tuple)):
        yield from _flat(dict(enumerate(value)), name)
    elif value is not None:
        yield name, int(value) if isinstance(value, bool) else value
