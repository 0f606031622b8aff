"""The closed vocabulary of what the recipe can think of a row."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Verdict"]


class Verdict(StrEnum):
    """What the recipe thinks of a row of the file; the catalogue has each in words."""

    BAD_ROW = "bad_row"
    COMPANY = "company"
    COMPANY_THERE = "company_there"
    IMPORT = "import"
    START = "start"
    STARTED = "started"
    IMPORTED = "imported"
    HELD_BACK = "held_back"
    GONE = "gone"
    UNSETTLED = "unsettled"
