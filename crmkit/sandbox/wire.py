"""What the HTTP server and a vendor's emulation tell each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from crmkit.sandbox.faults import Fault

__all__ = ["JSON", "Reply", "Request", "Vendor", "json_reply"]

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived. ``path`` is below the vendor's prefix; header names are in lower case.

    ``raw_query`` is the query string undecoded, for vendors whose decoding has rules of its own.
    """

    verb: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    raw_query: str = ""


@dataclass(slots=True)
class Reply:
    """An answer to be sent.

    Attributes:
        status: The HTTP status.
        body: What ``Content-Length`` speaks of.
        sent: How many bytes of the body are really sent before the connection is closed; ``None`` means all.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    sent: int | None = None


class Vendor(Protocol):
    """The emulation of one vendor's portal."""

    prefix: str
    """The path under which its API answers, for example ``/rest``."""

    def operation(self, verb: str, path: str) -> str:
        """Return the vendor's name of an operation (``POST /task/{id}``); empty if it is not emulated."""
        ...

    def caller(self, request: Request) -> str:
        """Return who sent a request, for example ``user:90``; empty if the credentials are unknown."""
        ...

    def public(self, request: Request) -> Request:
        """Return a request without its credentials, for the log."""
        ...

    def handle(self, request: Request, fault: Fault | None = None) -> Reply:
        """Carry out a request. ``fault`` is one of the kinds that only the vendor itself can play."""
        ...

    def meter(self, request: Request) -> Reply | None:
        """Count a request against the limits without carrying it out; return the refusal if there is one."""
        ...

    def failure(self, status: int, body: Any = None) -> Reply:
        """Return an error in the vendor's envelope; ``body`` replaces its usual text."""
        ...

    def settle(self) -> None:
        """Do what became due as time went by."""
        ...

    def state(self, collection: str, key: str = "") -> Any:
        """Return a collection of the portal's state, or one member of it, as plain JSON values.

        Raises:
            LookupError: There is none of this name.
        """
        ...

    def act(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Let somebody do something in the portal's own user interface.

        Raises:
            LookupError: There is no such action, person or object.
            ValueError, TypeError: The arguments do not fit.
        """
        ...

    def about(self) -> dict[str, Any]:
        """Return what a newcomer needs to know: tokens, people, settings."""
        ...


def json_reply(status: int, payload: Any, **headers: str) -> Reply:
    """Return a JSON answer; letters are sent as they are, in UTF-8."""
    return Reply(
        status, json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(), headers=headers
    )
