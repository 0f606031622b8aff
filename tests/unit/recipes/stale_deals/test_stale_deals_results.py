"""R0.12: what came of it, in figures that can be checked by hand and in two languages."""

from typing import Any

import pytest

from crmkit.crm.models import DealChanges, Person, TaskState
from recipes.stale_deals import StaleDealsSettings
from recipes.stale_deals.report import results

HEAD, MANAGER, COLLEAGUE = "2", "5", "6"


@pytest.fixture
def month(make_story: Any) -> Any:
    """Six deals: confirmed, declined, waiting, edited by hand, refused without a reason, warned just now."""
    story = make_story()
    for number in ("8", "9"):
        story.crm.add(number)
    story.crm.add("10", assignees=(Person(id=COLLEAGUE),))
    story.wait(days=15)
    for number in ("7", "8", "9", "10"):
        story.run(number)
    story.crm.add("11", stage="refused")
    story.crm.add("12", assignees=(Person(id=COLLEAGUE),))
    story.wait(days=7)
    story.crm.note("10", Person(id=COLLEAGUE))
    for number in ("7", "8", "9", "10"):
        story.run(number)
    tasks = {task.deal.id: task.id for task in story.crm.tasks_by_id.values()}
    story.crm.change("7", DealChanges(fields={"new_assignee": Person(id=COLLEAGUE)}))
    story.wait(hours=1)
    story.crm.set_task(tasks["7"], TaskState.DONE, HEAD)
    story.crm.set_task(tasks["8"], TaskState.REJECTED, HEAD)
    story.run("7")
    story.run("8")
    story.wait(days=8)
    story.run("12")
    return story


def test_R0_12_processed_and_returned_deals_and_the_saved_work_are_counted(month: Any) -> None:
    outcome = results(month.plan().items, month.memory.memories, month.recipe.settings)
    assert (outcome.processed, outcome.warned, outcome.returned) == (6, 5, 3)
    assert (outcome.approved, outcome.rejected, outcome.waiting) == (1, 1, 1)
    assert outcome.excluded == {"refused_without_reason": 1, "cancelled": 1}
    assert outcome.decided_by_people == 4  # two answers, one awaited, one refusal to be completed
    assert outcome.minutes_by_hand == 6 * 10
    assert outcome.minutes_left == 4 * 1
    assert outcome.hours_saved == pytest.approx(56 / 60)
    assert outcome.share_saved == pytest.approx(56 / 60)


def test_R0_12_the_case_itself_611_deals_and_about_90_percent() -> None:
    settings = StaleDealsSettings(supervisor="user:2")
    outcome = results((), {}, settings).model_copy(update={"processed": 611, "decided_by_people": 599})
    assert round(outcome.share_saved, 2) == 0.9


def test_a_deal_counts_as_left_alone_only_as_long_as_it_is(story: Any) -> None:
    story.wait(days=15).run()
    story.wait(days=1)
    story.crm.note("7", Person(id=MANAGER))
    story.run()
    outcome = results(story.plan().items, story.memory.memories, story.recipe.settings)
    assert outcome.excluded == {"cancelled": 1}
    outcome = results(story.wait(days=15).plan().items, story.memory.memories, story.recipe.settings)
    assert outcome.excluded == {}


def test_figures_by_manager_credit_the_former_executor(month: Any) -> None:
    outcome = results(month.plan().items, month.memory.memories, month.recipe.settings)
    by_manager = {name: figures.model_dump() for name, figures in outcome.by_manager.items()}
    assert by_manager == {
        "Иванова": {"warned": 3, "returned": 3, "approved": 1, "rejected": 1},
        "Кузнецов": {"warned": 2, "returned": 0, "approved": 0, "rejected": 0},
    }


def test_the_report_reads_in_russian(month: Any) -> None:
    outcome = results(month.plan().items, month.memory.memories, month.recipe.settings)
    lines = outcome.render("ru").splitlines()
    assert "возвращено в новые запросы: 3" in lines
    assert "не переводятся, «Отказ» без причины: 1" in lines
    assert "Иванова: предупреждений 3, возвращено 3, подтверждено 1, отклонено 1" in lines
    assert (
        "сэкономлено часов: 0.9, это 93 % ручной работы "
        "(6 × 10.0 мин на проверку − 4 × 1.0 мин на решение)"  # the formula is shown
    ) in lines
    assert lines[-1].startswith("Сделка 11 (11): «Отказ» без причины — ")


def test_the_report_reads_in_english_with_the_evidence_of_each_deal(month: Any) -> None:
    outcome = results(month.plan().items, month.memory.memories, month.recipe.settings)
    lines = outcome.render("en").splitlines()
    assert "not moved, cancelled: 1" in lines
    assert (
        "Сделка 9 (9): awaiting approval: the supervisor's decision is awaited since 2025-03-25 "
        "[last human touch: 2025-03-03 by Иванова, creation; 1 robot event ignored; "
        "warning delivered on 2025-03-18]"
    ) in lines


def test_the_recipe_tells_its_results_as_lines(month: Any) -> None:
    lines = month.recipe.results(month.plan().items, month.memory.memories)
    assert lines[0].render("en") == "deals processed: 6"


def test_of_nothing_comes_nothing() -> None:
    outcome = results((), {}, StaleDealsSettings(supervisor="user:2"))
    assert (outcome.processed, outcome.share_saved, outcome.hours_saved) == (0, 0.0, 0.0)
    assert outcome.render("en").splitlines()[0] == "deals processed: 0"
