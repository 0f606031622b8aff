"""Comments: what people write, and the history of a task's statuses and dates."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from crmkit.planfix.models.base import (
    ContactRef,
    Entity,
    File,
    Model,
    Moment,
    People,
    Reference,
    UserRef,
    open_enum,
)
from crmkit.planfix.text import to_text

__all__ = ["COMMENT_FIELDS", "ChangeDate", "ChangeStatus", "Comment", "CommentKind", "CommentType"]


class CommentKind(StrEnum):
    """Which comments a list holds (``typeList``); ``ALL`` has changes of status and dates too."""

    COMMENTS = "Comments"
    ALL = "All"
    NEW = "New"
    DELETED = "Deleted"


class CommentType(StrEnum):
    """What an entry of the list is; ``NONE`` are those that the portal wrote, such as a change of status."""

    COMMENT = "Comment"
    REMINDER = "Reminder"
    NONE = "None"


class ChangeStatus(Model):
    """A move of the task from one status to another."""

    old_status_id: int | None = None
    new_status_id: int | None = None


class ChangeDate(Model):
    """A change of the planned start or end."""

    old_date_time: Moment = None
    new_date_time: Moment = None
    has_old_date: bool | None = None
    has_new_date: bool | None = None
    has_old_time: bool | None = None
    has_new_time: bool | None = None


class Comment(Entity):
    """An entry of the history of a task, contact or project.

    ``owner`` wrote it; ``from_type`` is the channel (Planfix, Telegram, Email, …; an open set).
    """

    date_time: Moment = None
    type: Annotated[CommentType | str, open_enum(CommentType)] = ""
    from_type: str = ""
    description: str = Field(default="", repr=False)
    additional_description_data: str = Field(default="", repr=False)
    task: Reference = None
    project: Reference = None
    contact: ContactRef = None
    owner: UserRef = None
    is_deleted: bool = False
    is_pinned: bool = False
    is_hidden: bool = False
    is_not_read: bool | None = None
    recipients: People = People()
    reminders: tuple[dict[str, Any], ...] = ()
    data_tags: tuple[dict[str, Any], ...] = ()
    files: tuple[File, ...] = ()
    change_task_start_date: ChangeDate | None = None
    change_task_expect_date: ChangeDate | None = None
    change_status: ChangeStatus | None = None
    source_object_id: str = ""
    source_data_version: str = ""

    @property
    def created_at(self) -> datetime | None:
        """When it was written, or back-dated to."""
        return self.date_time

    @property
    def text(self) -> str:
        """The comment as plain text."""
        return to_text(self.description)


COMMENT_FIELDS: tuple[str, ...] = (
    "id", "dateTime", "type", "fromType", "description", "additionalDescriptionData", "task", "project",
    "contact", "owner", "isDeleted", "isPinned", "isHidden", "isNotRead", "recipients", "reminders",
    "dataTags", "files", "changeTaskStartDate", "changeTaskExpectDate", "changeStatus",
    "sourceObjectId", "sourceDataVersion",
)  # fmt: skip
"""All fields of a comment."""
