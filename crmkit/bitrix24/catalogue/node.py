"""What stands behind ``b24.api``: attribute access builds the method's name, a call sends it."""

from __future__ import annotations

import difflib
import keyword
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from crmkit.bitrix24.catalogue.table import Method, load

__all__ = ["Node"]

Send = Callable[[str, Mapping[str, Any], int], Any]
"""How a call leaves: the method, its parameters, the REST version."""


class Node:
    """A prefix of method names, a method, or both.

    Names that Python reserves get an underscore: ``b24.api.crm.item.import_(...)``, ``from_=...``.
    """

    def __init__(self, send: Send, path: str = "", version: int | None = None) -> None:
        self._send = send
        self._path = path
        self._version = version

    def __getattr__(self, name: str) -> Node:
        if name.startswith("_"):
            raise AttributeError(name)
        if not self._path and name == "v3" and self._version is None:
            return Node(self._send, version=3)
        part = name.removesuffix("_")
        known = load().children(self._path)
        if part not in known:
            path = f"{self._path}.{part}".lstrip(".")
            near = difflib.get_close_matches(part, known, 3)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise AttributeError(f"{path} is not a documented method{hint} (call() takes any name)")
        return Node(self._send, f"{self._path}.{part}".lstrip("."), self._version)

    def __dir__(self) -> list[str]:
        names = load().children(self._path)
        return sorted(f"{name}_" if keyword.iskeyword(name) else name for name in names)

    def __call__(self, **params: Any) -> Any:
        """Send the method and return its result.

        Raises:
            TypeError: This is only a prefix of methods, or a parameter is written in the wrong case.
        """
        method = self._method()
        if method.deprecated:
            advice = f": use {method.replacement}" if method.replacement else ""
            warnings.warn(f"{method.name} is deprecated{advice}", DeprecationWarning, stacklevel=2)
        return self._send(method.name, _arranged(method, params), method.version)

    def __repr__(self) -> str:
        method = load().find(self._path, self._version) if self._path else None
        if method is None:
            return f"<api {self._path or 'of Bitrix24'}>"
        inside = ", ".join(
            f"{p.name}{'' if p.required else '?'}: {p.type or 'any'}" for p in method.parameters
        )
        return f"<api {method.name}({inside})>"

    def _method(self) -> Method:
        method = load().find(self._path, self._version) if self._path else None
        if method is None:
            version = " in REST 3.0" if self._version == 3 else ""
            raise TypeError(f"{self._path or 'api'} is not a documented method{version}, only a prefix")
        return method


def _arranged(method: Method, params: Mapping[str, Any]) -> dict[str, Any]:
    """Undo the underscores, refuse names in the wrong case, keep the documented order."""
    documented = {p.name: position for position, p in enumerate(method.parameters)}
    by_case = {name.lower(): name for name in documented}
    named = {}
    for name, value in params.items():
        plain = name.removesuffix("_") if keyword.iskeyword(name.removesuffix("_")) else name
        right = by_case.get(plain.lower(), plain)
        if plain != right and plain not in documented:
            raise TypeError(f"{method.name} has no parameter {plain!r}: write {right!r}, the case matters")
        named[plain] = value
    order = sorted(named, key=lambda name: documented.get(name, len(documented)))
    return {name: named[name] for name in order}
