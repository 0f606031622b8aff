"""Runs and recipes as tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.crm.models import Ref
from crmkit.reports.recipe import recipe_tables
from crmkit.reports.run import run_tables
from crmkit.reports.texts import TEXTS
from recipes.stale_deals.texts import say

SEEN = say("evidence.warned", date="2025-03-03")


def item(number: str, verdict: str, *evidence: Message) -> PlanItem:
    deal = Ref(kind="deal", id=number, name=f"Deal {number}")
    reason = say("reason.closed")
    return PlanItem(entity=deal, title=deal.name, verdict=verdict, reason=reason, evidence=evidence)


@dataclass(frozen=True)
class Record:
    item: PlanItem
    status: str
    message: Message | None = None
    at: datetime | None = None


class Managers(BaseModel):
    warned: int = 0
    returned: int = 0
    approved: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Figures:
    excluded: dict[str, int]
    by_manager: dict[str, Managers]


def test_a_run_is_counted_and_listed_in_the_zone_of_the_portal() -> None:
    at = datetime(2025, 3, 3, 6, 0, tzinfo=UTC)
    records = [
        Record(item("1", "warn"), "done", at=at),
        Record(item("2", "warn"), "done", at=at),
        Record(item("3", "return"), "failed", Message(key="report.items")),
    ]
    counts, items = run_tables("4f2a", "stale_deals", records, ZoneInfo("Europe/Moscow"))
    assert counts.title.render("en") == "stale_deals, run 4f2a"
    assert counts.records("en") == [
        {"verdict": "warn", "status": "done", "count": 2},
        {"verdict": "return", "status": "failed", "count": 1},
    ]
    first, _, last = items.records("ru")
    assert (first["at"], first["verdict"]) == ("2025-03-03T09:00:00+03:00", "предупредить")
    assert (last["status"], last["message"], last["at"]) == ("не получилось", "Сделки", None)


def test_an_unknown_verdict_is_shown_as_it_is() -> None:
    counts, _ = run_tables("1", "of_tomorrow", [Record(item("1", "shiny"), "done")], UTC)
    assert counts.records("ru")[0]["verdict"] == "shiny"


def test_a_recipe_tells_its_figures_and_every_decision() -> None:
    lines = (say("report.warned", count=2), say("report.excluded", verdict="x", count=1))
    figures = Figures({"snoozed": 1}, {"Анна": Managers(warned=2)})
    items = [item("1", "warned", SEEN, SEEN), item("2", "snoozed")]
    tables = {table.name: table for table in recipe_tables("stale_deals", "main", lines, items, figures)}
    assert tables["summary"].records("en") == [{"figure": "warnings: 2"}]
    assert tables["excluded"].records("en") == [{"verdict": "snoozed", "count": 1}]
    assert tables["managers"].records("en")[0] == {
        "manager": "Анна",
        "warned": 2,
        "returned": 0,
        "approved": 0,
        "rejected": 0,
    }
    told = SEEN.render("en")
    assert [row["evidence"] for row in tables["deals"].records("en")] == [f"{told}; {told}", None]


def test_without_figures_all_lines_are_told() -> None:
    lines = (say("report.warned", count=2), say("report.excluded", verdict="x", count=1))
    tables = recipe_tables("stale_deals", "main", lines, [])
    assert [table.name for table in tables] == ["summary", "deals"]
    assert len(tables[0].rows) == 2


def test_a_recipe_that_has_done_nothing_yet_has_no_managers() -> None:
    tables = recipe_tables("stale_deals", "main", (), [], Figures({}, {}))
    assert all(not table.rows for table in tables)


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_texts_take_the_same_parameters_in_both_languages(key: str) -> None:
    import string

    russian, english = (
        {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in TEXTS[key]
    )
    assert russian == english
