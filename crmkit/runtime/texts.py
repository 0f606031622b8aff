"""What runs and undo say to people."""

from __future__ import annotations

from crmkit.automation.messages import Language

__all__ = ["TEXTS"]

TEXTS: dict[Language, dict[str, str]] = {
    "ru": {
        "run.changed": "изменилось после составления плана; в плане: {planned}; сейчас: {now}",
        "run.gone": "объекта больше нет, или он не виден",
        "run.done_before": "уже сделано запуском {run}",
        "run.undone": "отменено: crmkit undo",
        "run.cap": "дневной лимит рецепта исчерпан",
        "run.later": "отложено до {moment}",
        "run.waits": "отложено",
        "run.failed": "не получилось: {error}",
        "run.partly": "сделано не полностью: {error}",
        "run.pending": "портал принял изменение, но его ещё не видно: {error}",
        "run.unknown": "неизвестно, сделано ли: {error}; нужно посмотреть",
        "run.overtaken": "человек успел раньше: {error}",
        "undo.reason": "вернуть, как было до запуска {run}",
        "undo.mark": "запомнить, что действия запуска {run} отменены",
        "undo.nothing": "отменять нечего",
        "undo.unsettled": "исход действий запуска ещё не известен: сначала crmkit runs retry {run}",
        "undo.touched": "оставлено: {who} работает с ним, последнее действие {moment}",
        "undo.somebody": "человек",
        "undo.differs": "оставлено: с тех пор изменено: {names}",
        "undo.later_run": "оставлено: позже его изменил запуск {run}; сначала отмените его",
        "undo.gone": "оставлено: объекта больше нет",
        "undo.decided": "оставлено: по задаче {task} уже принято решение",
        "undo.unsendable": "не отзывается: {step}, отправлено {moment}",
    },
    "en": {
        "run.changed": "changed since the plan was made; planned: {planned}; now: {now}",
        "run.gone": "it is not there any more, or cannot be seen",
        "run.done_before": "already done by run {run}",
        "run.undone": "taken back by crmkit undo",
        "run.cap": "the recipe's daily cap is reached",
        "run.later": "deferred until {moment}",
        "run.waits": "deferred",
        "run.failed": "failed: {error}",
        "run.partly": "done in part: {error}",
        "run.pending": "the portal accepted it, but it is not visible yet: {error}",
        "run.unknown": "it is not known whether it was done: {error}; please look",
        "run.overtaken": "a person was faster: {error}",
        "undo.reason": "put back what was there before run {run}",
        "undo.mark": "remember that the doings of run {run} were taken back",
        "undo.nothing": "there is nothing to undo",
        "undo.unsettled": "it is not yet known what the run did: first crmkit runs retry {run}",
        "undo.touched": "left alone: {who} works on it, last on {moment}",
        "undo.somebody": "somebody",
        "undo.differs": "left alone: changed since: {names}",
        "undo.later_run": "left alone: run {run} changed it later; undo that first",
        "undo.gone": "left alone: it is not there any more",
        "undo.decided": "left alone: task {task} is decided already",
        "undo.unsendable": "cannot be unsent: {step}, sent on {moment}",
    },
}
