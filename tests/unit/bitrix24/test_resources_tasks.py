"""Tasks, their checklists and time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crmkit.bitrix24.client import Bitrix24

from .conftest import TASK_FIELDS, Case, check, names

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)
TASK = {"id": "8", "title": "T", "group": [], "accomplices": ["3"], "status": "2"}

CASES: list[Case] = [
    (
        "tasks.task.get",
        {"task": TASK},
        lambda b: (b.tasks.get(8).accomplices, b.tasks.get(8).group),
        {"taskId": 8},
        ((3,), {}),
    ),
    (
        "tasks.task.list",
        {"tasks": [TASK]},
        lambda b: [t.status for t in b.tasks.of(2, 10)],
        {"filter": {"UF_CRM_TASK": "D_10"}, "order": {"ID": "ASC"}},
        [2],
    ),
    (
        "tasks.task.add",
        {"task": TASK},
        lambda b: b.tasks.create("T", 3, key="k", deadline=NOON, uf_crm_task=["D_1"]).id,
        {
            "fields": {
                "TITLE": "T",
                "RESPONSIBLE_ID": 3,
                "DEADLINE": "2025-03-03T12:00:00+00:00",
                "UF_CRM_TASK": ["D_1"],
                "XML_ID": "k",
            }
        },
        8,
    ),
    (
        "tasks.task.update",
        {"task": TASK},
        lambda b: b.tasks.update(8, title="U"),
        {"taskId": 8, "fields": {"TITLE": "U"}},
        None,
    ),
    ("tasks.task.complete", {"task": TASK}, lambda b: b.tasks.complete(8), {"taskId": 8}, None),
    ("tasks.task.renew", {"task": TASK}, lambda b: b.tasks.renew(8), {"taskId": 8}, None),
    (
        "tasks.task.delegate",
        {"task": TASK},
        lambda b: b.tasks.delegate(8, 4),
        {"taskId": 8, "userId": 4},
        None,
    ),
    ("tasks.task.delete", {"task": True}, lambda b: b.tasks.delete(8), {"taskId": 8}, None),
    (
        "tasks.task.chat.message.send",
        {"result": True},
        lambda b: b.tasks.message(8, "hello"),
        {"fields": {"taskId": 8, "text": "hello"}},
        {"result": True},
    ),
    (
        "task.checklistitem.add",
        475,
        lambda b: b.tasks.checklist.add(8, "Do", is_complete=False),
        {"TASKID": 8, "FIELDS": {"TITLE": "Do", "IS_COMPLETE": "N"}},
        475,
    ),
    (
        "task.checklistitem.getlist",
        [{"ID": "1", "TITLE": "Do", "IS_COMPLETE": "Y"}],
        lambda b: [i.is_complete for i in b.tasks.checklist.list(8)],
        {"TASKID": 8},
        [True],
    ),
    (
        "task.checklistitem.complete",
        True,
        lambda b: b.tasks.checklist.complete(8, 1),
        {"TASKID": 8, "ITEMID": 1},
        None,
    ),
    (
        "task.checklistitem.delete",
        True,
        lambda b: b.tasks.checklist.delete(8, 1),
        {"TASKID": 8, "ITEMID": 1},
        None,
    ),
    (
        "task.elapseditem.add",
        5,
        lambda b: b.tasks.time.add(8, 60, "c"),
        {"TASKID": 8, "ARFIELDS": {"SECONDS": 60, "COMMENT_TEXT": "c"}},
        5,
    ),
    (
        "task.elapseditem.getlist",
        [{"ID": "1", "SECONDS": "60"}],
        lambda b: [r.seconds for r in b.tasks.time.list(8)],
        {"TASKID": 8},
        [60],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_tasks_send_the_documented_call(b24: Bitrix24, portal: Any, case: Case) -> None:
    check(case, b24, portal)


def test_a_task_is_made_once(b24: Bitrix24, portal: Any) -> None:
    made: dict[str, Any] = {}

    def add(params: Any) -> Any:
        made[params["fields"]["XML_ID"]] = {"id": "8", "title": "T", "xmlId": params["fields"]["XML_ID"]}
        return {"task": made["k"]}

    portal.methods.update(
        {
            "tasks.task.getFields": lambda _: TASK_FIELDS,
            "tasks.task.add": add,
            "tasks.task.list": lambda params: {"tasks": [made[key] for key in params["filter"]["XML_ID"]]},
        }
    )
    portal.lose(match="tasks.task.add")
    assert b24.tasks.create("T", 1, key="k").id == 8
    assert [name for name, _ in portal.executed].count("tasks.task.add") == 1
