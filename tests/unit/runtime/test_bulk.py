"""Many items in one request: the same guarantees, few requests, few transactions."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import event

from crmkit.clock import ManualClock
from crmkit.crm.models import Ref
from crmkit.exceptions import OutcomeUnknown, TransportError, ValidationError
from crmkit.runtime.executor import resume
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.records import ActionStatus, ItemStatus, RunStatus


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
SIZE = 4
LASTS = timedelta(hours=1)
KINDS = {
    "deal": ("deals.create_many", "deals.find_by_key"),
    "move": ("deals.update_many", "deals.find"),
    "flow": ("workflows.start_many", "workflows.running"),
}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def crm(clock: ManualClock) -> Any:
    return rooms.full_portal(clock, deals=10, batch_size=SIZE)


def recipe_of(*steps: str, **settings: Any) -> Any:
    return rooms.Full(rooms.FullSettings(steps=steps, **settings))


def statuses(result: Any) -> list[str]:
    return [str(item.status) for item in result.items]


def lost(crm: Any, call: str, *, taken: bool, after: int = 0) -> None:
    crm.faults.append(fakes.lost(call, taken=taken, after=after))


def once(crm: Any, kind: str, count: int = 10) -> bool:
    """Tell whether every one of the effects of a kind happened exactly once."""
    done = Counter(what for _, what in crm.effects(kind))
    return len(done) == count and set(done.values()) == {1}


LOG = {"deal": "deal", "move": "update", "flow": "flow"}


class TestDoing:
    @pytest.mark.parametrize(("step", "calls"), KINDS.items())
    def test_a_chunk_is_one_look_one_request_and_a_few_transactions(
        self, crm: Any, ledger: Ledger, step: str, calls: tuple[str, str]
    ) -> None:
        plan = recipe_of(step).plan(crm, memory=ledger)
        crm.calls.clear()
        commits: list[int] = []
        event.listen(ledger._database.engine, "commit", lambda _: commits.append(1))
        result = plan.apply()
        assert statuses(result) == ["done"] * 10
        assert crm.calls.count(calls[0]) == 3  # 4 + 4 + 2
        looks = 2 if step == "move" else 1  # an update is read back
        assert crm.calls.count("deals.find") == 3 * looks
        assert set(crm.calls) == {calls[0], "deals.find"}
        assert once(crm, LOG[step])
        per_chunk = sum(commits) - 20  # begin, finish, settle: once per run
        assert per_chunk <= 3 * 8
        assert result.requests == len(crm.calls)

    def test_several_actions_of_an_item_go_in_waves(self, crm: Any, ledger: Ledger) -> None:
        result = recipe_of("deal", "move", "flow").plan(crm, memory=ledger).apply()
        assert statuses(result) == ["done"] * 10
        assert [len(item.actions) for item in result.items] == [3] * 10
        assert Counter(kind for kind, _ in crm.effects()) == {"deal": 10, "update": 10, "flow": 10}
        new = {deal.title: deal for deal in crm.state.deals.values() if deal.key}
        assert {deal.stage.key for deal in new.values()} == {"talks"}
        assert sorted(crm.rooms.started) == sorted(str(deal.ref) for deal in new.values())
        memory = ledger.recall(crm.portal, "full", [Ref(kind="deal", id="7")])[Ref(kind="deal", id="7")]
        assert memory.last("deal").remote_id == new["new 7"].id
        assert recipe_of("deal", "move", "flow").plan(crm, memory=ledger).to_do == ()

    def test_where_nothing_can_be_sent_together_each_goes_alone(
        self, clock: ManualClock, ledger: Ledger
    ) -> None:
        crm = rooms.full_portal(clock, deals=10, batch_size=1)
        assert statuses(recipe_of("deal").plan(crm, memory=ledger).apply()) == ["done"] * 10
        assert crm.calls.count("deals.create") == 10

    def test_what_does_not_fit_into_a_batch_goes_alone(self, crm: Any, ledger: Ledger) -> None:
        assert statuses(recipe_of("deal", "space").plan(crm, memory=ledger).apply()) == ["done"] * 10
        assert crm.calls.count("deals.create") == 10

    def test_progress_is_told_item_by_item_in_order(self, crm: Any, ledger: Ledger) -> None:
        seen: list[Any] = []
        result = recipe_of("deal").plan(crm, memory=ledger).apply(on_item=seen.append)
        assert tuple(seen) == result.items
        assert [item.entity.id for item in seen] == [str(n) for n in range(1, 11)]

    def test_an_undo_is_sent_together_too(self, crm: Any, ledger: Ledger) -> None:
        from crmkit.runtime.undo import undo

        run = recipe_of("move").plan(crm, memory=ledger).apply().run
        crm.clock.advance(hours=1)
        crm.calls.clear()
        assert statuses(undo(run, crm, ledger)) == ["done"] * 10
        assert crm.calls.count("deals.update_many") == 3
        assert {deal.amount for deal in crm.state.deals.values()} == {0}

    def test_a_plan_says_what_it_costs(self, crm: Any, clock: ManualClock, ledger: Ledger) -> None:
        assert recipe_of("flow").plan(crm, memory=ledger).estimate.requests == 3 * (2 + 1)
        assert recipe_of("deal", "move").plan(crm, memory=ledger).estimate.requests == 3 * (2 + 1 + 2)
        assert recipe_of("flow", "space").plan(crm, memory=ledger).estimate.requests == 10 * (2 + 1 + 1)
        alone = rooms.full_portal(clock, deals=10, batch_size=1)
        assert recipe_of("flow").plan(alone, memory=ledger).estimate.requests == 10 * (2 + 1)


class TestJudging:
    def test_each_is_judged_afresh(self, crm: Any, ledger: Ledger) -> None:
        plan = recipe_of("deal").plan(crm, memory=ledger)
        crm.person_sets("3", fields={"busy": True})
        del crm.state.deals["6"]
        result = plan.apply()
        assert [n for n, one in enumerate(statuses(result), start=1) if one == "changed"] == [3, 6]
        assert "not there any more" in result.items[5].message.render("en")
        assert len(crm.effects("deal")) == 8

    def test_one_that_the_recipe_stumbles_over_fails_alone(
        self, crm: Any, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        recipe = recipe_of("deal")
        plan = recipe.plan(crm, memory=ledger)
        decide = recipe.decide

        def stumble(snapshot: Any, *given: Any) -> Any:
            return decide(snapshot, *given) if snapshot.id != "2" else {}["x"]

        monkeypatch.setattr(recipe, "decide", stumble)
        result = plan.apply()
        assert Counter(statuses(result)) == {"done": 9, "failed": 1}
        assert "cannot judge deal:2: KeyError" in result.items[1].message.render("en")

    def test_the_daily_cap_holds_within_a_chunk(self, crm: Any, ledger: Ledger, clock: ManualClock) -> None:
        recipe = recipe_of("deal", cap=6)
        full = recipe.plan(crm, memory=ledger)
        uncapped = full.model_copy(
            update={
                "items": tuple(
                    item.model_copy(update={"actions": item.actions or item.deferred, "deferred": ()})
                    for item in full.items
                )
            }
        )
        assert statuses(uncapped.bind(recipe, crm, ledger).apply()) == ["done"] * 6 + ["deferred"] * 4
        clock.advance(days=1)
        assert statuses(recipe.plan(crm, memory=ledger).apply()) == ["done"] * 4

    def test_a_look_that_fails_for_all_is_repeated_for_each(
        self, crm: Any, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        recipe = recipe_of("deal")
        plan = recipe.plan(crm, memory=ledger)

        def refuse(*_: Any) -> Any:
            raise ValidationError("too many ids")

        monkeypatch.setattr(recipe, "observe_many", refuse)
        assert statuses(plan.apply()) == ["done"] * 10
        assert once(crm, "deal")

    def test_a_key_that_is_taken_fails_alone(self, crm: Any, ledger: Ledger) -> None:
        recipe = recipe_of("deal")
        action = recipe.action
        same = {"2": "full:1:deal"}
        recipe.action = lambda deal, step: action(deal, step).model_copy(
            update={"key": same.get(deal.id, f"full:{deal.id}:deal")}
        )
        result = recipe.plan(crm, memory=ledger).apply()
        assert Counter(statuses(result)) == {"done": 9, "failed": 1}
        assert "belongs to another effect" in result.items[1].message.render("en")
        assert once(crm, "deal", 9)


class TestFailures:
    @pytest.mark.parametrize(("step", "calls"), KINDS.items())
    def test_one_refused_part_fails_alone(
        self, crm: Any, ledger: Ledger, step: str, calls: tuple[str, str]
    ) -> None:
        crm.faults.append(fakes.Fault(f"{calls[0]}.part", ValidationError("no such stage"), after=2))
        recipe = recipe_of(step)
        result = recipe.plan(crm, memory=ledger).apply()
        assert Counter(statuses(result)) == {"done": 9, "failed": 1}
        assert "no such stage" in result.items[2].message.render("en")
        again = resume(result.run, recipe, crm, ledger)
        assert (statuses(again), once(crm, LOG[step])) == (["done"], True)

    @pytest.mark.parametrize("taken", [True, False])
    @pytest.mark.parametrize(("step", "calls"), KINDS.items())
    def test_a_lost_answer_is_settled_with_one_look(
        self, crm: Any, ledger: Ledger, step: str, calls: tuple[str, str], taken: bool
    ) -> None:
        lost(crm, calls[0], taken=taken, after=1)
        plan = recipe_of(step, lasts=LASTS).plan(crm, memory=ledger)
        crm.calls.clear()
        result = plan.apply()
        assert (statuses(result), once(crm, LOG[step])) == (["done"] * 10, True)
        assert crm.calls.count(calls[0]) == (3 if taken else 4)
        looks = crm.calls.count(calls[1]) - (6 if step == "move" else 0)
        assert looks <= 2

    def test_lost_starts_that_are_not_seen_are_listed_for_a_person(self, crm: Any, ledger: Ledger) -> None:
        lost(crm, "workflows.start_many", taken=False, after=1)
        recipe = recipe_of("flow")
        result = recipe.plan(crm, memory=ledger).apply()
        assert statuses(result) == ["done"] * 4 + ["unknown"] * 4 + ["done"] * 2
        assert result.exit_code == 1
        assert len(crm.rooms.started) == 6
        again = resume(result.run, recipe, crm, ledger)
        assert (statuses(again), len(crm.rooms.started)) == (["unknown"] * 4, 6)
        for n in (5, 6, 7, 8):
            ledger.settle_by_hand(crm.portal, f"full:{n}:flow", happened=False, at=crm.clock.now())
        assert statuses(resume(result.run, recipe, crm, ledger)) == ["done"] * 4
        assert once(crm, "flow")

    def test_one_part_without_an_answer(self, crm: Any, ledger: Ledger) -> None:
        lost(crm, "deals.create_many.part", taken=True, after=3)
        lost(crm, "deals.create_many.part", taken=False, after=5)
        result = recipe_of("deal").plan(crm, memory=ledger).apply()
        assert (statuses(result), once(crm, "deal")) == (["done"] * 10, True)

    def test_it_is_repeated_once_only(self, crm: Any, ledger: Ledger) -> None:
        crm.faults.append(fakes.lost("deals.create_many", taken=False, times=2))
        recipe = recipe_of("deal")
        result = recipe.plan(crm, memory=ledger).apply()
        assert statuses(result) == ["unknown"] * 4 + ["done"] * 6
        assert statuses(resume(result.run, recipe, crm, ledger)) == ["done"] * 4
        assert once(crm, "deal")

    @pytest.mark.parametrize(("step", "calls"), KINDS.items())
    def test_an_unreachable_portal_stops_the_run_and_it_goes_on(
        self, crm: Any, ledger: Ledger, step: str, calls: tuple[str, str]
    ) -> None:
        crm.faults.append(fakes.Fault(calls[0], TransportError("no route"), after=1))
        recipe = recipe_of(step)
        result = recipe.plan(crm, memory=ledger).apply()
        assert (result.status, result.exit_code) == (RunStatus.STOPPED, 3)
        assert statuses(result) == ["done"] * 4 + ["begun"] * 4 + ["planned"] * 2
        assert statuses(resume(result.run, recipe, crm, ledger)) == ["done"] * 6
        assert once(crm, LOG[step])

    def test_the_network_dies_right_after_a_lost_answer(self, crm: Any, ledger: Ledger) -> None:
        lost(crm, "deals.create_many", taken=True)
        crm.faults.append(fakes.Fault("deals.find_by_key", TransportError("no route")))
        recipe = recipe_of("deal")
        result = recipe.plan(crm, memory=ledger).apply()
        assert statuses(result) == ["begun"] * 4 + ["planned"] * 6
        records = list(ledger.journal.of_run(result.run))
        assert {record.status for record in records} == {ActionStatus.UNKNOWN}
        assert statuses(resume(result.run, recipe, crm, ledger)) == ["done"] * 10
        assert once(crm, "deal")

    def test_an_update_that_did_not_take_effect_fails(self, crm: Any, ledger: Ledger) -> None:
        changed = crm.deals._change
        crm.deals._change = lambda number, change: None if number == "2" else changed(number, change)
        result = recipe_of("move").plan(crm, memory=ledger).apply()
        assert Counter(statuses(result)) == {"done": 9, "failed": 1}
        assert "did not take effect" in result.items[1].message.render("en")

    def test_a_fresh_plan_finishes_what_was_broken_off(self, crm: Any, ledger: Ledger) -> None:
        recipe = recipe_of("deal", "flow", lasts=LASTS)
        crm.faults.append(fakes.Fault("workflows.start_many", fakes.Killed(), taken=True))
        with pytest.raises(fakes.Killed):
            recipe.plan(crm, memory=ledger).apply()
        crm.clock.advance(minutes=5)
        result = recipe.plan(crm, memory=ledger).apply()
        assert [str(item.status) for item in result.earlier] == ["done"] * 4
        assert statuses(result) == ["done"] * 6
        assert once(crm, "deal")
        assert once(crm, "flow")

    def test_a_lost_start_is_not_settled_by_another_of_the_same_chunk(self, crm: Any, ledger: Ledger) -> None:
        """Two starts of one template on one object: which one runs cannot be told."""
        recipe = recipe_of("flow", lasts=LASTS)
        action = recipe.action
        first = {"on": Ref(kind="deal", id="1")}
        recipe.action = lambda deal, step: action(deal, step).model_copy(
            update=first if deal.id == "2" else {}
        )
        crm.faults.append(fakes.Fault("workflows.start_many.part", OutcomeUnknown("lost"), taken=True))
        crm.faults.append(fakes.Fault("workflows.start_many.part", OutcomeUnknown("lost")))
        result = recipe.plan(crm, memory=ledger).apply()
        assert statuses(result) == ["unknown", "unknown"] + ["done"] * 8
        assert crm.rooms.started.count("deal:1") == 1


class TestPauses:
    def test_only_so_many_items_and_then_the_rest(self, crm: Any, ledger: Ledger) -> None:
        recipe = recipe_of("deal")
        first = recipe.plan(crm, memory=ledger).apply(limit=3)
        assert (first.status, statuses(first), first.left) == (RunStatus.PAUSED, ["done"] * 3, 7)
        assert first.exit_code == 0
        assert ledger.runs.get(first.run).counts == {"done": 3, "planned": 7}
        second = resume(first.run, recipe, crm, ledger, limit=5)
        assert (second.status, len(second.items), second.left) == (RunStatus.PAUSED, 5, 2)
        last = resume(first.run, recipe, crm, ledger)
        assert (last.status, len(last.items), last.left) == (RunStatus.DONE, 2, 0)
        assert once(crm, "deal")
        assert [crm.calls.count(name) for name in ("deals.create_many", "deals.create")] == [3, 1]

    def test_a_switch_stops_it_before_the_next_request(self, crm: Any, ledger: Ledger) -> None:
        recipe = recipe_of("deal")
        plan = recipe.plan(crm, memory=ledger)
        result = plan.apply(pause=lambda: len(crm.effects("deal")) >= SIZE)
        assert (result.status, len(result.items), result.left) == (RunStatus.PAUSED, 4, 6)
        assert statuses(plan.apply(resume=result.run)) == ["done"] * 6
        assert ledger.runs.get(result.run).status is RunStatus.DONE

    def test_a_new_plan_takes_up_what_a_paused_run_left(self, crm: Any, ledger: Ledger) -> None:
        recipe = recipe_of("deal")
        recipe.plan(crm, memory=ledger).apply(limit=3)
        crm.clock.advance(minutes=1)
        assert statuses(recipe.plan(crm, memory=ledger).apply()) == ["done"] * 7
        assert once(crm, "deal")
        (newest, oldest) = ledger.runs.list()
        assert oldest.counts == {"done": 3, str(ItemStatus.PLANNED): 7}
        assert newest.counts == {"done": 7}
