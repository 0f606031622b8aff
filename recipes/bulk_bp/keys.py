"""What rows are called in the memory and in the portal, for ever."""

from __future__ import annotations

from crmkit.crm.models import Ref

__all__ = ["NAME", "START", "key_of", "row_ref"]

NAME = "bulk_bp"
START = "start"


def row_ref(source: str, key: str, title: str = "") -> Ref:
    """Return what a row is called: by its data set and its key, never by its line.

    Example:
        >>> str(row_ref("base", "1C1I7A6R"))
        'row:base/1C1I7A6R'
    """
    return Ref(kind="row", id=f"{source}/{key}", name=title)


def key_of(ref: Ref, step: str) -> str:
    """Return the key of an effect; that of a new deal is also its external key in the portal."""
    return f"{NAME}:{ref.id}:{step}"
