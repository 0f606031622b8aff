"""What was asked of the sandbox, request by request."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

__all__ = ["Entry", "RequestLog"]

KEPT = 200_000
"""Older entries are dropped, so that a sandbox can run for days."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. Credentials are not part of it.

    Attributes:
        at: When it arrived, on the sandbox's clock (UTC).
        user: Who sent it, for example ``user:90``; empty if the credentials are unknown.
        verb, path, query: As they came; ``access_token`` is left out of the query.
        operation: The vendor's name of what was asked; empty if it is not emulated.
        body: The decoded JSON, the text if it is not JSON, or ``None``.
        status: The HTTP status of the answer; 0 if the connection was closed without one.
        fault: The kind of the trouble that struck, if any.
    """

    at: datetime
    user: str
    verb: str
    path: str
    operation: str
    query: dict[str, str]
    body: Any
    status: int
    fault: str = ""

    def plain(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
        return asdict(self) | {"at": self.at.isoformat()}


class RequestLog:
    """All requests since the start or the last :meth:`clear`, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        """Write down a request."""
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._entries.clear()

    def of(self, operation: str) -> list[Entry]:
        """Return the requests of one operation, for example ``POST /task/{id}``."""
        return [entry for entry in self if entry.operation == operation]

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        with self._lock:
            return iter(list(self._entries))

    def __getitem__(self, index: int) -> Entry:
        with self._lock:
            return self._entries[index]


def body_of(raw: bytes) -> Any:
    """Return a request body for the log: JSON if it is that, else text."""
    if not raw:
        return None
    text = raw.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
