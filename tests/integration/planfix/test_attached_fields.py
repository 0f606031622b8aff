"""Values for fields that the object of a task does not have: refused, since the portal would swallow them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crmkit.exceptions import ValidationError
from crmkit.planfix import Planfix
from crmkit.sandbox import Fault, Sandbox

DEAL, LABEL, AMOUNT = 1, 102, 109
NO_SCOPE = {"result": "fail", "code": 5, "error": "The token lacks a scope"}


@pytest.fixture
def box() -> Iterator[Any]:
    with Sandbox.planfix(seed="empty", clock="frozen") as sandbox:
        sandbox.act.detach_field(DEAL, AMOUNT)
        yield sandbox


@pytest.fixture
def planfix(box: Any) -> Iterator[Planfix]:
    with Planfix(box.url, token=box.tokens["admin"], clock=box.clock) as client:
        yield client


def writes(box: Any) -> int:
    return sum(entry.operation in ("POST /task/", "POST /task/{id}") for entry in box.requests)


def test_a_new_task_with_such_a_field_is_refused_before_it_is_created(box: Any, planfix: Planfix) -> None:
    with pytest.raises(ValidationError, match="109 is not attached to object 1"):
        planfix.tasks.create(name="Сделка", object=DEAL, custom_fields={AMOUNT: 5})
    assert writes(box) == 0
    assert planfix.tasks.create(name="Сделка", object=DEAL, custom_fields={LABEL: ("Свободная сделка",)}).id


def test_a_change_is_checked_if_the_object_is_named(box: Any, planfix: Planfix) -> None:
    task = box.act.create_task("user:1", "Сделка")
    with pytest.raises(ValidationError, match="not attached"):
        planfix.tasks.update(task, of_object=DEAL, custom_fields={AMOUNT: 5})
    assert writes(box) == 0
    planfix.tasks.update(task, custom_fields={AMOUNT: 5})
    assert box.account.tasks[task].fields.get(AMOUNT) is None, "the vendor swallows it without a word"


def test_what_an_object_has_is_asked_once(box: Any, planfix: Planfix) -> None:
    for number in range(3):
        planfix.tasks.create(name=f"Сделка {number}", object=DEAL, custom_fields={LABEL: ("VIP",)})
    assert sum(entry.operation == "GET /object/{id}" for entry in box.requests) == 1


def test_a_token_that_may_not_read_objects_writes_as_before(box: Any, planfix: Planfix) -> None:
    box.faults.add(Fault("error", "GET /object/{id}", status=400, body=NO_SCOPE))
    assert planfix.tasks.create(name="Сделка", object=DEAL, custom_fields={LABEL: ("VIP",)}).id
