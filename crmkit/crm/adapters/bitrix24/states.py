"""Which state a task of ours is in: what the portal's statuses and tags mean. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmkit.config import TaskMapping
from crmkit.crm.models import TaskState
from crmkit.exceptions import ConfigurationError

__all__ = ["States", "tags_of"]

PENDING, CONTROL, COMPLETED = 2, 4, 5
STATUSES: Mapping[int, TaskState] = {
    1: TaskState.OPEN,
    PENDING: TaskState.OPEN,
    3: TaskState.OPEN,
    CONTROL: TaskState.DONE,
    COMPLETED: TaskState.DONE,
    6: TaskState.OPEN,
    7: TaskState.REJECTED,
}
"""The vendor's statuses: new, waiting, in work, waiting for control, completed, deferred, declined (old)."""
TAG = "tag:"


@dataclass(frozen=True)
class States:
    """What the states of one kind of tasks look like in the portal.

    Args:
        statuses: The state of each status.
        tags: The tag that makes a closed task something else than done.
    """

    statuses: Mapping[int, TaskState]
    tags: Mapping[TaskState, str]

    @classmethod
    def of(cls, mapping: TaskMapping, where: str) -> States:
        """Read the settings of a kind.

        Raises:
            ConfigurationError: A stage is neither a status nor a tag.

        Example:
            >>> mapping = TaskMapping.model_validate({"stages": {"rejected": "tag:отклонено"}})
            >>> States.of(mapping, "tasks.approval.stages").tags[TaskState.REJECTED]
            'отклонено'
        """
        statuses, tags = dict(STATUSES), dict[TaskState, str]()
        for name, bound in mapping.stages.items():
            state, tag = TaskState(name), bound.id.removeprefix(TAG).strip()
            if bound.id.startswith(TAG) and tag and state is not TaskState.OPEN:
                tags[state] = tag
            elif bound.id.isdigit() and int(bound.id) in STATUSES:
                statuses[int(bound.id)] = state
            else:
                hint = 'write the number of a status, 1 to 7, or "tag:NAME"'
                raise ConfigurationError(f"{where}.{name}: {bound.id!r} is no status of tasks", hint=hint)
        return cls(statuses, tags)

    @property
    def known(self) -> frozenset[TaskState]:
        """The states that a task can be moved to."""
        return frozenset((TaskState.OPEN, TaskState.DONE, *self.tags, *self._own()))

    def state(self, status: int, tags: Sequence[str]) -> TaskState:
        """Return the state of a task; a closed one with a tag is what the tag says."""
        found = self.statuses.get(status, TaskState.OPEN)
        if found is TaskState.OPEN:
            return found
        given = {one.casefold() for one in tags}
        return next((state for state, tag in self.tags.items() if tag.casefold() in given), found)

    def values(self, state: TaskState, tags: Sequence[str]) -> dict[str, Any]:
        """Return what to write to bring a task with these tags into a state."""
        own = self._own().get(state)
        status = own or (PENDING if state is TaskState.OPEN else COMPLETED)
        values: dict[str, Any] = {"STATUS": status}
        if self.tags:
            ours = {tag.casefold() for tag in self.tags.values()}
            kept = [one for one in tags if one.casefold() not in ours]
            values["TAGS"] = [*kept, *([self.tags[state]] if state in self.tags else [])]
        return values

    def _own(self) -> dict[TaskState, int]:
        """Return the statuses to which the settings give another meaning than the vendor."""
        return {state: number for number, state in self.statuses.items() if STATUSES[number] is not state}


def tags_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the tags of a task, whichever of its shapes the portal sends.

    Example:
        >>> tags_of({"tags": {"7": {"id": 7, "title": "отклонено"}}}), tags_of({"tags": []})
        (('отклонено',), ())
    """
    given = row.get("tags", row.get("TAGS"))
    values = given.values() if isinstance(given, Mapping) else given if isinstance(given, list) else ()
    return tuple(
        str(one.get("title", one.get("TITLE", ""))) if isinstance(one, Mapping) else str(one)
        for one in values
    )
