"""What the portal consists of besides the rows of its CRM. Moments are seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from crmkit.sandbox.bitrix24.table import Table

__all__ = [
    "INVITED",
    "MEMBER",
    "MODERATOR",
    "OWNER",
    "App",
    "BesideTasks",
    "Caller",
    "Category",
    "Department",
    "Group",
    "Notification",
    "Status",
    "Token",
    "User",
    "Webhook",
]

OWNER, MODERATOR, MEMBER, INVITED = "A", "E", "K", "Z"
"""Roles in a group; who is invited, or has asked to be let in, is no member yet."""


@dataclass
class User:
    """Somebody who works in the portal, or an extranet guest."""

    id: int
    name: str
    last_name: str
    email: str = ""
    position: str = ""
    departments: list[int] = field(default_factory=list)
    active: bool = True
    admin: bool = False
    extranet: bool = False
    registered: int = 0
    phone: str = ""

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.name} {self.last_name}".strip()


@dataclass
class Department:
    """A part of the company; ``head`` is a user."""

    id: int
    name: str
    parent: int = 0
    head: int = 0
    sort: int = 500


@dataclass(frozen=True)
class Webhook:
    """An incoming webhook: acts as its owner. The secret stays out of ``repr``."""

    user: int
    secret: str = field(repr=False)
    scopes: tuple[str, ...]


@dataclass
class App:
    """An application (OAuth)."""

    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ()
    application_token: str = field(default="", repr=False)
    installed: bool = True


@dataclass
class Token:
    """A pair of tokens that an application got for a user."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    app: str = ""
    user: int = 0
    expires: float = 0.0
    refresh_expires: float = 0.0


@dataclass(frozen=True)
class Caller:
    """Who sends a request. ``key`` names the webhook or application in the budgets."""

    user: int
    key: str = field(repr=False)
    scopes: tuple[str, ...]
    app: App | None = None
    connector: str = ""


@dataclass
class Status:
    """A stage, or an entry of another list of the CRM."""

    id: int
    entity_id: str
    status_id: str
    name: str
    sort: int
    semantics: str = ""
    color: str = ""
    system: bool = False
    category: int = 0


@dataclass
class Category:
    """A pipeline."""

    id: int
    entity_type: int
    name: str
    sort: int = 100
    is_default: bool = False


@dataclass
class Notification:
    """What somebody was told."""

    id: int
    user: int
    text: str
    kind: str
    at: int
    author: int = 0
    tag: str = ""


@dataclass
class Group:
    """A work group or project, its members and their roles."""

    id: int
    name: str
    owner: int
    created: int
    fields: dict[str, Any] = field(default_factory=dict)
    members: dict[int, str] = field(default_factory=dict)
    extranet: bool = False

    def admit(self, user: User) -> None:
        """Make somebody a member; a guest turns the group into an extranet one."""
        if self.members.get(user.id, INVITED) == INVITED:
            self.members[user.id] = MEMBER
        self.extranet = self.extranet or user.extranet


@dataclass
class BesideTasks:
    """What comes with tasks: the history of their changes, messages in their chats, tags by their names."""

    history: Table = field(default_factory=lambda: Table("TASK_ID"))
    messages: list[dict[str, Any]] = field(default_factory=list)
    tags: dict[str, int] = field(default_factory=dict)
