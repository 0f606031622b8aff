"""The texts of the instructions for scenarios, Russian and English side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

__all__ = ["PREFIX", "TEXTS"]

PREFIX = "planfix.scenario."

_TEXTS: dict[str, tuple[str, str]] = {
    "open_object": (
        "Откройте объект «{name}» (№ {number}), вкладка «Сценарии», и добавьте сценарий.",
        "Open the object «{name}» (no. {number}), tab Scenarios, and add a scenario.",
    ),
    "open_template": (
        "Откройте объект, к которому относится шаблон № {number}, вкладка «Сценарии», и добавьте сценарий.",
        "Open the object that the template no. {number} belongs to, tab Scenarios, and add a scenario.",
    ),
    "open_process": (
        "Откройте объект с процессом № {number}, вкладка «Сценарии», и добавьте сценарий.",
        "Open the object with the process no. {number}, tab Scenarios, and add a scenario.",
    ),
    "open_contacts": (
        "Откройте процесс контактов, «Сценарии», и добавьте сценарий с условием «это контакт, не компания».",
        "Open the process of contacts, Scenarios, and add a scenario with the condition: no company.",
    ),
    "open_companies": (
        "Откройте процесс контактов, «Сценарии», и добавьте сценарий с условием «это компания».",
        "Open the process of contacts, Scenarios, and add a scenario with the condition: a company.",
    ),
    "one_each": (
        "Если сценарий принимает лишь одно событие, сделайте по копии на каждое; остальное одинаково.",
        "If a scenario takes one event only, make a copy for each of the following; the rest is the same.",
    ),
    "on_created": ("Событие: создание.", "Event: created."),
    "on_any_status": ("Событие: изменён статус, любой.", "Event: the status was changed, whatever to."),
    "on_status": (
        "Событие: изменён статус; любой из: {names}.",
        "Event: the status was changed to any of: {names}.",
    ),
    "on_fields": (
        "Событие: изменено поле; любое из: {names}.",
        "Event: any of these fields was changed: {names}.",
    ),
    "on_comment": ("Событие: добавлен комментарий.", "Event: a comment was added."),
    "not_robot": (
        "Условие: автор изменения — не {robots}: сделанное роботами — не новость.",
        "Condition: the author of the change is not {robots}: what robots did is no news.",
    ),
    "delay": (
        "Очередь: через {minutes:минуту|минуты|минут}; отметьте «Новое срабатывание начинает отсчёт"
        " заново», чтобы серия правок дала один запрос.",
        "Queue: after {minutes:minute|minutes}; tick that a new firing restarts the countdown, so "
        "that a burst of edits gives one request.",
    ),
    "request": (
        "Операция: HTTP-запрос, метод POST, адрес {url}",
        "Operation: HTTP request, method POST, address {url}",
    ),
    "by_path": (
        "В конце адреса вместо SECRET — ваш секрет; больше нигде его не пишите.",
        "At the end of the address put your secret for SECRET; write it nowhere else.",
    ),
    "by_header": (
        "Заголовок {header}: вместо SECRET — ваш секрет.",
        "Header {header}: your secret for SECRET.",
    ),
    "by_hmac": (
        "Заголовок {header}: {value} — вместо SECRET ваш секрет. Порядок аргументов (текст; ключ) сверьте "
        "со справкой функции HMACSHA256 в своём аккаунте.",
        "Header {header}: {value}, your secret for SECRET. Compare the order of the arguments (text; key) "
        "with the help of the function HMACSHA256 in your account.",
    ),
    "parameters": (
        "Тело: параметры формы (не JSON: там кавычки в тексте ломают запрос): {form}.",
        "Body: form parameters (no JSON: quotes in a text would break it): {form}.",
    ),
    "retry": (
        "Включите повтор при ошибке. Ответ 200 значит «принято»; любой другой на три минуты "
        "останавливает все запросы аккаунта.",
        "Switch the repeat after errors on. An answer of 200 means taken; any other stops all "
        "requests of the account for three minutes.",
    ),
    "check": (
        "Проверка: измените что-нибудь из этого; в журнале сервиса появится номер и событие {event}.",
        "Check: change one of these things; the log of the service shows its number and the event {event}.",
    ),
    "no_kind": (
        "{where}: не сказано, какие это задачи; впишите object = N, номер объекта в Планфиксе.",
        "{where}: which tasks these are is not set; write object = N, the number of the object in Planfix.",
    ),
    "kind_gone": (
        "{where}: в аккаунте не видно «{what} {number}»; исправьте номер или дайте владельцу ключа права.",
        "{where}: the account shows no {what} {number}; correct the number, or let the token's owner see it.",
    ),
    "stage_gone": (
        "{where}: в процессе нет статуса {number}; есть {there}. Исправьте номер или добавьте статус.",
        "{where}: the process has no status {number}; there are {there}. Correct the number or add it.",
    ),
    "field_gone": (
        "{where}: в аккаунте нет поля {number}{name}; создайте его или исправьте номер.",
        "{where}: the account has no field {number}{name}; create it or correct the number.",
    ),
    "detached": (
        "{where}: поле {number} «{name}» не подключено к объекту {object}; подключите его там.",
        "{where}: the field {number} «{name}» is not attached to object {object}; attach it there.",
    ),
    "renamed": (
        "{where}: теперь это «{found}», а не «{remembered}»; если смысл тот же, поправьте имя в настройках.",
        "{where}: this is «{found}» now, not «{remembered}»; if it means the same, change the name there.",
    ),
    "unbound": (
        "{where}: в настройках нет «{name}», поэтому его изменения не отслеживаются; нужно — впишите номер.",
        "{where}: the settings do not name {name}, so its changes are not told; write its number if needed.",
    ),
}

TEXTS: Mapping[Literal["ru", "en"], Mapping[str, str]] = {
    "ru": {PREFIX + key: russian for key, (russian, _) in _TEXTS.items()},
    "en": {PREFIX + key: english for key, (_, english) in _TEXTS.items()},
}
"""The texts of all instructions, by language and key."""
