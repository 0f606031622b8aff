"""The operations of the Planfix client, one file per group.

What happens after a lost answer:

* Every GET, ``…/list``, ``…/filters`` and ``…/data`` is a read: repeated.
* ``POST /task/{id}`` and its likes are idempotent: they set fields to values and replace lists of people and
  files, so they are repeated. What a person changed in these seconds is overwritten.
* ``POST …/comments/{commentId}`` is idempotent: repeated; recipients may be notified a second time.
* ``DELETE`` is idempotent: repeated; "not found" counts as deleted.
* ``POST /task/`` and its likes are writes, never repeated: ``OutcomeUnknown``. Look with ``find_by_key``
  before trying again.

:mod:`crmkit.planfix.operations` has the table of all operations.

A write is repeated all the same when the failure proves that it was not taken: the daily limit (code 22),
HTTP 429, a connection that was refused.
"""

from crmkit.planfix.resources.base import ReadBack
from crmkit.planfix.resources.checklists import Checklists
from crmkit.planfix.resources.comments import Comments
from crmkit.planfix.resources.contacts import Contacts, ContactValues
from crmkit.planfix.resources.custom_fields import CustomFields
from crmkit.planfix.resources.datatags import Datatags
from crmkit.planfix.resources.directories import Directories
from crmkit.planfix.resources.files import Files
from crmkit.planfix.resources.objects import Objects
from crmkit.planfix.resources.office import Positions, Telegram, Workspaces
from crmkit.planfix.resources.processes import Processes
from crmkit.planfix.resources.projects import Projects, ProjectValues
from crmkit.planfix.resources.reports import Reports
from crmkit.planfix.resources.tasks import Tasks, TaskValues
from crmkit.planfix.resources.users import Users, UserValues

__all__ = [
    "Checklists",
    "Comments",
    "ContactValues",
    "Contacts",
    "CustomFields",
    "Datatags",
    "Directories",
    "Files",
    "Objects",
    "Positions",
    "Processes",
    "ProjectValues",
    "Projects",
    "ReadBack",
    "Reports",
    "TaskValues",
    "Tasks",
    "Telegram",
    "UserValues",
    "Users",
    "Workspaces",
]
