"""Business processes that run on objects, and spaces in which people work with a client."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from crmkit.crm.models.reference import EntityKind, Model, Person, Ref

__all__ = ["Invitation", "NewWorkspace", "Workflow", "WorkflowStart", "WorkflowTemplate", "Workspace"]


class WorkflowTemplate(Model):
    """A business process that can be started on objects of one kind."""

    id: str
    name: str
    key: str = ""
    """Its logical name in ``crmkit.toml``, if it has one."""
    kind: EntityKind
    """The kind of objects that it runs on."""
    parameters: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)


class WorkflowStart(Model):
    """A process to be started on an object."""

    entity: Ref
    template: str
    parameters: dict[str, Any] = Field(default_factory=dict)


class Workflow(Model):
    """A process that is running."""

    id: str
    template: str
    """The vendor's id of the template."""
    template_key: str = ""
    """Its logical name in ``crmkit.toml``, if it has one."""
    entity: Ref
    started_at: datetime | None = None
    started_by: Person | None = None


class Workspace(Model):
    """A space for the work with one client: an extranet group or collab (Bitrix24), a project (Planfix)."""

    id: str
    title: str
    company: Ref | None = None
    owner: Person | None = None
    external: bool = False
    """Whether people of the client can be in it."""
    members: tuple[Person, ...] = ()
    key: str = ""
    url: str = ""
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def ref(self) -> Ref:
        """The reference to this space."""
        return Ref(kind="workspace", id=self.id, name=self.title)


class NewWorkspace(Model):
    """A space to be created for a client."""

    title: str
    description: str = ""
    company: Ref | None = None
    owner: Person | None = None
    members: tuple[Person, ...] = ()
    external: bool = True


class Invitation(Model):
    """Somebody at the client's side who is to be let into a space."""

    email: str
    name: str = ""
    last_name: str = ""
    contact: Ref | None = None
