"""Applying a plan: what is done, what is left alone, what is written down."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crmkit.automation.memory import NoMemory
from crmkit.automation.plan import Plan
from crmkit.clock import ManualClock
from crmkit.crm.models import Ref
from crmkit.exceptions import (
    ConfigurationError,
    PlanStale,
    QuotaExhausted,
    RunInProgress,
    ServerError,
    TransportError,
    ValidationError,
)
from crmkit.runtime.executor import apply, resume
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.records import ActionStatus, ItemStatus, RunStatus

ONE, TWO, THREE = (Ref(kind="deal", id=str(n)) for n in (1, 2, 3))


@pytest.fixture
def url(tmp_path: Path) -> str:
    """These are about applying, not about databases: SQLite is enough."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def recipe(fakes: Any) -> Any:
    return fakes.Careful(fakes.IdleSettings())


def statuses(result: Any) -> list[str]:
    return [str(item.status) for item in result.items]


def shown(item: Any) -> str:
    return item.message.render("en")


def actions_of(ledger: Ledger, run: str) -> dict[str, Any]:
    return {record.key: record for record in ledger.journal.of_run(run)}


class TestDoing:
    def test_each_effect_happens_once_and_is_remembered(self, crm: Any, ledger: Ledger, recipe: Any) -> None:
        result = recipe.plan(crm, memory=ledger).apply()
        assert (result.status, result.exit_code, result.counts) == (RunStatus.DONE, 0, {"done": 3})
        assert Counter(kind for kind, _ in crm.effects()) == {"update": 3, "comment": 3, "task": 3}
        memory = ledger.recall(crm.portal, "careful", [ONE])[ONE]
        assert [effect.step for effect in memory.effects] == ["warn", "return", "approve", "note"]
        assert recipe.plan(crm, memory=ledger).to_do == ()

    def test_the_order_is_that_of_the_recipe(self, crm: Any, ledger: Ledger, recipe: Any) -> None:
        recipe.plan(crm, memory=ledger).apply()
        assert [kind for kind, _ in crm.effects()][:3] == ["comment", "update", "task"]

    def test_before_and_after_images_are_what_was_there(
        self, crm: Any, ledger: Ledger, recipe: Any, fakes: Any
    ) -> None:
        crm.state.deals["1"] = fakes.deal(1, assignees=(fakes.ANN, fakes.BOB))
        recipe.plan(crm, memory=ledger).apply()
        effect = ledger.recall(crm.portal, "careful", [ONE])[ONE].last("return")
        assert effect.before == {
            "stage": "2",
            "assignees": (fakes.ANN, fakes.BOB),
            "previous": None,
            "label": None,
            "until": None,
        }
        assert effect.after["previous"] == fakes.ANN
        assert effect.after["label"] == ("free",)
        assert effect.after["until"] == date(2025, 4, 1)
        assert effect.restoring().assignees == (fakes.ANN, fakes.BOB)

    def test_what_is_created_is_known_by_its_id(self, crm: Any, ledger: Ledger, recipe: Any) -> None:
        recipe.plan(crm, memory=ledger).apply()
        memory = ledger.recall(crm.portal, "careful", [ONE])[ONE]
        assert crm.state.tasks[memory.last("approve").remote_id].title == "approve 1"
        assert memory.last("warn").remote_id == crm.state.comments[0][1].id

    def test_facts_come_back_as_they_went_in(
        self, crm: Any, ledger: Ledger, recipe: Any, fakes: Any, clock: ManualClock
    ) -> None:
        recipe.plan(crm, memory=ledger).apply()
        data = ledger.recall(crm.portal, "careful", [ONE])[ONE].last("warn").data
        assert data == {"seen": fakes.START, "who": (fakes.ANN,)}

    def test_the_same_plan_does_nothing_twice(self, crm: Any, ledger: Ledger, recipe: Any) -> None:
        plan = recipe.plan(crm, memory=ledger)
        first = plan.apply()
        log = list(crm.state.log)
        second = plan.apply()
        assert crm.state.log == log
        assert statuses(second) == ["nothing"] * 3
        assert first.run in shown(second.items[0])

    def test_a_plan_from_a_file_means_the_same(self, crm: Any, ledger: Ledger, recipe: Any) -> None:
        stored = recipe.plan(crm, memory=ledger).model_dump_json()
        result = apply(Plan.model_validate_json(stored), recipe, crm, ledger)
        assert statuses(result) == ["done"] * 3

    def test_the_language_is_that_of_the_plan(
        self, crm: Any, ledger: Ledger, recipe: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[str] = []
        observe = recipe.observe
        monkeypatch.setattr(
            recipe, "observe", lambda ctx, entity: (seen.append(ctx.language), observe(ctx, entity))[1]
        )
        recipe.plan(crm, memory=ledger, language="en").apply()
        assert seen == ["en"] * 3

    def test_progress_is_told_item_by_item(self, crm: Any, ledger: Ledger, recipe: Any) -> None:
        seen: list[Any] = []
        result = recipe.plan(crm, memory=ledger).apply(on_item=seen.append)
        assert tuple(seen) == result.items

    def test_a_run_that_is_not_confirmed_writes_nothing(self, crm: Any, ledger: Ledger, recipe: Any) -> None:
        result = recipe.plan(crm, memory=ledger).apply(confirm=lambda plan: len(plan.to_do) > 3)
        assert (result.run, result.items, crm.effects()) == ("", (), [])
        assert list(ledger.runs.list()) == []


class TestStale:
    def test_a_person_was_faster(self, crm: Any, ledger: Ledger, recipe: Any) -> None:
        plan = recipe.plan(crm, memory=ledger)
        crm.person_sets("2", fields={"busy": True})
        result = plan.apply()
        assert statuses(result) == ["done", "changed", "done"]
        assert "idle since 2025-03-18" in shown(result.items[1])
        assert "busy" in shown(result.items[1])
        assert not [what for _, what in crm.effects() if what.startswith("2")]

    def test_what_would_be_written_has_changed(
        self, crm: Any, ledger: Ledger, recipe: Any, fakes: Any
    ) -> None:
        plan = recipe.plan(crm, memory=ledger)
        crm.state.deals["1"] = fakes.deal(1, assignees=(fakes.BOB,))  # the previous assignee is another now
        assert statuses(plan.apply()) == ["changed", "done", "done"]

    def test_times_inside_texts_may_move(
        self, crm: Any, ledger: Ledger, recipe: Any, clock: ManualClock
    ) -> None:
        plan = recipe.plan(crm, memory=ledger)
        clock.advance(days=1, hours=3)
        assert statuses(plan.apply()) == ["done"] * 3
        assert crm.state.comments[0][1].text == "warn on 19.03.2025 12:00"

    def test_it_is_gone(self, crm: Any, ledger: Ledger, recipe: Any) -> None:
        plan = recipe.plan(crm, memory=ledger)
        del crm.state.deals["3"]
        result = plan.apply()
        assert statuses(result) == ["done", "done", "changed"]
        assert "not there any more" in shown(result.items[2])

    def test_an_earlier_run_did_it_under_other_keys(self, crm: Any, ledger: Ledger, recipe: Any) -> None:
        plan = recipe.plan(crm, memory=ledger)
        other_keys = plan.model_copy(
            update={
                "items": tuple(
                    item.model_copy(
                        update={
                            "actions": tuple(a.model_copy(update={"key": a.key + "x"}) for a in item.actions)
                        }
                    )
                    for item in plan.items
                )
            }
        )
        plan.apply()
        log = list(crm.state.log)
        assert statuses(apply(other_keys, recipe, crm, ledger)) == ["nothing"] * 3
        assert crm.state.log == log

    @pytest.mark.parametrize(
        ("change", "what"),
        [
            ({"recipe": "other"}, "of other"),
            ({"portal": "fake:elsewhere"}, "for fake:elsewhere"),
            ({"settings": {"steps": ["warn"]}}, "settings"),
        ],
    )
    def test_a_plan_of_something_else_is_refused(
        self, crm: Any, ledger: Ledger, recipe: Any, change: dict[str, Any], what: str
    ) -> None:
        plan = recipe.plan(crm, memory=ledger).model_copy(update=change)
        with pytest.raises(PlanStale, match=what):
            apply(plan, recipe, crm, ledger)

    def test_without_a_ledger_nothing_is_applied(self, crm: Any, recipe: Any) -> None:
        with pytest.raises(ConfigurationError, match="ledger"):
            recipe.plan(crm, memory=NoMemory()).apply()


class TestDeferred:
    def test_what_waits_for_its_hour_is_not_done(
        self, crm: Any, ledger: Ledger, fakes: Any, clock: ManualClock
    ) -> None:
        recipe = fakes.Careful(fakes.IdleSettings(not_before=fakes.START + timedelta(hours=2)))
        plan = recipe.plan(crm, memory=ledger)
        result = plan.apply()
        assert (statuses(result), crm.effects()) == (["deferred"] * 3, [])
        assert shown(result.items[0]) == "deferred until 2025-03-18 14:00"  # in the portal's zone
        clock.advance(hours=2)
        assert statuses(plan.apply()) == ["done"] * 3

    def test_a_decision_may_turn_to_waiting(
        self, crm: Any, ledger: Ledger, recipe: Any, fakes: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = recipe.plan(crm, memory=ledger)
        decide = recipe.decide
        later = fakes.START + timedelta(days=1)
        monkeypatch.setattr(
            recipe, "decide", lambda *given: decide(*given).model_copy(update={"not_before": later})
        )
        assert (statuses(plan.apply()), crm.effects()) == (["deferred"] * 3, [])

    def test_the_daily_cap_holds_over_runs_and_ends_at_midnight_of_the_portal(
        self, crm: Any, ledger: Ledger, fakes: Any, clock: ManualClock
    ) -> None:
        recipe = fakes.Careful(fakes.IdleSettings(cap=2))
        plans = [recipe.plan(crm, memory=ledger) for _ in range(2)]
        assert statuses(plans[0].apply()) == ["done", "done", "deferred"]
        uncapped = plans[1].model_copy(
            update={
                "items": tuple(
                    item.model_copy(update={"actions": item.actions or item.deferred, "deferred": ()})
                    for item in plans[1].items
                )
            }
        )
        assert statuses(apply(uncapped, recipe, crm, ledger)) == ["nothing", "nothing", "deferred"]
        clock.advance(hours=11, minutes=59)  # 23:59 in Moscow
        assert recipe.plan(crm, memory=ledger).to_do == ()
        clock.advance(minutes=2)
        assert statuses(recipe.plan(crm, memory=ledger).apply()) == ["done"]


class TestFailures:
    def test_one_refused_item_does_not_stop_the_others(
        self, crm: Any, ledger: Ledger, recipe: Any, fakes: Any
    ) -> None:
        crm.faults.append(fakes.Fault("deals.update", ValidationError("the stage needs an amount"), after=1))
        result = recipe.plan(crm, memory=ledger).apply()
        assert (statuses(result), result.exit_code) == (["done", "failed", "done"], 1)
        assert "needs an amount" in shown(result.items[1])
        assert [a.status for a in result.items[1].actions] == [ActionStatus.DONE, ActionStatus.FAILED]
        assert crm.effects("task") == [("task", "approve 1"), ("task", "approve 3")]

    def test_a_retry_does_only_what_failed(self, crm: Any, ledger: Ledger, recipe: Any, fakes: Any) -> None:
        crm.faults.append(fakes.Fault("deals.update", ValidationError("no"), after=1))
        run = recipe.plan(crm, memory=ledger).apply().run
        before = len(crm.effects())
        again = resume(run, recipe, crm, ledger)
        assert (statuses(again), again.run) == (["done"], run)
        assert crm.effects()[before:] == [("update", "2"), ("task", "approve 2")]
        assert ledger.runs.get(run).counts == {"done": 3}
        assert actions_of(ledger, run)["careful:2:1:return"].attempts == 2

    def test_a_plan_can_go_on_with_its_run(self, crm: Any, ledger: Ledger, recipe: Any, fakes: Any) -> None:
        crm.faults.append(fakes.Fault("deals.update", TransportError("no route")))
        plan = recipe.plan(crm, memory=ledger)
        run = plan.apply().run
        result = plan.apply(resume=run)
        assert (result.run, statuses(result)) == (run, ["done"] * 3)
        assert len(list(ledger.runs.list())) == 1

    def test_an_entity_that_the_recipe_stumbles_over_fails_alone(
        self, crm: Any, ledger: Ledger, recipe: Any, fakes: Any
    ) -> None:
        plan = recipe.plan(crm, memory=ledger)
        crm.state.deals["2"] = fakes.deal(2, assignees=())  # the recipe takes the first of them
        result = plan.apply()
        assert statuses(result) == ["done", "failed", "done"]
        assert "careful cannot judge deal:2: IndexError" in shown(result.items[1])

    def test_an_entity_that_cannot_be_read_fails_alone(
        self, crm: Any, ledger: Ledger, recipe: Any, fakes: Any
    ) -> None:
        crm.faults.append(fakes.Fault("deals.get", ServerError("HTTP 500"), after=0))
        assert statuses(recipe.plan(crm, memory=ledger).apply()) == ["failed", "done", "done"]

    @pytest.mark.parametrize(
        "error", [TransportError("no route"), QuotaExhausted("20000 used", retry_after=60.0)]
    )
    def test_an_unreachable_portal_stops_the_run_and_it_can_be_resumed(
        self, crm: Any, ledger: Ledger, recipe: Any, fakes: Any, error: Exception
    ) -> None:
        crm.faults.append(fakes.Fault("deals.update", error, after=1))
        plan = recipe.plan(crm, memory=ledger)
        result = plan.apply()
        assert (result.status, result.exit_code) == (RunStatus.STOPPED, 3)
        assert statuses(result) == ["done", "begun", "planned"]
        assert str(error) in result.error
        assert ledger.runs.get(result.run).status is RunStatus.STOPPED
        rest = resume(result.run, recipe, crm, ledger)
        assert statuses(rest) == ["done", "done"]
        assert Counter(kind for kind, _ in crm.effects()) == {"update": 3, "comment": 3, "task": 3}

    def test_what_a_stopped_run_left_half_done_is_finished_by_the_next_one(
        self, crm: Any, ledger: Ledger, fakes: Any
    ) -> None:
        recipe = fakes.Careless(fakes.IdleSettings(steps=("return", "approve")))
        crm.faults.append(fakes.Fault("tasks.create", TransportError("no route")))
        stopped = recipe.plan(crm, memory=ledger).apply()
        assert statuses(stopped) == ["begun", "planned", "planned"]
        result = recipe.plan(crm, memory=ledger).apply()
        assert [(str(i.entity), i.status, i.run) for i in result.earlier] == [("deal:1", "done", stopped.run)]
        assert statuses(result) == ["done", "done"]
        assert sorted(crm.effects("task")) == [("task", f"approve {n}") for n in (1, 2, 3)]

    def test_what_is_half_done_is_left_when_a_person_steps_in(
        self, crm: Any, ledger: Ledger, fakes: Any, clock: ManualClock
    ) -> None:
        recipe = fakes.Careless(fakes.IdleSettings(steps=("return", "approve")))
        crm.faults.append(fakes.Fault("tasks.create", TransportError("no route")))
        recipe.plan(crm, memory=ledger).apply()
        clock.advance(hours=1)
        crm.note("1", fakes.ActivityKind.COMMENT, fakes.BOB, human=True)
        result = recipe.plan(crm, memory=ledger).apply()
        assert [item.status for item in result.earlier] == [ItemStatus.CHANGED]
        assert sorted(crm.effects("task")) == [("task", "approve 2"), ("task", "approve 3")]

    def test_an_interrupt_keeps_the_state(self, crm: Any, ledger: Ledger, recipe: Any, fakes: Any) -> None:
        crm.faults.append(fakes.Fault("tasks.create", KeyboardInterrupt(), taken=True, after=1))
        with pytest.raises(KeyboardInterrupt) as caught:
            recipe.plan(crm, memory=ledger).apply()
        (run,) = ledger.runs.list()
        assert run.status is RunStatus.INTERRUPTED
        assert run.id in caught.value.__notes__[0]
        assert statuses(resume(run.id, recipe, crm, ledger)) == ["done", "done"]
        assert sorted(crm.effects("task")) == [("task", f"approve {n}") for n in (1, 2, 3)]

    def test_two_effects_cannot_share_a_key(
        self, crm: Any, ledger: Ledger, recipe: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        action = recipe.action
        monkeypatch.setattr(
            recipe,
            "action",
            lambda deal, step, *rest: action(deal, step, *rest).model_copy(update={"key": f"same:{deal.id}"}),
        )
        result = recipe.plan(crm, memory=ledger).apply()
        assert statuses(result) == ["failed"] * 3
        assert "belongs to another effect" in shown(result.items[0])


class TestLease:
    def test_runs_of_one_recipe_never_overlap(self, crm: Any, ledger: Ledger, recipe: Any) -> None:
        plan = recipe.plan(crm, memory=ledger)
        refused: list[RunInProgress] = []

        def start_another(_: Any) -> None:
            with pytest.raises(RunInProgress) as caught:
                plan.apply()
            refused.append(caught.value)

        result = plan.apply(on_item=start_another)
        assert statuses(result) == ["done"] * 3
        assert result.run in str(refused[0])

    def test_a_run_that_lost_its_lease_writes_nothing_more(
        self, crm: Any, ledger: Ledger, recipe: Any, clock: ManualClock
    ) -> None:
        plan = recipe.plan(crm, memory=ledger)
        taken_over: list[Any] = []

        def stall(_: Any) -> None:
            if not taken_over:
                clock.advance(minutes=20)  # this process slept; another one takes its place
                taken_over.append(recipe.plan(crm, memory=ledger).apply())

        with pytest.raises(RunInProgress, match="took over"):
            plan.apply(on_item=stall)
        assert Counter(kind for kind, _ in crm.effects()) == {"update": 3, "comment": 3, "task": 3}

    def test_other_recipes_are_not_kept_waiting(
        self, crm: Any, ledger: Ledger, recipe: Any, fakes: Any
    ) -> None:
        other = fakes.Careless(fakes.IdleSettings(steps=("warn",)))
        done: list[Any] = []
        recipe.plan(crm, memory=ledger).apply(
            on_item=lambda _: done.append(other.plan(crm, memory=ledger).apply())
        )
        assert [result.status for result in done] == [RunStatus.DONE] * 3


def test_moments_are_kept_in_utc(crm: Any, ledger: Ledger, recipe: Any, fakes: Any) -> None:
    recipe.plan(crm, memory=ledger).apply()
    (run,) = ledger.runs.list()
    assert (run.started_at, run.started_at.tzinfo) == (datetime(2025, 3, 18, 9, 0, tzinfo=UTC), UTC)
