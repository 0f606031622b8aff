"""Business processes, calendar, universal lists, drive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from crmkit.bitrix24.encoding import File
from crmkit.bitrix24.envelope import as_map, rows_of
from crmkit.bitrix24.models.work import (
    CalendarEvent,
    DiskObject,
    ListElement,
    Workflow,
    WorkflowTask,
    WorkflowTemplate,
)
from crmkit.bitrix24.outcomes import Command, ExternalKey
from crmkit.bitrix24.resources.base import Client, Resource, given
from crmkit.exceptions import ValidationError
from crmkit.transport.request import Response

__all__ = ["Calendar", "Disk", "Lists", "Workflows", "document"]

_DOCUMENTS = {
    1: ("CCrmDocumentLead", "LEAD"),
    2: ("CCrmDocumentDeal", "DEAL"),
    3: ("CCrmDocumentContact", "CONTACT"),
    4: ("CCrmDocumentCompany", "COMPANY"),
    7: ("Bitrix\\Crm\\Integration\\BizProc\\Document\\Quote", "QUOTE"),
    31: ("Bitrix\\Crm\\Integration\\BizProc\\Document\\SmartInvoice", "SMART_INVOICE"),
}
_DYNAMIC = "Bitrix\\Crm\\Integration\\BizProc\\Document\\Dynamic"


def document(entity_type_id: int, item_id: int) -> tuple[str, str, str]:
    """Return how business processes name a CRM object.

    Example:
        >>> document(2, 777)
        ('crm', 'CCrmDocumentDeal', 'DEAL_777')
    """
    entity, prefix = _DOCUMENTS.get(entity_type_id) or (_DYNAMIC, f"DYNAMIC_{entity_type_id}")
    return "crm", entity, f"{prefix}_{item_id}"


class Workflows(Resource):
    """Business processes. Most of this needs an administrator."""

    def templates(self, filter: Mapping[str, Any] | None = None) -> Iterator[WorkflowTemplate]:  # noqa: A002
        """Yield the templates; upper-case names without ``=`` (``bizproc.workflow.template.list``)."""
        params = {"FILTER": _bizproc_filter(filter), "SELECT": _TEMPLATE_FIELDS}
        return self._models(WorkflowTemplate, "bizproc.workflow.template.list", params)

    def start(
        self, template_id: int, entity_type_id: int, item_id: int, parameters: Mapping[str, Any] | None = None
    ) -> str:
        """Start a process on an object and return its id (``bizproc.workflow.start``).

        The portal lets the same template run many times on one object. A lost answer is ``OutcomeUnknown``:
        see :meth:`running` before starting again.
        """
        params = {
            "TEMPLATE_ID": template_id,
            "DOCUMENT_ID": [*document(entity_type_id, item_id)],
            "PARAMETERS": dict(parameters or {}),
        }
        return str(self._client.call("bizproc.workflow.start", params))

    def running(
        self,
        entity_type_id: int | None = None,
        item_id: int | None = None,
        *,
        template_id: int | None = None,
    ) -> Iterator[Workflow]:
        """Yield the processes that run, on one object or on all (``bizproc.workflow.instances``).

        The portal drops filters that it does not understand; every row is checked again here.
        """
        wanted: dict[str, Any] = given(TEMPLATE_ID=template_id)
        if entity_type_id is not None and item_id is not None:
            module, entity, name = document(entity_type_id, item_id)
            wanted |= {"MODULE_ID": module, "ENTITY": entity, "DOCUMENT_ID": name}
        params = {"SELECT": _INSTANCE_FIELDS, "FILTER": wanted, "ORDER": {"STARTED": "ASC"}}
        for row in self._client.list("bizproc.workflow.instances", params):
            if all(str(row.get(name)) == str(value) for name, value in wanted.items()):
                yield Workflow.from_row(row)

    def terminate(self, workflow_id: str, reason: str = "") -> None:
        """Stop a process and keep its history (``bizproc.workflow.terminate``)."""
        self._client.call("bizproc.workflow.terminate", {"ID": workflow_id} | given(STATUS=reason or None))

    def kill(self, workflow_id: str) -> None:
        """Stop a process and delete its history (``bizproc.workflow.kill``)."""
        self._client.call("bizproc.workflow.kill", {"ID": workflow_id})

    def tasks(self, filter: Mapping[str, Any] | None = None) -> Iterator[WorkflowTask]:  # noqa: A002
        """Yield the assignments of processes (``bizproc.task.list``)."""
        params = {"FILTER": _bizproc_filter(filter), "ORDER": {"ID": "ASC"}, "SELECT": _TASK_FIELDS}
        return self._models(WorkflowTask, "bizproc.task.list", params)

    def complete(self, task_id: int, status: str, comment: str = "") -> None:
        """Complete an assignment with ``yes``, ``no`` or ``ok`` (``bizproc.task.complete``)."""
        numbers = {"yes": 1, "no": 2, "ok": 3}
        if status not in numbers:
            raise ValidationError(f"{status!r} is no answer to an assignment", hint="yes, no or ok")
        params = {"TASK_ID": task_id, "STATUS": numbers[status]} | given(COMMENT=comment or None)
        self._client.call("bizproc.task.complete", params)


class Calendar(Resource):
    """Calendars of users, groups and the company."""

    def list(
        self, owner: int, since: date, until: date, *, kind: str = "user", section: int | None = None
    ) -> tuple[CalendarEvent, ...]:
        """Return the entries between two days (``calendar.event.get``)."""
        period = {"from": since, "to": until}
        params = {"type": kind, "ownerId": owner, **period} | given(section=section and [section])
        rows = rows_of("calendar.event.get", self._client.call("calendar.event.get", params))
        return tuple(map(CalendarEvent.from_row, rows))

    def create(
        self,
        owner: int,
        name: str,
        start: datetime | date,
        end: datetime | date,
        *,
        section: int,
        kind: str = "user",
        **fields: Any,
    ) -> int:
        """Add an entry and return its id; days make it last all day (``calendar.event.add``)."""
        all_day = "N" if isinstance(start, datetime) else "Y"
        params = {
            "type": kind,
            "ownerId": owner,
            "name": name,
            "from": start,
            "to": end,
            "section": section,
            "skip_time": all_day,
        }
        return int(self._client.call("calendar.event.add", {**params, **fields}))

    def delete(self, event_id: int) -> None:
        """Delete an entry (``calendar.event.delete``)."""
        self._client.call("calendar.event.delete", {"id": event_id})


class Lists(Resource):
    """Universal lists.

    Args:
        client: The portal.
        kind: ``lists`` for those of the company, ``lists_socnet`` for those of groups, ``bitrix_processes``.
    """

    def __init__(self, client: Client, kind: str = "lists") -> None:
        super().__init__(client)
        self._kind = {"IBLOCK_TYPE_ID": kind}

    def elements(
        self,
        list_id: int,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - the vendor's word
    ) -> Iterator[ListElement]:
        """Yield the elements of a list by id (``lists.element.get``)."""
        params = {**self._kind, "IBLOCK_ID": list_id, "FILTER": dict(filter or {})}
        return self._models(ListElement, "lists.element.get", params)

    def add(self, list_id: int, code: str, fields: Mapping[str, Any]) -> int:
        """Add an element and return its id (``lists.element.add``).

        Args:
            list_id: The list.
            code: Its symbolic code, unique in the list; a lost answer is settled by looking for it.
            fields: ``NAME`` and ``PROPERTY_...``.
        """
        where = {**self._kind, "IBLOCK_ID": list_id}
        find = ExternalKey("lists.element.get", "CODE", code, {}, where, id_field="ID", prefix="")
        params = {**where, "ELEMENT_CODE": code, "FIELDS": dict(fields)}
        return int(self._client.run(Command("lists.element.add", params, find=find)))

    def update(self, list_id: int, element_id: int, fields: Mapping[str, Any]) -> None:
        """Replace the fields of an element: those left out are emptied (``lists.element.update``)."""
        where = {**self._kind, "IBLOCK_ID": list_id, "ELEMENT_ID": element_id}
        self._client.call("lists.element.update", {**where, "FIELDS": dict(fields)})

    def delete(self, list_id: int, element_id: int) -> None:
        """Delete an element (``lists.element.delete``)."""
        where = {**self._kind, "IBLOCK_ID": list_id, "ELEMENT_ID": element_id}
        self._client.call("lists.element.delete", where)


class Disk(Resource):
    """Files on the drive."""

    def storages(self) -> Iterator[DiskObject]:
        """Yield the drives of the company, of users and groups (``disk.storage.getList``)."""
        return self._models(DiskObject, "disk.storage.getList")

    def children(self, folder_id: int) -> Iterator[DiskObject]:
        """Yield what is in a folder (``disk.folder.getChildren``)."""
        return self._models(DiskObject, "disk.folder.getChildren", {"id": folder_id})

    def file(self, file_id: int) -> DiskObject:
        """Return a file (``disk.file.get``)."""
        return DiskObject.from_row(as_map(self._client.call("disk.file.get", {"id": file_id})))

    def make_folder(self, parent_id: int, name: str) -> DiskObject:
        """Make a folder in a folder (``disk.folder.addSubFolder``)."""
        params = {"id": parent_id, "data": {"NAME": name}}
        return DiskObject.from_row(as_map(self._client.call("disk.folder.addSubFolder", params)))

    def upload(self, folder_id: int, file: File, *, rename: bool = False) -> DiskObject:
        """Put a file into a folder (``disk.folder.uploadFile``).

        Args:
            folder_id: The folder.
            file: Name and content.
            rename: If the name is taken, give the new file another one instead of refusing.
        """
        params = {
            "id": folder_id,
            "data": {"NAME": file.name},
            "fileContent": file,
            "generateUniqueName": rename,
        }
        return DiskObject.from_row(as_map(self._client.call("disk.folder.uploadFile", params)))

    def download(self, file_id: int, path: str | Path) -> Path:
        """Save a file and return where; it appears under its name only when it is whole."""
        target = Path(path)
        address = self.file(file_id).download_url
        if not address:
            raise ValidationError(f"disk.file.get: file {file_id} has no address for download")
        part = target.with_name(f"{target.name}.part")
        with self._client.download(address) as answer, part.open("wb") as out:
            _copy(answer, out)
        return part.replace(target)

    def delete(self, file_id: int) -> None:
        """Move a file to the recycle bin (``disk.file.markDeleted``)."""
        self._client.call("disk.file.markDeleted", {"id": file_id})


def _copy(answer: Response, out: Any) -> None:
    for piece in answer.iter_bytes():
        out.write(piece)


_TEMPLATE_FIELDS = ["ID", "NAME", "MODULE_ID", "ENTITY", "DOCUMENT_TYPE", "AUTO_EXECUTE", "PARAMETERS"]
_INSTANCE_FIELDS = [
    "ID",
    "TEMPLATE_ID",
    "MODULE_ID",
    "ENTITY",
    "DOCUMENT_ID",
    "STARTED",
    "STARTED_BY",
    "MODIFIED",
    "OWNED_UNTIL",
]
_TASK_FIELDS = [
    "ID",
    "WORKFLOW_ID",
    "NAME",
    "DESCRIPTION",
    "DOCUMENT_ID",
    "DOCUMENT_NAME",
    "USER_ID",
    "STATUS",
]


def _bizproc_filter(given_filter: Mapping[str, Any] | None) -> dict[str, Any]:
    """Refuse what these methods would silently drop: lower case and the prefix ``=``."""
    for name in given_filter or {}:
        bare = name.lstrip("!<>=")
        if name.startswith("=") or bare != bare.upper():
            raise ValidationError(
                f"{name!r}: business processes drop such a filter", hint="NAME, !NAME, >NAME"
            )
    return dict(given_filter or {})
