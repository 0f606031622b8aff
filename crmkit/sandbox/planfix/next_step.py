"""What an account needs to try out next steps: five fields of deals, and an analytics for the calendar."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crmkit.sandbox.planfix.account import Account
from crmkit.sandbox.planfix.models import DataTag, FieldDef, Task

__all__ = ["KINDS", "furnish", "mapping"]

KINDS = ("звонок", "письмо", "почта", "встреча", "другое")
STEPS = 3
FIELDS = {
    "step_kind": FieldDef(121, "Тип целевого действия", 8, list(KINDS)),
    "step_goal": FieldDef(122, "Цель", 0),
    "step_date": FieldDef(123, "Дата", 3),
    "step_period": FieldDef(124, "Период", 6),
    "step_result": FieldDef(125, "Результат целевого действия", 2),
}
ENTRY = {
    "kind": FieldDef(521, "Тип", 8, list(KINDS)),
    "goal": FieldDef(522, "Цель", 0),
    "date": FieldDef(523, "Дата", 3),
    "period": FieldDef(524, "Период", 6),
    "assignee": FieldDef(525, "Сотрудник", 11),
    "result": FieldDef(526, "Результат", 2),
    "key": FieldDef(527, "Ключ", 0),
}


def mapping() -> dict[str, Any]:
    """Return what these are called in ``crmkit.toml``: the sections ``deals.fields`` and ``steps``."""
    return {
        "fields": {key: {"id": spec.id, "name": spec.name} for key, spec in FIELDS.items()},
        "steps": {
            "datatag": STEPS,
            "fields": {key: {"id": spec.id, "name": spec.name} for key, spec in ENTRY.items()},
        },
    }


def furnish(account: Account, start: datetime, *, deals: int = 3) -> None:
    """Put in the fields, the analytics «Целевое действие» and some fresh deals of user 4."""
    for spec in FIELDS.values():
        account.fields.task[spec.id] = spec
        account.objects[1].fields.add(spec.id)
    account.data_tags[STEPS] = DataTag(STEPS, "Целевое действие", {one.id: one for one in ENTRY.values()}, 1)
    for index in range(deals):
        number = account.new_id("task")
        account.tasks[number] = Task(
            number,
            f"Сделка {index + 1}",
            created=start.timestamp(),
            updated=start.timestamp(),
            status=1,
            process=1,
            object=1,
            assigner="user:4",
            assignees=("user:4",),
            fields={},
        )
