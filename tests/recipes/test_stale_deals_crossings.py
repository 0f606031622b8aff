"""What can cross a run: kills, queued writes, lost answers, faster people. Nothing twice, nothing lost.

Every test ends with the state of the portal and the number of writes in its log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmkit.runtime.executor import resume
from crmkit.runtime.records import ItemStatus, RunStatus

from .conftest import (
    AGREED,
    ASKED,
    CANCELLED,
    COLLEAGUE,
    CREATE,
    DECLINED,
    FREE,
    HEAD,
    LABEL,
    MANAGER,
    NEGOTIATION,
    NEW,
    NOTICE,
    STATE,
    UPDATE,
    WORKING,
    Killed,
    Office,
    only,
)


def warn(office: Office) -> None:
    office.on_day(15)


def give_back(office: Office) -> None:
    office.warned().on_day(22, hours=1)


def approve(office: Office) -> None:
    office.returned().decide(AGREED, candidate=COLLEAGUE)


def reject(office: Office) -> None:
    office.returned().decide(DECLINED)


STEPS: dict[str, tuple[Callable[[Office], None], list[str]]] = {
    "warn": (warn, [NOTICE]),
    "return": (give_back, [UPDATE, CREATE, NOTICE]),
    "approve": (approve, [UPDATE, NOTICE]),
    "reject": (reject, [UPDATE, NOTICE]),
}
"""How to come to a step, and the writes that it takes, in order."""
EVERY_WRITE = [(step, nth) for step, (_, writes) in STEPS.items() for nth in range(1, len(writes) + 1)]
TOTAL = {
    "warn": {NOTICE: 1},
    "return": {NOTICE: 2, UPDATE: 1, CREATE: 1},
    "approve": {NOTICE: 3, UPDATE: 2, CREATE: 1},
    "reject": {NOTICE: 3, UPDATE: 2, CREATE: 1},
}
"""All writes from the beginning to the end of a step, none of them twice."""


def is_done(office: Office, step: str) -> None:
    """Assert that the portal is as it has to be after a step, and that nothing is there twice."""
    task = office.task()
    expected: dict[str, tuple[Any, ...]] = {
        "warn": (WORKING, (MANAGER,), [], None, 1, 0),
        "return": (NEW, (), ["Свободная сделка"], FREE, 2, 1),
        "approve": (NEW, (COLLEAGUE,), [], "подтверждено", 3, 1),
        "reject": (WORKING, (MANAGER,), [], None, 3, 1),
    }
    found = (
        task.status,
        task.assignees,
        task.fields.get(LABEL) or [],
        task.fields.get(STATE),
        len(office.notes()),
        len(office.approvals()),
    )
    assert found == expected[step]
    assert sorted(office.told()) == [HEAD, MANAGER]


def settles(office: Office) -> None:
    """Assert that there is nothing left to do, in the ledger or in the portal."""
    writes = len(office.writes())
    office.wait(hours=2)
    assert office.run().exit_code == 0
    assert not office.ledger.has_leftovers(office.crm.portal, "stale_deals")
    assert len(office.writes()) == writes


# Killed


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("step", "nth"), EVERY_WRITE)
def test_killed_at_every_write_the_next_run_goes_on(office: Office, step: str, nth: int, when: str) -> None:
    STEPS[step][0](office)
    office.die(nth, when=when)
    with pytest.raises(Killed):
        office.run()
    office.live()
    office.wait(minutes=20)
    assert office.run().exit_code == 0
    is_done(office, step)
    assert office.written() == TOTAL[step]
    settles(office)


# 202: the portal queued the change


@pytest.mark.parametrize("step", ["return", "approve", "reject"])
def test_a_queued_change_is_waited_for(office: Office, step: str) -> None:
    """Ten seconds: the run itself sees it come true and goes on."""
    STEPS[step][0](office)
    office.trouble("accept_202", UPDATE, seconds=10)
    assert only(office.run()).status is ItemStatus.DONE
    is_done(office, step)
    assert office.written() == TOTAL[step]
    settles(office)


@pytest.mark.parametrize("step", ["return", "approve", "reject"])
def test_a_change_that_stays_queued_for_hours_is_pending_and_then_finished(office: Office, step: str) -> None:
    """It is not repeated meanwhile: when it has come true, the rest of the chain follows."""
    STEPS[step][0](office)
    office.trouble("accept_202", UPDATE, seconds=7200)
    assert only(office.run()).status is ItemStatus.PENDING
    office.wait(hours=3)
    office.run()
    is_done(office, step)
    assert office.written() == TOTAL[step]
    settles(office)


@pytest.mark.parametrize("step", ["return", "approve", "reject"])
def test_a_queued_change_that_is_never_made_is_made_again(office: Office, step: str) -> None:
    """Setting values twice does no harm, so it is written once more, not taken for done."""
    STEPS[step][0](office)
    office.trouble("accept_202", UPDATE, never=True)
    assert only(office.run()).status is ItemStatus.PENDING
    office.wait(hours=3)
    office.run()
    office.run()
    is_done(office, step)
    assert office.written() == {**TOTAL[step], UPDATE: TOTAL[step][UPDATE] + 1}
    settles(office)


# The answer is lost


@pytest.mark.parametrize(
    ("step", "nth", "kind"),
    [
        *((step, nth, "drop_answer") for step, nth in EVERY_WRITE),
        *(("return", nth, kind) for nth in (1, 2, 3) for kind in ("error", "html", "hang")),
    ],
)
def test_an_answer_lost_after_the_write_was_taken_is_settled_by_looking(
    office: Office, step: str, nth: int, kind: str
) -> None:
    """A note or task is never created twice. Values that are set may be set once more by the client."""
    STEPS[step][0](office)
    how = {"taken": True} if kind != "drop_answer" else {}
    office.trouble(kind, STEPS[step][1][nth - 1], **how)
    office.run()
    office.run()
    is_done(office, step)
    written = office.written()
    assert (written[NOTICE], written[CREATE]) == (TOTAL[step].get(NOTICE, 0), TOTAL[step].get(CREATE, 0))
    assert written[UPDATE] <= TOTAL[step].get(UPDATE, 0) + 1
    settles(office)


@pytest.mark.parametrize(("step", "nth"), EVERY_WRITE)
def test_a_write_that_got_lost_on_its_way_is_sent_again(office: Office, step: str, nth: int) -> None:
    STEPS[step][0](office)
    operation = STEPS[step][1][nth - 1]
    office.trouble("reset", operation)
    office.run()
    office.run()
    is_done(office, step)
    assert office.written() == {**TOTAL[step], operation: TOTAL[step][operation] + 1}
    settles(office)


@pytest.mark.parametrize("step", list(STEPS))
def test_every_answer_lost_where_keys_do_not_come_back(make_office: Callable[..., Office], step: str) -> None:
    """Then text, author, time and deal tell what is ours."""
    office = make_office(sandbox={"echo_source_ids": False})
    STEPS[step][0](office)
    for operation in set(STEPS[step][1]):
        office.trouble("drop_answer", operation)
    office.run()
    office.run()
    is_done(office, step)
    written = office.written()
    assert (written[NOTICE], written[CREATE]) == (TOTAL[step].get(NOTICE, 0), TOTAL[step].get(CREATE, 0))
    settles(office)


def test_after_a_disturbance_everybody_is_warned_once(office: Office) -> None:
    """Three deals are due, and from the second on the portal takes no comments. It is never told twice, so
    the next run first finds out what came of them, and the one after that warns."""
    others = [office.new_deal(), office.new_deal()]
    office.on_day(15, hours=1)
    office.trouble("error", NOTICE, status=503, after=1, times=None)
    assert office.run().exit_code == 1
    office.box.faults.clear()
    for _ in range(2):
        office.wait(hours=1)
        office.run()
    assert [sorted(office.told(deal=deal)) for deal in (office.deal, *others)] == [[HEAD, MANAGER]] * 3
    settles(office)


def test_a_portal_that_is_out_of_reach_stops_the_run_and_it_can_be_resumed(office: Office) -> None:
    """The second write and everything after it is refused for lack of quota; the next day all goes on."""
    other = office.new_deal()
    office.on_day(15, hours=1)
    plan = office.plan()
    office.trouble("quota", "*", after=4, times=None)
    result = plan.apply()
    assert (result.status, result.exit_code) == (RunStatus.STOPPED, 3)
    office.box.faults.clear()
    office.wait(days=1)
    resumed = resume(result.run, office.recipe, office.crm, office.ledger)
    assert resumed.exit_code == 0
    assert [sorted(office.told(deal=deal)) for deal in (office.deal, other)] == [[HEAD, MANAGER]] * 2
    settles(office)


def test_a_partial_success_is_mended_not_taken_for_done(office: Office) -> None:
    """The portal moves the deal but refuses the fields: the next run writes what is missing."""
    give_back(office)
    office.trouble("failures", UPDATE, body=["customFieldData"])
    result = office.run()
    assert (only(result).status, result.exit_code) == (ItemStatus.FAILED, 1)
    office.wait(hours=1)
    office.run()
    office.run()
    is_done(office, "return")
    settles(office)


# A person is faster


@pytest.mark.parametrize(
    "edit", ["comment", "status", "field", "executor", "client", "reason", "close", "delete"]
)
@pytest.mark.parametrize("step", ["warn", "return"])
def test_a_person_between_plan_and_apply_wins(office: Office, step: str, edit: str) -> None:
    STEPS[step][0](office)
    plan = office.plan()
    assert len(plan.to_do) == 1
    office.wait(minutes=5)
    edits(office)[edit]()
    card, writes = office.card(), office.written()
    assert plan.apply().counts == {"changed": 1}
    assert (office.card(), office.written()) == (card, writes)
    assert office.approvals() == []


def edits(office: Office) -> dict[str, Callable[[], Any]]:
    act, deal = office.box.act, office.deal
    return {
        "comment": lambda: act.comment(MANAGER, deal, "Созвонились"),
        "status": lambda: act.set_status(MANAGER, deal, NEGOTIATION),
        "field": lambda: act.set_fields(MANAGER, deal, {109: 500}),
        "executor": lambda: act.assign(HEAD, deal, COLLEAGUE),
        "client": lambda: act.comment("contact:1001", deal, "Когда счёт?"),
        "reason": lambda: act.set_fields(MANAGER, deal, {105: "Дорого"}),
        "close": lambda: act.set_status(MANAGER, deal, 5),
        "delete": lambda: act.delete_task(MANAGER, deal),
    }


def test_robots_between_plan_and_apply_do_not_count(office: Office) -> None:
    give_back(office)
    plan = office.plan()
    office.box.act.robot_noise([office.deal])
    assert plan.apply().counts == {"done": 1}
    is_done(office, "return")


def test_a_changed_mind_between_plan_and_apply_counts(office: Office) -> None:
    """The supervisor agreed when the plan was made and declines before it is applied."""
    approve(office)
    plan = office.plan()
    assert [item.verdict for item in plan.to_do] == ["approve"]
    office.box.act.set_status(HEAD, office.approval().id, DECLINED)
    assert plan.apply().counts == {"changed": 1}
    assert office.task().assignees == ()
    office.run()
    assert (office.task().assignees, office.task().status) == ((MANAGER,), WORKING)


def test_a_person_in_the_middle_of_the_return_is_respected(office: Office) -> None:
    """Killed after the supervisor was asked; a colleague takes the deal: it is his, and nobody is asked."""
    give_back(office)
    office.die(2, when="after")
    with pytest.raises(Killed):
        office.run()
    office.live()
    office.wait(hours=1)
    office.box.act.assign(COLLEAGUE, office.deal, COLLEAGUE)
    office.wait(hours=1)
    office.run()
    office.run()
    task = office.task()
    assert (task.assignees, task.fields.get(LABEL) or [], task.fields.get(STATE)) == ((COLLEAGUE,), [], None)
    assert [one.status for one in office.approvals()] == [CANCELLED]
    settles(office)


def test_a_person_who_hides_whether_our_write_was_taken_is_respected_and_listed(office: Office) -> None:
    """Killed before the answer to the return was written down, then somebody takes the deal."""
    give_back(office)
    office.die(1, when="after")
    with pytest.raises(Killed):
        office.run()
    office.live()
    office.wait(hours=1)
    office.box.act.assign(COLLEAGUE, office.deal, COLLEAGUE)
    office.wait(hours=1)
    office.run()
    item = office.item()
    assert item is not None
    assert (item.verdict, item.attention, item.actions) == ("orphan", True, ())
    assert (office.task().assignees, office.approvals()) == ((COLLEAGUE,), [])
    assert office.written() == {NOTICE: 1, UPDATE: 1}


# While the decision is awaited


@pytest.mark.parametrize("edit", ["assign", "move", "close", "delete"])
def test_what_a_person_does_to_a_waiting_deal_stands(office: Office, edit: str) -> None:
    act, deal = office.box.act, office.deal
    office.returned().wait(days=2)
    {
        "assign": lambda: act.assign(HEAD, deal, COLLEAGUE),
        "move": lambda: act.set_status(HEAD, deal, NEGOTIATION),
        "close": lambda: act.set_status(HEAD, deal, 5),
        "delete": lambda: act.delete_task(HEAD, deal),
    }[edit]()
    done = office.card()
    office.wait(minutes=5)
    office.run()
    assert office.approval().status == CANCELLED
    card = office.card()
    assert (card["status"], card["assignees"]) == (done["status"], done["assignees"])
    assert (card["label"], card["state"]) == (
        (done["label"], done["state"]) if edit in ("close", "delete") else ((), None)
    )
    settles(office)


def test_a_cancelled_or_deleted_task_is_created_once_more_and_only_once(office: Office) -> None:
    office.returned().wait(hours=1)
    office.box.act.set_status(HEAD, office.approval().id, CANCELLED)
    office.run()
    assert [task.status for task in office.approvals()] == [CANCELLED, ASKED]
    office.box.act.delete_task(HEAD, office.approval().id)
    office.run()
    assert office.verdict() == "approval_lost"
    assert len(office.approvals()) == 2
    assert office.task().assignees == ()
