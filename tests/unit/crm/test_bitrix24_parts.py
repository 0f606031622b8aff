"""Small parts of the Bitrix24 adapter: names of fields, heads, states of tasks, keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.bitrix24 import User as UserRow
from crmkit.bitrix24.models import Department
from crmkit.config import TaskMapping
from crmkit.crm.adapters.bitrix24 import mapping
from crmkit.crm.adapters.bitrix24.account import field_name
from crmkit.crm.adapters.bitrix24.room import LONGEST_KEY, external_id, number_of
from crmkit.crm.adapters.bitrix24.states import States, tags_of
from crmkit.crm.models import Ref, TaskState
from crmkit.exceptions import ConfigurationError, NotFound
from crmkit.sandbox.bitrix24.kinds import camel


@pytest.mark.parametrize(
    "name",
    ["UF_CRM_TARIFF", "UF_CRM_LOSS_REASON", "UF_CRM_1700000000", "UF_CRM_7_LOSS_REASON", "UF_CRM_2_123"],
)
def test_both_names_of_a_field_are_the_same_field(name: str) -> None:
    assert field_name(camel(name)) == field_name(name) == name


def department(number: int, head: int, parent: int = 0) -> Department:
    return Department.from_row({"ID": number, "NAME": f"Отдел {number}", "UF_HEAD": head, "PARENT": parent})


@pytest.mark.parametrize(
    ("own", "departments", "heads"),
    [
        ([2], [department(2, 5)], ["5"]),
        ([2], [department(2, 4, 1), department(1, 3)], ["3"]),
        ([2], [department(2, 0, 1), department(1, 0)], []),
        ([2, 3], [department(2, 5), department(3, 6)], ["5", "6"]),
        ([2, 3], [department(2, 5), department(3, 5)], ["5"]),
        ([2], [department(2, 4, 1), department(1, 4, 2)], []),
        ([9], [department(2, 5)], []),
    ],
    ids=["own", "above their own", "nobody", "two", "the same", "a circle", "unknown"],
)
def test_who_leads_somebody(own: list[int], departments: list[Department], heads: list[str]) -> None:
    row = UserRow.from_row({"ID": 4, "NAME": "Иван", "UF_DEPARTMENT": own})
    found = mapping.user(row, frozenset(), {one.id: one for one in departments})
    assert [one.id for one in found.heads] == heads


def states(**stages: str) -> States:
    return States.of(TaskMapping.model_validate({"stages": stages}), "tasks.approval.stages")


@pytest.mark.parametrize(
    ("status", "tags", "state"),
    [
        (2, [], TaskState.OPEN),
        (3, ["Отклонено"], TaskState.OPEN),
        (6, [], TaskState.OPEN),
        (4, [], TaskState.DONE),
        (5, [], TaskState.DONE),
        (5, ["срочно", "ОТКЛОНЕНО"], TaskState.REJECTED),
        (5, ["отменено"], TaskState.CANCELLED),
        (7, [], TaskState.REJECTED),
        (99, [], TaskState.OPEN),
    ],
)
def test_what_a_status_and_tags_mean(status: int, tags: list[str], state: TaskState) -> None:
    own = states(rejected="tag:отклонено", cancelled="tag:отменено")
    assert own.state(status, tags) is state


def test_a_status_can_be_given_another_meaning() -> None:
    """For portals in which deferring a task is how people say no."""
    own = states(rejected="6")
    assert own.state(6, []) is TaskState.REJECTED
    assert own.values(TaskState.REJECTED, []) == {"STATUS": 6}
    assert own.known == {TaskState.OPEN, TaskState.DONE, TaskState.REJECTED}


@given(st.sampled_from(TaskState), st.lists(st.sampled_from(["срочно", "отклонено", "Отменено", "VIP"])))
def test_what_is_written_means_what_it_should(state: TaskState, tags: list[str]) -> None:
    own = states(rejected="tag:отклонено", cancelled="tag:отменено")
    written = own.values(state, tags)
    assert own.state(written["STATUS"], written["TAGS"]) is state
    assert set(written["TAGS"]) >= set(tags) & {"срочно", "VIP"}


@pytest.mark.parametrize("stage", ["отклонено", "tag:", "99", "C1:NEW"])
def test_a_stage_that_is_none(stage: str) -> None:
    with pytest.raises(ConfigurationError, match=r"tasks\.approval\.stages\.rejected: .* \(write the number"):
        states(rejected=stage)


@pytest.mark.parametrize(
    ("row", "tags"),
    [
        ({"tags": ["a", "b"]}, ("a", "b")),
        ({"tags": {"7": {"id": 7, "title": "a"}}}, ("a",)),
        ({"TAGS": [{"TITLE": "a"}]}, ("a",)),
        ({"tags": []}, ()),
        ({"tags": None}, ()),
        ({}, ()),
    ],
    ids=["list", "map", "upper case", "empty", "null", "absent"],
)
def test_the_shapes_of_tags(row: Mapping[str, Any], tags: tuple[str, ...]) -> None:
    assert tags_of(row) == tags


@given(st.text(min_size=1), st.text(min_size=1))
def test_keys_stay_apart_and_fit(one: str, other: str) -> None:
    assert len(external_id(one)) <= LONGEST_KEY
    assert external_id(one).isascii()
    assert (external_id(one) == external_id(other)) == (one == other)


@pytest.mark.parametrize(
    ("thing", "what"),
    [("x", "deal"), ("user:5", "deal"), ("", "deal"), ("٣", "deal"), (Ref(kind="task", id="5"), "deal")],
    ids=["text", "another kind", "empty", "other digits", "reference"],
)
def test_what_is_no_number_of_that_thing(thing: Any, what: str) -> None:
    with pytest.raises(NotFound):
        number_of(thing, what)
