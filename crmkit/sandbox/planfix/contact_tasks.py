"""What a contact has to do with tasks, for filters of contacts: looked up once per list, not per contact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from crmkit.sandbox.planfix.models import Contact, Task

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.call import Call

__all__ = ["Role", "State", "by_activity", "by_state"]

Role = Literal["counterparty", "participant"]
State = Literal["active", "overdue"]


def by_state(call: Call, role: Role, state: State, wanted: bool) -> Callable[[Contact], bool]:
    """Return whether a contact has (or has not) this role in an active or overdue task.

    Who has nothing to do with any task is "without active tasks" too; the vendor does not say so.
    """
    now, statuses = call.account.now(), call.account.statuses

    def counts(task: Task) -> bool:
        return task.is_overdue(now) if state == "overdue" else statuses[task.status].is_active

    found = _people(call, role, counts)
    return lambda contact: (contact.ref in found) is wanted


def by_activity(
    call: Call, role: Role, wanted: bool, within: Callable[[float], bool]
) -> Callable[[Contact], bool]:
    """Return whether a contact has (or has not) this role in a task whose last activity is in a period."""
    found = _people(call, role, lambda task: within(task.touched))
    return lambda contact: (contact.ref in found) is wanted


def _people(call: Call, role: Role, counts: Callable[[Task], bool]) -> frozenset[str]:
    tasks = (task for task in call.account.tasks.values() if not task.is_deleted and counts(task))
    return frozenset(ref for task in tasks for ref in _in_role(task, role))


def _in_role(task: Task, role: Role) -> Iterator[str]:
    if role == "participant":
        yield from (task.assigner, *task.assignees, *task.participants, *task.auditors)
    elif task.counterparty:
        yield f"contact:{task.counterparty}"
