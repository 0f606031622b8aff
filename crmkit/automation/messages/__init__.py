"""The one catalogue of texts that a user reads, in Russian and English.

A text is a format string. ``{days:день|дня|дней}`` and ``{days:day|days}`` write a number with the form of
the word that the language wants.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator

from crmkit.automation.messages import en, ru
from crmkit.automation.values import decode, encode, keep_model

__all__ = ["LANGUAGES", "Language", "Message", "register", "text", "written"]

Language = Literal["ru", "en"]
LANGUAGES: tuple[Language, ...] = ("ru", "en")
_DATES: dict[Language, str] = {"ru": "%d.%m.%Y", "en": "%Y-%m-%d"}
_CATALOGUES: dict[Language, dict[str, str]] = {"ru": dict(ru.TEXTS), "en": dict(en.TEXTS)}


class Message(BaseModel):
    """A text that is not yet in a language: a key of the catalogue and what goes into it.

    Plans and ledgers store messages, so that the same run can be reported in Russian and in English.

    Example:
        >>> Message(key="activity.none_since", params={"date": "01.03.2025"}).render("en")
        'no activity of anybody since 01.03.2025'
    """

    model_config = ConfigDict(frozen=True)

    key: str
    params: dict[str, Any] = Field(default_factory=dict)

    @field_serializer("params", when_used="json")
    def _keep_types(self, params: dict[str, Any]) -> dict[str, Any]:
        """Write dates so that they are shown as dates again when the message comes back from JSON."""
        return {name: encode(value) for name, value in params.items()}

    @field_validator("params", mode="before")
    @classmethod
    def _restore_types(cls, params: Any) -> Any:
        return decode(params)

    def render(self, language: Language) -> str:
        """Return the text in a language."""
        return text(self.key, language, **self.params)


keep_model("$message", Message)


def register(texts: Mapping[Language, Mapping[str, str]]) -> None:
    """Add the texts of a recipe; both languages, the same keys.

    Raises:
        ValueError: A key is missing in one language.
    """
    if set(texts["ru"]) != set(texts["en"]):
        raise ValueError(f"texts in one language only: {sorted(set(texts['ru']) ^ set(texts['en']))}")
    for language in LANGUAGES:
        _CATALOGUES[language].update(texts[language])


def text(key: str, language: Language, **params: Any) -> str:
    """Return a text of the catalogue with its parameters filled in.

    Raises:
        KeyError: The catalogue has no such key.
    """
    return written(_CATALOGUES[language][key], language, **params)


def written(template: str, language: Language, **params: Any) -> str:
    """Fill in a text that is not of the catalogue, for example one that a user wrote into the settings.

    Example:
        >>> [written("{n:день|дня|дней}", "ru", n=n) for n in (1, 3, 7, 11, 21)]
        ['1 день', '3 дня', '7 дней', '11 дней', '21 день']
        >>> written("{n:day|days}", "en", n=21)
        '21 days'
    """
    shown = {name: _shown(value, language) for name, value in params.items()}
    return _FORMATTERS[language].vformat(template, (), shown)


class _Formatter(string.Formatter):
    """``str.format`` that also knows the forms of words after a number."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" not in format_spec:
            return str(super().format_field(value, format_spec))
        return f"{value} {format_spec.split('|')[_form(value, self._language)]}"


_FORMATTERS: dict[Language, _Formatter] = {language: _Formatter(language) for language in LANGUAGES}


def _form(number: int, language: Language) -> int:
    """Return which form of a word follows a whole number; Russian has three, English two."""
    if language == "en":
        return 0 if number == 1 else 1
    if number % 10 == 1 and number % 100 != 11:
        return 0
    return 1 if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) else 2


def _shown(value: Any, language: Language) -> Any:
    if isinstance(value, Message):
        return value.render(language)
    if isinstance(value, Mapping) and set(value) == {"key", "params"}:  # a message that came back from JSON
        return Message.model_validate(value).render(language)
    if isinstance(value, datetime):
        return value.strftime(f"{_DATES[language]} %H:%M")
    if isinstance(value, date):
        return value.strftime(_DATES[language])
    return value
