"""The words of the recipe: ``text.*`` is written into the portal, the rest is said in plans and reports."""

from __future__ import annotations

import string

from crmkit.automation.messages import Message, register

__all__ = ["PREFIX", "WRITTEN", "say"]

PREFIX = "stale_deals."

RU = {
    # Written into the portal
    "text.warning": "Через {days:день|дня|дней} сделка будет переведена в новые запросы",
    "text.warning_working": (
        "Через {days:рабочий день|рабочих дня|рабочих дней} сделка будет переведена в новые запросы"
    ),
    "text.approval_title": "Свободная сделка: решить, кто её возьмёт. {deal}",
    "text.approval": (
        "Сделка возвращена в новые запросы: {deal}.\n"
        "Почему: {evidence}.\n"
        "Прежний исполнитель: {executors}.\n\n"
        "Согласиться: заполните в сделке поле «{field}» и переведите эту задачу в состояние «выполнено». "
        "Новый исполнитель получит сделку, метка «{label}» будет снята.\n"
        "Отклонить: переведите эту задачу в состояние «отклонено». Стадия, метка и исполнитель сделки станут "
        "прежними.\n"
        "Если тем временем кто-нибудь сам изменит стадию или исполнителя сделки, его решение останется "
        "в силе, а эта задача будет отменена. {timeout}"
    ),
    "text.timeout_none": "Срока у решения нет.",
    "text.timeout_hold": "Решения ждём до {date}, потом о нём напомнит отчёт.",
    "text.timeout_reject": "Если решения не будет до {date}, сделка вернётся к прежнему исполнителю.",
    "text.timeout_escalate": "Если решения не будет до {date}, его примет {who}.",
    "text.returned": (
        "Сделка возвращена в новые запросы: {evidence}. Прежний исполнитель: {executors}. "
        "Нового исполнителя подтверждает {approver}."
    ),
    "text.approved": "Новый исполнитель подтверждён: {candidate}. Решение: {by}.",
    "text.rejected": "Возврат отклонён, сделка снова у прежнего исполнителя: {executors}. Решение: {by}.",
    "text.rejected_timeout": (
        "Решения не было {days:день|дня|дней}, сделка снова у прежнего исполнителя: {executors}."
    ),
    "text.rejected_substitute": "Прежний исполнитель отключён, поэтому сделку получает {executors}.",
    "text.explain_no_candidate": (
        "Согласие получено, но в сделке не заполнено поле «{field}», поэтому назначить некого. "
        "Заполните его и завершите задачу согласования ещё раз."
    ),
    "text.explain_inactive_candidate": (
        "Согласие получено, но сотрудник {candidate} не может взять сделку: он отключён или не является "
        "сотрудником. Укажите другого в поле «{field}» и завершите задачу согласования ещё раз."
    ),
    "text.explain_not_allowed": (
        "Задачу согласования закрыл(а) {by}, а решать может только {approver}. Задача открыта снова."
    ),
    "text.loop": (
        "Сделка уже возвращалась в новые запросы {count:раз|раза|раз} и снова без движения. "
        "Больше она не возвращается автоматически: решите, что с ней делать."
    ),
    # Reasons of decisions
    "reason.unsettled": "итог прежнего действия неизвестен, нужно посмотреть: {keys}",
    "reason.gone": "сделка удалена или недоступна",
    "reason.refused_without_reason": "«Отказ» без причины: не переводится, причину нужно заполнить",
    "reason.refused_for_unknown_reason": (
        "«Отказ»: не переводится; поле причины не задано, поэтому неизвестно, названа ли она"
    ),
    "reason.closed": "сделка закрыта",
    "reason.excluded_stage": "стадия «{stage}» исключена настройкой",
    "reason.excluded_pipeline": "воронка исключена настройкой",
    "reason.excluded_amount": "сумма {amount} вне границ настройки",
    "reason.orphan": "в сделке состояние «{state}», но открытого согласования нет",
    "reason.held": "перевод остановлен ручной правкой, ждём снятия удержания",
    "reason.released": "удержание снято, дни считаются заново",
    "reason.cancelled": "перевод отменён: после предупреждения {date} сделку изменил(а) {who} ({what})",
    "reason.snoozed": "отложена до {date}: {why}",
    "reason.active": "без активности {days:день|дня|дней}, предупреждение после {limit}",
    "reason.no_date": "неизвестно, когда со сделкой работали в последний раз",
    "reason.loop_guard": "возвращалась уже {count:раз|раза|раз}, решает руководитель",
    "reason.nobody_to_notify": "некого предупредить: нет ни действующего менеджера, ни руководителя",
    "reason.warn": "{days:день|дня|дней} без активности",
    "reason.warn_at_least": "без активности не меньше чем {days:день|дня|дней}",
    "reason.warned": "предупреждена {date}, возврат не раньше {until}",
    "reason.return": "{days:день|дня|дней} без активности, предупреждение доставлено {date}",
    "reason.awaiting": "ждём решения руководителя с {date}",
    "reason.approval_unclear": "неизвестно, что значит статус задачи согласования: {problem}",
    "reason.overdue": "решения нет с {date}, срок истёк",
    "reason.review": "назван новый исполнитель: {candidate}",
    "reason.approve": "руководитель согласился: {candidate}",
    "reason.reject": "руководитель отклонил возврат",
    "reason.timeout_reject": "решения нет {days:день|дня|дней}, возврат отклонён по сроку",
    "reason.escalate": "решения нет с {date}, теперь решает {who}",
    "reason.new_approver": "согласующий отключён, теперь решает {who}",
    "reason.no_approver": "некому согласовать: нет действующего руководителя",
    "reason.approval_again": "задачу согласования удалили или отменили, она создаётся ещё раз",
    "reason.approval_lost": "задачи согласования нет, решить должен человек",
    "reason.no_candidate": "согласие без нового исполнителя",
    "reason.inactive_candidate": "новый исполнитель {candidate} не может взять сделку",
    "reason.not_allowed": "решение принял(а) {by}, у кого нет на это права",
    "reason.moved": "пока ждали решения, сделку перевели на другую стадию",
    "reason.reassigned": "пока ждали решения, сделке назначили исполнителя",
    "reason.closed_meanwhile": "пока ждали решения, сделку закрыли",
    # Evidence
    "evidence.warned": "предупреждение доставлено {date}",
    "evidence.warned_by_history": "предупреждение найдено в истории: {date}",
    "evidence.snooze_without_reason": "пауза до {date} без причины не учитывается",
    "evidence.snooze_too_long": "пауза учитывается до {date}: дольше {days:дня|дней|дней} нельзя",
    "evidence.no_manager": "нет действующего менеджера",
    "evidence.no_supervisor": "нет действующего руководителя",
    # The report of results
    "report.processed": "обработано сделок: {count}",
    "report.warned": "предупреждений: {count}",
    "report.returned": "возвращено в новые запросы: {count}",
    "report.approved": "подтверждено руководителем: {count}",
    "report.rejected": "отклонено: {count}",
    "report.waiting": "ждут решения: {count}",
    "report.attention": "требуют внимания человека: {count}",
    "report.excluded": "не переводятся, {verdict}: {count}",
    "report.manager": (
        "{manager}: предупреждений {warned}, возвращено {returned}, "
        "подтверждено {approved}, отклонено {rejected}"
    ),
    "report.saved": (
        "сэкономлено часов: {hours}, это {share} % ручной работы "
        "({processed} × {check} мин на проверку − {people} × {decision} мин на решение)"
    ),
    "report.deal": "{deal}: {verdict} — {reason}",
    "report.deal_evidence": "{deal}: {verdict} — {reason} [{evidence}]",
    "report.and": "{first}; {second}",
    # Verdicts, as the plan and the report name them
    "verdict.unsettled": "итог неизвестен",
    "verdict.gone": "удалена",
    "verdict.refused_without_reason": "«Отказ» без причины",
    "verdict.closed": "закрыта",
    "verdict.excluded_stage": "исключена стадия",
    "verdict.excluded_pipeline": "исключена воронка",
    "verdict.excluded_amount": "исключена сумма",
    "verdict.orphan": "состояние без согласования",
    "verdict.held": "удержана",
    "verdict.released": "удержание снято",
    "verdict.cancelled": "перевод отменён",
    "verdict.snoozed": "отложена",
    "verdict.active": "активна",
    "verdict.no_date": "нет даты",
    "verdict.loop_guard": "частые возвраты",
    "verdict.nobody_to_notify": "некого предупредить",
    "verdict.warn": "предупредить",
    "verdict.warned": "предупреждена",
    "verdict.return": "вернуть в новые",
    "verdict.awaiting": "на согласовании",
    "verdict.overdue": "согласование просрочено",
    "verdict.review": "проверка контрагента",
    "verdict.approve": "подтвердить",
    "verdict.reject": "отклонить",
    "verdict.escalate": "передать решение",
    "verdict.approval_again": "согласовать заново",
    "verdict.approval_lost": "нет согласования",
    "verdict.no_candidate": "нет кандидата",
    "verdict.not_allowed": "решил не тот",
    "verdict.taken_over": "решил человек",
}

