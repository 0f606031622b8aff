"""A table that is not yet in a language or a file format: what every report is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from crmkit.automation.messages import Language, Message

__all__ = ["Cell", "Column", "Kind", "Table", "shown"]

Kind = Literal["text", "number", "moment", "day"]
Cell = str | int | float | datetime | date | Message | None


@dataclass(frozen=True)
class Column:
    """One column: a key for machines, a title for people, and what its cells are.

    Args:
        key: Stable, English, unique in its table: the name in JSON and in a DataFrame.
        title: What people read.
        kind: ``moment`` cells are aware datetimes in the zone in which they are to be read.
        bar: Whether HTML shows the numbers as bars too.
    """

    key: str
    title: Message
    kind: Kind = "text"
    bar: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under columns, with a title; cells may be messages, which become text in the reader's language.

    Raises:
        ValueError: A row has not as many cells as there are columns.

    Example:
        >>> title = Message(key="report.items")
        >>> Table("counts", title, (Column("step", title),), [("warn",)]).records("en")
        [{'step': 'warn'}]
    """

    name: str
    title: Message
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]] = field(default_factory=list)
    note: Message | None = None

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.name}: {len(row)} cells under {len(self.columns)} columns")

    def header(self, language: Language) -> list[str]:
        """Return the titles of the columns."""
        return [column.title.render(language) for column in self.columns]

    def cells(self, language: Language) -> Iterator[list[Any]]:
        """Yield the rows with messages rendered; numbers and dates stay what they are."""
        for row in self.rows:
            yield [cell.render(language) if isinstance(cell, Message) else cell for cell in row]

    def records(self, language: Language) -> list[dict[str, Any]]:
        """Return the rows for JSON: keys of columns, moments as ISO 8601 with their offset."""
        keys = [column.key for column in self.columns]
        return [dict(zip(keys, map(_plain, row), strict=True)) for row in self.cells(language)]


def shown(cell: Any) -> str:
    """Return a rendered cell as people read it.

    Example:
        >>> shown(datetime(2025, 3, 3, 9, 5)), shown(None), shown(2.50)
        ('03.03.2025 09:05', '', '2.5')
    """
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.strftime("%d.%m.%Y %H:%M")
    if isinstance(cell, date):
        return cell.strftime("%d.%m.%Y")
    return f"{cell:g}" if isinstance(cell, float) else str(cell)


def _plain(cell: Any) -> Any:
    return cell.isoformat() if isinstance(cell, date) else cell  # a datetime is a date too
