"""The provider-neutral interface: recipes and programs are written against this, not against a vendor.

Example:
    >>> from crmkit.crm import Deal
    >>> print(Deal.is_open & Deal.idle_for(days=15))
    is_open and idle_for(15 days)
"""

from crmkit.crm.base import Budget, Crm
from crmkit.crm.capabilities import Capabilities, Capability
from crmkit.crm.filters import Explanation, Expression
from crmkit.crm.models import (
    Activity,
    Comment,
    Company,
    Contact,
    Deal,
    DealChanges,
    FieldSpec,
    Invitation,
    NewCompany,
    NewDeal,
    NewTask,
    NewWorkspace,
    Person,
    Pipeline,
    Ref,
    Stage,
    Task,
    TaskChanges,
    TaskState,
    User,
    Workflow,
    WorkflowStart,
    WorkflowTemplate,
    Workspace,
    WriteResult,
    WriteStatus,
)

__all__ = [
    "Activity",
    "Budget",
    "Capabilities",
    "Capability",
    "Comment",
    "Company",
    "Contact",
    "Crm",
    "Deal",
    "DealChanges",
    "Explanation",
    "Expression",
    "FieldSpec",
    "Invitation",
    "NewCompany",
    "NewDeal",
    "NewTask",
    "NewWorkspace",
    "Person",
    "Pipeline",
    "Ref",
    "Stage",
    "Task",
    "TaskChanges",
    "TaskState",
    "User",
    "Workflow",
    "WorkflowStart",
    "WorkflowTemplate",
    "Workspace",
    "WriteResult",
    "WriteStatus",
]
