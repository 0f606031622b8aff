"""After the return: who may decide, what becomes of odd answers, of silence, of people who act themselves."""

from typing import Any

import pytest

from crmkit.automation.actions import CreateTask, Notify, SetTaskState, UpdateDeal
from crmkit.crm.models import DealChanges, Person, TaskState

DIRECTOR, HEAD, OTHER_HEAD, MANAGER, COLLEAGUE, DISMISSED = "1", "2", "3", "5", "6", "15"
ROBOT, NOISE = "90", "91"
DONE, REJECTED = TaskState.DONE, TaskState.REJECTED


def user(number: str) -> Person:
    return Person(id=number)


def name_candidate(story: Any, number: str = COLLEAGUE) -> None:
    story.crm.change("7", DealChanges(fields={"new_assignee": user(number)}))


def answer(story: Any, state: TaskState, by: str | None = HEAD) -> Any:
    story.wait(hours=1)
    story.crm.set_task(story.task.id, state, by)
    return story.run()


def retire(story: Any, number: str) -> None:
    """Dismiss somebody; people are read anew after some minutes."""
    story.wait(minutes=11)
    story.crm.people[number] = story.crm.people[number].model_copy(update={"is_active": False})


# Candidates


def test_the_state_says_once_that_a_candidate_is_checked(story: Any) -> None:
    story.returned()
    name_candidate(story)
    assert story.run().verdict == "review"
    assert story.run().verdict == "awaiting"
    story.crm.change("7", DealChanges(fields={"return_state": "свободная сделка"}))
    assert story.run().verdict == "awaiting"


def test_a_review_that_was_undone_is_not_done_again(story: Any) -> None:
    story.returned()
    name_candidate(story)
    story.run()
    story.memory.undo(story.deal.ref, "review", story.crm.clock.now())
    story.crm.change("7", DealChanges(fields={"return_state": "свободная сделка"}))
    assert story.run().actions == ()
    assert answer(story, DONE).verdict == "approve"


def test_a_state_that_a_person_has_set_is_left_alone(story: Any) -> None:
    story.returned()
    story.crm.change("7", DealChanges(fields={"return_state": "проверка контрагента"}))
    name_candidate(story)
    assert story.run().verdict == "awaiting"


def test_a_candidate_who_cannot_take_the_deal_is_pointed_out_before_the_decision(story: Any) -> None:
    story.returned()
    name_candidate(story, DISMISSED)
    decision = story.run()
    assert (decision.verdict, decision.actions, decision.attention) == ("awaiting", (), True)
    assert decision.reason.render("en") == "the new executor Бывший cannot take the deal"
    del story.crm.tasks_by_id[story.task.id]
    assert story.run().verdict == "approval_again"


def test_a_candidate_of_another_time_does_not_slip_through(make_story: Any) -> None:
    story = make_story()
    story.crm.add("7", new_assignee=user(COLLEAGUE))
    story.returned()
    assert "new_assignee" not in story.deal.fields
    assert answer(story, REJECTED).verdict == "reject"
    assert "new_assignee" not in story.deal.fields


def test_other_labels_stay(make_story: Any) -> None:
    story = make_story()
    story.crm.add("7", label=("VIP",))
    story.returned()
    name_candidate(story)
    answer(story, DONE)
    assert story.deal.fields["label"] == ("VIP",)


def test_without_a_label_field_the_state_tells_alone(make_story: Any, make_portal: Any) -> None:
    story = make_story(make_portal(fields=("return_state", "previous_assignee", "new_assignee"))).returned()
    assert set(story.deal.fields) == {"return_state", "previous_assignee"}
    name_candidate(story)
    assert answer(story, DONE).verdict == "approve"
    assert set(story.deal.fields) == {"return_state", "previous_assignee"}


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("person", Person(id=MANAGER)),
        ("people", (Person(id=MANAGER), Person(id=COLLEAGUE))),
        ("text", "Иванова, Кузнецов"),
    ],
)
def test_several_executors_are_kept_as_the_field_can_hold_them(make_story: Any, kind: str, kept: Any) -> None:
    story = make_story()
    story.crm.field_types["previous_assignee"] = ("Предыдущий", kind)
    story.crm.add("7", assignees=(Person(id=MANAGER, name="Иванова"), Person(id=COLLEAGUE, name="Кузнецов")))
    story.returned()
    assert story.deal.fields["previous_assignee"] == kept
    answer(story, REJECTED)
    assert story.deal.assignees == (user(MANAGER), user(COLLEAGUE))


