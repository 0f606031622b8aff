"""Spaces for the work with a client: groups of the portal (``sonet_group.*``) with guests from outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmkit.bitrix24 import models as bitrix24
from crmkit.crm import base
from crmkit.crm.adapters.bitrix24.room import Tools, external_id, number_of
from crmkit.crm.models import Invitation, NewWorkspace, Person, Ref, Workspace, WriteResult, WriteStatus
from crmkit.exceptions import (
    ApiError,
    CrmkitError,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    Unsupported,
    ValidationError,
)

__all__ = ["Workspaces"]

MARK = "crmkit:"
COMPANY = "company:"
SITES = ("s1", "co")
"""The portal's own site and the extranet's, as the vendor calls them."""
EXTRANET = {"IS_EXTRANET": "Y"}
NO_GUESTS = "no_extranet_field"
"""What the portal is expected to say when it has no extranet (any more)."""
SEATS = ("user_count_exceeded", "limit")
"""What the portal says when no seat is left."""
NO_GROUPS = (
    "no extranet group is visible to the token: the portal has none, or the vendor has switched new ones off "
    "in favour of collabs, which have no API"
)
WHAT_IS_LEFT = (
    "make one extranet group by hand if the portal lets you, or work without guests: external=False"
)


class Workspaces(base.Workspaces):
    """Groups and projects. Most of this needs an administrator's token."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def create(self, workspace: NewWorkspace, *, key: str) -> WriteResult:
        """Create a group: ``sonet_group.create``. The key and the company are kept among its keywords.

        The portal may drop the wish for an external group without a word; then it becomes one with its first
        guest.

        Returns:
            ``PARTIAL`` if the group is there but members could not be added, or if it is not external.

        Raises:
            Unsupported: External spaces were asked for and :meth:`why_not_external` has a reason.
            OutcomeUnknown: The answer was lost; look with :meth:`find_by_key`.
        """
        if workspace.external and (reason := self.why_not_external()):
            raise Unsupported("bitrix24", "extranet_groups", hint=f"{reason}; {WHAT_IS_LEFT}")
        owner = number_of(workspace.owner, "user") if workspace.owner else None
        members = [number_of(one, "user") for one in workspace.members]
        words = [f"{MARK}{external_id(key)}"]
        if workspace.company:
            words.append(f"{COMPANY}{number_of(workspace.company, 'company')}")
        values: dict[str, Any] = {"keywords": ", ".join(words), "visible": "N", "opened": "N"}
        if workspace.description:
            values["description"] = workspace.description
        if workspace.external:
            values["site_id"] = [*SITES]
        number = self._tools.client.groups.create(workspace.title, owner=owner, **values)
        failures = self._add_members(number, [one for one in members if one != owner])
        if workspace.external and not self._is_external(number):
            failures["external"] = "the portal made a normal group; its first guest makes it an external one"
        status = WriteStatus.PARTIAL if failures else WriteStatus.DONE
        return WriteResult(status=status, id=str(number), failures=failures)

    def get(self, workspace_id: str) -> Workspace:
        """Return one group with its members: ``sonet_group.get``, ``sonet_group.user.get``.

        Raises:
            NotFound: There is none, or the token may not see it.
        """
        number = number_of(workspace_id, "workspace")
        found = next(iter(self._tools.client.groups.list({"ID": number})), None)
        if found is None or found.id != number:
            raise NotFound(f"there is no group {number}", hint="it was deleted, or the token may not see it")
        return self._workspace(found, members=True)

    def find_by_key(self, key: str) -> Workspace | None:
        """Find the group that was created with this key, by its keywords."""
        mark = f"{MARK}{external_id(key)}"
        for found in self._all():
            if mark in _words(found):
                return self._workspace(found, members=True)
        return None

    def invite(self, workspace_id: str, invitation: Invitation) -> WriteResult:
        """Invite somebody of the client: ``user.add`` as a guest, for known ones ``sonet_group.user.add``.

        The portal sends the invitation by mail. The id of the result is that of the user.

        Raises:
            ValidationError: The address is that of an employee, or no address.
            Unsupported: The portal lets nobody in from outside.
            PermissionDenied: No seat is left, or this token may not invite.
            OutcomeUnknown: The answer was lost; calling it again is safe.
        """
        group, email = number_of(workspace_id, "workspace"), invitation.email.strip()
        known = self._user(email)
        if known is not None:
            return self._known_guest(group, known)
        names = {"name": invitation.name, "last_name": invitation.last_name}
        values = {name: value for name, value in names.items() if value}
        try:
            number = self._tools.client.users.invite_extranet(email, groups=[group], **values)
        except OutcomeUnknown:
            known = self._user(email)
            if known is None:
                raise
            number = known.id
        except ApiError as error:
            raise self._refused(error) from None
        if not self._is_external(group):
            self._tools.client.groups.add(group, [number])
        return WriteResult(id=str(number))

    def why_not_external(self) -> str:
        """Return why no external group can be made now, or an empty text; nothing is changed.

        There is no method that tells. A portal that has an extranet group is taken to be able to have more;
        see the last table of docs/providers/bitrix24.md.
        """
        if next(iter(self._tools.client.groups.list(EXTRANET)), None) is not None:
            return ""
        if any(user.is_extranet and user.active for user in self._tools.account.users().values()):
            return ""
        return NO_GROUPS

    def _known_guest(self, group: int, known: bitrix24.User) -> WriteResult:
        if not known.is_extranet:
            raise ValidationError(
                f"{known.email} is the address of an employee, user:{known.id}",
                hint="add employees as members, or take another address",
            )
        members = {one.user_id for one in self._tools.client.groups.members(group)}
        if known.id not in members:
            self._tools.client.groups.add(group, [known.id])
        return WriteResult(id=str(known.id))

    def _user(self, email: str) -> bitrix24.User | None:
        found = self._tools.client.users.list({"EMAIL": email})
        return next((one for one in found if (one.email or "").casefold() == email.casefold()), None)

    @staticmethod
    def _refused(error: ApiError) -> CrmkitError:
        if NO_GUESTS in str(error).lower():
            hint = f"the portal lets nobody in from outside; {WHAT_IS_LEFT}"
            return Unsupported("bitrix24", "extranet_groups", hint=hint)
        if any(word in str(error).lower() for word in SEATS):
            return PermissionDenied(
                error.message,
                code=error.code,
                status=error.status,
                method=error.method,
                raw=error.raw,
                hint="no seat is left: guests count towards the tariff's users",
            )
        return error

    def _add_members(self, group: int, members: list[int]) -> dict[str, str]:
        try:
            if members:
                self._tools.client.groups.add(group, members)
        except CrmkitError as error:
            return {"members": str(error)}
        return {}

    def _is_external(self, group: int) -> bool:
        found = next(iter(self._tools.client.groups.list({"ID": group})), None)
        return found is not None and found.id == group and bool(found.is_extranet)

    def _all(self) -> Iterator[bitrix24.Group]:
        return self._tools.client.groups.list()

    def _workspace(self, found: bitrix24.Group, *, members: bool) -> Workspace:
        words = _words(found)
        company = next((one.removeprefix(COMPANY) for one in words if one.startswith(COMPANY)), "")
        authors = self._tools.account.authors()
        people: tuple[Person, ...] = ()
        if members:
            rows = self._tools.client.groups.members(found.id)
            people = tuple(one for one in (authors.person(row.user_id) for row in rows) if one)
        return Workspace(
            id=str(found.id),
            title=found.name or "",
            company=Ref(kind="company", id=company) if company else None,
            owner=authors.person(found.owner_id),
            external=bool(found.is_extranet),
            members=people,
            key=next((one.removeprefix(MARK) for one in words if one.startswith(MARK)), ""),
            url=f"{self._tools.web}/workgroups/group/{found.id}/",
            raw=dict(found.raw),
        )


def _words(found: bitrix24.Group) -> tuple[str, ...]:
    given = str(found.raw.get("KEYWORDS") or "")
    return tuple(word.strip() for word in given.split(","))
