"""A client for the Planfix REST API.

Example:
    >>> from crmkit.planfix import Planfix, filters, user
    >>> with Planfix("https://acme.planfix.ru/rest", token="secret") as planfix:
    ...     deals = planfix.tasks.list(filters=[filters.task_object.is_(1), filters.assignee.is_(user(5))])
"""

from crmkit.planfix import filters
from crmkit.planfix.client import Budget, Planfix
from crmkit.planfix.field_types import DateRange, Entry, FieldType, Location, Period
from crmkit.planfix.ids import Person, Ref, contact, external_id, group, user
from crmkit.planfix.incremental import Cursor
from crmkit.planfix.text import to_html, to_text, without_emoji

__all__ = [
    "Budget",
    "Cursor",
    "DateRange",
    "Entry",
    "FieldType",
    "Location",
    "Period",
    "Person",
    "Planfix",
    "Ref",
    "contact",
    "external_id",
    "filters",
    "group",
    "to_html",
    "to_text",
    "user",
    "without_emoji",
]
