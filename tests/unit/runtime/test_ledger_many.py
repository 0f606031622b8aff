"""Many intents, outcomes and items in one transaction, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmkit.automation.actions import CreateDeal, Remember, StartWorkflow
from crmkit.automation.messages import Message
from crmkit.automation.plan import Plan, PlanItem
from crmkit.crm.models import NewDeal, Ref
from crmkit.exceptions import RecipeError, RunInProgress
from crmkit.runtime.journal import Intent, Place
from crmkit.runtime.lease import Lease
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.records import ActionRecord, ActionStatus, ItemStatus, Outcome

NOW = datetime(2025, 3, 18, 9, 0, tzinfo=UTC)
WHY = Message(key="test.done")
PORTAL = "fake:portal"
COUNT = 120


def deal(number: int, **values: Any) -> CreateDeal:
    entity = Ref(kind="company", id=str(number))
    given = {"key": f"deal:{number}", "step": "deal", "entity": entity, "reason": WHY}
    return CreateDeal(deal=NewDeal(title=f"Deal {number}"), **{**given, **values})


@pytest.fixture
def lease(ledger: Ledger) -> Lease:
    items = tuple(
        PlanItem(entity=deal(n).entity, verdict="new", reason=WHY, actions=(deal(n),)) for n in range(COUNT)
    )
    plan = Plan(id="p", recipe="auto", portal=PORTAL, created_at=NOW, items=items)
    return ledger.runs.begin(plan, NOW, recipe="auto")


def place(lease: Lease, position: int) -> Place:
    return Place(lease, lease.run, position, "auto")


def intents(lease: Lease, *numbers: int, **earlier: ActionRecord) -> list[Intent]:
    return [Intent(place(lease, n), deal(n), {}, earlier.get(f"n{n}")) for n in numbers]


def test_all_are_written_and_known_by_their_keys(ledger: Ledger, lease: Lease) -> None:
    records = ledger.journal.intend_many(intents(lease, *range(COUNT)), NOW)
    assert [one.key for one in records] == [f"deal:{n}" for n in range(COUNT)]
    stored = {one.key: one for one in ledger.journal.of_run(lease.run)}
    assert {key: one.id for key, one in stored.items()} == {one.key: one.id for one in records}
    assert {one.status for one in stored.values()} == {ActionStatus.INTENT}
    assert {item.status for item in ledger.runs.items(lease.run)} == {ItemStatus.BEGUN}


def test_each_has_its_own_outcome(ledger: Ledger, lease: Lease) -> None:
    records = ledger.journal.intend_many(intents(lease, 0, 1, 2), NOW)
    outcomes = [
        Outcome(ActionStatus.DONE, remote_id="71"),
        Outcome(ActionStatus.FAILED, error="no"),
        Outcome(ActionStatus.UNKNOWN, error="lost"),
    ]
    ledger.journal.record_many(list(zip(records, outcomes, strict=True)), NOW)
    stored = ledger.journal.by_keys(PORTAL, [one.key for one in records])
    assert [(stored[f"deal:{n}"].status, stored[f"deal:{n}"].remote_id) for n in range(3)] == [
        (ActionStatus.DONE, "71"),
        (ActionStatus.FAILED, ""),
        (ActionStatus.UNKNOWN, ""),
    ]
    ledger.journal.again([stored["deal:2"]], NOW + timedelta(minutes=1))
    assert ledger.journal.by_keys(PORTAL, ["deal:2"])["deal:2"].attempts == 2
    failed = stored["deal:1"]
    again = ledger.journal.intend_many(intents(lease, 1, 3, n1=failed), NOW)
    assert [(one.id == failed.id, one.attempts) for one in again] == [(True, 2), (False, 1)]


def test_one_taken_key_takes_none_of_them(ledger: Ledger, lease: Lease) -> None:
    ledger.journal.intend_many(intents(lease, 5), NOW)
    with pytest.raises(RecipeError, match="belongs to another effect"):
        ledger.journal.intend_many(intents(lease, 4, 5, 6), NOW)
    assert [one.key for one in ledger.journal.of_run(lease.run)] == ["deal:5"]


def test_who_lost_the_lease_writes_nothing(ledger: Ledger, lease: Lease) -> None:
    ledger.runs.reopen(lease.run, NOW + timedelta(hours=1), recipe="auto")
    with pytest.raises(RunInProgress):
        ledger.journal.intend_many(intents(lease, 0, 1), NOW)
    with pytest.raises(RunInProgress):
        ledger.runs.finish_items(lease, [], NOW)
    assert list(ledger.journal.of_run(lease.run)) == []


def test_what_is_only_remembered_is_done_and_undoes(ledger: Ledger, lease: Lease) -> None:
    (first,) = ledger.journal.intend_many(intents(lease, 0), NOW)
    ledger.journal.record(first, Outcome(ActionStatus.DONE, remote_id="71"), NOW)
    mark = Remember(key="mark", step="undone", entity=deal(0).entity, reason=WHY)
    undoing = Place(lease, lease.run, 0, "auto", undoes=("deal:0",))
    (record,) = ledger.journal.intend_many([Intent(undoing, mark, {})], NOW)
    assert record.status is ActionStatus.DONE
    assert ledger.journal.by_keys(PORTAL, ["deal:0"])["deal:0"].status is ActionStatus.UNDONE


def test_items_are_finished_together(ledger: Ledger, lease: Lease) -> None:
    items = list(ledger.runs.items(lease.run))[:3]
    found = [(items[0], ItemStatus.DONE, None), (items[2], ItemStatus.FAILED, WHY)]
    ledger.runs.finish_items(lease, found, NOW)
    after = list(ledger.runs.items(lease.run))[:3]
    assert [(one.status, one.message) for one in after] == [
        (ItemStatus.DONE, None),
        (ItemStatus.PLANNED, None),
        (ItemStatus.FAILED, WHY),
    ]
    assert ledger.runs.number_of(lease.run, ItemStatus.PLANNED) == COUNT - 2


def test_ids_that_another_effect_owns(ledger: Ledger, lease: Lease) -> None:
    records = ledger.journal.intend_many(intents(lease, 0, 1), NOW)
    ledger.journal.record(records[0], Outcome(ActionStatus.DONE, remote_id="71"), NOW)
    assert ledger.journal.claimed(records[1:], ["71", "72"]) == {"71"}
    assert ledger.journal.claimed(records, ["71", "72"]) == frozenset()
    start = StartWorkflow(key="s", step="flow", entity=deal(0).entity, reason=WHY, template="call")
    other = ledger.journal.intend(place(lease, 0), start, NOW, before={})
    assert ledger.journal.claimed([other], ["71"]) == frozenset()  # of another kind
