"""What can be set, and the accounts there are: on the whole chain down to the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from crmkit.exceptions import ConfigurationError
from recipes.stale_deals import Limits

from .conftest import (
    AGREED,
    ASKED,
    CANCELLED,
    COLLEAGUE,
    DECLINED,
    DIRECTOR,
    DISMISSED,
    FREE,
    HEAD,
    MANAGER,
    NEGOTIATION,
    NEW,
    NOTICE,
    OTHER_HEAD,
    REFUSED,
    STATE,
    UPDATE,
    WARNING,
    WORKING,
    Office,
)

Make = Callable[..., Office]


# When


def test_the_cap_spreads_the_first_run_over_days(make_office: Make) -> None:
    """Five deals of three years: two a day, returns before new warnings, each deal once."""
    office = make_office(daily_cap=2)
    deals = [office.deal, *(office.new_deal() for _ in range(4))]
    office.on_day(3 * 365)
    warned = []
    for _ in range(4):
        office.run()
        office.wait(hours=2)
        office.run()
        warned.append(sum(bool(office.told(deal=deal)) for deal in deals))
        office.wait(hours=22)
    assert warned == [2, 4, 5, 5]
    assert all(sorted(office.told(deal=deal)) == [HEAD, MANAGER] for deal in deals)
    assert office.written() == {NOTICE: 5}
    first = office.writes()[0].at
    office.box.clock.set(first + timedelta(days=7, hours=1))
    office.run()
    assert sum(office.task(deal).fields.get(STATE) == FREE for deal in deals) == 2


def test_outside_office_hours_notices_are_deferred_not_dropped(make_office: Make) -> None:
    """Due on Saturday at noon, told on Monday after nine; the seven days count from then."""
    office = make_office(office_hours="09:00-18:00")
    office.on_day(19, hours=3)
    plan = office.plan()
    (item,) = plan.items
    assert (item.actions, [one.kind for one in item.deferred]) == ((), ["notify"])
    assert item.not_before is not None
    assert item.not_before.isoformat() == "2025-03-24T09:00:00+03:00"
    plan.apply()
    assert office.written() == {}
    office.on_day(21, minutes=5)
    assert plan.apply().counts["done"] == 1
    assert sorted(office.told()) == [HEAD, MANAGER]
    office.on_day(28, minutes=1)
    assert office.run().items == ()
    office.on_day(28, hours=1)
    office.run()
    assert office.task().fields[STATE] == FREE


def test_working_days_leave_out_weekends_and_holidays(make_office: Make) -> None:
    """15 working days after Monday, 3 March, with a day off on the 10th, is Tuesday, 25 March."""
    office = make_office(days="working", holidays=["2025-03-10"])
    office.on_day(21, hours=23)
    assert office.run().items == ()
    office.on_day(22, hours=1)
    office.run()
    text = "Через 7 рабочих дней сделка будет переведена в новые запросы"
    assert sorted(office.told(text)) == [HEAD, MANAGER]
    office.on_day(31, hours=3)
    office.run()
    office.on_day(30 + 1, hours=20)
    assert office.task().fields.get(STATE) == FREE


def test_stages_have_limits_of_their_own(make_office: Make) -> None:
    office = make_office(stage_limits={"negotiation": Limits(warn_after=30, return_after=40)})
    slow = office.new_deal(status=NEGOTIATION)
    office.on_day(15, hours=1)
    office.run()
    assert (office.told() != [], office.told(deal=slow)) == (True, [])
    office.on_day(30, hours=1)
    office.run()
    slowly = "Через 10 дней сделка будет переведена в новые запросы"
    assert sorted(office.told(slowly, deal=slow)) == [HEAD, MANAGER]


def test_a_pause_with_a_reason_is_honoured_and_then_over(make_office: Make) -> None:
    office = make_office()
    paused = office.new_deal(snooze="10-04-2025", snooze_why="Клиент в отпуске")
    vague = office.new_deal(snooze="10-04-2025")
    office.on_day(16)
    verdicts = {item.entity.id: item.verdict for item in office.plan().items}
    assert (verdicts[str(paused)], verdicts[str(vague)]) == ("snoozed", "warn")
    office.on_day(39)
    assert office.verdict(paused) == "warn"


# People


def test_an_inactive_former_executor_does_not_get_the_deal_back(make_office: Make) -> None:
    """Dismissed while the decision was awaited: the fallback owner gets it, and a person should look."""
    office = make_office(fallback_owner=COLLEAGUE)
    office.returned()
    office.box.act.set_user_status(MANAGER, "Inactive")
    office.decide(DECLINED)
    office.wait(minutes=20)
    item = office.item()
    assert item is not None
    assert item.attention
    office.run()
    assert (office.task().assignees, office.task().status) == ((COLLEAGUE,), WORKING)
    assert "отключён" in office.notes()[-1]


def test_the_deal_of_somebody_dismissed_is_warned_to_the_supervisor(make_office: Make) -> None:
    office = make_office()
    office.box.act.assign(HEAD, office.deal, DISMISSED)
    office.on_day(15)
    office.run()
    assert office.told() == [HEAD]


def test_each_group_has_its_own_supervisor(make_office: Make) -> None:
    office = make_office(supervisors={"group:2": OTHER_HEAD})
    other = office.new_deal(assignees=("user:5",))
    office.on_day(15, hours=1)
    office.run()
    assert (sorted(office.told()), sorted(office.told(deal=other))) == (
        [HEAD, MANAGER],
        [OTHER_HEAD, "user:5"],
    )
    office.on_day(22, hours=2)
    office.run()
    assert (office.approval().assignees, office.approval(other).assignees) == ((HEAD,), (OTHER_HEAD,))


def test_a_deal_that_changed_hands_before_the_return_belongs_to_the_present_executor(
    make_office: Make,
) -> None:
    """Who took it over gets a warning and days of his own, and is the one who is remembered."""
    office = make_office()
    office.warned().on_day(17)
    office.box.act.assign(HEAD, office.deal, COLLEAGUE)
    office.on_day(22, hours=1)
    office.run()
    assert office.task().status == WORKING
    office.on_day(32, hours=1)
    office.run()
    assert office.told().count(COLLEAGUE) == 1
    office.on_day(39, hours=2)
    office.run()
    assert (office.card()["previous"], office.card()["state"]) == (COLLEAGUE, FREE)


# The approval


@pytest.mark.parametrize("what", ["hold", "reject", "escalate"])
def test_an_overdue_approval(make_office: Make, what: str) -> None:
    successor = {"escalate_to": DIRECTOR} if what == "escalate" else {}
    office = make_office(approval_timeout=5, on_timeout=what, **successor)
    office.returned().wait(days=4)
    assert office.verdict() == "awaiting"
    office.wait(days=2)
    office.run()
    states = [(task.status, task.assignees) for task in office.approvals()]
    expected: dict[str, tuple[Any, ...]] = {
        "hold": ("overdue", NEW, (), [(ASKED, (HEAD,))]),
        "reject": ("", WORKING, (MANAGER,), [(CANCELLED, (HEAD,))]),
        "escalate": ("awaiting", NEW, (), [(CANCELLED, (HEAD,)), (ASKED, (DIRECTOR,))]),
    }
    assert (office.verdict(), office.task().status, office.task().assignees, states) == expected[what]


def test_consent_without_a_candidate_is_explained_once_and_reopened(make_office: Make) -> None:
    office = make_office()
    office.returned()
    office.decide(AGREED)
    office.run()
    assert (office.approval().status, office.task().assignees) == (ASKED, ())
    assert [text for text in office.notes() if "не заполнено поле «Новый исполнитель»" in text]
    notes = len(office.notes())
    office.decide(AGREED)
    office.run()
    assert (office.approval().status, len(office.notes())) == (ASKED, notes)
    office.decide(AGREED, candidate=COLLEAGUE)
    office.run()
    assert office.task().assignees == (COLLEAGUE,)


def test_an_approval_in_a_status_that_nobody_mapped_concerns_its_deal_only(make_office: Make) -> None:
    """One of two waiting deals: it is listed with the reason, the other one is carried out."""
    office = make_office()
    second = office.new_deal()
    office.on_day(15, hours=1)
    office.run()
    office.on_day(22, hours=2)
    office.run()
    office.box.act.set_status(HEAD, office.approval().id, REFUSED)  # a status of another process
    office.decide(DECLINED, deal=second)
    plan = office.plan()
    found = {item.entity.id: item for item in plan.items}
    strange = found[str(office.deal)]
    assert (strange.verdict, strange.attention, strange.actions) == ("awaiting", True, ())
    assert "what status 6" in strange.reason.render("en")
    assert plan.apply().counts == {"done": 1}
    assert (office.task(second).assignees, office.task().assignees) == ((MANAGER,), ())


@pytest.mark.parametrize(
    ("tasks", "problem"),
    [
        ({}, "there is no such kind of tasks"),
        ({"approval": {"stages": {"open": 21, "done": 22, "rejected": 23, "cancelled": 24}}}, "which tasks"),
        (
            {"approval": {"object": 2, "stages": {"open": 21, "done": 22}}},
            "need the states rejected, cancelled",
        ),
    ],
)
def test_approvals_that_are_not_bound_are_found_before_planning(
    make_office: Make, tasks: dict[str, Any], problem: str
) -> None:
    """At the first plan, in one line, not on day 22."""
    office = make_office(portal={"tasks": tasks})
    office.on_day(15)
    sent = len(office.box.requests)
    with pytest.raises(ConfigurationError, match=problem) as caught:
        office.plan()
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert len(office.box.requests) == sent


# Rounds


def test_a_deal_that_comes_back_too_often_is_shown_to_the_supervisor_instead(make_office: Make) -> None:
    office = make_office(max_returns=1)
    office.returned()
    office.decide(AGREED, candidate=COLLEAGUE)
    office.run()
    office.wait(days=16)
    office.run()
    office.wait(days=1)
    office.run()
    told = [text for text in office.notes() if "уже возвращалась" in text]
    assert len(told) == 1
    assert office.told().count(COLLEAGUE) == 0
    assert (office.task().assignees, len(office.approvals())) == ((COLLEAGUE,), 1)


def test_with_a_lost_ledger_nobody_is_warned_twice_and_nothing_is_returned_early(make_office: Make) -> None:
    """The warning is found in the history of the deal; a free deal that no ledger knows is listed."""
    office = make_office(look_behind_robots=True)
    office.warned().on_day(17)
    office.lose_the_ledger()
    office.run()
    assert len(office.told()) == 2
    office.on_day(21, hours=23)
    office.run()
    assert office.task().status == WORKING
    office.on_day(22, hours=1)
    office.run()
    assert office.card()["state"] == FREE
    assert len(office.told()) == 2


def test_a_free_deal_that_no_ledger_knows_is_listed_for_a_person(make_office: Make) -> None:
    office = make_office()
    office.returned()
    office.lose_the_ledger()
    office.wait(days=16)
    writes = len(office.writes())
    item = office.item()
    assert item is not None
    assert (item.verdict, item.attention) == ("orphan", True)
    office.run()
    assert len(office.writes()) == writes


@pytest.mark.parametrize("edit", ["restart_clock", "block_until_released"])
def test_a_manual_edit_restarts_the_clock_or_holds_the_deal(make_office: Make, edit: str) -> None:
    office = make_office(manual_edit=edit)
    office.warned().on_day(18)
    office.box.act.comment(MANAGER, office.deal, "Созвонились")
    office.on_day(19)
    office.run()
    office.on_day(34)
    assert office.verdict() == {"restart_clock": "warn", "block_until_released": "held"}[edit]


# Refusals


@pytest.mark.parametrize("reason", ["Дорого", None])
def test_a_refusal_in_a_stage_that_the_portal_calls_active_is_excluded(
    make_office: Make, reason: str | None
) -> None:
    office = make_office()
    office.box.account.statuses[REFUSED].is_active = True
    office.warned().on_day(16)
    office.box.act.set_status(MANAGER, office.deal, REFUSED)
    if reason:
        office.box.act.set_fields(MANAGER, office.deal, {105: reason})
    office.on_day(40)
    assert office.verdict() == ("closed" if reason else "refused_without_reason")
    office.run()
    assert office.task().status == REFUSED
    assert office.written() == {NOTICE: 1}


def test_where_no_field_for_reasons_is_bound_a_refusal_is_excluded_and_listed(make_office: Make) -> None:
    office = make_office()
    fields = {k: v for k, v in office.box.portal_config["deals"]["fields"].items() if k != "refusal_reason"}
    office.reconnect(deals={**office.box.portal_config["deals"], "fields": fields})
    office.box.account.statuses[REFUSED].is_active = True
    office.box.act.set_status(MANAGER, office.deal, REFUSED)
    office.on_day(30)
    item = office.item()
    assert item is not None
    assert (item.verdict, item.attention, item.actions) == ("refused_without_reason", True, ())


# Accounts


@pytest.mark.parametrize(
    "sandbox",
    [
        {"echo_source_ids": False},
        {"timepoint_zone": "user"},
        {"timepoint_zone": "user", "utc_seconds": False},
        {"comment_moves_update": True},
        {"stage_change_is_comment": True},
        {"failures_shape": "object", "empty_fields": "null"},
        {"filter_51": "template", "deleted_task": "not_found"},
        {"rate_breach": "429", "time_to_reset": "milliseconds"},
    ],
    ids=lambda options: ",".join(f"{name}={value}" for name, value in options.items()),
)
def test_on_every_kind_of_account_the_whole_story_is_the_same(
    make_office: Make, sandbox: dict[str, Any]
) -> None:
    """From the warning to the rejection and the next warning 15 days later."""
    office = make_office(sandbox=sandbox)
    before = office.card()
    office.returned()
    assert office.card()["state"] == FREE
    office.decide(DECLINED)
    office.run()
    assert office.card() == before
    assert office.written() == {NOTICE: 3, UPDATE: 2, "POST /task/": 1}
    office.wait(days=14, hours=12)
    assert office.run().items == ()
    office.wait(hours=13)
    assert office.run().counts == {"done": 1}
    assert sorted(office.told()) == [HEAD, HEAD, MANAGER, MANAGER]


def test_robots_hide_deals_and_are_seen_through(make_office: Make) -> None:
    """A robot comments every day: to the portal the deal is lively, to the recipe it has stood still."""
    office = make_office(look_behind_robots=True)
    lively = office.new_deal()
    for _ in range(16):
        office.wait(days=1)
        office.box.act.robot_noise([office.deal, lively])
    office.box.act.comment(MANAGER, lively, "Созвонились")
    assert office.run().counts == {"done": 1}
    assert (sorted(office.told()), office.told(deal=lively)) == ([HEAD, MANAGER], [])
    for _ in range(7):
        office.wait(days=1)
        office.box.act.robot_noise([office.deal, lively])
    office.run()
    assert (office.card()["state"], office.card(lively)["state"]) == (FREE, None)


def test_the_noisy_deals_of_the_seed_are_all_found(make_office: Make) -> None:
    seed = {"seed": "stale_deals", "deals": 60, "stalled": 20, "refused": 1, "snoozed": 1, "robot_noise": 5}
    counts = {}
    for look in (False, True):
        office = make_office(sandbox=seed, look_behind_robots=look)
        counts[look] = office.plan().verdicts()["warn"]
    assert counts == {False: 18, True: 23}


def test_with_the_token_of_a_person_our_own_notes_are_not_activity(make_office: Make) -> None:
    """The director's token instead of a robot's: what it writes is ours, what he says otherwise is not."""
    office = make_office(portal={"acting_as": DIRECTOR})
    office.returned()
    assert office.card()["state"] == FREE
    assert office.told(WARNING)
