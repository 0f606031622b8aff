"""R4.6 and R4.7 on the real chain: the responsible person changes, and gets a task in the client's group."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from pydantic import ValidationError

from crmkit.exceptions import Unsupported
from crmkit.runtime.undo import undo
from crmkit.sandbox import Fault

NAME, STAGE = "bulk_bp_handover", "C2:HANDOVER"
TO = {"calls_handover": {"to": ["user:7"]}}
GROUP = "UF_CRM_GROUP_ID"


def test_R4_06_on_the_stage_somebody_else_becomes_responsible(b24: Any) -> None:
    deal, other = b24.deal(STAGE), b24.deal("C2:CALLBACK")
    recipe = b24.recipe(NAME, rules=TO)
    assert b24.run(recipe).counts == {"done": 1}
    assert [b24.row(one)["ASSIGNED_BY_ID"] for one in (deal, other)] == [7, 4]
    before = b24.writes()
    assert b24.run(recipe).counts == {}
    assert b24.writes() == before


def test_R4_07_the_task_is_in_the_group_of_the_client(b24: Any) -> None:
    deal = b24.deal(STAGE)
    b24.run(b24.recipe(NAME, rules=TO))
    (task,) = b24.tasks()
    assert (task["RESPONSIBLE_ID"], task["GROUP_ID"]) == (7, b24.row(3, 4)[GROUP])
    assert set(task["UF_CRM_TASK"]) == {f"D_{deal}", "CO_3"}


def test_R4_07_without_a_group_the_task_waits_for_it_and_the_deal_is_listed(b24: Any) -> None:
    deal, recipe = b24.deal(STAGE, COMPANY_ID=1), b24.recipe(NAME, rules=TO)
    b24.run(recipe)
    item = b24.item(recipe, deal)
    assert (item.verdict, item.attention, item.actions) == ("waits", True, ())
    assert (b24.row(deal)["ASSIGNED_BY_ID"], b24.tasks()) == (7, [])
    b24.edit_company(1, **{"COMPANY_TYPE": "CUSTOMER"})
    spaces = b24.recipe("bulk_bp_spaces", owner="user:2")
    for _ in range(3):
        b24.run(spaces)
    b24.run(recipe)
    (task,) = b24.tasks()
    assert task["GROUP_ID"] == b24.row(1, 4)[GROUP] > 0
    assert b24.verdicts(recipe)[str(deal)] == "given"


def test_R4_07_or_it_is_created_outside(b24: Any) -> None:
    b24.deal(STAGE, COMPANY_ID=1)
    b24.run(b24.recipe(NAME, rules=TO, without_group="task"))
    assert [row["GROUP_ID"] or 0 for row in b24.tasks()] == [0]


def test_R4_06_to_the_head_of_the_department(b24: Any) -> None:
    deal = b24.deal(STAGE, ASSIGNED_BY_ID=21)
    b24.run(b24.recipe(NAME, rules={"calls_handover": {"pick": "head"}}))
    assert b24.row(deal)["ASSIGNED_BY_ID"] == 20


def test_R4_06_in_turn(b24: Any) -> None:
    deals = [b24.deal(STAGE) for _ in range(6)]
    b24.run(b24.recipe(NAME, rules={STAGE: {"to": ["user:6", "user:7", "user:15"], "pick": "turn"}}))
    assert Counter(b24.row(one)["ASSIGNED_BY_ID"] for one in deals) == {6: 3, 7: 3}


def test_R4_06_to_whoever_has_the_fewest_open_deals(b24: Any) -> None:
    for _ in range(3):
        b24.deal("C2:CALLBACK", ASSIGNED_BY_ID=6)
    deals = [b24.deal(STAGE) for _ in range(5)]
    recipe = b24.recipe(NAME, rules={STAGE: {"to": ["user:6", "user:7"], "pick": "load"}})
    assert b24.run(recipe).counts == {"done": 5}
    assert Counter(b24.row(one)["ASSIGNED_BY_ID"] for one in deals) == {7: 4, 6: 1}


def test_R4_06_nobody_to_take_over_is_listed(b24: Any) -> None:
    deal = b24.deal(STAGE)
    item = b24.item(b24.recipe(NAME, rules={STAGE: {"to": ["user:15"]}}), deal)
    assert (item.verdict, item.attention) == ("nobody", True)


def test_R4_06_once_per_stay_and_what_a_person_decides_stays(b24: Any) -> None:
    deal, recipe = b24.deal(STAGE), b24.recipe(NAME, rules=TO)
    b24.run(recipe)
    b24.box.act.assign("user:2", deal, "user:9")
    assert b24.run(recipe).counts == {}
    assert b24.row(deal)["ASSIGNED_BY_ID"] == 9
    for stage in ("C2:CALLBACK", STAGE):
        b24.wait(minutes=5)
        b24.box.act.set_stage("user:9", deal, stage)
        b24.run(recipe)
    assert b24.row(deal)["ASSIGNED_BY_ID"] == 7
    assert [row["RESPONSIBLE_ID"] for row in b24.tasks()] == [7, 7]


def test_R4_06_what_was_undone_is_not_done_again_until_the_deal_comes_back(b24: Any) -> None:
    deal, recipe = b24.deal(STAGE), b24.recipe(NAME, rules=TO)
    b24.wait(minutes=5)
    undo(b24.run(recipe).run, b24.crm, b24.ledger)
    assert b24.row(deal)["ASSIGNED_BY_ID"] == 4
    assert b24.run(recipe).counts == {}
    assert b24.verdicts(recipe) == {str(deal): "undone"}
    for stage in ("C2:CALLBACK", STAGE):
        b24.wait(minutes=5)
        b24.box.act.set_stage("user:4", deal, stage)
        b24.run(recipe)
    assert b24.row(deal)["ASSIGNED_BY_ID"] == 7


def test_a_rule_without_people_is_refused(b24: Any) -> None:
    with pytest.raises(ValidationError, match="needs people in to"):
        b24.recipe(NAME, rules={STAGE: {"pick": "turn"}})


@pytest.mark.parametrize("operation", ["crm.item.update", "tasks.task.add"])
def test_a_lost_answer_is_settled_by_looking(b24: Any, operation: str) -> None:
    deal, recipe = b24.deal(STAGE), b24.recipe(NAME, rules=TO)
    b24.box.faults.add(Fault("drop_answer", operation))
    for _ in range(2):
        b24.run(recipe)
    assert b24.row(deal)["ASSIGNED_BY_ID"] == 7
    assert len(b24.tasks()) == 1


def test_killed_before_and_after_every_write(b24: Any) -> None:
    deal, recipe = b24.deal(STAGE), b24.recipe(NAME, rules=TO)
    assert b24.killed_at_every_write(recipe) >= 3
    assert b24.row(deal)["ASSIGNED_BY_ID"] == 7
    assert len(b24.tasks()) == 1


# Planfix


def test_R4_06_and_R4_07_on_planfix(pf: Any) -> None:
    deal = pf.deal(9)
    options = {"group_field": "workspace", "task_kind": "task"}
    recipe = pf.recipe(NAME, rules={"callback": {"to": ["user:7"]}}, **options)
    assert pf.run(recipe).counts == {"done": 1}
    (task,) = pf.tasks()
    assert pf.box.account.tasks[deal].assignees == ("user:7",)
    assert (task.assignees, task.project) == (("user:7",), 1)
    with pytest.raises(Unsupported, match="department_heads"):
        pf.plan(pf.recipe(NAME, rules={"callback": {"pick": "head"}}, **options))
