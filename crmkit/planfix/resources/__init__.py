"""The operations of the Planfix client, one file per group."""

from crmkit.planfix.resources.base import ReadBack
from crmkit.planfix.resources.comments import Comments
from crmkit.planfix.resources.contacts import Contacts, ContactValues
from crmkit.planfix.resources.custom_fields import CustomFields
from crmkit.planfix.resources.objects import Objects
from crmkit.planfix.resources.processes import Processes
from crmkit.planfix.resources.tasks import Tasks, TaskValues
from crmkit.planfix.resources.users import Users

__all__ = [
    "Comments",
    "ContactValues",
    "Contacts",
    "CustomFields",
    "Objects",
    "Processes",
    "ReadBack",
    "TaskValues",
    "Tasks",
    "Users",
]
