"""What is looked at: one client with all their deals, and what matters of the portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from crmkit.automation.messages import Language
from crmkit.crm.models import Company, Contact, Deal, FieldSpec, Person, Ref, Stage, Task, User

__all__ = ["Client", "Portal", "Snapshot"]

Client = Contact | Company


@dataclass(frozen=True)
class Portal:
    """The people, fields and stages of the portal, and how it speaks.

    Attributes:
        language: Of what is written into the portal.
        timezone: Days begin and end in it.
        target: The field of the clients that is written.
        tells_reasons: Whether deals have a field for the reason of a loss.
        users: Employees and robots by id.
        stages: Of all pipelines in which deals live.
    """

    language: Language
    timezone: tzinfo
    target: FieldSpec
    tells_reasons: bool = False
    users: Mapping[str, User] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()

    def is_active(self, person: Person) -> bool:
        """Tell whether somebody can be given a task."""
        user = self.users.get(person.id) if person.kind == "user" else None
        return person.kind == "group" or (user is not None and user.is_active and not user.is_robot)


@dataclass(frozen=True)
class Snapshot:
    """One client as it is now.

    Attributes:
        ref: The client.
        client: What the portal says of it; ``None`` if it is deleted or out of reach.
        portal: Where it lives.
        deals: All its deals, in the order of their ids.
        tasks: Our tasks about it that still exist, by id.
    """

    ref: Ref
    client: Client | None
    portal: Portal
    deals: tuple[Deal, ...] = ()
    tasks: Mapping[str, Task] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """Return the value of a field of the client."""
        return self.client.fields.get(name) if self.client else None


def closed_at(deal: Deal) -> datetime | None:
    """Return when a deal was closed, as well as the portal tells."""
    return deal.closed_at or deal.updated_at
