"""Templates to be filled in, and rows with mistakes to be corrected: the same columns, CSV or XLSX."""

from __future__ import annotations

import csv
import importlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crmkit.automation.messages import Language
from crmkit.automation.rows.columns import Column
from crmkit.automation.rows.reading import Rows
from crmkit.automation.rows.texts import own_column
from crmkit.exceptions import ConfigurationError

__all__ = ["write_problems", "write_template"]


def write_template(
    file: Path, columns: Sequence[Column], *, examples: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Write a file with the header of these columns and, if given, some rows to look at.

    Raises:
        ConfigurationError: The file exists already, cannot be written, or is neither CSV nor XLSX.
    """
    if file.exists():
        raise ConfigurationError(f"{file}: exists already", hint="name another file, or remove it")
    rows = [[_cell(one.get(column.key)) for column in columns] for one in examples]
    notes = {place: _note(column) for place, column in enumerate(columns)}
    _write(file, [column.title for column in columns], rows, notes)


def write_problems(rows: Rows, file: Path, language: Language) -> int:
    """Write the rows with mistakes, and what they are, into a file that can be corrected and read again.

    Returns:
        How many rows there are.
    """
    told: dict[int, list[str]] = defaultdict(list)
    for one in rows.problems:
        told[one.number].append(f"{one.column}: {one.message.render(language)}".removeprefix(": "))
    width = len(rows.header)
    header = [own_column("line", language), own_column("problem", language), *_without_own(rows.header)]
    keep = [place for place, title in enumerate(rows.header) if title in _without_own(rows.header)]
    lines = []
    for number in rows.bad:
        cells = (*rows.cells[number], *[None] * width)
        lines.append([number, "; ".join(told[number]), *(_cell(cells[place]) for place in keep)])
    _write(file, header, lines, {})
    return len(lines)


def _without_own(header: Sequence[str]) -> list[str]:
    own = {own_column(key, language) for key in ("line", "problem") for language in ("ru", "en")}
    return [title for title in header if title not in own]


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    return value if hasattr(value, "isoformat") else str(value)


def _note(column: Column) -> str:
    options = ", ".join(list(column.options or {})[:30])
    return "\n".join(filter(None, (column.help, options)))


def _write(file: Path, header: list[str], rows: Sequence[Sequence[Any]], notes: Mapping[int, str]) -> None:
    problem = ""
    try:
        if file.suffix.lower() == ".xlsx":
            _write_xlsx(file, header, rows, notes)
        elif file.suffix.lower() == ".csv":
            with file.open("w", encoding="utf-8-sig", newline="") as out:
                csv.writer(out, delimiter=";").writerows(
                    [header, *([_plain(one) for one in row] for row in rows)]
                )
        else:
            raise ConfigurationError(f"{file}: no such format", hint="end the name in .csv or .xlsx")
    except OSError as error:
        problem = error.strerror or type(error).__name__
    if problem:
        raise ConfigurationError(f"{file}: cannot be written: {problem}", hint="choose another file")


def _plain(value: Any) -> Any:
    return f"{value:%d.%m.%Y %H:%M}".removesuffix(" 00:00") if hasattr(value, "isoformat") else value


def _write_xlsx(
    file: Path, header: list[str], rows: Sequence[Sequence[Any]], notes: Mapping[int, str]
) -> None:
    try:
        openpyxl = importlib.import_module("openpyxl")
    except ImportError:
        openpyxl = None
    if openpyxl is None:
        raise ConfigurationError("XLSX needs openpyxl", hint='run: pip install "crmkit[reports]"')
    book = openpyxl.Workbook()
    page = book.active
    page.append(header)
    for row in rows:
        page.append(
            [value.replace(tzinfo=None) if getattr(value, "tzinfo", None) else value for value in row]
        )
    for line in page.iter_rows(min_row=2):
        for cell in line:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # a text that begins with = stays a text
    for place, note in notes.items():
        if note:
            page.cell(1, place + 1).comment = openpyxl.comments.Comment(note, "crmkit")
    page.freeze_panes = "A2"
    for place, title in enumerate(header, start=1):
        letter = openpyxl.utils.get_column_letter(place)
        page.column_dimensions[letter].width = min(60, max(12, len(title) + 2))
    book.save(file)
