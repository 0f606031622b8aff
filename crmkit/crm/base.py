"""The provider-neutral interface. Everything refuses by default; an adapter opts in by overriding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, ClassVar

from crmkit.clock import Clock
from crmkit.crm.capabilities import Capabilities, Capability
from crmkit.crm.filters import Explanation, Expression
from crmkit.crm.models import (
    Activity,
    Comment,
    Company,
    Contact,
    Deal,
    DealChanges,
    FieldSpec,
    NewTask,
    Person,
    Pipeline,
    Ref,
    Task,
    TaskState,
    User,
    WriteResult,
)

__all__ = ["Budget", "Comments", "Companies", "Contacts", "Crm", "Deals", "Tasks", "Users"]


@dataclass(frozen=True)
class Budget:
    """How many requests may be sent: ``per_second`` in the long run, ``left_today`` if days are counted."""

    per_second: float
    left_today: int | None = None
    daily_limit: int | None = None


class _Part:
    """One room of the interface; knows the :class:`Crm` it belongs to."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm

    def _refuse(self, capability: Capability, what: str) -> Any:
        self._crm.capabilities.require(capability)
        raise NotImplementedError(
            f"{self._crm.provider} declares {capability.value} but {what} is not written"
        )


class Deals(_Part):
    """Deals and their history."""

    def find(self, *conditions: Expression) -> Iterator[Deal]:
        """Yield all deals that satisfy every condition, streamed, ordered by id, or raise.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        return self._refuse(Capability.DEALS, "find")  # type: ignore[no-any-return]

    def explain(self, *conditions: Expression) -> Explanation:
        """Tell which part of a filter the vendor evaluates and which is evaluated here."""
        return self._refuse(Capability.DEALS, "explain")  # type: ignore[no-any-return]

    def get(self, deal_id: str) -> Deal:
        """Return one deal.

        Raises:
            NotFound: There is none with this id, or this token may not see it.
        """
        return self._refuse(Capability.DEALS, "get")  # type: ignore[no-any-return]

    def history(self, deal_id: str, *, until_human: bool = False) -> tuple[Activity, ...]:
        """Return what happened to a deal, newest first.

        Args:
            deal_id: The deal.
            until_human: Stop reading older pages once an entry of a person or client is there.
        """
        return self._refuse(Capability.DEAL_HISTORY, "history")  # type: ignore[no-any-return]

    def update(self, deal_id: str, changes: DealChanges) -> WriteResult:
        """Change a deal in one write.

        Raises:
            ConfigurationError: A stage or field name is not in ``crmkit.toml``; nothing was sent.
            ValidationError: A value does not fit the field; nothing was sent.
            OutcomeUnknown: The answer was lost; read the deal to see.
        """
        return self._refuse(Capability.DEALS, "update")  # type: ignore[no-any-return]


class Comments(_Part):
    """Notes in the history of an object, and through them notifications."""

    def add(
        self, entity: Ref, text: str, *, notify: Sequence[Person] = (), hidden: bool = False, key: str = ""
    ) -> WriteResult:
        """Add a plain-text comment; the people in ``notify`` get a notification.

        Args:
            entity: The deal or task.
            text: Plain text; line breaks are kept.
            notify: Who is notified.
            hidden: Visible to the notified people and administrators only, where the provider can.
            key: An external key by which :meth:`find_own` will recognise the comment.

        Raises:
            OutcomeUnknown: The answer was lost; look with :meth:`find_own`.
        """
        return self._refuse(Capability.COMMENTS, "add")  # type: ignore[no-any-return]

    def find_own(self, entity: Ref, *, text: str, key: str, since: datetime) -> Comment | None:
        """Find a comment that we wrote: by its key, else by robot author, equal text and time."""
        return self._refuse(Capability.COMMENTS, "find_own")  # type: ignore[no-any-return]


class Tasks(_Part):
    """Tasks for people."""

    def create(self, task: NewTask, *, key: str) -> WriteResult:
        """Create a task that carries an external key.

        Raises:
            OutcomeUnknown: The answer was lost; look with :meth:`find_by_key`.
        """
        return self._refuse(Capability.TASKS, "create")  # type: ignore[no-any-return]

    def get(self, task_id: str, *, kind: str = "task") -> Task:
        """Return a task with who decided it and when."""
        return self._refuse(Capability.TASKS, "get")  # type: ignore[no-any-return]

    def with_ids(self, *task_ids: str, kind: str = "task") -> Iterator[Task]:
        """Yield these tasks without who decided them, many per request.

        Deleted ones and those in a status that the settings do not name are left out: :meth:`get` tells.

        Raises:
            IncompleteList: The portal answered something else than what it was asked.
        """
        return self._refuse(Capability.TASKS, "with_ids")  # type: ignore[no-any-return]

    def states(self, kind: str = "task") -> frozenset[TaskState]:
        """Return the states for which the settings name a status; nothing is sent.

        Raises:
            ConfigurationError: The settings do not know the kind of tasks, or not which tasks are of it.
        """
        return self._refuse(Capability.TASKS, "states")  # type: ignore[no-any-return]

    def find_by_key(
        self, key: str, *, kind: str = "task", since: datetime, deal: Ref | None = None, title: str = ""
    ) -> Task | None:
        """Find the task that was created with this key, or ``None``.

        Args:
            key: As it was given to :meth:`create`.
            kind: As it was given to :meth:`create`.
            since: It was not created before.
            deal: The deal it belongs to. With the title it is what is left to go by where keys do not come
                back.
            title: The title it was created with.

        Raises:
            OutcomeUnknown: Keys do not come back, and several tasks could be the one.
        """
        return self._refuse(Capability.TASKS, "find_by_key")  # type: ignore[no-any-return]

    def set_state(self, task_id: str, state: TaskState, *, kind: str = "task") -> WriteResult:
        """Move a task to a state."""
        return self._refuse(Capability.TASKS, "set_state")  # type: ignore[no-any-return]


class Users(_Part):
    """Employees and robots."""

    def list(self) -> Iterator[User]:
        """Yield all users, inactive ones and robots too."""
        return self._refuse(Capability.USERS, "list")  # type: ignore[no-any-return]

    def get(self, user_id: str) -> User:
        """Return one user."""
        return self._refuse(Capability.USERS, "get")  # type: ignore[no-any-return]


class Companies(_Part):
    """Client organisations."""

    def find(self, *, created_since: datetime | None = None) -> Iterator[Company]:
        """Yield companies ordered by id."""
        return self._refuse(Capability.COMPANIES, "find")  # type: ignore[no-any-return]

    def get(self, company_id: str) -> Company:
        """Return one company."""
        return self._refuse(Capability.COMPANIES, "get")  # type: ignore[no-any-return]


class Contacts(_Part):
    """People at the client's side."""

    def get(self, contact_id: str) -> Contact:
        """Return one contact."""
        return self._refuse(Capability.CONTACTS, "get")  # type: ignore[no-any-return]

    def update(self, contact_id: str, fields: dict[str, Any]) -> WriteResult:
        """Set custom fields (logical names) of a contact."""
        return self._refuse(Capability.CONTACTS, "update")  # type: ignore[no-any-return]


