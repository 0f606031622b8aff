"""What a portal sends us: judged and read by whoever knows the vendor, before anything is stored.

A door says who may come in and what they want us to look at. It does no I/O and keeps nothing, so that it
answers within a fraction of a millisecond.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from crmkit.crm.models import Ref
from crmkit.crm.setup import Watch

__all__ = ["Door", "Incoming", "NotOurs", "Notice", "Unreadable"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came.

    Attributes:
        path: What follows the portal's own address: a secret, if the portal proves itself by path.
        headers: With names in lower case.
        body: As it was sent.
        query: What followed the question mark, unparsed.
    """

    path: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    query: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something may have happened to an entity.

    Attributes:
        kind: The sender's name of the event, for logs.
        entity: What to look at.
        key: The sender's id of this very event, if it gives one.
        payload: What the sender said, as plain JSON without secrets.
    """

    kind: str
    entity: Ref
    key: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


class NotOurs(Exception):
    """The request does not prove that the portal sent it: to be refused and counted, never to be stored."""


class Unreadable(Exception):
    """The portal sent it, but it names nothing to look at: to be counted and acknowledged.

    The vendor would send it again and again, and hold up everything behind it.
    """


class Door(Protocol):
    """Reads what one portal sends."""

    def kinds(self, watches: Sequence[Watch]) -> frozenset[str]:
        """Return the kinds of notices that tell what is watched."""
        ...

    def read(self, request: Incoming) -> Sequence[Notice]:
        """Return what to look at; nothing if the event concerns nothing that we look at.

        Raises:
            NotOurs: The proof is missing or wrong.
            Unreadable: It is the portal's, but makes no sense.
        """
        ...
