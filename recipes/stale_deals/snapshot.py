"""What is looked at: one deal with its history and approval task, and what matters of the portal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from crmkit.automation.messages import Language
from crmkit.crm.models import Activity, Deal, FieldSpec, Person, Stage, Task, User

__all__ = ["Portal", "Snapshot", "people"]


@dataclass(frozen=True)
class Portal:
    """The people, fields and stages of the portal, and how it speaks.

    Attributes:
        language: Of what is written into the portal.
        timezone: Days begin and end in it.
        me: Whose token we use; what they do is ours.
        users: Employees and robots by id.
        fields: Custom fields of deals by logical name; one that is not bound in ``crmkit.toml`` is absent.
        stages: Of all pipelines in which deals live.
        deals_need_executor: Whether a deal cannot be left with nobody.
    """

    language: Language
    timezone: tzinfo
    me: Person | None = None
    users: Mapping[str, User] = field(default_factory=dict)
    fields: Mapping[str, FieldSpec] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    deals_need_executor: bool = False

    def user(self, person: Person) -> User | None:
        """Return the employee or robot that a person is; a client or group may have the same number."""
        return self.users.get(person.id) if person.kind == "user" else None

    def is_active(self, person: Person) -> bool:
        """Tell whether somebody can be told or given a deal; a group always can, a client or robot never."""
        user = self.user(person)
        return person.kind == "group" or (user is not None and user.is_active and not user.is_robot)

    def has_left(self, person: Person) -> bool:
        """Tell whether somebody is an employee no longer."""
        user = self.user(person)
        return person.kind == "user" and (user is None or not user.is_active)

    def name(self, person: Person) -> str:
        """Return how somebody is called."""
        user = self.user(person)
        return person.name or (user.name if user else "") or str(person)

    def names(self, persons: tuple[Person, ...]) -> str:
        """Return how some people are called, in one line."""
        return ", ".join(map(self.name, persons))

    def named(self, persons: Sequence[Person]) -> tuple[Person, ...]:
        """Return the same people with their names, to be kept: a name may be forgotten later."""
        return tuple(one.model_copy(update={"name": self.name(one)}) for one in persons)

    def field_name(self, key: str) -> str:
        """Return how the portal calls a field."""
        return self.fields[key].name or key


@dataclass(frozen=True)
class Snapshot:
    """One deal as it is now.

    Attributes:
        deal: The deal.
        portal: Where it lives.
        history: What happened to it, newest first, down to the last act of a person or client; ``None`` if it
            was not read: the portal vouches with ``deal.untouched_since``, or it does not matter.
        approval: The approval task that we created last, if it is still there.
        approval_problem: Why it is not known where that task stands; empty if it is known.
        idle_since: Where the history was not read: since when nobody had touched the deal when it was warned,
            and nobody has touched it since.
    """

    deal: Deal
    portal: Portal
    history: tuple[Activity, ...] | None = None
    approval: Task | None = None
    approval_problem: str = ""
    idle_since: datetime | None = None


def people(value: Any) -> tuple[Person, ...]:
    """Return the people in the value of a field: one, several or none."""
    parts = value if isinstance(value, tuple | list) else (value,)
    return tuple(part for part in parts if isinstance(part, Person))
