"""The rooms of the interface. Everything in them refuses by default; an adapter opts in by overriding."""

from crmkit.crm.rooms.comments import Comments
from crmkit.crm.rooms.deals import Deals
from crmkit.crm.rooms.people import Companies, Contacts, Users
from crmkit.crm.rooms.room import Outcomes, Room, one_by_one
from crmkit.crm.rooms.steps import Steps
from crmkit.crm.rooms.tasks import Tasks
from crmkit.crm.rooms.work import Workflows, Workspaces

__all__ = [
    "Comments",
    "Companies",
    "Contacts",
    "Deals",
    "Outcomes",
    "Room",
    "Steps",
    "Tasks",
    "Users",
    "Workflows",
    "Workspaces",
    "one_by_one",
]
