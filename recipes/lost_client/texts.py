"""The words of the recipe: ``text.*`` is written into the portal, the rest is said in plans and reports."""

from __future__ import annotations

from crmkit.automation.messages import Message, register

__all__ = ["PREFIX", "say"]

PREFIX = "lost_client."

RU = {
    "empty": "ПУСТО",
    # Written into the portal
    "text.marked_deal": (
        "Поле «{field}» контакта {client}: было {before}, стало {after}. "
        "Причина: сделка проиграна, {reason}. Рассылки, уведомления и обзвоны этому клиенту больше не нужны. "
        "Если сделку откроют снова, прежнее значение вернётся само; если значение изменит сотрудник, его "
        "решение останется в силе.\n"
        "Почему так, объясняет учебный ролик: {url}"
    ),
    "text.marked_client": (
        "Поле «{field}»: было {before}, стало {after}. Причина: сделка «{deal}» проиграна, {reason}.\n"
        "Почему так, объясняет учебный ролик: {url}"
    ),
    "text.restored": (
        "Поле «{field}» контакта {client}: было {before}, снова {after}. Причина: {why}.\n"
        "Почему так, объясняет учебный ролик: {url}"
    ),
    "text.decide_title": "Решите: {client} ещё целевой клиент?",
    "text.decide": (
        "Сделка «{deal}» проиграна ({reason}), но у клиента {client} есть и другие сделки:\n{others}\n\n"
        "Если клиент больше не целевой, поставьте в поле «{field}» значение {value}. Если он остаётся "
        "целевым, просто завершите эту задачу: значение не изменится.\n"
        "Учебный ролик: {url}"
    ),
    "text.reason_title": "Укажите причину проигрыша: {deal}",
    "text.reason": (
        "Сделка «{deal}» проиграна, но причина не указана. От неё зависит, будет ли клиент {client} и дальше "
        "получать рассылки и звонки. Заполните в сделке причину: эта задача закроется сама."
    ),
    "text.review_title": "Пересмотрите: {client} всё ещё нецелевой клиент?",
    "text.review": (
        "{date} клиент {client} отмечен как нецелевой: сделка «{deal}», {reason}. Срок отметки вышел. "
        "Если с клиентом снова стоит работать, измените поле «{field}». Если нет, завершите задачу."
    ),
    # Reasons of decisions
    "reason.unsettled": "итог прежнего действия неизвестен, нужно посмотреть: {keys}",
    "reason.gone": "клиент удалён или недоступен",
    "reason.human": "после отметки сотрудник поставил значение {value}: оно остаётся",
    "reason.restore": "прежнее значение возвращается: {why}",
    "reason.marked": "отмечен {date}, сделка «{deal}»",
    "reason.expired": "отмечен {date}, срок отметки в месяцах ({months}) вышел",
    "reason.no_reason": "сделка «{deal}» проиграна без причины: не отмечается, причину нужно указать",
    "reason.too_old": "сделка проиграна так давно, что отметка уже не действовала бы",
    "reason.declined": "человек решил, что клиент остаётся целевым",
    "reason.not_concerned": "нет сделок, проигранных по причинам из настройки",
    "reason.settled": "вопрос решён",
    "reason.already": "значение уже {value}",
    "reason.kept": "значение {value} по настройке не меняется",
    "reason.alive": "сделка «{deal}» проиграна, но есть и другая: «{other}»; решает человек",
    "reason.asked": "вопрос задан {date}, ждём решения",
    "reason.mark": "сделка «{deal}» проиграна: {reason}",
    "why.reopened": "сделка «{deal}» открыта снова",
    "why.new_deal": "у клиента новая сделка «{deal}»",
    "why.won": "клиент купил: сделка «{deal}» выиграна",
    "why.other_reason": "у сделки «{deal}» теперь другая причина",
    "why.left": "контакт больше не участвует в сделке «{deal}»",
    "why.deleted": "проигранная сделка удалена",
    "why.expired": "срок отметки в месяцах ({months}) вышел",
    # Evidence
    "evidence.lost": "проиграна {date}: «{deal}», {reason}",
    "evidence.alive": "открыта или выиграна: «{deal}»",
    # Reports
    "report.marked": "отмечены как нецелевые: {count}",
    "report.restored": "прежнее значение возвращено: {count}",
    "report.human": "изменены человеком после отметки: {count}",
    "report.asked": "вопросов людям: {count}",
    "report.no_reason": "сделки без причины: у клиентов {count}",
    "report.excluded": "Список исключений: кому не писать и не звонить",
    "report.still_listed": "Есть в рассылках, хотя исключены",
    "report.checked": "Проверено файлов: {files}, строк: {rows}; исключённых клиентов в них: {found}",
    "report.regrets": "Были отмечены, но потом купили",
    "column.id": "№",
    "column.client": "Клиент",
    "column.email": "Почта",
    "column.phone": "Телефон",
    "column.value": "Значение",
    "column.by": "Кто отметил",
    "column.since": "С какого дня",
    "column.deal": "Сделка",
    "column.reason": "Причина",
    "column.review": "Пересмотреть",
    "column.file": "Файл",
    "column.row": "Строка",
    "column.bought": "Купил",
    "by.us": "автоматизация",
    "by.person": "сотрудник",
    # Verdicts
    "verdict.mark": "отметить",
    "verdict.marked": "отмечен",
    "verdict.restore": "вернуть значение",
    "verdict.review": "пересмотреть",
    "verdict.human": "решил человек",
    "verdict.already": "уже отмечен",
    "verdict.ask": "спросить",
    "verdict.asked": "ждём решения",
    "verdict.no_reason": "нет причины",
    "verdict.kept": "не меняется",
    "verdict.declined": "остаётся целевым",
    "verdict.not_concerned": "не касается",
    "verdict.too_old": "давно",
    "verdict.gone": "удалён",
    "verdict.unsettled": "итог неизвестен",
}

