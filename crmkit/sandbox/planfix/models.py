"""What an account is made of. People are the vendor's references: ``user:4``, ``contact:7``, ``group:1``.

Moments are seconds since 1970: twenty thousand deals with their history are compared and kept cheaply.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Change",
    "Comment",
    "Contact",
    "DataTag",
    "DataTagEntry",
    "FieldDef",
    "Group",
    "LogEntry",
    "Notification",
    "ObjectKind",
    "Process",
    "Project",
    "Replacement",
    "SavedFilter",
    "Status",
    "Task",
    "Token",
    "User",
]


@dataclass(slots=True)
class Group:
    """A group of employees or of contacts."""

    id: int
    name: str


@dataclass(slots=True)
class Replacement:
    """Who stands in for an employee, and when; days are ``dd-MM-yyyy``."""

    enabled: bool = True
    indefinite: bool = False
    employee: str = ""
    first: str = ""
    last: str = ""


@dataclass(slots=True)
class User:
    """An employee or a robot."""

    id: int
    name: str
    lastname: str = ""
    midname: str = ""
    role: str = "User"
    status: str = "Active"
    email: str = ""
    login: str = ""
    timezone: str = ""
    gender: str = "NotDefined"
    groups: list[int] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    position: str = ""
    language: str = "Ru"
    communication_language: str = "Ru"
    secondary_emails: list[str] = field(default_factory=list)
    birth_date: str = ""
    telegram: str = ""
    telegram_id: str = ""
    extension: str = ""
    workspace: int = 0
    managers: list[str] = field(default_factory=list)
    replacement: Replacement | None = None
    is_deleted: bool = False
    source_id: str = ""
    source_version: str = ""
    fields: dict[int, Any] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """The reference to this person."""
        return f"user:{self.id}"

    @property
    def full_name(self) -> str:
        """Name and last name."""
        return f"{self.name} {self.lastname}".strip()

    @property
    def sees_all(self) -> bool:
        """Whether the role lifts every restriction."""
        return self.role in ("Admin", "TechAdmin", "Robot")


@dataclass(slots=True)
class Contact:
    """A contact or a company of the client's side."""

    id: int
    name: str
    lastname: str = ""
    midname: str = ""
    is_company: bool = False
    template: int = 0
    process: int = 0
    group: int = 0
    gender: str = "NotDefined"
    email: str = ""
    phones: list[tuple[str, int]] = field(default_factory=list)
    position: str = ""
    description: str = ""
    address: str = ""
    site: str = ""
    telegram: str = ""
    birth_date: str = ""
    companies: list[int] = field(default_factory=list)
    contacts: list[int] = field(default_factory=list)
    supervisors: list[str] = field(default_factory=list)
    added_by: str = ""
    created: float = 0.0
    updated: float = 0.0
    is_deleted: bool = False
    has_access: bool = False
    visible_for: tuple[str, ...] = ()
    editable_for: tuple[str, ...] = ()
    barred_as: tuple[str, ...] = ()
    """What the contact may not be in tasks: ``participant``, ``counterparty``."""
    emails: tuple[str, ...] = ()
    texts: dict[str, str] = field(default_factory=dict)
    """Further texts by the vendor's names: ``skype``, ``instagram``..."""
    fields: dict[int, Any] = field(default_factory=dict)
    files: tuple[int, ...] = ()
    entries: list[DataTagEntry] = field(default_factory=list)
    comments: list[int] = field(default_factory=list)
    source_id: str = ""
    source_version: str = ""

    @property
    def ref(self) -> str:
        """The reference to this contact."""
        return f"contact:{self.id}"

    @property
    def full_name(self) -> str:
        """Name and last name; of a company its name."""
        return f"{self.name} {self.lastname}".strip()


@dataclass(slots=True)
class Status:
    """A status of tasks, in the process it belongs to."""

    id: int
    name: str
    is_active: bool = True
    color: str = "#4573b1"
    has_deadline: bool = True


@dataclass(slots=True)
class Process:
    """A process: the statuses a task can have."""

    id: int
    name: str
    statuses: list[int] = field(default_factory=list)


@dataclass(slots=True)
class ObjectKind:
    """An object (a kind of task) or a template: its process and the custom fields attached to it."""

    id: int
    name: str
    process: int
    fields: set[int] = field(default_factory=set)
    comments_allowed: bool = True
    for_companies: bool = False


@dataclass(slots=True)
class Project:
    """A project. ``status``: 0 draft, 1 completed, 2 active."""

    id: int
    name: str
    auditors: list[str] = field(default_factory=list)
    description: str = ""
    status: int = 2
    owner: str = ""
    parent: int = 0
    template: int = 0
    group: int = 0
    counterparty: int = 0
    start: float | None = None
    end: float | None = None
    created: float = 0.0
    hidden_for_employees: bool = False
    hidden_for_clients: bool = False
    assignees: list[str] = field(default_factory=list)
    participants: list[str] = field(default_factory=list)
    client_managers: list[str] = field(default_factory=list)
    is_deleted: bool = False
    files: tuple[int, ...] = ()
    fields: dict[int, Any] = field(default_factory=dict)
    source_id: str = ""
    source_version: str = ""


