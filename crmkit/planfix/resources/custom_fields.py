"""Definitions of custom fields, and a memory of them, so that values can be checked before they are sent."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict, Unpack

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import named, positive
from crmkit.planfix.connection import Connection
from crmkit.planfix.field_types import READ_ONLY, FieldType, type_name
from crmkit.planfix.fields import encode
from crmkit.planfix.models.base import Named
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.outcome import Created, Updated
from crmkit.planfix.resources.base import Resource

__all__ = ["CustomFields", "CustomValues", "MainValues", "Owner"]

Owner = Literal["task", "contact", "user", "project"]
CustomValues = Mapping[int, Any] | Mapping[CustomField, Any] | Mapping[int | CustomField, Any]
"""Values to be written, by the number or the definition of their field; ``None`` clears."""
_FIELDS = "id,name,names,type,objectType,groupId,directoryId,directoryFields,enumValues,listValuesColors"
_MAIN_FIELDS = "id,name,type,objectType,directoryId,directoryFields,enumValues,listValuesColors,mainValue"


class MainValues(TypedDict, total=False):
    """What can be changed of a system field of the account; ``value=None`` empties it."""

    name: str
    names: Mapping[str, str]
    value: Any


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
        return self._list("GET /customfield/datatag/{id}", positive("datatag", datatag_id))

    def directory(self, directory_id: int) -> tuple[CustomField, ...]:
        """Return the fields of a directory: ``GET /customfield/directory/{id}``."""
        return self._list("GET /customfield/directory/{id}", positive("directory", directory_id))

    def of_task(self, task_id: int) -> tuple[CustomField, ...]:
        """Return the fields of a task: ``GET /customfield/task/{id}``.

        Live accounts were seen to return all fields of all tasks here, attached to this one or not.
        """
        return self._list("GET /customfield/task/{id}", positive("task", task_id))

    def of_contact(self, contact_id: int) -> tuple[CustomField, ...]:
        """Return the fields of a contact: ``GET /customfield/contact/{id}``."""
        return self._list("GET /customfield/contact/{id}", positive("contact", contact_id))

    def of_project(self, project_id: int) -> tuple[CustomField, ...]:
        """Return the fields of a project: ``GET /customfield/project/{id}``."""
        return self._list("GET /customfield/project/{id}", positive("project", project_id))

    def of_user(self, user_id: int) -> tuple[CustomField, ...]:
        """Return the fields of an employee: ``GET /customfield/user/{id}``."""
        return self._list("GET /customfield/user/{id}", positive("user", user_id))

    def types(self) -> tuple[Named, ...]:
        """Return the types that this portal knows, as id and name: ``GET /customfield/type``."""
        return self._connection.many(Named, "customFieldTypes", "GET /customfield/type")

    def sets(self, owner: Owner) -> tuple[Named, ...]:
        """Return the sets that fields are sorted into, for example: ``GET /customfield/group/task``."""
        return self._connection.many(Named, "customFieldSets", f"GET /customfield/group/{owner}")

    def create_set(self, owner: Owner, name: str) -> Created:
        """Add a set of fields: ``POST /customfield/group/task/`` and its likes. Never repeated blindly."""
        body = {"name": named("set of fields", name)}
        return Created(self._connection.create(f"POST /customfield/group/{owner}/", json=body))

    def create(
        self,
        owner: Owner,
        name: str,
        kind: FieldType,
        *,
        options: Iterable[str] = (),
        names: Mapping[str, str] | None = None,
        set_id: int | None = None,
        directory_id: int | None = None,
    ) -> Created:
        """Add a field: ``POST /customfield/task/`` and its likes. Never repeated blindly.

        The portal does not attach it to templates and objects; that is done in the web interface, and a value
        for a field that is not attached is swallowed without a word.

        Args:
            owner: What has the field.
            name: Its name.
            kind: Its type.
            options: The texts of a list or set.
            names: Its name in further languages, ``{"en": "Amount"}``.
            set_id: The set it belongs to, see :meth:`sets`.
            directory_id: The directory of a directory field.

        Raises:
            ValidationError: The name is empty, or options or directory do not fit the type; nothing was sent.
        """
        body = _description(name, kind, tuple(options), names, directory_id)
        if set_id is not None:
            body["groupId"] = positive("set of fields", set_id)
        created = Created(self._connection.create(f"POST /customfield/{owner}/", json=body))
        self.forget()
        return created

    def create_main(
        self,
        name: str,
        kind: FieldType,
        value: Any = None,
        *,
        options: Iterable[str] = (),
        names: Mapping[str, str] | None = None,
        directory_id: int | None = None,
    ) -> Created:
        """Add a system field of the account, with its value: ``POST /customfield/main/``.

        Raises:
            ValidationError: As for :meth:`create`, or the value does not fit the type; nothing was sent.
        """
        body = _description(name, kind, tuple(options), names, directory_id)
        if value is not None:
            texts = body.get("enumValues")
            body["mainValue"] = encode(kind, value, zone=self._connection.timezone, name=name, options=texts)
        return Created(self._connection.create("POST /customfield/main/", json=body))

    def update_main(self, field: CustomField, **values: Unpack[MainValues]) -> Updated:
        """Change the name or the value of a system field: ``POST /customfield/main/{id}``. May be repeated.

        Args:
            field: Its definition, from :meth:`main`.
            **values: See :class:`MainValues`.

        Raises:
            ValidationError: The value does not fit the type, or nothing was given; nothing was sent.
        """
        body: dict[str, Any] = {key: values[key] for key in ("name", "names") if values.get(key)}
        if "value" in values:
            body["mainValue"] = field.encode(values["value"], self._connection.timezone)["value"]
        if not body:
            raise ValidationError("system field: nothing to change", hint="give name, names or value")
        return self._connection.update(
            "POST /customfield/main/{id}", positive("custom field", field.id), json=body
        )

    def definition(self, owner: str, field_id: int) -> CustomField:
        """Return the definition of a field, from memory if it was read before.

        An id that is not remembered is looked for once more on the portal: it may be new.

        Args:
            owner: ``task``, ``contact``, ``user``, ``project``, or one kind of entries: ``datatag:4``,
                ``directory:2``.
            field_id: The number of the field.

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

    def remember(self, owner: str, fields: Iterable[CustomField]) -> None:
        """Take definitions as known, for example from a file, so that they need not be read."""
        with self._lock:
            self._known[owner] = {field.id: field for field in fields}

    def forget(self) -> None:
        """Drop what is remembered: somebody has changed the fields in the web interface."""
        with self._lock:
            self._known.clear()

    def _read(self, owner: str) -> tuple[CustomField, ...]:
        kind, _, number = owner.partition(":")
        path = f"GET /customfield/{kind}"
        fields = self._list(f"{path}/{{id}}", positive(kind, int(number))) if number else self._list(path)
        self.remember(owner, fields)
        return fields

    def _list(self, operation: str, *ids: int, fields: str = _FIELDS) -> tuple[CustomField, ...]:
        return self._connection.many(CustomField, "customfields", operation, *ids, params={"fields": fields})


_WITH_OPTIONS = (FieldType.LIST, FieldType.SET)
_WITH_DIRECTORY = (FieldType.DIRECTORY, FieldType.DIRECTORY_SET)


def _description(
    name: str,
    kind: FieldType,
    options: tuple[str, ...],
    names: Mapping[str, str] | None,
    directory_id: int | None,
) -> dict[str, Any]:
    body: dict[str, Any] = {"name": named("custom field", name), "type": int(FieldType(kind))}
    if kind in READ_ONLY:
        raise ValidationError(
            f"custom field {name}: {type_name(kind)} cannot be made by the API",
            hint="make it in the web interface, where its formula is",
        )
    if (kind in _WITH_OPTIONS) != bool(options) or (kind in _WITH_DIRECTORY) != (directory_id is not None):
        raise ValidationError(
            f"custom field {name}: options or directory do not fit {type_name(kind)}",
            hint="lists and sets need options, directory fields a directory_id, others neither",
        )
    if options:
        body["enumValues"] = list(options)
    if names:
        body["names"] = dict(names)
    if directory_id is not None:
        body["directoryId"] = positive("directory", directory_id)
    return body
