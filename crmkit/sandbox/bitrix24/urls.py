"""Addresses of requests, and the methods that are emulated. Whatever is not here is refused loudly."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.call import Call

__all__ = ["Address", "Method", "documented", "find", "method", "methods", "parse"]

Handler = Callable[["Call"], Any]
_METHODS: dict[str, Method] = {}


@dataclass(frozen=True, slots=True)
class Address:
    """What the path of a request says.

    Attributes:
        method: The method's name as it was written.
        user, secret: Of an incoming webhook; empty for an application.
        version: 2, or 3 under ``/rest/api/``; 0 for a path that is no call of the API.
    """

    method: str
    user: str = ""
    secret: str = ""
    version: int = 2


@dataclass(frozen=True, slots=True)
class Method:
    """A method.

    Attributes:
        name: As documented.
        scope: What the caller needs; empty for everybody's methods.
        handler: Returns the result.
        app: Only for applications.
        admin: Only for administrators.
        version: Of the API.
        bare: Its result is the whole answer, without an envelope.
    """

    name: str
    scope: str
    handler: Handler
    app: bool = False
    admin: bool = False
    version: int = 2
    bare: bool = False


def method(
    name: str,
    scope: str = "crm",
    *,
    app: bool = False,
    admin: bool = False,
    version: int = 2,
    bare: bool = False,
) -> Callable[[Handler], Handler]:
    """Register the decorated function as what carries out a method; several names may share one."""

    def register(handler: Handler) -> Handler:
        _METHODS[_key(name, version)] = Method(name, scope, handler, app, admin, version, bare)
        return handler

    return register


def _key(name: str, version: int) -> str:
    return name.lower() if version == 2 else f"v3:{name.lower()}"


@cache
def methods() -> dict[str, Method]:
    """Return all methods that are emulated, by name in lower case (``v3:`` before those of REST 3.0)."""
    # Imported late: the modules of the methods register themselves here.
    importlib.import_module("crmkit.sandbox.bitrix24.responses").load()
    return _METHODS


def find(name: str, version: int = 2) -> Method | None:
    """Return a method by its name in any case."""
    return methods().get(_key(name, version))


@cache
def documented() -> frozenset[str]:
    """Return the names of all methods that the vendor documents, in lower case."""
    text = files("crmkit.sandbox.bitrix24").joinpath("documented.txt").read_text("utf-8")
    return frozenset(text.split())


@lru_cache(maxsize=4096)
def parse(path: str) -> Address:
    """Read the path of a request.

    Example:
        >>> parse("/rest/1/secret/crm.deal.get.json")
        Address(method='crm.deal.get', user='1', secret='secret', version=2)
        >>> parse("/rest/api/tasks.task.get")
        Address(method='tasks.task.get', user='', secret='', version=3)
    """
    head, *parts = path.strip("/").split("/")
    if head != "rest" or not parts:
        return Address("", version=0)
    version = 2
    if parts[0] == "api" and len(parts) > 1:
        version, parts = 3, parts[1:]
    if len(parts) >= 3 and parts[0].isdigit():
        return Address(_bare(parts[2]), parts[0], parts[1], version)
    if len(parts) == 2 and parts[0].isdigit():
        return Address("", parts[0], parts[1], version)
    return Address(_bare(parts[0]), version=version)


def _bare(name: str) -> str:
    return name.removesuffix(".json")
