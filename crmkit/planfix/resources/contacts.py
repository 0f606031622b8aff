"""Contacts and companies: list, read, create, change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, Literal, TypedDict, Unpack

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import positive, unfit
from crmkit.planfix.connection import Connection, FieldKey, field_list
from crmkit.planfix.filters import FilterLike
from crmkit.planfix.filters import contacts as conditions
from crmkit.planfix.ids import Person, Ref, external_id
from crmkit.planfix.incremental import Changes, Cursor
from crmkit.planfix.models.base import File, Group, Phone
from crmkit.planfix.models.contact import CONTACT_FIELDS, CONTACT_LIST_FIELDS, Contact, Gender
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.outcome import Created, Updated
from crmkit.planfix.models.task import SavedFilter
from crmkit.planfix.resources import writing
from crmkit.planfix.resources.base import PAGE_LIMIT, Listing, ReadBack, Resource
from crmkit.planfix.resources.custom_fields import CustomFields, CustomValues
from crmkit.planfix.resources.writer import Writer

__all__ = ["UNIQUE", "ContactValues", "Contacts"]

UNIQUE = (
    "email-phone-name-ifnot",
    "email-phone-name",
    "email-phone",
    "phone",
    "name",
    "email-and-phone-and-name",
    "number",
)
"""What an import can tell rows apart by, besides custom fields."""
Duplicates = Literal["update", "ignore", "none"]


class ContactValues(TypedDict, total=False):
    """What can be set on a contact or company; kinds of values as in ``TaskValues``.

    ``phones`` replaces the present list; a plain text is a mobile number.
    """

    name: str
    midname: str
    lastname: str
    gender: Gender | str
    is_company: bool
    template: int | Ref
    description: str
    description_html: str
    address: str
    site: str
    email: str
    skype: str
    telegram: str
    telegram_id: str
    facebook: str
    instagram: str
    position: str
    group: int | Ref | Group
    birth_date: date
    supervisors: Iterable[Person | str]
    phones: Iterable[str | Phone]
    companies: Iterable[int | Ref | Contact]
    contacts: Iterable[int | Ref | Contact]
    language_code: str
    communication_language_code: str
    timezone: str
    is_deleted: bool
    files: Iterable[int]
    custom_fields: CustomValues


_COLUMNS = writing.Columns(
    "contact",
    {
        "name": writing.name("name"),
        **{name: writing.text(name) for name in ("midname", "lastname", "address", "site", "email", "skype")},
        **{
            name: writing.text(name) for name in ("telegram", "facebook", "instagram", "position", "timezone")
        },
        "telegram_id": writing.text("telegramId"),
        "language_code": writing.text("languageCode"),
        "communication_language_code": writing.text("communicationLanguageCode"),
        "description": writing.markup("description", convert=True),
        "description_html": writing.markup("description", convert=False),
        "gender": writing.choice("gender", Gender),
        "is_company": writing.boolean("isCompany"),
        "is_deleted": writing.boolean("isDeleted"),
        "template": writing.reference("template"),
        "group": writing.reference("group"),
        "birth_date": writing.day("birthDate"),
        "supervisors": writing.people("supervisors"),
        "phones": writing.phones("phones"),
        "companies": writing.references("companies"),
        "contacts": writing.references("contacts"),
        "files": writing.references("files"),
    },
)


class Contacts(Resource):
    """``/contact/*``. Contacts and companies are one entity and cannot be removed by the API."""

    def __init__(self, connection: Connection, custom_fields: CustomFields) -> None:
        super().__init__(connection)
        self._writer = Writer(connection, "contact", _COLUMNS, custom_fields, self.get)
        self._listing = Listing(connection, Contact, "POST /contact/list", "contacts")
        self._templates = Listing(connection, Contact, "GET /contact/templates", "templates")

    def list(
        self,
        *,
        companies: bool | None = None,
        filters: Iterable[FilterLike] = (),
        filter_id: str | None = None,
        fields: Iterable[FieldKey] = CONTACT_LIST_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
        page_size: int = PAGE_LIMIT,
        only_changed: bool = False,
        source_id: str | None = None,
    ) -> Iterator[Contact]:
        """Yield contacts: ``POST /contact/list``.

        Args:
            companies: Companies only (``True``), people only (``False``), or as the portal does without being
                told.
            filters: Conditions from :mod:`crmkit.planfix.filters.contacts`.
            filter_id: A filter saved in the web interface, see :meth:`saved_filters`.
            fields: What to read; all system fields by default.
            custom_fields: Custom fields to read besides, by number.
            page_size: Rows per request, 2..100.
            only_changed: Only what differs from the data of the source, for a synchronisation that keeps
                ``sourceDataVersion``.
            source_id: The source, a UUID, whose ids are read and compared.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        return self._listing.walk(
            page_size,
            fields=field_list(fields, custom_fields),
            filters=filters,
            filterId=filter_id,
            isCompany=companies,
            onlyChanged=only_changed or None,
            sourceId=source_id,
        )

    def changes(
        self,
        cursor: Cursor,
        *,
        companies: bool | None = None,
        filters: Iterable[FilterLike] = (),
        fields: Iterable[FieldKey] = CONTACT_LIST_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
        page_size: int = PAGE_LIMIT,
    ) -> Changes[Contact]:
        """Return one pass over the contacts that were changed since the last one, by filter 38.

        As :meth:`Tasks.changes`; comments do not count.
        """
        asked = (*fields, "dateOfLastUpdate")
        narrowed, extra = tuple(filters), tuple(custom_fields)

        def read(since: date | None) -> Iterator[Contact]:
            changed = [conditions.last_change.since(since)] if since else []
            return self.list(
                companies=companies,
                filters=[*narrowed, *changed],
                fields=asked,
                custom_fields=extra,
                page_size=page_size,
            )

        return Changes(
            read,
            lambda found: found.date_of_last_update,
            cursor,
            clock=self._connection.clock,
            zone=self._connection.timezone,
        )

    def page(
        self,
        offset: int = 0,
        size: int = PAGE_LIMIT,
        *,
        companies: bool | None = None,
        filters: Iterable[FilterLike] = (),
        filter_id: str | None = None,
        fields: Iterable[FieldKey] = CONTACT_LIST_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
    ) -> tuple[Contact, ...]:
        """Read one page; shorter than ``size`` means the last one."""
        return self._listing.page(
            offset,
            size,
            fields=field_list(fields, custom_fields),
            filters=filters,
            filterId=filter_id,
            isCompany=companies,
        )

    def get(
        self,
        contact_id: int,
        *,
        fields: Iterable[FieldKey] = CONTACT_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
    ) -> Contact:
        """Read one contact or company: ``GET /contact/{id}``.

        Raises:
            NotFound: There is none with this number, or this token may not see it.
        """
        params = {"fields": field_list(fields, custom_fields)}
        number = positive("contact", contact_id)
        return self._connection.one(Contact, "contact", "GET /contact/{id}", number, params=params)

    def create(self, *, key: str = "", **values: Unpack[ContactValues]) -> Created:
        """Create a contact or company: ``POST /contact/``. Never repeated blindly.

        Args:
            key: A key of the caller's, stored as ``sourceObjectId``; :meth:`find_by_key` looks for it.
            **values: See :class:`ContactValues`; ``name`` is needed.

        Raises:
            ValidationError: A value does not fit (nothing was sent), or the portal refused it.
            OutcomeUnknown: The answer was lost: look with :meth:`find_by_key` before trying again.
        """
        return self._writer.create(values, key)

    def update(self, contact_id: int, *, silent: bool = False, **values: Unpack[ContactValues]) -> Updated:
        """Change a contact or company: ``POST /contact/{id}``. May be repeated: it sets fields to values.

        Args:
            contact_id: Its number.
            silent: Do not log it and notify nobody.
            **values: See :class:`ContactValues`.

        Raises:
            ValidationError: A value does not fit; nothing was sent.
            OutcomeUnknown: No answer came, repeats included. Repeating it later does no harm.
        """
        return self._writer.update(contact_id, values, silent=silent)

    def read_back(
        self, contact_id: int, *, timeout: float = 30.0, pause: float = 2.0, **values: Unpack[ContactValues]
    ) -> ReadBack[Contact]:
        """Read a contact until the values are visible; as :meth:`Tasks.read_back`."""
        return self._writer.read_back(contact_id, values, timeout=timeout, pause=pause)

    def find_by_key(
        self, key: str, *, companies: bool | None = None, since: date | None = None
    ) -> Contact | None:
        """Find the contact that :meth:`create` made with this key, or ``None``; bound it by ``since``."""
        wanted = external_id(key)
        created = [conditions.created.since(since - timedelta(days=1))] if since else []
        rows = self.list(companies=companies, filters=created)
        return next((found for found in rows if found.source_object_id == wanted), None)

    def groups(self) -> tuple[Group, ...]:
        """Return the groups of contacts: ``GET /contact/groups``."""
        return self._connection.many(Group, "groups", "GET /contact/groups", params={"fields": "id,name"})

    def templates(
        self, *, companies: bool | None = None, fields: Iterable[FieldKey] = ("name",)
    ) -> tuple[Contact, ...]:
        """Return the templates of contacts and companies: ``GET /contact/templates``."""
        is_company = None if companies is None else str(companies).lower()
        return tuple(self._templates.walk(PAGE_LIMIT, fields=field_list(fields), isCompany=is_company))

    def files(self, contact_id: int, *, only_from_description: bool = False) -> tuple[File, ...]:
        """Return the files of a contact: ``GET /contact/{id}/files``."""
        params = {"onlyFromDescription": "true"} if only_from_description else None
        return self._connection.many(
            File, "files", "GET /contact/{id}/files", positive("contact", contact_id), params=params
        )

    def import_many(
        self,
        rows: Iterable[ContactValues],
        *,
        duplicates: Duplicates = "update",
        unique_by: str = "email-phone-name",
        otherwise_by: Literal["name", "email-phone-name"] | None = None,
        contact_template: int | None = None,
        company_template: int | None = None,
        silent: bool = False,
    ) -> None:
        """Create or update many contacts in one request: ``POST /contact/import``. Never repeated blindly.

        The portal does not tell what became of the rows: read the list for it.

        Args:
            rows: Values as for :meth:`create`; each row needs ``name``.
            duplicates: What to do with a row that is there already: update it, ignore the row, or create it
                again.
            unique_by: What tells rows apart: one of :data:`UNIQUE`, or ``custom:36`` for a custom field.
            otherwise_by: What tells them apart if ``unique_by`` is empty.
            contact_template: The template of new contacts.
            company_template: The template of new companies.
            silent: Log nothing and notify nobody.

        Raises:
            ValidationError: A row or an option does not fit (nothing was sent), or the portal refused it.
            OutcomeUnknown: The answer was lost: read the list before trying again.
        """
        values = list(rows)
        if not values or not all(row.get("name") for row in values):
            raise ValidationError("contacts: a row without a name, or no rows", hint="give name=… in each")
        if unique_by not in UNIQUE and not re.fullmatch("custom:[0-9]+", unique_by):
            raise unfit("contacts: unique_by", unique_by, ", ".join((*UNIQUE, "custom:N")))
        if duplicates not in ("update", "ignore", "none"):
            raise unfit("contacts: duplicates", duplicates, "update, ignore, none")
        body: dict[str, Any] = {
            "contacts": [self._writer.body(row) for row in values],
            "optionImportDuplicate": duplicates,
            "optionImportUniqueField": unique_by,
            "optionImportUniqueDefaultField": otherwise_by,
            "contactTemplateId": contact_template,
            "companyTemplateId": company_template,
            "silent": silent or None,
        }
        self._connection.write(
            "POST /contact/import", json={key: value for key, value in body.items() if value is not None}
        )

    def saved_filters(self) -> tuple[SavedFilter, ...]:
        """Return the filters that can be given as ``filter_id``: ``POST /contact/filters``."""
        return self._connection.many(SavedFilter, "filters", "POST /contact/filters")
