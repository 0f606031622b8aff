"""What a recipe may want done: plain data with an idempotency key. The runtime does it, never the recipe."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator

from crmkit.automation.messages import Message
from crmkit.automation.values import decode, encode
from crmkit.crm.models import (
    DealChanges,
    EntityKind,
    Invitation,
    NewCompany,
    NewDeal,
    NewStep,
    NewTask,
    NewWorkspace,
    Person,
    Ref,
    StepChanges,
    TaskChanges,
    TaskState,
)

__all__ = [
    "Action",
    "AddComment",
    "CloseStep",
    "CreateCompany",
    "CreateDeal",
    "CreateTask",
    "CreateWorkspace",
    "EditComment",
    "Invite",
    "Notify",
    "RecordStep",
    "Remember",
    "SetTaskState",
    "StartWorkflow",
    "StopWorkflow",
    "UpdateCard",
    "UpdateDeal",
    "UpdateStep",
    "UpdateTask",
    "created",
]


class _Action(BaseModel):
    """The base of all actions.

    Attributes:
        key: Identifies the effect for ever: one portal never sees two effects with one key.
        step: The recipe's own name of the step (``warn``, ``return``, …); memory is asked by it.
        episode: The round of the recipe on this entity; counted by the recipe.
        entity: Whose memory it belongs to: the entity that was decided about.
        on: What it is done to, if that is something else: the deal of a company, say.
        reason: Why, for the plan, the ledger and the report.
        data: Facts that the recipe wants back from its memory.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    step: str
    episode: int = 1
    entity: Ref
    on: Ref | None = None
    reason: Message
    data: dict[str, Any] = Field(default_factory=dict)

    @property
    def target(self) -> Ref:
        """What it is done to."""
        return self.on or self.entity

    @field_serializer("data", when_used="json")
    def _keep_data(self, data: dict[str, Any]) -> dict[str, Any]:
        return _kept(data)

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
        return {**plain, "fields": _kept(changes.fields)}

    @field_validator("changes", mode="before")
    @classmethod
    def _restore_changes(cls, value: Any) -> Any:
        return _with_fields(value)


class CreateDeal(_Action):
    """Create a deal; its id is in the outcome's ``remote_id``.

    Later actions of the same decision may point at what an earlier one creates, before it has an id: the
    reference ``created(key)`` stands for it and is replaced when the action is carried out.

    Example:
        >>> created("auto_deal:company:7:deal")
        Ref(kind='deal', id='@auto_deal:company:7:deal')
    """

    kind: Literal["create_deal"] = "create_deal"
    deal: NewDeal

    @field_serializer("deal", when_used="json")
    def _keep_deal(self, deal: NewDeal) -> dict[str, Any]:
        plain = deal.model_dump(mode="json", exclude={"fields"})
        return {**plain, "fields": _kept(deal.fields)}

    @field_validator("deal", mode="before")
    @classmethod
    def _restore_deal(cls, value: Any) -> Any:
        return _with_fields(value)


class CreateCompany(_Action):
    """Create a company; its id is in the outcome's ``remote_id``."""

    kind: Literal["create_company"] = "create_company"
    company: NewCompany

    @field_serializer("company", when_used="json")
    def _keep_company(self, company: NewCompany) -> dict[str, Any]:
        plain = company.model_dump(mode="json", exclude={"fields"})
        return {**plain, "fields": _kept(company.fields)}

    @field_validator("company", mode="before")
    @classmethod
    def _restore_company(cls, value: Any) -> Any:
        return _with_fields(value)


class UpdateCard(_Action):
    """Change custom fields (logical names) of a company or contact in one write; ``None`` clears."""

    kind: Literal["update_card"] = "update_card"
    fields: dict[str, Any]

    @field_serializer("fields", when_used="json")
    def _keep_fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        return _kept(fields)

    @field_validator("fields", mode="before")
    @classmethod
    def _restore_fields(cls, fields: Any) -> Any:
        return decode(fields)


