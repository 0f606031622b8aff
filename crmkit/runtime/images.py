"""Before- and after-images of a deal: exactly what an action changes, by logical name; how they compare."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from crmkit.automation.memory import DEAL_PARTS
from crmkit.crm.models import Deal, DealChanges, Stage
from crmkit.exceptions import RecipeError

__all__ = ["Standing", "alike", "different", "image", "not_taken", "standing"]

MINUTE = timedelta(minutes=1)
"""Portals keep moments to the minute."""


class Standing(Enum):
    """How a deal stands towards a change of it."""

    AFTER = "after"
    """Every value is as the change wants it."""
    BEFORE = "before"
    """Every value is still what it was before."""
    MIXED = "mixed"
    """Some are as before, some as wanted: the change took effect in part."""
    OTHER = "other"
    """Some value is neither: a person was faster."""


def image(deal: Deal, changes: DealChanges) -> dict[str, Any]:
    """Return what the deal has now of the things that the changes would change.

    Raises:
        RecipeError: A custom field is called like a part of the deal itself.

    Example:
        >>> deal = Deal(id="7", title="A", open=True, stage=Stage(id="2", key="talks"))
        >>> image(deal, DealChanges(stage="new", fields={"label": "free"}))
        {'stage': '2', 'label': None}
    """
    return {name: _present(deal, name) for name in _wanted(changes)}


def not_taken(deal: Deal, changes: DealChanges) -> tuple[str, ...]:
    """Return the names of what is not as the changes want it.

    Example:
        >>> deal = Deal(id="7", title="A", open=True, stage=Stage(id="2", key="talks"))
        >>> not_taken(deal, DealChanges(stage="talks", fields={"label": "free"}))
        ('label',)
    """
    return tuple(name for name, value in _wanted(changes).items() if not _is(deal, name, value))


def standing(deal: Deal, before: Mapping[str, Any], changes: DealChanges) -> Standing:
    """Tell whether a change of which the answer was lost has taken effect."""
    missing = not_taken(deal, changes)
    if not missing:
        return Standing.AFTER
    if different(deal, {name: before.get(name) for name in missing}):
        return Standing.OTHER
    taken = {name: before.get(name) for name in _wanted(changes) if name not in missing}
    return Standing.MIXED if different(deal, taken) else Standing.BEFORE


def different(deal: Deal, was: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of what is not as an image shows it."""
    return tuple(name for name, value in was.items() if not alike(_present(deal, name), value))


def alike(one: Any, other: Any) -> bool:
    """Tell whether two values mean the same to a person.

    People and references count by id, moments to the minute, sets without order, one value as a set of one;
    "no value" has many spellings.

    Example:
        >>> alike(("a", "b"), ["b", "a"]), alike("a", ("a",)), alike(None, ""), alike(0, None)
        (True, True, True, False)
    """
    if _is_empty(one) or _is_empty(other):
        return _is_empty(one) and _is_empty(other)
    if isinstance(one, tuple | list) or isinstance(other, tuple | list):
        return _alike_sets(_as_tuple(one), _as_tuple(other))
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs(one - other) < MINUTE
    if isinstance(one, str) and isinstance(other, str):
        return one.strip() == other.strip()
    return bool(one == other)


def _wanted(changes: DealChanges) -> dict[str, Any]:
    clash = set(changes.fields) & set(DEAL_PARTS)
    if clash:
        raise RecipeError(
            f"a custom field is called {', '.join(sorted(clash))}",
            hint="give the field another logical name in crmkit.toml",
        )
    own = {name: getattr(changes, name) for name in DEAL_PARTS}
    return {**{name: value for name, value in own.items() if value is not None}, **changes.fields}


def _present(deal: Deal, name: str) -> Any:
    if name == "stage":
        return deal.stage.id if deal.stage else None
    return getattr(deal, name) if name in DEAL_PARTS else deal.fields.get(name)


def _is(deal: Deal, name: str, wanted: Any) -> bool:
    if name == "stage":
        return _is_stage(deal.stage, wanted)
    return alike(_present(deal, name), wanted)


def _is_stage(stage: Stage | None, wanted: str) -> bool:
    return stage is not None and wanted in (stage.id, stage.key)


def _alike_sets(ones: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    left = list(others)
    for one in ones:
        twin = next((place for place, other in enumerate(left) if alike(one, other)), None)
        if twin is None:
            return False
        del left[twin]
    return not left


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _is_empty(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, str | tuple | list) and not value)
