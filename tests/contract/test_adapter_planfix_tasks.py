"""Tasks read many at a time, and what the settings say about them."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.crm.models import NewTask, Ref, TaskState
from crmkit.exceptions import ConfigurationError, IncompleteList
from crmkit.sandbox import Fault
from crmkit.testing.planfix import PlanfixBench, open_crm


def created(bench: PlanfixBench, count: int) -> list[str]:
    tasks = bench.crm.tasks
    return [
        tasks.create(NewTask(title=f"Согласовать {n}", kind="approval"), key=f"k{n}").id for n in range(count)
    ]


def test_many_tasks_are_one_request_and_say_where_they_stand(planfix_bench: PlanfixBench) -> None:
    first, second, third = created(planfix_bench, 3)
    planfix_bench.decide(planfix_bench.manager, second, TaskState.DONE)
    sent = planfix_bench.crm.requests_sent()
    found = {
        task.id: task for task in planfix_bench.crm.tasks.with_ids(third, first, second, kind="approval")
    }
    assert planfix_bench.crm.requests_sent() - sent == 1
    states = {number: task.state for number, task in found.items()}
    assert states == {first: TaskState.OPEN, second: TaskState.DONE, third: TaskState.OPEN}
    assert found[second].decided_by is None  # that takes its history


def test_more_than_a_page_are_asked_for_page_by_page(planfix_bench: PlanfixBench) -> None:
    numbers = sorted(created(planfix_bench, 2)) + [str(9_000_000 + one) for one in range(150)]
    sent = planfix_bench.crm.requests_sent()
    found = [task.id for task in planfix_bench.crm.tasks.with_ids(*numbers, kind="approval")]
    assert (found, planfix_bench.crm.requests_sent() - sent) == (numbers[:2], 2)


def test_of_no_tasks_nothing_is_asked(planfix_bench: PlanfixBench) -> None:
    sent = planfix_bench.crm.requests_sent()
    assert list(planfix_bench.crm.tasks.with_ids(kind="approval")) == []
    assert planfix_bench.crm.requests_sent() == sent


def test_deleted_tasks_and_those_in_an_unknown_status_are_left_out(planfix_bench: PlanfixBench) -> None:
    gone, strange, fine = created(planfix_bench, 3)
    planfix_bench.delete(gone)
    planfix_bench.decide(planfix_bench.manager, strange, TaskState.REJECTED)
    stages = {"open": 21, "done": 22, "cancelled": 24}
    planfix_bench.advance(seconds=1)
    with open_crm(planfix_bench.box, tasks={"approval": {"object": 2, "stages": stages}}) as crm:
        found = [task.id for task in crm.tasks.with_ids(gone, strange, fine, kind="approval")]
        assert found == [fine]
        with pytest.raises(ConfigurationError, match="what status 23"):
            crm.tasks.get(strange, kind="approval")


def test_a_portal_that_ignores_the_filter_is_not_believed(planfix_bench: PlanfixBench) -> None:
    (number,) = created(planfix_bench, 1)
    stranger = {"result": "success", "tasks": [{"id": 70001, "name": "другая"}]}
    planfix_bench.box.faults.add(Fault("error", "POST /task/list", status=200, body=stranger))
    with pytest.raises(IncompleteList, match="asked for tasks by number"):
        list(planfix_bench.crm.tasks.with_ids(number, kind="approval"))


def test_the_settings_tell_which_states_there_are(planfix_bench: PlanfixBench) -> None:
    assert planfix_bench.crm.tasks.states("approval") == frozenset(TaskState)
    with pytest.raises(ConfigurationError, match="there is no such kind of tasks"):
        planfix_bench.crm.tasks.states("call")
    stages = {"open": 21, "done": 22}
    unbound = {"approval": {"stages": stages}}
    wrong = pytest.raises(ConfigurationError, match="which tasks these are is not set")
    with open_crm(planfix_bench.box, tasks=unbound) as crm, wrong:
        crm.tasks.states("approval")
    with open_crm(planfix_bench.box, tasks={"approval": {"object": 2, "stages": stages}}) as crm:
        assert crm.tasks.states("approval") == {TaskState.OPEN, TaskState.DONE}


class TestEmoji:
    """A portal that refuses emoji and gives no keys back."""

    @pytest.fixture
    def planfix_options(self, planfix_options: dict[str, Any]) -> dict[str, Any]:
        return planfix_options | {"emoji": "refuse", "echo_source_ids": False}

    def test_a_task_with_emoji_in_its_title_is_made_and_found_again(
        self, planfix_bench: PlanfixBench
    ) -> None:
        title, since = "Согласовать: сделка \N{PARTY POPPER} века", planfix_bench.now()
        deal = Ref(kind="deal", id="70002")
        task = NewTask(title=title, kind="approval", deal=deal, text="Ура \N{PARTY POPPER}")
        made = planfix_bench.crm.tasks.create(task, key="k").id
        assert planfix_bench.box.account.tasks[int(made)].name == "Согласовать: сделка века"
        found = planfix_bench.crm.tasks.find_by_key("k", kind="approval", since=since, deal=deal, title=title)
        assert found is not None
        assert found.id == made
