"""Planfix tasks, comments, users and contacts as neutral things. Pure: what it needs to know is handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from crmkit.config import Bound, BoundField
from crmkit.crm.adapters.planfix.values import from_planfix, person_in
from crmkit.crm.models import (
    Activity,
    ActivityKind,
    AuthorKind,
    Company,
    Contact,
    Deal,
    Person,
    Ref,
    Stage,
    User,
)
from crmkit.exceptions import IncompleteList
from crmkit.planfix import ids
from crmkit.planfix import models as planfix
from crmkit.planfix.models.custom_field import WithCustomFields

__all__ = [
    "AMOUNT",
    "DEAL_FIELDS",
    "Authors",
    "Stages",
    "activity",
    "company",
    "contact",
    "contradicts",
    "custom_values",
    "deal",
    "user",
]


@dataclass(frozen=True)
class Authors:
    """Who is known to the account, to tell people, clients and robots apart.

    Args:
        users: All employees and robots by number.
        robots: Numbers of those whose doings are not human: those with the role Robot, and those whom the
            settings name in ``robots``.
    """

    users: Mapping[int, planfix.User]
    robots: frozenset[int]

    def kind(self, person: Person | None) -> AuthorKind:
        """Tell what somebody is; an employee whom the account does not list (any more) is unknown."""
        if person is None:
            return AuthorKind.UNKNOWN
        if person.kind == "contact":
            return AuthorKind.CLIENT
        if person.kind != "user" or not person.id.isdigit():
            return AuthorKind.UNKNOWN
        if int(person.id) in self.robots:
            return AuthorKind.ROBOT
        return AuthorKind.HUMAN if int(person.id) in self.users else AuthorKind.UNKNOWN


@dataclass(frozen=True)
class Stages:
    """The statuses of a process, and what the settings call them."""

    statuses: Mapping[int, planfix.Status]
    names: Mapping[str, Bound]
    process: str = ""

    @property
    def active(self) -> tuple[int, ...]:
        """The numbers of the statuses that count as open."""
        return tuple(number for number, status in self.statuses.items() if status.is_active)

    def stage(self, status: planfix.Status) -> Stage:
        """Return a status as a stage; what the task itself did not tell comes from the process."""
        known = self.statuses.get(status.id, status)
        is_active = known.is_active if status.is_active is None else status.is_active
        key = next((key for key, bound in self.names.items() if bound.id == str(status.id)), "")
        name = status.name or known.name
        return Stage(id=str(status.id), name=name, key=key, is_open=bool(is_active), pipeline=self.process)


DEAL_FIELDS = (
    "name",
    "status",
    "assignees",
    "counterparty",
    "dateTime",
    "dateOfLastUpdate",
    "isDeleted",
    "object",
    "template",
    "actualCompletionDate",
)
"""What has to be asked for, besides the custom fields, to know a deal."""
AMOUNT = "amount"
"""The logical name of the custom field that holds what a deal is worth."""


def deal(
    task: planfix.Task,
    stages: Stages,
    fields: Mapping[str, BoundField],
    web: str,
    untouched_since: datetime | None = None,
    *,
    people: Mapping[int, Ref | None] | None = None,
) -> Deal:
    """Return a task as a deal.

    Args:
        task: Read with ``DEAL_FIELDS`` and the custom fields.
        stages: The process of the deals.
        fields: The custom fields by logical name.
        web: The address of the account's web interface, for the link.
        untouched_since: What the filter proves that found the task. It is dropped if the task contradicts:
            then the portal has ignored the filter.
        people: Which clients are people, with the company of each; all others are taken for companies.
    """
    stage = stages.stage(task.status) if task.status else None
    client = task.counterparty
    values = custom_values(task, fields)
    amount = values.pop(AMOUNT, None)
    return Deal(
        id=str(task.id),
        title=task.name,
        open=bool(stage and stage.is_open),
        stage=stage,
        assignees=tuple(map(person_in, task.assignees.everyone)),
        **_clients(client, people or {}),
        amount=None if amount is None else Decimal(str(amount)),
        closed_at=None if stage is None or stage.is_open else task.actual_completion_date,
        created_at=task.created_at,
        updated_at=task.updated_at,
        untouched_since=None if contradicts(task, untouched_since) else untouched_since,
        deleted=task.is_deleted,
        url=f"{web}/task/{task.id}",
        fields=values,
        raw=task.raw,
    )


def _clients(client: ids.Person | None, people: Mapping[int, Ref | None]) -> dict[str, Any]:
    if client is None:
        return {}
    if client.id not in people:
        return {"company": Ref(kind="company", id=str(client.id), name=client.name)}
    person = Ref(kind="contact", id=str(client.id), name=client.name)
    return {"company": people[client.id], "contacts": (person,)}


def contradicts(task: planfix.Task, untouched_since: datetime | None) -> bool:
    """Tell whether a task was changed after the moment since when it is said to be untouched."""
    return bool(untouched_since and task.updated_at and task.updated_at >= untouched_since)


def custom_values(card: WithCustomFields, fields: Mapping[str, BoundField]) -> dict[str, Any]:
    """Return the custom fields that the settings name, without the empty ones.

    An unchecked box counts as empty too: the vendor does not tell the two apart.
    """
    found = card.custom_fields
    values = {}
    for key, bound in fields.items():
        if (one := found.get(int(bound.id))) is not None:
            value = from_planfix(one.field.type, one.value, one.raw_value)
            if value not in (None, "", ()) and value is not False:
                values[key] = value
    return values


def activity(comment: planfix.Comment, authors: Authors) -> Activity:
    """Return an entry of a task's history.

    Raises:
        IncompleteList: The entry has no date, so nobody can tell what it means for idleness.
    """
    if comment.created_at is None:
        raise IncompleteList(
            f"entry {comment.id} of the history has no date", hint="look at it in the portal"
        )
    author = person_in(comment.owner) if comment.owner else None
    change = comment.change_status
    return Activity(
        id=str(comment.id),
        at=comment.created_at,
        kind=_kind(comment),
        author=author,
        author_kind=authors.kind(author),
        text=comment.text,
        stage_from=str(change.old_status_id or "") if change else "",
        stage_to=str(change.new_status_id or "") if change else "",
    )


def _kind(comment: planfix.Comment) -> ActivityKind:
    if comment.change_status:
        return ActivityKind.STAGE
    if comment.change_task_start_date or comment.change_task_expect_date:
        return ActivityKind.FIELDS
    if comment.type != planfix.CommentType.COMMENT:
        return ActivityKind.OTHER
    return ActivityKind.COMMENT if comment.from_type in ("", "None", "Planfix") else ActivityKind.MESSAGE


def user(one: planfix.User, robots: frozenset[int]) -> User:
    """Return an employee or robot."""
    return User(
        id=str(one.id),
        name=one.full_name,
        email=one.email,
        is_active=one.is_active,
        is_robot=one.id in robots,
        is_admin=one.role in (planfix.Role.ADMIN, planfix.Role.TECH_ADMIN),
        groups=tuple(Ref(kind="group", id=str(group.id), name=group.name) for group in one.groups),
        raw=one.raw,
    )


def company(card: planfix.Contact, fields: Mapping[str, BoundField], web: str = "") -> Company:
    """Return a card with ``isCompany`` as a company."""
    return Company(
        id=str(card.id),
        name=card.full_name,
        email=card.email,
        phone=_phone(card),
        contacts=tuple(Ref(kind="contact", id=str(ref.id), name=ref.name) for ref in card.contacts if ref),
        assignees=tuple(map(person_in, card.supervisors.everyone)),
        created_at=card.created_date,
        updated_at=card.date_of_last_update,
        deleted=card.is_deleted,
        url=f"{web}/contact/{card.id}" if web else "",
        fields=custom_values(card, fields),
        raw=card.raw,
    )


def contact(card: planfix.Contact, fields: Mapping[str, BoundField], web: str = "") -> Contact:
    """Return a card of a person at the client's side."""
    return Contact(
        id=str(card.id),
        name=card.full_name,
        email=card.email,
        phone=_phone(card),
        companies=tuple(Ref(kind="company", id=str(ref.id), name=ref.name) for ref in card.companies if ref),
        assignees=tuple(map(person_in, card.supervisors.everyone)),
        updated_at=card.date_of_last_update,
        deleted=card.is_deleted,
        url=f"{web}/contact/{card.id}" if web else "",
        fields=custom_values(card, fields),
        raw=card.raw,
    )


def _phone(card: planfix.Contact) -> str:
    return next((phone.number for phone in card.phones if phone.number), "")
