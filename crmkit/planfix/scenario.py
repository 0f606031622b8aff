"""How an integrator builds the scenario that tells us about changes: the API can neither make nor read one.

The instructions are data, a key and what goes into its text, so that whoever shows them does it in the
reader's language: ``crmkit.automation.messages.register(TEXTS)`` takes the texts over. They name the object,
statuses and fields of the very account. They hold no secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crmkit.exceptions import ValidationError
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.process import ObjectType, Status
from crmkit.planfix.webhooks import ByHeader, ByHmac, ByPath, Guard

__all__ = ["TEXTS", "Instruction", "setup_instructions"]

_PREFIX = "planfix.scenario."
_TEXTS = {
    "ru": {
        "open": "Откройте объект «{object}» (№ {number}), вкладка «Сценарии», и добавьте сценарий.",
        "on_status": "Событие: изменён статус; любой из: {names}.",
        "on_fields": "Событие: изменено поле; любое из: {names}.",
        "on_comment": "Событие: добавлен комментарий.",
        "not_robot": "Условие: автор изменения — не {robots}: свои действия нам не интересны.",
        "delay": (
            "Очередь: через {minutes:минуту|минуты|минут}; отметьте «Новое срабатывание начинает отсчёт"
            " заново», чтобы серия правок дала один запрос."
        ),
        "request": "Операция: HTTP-запрос, метод POST, адрес {url}",
        "by_path": "В конце адреса вместо СЕКРЕТ — ваш секрет; больше нигде его не пишите.",
        "by_header": "Заголовок {header}: ваш секрет.",
        "by_hmac": "Заголовок {header}: результат функции HMACSHA256 от текста {text} с вашим секретом.",
        "parameters": (
            "Тело: параметры формы (не JSON: там кавычки в тексте ломают запрос): task = {number}, "
            "event = {event}."
        ),
        "retry": (
            "Включите повтор при ошибке. Ответ 200 значит «принято»; любой другой на три минуты "
            "останавливает все запросы аккаунта."
        ),
        "check": (
            "Проверка: измените одну задачу этого объекта; в журнале сервиса появится её номер и "
            "событие {event}."
        ),
    },
    "en": {
        "open": "Open the object «{object}» (no. {number}), tab Scenarios, and add a scenario.",
        "on_status": "Event: the status was changed to any of: {names}.",
        "on_fields": "Event: any of these fields was changed: {names}.",
        "on_comment": "Event: a comment was added.",
        "not_robot": (
            "Condition: the author of the change is not {robots}: our own doings are no news to us."
        ),
        "delay": (
            "Queue: after {minutes:minute|minutes}; tick that a new firing restarts the countdown, so "
            "that a burst of edits gives one request."
        ),
        "request": "Operation: HTTP request, method POST, address {url}",
        "by_path": "At the end of the address put your secret for SECRET; write it nowhere else.",
        "by_header": "Header {header}: your secret.",
        "by_hmac": (
            "Header {header}: what the function HMACSHA256 makes of the text {text} with your secret."
        ),
        "parameters": (
            "Body: form parameters (no JSON: quotes in a text would break it): task = {number}, event ="
            " {event}."
        ),
        "retry": (
            "Switch the repeat after errors on. An answer of 200 means taken; any other stops all "
            "requests of the account for three minutes."
        ),
        "check": (
            "Check: change one task of this object; the log of the service shows its number and the "
            "event {event}."
        ),
    },
}
TEXTS: Mapping[str, Mapping[str, str]] = {
    language: {_PREFIX + key: text for key, text in texts.items()} for language, texts in _TEXTS.items()
}
"""The texts of all instructions, by language and key."""

_NUMBER = "{{Задача.Номер}}"
"""Planfix's variable; it is called so whatever the language of the interface."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step: a key of :data:`TEXTS` and what goes into the text."""

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)


def setup_instructions(
    kind: ObjectType,
    url: str,
    guard: Guard,
    *,
    event: str,
    statuses: Iterable[Status] = (),
    fields: Iterable[CustomField] = (),
    on_comments: bool = False,
    robots: Iterable[str] = (),
    minutes: int = 1,
) -> tuple[Instruction, ...]:
    """Return the steps that build a scenario for the tasks of an object.

    Args:
        kind: The object, from ``planfix.objects.get``.
        url: Where the handler listens, https.
        guard: How the scenario proves itself; its secret is not shown.
        event: What the event is to be called in the request.
        statuses: Fire when the status becomes one of these, from ``planfix.objects.statuses``.
        fields: Fire when one of these fields changes.
        on_comments: Fire on comments.
        robots: The names of the users whose changes are not to fire, our own robot first.
        minutes: How long to wait for a burst to end; less than a minute needs the tariff Corporation.

    Raises:
        ValidationError: Nothing is said on which the scenario could fire, or the address is no https address.
    """
    if not url.startswith("https://"):
        raise ValidationError("scenario: the handler has no https address", hint="give https://…")
    triggers = [
        *_named("planfix.scenario.on_status", statuses),
        *_named("planfix.scenario.on_fields", fields),
        *([Instruction("planfix.scenario.on_comment")] if on_comments else []),
    ]
    if not triggers:
        raise ValidationError("scenario: nothing to fire on", hint="give statuses, fields or on_comments")
    people = ", ".join(f"«{name}»" for name in robots)
    return (
        Instruction("planfix.scenario.open", {"object": kind.name, "number": kind.id}),
        *triggers,
        *([Instruction("planfix.scenario.not_robot", {"robots": people})] if people else []),
        Instruction("planfix.scenario.delay", {"minutes": minutes}),
        *_request(url, guard, event),
        Instruction("planfix.scenario.parameters", {"number": _NUMBER, "event": event}),
        Instruction("planfix.scenario.retry"),
        Instruction("planfix.scenario.check", {"event": event}),
    )


def _named(key: str, things: Iterable[Status] | Iterable[CustomField]) -> list[Instruction]:
    names = ", ".join(f"«{one.name}» ({one.id})" for one in things)
    return [Instruction(key, {"names": names})] if names else []


def _request(url: str, guard: Guard, event: str) -> tuple[Instruction, Instruction]:
    base = url.rstrip("/")
    match guard:
        case ByPath():
            shown, proof = f"{base}/SECRET", Instruction("planfix.scenario.by_path")
        case ByHeader():
            shown, proof = base, Instruction("planfix.scenario.by_header", {"header": guard.name})
        case ByHmac():
            text = f"{_NUMBER}:{event}"
            shown, proof = base, Instruction("planfix.scenario.by_hmac", {"header": guard.name, "text": text})
    return Instruction("planfix.scenario.request", {"url": shown}), proof
