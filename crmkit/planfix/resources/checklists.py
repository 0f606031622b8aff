"""The checklists of tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import named, positive
from crmkit.planfix.connection import Connection, FieldKey, field_list
from crmkit.planfix.ids import Person, people_body
from crmkit.planfix.models.checklist import CHECKLIST_FIELDS, ChecklistItem
from crmkit.planfix.models.outcome import Created, Updated
from crmkit.planfix.resources.base import PAGE_LIMIT, Listing, Resource

__all__ = ["Checklists"]


class Checklists(Resource):
    """``/task/{id}/checklist/*``. Items cannot be removed by the API."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._listing = Listing(connection, ChecklistItem, "POST /task/{id}/checklist/list", "items")

    def list(
        self, task_id: int, *, fields: Iterable[FieldKey] = CHECKLIST_FIELDS, page_size: int = PAGE_LIMIT
    ) -> Iterator[ChecklistItem]:
        """Yield the items of a task: ``POST /task/{id}/checklist/list``.

        Raises:
            NotFound: There is no such task.
            IncompleteList: The list could not be read to its end.
        """
        return self._listing.walk(page_size, fields=field_list(fields), ids=(positive("task", task_id),))

    def get(
        self, task_id: int, item_id: int, *, fields: Iterable[FieldKey] = CHECKLIST_FIELDS
    ) -> ChecklistItem:
        """Read one item: ``GET /task/{id}/checklist/{itemId}``.

        Raises:
            NotFound: There is no such task or item.
        """
        return self._connection.one(
            ChecklistItem,
            "item",
            "GET /task/{id}/checklist/{itemId}",
            positive("task", task_id),
            positive("checklist item", item_id),
            params={"fields": field_list(fields)},
        )

    def create(
        self,
        task_id: int,
        name: str,
        *,
        assignees: Iterable[Person | str] = (),
        done: bool = False,
        parent: int | None = None,
    ) -> Created:
        """Add an item: ``POST /task/{id}/checklist``. Never repeated blindly.

        Args:
            task_id: The task.
            name: What is to be done.
            assignees: Who does it.
            done: Whether it is done already.
            parent: The item it is part of.

        Raises:
            ValidationError: A value does not fit; nothing was sent.
            OutcomeUnknown: The answer was lost: read the list before trying again.
        """
        body = _body(named("checklist item", name), assignees or None, done or None, parent)
        number = positive("task", task_id)
        return Created(self._connection.create("POST /task/{id}/checklist", number, json=body))

    def update(
        self,
        task_id: int,
        item_id: int,
        *,
        name: str | None = None,
        assignees: Iterable[Person | str] | None = None,
        done: bool | None = None,
        parent: int | None = None,
    ) -> Updated:
        """Change an item: ``POST /task/{id}/checklist/{itemId}``. May be repeated: it sets fields to values.

        Args:
            task_id: The task.
            item_id: The item.
            name: Its new name.
            assignees: The new list of who does it.
            done: Tick it or not.
            parent: The item it becomes part of.

        Returns:
            Always applied; 202 means here that some fields were not changed, and ``failures`` names them.

        Raises:
            ValidationError: A value does not fit, or nothing was given; nothing was sent.
        """
        body = _body(None if name is None else named("checklist item", name), assignees, done, parent)
        if not body:
            raise ValidationError("checklist item: nothing to change", hint="give at least one value")
        outcome = self._connection.update(
            "POST /task/{id}/checklist/{itemId}",
            positive("task", task_id),
            positive("checklist item", item_id),
            json=body,
        )
        return Updated(failures=outcome.failures)


def _body(
    name: str | None, assignees: Iterable[Person | str] | None, done: bool | None, parent: int | None
) -> dict[str, Any]:
    body: dict[str, Any] = {"name": name, "isDone": done}
    if assignees is not None:
        body["assignees"] = people_body(assignees, field_name="assignees")
    if parent is not None:
        body["parent"] = {"id": positive("parent", parent)}
    return {key: value for key, value in body.items() if value is not None}
