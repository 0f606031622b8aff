"""The time of a sandbox that runs in another process, asked for and moved through its control API."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from crmkit.config import is_loopback
from crmkit.exceptions import ConfigurationError, TransportError

__all__ = ["SandboxClock"]

TIMEOUT = 10.0


class SandboxClock:
    """A clock that shows a sandbox's time; sleeping moves it, so nothing really waits.

    It is what ``clock = "sandbox"`` in ``crmkit.toml`` means.

    Args:
        control_url: The sandbox's control API, for example ``http://127.0.0.1:8000/__control``.

    Raises:
        ConfigurationError: The URL does not point at this machine: no real portal has such an API.
    """

    def __init__(self, control_url: str) -> None:
        if not is_loopback(control_url):
            raise ConfigurationError(
                f"{control_url} is not on this machine", hint="the sandbox clock is for a sandbox only"
            )
        parts = urlsplit(control_url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._path = f"{parts.path.rstrip('/')}/clock"

    def now(self) -> datetime:
        """Return the sandbox's present moment, aware, in UTC.

        Raises:
            TransportError: The sandbox does not answer.
        """
        return datetime.fromisoformat(self._ask("GET")["now"]).astimezone(UTC)

    def monotonic(self) -> float:
        """Return the seconds since the sandbox was started, as it sees them."""
        return float(self._ask("GET")["monotonic"])

    def sleep(self, seconds: float) -> None:
        """Move the sandbox's clock on by so many seconds."""
        if seconds > 0:
            self.advance(seconds=seconds)

    def advance(self, **delta: float) -> None:
        """Move the sandbox's clock by ``timedelta(**delta)``, for example ``advance(days=15)``."""
        self._ask("POST", {"advance": delta})

    def _ask(self, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        connection = HTTPConnection(*self._address, timeout=TIMEOUT)
        problem = ""
        answer: Any = None
        try:
            connection.request(
                verb, self._path, json.dumps(body) if body else None, {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            content = response.read()
            answer = json.loads(content) if response.status == 200 else None
            problem = "" if isinstance(answer, dict) else f"it answered {response.status}"
        except (OSError, HTTPException, ValueError) as error:
            problem = f"{type(error).__name__}: {error}"
        finally:
            connection.close()
        if problem:
            host, port = self._address
            raise TransportError(
                f"no sandbox answers at {host}:{port}: {problem}", hint="start it with: crmkit sandbox"
            )
        found: dict[str, Any] = answer
        return found
