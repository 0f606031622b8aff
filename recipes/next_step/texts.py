"""The words of the recipe: ``text.*`` is written into the portal, the rest is said in plans and reports."""

from __future__ import annotations

from crmkit.automation.messages import Message, register

__all__ = ["PREFIX", "say"]

PREFIX = "next_step."

RU = {
    # Written into the portal
    "text.planned": "Следующий шаг: {kind}, {when}. Цель: {goal}. Ответственный: {who}.",
    "text.done": (
        "Целевое действие выполнено.\nТип: {kind}\nЦель: {goal}\nКогда: {when}\nРезультат: {result}"
    ),
    "text.refused": (
        "Уже запланирован шаг: {kind}, {when}, цель «{goal}». Новый можно поставить, когда у этого будет "
        "результат, поэтому прежние значения возвращены. Заполните поле «Результат целевого действия», и "
        "поля освободятся. Если шаг надо перенести, перенесите его запись в календаре."
    ),
    "text.insists": (
        "В сделке «{deal}» второй раз ставят новый шаг, хотя у прежнего («{goal}») нет результата. Поля "
        "оставлены как есть. Решите вместе с ответственным: внести результат или удалить запись о шаге."
    ),
    "text.reminder": (
        "У сделки нет следующего шага. Укажите тип целевого действия, цель и дату: через минуту шаг "
        "попадёт в календарь."
    ),
    "text.no_result": (
        "Шаг «{goal}» отмечен выполненным, но результата нет. Впишите его в поле «Результат целевого "
        "действия»."
    ),
    "text.cancelled": "Сделка закрыта, запланированный шаг отменён.",
    "text.cancelled_result": "отменён: сделка закрыта",
    "text.deleted": "Запись о следующем шаге удалена в календаре: шаг больше не запланирован.",
    "text.moved": "Шаг перенесён: {when}. Цель: {goal}.",
    "text.moved_to": "Шаг «{goal}» ({when}) теперь у нового ответственного: {who}.",
    "text.reopened": "Шаг снова открыт: {kind}, {when}. Цель: {goal}. Нужен новый результат.",
    "text.card": "Следующий шаг (эту запись ведёт робот)",
    # Said in plans
    "reason.unsettled": "итог прежнего действия неизвестен, посмотрите: {keys}",
    "reason.gone": "сделка удалена, недоступна или из другой воронки",
    "reason.clear": "шаг закрыт, поля ещё не очищены",
    "reason.waiting": "поля ещё меняют: будет учтено через {seconds} с, можно править",
    "reason.record": "запланирован шаг: {kind}, {when}",
    "reason.planned": "шаг запланирован: {kind}, {when}",
    "reason.overdue": "шаг просрочен: {when}",
    "reason.done": "результат внесён: {kind}, {result}",
    "reason.cancel": "сделка закрыта, шаг отменяется",
    "reason.closed": "сделка закрыта",
    "reason.second": "шаг уже запланирован ({kind}, «{goal}»), результата нет: прежние значения возвращаются",
    "reason.insists": "второй шаг ставят снова: решает человек",
    "reason.reassign": "новый ответственный: {who}",
    "reason.moved": "запись перенесли в календаре: {when}",
    "reason.deleted": "запись о шаге удалили в календаре",
    "reason.reopened": "шаг открыли снова: {kind}",
    "reason.no_result": "шаг отмечен выполненным без результата",
    "reason.duplicate": "этот результат уже учтён",
    "reason.missing": "следующего шага нет",
    "reason.nobody": "за сделку не отвечает никто из работающих",
    "reason.undone": "запись этого шага отменил человек",
    "evidence.edited": "последнее изменение: {moment}",
    # Reports
    "report.planned": "шагов записано: {count}",
    "report.done": "шагов с результатом: {count}",
    "report.refused": "вторых шагов возвращено: {count}",
    "report.reminded": "напоминаний: {count}",
    "report.overdue": "просрочено сейчас: {count}",
    "report.missing": "сделок без следующего шага: {count}",
    "report.steps": "Запланированные шаги",
    "report.rhythm": "Как соблюдаются планы",
    "column.deal": "Сделка",
    "column.kind": "Тип",
    "column.goal": "Цель",
    "column.start": "Начало",
    "column.end": "Конец",
    "column.who": "Ответственный",
    "column.overdue": "Просрочен",
    "column.planned": "Записано",
    "column.done": "С результатом",
    "column.late": "После срока",
    "yes": "да",
    "no": "нет",
    # Verdicts
    "verdict.waiting": "ещё правят",
    "verdict.record": "записать шаг",
    "verdict.planned": "запланирован",
    "verdict.overdue": "просрочен",
    "verdict.done": "закрыть шаг",
    "verdict.cancel": "отменить шаг",
    "verdict.refuse": "вернуть значения",
    "verdict.escalate": "решает человек",
    "verdict.reassign": "передать шаг",
    "verdict.moved": "перенесён",
    "verdict.deleted": "запись удалена",
    "verdict.reopened": "открыт снова",
    "verdict.no_result": "нет результата",
    "verdict.duplicate": "уже учтено",
    "verdict.remind": "напомнить",
    "verdict.missing": "нет шага",
    "verdict.closed": "закрыта",
    "verdict.undone": "отменено человеком",
    "verdict.gone": "нет сделки",
    "verdict.unsettled": "итог неизвестен",
}

