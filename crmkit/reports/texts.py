"""The words of the reports, in Russian and English."""

from __future__ import annotations

from typing import Any

from crmkit.automation.messages import Message, register

__all__ = ["TEXTS", "word"]

TEXTS: dict[str, tuple[str, str]] = {
    "run": ("{recipe}, запуск {run}", "{recipe}, run {run}"),
    "runs": ("Запуски", "Runs"),
    "items": ("Сделки", "Deals"),
    "id": ("№", "Id"),
    "deal": ("Сделка", "Deal"),
    "verdict": ("Решение", "Verdict"),
    "reason": ("Почему", "Why"),
    "status": ("Итог", "Outcome"),
    "message": ("Примечание", "Remark"),
    "count": ("Количество", "Count"),
    "at": ("Когда", "When"),
    "url": ("Ссылка", "Link"),
    "recipe": ("Автоматизация", "Automation"),
    "started": ("Начало", "Started"),
    "requests": ("Запросы", "Requests"),
    "outcomes": ("Итоги", "Outcomes"),
    "title": ("Отчёт: {recipe}, портал {portal}", "Report: {recipe}, portal {portal}"),
    "figures": ("Показатели", "Figures"),
    "excluded": ("Не тронуто", "Left alone"),
    "managers": ("По менеджерам", "By manager"),
    "manager": ("Менеджер", "Manager"),
    "manager.warned": ("Предупреждено", "Warned"),
    "manager.returned": ("Возвращено", "Returned"),
    "manager.approved": ("Подтверждено", "Approved"),
    "manager.rejected": ("Отклонено", "Rejected"),
    "evidence": ("Основания", "Evidence"),
    "and": ("{first}; {second}", "{first}; {second}"),
    "status.planned": ("не начато", "not started"),
    "status.begun": ("сделано не до конца", "begun"),
    "status.done": ("сделано", "done"),
    "status.changed": ("изменено человеком, пропущено", "changed by a person, skipped"),
    "status.nothing": ("уже было так", "was so already"),
    "status.deferred": ("отложено", "deferred"),
    "status.pending": ("принято, ещё не видно", "accepted, not visible yet"),
    "status.failed": ("не получилось", "failed"),
    "status.unknown": ("неизвестно, нужно посмотреть", "unknown, please look"),
    "run.running": ("идёт", "running"),
    "run.done": ("завершён", "done"),
    "run.stopped": ("остановлен", "stopped"),
    "run.paused": ("приостановлен", "paused"),
    "run.interrupted": ("прерван", "interrupted"),
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
