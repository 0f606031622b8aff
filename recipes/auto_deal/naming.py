"""What a deal is called: the template ``[Название компании] / [Тип тарифа] / [Месяц]``, and the months."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Literal

from crmkit.automation.messages import Language

__all__ = [
    "PLACEHOLDERS",
    "MonthFormat",
    "fill",
    "first_of_month",
    "month_name",
    "one_line",
    "placeholders_of",
    "title_of",
]

MonthFormat = Literal["nominative", "genitive", "short", "number"]

PLACEHOLDERS = {
    "Название компании": "company",
    "Тип тарифа": "tariff",
    "Месяц": "month",
    "Стоимость": "cost",
    "Ответственный": "responsible",
}
"""What may stand in square brackets, in Russian; the English words on the right are understood too."""

MONTHS: dict[tuple[Language, MonthFormat], str] = {
    ("ru", "nominative"): "Январь Февраль Март Апрель Май Июнь Июль Август Сентябрь Октябрь Ноябрь Декабрь",
    ("ru", "genitive"): "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    ("ru", "short"): "Янв Фев Мар Апр Май Июн Июл Авг Сен Окт Ноя Дек",
    ("en", "nominative"): (
        "January February March April May June July August September October November December"
    ),
    ("en", "short"): "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
}
PLACEHOLDER = re.compile(r"\[([^\[\]]+)\]")
SEPARATOR = re.compile(r"(\s*[/|·;]\s*|\s+[-–—]\s+|,\s+)")
SHORTEST = 10
"""A name of a company is not cut shorter than this, however long the rest of the title is."""


def month_name(month: date, language: Language = "ru", form: MonthFormat = "nominative") -> str:
    """Return a month with its year, whatever the locale of the machine.

    Example:
        >>> month_name(date(2025, 1, 31)), month_name(date(2025, 1, 31), form="number")
        ('Январь 2025', '01.2025')
        >>> month_name(date(2025, 5, 1), "en", "short")
        'May 2025'
    """
    if form == "number":
        return f"{month:%m.%Y}"
    names = MONTHS.get((language, form)) or MONTHS[language, "nominative"]
    return f"{names.split()[month.month - 1]} {month.year}"


def first_of_month(day: date) -> date:
    """Return the first day of the month."""
    return date(day.year, day.month, 1)


def placeholders_of(template: str) -> set[str]:
    """Return what stands in square brackets, by its English word; an unknown one as it was written.

    Example:
        >>> sorted(placeholders_of("[Название компании] / [tariff]"))
        ['company', 'tariff']
    """
    return {PLACEHOLDERS.get(name, name) for name in PLACEHOLDER.findall(template)}


def one_line(text: str) -> str:
    """Return a text without blanks around it and with single ones inside."""
    return " ".join(text.split())


def title_of(template: str, parts: Mapping[str, str], longest: int = 255) -> str:
    """Fill in a template. A part without a value goes together with its separator.

    Args:
        template: Text with placeholders in square brackets.
        parts: Values by English word.
        longest: Titles that are longer lose the end of the company's name: the rest tells deals apart.

    Example:
        >>> template = "[Название компании] / [Тип тарифа] / [Месяц]"
        >>> title_of(template, {"company": "ИП Иванов", "tariff": "", "month": "Январь 2025"})
        'ИП Иванов / Январь 2025'
    """
    title = _filled(template, parts)
    excess, company = len(title) - longest, one_line(parts.get("company", ""))
    if excess > 0 and company:
        cut = company[: max(SHORTEST, len(company) - excess - 1)].rstrip(" .")
        title = _filled(template, {**parts, "company": f"{cut}…"})
    return title[:longest]


def fill(template: str, parts: Mapping[str, str]) -> str:
    """Fill in a longer text: nothing but the placeholders is touched.

    Example:
        >>> fill("Клиент: [company].", {"company": "ИП Иванов"})
        'Клиент: ИП Иванов.'
    """
    return PLACEHOLDER.sub(lambda found: parts.get(PLACEHOLDERS.get(found[1], found[1]), ""), template)


def _filled(template: str, parts: Mapping[str, str]) -> str:
    """Return the segments of the template that have a value, with the separators between them."""
    segments = SEPARATOR.split(template)
    title = ""
    for place in range(0, len(segments), 2):
        text = _segment(segments[place], parts)
        if text:
            separator = segments[place - 1] if title and place else ""
            title += separator + text
    return one_line(title)


def _segment(segment: str, parts: Mapping[str, str]) -> str:
    """Return one segment; empty if all its placeholders are."""
    names = PLACEHOLDER.findall(segment)
    values = [one_line(parts.get(PLACEHOLDERS.get(name, name), "")) for name in names]
    if names and not any(values):
        return ""
    found = iter(values)
    return one_line(PLACEHOLDER.sub(lambda _: next(found), segment))
