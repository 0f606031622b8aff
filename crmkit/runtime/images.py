"""Before- and after-images: exactly what an action changes, by logical name; how they compare."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from crmkit.automation.memory import DEAL_PARTS
from crmkit.crm.models import Company, Contact, Deal, DealChanges, Stage, Task, TaskChanges
from crmkit.exceptions import RecipeError

__all__ = [
    "Changes",
    "Standing",
    "Thing",
    "alike",
    "different",
    "image",
    "not_taken",
    "standing",
]

Thing = Deal | Company | Contact | Task
Changes = DealChanges | TaskChanges | Mapping[str, Any]
"""Of a deal, of a task, or of the custom fields of a card."""
TASK_PARTS = ("title", "text", "assignees", "deadline")
"""The parts of a task that can be seen; its lines to tick off cannot."""
MINUTE = timedelta(minutes=1)
"""Portals keep moments to the minute."""


class Standing(Enum):
    """How a thing stands towards a change of it."""

    AFTER = "after"
    """Every value is as the change wants it."""
    BEFORE = "before"
    """Every value is still what it was before."""
    MIXED = "mixed"
    """Some are as before, some as wanted: the change took effect in part."""
    OTHER = "other"
    """Some value is neither: a person was faster."""


def image(thing: Thing, changes: Changes) -> dict[str, Any]:
    """Return what a thing has now of what the changes would change.

    Raises:
        RecipeError: A custom field is called like a part of the deal itself.

    Example:
        >>> deal = Deal(id="7", title="A", open=True, stage=Stage(id="2", key="talks"))
        >>> image(deal, DealChanges(stage="new", fields={"label": "free"}))
        {'stage': '2', 'label': None}
    """
    return {name: _present(thing, name) for name in _wanted(changes)}


def not_taken(thing: Thing, changes: Changes) -> tuple[str, ...]:
    """Return the names of what is not as the changes want it.

    Example:
        >>> deal = Deal(id="7", title="A", open=True, stage=Stage(id="2", key="talks"))
        >>> not_taken(deal, DealChanges(stage="talks", fields={"label": "free"}))
        ('label',)
    """
    return tuple(name for name, value in _wanted(changes).items() if not _is(thing, name, value))


def standing(thing: Thing, before: Mapping[str, Any], changes: Changes) -> Standing:
    """Tell whether a change of which the answer was lost has taken effect."""
    missing = not_taken(thing, changes)
    if not missing:
        return Standing.AFTER
    if different(thing, {name: before.get(name) for name in missing}):
        return Standing.OTHER
    taken = {name: before.get(name) for name in _wanted(changes) if name not in missing}
    return Standing.MIXED if different(thing, taken) else Standing.BEFORE


def different(thing: Thing, was: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of what is not as an image shows it."""
    return tuple(name for name, value in was.items() if not _same(thing, name, value))


def alike(one: Any, other: Any) -> bool:
    """Tell whether two values mean the same to a person.

    People and references count by id, moments to the minute, sets without order, one value as a set of one,
    numbers as they are written; "no value" has many spellings.

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
    if Decimal in (type(one), type(other)) and float in (type(one), type(other)):
        return Decimal(str(one)) == Decimal(str(other))
    return bool(one == other)


def _wanted(changes: Changes) -> dict[str, Any]:
    if isinstance(changes, TaskChanges):
        return {name: getattr(changes, name) for name in TASK_PARTS if name in changes.model_fields_set}
    if not isinstance(changes, DealChanges):
        return dict(changes)
    clash = set(changes.fields) & set(DEAL_PARTS)
    if clash:
        raise RecipeError(
            f"a custom field is called {', '.join(sorted(clash))}",
            hint="give the field another logical name in crmkit.toml",
        )
    own = {name: getattr(changes, name) for name in DEAL_PARTS}
    return {**{name: value for name, value in own.items() if value is not None}, **changes.fields}


def _present(thing: Thing, name: str) -> Any:
    if isinstance(thing, Task):
        return getattr(thing, name)
    if not isinstance(thing, Deal) or name not in DEAL_PARTS:
        return thing.fields.get(name)
    if name == "stage":
        return thing.stage.id if thing.stage else None
    return getattr(thing, name)


def _is(thing: Thing, name: str, wanted: Any) -> bool:
    if isinstance(thing, Deal) and name == "stage":
        return _is_stage(thing.stage, wanted)
    if isinstance(thing, Task) and name == "text" and wanted:
        return _words(wanted) in _words(thing.text)  # a provider may have written the lines below the text
    return _same(thing, name, wanted)


def _same(thing: Thing, name: str, value: Any) -> bool:
    present = _present(thing, name)
    if isinstance(thing, Deal) and name == "amount":  # a deal without an amount has none or zero
        return bool((present or 0) == (value or 0))
    return alike(present, value)


def _words(text: str) -> str:
    return " ".join(text.split())


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
