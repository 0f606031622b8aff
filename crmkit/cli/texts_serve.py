"""The texts of ``crmkit serve``, ``crmkit worker`` and ``crmkit runs letters``."""

from __future__ import annotations

__all__ = ["SERVE"]

SERVE: dict[str, tuple[str, str]] = {
    "help.serve": (
        "Принимать события порталов и выполнять автоматизации сразу.",
        "Take the events of portals in and run automations at once.",
    ),
    "help.worker": (
        "Выполнять автоматизации без приёма событий (ещё одна машина).",
        "Run automations without taking events in (a further machine).",
    ),
    "help.letters": (
        "Что не удалось сделать службе: событие, ошибка, что делать.",
        "What the service gave up: event, error, what to do.",
    ),
    "option.host": ("Адрес, на котором слушать [serve.host].", "The address to listen on [serve.host]."),
    "option.serve_port": (
        "Порт (0: любой свободный) [serve.port].",
        "The port (0: any free one) [serve.port].",
    ),
    "option.receive_only": (
        "Только принимать события; выполняют другие процессы: crmkit worker.",
        "Only take events in; other processes do the work: crmkit worker.",
    ),
    "option.letter": (
        "Повторить неудавшееся дело службы с этим номером (crmkit runs letters).",
        "Try again what the service gave up under this number (crmkit runs letters).",
    ),
    "option.all_letters": (
        "Повторить все неудавшиеся дела службы.",
        "Try again all that the service gave up.",
    ),
    "option.recipe": ("Только этой автоматизации.", "Only of this automation."),
    "serve.listens": (
        "Служба принимает события: {address}/hooks/ПОРТАЛ. Остановить: Ctrl-C",
        "The service takes events in: {address}/hooks/PORTAL. Stop with Ctrl-C",
    ),
    "worker.works": ("Служба работает. Остановить: Ctrl-C", "The service works. Stop with Ctrl-C"),
    "letters.none": ("Неудавшихся дел нет.", "Nothing was given up."),
    "letters.number": ("№", "No."),
    "letters.at": ("Когда", "When"),
    "letters.what": ("Что", "What"),
    "letters.event": ("Событие", "Event"),
    "letters.error": ("Ошибка и что делать", "Error, and what to do"),
    "letters.sweep": ("обход", "sweep"),
    "letters.again": (
        "Повторит работающая служба: {count:дело|дела|дел}.",
        "The running service tries again: {count:job|jobs}.",
    ),
}
