"""Tasks for people."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest

from crmkit.crm.capabilities import Capability
from crmkit.crm.models import AuthorKind, NewTask, Ref, TaskChanges, TaskState
from crmkit.exceptions import ConfigurationError, NotFound, OutcomeUnknown
from crmkit.testing.bench import Bench
from crmkit.testing.suites.guards import needs, writes_itself

__all__ = ["TaskSuite"]

TITLE = "Согласовать передачу сделки"


def new_task(bench: Bench, deal: str, title: str = TITLE) -> NewTask:
    """Return a task about a deal."""
    return NewTask(
        title=title,
        text="Сделка стоит < 5 дней & ждёт.\nРешите, пожалуйста.",
        kind=bench.task_kind,
        assignees=(bench.other_manager,),
        deal=Ref(kind="deal", id=deal),
        deadline=bench.now() + timedelta(days=3),
    )


class TaskSuite:
    """What an adapter has to do with tasks."""

    def test_a_task_is_created_and_read(self, bench: Bench) -> None:
        """With its people and its deal, open."""
        deal = bench.new_deal()
        created = bench.crm.tasks.create(new_task(bench, deal), key="run:1")
        task = bench.crm.tasks.get(created.id, kind=bench.task_kind)
        assert (task.id, task.title, task.state) == (created.id, TITLE, TaskState.OPEN)
        assert task.assignees == (bench.other_manager,)
        assert task.deal == Ref(kind="deal", id=deal)
        assert (task.decided_by, task.decided_at) == (None, None)
        assert task.url

    @pytest.mark.parametrize("state", [TaskState.DONE, TaskState.REJECTED, TaskState.CANCELLED])
    def test_a_decision_has_an_author(self, bench: Bench, state: TaskState) -> None:
        """Who decided, and when; a later comment of somebody else does not count."""
        created = bench.crm.tasks.create(new_task(bench, bench.new_deal()), key="run:1")
        bench.advance(hours=1)
        bench.decide(bench.other_manager, created.id, state)
        decided = bench.now()
        bench.advance(hours=1)
        bench.comment(bench.manager, created.id, "Хорошо")
        task = bench.crm.tasks.get(created.id, kind=bench.task_kind)
        assert (task.state, task.decided_by, task.decided_by_kind) == (
            state,
            bench.other_manager,
            AuthorKind.HUMAN,
        )
        assert task.decided_at
        assert abs(task.decided_at - decided) < timedelta(minutes=1)

    def test_a_state_is_set(self, bench: Bench) -> None:
        """And it shows that a robot did it."""
        created = bench.crm.tasks.create(new_task(bench, bench.new_deal()), key="run:1")
        bench.crm.tasks.set_state(created.id, TaskState.CANCELLED, kind=bench.task_kind)
        task = bench.crm.tasks.get(created.id, kind=bench.task_kind)
        assert (task.state, task.decided_by_kind) == (TaskState.CANCELLED, AuthorKind.ROBOT)

    def test_a_task_whose_answer_is_lost_can_be_found(self, bench: Bench) -> None:
        """The task is there once, and it is found by its key; an adapter may have looked itself."""
        deal = Ref(kind="deal", id=bench.new_deal())
        since = bench.now()
        bench.lose_answer("task")
        with contextlib.suppress(OutcomeUnknown):
            bench.crm.tasks.create(new_task(bench, deal.id), key="run:1")
        found = bench.crm.tasks.find_by_key(
            "run:1", kind=bench.task_kind, since=since, deal=deal, title=TITLE
        )
        assert found
        assert (found.title, found.deal) == (TITLE, deal)

    def test_a_task_that_was_never_made_is_not_found(self, bench: Bench) -> None:
        """Neither by a wrong key nor on another deal; an adapter that looks itself makes it after all."""
        deal, other = (Ref(kind="deal", id=bench.new_deal()) for _ in range(2))
        since = bench.now()
        bench.swallow("task")
        made = ""
        with contextlib.suppress(OutcomeUnknown):
            made = bench.crm.tasks.create(new_task(bench, deal.id), key="run:1").id
        bench.crm.tasks.create(new_task(bench, other.id), key="run:2")
        for title in (TITLE, ""):
            found = bench.crm.tasks.find_by_key(
                "run:1", kind=bench.task_kind, since=since, deal=deal, title=title
            )
            assert (found.id if found else "") == made

    def test_an_unknown_kind_is_a_mistake_of_the_settings(self, bench: Bench) -> None:
        """Nothing is sent for it."""
        before = len(bench.writes())
        with pytest.raises(ConfigurationError):
            bench.crm.tasks.create(NewTask(title=TITLE, kind="no_such_kind"), key="run:1")
        assert len(bench.writes()) == before

    def test_a_task_that_does_not_exist(self, bench: Bench) -> None:
        """It is not found, not empty."""
        with pytest.raises(NotFound):
            bench.crm.tasks.get("999999999", kind=bench.task_kind)

    def test_a_task_of_a_client_belongs_to_no_deal(self, bench: Bench) -> None:
        """A company may have tasks of its own."""
        company = next(iter(bench.crm.companies.find())).ref
        new = NewTask(title=TITLE, kind=bench.task_kind, assignees=(bench.manager,), company=company)
        created = bench.crm.tasks.create(new, key="run:1")
        task = bench.crm.tasks.get(created.id, kind=bench.task_kind)
        if task.company is None and task.deal is None:
            pytest.skip(f"{bench.crm.provider} does not tell of whom a task is")
        assert (task.company, task.deal) == (company, None)

    def test_a_task_is_changed_in_one_write(self, bench: Bench) -> None:
        """Only what is given; a deadline can be taken away."""
        writes_itself(bench, bench.crm.tasks, "update")
        deal = bench.new_deal()
        task = bench.crm.tasks.create(new_task(bench, deal), key="run:1").id
        deadline = (bench.now() + timedelta(days=9)).replace(microsecond=0)
        before = len(bench.writes())
        changes = TaskChanges(title="Перезвонить", deadline=deadline, assignees=(bench.manager,))
        bench.crm.tasks.update(task, changes, kind=bench.task_kind)
        assert len(bench.writes()) == before + 1
        after = bench.crm.tasks.get(task, kind=bench.task_kind)
        assert (after.title, after.deadline, after.assignees) == ("Перезвонить", deadline, (bench.manager,))
        assert after.deal == Ref(kind="deal", id=deal)
        bench.crm.tasks.update(task, TaskChanges(deadline=None), kind=bench.task_kind)
        after = bench.crm.tasks.get(task, kind=bench.task_kind)
        assert (after.title, after.deadline, after.state) == ("Перезвонить", None, TaskState.OPEN)

    def test_a_checklist_is_what_is_still_to_be_done(self, bench: Bench) -> None:
        """Lines that are not wanted any more are ticked off, new ones are added, none comes twice."""
        needs(bench, Capability.CHECKLISTS)
        new = new_task(bench, bench.new_deal()).model_copy(
            update={"checklist": ("Тариф", "Стоимость & срок")}
        )
        task = bench.crm.tasks.create(new, key="run:1").id
        assert bench.to_do(task) == ["Тариф", "Стоимость & срок"]
        for _ in range(2):
            changes = TaskChanges(checklist=("Стоимость & срок", "Ответственный"))
            bench.crm.tasks.update(task, changes, kind=bench.task_kind)
            assert bench.to_do(task) == ["Стоимость & срок", "Ответственный"]
        bench.crm.tasks.update(task, TaskChanges(checklist=("Тариф",)), kind=bench.task_kind)
        assert bench.to_do(task) == ["Тариф"]
        bench.crm.tasks.update(task, TaskChanges(checklist=()), kind=bench.task_kind)
        assert bench.to_do(task) == []

    def test_tasks_of_deals(self, bench: Bench) -> None:
        """Those of a kind, of any of the deals, each once."""
        writes_itself(bench, bench.crm.tasks, "of_deals")
        deals = [Ref(kind="deal", id=bench.new_deal()) for _ in range(3)]
        made = {
            bench.crm.tasks.create(new_task(bench, deal.id), key=f"run:{deal.id}:{n}").id: deal
            for deal in deals
            for n in range(2)
        }
        found = [*bench.crm.tasks.of_deals(*deals[:2], kind=bench.task_kind)]
        assert {task.id: task.deal for task in found} == {
            number: deal for number, deal in made.items() if deal in deals[:2]
        }
        assert len(found) == 4

    def test_many_tasks_are_read_together(self, bench: Bench) -> None:
        """With their states; unknown ones are left out."""
        deal = bench.new_deal()
        made = [bench.crm.tasks.create(new_task(bench, deal), key=f"run:{n}").id for n in range(3)]
        bench.decide(bench.other_manager, made[1], TaskState.REJECTED)
        found = {
            task.id: task.state for task in bench.crm.tasks.with_ids(*made, "999999999", kind=bench.task_kind)
        }
        assert found == {made[0]: TaskState.OPEN, made[1]: TaskState.REJECTED, made[2]: TaskState.OPEN}
        assert {TaskState.OPEN, TaskState.DONE, TaskState.REJECTED} <= bench.crm.tasks.states(bench.task_kind)

    def test_a_decision_can_be_taken_back(self, bench: Bench) -> None:
        """Open again is open, whatever it was."""
        task = bench.crm.tasks.create(new_task(bench, bench.new_deal()), key="run:1").id
        for state in (TaskState.REJECTED, TaskState.OPEN, TaskState.DONE):
            bench.crm.tasks.set_state(task, state, kind=bench.task_kind)
            assert bench.crm.tasks.get(task, kind=bench.task_kind).state is state

    def test_the_time_spent_on_deals(self, bench: Bench) -> None:
        """All records of all tasks of a deal, whoever made them; deals without any are absent."""
        needs(bench, Capability.TIME_RECORDS)
        first, second, third = (Ref(kind="deal", id=bench.new_deal()) for _ in range(3))
        for deal, key in ((first, "a"), (first, "b"), (second, "c")):
            task = bench.crm.tasks.create(new_task(bench, deal.id), key=key).id
            bench.spend(bench.manager, task, 15)
            if deal == first:
                bench.spend(bench.other_manager, task, 7.5)
        assert bench.crm.tasks.minutes_spent(first, second, third) == {first: 45.0, second: 15.0}
        assert bench.crm.tasks.minutes_spent() == {}
