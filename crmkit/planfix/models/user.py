"""Employees and robots of the account, their groups and positions."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from crmkit.planfix.ids import Person
from crmkit.planfix.models.base import Day, Group, Model, Phone, Reference, UserRef, Users, open_enum
from crmkit.planfix.models.custom_field import WithCustomFields

__all__ = ["USER_FIELDS", "Replacement", "Role", "User", "UserStatus"]


class Role(StrEnum):
    """What an account is for. A robot is free, has no login and gets no notifications."""

    NOT_DEFINED = "NotDefined"
    ADMIN = "Admin"
    USER = "User"
    TECH_ADMIN = "TechAdmin"
    USER_WITHOUT_ACCESS = "UserWithoutAccess"
    ROBOT = "Robot"


class UserStatus(StrEnum):
    """Whether somebody still works here."""

    ACTIVE = "Active"
    ACTIVE_WITHOUT_ACCESS = "ActiveWithoutAccess"
    INACTIVE = "Inactive"


class Replacement(Model):
    """Who stands in for an employee, and when; days are inclusive.

    Without ``first`` and ``last`` it has no end.
    """

    is_enabled: bool = True
    is_indefinite: bool = False
    employee: UserRef = None
    first: Day = Field(default=None, alias="from")
    last: Day = Field(default=None, alias="to")


class User(WithCustomFields):
    """An employee or a robot."""

    name: str = ""
    midname: str = ""
    lastname: str = ""
    gender: str = ""
    is_deleted: bool = False
    birth_date: Day = None
    groups: tuple[Group, ...] = ()
    role: Annotated[Role | str, open_enum(Role)] = ""
    login: str = ""
    email: str = ""
    secondary_emails: tuple[str, ...] = ()
    telegram: str = ""
    telegram_id: str | int = ""
    status: Annotated[UserStatus | str, open_enum(UserStatus)] = ""
    phones: tuple[Phone, ...] = ()
    language_code: str = ""
    communication_language_code: str = ""
    timezone: str = ""
    """IANA name, for example ``Europe/Moscow``: the zone in which this person's filters read dates."""
    position: Reference = None
    workspace: Reference = None
    personal_managers: Users = ()
    avatar_url: str = Field(default="", repr=False)
    temporary_replacement: Replacement | None = None
    source_object_id: str = ""
    source_data_version: str = ""

    @property
    def person(self) -> Person:
        """The employee as somebody who can be assigned or notified."""
        return Person("user", self.id, self.full_name)

    @property
    def full_name(self) -> str:
        """First, middle and last name."""
        return " ".join(part for part in (self.name, self.midname, self.lastname) if part)

    @property
    def is_robot(self) -> bool:
        """Whether it is a robot user."""
        return self.role == Role.ROBOT

    @property
    def is_active(self) -> bool:
        """Whether the account is in use: not inactive and not deleted."""
        return self.status != UserStatus.INACTIVE and not self.is_deleted


USER_FIELDS: tuple[str, ...] = (
    "id", "name", "midname", "lastname", "gender", "isDeleted", "birthDate", "groups", "role", "login",
    "email", "secondaryEmails", "telegramId", "telegram", "status", "phones", "languageCode",
    "communicationLanguageCode", "timezone", "position", "workspace", "personalManagers", "avatarUrl",
    "temporaryReplacement", "sourceObjectId", "sourceDataVersion",
)  # fmt: skip
"""All system fields of an employee."""
