"""Shows a plan to people: what would be done to whom and why, what is left alone, what it costs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from operator import attrgetter
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from crmkit.automation.actions import Action, UpdateCard, UpdateDeal, UpdateTask
from crmkit.automation.memory import DEAL_PARTS
from crmkit.automation.messages import Language, Message, register, text
from crmkit.automation.plan import Plan, PlanItem
from crmkit.crm.models import Ref

__all__ = ["duration", "plan_view", "show_plan", "verdict_title"]

PIPE_WIDTH = 120
DETAILS = {
    "notify": "people",
    "create_task": "task.assignees",
    "create_deal": "deal.title",
    "create_company": "company.name",
    "start_workflow": "template",
    "create_workspace": "workspace.title",
    "invite": "invitation.email",
    "record_step": "record.goal",
    "close_step": "result",
}
"""What is shown of an action besides its name."""
TASK_PARTS = ("title", "assignees", "deadline", "checklist")

register(
    {
        "ru": {
            "show.empty": "Делать нечего.",
            "show.deal": "Сделка",
            "show.verdict": "Решение",
            "show.reason": "Почему",
            "show.actions": "Что будет сделано",
            "show.more": "… и ещё {count}",
            "show.counts": "Рассмотрено",
            "show.to_do": "будет изменено: {count}",
            "show.deferred": "отложено: {count}",
            "show.attention": "требуют внимания человека: {count}",
            "show.cost": "Запросы к API: план — {used}, выполнение — около {requests} ({time})",
            "show.left": "; на сегодня осталось {left}",
            "show.too_many": "Дневного лимита не хватит: нужно {requests}, осталось {left}.",
            "show.hours": "{hours} ч {minutes} мин",
            "show.minutes": "{minutes} мин {seconds} с",
            "show.seconds": "{seconds} с",
            "show.action.update_deal": "изменить сделку",
            "show.stage": "стадия",
            "show.title": "название",
            "show.assignees": "исполнители",
            "show.nothing": "(пусто)",
            "show.action.add_comment": "написать комментарий",
            "show.action.edit_comment": "обновить свой комментарий",
            "show.action.record_step": "записать следующий шаг",
            "show.action.update_step": "изменить записанный шаг",
            "show.action.close_step": "завершить шаг с результатом",
            "show.action.notify": "уведомить",
            "show.action.create_task": "поставить задачу",
            "show.action.set_task_state": "перевести задачу",
            "show.action.update_task": "изменить задачу",
            "show.action.create_deal": "создать сделку",
            "show.action.create_company": "создать компанию",
            "show.action.update_card": "изменить карточку",
            "show.action.start_workflow": "запустить процесс",
            "show.action.stop_workflow": "остановить процесс",
            "show.action.create_workspace": "создать пространство клиента",
            "show.action.invite": "пригласить",
            "show.amount": "сумма",
            "show.deadline": "срок",
            "show.checklist": "осталось заполнить",
            "show.action.remember": "запомнить",
            "undo.verdict.undo": "вернуть как было",
            "undo.verdict.spared": "оставить",
            "undo.verdict.nothing": "нечего отменять",
            "undo.verdict.unsettled": "итог неизвестен",
        },
        "en": {
            "show.empty": "There is nothing to do.",
            "show.deal": "Deal",
            "show.verdict": "Verdict",
            "show.reason": "Why",
            "show.actions": "What would be done",
            "show.more": "… and {count} more",
            "show.counts": "Looked at",
            "show.to_do": "to be changed: {count}",
            "show.deferred": "deferred: {count}",
            "show.attention": "need a person's attention: {count}",
            "show.cost": "API requests: the plan took {used}, applying takes about {requests} ({time})",
            "show.left": "; left for today: {left}",
            "show.too_many": "The daily limit is not enough: {requests} are needed, {left} are left.",
            "show.hours": "{hours} h {minutes} min",
            "show.minutes": "{minutes} min {seconds} s",
            "show.seconds": "{seconds} s",
            "show.action.update_deal": "change the deal",
            "show.stage": "stage",
            "show.title": "title",
            "show.assignees": "assignees",
            "show.nothing": "(empty)",
            "show.action.add_comment": "write a comment",
            "show.action.edit_comment": "bring our comment up to date",
            "show.action.record_step": "record the next step",
            "show.action.update_step": "change the recorded step",
            "show.action.close_step": "complete the step with its result",
            "show.action.notify": "notify",
            "show.action.create_task": "create a task",
            "show.action.set_task_state": "move a task",
            "show.action.update_task": "change a task",
            "show.action.create_deal": "create a deal",
            "show.action.create_company": "create a company",
            "show.action.update_card": "change the card",
            "show.action.start_workflow": "start a process",
            "show.action.stop_workflow": "stop a process",
            "show.action.create_workspace": "create a space for the client",
            "show.action.invite": "invite",
            "show.amount": "amount",
            "show.deadline": "deadline",
            "show.checklist": "still to fill in",
            "show.action.remember": "remember",
            "undo.verdict.undo": "put back",
            "undo.verdict.spared": "leave alone",
            "undo.verdict.nothing": "nothing to undo",
            "undo.verdict.unsettled": "outcome unknown",
        },
    }
)


def show_plan(plan: Plan, language: Language, limit: int = 20) -> None:
    """Print a plan; see :meth:`crmkit.automation.plan.Plan.show`."""
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(width=width, highlight=False, markup=False, emoji=False).print(plan_view(plan, language, limit))


def plan_view(plan: Plan, language: Language, limit: int = 20, *, everything: bool = False) -> RenderableType:
    """Return a plan as something that rich can print.

    Args:
        plan: The plan.
        language: The reader's.
        limit: How many items are listed; the counts are always of all.
        everything: List the items that are left alone, too, with the reason why.
    """
    parts: list[RenderableType] = []
    listed = plan.items if everything else plan.to_do
    if listed:
        parts.append(_items(plan.recipe, listed[:limit], language))
    if len(listed) > limit:
        parts.append(Text(text("show.more", language, count=len(listed) - limit), style="dim"))
    if not plan.to_do:
        parts.append(Text(text("show.empty", language)))
    return Group(*parts, _counts(plan, language), _cost(plan, language))


def verdict_title(recipe: str, verdict: str) -> Message | str:
    """Return a verdict in words (``RECIPE.verdict.VERDICT`` of the catalogue), or as the recipe spells it."""
    message = Message(key=f"{recipe.partition(':')[0]}.verdict.{verdict}")  # all undo:RECIPE speak alike
    try:
        message.render("en")
    except KeyError:
        return verdict
    return message


def _verdict(recipe: str, verdict: str, language: Language) -> str:
    title = verdict_title(recipe, verdict)
    return title if isinstance(title, str) else title.render(language)


def duration(seconds: float, language: Language) -> str:
    """Return a length of time in words.

    Example:
        >>> duration(42, "en"), duration(612, "en"), duration(7500, "en")
        ('42 s', '10 min 12 s', '2 h 5 min')
    """
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    key = "show.hours" if hours else "show.minutes" if minutes else "show.seconds"
    return text(key, language, hours=hours, minutes=minutes, seconds=rest)


def _items(recipe: str, items: tuple[PlanItem, ...], language: Language) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for key in ("deal", "verdict", "reason", "actions"):
        table.add_column(text(f"show.{key}", language), overflow="fold")
    for item in items:
        actions = "\n".join(_action(action, language) for action in item.actions)
        table.add_row(_title(item), _verdict(recipe, item.verdict, language), _why(item, language), actions)
    return table


def _why(item: PlanItem, language: Language) -> Text:
    """Return the reason, and under it the facts that it rests on."""
    facts = [(f"\n{fact.render(language)}", "dim") for fact in item.evidence]
    return Text.assemble(item.reason.render(language), *facts)


def _title(item: PlanItem) -> Text:
    return Text.assemble((item.entity.id, "dim"), " ", item.title)


def _action(action: Action, language: Language) -> str:
    what = text(f"show.action.{action.kind}", language)
    if action.on is not None:
        what = f"{what} ({action.on.name or action.on})"
    if lines := tuple(_changes(action, language)):
        return "\n".join((f"{what}:", *(f"  {line}" for line in lines)))
    detail = _detail(action)
    return what if detail is None else f"{what}: {_value(detail, language)}"


def _detail(action: Action) -> Any:
    """Return what is shown of an action besides its name, in the same line."""
    read = DETAILS.get(action.kind)
    return None if read is None else attrgetter(read)(action)


def _changes(action: Action, language: Language) -> Iterator[str]:
    own, fields = _given(action)
    for name, value in own.items():
        yield f"{text(f'show.{name}', language)} → {_value(value, language)}"
    for name, value in fields.items():
        yield f"{name} → {_value(value, language)}"


def _given(action: Action) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what an action changes: the parts that every portal has, and custom fields."""
    match action:
        case UpdateDeal(changes=changes):
            parts = {name: getattr(changes, name) for name in DEAL_PARTS}
            return {name: value for name, value in parts.items() if value is not None}, changes.fields
        case UpdateCard(fields=fields):
            return {}, fields
        case UpdateTask(changes=changes):
            given = [name for name in TASK_PARTS if name in changes.model_fields_set]
            return {name: getattr(changes, name) for name in given}, {}
        case _:
            return {}, {}


