"""Tables as files: what a spreadsheet, a browser and pandas make of them."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from crmkit.exceptions import ConfigurationError
from crmkit.reports import Column, Table, export, to_csv, to_dataframe, to_html, write
from crmkit.reports.texts import word

MOSCOW = ZoneInfo("Europe/Moscow")
MOMENT = datetime(2025, 3, 18, 9, 5, tzinfo=MOSCOW)
COLUMNS = (
    Column("deal", word("deal")),
    Column("count", word("count"), "number", bar=True),
    Column("at", word("at"), "moment"),
    Column("day", word("started"), "day"),
)


def table(*rows: tuple[object, ...]) -> Table:
    return Table("deals", word("items"), COLUMNS, rows)


DEALS = table(
    ("ООО «Ромашка»", 3, MOMENT, date(2025, 3, 18)),
    ('=HYPERLINK("http://evil")', 12, None, None),
    ("<script>alert(1)</script>", 0, MOMENT, None),
    (word("runs"), 1, None, None),
)


def test_a_row_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cells under 4 columns"):
        table(("one", 2))


def test_records_are_plain_json_with_offsets() -> None:
    first = DEALS.records("ru")[0]
    assert first == {
        "deal": "ООО «Ромашка»",
        "count": 3,
        "at": "2025-03-18T09:05:00+03:00",
        "day": "2025-03-18",
    }


def test_csv_is_readable_and_runs_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(to_csv(DEALS, "en"))))
    assert rows[0] == [column.title.render("en") for column in COLUMNS]
    assert rows[1] == ["ООО «Ромашка»", "3", "18.03.2025 09:05", "18.03.2025"]
    assert rows[2][0] == '\'=HYPERLINK("http://evil")'
    assert rows[4][0] == "Runs"


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("+7 900 123-45-67", False),
        ("-5", False),
        ("+(495) 1", False),
        ("+SUM(A1)", True),
        ("@cmd", True),
        ("-A1", True),
    ],
)
def test_phones_and_numbers_stay_what_they_are(text: str, guarded: bool) -> None:
    cell = list(csv.reader(io.StringIO(to_csv(table((text, 1, None, None)), "ru"))))[1][0]
    assert cell == (f"'{text}" if guarded else text)


def test_the_csv_file_tells_spreadsheets_that_it_is_utf8(tmp_path: Path) -> None:
    write([DEALS], tmp_path / "r.csv", "ru")
    assert (tmp_path / "r.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_several_tables_become_several_csv_files(tmp_path: Path) -> None:
    write([DEALS, Table("other", word("runs"), COLUMNS)], tmp_path / "r.csv", "ru")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["r-deals.csv", "r-other.csv"]


def test_xlsx_has_dates_and_texts_but_no_formulas(tmp_path: Path) -> None:
    write([DEALS], tmp_path / "r.xlsx", "ru")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    sheet = book[word("items").render("ru")]
    assert sheet["C2"].value == datetime(2025, 3, 18, 9, 5)  # noqa: DTZ001  (XLSX knows no zones)
    assert sheet["A3"].data_type == "s"
    assert sheet["B3"].value == 12
    assert sheet.freeze_panes == "A2"
    book.close()


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_html_needs_nothing_from_elsewhere_and_escapes() -> None:
    page = to_html([DEALS], "en")
    parser = _Page()
    parser.feed(page)
    names = [name for name, _ in parser.tags]
    assert "script" not in names
    assert not [attrs for _, attrs in parser.tags if attrs.keys() & {"src", "href"}]
    assert "&lt;script&gt;" in page
    assert names.count("tr") == 1 + len(DEALS.rows)
    assert [attrs["value"] for name, attrs in parser.tags if name == "meter"] == ["3", "12", "0", "1"]


def test_a_dataframe_keeps_numbers_and_zones() -> None:
    frame = to_dataframe(DEALS)
    assert list(frame.columns) == ["deal", "count", "at", "day"]
    assert frame["count"].sum() == 16
    assert frame["at"].iloc[0] == MOMENT


@pytest.mark.parametrize(
    ("name", "what"), [("r.pdf", "no such report format"), ("no/such/r.csv", "cannot be written")]
)
def test_a_wrong_file_is_one_line(tmp_path: Path, name: str, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what) as caught:
        write([DEALS], tmp_path / name, "ru")
    assert "\n" not in str(caught.value)


def test_a_missing_extra_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(export.importlib, "import_module", absent)
    with pytest.raises(ConfigurationError, match=r"DataFrame needs pandas .*crmkit\[reports\]"):
        to_dataframe(DEALS)
