"""Conditions for lists of contacts (``POST /contact/list``)."""

from __future__ import annotations

from crmkit.planfix.field_types import FieldType
from crmkit.planfix.filters.custom import CustomTerm, Family, custom_in
from crmkit.planfix.filters.terms import Choice, DateTerm, Exact, Ids, ManyIds, PersonTerm, Text, flag
from crmkit.planfix.models.contact import Gender
from crmkit.planfix.models.custom_field import CustomField

created = DateTerm(12)
last_change = DateTerm(38)
birthday = DateTerm(4223)
"""With the year."""
birthday_any_year = DateTerm(4011)
"""Day and month; the vendor's example writes the year 1900."""
counterparty_active = DateTerm(4213)
"""Counterparty of tasks whose last activity is in the span."""
counterparty_idle = DateTerm(4219)
participant_active = DateTerm(4214)
participant_idle = DateTerm(4220)
added_by = PersonTerm(1)
supervisor = PersonTerm(2)
visible_for = PersonTerm(47)
editable_for = PersonTerm(48)
name = Text(4001)
position = Text(4002)
phone = Text(4003)
address = Text(4004)
email_part = Text(4005)
additional_email = Text(4221)
first_name = Text(4014)
middle_name = Text(4222)
last_name = Text(4015)
email = Exact(4026)
telegram = Exact(4226)
group = Ids(4008)
template = Ids(4016)
number = ManyIds(4231)
xml_id = Ids(4233)
"""The number in the older XML interface."""
telegram_id = Ids(4234)
gender = Choice(4019, words=Gender)
is_company = flag(4006)
is_person = flag(4007)
has_access = flag(4010)
may_participate = flag(4012)
may_not_participate = flag(4017)
may_be_counterparty = flag(4013)
may_not_be_counterparty = flag(4018)
counterparty_without_active_tasks = flag(4201)
not_in_active_tasks = flag(4202)
counterparty_of_active_tasks = flag(4203)
in_active_tasks = flag(4204)
counterparty_of_overdue_tasks = flag(4205)
in_overdue_tasks = flag(4206)

_FAMILY = Family("contacts", 4100, has_value=4152, is_empty=4153)


def custom(field: CustomField | int, kind: FieldType | None = None) -> CustomTerm:
    """Return a custom field of contacts to be compared."""
    return custom_in(_FAMILY, field, kind)
