"""Processes, their statuses, and objects: what a task is and how far it has come. Read-only in the API."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from crmkit.planfix.models.base import ContactRef, Entity, Model, Named, People, UserRef
from crmkit.planfix.models.custom_field import WithCustomFields

__all__ = ["ObjectType", "Process", "Status", "StatusText"]


class StatusText(Model):
    """The name of a status in one language of the account."""

    lang: str = ""
    name: str = ""


class Status(Entity):
    """A status of a process.

    ``is_active`` is the cheap answer to "is the task open"; ``None`` if it was not asked for or told.
    """

    name: str = ""
    color: str = ""
    is_active: bool | None = None
    has_deadline: bool | None = None
    is_applied_individually: bool | None = None
    texts: tuple[StatusText, ...] = ()


class Process(Named):
    """A process: the set of statuses of a kind of tasks or contacts."""


class ObjectType(WithCustomFields):
    """An object in the vendor's sense: a kind of task, such as "Deal", with defaults for new tasks."""

    name: str = ""
    status: Status | None = None
    assigner: UserRef = None
    counterparty: ContactRef = None
    assignees: People = People()
    participants: People = People()
    auditors: People = People()
    files: tuple[dict[str, Any], ...] = Field(default=(), repr=False)
