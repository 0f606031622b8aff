"""Definitions of custom fields, and a memory of them, so that values can be checked before they are sent."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from crmkit.exceptions import ValidationError
from crmkit.planfix.connection import Connection
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.process import Process
from crmkit.planfix.resources.base import Resource

__all__ = ["CustomFields", "CustomValues", "Owner"]

Owner = Literal["task", "contact", "user", "project"]
CustomValues = Mapping[int, Any] | Mapping[CustomField, Any] | Mapping[int | CustomField, Any]
"""Values to be written, by the number or the definition of their field; ``None`` clears."""
_FIELDS = "id,name,names,type,objectType,groupId,directoryId,directoryFields,enumValues,listValuesColors"
_MAIN_FIELDS = "id,name,type,objectType,directoryId,directoryFields,enumValues,listValuesColors,mainValue"


class CustomFields(Resource):
    """``/customfield/*``. What is read once is remembered by :meth:`definition`; :meth:`forget` drops it."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._known: dict[str, dict[int, CustomField]] = {}
        self._lock = threading.Lock()

    def tasks(self) -> tuple[CustomField, ...]:
        """Return all custom fields of tasks: ``GET /customfield/task``."""
        return self._read("task")

    def contacts(self) -> tuple[CustomField, ...]:
        """Return all custom fields of contacts and companies: ``GET /customfield/contact``."""
        return self._read("contact")

    def users(self) -> tuple[CustomField, ...]:
        """Return all custom fields of employees: ``GET /customfield/user``."""
        return self._read("user")

    def projects(self) -> tuple[CustomField, ...]:
        """Return all custom fields of projects: ``GET /customfield/project``."""
        return self._read("project")

    def main(self) -> tuple[CustomField, ...]:
        """Return the system fields of the account with their values: ``GET /customfield/main``."""
        return self._list("GET /customfield/main", fields=_MAIN_FIELDS)

    def datatag(self, datatag_id: int) -> tuple[CustomField, ...]:
        """Return the fields of a datatag: ``GET /customfield/datatag/{id}``."""
        return self._list("GET /customfield/datatag/{id}", datatag_id)

    def directory(self, directory_id: int) -> tuple[CustomField, ...]:
        """Return the fields of a directory: ``GET /customfield/directory/{id}``."""
        return self._list("GET /customfield/directory/{id}", directory_id)

    def of_task(self, task_id: int) -> tuple[CustomField, ...]:
        """Return the fields of a task: ``GET /customfield/task/{id}``.

        Live accounts were seen to return all fields of all tasks here, attached to this one or not.
        """
        return self._list("GET /customfield/task/{id}", task_id)

    def types(self) -> tuple[Process, ...]:
        """Return the types that this portal knows, as id and name: ``GET /customfield/type``."""
        return self._connection.many(Process, "customFieldTypes", "GET /customfield/type")

    def definition(self, owner: Owner, field_id: int) -> CustomField:
        """Return the definition of a field, from memory if it was read before.

        An id that is not remembered is looked for once more on the portal: it may be new.

        Raises:
            ValidationError: There is no such field. A value for it would be swallowed without a word.
        """
        if isinstance(field_id, bool) or not isinstance(field_id, int):
            raise ValidationError(
                f"custom field {field_id!r}: no number", hint="custom fields go by their numbers"
            )
        found = self._known.get(owner, {}).get(field_id)
        if found is None:
            known = {field.id: field for field in self._read(owner)}
            found = known.get(field_id)
        if found is None:
            raise ValidationError(
                f"there is no custom field {field_id} of a {owner}",
                hint="see custom_fields.tasks() and its likes",
            )
        return found

    def remember(self, owner: Owner, fields: Iterable[CustomField]) -> None:
        """Take definitions as known, for example from a file, so that they need not be read."""
        with self._lock:
            self._known[owner] = {field.id: field for field in fields}

    def forget(self) -> None:
        """Drop what is remembered: somebody has changed the fields in the web interface."""
        with self._lock:
            self._known.clear()

    def _read(self, owner: Owner) -> tuple[CustomField, ...]:
        fields = self._list(f"GET /customfield/{owner}")
        self.remember(owner, fields)
        return fields

    def _list(self, operation: str, *ids: int, fields: str = _FIELDS) -> tuple[CustomField, ...]:
        return self._connection.many(CustomField, "customfields", operation, *ids, params={"fields": fields})
