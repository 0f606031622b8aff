"""bulk_bp, line by line, on the real chain: file, recipe, adapter, client, HTTP, Bitrix24 sandbox, ledger.

With ``CRMKIT_FULL=1`` the big runs are of 16,000 deals.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from crmkit.exceptions import ConfigurationError
from crmkit.sandbox import Fault

from .conftest import STAGES, TEMPLATES, Centre, row

FULL = bool(os.environ.get("CRMKIT_FULL"))
MANY = 16_000 if FULL else 2_000
MANAGER = "user:4"
Report = Callable[..., dict[str, list[dict[str, Any]]]]


def test_R4_02_R4_03_all_deals_and_their_processes_at_the_pace_of_the_portal(
    centre: Centre, record_property: Callable[[str, object], None]
) -> None:
    """Fifty starts per request, hardly any reads: the bucket, two requests a second, is what takes time."""
    centre.write(*map(row, range(MANY)))
    assert centre.run().counts == {"done": MANY}
    assert Counter(deal["TITLE"] for deal in centre.deals()) == {f"Сделка {one}": 1 for one in range(MANY)}
    plan = centre.plan()
    assert plan.verdicts() == {"start": MANY}
    result = plan.apply()
    ideal = MANY / 50 / 2
    record_property("simulated", result.seconds)
    record_property("ideal", ideal)
    record_property("requests", result.requests)
    record_property("estimate", plan.estimate.requests)
    assert centre.sent("bizproc.workflow.start") == {50: MANY // 50}
    assert result.seconds <= 1.05 * ideal
    assert result.requests <= plan.estimate.requests <= 1.05 * result.requests
    started = centre.started()
    assert set(started.values()) == {1}
    titles = {row["ID"]: row["TITLE"] for row in centre.deals()}
    wanted = {(one, TEMPLATES[STAGES[int(title.split()[1]) % 3]]) for one, title in titles.items()}
    assert started.keys() == wanted
    before = len(centre.box.requests)
    assert centre.run().counts == {}
    assert not any("item.add" in str(one.body) for one in list(centre.box.requests)[before:])


def test_R4_02_a_row_becomes_a_deal_with_all_that_it_says(centre: Centre) -> None:
    centre.write(row(1, **{"Компания": "ооо «Вектор 1»", "Дата перезвона": "01.04.2025 10:00"}))
    centre.run()
    (deal,) = centre.deals()
    assert (deal["TITLE"], deal["STAGE_ID"], deal["CATEGORY_ID"]) == ("Сделка 1", "C2:CALLBACK", 2)
    assert (deal["ASSIGNED_BY_ID"], deal["COMPANY_ID"], deal["OPPORTUNITY"]) == (5, 1, 1.5)
    callback = datetime.fromtimestamp(deal["UF_CRM_CALLBACK_AT"], centre.crm.timezone)
    assert callback.isoformat() == "2025-04-01T10:00:00+03:00"


def test_R4_02_companies_that_are_missing_are_created_once(centre: Centre) -> None:
    names = ["АО Лотос", "ао «лотос»", "ООО «Вектор 1»", "ИП Новиков"]
    centre.write(*(row(number, Компания=name) for number, name in enumerate(names)))
    centre.box.faults.add(Fault("drop_answer", "crm.item.add"))
    plan = centre.plan()
    assert plan.verdicts() == {"company": 2, "import": 4}
    plan.apply()
    companies = {one["ID"]: one["TITLE"] for one in centre.box.portal.items[4]}
    assert sorted(companies.values())[:2] == ["АО Лотос", "ИП Новиков"]
    assert len(companies) == 5
    assert [companies[deal["COMPANY_ID"]] for deal in centre.deals()] == [
        "АО Лотос",
        "АО Лотос",
        companies[1],
        "ИП Новиков",
    ]


def test_R4_02_a_company_of_many_rows_is_planned_once(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many rows are looked up together."""
    monkeypatch.setattr("recipes.bulk_bp.reading.AT_ONCE", 4)
    centre.write(*(row(number, Компания="АО Лотос") for number in range(10)))
    plan = centre.plan()
    assert plan.verdicts() == {"company": 1, "import": 10}
    assert plan.apply().counts == {"done": 11}
    assert len({deal["COMPANY_ID"] for deal in centre.deals()}) == 1


def test_R4_03_the_process_is_that_of_the_stage_on_which_the_deal_is_now(centre: Centre) -> None:
    centre.write(*map(row, range(3)))
    centre.run()
    centre.box.act.set_stage(MANAGER, 1, "C2:WON")
    centre.box.act.delete(MANAGER, 2)
    assert centre.verdicts() == {"imported": 1, "gone": 1, "start": 1}
    centre.run()
    assert list(centre.started()) == [(3, 5)]


