"""The source document, line by line (R0.1 to R0.13), and the acceptance checks of recipe 0 (T0)."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmkit.automation.actions import AddComment, CreateTask, Notify, UpdateDeal
from crmkit.crm.models import DealChanges, Person, TaskState
from recipes.stale_deals import StaleDealsSettings

WARNING = "Через 7 дней сделка будет переведена в новые запросы"
HEAD, MANAGER, COLLEAGUE, NOISE = "2", "5", "6", "91"


def user(number: str, name: str = "") -> Person:
    return Person(id=number, name=name)


def test_R0_01_deals_without_activity_for_15_days_are_selected(story: Any) -> None:
    story.crm.add("8")
    story.wait(days=14)
    story.crm.note("8", user(MANAGER))
    story.wait(days=1)
    assert [(item.entity.id, item.verdict) for item in story.plan().to_do] == [("7", "warn")]


def test_R0_02_the_state_of_return_takes_exactly_three_values(story: Any) -> None:
    seen = [story.returned().deal.fields["return_state"]]
    story.crm.change("7", DealChanges(fields={"new_assignee": user(COLLEAGUE)}))
    story.run()
    seen.append(story.deal.fields["return_state"])
    story.crm.set_task(story.task.id, TaskState.DONE, HEAD)
    story.run()
    seen.append(story.deal.fields["return_state"])
    assert seen == ["свободная сделка", "проверка контрагента", "подтверждено"]


def test_R0_03_on_day_15_manager_and_supervisor_are_told_the_exact_text(story: Any) -> None:
    story.wait(days=15).run()
    assert story.crm.notices == [(MANAGER, WARNING), (HEAD, WARNING)]


def test_R0_03_both_are_told_in_one_write_hidden_from_clients(story: Any) -> None:
    (action,) = story.wait(days=15).look().actions
    assert isinstance(action, Notify)
    assert action.hidden
    assert [person.id for person in action.people] == [MANAGER, HEAD]


def test_R0_04_05_06_on_day_22_stage_label_and_former_executor_change_in_one_write(story: Any) -> None:
    story.wait(days=15).run()
    update = story.wait(days=7).look().actions[0]
    assert isinstance(update, UpdateDeal)
    assert update.changes.model_dump(exclude_unset=True) == {
        "stage": "new",
        "assignees": (),
        "fields": {
            "return_state": "свободная сделка",
            "previous_assignee": user(MANAGER).model_dump() | {"name": "Иванова"},
            "label": ("Свободная сделка",),
        },
    }


def test_R0_07_nobody_gets_the_deal_before_the_supervisor_confirms(story: Any) -> None:
    story.returned()
    story.crm.change("7", DealChanges(fields={"new_assignee": user(COLLEAGUE)}))
    story.days(10)
    assert story.deal.assignees == ()
    story.crm.set_task(story.task.id, TaskState.DONE, HEAD)
    assert story.run().verdict == "approve"
    assert story.deal.assignees == (user(COLLEAGUE),)
    assert "label" not in story.deal.fields
    assert "new_assignee" not in story.deal.fields


def test_R0_08_a_rejection_gives_the_deal_back_to_its_executor(story: Any) -> None:
    story.returned()
    story.crm.set_task(story.task.id, TaskState.REJECTED, HEAD)
    assert story.run().verdict == "reject"
    assert story.deal.assignees == (user(MANAGER),)
    assert story.deal.stage.key == "work"
    assert story.deal.fields == {}


def test_R0_09_a_refusal_without_a_reason_cancels_the_transfer_and_is_listed(story: Any) -> None:
    story.wait(days=15).run()
    story.crm.change("7", DealChanges(stage="refused"))
    decision = story.wait(days=7).run()
    assert (decision.verdict, decision.attention) == ("refused_without_reason", True)
    assert story.steps == ["warn", "cancelled"]
    assert story.deal.stage.key == "refused"


@pytest.mark.parametrize("edit", ["comment", "field", "assignee"])
def test_R0_10_any_manual_update_cancels_the_transfer(story: Any, edit: str) -> None:
    story.wait(days=15).run()
    story.wait(days=3)
    if edit == "comment":
        story.crm.note("7", user(MANAGER), text="созвонились")
    elif edit == "field":
        story.crm.change("7", DealChanges(fields={"amount": 10}))
    else:
        story.crm.change("7", DealChanges(assignees=(user(COLLEAGUE),)))
    assert story.wait(days=4).run().verdict == "cancelled"
    assert story.deal.stage.key == "work"
    assert "return_state" not in story.deal.fields


def test_R0_11_history_and_responsibles_are_kept(story: Any) -> None:
    story.returned()
    assert story.deal.fields["previous_assignee"] == user(MANAGER)
    returned = story.recalled().last("return")
    assert [one.name for one in returned.data["executors"]] == ["Иванова"]
    assert returned.before == {
        "stage": "2",
        "assignees": (user(MANAGER),),
        "return_state": None,
        "previous_assignee": None,
        "label": None,
    }
    assert "Прежний исполнитель: Иванова" in story.comments[-1]


def test_R0_13_the_supervisor_is_asked_in_plain_words(story: Any) -> None:
    story.wait(days=15).run()
    (task,) = (a.task for a in story.wait(days=7).look().actions if isinstance(a, CreateTask))
    assert task.assignees == (user(HEAD),)
    assert task.title == "Свободная сделка: решить, кто её возьмёт. Сделка 7"
    assert "последнее действие человека: 03.03.2025, Иванова, создание" in task.text
    assert "заполните в сделке поле «Новый исполнитель»" in task.text
    assert "Отклонить" in task.text


# T0


def test_T0_one_second_before_15_days_nothing_happens(story: Any) -> None:
    story.wait(days=15, seconds=-1)
    assert story.run().verdict == "active"
    assert story.crm.notices == []
    assert story.wait(seconds=1).run().verdict == "warn"


def test_T0_a_second_run_on_the_same_day_tells_nobody(story: Any) -> None:
    story.wait(days=15).run()
    assert story.wait(hours=2).run().verdict == "warned"
    assert len(story.crm.notices) == 2


def test_T0_the_warning_itself_does_not_reset_the_clock(story: Any) -> None:
    story.wait(days=15).run()
    decision = story.wait(days=6).run()
    assert decision.verdict == "warned"
    assert story.wait(days=1).run().verdict == "return"


def test_T0_on_day_22_everything_changes_in_one_step(story: Any) -> None:
    story.wait(days=15).run()
    actions = story.wait(days=7).look().actions
    assert [type(action) for action in actions] == [UpdateDeal, CreateTask, AddComment]


def test_T0_a_human_edit_on_day_18_cancels_with_who_when_and_what(story: Any) -> None:
    story.wait(days=15).run()
    story.wait(days=3)
    story.crm.note("7", user(MANAGER), text="перезвонить в среду")
    decision = story.wait(days=1).run()
    assert decision.verdict == "cancelled"
    assert decision.reason.render("ru") == (
        "перевод отменён: после предупреждения 21.03.2025 сделку изменил(а) Иванова (комментарий)"
    )
    kept = story.recalled().last("cancelled").data
    edited = datetime(2025, 3, 21, 10, tzinfo=ZoneInfo("Europe/Moscow"))
    assert (kept["who"], kept["what"], kept["when"]) == ("Иванова", "comment", edited)


def test_T0_after_the_cancellation_the_clock_starts_at_the_edit(story: Any) -> None:
    story.wait(days=15).run()
    story.wait(days=3)
    story.crm.note("7", user(MANAGER))
    story.wait(days=2).run()
    assert story.wait(days=13, seconds=-1).run().verdict == "active"
    assert story.wait(seconds=1).run().verdict == "warn"


def test_T0_a_rejection_restores_four_values(story: Any) -> None:
    story.crm.change("7", DealChanges(fields={"label": ("VIP",), "previous_assignee": user(COLLEAGUE)}))
    was = story.deal
    story.returned()
    assert story.deal.fields["label"] == ("VIP", "Свободная сделка")
    story.crm.set_task(story.task.id, TaskState.REJECTED, HEAD)
    story.run()
    now = story.deal
    assert (now.stage, now.assignees, now.fields) == (was.stage, was.assignees, was.fields)


@pytest.mark.parametrize("killed_after", [0, 1, 2])
def test_T0_a_crash_between_writes_resumes_without_doing_anything_twice(
    story: Any, killed_after: int
) -> None:
    story.wait(days=15).run()
    story.wait(days=7).run(killed_after=killed_after)
    left = story.run()
    assert len(left.actions) == 3 - killed_after
    assert story.steps == ["warn", "return", "approval", "note"]
    assert story.run().verdict == "awaiting"
    assert len(story.crm.notices) == 2
    assert len(story.crm.tasks_by_id) == 1


@pytest.mark.parametrize("state", [TaskState.DONE, TaskState.REJECTED])
def test_T0_a_crash_after_the_decision_leaves_only_the_note_to_do(story: Any, state: TaskState) -> None:
    story.returned()
    story.crm.change("7", DealChanges(fields={"new_assignee": user(COLLEAGUE)}))
    story.crm.set_task(story.task.id, state, HEAD)
    story.run(killed_after=1)
    (action,) = story.run().actions
    assert isinstance(action, AddComment)
    assert "Решение: Петрова" in action.text
    assert story.look().verdict == "active"


def test_T0_a_late_warning_postpones_the_return_to_seven_days_after_it(story: Any) -> None:
    story.wait(days=20)  # the job was down from day 14 to day 20
    assert story.run().verdict == "warn"
    assert story.days(6) == ["warned"] * 6
    assert story.wait(days=1, seconds=-1).run().verdict == "warned"
    assert story.wait(seconds=1).run().verdict == "return"


def test_T0_the_evidence_tells_who_touched_the_deal_last_and_what_did_not_count(story: Any) -> None:
    for _ in range(3):
        story.wait(days=1)
        story.crm.note("7", user(NOISE), text="пересчёт")
    lines = [line.render("en") for line in story.wait(days=12).look().evidence]
    assert "; ".join(lines) == "last human touch: 2025-03-03 by Иванова, creation; 3 robot events ignored"


def test_the_number_in_the_warning_follows_the_settings(make_story: Any) -> None:
    story = make_story(warn_after=10, return_after=11)
    story.wait(days=10).run()
    assert {text for _, text in story.crm.notices} == {"Через 1 день сделка будет переведена в новые запросы"}


def test_the_settings_need_only_the_supervisor() -> None:
    settings = StaleDealsSettings(supervisor="user:2")
    assert (settings.warn_after, settings.return_after, settings.notice) == (15, 22, 7)
    assert settings.limits(None).return_after * timedelta(days=1) == timedelta(days=22)
