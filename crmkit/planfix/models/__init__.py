"""The typed models of the Planfix client, one file per group."""

from crmkit.planfix.models.base import File, Group, People, Phone
from crmkit.planfix.models.comment import ChangeDate, ChangeStatus, Comment, CommentKind, CommentType
from crmkit.planfix.models.contact import Contact, Gender
from crmkit.planfix.models.custom_field import CustomField, FieldValue
from crmkit.planfix.models.outcome import Created, FieldFailure, Updated, WriteState
from crmkit.planfix.models.process import ObjectType, Process, Status, StatusText
from crmkit.planfix.models.task import Priority, SavedFilter, Task, TaskType
from crmkit.planfix.models.user import Role, User, UserStatus

__all__ = [
    "ChangeDate",
    "ChangeStatus",
    "Comment",
    "CommentKind",
    "CommentType",
    "Contact",
    "Created",
    "CustomField",
    "FieldFailure",
    "FieldValue",
    "File",
    "Gender",
    "Group",
    "ObjectType",
    "People",
    "Phone",
    "Priority",
    "Process",
    "Role",
    "SavedFilter",
    "Status",
    "StatusText",
    "Task",
    "TaskType",
    "Updated",
    "User",
    "UserStatus",
    "WriteState",
]
