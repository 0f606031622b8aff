"""What it would do to send a call a second time, judged by the method's name and parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crmkit.transport.request import Effect

__all__ = ["WALL", "effect_of"]

WALL = 61.0
"""Seconds after which nothing of a lost request can still be running: the portal stops it after sixty."""

_READ = re.compile(
    r"(get\w*|list\w*|fields|types|count|find\w*|search|tail|info|current|profile|scope|methods?|status|exists"
    r"|isexists|children|subordinates|history|thread|senders|openapi)$"
)
_IDEMPOTENT = re.compile(r"(update|set|delete|edit|unbind|rename|clear|markdeleted|restore)$")
_ADDING = frozenset({"fm", "phone", "email", "web", "im", "link"})
"""Multiple fields of CRM objects: an entry without its id is added by an update, every time."""
_EXACT = {
    "batch": Effect.WRITE,
    "event.offline.get": Effect.WRITE,  # takes the events out of the queue, or reserves them
    "im.notify": Effect.WRITE,
    "server.time": Effect.READ,
    "app.info": Effect.READ,
    "profile": Effect.READ,
}


def effect_of(method: str, params: Mapping[str, Any] | Any = None) -> Effect:
    """Return what a repeat would do; a name that says nothing counts as a write.

    Example:
        >>> [effect_of(name).value for name in ("crm.item.list", "crm.item.update", "crm.item.add")]
        ['read', 'idempotent', 'write']
        >>> effect_of("crm.contact.update", {"fields": {"PHONE": [{"VALUE": "+7"}]}}).value
        'write'
    """
    name = method.lower()
    if name in _EXACT:
        return _EXACT[name]
    last = name.rpartition(".")[2]
    if _READ.match(last):
        return Effect.READ
    if _IDEMPOTENT.match(last):
        fields = _fields(params)
        return Effect.WRITE if any(str(key).lower() in _ADDING for key in fields) else Effect.IDEMPOTENT
    return Effect.WRITE


def _fields(params: Any) -> Mapping[str, Any]:
    if isinstance(params, Mapping):
        found = params.get("fields", params.get("FIELDS"))
        if isinstance(found, Mapping):
            return found
    return {}
