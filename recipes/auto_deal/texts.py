"""The words of the recipe: ``text.*`` is written into the portal, the rest is said in plans and reports."""

from __future__ import annotations

import string

from crmkit.automation.messages import Message, register

__all__ = ["PREFIX", "WRITTEN", "say"]

PREFIX = "auto_deal."

RU = {
    # Written into the portal
    "text.ask_title": "Заполнить карточку компании: {company}",
    "text.ask": (
        "Чтобы сделка по компании «{company}» создалась сама, в карточке нужно исправить:\n{fields}\n\n"
        "Больше ничего делать не нужно: когда всё будет заполнено, сделка появится, "
        "а эта задача завершится сама."
    ),
    "text.ask_checklist": (
        "Чтобы сделка по компании «{company}» создалась сама, в карточке нужно исправить то, "
        "что перечислено в чек-листе.\n\n"
        "Больше ничего делать не нужно: когда всё будет заполнено, сделка появится, "
        "а эта задача завершится сама."
    ),
    # What is wrong in a card
    "wrong.empty": "{field}: не заполнено",
    "wrong.value": "{field}: «{value}» — {why}",
    "wrong.no_number": "это не число",
    "wrong.several": "здесь несколько значений, нужно одно",
    "wrong.unclear": "непонятно, где тысячи, а где копейки: напишите, например, 12500 или 12,50",
    "wrong.negative": "число меньше нуля",
    "wrong.zero": "стоимость не может быть нулевой",
    "wrong.too_large": "слишком большое число, это точно стоимость?",
    "wrong.currency": "нужна другая валюта: {currency}",
    "wrong.no_tariff": "такого тарифа нет, есть: {known}",
    "wrong.outside": "для тарифа «{tariff}» допустимо от {least} до {most}",
    "wrong.outside_standard": "для тарифа «{tariff}» допустимо от {least} до {most}",
    "wrong.no_own_cost": "у тарифа «{tariff}» нет своей стоимости",
    "wrong.not_the_price": "по тарифу «{tariff}» стоимость {price}",
    # Fields that a company has of itself, and ours without a name in the portal
    "field.name": "Название",
    "field.email": "E-mail",
    "field.phone": "Телефон",
    "field.contact": "Контактное лицо",
    "field.responsible": "Ответственный",
    "field.tariff": "Тип тарифа",
    "field.cost": "Стоимость",
    # What two cards of one client have in common
    "twin.inn": "ИНН",
    "twin.email": "e-mail",
    "twin.phone": "телефон",
    "twin.name": "название",
    # Reasons of decisions
    "reason.create": "новая компания, карточка заполнена: «{title}»",
    "reason.done": "сделка есть: «{title}»",
    "reason.adopted": "сделку создал человек: «{title}»",
    "reason.steps": "сделка «{title}» есть, но начатое не доведено до конца",
    "reason.step": "за сделкой по компании «{deal}» следует шаг {step}",
    "reason.incomplete": "в карточке нужно исправить: {problems}",
    "reason.nobody_to_ask": "некого попросить: нет действующего ответственного; в карточке: {problems}",
    "reason.reopen": "задачу закрыли, но в карточке всё ещё: {problems}",
    "reason.task_closed": "задачу закрыл человек, но в карточке всё ещё: {problems}",
    "reason.task_deleted": "задачу удалил человек, но в карточке всё ещё: {problems}",
    "reason.task_unclear": "неизвестно, что значит статус задачи: {problem}",
    "reason.overdue": "срок был {date}, в карточке всё ещё: {problems}",
    "reason.renamed": "компания переименована: «{name}»",
    "reason.rename_adopted": "название по шаблону: «{title}»",
    "reason.changed": "условия в карточке теперь другие: {before} → {after}",
    "reason.changed_by_hand": (
        "условия в карточке теперь другие ({before} → {after}), но сделку меняли вручную: остаётся как есть"
    ),
    "reason.update": "условия изменились: {before} → {after}",
    "reason.duplicate": "похоже, это тот же клиент, что «{other}» (№ {id}): совпадает {same}",
    "reason.nobody": "некого назначить: нет действующего ответственного",
    "reason.no_option": "в сделке у поля «{field}» нет значения «{value}»",
    "reason.deal_deleted": "созданную сделку удалил человек, заново она не создаётся",
    "reason.undone": "создание сделки отменили через undo, заново она не создаётся",
    "reason.ask_undone": "задачу отменили через undo, в карточке всё ещё: {problems}",
    "reason.unsettled": "итог прежнего действия неизвестен, нужно посмотреть: {keys}",
    "reason.excluded": "компания исключена настройкой",
    "reason.no_client": "компания не отмечена как клиент",
    "reason.too_late": "создана после {date}",
    "reason.not_yet": "рано: сделка месяца с {date}",
    "reason.ended": "обслуживание закончилось {date}",
    "reason.gone": "компания удалена или объединена с другой",
    # Evidence
    "evidence.conflict": "противоречие: {problem}",
    "evidence.card": "теперь в карточке: {problem}",
    "evidence.stands_in": "у компании нет действующего ответственного, сделку получает {who}",
    "evidence.title_differs": "название не по шаблону, было бы «{title}»",
    # The reports
    "report.coverage": "компаний за период: {companies} = со сделкой {deals} + с объяснением {explained}",
    "report.gap": "компаний за период: {companies}, со сделкой {deals}, с объяснением {explained}: разрыв",
    "report.created": "сделок создано автоматически: {count}",
    "report.complete_at_once": "карточка была полной сразу: {count}",
    "report.attention": "требуют внимания человека: {count}",
    "report.explained": "без сделки, {verdict}: {count}",
    "report.and": "{first}; {second}",
    "report.new_clients": "Новые клиенты по месяцам",
    "report.month": "Месяц",
    "report.companies": "Компании",
    "report.share": "Доля, %",
    "report.tariffs": "Новые клиенты по тарифам",
    "report.tariff": "{name}",
    "report.no_tariff": "(тариф не указан)",
    "report.timeliness": "Своевременность заполнения по ответственным",
    "report.timeliness.asked": "Запрошено",
    "report.timeliness.filled": "Заполнено",
    "report.timeliness.in_time": "Из них в срок",
    "report.timeliness.waiting": "Ждут",
    "report.timeliness.hours": "Медиана, ч",
    "report.timeliness.note": "Часы от постановки задачи до последнего изменения заполненной карточки.",
    "report.covered": "Каждая компания за период: сделка или причина",
    "report.covered.id": "№",
    "report.covered.company": "Компания",
    "report.covered.created": "Создана",
    "report.covered.deal": "Сделка",
    "report.covered.verdict": "Решение",
    "report.covered.reason": "Почему",
    "verdict.done": "сделка есть",
    "verdict.adopted": "сделка создана человеком",
    "verdict.steps": "довести до конца",
    "verdict.rename": "переименовать сделку",
    "verdict.renamed": "компания переименована",
    "verdict.update": "обновить условия",
    "verdict.changed": "условия изменились",
    "verdict.succeed": "новая сделка на новых условиях",
    "verdict.create": "создать сделку",
    "verdict.ask": "попросить заполнить",
    "verdict.ask_again": "уточнить задачу",
    "verdict.reopen": "открыть задачу снова",
    "verdict.waiting": "ждём заполнения",
    "verdict.overdue": "срок заполнения прошёл",
    "verdict.task_closed": "задача закрыта, не заполнено",
    "verdict.task_deleted": "задача удалена, не заполнено",
    "verdict.duplicate": "дубль",
    "verdict.nobody": "нет ответственного",
    "verdict.no_option": "нет такого значения в сделке",
    "verdict.deal_deleted": "сделка удалена человеком",
    "verdict.undone": "отменено",
    "verdict.unsettled": "итог неизвестен",
    "verdict.excluded": "исключена",
    "verdict.no_client": "не клиент",
    "verdict.too_late": "после периода",
    "verdict.not_yet": "рано",
    "verdict.ended": "обслуживание закончилось",
    "verdict.gone": "удалена",
}

