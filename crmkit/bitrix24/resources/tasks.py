"""Tasks with their checklists and records of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crmkit.bitrix24.envelope import as_map, rows_of
from crmkit.bitrix24.filters import TASKS, FilterLike, compile_filter
from crmkit.bitrix24.models.work import ChecklistItem, ElapsedTime, Task
from crmkit.bitrix24.outcomes import BatchResult, Command, ExternalKey
from crmkit.bitrix24.resources.base import Client, ModelResolver, Resource
from crmkit.bitrix24.resources.crm import owner_letter
from crmkit.exceptions import ValidationError

__all__ = ["Checklist", "ElapsedTimes", "Tasks", "crm_link"]


def crm_link(entity_type_id: int, item_id: int) -> str:
    """Return how a task names a CRM object in ``UF_CRM_TASK``.

    Example:
        >>> crm_link(2, 10), crm_link(4, 7), crm_link(128, 3)
        ('D_10', 'CO_7', 'T80_3')
    """
    return f"{owner_letter(entity_type_id)}_{item_id}"


class Tasks(Resource):
    """Tasks (``tasks.task.*``). Fields are named as in the model or in upper case."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.checklist = Checklist(client)
        self.time = ElapsedTimes(client)

    def list(
        self,
        filter: FilterLike = None,  # noqa: A002 - the vendor's word
        select: Sequence[str] = (),
    ) -> Iterator[Task]:
        """Yield all tasks that match, by id (``tasks.task.list``)."""
        names = self._names()
        params: dict[str, Any] = {"filter": compile_filter(filter, names, TASKS)}
        if select:
            params["select"] = names.select(select)
        return self._models(Task, "tasks.task.list", params)

    def of(self, entity_type_id: int, item_id: int) -> Iterator[Task]:
        """Yield the tasks of a CRM object."""
        return self.list({"UF_CRM_TASK": crm_link(entity_type_id, item_id)})

    def get(self, task_id: int, select: Sequence[str] = ()) -> Task:
        """Return one task (``tasks.task.get``)."""
        params: dict[str, Any] = {"taskId": task_id}
        if select:
            params["select"] = self._names().select(select)
        return self._one("tasks.task.get", params)

    def create(self, title: str, responsible: int, *, key: str = "", **fields: Any) -> Task:
        """Make a task (``tasks.task.add``).

        Args:
            title: Its title.
            responsible: The user who has to do it.
            key: An external key (``XML_ID``); with it a lost answer is settled by looking.
            **fields: Further fields: ``deadline``, ``group_id``, ``UF_CRM_TASK`` (see :func:`crm_link`) ...
        """
        values = {"TITLE": title, "RESPONSIBLE_ID": responsible, **self._names().values(fields)}
        find = None
        if key:
            values["XML_ID"] = key
            find = ExternalKey(
                "tasks.task.list", "XML_ID", key, wrap="task", row_name="xmlId", id_name="ID", prefix=""
            )
        result = self._client.run(Command("tasks.task.add", {"fields": values}, find=find))
        row = as_map(as_map(result).get("task"))
        return Task.from_row(row) if "title" in row else self.get(int(row["id"]))

    def update(self, task_id: int, **fields: Any) -> None:
        """Change a task (``tasks.task.update``)."""
        self._client.call("tasks.task.update", self._update(task_id, fields))

    def update_many(self, changes: Sequence[tuple[int, Mapping[str, Any]]]) -> BatchResult:
        """Change many tasks, fifty per request; one outcome each, in order."""
        self._names()
        return self._client.batch(self._changed(task_id, fields) for task_id, fields in changes)

    def complete(self, task_id: int) -> None:
        """Complete a task (``tasks.task.complete``)."""
        self._client.call("tasks.task.complete", {"taskId": task_id})

    def renew(self, task_id: int) -> None:
        """Return a task to work (``tasks.task.renew``)."""
        self._client.call("tasks.task.renew", {"taskId": task_id})

    def delegate(self, task_id: int, user_id: int) -> None:
        """Hand a task over (``tasks.task.delegate``)."""
        self._client.call("tasks.task.delegate", {"taskId": task_id, "userId": user_id})

    def delete(self, task_id: int) -> None:
        """Delete a task (``tasks.task.delete``)."""
        self._client.call("tasks.task.delete", {"taskId": task_id})

    def message(self, task_id: int, text: str) -> Any:
        """Write into the chat of a task (``tasks.task.chat.message.send``, REST 3.0)."""
        params = {"fields": {"taskId": task_id, "text": text}}
        return self._client.call_v3("tasks.task.chat.message.send", params)

    def _one(self, method: str, params: Mapping[str, Any]) -> Task:
        return Task.from_row(as_map(self._client.call(method, params))["task"])

    def _changed(self, task_id: int, fields: Mapping[str, Any]) -> Command:
        try:
            return Command("tasks.task.update", self._update(task_id, fields))
        except ValidationError as error:
            return Command("tasks.task.update", {"taskId": task_id, "fields": {}}, refused=error)

    def _update(self, task_id: int, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {"taskId": task_id, "fields": self._names().values(fields)}

    def _names(self) -> ModelResolver:
        schema = self._client.field_table.of("tasks.task.getFields", {}, "tasks.task")
        return ModelResolver(schema, Task)


class Checklist(Resource):
    """Checklists of tasks. These old methods go by the order of their parameters."""

    def list(self, task_id: int) -> tuple[ChecklistItem, ...]:
        """Return the entries of a task (``task.checklistitem.getlist``)."""
        result = self._client.call("task.checklistitem.getlist", {"TASKID": task_id})
        return tuple(map(ChecklistItem.from_row, rows_of("task.checklistitem.getlist", result)))

    def add(self, task_id: int, title: str, **fields: Any) -> int:
        """Add an entry and return its id (``task.checklistitem.add``)."""
        values = {"TITLE": title} | {name.upper(): value for name, value in fields.items()}
        return int(self._client.call("task.checklistitem.add", {"TASKID": task_id, "FIELDS": values}))

    def complete(self, task_id: int, item_id: int) -> None:
        """Tick an entry off (``task.checklistitem.complete``)."""
        self._client.call("task.checklistitem.complete", {"TASKID": task_id, "ITEMID": item_id})

    def delete(self, task_id: int, item_id: int) -> None:
        """Delete an entry (``task.checklistitem.delete``)."""
        self._client.call("task.checklistitem.delete", {"TASKID": task_id, "ITEMID": item_id})


class ElapsedTimes(Resource):
    """Records of time spent on tasks."""

    def list(self, task_id: int) -> tuple[ElapsedTime, ...]:
        """Return the records of a task (``task.elapseditem.getlist``)."""
        result = self._client.call("task.elapseditem.getlist", {"TASKID": task_id})
        return tuple(map(ElapsedTime.from_row, rows_of("task.elapseditem.getlist", result)))

    def add(self, task_id: int, seconds: int, comment: str = "", **fields: Any) -> int:
        """Add a record and return its id (``task.elapseditem.add``)."""
        values = {"SECONDS": seconds, "COMMENT_TEXT": comment}
        values |= {name.upper(): value for name, value in fields.items()}
        return int(self._client.call("task.elapseditem.add", {"TASKID": task_id, "ARFIELDS": values}))
