"""What is looked at: one deal with the records of its steps, and what matters of the portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from crmkit.automation.messages import Language
from crmkit.crm.models import Deal, Person, Ref, Step, User
from recipes.next_step.form import Form

__all__ = ["Portal", "Snapshot"]


@dataclass(frozen=True)
class Portal:
    """The people of the portal, and how it speaks.

    Attributes:
        language: Of what is written into the portal.
        timezone: Days begin and end in it.
        fields: Which of the fields of the recipe deals have.
        users: Employees and robots by id.
    """

    language: Language
    timezone: tzinfo
    fields: frozenset[str]
    users: Mapping[str, User] = field(default_factory=dict)

    def is_active(self, person: Person) -> bool:
        """Tell whether somebody works here."""
        user = self.users.get(person.id) if person.kind == "user" else None
        return user is not None and user.is_active and not user.is_robot

    def name(self, person: Person | None) -> str:
        """Return how somebody is called."""
        if person is None:
            return ""
        user = self.users.get(person.id)
        return person.name or (user.name if user else "") or person.id


@dataclass(frozen=True)
class Snapshot:
    """One deal as it is now.

    Attributes:
        ref: The deal.
        deal: What the portal says of it; ``None`` if it is deleted or out of reach.
        portal: Where it lives.
        records: The records of its steps that are there, by id; of a deal that never had one, none.
    """

    ref: Ref
    deal: Deal | None
    portal: Portal
    records: Mapping[str, Step] = field(default_factory=dict)

    @property
    def form(self) -> Form:
        """What stands in the fields."""
        return Form.of(self.deal.fields) if self.deal else Form()

    @property
    def edited_at(self) -> datetime | None:
        """When anything of the deal was changed last, by whomever."""
        return (self.deal.updated_at or self.deal.created_at) if self.deal else None
