"""What a recipe may want done: plain data with an idempotency key. The runtime does it, never the recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator

from crmkit.automation.messages import Message
from crmkit.automation.values import decode, encode
from crmkit.crm.models import DealChanges, NewTask, Person, Ref, TaskState

__all__ = ["Action", "AddComment", "CreateTask", "Notify", "Remember", "SetTaskState", "UpdateDeal"]


class _Action(BaseModel):
    """The base of all actions.

    Attributes:
        key: Identifies the effect for ever: one portal never sees two effects with one key.
        step: The recipe's own name of the step (``warn``, ``return``, …); memory is asked by it.
        episode: The round of the recipe on this entity; counted by the recipe.
        entity: What it is done to.
        reason: Why, for the plan, the ledger and the report.
        data: Facts that the recipe wants back from its memory.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    step: str
    episode: int = 1
    entity: Ref
    reason: Message
    data: dict[str, Any] = Field(default_factory=dict)

    @field_serializer("data", when_used="json")
    def _keep_data(self, data: dict[str, Any]) -> dict[str, Any]:
        return {name: encode(value) for name, value in data.items()}

    @field_validator("data", mode="before")
    @classmethod
    def _restore_data(cls, data: Any) -> Any:
        return decode(data)


class UpdateDeal(_Action):
    """Change a deal: stage, people and fields in one write, so that it is whole or not at all."""

    kind: Literal["update_deal"] = "update_deal"
    changes: DealChanges

    @field_serializer("changes", when_used="json")
    def _keep_changes(self, changes: DealChanges) -> dict[str, Any]:
        """Write people, dates and tuples so that a plan read from a file means the same."""
        plain = changes.model_dump(mode="json", exclude_unset=True, exclude={"fields"})
        return {**plain, "fields": {name: encode(value) for name, value in changes.fields.items()}}

    @field_validator("changes", mode="before")
    @classmethod
    def _restore_changes(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and isinstance(value.get("fields"), Mapping):
            return {**value, "fields": {name: decode(part) for name, part in value["fields"].items()}}
        return value


class AddComment(_Action):
    """Write a note into the history of the entity, notifying nobody."""

    kind: Literal["add_comment"] = "add_comment"
    text: str
    hidden: bool = False


class Notify(_Action):
    """Tell people something about the entity. All of them or none: one write."""

    kind: Literal["notify"] = "notify"
    people: tuple[Person, ...]
    text: str
    hidden: bool = False


class CreateTask(_Action):
    """Create a task for people; its id is in the outcome's ``remote_id``."""

    kind: Literal["create_task"] = "create_task"
    task: NewTask


class SetTaskState(_Action):
    """Move a task that we created to a state."""

    kind: Literal["set_task_state"] = "set_task_state"
    task_id: str
    task_kind: str
    state: TaskState


class Remember(_Action):
    """Write into the memory of the recipe only; the portal is not touched."""

    kind: Literal["remember"] = "remember"


Action = Annotated[
    UpdateDeal | AddComment | Notify | CreateTask | SetTaskState | Remember, Field(discriminator="kind")
]
