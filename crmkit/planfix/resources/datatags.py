"""Datatags (analytics) and their entries in tasks and contacts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import is_number, items, positive
from crmkit.planfix.connection import Connection, FieldKey, field_list, untold
from crmkit.planfix.filters import FilterLike
from crmkit.planfix.ids import Person
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.datatag import (
    DATATAG_FIELDS,
    ENTRY_FIELDS,
    AddedEntries,
    Datatag,
    DatatagEntry,
)
from crmkit.planfix.models.outcome import Updated
from crmkit.planfix.resources.base import PAGE_LIMIT, Listing, On, Resource, silently, target_of
from crmkit.planfix.resources.custom_fields import CustomFields, CustomValues
from crmkit.planfix.resources.writing import custom_body

__all__ = ["Datatags"]


class Datatags(Resource):
    """``/datatag/*`` and ``/task/{id}/datatags/*``. Datatags themselves are made in the web interface."""

    def __init__(self, connection: Connection, custom_fields: CustomFields) -> None:
        super().__init__(connection)
        self._custom_fields = custom_fields
        self._listing = Listing(connection, Datatag, "POST /datatag/list", "dataTags")
        self._entries = Listing(connection, DatatagEntry, "POST /datatag/{id}/entry/list", "dataTagEntries")

    def list(
        self, *, fields: Iterable[FieldKey] = DATATAG_FIELDS, page_size: int = PAGE_LIMIT
    ) -> Iterator[Datatag]:
        """Yield the datatags with their fields: ``POST /datatag/list``."""
        return self._listing.walk(page_size, fields=field_list(fields))

    def get(self, datatag_id: int, *, fields: Iterable[FieldKey] = DATATAG_FIELDS) -> Datatag:
        """Read one datatag: ``GET /datatag/{id}``.

        Raises:
            NotFound: There is none with this number.
        """
        params = {"fields": field_list(fields)}
        number = positive("datatag", datatag_id)
        return self._connection.one(Datatag, "dataTag", "GET /datatag/{id}", number, params=params)

    def entries(
        self,
        datatag_id: int,
        *,
        on: On | None = None,
        filters: Iterable[FilterLike] = (),
        fields: Iterable[FieldKey] = ENTRY_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
        page_size: int = PAGE_LIMIT,
    ) -> Iterator[DatatagEntry]:
        """Yield the entries of a datatag, the oldest first: ``POST /datatag/{id}/entry/list``.

        Args:
            datatag_id: The datatag.
            on: Those of one task or contact only; over the whole account by default.
            filters: Conditions from :mod:`crmkit.planfix.filters.datatags`; of the conditions on tasks,
                ``project``, ``status`` and ``template`` are documented to work here too.
            fields: What to read; all system fields by default.
            custom_fields: Fields of the datatag to read besides, by number.
            page_size: Rows per request, 2..100.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        return self._entries.walk(
            page_size,
            fields=field_list(fields, custom_fields, key="key"),
            ids=(positive("datatag", datatag_id),),
            filters=filters,
            **_holder(on),
        )

    def entry(
        self,
        key: int,
        *,
        fields: Iterable[FieldKey] = ENTRY_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
    ) -> DatatagEntry:
        """Read one entry: ``GET /datatag/entry/{key}``.

        The schema wraps it in ``entry``, the vendor's example does not: both are read.

        Raises:
            NotFound: There is none with this key.
        """
        envelope = self._connection.read(
            "GET /datatag/entry/{key}",
            positive("entry", key),
            params={"fields": field_list(fields, custom_fields, key="key")},
        )
        wrapped = envelope.get("entry")
        flat = {name: value for name, value in envelope.items() if name != "result"}
        return self._connection.parse(DatatagEntry, wrapped if isinstance(wrapped, dict) else flat)

    def add(self, on: On, datatag_id: int, rows: Iterable[CustomValues]) -> AddedEntries:
        """Add entries with a comment of their own, which counts as activity. Never repeated blindly.

        ``POST /task/{id}/datatags/``, ``POST /contact/{id}/datatags/``.

        Args:
            on: A task's number, or ``contact(7)``.
            datatag_id: The datatag.
            rows: For each entry its values by the number or definition of the field.

        Raises:
            ValidationError: A value does not fit or there is no row (nothing was sent), or it was refused.
            OutcomeUnknown: The answer was lost: look with :meth:`entries` before trying again.
        """
        kind, number = target_of(on, "entry")
        operation = f"POST /{kind}/{{id}}/datatags/"
        envelope = self._connection.write(operation, number, json=self._rows(datatag_id, rows))
        return _added(operation, envelope)

    def append(self, on: On, comment_id: int, datatag_id: int, rows: Iterable[CustomValues]) -> AddedEntries:
        """Add entries to a comment that is there. Never repeated blindly.

        ``POST /task/{id}/datatags/{commentId}``, ``POST /contact/{id}/datatags/{commentId}``.

        Args:
            on: A task's number, or ``contact(7)``.
            comment_id: The comment.
            datatag_id: The datatag.
            rows: As for :meth:`add`.

        Raises:
            ValidationError: As for :meth:`add`.
            OutcomeUnknown: As for :meth:`add`.
        """
        kind, number = target_of(on, "entry")
        comment = positive("comment", comment_id)
        operation = f"POST /{kind}/{{id}}/datatags/{{commentId}}"
        envelope = self._connection.write(operation, number, comment, json=self._rows(datatag_id, rows))
        return _added(operation, envelope | {"commentId": comment})

    def update_entry(
        self, key: int, datatag_id: int, values: CustomValues, *, silent: bool = False
    ) -> Updated:
        """Change an entry: ``POST /datatag/entry/{key}``. May be repeated: it sets fields to values.

        Args:
            key: The entry.
            datatag_id: Its datatag, whose fields the values are checked against.
            values: By the number or definition of the field; those that are not named stay.
            silent: Log nothing and notify nobody.

        Raises:
            ValidationError: A value does not fit, or there is none; nothing was sent.
        """
        body = {"customFieldData": self._values(datatag_id, values)}
        if not body["customFieldData"]:
            raise ValidationError("entry: nothing to change", hint="give at least one value")
        return self._connection.update(
            "POST /datatag/entry/{key}", positive("entry", key), json=body, params=silently(silent)
        )

    def delete_entry(self, key: int) -> bool:
        """Delete an entry: ``DELETE /datatag/entry/{key}``. May be repeated; its comment stays.

        Returns:
            ``True`` if the portal deleted it now, ``False`` if there was none.
        """
        return self._connection.delete("DELETE /datatag/entry/{key}", positive("entry", key))

    def _rows(self, datatag_id: int, rows: Iterable[CustomValues]) -> dict[str, Any]:
        number = positive("datatag", datatag_id)
        entries = [{"customFieldData": self._values(number, row)} for row in items("rows", rows)]
        if not entries or not all(entry["customFieldData"] for entry in entries):
            raise ValidationError("entries: no rows, or one without values", hint="give them as [{20: 99}]")
        return {"dataTag": {"id": number}, "items": entries}

    def _values(self, datatag_id: int, values: CustomValues) -> Sequence[Mapping[str, Any]]:
        def lookup(field: int) -> CustomField:
            return self._custom_fields.definition(f"datatag:{positive('datatag', datatag_id)}", field)

        return custom_body(values, self._connection.timezone, lookup)


def _holder(on: On | None) -> dict[str, Any]:
    if on is None:
        return {}
    kind, number = target_of(on, "entries")
    return {"taskId": number} if kind == "task" else {"contactId": str(Person("contact", number))}


def _added(operation: str, envelope: dict[str, Any]) -> AddedEntries:
    keys, comment = envelope.get("keys"), envelope.get("commentId")
    if not isinstance(keys, list) or not keys or not all(map(is_number, keys)):
        raise untold(operation, "which keys the entries got")
    return AddedEntries(tuple(keys), comment if is_number(comment) else None)
