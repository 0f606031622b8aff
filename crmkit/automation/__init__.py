"""What the author of a recipe works with: recipes, actions, plans, memory, texts, calendars."""

from crmkit.automation.actions import (
    Action,
    AddComment,
    CreateCompany,
    CreateDeal,
    CreateTask,
    CreateWorkspace,
    Invite,
    Notify,
    Remember,
    SetTaskState,
    StartWorkflow,
    StopWorkflow,
    UpdateCard,
    UpdateDeal,
    UpdateTask,
    created,
)
from crmkit.automation.calendar import WorkCalendar
from crmkit.automation.memory import Effect, Memory, MemoryStore, NoMemory
from crmkit.automation.messages import Language, Message
from crmkit.automation.plan import Plan, PlanItem
from crmkit.automation.recipe import Context, Decision, Recipe, Settings

__all__ = [
    "Action",
    "AddComment",
    "Context",
    "CreateCompany",
    "CreateDeal",
    "CreateTask",
    "CreateWorkspace",
    "Decision",
    "Effect",
    "Invite",
    "Language",
    "Memory",
    "MemoryStore",
    "Message",
    "NoMemory",
    "Notify",
    "Plan",
    "PlanItem",
    "Recipe",
    "Remember",
    "SetTaskState",
    "Settings",
    "StartWorkflow",
    "StopWorkflow",
    "UpdateCard",
    "UpdateDeal",
    "UpdateTask",
    "WorkCalendar",
    "created",
]