def test_a_label_field_of_one_value_is_set_and_cleared(make_story: Any) -> None:
    story = make_story()
    story.crm.field_types["label"] = ("Метка", "choice")
    story.crm.add("7", label="VIP")
    assert story.returned().deal.fields["label"] == "Свободная сделка"
    answer(story, REJECTED)
    assert story.deal.fields["label"] == "VIP"


# Who may decide


@pytest.mark.parametrize(
    ("by", "settings", "verdict"),
    [
        (HEAD, {}, "approve"),
        (DIRECTOR, {}, "approve"),
        (DIRECTOR, {"admins_may_decide": False}, "not_allowed"),
        (OTHER_HEAD, {}, "not_allowed"),
        (OTHER_HEAD, {"approvers": ("user:3",)}, "approve"),
        (COLLEAGUE, {}, "not_allowed"),
        (NOISE, {}, "not_allowed"),
        (NOISE, {"approvers": ("user:91",)}, "approve"),
        (None, {}, "not_allowed"),
    ],
)
def test_who_may_decide(make_story: Any, by: str | None, settings: Any, verdict: str) -> None:
    story = make_story(**settings).returned()
    name_candidate(story)
    assert answer(story, DONE, by).verdict == verdict
    assert (story.deal.assignees == ()) == (verdict == "not_allowed")


def test_a_robot_with_rights_of_an_administrator_may_not_decide(story: Any) -> None:
    story.crm.people[NOISE] = story.crm.people[NOISE].model_copy(update={"is_admin": True})
    story.returned()
    name_candidate(story)
    assert answer(story, DONE, NOISE).verdict == "not_allowed"


def test_a_decision_of_somebody_else_is_always_opened_again(make_story: Any) -> None:
    story = make_story(reopen_incomplete=False).returned()
    name_candidate(story)
    answer(story, DONE, COLLEAGUE)
    assert story.task.state is TaskState.OPEN


def test_a_client_with_the_number_of_an_administrator_may_not_decide(story: Any) -> None:
    story.returned()
    name_candidate(story)
    story.crm.set_task(story.task.id, DONE, None)
    client = Person(kind="contact", id=DIRECTOR, name="Клиент")
    story.crm.tasks_by_id[story.task.id] = story.task.model_copy(update={"decided_by": client})
    assert story.run().verdict == "not_allowed"


def test_a_decision_of_somebody_else_is_taken_back_and_explained_once(story: Any) -> None:
    story.returned()
    told = len(story.crm.notices)
    for _ in range(3):
        assert answer(story, REJECTED, COLLEAGUE).verdict == "not_allowed"
        assert story.task.state is TaskState.OPEN
    assert [person for person, _ in story.crm.notices[told:]] == [COLLEAGUE, HEAD]
    assert "Задачу согласования закрыл(а) Кузнецов, а решать может только Петрова" in story.crm.notices[-1][1]
    assert story.deal.assignees == ()


def test_consent_without_a_candidate_is_explained_once_and_the_task_opened_again(story: Any) -> None:
    story.returned()
    told = len(story.crm.notices)
    assert answer(story, DONE).verdict == "no_candidate"
    assert story.task.state is TaskState.OPEN
    assert answer(story, DONE).verdict == "no_candidate"
    assert [person for person, _ in story.crm.notices[told:]] == [HEAD]
    assert "не заполнено поле «Новый исполнитель»" in story.crm.notices[-1][1]
    name_candidate(story)
    assert answer(story, DONE).verdict == "approve"


