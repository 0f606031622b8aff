"""Every line R0.1 to R0.13 and every statement of T0, on the whole chain: what the sandbox shows counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crmkit.automation.messages import Message
from crmkit.automation.planning import make_plan
from crmkit.crm.models import Ref
from crmkit.runtime.undo import plan_undo
from recipes.stale_deals.report import results

from .conftest import (
    AGREED,
    AMOUNT,
    ASKED,
    CANCELLED,
    CLIENT,
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
    PREVIOUS,
    REFUSED,
    STATE,
    UPDATE,
    WARNING,
    WON,
    WORKING,
    Killed,
    Office,
)

ORIGINAL = {
    "status": WORKING,
    "assignees": (MANAGER,),
    "label": (),
    "state": None,
    "previous": None,
    "candidate": None,
}
RETURNED = {
    "status": NEW,
    "assignees": (),
    "label": ("Свободная сделка",),
    "state": FREE,
    "previous": MANAGER,
    "candidate": None,
}


def lines(messages: Any) -> str:
    return "\n".join(one.render("ru") for one in messages)


# R0


def test_R0_01_deals_without_activity_for_15_days_are_selected(office: Office) -> None:
    """Of four deals, idle for 16, 15, 14 days and won, the first two; the portal searches, not we."""
    office.wait(days=1)
    second = office.new_deal()
    won = office.new_deal(status=WON)
    office.wait(days=1)
    third = office.new_deal()
    office.wait(days=14)
    plan = office.plan()
    chosen = {item.entity.id for item in plan.items if item.verdict == "warn"}
    assert chosen == {str(office.deal), str(second)}
    assert {str(third), str(won)}.isdisjoint(chosen)
    assert office.written() == {}
    searches = [entry.body["filters"] for entry in office.box.requests.of("POST /task/list")]
    assert searches
    assert all({10, 79} <= {condition["type"] for condition in search} for search in searches[:2])


def test_R0_02_the_field_of_the_card_has_exactly_three_values(office: Office) -> None:
    """свободная сделка, проверка контрагента, подтверждено: in this order, no other."""
    seen = [office.task().fields.get(STATE)]
    office.returned()
    seen.append(office.task().fields[STATE])
    office.box.act.set_fields(HEAD, office.deal, {104: COLLEAGUE})
    office.run()
    seen.append(office.task().fields[STATE])
    office.decide(AGREED)
    office.run()
    seen.append(office.task().fields[STATE])
    assert seen == [None, "свободная сделка", "проверка контрагента", "подтверждено"]
    assert office.box.account.fields.task[STATE].options == seen[1:]


def test_R0_03_on_day_15_the_manager_and_the_supervisor_are_told_the_exact_text(office: Office) -> None:
    office.on_day(15)
    item = office.item()
    assert item is not None
    (notice,) = item.actions
    assert notice.kind == "notify"
    assert [who.name for who in notice.people] == ["Ольга Иванова", "Марина Петрова"]
    office.run()
    assert sorted(office.told("Через 7 дней сделка будет переведена в новые запросы")) == [HEAD, MANAGER]
    assert len(office.box.account.notifications) == 2
    assert office.notes() == ["Через 7 дней сделка будет переведена в новые запросы"]
    assert office.written() == {NOTICE: 1}


def test_R0_04_on_day_22_the_status_becomes_new(office: Office) -> None:
    office.warned()
    assert office.task().status == WORKING
    office.on_day(22, hours=1)
    office.run()
    assert office.task().status == NEW


def test_R0_05_on_day_22_the_deal_gets_the_label(office: Office) -> None:
    """Beside the labels that it has."""
    office.box.act.set_fields(MANAGER, office.deal, {LABEL: ["VIP"]})
    office.returned()
    assert office.task().fields[LABEL] == ["VIP", "Свободная сделка"]


def test_R0_06_on_day_22_the_former_executor_is_kept_in_a_field_of_its_own(office: Office) -> None:
    """It outlives the approval: for history and reports."""
    office.returned()
    assert office.task().fields[PREVIOUS] == MANAGER
    office.decide(AGREED, candidate=COLLEAGUE)
    office.run()
    assert (office.task().assignees, office.task().fields[PREVIOUS]) == ((COLLEAGUE,), MANAGER)


def test_R0_07_a_new_executor_is_assigned_only_after_the_supervisor_confirms(office: Office) -> None:
    """A candidate alone is not enough, nor is the consent of a colleague."""
    office.returned()
    assert office.approval().assignees == (HEAD,)
    office.box.act.set_fields(COLLEAGUE, office.deal, {104: COLLEAGUE})
    office.run()
    assert office.task().assignees == ()
    office.box.act.set_status(COLLEAGUE, office.approval().id, AGREED)
    office.run()
    assert (office.task().assignees, office.approval().status) == ((), ASKED)
    office.decide(AGREED)
    office.run()
    assert office.card() == {
        "status": NEW,
        "assignees": (COLLEAGUE,),
        "label": (),
        "state": "подтверждено",
        "previous": MANAGER,
        "candidate": None,
    }
    assert len(office.approvals()) == 1


def test_R0_08_a_rejection_gives_the_deal_back_to_its_executor(office: Office) -> None:
    office.returned()
    office.decide(DECLINED)
    office.run()
    assert office.card() == ORIGINAL


def test_R0_09_a_refusal_without_a_reason_is_not_transferred(office: Office) -> None:
    """Refused after the warning: cancelled. A refusal with a reason is closed, and no candidate."""
    office.warned().on_day(16)
    office.box.act.set_status(MANAGER, office.deal, REFUSED)
    reasoned = office.new_deal(status=REFUSED, reason="Дорого")
    office.on_day(40)
    plan = office.plan()
    found = {item.entity.id: item for item in plan.items}
    assert found[str(office.deal)].verdict == "refused_without_reason"
    assert found[str(office.deal)].attention
    assert str(reasoned) not in found
    plan.apply()
    assert office.written() == {NOTICE: 1}
    assert office.card() == {**ORIGINAL, "status": REFUSED}


@pytest.mark.parametrize("edit", ["comment", "status", "field", "executor", "title", "client"])
def test_R0_10_any_manual_update_cancels_the_transfer(office: Office, edit: str) -> None:
    act, deal = office.box.act, office.deal
    office.warned().on_day(18)
    {
        "comment": lambda: act.comment(MANAGER, deal, "Созвонились"),
        "status": lambda: act.set_status(MANAGER, deal, NEGOTIATION),
        "field": lambda: act.set_fields(MANAGER, deal, {AMOUNT: 500}),
        "executor": lambda: act.assign(HEAD, deal, COLLEAGUE),
        "title": lambda: act.rename(MANAGER, deal, "Поставка кабеля и муфт"),
        "client": lambda: act.comment(CLIENT, deal, "Когда счёт?"),
    }[edit]()
    card = office.card()
    office.on_day(22, hours=1)
    assert office.verdict() == "cancelled"
    office.run()
    office.on_day(32, hours=23)
    office.run()
    assert office.card() == card
    assert office.written() == {NOTICE: 1}


def test_R0_11_history_and_responsibles_are_kept(office: Office) -> None:
    """In the card: who had it. In its history: why and who decided. In the ledger: every before and after."""
    office.returned()
    office.decide(DECLINED)
    office.run()
    told = office.notes()
    assert told[0] == WARNING
    assert "без" not in told[0]
    assert "Прежний исполнитель: Ольга Иванова" in told[1]
    assert "Марина Петрова" in told[2]
    memory = office.ledger.recall(office.crm.portal, "stale_deals", [Ref(kind="deal", id=str(office.deal))])
    (one,) = memory.values()
    assert [effect.step for effect in one.effects] == [
        "warn",
        "return",
        "approval",
        "note",
        "reject",
        "rejected",
    ]
    returned = one.last("return")
    assert returned is not None
    assert (returned.before["stage"], [str(who) for who in returned.before["assignees"]]) == ("2", [MANAGER])
    assert (returned.after["stage"], returned.after["assignees"]) == ("1", ())


def test_R0_12_processed_and_returned_deals_and_the_saved_work_are_counted(office: Office) -> None:
    """Three deals: one returned and approved, one returned and waiting, one refused without a reason."""
    second = office.new_deal()
    office.new_deal(status=REFUSED)
    office.on_day(15, hours=1)
    office.run()
    office.on_day(22, hours=2)
    office.run()
    office.decide(AGREED, candidate=COLLEAGUE)
    office.run()
    assert office.task(second).fields[STATE] == FREE
    plan = office.plan()
    memories = office.ledger.recall(
        office.crm.portal, "stale_deals", office.ledger.known(office.crm.portal, "stale_deals")
    )
    report = results(plan.items, memories, office.recipe.settings)
    figures = (
        report.processed,
        report.warned,
        report.returned,
        report.approved,
        report.rejected,
        report.waiting,
    )
    assert figures == (3, 2, 2, 1, 0, 1)
    assert report.excluded == {"refused_without_reason": 1}
    assert report.by_manager.keys() == {"Ольга Иванова"}
    assert report.share_saved == pytest.approx(1 - 3 * 1 / (3 * 10))
    assert "возвращено в новые запросы: 2" in report.render("ru")
    assert "returned to the new requests: 2" in report.render("en")


def test_R0_13_the_supervisor_is_asked_in_one_task_in_plain_words(office: Office) -> None:
    """Who, why, how to agree, how to decline; the plan calls people by their names too."""
    office.warned().on_day(22, hours=1)
    item = office.item()
    assert item is not None
    asked = item.actions[1]
    assert asked.kind == "create_task"
    assert [who.name for who in asked.task.assignees] == ["Марина Петрова"]
    office.run()
    task = office.approval()
    assert (task.status, task.assignees, len(office.approvals())) == (ASKED, (HEAD,), 1)
    for said in (
        "Поставка кабеля",
        "Ольга Иванова",
        "последнее действие человека: 03.03.2025",
        "предупреждение доставлено 18.03.2025",
        "«Новый исполнитель»",
        "Согласиться:",
        "Отклонить:",
    ):
        assert said in task.description
    assert [one.user for one in office.box.account.notifications if one.task == task.id] == [HEAD]


# T0


def test_T0_14_days_23_hours_59_minutes_idle_nothing(office: Office) -> None:
    office.on_day(14, hours=23, minutes=59)
    assert office.run().items == ()
    assert office.written() == {}


def test_T0_15_days_exactly_2_notices_with_the_exact_text(office: Office) -> None:
    before = len(office.box.account.notifications)
    office.on_day(15)
    office.run()
    notices = office.box.account.notifications[before:]
    assert {(one.user, one.text) for one in notices} == {(MANAGER, WARNING), (HEAD, WARNING)}
    assert len(notices) == 2


def test_T0_second_run_on_the_same_day_writes_nothing(office: Office) -> None:
    """Neither a new plan, nor the same plan once more."""
    office.on_day(15)
    plan = office.plan()
    plan.apply()
    writes = office.written()
    assert plan.apply().counts == {"nothing": 1}
    office.wait(hours=8)
    assert office.run().items == ()
    assert office.written() == writes == {NOTICE: 1}


def test_T0_the_notice_itself_does_not_reset_the_clock(office: Office) -> None:
    """To the portal the deal was active on day 15; it is returned on day 22 all the same, not on day 37."""
    office.warned()
    assert office.task().touched > (office.start + timedelta(days=15)).timestamp() - 1
    for day in range(16, 22):
        office.on_day(day, hours=3)
        assert office.run().items == ()
    office.on_day(22, hours=3)
    office.run()
    assert office.task().fields[STATE] == FREE


def test_T0_22_days_status_label_previous_executor_and_executor_in_one_write(office: Office) -> None:
    office.returned()
    assert office.card() == RETURNED
    (update,) = (entry for entry in office.writes() if entry.operation == UPDATE)
    values = {one["field"]["id"]: one["value"] for one in update.body["customFieldData"]}
    assert (update.body["status"], update.body["assignees"]) == ({"id": NEW}, {"users": [], "groups": []})
    assert values.keys() == {STATE, LABEL, PREVIOUS}
    assert office.written() == {NOTICE: 2, UPDATE: 1, CREATE: 1}


def test_T0_human_edit_on_day_18_cancels_with_reason_who_and_when(office: Office) -> None:
    office.warned().on_day(18)
    office.box.act.comment(COLLEAGUE, office.deal, "Клиент попросил скидку")
    office.on_day(22, hours=1)
    item = office.item()
    assert item is not None
    assert item.reason.render("ru") == (
        "перевод отменён: после предупреждения 21.03.2025 сделку изменил(а) Ирина Смирнова (комментарий)"
    )
    assert item.reason.render("en").startswith("cancelled: after the warning, on 2025-03-21, Ирина Смирнова")
    office.run()
    assert office.card() == ORIGINAL
    office.on_day(18 + 15, minutes=1)
    assert office.verdict() == "warn"


def test_T0_refusal_without_reason_is_excluded_and_listed(office: Office) -> None:
    refused = office.new_deal(status=REFUSED)
    office.on_day(60)
    item = office.item(refused)
    assert item is not None
    assert (item.verdict, item.attention, item.actions) == ("refused_without_reason", True, ())
    assert "причину нужно заполнить" in item.reason.render("ru")


def test_T0_reject_restores_the_four_values(office: Office) -> None:
    """Stage, label, field and executor, as they were: a stage of its own, two labels, two executors."""
    act = office.box.act
    act.set_status(MANAGER, office.deal, NEGOTIATION)
    act.set_fields(
        MANAGER, office.deal, {LABEL: ["VIP", "Тендер"], STATE: "подтверждено", PREVIOUS: "user:8"}
    )
    act.assign(HEAD, office.deal, MANAGER, COLLEAGUE)
    before = office.card()
    office.returned()
    assert office.card() != before
    office.decide(DECLINED)
    office.run()
    assert office.card() == before
    assert office.written()[UPDATE] == 2


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_T0_crash_between_writes_resumes_without_a_second_notice(office: Office, nth: int) -> None:
    office.warned().on_day(22, hours=1)
    office.die(nth, when="after")
    with pytest.raises(Killed):
        office.run()
    office.live()
    office.wait(hours=1)
    office.run()
    assert office.card() == RETURNED
    assert len(office.approvals()) == 1
    assert sorted(office.told()) == [HEAD, MANAGER]
    assert office.written() == {NOTICE: 2, UPDATE: 1, CREATE: 1}


def test_T0_job_down_from_day_14_to_20_no_transfer_before_7_full_days_after_the_late_warning(
    office: Office,
) -> None:
    office.on_day(13, hours=9)
    office.run()
    office.warned(20)
    warned_at = office.writes()[0].at
    for moment in (office.start + timedelta(days=22), warned_at + timedelta(days=6, hours=23, minutes=59)):
        office.box.clock.set(moment)
        assert office.run().items == ()
    assert office.card() == ORIGINAL
    office.box.clock.set(warned_at + timedelta(days=7, seconds=10))
    office.run()
    assert office.card() == RETURNED


# What the issue adds


def test_T0_the_plan_of_the_return_applied_twice_writes_nothing_the_second_time(office: Office) -> None:
    office.warned().on_day(22, hours=1)
    plan = office.plan()
    plan.apply()
    writes = office.written()
    again = make_plan(office.recipe, office.crm, memory=office.ledger)
    assert plan.apply().counts == {"nothing": 1}
    assert again.to_do == ()
    assert office.written() == writes


def test_undo_brings_back_every_before_image_and_spares_what_a_person_touched_since(office: Office) -> None:
    """Two deals are returned, a person works on the second: the undo spares that one."""
    second = office.new_deal()
    office.on_day(15, hours=1)
    office.run()
    office.on_day(22, hours=2)
    run = office.run()
    office.wait(hours=1)
    office.box.act.comment(HEAD, second, "Уже договорились с новым менеджером")
    touched = office.card(second)
    office.wait(hours=1)
    plan = plan_undo(run.run, office.crm, office.ledger)
    spared = next(item for item in plan.items if item.entity.id == str(second))
    assert (spared.verdict, spared.actions) == ("spared", ())
    assert spared.reason == Message(key="undo.touched", params=spared.reason.params)
    assert plan.apply().counts == {"done": 1}
    assert office.card() == ORIGINAL
    assert office.approval().status == CANCELLED
    assert (office.card(second), office.approval(second).status) == (touched, ASKED)
    writes = office.written()
    assert plan_undo(run.run, office.crm, office.ledger).to_do == ()
    office.wait(hours=1)
    assert office.verdict() == ""  # not warned again at once: the days count from the undo
    assert office.written() == writes
