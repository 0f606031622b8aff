"""Spaces for the work with a client: projects of Planfix with the client as their counterparty."""

from __future__ import annotations

from typing import Any

from crmkit.crm import base
from crmkit.crm.adapters.planfix.capabilities import CAPABILITIES
from crmkit.crm.adapters.planfix.room import Tools, number_of
from crmkit.crm.adapters.planfix.values import person_in, person_out
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import NewWorkspace, Ref, Workspace, WriteResult
from crmkit.exceptions import NotFound, Unsupported
from crmkit.planfix import external_id
from crmkit.planfix import models as planfix
from crmkit.planfix.text import without_emoji

__all__ = ["Workspaces"]

PROJECT_FIELDS = (
    "name",
    "description",
    "owner",
    "counterparty",
    "assignees",
    "participants",
    "isDeleted",
    "sourceObjectId",
)
MARK = "crmkit:"
"""Begins the line of the description that holds the key: what the vendor keeps of it is a fingerprint."""


class Workspaces(base.Workspaces):
    """Projects. Only employees work in them; clients see single tasks to which they are invited."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def create(self, workspace: NewWorkspace, *, key: str) -> WriteResult:
        """Create a project: ``POST /project/``.

        Raises:
            Unsupported: An external space was asked for; see :meth:`why_not_external`.
            OutcomeUnknown: The answer was lost; look with :meth:`find_by_key`.
        """
        if workspace.external:
            hint = f"{self.why_not_external()}; ask for a space with external=False"
            raise Unsupported("planfix", Capability.EXTRANET_GROUPS.value, hint=hint)
        values: dict[str, Any] = {
            "name": without_emoji(workspace.title),
            "description": "\n\n".join(filter(None, (workspace.description, f"{MARK} {key}"))),
        }
        if workspace.company:
            values["counterparty"] = person_out(workspace.company)
        if workspace.owner:
            values["owner"] = person_out(workspace.owner)
        if workspace.members:
            values["assignees"] = tuple(map(person_out, workspace.members))
        created = self._tools.client.projects.create(key=key, **values)
        return WriteResult(id=str(created.id))

    def get(self, workspace_id: str) -> Workspace:
        """Return one project: ``GET /project/{id}``.

        Raises:
            NotFound: There is none with this number.
        """
        number = number_of(workspace_id, "workspace")
        found = self._tools.client.projects.get(number, fields=PROJECT_FIELDS)
        if found.is_deleted:
            raise NotFound(f"project {number} is deleted")
        return self._space(found)

    def find_by_key(self, key: str) -> Workspace | None:
        """Find the project that was created with this key, or ``None``: the list of projects is read."""
        source = external_id(key)
        for found in self._tools.client.projects.list(fields=PROJECT_FIELDS):
            if not found.is_deleted and (found.source_object_id == source or _key(found) == key):
                return self._space(found)
        return None

    def why_not_external(self) -> str:
        """Return why no external space can be made: nothing is sent."""
        return CAPABILITIES.reasons[Capability.EXTRANET_GROUPS]

    def _space(self, found: planfix.Project) -> Workspace:
        client = found.counterparty
        everyone = (found.owner, *found.assignees.everyone, *found.participants.everyone)
        people = dict.fromkeys(person_in(one) for one in everyone if one is not None)
        return Workspace(
            id=str(found.id),
            title=found.name,
            company=Ref(kind="company", id=str(client.id), name=client.name) if client else None,
            owner=person_in(found.owner) if found.owner else None,
            members=tuple(people),
            key=_key(found),
            url=f"{self._tools.web}/project/{found.id}",
            raw=found.raw,
        )


def _key(project: planfix.Project) -> str:
    lines = (line.strip() for line in reversed(project.text.splitlines()))
    return next((line.removeprefix(MARK).strip() for line in lines if line.startswith(MARK)), "")
