"""Reads a whole file, checks every row, and says of each mistake where it is. Nothing is sent anywhere."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any

from crmkit.automation.messages import Message
from crmkit.automation.rows import texts
from crmkit.automation.rows.columns import CellError, Column, parse
from crmkit.automation.rows.decoding import csv_rows
from crmkit.exceptions import ConfigurationError

__all__ = ["Problem", "Row", "Rows", "read"]

XLSX_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})


@dataclass(frozen=True)
class Row:
    """A row that can be used: its line in the file and its values by the keys of the columns."""

    number: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """What is wrong in a row, and where."""

    number: int
    column: str
    message: Message


@dataclass(frozen=True)
class Rows:
    """A file that was read.

    Attributes:
        file: Which.
        header: Its header as it stands there.
        good: The rows without a mistake.
        problems: Every mistake; a row may have several.
        cells: All rows as they stand in the file, by line, to be written out again.
        ignored: Headers that mean nothing here.
        fingerprint: Tells whether it is the same file still.
    """

    file: Path
    header: tuple[str, ...]
    good: tuple[Row, ...]
    problems: tuple[Problem, ...]
    cells: dict[int, tuple[Any, ...]] = field(repr=False)
    ignored: tuple[str, ...] = ()
    fingerprint: str = ""

    @property
    def bad(self) -> tuple[int, ...]:
        """The lines with a mistake."""
        return tuple(sorted({one.number for one in self.problems}))


def read(file: Path, columns: Sequence[Column], zone: tzinfo, *, unique: str = "", sheet: str = "") -> Rows:
    """Read a CSV or XLSX file whose first row names the columns.

    Args:
        file: ``.csv`` (UTF-8, UTF-16 with a mark, CP1251; comma, semicolon, tab or bar) or ``.xlsx``.
        columns: What may stand in it; their order does not matter.
        zone: The time zone of moments.
        unique: The column whose values must not repeat.
        sheet: The sheet of a workbook; by default the first.

    Raises:
        ConfigurationError: The file as a whole cannot be used: it is not there, its encoding is mixed, a
            required column is missing or stands there twice. Mistakes in rows are no exception.
    """
    data = _bytes(file)
    rows = _xlsx_rows(file, sheet) if file.suffix.lower() == ".xlsx" else csv_rows(data, file)
    lines = iter(rows)
    _, header = next(lines, (1, []))
    titles = tuple(str(cell or "").strip() for cell in header)
    places, ignored = _places(file, titles, columns)
    checked = _Checker(file, places, len(titles), zone, unique)
    checked.take(lines)
    digest = hashlib.sha256(data).hexdigest()[:16]
    return Rows(file, titles, tuple(checked.good), tuple(checked.problems), checked.cells, ignored, digest)


class _Checker:
    """Takes rows and sorts them."""

    def __init__(self, file: Path, places: dict[int, Column], width: int, zone: tzinfo, unique: str) -> None:
        self._file, self._places, self._width, self._zone, self._unique = file, places, width, zone, unique
        self._seen: dict[Any, int] = {}
        self.good: list[Row] = []
        self.problems: list[Problem] = []
        self.cells: dict[int, tuple[Any, ...]] = {}

    def take(self, lines: Iterable[tuple[int, Sequence[Any]]]) -> None:
        for number, cells in lines:
            self.cells[number] = tuple(cells)
            before = len(self.problems)
            values = self._values(number, cells)
            if len(self.problems) == before:
                self.good.append(Row(number, values))

    def _values(self, number: int, cells: Sequence[Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if any(str(cell or "").strip() for cell in cells[self._width :]):
            self._problem(number, "", CellError("too_many", count=len(cells), expected=self._width))
        for place, column in self._places.items():
            cell = cells[place] if place < len(cells) else None
            try:
                value = parse(_usable(cell), column, self._zone)
                if column.key == self._unique:
                    self._once(value, number)
            except CellError as error:
                self._problem(number, column.title, error)
            else:
                if value is not None:
                    values[column.key] = value
        return values

    def _once(self, value: Any, number: int) -> None:
        if value is not None and self._seen.setdefault(value, number) != number:
            raise CellError("repeated", value=str(value), line=self._seen[value])

    def _problem(self, number: int, column: str, error: CellError) -> None:
        self.problems.append(Problem(number, column, error.message))


def _usable(cell: Any) -> Any:
    if isinstance(cell, _Formula):
        raise CellError("formula", value=cell.text)
    if isinstance(cell, str) and cell.strip() in XLSX_ERRORS:
        raise CellError("error_value", value=cell.strip())
    return cell


def _places(
    file: Path, titles: tuple[str, ...], columns: Sequence[Column]
) -> tuple[dict[int, Column], tuple[str, ...]]:
    places: dict[int, Column] = {}
    for column in columns:
        found = [place for place, title in enumerate(titles) if column.is_called(title)]
        if len(found) > 1:
            raise ConfigurationError(
                f"{file}: the column «{column.title}» stands there {len(found)} times", hint="leave one"
            )
        if found:
            places[found[0]] = column
        elif column.required:
            there = ", ".join(title for title in titles if title) or "nothing"
            hint = f"the first row has: {there[:300]}; if that is unreadable, save the file as UTF-8"
            raise ConfigurationError(f"{file}: there is no column «{column.title}»", hint=hint)
    known = (*(titles[place] for place in places), *texts.OWN_COLUMNS)
    return places, tuple(title for title in titles if title and title not in known)


def _bytes(file: Path) -> bytes:
    problem = ""
    if file.suffix.lower() not in (".csv", ".txt", ".xlsx"):
        raise ConfigurationError(f"{file}: only CSV and XLSX files are read", hint="save it as XLSX or CSV")
    try:
        return file.read_bytes()
    except OSError as error:
        problem = error.strerror or type(error).__name__
    raise ConfigurationError(f"{file}: cannot be read: {problem}", hint="correct the path")


@dataclass(frozen=True)
class _Formula:
    """A cell that a spreadsheet has to calculate first."""

    text: str

    def __str__(self) -> str:
        return self.text


def _xlsx_rows(file: Path, sheet: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield the rows of a sheet; formulas stay formulas: their stored results may be old, or not there."""
    try:
        openpyxl = importlib.import_module("openpyxl")
    except ImportError:
        openpyxl = None
    if openpyxl is None:
        raise ConfigurationError("XLSX needs openpyxl", hint='run: pip install "crmkit[reports]"')
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=False)
    except Exception as error:  # noqa: BLE001 (zipfile, XML and openpyxl each have their own)
        problem = type(error).__name__
    else:
        problem = ""
    if problem:
        raise ConfigurationError(
            f"{file}: is no XLSX workbook ({problem})", hint="save it from the spreadsheet once more"
        )
    try:
        page = _sheet(book, sheet, file)
        for number, cells in enumerate(page.iter_rows(), start=1):
            row = tuple(_Formula(str(cell.value)) if cell.data_type == "f" else cell.value for cell in cells)
            if any(value not in (None, "") for value in row):
                yield number, row
    finally:
        book.close()


def _sheet(book: Any, name: str, file: Path) -> Any:
    if not name:
        return book.worksheets[0]
    if name in book.sheetnames:
        return book[name]
    raise ConfigurationError(
        f"{file}: there is no sheet {name!r}", hint=f"there are: {', '.join(book.sheetnames)}"
    )
