"""The commented configuration that ``crmkit init`` writes."""

__all__ = ["INIT"]

_DEALS = """\
[portals.main.deals.stages]
new = {{ id = 1, name = "Новая" }}
refused = {{ id = 6, name = "Отказ" }}

[portals.main.deals.fields]
return_state = {{ id = 101, name = "Состояние возврата" }}
label = {{ id = 102, name = "Метка" }}
previous_assignee = {{ id = 103, name = "Предыдущий исполнитель" }}
new_assignee = {{ id = 104, name = "Новый исполнитель" }}
refusal_reason = {{ id = 105, name = "Причина отказа" }}
snooze_until = {{ id = 106, name = "Отложить до" }}
snooze_reason = {{ id = 107, name = "Причина паузы" }}
release_hold = {{ id = 108, name = "Снять удержание" }}
amount = {{ id = 109, name = "Сумма" }}

"""

_APPROVAL = """\
[portals.main.tasks.approval]
object = 2

[portals.main.tasks.approval.stages]
open = {{ id = 21, name = "На согласовании" }}
done = {{ id = 22, name = "Подтверждено" }}
rejected = {{ id = 23, name = "Отклонено" }}
cancelled = {{ id = 24, name = "Отменено" }}

"""

_RU_HEAD = """\
# Настройки crmkit. Проверить: crmkit doctor. Посмотреть, что будет сделано: crmkit plan stale_deals.
# Любой ключ можно задать и переменной окружения: CRMKIT_PORTALS__MAIN__URL и так далее.

default_portal = "main"

[store]
url = "sqlite:///crmkit.db"          # журнал: что сделано и что было до того; или postgresql://...

[portals.main]
provider = "planfix"
url = "{url}"
token = "env:PLANFIX_TOKEN"          # сам ключ здесь не пишут: "env:ИМЯ_ПЕРЕМЕННОЙ" или "file:ПУТЬ"
timezone = "Europe/Moscow"           # часовой пояс владельца ключа: в нём считаются дни
language = "ru"                      # язык текстов, которые увидят менеджеры
rate = 1.0                           # запросов в секунду
daily_limit = 20000                  # запросов в сутки по вашему тарифу
# user = "user:90"                   # чей это ключ: crmkit doctor проверит его права и часовой пояс
robots = []                          # чьи действия не считать человеческими: ["user:90"] (роботы известны)

# Что у вас называется сделкой и как называются её статусы и поля. Номера видны в Планфиксе
# (Управление аккаунтом); название нужно, чтобы crmkit doctor заметил переименование.
[portals.main.deals]
object = 1                           # номер объекта «Сделка»; или template = N, или process = N

"""

_RU_TASK = """\
# Задача руководителю: подтвердить нового исполнителя или отклонить.
"""

_RU_RECIPE = """\
[recipes.stale_deals]                # все настройки: crmkit recipes stale_deals
supervisor = "user:2"                # руководитель: его предупреждаем и он подтверждает
"""

_EN_HEAD = """\
# Configuration of crmkit. Check it: crmkit doctor. See what would be done: crmkit plan stale_deals.
# Every key can be set by the environment too: CRMKIT_PORTALS__MAIN__URL and so on.

default_portal = "main"

[store]
url = "sqlite:///crmkit.db"          # the ledger: what was done and what was there before; or postgresql://...

[portals.main]
provider = "planfix"
url = "{url}"
token = "env:PLANFIX_TOKEN"          # the token itself does not belong here: "env:VARIABLE" or "file:PATH"
timezone = "Europe/Moscow"           # of the owner of the token: days are counted in it
language = "ru"                      # of the texts that managers will read
rate = 1.0                           # requests per second
daily_limit = 20000                  # requests per day of your tariff
# user = "user:90"                   # whose token it is: crmkit doctor checks its rights and time zone
robots = []                          # whose doings are not a person's: ["user:90"]; robots are known anyway

# What you call a deal, and what its statuses and fields are called. The ids are shown in Planfix
# (account management); the name lets crmkit doctor notice a renaming.
[portals.main.deals]
object = 1                           # the id of the deal object; or template = N, or process = N

"""

_EN_TASK = """\
# The task for the supervisor: confirm a new assignee, or reject.
"""

_EN_RECIPE = """\
[recipes.stale_deals]                # all settings: crmkit recipes stale_deals
supervisor = "user:2"                # who is warned and who confirms
"""

INIT: dict[str, tuple[str, str]] = {
    "init.file": (
        _RU_HEAD + _DEALS + _RU_TASK + _APPROVAL + _RU_RECIPE,
        _EN_HEAD + _DEALS + _EN_TASK + _APPROVAL + _EN_RECIPE,
    )
}
