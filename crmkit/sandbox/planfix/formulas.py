"""Formulas in the texts of scenarios: ``%%%HMACSHA256("{{Задача.Номер}}";"ключ")%%%``.

The vendor names many functions; here are those that a request needs to prove itself and to carry lists. What
cannot be computed stays as it is typed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.settings import Settings

__all__ = ["Formula"]

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([A-Z][A-Z0-9]*)\s*\(|([;,])|(\))|(\{\{[^{}]+\}\}))')
NAMESPACE = uuid.UUID("6f1d1b64-0d5c-5c39-9b0a-2c1f0f5f8a11")


class Formula:
    """Computes the formulas of one text.

    Args:
        settings: In which order ``HMACSHA256`` takes its arguments, and how it shows the result.
        fill: Replaces the placeholders in a text by their values.
        moment: What makes ``GUID()`` another one: it is made anew whenever a text is filled.
    """

    def __init__(self, settings: Settings, fill: Callable[[str], str], moment: str) -> None:
        self._settings = settings
        self._fill = fill
        self._moment = moment
        self._made = 0

    def compute(self, text: str) -> str | None:
        """Return the value of a formula, or ``None`` if it makes no sense."""
        try:
            tokens = list(_tokens(text))
            value, rest = self._value(tokens, 0)
            return value if rest == len(tokens) else None
        except (ValueError, IndexError, TypeError):
            return None

    def _value(self, tokens: list[tuple[str, str]], at: int) -> tuple[str, int]:
        kind, text = tokens[at]
        if kind in ("text", "placeholder"):
            return self._fill(text), at + 1
        if kind != "call":
            raise ValueError(text)
        arguments: list[str] = []
        at += 1
        while tokens[at][0] != "end":
            if arguments:
                if tokens[at][0] != "next":
                    raise ValueError(tokens[at][1])
                at += 1
            value, at = self._value(tokens, at)
            arguments.append(value)
        return self._call(text, arguments), at + 1

    def _call(self, name: str, arguments: list[str]) -> str:
        functions: dict[str, Callable[..., str]] = {
            "HMACSHA256": self._hmac,
            "BASE64ENCODE": lambda text: base64.b64encode(text.encode()).decode(),
            "JSONARRAY": lambda *items: json.dumps(_items(items), ensure_ascii=False),
            "GUID": self._guid,
        }
        if name not in functions:
            raise ValueError(name)
        return functions[name](*arguments)

    def _hmac(self, first: str, second: str) -> str:
        text, key = (first, second) if self._settings.hmac_arguments == "text_key" else (second, first)
        digest = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()
        return digest.hex() if self._settings.hmac_output == "hex" else base64.b64encode(digest).decode()

    def _guid(self) -> str:
        self._made += 1
        return str(uuid.uuid5(NAMESPACE, f"{self._moment} {self._made}"))


def _items(arguments: tuple[str, ...]) -> list[str]:
    """Return the items of a list: one argument is a text in which they stand with commas between."""
    if len(arguments) != 1:
        return list(arguments)
    return [one.strip() for one in arguments[0].split(",") if one.strip()]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(text[at:])
        at = match.end()
        if match[1] is not None:
            yield "text", match[1].replace('\\"', '"')
        elif match[2]:
            yield "call", match[2]
        elif match[5]:
            yield "placeholder", match[5]
        else:
            yield ("next", match[3]) if match[3] else ("end", ")")
