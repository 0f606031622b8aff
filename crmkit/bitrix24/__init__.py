"""The Bitrix24 client: every call, list, batch and typed resource of a portal.

The names are loaded when they are first used: a script that calls two methods does not pay for the models.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmkit.bitrix24.auth import authorize_url
    from crmkit.bitrix24.client import Bitrix24
    from crmkit.bitrix24.encoding import File, Ref
    from crmkit.bitrix24.events import Event
    from crmkit.bitrix24.filters import F
    from crmkit.bitrix24.models import Company, Contact, Deal, Lead, SmartItem, Task, User, custom
    from crmkit.bitrix24.outcomes import BatchResult, Command, ExternalKey, Outcome, Status
    from crmkit.bitrix24.tokens import FileTokens, KeyringTokens, MemoryTokens, Tokens, TokenStore
    from crmkit.transport.rate_limit import BITRIX24, BITRIX24_ENTERPRISE
    from crmkit.transport.request import Effect

__all__ = [
    "BITRIX24",
    "BITRIX24_ENTERPRISE",
    "BatchResult",
    "Bitrix24",
    "Command",
    "Company",
    "Contact",
    "Deal",
    "Effect",
    "Event",
    "ExternalKey",
    "F",
    "File",
    "FileTokens",
    "KeyringTokens",
    "Lead",
    "MemoryTokens",
    "Outcome",
    "Ref",
    "SmartItem",
    "Status",
    "Task",
    "TokenStore",
    "Tokens",
    "User",
    "authorize_url",
    "custom",
]

_WHERE = {
    "crmkit.bitrix24.auth": ("authorize_url",),
    "crmkit.bitrix24.client": ("Bitrix24",),
    "crmkit.bitrix24.encoding": ("File", "Ref"),
    "crmkit.bitrix24.events": ("Event",),
    "crmkit.bitrix24.filters": ("F",),
    "crmkit.bitrix24.models": (
        *("Company", "Contact", "Deal", "Lead", "SmartItem", "Task", "User"),
        "custom",
    ),
    "crmkit.bitrix24.outcomes": ("BatchResult", "Command", "ExternalKey", "Outcome", "Status"),
    "crmkit.bitrix24.tokens": ("FileTokens", "KeyringTokens", "MemoryTokens", "TokenStore", "Tokens"),
    "crmkit.transport.rate_limit": ("BITRIX24", "BITRIX24_ENTERPRISE"),
    "crmkit.transport.request": ("Effect",),
}
_LAZY = {name: module for module, names in _WHERE.items() for name in names}


if not TYPE_CHECKING:  # or every misspelt name would have the type Any

    def __getattr__(name: str) -> Any:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(_LAZY[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
