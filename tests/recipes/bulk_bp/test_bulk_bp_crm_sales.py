"""A public data set imported as it is: a seller of equipment, 30 agents, 6 managers, 85 accounts.

Every eleventh opportunity, or with ``CRMKIT_FULL=1`` all 8,800. Agents are users, managers are heads of
their departments, accounts become companies, nothing in the files is corrected. All figures of the reports
are those that pandas computes from the CSV.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from crmkit.automation.recipe import Context
from crmkit.runtime.ledger import Ledger
from crmkit.sandbox import Sandbox
from crmkit.sandbox.bitrix24.models import Category, Department, User
from crmkit.sandbox.bitrix24.userfields import add_field
from crmkit.testing.bitrix24 import open_crm
from recipes.bulk_bp import BulkBp, BulkBpSettings

pandas = pytest.importorskip("pandas", reason="the figures are compared with those of pandas")
DATA = Path(__file__).parents[3].parent / "shared" / "data" / "crm-sales"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the data set is not beside the project")
MAPPING = Path(__file__).with_name("crm_sales.toml")
EVERY = 1 if os.environ.get("CRMKIT_FULL") else 11
DEAL, COMPANY, PIPELINE = 2, 4, 7
STAGES = {
    "Prospecting": ("NEW", "Поиск", ""),
    "Engaging": ("ENGAGING", "Переговоры", ""),
    "Won": ("WON", "Выиграна", "S"),
    "Lost": ("LOSE", "Проиграна", "F"),
}
FIELDS = {
    "engaged_on": {"id": "UF_CRM_ENGAGED_ON", "name": "Начало"},
    "closed_on": {"id": "UF_CRM_CLOSED_ON", "name": "Конец"},
}
Lines = list[dict[str, Any]]


class Seller:
    """The portal of the seller, its deals imported."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "sales_pipeline.csv"
        header, *lines = (DATA / "sales_pipeline.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        self.file.write_text("".join((header, *lines[::EVERY])), encoding="utf-8")
        teams = pandas.read_csv(DATA / "sales_teams.csv")
        self.rows = pandas.read_csv(self.file).merge(teams, on="sales_agent", how="left")
        self.box = stack.enter_context(Sandbox.bitrix24(seed="empty", clock="frozen"))
        self._settle(teams)
        names = {"pipelines": {"equipment": {"id": str(PIPELINE), "name": "Оборудование"}}, "fields": FIELDS}
        self.crm = stack.enter_context(open_crm(self.box, deals=names))
        self.ledger = stack.enter_context(Ledger(f"sqlite:///{folder / 'ledger.db'}"))
        self.first = self.recipe().plan(self.crm, memory=self.ledger)
        self.result = self.first.apply()

    def recipe(self, **settings: Any) -> BulkBp:
        named = {"file": str(self.file), "mapping": str(MAPPING), "pipeline": "equipment", "canary": ()}
        return BulkBp(BulkBpSettings(**{**named, **settings}))

    def report(self, **settings: Any) -> dict[str, Lines]:
        recipe = self.recipe(**settings)
        ctx = Context(self.crm, recipe.settings, self.ledger)
        return {one.name: one.records("en") for one in recipe.tables(ctx, (), {})}

    def _settle(self, teams: Any) -> None:
        """Let managers and agents join, a department each, and make pipeline and fields."""
        portal = self.box.portal
        number = 100
        for manager, own in teams.groupby("manager"):
            number += 1
            department = portal.departments[number] = Department(number, f"Team {manager}", 1, number)
            self._join(number, manager, department.id)
            head = number
            for agent in own["sales_agent"]:
                number += 1
                self._join(number, agent, head)
        portal.categories[DEAL][PIPELINE] = Category(PIPELINE, DEAL, "Оборудование", 900)
        kind = portal.kinds[DEAL]
        for place, (stage, title, semantics) in enumerate(STAGES.values(), 1):
            entity, prefix = kind.stage_entity(PIPELINE), kind.stage_prefix(PIPELINE)
            portal.add_status(
                entity, f"{prefix}{stage}", title, 10 * place, semantics=semantics, category=PIPELINE
            )
        for one in FIELDS.values():
            add_field(portal, kind, one["id"], "date", one["name"])

    def _join(self, number: int, name: str, department: int) -> None:
        first, _, last = name.partition(" ")
        user = User(number, first, last, f"user{number}@example.com", "", [department])
        self.box.portal.join(user, 7)


@pytest.fixture(scope="module")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seller]:
    with ExitStack() as stack:
        yield Seller(stack, tmp_path_factory.mktemp("sales"))


