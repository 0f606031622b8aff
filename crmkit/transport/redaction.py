"""Secrets out of texts: every message, log record and exception passes through here."""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

__all__ = ["MASK", "Redactor", "keys_in"]

MASK = "***"
_SHORTEST = 4
"""Shorter strings are no secrets; masking them would make every text unreadable."""
_MEMORY = 100
"""Tokens that are renewed every hour pile up in a service: older ones have expired long ago."""

_KEYS = (
    r"access_token|refresh_token|application_token|auth_token|client_secret|auth(?:_id)?|"
    r"refresh_id|api_key|apikey|token|password|passwd|secret"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Authorization: Bearer xxx, 'Authorization': 'Basic xxx', and the bare "Bearer xxx"
    (re.compile(r"(?i)(\bauthorization\b[\"']?\s*[:=]\s*[\"']?)(?:(\w+)\s+)?[^\s\"',;&]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(bearer\s+)[^\s\"',;&<]+"), rf"\1{MASK}"),
    # access_token=xxx, "client_secret": "xxx", auth[access_token]=xxx; in prose no = or ": follows
    (re.compile(rf"(?i)(\b(?:{_KEYS})\]?[\"']?\s*=\s*[\"']?)[^\s\"'&,;<)]+"), rf"\1{MASK}"),
    (re.compile(rf"(?i)([\"'](?:{_KEYS})[\"']\s*:\s*[\"'])[^\"']+"), rf"\1{MASK}"),
    # /rest/1/code/x and /rest/api/1/code/x (Bitrix24), /webhook/json/code (Planfix), slashes encoded or not
    (re.compile(r"(?i)((?:/|%2F)rest(?:/|%2F)(?:api(?:/|%2F))?\d+(?:/|%2F))[^/\s\"'?#%&<]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)((?:/|%2F)webhook(?:/|%2F)\w+(?:/|%2F))[^/\s\"'?#%&<]+"), rf"\1{MASK}"),
    # https://user:password@host
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://)[^/\s@\"']+@"), rf"\1{MASK}@"),
)


class Redactor:
    """Masks known secrets in every spelling they travel in, and whatever looks like one.

    Args:
        secrets: Webhook keys, tokens, client secrets; empty and very short strings are ignored.

    Example:
        >>> redactor = Redactor(["s3cr3t/key"])
        >>> redactor.scrub("GET https://a.bitrix24.ru/rest/1/s3cr3t%2Fkey/user.get?access_token=abc")
        'GET https://a.bitrix24.ru/rest/1/***/user.get?access_token=***'
        >>> redactor
        Redactor(1 secret)
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._given = [secret for secret in secrets if len(secret) >= _SHORTEST]
        self._learnt: deque[str] = deque(maxlen=_MEMORY)
        self._secrets: frozenset[str] = frozenset()
        self._known: re.Pattern[str] | None = None
        self.add(*self._given)

    def add(self, *secrets: str) -> None:
        """Learn further secrets, for example a refreshed token; of those only the latest are kept."""
        new = {secret for secret in secrets if len(secret) >= _SHORTEST}
        if new <= self._secrets:
            return
        with self._lock:
            self._learnt.extend(new - self._secrets)
            self._secrets = frozenset((*self._given, *self._learnt))
            forms = {form for secret in self._secrets for form in _forms(secret)}
            self._known = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))))

    def knows(self, text: str) -> bool:
        """Tell whether one of the known secrets is in the text."""
        return self._known is not None and self._known.search(text) is not None

    def scrub(self, text: str) -> str:
        """Return the text without secrets."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def scrub_value(self, value: Any) -> Any:
        """Return a copy of a JSON-like value with all strings scrubbed and values of telling keys masked."""
        if isinstance(value, str):
            return self.scrub(value)
        if isinstance(value, bytes):
            return self.scrub(value.decode("utf-8", "replace")).encode()
        if isinstance(value, Mapping):
            return {key: self._scrub_item(key, item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(self.scrub_value, value)) if type(value) in (list, tuple) else value
        return value

    def _scrub_item(self, key: Any, item: Any) -> Any:
        if isinstance(item, str) and isinstance(key, str) and re.fullmatch(_KEYS, key, re.IGNORECASE):
            return MASK
        return self.scrub_value(item)

    def __repr__(self) -> str:
        count = len(self._secrets)
        return f"Redactor({count} secret{'' if count == 1 else 's'})"


def keys_in(url: str) -> list[str]:
    """Return what is secret in the address of a portal: the key of a webhook, a password.

    Example:
        >>> keys_in("https://acme.bitrix24.ru/rest/1/abcdef123456/")
        ['abcdef123456']
    """
    parts = urlsplit(url)
    found = re.findall(r"(?i)/rest/(?:api/)?\d+/([^/?#]+)", parts.path)
    return [unquote(key) for key in (*found, parts.password) if key]


def _forms(secret: str) -> set[str]:
    once = quote(secret, safe="")
    return {
        secret,
        once,
        quote(secret),
        quote_plus(secret),
        quote(once, safe=""),
        html.escape(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        base64.b64encode(secret.encode()).decode().rstrip("="),
    }
