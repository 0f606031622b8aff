"""Directories and their entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import named, positive, switch
from crmkit.planfix.connection import Connection, FieldKey, field_list
from crmkit.planfix.filters import FilterLike
from crmkit.planfix.models.base import Group
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.directory import (
    DIRECTORY_ENTRY_FIELDS,
    DIRECTORY_FIELDS,
    Directory,
    DirectoryEntry,
)
from crmkit.planfix.models.outcome import Updated
from crmkit.planfix.models.task import SavedFilter
from crmkit.planfix.resources.base import PAGE_LIMIT, Listing, Resource, silently
from crmkit.planfix.resources.custom_fields import CustomFields, CustomValues
from crmkit.planfix.resources.writing import custom_body

__all__ = ["Directories"]


class Directories(Resource):
    """``/directory/*``. Directories themselves are made in the web interface."""

    def __init__(self, connection: Connection, custom_fields: CustomFields) -> None:
        super().__init__(connection)
        self._custom_fields = custom_fields
        # The schema says "directories", the vendor's example "directory".
        self._listing = Listing(connection, Directory, "POST /directory/list", ("directories", "directory"))
        self._entries = Listing(
            connection, DirectoryEntry, "POST /directory/{id}/entry/list", "directoryEntries"
        )

    def list(
        self,
        *,
        group_id: int | None = None,
        fields: Iterable[FieldKey] = ("id", "name", "group", "fields"),
        page_size: int = PAGE_LIMIT,
    ) -> Iterator[Directory]:
        """Yield the directories with their fields: ``POST /directory/list``; of one group if it is named."""
        return self._listing.walk(page_size, fields=field_list(fields), groupId=group_id)

    def get(self, directory_id: int, *, fields: Iterable[FieldKey] = DIRECTORY_FIELDS) -> Directory:
        """Read one directory: ``GET /directory/{id}``.

        Raises:
            NotFound: There is none with this number.
        """
        params = {"fields": field_list(fields)}
        number = positive("directory", directory_id)
        return self._connection.one(Directory, "directory", "GET /directory/{id}", number, params=params)

    def groups(self) -> tuple[Group, ...]:
        """Return the groups of directories: ``GET /directory/groups``."""
        return self._connection.many(Group, "groups", "GET /directory/groups", params={"fields": "id,name"})

    def saved_filters(self, directory_id: int) -> tuple[SavedFilter, ...]:
        """Return the filters that can be given as ``filter_id``: ``POST /directory/{id}/filters``."""
        number = positive("directory", directory_id)
        return self._connection.many(SavedFilter, "filters", "POST /directory/{id}/filters", number)

    def entries(
        self,
        directory_id: int,
        *,
        group_key: int | None = None,
        groups_only: bool = False,
        entries_only: bool = False,
        filters: Iterable[FilterLike] = (),
        filter_id: str | None = None,
        fields: Iterable[FieldKey] = DIRECTORY_ENTRY_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
        page_size: int = PAGE_LIMIT,
    ) -> Iterator[DirectoryEntry]:
        """Yield the entries of a directory, groups among them: ``POST /directory/{id}/entry/list``.

        Args:
            directory_id: The directory.
            group_key: Those in one group only.
            groups_only: Groups only.
            entries_only: No groups.
            filters: Conditions from :mod:`crmkit.planfix.filters.directories`.
            filter_id: A filter saved in the web interface, see :meth:`saved_filters`.
            fields: What to read; all system fields by default.
            custom_fields: Fields of the directory to read besides, by number.
            page_size: Rows per request, 2..100.

        Raises:
            ValidationError: Groups only and no groups at once; nothing was sent.
            IncompleteList: The list could not be read to its end.
        """
        if groups_only and entries_only:
            raise ValidationError("directory entries: groups_only and entries_only", hint="give one of them")
        return self._entries.walk(
            page_size,
            fields=field_list(fields, custom_fields, key="key"),
            ids=(positive("directory", directory_id),),
            filters=filters,
            groupId=group_key,
            groupsOnly=groups_only or None,
            entriesOnly=entries_only or None,
            filterId=filter_id,
        )

    def entry(
        self,
        directory_id: int,
        key: int,
        *,
        fields: Iterable[FieldKey] = DIRECTORY_ENTRY_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
    ) -> DirectoryEntry:
        """Read one entry: ``GET /directory/{id}/entry/{key}``.

        Raises:
            NotFound: There is no such directory or entry.
        """
        return self._connection.one(
            DirectoryEntry,
            "entry",
            "GET /directory/{id}/entry/{key}",
            positive("directory", directory_id),
            positive("entry", key),
            params={"fields": field_list(fields, custom_fields, key="key")},
        )

    def add_entry(self, directory_id: int, values: CustomValues, *, parent_key: int | None = None) -> None:
        """Add an entry: ``POST /directory/{id}/entry/``. Never repeated blindly.

        The portal does not tell its key: read :meth:`entries` for it.

        Args:
            directory_id: The directory.
            values: By the number or definition of the field.
            parent_key: The group it goes into.

        Raises:
            ValidationError: A value does not fit (nothing was sent), or it was refused.
            OutcomeUnknown: The answer was lost: look with :meth:`entries` before trying again.
        """
        data = self._values(directory_id, values)
        if not data:
            raise ValidationError("directory entry: no values", hint="give at least one, as {1: 'text'}")
        self._add(directory_id, {"customFieldData": data}, parent_key)

    def add_group(self, directory_id: int, name: str, *, parent_key: int | None = None) -> None:
        """Add a group of entries: ``POST /directory/{id}/entry/``. As :meth:`add_entry`."""
        self._add(directory_id, {"name": named("group of entries", name), "isGroup": True}, parent_key)

    def update_entry(
        self,
        directory_id: int,
        key: int,
        values: CustomValues | None = None,
        *,
        name: str | None = None,
        parent_key: int | None = None,
        archived: bool | None = None,
        silent: bool = False,
    ) -> Updated:
        """Change an entry or a group: ``POST /directory/{id}/entry/{key}``. May be repeated.

        Args:
            directory_id: The directory.
            key: The entry.
            values: By the number or definition of the field; those that are not named stay.
            name: The new name of a group.
            parent_key: The group it moves into.
            archived: Put it into the archive or take it out.
            silent: Log nothing and notify nobody.

        Raises:
            ValidationError: A value does not fit, or nothing was given; nothing was sent.
        """
        body: dict[str, Any] = {}
        if name is not None:
            body["name"] = named("group of entries", name)
        if parent_key is not None:
            body["parentKey"] = positive("group of entries", parent_key)
        if archived is not None:
            body["archived"] = switch("archived", archived)
        if values:
            body["customFieldData"] = self._values(directory_id, values)
        if not body:
            raise ValidationError("directory entry: nothing to change", hint="give at least one value")
        return self._connection.update(
            "POST /directory/{id}/entry/{key}",
            positive("directory", directory_id),
            positive("entry", key),
            json=body,
            params=silently(silent),
        )

    def delete_entry(self, directory_id: int, key: int) -> bool:
        """Delete an entry: ``DELETE /directory/{id}/entry/{key}``. May be repeated.

        Returns:
            ``True`` if the portal deleted it now, ``False`` if there was none.
        """
        return self._connection.delete(
            "DELETE /directory/{id}/entry/{key}",
            positive("directory", directory_id),
            positive("entry", key),
        )

    def _add(self, directory_id: int, body: dict[str, Any], parent_key: int | None) -> None:
        if parent_key is not None:
            body["parentKey"] = positive("group of entries", parent_key)
        self._connection.write("POST /directory/{id}/entry/", positive("directory", directory_id), json=body)

    def _values(self, directory_id: int, values: CustomValues) -> Sequence[Mapping[str, Any]]:
        def lookup(field: int) -> CustomField:
            return self._custom_fields.definition(f"directory:{positive('directory', directory_id)}", field)

        return custom_body(values, self._connection.timezone, lookup)
