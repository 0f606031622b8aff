"""Conditions for lists of projects (``POST /project/list``)."""

from __future__ import annotations

from crmkit.planfix.field_types import FieldType
from crmkit.planfix.filters.custom import CustomTerm, Family, custom_in
from crmkit.planfix.filters.terms import DateTerm, Ids, ManyIds, PartyTerm, PersonTerm, Text
from crmkit.planfix.models.custom_field import CustomField

name = Text(5001)
group = Ids(5002)
counterparty = PartyTerm(5003)
owner = PersonTerm(5004)
end_date = DateTerm(5005)
status = Ids(5006)
"""0 draft, 1 completed, 2 active; see :class:`crmkit.planfix.models.ProjectStatus`."""
number = ManyIds(5007)
client_manager = PersonTerm(5008)
template = Ids(5010)
assignee = PersonTerm(5011)
auditor = PersonTerm(5012)
created = DateTerm(5013)
"""By the help page; the vendor's example calls it the start date."""
parent = Ids(5014)

# No filter for sets of directory values (14); nobody says how a time (04) is written.
_FAMILY = Family("projects", 5100, missing=frozenset({4, 14}), prefixed_party=True)


def custom(field: CustomField | int, kind: FieldType | None = None) -> CustomTerm:
    """Return a custom field of projects to be compared."""
    return custom_in(_FAMILY, field, kind)
