"""Tasks: list, read, create, change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import TypedDict, Unpack

from crmkit.planfix import filters as conditions
from crmkit.planfix.checks import is_number, positive
from crmkit.planfix.connection import Connection, FieldKey, field_list
from crmkit.planfix.filters import FilterLike
from crmkit.planfix.ids import Person, Ref, external_id, person_of
from crmkit.planfix.incremental import Changes, Cursor
from crmkit.planfix.models.base import File
from crmkit.planfix.models.custom_field import CustomField
from crmkit.planfix.models.outcome import Created, Updated
from crmkit.planfix.models.process import ObjectType, Status
from crmkit.planfix.models.task import (
    RECURRING_FIELDS,
    TASK_FIELDS,
    TASK_LIST_FIELDS,
    Priority,
    SavedFilter,
    Task,
)
from crmkit.planfix.resources import writing
from crmkit.planfix.resources.base import PAGE_LIMIT, Listing, ReadBack, Resource
from crmkit.planfix.resources.custom_fields import CustomFields, CustomValues
from crmkit.planfix.resources.objects import Objects
from crmkit.planfix.resources.writer import Writer
from crmkit.planfix.resources.writing import custom_ids

__all__ = ["TaskValues", "Tasks"]


class TaskValues(TypedDict, total=False):
    """What can be set on a task.

    ``description`` is plain text, ``description_html`` markup. People are ``user(5)`` or ``"user:5"``, never
    bare numbers; a list of people replaces the present one. ``start_date_time=None`` and
    ``end_date_time=None`` clear the dates. Moments are aware and are written in the account's zone; a
    ``date`` has no time. ``custom_fields`` maps numbers (or definitions) to Python values, ``None`` clears;
    see :func:`crmkit.planfix.fields.encode`.
    """

    name: str
    description: str
    description_html: str
    priority: Priority | str
    status: int | Status | Ref
    process_id: int
    result_checking: bool
    assigner: Person | str
    assignees: Iterable[Person | str]
    participants: Iterable[Person | str]
    auditors: Iterable[Person | str]
    counterparty: Person | str
    parent: int | Ref | Task
    template: int | Ref
    object: int | Ref | ObjectType
    project: int | Ref
    date_time: date
    start_date_time: date | None
    end_date_time: date | None
    delayed_till_date: date
    has_start_time: bool
    has_end_time: bool
    duration: int
    duration_unit: str
    duration_type: str
    in_favorites: bool
    is_summary: bool
    is_sequential: bool
    is_deleted: bool
    files: Iterable[int]
    custom_fields: CustomValues


_COLUMNS = writing.Columns(
    "task",
    {
        "name": writing.name("name"),
        "description": writing.markup("description", convert=True),
        "description_html": writing.markup("description", convert=False),
        "priority": writing.choice("priority", Priority),
        "status": writing.status("status"),
        "process_id": writing.number("processId"),
        "result_checking": writing.boolean("resultChecking"),
        "assigner": writing.party("assigner", "user", "contact"),
        "assignees": writing.people("assignees"),
        "participants": writing.people("participants"),
        "auditors": writing.people("auditors"),
        "counterparty": writing.party("counterparty", "contact"),
        "parent": writing.reference("parent"),
        "template": writing.reference("template"),
        "object": writing.reference("object"),
        "project": writing.reference("project"),
        "date_time": writing.moment("dateTime"),
        "start_date_time": writing.moment("startDateTime"),
        "end_date_time": writing.moment("endDateTime"),
        "delayed_till_date": writing.moment("delayedTillDate"),
        "has_start_time": writing.boolean("hasStartTime"),
        "has_end_time": writing.boolean("hasEndTime"),
        "duration": writing.number("duration"),
        "duration_unit": writing.word("durationUnit", "Minute", "Hour", "Day", "Week", "Month"),
        "duration_type": writing.word("durationType", "CalendarDays", "WorkerDays"),
        "in_favorites": writing.boolean("inFavorites"),
        "is_summary": writing.boolean("isSummary"),
        "is_sequential": writing.boolean("isSequential"),
        "is_deleted": writing.boolean("isDeleted"),
        "files": writing.references("files"),
    },
    clearable={"start_date_time": "hasStartDate", "end_date_time": "hasEndDate"},
)


class Tasks(Resource):
    """``/task/*``. Tasks cannot be removed by the API.

    Every method may raise the errors of :meth:`crmkit.transport.session.Transport.send`:
    ``AuthenticationError``, ``PermissionDenied``, ``NotFound``, ``RateLimited``, ``QuotaExhausted``,
    ``ServerError``, ``TransportError``.
    """

    def __init__(self, connection: Connection, custom_fields: CustomFields) -> None:
        super().__init__(connection)
        self._objects = Objects(connection)
        self._writer = Writer(connection, "task", _COLUMNS, custom_fields, self.get)
        self._listing = Listing(connection, Task, "POST /task/list", "tasks")
        self._templates = Listing(connection, Task, "GET /task/templates", "templates")
        self._recurring = Listing(connection, Task, "GET /task/recurring", "tasks")

    def list(
        self,
        *,
        filters: Iterable[FilterLike] = (),
        filter_id: str | None = None,
        fields: Iterable[FieldKey] = TASK_LIST_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
        page_size: int = PAGE_LIMIT,
        run_as: Person | str | None = None,
        only_changed: bool = False,
        source_id: str | None = None,
    ) -> Iterator[Task]:
        """Yield all tasks that satisfy every condition, ordered by id.

        ``POST /task/list``, one request per 99 rows.

        Args:
            filters: Conditions from :mod:`crmkit.planfix.filters`.
            filter_id: A filter saved in the web interface, see :meth:`saved_filters`.
            fields: What to read; all system fields by default. Fewer is faster for the portal.
            custom_fields: Custom fields to read besides, by number.
            page_size: Rows per request, 2..100.
            run_as: As whom to look, for tokens of administrators.
            only_changed: Only what differs from the data of the source, for a synchronisation that keeps
                ``sourceDataVersion``. Newer descriptions know it for contacts only.
            source_id: The source, a UUID, whose ids are read and compared.

        Raises:
            ValidationError: A condition or field does not fit; nothing was sent.
            IncompleteList: The list could not be read to its end.
        """
        return self._listing.walk(
            page_size,
            fields=field_list(fields, custom_fields),
            filters=filters,
            filterId=filter_id,
            runAsUserId=_run_as(run_as),
            onlyChanged=only_changed or None,
            sourceId=source_id,
        )

    def changes(
        self,
        cursor: Cursor,
        *,
        filters: Iterable[FilterLike] = (),
        fields: Iterable[FieldKey] = TASK_LIST_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
        page_size: int = PAGE_LIMIT,
    ) -> Changes[Task]:
        """Return one pass over the tasks that were changed or commented since the last one.

        ``POST /task/list`` with filter 79; see :mod:`crmkit.planfix.incremental`.

        Args:
            cursor: Where the last pass ended; ``Cursor()`` reads all, ``Cursor(day)`` from a day on.
            filters: Further conditions.
            fields: What to read; a row counts as changed if any of it differs.
            custom_fields: Custom fields to read besides, by number.
            page_size: Rows per request, 2..100.

        Example:
            ``changes = planfix.tasks.changes(Cursor.from_text(text))``, ``for task in changes: …``,
            ``text = changes.cursor.to_text()``
        """
        asked = (*fields, "dateOfLastUpdate", "dateOfLastComment")
        narrowed, extra = tuple(filters), tuple(custom_fields)

        def read(since: date | None) -> Iterator[Task]:
            changed = [conditions.last_activity.since(since)] if since else []
            return self.list(
                filters=[*narrowed, *changed], fields=asked, custom_fields=extra, page_size=page_size
            )

        return Changes(
            read, _last_touch, cursor, clock=self._connection.clock, zone=self._connection.timezone
        )

    def page(
        self,
        offset: int = 0,
        size: int = PAGE_LIMIT,
        *,
        filters: Iterable[FilterLike] = (),
        filter_id: str | None = None,
        fields: Iterable[FieldKey] = TASK_LIST_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
        run_as: Person | str | None = None,
    ) -> tuple[Task, ...]:
        """Read one page; shorter than ``size`` means the last one. For a whole list use :meth:`list`."""
        return self._listing.page(
            offset,
            size,
            fields=field_list(fields, custom_fields),
            filters=filters,
            filterId=filter_id,
            runAsUserId=_run_as(run_as),
        )

    def get(
        self,
        task_id: int,
        *,
        fields: Iterable[FieldKey] = TASK_FIELDS,
        custom_fields: Iterable[int | CustomField] = (),
    ) -> Task:
        """Read one task: ``GET /task/{id}``.

        Raises:
            NotFound: There is none with this number, or this token may not see it.
        """
        params = {"fields": field_list(fields, custom_fields)}
        return self._connection.one(Task, "task", "GET /task/{id}", positive("task", task_id), params=params)

    def create(self, *, key: str = "", **values: Unpack[TaskValues]) -> Created:
        """Create a task: ``POST /task/``. Never repeated blindly.

        Args:
            key: A key of the caller's; it is stored as ``sourceObjectId`` and :meth:`find_by_key` looks for
                it.
            **values: See :class:`TaskValues`; ``name`` is needed.

        With an ``object``, custom fields that are not attached to it are refused: it is asked once which are.

        Raises:
            ValidationError: A value does not fit (nothing was sent), or the portal refused it.
            OutcomeUnknown: The answer was lost: look with :meth:`find_by_key` before trying again.
        """
        self._check_fields(_object_in(values), values)
        return self._writer.create(values, key)

    def update(
        self, task_id: int, *, silent: bool = False, of_object: int = 0, **values: Unpack[TaskValues]
    ) -> Updated:
        """Change a task: ``POST /task/{id}``. Setting fields to values may be repeated, so lost answers are.

        Args:
            task_id: Its number.
            silent: Do not log it and notify nobody. Whether scenarios fire is not documented.
            of_object: The object that the task is of: custom fields that are not attached to it are refused.
            **values: See :class:`TaskValues`.

        Returns:
            Applied, or queued (HTTP 202: something else is changing the task), with the fields that were not
            changed. Even "applied" does not prove that a value was stored: :meth:`read_back` does.

        Raises:
            ValidationError: A value does not fit; nothing was sent.
            OutcomeUnknown: No answer came, repeats included. Repeating it later does no harm.
        """
        self._check_fields(_object_in(values) or of_object, values)
        return self._writer.update(task_id, values, silent=silent)

    def read_back(
        self, task_id: int, *, timeout: float = 30.0, pause: float = 2.0, **values: Unpack[TaskValues]
    ) -> ReadBack[Task]:
        """Read a task until the values are visible, at most so many seconds, and tell which are not.

        Args:
            task_id: Its number.
            timeout: Seconds to go on reading, on the client's clock; 0 reads once.
            pause: Seconds between two reads.
            **values: What was written.
        """
        return self._writer.read_back(task_id, values, timeout=timeout, pause=pause)

    def find_by_key(
        self,
        key: str,
        *,
        since: date | None = None,
        filters: Iterable[FilterLike] = (),
        fields: Iterable[FieldKey] = TASK_LIST_FIELDS,
    ) -> Task | None:
        """Find the task that :meth:`create` made with this key, or ``None``.

        The API cannot search by it, so the list is read: bound it by ``since`` and ``filters``. Whether the
        portal gives ``sourceObjectId`` back in lists is documented, not proven.

        Args:
            key: The caller's key.
            since: The day on which it was created at the earliest, in the token owner's zone.
            filters: Further conditions, for example on the object.
            fields: What to read of the task.
        """
        wanted = external_id(key)
        created = [conditions.created.since(since - timedelta(days=1))] if since else []
        rows = self.list(filters=[*filters, *created], fields=(*fields, "sourceObjectId"))
        return next((task for task in rows if task.source_object_id == wanted), None)

    def templates(self, *, fields: Iterable[FieldKey] = ("name",)) -> tuple[Task, ...]:
        """Return the templates of tasks: ``GET /task/templates``."""
        return tuple(self._templates.walk(PAGE_LIMIT, fields=field_list(fields)))

    def recurring(
        self, *, fields: Iterable[FieldKey] = RECURRING_FIELDS, page_size: int = PAGE_LIMIT
    ) -> Iterator[Task]:
        """Yield the tasks that come again, ``recurrence`` tells when: ``GET /task/recurring``."""
        return self._recurring.walk(page_size, fields=field_list(fields))

    def files(self, task_id: int, *, only_from_description: bool = False) -> tuple[File, ...]:
        """Return the files of a task, those of its comments too: ``GET /task/{id}/files``."""
        params = {"onlyFromDescription": "true"} if only_from_description else None
        return self._connection.many(
            File, "files", "GET /task/{id}/files", positive("task", task_id), params=params
        )

    def saved_filters(self) -> tuple[SavedFilter, ...]:
        """Return the filters that can be given as ``filter_id``: ``POST /task/filters``."""
        return self._connection.many(SavedFilter, "filters", "POST /task/filters")

    def _check_fields(self, object_id: int, values: TaskValues) -> None:
        fields = custom_ids(values)
        if object_id and fields:
            self._objects.check_attached(object_id, fields)


def _last_touch(task: Task) -> datetime | None:
    return max((at for at in (task.date_of_last_update, task.date_of_last_comment) if at), default=None)


def _run_as(person: Person | str | None) -> str | None:
    return None if person is None else str(person_of(person, field_name="run_as", kinds=("user", "contact")))


def _object_in(values: TaskValues) -> int:
    """Return the number of the object among the values, 0 if there is none."""
    given = values.get("object")
    number = getattr(given, "id", given)
    return number if is_number(number) else 0
