"""Creating, changing and reading back, the same for tasks, contacts, projects and employees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import positive
from crmkit.planfix.connection import Connection
from crmkit.planfix.ids import external_id
from crmkit.planfix.models.base import Entity
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.outcome import Created, Updated
from crmkit.planfix.resources.base import ReadBack, silently
from crmkit.planfix.resources.custom_fields import CustomFields
from crmkit.planfix.resources.readback import wait_until_visible
from crmkit.planfix.resources.writing import Columns, custom_ids

__all__ = ["Writer"]

E = TypeVar("E", bound=Entity)


@dataclass(frozen=True, slots=True)
class Writer(Generic[E]):
    """``POST /{owner}/`` and ``POST /{owner}/{id}`` of one kind of entity.

    Args:
        connection: The transport and the account's zone.
        owner: What the vendor calls it in its paths: ``task``.
        columns: What can be set.
        custom_fields: The definitions of its custom fields.
        get: Reads one by number, with ``fields`` and ``custom_fields``.
        needed: What a new one must have, one of these at least.
        create_only: What cannot be changed later.
        update_only: What a new one cannot have.
    """

    connection: Connection
    owner: str
    columns: Columns
    custom_fields: CustomFields
    get: Callable[..., E]
    needed: tuple[str, ...] = ("name",)
    create_only: tuple[str, ...] = ()
    update_only: tuple[str, ...] = ()

    def create(self, values: Mapping[str, Any], key: str) -> Created:
        """Create one, with the fingerprint of the caller's key as ``sourceObjectId``. Never repeated blindly.

        Raises:
            ValidationError: Something is missing or does not fit; nothing was sent.
        """
        if not any(values.get(name) for name in self.needed):
            wanted = " or ".join(f"{name}=…" for name in self.needed)
            raise ValidationError(f"{self.columns.entity}: no {self.needed[0]}", hint=f"give {wanted}")
        self._refuse(values, self.update_only, "update")
        body = self.body(values)
        source = external_id(key) if key else ""
        if source:
            body["sourceObjectId"] = source
        return Created(self.connection.create(f"POST /{self.owner}/", json=body), source)

    def update(self, number: int, values: Mapping[str, Any], *, silent: bool) -> Updated:
        """Set some values of one. May be repeated.

        Raises:
            ValidationError: Nothing is to be changed, or something does not fit; nothing was sent.
        """
        self._refuse(values, self.create_only, "create")
        body = self.body(values)
        if not body:
            raise ValidationError(f"{self.columns.entity}: nothing to change", hint="give at least one value")
        target = positive(self.columns.entity, number)
        return self.connection.update(
            f"POST /{self.owner}/{{id}}", target, json=body, params=silently(silent)
        )

    def read_back(
        self, number: int, values: Mapping[str, Any], *, timeout: float, pause: float
    ) -> ReadBack[E]:
        """Read one until the values are visible, at most so many seconds."""

        def read() -> E:
            return self.get(number, fields=self.columns.wires(values), custom_fields=custom_ids(values))

        def missing(found: E) -> tuple[str, ...]:
            return self.columns.differences(values, found.raw, self.connection.timezone, self._definition)

        return wait_until_visible(read, missing, clock=self.connection.clock, timeout=timeout, pause=pause)

    def body(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body that sets these values."""
        return self.columns.body(values, self.connection.timezone, self._definition)

    def _refuse(self, values: Mapping[str, Any], fixed: tuple[str, ...], only: str) -> None:
        for name in fixed:
            if name in values:
                raise ValidationError(
                    f"{self.columns.entity}: {name} can be set by {only} only", hint="leave it out"
                )

    def _definition(self, field_id: int) -> CustomField:
        return self.custom_fields.definition(self.owner, field_id)
