"""The ledger keeps the same promises on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, insert, text, update

from crmkit.automation.actions import Notify, Remember
from crmkit.automation.memory import MemoryStore
from crmkit.automation.messages import Message
from crmkit.automation.plan import Plan, PlanItem
from crmkit.crm.models import Person, Ref
from crmkit.exceptions import ConfigurationError, RecipeError, RunInProgress, StoreError
from crmkit.runtime.database import VERSION_TABLE, Database
from crmkit.runtime.journal import Place
from crmkit.runtime.lease import LEASE, Lease, Process, this_process
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.records import ActionRecord, ActionStatus, ItemStatus, Outcome, RunStatus
from crmkit.runtime.tables import actions, metadata, runs

NOW = datetime(2025, 3, 18, 9, 0, tzinfo=UTC)
WHY = Message(key="test.idle", params={"since": date(2025, 3, 1)})


def ref(number: int) -> Ref:
    return Ref(kind="deal", id=str(number))


def remember(number: int, step: str = "warn", **values: Any) -> Remember:
    return Remember(
        **{"key": f"k:{number}:{step}", "step": step, "entity": ref(number), "reason": WHY, **values}
    )


def plan_of(actions: Iterable[Any] = (), **values: Any) -> Plan:
    items = tuple(
        PlanItem(
            entity=a.entity, title="Сделка «Ромашка»", verdict="warn", reason=WHY, actions=(a,), counted=True
        )
        for a in actions
    )
    given = {"id": "p", "recipe": "careful", "portal": "fake:portal", "created_at": NOW, "items": items}
    return Plan(**{**given, **values})


def begin(ledger: Ledger, *actions: Any, at: datetime = NOW, **values: Any) -> Lease:
    plan = plan_of(actions, **values)
    return ledger.runs.begin(plan, at, recipe=plan.recipe)


def place(lease: Lease, position: int = 0, **values: Any) -> Place:
    return Place(**{"lease": lease, "run": lease.run, "position": position, "recipe": lease.recipe, **values})


def memory(ledger: Ledger, number: int, recipe: str = "careful", portal: str = "fake:portal") -> Any:
    return ledger.recall(portal, recipe, [ref(number)]).get(ref(number))


def statements(ledger: Ledger, what: str = "select") -> list[str]:
    seen: list[str] = []

    def see(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.lower().startswith(what):
            seen.append(statement)

    event.listen(ledger._database.engine, "before_cursor_execute", see)
    return seen


class TestMemory:
    def test_it_is_a_memory_store(self, ledger: Ledger) -> None:
        store: MemoryStore = ledger
        assert store.recall("fake:portal", "careful", [ref(1)]) == {}
        assert list(store.known("fake:portal", "careful")) == []
        assert store.counted_since("fake:portal", "careful", NOW) == 0

    def test_effects_come_back_oldest_first_with_their_values(self, ledger: Ledger) -> None:
        data = {
            "who": (Person(id="5", name="Анна"),),
            "since": NOW,
            "day": date(2025, 3, 1),
            "sum": Decimal("12.50"),
            "said": WHY,
            "ref": ref(7),
            "text": "«Ромашка» 100% 'x' \\ 🙂",
            "nothing": None,
            "list": [1, 2.5, True],
            "odd": {"$key": 1},
        }
        lease = begin(ledger, remember(1))
        ledger.journal.remember(place(lease), remember(1, "b", data=data), NOW + timedelta(hours=1))
        ledger.journal.remember(place(lease), remember(1, "a"), NOW)
        effects = memory(ledger, 1).effects
        assert [effect.step for effect in effects] == ["a", "b"]
        assert effects[1].data == data
        assert (effects[1].at, effects[1].run) == (NOW + timedelta(hours=1), lease.run)

    def test_portals_and_recipes_do_not_mix(self, ledger: Ledger) -> None:
        for portal, recipe in (("fake:portal", "careful"), ("fake:other", "careful"), ("fake:portal", "x")):
            lease = begin(ledger, remember(1), portal=portal, recipe=recipe)
            action = remember(1, recipe)
            ledger.journal.remember(place(lease), action, NOW)
        assert [e.step for e in memory(ledger, 1).effects] == ["careful"]
        assert [e.step for e in memory(ledger, 1, "x").effects] == ["x"]
        assert len(memory(ledger, 1, portal="fake:other").effects) == 1

    @pytest.mark.parametrize(
        ("status", "effects", "unsettled"),
        [
            (ActionStatus.DONE, 1, 0),
            (ActionStatus.UNKNOWN, 0, 1),
            (ActionStatus.PENDING, 0, 1),
            (ActionStatus.FAILED, None, None),
            (None, 0, 1),  # an intent
        ],
    )
    def test_what_counts_as_an_effect(
        self, ledger: Ledger, status: ActionStatus | None, effects: int | None, unsettled: int | None
    ) -> None:
        action = Notify(key="k", step="warn", entity=ref(1), reason=WHY, people=(), text="")
        record = ledger.journal.intend(place(begin(ledger, action)), action, NOW, before={})
        if status is not None:
            ledger.journal.record(record, Outcome(status), NOW)
        found = memory(ledger, 1)
        assert (found and len(found.effects), found and len(found.unsettled)) == (effects, unsettled)

    def test_what_was_undone_is_told_apart(self, ledger: Ledger) -> None:
        lease = begin(ledger, remember(1))
        ledger.journal.remember(place(lease), remember(1), NOW)
        later = NOW + timedelta(days=1)
        ledger.journal.remember(place(lease, undoes=("k:1:warn",)), remember(1, "undone"), later)
        found = memory(ledger, 1)
        assert [e.step for e in found.effects] == ["undone"]
        assert [(e.step, e.at) for e in found.undone] == [("warn", later)]

    def test_many_are_recalled_with_few_queries_and_little_memory(self, ledger: Ledger) -> None:
        lease = begin(ledger)
        one = ActionRecord(**_record(lease))
        with ledger._database.write() as connection:
            rows = [{**one.row(), "key": f"k{n}", "entity": f"deal:{n}"} for n in range(20_000)]
            connection.execute(insert(actions), rows)
        del rows
        seen = statements(ledger)
        assert len(ledger.recall("fake:portal", "careful", (ref(n) for n in range(1_200)))) == 1_200
        assert len(seen) == 3
        tracemalloc.start()
        assert sum(1 for _ in ledger.known("fake:portal", "careful")) == 20_000
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3_000_000


class TestCap:
    def test_an_entity_takes_one_place_from_its_first_effect_on(self, ledger: Ledger) -> None:
        lease = begin(ledger, remember(1), remember(1, "b"), remember(2), remember(3))
        ledger.journal.remember(place(lease, 0), remember(1), NOW)
        ledger.journal.remember(place(lease, 1), remember(1, "b"), NOW + timedelta(hours=2))
        ledger.journal.remember(place(lease, 2), remember(2), NOW + timedelta(hours=1))
        counted = [ledger.counted_since("fake:portal", "careful", NOW + timedelta(hours=h)) for h in range(4)]
        assert counted == [2, 2, 1, 0]
        assert ledger.counted_since("fake:portal", "other", NOW) == 0
        assert ledger.with_place("fake:portal", "careful", (ref(2), ref(3)), NOW) == {ref(2)}

    def test_what_the_recipe_does_not_count_takes_none(self, ledger: Ledger) -> None:
        plan = plan_of([remember(1)])
        item = plan.items[0].model_copy(update={"counted": False})
        lease = ledger.runs.begin(plan.model_copy(update={"items": (item,)}), NOW, recipe="careful")
        ledger.journal.remember(place(lease), remember(1), NOW)
        assert ledger.counted_since("fake:portal", "careful", NOW) == 0


class TestJournal:
    def test_an_intent_is_written_with_what_is_there_now(self, ledger: Ledger) -> None:
        before = {"stage": "2", "assignees": (Person(id="5"),), "label": None}
        lease = begin(ledger, remember(1))
        ledger.journal.intend(place(lease), remember(1, data={"a": (1,)}), NOW, before=before)
        (stored,) = ledger.journal.of_run(lease.run)
        assert (stored.status, stored.before, stored.data) == (ActionStatus.INTENT, before, {"a": (1,)})
        assert (stored.attempts, stored.intent_at, stored.outcome_at) == (1, NOW, None)
        assert stored.action() == remember(1, data={"a": (1,)})
        (item,) = ledger.runs.items(lease.run)
        assert (item.status, item.acted_at) == (ItemStatus.BEGUN, NOW)

    def test_a_key_is_used_once(self, ledger: Ledger) -> None:
        lease = begin(ledger, remember(1))
        ledger.journal.intend(place(lease), remember(1), NOW, before={})
        with pytest.raises(RecipeError, match="belongs to another effect"):
            ledger.journal.intend(place(lease), remember(1), NOW, before={})
        with pytest.raises(RecipeError, match="belongs to another effect"):
            ledger.journal.remember(place(lease), remember(1), NOW)

    def test_only_what_failed_is_tried_again(self, ledger: Ledger) -> None:
        lease = begin(ledger, remember(1))
        record = ledger.journal.intend(place(lease), remember(1), NOW, before={"stage": "2"})
        with pytest.raises(RecipeError, match="has not failed"):
            ledger.journal.intend(place(lease), remember(1), NOW, before={}, earlier=record)
        ledger.journal.record(record, Outcome(ActionStatus.FAILED, {"stage": "1"}, error="no"), NOW)
        (failed,) = ledger.journal.of_run(lease.run)
        later = NOW + timedelta(days=1)
        ledger.journal.intend(place(lease), remember(1), later, before={"stage": "3"}, earlier=failed)
        (again,) = ledger.journal.of_run(lease.run)
        assert (again.id, again.attempts, again.before, again.after) == (record.id, 2, {"stage": "3"}, {})
        assert (again.intent_at, again.error, again.outcome_at) == (later, "", None)

    def test_outcome_memory_and_what_is_undone_change_in_one_moment(self, ledger: Ledger) -> None:
        lease = begin(ledger, remember(1))
        ledger.journal.remember(place(lease), remember(1), NOW)
        inverse = remember(1, "back")
        record = ledger.journal.intend(place(lease, undoes=("k:1:warn",)), inverse, NOW, before={})
        dies = RuntimeError("the machine dies before the commit")

        def die(_: Any) -> None:
            raise dies

        event.listen(ledger._database.engine, "commit", die)
        with pytest.raises(RuntimeError):
            ledger.journal.record(record, Outcome(ActionStatus.DONE), NOW)
        event.remove(ledger._database.engine, "commit", die)
        assert [e.step for e in memory(ledger, 1).effects] == ["warn"]
        ledger.journal.record(record, Outcome(ActionStatus.DONE), NOW)
        assert [e.step for e in memory(ledger, 1).effects] == ["back"]

    def test_only_a_success_undoes(self, ledger: Ledger) -> None:
        lease = begin(ledger, remember(1))
        ledger.journal.remember(place(lease), remember(1), NOW)
        record = ledger.journal.intend(
            place(lease, undoes=("k:1:warn",)), remember(1, "back"), NOW, before={}
        )
        ledger.journal.record(record, Outcome(ActionStatus.FAILED), NOW)
        assert [e.step for e in memory(ledger, 1).effects] == ["warn"]

    def test_a_person_can_say_what_happened(self, ledger: Ledger) -> None:
        lease = begin(ledger, remember(1), remember(2))
        for number in (1, 2):
            record = ledger.journal.intend(place(lease, number - 1), remember(number), NOW, before={})
            ledger.journal.record(record, Outcome(ActionStatus.UNKNOWN, error="?"), NOW)
            item = next(i for i in ledger.runs.items(lease.run) if i.position == number - 1)
            ledger.runs.finish_item(lease, item, ItemStatus.UNKNOWN, None, NOW)
        ledger.settle_by_hand("fake:portal", "k:1:warn", happened=True, at=NOW)
        ledger.settle_by_hand("fake:portal", "k:2:warn", happened=False, at=NOW)
        assert [i.status for i in ledger.runs.items(lease.run)] == [ItemStatus.DONE, ItemStatus.FAILED]
        assert len(memory(ledger, 1).effects) == 1
        with pytest.raises(ConfigurationError, match="no unsettled effect has the key k:1:warn"):
            ledger.settle_by_hand("fake:portal", "k:1:warn", happened=False, at=NOW)

    def test_long_runs_are_streamed_in_order(self, ledger: Ledger) -> None:
        lease = begin(ledger)
        one = ActionRecord(**_record(lease))
        with ledger._database.write() as connection:
            rows = [{**one.row(), "key": f"k{n}", "entity": f"deal:{n % 450}"} for n in range(900)]
            connection.execute(insert(actions), rows)
            connection.execute(update(actions).values(status=ActionStatus.PENDING).where(actions.c.id > 450))
        assert [r.key for r in ledger.journal.of_run(lease.run)] == [f"k{n}" for n in range(900)]
        assert [r.key for r in ledger.journal.of_run(lease.run, ref(3))] == ["k3", "k453"]
        assert len(list(ledger.journal.unsettled("fake:portal", ("careful",)))) == 450
        assert list(ledger.journal.unsettled("fake:portal", ("other",))) == []
        order = [one.id for one in ledger.journal.entities_of(lease.run)]
        assert order == [str(n) for n in range(449, -1, -1)]


class TestRuns:
    def test_a_run_keeps_its_plan(self, ledger: Ledger) -> None:
        lease = begin(ledger, remember(1), settings={"supervisor": "user:2"}, language="en")
        run = ledger.runs.get(lease.run)
        assert (run.recipe, run.settings, run.status) == (
            "careful",
            {"supervisor": "user:2"},
            RunStatus.RUNNING,
        )
        assert (run.plan["language"], run.plan["verdicts"]) == ("en", {"warn": 1})
        (item,) = ledger.runs.items(lease.run)
        assert item.item == plan_of([remember(1)]).items[0]
        assert item.item.reason.render("en") == "idle since 2025-03-01"

    def test_no_title_is_too_strange(self, ledger: Ledger) -> None:
        plan = plan_of([remember(1, data={"text": "a\0b"})])
        item = plan.items[0].model_copy(update={"title": "half \ud83d a pair, a \0, a whole 🙂"})
        lease = ledger.runs.begin(plan.model_copy(update={"items": (item,)}), NOW, recipe="careful")
        (kept,) = ledger.runs.items(lease.run)
        assert kept.item.title == "half ? a pair, a , a whole 🙂"
        assert kept.item.actions[0].data == {"text": "a\0b"}

    def test_only_what_is_to_be_done_is_kept(self, ledger: Ledger) -> None:
        plan = plan_of([remember(1), remember(2)])
        idle = plan.items[0].model_copy(update={"actions": ()})
        waits = plan.items[1].model_copy(update={"actions": (), "deferred": plan.items[1].actions})
        lease = ledger.runs.begin(plan.model_copy(update={"items": (idle, waits)}), NOW, recipe="careful")
        assert [(str(i.item.entity), i.status) for i in ledger.runs.items(lease.run)] == [
            ("deal:2", ItemStatus.DEFERRED)
        ]

    def test_runs_are_listed_newest_first(self, ledger: Ledger) -> None:
        with ledger._database.write() as connection:
            row = {**_run_row(), "started_at": NOW}
            connection.execute(
                insert(runs),
                [
                    {
                        **row,
                        "id": f"r{n:03}",
                        "started_at": NOW + timedelta(hours=n // 3),
                        "recipe": f"recipe{n % 2}",
                    }
                    for n in range(450)
                ],
            )
        listed = [run.id for run in ledger.runs.list()]
        assert listed == [f"r{n:03}" for n in range(449, -1, -1)]
        assert [run.id for run in ledger.runs.list(recipe="recipe1", limit=3)] == ["r449", "r447", "r445"]
        assert list(ledger.runs.list(portal="fake:other")) == []

    def test_the_beginning_of_an_id_is_enough(self, ledger: Ledger) -> None:
        lease = begin(ledger)
        assert ledger.runs.get(lease.run[:5]).id == lease.run
        with pytest.raises(ConfigurationError, match="there is no run %"):
            ledger.runs.get("%")
        ledger.runs.finish(lease, RunStatus.DONE, NOW)
        begin(ledger)
        with pytest.raises(ConfigurationError, match="several runs begin with"):
            ledger.runs.get("")

    def test_a_finished_run_is_counted_and_gives_its_lease_back(self, ledger: Ledger) -> None:
        lease = begin(ledger, remember(1), remember(2))
        item = next(ledger.runs.items(lease.run))
        ledger.runs.finish_item(lease, item, ItemStatus.CHANGED, WHY, NOW)
        ledger.runs.finish(lease, RunStatus.STOPPED, NOW, requests=7, error="no route")
        run = ledger.runs.get(lease.run)
        assert (run.counts, run.requests, run.error) == ({"changed": 1, "planned": 1}, 7, "no route")
        assert next(ledger.runs.items(lease.run)).message == WHY
        begin(ledger)

    def test_moments_without_a_zone_are_refused(self, ledger: Ledger) -> None:
        with pytest.raises(StoreError, match="aware moments"):
            begin(ledger, at=datetime(2025, 3, 18, 9, 0))  # noqa: DTZ001  (that is the point)


class TestLease:
    def of(self, url: str, process: Process) -> Ledger:
        return Ledger(url, process=process)

    def test_a_living_run_is_never_disturbed(self, ledger: Ledger) -> None:
        lease = begin(ledger)
        with pytest.raises(RunInProgress, match=f"run {lease.run}, process {this_process().pid}"):
            begin(ledger, at=NOW + LEASE - timedelta(seconds=1))
        assert len(list(ledger.runs.list())) == 1

    def test_a_dead_process_of_this_machine_is_succeeded_at_once(
        self, url: str, ledger: Ledger, fakes: Any
    ) -> None:
        with self.of(url, fakes.dead_process()) as dead:
            died = begin(dead, remember(1))
        begin(ledger)
        run = ledger.runs.get(died.run)
        assert (run.status, run.counts) == (RunStatus.INTERRUPTED, {"planned": 1})

    def test_another_machine_is_succeeded_when_its_lease_runs_out(self, url: str, ledger: Ledger) -> None:
        with self.of(url, Process("another-machine", 1, "boot/space/1")) as other:
            theirs = begin(other)
            with pytest.raises(RunInProgress, match="on another-machine"):
                begin(ledger, at=NOW + LEASE - timedelta(seconds=1))
            ours = begin(ledger, at=NOW + LEASE)
            with pytest.raises(RunInProgress, match="took over"):
                other.journal.intend(place(theirs), remember(1), NOW + LEASE, before={})
            ledger.journal.intend(place(ours), remember(1), NOW + LEASE, before={})

    def test_a_sleeper_notices_that_its_own_run_was_resumed(self, url: str, ledger: Ledger) -> None:
        with self.of(url, Process("another-machine", 1, "")) as other:
            slept = begin(other, remember(1))
            resumed = ledger.runs.reopen(slept.run, NOW + LEASE, recipe="careful")
            with pytest.raises(RunInProgress, match="took over"):
                other.journal.intend(place(slept), remember(1), NOW + LEASE, before={})
            ledger.journal.intend(place(resumed), remember(1), NOW + LEASE, before={})
            other.runs.finish(slept, RunStatus.INTERRUPTED, NOW + LEASE)
            with pytest.raises(RunInProgress):  # the sleeper could not give away what is not its own
                begin(other, at=NOW + LEASE)

    def test_every_write_renews_it(self, url: str, ledger: Ledger) -> None:
        with self.of(url, Process("another-machine", 1, "")) as other:
            lease = begin(other, remember(1))
            other.journal.intend(place(lease), remember(1), NOW + LEASE / 2, before={})
            with pytest.raises(RunInProgress):
                begin(ledger, at=NOW + LEASE)

    def test_it_is_of_one_recipe_on_one_portal(self, ledger: Ledger) -> None:
        begin(ledger)
        begin(ledger, recipe="other")
        begin(ledger, portal="fake:other")

    @pytest.mark.postgres
    def test_another_one_comes_between_our_look_and_our_taking_it(
        self, postgres_server: str, fakes: Any
    ) -> None:
        url = fakes.fresh_schema(postgres_server)
        with Ledger(url) as ours, Ledger(url) as theirs:
            came: list[Lease] = []

            def come(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
                if statement.lower().startswith(("insert into leases", "delete")) and not came:
                    came.append(begin(theirs, remember(1)))

            event.listen(ours._database.engine, "before_cursor_execute", come)
            with pytest.raises(RunInProgress, match="took over"):
                begin(ours)
            theirs.journal.intend(place(came[0]), remember(1), NOW, before={})  # theirs is still good

    def test_two_that_come_at_the_same_moment(self, url: str, ledger: Ledger) -> None:
        results: list[str] = []
        barrier = threading.Barrier(2)

        def start() -> None:
            with Ledger(url) as mine:
                barrier.wait()
                try:
                    begin(mine)
                    results.append("began")
                except RunInProgress:
                    results.append("refused")

        threads = [threading.Thread(target=start) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == ["began", "refused"]


class TestTables:
    def test_the_migrations_make_the_tables_that_are_used(self, ledger: Ledger) -> None:
        with ledger._database.read() as connection:
            options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, metadata) == []

    def test_processes_that_open_a_new_database_together(self, url: str) -> None:
        failures: list[BaseException] = []
        barrier = threading.Barrier(3)

        def open_it() -> None:
            barrier.wait()
            try:
                Database(url).close()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=open_it) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []

    def test_a_newer_one_is_not_touched(self, url: str) -> None:
        with Ledger(url) as ledger, ledger._database.write() as connection:
            connection.execute(text(f"update {VERSION_TABLE} set version_num = '9999'"))
        with pytest.raises(StoreError, match=r"written by a newer crmkit .*9999.* \(upgrade"):
            Ledger(url)

    def test_what_was_written_is_there_after_reopening(self, url: str) -> None:
        with Ledger(url) as ledger:
            lease = begin(ledger)
        with Ledger(url) as ledger:
            assert ledger.runs.get(lease.run).status is RunStatus.RUNNING


def _record(lease: Lease) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": 0,
        "portal": lease.portal,
        "key": "k",
        "run": lease.run,
        "recipe": lease.recipe,
    }
    fields |= {
        "entity": ref(1),
        "step": "warn",
        "episode": 1,
        "kind": "remember",
        "payload": {},
        "before": {},
    }
    fields |= {
        "after": {},
        "data": {},
        "undoes": (),
        "remote_id": "",
        "status": ActionStatus.DONE,
        "attempts": 1,
    }
    fields |= {
        "intent_at": NOW,
        "tried_at": NOW,
        "outcome_at": NOW,
        "undone_at": None,
        "error": "",
        "version": "",
    }
    return fields


def _run_row() -> dict[str, Any]:
    row: dict[str, Any] = {
        "portal": "fake:portal",
        "plan": {},
        "settings": {},
        "status": "done",
        "counts": {},
    }
    return {**row, "host": "here", "pid": 1, "requests": 0, "error": ""}