class Crm:
    """A portal seen neutrally.

    Attributes:
        provider: The vendor's name.
        portal: A stable key of the portal, used in the ledger; never contains a secret.
        clock: Where time comes from.
        timezone: The portal's time zone: days begin and end in it.
        deals, comments, tasks, users, companies, contacts: The rooms.
    """

    provider: ClassVar[str] = ""
    capabilities: Capabilities
    portal: str
    clock: Clock
    timezone: tzinfo
    deals: Deals
    comments: Comments
    tasks: Tasks
    users: Users
    companies: Companies
    contacts: Contacts

    def native(self) -> Any:
        """Return the vendor's client: everything it can do, nothing of it portable."""
        raise NotImplementedError

    def me(self) -> Person | None:
        """Return the user that the credentials belong to, or ``None`` if the portal does not tell."""
        return None

    def budget(self) -> Budget:
        """Return the request limits that are in force."""
        raise NotImplementedError

    def requests_sent(self) -> int:
        """Return how many requests this object has sent so far."""
        raise NotImplementedError

    def pipelines(self) -> Sequence[Pipeline]:
        """Return the pipelines in which deals live, with their stages."""
        self.capabilities.require(Capability.DEALS)
        raise NotImplementedError

    def deal_fields(self) -> Sequence[FieldSpec]:
        """Return the custom fields of deals."""
        self.capabilities.require(Capability.CUSTOM_FIELDS)
        raise NotImplementedError

    def check(self) -> Iterable[str]:
        """Compare the configuration with the live portal; yield one line per problem, none if all is well."""
        raise NotImplementedError

    def close(self) -> None:
        """Release the connections."""

    def __enter__(self) -> Crm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