def test_consent_without_a_candidate_may_also_wait_for_one(make_story: Any) -> None:
    story = make_story(reopen_incomplete=False).returned()
    assert answer(story, DONE).verdict == "no_candidate"
    assert story.task.state is DONE
    assert story.run().actions == ()
    name_candidate(story)
    assert story.run().verdict == "approve"


def test_consent_to_somebody_inactive_is_explained_for_each_name(story: Any) -> None:
    story.returned()
    told = len(story.crm.notices)
    for candidate in (DISMISSED, DISMISSED, NOISE):
        name_candidate(story, candidate)
        assert answer(story, DONE).verdict == "no_candidate"
    assert ["Бывший" in text or "Робот Планфикса" in text for _, text in story.crm.notices[told:]] == [
        True,
        True,
    ]
    assert story.deal.assignees == ()


def test_the_explanation_comes_before_the_reopening(story: Any) -> None:
    story.returned()
    story.crm.set_task(story.task.id, DONE, HEAD)
    assert [type(action) for action in story.run(killed_after=1).actions] == [Notify, SetTaskState]
    assert [type(action) for action in story.run().actions] == [SetTaskState]


def test_a_decision_is_carried_out_once_however_often_it_is_looked_at(story: Any) -> None:
    story.returned()
    name_candidate(story)
    answer(story, DONE)
    story.crm.set_task(story.task.id, REJECTED, HEAD)
    assert story.run().verdict == "active"
    assert story.deal.assignees == (user(COLLEAGUE),)


# Rejection


def test_a_rejection_restores_only_what_is_still_ours(story: Any) -> None:
    story.returned()
    story.crm.change(
        "7",
        DealChanges(
            fields={
                "previous_assignee": user(COLLEAGUE),
                "label": ("Свободная сделка", "VIP"),
                "return_state": "подтверждено",
            }
        ),
    )
    answer(story, REJECTED)
    assert story.deal.assignees == (user(MANAGER),)
    assert story.deal.fields == {
        "previous_assignee": user(COLLEAGUE),
        "label": ("VIP",),
        "return_state": "подтверждено",
    }


@pytest.mark.parametrize(
    ("settings", "retired", "owner"),
    [
        ({}, (), HEAD),
        ({"fallback_owner": "user:6"}, (), COLLEAGUE),
        ({"fallback_owner": "user:6"}, (COLLEAGUE,), HEAD),
        ({"fallback": "user:1"}, (HEAD,), DIRECTOR),
    ],
)
def test_a_former_executor_who_left_is_replaced(
    make_story: Any, settings: Any, retired: Any, owner: str
) -> None:
    story = make_story(**settings).returned()
    for number in (MANAGER, *retired):
        retire(story, number)
    decision = answer(story, REJECTED, DIRECTOR)
    assert (decision.verdict, decision.attention) == ("reject", True)
    assert story.deal.assignees == (user(owner),)
    assert "Прежний исполнитель отключён" in story.comments[-1]


@pytest.mark.parametrize(
    "executor", [Person(kind="contact", id="44"), Person(kind="group", id="1"), Person(id=NOISE)]
)
def test_executors_who_are_no_employees_get_their_deal_back_too(make_story: Any, executor: Person) -> None:
    story = make_story()
    story.crm.add("7", assignees=(executor,))
    story.returned()
    assert answer(story, REJECTED).verdict == "reject"
    assert story.deal.assignees == (executor,)


def test_a_deal_that_had_no_executor_gets_none_back(make_story: Any) -> None:
    story = make_story()
    story.crm.add("7", assignees=())
    story.returned()
    assert "previous_assignee" not in story.deal.fields
    decision = answer(story, REJECTED)
    assert (story.deal.assignees, decision.attention) == ((), True)


