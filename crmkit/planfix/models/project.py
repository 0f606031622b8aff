"""Projects."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from pydantic import Field, model_validator

from crmkit.planfix.models.base import ContactRef, Group, Moment, People, Reference, UserRef
from crmkit.planfix.models.custom_field import WithCustomFields
from crmkit.planfix.models.process import Status
from crmkit.planfix.text import to_text

__all__ = ["PROJECT_FIELDS", "Project", "ProjectStatus"]


class ProjectStatus(IntEnum):
    """The statuses that no operation lists: 2 was seen on a live account, 0 and 1 are near certain."""

    DRAFT = 0
    COMPLETED = 1
    ACTIVE = 2


class Project(WithCustomFields):
    """A project. Of its status the portal tells the id alone, see :class:`ProjectStatus`."""

    name: str = ""
    description: str = Field(default="", repr=False)
    status: Status | None = None
    owner: UserRef = None
    parent: Reference = None
    template: Reference = None
    group: Group | None = None
    counterparty: ContactRef = None
    start_date: Moment = None
    end_date: Moment = None
    has_end_date: bool | None = None
    hidden_for_employees: bool | None = None
    hidden_for_clients: bool | None = None
    overdue: bool | None = None
    is_close_to_deadline: bool | None = None
    assignees: People = People()
    participants: People = People()
    auditors: People = People()
    client_managers: People = People()
    is_deleted: bool = False
    source_object_id: str = ""
    source_data_version: str = ""

    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, data: Any) -> Any:
        # The vendor's example of a list wraps each row as {"result": "success", "project": {…}}.
        wrapped = data.get("project") if isinstance(data, Mapping) and "id" not in data else None
        return wrapped if isinstance(wrapped, Mapping) else data

    @property
    def is_active(self) -> bool | None:
        """Whether the project runs; ``None`` if its status was not asked for."""
        return None if self.status is None else self.status.id == ProjectStatus.ACTIVE

    @property
    def text(self) -> str:
        """The description as plain text."""
        return to_text(self.description)


PROJECT_FIELDS: tuple[str, ...] = (
    "id", "name", "description", "status", "owner", "parent", "template", "group", "counterparty",
    "startDate", "endDate", "hiddenForEmployees", "hiddenForClients", "overdue", "isCloseToDeadline",
    "hasEndDate", "assignees", "participants", "auditors", "clientManagers", "isDeleted",
    "sourceObjectId", "sourceDataVersion",
)  # fmt: skip
"""All system fields of a project."""
