"""The words of the reports, in Russian and English."""

from __future__ import annotations

from typing import Any

from crmkit.automation.messages import Message, register

__all__ = ["TEXTS", "word"]

TEXTS: dict[str, tuple[str, str]] = {
    "run": ("Запуск", "Run"),
    "step": ("Шаг", "Step"),
    "deal": ("Сделка", "Deal"),
    "count": ("Количество", "Count"),
    "at": ("Когда", "When"),
    "date": ("Дата", "Date"),
    "items": ("Сделки", "Deals"),
}

register(
    {
        "ru": {f"report.{key}": ru for key, (ru, _) in TEXTS.items()},
        "en": {f"report.{key}": en for key, (_, en) in TEXTS.items()},
    }
)


def word(key: str, **params: Any) -> Message:
    """Return a message of the reports' own texts."""
    return Message(key=f"report.{key}", params=params)
