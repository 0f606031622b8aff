"""Lost answers, queued writes, halves: what came of a write is found out, never guessed, never repeated."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crmkit.clock import ManualClock
from crmkit.crm.models import Ref, TaskState
from crmkit.exceptions import OutcomeUnknown, ServerError, TransportError, Unsupported
from crmkit.runtime.executor import finish_leftovers, resume
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.performer import IN_FLIGHT
from crmkit.runtime.records import ActionStatus, RunStatus

ONE = Ref(kind="deal", id="1")
WRITES = {
    "warn": "comments.add",
    "remark": "comments.add",
    "return": "deals.update",
    "approve": "tasks.create",
    "close": "tasks.set_state",
}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def crm(clock: ManualClock, fakes: Any) -> Any:
    return fakes.portal(clock, deals=1)


def recipe_of(fakes: Any, *steps: str) -> Any:
    return fakes.Careful(fakes.IdleSettings(steps=steps))


def only(result: Any) -> Any:
    (item,) = result.items
    return item


def status(result: Any) -> str:
    return str(only(result).status)


class TestLostAnswers:
    @pytest.mark.parametrize(("step", "call"), WRITES.items())
    def test_the_write_happened_although_no_answer_came(
        self, crm: Any, ledger: Ledger, fakes: Any, step: str, call: str
    ) -> None:
        crm.faults.append(fakes.lost(call, taken=True))
        result = recipe_of(fakes, step).plan(crm, memory=ledger).apply()
        assert (status(result), len(crm.effects())) == ("done", 1)
        (effect,) = ledger.recall(crm.portal, "careful", [ONE])[ONE].effects
        assert bool(effect.remote_id) == (step in ("warn", "remark", "approve"))

    @pytest.mark.parametrize(("step", "call"), WRITES.items())
    def test_the_write_did_not_happen_and_is_repeated_under_its_key(
        self, crm: Any, ledger: Ledger, fakes: Any, step: str, call: str, clock: ManualClock
    ) -> None:
        crm.faults.append(fakes.lost(call, taken=False))
        result = recipe_of(fakes, step).plan(crm, memory=ledger).apply()
        assert (status(result), len(crm.effects())) == ("done", 1)
        assert clock.now() - fakes.START >= IN_FLIGHT  # "not there" was not believed at once
        (record,) = ledger.journal.of_run(result.run)
        assert record.attempts == 2

    def test_a_server_error_of_a_write_is_a_lost_answer(self, crm: Any, ledger: Ledger, fakes: Any) -> None:
        crm.faults.append(fakes.Fault("comments.add", ServerError("HTTP 502"), taken=True))
        assert status(recipe_of(fakes, "warn").plan(crm, memory=ledger).apply()) == "done"
        assert len(crm.effects()) == 1

    @pytest.mark.parametrize(("step", "call"), WRITES.items())
    def test_it_is_repeated_once_only(
        self, crm: Any, ledger: Ledger, fakes: Any, step: str, call: str
    ) -> None:
        crm.faults.append(fakes.lost(call, taken=False, times=2))
        recipe = recipe_of(fakes, step)
        result = recipe.plan(crm, memory=ledger).apply()
        assert (status(result), result.exit_code, crm.calls.count(call)) == ("unknown", 1, 2)
        assert ledger.recall(crm.portal, "careful", [ONE])[ONE].unsettled == (f"careful:1:1:{step}",)
        assert recipe.plan(crm, memory=ledger).to_do == ()  # the recipe waits
        assert status(resume(result.run, recipe, crm, ledger)) == "done"
        assert len(crm.effects()) == 1

    def test_a_write_that_arrives_late_is_found(
        self, crm: Any, ledger: Ledger, fakes: Any, clock: ManualClock
    ) -> None:
        crm.faults.append(fakes.lost("comments.add", taken=False))
        looks: list[int] = []

        def arrive(call: str) -> None:  # the portal was still working on it when we first looked
            if call == "comments.find_own":
                looks.append(1)
                if len(looks) == 2:
                    crm.faults.clear()
                    crm.comments.add(ONE, "warn on 18.03.2025 09:00", key="careful:1:1:warn")

        crm.on_call = arrive
        assert status(recipe_of(fakes, "warn").plan(crm, memory=ledger).apply()) == "done"
        assert len(crm.effects()) == 1

    def test_a_person_who_was_faster_wins(self, crm: Any, ledger: Ledger, fakes: Any) -> None:
        crm.faults.append(fakes.lost("deals.update", taken=False))
        clicked: list[int] = []

        def click(call: str) -> None:
            if call == "deals.get" and crm.calls.count("deals.update") and not clicked:
                clicked.append(1)
                crm.person_sets("1", stage="won")

        crm.on_call = click
        result = recipe_of(fakes, "return").plan(crm, memory=ledger).apply()
        assert status(result) == "changed"
        assert "a person changed stage" in only(result).message.render("en")
        assert crm.state.deals["1"].stage.key == "won"

    def test_a_person_who_moved_the_task_wins(self, crm: Any, ledger: Ledger, fakes: Any) -> None:
        crm.faults.append(fakes.lost("tasks.set_state", taken=False))
        moved = {"state": TaskState.REJECTED}

        def move(call: str) -> None:
            if call == "tasks.get" and crm.calls.count("tasks.set_state"):
                crm.state.tasks["51"] = crm.state.tasks["51"].model_copy(update=moved)

        crm.on_call = move
        result = recipe_of(fakes, "close").plan(crm, memory=ledger).apply()
        assert status(result) == "changed"
        assert "the task is rejected" in only(result).message.render("en")

    def test_two_notes_of_one_text_are_not_taken_for_each_other(
        self, crm: Any, ledger: Ledger, fakes: Any
    ) -> None:
        crm.keys_come_back = False
        recipe = recipe_of(fakes, "warn", "warn2")
        action = recipe.action
        recipe.action = lambda *given: action(*given).model_copy(update={"text": "the same"})
        crm.faults.append(fakes.lost("comments.add", taken=False, after=1))
        result = recipe.plan(crm, memory=ledger).apply()
        assert [a.status for a in only(result).actions] == [ActionStatus.DONE, ActionStatus.UNKNOWN]
        assert "is another effect's" in only(result).message.render("en")
        assert len(crm.effects()) == 1

    def test_where_nothing_can_be_looked_up_a_person_has_to(
        self, crm: Any, ledger: Ledger, fakes: Any
    ) -> None:
        crm.faults.append(fakes.lost("comments.add", taken=True))
        crm.faults.append(fakes.Fault("comments.find_own", Unsupported("fake", "comments"), times=9))
        recipe = recipe_of(fakes, "warn", "return")
        result = recipe.plan(crm, memory=ledger).apply()
        assert status(result) == "unknown"
        assert status(resume(result.run, recipe, crm, ledger)) == "unknown"
        assert crm.effects() == [("comment", "1 warn on 18.03.2025 09:00")]
        ledger.settle_by_hand(crm.portal, "careful:1:1:warn", happened=True, at=crm.clock.now())
        assert status(resume(result.run, recipe, crm, ledger)) == "done"
        assert [kind for kind, _ in crm.effects()] == ["comment", "update"]

    def test_several_candidates_are_no_proof(self, crm: Any, ledger: Ledger, fakes: Any) -> None:
        crm.faults.append(fakes.lost("tasks.create", taken=True))
        crm.faults.append(fakes.Fault("tasks.find_by_key", OutcomeUnknown("two tasks could be it"), times=9))
        result = recipe_of(fakes, "approve").plan(crm, memory=ledger).apply()
        assert (status(result), len(crm.effects())) == ("unknown", 1)

    def test_the_network_dies_right_after_the_write(self, crm: Any, ledger: Ledger, fakes: Any) -> None:
        crm.faults.append(fakes.lost("comments.add", taken=True))
        crm.faults.append(fakes.Fault("comments.find_own", TransportError("no route")))
        recipe = recipe_of(fakes, "warn", "return")
        result = recipe.plan(crm, memory=ledger).apply()
        assert (result.status, status(result)) == (RunStatus.STOPPED, "begun")
        (record,) = ledger.journal.of_run(result.run)
        assert record.status is ActionStatus.UNKNOWN
        assert status(resume(result.run, recipe, crm, ledger)) == "done"
        assert [kind for kind, _ in crm.effects()] == ["comment", "update"]


class TestBrokenOff:
    """The process died while it wrote a notice, which arrived."""

    @pytest.fixture
    def run(self, crm: Any, ledger: Ledger, fakes: Any) -> str:
        crm.faults.append(fakes.Fault("comments.add", KeyboardInterrupt(), taken=True))
        with pytest.raises(KeyboardInterrupt):
            recipe_of(fakes, "warn").plan(crm, memory=ledger).apply()
        return next(ledger.runs.list()).id

    def test_it_is_found(self, crm: Any, ledger: Ledger, fakes: Any, run: str) -> None:
        assert status(resume(run, recipe_of(fakes, "warn"), crm, ledger)) == "done"
        assert len(crm.effects()) == 1

    def test_the_portal_cannot_be_asked_now(self, crm: Any, ledger: Ledger, fakes: Any, run: str) -> None:
        crm.faults.append(fakes.Fault("comments.find_own", TransportError("no route")))
        stopped = resume(run, recipe_of(fakes, "warn"), crm, ledger)
        assert (stopped.status, status(stopped)) == (RunStatus.STOPPED, "begun")
        assert status(resume(run, recipe_of(fakes, "warn"), crm, ledger)) == "done"

    def test_the_portal_does_not_say(self, crm: Any, ledger: Ledger, fakes: Any, run: str) -> None:
        crm.faults.append(fakes.Fault("comments.find_own", ServerError("HTTP 500")))
        result = resume(run, recipe_of(fakes, "warn"), crm, ledger)
        assert status(result) == "unknown"
        assert "could not be looked for: HTTP 500" in only(result).message.render("en")
        assert status(resume(run, recipe_of(fakes, "warn"), crm, ledger)) == "done"
        assert len(crm.effects()) == 1


class TestQueuedWrites:
    def test_it_becomes_visible_in_time(
        self, crm: Any, ledger: Ledger, fakes: Any, clock: ManualClock
    ) -> None:
        crm.faults.append(fakes.Fault("deals.update", queued=2))
        result = recipe_of(fakes, "return").plan(crm, memory=ledger).apply()
        assert (status(result), crm.calls.count("deals.update")) == ("done", 1)
        assert clock.now() - fakes.START == timedelta(seconds=3)  # 1 + 2

    def test_the_next_run_settles_what_became_visible_later(
        self, crm: Any, ledger: Ledger, fakes: Any, clock: ManualClock
    ) -> None:
        crm.faults.append(fakes.Fault("deals.update", queued=20))
        recipe = recipe_of(fakes, "return", "approve")
        first = recipe.plan(crm, memory=ledger).apply()
        assert (status(first), first.exit_code) == ("pending", 0)
        assert crm.effects("task") == []  # what follows waits for it
        for _ in range(20):
            crm._move_queue()
        clock.advance(hours=1)
        result = recipe.plan(crm, memory=ledger).apply()
        assert [item.status for item in result.earlier] == ["done"]
        assert crm.effects() == [("update", "1"), ("task", "approve 1")]
        assert ledger.runs.get(first.run).counts == {"done": 1}

    def test_what_the_portal_forgot_is_done_again(
        self, crm: Any, ledger: Ledger, fakes: Any, clock: ManualClock
    ) -> None:
        crm.faults.append(fakes.Fault("deals.update", queued=-1))
        recipe = recipe_of(fakes, "return")
        first = recipe.plan(crm, memory=ledger).apply()
        clock.advance(hours=1)
        assert recipe.plan(crm, memory=ledger).to_do == ()
        assert status(resume(first.run, recipe, crm, ledger)) == "done"
        assert crm.effects() == [("update", "1")]

    def test_a_queued_task_that_never_appears_is_for_a_person(
        self, crm: Any, ledger: Ledger, fakes: Any, clock: ManualClock
    ) -> None:
        crm.faults.append(fakes.Fault("tasks.create", queued=-1))
        recipe = recipe_of(fakes, "approve")
        run = recipe.plan(crm, memory=ledger).apply().run
        clock.advance(minutes=10)
        assert status(resume(run, recipe, crm, ledger)) == "pending"
        clock.advance(hours=1)
        result = resume(run, recipe, crm, ledger)
        assert (status(result), crm.calls.count("tasks.create")) == ("unknown", 1)

    def test_an_accepted_write_that_cannot_be_read_back_is_settled_later(
        self, crm: Any, ledger: Ledger, fakes: Any
    ) -> None:
        crm.faults.append(fakes.Fault("deals.get", TransportError("no route"), after=1))
        recipe = recipe_of(fakes, "return")
        result = recipe.plan(crm, memory=ledger).apply()
        assert result.status is RunStatus.STOPPED
        (record,) = ledger.journal.of_run(result.run)
        assert record.status is ActionStatus.PENDING
        again = resume(result.run, recipe, crm, ledger)
        assert (again.status, crm.effects()) == (RunStatus.DONE, [("update", "1")])
        assert ledger.runs.get(result.run).counts == {"done": 1}


class TestPartialWrites:
    def test_what_was_refused_is_listed_and_tried_again_as_it_was_planned(
        self, crm: Any, ledger: Ledger, fakes: Any
    ) -> None:
        crm.faults.append(fakes.Fault("deals.update", refused=("label", "stage")))
        recipe = recipe_of(fakes, "return")
        first = recipe.plan(crm, memory=ledger).apply()
        assert status(first) == "failed"
        assert "label: refused; stage: refused" in only(first).message.render("en")
        (record,) = ledger.journal.of_run(first.run)
        assert set(record.after) == {"assignees", "previous", "until"}
        assert status(resume(first.run, recipe, crm, ledger)) == "done"
        effect = ledger.recall(crm.portal, "careful", [ONE])[ONE].last("return")
        assert (effect.before["stage"], effect.before["assignees"]) == (
            "2",
            (fakes.ANN,),
        )  # before both tries
        assert effect.after["previous"] == fakes.ANN

    def test_a_person_who_mends_a_half_written_deal_is_not_overwritten(
        self, crm: Any, ledger: Ledger, fakes: Any
    ) -> None:
        crm.faults.append(fakes.Fault("deals.update", refused=("label", "stage")))
        recipe = recipe_of(fakes, "return")
        first = recipe.plan(crm, memory=ledger).apply()
        crm.person_sets("1", assignees=(fakes.BOB,), fields={"busy": True})
        assert status(resume(first.run, recipe, crm, ledger)) == "changed"
        assert crm.state.deals["1"].assignees == (fakes.BOB,)

    def test_a_swallowed_write_is_a_failure(self, crm: Any, ledger: Ledger, fakes: Any) -> None:
        crm.faults.append(fakes.Fault("deals.update", silent=True))
        result = recipe_of(fakes, "return").plan(crm, memory=ledger).apply()
        assert status(result) == "failed"
        assert "did not take effect: not changed: stage" in only(result).message.render("en")

    def test_a_task_created_in_part_is_never_created_again(
        self, crm: Any, ledger: Ledger, fakes: Any
    ) -> None:
        crm.faults.append(fakes.Fault("tasks.create", refused=("deadline",)))
        recipe = recipe_of(fakes, "approve", "note")
        result = recipe.plan(crm, memory=ledger).apply()
        assert status(result) == "failed"
        assert "deadline: refused" in only(result).message.render("en")
        assert status(resume(result.run, recipe, crm, ledger)) == "done"
        assert crm.effects() == [("task", "approve 1")]


class TestLeftovers:
    def test_they_are_finished_before_a_plan_is_made(self, crm: Any, ledger: Ledger, fakes: Any) -> None:
        crm.faults.append(fakes.Fault("comments.add", KeyboardInterrupt(), taken=True))
        recipe = recipe_of(fakes, "warn", "return")
        with pytest.raises(KeyboardInterrupt):
            recipe.plan(crm, memory=ledger).apply()
        result = finish_leftovers(recipe, crm, ledger)
        assert [str(item.status) for item in result.earlier] == ["done"]
        assert recipe.plan(crm, memory=ledger).to_do == ()
        assert [kind for kind, _ in crm.effects()] == ["comment", "update"]

    def test_without_any_nothing_is_begun(self, crm: Any, ledger: Ledger, fakes: Any) -> None:
        assert finish_leftovers(recipe_of(fakes, "warn"), crm, ledger) is None
        assert (list(ledger.runs.list()), crm.calls) == ([], [])
