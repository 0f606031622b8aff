"""Who may do what with CRM items: roles, as an administrator gives them in the portal's settings.

The API has no methods for roles; :attr:`Portal.roles` is set by a seed or a test. Administrators may
everything, and so may whoever has no role, which is simpler than the vendor's ready-made roles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmkit.sandbox.bitrix24.exceptions import RestError

if TYPE_CHECKING:
    from crmkit.sandbox.bitrix24.conditions import Row
    from crmkit.sandbox.bitrix24.kinds import Kind
    from crmkit.sandbox.bitrix24.portal import Portal

__all__ = [
    "ADD",
    "ALL",
    "DELETE",
    "DEPARTMENT",
    "IMPORT",
    "NONE",
    "OWN",
    "READ",
    "UPDATE",
    "Role",
    "leads",
    "may",
    "need",
    "need_intranet",
    "need_old",
    "reads_any",
    "sees",
    "sees_owners",
]

NONE, OWN, DEPARTMENT, ALL = "", "A", "D", "X"
READ, ADD, UPDATE, DELETE, IMPORT = "read", "add", "update", "delete", "import"
REFUSALS = {READ: "You do not have permission to view this item"}
Test = Callable[["Row"], bool]


@dataclass(frozen=True)
class Role:
    """A role of the CRM.

    Attributes:
        name: As people see it.
        rights: By type of items, or by ``(type, pipeline)``: which of ``read``, ``add``, ``update``,
            ``delete`` and ``import`` it has, and how far: ``A`` own items, ``D`` those of the own
            departments, ``X`` all. What is not named is forbidden.
    """

    name: str
    rights: Mapping[int | tuple[int, int], Mapping[str, str]] = field(default_factory=dict)

    def level(self, entity_type: int, category: int, action: str) -> str:
        """Return how far a right reaches."""
        found = self.rights.get((entity_type, category), self.rights.get(entity_type, {}))
        return found.get(action, NONE)


def leads(portal: Portal, head: int, user: int) -> bool:
    """Tell whether somebody is the head of a department of a colleague, or of one above it."""
    person = portal.users.get(user)
    todo = list(person.departments) if person else []
    seen: set[int] = set()
    while todo:
        department = portal.departments.get(todo.pop())
        if department is None or department.id in seen:
            continue
        if department.head == head and user != head:
            return True
        seen.add(department.id)
        todo.append(department.parent)
    return False


def may(portal: Portal, user: int, kind: Kind, row: Row, action: str) -> bool:
    """Tell whether somebody may do something with an item; of a new one, pipeline and responsible count."""
    role = _role(portal, user)
    if role is None:
        return True
    level = role.level(kind.id, row.get("CATEGORY_ID") or 0, action)
    responsible = row.get("ASSIGNED_BY_ID") or user
    if level == DEPARTMENT:
        colleague = portal.users.get(responsible)
        mine = set(portal.users[user].departments)
        return responsible == user or (colleague is not None and not mine.isdisjoint(colleague.departments))
    return level == ALL or (level == OWN and responsible == user)


def need(portal: Portal, user: int, kind: Kind, row: Row, action: str) -> None:
    """Refuse what somebody may not do, as the universal methods do it.

    Raises:
        RestError: ``ACCESS_DENIED``, or ``allowed_only_intranet_user`` to guests.
    """
    need_intranet(portal, user)
    if not may(portal, user, kind, row, action):
        raise RestError("ACCESS_DENIED", REFUSALS.get(action, "Access denied"))


def need_intranet(portal: Portal, user: int) -> None:
    """Refuse guests, as the universal methods do it.

    Raises:
        RestError: Somebody is one.
    """
    if portal.users[user].extranet:
        raise RestError("allowed_only_intranet_user", "This action is allowed only for intranet users", 403)


def need_old(portal: Portal, user: int, kind: Kind, row: Row, action: str) -> None:
    """Refuse what somebody may not do, as the old methods do it: without a code.

    Raises:
        RestError: They may not.
    """
    if portal.users[user].extranet or not may(portal, user, kind, row, action):
        raise RestError("", "Access denied")


def sees(portal: Portal, user: int, kind: Kind) -> Test | None:
    """Return which items of a list somebody sees; ``None`` for all."""
    if portal.users[user].extranet:
        return lambda row: False
    if _role(portal, user) is None:
        return None
    return lambda row: may(portal, user, kind, row, READ)


def sees_owners(portal: Portal, user: int, kind: Kind) -> Test | None:
    """Return which rows somebody sees that belong to items (``OWNER_ID``); ``None`` for all."""
    test, items = sees(portal, user, kind), portal.items[kind.id]
    return None if test is None else lambda row: test(items.get(row["OWNER_ID"]) or {})


def reads_any(portal: Portal, user: int, kind: Kind) -> bool:
    """Tell whether somebody may read any item of a type at all."""
    role = _role(portal, user)
    categories = [*portal.categories[kind.id]] or [0]
    return not portal.users[user].extranet and (
        role is None or any(role.level(kind.id, category, READ) for category in categories)
    )


def _role(portal: Portal, user: int) -> Role | None:
    return None if portal.is_admin(user) else portal.roles.get(user)
