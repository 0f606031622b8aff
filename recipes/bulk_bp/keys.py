"""What rows are called in the memory and in the portal, for ever."""

from __future__ import annotations

import hashlib

from crmkit.crm.models import Ref

__all__ = ["LONGEST", "NAME", "START", "company_row", "key_of", "line_row", "row_ref"]

NAME = "bulk_bp"
START = "start"
LONGEST = 100
"""Characters of a reference in the ledger."""


def row_ref(source: str, key: str, title: str = "") -> Ref:
    """Return what a row is called: by its data set and its key, never by its line.

    Example:
        >>> str(row_ref("base", "1C1I7A6R"))
        'row:base/1C1I7A6R'
    """
    return Ref(kind="row", id=f"{source}/{key}", name=title)


def line_row(source: str, number: int) -> Ref:
    """Return what a row with mistakes is called: its key may be one of them. No data set has a space.

    Example:
        >>> str(line_row("base", 7))
        'row:line base/7'
    """
    return Ref(kind="row", id=f"line {source}/{number}", name=f"{number}")


def company_row(source: str, name: str, plain_name: str) -> Ref:
    """Return what a company is called that rows name and the portal does not have.

    Example:
        >>> company_row("base", "Acme", "acme").id == company_row("base", "ACME", "acme").id
        True
    """
    digest = hashlib.sha256(plain_name.encode()).hexdigest()[:24]
    return Ref(kind="row", id=f"company {source}/{digest}", name=name)


def key_of(ref: Ref, step: str) -> str:
    """Return the key of an effect; that of a new deal is also its external key in the portal."""
    return f"{NAME}:{ref.id}:{step}"
