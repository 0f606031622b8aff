"""The texts of the instructions for outgoing webhooks, Russian and English side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

__all__ = ["PREFIX", "TEXTS"]

PREFIX = "bitrix24.setup."

_TEXTS: dict[str, tuple[str, str]] = {
    "open": (
        "Разработчикам → Другое → Исходящий вебхук: адрес обработчика {url}",
        "Developer resources → Other → Outgoing webhook: the handler's address is {url}",
    ),
    "events": ("Отметьте события: {events}.", "Tick the events: {events}."),
    "fields": (
        "Важны поля: {names}. Событие не говорит, какое из них изменено: crmkit перечитает.",
        "The fields that matter: {names}. An event does not tell which of them changed: crmkit reads again.",
    ),
    "stages": ("Важны стадии: {names}.", "The stages that matter: {names}."),
    "token": (
        "Сохраните; портал покажет токен приложения. Положите его туда, где crmkit ищет секрет: им портал"
        " доказывает, что это он.",
        "Save it; the portal shows an application token. Put it where crmkit looks for the secret: by it the "
        "portal proves that it is the portal.",
    ),
    "app": (
        "С приложением вместо этого: event.bind на каждое событие (вызовы ниже); только так слышно смену"
        " воронки (ONCRMDEALMOVETOCATEGORY).",
        "With an application instead: event.bind for each event (the calls below); only so a change of the "
        "pipeline is told (ONCRMDEALMOVETOCATEGORY).",
    ),
    "robot": (
        "Или робот «Исходящий вебхук» на стадиях {names}, адрес {url}?event={event}."
        " Роботы срабатывают лишь при входе на стадию.",
        "Or a robot «Outgoing webhook» on the stages {names}, address "
        "{url}?event={event}. Robots act on entering a stage only.",
    ),
    "once": (
        "Событие приходит не более одного раза и без повторов: что потерялось, найдёт crmkit apply по"
        " расписанию.",
        "An event comes once at most and is never repeated: what was lost, crmkit apply from cron will find.",
    ),
    "field_gone": (
        "{where}: на портале нет поля {number}; создайте его или исправьте имя.",
        "{where}: the portal has no field {number}; create it or correct the name.",
    ),
    "stage_gone": (
        "{where}: на портале нет стадии {number}; исправьте её или добавьте.",
        "{where}: the portal has no stage {number}; correct it or add one.",
    ),
    "unbound": (
        "{where}: в настройках нет «{name}»: рецепт его не увидит; нужно — впишите имя поля или стадии.",
        "{where}: the settings do not name {name}: the recipe does not see it; write its id if needed.",
    ),
    "path": (
        "{where}: Битрикс24 доказывает себя только токеном приложения; proof = «{proof}» здесь не действует.",
        "{where}: Bitrix24 proves itself by the application token only; proof = «{proof}» has no effect.",
    ),
}

TEXTS: Mapping[Literal["ru", "en"], Mapping[str, str]] = {
    "ru": {PREFIX + key: russian for key, (russian, _) in _TEXTS.items()},
    "en": {PREFIX + key: english for key, (_, english) in _TEXTS.items()},
}
"""The texts of all instructions, by language and key."""
