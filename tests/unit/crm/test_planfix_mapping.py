"""Who is who, and what an entry of a history is."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.config import BoundField
from crmkit.crm.adapters.planfix.mapping import Authors, Stages, activity, custom_values, deal
from crmkit.crm.models import ActivityKind, AuthorKind, Person, Ref
from crmkit.planfix import models as planfix

AUTHORS = Authors({5: planfix.User(id=5, name="Анна"), 90: planfix.User(id=90)}, frozenset({90}))
MOMENT = {"dateTimeUtcSeconds": "2025-03-03T06:00:00+0000"}


@pytest.mark.parametrize(
    ("author", "kind"),
    [
        (Person(id="5"), AuthorKind.HUMAN),
        (Person(id="90"), AuthorKind.ROBOT),
        (Person(id="6"), AuthorKind.UNKNOWN),
        (Person(kind="contact", id="5"), AuthorKind.CLIENT),
        (Person(kind="group", id="5"), AuthorKind.UNKNOWN),
        (None, AuthorKind.UNKNOWN),
    ],
)
def test_authors(author: Person | None, kind: AuthorKind) -> None:
    assert AUTHORS.kind(author) is kind


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"type": "Comment"}, ActivityKind.COMMENT),
        ({"type": "Comment", "fromType": "Planfix"}, ActivityKind.COMMENT),
        ({"type": "Comment", "fromType": "Telegram"}, ActivityKind.MESSAGE),
        ({"type": "Reminder"}, ActivityKind.OTHER),
        ({"type": "SomethingNew"}, ActivityKind.OTHER),
        ({"type": "None", "changeStatus": {"oldStatusId": 1, "newStatusId": 2}}, ActivityKind.STAGE),
        ({"type": "None", "changeTaskExpectDate": {"hasNewDate": True}}, ActivityKind.FIELDS),
    ],
)
def test_kinds_of_entries(entry: dict[str, Any], kind: ActivityKind) -> None:
    comment = planfix.Comment.model_validate({"id": 1, "dateTime": MOMENT, **entry})
    assert activity(comment, AUTHORS).kind is kind


def test_a_deal_that_tells_little() -> None:
    """What was not told is empty, not wrong: no status is not open."""
    found = deal(planfix.Task(id=7, name="A"), Stages({}, {}), {}, "https://acme.planfix.ru")
    assert (found.id, found.open, found.stage, found.company) == ("7", False, None, None)
    assert found.url == "https://acme.planfix.ru/task/7"


def test_a_status_gets_from_the_process_what_the_task_does_not_tell() -> None:
    stages = Stages({2: planfix.Status(id=2, name="В работе", is_active=True)}, {})
    found = deal(planfix.Task(id=7, status=planfix.Status(id=2)), stages, {}, "")
    assert found.open
    assert found.stage
    assert found.stage.name == "В работе"


def test_zero_is_a_value_and_an_unticked_box_is_none() -> None:
    names = {"amount": BoundField(id="1"), "hold": BoundField(id="2"), "task": BoundField(id="3")}
    rows = [
        {"field": {"id": 1, "type": 1}, "value": 0},
        {"field": {"id": 2, "type": 7}, "value": False},
        {"field": {"id": 3, "type": 16}, "value": {"id": 8, "name": "Согласовать"}},
        {"field": {"id": 4, "type": 0}, "value": "nobody asked"},
    ]
    task = planfix.Task.model_validate({"id": 7, "customFieldData": rows})
    assert custom_values(task, names) == {"amount": 0, "task": Ref(kind="task", id="8")}
