"""The neutral things of a CRM: what a recipe sees, whichever vendor is behind.

All moments are aware datetimes. Ids are strings in the vendor's own spelling. ``raw`` keeps the vendor's
payload.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, Literal, TypeVar, overload

from pydantic import BaseModel, ConfigDict, Field

from crmkit.crm.filters import Expression, Term

__all__ = [
    "Activity",
    "ActivityKind",
    "AuthorKind",
    "Comment",
    "Company",
    "Contact",
    "Deal",
    "DealChanges",
    "EntityKind",
    "FieldSpec",
    "NewTask",
    "Person",
    "Pipeline",
    "Ref",
    "Stage",
    "Task",
    "TaskState",
    "User",
    "WriteResult",
    "WriteStatus",
]

EntityKind = Literal["deal", "company", "contact", "user", "group", "task", "comment", "project", "entry"]
Owner = TypeVar("Owner")
Value = TypeVar("Value")


class hybrid(Generic[Owner, Value]):  # noqa: N801  (reads like ``property``)
    """A property that is a filter term on the class: ``Deal.is_open`` filters, ``deal.is_open`` answers."""

    def __init__(self, compute: Callable[[Owner], Value], term: Term) -> None:
        self._compute = compute
        self._term = term

    @overload
    def __get__(self, instance: None, owner: type[Owner]) -> Expression: ...
    @overload
    def __get__(self, instance: Owner, owner: type[Owner]) -> Value: ...
    def __get__(self, instance: Owner | None, owner: type[Owner]) -> Expression | Value:
        return self._term if instance is None else self._compute(instance)


class Model(BaseModel):
    """The base of the neutral models: immutable, compared by value."""

    model_config = ConfigDict(frozen=True, ignored_types=(hybrid,), arbitrary_types_allowed=False)


class Ref(Model):
    """Points at one object of the portal.

    Example:
        >>> str(Ref(kind="deal", id="71234"))
        'deal:71234'
    """

    kind: EntityKind
    id: str
    name: str = Field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and (self.kind, self.id) == (other.kind, other.id)

    def __hash__(self) -> int:
        return hash((self.kind, self.id))


class Person(Ref):
    """Somebody who can be responsible, be notified or write: an employee, a client contact, a group."""

    kind: EntityKind = "user"


class User(Model):
    """An employee or a robot of the portal."""

    id: str
    name: str
    email: str = ""
    is_active: bool = True
    is_robot: bool = False
    is_admin: bool = False
    groups: tuple[Ref, ...] = ()
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def person(self) -> Person:
        """The user as somebody who can be assigned or notified."""
        return Person(kind="user", id=self.id, name=self.name)


class Stage(Model):
    """A stage of a pipeline (Bitrix24) or a status of a process (Planfix).

    ``key`` is the logical name that ``crmkit.toml`` gives to it, for example ``"new"``; empty if it has none.
    """

    id: str
    name: str = ""
    key: str = ""
    is_open: bool = True
    pipeline: str = ""


class Pipeline(Model):
    """A sales pipeline (Bitrix24) or a process (Planfix)."""

    id: str
    name: str = ""
    stages: tuple[Stage, ...] = ()


class FieldSpec(Model):
    """What a custom field of the portal is.

    ``key`` is its logical name in ``crmkit.toml``; ``type`` is one of ``text number date datetime bool choice
    choices person people company ref other``; ``options`` are the legal values of a choice.
    """

    id: str
    name: str
    key: str = ""
    type: str = "other"
    options: tuple[str, ...] = ()
    writable: bool = True
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)


class Company(Model):
    """A client organisation."""

    id: str
    name: str
    is_client: bool = False
    assignees: tuple[Person, ...] = ()
    created_at: datetime | None = None
    fields: dict[str, Any] = Field(default_factory=dict)
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)


class Contact(Model):
    """A person at the client's side."""

    id: str
    name: str
    email: str = ""
    phone: str = ""
    companies: tuple[Ref, ...] = ()
    assignees: tuple[Person, ...] = ()
    fields: dict[str, Any] = Field(default_factory=dict)
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)


