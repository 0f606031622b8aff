"""What is said about cells and rows, in Russian and English."""

from __future__ import annotations

from crmkit.automation.messages import LANGUAGES, Language, register, text

__all__ = ["OWN_COLUMNS", "own_column"]

TEXTS: dict[str, tuple[str, str]] = {
    "required": ("не заполнено", "is empty"),
    "no_number": ("«{value}» не число", "{value!r} is no number"),
    "thousands": (
        "«{value}»: неясно, тысячи это или дробь; напишите без разделителя",
        "{value!r}: thousands or a fraction? write it without the separator",
    ),
    "no_date": ("«{value}» не дата; пишите 31.12.2025", "{value!r} is no date; write 2025-12-31"),
    "number_in_date": (
        "число {value} вместо даты: задайте столбцу формат даты",
        "the number {value} instead of a date: format the column as a date",
    ),
    "time_in_date": ("«{value}»: здесь нужна дата без времени", "{value!r}: a date without a time is needed"),
    "date_in_text": (
        "таблица сделала из текста дату {value}: задайте столбцу текстовый формат",
        "the spreadsheet made a date of the text, {value}: format the column as text",
    ),
    "no_bool": ("«{value}»: напишите «да» или «нет»", "{value!r}: write yes or no"),
    "no_phone": ("«{value}» не телефон", "{value!r} is no phone number"),
    "no_email": ("«{value}» не адрес почты", "{value!r} is no e-mail address"),
    "no_option": ("«{value}»: такого значения нет; есть {options}", "{value!r} is none of {options}"),
    "repeated": ("«{value}» уже есть в строке {line}", "{value!r} is in line {line} already"),
    "too_many": (
        "в строке {count} ячеек, а в заголовке {expected}: лишний разделитель?",
        "{count} cells under {expected} headers: a delimiter too many?",
    ),
    "formula": (
        "формула {value}: вставьте вместо неё значение",
        "the formula {value}: paste its value instead",
    ),
    "error_value": ("ошибка таблицы {value}", "the spreadsheet's error {value}"),
    "line": ("Строка исходного файла", "Line of the source file"),
    "problem": ("Что исправить", "What to correct"),
}

register(
    {
        "ru": {f"rows.{key}": ru for key, (ru, _) in TEXTS.items()},
        "en": {f"rows.{key}": en for key, (_, en) in TEXTS.items()},
    }
)


def own_column(key: str, language: Language) -> str:
    """Return the header of a column that we write beside those of the file."""
    return text(f"rows.{key}", language)


OWN_COLUMNS = tuple(own_column(key, language) for key in ("line", "problem") for language in LANGUAGES)
