"""Conditions for lists of employees (``POST /user/list``)."""

from __future__ import annotations

from crmkit.planfix.field_types import FieldType
from crmkit.planfix.filters.custom import CustomTerm, Family, custom_in
from crmkit.planfix.filters.terms import Choice, DateTerm, Exact, Ids, Text
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.user import Role

group = Ids(9001)
phone = Text(9002)
email = Text(9003)
extension = Exact(9004)
position = Exact(9005)
name = Text(9006)
number = Ids(9008)
role = Choice(9009, words=Role)
birthday = DateTerm(9120)
first_name = Text(9121)
middle_name = Text(9122)
last_name = Text(9123)
telegram_id = Ids(9126)
position_id = Ids(9127)

_FAMILY = Family("employees", 9100)


def custom(field: CustomField | int, kind: FieldType | None = None) -> CustomTerm:
    """Return a custom field of employees to be compared."""
    return custom_in(_FAMILY, field, kind)
