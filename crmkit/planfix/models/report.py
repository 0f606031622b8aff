"""Reports: what they consist of, runs, and what was saved."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from crmkit.planfix.models.base import Entity, Model, Moment, Named, open_enum

__all__ = [
    "REPORT_FIELDS",
    "SAVE_FIELDS",
    "Report",
    "ReportChunk",
    "ReportField",
    "ReportItem",
    "ReportRow",
    "ReportSave",
    "ReportState",
    "ReportStatus",
    "RowType",
]


class ReportField(Model):
    """A column of a report; ``num`` is its place."""

    id: int
    name: str = ""
    num: int | None = None
    formula: str = ""
    hidden: bool = False


class Report(Named):
    """A report that somebody made in the web interface."""

    link: str = Field(default="", repr=False)
    fields: tuple[ReportField, ...] = ()


class ReportSave(Entity):
    """The result of one run. ``chunks_count`` is in how many pieces it is read."""

    name: str = ""
    report_id: int | None = None
    date_time: Moment = None
    chunks_count: int | None = None
    chunks: int | None = None
    """The older name of ``chunks_count``; the vendor's example has both, with different numbers."""


class ReportState(StrEnum):
    """How far a run is."""

    IN_PROGRESS = "in_progress"
    READY = "ready"


class ReportStatus(Model):
    """What the portal says about a run; ``save`` once it is ready."""

    status: Annotated[ReportState | str, open_enum(ReportState)] = ""
    save: ReportSave | None = None


class RowType(StrEnum):
    """Column titles, or values."""

    HEADER = "Header"
    NORMAL = "Normal"


class ReportItem(Model):
    """A cell. ``text`` is a text or a number."""

    text: Any = None
    link: str = Field(default="", repr=False)
    hidden: bool = False


class ReportRow(Model):
    """A row; ``depth`` is the level of grouping."""

    type: Annotated[RowType | str, open_enum(RowType)] = ""
    depth: int = 0
    items: tuple[ReportItem, ...] = ()

    @property
    def is_header(self) -> bool:
        """Whether the row holds the titles of the columns."""
        return self.type == RowType.HEADER

    @property
    def values(self) -> tuple[Any, ...]:
        """The texts of the cells that are not hidden."""
        return tuple(item.text for item in self.items if not item.hidden)


class ReportChunk(Model):
    """A piece of a saved result."""

    chunk: int = 0
    rows: tuple[ReportRow, ...] = ()


REPORT_FIELDS: tuple[str, ...] = ("id", "name", "fields")
"""All fields of a report."""
SAVE_FIELDS: tuple[str, ...] = ("id", "reportId", "dateTime", "name", "chunks", "chunksCount")
"""All fields of a saved result."""
