"""Rows become deals: names are resolved, what is not clear is refused, mistakes go into a file."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmkit.exceptions import ConfigurationError
from recipes.bulk_bp import BulkBpSettings, Portal
from recipes.bulk_bp.table import Table, read_table

Read = Callable[..., Table]


def problems(table: Table) -> dict[int, str]:
    return {number: "; ".join(one.render("ru") for one in found) for number, found in table.problems.items()}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
def test_a_row_becomes_a_deal(read_text: Read, encoding: str) -> None:
    table = read_text(
        'A1;Обучение;Обзвон;Новая;Иванова Ольга;ООО «Ромашка»;"12 000,50 руб."', encoding=encoding
    )
    row = table.rows["A1"]
    assert (row.deal.title, row.deal.pipeline, row.deal.stage) == ("Обучение", "calls", "calls_new")
    assert [person.id for person in row.deal.assignees] == ["4"]
    assert row.deal.amount == Decimal("12000.50")
    assert (row.company, table.new_companies, table.problems) == ("ООО «Ромашка»", {}, {})


def test_a_stage_that_two_pipelines_have_needs_the_pipeline(read_text: Read) -> None:
    table = read_text("A1;x;;Новая;;;", "A2;x;Семинары;Новая;;;", "A3;x;;Перезвонить;;;")
    assert {key: row.deal.stage for key, row in table.rows.items()} == {
        "A2": "seminars_new",
        "A3": "calls:CALLBACK",
    }
    assert "Стадия: «Новая» — это может быть 2 разных" in problems(table)[2]


def test_a_stage_of_another_pipeline_is_a_mistake(read_text: Read) -> None:
    table = read_text("A1;x;Семинары;Перезвонить;;;")
    assert problems(table) == {2: "Стадия: «Перезвонить» здесь нет"}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("olga@example.com", "4"),
        ("ОЛЬГА  ИВАНОВА", "4"),
        ("user:4", "4"),
        ("petr@example.com", "5"),
        ("Петр Смирнов", ""),
        ("Иван Ушёл", ""),
        ("Робот", ""),
        ("Никто Никакой", ""),
    ],
)
def test_who_is_responsible(read_text: Read, written: str, found: str) -> None:
    """Two people of one name are not told apart, who has left or is a robot is not taken."""
    table = read_text(f"A1;x;;Перезвонить;{written};;")
    assert [person.id for row in table.rows.values() for person in row.deal.assignees] == [found] * bool(
        found
    )
    assert bool(table.problems) is not bool(found)


def test_companies_are_found_by_plain_names_and_created_once(read_text: Read) -> None:
    table = read_text(
        'A1;x;;Перезвонить;;ооо "Ромашка";',
        "A2;x;;Перезвонить;;АО Лотос;",
        "A3;x;;Перезвонить;;ао «ЛОТОС»;",
        "A4;x;;Перезвонить;;Двойник;",
    )
    assert list(table.new_companies.values()) == ["АО Лотос"]
    assert problems(table) == {5: "Компания: компаний «Двойник» на портале 2: неясно, какая нужна"}


def test_a_missing_company_is_a_mistake_if_none_is_to_be_created(read_text: Read) -> None:
    table = read_text("A1;x;;Перезвонить;;АО Лотос;", create_companies=False)
    assert problems(table) == {2: "Компания: компании «АО Лотос» на портале нет"}


def test_pipeline_and_stage_of_the_settings_are_of_rows_that_name_none(read_text: Read) -> None:
    table = read_text("A1;x;;;;;", "A2;x;Семинары;;;;", pipeline="Обзвон", stage="Новая")
    placed = {key: (row.deal.pipeline, row.deal.stage) for key, row in table.rows.items()}
    assert placed == {"A1": ("calls", "calls_new"), "A2": ("seminars", "seminars_new")}


@pytest.mark.parametrize("settings", [{"pipeline": "Нет такой"}, {"stage": "Нет такой"}, {"stage": "Новая"}])
def test_settings_that_lead_nowhere_are_refused_before_any_row(
    tmp_path: Path, portal: Portal, settings: dict[str, Any]
) -> None:
    """If no column says better, that is."""
    mapping, file = tmp_path / "mapping.toml", tmp_path / "deals.csv"
    mapping.write_text('[columns]\nid = { to = "key" }\nname = { to = "title" }\n', encoding="utf-8")
    file.write_text("id,name\nA1,x\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"bulk_bp: (pipeline|stage)"):
        read_table(BulkBpSettings(file=str(file), mapping=str(mapping), **settings), portal, "ru")


def test_a_key_that_the_ledger_cannot_keep_is_a_mistake(read_text: Read) -> None:
    table = read_text(f"{'я' * 95};x;;Перезвонить;;;", f"{'я' * 80};x;;Перезвонить;;;")
    assert list(problems(table)) == [2]
    assert all(len(f"row:import/{key}") <= 100 for key in table.rows)


def test_a_key_with_slashes_or_words_of_ours_is_a_key(read_text: Read) -> None:
    keys = ["company/x", "line 7", "a/b"]
    assert list(read_text(*(f"{key};x;;Перезвонить;;;" for key in keys)).rows) == keys


def test_mistakes_go_into_a_file_that_can_be_corrected_and_fed_again(read_text: Read, portal: Portal) -> None:
    table = read_text("A1;x;;Перезвонить;;;много", "A2;x;;Перезвонить;;;5", "A1;x;;Перезвонить;;;7")
    assert list(table.problems) == [2, 4]
    assert table.mistakes is not None
    text = table.mistakes.read_text(encoding="utf-8-sig")
    rows = list(csv.reader(text.splitlines(), delimiter=";"))
    assert [row[0] for row in rows[1:]] == ["2", "4"]
    assert "«много» не число" in rows[1][1]
    assert "уже есть в строке 2" in rows[2][1]
    table.mistakes.write_text(text.replace("много", "6").replace("4;", "4;", 1), encoding="utf-8")
    again = read_table(BulkBpSettings(file=str(table.mistakes)), portal, "ru")
    assert again.rows["A1"].deal.amount == 6
    assert list(again.problems) == [3]


def test_what_somebody_corrects_is_not_written_over(read_text: Read) -> None:
    bad = "A1;x;;Перезвонить;;;много"
    first = read_text(bad).mistakes
    assert first is not None
    first.write_text("corrected", encoding="utf-8")
    assert read_text(bad).mistakes == first
    assert first.read_text(encoding="utf-8") == "corrected"
    assert read_text("A1;x;;Перезвонить;;;мало").mistakes != first


def test_the_file_itself_is_never_the_file_of_mistakes(read_text: Read, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the file itself"):
        read_text("A1;x;;Перезвонить;;;много", mistakes=str(tmp_path / "deals.csv"))


def test_stop_sends_nothing_and_names_the_first_mistake(read_text: Read) -> None:
    with pytest.raises(ConfigurationError, match="rows with mistakes: 1; line 3: Сумма") as caught:
        read_text("A1;x;;Перезвонить;;;1", "A2;x;;Перезвонить;;;много", bad_rows="stop")
    assert "nothing was sent" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("Номер;Стадия", "there is no column «Название»"),
        ("Название;Стадия", "there is no column «Номер»"),
        ("Номер;Название;Номер", "2 times"),
        ("ÐÐ¾Ð¼ÐµÑ€;Ñ", "there is no column"),
    ],
)
def test_a_header_that_does_not_fit_is_refused_as_a_whole(read_text: Read, header: str, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        read_text("A1;x", header=header)


def test_a_file_in_two_encodings_is_refused_as_a_whole(tmp_path: Path, portal: Portal) -> None:
    file = tmp_path / "deals.csv"
    file.write_bytes("Номер;Название\nA1;Утро\n".encode() + "A2;Вечер\n".encode("cp1251"))
    with pytest.raises(ConfigurationError, match="UTF-8"):
        read_table(BulkBpSettings(file=str(file)), portal, "ru")


def test_no_file_is_named(portal: Portal) -> None:
    with pytest.raises(ConfigurationError, match="none is named") as caught:
        read_table(BulkBpSettings(), portal, "ru")
    assert "--template" in str(caught.value.hint)


def test_fields_have_their_types(read_text: Read) -> None:
    header = "Номер;Название;Стадия;Дата перезвона;Тариф;Оператор;Метки"
    table = read_text("A1;x;Перезвонить;01.04.2025 10:00;базовый;olga@example.com;Б", header=header)
    fields: dict[str, Any] = table.rows["A1"].deal.fields
    assert fields["callback_at"] == datetime(2025, 4, 1, 10, tzinfo=fields["callback_at"].tzinfo)
    assert fields["callback_at"].utcoffset().total_seconds() == 3 * 3600
    assert (fields["tariff"], fields["labels"]) == ("Базовый", ("Б",))
    assert fields["operator"].id == "4"


def test_a_workbook_with_formulas_and_dates(tmp_path: Path, portal: Portal) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="needs the extra reports")
    book = openpyxl.Workbook()
    page = book.active
    page.append(["Номер", "Название", "Стадия", "Сумма", "Дата перезвона"])
    page.append([101, "по-настоящему", "Перезвонить", 12.5, datetime(2025, 4, 1, 10)])  # noqa: DTZ001
    page.append([102, "формула", "Перезвонить", "=1+1", None])
    page.append([103, "дата вместо названия", "Перезвонить", 1, 45000])
    page.append([104, date(2025, 4, 1), "Перезвонить", 1, None])
    file = tmp_path / "deals.xlsx"
    book.save(file)
    table = read_table(BulkBpSettings(file=str(file)), portal, "ru")
    assert list(table.rows) == ["101"]
    assert table.rows["101"].deal.fields["callback_at"].hour == 10
    told = problems(table)
    assert "формула =1+1" in told[3]
    assert "число 45000 вместо даты" in told[4]
    assert "таблица сделала из текста дату" in told[5]
    assert table.mistakes is not None
    assert table.mistakes.suffix == ".xlsx"
