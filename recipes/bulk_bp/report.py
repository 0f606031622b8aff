"""What came of the import, and the two reports: deals by responsible, deals by stage, for a period."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from crmkit.automation.memory import Memory
from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.recipe import Context
from crmkit.automation.table import Cell, Column, Kind, Table
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Deal, Person, Ref
from recipes.bulk_bp.copies import is_copy
from recipes.bulk_bp.keys import START
from recipes.bulk_bp.settings import BulkBpSettings
from recipes.bulk_bp.texts import say
from recipes.bulk_bp.verdicts import Verdict

__all__ = ["results", "tables"]

Ctx = Context[BulkBpSettings]
LEFT = (Verdict.COMPANY, Verdict.IMPORT, Verdict.START, Verdict.HELD_BACK)


def results(items: Iterable[PlanItem], memories: Mapping[Ref, Memory]) -> tuple[Message, ...]:
    """Return what came of it, a line each."""
    steps = Counter(effect.step for memory in memories.values() for effect in memory.effects)
    verdicts = Counter(item.verdict for item in items)
    return (
        say("report.companies", count=steps["company"]),
        say("report.imported", count=steps["deal"]),
        say("report.started", count=steps[START]),
        say("report.bad", count=verdicts[Verdict.BAD_ROW]),
        say("report.left", count=sum(verdicts[one] for one in LEFT)),
        say("report.unclear", count=verdicts[Verdict.UNSETTLED]),
    )


def tables(ctx: Ctx, items: Sequence[PlanItem]) -> tuple[Table, ...]:
    """Return the two reports, read from the portal, and the rows with mistakes.

    The copy that a refusal leaves behind is the same deal once more: it is not counted.
    """
    everything = list(ctx.crm.deals.find())
    copies = {deal.ref for deal in everything if is_copy(deal)}
    deals = [deal for deal in everything if _in_period(deal, ctx) and deal.ref not in copies]
    return (_by_responsible(ctx, deals), _by_stage(ctx, deals, copies), _mistakes(items))


def _by_responsible(ctx: Ctx, deals: Sequence[Deal]) -> Table:
    """Deals by who is responsible; a deal of several people counts for each, the sum is not of them."""
    measure = _measure(ctx, deals)
    users = {user.id: user for user in ctx.crm.users.list()}
    groups: dict[Person | None, list[Deal]] = defaultdict(list)
    for deal in deals:
        for person in deal.assignees or (None,):
            groups[person].append(deal)
    rows: list[tuple[Cell, ...]] = []
    for person, own in sorted(groups.items(), key=lambda pair: (-len(pair[1]), str(pair[0]))):
        user = users.get(person.id) if person else None
        name = (user.name if user else str(person)) if person else say("nobody")
        heads = ", ".join(users[one.id].name for one in user.heads if one.id in users) if user else ""
        rows.append((name, heads, *_figures(own), measure(own)))
    title = say("report.responsible", period=_period(ctx), measure=say(f"measure.{ctx.settings.measure}"))
    people: tuple[tuple[str, Kind], ...] = (("responsible", "text"), ("supervisor", "text"))
    names = (*people, *FIGURES, MEASURE)
    return Table("responsible", title, _columns(*names), rows)


MEASURE: tuple[str, Kind] = ("measure", "number")
FIGURES: tuple[tuple[str, Kind], ...] = (
    ("deals", "number"),
    ("open", "number"),
    ("won", "number"),
    ("lost", "number"),
    ("amount", "number"),
    ("won_amount", "number"),
)


def _figures(deals: Sequence[Deal]) -> tuple[Cell, ...]:
    won = [deal for deal in deals if deal.won]
    lost = sum(not deal.open and deal.won is False for deal in deals)
    return len(deals), sum(deal.open for deal in deals), len(won), lost, _sum(deals), _sum(won)


def _by_stage(ctx: Ctx, deals: Sequence[Deal], copies: Collection[Ref]) -> Table:
    """Deals by the stage that they are in now, and how many came into it in the period."""
    entered = _entered(ctx, copies)
    rows: list[tuple[Cell, ...]] = []
    for pipeline in ctx.crm.pipelines():
        for stage in pipeline.stages:
            own = [one for one in deals if one.stage and one.stage.id == stage.id]
            share = round(100 * len(own) / len(deals), 1) if deals else 0.0
            came = entered[stage.id] if entered is not None else None
            rows.append((pipeline.name, stage.name, len(own), share, _sum(own), came))
    columns = _columns(
        ("pipeline", "text"),
        ("stage", "text"),
        ("deals", "number"),
        ("share", "number"),
        ("amount", "number"),
        ("entered", "number"),
    )
    return Table("stages", say("report.stages", period=_period(ctx)), columns, rows)


def _entered(ctx: Ctx, copies: Collection[Ref]) -> Counter[str] | None:
    if Capability.STAGE_HISTORY not in ctx.crm.capabilities:
        return None
    since, until = _bounds(ctx)
    changes = ctx.crm.deals.stage_changes(since=since, until=until)
    return Counter(change.stage_to for ref, change in changes if ref not in copies)


def _mistakes(items: Sequence[PlanItem]) -> Table:
    bad = [item for item in items if item.verdict == Verdict.BAD_ROW]
    rows = [(item.title, message) for item in bad for message in item.evidence]
    columns = _columns(("line", "text"), ("problem", "text"))
    return Table("mistakes", say("report.mistakes"), columns, rows)


def _measure(ctx: Ctx, deals: Sequence[Deal]) -> Callable[[Sequence[Deal]], Cell]:
    """Return what sums up the chosen measure.

    Raises:
        Unsupported: The provider does not tell it.
    """
    match ctx.settings.measure:
        case "amount":
            return _sum
        case "minutes_in_stage":
            minutes = _minutes_in_stage(ctx)
        case "minutes_spent":
            minutes = ctx.crm.tasks.minutes_spent(*(deal.ref for deal in deals))
        case _:
            return len
    return lambda own: round(sum(minutes.get(deal.ref, 0) for deal in own))


def _minutes_in_stage(ctx: Ctx) -> Mapping[Ref, float]:
    """Return how many minutes of the period each deal stood in stages that are not closed.

    A deal stays in the stage of its last change until the next one, or until the period ends; so the changes
    from before the period are asked for too.
    """
    ctx.crm.capabilities.require(Capability.STAGE_HISTORY)
    since, until = _bounds(ctx)
    until = min(until, ctx.now())
    open_stages = {s.id for p in ctx.crm.pipelines() for s in p.stages if s.is_open}
    moves: dict[Ref, list[tuple[datetime, str]]] = defaultdict(list)
    for ref, change in ctx.crm.deals.stage_changes(since=_beginning(ctx), until=until):
        moves[ref].append((change.at, change.stage_to))
    return {ref: _open_minutes(sorted(own), open_stages, since, until) for ref, own in moves.items()}


def _open_minutes(
    moves: list[tuple[datetime, str]], open_stages: set[str], since: datetime, until: datetime
) -> float:
    """Return the minutes between two moments in these stages.

    Example:
        >>> from datetime import UTC
        >>> hours = [datetime(2025, 3, 3, hour, tzinfo=UTC) for hour in range(9, 13)]
        >>> _open_minutes([(hours[0], "NEW"), (hours[2], "WON")], {"NEW"}, hours[1], hours[3])
        60.0
    """
    ends = [at for at, _ in moves[1:]] + [until]
    spans = [
        min(end, until) - max(at, since)
        for (at, stage), end in zip(moves, ends, strict=True)
        if stage in open_stages
    ]
    return sum((span for span in spans if span > timedelta()), timedelta()) / timedelta(minutes=1)


def _in_period(deal: Deal, ctx: Ctx) -> bool:
    settings = ctx.settings
    if settings.since is None and settings.until is None:
        return True
    day = _day(deal, settings.period_of, ctx.crm.timezone)
    if day is None:
        return False
    return (settings.since is None or day >= settings.since) and (
        settings.until is None or day <= settings.until
    )


def _day(deal: Deal, what: str, zone: tzinfo) -> date | None:
    found: Any = {"created": deal.created_at, "closed": deal.closed_at}.get(what)
    if what.startswith("field:"):
        found = deal.fields.get(what.removeprefix("field:"))
    if isinstance(found, datetime):
        return found.astimezone(zone).date()
    return found if isinstance(found, date) else None


def _bounds(ctx: Ctx) -> tuple[datetime, datetime]:
    """Return where the period begins, and where it has ended: what happens just now is in it."""
    zone, settings = ctx.crm.timezone, ctx.settings
    since = datetime.combine(settings.since, time(), zone) if settings.since else _beginning(ctx)
    if settings.until is None:
        return since, ctx.now() + timedelta(seconds=1)
    return since, datetime.combine(settings.until + timedelta(days=1), time(), zone)


def _beginning(ctx: Ctx) -> datetime:
    return datetime(2000, 1, 1, tzinfo=ctx.crm.timezone)


def _period(ctx: Ctx) -> Message:
    since, until = ctx.settings.since, ctx.settings.until
    kind = {(False, False): "all", (True, False): "since", (False, True): "until"}.get(
        (since is not None, until is not None), "both"
    )
    return say(f"period.{kind}", since=since, until=until)


def _sum(deals: Iterable[Deal]) -> float:
    return float(sum((deal.amount or Decimal(0) for deal in deals), Decimal(0)))


def _columns(*names: tuple[str, Kind]) -> tuple[Column, ...]:
    bars = {"deals", "measure"}
    return tuple(Column(name, say(f"column.{name}"), kind, bar=name in bars) for name, kind in names)
