"""Complex filters of tasks (POST /task/list), by help pages and specification; joined by AND only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crmkit.sandbox.planfix import conditions as on
from crmkit.sandbox.planfix.exceptions import bad_value
from crmkit.sandbox.planfix.models import Task

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.call import Call

__all__ = ["Test", "saved", "tests"]

Test = Callable[[Task], bool]
Maker = Callable[["Call", on.Filter], Test | None]

DATES: dict[int, Callable[[Task], float | None]] = {
    12: lambda task: task.created,
    13: lambda task: task.start,
    14: lambda task: task.end,
    19: lambda task: task.completed,
    20: lambda task: task.completed,
    21: lambda task: task.commented,
    38: lambda task: task.updated,
    79: lambda task: task.touched,
}
FLAGS: dict[int, Callable[[Call], Test]] = {
    16: lambda call: lambda task: task.recurring,
    28: lambda call: lambda task: not task.recurring,
    17: lambda call: lambda task: task.is_overdue(call.account.now()),
    29: lambda call: lambda task: not task.is_overdue(call.account.now()),
    22: lambda call: lambda task: task.start is None,
    25: lambda call: lambda task: task.start is not None,
    23: lambda call: lambda task: task.end is None,
    26: lambda call: lambda task: task.end is not None,
    33: lambda call: lambda task: not task.assignees,
    41: lambda call: lambda task: not task.participants,
    34: lambda call: lambda task: task.assigner.startswith("user:"),
    35: lambda call: lambda task: task.assigner.startswith("contact:"),
    71: lambda call: lambda task: any(ref.startswith("user:") for ref in task.assignees),
    69: lambda call: lambda task: any(ref.startswith("contact:") for ref in task.assignees),
    72: lambda call: lambda task: any(ref.startswith("user:") for ref in task.participants),
    70: lambda call: lambda task: any(ref.startswith("contact:") for ref in task.participants),
}
NUMBERS: dict[int, tuple[Callable[[Task], int], str]] = {
    5: (lambda task: task.project, ""),
    7: (lambda task: task.counterparty, "contact"),
    10: (lambda task: task.status, ""),
    24: (lambda task: task.process, ""),
    57: (lambda task: task.id, ""),
    73: (lambda task: task.parent, ""),
    325: (lambda task: task.object, ""),
}
SILENT = frozenset({9, 16, 17, 18, 22, 23, 24, 26, 28, 29, 33, 41, 325})
"""Filters that were seen to accept a text value and to return full pages."""
PRIORITIES = ("Urgent", "NotUrgent")


def tests(call: Call, filters: list[on.Filter]) -> list[Test]:
    """Return what a task must pass, one test per filter that counts.

    Raises:
        Refused: A filter is unknown or cannot be read.
    """
    made = (_test(call, one) for one in filters)
    return [test for test in made if test is not None]


def _test(call: Call, one: on.Filter) -> Test | None:
    number = one["type"]
    if number in DATES:
        return _on(DATES[number], on.dates(call, one))
    if number in FLAGS:
        return FLAGS[number](call) if on.flag(one) else None
    if number in NUMBERS:
        get, prefix = NUMBERS[number]
        return _on(get, on.numbers(call, one, silently=number in SILENT, prefix=prefix))
    if number in OTHERS:
        return OTHERS[number](call, one)
    if 101 <= number <= 117 or number in (152, 153):
        return _on(lambda task: task.fields, on.custom(call, one, call.account.fields.task))
    raise bad_value(f"Unknown filter type - {number}")


def _on(get: Callable[[Task], Any], condition: on.Condition | None) -> Test | None:
    return (lambda task: condition(get(task))) if condition else None


def _assignee(call: Call, one: on.Filter) -> Test | None:
    return _on(lambda task: task.assignees, on.people(call, one, through_groups=True))


def _auditor(call: Call, one: on.Filter) -> Test | None:
    return _on(lambda task: (*task.auditors, *_project_auditors(call, task)), on.people(call, one))


def _project_auditors(call: Call, task: Task) -> list[str]:
    project = call.account.projects.get(task.project)
    return project.auditors if project else []


def _name(call: Call, one: on.Filter) -> Test | None:
    return _on(lambda task: task.name, on.text(call, one, allowed=on.EQUALITY))


def _priority(call: Call, one: on.Filter) -> Test | None:
    operator = on.operator_of(one, on.EQUALITY)
    value = one.get("value")
    if value not in PRIORITIES:
        return on.ignored(call, one, silently=True)
    return _on(lambda task: task.priority, on.negated(operator, lambda found: found == value))


def _template(call: Call, one: on.Filter) -> Test | None:
    condition = on.numbers(call, one)
    if condition is None or call.settings.filter_51 == "template":
        return _on(lambda task: task.template, condition)
    test, either = condition, all if one["operator"] == "notequal" else any
    return lambda task: either((test(task.template), test(task.object)))


def _data_tag(call: Call, one: on.Filter) -> Test | None:
    on.operator_of(one, ("equal",))
    condition = on.numbers(call, one)
    return (lambda task: any(condition(entry.tag) for entry in task.entries)) if condition else None


def _no_data_tag(call: Call, one: on.Filter) -> Test | None:
    on.operator_of(one, ("equal",))
    value = one.get("value")
    if not on.integer(value):
        return on.ignored(call, one, silently=True)
    return lambda task: all(entry.tag != value for entry in task.entries)


def _subtree(call: Call, one: on.Filter) -> Test | None:
    operator = on.operator_of(one, on.EQUALITY)
    root = one.get("value")
    if not on.integer(root):
        return on.ignored(call, one)
    tasks = call.account.tasks

    def under(task: Task) -> bool:
        parent, seen = task.parent, {task.id}
        while parent in tasks and parent not in seen and parent != root:
            seen.add(parent)
            parent = tasks[parent].parent
        return parent == root

    return on.negated(operator, under)


def _entry_value(call: Call, one: on.Filter) -> Test | None:
    return _on(lambda task: task.entries, on.entry_value(call, one))


OTHERS: dict[int, Maker] = {
    1: lambda call, one: _on(lambda task: (task.assigner,), on.people(call, one)),
    2: _assignee,
    97: lambda call, one: _on(lambda task: task.assignees, on.people(call, one)),
    39: lambda call, one: _on(lambda task: task.participants, on.people(call, one)),
    3: _auditor,
    59: lambda call, one: _on(lambda task: _project_auditors(call, task), on.people(call, one)),
    60: lambda call, one: _on(lambda task: task.auditors, on.people(call, one)),
    8: _name,
    9: _priority,
    11: _data_tag,
    18: _no_data_tag,
    51: _template,
    93: _entry_value,
    307: _subtree,
}


def saved(call: Call, filter_id: Any, me: str) -> Test | None:
    """Return the test of a saved filter; ``None`` if everything passes.

    Raises:
        Refused: Code 41: there is no such filter.
    """
    name = str(filter_id).removeprefix(":")
    mine = {me, *call.account.groups_of(me)}
    built_in: dict[str, Test | None] = {
        "all": None,
        "in": lambda task: not mine.isdisjoint(task.assignees),
        "out": lambda task: task.assigner == me,
        "audit": lambda task: not mine.isdisjoint(task.auditors),
    }
    if name in built_in:
        return built_in[name]
    found = call.account.saved_filters.get(name)
    if found is None or found.about != "task":
        raise bad_value(f"Filter not found by id {filter_id}")
    ways = [tests(call, filters) for filters in found.alternatives]
    return lambda task: any(all(test(task) for test in way) for way in ways)
