"""The reports: new clients by month and tariff, timeliness, and that every company is accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from crmkit.automation.messages import LANGUAGES
from crmkit.automation.recipe import Context
from crmkit.automation.show import verdict_title
from recipes.auto_deal.report import Results, results
from recipes.auto_deal.verdicts import HAS_DEAL, Verdict

Open = Callable[..., Any]


def figures(office: Any) -> Results:
    plan = office.plan()
    known = office.ledger.known(office.crm.portal, "auto_deal")
    return results(
        plan.items, office.ledger.recall(office.crm.portal, "auto_deal", known), office.recipe.settings
    )


def busy_quarter(desk: Open) -> Any:
    """Let companies of all sorts appear in January, February and March."""
    office = desk(since=date(2025, 1, 1), until=date(2025, 3, 31), month_of="company")
    for month in (1, 2, 3):
        office.at(datetime(2025, month, 16, 10, tzinfo=office.crm.timezone))
        office.company(f"А{month}", tariff="Базовый")
        office.company(f"Б{month}", tariff="Индивидуальный", cost="12 000", who="5")
        office.company(f"В{month}")
        office.company(f"Г{month}", tariff="Индивидуальный", who="5")
        office.company(f"Д{month}", tariff="Базовый", who="15")
        office.run()
    return office


def test_new_clients_are_counted_by_month_and_tariff(desk: Open) -> None:
    found = figures(busy_quarter(desk))
    assert found.by_month == {"2025-01": 5, "2025-02": 5, "2025-03": 5}
    assert found.by_tariff == {"Базовый": 6, "Индивидуальный": 6, "": 3}
    assert found.by_month_and_tariff["2025-02"] == {"Базовый": 2, "Индивидуальный": 2, "": 1}


def test_every_company_of_the_period_has_its_deal_or_a_reason(desk: Open) -> None:
    office = busy_quarter(desk)
    office.at(datetime(2025, 4, 2, 10, tzinfo=office.crm.timezone))
    office.company("Апрель", tariff="Базовый")
    found = figures(office)
    of_period = {c.id for c in office.crm.cards.values() if c.name != "Апрель"}
    with_deal = {deal.company.id for deal in office.deals}
    assert {one.id for one in found.deals} == of_period
    assert {one.id for one in found.deals if one.verdict in HAS_DEAL} == with_deal
    assert (found.companies, found.with_deal, sum(found.explained.values())) == (15, 6, 9)
    assert found.is_covered
    assert found.explained == {"overdue": 6, "nobody": 3}
    assert found.summary()[0].render("ru") == "компаний за период: 15 = со сделкой 6 + с объяснением 9"


def test_timeliness_is_told_by_responsible(desk: Open) -> None:
    office = desk(fill_days=1)
    early, late, never = (office.company(f"В{n}") for n in range(3))
    office.company("Г", tariff="Базовый", who="5")
    office.run()
    office.wait(hours=4)
    office.edit(early, tariff="Базовый")
    office.wait(hours=2)
    office.run()
    office.wait(days=7)
    office.edit(late, tariff="Базовый")
    office.run()
    assert office.verdict(never) == "overdue"
    found = figures(office)
    assert set(found.timeliness) == {"Иванова"}
    (one,) = found.timeliness.values()
    assert (one.asked, one.filled, one.in_time, one.waiting) == (3, 2, 1, 1)
    assert one.hours == 89.0  # the median of 4 hours and 7 days and 6 hours
    assert found.complete_at_once == 1


def test_the_tables_hold_the_figures_in_both_languages(desk: Open) -> None:
    office = busy_quarter(desk)
    plan = office.plan()
    memories = office.ledger.recall(office.crm.portal, "auto_deal", [item.entity for item in plan.items])
    ctx: Context[Any] = Context(office.crm, office.recipe.settings, office.ledger)
    months, tariffs, timeliness, coverage = office.recipe.tables(ctx, plan.items, memories)
    assert months.records("ru")[0] == {
        "month": "2025-01",
        "companies": 5,
        "tariff_1": 1,
        "tariff_2": 2,
        "tariff_3": 2,
    }
    assert months.header("ru") == ["Месяц", "Компании", "(тариф не указан)", "Базовый", "Индивидуальный"]
    assert [row["share"] for row in tariffs.records("en")] == [40.0, 40.0, 20.0]
    assert [row["responsible"] for row in timeliness.records("en")] == ["Иванова", "Кузнецов"]
    assert len(coverage.rows) == 15
    assert Counter(row["verdict"] for row in coverage.records("en"))["has its deal"] == 6
    assert plan.items[0].facts["created"] == date(2025, 1, 16)


def test_a_plan_read_from_a_file_gives_the_same_report(desk: Open) -> None:
    office = busy_quarter(desk)
    plan = office.plan()
    again = type(plan).model_validate_json(plan.model_dump_json())
    settings = office.recipe.settings
    assert results(again.items, {}, settings) == results(plan.items, {}, settings)


def test_every_verdict_has_words_in_both_languages() -> None:
    for verdict in Verdict:
        for language in LANGUAGES:
            title = verdict_title("auto_deal", verdict)
            assert not isinstance(title, str)
            assert title.render(language)
