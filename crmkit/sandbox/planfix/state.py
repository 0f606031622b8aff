"""The account as plain values, for the control API: what a test or a newcomer may want to look at."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from crmkit.sandbox.planfix.account import Account

__all__ = ["COLLECTIONS", "read"]

COLLECTIONS = (
    "busy",
    "buttons",
    "checklist",
    "comments",
    "contacts",
    "data_tags",
    "deliveries",
    "directories",
    "entries",
    "files",
    "groups",
    "log",
    "lost",
    "notifications",
    "objects",
    "processes",
    "projects",
    "queue",
    "report_saves",
    "reports",
    "scenarios",
    "settings",
    "statuses",
    "tasks",
    "templates",
    "users",
    "webhooks",
)


AUTOMATION = ("buttons", "deliveries", "scenarios", "webhooks")


def read(account: Account, collection: str, key: str = "") -> Any:
    """Return a collection, or one member by its number. Moments are seconds since 1970.

    Raises:
        LookupError: There is none of this name or number.
    """
    if collection not in COLLECTIONS:
        raise LookupError(f"no collection {collection!r}; there are {', '.join(COLLECTIONS)}")
    found = getattr(account.automation if collection in AUTOMATION else account, collection)
    if not key:
        return _plain(list(found.values()) if isinstance(found, dict) and collection != "busy" else found)
    try:
        return _plain(found[int(key)])
    except (KeyError, IndexError, TypeError, ValueError):
        raise LookupError(f"no {key!r} in {collection}") from None


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value) if one.repr}
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
