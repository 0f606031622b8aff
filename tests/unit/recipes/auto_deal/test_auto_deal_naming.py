"""Titles and months."""

from __future__ import annotations

import locale
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipes.auto_deal.naming import month_name, title_of

MONTHS = "Январь Февраль Март Апрель Май Июнь Июль Август Сентябрь Октябрь Ноябрь Декабрь"
TEMPLATE = "[Название компании] / [Тип тарифа] / [Месяц]"
WORD = st.text(alphabet=st.characters(categories=("L", "N")), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("number", "name"),
    [*enumerate(MONTHS.split(), start=1)],
)
def test_months_are_nominative_with_a_capital_and_the_year(number: int, name: str) -> None:
    assert month_name(date(2025, number, 1)) == f"{name} 2025"


def test_other_forms_of_a_month() -> None:
    day = date(2025, 1, 31)
    assert month_name(day, form="genitive") == "января 2025"
    assert month_name(day, form="short") == "Янв 2025"
    assert month_name(day, form="number") == "01.2025"
    assert month_name(day, "en") == "January 2025"


def test_the_locale_of_the_machine_does_not_matter() -> None:
    before = locale.setlocale(locale.LC_TIME)
    try:
        locale.setlocale(locale.LC_TIME, "C")
        assert month_name(date(2025, 8, 1)) == "Август 2025"
    finally:
        locale.setlocale(locale.LC_TIME, before)


def test_the_examples_of_the_case() -> None:
    first = {"company": "ООО «Рога и копыта»", "tariff": "Базовый", "month": "Январь 2025"}
    assert title_of(TEMPLATE, first) == "ООО «Рога и копыта» / Базовый / Январь 2025"
    second = {"company": "ИП Иванов", "tariff": "Индивидуальный", "month": "Январь 2025"}
    assert title_of(TEMPLATE, second) == "ИП Иванов / Индивидуальный / Январь 2025"


@pytest.mark.parametrize(
    ("parts", "title"),
    [
        ({"company": "А", "month": "М"}, "А / М"),
        ({"company": "А", "tariff": "Т"}, "А / Т"),
        ({"tariff": "Т", "month": "М"}, "Т / М"),
        ({"company": "А"}, "А"),
        ({"company": "  А \n Б  ", "tariff": " ", "month": "М"}, "А Б / М"),
        ({"company": "А / Б", "month": "М"}, "А / Б / М"),
        ({}, ""),
    ],
    ids=str,
)
def test_an_empty_part_goes_with_its_separator(parts: dict[str, str], title: str) -> None:
    assert title_of(TEMPLATE, parts) == title


def test_templates_may_be_written_with_dashes_and_words() -> None:
    parts = {"company": "А", "month": "М"}
    assert title_of("Клиент [company] – тариф [tariff] – [month]", parts) == "Клиент А – М"


def test_a_long_name_is_cut_and_the_rest_stays() -> None:
    title = title_of(TEMPLATE, {"company": "Б" * 400, "tariff": "Базовый", "month": "Январь 2025"})
    assert len(title) == 255
    assert title.endswith("… / Базовый / Январь 2025")


@given(WORD, st.one_of(st.just(""), WORD), st.one_of(st.just(""), WORD))
def test_there_is_never_a_separator_without_two_neighbours(company: str, tariff: str, month: str) -> None:
    title = title_of(TEMPLATE, {"company": company, "tariff": tariff, "month": month})
    assert title.split(" / ") == [part for part in (company, tariff, month) if part]
