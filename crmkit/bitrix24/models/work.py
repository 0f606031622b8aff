"""People and work: users, departments, groups, tasks, calendar, business processes, lists, files, events."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from crmkit.bitrix24.models.base import (
    Amount,
    CamelModel,
    Flag,
    Ids,
    Link,
    Model,
    Moment,
    Number,
    Text,
    UpperModel,
)

__all__ = [
    "CalendarEvent",
    "ChecklistItem",
    "Department",
    "DiskObject",
    "ElapsedTime",
    "EventHandler",
    "Group",
    "GroupMember",
    "ListElement",
    "OfflineEvent",
    "Task",
    "User",
    "Workflow",
    "WorkflowTask",
    "WorkflowTemplate",
]

Map = Annotated[dict[str, Any], BeforeValidator(lambda value: value if isinstance(value, dict) else {})]
"""A map; the portal writes ``[]`` or ``false`` for an empty one."""


class Task(CamelModel):
    """A task (``tasks.task.*``)."""

    id: int
    title: Text = None
    description: Text = None
    status: Number = None
    sub_status: Number = None
    priority: Number = None
    mark: Text = None
    created_by: Link = None
    responsible_id: Link = None
    changed_by: Link = None
    closed_by: Link = None
    created_date: Moment = None
    changed_date: Moment = None
    status_changed_date: Moment = None
    closed_date: Moment = None
    activity_date: Moment = None
    deadline: Moment = None
    start_date_plan: Moment = None
    end_date_plan: Moment = None
    group_id: Link = None
    parent_id: Link = None
    flow_id: Link = None
    stage_id: Link = None
    accomplices: Ids = ()
    auditors: Ids = ()
    xml_id: Text = None
    group: Map = Field(default_factory=dict)
    time_estimate: Number = None
    time_spent_in_logs: Number = None


class ChecklistItem(UpperModel):
    """An entry of a task's checklist (``task.checklistitem.*``)."""

    id: int
    task_id: Link = None
    parent_id: Link = None
    created_by: Link = None
    title: Text = None
    sort_index: Number = None
    is_complete: Flag = None
    is_important: Flag = None
    toggled_by: Link = None
    toggled_date: Moment = None


class ElapsedTime(UpperModel):
    """A record of time spent on a task (``task.elapseditem.*``)."""

    id: int
    task_id: Link = None
    user_id: Link = None
    comment_text: Text = None
    seconds: Number = None
    minutes: Number = None
    source: Number = None
    created_date: Moment = None
    date_start: Moment = None
    date_stop: Moment = None


class User(UpperModel):
    """A user (``user.get``); bots and system users are never listed."""

    id: int
    active: Flag = None
    name: Text = None
    last_name: Text = None
    second_name: Text = None
    email: Text = None
    work_position: Text = None
    user_type: Text = None
    date_register: Moment = None
    last_login: Moment = None
    is_online: Flag = None
    uf_department: Ids = ()
    xml_id: Text = None

    @property
    def is_extranet(self) -> bool:
        """An outside partner rather than an employee."""
        return self.user_type == "extranet"


class Department(UpperModel):
    """A department (``department.get``)."""

    id: int
    name: Text = None
    sort: Number = None
    parent: Link = None
    uf_head: Link = None


class Group(UpperModel):
    """A work group or project (``sonet_group.*``)."""

    id: int
    name: Text = None
    description: Text = None
    date_create: Moment = None
    date_update: Moment = None
    active: Flag = None
    visible: Flag = None
    opened: Flag = None
    closed: Flag = None
    owner_id: Link = None
    number_of_members: Number = None
    project: Flag = None
    is_extranet: Flag = None
    site_id: Text = None


class GroupMember(UpperModel):
    """A member of a group: role A owner, E moderator, K member."""

    user_id: int
    role: Text = None


class CalendarEvent(UpperModel):
    """An entry of a calendar (``calendar.event.*``)."""

    id: int
    parent_id: Link = None
    name: Text = None
    description: Text = None
    cal_type: Text = None
    owner_id: Link = None
    date_from: Text = None
    date_to: Text = None
    tz_from: Text = None
    tz_to: Text = None
    dt_skip_time: Flag = None
    created_by: Link = None
    section_id: Link = None
    meeting_status: Text = None
    is_meeting: Flag = None
    location: Text = None


class WorkflowTemplate(UpperModel):
    """A template of a business process (``bizproc.workflow.template.list``)."""

    id: int
    name: Text = None
    module_id: Text = None
    entity: Text = None
    document_type: Any = None
    auto_execute: Number = None
    parameters: Map = Field(default_factory=dict)
    modified: Moment = None


class Workflow(UpperModel):
    """A running business process (``bizproc.workflow.instances``); finished ones are not listed."""

    id: str
    template_id: Link = None
    module_id: Text = None
    entity: Text = None
    document_id: Text = None
    started: Moment = None
    started_by: Link = None
    modified: Moment = None
    owned_until: Moment = None


class WorkflowTask(UpperModel):
    """An assignment of a business process (``bizproc.task.list``)."""

    id: int
    workflow_id: Text = None
    name: Text = None
    description: Text = None
    document_id: Text = None
    document_name: Text = None
    user_id: Link = None
    status: Number = None
    user_status: Number = None
    modified: Moment = None


class ListElement(UpperModel):
    """An element of a universal list (``lists.element.*``); its properties are in ``raw``."""

    id: int
    iblock_id: Link = None
    iblock_section_id: Link = None
    name: Text = None
    code: Text = None
    created_by: Link = None
    bp_published: Flag = None


class DiskObject(UpperModel):
    """A file or folder on the drive (``disk.*``)."""

    id: int
    name: Text = None
    code: Text = None
    type: Text = None
    storage_id: Link = None
    parent_id: Link = None
    size: Amount = None
    create_time: Moment = None
    update_time: Moment = None
    created_by: Link = None
    download_url: Text = None
    detail_url: Text = None


class EventHandler(Model):
    """A handler bound to an event (``event.get``)."""

    event: str
    handler: Text = None
    auth_type: Text = None
    offline: Number = None
    connector_id: Text = None


class OfflineEvent(UpperModel):
    """An entry of the offline queue (``event.offline.get``)."""

    id: int
    timestamp_x: Moment = None
    event_name: Text = None
    event_data: Map = Field(default_factory=dict)
    event_additional: Map = Field(default_factory=dict)
    message_id: Text = None

    @property
    def user_id(self) -> int | None:
        """Who caused the change; no other channel of events tells."""
        found = self.event_additional.get("user_id")
        return int(found) if found else None
