"""Conditions for lists of entries of a datatag (``POST /datatag/{id}/entry/list``).

Of the conditions on tasks, ``project``, ``status`` and ``template`` of :mod:`crmkit.planfix.filters` are
documented to work there too.
"""

from __future__ import annotations

from crmkit.planfix.field_types import FieldType
from crmkit.planfix.filters.custom import DATATAG_ENTRIES, CustomTerm, custom_in
from crmkit.planfix.models.custom_field import CustomField

__all__ = ["field"]


def field(field: CustomField | int, kind: FieldType | None = None) -> CustomTerm:
    """Return a field of the datatag to be compared.

    Example:
        >>> from datetime import UTC, date
        >>> field(30, FieldType.DATE).after(date(2025, 3, 3)).body(UTC)["type"]
        3101
    """
    return custom_in(DATATAG_ENTRIES, field, kind)
