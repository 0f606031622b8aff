"""Projects: list, read, create, change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TypedDict, Unpack

from crmkit.planfix.checks import positive
from crmkit.planfix.connection import Connection, FieldKey, field_list
from crmkit.planfix.filters import FilterLike
from crmkit.planfix.ids import Person, Ref, external_id
from crmkit.planfix.models.base import File, Group
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.outcome import Created, Updated
from crmkit.planfix.models.project import PROJECT_FIELDS, Project
from crmkit.planfix.resources import writing
from crmkit.planfix.resources.base import PAGE_LIMIT, Listing, ReadBack, Resource
from crmkit.planfix.resources.custom_fields import CustomFields, CustomValues
from crmkit.planfix.resources.writer import Writer

__all__ = ["ProjectValues", "Projects"]


class ProjectValues(TypedDict, total=False):
    """What can be set on a project; kinds of values as in ``TaskValues``.

    ``start_date`` and ``files`` can be set by ``create`` only. ``end_date=None`` clears it.
    """

    name: str
    description: str
    description_html: str
    status: int | Ref
    owner: Person | str
    parent: int | Ref | Project
    template: int | Ref | Project
    group: int | Ref | Group
    counterparty: Person | str
    start_date: date
    end_date: date | None
    hidden_for_employees: bool
    hidden_for_clients: bool
    assignees: Iterable[Person | str]
    participants: Iterable[Person | str]
    auditors: Iterable[Person | str]
    client_managers: Iterable[Person | str]
    is_deleted: bool
    files: Iterable[int]
    custom_fields: CustomValues


_COLUMNS = writing.Columns(
    "project",
    {
        "name": writing.name("name"),
        "description": writing.markup("description", convert=True),
        "description_html": writing.markup("description", convert=False),
        "status": writing.status("status"),
        "owner": writing.party("owner", "user"),
        "parent": writing.reference("parent"),
        "template": writing.reference("template"),
        "group": writing.reference("group"),
        "counterparty": writing.party("counterparty", "contact"),
        "start_date": writing.moment("startDate"),
        "end_date": writing.moment("endDate"),
        "hidden_for_employees": writing.boolean("hiddenForEmployees"),
        "hidden_for_clients": writing.boolean("hiddenForClients"),
        "assignees": writing.people("assignees"),
        "participants": writing.people("participants"),
        "auditors": writing.people("auditors"),
        "client_managers": writing.people("clientManagers"),
        "is_deleted": writing.boolean("isDeleted"),
        "files": writing.references("files"),
    },
    clearable={"end_date": "hasEndDate"},
)


class Projects(Resource):
    """``/project/*``. Projects cannot be removed by the API."""

    def __init__(self, connection: Connection, custom_fields: CustomFields) -> None:
        super().__init__(connection)
        self._writer = Writer(
            connection, "project", _COLUMNS, custom_fields, self.get, create_only=("start_date", "files")
        )
        self._listing = Listing(connection, Project, "POST /project/list", "projects")
        self._templates = Listing(connection, Project, "GET /project/templates", "templates")
        self._files = Listing(connection, File, "GET /project/{id}/files", "files")

    def list(
        self,
        *,
        filters: Iterable[FilterLike] = (),
        fields: Iterable[FieldKey] = PROJECT_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
        page_size: int = PAGE_LIMIT,
    ) -> Iterator[Project]:
        """Yield all projects that satisfy every condition: ``POST /project/list``.

        Args:
            filters: Conditions from :mod:`crmkit.planfix.filters.projects`.
            fields: What to read; all system fields by default.
            custom_fields: Custom fields to read besides, by number.
            page_size: Rows per request, 2..100.

        Raises:
            IncompleteList: The list could not be read to its end.
        """
        return self._listing.walk(page_size, fields=field_list(fields, custom_fields), filters=filters)

    def page(
        self,
        offset: int = 0,
        size: int = PAGE_LIMIT,
        *,
        filters: Iterable[FilterLike] = (),
        fields: Iterable[FieldKey] = PROJECT_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
    ) -> tuple[Project, ...]:
        """Read one page; shorter than ``size`` means the last one."""
        return self._listing.page(offset, size, fields=field_list(fields, custom_fields), filters=filters)

    def get(
        self,
        project_id: int,
        *,
        fields: Iterable[FieldKey] = PROJECT_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
    ) -> Project:
        """Read one project: ``GET /project/{id}``.

        Raises:
            NotFound: There is none with this number, or this token may not see it.
        """
        params = {"fields": field_list(fields, custom_fields)}
        number = positive("project", project_id)
        return self._connection.one(Project, "project", "GET /project/{id}", number, params=params)

    def create(self, *, key: str = "", **values: Unpack[ProjectValues]) -> Created:
        """Create a project: ``POST /project/``. Never repeated blindly.

        Args:
            key: A key of the caller's, stored as ``sourceObjectId``; :meth:`find_by_key` looks for it.
            **values: See :class:`ProjectValues`; ``name`` is needed.

        Raises:
            ValidationError: A value does not fit (nothing was sent), or the portal refused it.
            OutcomeUnknown: The answer was lost: look with :meth:`find_by_key` before trying again.
        """
        return self._writer.create({name: value for name, value in values.items() if value is not None}, key)

    def update(self, project_id: int, *, silent: bool = False, **values: Unpack[ProjectValues]) -> Updated:
        """Change a project: ``POST /project/{id}``. May be repeated: it sets fields to values.

        Args:
            project_id: Its number.
            silent: Do not log it and notify nobody.
            **values: See :class:`ProjectValues`.

        Raises:
            ValidationError: A value does not fit or cannot be changed later; nothing was sent.
            OutcomeUnknown: No answer came, repeats included. Repeating it later does no harm.
        """
        return self._writer.update(project_id, values, silent=silent)

    def read_back(
        self, project_id: int, *, timeout: float = 30.0, pause: float = 2.0, **values: Unpack[ProjectValues]
    ) -> ReadBack[Project]:
        """Read until the values are visible; as :meth:`Tasks.read_back`."""
        return self._writer.read_back(project_id, values, timeout=timeout, pause=pause)

    def find_by_key(self, key: str, *, filters: Iterable[FilterLike] = ()) -> Project | None:
        """Find the project that :meth:`create` made with this key, or ``None``; bound it by ``filters``."""
        wanted = external_id(key)
        rows = self.list(filters=filters)
        return next((found for found in rows if found.source_object_id == wanted), None)

    def files(self, project_id: int) -> tuple[File, ...]:
        """Return the files of a project: ``GET /project/{id}/files``."""
        number = positive("project", project_id)
        return tuple(self._files.walk(PAGE_LIMIT, fields=None, ids=(number,)))

    def templates(self, *, fields: Iterable[FieldKey] = ("name",)) -> tuple[Project, ...]:
        """Return the templates of projects: ``GET /project/templates``."""
        return tuple(self._templates.walk(PAGE_LIMIT, fields=field_list(fields)))

    def groups(self) -> tuple[Group, ...]:
        """Return the groups of projects: ``GET /project/groups``."""
        return self._connection.many(Group, "groups", "GET /project/groups", params={"fields": "id,name"})
