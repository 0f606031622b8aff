"""Contacts and companies: one entity, told apart by ``is_company``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from crmkit.planfix.ids import Person
from crmkit.planfix.models.base import (
    Day,
    File,
    Group,
    Moment,
    People,
    Phone,
    Reference,
    References,
    UserRef,
    open_enum,
)
from crmkit.planfix.models.custom_field import WithCustomFields

__all__ = ["CONTACT_FIELDS", "CONTACT_LIST_FIELDS", "Contact", "Gender"]


class Gender(StrEnum):
    """As the portal knows it."""

    NOT_DEFINED = "NotDefined"
    FEMALE = "Female"
    MALE = "Male"


class Contact(WithCustomFields):
    """A contact or a company. Absent texts are ``""``: the portal writes them so."""

    name: str = ""
    midname: str = ""
    lastname: str = ""
    gender: Annotated[Gender | str, open_enum(Gender)] = ""
    is_company: bool | None = None
    template: Reference = None
    process_id: int | None = None
    description: str = Field(default="", repr=False)
    address: str = ""
    site: str = ""
    email: str = ""
    additional_email_addresses: tuple[str, ...] = ()
    skype: str = ""
    telegram: str = ""
    telegram_id: str | int = ""
    facebook: str = ""
    instagram: str = ""
    viber_id: str | int = ""
    position: str = ""
    group: Group | None = None
    is_deleted: bool = False
    birth_date: Day = None
    created_date: Moment = None
    date_of_last_update: Moment = None
    supervisors: People = People()
    added_by: UserRef = None
    phones: tuple[Phone, ...] = ()
    companies: References = ()
    contacts: References = ()
    language_code: str = ""
    communication_language_code: str = ""
    timezone: str = ""
    avatar_url: str = Field(default="", repr=False)
    files: tuple[File, ...] = ()
    data_tags: tuple[dict[str, Any], ...] = ()
    source_object_id: str = ""
    source_data_version: str = ""

    @property
    def person(self) -> Person:
        """The contact as somebody who can be assigned or notified."""
        return Person("contact", self.id, self.full_name)

    @property
    def full_name(self) -> str:
        """First, middle and last name; the name alone for a company."""
        return " ".join(part for part in (self.name, self.midname, self.lastname) if part)


CONTACT_LIST_FIELDS: tuple[str, ...] = (
    "id", "template", "name", "midname", "lastname", "gender", "description", "address", "site",
    "email", "additionalEmailAddresses", "skype", "telegramId", "telegram", "facebook", "instagram",
    "viberId", "position", "group", "isCompany", "isDeleted", "birthDate", "createdDate",
    "dateOfLastUpdate", "supervisors", "phones", "companies", "contacts", "files", "sourceObjectId",
    "sourceDataVersion",
)  # fmt: skip
"""All system fields that ``POST /contact/list`` knows."""
CONTACT_FIELDS: tuple[str, ...] = (
    *CONTACT_LIST_FIELDS, "dataTags", "avatarUrl", "addedBy", "languageCode",
    "communicationLanguageCode", "timezone",
)  # fmt: skip
"""All system fields that ``GET /contact/{id}`` knows."""