def test_R4_03_a_stage_that_changes_after_the_plan_starts_nothing_planned(centre: Centre) -> None:
    centre.write(*map(row, range(3)))
    centre.run()
    plan = centre.plan()
    centre.box.act.set_stage(MANAGER, 1, "C2:CALLBACK")
    assert plan.apply().counts == {"done": 2, "changed": 1}
    assert (1, TEMPLATES["Новая"]) not in centre.started()
    centre.run()
    assert set(centre.started().values()) == {1}


@pytest.mark.parametrize("kind", ["drop_answer", "reset"])
def test_R4_03_an_answer_that_is_lost_starts_nothing_twice(centre: Centre, kind: str) -> None:
    centre.write(*map(row, range(120)))
    centre.run()
    plan = centre.plan()
    plan.apply(limit=50)
    centre.box.faults.add(Fault(kind, "batch", after=1))
    centre.run()
    centre.run()
    assert len(centre.started()) == 120
    assert set(centre.started().values()) == {1}


@pytest.mark.parametrize(
    ("processes", "what"),
    [({"Нет такой": "callback"}, "no stage is called"), ({"calls_new": "nothing"}, "no process 'nothing'")],
    ids=["stage", "process"],
)
def test_R4_03_a_map_that_leads_nowhere_is_refused_before_anything(
    centre: Centre, processes: dict[str, str], what: str
) -> None:
    centre.write(row(0))
    centre.set(processes=processes)
    with pytest.raises(ConfigurationError, match=what):
        centre.plan()
    assert centre.deals() == []


# Bad files


def test_T4_three_bad_rows_are_skipped_listed_corrected_and_fed_again(centre: Centre, tmp_path: Path) -> None:
    """The rest is imported, the three are in a file; corrected they become three deals."""
    lines = [row(number) for number in range(MANY)]
    lines[10] = row(10, Сумма="много")
    lines[700] = row(700, Ответственный="nobody@example.com")
    lines[1500] = row(1500, Стадия="Обзвонена")
    centre.write(*lines)
    plan = centre.plan()
    assert plan.verdicts() == {"bad_row": 3, "import": MANY - 3}
    assert [item.entity.id for item in plan.items if item.attention] == [
        f"line import/{line}" for line in (12, 702, 1502)
    ]
    plan.apply()
    assert len(centre.deals()) == MANY - 3
    (mistakes,) = tmp_path.glob("deals-mistakes-*.csv")
    text = mistakes.read_text(encoding="utf-8-sig")
    assert "«много» не число" in text
    corrected = text.replace("много", "5").replace("nobody@", "user4@").replace("Обзвонена", "Новая")
    (tmp_path / "corrected.csv").write_text(corrected, encoding="utf-8")
    centre.set(file=str(tmp_path / "corrected.csv"))
    assert centre.run().counts == {"done": 3}
    assert len(centre.deals()) == MANY
    centre.set()
    assert centre.verdicts() == {"bad_row": 3, "start": MANY - 3}


def test_T4_with_stop_nothing_at_all_is_sent(centre: Centre) -> None:
    centre.write(*map(row, range(50)), row(50, Сумма="много"))
    centre.set(bad_rows="stop")
    with pytest.raises(ConfigurationError, match="rows with mistakes: 1; line 52"):
        centre.plan()
    assert centre.deals() == []


def test_a_file_fed_again_under_another_order_makes_no_second_deal(centre: Centre) -> None:
    centre.write(*map(row, range(60)))
    centre.run()
    centre.write(*map(row, reversed(range(61))), encoding="utf-8")
    assert centre.verdicts() == {"start": 60, "import": 1}
    centre.run()
    assert len(centre.deals()) == 61


def test_a_lost_ledger_makes_no_second_deal(centre: Centre) -> None:
    """The portal keeps the key of the row."""
    centre.write(*map(row, range(60)))
    centre.run()
    centre.ledger.close()
    (centre.folder / "ledger.db").unlink()
    from crmkit.runtime.ledger import Ledger

    with Ledger(f"sqlite:///{centre.folder / 'ledger.db'}") as fresh:
        centre.ledger = fresh
        assert centre.verdicts() == {"start": 60}


def test_a_file_that_changes_between_plan_and_apply_stops_the_run(centre: Centre) -> None:
    centre.write(*map(row, range(60)))
    plan = centre.plan()
    centre.write(*map(row, range(60)), row(60))
    result = plan.apply()
    assert "was changed since the plan" in result.error
    assert centre.deals() == []


