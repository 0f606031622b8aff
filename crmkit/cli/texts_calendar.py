"""The texts of ``crmkit calendar``."""

from __future__ import annotations

__all__ = ["CALENDAR"]

CALENDAR: dict[str, tuple[str, str]] = {
    "help.calendar": (
        "Запланированные шаги: файл календаря (ICS) или секретный адрес для подписки.",
        "Planned steps: a calendar file (ICS), or a secret address to subscribe to.",
    ),
    "option.calendar_person": (
        "Только этого сотрудника, например user:4.",
        "Only of this person, for example user:4.",
    ),
    "option.calendar_type": (
        "Только этого типа, например звонок.",
        "Only of this type, for example звонок.",
    ),
    "option.calendar_out": (
        "Файл календаря, например steps.ics.",
        "The calendar file, for example steps.ics.",
    ),
    "option.calendar_address": (
        "Показать новый секретный адрес вместо самого календаря.",
        "Show a new secret address instead of the calendar itself.",
    ),
    "calendar.written": ("{path}: шагов {count}", "{path}: {count} steps"),
    "calendar.address": ("Адрес для подписки: {address}", "Subscribe to: {address}"),
    "calendar.serial": (
        'Отозвать: добавьте "{serial}" в revoked раздела [calendar] в crmkit.toml.',
        'To revoke it, add "{serial}" to revoked in [calendar] of crmkit.toml.',
    ),
}
