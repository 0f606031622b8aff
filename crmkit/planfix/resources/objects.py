"""Objects: the kinds of tasks, such as "Deal"."""

from __future__ import annotations

from collections.abc import Iterator

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

    def statuses(self, object_id: int) -> tuple[Status, ...]:
        """Return the statuses of the object's process: ``GET /object/{id}/statuses``."""
        return self._connection.many(
            Status,
            "statuses",
            "GET /object/{id}/statuses",
            positive("object", object_id),
            params={"fields": STATUS_FIELDS},
        )
