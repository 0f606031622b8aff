"""What is sent and what comes back, before any vendor has looked at it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from email.message import Message
from enum import StrEnum
from types import TracebackType
from typing import Any, Protocol

from pydantic_core import from_json

__all__ = ["BodyStream", "Effect", "NotJsonError", "Request", "Response"]

_UNPARSED: Any = object()


class Effect(StrEnum):
    """What it would do to send the same request a second time.

    ``READ`` changes nothing at the portal; ``IDEMPOTENT`` changes it once however often it is sent (set a
    field to a value); ``WRITE`` would do it again (a second comment, a second task).
    """

    READ = "read"
    IDEMPOTENT = "idempotent"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Request:
    """One operation of a vendor, without host and credentials.

    Args:
        verb: ``GET``, ``POST`` or ``DELETE``.
        path: The path below the base URL, trailing slash included where the vendor has one. A full URL is
            allowed for downloads; the credentials are sent to the portal's own host only.
        operation: The vendor's name of it, for example ``"POST /task/{id}"``: used by limits, logs and
            errors.
        effect: What a repeat would do; decides which failures may be repeated.
        params: Query parameters, as strings.
        json: The JSON body.
        data: A form body, or bytes as they are.
        files: Multipart files in the form that ``requests`` takes.
        headers: Further headers; they win over those of the credentials.
        stream: Do not read the body of a good answer; the caller does, with :meth:`Response.iter_bytes`.
        empty_ok: An empty body with status 200 or 201 is a good answer too (202 and 204 always are).

    ``repr`` shows neither parameters nor bodies: they may hold personal data and keys.

    Example:
        >>> Request("GET", "/task/7", operation="GET /task/{id}", effect=Effect.READ)
        Request(verb='GET', operation='GET /task/{id}', effect=<Effect.READ: 'read'>)
    """

    verb: str
    path: str = field(repr=False)
    operation: str
    effect: Effect
    params: Mapping[str, Any] | None = field(default=None, repr=False)
    json: Any = field(default=None, repr=False)
    data: Any = field(default=None, repr=False)
    files: Any = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    stream: bool = field(default=False, repr=False)
    empty_ok: bool = field(default=False, repr=False)


class NotJsonError(ValueError):
    """The body of an answer is no JSON. The transport turns it into what the caller sees."""


class BodyStream(Protocol):
    """A body that has not been read yet."""

    def read(self, chunk_size: int) -> Iterator[bytes]:
        """Yield the body in pieces of at most so many bytes."""
        ...

    def close(self) -> None:
        """Give the connection back, read or not."""
        ...


@dataclass(frozen=True, slots=True)
class Response(AbstractContextManager["Response"]):
    """An answer as it came.

    Args:
        status: The HTTP status.
        headers: Case-insensitive.
        content: The whole body; empty for a streamed answer.
        elapsed: Seconds from sending to the end of the headers.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    elapsed: float = 0.0
    body: BodyStream | None = field(default=None, repr=False, compare=False)
    _parsed: Any = field(default=_UNPARSED, init=False, repr=False, compare=False)

    def json(self) -> Any:
        """Return the parsed body; an empty body is ``None``. The body is parsed once.

        Raises:
            NotJsonError: It is HTML, cut short, or in an encoding that nobody declared.

        Example:
            >>> Response(200, {}, b'{"result": "success"}').json()
            {'result': 'success'}
        """
        if self._parsed is _UNPARSED:
            object.__setattr__(self, "_parsed", _parse(self.content, self.headers))
        return self._parsed

    def iter_bytes(self, chunk_size: int = 65_536) -> Iterator[bytes]:
        """Yield the body piece by piece, in constant memory.

        Raises:
            TransportError: The connection broke before the end.
        """
        if self.body is None:
            yield from (self.content[at : at + chunk_size] for at in range(0, len(self.content), chunk_size))
        else:
            yield from self.body.read(chunk_size)

    def close(self) -> None:
        """Give the connection of a streamed answer back."""
        if self.body is not None:
            self.body.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _parse(content: bytes, headers: Mapping[str, str]) -> Any:
    if not content.strip():
        return None
    try:
        return from_json(content)
    except ValueError:
        pass  # the slow way takes more (a byte order mark, other encodings) and says better what is wrong
    charset = _charset(headers)
    for encoding in dict.fromkeys(("utf-8-sig", charset)):
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        return _loads(text)
    raise NotJsonError(f"the body is not in the encoding it declares ({charset})")


def _charset(headers: Mapping[str, str]) -> str:
    message = Message()
    message["Content-Type"] = headers.get("Content-Type", "")
    return message.get_content_charset("utf-8")


def _loads(text: str) -> Any:
    problem = "nested too deep"
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"{error.msg.lower()} at character {error.pos} of {len(text)}"
    except RecursionError:
        pass
    raise NotJsonError(problem)
