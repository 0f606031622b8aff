"""What is looked at: one company with its deals, its task and its twins, and what matters of the portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from crmkit.automation.messages import Language
from crmkit.crm.models import Company, Deal, FieldSpec, Person, Ref, Task, TaskState, User

__all__ = ["Portal", "Snapshot", "Twin"]


@dataclass(frozen=True)
class Portal:
    """The people and fields of the portal, and where new deals go.

    Attributes:
        language: Of what is written into the portal.
        timezone: Days and months begin and end in it.
        pipeline, stage: Where new deals go, by id; an empty pipeline if the portal has only one.
        users: Employees and robots by id.
        card: Custom fields of companies by logical name; one that is not bound is absent.
        fields: Custom fields of deals, likewise.
        states: What a task that asks can be moved to.
        templates: The ids of business processes, by id and by name.
        has_checklists: Whether tasks have lines to tick off; else the lines stand in their text.
    """

    language: Language
    timezone: tzinfo
    pipeline: str = ""
    stage: str = ""
    users: Mapping[str, User] = field(default_factory=dict)
    card: Mapping[str, FieldSpec] = field(default_factory=dict)
    fields: Mapping[str, FieldSpec] = field(default_factory=dict)
    states: frozenset[TaskState] = frozenset(TaskState)
    templates: Mapping[str, str] = field(default_factory=dict)
    has_checklists: bool = True

    def is_active(self, person: Person) -> bool:
        """Tell whether somebody is an employee who can be given work."""
        user = self.users.get(person.id) if person.kind == "user" else None
        return user is not None and user.is_active and not user.is_robot and not user.is_external

    def named(self, person: Person) -> Person:
        """Return the same person with the name that the portal knows."""
        user = self.users.get(person.id) if person.kind == "user" else None
        return person.model_copy(update={"name": person.name or (user.name if user else "") or str(person)})

    def members(self, group: str) -> tuple[Person, ...]:
        """Return the active members of a group, in the order of their ids."""
        ids = sorted(self.users, key=lambda one: (len(one), one))
        found = (self.users[one] for one in ids)
        return tuple(
            u.person for u in found if self.is_active(u.person) and group in {g.id for g in u.groups}
        )


@dataclass(frozen=True)
class Twin:
    """An older company that seems to be the same client, and what the two have in common."""

    company: Ref
    by: str


@dataclass(frozen=True)
class Snapshot:
    """One company as it is now.

    Attributes:
        company: The company.
        portal: Where it lives.
        deals: Its deals in the pipeline, and those of ours that somebody moved elsewhere.
        gone: Ids of deals of ours that are deleted.
        task: The task of ours that asks to complete the card; ``None`` if there is none or it was deleted.
        task_problem: Why it is not known where that task stands; empty if it is known.
        twins: Older companies that seem to be the same client.
    """

    company: Company
    portal: Portal
    deals: tuple[Deal, ...] = ()
    gone: frozenset[str] = frozenset()
    task: Task | None = None
    task_problem: str = ""
    twins: tuple[Twin, ...] = ()

    def deal(self, deal_id: str) -> Deal | None:
        """Return one of its deals."""
        return next((deal for deal in self.deals if deal.id == deal_id), None)
