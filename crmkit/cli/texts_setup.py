"""The texts of ``crmkit setup``."""

__all__ = ["SETUP"]

SETUP: dict[str, tuple[str, str]] = {
    "help.setup": (
        "Рассказать, что настроить в портале, чтобы он сам сообщал автоматизации об изменениях.",
        "Tell what to set up in the portal so that it tells an automation about changes by itself.",
    ),
    "option.handler_url": (
        "Адрес вашего сервера, куда портал шлёт запросы [из настроек: webhook.url].",
        "The address of your server that the portal calls [from the settings: webhook.url].",
    ),
    "option.show_secret": (
        "Показать секрет (иначе только где он лежит).",
        "Show the secret (otherwise only where it is kept).",
    ),
    "setup.portal": (
        "Портал {portal} ({provider}), автоматизация {recipe}.",
        "Portal {portal} ({provider}), automation {recipe}.",
    ),
    "setup.nothing": (
        "Событий этой автоматизации не нужно: запускайте её по расписанию, crmkit apply {recipe} --yes.",
        "This automation needs no events: run it from cron, crmkit apply {recipe} --yes.",
    ),
    "setup.call": ("{number} из {count}: {event}", "{number} of {count}: {event}"),
    "setup.json": (
        "  Если нужны и значения полей: тело JSON вместо параметров, Content-Type: application/json",
        "  If the values of fields are wanted too: a body of JSON instead, Content-Type: application/json",
    ),
    "setup.calls": ("  То же вызовами API:", "  The same as calls of the API:"),
    "setup.missing": ("Чего не хватает:", "What is missing:"),
    "setup.remarks": ("На заметку:", "Note:"),
    "setup.secret.kept": ("Секрет уже есть ({place}).", "There is a secret already ({place})."),
    "setup.secret.written": (
        "Создан секрет, он в файле ({place}); читать файл можете только вы.",
        "A secret was made, it is in a file ({place}) that only you can read.",
    ),
    "setup.secret.unset": (
        "Секрета ещё нет ({place}): задайте эту переменную там, где работает crmkit.",
        "There is no secret yet ({place}): set this variable where crmkit runs.",
    ),
    "setup.secret.portal": (
        "Секрет выдаст сам портал; сохраните его там, где его ищет crmkit ({place}).",
        "The portal makes the secret itself; keep it where crmkit looks for it ({place}).",
    ),
    "setup.secret.bind": (
        'Впишите в настройки {where} = "{reference}".',
        'Write into the settings: {where} = "{reference}".',
    ),
    "setup.secret.hidden": (
        "В инструкции вместо секрета стоит SECRET; показать его: --show-secret.",
        "In the instructions SECRET stands for it; --show-secret shows it.",
    ),
    "setup.secret.is": ("Секрет: {secret}", "The secret: {secret}"),
    "setup.address": (
        "Вместо https://YOUR-SERVER впишите свой адрес: {section}, или --url.",
        "Put your own address for https://YOUR-SERVER: {section}, or --url.",
    ),
}
