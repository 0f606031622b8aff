"""One portal over HTTP: both REST versions, one limiter, and the new address after a renaming."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from crmkit.bitrix24 import encoding
from crmkit.bitrix24.auth import OAuth, WebhookAuth
from crmkit.bitrix24.effects import WALL, effect_of
from crmkit.bitrix24.envelope import Envelope, parse
from crmkit.bitrix24.errors import Classifier
from crmkit.clock import Clock
from crmkit.exceptions import OutcomeUnknown, ValidationError
from crmkit.transport.answers import Redirected
from crmkit.transport.rate_limit import Limiter
from crmkit.transport.request import Effect, Request, Response
from crmkit.transport.retry import RetryPolicy
from crmkit.transport.session import OnWait, Transport

__all__ = ["Portal", "Settings"]

_log = logging.getLogger("crmkit.bitrix24")
REPEATS = 2
"""How often a lost answer of REST 3.0 is asked for again."""
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}


@dataclass(frozen=True)
class Settings:
    """What both transports of a portal share."""

    clock: Clock
    limiter: Limiter
    policy: RetryPolicy
    timeout: tuple[float, float]
    random: Callable[[], float]
    session: requests.Session | None = None
    on_wait: OnWait | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)


class Portal:
    """Sends calls of REST 2 and REST 3.0.

    Args:
        origin: ``https://host``.
        prefix: ``user/key`` of a webhook, empty for an application.
        auth: The webhook or the application.
        settings: Limits, time and patience.
    """

    def __init__(self, origin: str, prefix: str, auth: WebhookAuth | OAuth, settings: Settings) -> None:
        self.settings = settings
        self.classify = Classifier(settings.clock, self._scrub)
        self._prefix = f"{prefix}/" if prefix else ""
        self._auth = auth
        self._lock = threading.Lock()
        self._sent_before = 0
        self._open(origin)
        if isinstance(auth, OAuth):
            auth.on_secret = self._hide

    @property
    def origin(self) -> str:
        """The portal's present address, ``https://host``."""
        return self._origin

    @property
    def requests_sent(self) -> int:
        """Requests so far, repeats included."""
        return self._sent_before + self._v2.requests_sent + self._v3.requests_sent

    def request(
        self, method: str, params: Mapping[str, Any] | Sequence[Any] = (), *, effect: Effect | None = None
    ) -> Envelope:
        """Call a method of REST 2 and return the whole answer."""
        params = params or {}
        body = encoding.to_json(method, params)
        return parse(self._send(method, body, effect or effect_of(method, params)).json())

    def batch(self, commands: Mapping[str, str], *, halt: bool) -> Envelope:
        """Send ready commands in one request, once: whoever packs them knows better what may be repeated."""
        body = json.dumps({"halt": int(halt), "cmd": commands}, ensure_ascii=False).encode()
        return parse(self._send("batch", body, Effect.WRITE).json())

    def request_v3(
        self, method: str, params: Any = None, *, key: str = "", effect: Effect | None = None
    ) -> Envelope:
        """Call a method of REST 3.0; JSON goes as it is, with true nulls and booleans.

        Every write carries an ``Idempotency-Key``. A lost answer is asked for again with the same key once
        the first call cannot be running any more: two with one key at the same time might both be carried
        out.

        Args:
            method: The method.
            params: An object, or for ``batch`` a list.
            key: The key; made up if left out. 1 to 255 printable ASCII characters.
            effect: What a repeat would do, if the name does not tell.
        """
        if key and not (len(key) <= 255 and key.isascii() and key.isprintable()):
            raise ValidationError(f"{method}: an Idempotency-Key is 1 to 255 printable ASCII characters")
        effect = effect or effect_of(method, params)
        body = json.dumps(params or {}, ensure_ascii=False, default=_plain).encode()
        if effect is Effect.READ or method == "batch":
            return parse(self._send(method, body, effect, v3=True).json())
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        for _ in range(REPEATS):
            try:
                return parse(self._send(method, body, Effect.WRITE, headers, v3=True).json())
            except OutcomeUnknown:
                if self.settings.on_wait is not None:
                    self.settings.on_wait(method, WALL)
                self.settings.clock.sleep(WALL)
        return parse(self._send(method, body, Effect.WRITE, headers, v3=True).json())

    def download(self, url: str) -> Response:
        """Open a file address that the portal gave, streamed; the caller reads and closes it."""
        # The file server turns unknown clients away.
        headers = {"User-Agent": "Mozilla/5.0 (compatible; crmkit)"}
        request = Request("GET", url, "download", Effect.READ, headers=headers, stream=True)
        return self._v2.send(request)

    def close(self) -> None:
        """Close the connections."""
        self._v2.close()
        self._v3.close()

    def _send(
        self,
        method: str,
        body: bytes,
        effect: Effect,
        headers: Mapping[str, str] | None = None,
        *,
        v3: bool = False,
    ) -> Response:
        headers = {**_JSON, **(headers or {})}
        request = Request("POST", f"/{method}", method, effect, data=body, headers=headers)
        transport = self._v3 if v3 else self._v2
        try:
            return transport.send(request)
        except Redirected as error:
            moved = error
        self._move(moved, transport)
        return (self._v3 if v3 else self._v2).send(request)

    def _move(self, moved: Redirected, transport: Transport) -> None:
        """Follow a portal to its new address: an automatic redirect would turn the POST into a GET."""
        if not moved.same_path or urlsplit(moved.location).scheme != urlsplit(self._origin).scheme:
            raise moved
        with self._lock:
            if transport in (self._v2, self._v3):
                self._sent_before = self.requests_sent
                self.close()
                self._open(moved.location)
                _log.warning("the portal is now %s: put it into the configuration", self._origin)
                if isinstance(self._auth, OAuth):
                    self._auth.moved(f"{self._origin}/rest/")

    def _open(self, origin: str) -> None:
        self._origin = origin
        self._v2 = self._transport(f"{origin}/rest/{self._prefix}")
        self._v3 = self._transport(f"{origin}/rest/api/{self._prefix}")

    def _transport(self, base: str) -> Transport:
        common = self.settings
        return Transport(
            base,
            classify=self.classify,
            auth=self._auth,
            limiter=common.limiter,
            policy=common.policy,
            clock=common.clock,
            timeout=common.timeout,
            random=common.random,
            secrets=common.secrets,
            on_wait=common.on_wait,
            session=common.session,
        )

    def _scrub(self, value: Any) -> Any:
        return self._v2.redactor.scrub_value(value)

    def _hide(self, secret: str) -> None:
        self._v2.redactor.add(secret)
        self._v3.redactor.add(secret)


def _plain(value: Any) -> Any:
    """Bring dates, enums and files to JSON the way the other encoder does."""
    return encoding.normalise("", [value])[0]
