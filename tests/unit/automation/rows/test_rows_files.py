"""Whole files: encodings, delimiters, workbooks, mistakes that come back in a file to be corrected."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from crmkit.automation.rows import Column, read, write_problems, write_template
from crmkit.exceptions import ConfigurationError

COLUMNS = (
    Column("id", ("Номер",), required=True),
    Column("title", ("Название", "Сделка"), required=True),
    Column("amount", ("Сумма",), "number"),
    Column("day", ("Дата",), "date"),
)
TEXT = "Номер;Название;Сумма;Дата\n1;ООО «Ромашка»;12 000,50;01.03.2025\n2;ИП Ёжиков;;\n"


def book(file: Path, *rows: tuple[Any, ...]) -> Path:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    made.save(file)
    return file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", "\t", "|"], ids=["semicolon", "tab", "bar"])
def test_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    file = tmp_path / "deals.csv"
    file.write_text(TEXT.replace(";", delimiter), encoding=encoding)
    rows = read(file, COLUMNS, UTC, unique="id")
    assert [row.values for row in rows.good] == [
        {"id": "1", "title": "ООО «Ромашка»", "amount": Decimal("12000.50"), "day": date(2025, 3, 1)},
        {"id": "2", "title": "ИП Ёжиков"},
    ]
    assert rows.problems == ()


def test_a_file_of_two_encodings_is_refused_with_both_lines(tmp_path: Path) -> None:
    file = tmp_path / "deals.csv"
    file.write_bytes("id;title\n1;Ромашка\n".encode() + "2;Василёк\n".encode("cp1251"))
    with pytest.raises(ConfigurationError, match=r"line 2 is UTF-8, line 3 is not"):
        read(file, COLUMNS, UTC)


def test_a_missing_column_names_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "deals.csv"
    file.write_text("Номер;Сумма\n1;5\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="«Название»") as error:
        read(file, COLUMNS, UTC)
    assert "Номер, Сумма" in error.value.hint


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("deals.csv", "Номер;Название;Название\n1;a;b\n", "2 times"),
        ("deals.csv", 'Номер;Название\n1;"a\n', "line 2"),
        ("deals.csv", "", "no column"),
        ("deals.pdf", TEXT, "CSV and XLSX"),
        ("deals.xlsx", TEXT, "no XLSX workbook"),
    ],
    ids=["twice", "open_quote", "empty", "pdf", "not_a_workbook"],
)
def test_files_that_cannot_be_used_are_refused_in_one_line(
    tmp_path: Path, name: str, content: str, word: str
) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=word) as error:
        read(file, COLUMNS, UTC)
    assert "\n" not in error.value.message
    assert error.value.hint


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read(tmp_path / "nothing.csv", COLUMNS, UTC)


def test_every_mistake_of_every_row_is_told_and_the_good_rows_stay(tmp_path: Path) -> None:
    file = tmp_path / "deals.csv"
    file.write_text(
        "Номер;Название;Сумма;Дата\n1;a;много;32.01.2025\n2;;5;\n1;c;5;\n4;d;5;;лишнее\n5;e;5;\n",
        encoding="utf-8",
    )
    rows = read(file, COLUMNS, UTC, unique="id")
    assert [row.number for row in rows.good] == [6]
    assert rows.bad == (2, 3, 4, 5)
    told = [(one.number, one.column, one.message.key) for one in rows.problems]
    assert told == [
        (2, "Сумма", "rows.no_number"),
        (2, "Дата", "rows.no_date"),
        (3, "Название", "rows.required"),
        (4, "Номер", "rows.repeated"),
        (5, "", "rows.too_many"),
    ]


def test_lines_are_counted_as_the_editor_counts_them(tmp_path: Path) -> None:
    file = tmp_path / "deals.csv"
    file.write_text('Номер;Название\n\n1;"две\nстроки"\n\n2;\n', encoding="utf-8")
    rows = read(file, COLUMNS, UTC)
    assert [row.number for row in rows.good] == [3]
    assert rows.bad == (6,)


def test_workbooks_with_dates_numbers_phones_formulas_and_errors(tmp_path: Path) -> None:
    file = book(
        tmp_path / "deals.xlsx",
        ("Название", "Номер", "Сумма", "Дата", "Своё"),
        ("Ромашка", 1, 12000.5, datetime.fromisoformat("2025-03-01"), "x"),
        ("Василёк", 2, "=1+1", None, None),
        ("Лютик", 3, "#N/A", None, None),
        ("Мак", 4, 5, 45678, None),
        (None, None, None, None, None),
        (datetime.fromisoformat("2025-03-01"), 6, 5, None, None),
    )
    rows = read(file, COLUMNS, UTC)
    assert [row.values for row in rows.good] == [
        {"id": "1", "title": "Ромашка", "amount": Decimal("12000.5"), "day": date(2025, 3, 1)}
    ]
    assert [(one.number, one.message.key) for one in rows.problems] == [
        (3, "rows.formula"),
        (4, "rows.error_value"),
        (5, "rows.number_in_date"),
        (7, "rows.date_in_text"),
    ]
    assert rows.ignored == ("Своё",)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_mistakes_are_written_corrected_and_read_again(tmp_path: Path, ending: str) -> None:
    source = book(
        tmp_path / "deals.xlsx",
        ("Номер", "Название", "Сумма", "Прочее"),
        *(
            (number, f"Сделка {number}", "ой" if number in {5, 7, 11} else number, "=x")
            for number in range(20)
        ),
    )
    rows = read(source, COLUMNS, UTC, unique="id")
    assert len(rows.good) == 17
    file = tmp_path / f"mistakes.{ending}"
    assert write_problems(rows, file, "ru") == 3
    again = read(file, COLUMNS, UTC, unique="id")
    assert len(again.bad) == 3
    assert {"line", "problem"}.isdisjoint(again.ignored)
    _correct(file)
    fixed = read(file, COLUMNS, UTC, unique="id")
    assert [row.values["id"] for row in fixed.good] == ["5", "7", "11"]
    assert fixed.problems == ()


def _correct(file: Path) -> None:
    if file.suffix == ".csv":
        file.write_text(file.read_text(encoding="utf-8-sig").replace(";ой;", ";5;"), encoding="utf-8")
        return
    made = openpyxl.load_workbook(file)
    for row in made.active.iter_rows():
        for cell in row:
            cell.value = 5 if cell.value == "ой" else cell.value
    made.save(file)
    made.close()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_template_reads_back(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"template.{ending}"
    write_template(file, COLUMNS, examples=[{"id": "1", "title": "Пример", "day": date(2025, 3, 1)}])
    (row,) = read(file, COLUMNS, UTC).good
    assert row.values == {"id": "1", "title": "Пример", "day": date(2025, 3, 1)}
    with pytest.raises(ConfigurationError, match="exists already"):
        write_template(file, COLUMNS)


def test_the_fingerprint_tells_that_a_file_was_changed(tmp_path: Path) -> None:
    file = tmp_path / "deals.csv"
    file.write_text(TEXT, encoding="utf-8")
    before = read(file, COLUMNS, UTC).fingerprint
    file.write_text(TEXT + "3;c;;\n", encoding="utf-8")
    assert read(file, COLUMNS, UTC).fingerprint != before
