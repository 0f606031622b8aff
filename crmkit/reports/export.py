"""Tables as CSV, XLSX, HTML and pandas DataFrames."""

from __future__ import annotations

import csv
import importlib
import io
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmkit.automation.messages import Language
from crmkit.automation.table import Table, shown
from crmkit.exceptions import ConfigurationError
from crmkit.reports.page import to_html

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["FORMATS", "to_csv", "to_dataframe", "to_xlsx", "write"]

FORMATS = ("csv", "xlsx", "html")
FORMULA = re.compile(r"^(?:[=@\t\r]|[+-](?![\d\s(]*\d))")
"""What a spreadsheet would run as a formula; texts of a CRM come from strangers. Phone numbers may stay."""


def to_csv(table: Table, language: Language) -> str:
    """Return a table as CSV: commas, CRLF, dates as people read them.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(table.header(language))
    writer.writerows([_harmless(shown(cell)) for cell in row] for row in table.cells(language))
    return out.getvalue()


def to_xlsx(tables: Sequence[Table], path: Path, language: Language) -> None:
    """Write one sheet per table, with a frozen header, filters and real dates (in the zone of the report).

    Raises:
        ConfigurationError: openpyxl is not installed.
    """
    openpyxl = _optional("openpyxl", "XLSX")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for table in tables:
        sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", table.title.render(language))[:31])
        sheet.append(table.header(language))
        for number, row in enumerate(table.cells(language), start=2):
            for column, cell in enumerate(row, start=1):
                _put(sheet.cell(number, column), cell)
        _dress(openpyxl, sheet)
    book.save(path)


def to_dataframe(table: Table, language: Language = "en") -> DataFrame:
    """Return a table as a pandas DataFrame; its columns are named by the keys, moments stay aware.

    Raises:
        ConfigurationError: pandas is not installed.
    """
    pandas = _optional("pandas", "a DataFrame")
    frame: DataFrame = pandas.DataFrame(
        list(table.cells(language)), columns=[column.key for column in table.columns]
    )
    return frame


def write(tables: Sequence[Table], path: Path, language: Language) -> None:
    """Write tables into a file; its ending says how: ``.csv``, ``.xlsx`` or ``.html``.

    CSV holds one table: with several, each gets its own file, ``report-NAME.csv``. A byte order mark tells
    spreadsheets that it is UTF-8.

    Raises:
        ConfigurationError: The ending is none of these, the file cannot be written, or an extra is missing.
    """
    kind, problem = path.suffix.lower().lstrip("."), ""
    if kind not in FORMATS:
        raise ConfigurationError(
            f"{path}: no such report format", hint=f"end the name in: {', '.join(FORMATS)}"
        )
    try:
        if kind == "xlsx":
            to_xlsx(tables, path, language)
        elif kind == "html":
            path.write_text(to_html(tables, language), encoding="utf-8")
        else:
            for table in tables:
                target = path if len(tables) == 1 else path.with_stem(f"{path.stem}-{table.name}")
                target.write_text(to_csv(table, language), encoding="utf-8-sig", newline="")
    except OSError as error:
        problem = error.strerror or type(error).__name__
    if problem:
        raise ConfigurationError(f"{path}: cannot be written: {problem}", hint="choose another file")


def _harmless(text: str) -> str:
    return f"'{text}" if FORMULA.match(text) else text


def _put(target: Any, cell: Any) -> None:
    if isinstance(cell, datetime):
        target.value, target.number_format = (
            cell.replace(tzinfo=None),
            "dd.mm.yyyy hh:mm",
        )  # XLSX knows no zones
    else:
        target.value = cell
    if isinstance(cell, str):
        target.data_type = "s"  # else a text that begins with = becomes a formula


def _dress(openpyxl: Any, sheet: Any) -> None:
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    for cell in sheet[1]:
        cell.font = openpyxl.styles.Font(bold=True)
    for column in sheet.columns:
        widest = max(len(shown(cell.value)) for cell in column)
        sheet.column_dimensions[column[0].column_letter].width = min(60, widest + 2)


def _optional(module: str, what: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        pass
    raise ConfigurationError(f"{what} needs {module}", hint='run: pip install "crmkit[reports]"')
