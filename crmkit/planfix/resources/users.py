"""Employees, robots, their groups and positions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crmkit.planfix.checks import positive
from crmkit.planfix.connection import Connection, FieldKey, field_list
from crmkit.planfix.filters import FilterLike
from crmkit.planfix.models.base import Group
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.user import USER_FIELDS, User
from crmkit.planfix.resources.base import PAGE_LIMIT, Listing, Resource

__all__ = ["Users"]


class Users(Resource):
    """``/user/*``."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._listing = Listing(connection, User, "POST /user/list", "users")

    def list(
        self,
        *,
        only_active: bool = False,
        filters: Iterable[FilterLike] = (),
        fields: Iterable[FieldKey] = USER_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
        page_size: int = PAGE_LIMIT,
    ) -> Iterator[User]:
        """Yield employees and robots, inactive ones too: ``POST /user/list``.

        Args:
            only_active: Leave the inactive ones out.
            filters: Conditions from :mod:`crmkit.planfix.filters.users`.
            fields: What to read; all system fields by default.
            custom_fields: Custom fields to read besides, by number.
            page_size: Rows per request, 2..100.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        return self._listing.walk(
            page_size, fields=field_list(fields, custom_fields), filters=filters, onlyActive=only_active
        )

    def page(
        self,
        offset: int = 0,
        size: int = PAGE_LIMIT,
        *,
        only_active: bool = False,
        filters: Iterable[FilterLike] = (),
        fields: Iterable[FieldKey] = USER_FIELDS,
    ) -> tuple[User, ...]:
        """Read one page; shorter than ``size`` means the last one."""
        return self._listing.page(
            offset, size, fields=field_list(fields), filters=filters, onlyActive=only_active
        )

    def get(self, user_id: int, *, fields: Iterable[FieldKey] = USER_FIELDS) -> User:
        """Read one employee: ``GET /user/{id}``.

        Raises:
            NotFound: There is none with this number.
        """
        params = {"fields": field_list(fields)}
        return self._connection.one(User, "user", "GET /user/{id}", positive("user", user_id), params=params)

    def groups(self) -> tuple[Group, ...]:
        """Return the groups of employees: ``GET /user/groups``. Who is in them is told by :meth:`list`."""
        return self._connection.many(Group, "groups", "GET /user/groups", params={"fields": "id,name"})
