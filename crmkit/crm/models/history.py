"""What happens to an object: the entries of its history and who made them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from crmkit.crm.models.reference import Model, Person

__all__ = ["Activity", "ActivityKind", "AuthorKind", "Comment"]


class ActivityKind(StrEnum):
    """What happened to an object."""

    CREATED = "created"
    COMMENT = "comment"
    STAGE = "stage"
    FIELDS = "fields"
    MESSAGE = "message"
    OTHER = "other"


class AuthorKind(StrEnum):
    """Who did it, as far as the portal tells."""

    HUMAN = "human"
    CLIENT = "client"
    ROBOT = "robot"
    UNKNOWN = "unknown"


class Activity(Model):
    """One thing that happened to an object: an entry of its history."""

    id: str
    at: datetime
    kind: ActivityKind
    author: Person | None = None
    author_kind: AuthorKind = AuthorKind.UNKNOWN
    text: str = Field(default="", repr=False)
    stage_from: str = ""
    stage_to: str = ""
    key: str = ""
    """The external key we wrote it with, where the vendor gives it back."""


class Comment(Model):
    """A note in the history of an object."""

    id: str
    text: str
    at: datetime | None = None
    author: Person | None = None
    hidden: bool = False
    key: str = ""
