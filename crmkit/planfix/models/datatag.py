"""Datatags (analytics) and their entries."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from crmkit.planfix.models.base import ContactRef, Group, Named, Number, Reference
from crmkit.planfix.models.custom_field import CustomField, WithCustomFields

__all__ = ["DATATAG_FIELDS", "ENTRY_FIELDS", "AddedEntries", "Datatag", "DatatagEntry"]


class Datatag(Named):
    """A kind of entries: its name and its fields."""

    group: Group | None = None
    fields: tuple[CustomField, ...] = ()


class DatatagEntry(WithCustomFields):
    """A row of a datatag in a task or contact. Its values come only if they are asked for by number."""

    id: Number = Field(alias="key")
    """The vendor's ``key``: entries are told apart by it over all datatags."""
    data_tag: Datatag | None = None
    task: Reference = None
    contact: ContactRef = None
    comment_id: int | None = None


@dataclass(frozen=True, slots=True)
class AddedEntries:
    """What became of new entries.

    Args:
        keys: Their keys, in the order of the rows.
        comment_id: The comment that carries them; it counts as activity of the task.
    """

    keys: tuple[int, ...]
    comment_id: int | None


DATATAG_FIELDS: tuple[str, ...] = ("id", "name", "group", "fields")
"""All fields of a datatag."""
ENTRY_FIELDS: tuple[str, ...] = ("key", "dataTag", "task", "contact", "commentId")
"""All system fields of an entry."""
