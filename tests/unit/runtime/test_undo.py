"""Undoing a run: the inverse plan, what it spares, and that it too happens exactly once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crmkit.clock import ManualClock
from crmkit.crm.models import Ref, TaskState
from crmkit.exceptions import ConfigurationError, PlanStale, TransportError, ValidationError
from crmkit.runtime.executor import resume
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.records import ActionStatus, RunStatus
from crmkit.runtime.undo import plan_undo, undo

ONE, TWO = Ref(kind="deal", id="1"), Ref(kind="deal", id="2")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def recipe(fakes: Any) -> Any:
    return fakes.Careful(fakes.IdleSettings())


@pytest.fixture
def done(crm: Any, ledger: Ledger, recipe: Any, clock: ManualClock) -> Any:
    """A run over three deals, an hour ago."""
    result = recipe.plan(crm, memory=ledger).apply()
    clock.advance(hours=1)
    return result


def memory_of(ledger: Ledger, crm: Any, entity: Ref) -> Any:
    return ledger.recall(crm.portal, "careful", [entity])[entity]


def test_everything_is_as_it_was(
    crm: Any, ledger: Ledger, recipe: Any, clock: ManualClock, fakes: Any
) -> None:
    was = {number: deal.model_copy() for number, deal in crm.state.deals.items()}
    run = recipe.plan(crm, memory=ledger).apply().run
    clock.advance(hours=1)
    result = undo(run, crm, ledger)
    assert (result.status, result.counts) == (RunStatus.DONE, {"done": 3})
    for number, deal in crm.state.deals.items():
        assert deal.model_copy(update={"updated_at": None}) == was[number]
    ours = [task.state for task in crm.state.tasks.values() if task.key]
    assert ours == [TaskState.CANCELLED] * 3


def test_it_goes_backwards(crm: Any, ledger: Ledger, done: Any) -> None:
    plan = plan_undo(done.run, crm, ledger)
    assert [str(item.entity) for item in plan.items] == ["deal:3", "deal:2", "deal:1"]
    kinds = [action.kind for action in plan.items[0].actions]
    assert kinds == ["set_task_state", "update_deal", "remember"]


def test_what_cannot_be_unsent_is_said(crm: Any, ledger: Ledger, done: Any) -> None:
    (line,) = plan_undo(done.run, crm, ledger).items[0].evidence
    assert line.render("en") == "cannot be unsent: warn, sent on 2025-03-18 12:00"


def test_the_memory_forgets_what_was_undone_and_remembers_that_it_was(
    crm: Any, ledger: Ledger, done: Any, clock: ManualClock
) -> None:
    result = undo(done.run, crm, ledger)
    memory = memory_of(ledger, crm, ONE)
    assert [effect.step for effect in memory.effects] == ["undone"]
    assert sorted(effect.step for effect in memory.undone) == ["approve", "note", "return", "warn"]
    assert {effect.at for effect in memory.undone} == {clock.now()}
    mark = memory.last("undone")
    assert (mark.run, mark.data["run"], mark.episode) == (result.run, done.run, 1)


def test_the_recipe_can_begin_a_new_round(crm: Any, ledger: Ledger, recipe: Any, done: Any) -> None:
    undo(done.run, crm, ledger)
    assert recipe.plan(crm, memory=ledger).apply().counts == {"done": 3}
    assert len(crm.effects("update")) == 9  # there, back, and there again


def test_an_undo_is_done_once(crm: Any, ledger: Ledger, done: Any) -> None:
    plan = plan_undo(done.run, crm, ledger)
    plan.apply()
    log = list(crm.state.log)
    assert plan.apply().counts == {"nothing": 3}
    again = plan_undo(done.run, crm, ledger)
    assert again.verdicts() == {"nothing": 3}
    assert again.apply().items == ()
    assert crm.state.log == log


def test_some_of_it_can_be_undone(crm: Any, ledger: Ledger, done: Any) -> None:
    plan_undo(done.run[:6], crm, ledger, entities=[TWO]).apply()
    assert [deal.stage.key for deal in crm.state.deals.values()] == ["new", "talks", "new"]


def test_an_undone_effect_never_comes_back_under_its_key(
    crm: Any, ledger: Ledger, recipe: Any, fakes: Any, clock: ManualClock
) -> None:
    plan = recipe.plan(crm, memory=ledger)
    run = plan.apply().run
    clock.advance(hours=1)
    undo(run, crm, ledger)
    log = list(crm.state.log)
    result = plan.apply()
    assert result.counts == {"changed": 3}
    assert result.items[0].message.render("en") == "taken back by crmkit undo"
    assert crm.state.log == log


class TestSpared:
    def spared(self, crm: Any, ledger: Ledger, run: str) -> str:
        """Undo a run in which the first deal is spared; return why."""
        plan = plan_undo(run, crm, ledger)
        assert plan.verdicts() == {"undo": 2, "spared": 1}
        (item,) = [item for item in plan.items if item.verdict == "spared"]
        assert (str(item.entity), item.attention) == ("deal:1", True)
        before = crm.state.deals.get("1")
        assert plan.apply().counts == {"done": 2}
        assert crm.state.deals.get("1") == before
        assert "undone" not in [effect.step for effect in memory_of(ledger, crm, ONE).effects]
        return str(item.reason.render("en"))

    def test_a_person_has_worked_on_it(self, crm: Any, ledger: Ledger, done: Any, fakes: Any) -> None:
        crm.note("1", fakes.ActivityKind.COMMENT, fakes.BOB, human=True)
        assert self.spared(crm, ledger, done.run) == ("left alone: Bob works on it, last on 2025-03-18 13:00")

    def test_a_robot_that_worked_on_it_does_not_count(
        self, crm: Any, ledger: Ledger, done: Any, fakes: Any
    ) -> None:
        crm.note("1", fakes.ActivityKind.COMMENT, fakes.ROBOT)
        assert plan_undo(done.run, crm, ledger).verdicts() == {"undo": 3}

    def test_its_values_are_others(self, crm: Any, ledger: Ledger, done: Any, fakes: Any) -> None:
        crm.deals.set("1", fakes.DealChanges(assignees=(fakes.BOB,)))
        assert self.spared(crm, ledger, done.run) == "left alone: changed since: assignees"

    def test_a_later_run_changed_it(
        self, crm: Any, ledger: Ledger, done: Any, fakes: Any, clock: ManualClock
    ) -> None:
        crm.state.deals["1"] = fakes.deal(1, assignees=(fakes.BOB,))
        later = fakes.Careless(fakes.IdleSettings(steps=("return",))).plan(crm, memory=ledger).apply()
        clock.advance(hours=1)
        why = self.spared(crm, ledger, done.run)
        assert why == f"left alone: run {later.run} changed it later; undo that first"

    def test_it_is_gone(self, crm: Any, ledger: Ledger, done: Any) -> None:
        del crm.state.deals["1"]
        assert self.spared(crm, ledger, done.run) == "left alone: it is not there any more"

    def test_people_have_decided(self, crm: Any, ledger: Ledger, done: Any) -> None:
        (number,) = [task.id for task in crm.state.tasks.values() if task.title == "approve 1"]
        crm.state.tasks[number] = crm.state.tasks[number].model_copy(update={"state": TaskState.REJECTED})
        assert self.spared(crm, ledger, done.run) == "left alone: task approve 1 is decided already"

    def test_a_person_steps_in_between_plan_and_undo(
        self, crm: Any, ledger: Ledger, done: Any, fakes: Any
    ) -> None:
        plan = plan_undo(done.run, crm, ledger)
        crm.person_sets("2", stage="won")
        result = plan.apply()
        assert result.counts == {"done": 2, "changed": 1}
        assert crm.state.deals["2"].stage.key == "won"


class TestPartly:
    def test_a_task_that_was_cancelled_already_is_not_cancelled_again(
        self, crm: Any, ledger: Ledger, done: Any
    ) -> None:
        for number, task in crm.state.tasks.items():
            crm.state.tasks[number] = task.model_copy(update={"state": TaskState.CANCELLED})
        undo(done.run, crm, ledger)
        assert crm.effects("state") == []
        assert memory_of(ledger, crm, ONE).last("approve") is None

    def test_a_write_that_took_effect_in_part_is_undone_in_that_part(
        self, crm: Any, ledger: Ledger, recipe: Any, fakes: Any, clock: ManualClock
    ) -> None:
        crm.faults.append(fakes.Fault("deals.update", refused=("label", "stage")))
        run = recipe.plan(crm, memory=ledger).apply().run
        clock.advance(hours=1)
        plan = plan_undo(run, crm, ledger, entities=[ONE])
        assert plan.items[0].actions[0].changes.model_dump(exclude_unset=True) == {
            "assignees": ({"kind": "user", "id": "4", "name": "Ann"},),
            "fields": {"previous": None, "until": None},
        }
        assert plan.apply().counts == {"done": 1}
        assert crm.state.deals["1"].fields == {}

    def test_notices_alone_restart_the_clock(
        self, crm: Any, ledger: Ledger, fakes: Any, clock: ManualClock
    ) -> None:
        run = fakes.Careful(fakes.IdleSettings(steps=("warn",))).plan(crm, memory=ledger).apply().run
        clock.advance(hours=1)
        sent = crm.requests_sent()
        assert undo(run, crm, ledger).counts == {"done": 3}
        assert crm.requests_sent() == sent  # nothing to look at, nothing to write
        memory = memory_of(ledger, crm, ONE)
        assert ([e.step for e in memory.effects], [e.step for e in memory.undone]) == (["undone"], ["warn"])
        assert plan_undo(run, crm, ledger).verdicts() == {"nothing": 3}

    def test_what_only_failed_needs_no_undo(self, crm: Any, ledger: Ledger, fakes: Any) -> None:
        crm.faults.append(fakes.Fault("deals.update", ValidationError("no"), times=3))
        run = fakes.Careful(fakes.IdleSettings(steps=("return",))).plan(crm, memory=ledger).apply().run
        assert plan_undo(run, crm, ledger).verdicts() == {"nothing": 3}

    def test_first_it_must_be_known_what_happened(
        self, crm: Any, ledger: Ledger, recipe: Any, fakes: Any
    ) -> None:
        crm.faults.append(fakes.lost("deals.update", taken=False, times=2))
        run = recipe.plan(crm, memory=ledger).apply().run
        plan = plan_undo(run, crm, ledger)
        assert plan.verdicts() == {"undo": 2, "unsettled": 1}
        assert plan.items[-1].reason.render("en").endswith(f"crmkit runs retry {run}")


class TestMovedTask:
    @pytest.fixture
    def run(self, crm: Any, ledger: Ledger, fakes: Any, clock: ManualClock) -> str:
        run = fakes.Careful(fakes.IdleSettings(steps=("close",))).plan(crm, memory=ledger).apply().run
        clock.advance(hours=1)
        return str(run)

    def test_it_goes_back(self, crm: Any, ledger: Ledger, run: str) -> None:
        assert undo(run, crm, ledger).counts == {"done": 3}
        assert {task.state for task in crm.state.tasks.values()} == {TaskState.OPEN}

    def test_it_is_left_where_a_person_has_put_it(self, crm: Any, ledger: Ledger, run: str) -> None:
        crm.state.tasks["51"] = crm.state.tasks["51"].model_copy(update={"state": TaskState.REJECTED})
        plan = plan_undo(run, crm, ledger)
        assert plan.verdicts() == {"undo": 2, "spared": 1}
        assert plan.items[-1].reason.render("en") == "left alone: task call 1 is decided already"

    def test_it_is_gone(self, crm: Any, ledger: Ledger, run: str) -> None:
        del crm.state.tasks["51"]
        assert undo(run, crm, ledger).counts == {"done": 3}


class TestSafety:
    def test_a_lost_answer_is_settled(self, crm: Any, ledger: Ledger, done: Any, fakes: Any) -> None:
        crm.faults += [
            fakes.lost("deals.update", taken=True),
            fakes.lost("deals.update", taken=False, after=1),
            fakes.lost("tasks.set_state", taken=True),
            fakes.lost("tasks.set_state", taken=False, after=1),
        ]
        assert undo(done.run, crm, ledger).counts == {"done": 3}
        assert (len(crm.effects("update")), len(crm.effects("state"))) == (6, 3)

    @pytest.mark.parametrize("go_on", ["resume", "undo again", "apply the recipe"])
    def test_an_undo_that_was_stopped_is_finished(
        self, crm: Any, ledger: Ledger, recipe: Any, done: Any, fakes: Any, go_on: str
    ) -> None:
        crm.faults.append(fakes.Fault("deals.update", TransportError("no route"), after=1))
        stopped = undo(done.run, crm, ledger)
        assert stopped.counts == {"done": 1, "begun": 1, "planned": 1}
        ways: dict[str, Callable[[], Any]] = {
            "resume": lambda: resume(stopped.run, None, crm, ledger),
            "undo again": lambda: undo(done.run, crm, ledger),
            "apply the recipe": lambda: recipe.plan(crm, memory=ledger).apply(),
        }
        ways[go_on]()
        (task,) = [task for task in crm.state.tasks.values() if task.title == "approve 2"]
        assert (task.state, crm.state.deals["2"].stage.key) == (TaskState.CANCELLED, "talks")
        assert memory_of(ledger, crm, TWO).count("undone") == 1
        undone = [r for r in ledger.journal.of_run(done.run, TWO) if r.status is ActionStatus.UNDONE]
        assert [record.step for record in undone] == ["warn", "return", "approve", "note"]

    def test_a_run_that_was_broken_off_is_not_finished_after_its_undo(
        self, crm: Any, ledger: Ledger, fakes: Any, clock: ManualClock
    ) -> None:
        recipe = fakes.Careless(fakes.IdleSettings(steps=("return", "approve"), cap=0))
        crm.faults.append(fakes.Fault("tasks.create", TransportError("no route")))
        uncapped = fakes.Careless(fakes.IdleSettings(steps=("return", "approve")))
        stopped = uncapped.plan(crm, memory=ledger).apply()
        clock.advance(hours=1)
        assert undo(stopped.run, crm, ledger).counts == {"done": 1}
        clock.advance(hours=1)
        result = recipe.plan(crm, memory=ledger).apply()
        assert [str(item.status) for item in result.earlier] == ["changed"]
        assert crm.effects("task") == []


def test_an_undo_cannot_be_undone(crm: Any, ledger: Ledger, done: Any) -> None:
    run = undo(done.run, crm, ledger).run
    with pytest.raises(ConfigurationError, match=r"is an undo itself .*crmkit apply careful"):
        plan_undo(run, crm, ledger)


def test_it_belongs_to_its_portal(
    crm: Any, ledger: Ledger, done: Any, fakes: Any, clock: ManualClock
) -> None:
    other = fakes.portal(clock)
    other.portal = "fake:elsewhere"
    with pytest.raises(PlanStale, match="was on fake:portal"):
        plan_undo(done.run, other, ledger)


def test_a_run_that_does_not_exist(crm: Any, ledger: Ledger) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no run abc .*crmkit runs list"):
        plan_undo("abc", crm, ledger)


def test_a_minute_old_touch_counts_rather_than_overwriting_it(
    crm: Any, ledger: Ledger, recipe: Any, fakes: Any, clock: ManualClock
) -> None:
    clock.sleep(30)
    run = recipe.plan(crm, memory=ledger).apply().run
    crm.state.history["1"].insert(
        0,
        fakes.Activity(  # after ours, but the portal keeps minutes only
            id="900",
            at=fakes.START,
            kind=fakes.ActivityKind.COMMENT,
            author_kind=fakes.AuthorKind.CLIENT,
        ),
    )
    clock.sleep(timedelta(minutes=5).total_seconds())
    plan = plan_undo(run, crm, ledger)
    assert plan.verdicts() == {"undo": 2, "spared": 1}
    assert "somebody works on it" in plan.items[-1].reason.render("en")
