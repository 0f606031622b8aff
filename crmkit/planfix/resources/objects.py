"""Objects: the kinds of tasks, such as "Deal"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crmkit.exceptions import PermissionDenied, ValidationError
from crmkit.planfix.checks import positive
from crmkit.planfix.connection import Connection
from crmkit.planfix.models.process import ObjectType, Status
from crmkit.planfix.resources.base import PAGE_LIMIT, Listing, Resource
from crmkit.planfix.resources.processes import STATUS_FIELDS

__all__ = ["Objects"]


class Objects(Resource):
    """``/object/*``. Read-only: objects are made in the web interface."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._listing = Listing(connection, ObjectType, "POST /object/list", "objects")
        self._attached: dict[int, frozenset[int]] = {}

    def list(self, *, page_size: int = PAGE_LIMIT) -> Iterator[ObjectType]:
        """Yield the objects with id and name: ``POST /object/list``.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        return self._listing.walk(page_size, fields=None)

    def get(self, object_id: int) -> ObjectType:
        """Read one object with its defaults and attached custom fields: ``GET /object/{id}``.

        Raises:
            NotFound: There is none with this number.
        """
        return self._connection.one(ObjectType, "object", "GET /object/{id}", positive("object", object_id))

    def check_attached(self, object_id: int, fields: Iterable[int]) -> None:
        """Do nothing if tasks of an object have all these custom fields; what an object has is asked once.

        The portal swallows a value for any other field and says that all is well (seen live).

        Raises:
            ValidationError: One is not attached; nothing was sent but the question.
            NotFound: There is no such object.
        """
        if object_id not in self._attached:
            self._attached[object_id] = self._fields_of(object_id)
        there = self._attached[object_id]
        missing = sorted(set(fields) - there) if there else []
        if missing:
            raise ValidationError(
                f"custom field {missing[0]} is not attached to object {object_id}: its value would be lost",
                hint="attach it to the object in the web interface",
            )

    def forget(self) -> None:
        """Ask again what objects have, because somebody has changed them."""
        self._attached.clear()

    def _fields_of(self, object_id: int) -> frozenset[int]:
        try:
            return frozenset(self.get(object_id).custom_fields)
        except PermissionDenied:  # reading objects is a scope of its own: then nobody can tell
            return frozenset()

    def statuses(self, object_id: int) -> tuple[Status, ...]:
        """Return the statuses of the object's process: ``GET /object/{id}/statuses``."""
        return self._connection.many(
            Status,
            "statuses",
            "GET /object/{id}/statuses",
            positive("object", object_id),
            params={"fields": STATUS_FIELDS},
        )
