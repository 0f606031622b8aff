"""Which steps are planned, and how people keep to their plans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from crmkit.automation.agenda import CalendarEvent
from crmkit.automation.memory import Memory
from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.recipe import Context
from crmkit.automation.table import Cell, Column, Kind, Table
from crmkit.crm.models import Ref
from recipes.next_step.settings import NextStepSettings
from recipes.next_step.story import Story, Told
from recipes.next_step.texts import say
from recipes.next_step.verdicts import Verdict

__all__ = ["agenda", "open_steps", "results", "tables"]

Ctx = Context[NextStepSettings]


def open_steps(memories: Mapping[Ref, Memory]) -> Iterator[tuple[Ref, Told]]:
    """Yield the steps that are open, by their beginning: what calendars and tables show."""
    found = [(ref, told) for ref, memory in memories.items() if (told := Story(memory).open) is not None]
    yield from sorted(found, key=lambda pair: (pair[1].data["start"], pair[0].id))


def agenda(settings: NextStepSettings, memories: Mapping[Ref, Memory]) -> tuple[CalendarEvent, ...]:
    """Return the steps that are planned as events; nothing of a client is told but the deal's title."""
    return tuple(
        CalendarEvent(
            uid=f"{ref.id}.{told.number}@next-step.crmkit",
            start=told.data["start"],
            end=told.data["end"],
            title=f"{told.data['kind']}: {told.data['goal']}",
            kind=told.data["kind"],
            person=str(told.data.get("who") or ""),
            text=told.data["title"],
            url=told.data["url"],
            color=settings.kinds[told.data["kind"]].calendar_color
            if told.data["kind"] in settings.kinds
            else "",
            changed_at=told.changed_at,
        )
        for ref, told in open_steps(memories)
    )


def results(items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> tuple[Message, ...]:
    """Return what came of it, a line each."""
    steps = Counter(effect.step for memory in memories.values() for effect in memory.effects)
    verdicts = Counter(item.verdict for item in items)
    return (
        say("report.planned", count=steps["record"]),
        say("report.done", count=steps["close"]),
        say("report.refused", count=steps["refuse"]),
        say("report.reminded", count=steps["remind"]),
        say("report.overdue", count=verdicts[Verdict.OVERDUE]),
        say("report.missing", count=verdicts[Verdict.MISSING] + verdicts[Verdict.REMIND]),
    )


def tables(ctx: Ctx, items: Sequence[PlanItem], memories: Mapping[Ref, Memory]) -> tuple[Table, ...]:
    """Return the planned steps by day, and per person how plans are kept."""
    return _steps(ctx, memories), _rhythm(memories)


def _steps(ctx: Ctx, memories: Mapping[Ref, Memory]) -> Table:
    now, zone = ctx.now(), ctx.crm.timezone
    rows: list[list[Cell]] = [
        [
            told.data["title"],
            told.data["kind"],
            told.data["goal"],
            told.data["start"].astimezone(zone),
            told.data["end"].astimezone(zone),
            _name(told),
            say("yes" if told.data["end"] < now else "no"),
        ]
        for _, told in open_steps(memories)
    ]
    columns = _columns(
        ("deal", "text"),
        ("kind", "text"),
        ("goal", "text"),
        ("start", "moment"),
        ("end", "moment"),
        ("who", "text"),
        ("overdue", "text"),
    )
    return Table("steps", say("report.steps"), columns, rows)


def _rhythm(memories: Mapping[Ref, Memory]) -> Table:
    planned: Counter[str] = Counter()
    done: Counter[str] = Counter()
    late: Counter[str] = Counter()
    for memory in memories.values():
        told: dict[str, object] = {}
        for effect in memory.effects:
            if effect.step == "record":
                told = effect.data
                planned[_who(told)] += 1
            elif effect.step == "close" and told:
                done[_who(told)] += 1
                due = told["end"]
                late[_who(told)] += isinstance(due, datetime) and effect.at > due
    rows: list[list[Cell]] = [[who, planned[who], done[who], late[who]] for who in sorted(planned)]
    columns = _columns(("who", "text"), ("planned", "number"), ("done", "number"), ("late", "number"))
    return Table("rhythm", say("report.rhythm"), columns, rows)


def _columns(*names: tuple[str, Kind]) -> tuple[Column, ...]:
    return tuple(Column(name, say(f"column.{name}"), kind, bar=kind == "number") for name, kind in names)


def _name(told: Told) -> str:
    return _who(told.data)


def _who(data: Mapping[str, object]) -> str:
    who = data.get("who")
    return (who.name or who.id) if isinstance(who, Ref) else "-"
