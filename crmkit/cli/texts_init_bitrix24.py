"""The commented configuration that ``crmkit init`` writes for a portal of Bitrix24."""

__all__ = ["INIT_BITRIX24"]

_DEALS = """\
[portals.main.deals.stages]
new = {{ id = "NEW", name = "Новая" }}
refused = {{ id = "LOSE", name = "Отказ" }}

[portals.main.deals.fields]
return_state = {{ id = "UF_CRM_RETURN_STATE", name = "Состояние возврата" }}
label = {{ id = "UF_CRM_LABEL", name = "Метка" }}
previous_assignee = {{ id = "UF_CRM_PREVIOUS_ASSIGNEE", name = "Предыдущий исполнитель" }}
new_assignee = {{ id = "UF_CRM_NEW_ASSIGNEE", name = "Новый исполнитель" }}
refusal_reason = {{ id = "UF_CRM_REFUSAL_REASON", name = "Причина отказа" }}
snooze_until = {{ id = "UF_CRM_SNOOZE_UNTIL", name = "Отложить до" }}
snooze_reason = {{ id = "UF_CRM_SNOOZE_REASON", name = "Причина паузы" }}
release_hold = {{ id = "UF_CRM_RELEASE_HOLD", name = "Снять удержание" }}
amount = {{ id = "OPPORTUNITY" }}

"""

_APPROVAL = """\
[portals.main.tasks.approval.stages]
rejected = {{ id = "tag:отклонено" }}
cancelled = {{ id = "tag:отменено" }}

"""

_RU_HEAD = """\
# Настройки crmkit. Проверить: crmkit doctor. Посмотреть, что будет сделано: crmkit plan stale_deals.
# Любой ключ можно задать и переменной окружения: CRMKIT_PORTALS__MAIN__URL и так далее.

default_portal = "main"

[store]
url = "sqlite:///crmkit.db"          # журнал: что сделано и что было до того; или postgresql://...

[portals.main]
provider = "bitrix24"
url = "{url}"
token = "env:BITRIX24_WEBHOOK"       # конец адреса входящего вебхука, "90/ключ"; сам он здесь не пишется
timezone = "Europe/Moscow"           # часовой пояс портала: в нём считаются дни
language = "ru"                      # язык текстов, которые увидят менеджеры
rate = 2.0                           # запросов в секунду; на тарифе «Энтерпрайз» 5.0
# limits_file = "limits.db"           # если с порталом работают несколько программ этой машины
robots = ["user:90"]                 # чьи действия не считать человеческими: владелец вебхука и другие роботы

# Как называются стадии и поля сделок. Коды стадий других воронок выглядят так: "C4:NEW";
# название нужно, чтобы crmkit doctor заметил переименование.
"""

_RU_TASK = """\
# Задача руководителю: подтвердить нового исполнителя или отклонить. Подтвердить: завершить задачу.
# Отклонить: поставить этот тег и завершить.
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
provider = "bitrix24"
url = "{url}"
token = "env:BITRIX24_WEBHOOK"       # the end of an incoming webhook's address, "90/key"; kept elsewhere
timezone = "Europe/Moscow"           # of the portal: days are counted in it
language = "ru"                      # of the texts that managers will read
rate = 2.0                           # requests per second; 5.0 on Enterprise
# limits_file = "limits.db"           # if several programs of this machine work with the portal
robots = ["user:90"]                 # whose doings are not a person's: the webhook's owner, other robots

# What the stages and fields of deals are called. Stages of other pipelines look like "C4:NEW";
# the name lets crmkit doctor notice a renaming.
"""

_EN_TASK = """\
# The task for the supervisor: confirm a new assignee, or reject. To confirm: complete the task.
# To reject: add this tag and complete it.
"""

_EN_RECIPE = """\
[recipes.stale_deals]                # all settings: crmkit recipes stale_deals
supervisor = "user:2"                # who is warned and who confirms
"""

INIT_BITRIX24: dict[str, tuple[str, str]] = {
    "init.file.bitrix24": (
        _RU_HEAD + _DEALS + _RU_TASK + _APPROVAL + _RU_RECIPE,
        _EN_HEAD + _DEALS + _EN_TASK + _APPROVAL + _EN_RECIPE,
    )
}