def figures(rows: Any) -> dict[str, float]:
    """Return what a line of the report says, computed from rows of the file."""
    stages = Counter(rows["deal_stage"])
    return {
        "deals": len(rows),
        "open": stages["Engaging"] + stages["Prospecting"],
        "won": stages["Won"],
        "lost": stages["Lost"],
        "amount": float(rows["close_value"].sum()),
        "won_amount": float(rows[rows["deal_stage"] == "Won"]["close_value"].sum()),
    }


def told(lines: Lines, by: str) -> dict[str, dict[str, float]]:
    """Return the figures of a report, added up by a column."""
    sums: dict[str, Counter[str]] = {}
    for line in lines:
        numbers = {key: line[key] for key in figures_of(line)}
        sums.setdefault(line[by], Counter()).update(numbers)
    return {name: dict(numbers) for name, numbers in sums.items()}


def figures_of(line: dict[str, Any]) -> list[str]:
    return [key for key in line if key in ("deals", "open", "won", "lost", "amount", "won_amount")]


def test_everything_is_imported_as_it_is(seller: Seller) -> None:
    rows = seller.rows
    assert seller.result.counts == {"done": len(rows) + rows["account"].nunique()}
    assert "bad_row" not in seller.first.verdicts()
    deals = seller.box.portal.items[DEAL]
    assert len(deals) == len(rows)
    companies = {row["ID"]: row["TITLE"] for row in seller.box.portal.items[COMPANY]}
    accounts = rows["account"].dropna().unique()
    assert sorted(companies.values()) == sorted(accounts)
    products = rows.set_index("opportunity_id")["product"]
    empty = set(rows[rows["account"].isna()]["opportunity_id"])
    assert empty, "some have no account"
    for deal in deals:
        key = deal["ORIGIN_ID"].split("/")[1].split(":")[0]
        name = companies.get(deal["COMPANY_ID"])
        assert (name is None) == (key in empty)
        assert deal["TITLE"] == (f"{name} / {products[key]}" if name else products[key])
    assert any(deal["TITLE"].endswith("GTXPro") for deal in deals), "the spelling of the file stays"


def test_R4_14_by_agent(seller: Seller) -> None:
    wanted = {name: figures(own) for name, own in seller.rows.groupby("sales_agent")}
    assert told(seller.report()["responsible"], "responsible") == wanted


def test_R4_14_by_manager(seller: Seller) -> None:
    wanted = {name: figures(own) for name, own in seller.rows.groupby("manager")}
    assert told(seller.report()["responsible"], "supervisor") == wanted


def test_R4_15_by_stage(seller: Seller) -> None:
    lines = {line["stage"]: line for line in seller.report()["stages"] if line["pipeline"] == "Оборудование"}
    for stage, own in seller.rows.groupby("deal_stage"):
        line = lines[STAGES[stage][1]]
        assert (line["deals"], line["amount"]) == (len(own), float(own["close_value"].sum()))
        assert line["share"] == round(100 * len(own) / len(seller.rows), 1)
        assert line["entered"] == len(own)
    assert sum(line["deals"] for line in lines.values()) == len(seller.rows)


@pytest.mark.parametrize(("column", "field"), [("engage_date", "engaged_on"), ("close_date", "closed_on")])
def test_R4_14_R4_15_by_month(seller: Seller, column: str, field: str) -> None:
    """Every month in which something began or was closed; rows without a date are in none."""
    months = pandas.to_datetime(seller.rows[column], format="%m/%d/%Y").dt.to_period("M")
    for month, own in seller.rows.groupby(months):
        since, until = month.start_time.date(), month.end_time.date()
        found = seller.report(since=since, until=until, period_of=f"field:{field}")
        wanted = {name: figures(some) for name, some in own.groupby("sales_agent")}
        assert told(found["responsible"], "responsible") == wanted
        assert sum(line["deals"] for line in found["stages"]) == len(own)
    assert seller.report(until=date(2015, 1, 1), period_of=f"field:{field}")["responsible"] == []


def test_fed_again_nothing_happens(seller: Seller) -> None:
    again = seller.recipe().plan(seller.crm, memory=seller.ledger)
    assert again.verdicts() == {"imported": len(seller.rows)}
    assert again.to_do == ()
