"""New deals, cards, changed tasks, processes, spaces: done once, settled by looking, taken back."""

from __future__ import annotations

import importlib.util
import sys
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from crmkit.automation.actions import AddComment, created
from crmkit.automation.messages import Message
from crmkit.automation.show import plan_view
from crmkit.clock import ManualClock
from crmkit.crm.models import Person, Ref, TaskState
from crmkit.runtime.executor import resume
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.records import ActionStatus
from crmkit.runtime.rows import action_rows
from crmkit.runtime.undo import plan_undo, undo


def load(name: str) -> ModuleType:
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


rooms = load("fake_rooms")
fakes = rooms.fakes
ONE = Ref(kind="deal", id="1")
WRITES = {
    "deal": "deals.create",
    "card": "contacts.update",
    "space": "workspaces.create",
}
LASTS = timedelta(hours=1)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def crm(clock: ManualClock) -> Any:
    return rooms.full_portal(clock, deals=1)


def recipe_of(*steps: str, **settings: Any) -> Any:
    return rooms.Full(rooms.FullSettings(steps=steps or rooms.ALL_STEPS, **settings))


def only(result: Any) -> Any:
    (item,) = result.items
    return item


def status(result: Any) -> str:
    return str(only(result).status)


def new_deal(crm: Any) -> Any:
    (found,) = (deal for deal in crm.state.deals.values() if deal.key)
    return found