EN = {
    "text.ask_title": "Complete the card of the company: {company}",
    "text.ask": (
        "The deal of the company «{company}» is created by itself once its card is put right:\n{fields}\n\n"
        "There is nothing else to do: when all is filled in, the deal appears and this task closes itself."
    ),
    "text.ask_checklist": (
        "The deal of the company «{company}» is created by itself once the lines of the checklist are put "
        "right in its card.\n\n"
        "There is nothing else to do: when all is filled in, the deal appears and this task closes itself."
    ),
    "wrong.empty": "{field}: not filled in",
    "wrong.value": "{field}: «{value}»: {why}",
    "wrong.no_number": "this is no number",
    "wrong.several": "there are several values, one is needed",
    "wrong.unclear": "are these thousands or a fraction? Write 12500 or 12.50",
    "wrong.negative": "the number is below zero",
    "wrong.zero": "a cost cannot be zero",
    "wrong.too_large": "the number is too large, is it a cost?",
    "wrong.currency": "another currency is needed: {currency}",
    "wrong.no_tariff": "there is no such tariff, there are: {known}",
    "wrong.outside": "the tariff «{tariff}» allows {least} to {most}",
    "wrong.outside_standard": "the tariff «{tariff}» allows {least} to {most}",
    "wrong.no_own_cost": "the tariff «{tariff}» has no cost of its own",
    "wrong.not_the_price": "the tariff «{tariff}» costs {price}",
    "field.name": "Name",
    "field.email": "Email",
    "field.phone": "Phone",
    "field.contact": "Contact person",
    "field.responsible": "Responsible",
    "field.tariff": "Tariff",
    "field.cost": "Cost",
    "twin.inn": "INN",
    "twin.email": "email",
    "twin.phone": "phone",
    "twin.name": "name",
    "reason.create": "a new company with a complete card: «{title}»",
    "reason.done": "the deal is there: «{title}»",
    "reason.adopted": "a person has created the deal: «{title}»",
    "reason.steps": "the deal «{title}» is there, but what was begun is not finished",
    "reason.step": "after the deal of «{deal}» comes the step {step}",
    "reason.incomplete": "to be put right in the card: {problems}",
    "reason.nobody_to_ask": "nobody can be asked: there is no active responsible; in the card: {problems}",
    "reason.reopen": "the task was closed, but the card still says: {problems}",
    "reason.task_closed": "a person closed the task, but the card still says: {problems}",
    "reason.task_deleted": "a person deleted the task, but the card still says: {problems}",
    "reason.task_unclear": "it is not known what the status of the task means: {problem}",
    "reason.overdue": "the deadline was {date}, the card still says: {problems}",
    "reason.renamed": "the company has another name: «{name}»",
    "reason.rename_adopted": "the title of the template: «{title}»",
    "reason.changed": "the card has other terms now: {before} → {after}",
    "reason.changed_by_hand": (
        "the card has other terms now ({before} → {after}), but a person has changed the deal: it stays"
    ),
    "reason.update": "the terms have changed: {before} → {after}",
    "reason.duplicate": "this seems to be the same client as «{other}» (no. {id}): the same {same}",
    "reason.nobody": "nobody can be responsible: there is no active one",
    "reason.no_option": "the deal's field «{field}» has no value «{value}»",
    "reason.deal_deleted": "a person deleted the deal, it is not created again",
    "reason.undone": "the creation of the deal was undone, it is not created again",
    "reason.ask_undone": "the task was undone, the card still says: {problems}",
    "reason.unsettled": "the outcome of an earlier action is not known, please look: {keys}",
    "reason.excluded": "the company is excluded by the settings",
    "reason.no_client": "the company is not marked as a client",
    "reason.too_late": "created after {date}",
    "reason.not_yet": "too early: the deal of the month comes from {date}",
    "reason.ended": "the service ended on {date}",
    "reason.gone": "the company is deleted or merged into another",
    "evidence.conflict": "contradiction: {problem}",
    "evidence.card": "the card says now: {problem}",
    "evidence.stands_in": "the company has no active responsible, {who} gets the deal",
    "evidence.title_differs": "the title is not that of the template, which would be «{title}»",
    "report.coverage": "companies of the period: {companies} = with a deal {deals} + explained {explained}",
    "report.gap": "companies of the period: {companies}, with a deal {deals}, explained {explained}: a gap",
    "report.created": "deals created automatically: {count}",
    "report.complete_at_once": "the card was complete at once: {count}",
    "report.attention": "need a person's attention: {count}",
    "report.explained": "without a deal, {verdict}: {count}",
    "report.and": "{first}; {second}",
    "report.new_clients": "New clients by month",
    "report.month": "Month",
    "report.companies": "Companies",
    "report.share": "Share, %",
    "report.tariffs": "New clients by tariff",
    "report.tariff": "{name}",
    "report.no_tariff": "(no tariff)",
    "report.timeliness": "Timeliness of filling in by responsible",
    "report.timeliness.asked": "Asked",
    "report.timeliness.filled": "Filled in",
    "report.timeliness.in_time": "In time",
    "report.timeliness.waiting": "Waiting",
    "report.timeliness.hours": "Median, h",
    "report.timeliness.note": "Hours from the task to the last change of the completed card.",
    "report.covered": "Every company of the period: its deal or the reason",
    "report.covered.id": "Id",
    "report.covered.company": "Company",
    "report.covered.created": "Created",
    "report.covered.deal": "Deal",
    "report.covered.verdict": "Verdict",
    "report.covered.reason": "Why",
    "verdict.done": "has its deal",
    "verdict.adopted": "deal created by a person",
    "verdict.steps": "finish",
    "verdict.rename": "rename the deal",
    "verdict.renamed": "company renamed",
    "verdict.update": "update the terms",
    "verdict.changed": "terms changed",
    "verdict.succeed": "new deal with new terms",
    "verdict.create": "create the deal",
    "verdict.ask": "ask to complete",
    "verdict.ask_again": "correct the task",
    "verdict.reopen": "reopen the task",
    "verdict.waiting": "waiting for data",
    "verdict.overdue": "data overdue",
    "verdict.task_closed": "task closed, data missing",
    "verdict.task_deleted": "task deleted, data missing",
    "verdict.duplicate": "duplicate",
    "verdict.nobody": "no responsible",
    "verdict.no_option": "no such value in the deal",
    "verdict.deal_deleted": "deal deleted by a person",
    "verdict.undone": "undone",
    "verdict.unsettled": "outcome unknown",
    "verdict.excluded": "excluded",
    "verdict.no_client": "no client",
    "verdict.too_late": "after the period",
    "verdict.not_yet": "too early",
    "verdict.ended": "service ended",
    "verdict.gone": "deleted",
}

register(
    {
        "ru": {PREFIX + key: text for key, text in RU.items()},
        "en": {PREFIX + key: text for key, text in EN.items()},
    }
)


def _parameters(template: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name)


WRITTEN = {
    key.removeprefix("text."): _parameters(text) for key, text in RU.items() if key.startswith("text.")
}
"""What is written into the portal, and the values that each text may use."""


def say(key: str, **params: object) -> Message:
    """Return one of the recipe's messages."""
    return Message(key=PREFIX + key, params=params)
