"""Users, departments, notifications, work groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crmkit.bitrix24.envelope import rows_of
from crmkit.bitrix24.models.work import Department, Group, GroupMember, User
from crmkit.bitrix24.resources.base import Resource, given
from crmkit.exceptions import NotFound

__all__ = ["Departments", "Groups", "Notifications", "Users"]


class Users(Resource):
    """Users of the portal."""

    def list(self, filter: Mapping[str, Any] | None = None) -> Iterator[User]:  # noqa: A002 - the vendor's word
        """Yield users by id (``user.get``); e.g. ``{"ACTIVE": True, "USER_TYPE": "employee"}``."""
        return self._models(User, "user.get", {"FILTER": dict(filter or {})})

    def get(self, user_id: int) -> User:
        """Return one user.

        Raises:
            NotFound: There is none, or it is a bot or system user.
        """
        rows = rows_of("user.get", self._client.call("user.get", {"FILTER": {"ID": user_id}}))
        if not rows:
            raise NotFound(f"user.get: there is no user {user_id}", method="user.get")
        return User.from_row(rows[0])

    def current(self) -> User:
        """Return the user as whom we act (``user.current``)."""
        return User.from_row(self._client.call("user.current"))

    def invite(self, email: str, *, departments: Sequence[int], **fields: Any) -> int:
        """Invite an employee and return the new user's id (``user.add``)."""
        values = {name.upper(): value for name, value in fields.items()}
        return int(self._client.call("user.add", {"EMAIL": email, "UF_DEPARTMENT": [*departments], **values}))

    def invite_extranet(self, email: str, *, groups: Sequence[int], message: str = "", **fields: Any) -> int:
        """Invite an outside partner into groups and return the new user's id (``user.add``)."""
        values = {name.upper(): value for name, value in fields.items()}
        params = {"EMAIL": email, "EXTRANET": "Y", "SONET_GROUP_ID": [*groups], **values}
        return int(self._client.call("user.add", params | given(MESSAGE_TEXT=message or None)))

    def update(self, user_id: int, **fields: Any) -> None:
        """Change a user (``user.update``)."""
        values = {name.upper(): value for name, value in fields.items()}
        self._client.call("user.update", {"ID": user_id, **values})


class Departments(Resource):
    """The company's structure."""

    def list(self) -> Iterator[Department]:
        """Yield all departments (``department.get``)."""
        return self._models(Department, "department.get", {"sort": "ID", "order": "ASC"})


class Notifications(Resource):
    """Notifications in the messenger."""

    def personal(self, user_id: int, text: str, *, tag: str = "") -> int | None:
        """Notify on behalf of the user as whom we act (``im.notify.personal.add``).

        Args:
            user_id: Who is told.
            text: BB code.
            tag: A notification with the same tag replaces the earlier one.

        Returns:
            The id, ``None`` if the user has turned such notifications off.
        """
        return self._send("im.notify.personal.add", user_id, text, tag)

    def system(self, user_id: int, text: str, *, tag: str = "") -> int | None:
        """Notify on behalf of the system (``im.notify.system.add``)."""
        return self._send("im.notify.system.add", user_id, text, tag)

    def _send(self, method: str, user_id: int, text: str, tag: str) -> int | None:
        params = {"USER_ID": user_id, "MESSAGE": text}
        if tag:
            params |= {"TAG": tag, "CLIENT_ID": "crmkit"}  # by webhook a tag only works with a client
        return int(self._client.call(method, params) or 0) or None


class Groups(Resource):
    """Work groups and projects (``sonet_group.*``, scope ``sonet_group``)."""

    def list(self, filter: Mapping[str, Any] | None = None) -> Iterator[Group]:  # noqa: A002 - the vendor's word
        """Yield the groups that this user may see; ``{"IS_EXTRANET": "Y"}`` for those with partners."""
        return self._models(Group, "sonet_group.get", {"FILTER": dict(filter or {})})

    def create(self, name: str, *, owner: int | None = None, **fields: Any) -> int:
        """Make a group and return its id (``sonet_group.create``).

        A group becomes an extranet group when a partner is added; whether the portal lets one be made as such
        depends on its settings, so look at ``is_extranet`` afterwards.
        """
        values = {name.upper(): value for name, value in fields.items()}
        params = {"NAME": name, **values} | given(OWNER_ID=owner)
        return int(self._client.call("sonet_group.create", params))

    def update(self, group_id: int, **fields: Any) -> None:
        """Change a group (``sonet_group.update``)."""
        values = {name.upper(): value for name, value in fields.items()}
        self._client.call("sonet_group.update", {"GROUP_ID": group_id, **values})

    def delete(self, group_id: int) -> None:
        """Delete a group (``sonet_group.delete``)."""
        self._client.call("sonet_group.delete", {"GROUP_ID": group_id})

    def members(self, group_id: int) -> tuple[GroupMember, ...]:
        """Return the members (``sonet_group.user.get``)."""
        rows = rows_of("sonet_group.user.get", self._client.call("sonet_group.user.get", {"ID": group_id}))
        return tuple(map(GroupMember.from_row, rows))

    def invite(self, group_id: int, users: Sequence[int], message: str = "") -> tuple[int, ...]:
        """Invite users and return who was invited (``sonet_group.user.invite``).

        Nobody is no error to the portal: members already and users without the right are left out.
        """
        params = {"GROUP_ID": group_id, "USER_ID": [*users]} | given(MESSAGE=message or None)
        result = self._client.call("sonet_group.user.invite", params)
        return tuple(map(int, rows_of("sonet_group.user.invite", result)))

    def add(self, group_id: int, users: Sequence[int]) -> tuple[int, ...]:
        """Add users without asking them; administrators only (``sonet_group.user.add``)."""
        result = self._client.call("sonet_group.user.add", {"GROUP_ID": group_id, "USER_ID": [*users]})
        return tuple(map(int, rows_of("sonet_group.user.add", result)))

    def remove(self, group_id: int, user_id: int) -> None:
        """Remove a member (``sonet_group.user.delete``)."""
        self._client.call("sonet_group.user.delete", {"GROUP_ID": group_id, "USER_ID": user_id})
