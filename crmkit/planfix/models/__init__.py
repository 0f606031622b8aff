"""The typed models of the Planfix client, one file per group."""

from crmkit.planfix.models.base import File, Group, Named, People, Phone
from crmkit.planfix.models.checklist import ChecklistItem
from crmkit.planfix.models.comment import ChangeDate, ChangeStatus, Comment, CommentKind, CommentType
from crmkit.planfix.models.contact import Contact, Gender
from crmkit.planfix.models.custom_field import CustomField, FieldValue
from crmkit.planfix.models.datatag import AddedEntries, Datatag, DatatagEntry
from crmkit.planfix.models.directory import Directory, DirectoryEntry
from crmkit.planfix.models.outcome import Created, FieldFailure, Updated, WriteState
from crmkit.planfix.models.process import ObjectType, Process, Status, StatusText
from crmkit.planfix.models.project import Project, ProjectStatus
from crmkit.planfix.models.report import (
    Report,
    ReportChunk,
    ReportField,
    ReportItem,
    ReportRow,
    ReportSave,
    ReportState,
    ReportStatus,
    RowType,
)
from crmkit.planfix.models.task import Priority, SavedFilter, Task, TaskType
from crmkit.planfix.models.telegram import TelegramWebhook
from crmkit.planfix.models.user import Replacement, Role, User, UserStatus

__all__ = [
    "AddedEntries",
    "ChangeDate",
    "ChangeStatus",
    "ChecklistItem",
    "Comment",
    "CommentKind",
    "CommentType",
    "Contact",
    "Created",
    "CustomField",
    "Datatag",
    "DatatagEntry",
    "Directory",
    "DirectoryEntry",
    "FieldFailure",
    "FieldValue",
    "File",
    "Gender",
    "Group",
    "Named",
    "ObjectType",
    "People",
    "Phone",
    "Priority",
    "Process",
    "Project",
    "ProjectStatus",
    "Replacement",
    "Report",
    "ReportChunk",
    "ReportField",
    "ReportItem",
    "ReportRow",
    "ReportSave",
    "ReportState",
    "ReportStatus",
    "Role",
    "RowType",
    "SavedFilter",
    "Status",
    "StatusText",
    "Task",
    "TaskType",
    "TelegramWebhook",
    "Updated",
    "User",
    "UserStatus",
    "WriteState",
]