class Deal(Model):
    """A deal: a Planfix task of the configured object, or a Bitrix24 item of type 2.

    ``fields`` holds the custom fields that ``crmkit.toml`` names, by their logical names, as Python values:
    text, numbers, booleans, dates, aware datetimes, :class:`Person`, :class:`Ref`, or tuples of these. A
    field without a value is absent, and so is an unticked box: vendors do not tell the two apart.

    Example:
        >>> deal = Deal(id="7", title="ООО Ромашка", open=True)
        >>> deal.is_open
        True
        >>> print(Deal.is_open & Deal.idle_for(days=15))
        is_open and idle_for(15 days)
    """

    id: str
    title: str
    open: bool
    stage: Stage | None = None
    assignees: tuple[Person, ...] = ()
    company: Ref | None = None
    contacts: tuple[Ref, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    """The vendor's stamp of the last change: good to see that something changed, not who or what."""
    untouched_since: datetime | None = None
    """Nobody and nothing, robots included, has changed or commented the deal at or after this moment: the
    vendor's own word, from the filter that found the deal. Filled by ``find`` with ``idle_for`` where the
    vendor evaluates that, else ``None``. If it is at or before the moment that matters, no history has to be
    read. If it is later (by a day at most, the vendor counts in whole days), the last activity lies somewhere
    on the boundary day, and the history tells where."""
    deleted: bool = False
    url: str = ""
    fields: dict[str, Any] = Field(default_factory=dict)
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    is_open: ClassVar[hybrid[Deal, bool]] = hybrid(lambda self: self.open, Term("is_open"))

    @property
    def ref(self) -> Ref:
        """The reference to this deal."""
        return Ref(kind="deal", id=self.id, name=self.title)

    @classmethod
    def idle_for(cls, *, days: float) -> Expression:
        """Select deals that nobody and nothing has changed or commented for so many days.

        Where the vendor knows whole days only, the result also holds the deals whose last activity lies later
        on the boundary day; ``untouched_since`` tells them apart.
        """
        return Term("idle_for", (timedelta(days=days),))

    @classmethod
    def touched_since(cls, moment: datetime) -> Expression:
        """Select deals that were changed or commented at or after the moment."""
        return Term("touched_since", (moment,))

    @classmethod
    def commented_by_robot_since(cls, moment: datetime) -> Expression:
        """Select deals that a robot user commented at or after the moment: finds what robot noise hides."""
        return Term("commented_by_robot_since", (moment,))

    @classmethod
    def in_stage(cls, *stages: str) -> Expression:
        """Select deals in one of these stages (logical names or vendor ids)."""
        return Term("in_stage", stages)

    @classmethod
    def assigned_to(cls, *people: Person) -> Expression:
        """Select deals for which one of these people is responsible."""
        return Term("assigned_to", people)

    @classmethod
    def of_company(cls, company: Ref) -> Expression:
        """Select the deals of a client."""
        return Term("of_company", (company,))

    @classmethod
    def created_since(cls, moment: datetime) -> Expression:
        """Select deals that were created at or after the moment."""
        return Term("created_since", (moment,))

    @classmethod
    def field(cls, key: str, value: Any) -> Expression:
        """Select deals whose custom field (logical name) has exactly this value."""
        return Term("field", (key, value))

    @classmethod
    def with_ids(cls, *ids: str) -> Expression:
        """Select deals by id."""
        return Term("with_ids", ids)


class DealChanges(Model):
    """What to change in a deal, all in one write. Only what is given is written.

    ``stage`` is a logical name or a vendor id; ``assignees=()`` leaves the deal with nobody; a field given as
    ``None`` is cleared.

    Example:
        >>> DealChanges(stage="new", assignees=()).model_dump(exclude_unset=True)
        {'stage': 'new', 'assignees': ()}
    """

    title: str | None = None
    stage: str | None = None
    assignees: tuple[Person, ...] | None = None
    fields: dict[str, Any] = Field(default_factory=dict)


class ActivityKind(StrEnum):
    """What happened to an object."""

    CREATED = "created"
    COMMENT = "comment"
    STAGE = "stage"
    FIELDS = "fields"
    MESSAGE = "message"
    OTHER = "other"


class AuthorKind(StrEnum):
    """Who did it, as far as the portal tells."""

    HUMAN = "human"
    CLIENT = "client"
    ROBOT = "robot"
    UNKNOWN = "unknown"


class Activity(Model):
    """One thing that happened to an object: an entry of its history."""

    id: str
    at: datetime
    kind: ActivityKind
    author: Person | None = None
    author_kind: AuthorKind = AuthorKind.UNKNOWN
    text: str = Field(default="", repr=False)
    stage_from: str = ""
    stage_to: str = ""
    key: str = ""
    """The external key we wrote it with, where the vendor gives it back."""


class Comment(Model):
    """A note in the history of an object."""

    id: str
    text: str
    at: datetime | None = None
    author: Person | None = None
    hidden: bool = False
    key: str = ""


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
    deadline: datetime | None = None


class WriteStatus(StrEnum):
    """What a write came to."""

    DONE = "done"
    PENDING = "pending"
    PARTIAL = "partial"


class WriteResult(Model):
    """The outcome of a write that the portal accepted.

    ``PENDING``: the portal queued it (Planfix 202); it is not visible yet and may even never be: read back.
    ``PARTIAL``: some fields were refused; ``failures`` names them.
    """

    status: WriteStatus = WriteStatus.DONE
    id: str = ""
    failures: dict[str, str] = Field(default_factory=dict)
