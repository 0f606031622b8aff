"""Employees."""

from __future__ import annotations

from collections.abc import Iterator

from crmkit.crm import base
from crmkit.crm.adapters.planfix import mapping
from crmkit.crm.adapters.planfix.room import Tools, number_of
from crmkit.crm.models import User
from crmkit.exceptions import NotFound

__all__ = ["Users"]


class Users(base.Users):
    """Employees and robots. What was read is believed for a quarter of an hour."""

    def __init__(self, crm: base.Crm, tools: Tools) -> None:
        super().__init__(crm)
        self._tools = tools

    def list(self) -> Iterator[User]:
        """Yield all users, inactive ones and robots too: ``POST /user/list``."""
        robots = self._tools.account.robots()
        return (mapping.user(one, robots) for one in self._tools.account.users().values())

    def get(self, user_id: str) -> User:
        """Return one user, by ``"5"`` or ``"user:5"``.

        Raises:
            NotFound: There is none with this number.
        """
        found = self._tools.account.users().get(number_of(user_id, "user"))
        if found is None:
            raise NotFound(f"there is no user {user_id}", hint="see crm.users.list()")
        return mapping.user(found, self._tools.account.robots())
