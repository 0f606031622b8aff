"""Employees, companies and contacts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crmkit.crm import base
from crmkit.crm.adapters.bitrix24 import mapping
from crmkit.crm.adapters.bitrix24.cards import Cards
from crmkit.crm.adapters.bitrix24.room import Tools, external_id, number_of
from crmkit.crm.adapters.bitrix24.search import card_of
from crmkit.crm.adapters.bitrix24.values import write
from crmkit.crm.adapters.bitrix24.writing import ORIGINATOR, assignee
from crmkit.crm.filters import Expression
from crmkit.crm.models import Company, Contact, FieldSpec, NewCompany, User, WriteResult
from crmkit.exceptions import NotFound

__all__ = ["Companies", "Contacts", "Users"]


class Users(base.Users):
    """Users of the portal. What was read is believed for a quarter of an hour."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def list(self) -> Iterator[User]:
        """Yield all users, inactive ones and guests too: ``user.get``, ``department.get``.

        Bots and system users are never listed. ``is_admin`` stays false: the API does not tell.
        """
        account = self._tools.account
        robots, departments = account.robots(), account.departments()
        return (mapping.user(one, robots, departments) for one in account.users().values())

    def get(self, user_id: str) -> User:
        """Return one user, by ``"5"`` or ``"user:5"``.

        Raises:
            NotFound: There is none with this number.
        """
        account = self._tools.account
        found = account.users().get(number_of(user_id, "user"))
        if found is None:
            raise NotFound(f"there is no user {user_id}", hint="see crm.users.list()")
        return mapping.user(found, account.robots(), account.departments())


class Companies(base.Companies):
    """Client organisations."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools
        self._cards = Cards(tools, "companies", "company")

    def find(self, *conditions: Expression) -> Iterator[Company]:
        """Yield companies ordered by id: ``crm.item.list``.

        Raises:
            IncompleteList: The list could not be read to its end.
            ValidationError: A condition is not known for companies.
            ConfigurationError: A field name is not in the settings; nothing was asked for.
        """
        card = card_of(self._tools, "companies")
        return self._cards.find(
            conditions, self._tools.client.companies, lambda item: mapping.company(item, card)
        )

    def get(self, company_id: str) -> Company:
        """Return one company: ``crm.item.get``.

        Raises:
            NotFound: There is none with this number.
        """
        item = self._tools.client.companies.get(number_of(company_id, "company"))
        return mapping.company(item, card_of(self._tools, "companies"))

    def create(self, company: NewCompany, *, key: str) -> WriteResult:
        """Create a company: ``crm.item.add`` with the key in ``originId``.

        A lost answer is settled by looking for the key, so the company is made exactly once.

        Raises:
            ConfigurationError: A name is not in ``[portals.X.companies.fields]``; nothing was sent.
            ValidationError: A value does not fit; nothing was sent.
            OutcomeUnknown: The answer was lost, and looking failed too.
        """
        made = self._tools.client.companies.create(key=external_id(key), **self._new(company))
        return WriteResult(id=str(made.id))

    def find_by_key(self, *keys: str) -> Iterator[tuple[str, Company]]:
        """Yield the companies that were created with these keys: ``crm.item.list`` by ``originId``.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        wanted = {external_id(key): key for key in keys}
        card = card_of(self._tools, "companies")
        for item in self._tools.client.companies.having("originId", wanted, {"=originatorId": ORIGINATOR}):
            if item.originator_id == ORIGINATOR and item.origin_id in wanted:
                yield wanted[item.origin_id], mapping.company(item, card)

    def _new(self, company: NewCompany) -> dict[str, Any]:
        values: dict[str, Any] = {"title": company.name}
        if company.is_client:
            values["typeId"] = mapping.CLIENT_TYPE
        if company.assignees:
            values["assignedById"] = assignee(self._tools, company.assignees)
        reach = (("EMAIL", company.email), ("PHONE", company.phone))
        if any(value for _, value in reach):
            values["fm"] = [
                {"typeId": kind, "valueType": "WORK", "value": value} for kind, value in reach if value
            ]
        for name, value in company.fields.items():
            info = self._tools.account.field(name, "companies")
            values[info.name] = write(info, value)
        return values

    def update(self, company_id: str, fields: dict[str, Any]) -> WriteResult:
        """Set fields of a company by their logical names, all in one write: ``crm.item.update``.

        Raises:
            ConfigurationError: A name is not in ``[portals.X.companies.fields]``; nothing was sent.
            ValidationError: A value does not fit; nothing was sent.
            OutcomeUnknown: The answer was lost, repeats included; read the company to see.
        """
        return self._cards.update(company_id, fields, self._tools.client.companies)

    def fields(self) -> Sequence[FieldSpec]:
        """Return the custom fields of companies, and the vendor's own that the settings name."""
        return self._cards.fields()


class Contacts(base.Contacts):
    """People at the client's side."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools
        self._cards = Cards(tools, "contacts", "contact")

    def find(self, *conditions: Expression) -> Iterator[Contact]:
        """Yield contacts ordered by id: ``crm.item.list``.

        Raises:
            IncompleteList: The list could not be read to its end.
            ValidationError: A condition is not known for contacts.
            ConfigurationError: A field name is not in the settings; nothing was asked for.
        """
        card = card_of(self._tools, "contacts")
        return self._cards.find(
            conditions, self._tools.client.contacts, lambda item: mapping.contact(item, card)
        )

    def get(self, contact_id: str) -> Contact:
        """Return one contact: ``crm.item.get``.

        Raises:
            NotFound: There is none with this number.
        """
        item = self._tools.client.contacts.get(number_of(contact_id, "contact"))
        return mapping.contact(item, card_of(self._tools, "contacts"))

    def update(self, contact_id: str, fields: dict[str, Any]) -> WriteResult:
        """Set fields of a contact by their logical names, all in one write: ``crm.item.update``.

        Raises:
            ConfigurationError: A name is not in ``[portals.X.contacts.fields]``; nothing was sent.
            ValidationError: A value does not fit; nothing was sent.
            OutcomeUnknown: The answer was lost, repeats included; read the contact to see.
        """
        return self._cards.update(contact_id, fields, self._tools.client.contacts)

    def fields(self) -> Sequence[FieldSpec]:
        """Return the custom fields of contacts, and the vendor's own that the settings name."""
        return self._cards.fields()