EN = {
    "empty": "EMPTY",
    "text.marked_deal": (
        "The field «{field}» of the contact {client} was {before} and is now {after}. Reason: the deal was "
        "lost, {reason}. This client needs no mailings, notices and calls any more. If the deal is opened "
        "again, the former value comes back by itself; if somebody changes the value, that stands.\n"
        "Why this is so is explained in a training video: {url}"
    ),
    "text.marked_client": (
        "The field «{field}» was {before} and is now {after}. Reason: the deal «{deal}» was lost, {reason}.\n"
        "Why this is so is explained in a training video: {url}"
    ),
    "text.restored": (
        "The field «{field}» of the contact {client} was {before} and is {after} again. Reason: {why}.\n"
        "Why this is so is explained in a training video: {url}"
    ),
    "text.decide_title": "Please decide: is {client} still a target client?",
    "text.decide": (
        "The deal «{deal}» was lost ({reason}), but {client} has other deals too:\n{others}\n\n"
        "If they are no target client any more, set the field «{field}» to {value}. If they are, just "
        "complete this task: the value will not change.\n"
        "Training video: {url}"
    ),
    "text.reason_title": "Please give the reason of the loss: {deal}",
    "text.reason": (
        "The deal «{deal}» was lost, but no reason is given. Whether {client} goes on getting mailings and "
        "calls depends on it. Fill in the reason in the deal: this task closes by itself."
    ),
    "text.review_title": "Please review: is {client} still no target client?",
    "text.review": (
        "On {date} {client} was marked as no target client: deal «{deal}», {reason}. The mark has expired. "
        "If it is worth working with them again, change the field «{field}». If not, complete this task."
    ),
    "reason.unsettled": "the outcome of an earlier action is not known, please look: {keys}",
    "reason.gone": "the client is deleted or out of reach",
    "reason.human": "after the mark somebody set the value {value}: it stays",
    "reason.restore": "the former value comes back: {why}",
    "reason.marked": "marked on {date}, deal «{deal}»",
    "reason.expired": "marked on {date}, the months of the mark ({months}) have passed",
    "reason.no_reason": "the deal «{deal}» was lost without a reason: not marked, the reason has to be given",
    "reason.too_old": "the deal was lost so long ago that the mark would not hold any more",
    "reason.declined": "a person decided that they remain a target client",
    "reason.not_concerned": "no deal was lost for a reason of the settings",
    "reason.settled": "the question is settled",
    "reason.already": "the value is {value} already",
    "reason.kept": "the settings leave the value {value} alone",
    "reason.alive": "the deal «{deal}» was lost, but there is another one: «{other}»; a person decides",
    "reason.asked": "asked on {date}, waiting for a decision",
    "reason.mark": "the deal «{deal}» was lost: {reason}",
    "why.reopened": "the deal «{deal}» is open again",
    "why.new_deal": "the client has a new deal, «{deal}»",
    "why.won": "the client bought: the deal «{deal}» is won",
    "why.other_reason": "the deal «{deal}» has another reason now",
    "why.left": "the contact takes no part in the deal «{deal}» any more",
    "why.deleted": "the lost deal was deleted",
    "why.expired": "the months of the mark ({months}) have passed",
    "evidence.lost": "lost on {date}: «{deal}», {reason}",
    "evidence.alive": "open or won: «{deal}»",
    "report.marked": "marked as no target clients: {count}",
    "report.restored": "former value put back: {count}",
    "report.human": "changed by a person after the mark: {count}",
    "report.asked": "questions to people: {count}",
    "report.no_reason": "clients with a deal without reason: {count}",
    "report.excluded": "Exclusion list: whom not to write to and not to call",
    "report.still_listed": "Still in mailings although excluded",
    "report.checked": "Files checked: {files}, rows: {rows}; excluded clients among them: {found}",
    "report.regrets": "Were marked and bought later",
    "column.id": "Id",
    "column.client": "Client",
    "column.email": "E-mail",
    "column.phone": "Phone",
    "column.value": "Value",
    "column.by": "Marked by",
    "column.since": "Since",
    "column.deal": "Deal",
    "column.reason": "Reason",
    "column.review": "Review on",
    "column.file": "File",
    "column.row": "Row",
    "column.bought": "Bought",
    "by.us": "automation",
    "by.person": "a person",
    "verdict.mark": "mark",
    "verdict.marked": "marked",
    "verdict.restore": "put back",
    "verdict.review": "review",
    "verdict.human": "decided by a person",
    "verdict.already": "marked already",
    "verdict.ask": "ask",
    "verdict.asked": "asked",
    "verdict.no_reason": "no reason",
    "verdict.kept": "left alone",
    "verdict.declined": "stays a target",
    "verdict.not_concerned": "not concerned",
    "verdict.too_old": "too old",
    "verdict.gone": "deleted",
    "verdict.unsettled": "outcome unknown",
}

register(
    {
        "ru": {PREFIX + key: text for key, text in RU.items()},
        "en": {PREFIX + key: text for key, text in EN.items()},
    }
)


def say(key: str, **params: object) -> Message:
    """Return one of the recipe's messages."""
    return Message(key=PREFIX + key, params=params)
