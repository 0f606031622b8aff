"""Conditions for lists, with a name for each of the vendor's numbers.

Tasks are here (``filters.status.any_of(1, 2)``), the others in :mod:`.contacts`, :mod:`.projects`,
:mod:`.users`, :mod:`.datatags`, :mod:`.directories` and :mod:`.comments`
(``filters.contacts.email.is_("anna@example.com")``). All conditions of a list must hold;
"or" exists only in saved filters of the web interface (``filter_id``).

Example:
    >>> from datetime import UTC, date
    >>> last_activity.before(date(2025, 3, 3)).body(UTC)
    {'type': 79, 'operator': 'lt', 'value': {'dateType': 'otherDate', 'dateValue': '03-03-2025'}}
    >>> status.any_of(1, 2).body(UTC)
    {'type': 10, 'operator': 'equal', 'value': [1, 2]}
"""

from __future__ import annotations

from crmkit.planfix.field_types import FieldType
from crmkit.planfix.filters import comments, contacts, datatags, directories, projects, users
from crmkit.planfix.filters.custom import CustomTerm, Family, custom_in, datatag_entry
from crmkit.planfix.filters.lists import FilterLike, bodies
from crmkit.planfix.filters.terms import (
    LAST_MONTH,
    LAST_WEEK,
    NEXT_MONTH,
    NEXT_WEEK,
    THIS_MONTH,
    THIS_WEEK,
    TODAY,
    TOMORROW,
    YESTERDAY,
    Choice,
    DateTerm,
    DateValue,
    Filter,
    Ids,
    ManyIds,
    Operator,
    PartyTerm,
    PersonTerm,
    Text,
    flag,
    in_days,
    last_days,
    next_days,
)
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.task import Priority

__all__ = [
    "LAST_MONTH",
    "LAST_WEEK",
    "NEXT_MONTH",
    "NEXT_WEEK",
    "THIS_MONTH",
    "THIS_WEEK",
    "TODAY",
    "TOMORROW",
    "YESTERDAY",
    "CustomTerm",
    "DateValue",
    "Filter",
    "FilterLike",
    "Operator",
    "bodies",
    "comments",
    "contacts",
    "custom",
    "datatag_entry",
    "datatags",
    "directories",
    "has_datatag",
    "has_no_datatag",
    "in_days",
    "last_days",
    "next_days",
    "projects",
    "users",
]

created = DateTerm(12)
planned_start = DateTerm(13)
planned_end = DateTerm(14)
actual_completion = DateTerm(19)
done_date = DateTerm(20)
last_comment = DateTerm(21)
"""Comments only: changes of fields do not count."""
last_change = DateTerm(38)
"""Changes only: comments do not count."""
last_activity = DateTerm(79)
"""Change or comment, whichever is later. Our own writes count too."""

assigner = PersonTerm(1)
assignee = PersonTerm(2)
auditor = PersonTerm(3)
"""Auditor of the task or of its project."""
participant = PersonTerm(39)
project_auditor = PersonTerm(59)
task_auditor = PersonTerm(60)
assignee_personally = PersonTerm(97)
"""By name, not through a group."""

has_no_start = flag(22)
has_no_end = flag(23)
has_start = flag(25)
has_end = flag(26)
recurring = flag(16)
not_recurring = flag(28)
overdue = flag(17)
not_overdue = flag(29)
has_no_assignees = flag(33)
has_no_participants = flag(41)
assigner_is_employee = flag(34)
assigner_is_contact = flag(35)
assignee_is_employee = flag(71)
assignee_is_contact = flag(69)
participant_is_employee = flag(72)
participant_is_contact = flag(70)

name = Text(8)
"""The name alone; nothing searches descriptions or comments."""
status = ManyIds(10)
project = ManyIds(5)
process = Ids(24)
priority = Choice(9, words=Priority)
number = ManyIds(57)
"""The number of the task itself."""
parent = Ids(73)
"""Direct subtasks of this task."""
subtree = Ids(307)
"""Subtasks of this task at any depth."""
template = ManyIds(51)
"""The template; on older portals also the object."""
task_object = ManyIds(325)
"""The object, that is the kind of task."""
counterparty = PartyTerm(7)

_FAMILY = Family("tasks", 100, missing=frozenset({4}), has_value=152, is_empty=153)


def custom(field: CustomField | int, kind: FieldType | None = None) -> CustomTerm:
    """Return a custom field of tasks to be compared.

    Args:
        field: Its definition (best: options are checked), or its number together with ``kind``.
        kind: The type, if the field is given by number.

    Example:
        >>> from datetime import UTC
        >>> custom(101, FieldType.LIST).equals("new").body(UTC)
        {'type': 106, 'operator': 'equal', 'value': 'new', 'field': 101}
    """
    return custom_in(_FAMILY, field, kind)


def has_datatag(datatag: int) -> Filter:
    """The task has entries of this datatag."""
    return Ids(11).is_(datatag)


def has_no_datatag(datatag: int) -> Filter:
    """The task has no entries of this datatag."""
    return Ids(18).is_(datatag)