EN = {
    "text.planned": "Next step: {kind}, {when}. Goal: {goal}. Responsible: {who}.",
    "text.done": "The step is done.\nType: {kind}\nGoal: {goal}\nWhen: {when}\nResult: {result}",
    "text.refused": (
        "A step is planned already: {kind}, {when}, goal «{goal}». Another one can be set once this one has "
        "a result, so the former values are back. Fill in the result and the fields become free. To move "
        "the step, move its record in the calendar."
    ),
    "text.insists": (
        "In the deal «{deal}» a new step is set for the second time although the former one («{goal}») has "
        "no result. The fields are left as they are. Please settle it with the responsible person: enter "
        "the result, or delete the record of the step."
    ),
    "text.reminder": (
        "The deal has no next step. Give a type, a goal and a date: a minute later the step is in the "
        "calendar."
    ),
    "text.no_result": "The step «{goal}» is ticked off, but there is no result. Please fill it in.",
    "text.cancelled": "The deal is closed, the planned step is cancelled.",
    "text.cancelled_result": "cancelled: the deal is closed",
    "text.deleted": "The record of the next step was deleted in the calendar: no step is planned any more.",
    "text.moved": "The step was moved: {when}. Goal: {goal}.",
    "text.moved_to": "The step «{goal}» ({when}) now belongs to the new responsible person: {who}.",
    "text.reopened": "The step is open again: {kind}, {when}. Goal: {goal}. It needs a new result.",
    "text.card": "The next step (a robot keeps this note up to date)",
    "reason.unsettled": "the outcome of an earlier action is not known, please look: {keys}",
    "reason.gone": "the deal is deleted, out of reach or of another pipeline",
    "reason.clear": "the step is closed, the fields are not empty yet",
    "reason.waiting": "somebody is still at it: it counts in {seconds} s and can be corrected until then",
    "reason.record": "a step is planned: {kind}, {when}",
    "reason.planned": "a step is planned: {kind}, {when}",
    "reason.overdue": "the step is overdue: {when}",
    "reason.done": "the result is there: {kind}, {result}",
    "reason.cancel": "the deal is closed, its step is cancelled",
    "reason.closed": "the deal is closed",
    "reason.second": "a step is planned already ({kind}, «{goal}») and has no result: its values come back",
    "reason.insists": "a second step is set again: a person decides",
    "reason.reassign": "another person is responsible: {who}",
    "reason.moved": "the record was moved in the calendar: {when}",
    "reason.deleted": "the record of the step was deleted in the calendar",
    "reason.reopened": "the step was opened again: {kind}",
    "reason.no_result": "the step is ticked off without a result",
    "reason.duplicate": "this result is known already",
    "reason.missing": "there is no next step",
    "reason.nobody": "nobody who works here is responsible for the deal",
    "reason.undone": "a person took the record of this step back",
    "evidence.edited": "last change: {moment}",
    "report.planned": "steps recorded: {count}",
    "report.done": "steps with a result: {count}",
    "report.refused": "second steps put back: {count}",
    "report.reminded": "reminders: {count}",
    "report.overdue": "overdue now: {count}",
    "report.missing": "deals without a next step: {count}",
    "report.steps": "Planned steps",
    "report.rhythm": "How plans are kept",
    "column.deal": "Deal",
    "column.kind": "Type",
    "column.goal": "Goal",
    "column.start": "Start",
    "column.end": "End",
    "column.who": "Responsible",
    "column.overdue": "Overdue",
    "column.planned": "Recorded",
    "column.done": "With a result",
    "column.late": "Late",
    "yes": "yes",
    "no": "no",
    "verdict.waiting": "being edited",
    "verdict.record": "record the step",
    "verdict.planned": "planned",
    "verdict.overdue": "overdue",
    "verdict.done": "close the step",
    "verdict.cancel": "cancel the step",
    "verdict.refuse": "put values back",
    "verdict.escalate": "a person decides",
    "verdict.reassign": "hand the step over",
    "verdict.moved": "moved",
    "verdict.deleted": "record deleted",
    "verdict.reopened": "open again",
    "verdict.no_result": "no result",
    "verdict.duplicate": "known already",
    "verdict.remind": "remind",
    "verdict.missing": "no step",
    "verdict.closed": "closed",
    "verdict.undone": "taken back by a person",
    "verdict.gone": "no deal",
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