def test_after_a_rejection_the_days_count_anew(story: Any) -> None:
    story.returned()
    answer(story, REJECTED)
    assert story.steps[-2:] == ["reject", "rejected"]
    assert story.days(14) == ["active"] * 14
    assert story.wait(days=1).run().verdict == "warn"
    assert story.recalled().effects[-1].episode == 2


# Silence


def test_without_a_timeout_a_decision_is_awaited_for_ever(story: Any) -> None:
    assert set(story.returned().days(100)) == {"awaiting"}


def test_an_overdue_decision_is_listed(make_story: Any) -> None:
    story = make_story(approval_timeout=5).returned()
    assert story.days(6) == ["awaiting"] * 4 + ["overdue"] * 2
    assert story.look().attention


def test_an_overdue_decision_may_count_as_a_rejection(make_story: Any) -> None:
    story = make_story(approval_timeout=5, on_timeout="reject").returned()
    assert "Если решения не будет до 30.03.2025" in story.crm.texts[story.task.id]
    assert story.days(5)[-1] == "reject"
    assert story.task.state is TaskState.CANCELLED
    assert story.deal.assignees == (user(MANAGER),)
    assert story.comments[-1].startswith("Решения не было 5 дней")


@pytest.mark.parametrize("killed_after", [1, 2])
def test_a_crash_in_the_middle_of_a_rejection_by_timeout_goes_on(make_story: Any, killed_after: int) -> None:
    story = make_story(approval_timeout=5, on_timeout="reject").returned()
    story.wait(days=5).run(killed_after=killed_after)
    assert story.run().verdict == "reject"
    assert story.steps[-3:] == ["cancel_task", "reject", "rejected"]


def test_an_overdue_decision_may_be_escalated(make_story: Any) -> None:
    story = make_story(approval_timeout=5, on_timeout="escalate", escalate_to="user:1").returned()
    first = story.task.id
    assert story.days(5)[-1] == "escalate"
    assert story.crm.tasks_by_id[first].state is TaskState.CANCELLED
    assert story.task.assignees == (user(DIRECTOR),)
    assert story.days(6) == ["awaiting"] * 4 + ["overdue"] * 2
    name_candidate(story)
    assert answer(story, DONE, DIRECTOR).verdict == "approve"


def test_a_crash_in_the_middle_of_an_escalation_goes_on(make_story: Any) -> None:
    story = make_story(approval_timeout=5, on_timeout="escalate", escalate_to="user:1").returned()
    story.wait(days=5).run(killed_after=1)
    (action,) = story.run().actions
    assert isinstance(action, CreateTask)
    assert story.run().verdict == "awaiting"


def test_if_the_approver_is_dismissed_the_fallback_is_asked(make_story: Any) -> None:
    story = make_story(fallback="user:1").returned()
    retire(story, HEAD)
    assert story.run().verdict == "escalate"
    assert story.task.assignees == (user(DIRECTOR),)
    assert story.run().verdict == "awaiting"


def test_if_nobody_is_left_to_approve_a_person_has_to_look(story: Any) -> None:
    story.returned()
    retire(story, HEAD)
    decision = story.run()
    assert (decision.verdict, decision.actions, decision.attention) == ("awaiting", (), True)


def test_without_anybody_to_approve_nothing_is_returned(story: Any) -> None:
    story.wait(days=15).run()
    retire(story, HEAD)
    decision = story.wait(days=7).run()
    assert (decision.verdict, decision.attention) == ("nobody_to_notify", True)
    assert story.deal.stage.key == "work"


# The task


@pytest.mark.parametrize("how", ["gone", "deleted", "cancelled"])
def test_a_task_that_somebody_removed_is_created_once_more(story: Any, how: str) -> None:
    story.returned()

    def remove() -> None:
        task = story.task
        if how == "gone":
            del story.crm.tasks_by_id[task.id]
        elif how == "deleted":
            story.crm.tasks_by_id[task.id] = task.model_copy(update={"deleted": True})
        else:
            story.crm.set_task(task.id, TaskState.CANCELLED, HEAD)

    remove()
    decision = story.run()
    assert (decision.verdict, decision.attention) == ("approval_again", True)
    assert story.run().verdict == "awaiting"
    remove()
    decision = story.run()
    assert (decision.verdict, decision.actions, decision.attention) == ("approval_lost", (), True)


