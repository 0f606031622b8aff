"""The conditions of one list, checked against what that list knows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import tzinfo
from typing import Any

from crmkit.exceptions import ValidationError
from crmkit.planfix.checks import items
from crmkit.planfix.filters.terms import Filter

__all__ = ["FilterLike", "bodies"]

FilterLike = Filter | tuple[Filter, ...] | list[Filter]
"""A condition, or several that must all hold (the vendor knows no other way to join them)."""

_TAKES: dict[str, tuple[Collection[int], ...]] = {
    "POST /task/list": (range(1, 1000),),
    "POST /contact/list": ((1, 2, 12, 38, 47, 48, 93), range(4000, 5000)),
    "POST /project/list": (range(5000, 6000),),
    "POST /user/list": (range(9000, 10_000),),
    "POST /datatag/{id}/entry/list": ((5, 10, 51), range(3100, 3200)),
    "POST /directory/{id}/entry/list": (range(6000, 6200),),
    "POST /comment/list": (range(3000, 3100),),
}
"""The numbers of each list's filters. A list is said to ignore what it does not know, and to come whole."""


def bodies(filters: Iterable[FilterLike], zone: tzinfo, operation: str = "") -> list[dict[str, Any]]:
    """Return the ``filters`` of a list body; all of them must hold.

    Args:
        filters: The conditions.
        zone: The zone of the token's owner.
        operation: The list, for example ``POST /task/list``; unknown ones take any condition.

    Raises:
        ValidationError: Something is no condition, or belongs to another list.
    """
    if isinstance(filters, Filter):
        raise ValidationError("filters: one condition where a list is expected", hint="write filters=[…]")
    flat: list[dict[str, Any]] = []
    for one in items("filters", filters):
        for single in one if isinstance(one, tuple | list) else (one,):
            if not isinstance(single, Filter):
                raise ValidationError(
                    f"filters: {type(single).__name__} is no condition", hint="finish it, as in status.is_(5)"
                )
            if not _takes(operation, single.type):
                raise ValidationError(
                    f"{operation}: filter {single.type} belongs to another list",
                    hint="tasks have theirs in planfix.filters, contacts in planfix.filters.contacts, …",
                )
            flat.append(single.body(zone))
    return flat


def _takes(operation: str, number: int) -> bool:
    return operation not in _TAKES or any(number in some for some in _TAKES[operation])
