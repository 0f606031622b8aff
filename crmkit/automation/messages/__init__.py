"""The one catalogue of texts that a user reads, in Russian and English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from crmkit.automation.messages import en, ru

__all__ = ["LANGUAGES", "Language", "Message", "register", "text"]

Language = Literal["ru", "en"]
LANGUAGES: tuple[Language, ...] = ("ru", "en")
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

    def render(self, language: Language) -> str:
        """Return the text in a language."""
        return text(self.key, language, **self.params)


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
    return _CATALOGUES[language][key].format(**{name: _shown(value, language) for name, value in params.items()})


def _shown(value: Any, language: Language) -> Any:
    if isinstance(value, Message):
        return value.render(language)
    if isinstance(value, Mapping) and set(value) == {"key", "params"}:  # a message that came back from JSON
        return Message.model_validate(value).render(language)
    if isinstance(value, datetime):
        return value.strftime("%d.%m.%Y %H:%M")
    if isinstance(value, date):
        return value.strftime("%d.%m.%Y")
    return value
