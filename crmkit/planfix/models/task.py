"""Tasks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from crmkit.planfix.models.base import (
    ContactRef,
    File,
    Model,
    Moment,
    People,
    Reference,
    UserRef,
    open_enum,
)
from crmkit.planfix.models.custom_field import WithCustomFields
from crmkit.planfix.models.process import Status
from crmkit.planfix.text import to_text

__all__ = [
    "RECURRING_FIELDS",
    "TASK_FIELDS",
    "TASK_LIST_FIELDS",
    "Priority",
    "SavedFilter",
    "Task",
    "TaskType",
]


class Priority(StrEnum):
    """How urgent a task is. The portal ignores other words silently, so they are refused for writing."""

    NOT_URGENT = "NotUrgent"
    URGENT = "Urgent"


class TaskType(StrEnum):
    """A task, a template, or an item of a checklist."""

    TASK = "Task"
    TEMPLATE = "Template"
    CHECKMARK = "Checkmark"


class Task(WithCustomFields):
    """A task: what was asked for by ``fields``, the rest at its default.

    ``id`` is the number that the web interface shows. Moments are aware. ``status.is_active`` answers "is it
    open".
    """

    name: str = ""
    description: str = Field(default="", repr=False)
    additional_description_data: str = Field(default="", repr=False)
    priority: Annotated[Priority | str, open_enum(Priority)] = ""
    status: Status | None = None
    process_id: int | None = None
    result_checking: bool | None = None
    type: Annotated[TaskType | str, open_enum(TaskType)] = ""
    assigner: UserRef = None
    parent: Reference = None
    template: Reference = None
    object: Reference = None
    project: Reference = None
    counterparty: ContactRef = None
    date_time: Moment = None
    """When it was created."""
    start_date_time: Moment = None
    end_date_time: Moment = None
    has_start_date: bool | None = None
    has_end_date: bool | None = None
    has_start_time: bool | None = None
    has_end_time: bool | None = None
    delayed_till_date: Moment = None
    actual_completion_date: Moment = None
    date_of_last_update: Moment = None
    date_of_last_comment: Moment = None
    duration: float | None = None
    duration_unit: str = ""
    duration_type: str = ""
    overdue: bool | None = None
    close_to_dead_line: bool | None = None
    not_accepted_in_time: bool | None = None
    in_favorites: bool | None = None
    is_summary: bool | None = None
    is_sequential: bool | None = None
    assignees: People = People()
    participants: People = People()
    auditors: People = People()
    project_auditors: People = People()
    recurrence: Any = Field(default=None, repr=False)
    is_deleted: bool = False
    files: tuple[File, ...] = ()
    data_tags: tuple[dict[str, Any], ...] = ()
    source_object_id: str = ""
    source_data_version: str = ""

    @property
    def is_open(self) -> bool | None:
        """Whether the status counts as active; ``None`` if it was not asked for."""
        return self.status.is_active if self.status else None

    @property
    def created_at(self) -> datetime | None:
        """When the task was created."""
        return self.date_time

    @property
    def updated_at(self) -> datetime | None:
        """When the task was changed last; comments do not count."""
        return self.date_of_last_update

    @property
    def text(self) -> str:
        """The description as plain text."""
        return to_text(self.description)


class SavedFilter(Model):
    """A filter that somebody saved in the web interface; its id goes into ``filter_id`` of a list."""

    id: str
    name: str = ""
    owner: UserRef = None


TASK_LIST_FIELDS: tuple[str, ...] = (
    "id", "name", "description", "priority", "status", "processId", "resultChecking", "type",
    "assigner", "parent", "object", "template", "project", "counterparty", "dateTime", "startDateTime",
    "endDateTime", "hasStartDate", "hasEndDate", "hasStartTime", "hasEndTime", "delayedTillDate",
    "actualCompletionDate", "dateOfLastUpdate", "dateOfLastComment", "duration", "durationUnit",
    "durationType", "overdue", "closeToDeadLine", "notAcceptedInTime", "inFavorites", "isSummary",
    "isSequential", "assignees", "participants", "auditors", "recurrence", "isDeleted", "files",
    "sourceObjectId", "sourceDataVersion",
)  # fmt: skip
"""All system fields that ``POST /task/list`` knows."""
TASK_FIELDS: tuple[str, ...] = (*TASK_LIST_FIELDS, "additionalDescriptionData", "projectAuditors", "dataTags")
"""All system fields that ``GET /task/{id}`` knows."""
RECURRING_FIELDS: tuple[str, ...] = tuple(
    name for name in TASK_LIST_FIELDS if name not in ("actualCompletionDate", "dateOfLastComment")
)
"""All system fields that ``GET /task/recurring`` knows."""
