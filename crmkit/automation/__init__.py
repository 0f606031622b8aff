"""What the author of a recipe works with: recipes, actions, plans, memory, texts, calendars."""

from crmkit.automation.actions import (
    Action,
    AddComment,
    CreateTask,
    Notify,
    Remember,
    SetTaskState,
    UpdateDeal,
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
    "CreateTask",
    "Decision",
    "Effect",
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
    "UpdateDeal",
    "WorkCalendar",
]
