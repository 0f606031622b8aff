"""Conditions for lists of entries of a directory (``POST /directory/{id}/entry/list``)."""

from __future__ import annotations

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import shown
from crmkit.planfix.field_types import FieldType
from crmkit.planfix.filters.custom import CustomTerm, Family, custom_in
from crmkit.planfix.filters.terms import Filter, Ids, Operator
from crmkit.planfix.models.custom_field import CustomField

group = Ids(6003)
"""The group an entry is in, by its key."""
entry = Ids(6006)
"""The entry itself, by its key."""

# The description has no filters for sets of values (11) and sets of tasks (16) there; for time (04) it does,
# but nobody says how its value is written.
_FAMILY = Family("directory entries", 6100, missing=frozenset({4, 11, 16}))


def archived(wanted: bool = True) -> Filter:
    """The entry is in the archive, or is not."""
    if not isinstance(wanted, bool):
        raise ValidationError(f"filter 6005: {shown(wanted)} is no flag", hint="give True or False")
    return Filter(6005, Operator.EQUAL, wanted)


def field(field: CustomField | int, kind: FieldType | None = None) -> CustomTerm:
    """Return a field of the directory to be compared."""
    return custom_in(_FAMILY, field, kind)