def _value(value: Any, language: Language) -> str:
    if value is None or value == ():
        return text("show.nothing", language)
    if isinstance(value, tuple | list):
        return ", ".join(_value(one, language) for one in value)
    if isinstance(value, Ref):
        return value.name or str(value)
    return f"{value:%d.%m.%Y}" if isinstance(value, date) else str(value)


def _counts(plan: Plan, language: Language) -> Text:
    verdicts = ", ".join(
        f"{_verdict(plan.recipe, name, language)}: {count}" for name, count in plan.verdicts().items()
    )
    extra: dict[str, int] = {
        "to_do": len(plan.to_do),
        "deferred": sum(bool(item.deferred) for item in plan.items),
        "attention": sum(item.attention for item in plan.items),
    }
    marks = [text(f"show.{key}", language, count=count) for key, count in extra.items() if count]
    head = f"{text('show.counts', language)}: {len(plan.items)}"
    return Text("\n" + "; ".join(filter(None, (head, verdicts))) + ("\n" + "; ".join(marks) if marks else ""))


def _cost(plan: Plan, language: Language) -> Text:
    estimate = plan.estimate
    facts: dict[str, Any] = {
        "used": plan.requests_used,
        "requests": estimate.requests,
        "time": duration(estimate.seconds, language),
        "left": estimate.left_today,
    }
    line = text("show.cost", language, **facts)
    if estimate.left_today is not None:
        line += text("show.left", language, **facts)
    if estimate.fits_today:
        return Text(line, style="dim")
    return Text.assemble((line, "dim"), "\n", (text("show.too_many", language, **facts), "bold yellow"))
