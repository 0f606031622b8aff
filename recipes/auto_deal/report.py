"""What came of it: new clients by month and tariff, how fast cards are filled, that no company is missing.

Counted from the decisions of a plan and from the effects that the memory confirms. The proof of coverage
lists every company of the period with its deal, or with the reason why it has none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from pydantic import BaseModel, ConfigDict

from crmkit.automation.memory import Memory
from crmkit.automation.messages import Language, Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.table import Cell, Column, Table
from crmkit.crm.models import Person, Ref
from recipes.auto_deal.settings import AutoDealSettings
from recipes.auto_deal.story import Story
from recipes.auto_deal.texts import say
from recipes.auto_deal.verdicts import HAS_DEAL, Verdict

__all__ = ["Results", "Timeliness", "results"]


class Timeliness(BaseModel):
    """How a responsible fills in what is missing.

    Attributes:
        asked: Companies about which they were asked.
        filled: Of these, completed since.
        in_time: Of these, completed before the deadline of the task.
        waiting: Still incomplete.
        hours: The median of the hours from the task to the completed card; ``None`` if none is complete.
    """

    asked: int = 0
    filled: int = 0
    in_time: int = 0
    waiting: int = 0
    hours: float | None = None


class Covered(BaseModel):
    """One company of the period: its deal, or why it has none."""

    company: str
    id: str
    created: str
    deal: str
    verdict: str
    reason: Message


class Results(BaseModel):
    """The figures of the recipe.

    Attributes:
        companies: Companies of the period.
        with_deal: Of these, with their deal.
        created: Of these deals, created by the recipe.
        explained: Companies without a deal, by the reason; with those that have one, they are all companies.
        by_month: New companies by month.
        by_tariff: New companies by tariff; the empty text stands for none.
        by_month_and_tariff: The same in one table.
        timeliness: By the name of the responsible.
        complete_at_once: Companies whose card lacked nothing, so that nobody was asked.
        attention: Companies at which a person should look.
        deals: One line per company.
    """

    model_config = ConfigDict(frozen=True)

    companies: int = 0
    with_deal: int = 0
    created: int = 0
    explained: dict[str, int] = {}
    by_month: dict[str, int] = {}
    by_tariff: dict[str, int] = {}
    by_month_and_tariff: dict[str, dict[str, int]] = {}
    timeliness: dict[str, Timeliness] = {}
    complete_at_once: int = 0
    attention: int = 0
    deals: tuple[Covered, ...] = ()

    @property
    def is_covered(self) -> bool:
        """Whether every company of the period has its deal or a reason why not."""
        return self.companies == self.with_deal + sum(self.explained.values())

    def summary(self) -> tuple[Message, ...]:
        """Return the figures in words, a line each."""
        explained = sum(self.explained.values())
        counts = {"companies": self.companies, "deals": self.with_deal, "explained": explained}
        lines = [
            say("report.coverage" if self.is_covered else "report.gap", **counts),
            say("report.created", count=self.created),
            say("report.complete_at_once", count=self.complete_at_once),
            say("report.attention", count=self.attention),
        ]
        for verdict, count in self.explained.items():
            lines.append(say("report.explained", verdict=say(f"verdict.{verdict}"), count=count))
        return tuple(lines)

    def render(self, language: Language) -> str:
        """Return the figures as text."""
        return "\n".join(line.render(language) for line in self.summary())

    def tables(self) -> tuple[Table, ...]:
        """Return the reports that the case asks for."""
        return self._months(), self._tariffs(), self._timeliness(), self._coverage()

    def _months(self) -> Table:
        tariffs = sorted({name for row in self.by_month_and_tariff.values() for name in row})
        columns = (
            Column("month", say("report.month")),
            Column("companies", say("report.companies"), "number", bar=True),
            *(Column(f"tariff_{n}", _tariff(name), "number") for n, name in enumerate(tariffs, 1)),
        )
        rows: list[tuple[Cell, ...]] = [
            (month, count, *(self.by_month_and_tariff[month].get(name, 0) for name in tariffs))
            for month, count in sorted(self.by_month.items())
        ]
        return Table("new_clients", say("report.new_clients"), columns, rows)

    def _tariffs(self) -> Table:
        columns = (
            Column("tariff", say("field.tariff")),
            Column("companies", say("report.companies"), "number", bar=True),
            Column("share", say("report.share"), "number"),
        )
        rows = [
            (_tariff(name), count, round(100 * count / self.companies, 1))
            for name, count in self.by_tariff.items()
        ]
        return Table("tariffs", say("report.tariffs"), columns, rows)

    def _timeliness(self) -> Table:
        names = ("asked", "filled", "in_time", "waiting", "hours")
        columns = (
            Column("responsible", say("field.responsible")),
            *(Column(name, say(f"report.timeliness.{name}"), "number") for name in names),
        )
        rows: list[tuple[Cell, ...]] = [
            (person, *(getattr(one, name) for name in names)) for person, one in self.timeliness.items()
        ]
        note = say("report.timeliness.note")
        return Table("timeliness", say("report.timeliness"), columns, rows, note=note)

    def _coverage(self) -> Table:
        keys = ("id", "company", "created", "deal", "verdict", "reason")
        columns = tuple(Column(key, say(f"report.covered.{key}")) for key in keys)
        rows = [
            (one.id, one.company, one.created, one.deal, say(f"verdict.{one.verdict}"), one.reason)
            for one in self.deals
        ]
        counts = {"companies": self.companies, "deals": self.with_deal}
        note = say("report.coverage", **counts, explained=sum(self.explained.values()))
        return Table("coverage", say("report.covered"), columns, rows, note=note)


def results(items: Iterable[PlanItem], memories: Mapping[Ref, Memory], settings: AutoDealSettings) -> Results:
    """Count what came of it.

    Args:
        items: The present decision about each company: the items of a plan or of a run.
        memories: What the ledger remembers, of these companies and of all others.
        settings: The settings of the recipe.
    """
    counted = [item for item in items if item.facts.get("in_period")]
    stories = {item.entity: Story(memories.get(item.entity, Memory())) for item in counted}
    without = Counter(item.verdict for item in counted if item.verdict not in HAS_DEAL)
    months: dict[str, Counter[str]] = defaultdict(Counter)
    for item in counted:
        months[f"{item.facts['created']:%Y-%m}"][item.facts["tariff"]] += 1
    return Results(
        companies=len(counted),
        with_deal=sum(item.verdict in HAS_DEAL for item in counted),
        created=sum(bool(story.deals) for story in stories.values()),
        explained=dict(without.most_common()),
        by_month={month: row.total() for month, row in sorted(months.items())},
        by_tariff=dict(Counter(item.facts["tariff"] for item in counted).most_common()),
        by_month_and_tariff={month: dict(row) for month, row in sorted(months.items())},
        timeliness=_timeliness(stories.values()),
        complete_at_once=sum(bool(story.deals) and story.first_asked is None for story in stories.values()),
        attention=sum(item.attention for item in counted),
        deals=tuple(_covered(item) for item in sorted(counted, key=_age)),
    )


def _age(item: PlanItem) -> tuple[Any, ...]:
    return item.facts["created"], len(item.entity.id), item.entity.id


def _covered(item: PlanItem) -> Covered:
    facts: Mapping[str, Any] = item.facts
    return Covered(
        company=item.title,
        id=item.entity.id,
        created=f"{facts['created']:%Y-%m-%d}",
        deal=facts.get("title", ""),
        verdict=Verdict(item.verdict).value,
        reason=item.reason,
    )


def _timeliness(stories: Iterable[Story]) -> dict[str, Timeliness]:
    """Count by the responsible who was asked first; a card is filled when the portal says it was changed."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    hours: dict[str, list[float]] = defaultdict(list)
    for story in stories:
        asked = story.first_asked
        if asked is None:
            continue
        who = asked.data.get("who")
        name = who.name if isinstance(who, Person) else ""
        counts[name]["asked"] += 1
        filled = _filled(story)
        if filled is None:
            counts[name]["waiting"] += 1
            continue
        counts[name]["filled"] += 1
        counts[name]["in_time"] += filled <= asked.data.get("deadline", filled)
        hours[name].append(max(0.0, (filled - asked.at) / timedelta(hours=1)))
    return {
        name: Timeliness(**row, hours=round(median(hours[name]), 1) if hours[name] else None)
        for name, row in sorted(counts.items())
    }


def _filled(story: Story) -> datetime | None:
    """Return when a card that had been asked about was complete; ``None`` if it is not."""
    ends = [e for e in story.memory.effects if e.step == "ask_end" and e.data.get("state") == "done"]
    moment = ends[-1].data.get("filled") if ends else None
    return moment if isinstance(moment, datetime) else None


def _tariff(name: str) -> Message:
    return say("report.tariff", name=name) if name else say("report.no_tariff")
