"""The neutral things of a CRM: what a recipe sees, whichever vendor is behind.

All moments are aware datetimes. Ids are strings in the vendor's own spelling. ``raw`` keeps the vendor's
payload.
"""

from crmkit.crm.models.deals import Deal, DealChanges, NewDeal, Pipeline, Stage
from crmkit.crm.models.history import Activity, ActivityKind, AuthorKind, Comment
from crmkit.crm.models.people import Company, Contact, NewCompany, User
from crmkit.crm.models.reference import EntityKind, Model, Person, Ref, hybrid
from crmkit.crm.models.steps import NewStep, Step, StepChanges
from crmkit.crm.models.tasks import NewTask, Task, TaskChanges, TaskState
from crmkit.crm.models.work import (
    Invitation,
    NewWorkspace,
    Workflow,
    WorkflowStart,
    WorkflowTemplate,
    Workspace,
)
from crmkit.crm.models.writes import FieldSpec, MissingField, WriteResult, WriteStatus

__all__ = [
    "Activity",
    "ActivityKind",
    "AuthorKind",
    "Comment",
    "Company",
    "Contact",
    "Deal",
    "DealChanges",
    "EntityKind",
    "FieldSpec",
    "Invitation",
    "MissingField",
    "Model",
    "NewCompany",
    "NewDeal",
    "NewStep",
    "NewTask",
    "NewWorkspace",
    "Person",
    "Pipeline",
    "Ref",
    "Stage",
    "Step",
    "StepChanges",
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
    "hybrid",
]
