"""Tasks for people."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from crmkit.crm.models.history import AuthorKind
from crmkit.crm.models.reference import Model, Person, Ref

__all__ = ["NewTask", "Task", "TaskChanges", "TaskState"]


class TaskState(StrEnum):
    """Where a task of ours stands; which vendor status means which is set in ``crmkit.toml``."""

    OPEN = "open"
    DONE = "done"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Task(Model):
    """A task for people, for example a request for approval."""

    id: str
    title: str
    state: TaskState
    kind: str = "task"
    assignees: tuple[Person, ...] = ()
    deal: Ref | None = None
    company: Ref | None = None
    deadline: datetime | None = None
    text: str = Field(default="", repr=False)
    decided_by: Person | None = None
    """Who moved it to its present state; filled by ``tasks.get`` only."""
    decided_by_kind: AuthorKind = AuthorKind.UNKNOWN
    decided_at: datetime | None = None
    key: str = ""
    deleted: bool = False
    url: str = ""
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)


class NewTask(Model):
    """A task to be created. ``kind`` names an entry of ``[portals.X.tasks]`` in ``crmkit.toml``."""

    title: str
    text: str = ""
    kind: str = "task"
    assignees: tuple[Person, ...] = ()
    deal: Ref | None = None
    company: Ref | None = None
    """The client it is about, if it belongs to no deal."""
    workspace: Ref | None = None
    """The client's space in which it is created."""
    deadline: datetime | None = None
    checklist: tuple[str, ...] = ()
    """Lines to tick off. A provider that cannot make them adds them to the text."""


class TaskChanges(Model):
    """What to change in a task of ours, all in one write. Only what is given is written.

    Example:
        >>> TaskChanges(title="Перезвонить").model_dump(exclude_unset=True)
        {'title': 'Перезвонить'}
    """

    title: str | None = None
    text: str | None = None
    assignees: tuple[Person, ...] | None = None
    deadline: datetime | None = None
    """Given as ``None`` it is taken away."""
    checklist: tuple[str, ...] | None = None
    """The lines that are still to be done: others are ticked off or taken out."""
