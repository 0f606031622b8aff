"""Directories and their entries."""

from __future__ import annotations

from pydantic import Field

from crmkit.planfix.models.base import Group, Named, Number
from crmkit.planfix.models.custom_field import CustomField, WithCustomFields

__all__ = ["DIRECTORY_ENTRY_FIELDS", "DIRECTORY_FIELDS", "Directory", "DirectoryEntry"]


class Directory(Named):
    """A directory: its name and the fields of its entries."""

    group: Group | None = None
    fields: tuple[CustomField, ...] = ()
    source_object_id: str = ""
    source_data_version: str = ""


class DirectoryEntry(WithCustomFields):
    """An entry of a directory, or a group of entries, which alone has a name of its own.

    The values come only if they are asked for by number.
    """

    id: Number = Field(alias="key")
    """The vendor's ``key``: what directory fields of tasks and contacts point at."""
    directory: Directory | None = None
    parent_key: int | None = None
    """The group it is in; none or 0 on the top."""
    name: str = ""
    archived: bool = False
    is_group: bool = False


DIRECTORY_FIELDS: tuple[str, ...] = ("id", "name", "group", "fields", "sourceObjectId", "sourceDataVersion")
"""All fields of a directory."""
DIRECTORY_ENTRY_FIELDS: tuple[str, ...] = ("key", "directory", "parentKey", "archived", "isGroup", "name")
"""All system fields of an entry; ``name`` is in the schema, not in the vendor's list of fields."""