class UpdateTask(_Action):
    """Change a task that we created: deadline, people, text, lines to tick off."""

    kind: Literal["update_task"] = "update_task"
    task_id: str
    task_kind: str
    changes: TaskChanges

    @field_serializer("changes", when_used="json")
    def _keep_changes(self, changes: TaskChanges) -> dict[str, Any]:
        return changes.model_dump(mode="json", exclude_unset=True)


class StartWorkflow(_Action):
    """Start a business process on the entity. It can not be taken back once it has done something.

    Attributes:
        template: Its logical name in ``crmkit.toml``, or the vendor's id.
        parameters: As the template wants them.
        lasts: The process is known to run at least so long, because it waits or asks a person. Only then a
            start of which the answer was lost can be told from one that never happened: while this time is
            not over, a process that is not running was never started. Otherwise a person has to look.
    """

    kind: Literal["start_workflow"] = "start_workflow"
    template: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    lasts: timedelta = timedelta(0)

    @field_serializer("parameters", when_used="json")
    def _keep_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return _kept(parameters)

    @field_validator("parameters", mode="before")
    @classmethod
    def _restore_parameters(cls, parameters: Any) -> Any:
        return decode(parameters)


class StopWorkflow(_Action):
    """Stop a running process; one that has ended already is no error. What it has done stays done."""

    kind: Literal["stop_workflow"] = "stop_workflow"
    workflow_id: str
    text: str = ""


class CreateWorkspace(_Action):
    """Create a space for the work with a client; its id is in the outcome's ``remote_id``."""

    kind: Literal["create_workspace"] = "create_workspace"
    workspace: NewWorkspace


class Invite(_Action):
    """Let somebody of the client into a space. Doing it again changes nothing."""

    kind: Literal["invite"] = "invite"
    workspace: Ref
    invitation: Invitation


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


class EditComment(_Action):
    """Replace the text of a comment that we wrote, notifying nobody: a status that is kept up to date."""

    kind: Literal["edit_comment"] = "edit_comment"
    comment_id: str
    text: str


class RecordStep(_Action):
    """Record a next step where the portal's calendar shows it; its id is in the outcome's ``remote_id``."""

    kind: Literal["record_step"] = "record_step"
    record: NewStep


class UpdateStep(_Action):
    """Change a recorded step: when it is, or whose it is."""

    kind: Literal["update_step"] = "update_step"
    step_id: str
    changes: StepChanges

    @field_serializer("changes", when_used="json")
    def _keep_changes(self, changes: StepChanges) -> dict[str, Any]:
        return changes.model_dump(mode="json", exclude_unset=True)


class CloseStep(_Action):
    """Complete a recorded step with its result."""

    kind: Literal["close_step"] = "close_step"
    step_id: str
    result: str


class Remember(_Action):
    """Write into the memory of the recipe only; the portal is not touched."""

    kind: Literal["remember"] = "remember"


Action = Annotated[
    UpdateDeal
    | CreateDeal
    | CreateCompany
    | UpdateCard
    | AddComment
    | Notify
    | CreateTask
    | UpdateTask
    | SetTaskState
    | StartWorkflow
    | StopWorkflow
    | CreateWorkspace
    | Invite
    | EditComment
    | RecordStep
    | UpdateStep
    | CloseStep
    | Remember,
    Field(discriminator="kind"),
]


def created(key: str, kind: EntityKind = "deal") -> Ref:
    """Return a reference to what the action with this key is going to create."""
    return Ref(kind=kind, id=f"@{key}")


def _kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by name as plain JSON, each as it can be restored."""
    return {name: encode(value) for name, value in values.items()}


def _with_fields(value: Any) -> Any:
    if isinstance(value, Mapping) and isinstance(value.get("fields"), Mapping):
        return {**value, "fields": {name: decode(part) for name, part in value["fields"].items()}}
    return value
