"""Employees, companies and contacts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmkit.crm import base
from crmkit.crm.adapters.planfix import mapping
from crmkit.crm.adapters.planfix.room import Tools, custom_ids, number_of, outcome
from crmkit.crm.adapters.planfix.values import to_planfix
from crmkit.crm.filters import Expression, terms_of
from crmkit.crm.models import Company, Contact, User, WriteResult
from crmkit.exceptions import NotFound, ValidationError
from crmkit.planfix import filters
from crmkit.planfix import models as planfix

__all__ = ["CARD_FIELDS", "Companies", "Contacts", "Users"]

CARD_FIELDS = (
    "name",
    "midname",
    "lastname",
    "isCompany",
    "email",
    "phones",
    "companies",
    "supervisors",
    "createdDate",
    "isDeleted",
)
"""What has to be asked for, besides the custom fields, to know a contact or company."""


class Users(base.Users):
    """Employees and robots. What was read is believed for a quarter of an hour."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def list(self) -> Iterator[User]:
        """Yield all users, inactive ones and robots too: ``POST /user/list``."""
        robots = self._tools.account.robots()
        return (mapping.user(one, robots) for one in self._tools.account.users().values())

    def get(self, user_id: str) -> User:
        """Return one user, by ``"5"`` or ``"user:5"``.

        Raises:
            NotFound: There is none with this number.
        """
        found = self._tools.account.users().get(number_of(user_id, "user"))
        if found is None:
            raise NotFound(f"there is no user {user_id}", hint="see crm.users.list()")
        return mapping.user(found, self._tools.account.robots())


class Companies(base.Companies):
    """Client organisations. ``is_client`` stays false: Planfix has no such mark."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def find(self, *conditions: Expression) -> Iterator[Company]:
        """Yield companies ordered by number: ``POST /contact/list``; deleted ones are left out.

        Raises:
            IncompleteList: The list could not be read to its end.
            ValidationError: A condition is not known for companies.
        """
        fields = self._tools.portal.companies.fields
        asked, checks = [], []
        for term in terms_of(conditions):
            if term.name != "created_since":
                raise ValidationError(f"the filter {term} is not known for companies")
            (moment,) = term.args
            asked.append(filters.contacts.created.since(moment.astimezone(self._tools.filter_zone()).date()))
            checks.append(moment)
        cards = self._tools.client.contacts.list(
            companies=True, filters=asked, fields=CARD_FIELDS, custom_fields=custom_ids(fields)
        )
        for card in cards:
            company = mapping.company(card, fields)
            young = all(company.created_at is not None and company.created_at >= one for one in checks)
            if card.is_company is not False and not card.is_deleted and young:
                yield company

    def get(self, company_id: str) -> Company:
        """Return one company: ``GET /contact/{id}``.

        Raises:
            NotFound: There is none with this number, or it is a person.
        """
        fields = self._tools.portal.companies.fields
        card = _card(self._tools, company_id, "company", custom_ids(fields))
        if card.is_company is False:
            raise NotFound(f"contact {card.id} is a person, no company", hint="use crm.contacts.get")
        return mapping.company(card, fields)


class Contacts(base.Contacts):
    """People at the client's side."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def get(self, contact_id: str) -> Contact:
        """Return one contact: ``GET /contact/{id}``.

        Raises:
            NotFound: There is none with this number, or it is a company.
        """
        fields = self._tools.portal.contacts.fields
        card = _card(self._tools, contact_id, "contact", custom_ids(fields))
        if card.is_company:
            raise NotFound(f"contact {card.id} is a company, no person", hint="use crm.companies.get")
        return mapping.contact(card, fields)

    def update(self, contact_id: str, fields: dict[str, Any]) -> WriteResult:
        """Set custom fields of a contact by their logical names, all in one write: ``POST /contact/{id}``.

        The API does not tell which fields the template of a contact has, and the portal swallows values for
        others: read the contact to see.

        Raises:
            ConfigurationError: A name is not in ``[portals.X.contacts.fields]``; nothing was sent.
            ValidationError: A value does not fit; nothing was sent.
            OutcomeUnknown: The answer was lost, repeats included; read the contact to see.
        """
        number = number_of(contact_id, "contact")
        if not fields:
            return WriteResult(id=str(number))
        values: dict[int, Any] = {}
        for key, value in fields.items():
            definition = self._tools.account.contact_field(key)
            values[definition.id] = to_planfix(definition, value)
        updated = self._tools.client.contacts.update(number, custom_fields=values)
        names = self._tools.portal.contacts.fields
        return outcome(updated, str(number), {key: names[key] for key in fields})


def _card(tools: Tools, card_id: str, what: str, custom: tuple[int, ...]) -> planfix.Contact:
    return tools.client.contacts.get(number_of(card_id, what), fields=CARD_FIELDS, custom_fields=custom)
