"""Items of the checklist of a task."""

from __future__ import annotations

from crmkit.planfix.models.base import Entity, Moment, People, Reference

__all__ = ["CHECKLIST_FIELDS", "ChecklistItem"]


class ChecklistItem(Entity):
    """An item of a checklist; ``parent`` is its task, or the item it is part of."""

    name: str = ""
    is_done: bool | None = None
    parent: Reference = None
    date_time: Moment = None
    assignees: People = People()


CHECKLIST_FIELDS: tuple[str, ...] = ("id", "name", "isDone", "parent", "dateTime", "assignees")
"""All fields of an item."""