def test_a_removed_task_may_also_be_left_to_people(make_story: Any) -> None:
    story = make_story(recreate_approval=False).returned()
    del story.crm.tasks_by_id[story.task.id]
    assert story.run().verdict == "approval_lost"


# People who act themselves


@pytest.mark.parametrize(
    ("change", "how"),
    [
        ({"assignees": (Person(id=COLLEAGUE),)}, "reassigned"),
        ({"stage": "work"}, "moved"),
        ({"stage": "won"}, "closed_meanwhile"),
        ({"stage": "refused"}, "closed_meanwhile"),
    ],
)
def test_what_a_person_does_to_a_waiting_deal_stands(story: Any, change: Any, how: str) -> None:
    story.returned()
    story.wait(days=1)
    story.crm.change("7", DealChanges(**change))
    before = story.deal
    decision = story.run()
    assert decision.verdict == "taken_over"
    assert decision.reason.key == f"stale_deals.reason.{how}"
    assert (story.deal.stage, story.deal.assignees) == (before.stage, before.assignees)
    assert story.task.state is TaskState.CANCELLED
    assert story.recalled().last("cancelled").data["how"] == how
    assert story.run().verdict != "taken_over"


def test_a_deal_that_a_person_took_over_is_no_longer_labelled_free(story: Any) -> None:
    story.returned()
    story.crm.change("7", DealChanges(assignees=(user(COLLEAGUE),)))
    story.run()
    assert set(story.deal.fields) == {"previous_assignee"}


def test_a_deal_that_was_deleted_while_waiting_has_its_task_cancelled(story: Any) -> None:
    story.returned()
    del story.crm.sheets["7"]
    assert story.run().verdict == "gone"
    assert story.task.state is TaskState.CANCELLED


def test_the_candidate_may_be_assigned_by_hand_with_the_consent(story: Any) -> None:
    story.returned()
    name_candidate(story)
    story.crm.change("7", DealChanges(assignees=(user(COLLEAGUE),)))
    assert answer(story, DONE).verdict == "approve"
    assert story.deal.fields["return_state"] == "подтверждено"


def test_comments_on_a_waiting_deal_change_nothing(story: Any) -> None:
    story.returned()
    story.wait(days=1)
    story.crm.note("7", user(COLLEAGUE), text="могу взять")
    assert story.run().verdict == "awaiting"


@pytest.mark.parametrize("killed_after", [1, 2])
def test_a_crash_while_giving_way_to_a_person_goes_on(story: Any, killed_after: int) -> None:
    story.returned()
    story.crm.change("7", DealChanges(assignees=(user(COLLEAGUE),)))
    story.run(killed_after=killed_after)
    assert story.run().verdict == "taken_over"
    assert story.steps[-3:] == ["cancel_task", "tidy", "cancelled"]


def test_a_person_is_faster_than_the_task(story: Any) -> None:
    """The run was killed after the deal was freed; before it goes on, a person takes the deal."""
    story.wait(days=15).run()
    story.wait(days=7).run(killed_after=1)
    story.crm.change("7", DealChanges(assignees=(user(COLLEAGUE),)))
    decision = story.run()
    assert decision.verdict == "taken_over"
    assert story.crm.tasks_by_id == {}
    assert not any(isinstance(a, UpdateDeal) and a.changes.stage for a in decision.actions)


def test_nobody_to_approve_after_a_crash_is_listed(story: Any) -> None:
    story.wait(days=15).run()
    story.wait(days=7).run(killed_after=1)
    retire(story, HEAD)
    decision = story.run()
    assert (decision.verdict, decision.attention) == ("approval_lost", True)
