"""The operations, by the part of the account they are about."""

from __future__ import annotations

import importlib

__all__ = ["load"]

_PARTS = (
    "tasks",
    "comments",
    "contacts",
    "contact_comments",
    "users",
    "metadata",
    "projects",
    "files",
    "datatags",
    "directories",
    "checklists",
    "reports",
    "custom_fields",
    "contact_import",
    "user_writes",
)


def load() -> None:
    """Import every part, so that its operations are known to :mod:`crmkit.sandbox.planfix.urls`."""
    for part in _PARTS:
        importlib.import_module(f"{__name__}.{part}")
