"""Who works with the portal, and the clients."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from crmkit.crm.filters import Expression, Term
from crmkit.crm.models.reference import Model, Person, Ref

__all__ = ["Company", "Contact", "NewCompany", "User"]


class User(Model):
    """An employee or a robot of the portal."""

    id: str
    name: str
    email: str = ""
    is_active: bool = True
    is_robot: bool = False
    is_admin: bool = False
    is_external: bool = False
    """A guest of the portal: an extranet user."""
    groups: tuple[Ref, ...] = ()
    heads: tuple[Person, ...] = ()
    """Who leads the departments that the user is in, where the vendor tells; never the user."""
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def person(self) -> Person:
        """The user as somebody who can be assigned or notified."""
        return Person(kind="user", id=self.id, name=self.name)


class Company(Model):
    """A client organisation."""

    id: str
    name: str
    is_client: bool = False
    email: str = ""
    phone: str = ""
    contacts: tuple[Ref, ...] = ()
    assignees: tuple[Person, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    deleted: bool = False
    url: str = ""
    fields: dict[str, Any] = Field(default_factory=dict)
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def ref(self) -> Ref:
        """The reference to this company."""
        return Ref(kind="company", id=self.id, name=self.name)

    @classmethod
    def created_since(cls, moment: datetime) -> Expression:
        """Select companies that were created at or after the moment."""
        return Term("created_since", (moment,))

    @classmethod
    def changed_since(cls, moment: datetime) -> Expression:
        """Select companies that were changed at or after the moment."""
        return Term("changed_since", (moment,))

    @classmethod
    def with_ids(cls, *ids: str) -> Expression:
        """Select companies by id."""
        return Term("with_ids", ids)

    @classmethod
    def field(cls, key: str, value: Any) -> Expression:
        """Select companies whose custom field (logical name) has exactly this value; ``None``: no value."""
        return Term("field", (key, value))

    @classmethod
    def of_type_client(cls) -> Expression:
        """Select companies that the portal marks as clients (Bitrix24: type ``CUSTOMER``)."""
        return Term("of_type_client")


class NewCompany(Model):
    """A company to be created."""

    name: str
    is_client: bool = False
    email: str = ""
    phone: str = ""
    assignees: tuple[Person, ...] = ()
    fields: dict[str, Any] = Field(default_factory=dict)


class Contact(Model):
    """A person at the client's side."""

    id: str
    name: str
    email: str = ""
    phone: str = ""
    companies: tuple[Ref, ...] = ()
    assignees: tuple[Person, ...] = ()
    updated_at: datetime | None = None
    deleted: bool = False
    url: str = ""
    fields: dict[str, Any] = Field(default_factory=dict)
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def ref(self) -> Ref:
        """The reference to this contact."""
        return Ref(kind="contact", id=self.id, name=self.name)

    @classmethod
    def with_ids(cls, *ids: str) -> Expression:
        """Select contacts by id."""
        return Term("with_ids", ids)

    @classmethod
    def field(cls, key: str, value: Any) -> Expression:
        """Select contacts whose custom field (logical name) has exactly this value; ``None``: no value."""
        return Term("field", (key, value))
