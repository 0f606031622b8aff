"""The texts of ``crmkit doctor --create-fields``."""

from __future__ import annotations

from crmkit.automation import messages

__all__ = ["FIELDS", "add"]

FIELDS: dict[str, tuple[str, str]] = {
    "option.create_fields": (
        "Создать на портале недостающие поля, у которых в настройках указан type.",
        "Create the missing fields of which the settings say the type.",
    ),
    "fields.confirm": ("Создать поля: {count}?", "Create {count} fields?"),
    "fields.created": (
        "Создано полей: {count}; нужно сделать самому: {left}.",
        "Fields created: {count}; left to you: {left}.",
    ),
}


def add() -> None:
    """Let the catalogue know them."""
    messages.register(
        {
            "ru": {f"cli.{key}": ru for key, (ru, _) in FIELDS.items()},
            "en": {f"cli.{key}": en for key, (_, en) in FIELDS.items()},
        }
    )