EN = {
    "text.warning": "In {days:day|days} this deal will be moved to the new requests",
    "text.warning_working": "In {days:working day|working days} this deal will be moved to the new requests",
    "text.approval_title": "Free deal: decide who takes it. {deal}",
    "text.approval": (
        "This deal went back to the new requests: {deal}.\n"
        "Why: {evidence}.\n"
        "Former executor: {executors}.\n\n"
        "To agree: fill in the field «{field}» of the deal and set this task to done. The new executor gets "
        "the deal, the label «{label}» is removed.\n"
        "To decline: set this task to rejected. Stage, label and executor become what they were.\n"
        "If somebody changes the stage or the executor of the deal meanwhile, that stands, and this task is "
        "cancelled. {timeout}"
    ),
    "text.timeout_none": "There is no time limit.",
    "text.timeout_hold": "A decision is expected until {date}; after that the report lists it.",
    "text.timeout_reject": "Without a decision until {date} the deal goes back to the former executor.",
    "text.timeout_escalate": "Without a decision until {date} it is up to {who}.",
    "text.returned": (
        "The deal went back to the new requests: {evidence}. Former executor: {executors}. "
        "A new executor is confirmed by {approver}."
    ),
    "text.approved": "The new executor is confirmed: {candidate}. Decided by {by}.",
    "text.rejected": (
        "The return was declined, the deal is back with the former executor: {executors}. Decided by {by}."
    ),
    "text.rejected_timeout": (
        "There was no decision for {days:day|days}, the deal is back with the former executor: {executors}."
    ),
    "text.rejected_substitute": "The former executor's account is disabled; the deal goes to {executors}.",
    "text.explain_no_candidate": (
        "You agreed, but the field «{field}» of the deal is empty, so there is nobody to assign. "
        "Fill it in and set the approval task to done once more."
    ),
    "text.explain_inactive_candidate": (
        "You agreed, but {candidate} cannot take the deal: the account is disabled or not an employee's. "
        "Name somebody else in the field «{field}» and set the approval task to done once more."
    ),
    "text.explain_not_allowed": (
        "The approval task was closed by {by}, but it is up to {approver}. The task is open again."
    ),
    "text.loop": (
        "This deal went back to the new requests {count:time|times} already and stands still again. "
        "It will not be returned automatically any more: please decide what becomes of it."
    ),
    "reason.unsettled": "the outcome of an earlier action is not known, please look: {keys}",
    "reason.gone": "the deal is deleted or out of reach",
    "reason.refused_without_reason": "refused without a reason: not moved, the reason has to be filled in",
    "reason.refused_for_unknown_reason": (
        "refused: not moved; no field for reasons is bound, so nobody knows whether there is one"
    ),
    "reason.closed": "the deal is closed",
    "reason.excluded_stage": "the stage «{stage}» is excluded by the settings",
    "reason.excluded_pipeline": "the pipeline is excluded by the settings",
    "reason.excluded_amount": "the amount {amount} is outside the bounds of the settings",
    "reason.orphan": "the deal says «{state}», but no approval is open",
    "reason.held": "a manual edit stopped the transfer, it waits for a release",
    "reason.released": "released, the days are counted anew",
    "reason.cancelled": "cancelled: after the warning, on {date}, {who} changed the deal ({what})",
    "reason.snoozed": "snoozed until {date}: {why}",
    "reason.active": "{days:day|days} without activity, the warning comes after {limit}",
    "reason.no_date": "it is not known when somebody last worked on the deal",
    "reason.loop_guard": "returned {count:time|times} already, the supervisor decides",
    "reason.nobody_to_notify": "nobody to warn: there is neither an active manager nor a supervisor",
    "reason.warn": "{days:day|days} without activity",
    "reason.warn_at_least": "at least {days:day|days} without activity",
    "reason.warned": "warned on {date}, returned on {until} at the earliest",
    "reason.return": "{days:day|days} without activity, warning delivered on {date}",
    "reason.awaiting": "the supervisor's decision is awaited since {date}",
    "reason.approval_unclear": "it is not known what the status of the approval task means: {problem}",
    "reason.overdue": "no decision since {date}, overdue",
    "reason.review": "a new executor is named: {candidate}",
    "reason.approve": "the supervisor agreed: {candidate}",
    "reason.reject": "the supervisor declined the return",
    "reason.timeout_reject": "no decision for {days:day|days}, declined because of that",
    "reason.escalate": "no decision since {date}, now it is up to {who}",
    "reason.new_approver": "the approver's account is disabled, now it is up to {who}",
    "reason.no_approver": "nobody can approve: there is no active supervisor",
    "reason.approval_again": "the approval task was deleted or cancelled, it is created once more",
    "reason.approval_lost": "there is no approval task, a person has to decide",
    "reason.no_candidate": "agreed without a new executor",
    "reason.inactive_candidate": "the new executor {candidate} cannot take the deal",
    "reason.not_allowed": "decided by {by}, who may not",
    "reason.moved": "the deal was moved to another stage while the decision was awaited",
    "reason.reassigned": "the deal was given to somebody while the decision was awaited",
    "reason.closed_meanwhile": "the deal was closed while the decision was awaited",
    "evidence.warned": "warning delivered on {date}",
    "evidence.warned_by_history": "warning found in the history: {date}",
    "evidence.snooze_without_reason": "a pause until {date} without a reason does not count",
    "evidence.snooze_too_long": "the pause counts until {date}: {days:day is|days are} the longest",
    "evidence.no_manager": "there is no active manager",
    "evidence.no_supervisor": "there is no active supervisor",
    "report.processed": "deals processed: {count}",
    "report.warned": "warnings: {count}",
    "report.returned": "returned to the new requests: {count}",
    "report.approved": "confirmed by the supervisor: {count}",
    "report.rejected": "declined: {count}",
    "report.waiting": "waiting for a decision: {count}",
    "report.attention": "need a person's attention: {count}",
    "report.excluded": "not moved, {verdict}: {count}",
    "report.manager": (
        "{manager}: warned {warned}, returned {returned}, confirmed {approved}, declined {rejected}"
    ),
    "report.saved": (
        "hours saved: {hours}, which is {share} % of the work by hand "
        "({processed} × {check} min per check − {people} × {decision} min per decision)"
    ),
    "report.deal": "{deal}: {verdict}: {reason}",
    "report.deal_evidence": "{deal}: {verdict}: {reason} [{evidence}]",
    "report.and": "{first}; {second}",
    "verdict.unsettled": "outcome unknown",
    "verdict.gone": "deleted",
    "verdict.refused_without_reason": "refused without reason",
    "verdict.closed": "closed",
    "verdict.excluded_stage": "stage excluded",
    "verdict.excluded_pipeline": "pipeline excluded",
    "verdict.excluded_amount": "amount excluded",
    "verdict.orphan": "state without approval",
    "verdict.held": "held",
    "verdict.released": "released",
    "verdict.cancelled": "cancelled",
    "verdict.snoozed": "snoozed",
    "verdict.active": "active",
    "verdict.no_date": "no date",
    "verdict.loop_guard": "returned too often",
    "verdict.nobody_to_notify": "nobody to warn",
    "verdict.warn": "warn",
    "verdict.warned": "warned",
    "verdict.return": "return",
    "verdict.awaiting": "awaiting approval",
    "verdict.overdue": "approval overdue",
    "verdict.review": "candidate under review",
    "verdict.approve": "approve",
    "verdict.reject": "reject",
    "verdict.escalate": "escalate",
    "verdict.approval_again": "ask again",
    "verdict.approval_lost": "no approval task",
    "verdict.no_candidate": "no candidate",
    "verdict.not_allowed": "decided by another",
    "verdict.taken_over": "a person decided",
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
