"""Employees, robots, their groups and positions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, tzinfo
from typing import Any, TypedDict, Unpack

from crmkit.planfix.checks import named, positive, unfit
from crmkit.planfix.connection import Connection, FieldKey, field_list
from crmkit.planfix.filters import FilterLike
from crmkit.planfix.ids import Person, Ref, person_of
from crmkit.planfix.models.base import Group, Named, Phone
from crmkit.planfix.models.contact import Gender
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.outcome import Created, Updated
from crmkit.planfix.models.user import USER_FIELDS, Replacement, Role, User, UserStatus
from crmkit.planfix.resources import writing
from crmkit.planfix.resources.base import PAGE_LIMIT, Listing, ReadBack, Resource
from crmkit.planfix.resources.custom_fields import CustomFields, CustomValues
from crmkit.planfix.resources.writer import Writer

__all__ = ["UserValues", "Users"]


class UserValues(TypedDict, total=False):
    """What can be set on an employee; kinds of values as in ``TaskValues``.

    ``position`` is a number, a name that exists, or ``None`` for none. ``temporary_replacement`` can be set
    by ``update`` only, ``None`` ends it.
    """

    name: str
    midname: str
    lastname: str
    gender: Gender | str
    is_deleted: bool
    birth_date: date
    groups: Iterable[int | Ref | Group]
    role: Role | str
    login: str
    password: str
    email: str
    secondary_emails: Iterable[str]
    status: UserStatus | str
    phones: Iterable[str | Phone]
    language_code: str
    communication_language_code: str
    timezone: str
    position: int | str | Named | None
    workspace: int | Ref | Named
    personal_managers: Iterable[Person | str]
    temporary_replacement: Replacement | None
    custom_fields: CustomValues


def _write_position(name: str, value: Any, _: tzinfo) -> dict[str, int | str]:
    if value is None:
        return {"id": 0}
    if isinstance(value, str) and value.strip():
        return {"name": named(name, value)}
    number = value.id if isinstance(value, Named) else value
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise unfit(name, value, "a number, a name, None")
    return {"id": number}


def _same_position(written: Any, found: Any, _: tzinfo) -> bool:
    shown = found if isinstance(found, Mapping) else {"id": 0}
    return all(shown.get(key) == value for key, value in written.items())


def _write_replacement(name: str, value: Any, _: tzinfo) -> dict[str, Any]:
    if value is None:
        return {"isEnabled": False}
    if not isinstance(value, Replacement) or value.employee is None:
        raise unfit(name, value, "a Replacement with an employee, None")
    body: dict[str, Any] = {"employee": {"id": str(person_of(value.employee, kinds=("user",)))}}
    if value.first is None or value.last is None:
        return body | {"isIndefinite": True}
    return body | {"from": value.first.isoformat(), "to": value.last.isoformat()}


def _same_replacement(written: Any, found: Any, _: tzinfo) -> bool:
    shown = Replacement.model_validate(found) if found else Replacement(is_enabled=False)
    if not written.get("isEnabled", True):
        return not shown.is_enabled
    days = (written.get("from"), written.get("to"))
    told = tuple(day.isoformat() if day else None for day in (shown.first, shown.last))
    return (
        shown.is_enabled and str(shown.employee) == written["employee"]["id"] and days in (told, (None, None))
    )


_COLUMNS = writing.Columns(
    "employee",
    {
        "name": writing.name("name"),
        **{
            name: writing.text(name)
            for name in ("midname", "lastname", "login", "password", "email", "timezone")
        },
        "gender": writing.choice("gender", Gender),
        "is_deleted": writing.boolean("isDeleted"),
        "birth_date": writing.day("birthDate"),
        "groups": writing.references("groups"),
        "role": writing.choice("role", Role),
        "secondary_emails": writing.texts("secondaryEmails"),
        "status": writing.choice("status", UserStatus),
        "phones": writing.phones("phones"),
        "language_code": writing.word(
            "languageCode", "En", "Ru", "Pl", "Ka", "Ro", "Pt", "Es", "De", "Az", "Tr"
        ),
        "communication_language_code": writing.text("communicationLanguageCode"),
        "position": writing.Column("position", _write_position, _same_position),
        "workspace": writing.reference("workspace"),
        "personal_managers": writing.parties("personalManagers", "user"),
        "temporary_replacement": writing.Column(
            "temporaryReplacement", _write_replacement, _same_replacement
        ),
    },
)


class Users(Resource):
    """``/user/*``. Employees cannot be removed by the API; ``status="Inactive"`` dismisses them."""

    def __init__(self, connection: Connection, custom_fields: CustomFields) -> None:
        super().__init__(connection)
        self._writer = Writer(
            connection,
            "user",
            _COLUMNS,
            custom_fields,
            self.get,
            needed=("name", "email"),
            update_only=("temporary_replacement",),
        )
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

    def get(
        self,
        user_id: int,
        *,
        fields: Iterable[FieldKey] = USER_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
    ) -> User:
        """Read one employee: ``GET /user/{id}``.

        Raises:
            NotFound: There is none with this number.
        """
        params = {"fields": field_list(fields, custom_fields)}
        return self._connection.one(User, "user", "GET /user/{id}", positive("user", user_id), params=params)

    def create(self, *, key: str = "", **values: Unpack[UserValues]) -> Created:
        """Create an employee: ``POST /user/``. Never repeated blindly; may cost a licence.

        Args:
            key: A key of the caller's, stored as ``sourceObjectId``.
            **values: See :class:`UserValues`; ``name`` or ``email`` is needed.

        Raises:
            ValidationError: A value does not fit (nothing was sent), or the portal refused it.
            PermissionDenied: The tariff allows no more employees.
            OutcomeUnknown: The answer was lost: look for the e-mail address before trying again.
        """
        self._hide(values)
        return self._writer.create(values, key)

    def update(self, user_id: int, *, silent: bool = False, **values: Unpack[UserValues]) -> Updated:
        """Change an employee: ``POST /user/{id}``. May be repeated: it sets fields to values.

        Args:
            user_id: The number.
            silent: Do not log it and notify nobody.
            **values: See :class:`UserValues`.

        Raises:
            ValidationError: A value does not fit; nothing was sent.
            OutcomeUnknown: No answer came, repeats included. Repeating it later does no harm.
        """
        self._hide(values)
        return self._writer.update(user_id, values, silent=silent)

    def read_back(
        self, user_id: int, *, timeout: float = 30.0, pause: float = 2.0, **values: Unpack[UserValues]
    ) -> ReadBack[User]:
        """Read until the values are visible; as :meth:`Tasks.read_back`. A password cannot be read."""
        values.pop("password", None)
        return self._writer.read_back(user_id, values, timeout=timeout, pause=pause)

    def groups(self) -> tuple[Group, ...]:
        """Return the groups of employees: ``GET /user/groups``. Who is in them is told by :meth:`list`."""
        return self._connection.many(Group, "groups", "GET /user/groups", params={"fields": "id,name"})

    def _hide(self, values: Mapping[str, Any]) -> None:
        """Keep a password out of every error and log from now on."""
        if password := values.get("password"):
            self._connection.transport.redactor.add(password)
