"""Employees, companies and contacts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crmkit.crm.capabilities import Capability
from crmkit.crm.filters import Expression
from crmkit.crm.models import Company, Contact, FieldSpec, NewCompany, User, WriteResult
from crmkit.crm.rooms.room import Room

__all__ = ["Companies", "Contacts", "Users"]


class Users(Room):
    """Employees and robots."""

    def list(self) -> Iterator[User]:
        """Yield all users, inactive ones and robots too."""
        return self._refuse(Capability.USERS, "list")  # type: ignore[no-any-return]

    def get(self, user_id: str) -> User:
        """Return one user."""
        return self._refuse(Capability.USERS, "get")  # type: ignore[no-any-return]


class Companies(Room):
    """Client organisations."""

    def find(self, *conditions: Expression) -> Iterator[Company]:
        """Yield companies that satisfy every condition, ordered by id; deleted ones are left out.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        return self._refuse(Capability.COMPANIES, "find")  # type: ignore[no-any-return]

    def get(self, company_id: str) -> Company:
        """Return one company."""
        return self._refuse(Capability.COMPANIES, "get")  # type: ignore[no-any-return]

    def create(self, company: NewCompany, *, key: str) -> WriteResult:
        """Create a company that carries an external key.

        Raises:
            OutcomeUnknown: The answer was lost; look with :meth:`find_by_key`.
        """
        return self._refuse(Capability.COMPANIES, "create")  # type: ignore[no-any-return]

    def find_by_key(self, *keys: str) -> Iterator[tuple[str, Company]]:
        """Yield the companies that were created with these keys, each with its key.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        return self._refuse(Capability.COMPANIES, "find_by_key")  # type: ignore[no-any-return]

    def update(self, company_id: str, fields: dict[str, Any]) -> WriteResult:
        """Set custom fields (logical names) of a company in one write; ``None`` clears."""
        return self._refuse(Capability.COMPANIES, "update")  # type: ignore[no-any-return]

    def fields(self) -> Sequence[FieldSpec]:
        """Return the custom fields of companies."""
        return self._refuse(Capability.COMPANIES, "fields")  # type: ignore[no-any-return]


class Contacts(Room):
    """People at the client's side."""

    def find(self, *conditions: Expression) -> Iterator[Contact]:
        """Yield contacts that satisfy every condition, ordered by id; deleted ones are left out.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        return self._refuse(Capability.CONTACTS, "find")  # type: ignore[no-any-return]

    def get(self, contact_id: str) -> Contact:
        """Return one contact."""
        return self._refuse(Capability.CONTACTS, "get")  # type: ignore[no-any-return]

    def update(self, contact_id: str, fields: dict[str, Any]) -> WriteResult:
        """Set custom fields (logical names) of a contact in one write; ``None`` clears."""
        return self._refuse(Capability.CONTACTS, "update")  # type: ignore[no-any-return]

    def fields(self) -> Sequence[FieldSpec]:
        """Return the custom fields of contacts."""
        return self._refuse(Capability.CONTACTS, "fields")  # type: ignore[no-any-return]
