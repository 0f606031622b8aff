"""The vendor's operations that are emulated: verb, path, scope, and what carries them out.

Paths are matched as documented, trailing slashes included. Whatever is not here is refused loudly.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.call import Call

__all__ = ["Route", "find", "route", "routes"]

Handler = Callable[["Call"], Any]
_NAME = re.compile(r"\{(\w+)\}")
_NUMBER = r"(?:[a-z]+:)?\d+"
"""Numbers, with or without a prefix: ``/contact/import`` is not a contact."""
_WORDS = {"requestId": r"\w+"}
"""Variables of paths that are no numbers."""
_ROUTES: list[Route] = []


@dataclass(frozen=True)
class Route:
    """An operation.

    Attributes:
        verb, path: As the vendor writes them, for example ``POST`` and ``/task/{id}/comments/``.
        scope: What the token needs.
        handler: Returns the payload of the answer.
        status: Of success.
        error_status: Of errors that have no status of their own.
        bare: Whether success comes without ``"result"``.
    """

    verb: str
    path: str
    scope: str
    handler: Handler
    status: int = 200
    error_status: int = 400
    bare: bool = False
    pattern: re.Pattern[str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        pattern = _NAME.sub(lambda name: f"(?P<{name[1]}>{_WORDS.get(name[1], _NUMBER)})", self.path)
        object.__setattr__(self, "pattern", re.compile(pattern))

    @property
    def name(self) -> str:
        """The vendor's name of the operation."""
        return f"{self.verb} {self.path}"


def route(
    verb: str, path: str, scope: str, *, status: int = 200, error_status: int = 400, bare: bool = False
) -> Callable[[Handler], Handler]:
    """Register the decorated function as what carries out an operation."""

    def register(handler: Handler) -> Handler:
        _ROUTES.append(Route(verb, path, scope, handler, status, error_status, bare))
        return handler

    return register


@cache
def routes() -> tuple[Route, ...]:
    """Return all operations that are emulated."""
    # Imported late: the modules of the operations register themselves here.
    importlib.import_module("crmkit.sandbox.planfix.responses").load()
    return tuple(_ROUTES)


def find(verb: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the operation behind a request and the variables of its path.

    A fixed path wins over one with variables: ``/task/list`` is not task number "list".
    """
    best: tuple[Route, dict[str, str]] | None = None
    for candidate in routes():
        match = candidate.pattern.fullmatch(path) if candidate.verb == verb else None
        if match and (best is None or len(match.groupdict()) < len(best[1])):
            best = candidate, match.groupdict()
    return best