@dataclass(slots=True)
class FieldDef:
    """A custom field. ``options`` are for lists and sets, ``directory`` is for directory entries."""

    id: int
    name: str
    type: int
    options: list[str] = field(default_factory=list)
    directory: int = 0
    group: int = 1
    names: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class DataTag:
    """An analytics type: its fields by number."""

    id: int
    name: str
    fields: dict[int, FieldDef] = field(default_factory=dict)
    group: int = 0


@dataclass(slots=True)
class DataTagEntry:
    """A row of analytics in a task or contact, in the comment it came with."""

    key: int
    tag: int
    fields: dict[int, Any] = field(default_factory=dict)
    task: int = 0
    contact: int = 0
    comment: int = 0
    author: str = ""


@dataclass(slots=True)
class SavedFilter:
    """A filter saved in the interface: alternatives (OR) of complex filters (AND).

    ``about``: ``task``, ``contact`` or ``directory:3``.
    """

    id: str
    name: str
    owner: str = ""
    alternatives: list[list[dict[str, Any]]] = field(default_factory=list)
    about: str = "task"

    def row(self, name_of: Callable[[str], str]) -> dict[str, Any]:
        """Return the filter as the lists of filters show it."""
        owner = {"owner": {"id": self.owner, "name": name_of(self.owner)}} if self.owner else {}
        return {"id": self.id, "name": self.name, **owner}


@dataclass(slots=True)
class Change:
    """An old and a new value of a date, as history comments carry them."""

    old: float | None
    new: float | None
    old_time: bool = True
    new_time: bool = True


@dataclass(slots=True)
class Comment:
    """An entry of the history of a task, or of a contact (then ``task`` is 0): a comment, or a change."""

    id: int
    task: int
    owner: str
    at: float
    text: str = ""
    type: str = "Comment"
    from_type: str = "Planfix"
    hidden: bool = False
    pinned: bool = False
    deleted: bool = False
    recipients: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()
    status_change: tuple[int, int] | None = None
    start_change: Change | None = None
    end_change: Change | None = None
    contact: int = 0
    files: tuple[int, ...] = ()
    entries: list[int] = field(default_factory=list)
    source_id: str = ""
    source_version: str = ""


@dataclass(slots=True)
class Task:
    """A task; a deal is one too."""

    id: int
    name: str
    created: float
    updated: float
    status: int
    process: int
    object: int = 0
    template: int = 0
    description: str = ""
    priority: str = "NotUrgent"
    type: str = "Task"
    parent: int = 0
    project: int = 0
    counterparty: int = 0
    assigner: str = ""
    assignees: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()
    auditors: tuple[str, ...] = ()
    commented: float | None = None
    start: float | None = None
    end: float | None = None
    start_time: bool = False
    end_time: bool = False
    delayed_till: float | None = None
    completed: float | None = None
    duration: int = 0
    duration_unit: str = "Day"
    duration_type: str = "CalendarDays"
    result_checking: bool = False
    recurring: bool = False
    is_summary: bool = False
    is_sequential: bool = False
    is_deleted: bool = False
    merged_into: int = 0
    favorites: frozenset[str] = frozenset()
    fields: dict[int, Any] = field(default_factory=dict)
    entries: list[DataTagEntry] = field(default_factory=list)
    comments: list[int] = field(default_factory=list)
    files: tuple[int, ...] = ()
    recurrence: dict[str, Any] | None = None
    source_id: str = ""
    source_version: str = ""

    def is_overdue(self, now: float) -> bool:
        """Tell whether it should have been done by now."""
        return self.end is not None and self.completed is None and self.end < now

    @property
    def touched(self) -> float:
        """When it was last changed or commented, by anybody: filter 79."""
        return max(self.updated, self.commented or 0.0)


@dataclass(slots=True)
class Token:
    """A token of the API: bound to a person, narrowed by scopes (``None``: all)."""

    value: str
    user: int
    scopes: frozenset[str] | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Notification:
    """One person was told something.

    Attributes:
        at: When, in seconds since 1970.
        user: Who was told: ``user:4``.
        task: About which task.
        comment: By which comment; 0 if it is about the task itself.
        text: The comment's text or the task's name.
    """

    at: float
    user: str
    task: int
    comment: int
    text: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line of the account's log: who changed what. Silent updates leave none."""

    at: float
    user: str
    task: int
    changed: tuple[str, ...]