class TestDoing:
    def test_each_is_done_once_and_remembered_by_the_entity(self, crm: Any, ledger: Ledger) -> None:
        recipe = recipe_of()
        result = recipe.plan(crm, memory=ledger).apply()
        assert (status(result), result.exit_code) == ("done", 0)
        kinds = [kind for kind, _ in crm.effects()]
        assert kinds == ["deal", "update", "flow", "card", "task", "shift", "space"]
        memory = ledger.recall(crm.portal, "full", [ONE])[ONE]
        assert [effect.step for effect in memory.effects] == list(rooms.ALL_STEPS)
        assert recipe.plan(crm, memory=ledger).to_do == ()

    def test_what_points_at_a_new_thing_reaches_it(self, crm: Any, ledger: Ledger) -> None:
        result = recipe_of().plan(crm, memory=ledger).apply()
        deal = new_deal(crm)
        (task,) = (task for task in crm.state.tasks.values() if task.key)
        assert (deal.title, deal.stage.key, deal.amount) == ("new 1", "talks", Decimal(700))
        assert crm.rooms.started == [f"deal:{deal.id}"]
        assert (task.deal, task.deadline) == (deal.ref, rooms.DUE)
        assert {space for space, _ in crm.rooms.guests} == set(crm.rooms.spaces)
        rows = {row["step"]: row for row in action_rows(ledger, result.run, "en")}
        assert rows["deal"]["remote_id"] == deal.id
        assert (rows["deal"]["written"], rows["space"]["written"]) == ("new 1", "space 1")
        for record in ledger.journal.of_run(result.run):
            assert "@full" not in str(record.payload)  # the intent holds the real ids
            assert record.entity == ONE

    def test_images_of_cards_amounts_and_tasks(self, crm: Any, ledger: Ledger) -> None:
        crm.contacts.set("c1", {"why": "rude"})
        recipe_of().plan(crm, memory=ledger).apply()
        memory = ledger.recall(crm.portal, "full", [ONE])[ONE]
        assert memory.last("card").before == {"lost": None, "why": "rude"}
        assert memory.last("card").after == {"lost": True, "why": "price"}
        assert memory.last("shift").before == {"deadline": None}
        assert memory.last("move").before == {"stage": "1", "amount": None}
        assert memory.last("move").restoring().amount == Decimal(0)

    def test_a_plan_in_words(self, crm: Any, ledger: Ledger) -> None:
        plan = recipe_of().plan(crm, memory=ledger)
        for language in ("ru", "en"):
            paper = StringIO()
            Console(width=200, file=paper).print(plan_view(plan, language, 20))
            shown = paper.getvalue()
            for part in ("new 1", "lost → True", "space 1", "a@b.example", "01.04.2025"):
                assert part in shown, (language, part)

    def test_what_waits_for_something_that_is_not_there_fails_and_says_so(
        self, crm: Any, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        recipe = recipe_of("move")
        action = recipe.action
        stray = {"on": created("full:nobody:deal")}
        monkeypatch.setattr(recipe, "action", lambda *given: action(*given).model_copy(update=stray))
        result = recipe.plan(crm, memory=ledger).apply()
        assert (status(result), crm.effects()) == ("failed", [])
        assert "waits for what full:nobody:deal is to create" in only(result).message.render("en")
        assert list(ledger.journal.of_run(result.run)) == []

    def test_the_rest_is_still_the_plan_after_the_new_deal_has_an_id(
        self, crm: Any, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A recipe may point at the new deal by its id as soon as its memory tells that."""
        recipe = recipe_of("deal", "move")
        crm.faults.append(fakes.Fault("deals.update", fakes.Killed()))
        with pytest.raises(fakes.Killed):
            recipe.plan(crm, memory=ledger).apply()
        decide, action = recipe.decide, recipe.action

        def knowing(snapshot: Any, now: Any, memory: Any) -> Any:
            made = memory.last("deal")
            real = {"on": Ref(kind="deal", id=made.remote_id)} if made else {}
            recipe.action = lambda *given: action(*given).model_copy(update=real)
            return decide(snapshot, now, memory)

        monkeypatch.setattr(recipe, "decide", knowing)
        run = next(ledger.runs.list()).id
        assert status(resume(run, recipe, crm, ledger)) == "done"
        assert new_deal(crm).stage.key == "talks"


class TestLostAnswers:
    @pytest.mark.parametrize(("step", "call"), WRITES.items())
    @pytest.mark.parametrize("taken", [True, False])
    def test_it_is_found_or_done_again_under_its_key(
        self, crm: Any, ledger: Ledger, step: str, call: str, taken: bool
    ) -> None:
        crm.faults.append(fakes.lost(call, taken=taken))
        result = recipe_of(step).plan(crm, memory=ledger).apply()
        assert (status(result), len(crm.effects())) == ("done", 1)
        (record,) = ledger.journal.of_run(result.run)
        assert record.attempts == (1 if taken else 2)

    @pytest.mark.parametrize("taken", [True, False])
    def test_a_task_is_changed_once(self, crm: Any, ledger: Ledger, taken: bool) -> None:
        crm.faults.append(fakes.lost("tasks.update", taken=taken))
        result = recipe_of("deal", "task", "shift").plan(crm, memory=ledger).apply()
        assert (status(result), len(crm.effects("shift"))) == ("done", 1)

    @pytest.mark.parametrize("taken", [True, False])
    def test_an_invitation_is_simply_repeated(self, crm: Any, ledger: Ledger, taken: bool) -> None:
        crm.faults.append(fakes.lost("workspaces.invite", taken=taken))
        assert status(recipe_of("space", "invite").plan(crm, memory=ledger).apply()) == "done"
        assert len(crm.rooms.guests) == 1

    def test_a_person_who_changed_the_card_wins(self, crm: Any, ledger: Ledger) -> None:
        crm.faults.append(fakes.lost("contacts.update", taken=False))

        def click(call: str) -> None:
            if call == "contacts.get" and "contacts.update" in crm.calls:
                crm.contacts.set("c1", {"why": "my reason"})

        crm.on_call = click
        result = recipe_of("card").plan(crm, memory=ledger).apply()
        assert status(result) == "changed"
        assert crm.rooms.contacts["c1"].fields == {"why": "my reason"}


class TestLostStarts:
    """Nothing tells a start that never happened from a process that has ended already: no guessing."""

    def test_one_that_runs_is_found(self, crm: Any, ledger: Ledger) -> None:
        crm.faults.append(fakes.lost("workflows.start", taken=True))
        assert status(recipe_of("flow").plan(crm, memory=ledger).apply()) == "done"
        (effect,) = ledger.recall(crm.portal, "full", [ONE])[ONE].effects
        assert effect.remote_id in crm.rooms.flows

    @pytest.mark.parametrize("taken", [True, False])
    def test_one_that_does_not_run_is_for_a_person(self, crm: Any, ledger: Ledger, taken: bool) -> None:
        crm.processes_end_at_once = True
        crm.faults.append(fakes.lost("workflows.start", taken=taken))
        recipe = recipe_of("flow")
        result = recipe.plan(crm, memory=ledger).apply()
        assert (status(result), result.exit_code) == ("unknown", 1)
        assert "never started, or has ended already" in only(result).message.render("en")
        for _ in range(3):
            crm.clock.advance(hours=1)
            assert status(resume(result.run, recipe, crm, ledger)) == "unknown"
        assert crm.calls.count("workflows.start") == 1
        assert recipe.plan(crm, memory=ledger).to_do == ()
        ledger.settle_by_hand(crm.portal, "full:1:flow", happened=taken, at=crm.clock.now())
        resume(result.run, recipe, crm, ledger)
        assert len(crm.rooms.started) == 1

    def test_a_process_that_surely_lasts_is_started_again(self, crm: Any, ledger: Ledger) -> None:
        crm.faults.append(fakes.lost("workflows.start", taken=False))
        assert status(recipe_of("flow", lasts=LASTS).plan(crm, memory=ledger).apply()) == "done"
        assert len(crm.rooms.started) == 1

    def test_but_not_when_that_time_is_over(self, crm: Any, ledger: Ledger) -> None:
        recipe = recipe_of("flow", lasts=LASTS)
        crm.faults.append(fakes.Fault("workflows.start", fakes.Killed(), taken=True))
        with pytest.raises(fakes.Killed):
            recipe.plan(crm, memory=ledger).apply()
        crm.rooms.flows.clear()
        crm.clock.advance(hours=2)
        assert status(resume(next(ledger.runs.list()).id, recipe, crm, ledger)) == "unknown"
        assert len(crm.rooms.started) == 1

    @pytest.mark.parametrize(
        ("entity", "template", "minutes", "by"),
        [
            ("deal:1", "call", -3, None),  # before the intent, by the portal's clock
            ("deal:1", "call", 0, "4"),  # somebody else's
            ("deal:1", "other", 0, None),
            ("deal:2", "call", 0, None),
        ],
        ids=["before", "other-user", "other-template", "other-deal"],
    )
    def test_what_is_not_surely_ours_is_not_taken_for_ours(
        self, crm: Any, ledger: Ledger, entity: str, template: str, minutes: int, by: str | None
    ) -> None:
        crm.faults.append(fakes.lost("workflows.start", taken=False))
        kind, number = entity.split(":")
        crm.rooms.flows["w1"] = rooms.Workflow(
            id="w1", template="5", template_key=template, entity=Ref(kind=kind, id=number),
            started_at=crm.clock.now() + timedelta(minutes=minutes),
            started_by=Person(id=by) if by else rooms.ME,
        )  # fmt: skip
        assert status(recipe_of("flow").plan(crm, memory=ledger).apply()) == "unknown"
        assert crm.calls.count("workflows.start") == 1

    def test_two_of_them_cannot_be_told_apart(self, crm: Any, ledger: Ledger) -> None:
        crm.faults.append(fakes.lost("workflows.start", taken=True))
        recipe = recipe_of("flow")
        plan = recipe.plan(crm, memory=ledger)
        crm.rooms.flows["w1"] = rooms.Workflow(
            id="w1", template="5", template_key="call", entity=ONE, started_at=crm.clock.now()
        )
        result = plan.apply()
        assert "several such processes run" in only(result).message.render("en")

    def test_what_another_effect_started_is_not_ours(self, crm: Any, ledger: Ledger) -> None:
        first = recipe_of("flow", lasts=LASTS)
        first.plan(crm, memory=ledger).apply()
        crm.faults.append(fakes.lost("workflows.start", taken=False))

        class Other(type(first)):  # type: ignore[misc]
            name = "other"

        result = Other(first.settings).plan(crm, memory=ledger).apply()
        assert status(result) == "unknown"
        assert "is another effect's" in only(result).message.render("en")


class TestUndo:
    def test_all_that_can_be_is_taken_back(self, crm: Any, ledger: Ledger) -> None:
        crm.contacts.set("c1", {"why": "rude"})
        run = recipe_of().plan(crm, memory=ledger).apply().run
        crm.clock.advance(hours=1)
        plan = plan_undo(run, crm, ledger)
        shown = [line.render("en") for line in plan.items[0].evidence]
        assert [line.split(":")[0] for line in shown] == [
            "the process will be stopped, but what it has done stays",
            "stays in the portal",
            "cannot be unsent",
        ]
        assert status(plan.apply()) == "done"
        assert new_deal(crm).stage.key == "cancelled"
        assert crm.rooms.flows == {}
        assert crm.rooms.contacts["c1"].fields == {"why": "rude"}
        (task,) = (task for task in crm.state.tasks.values() if task.key)
        assert (task.state, task.deadline) == (TaskState.CANCELLED, None)
        memory = ledger.recall(crm.portal, "full", [ONE])[ONE]
        assert [effect.step for effect in memory.effects] == ["space", "undone"]  # the space stays
        assert undo(run, crm, ledger).items == ()

    def test_a_deal_that_can_go_nowhere_stays_and_counts_as_created(
        self, crm: Any, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = recipe_of("deal").plan(crm, memory=ledger).apply().run
        monkeypatch.setattr(crm, "pipelines", lambda: ())
        (item,) = plan_undo(run, crm, ledger).items
        assert (item.verdict, item.actions) == ("spared", ())
        assert "stays in the portal" in item.reason.render("en")
        assert recipe_of("deal").plan(crm, memory=ledger).to_do == ()

    def test_a_new_deal_that_a_person_works_on_is_left_alone(self, crm: Any, ledger: Ledger) -> None:
        run = recipe_of("deal", "flow").plan(crm, memory=ledger).apply().run
        crm.clock.advance(hours=1)
        crm.person_sets(new_deal(crm).id, fields={"busy": True})
        (item,) = plan_undo(run, crm, ledger).items
        assert (item.verdict, item.actions) == ("spared", ())
        assert "Bob" in item.reason.render("en")

    def test_a_card_that_a_person_changed_is_left_alone(self, crm: Any, ledger: Ledger) -> None:
        run = recipe_of("card").plan(crm, memory=ledger).apply().run
        crm.contacts.set("c1", {"why": "my reason"})
        (item,) = plan_undo(run, crm, ledger).items
        assert item.verdict == "spared"
        assert "changed since: why" in item.reason.render("en")

    def test_a_deadline_that_a_person_moved_is_left_alone(self, crm: Any, ledger: Ledger) -> None:
        run = recipe_of("deal", "task", "shift").plan(crm, memory=ledger).apply().run
        (task,) = (task for task in crm.state.tasks.values() if task.key)
        later = {"deadline": rooms.DUE + timedelta(days=3)}
        crm.state.tasks[task.id] = task.model_copy(update=later)
        (item,) = plan_undo(run, crm, ledger).items
        assert "changed since: deadline" in item.reason.render("en")

    def test_a_process_that_has_ended_is_said_to_have(self, crm: Any, ledger: Ledger) -> None:
        run = recipe_of("flow").plan(crm, memory=ledger).apply().run
        crm.rooms.flows.clear()
        (item,) = plan_undo(run, crm, ledger).items
        assert (item.verdict, item.actions) == ("spared", ())
        assert "has ended already" in item.reason.render("en")


def test_every_action_survives_a_file(crm: Any, ledger: Ledger) -> None:
    plan = recipe_of(lasts=LASTS).plan(crm, memory=ledger)
    again = type(plan).model_validate_json(plan.model_dump_json())
    assert again.items == plan.items
    assert again.bind(recipe_of(lasts=LASTS), crm, ledger).apply().counts == {"done": 1}


def test_statuses_of_all_effects_are_done(crm: Any, ledger: Ledger) -> None:
    run = recipe_of().plan(crm, memory=ledger).apply().run
    assert {record.status for record in ledger.journal.of_run(run)} == {ActionStatus.DONE}


def test_a_placeholder_is_more_than_an_at_sign(
    crm: Any, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts may hold anything."""
    recipe = recipe_of("card")
    note = AddComment(key="k", step="card", entity=ONE, reason=Message(key="test.done"), text="@k")
    monkeypatch.setattr(recipe, "action", lambda *_: note)
    assert status(recipe.plan(crm, memory=ledger).apply()) == "done"
    assert crm.state.comments[0][1].text == "@k"