def test_a_stored_plan_does_only_what_it_showed(centre: Centre) -> None:
    """Applied by another process, after the file was changed: the changed row waits for a new plan."""
    centre.write(*map(row, range(60)))
    text = centre.plan().model_dump_json()
    centre.write(row(0, Сумма="999"), *map(row, range(1, 59)))
    from crmkit.automation.plan import Plan

    centre.set()
    plan = Plan.model_validate_json(text).bind(centre.recipe, centre.crm, centre.ledger)
    assert plan.apply().counts == {"done": 58, "changed": 2}
    assert len(centre.deals()) == 58


def test_the_kill_switch_stops_a_run_between_two_requests(centre: Centre, tmp_path: Path) -> None:
    switch = tmp_path / "STOP"
    centre.set(kill_switch=str(switch))
    centre.write(*map(row, range(150)))
    result = centre.run(on_item=lambda _: switch.touch())
    assert "kill switch" in result.error
    assert len(centre.deals()) == 50
    switch.unlink()
    centre.run()
    assert len(centre.deals()) == 150


def test_daily_tranches(centre: Centre) -> None:
    """So many deals and processes a day, the rest on the next days, without anybody's doing."""
    centre.set(daily_cap=100)
    centre.write(*map(row, range(150)))
    days = []
    for _ in range(4):
        centre.run()
        days.append((len(centre.deals()), len(centre.started())))
        centre.run()
        centre.wait(days=1)
    assert days[0] == (100, 0)
    assert days[-1][0] == 150
    assert all(sum(after) - sum(before) <= 100 for before, after in pairwise(days))


# Reports


def test_R4_14_deals_by_responsible_for_a_period(centre: Centre, report: Report) -> None:
    centre.write(*map(row, range(50)))
    centre.run()
    lines = report(since=date(2025, 3, 3), until=date(2025, 3, 3))["responsible"]
    assert {(line["responsible"], line["deals"]) for line in lines} == {
        (user.full_name, 10) for number, user in centre.box.portal.users.items() if 4 <= number <= 8
    }
    assert sum(line["amount"] for line in lines) == sum(number + 0.5 for number in range(50))
    assert all(line["supervisor"] for line in lines)
    assert report(since=date(2025, 3, 4))["responsible"] == []


def test_R4_14_minutes_in_stages_are_of_the_period(centre: Centre, report: Report) -> None:
    """From its creation at 09:00 to 11:00 open, then won; the definition is above the figures."""
    centre.write(row(0))
    centre.run()
    centre.wait(hours=2)
    centre.box.act.set_stage(MANAGER, 1, "C2:WON")
    centre.wait(hours=1)
    lines = report(measure="minutes_in_stage")["responsible"]
    assert [line["measure"] for line in lines] == [120]
    centre.wait(days=1)
    later = report(measure="minutes_in_stage", since=date(2025, 3, 4), period_of="created")
    assert later["responsible"] == []


def test_R4_14_minutes_spent_are_those_of_time_records(centre: Centre, report: Report) -> None:
    from crmkit.crm.models import NewTask, Person, Ref

    centre.write(row(0))
    centre.run()
    deal = Ref(kind="deal", id="1")
    task = NewTask(kind="first_call", title="Позвонить", deal=deal, assignees=(Person(id="4"),))
    made = centre.crm.tasks.create(task, key="k")
    centre.crm.native().tasks.time.add(int(made.id), 30 * 60, user_id=4)
    assert [line["measure"] for line in report(measure="minutes_spent")["responsible"]] == [30]


def test_R4_15_deals_by_stage_for_a_period(centre: Centre, report: Report) -> None:
    centre.write(*map(row, range(30)))
    centre.run()
    for number in (1, 2, 3):
        centre.box.act.set_stage(MANAGER, number, "C2:WON")
    lines = {line["stage"]: line for line in report()["stages"] if line["pipeline"] == "Обзвон"}
    assert {stage: line["deals"] for stage, line in lines.items()} == {
        "Новая": 9,
        "Перезвонить": 9,
        "Передана менеджеру": 9,
        "Сделка успешна": 3,
        "Сделка провалена": 0,
    }
    assert lines["Новая"]["entered"] == 10, "three moved on since"
    assert lines["Новая"]["share"] == 30.0


def test_the_report_lists_rows_with_mistakes(centre: Centre, report: Report) -> None:
    centre.write(row(0), row(1, Сумма="много"))
    (line,) = report()["mistakes"]
    assert (line["line"], "много" in line["problem"]) == ("3", True)
