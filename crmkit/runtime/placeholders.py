"""References to what an earlier action is going to create: ``@KEY`` until the id is known.

In texts that are written into the portal it is ``@{KEY}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from crmkit.automation.actions import Action
from crmkit.crm.models import Ref
from crmkit.exceptions import RecipeError
from crmkit.runtime.records import ActionRecord, ActionStatus

__all__ = ["ids_of", "keys_in", "require_none", "resolved"]

T = TypeVar("T")
MARK = "@"
IDS = ("task_id", "workflow_id", "comment_id", "step_id")
"""What points at something by its bare id."""
TEXTS = ("text",)
"""What may speak of something by its id."""
IN_TEXT = re.compile(r"@\{(\w+:[^{}\s]+)\}")
"""Keys begin with the name of their recipe: what people write in braces is left alone."""


def keys_in(actions: Iterable[Action]) -> set[str]:
    """Return the keys of the actions whose creations these actions point at."""
    return {key for action in actions for key in _keys(action)}


def ids_of(records: Mapping[str, ActionRecord]) -> dict[str, str]:
    """Return the ids of what these effects have created, by key."""
    return {
        key: record.remote_id
        for key, record in records.items()
        if record.status is ActionStatus.DONE and record.remote_id
    }


def resolved(action: Action, ids: Mapping[str, str]) -> Action:
    """Return an action with real ids in the place of those placeholders that are known by now.

    Example:
        >>> from crmkit.automation import AddComment, Message, created
        >>> deal = created("k")
        >>> note = AddComment(key="n", step="note", entity=deal, reason=Message(key="m"), text="hello")
        >>> resolved(note, {"k": "71"}).entity
        Ref(kind='deal', id='71')
    """
    return _with_ids(action, ids) if ids else action


def require_none(action: Action) -> None:
    """Do nothing if an action has no placeholder left.

    Raises:
        RecipeError: It points at something that does not exist yet: it has to wait.
    """
    waiting = sorted(_keys(action))
    if waiting:
        raise RecipeError(
            f"{action.key} waits for what {', '.join(waiting)} is to create",
            hint="see what became of that: crmkit runs show; then: crmkit runs retry",
        )


def _keys(value: Any) -> Iterable[str]:
    if isinstance(value, Ref):
        if value.id.startswith(MARK):
            yield value.id.removeprefix(MARK)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            part = getattr(value, name)
            if name in IDS and str(part).startswith(MARK):
                yield part.removeprefix(MARK)
            if name in TEXTS and isinstance(part, str):
                yield from IN_TEXT.findall(part)
            yield from _keys(part)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _keys(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _keys(part)


def _with_ids(value: T, ids: Mapping[str, str]) -> T:
    found: Any = value
    if isinstance(value, Ref):
        found = value.model_copy(update={"id": _id(value.id, ids)})
    elif isinstance(value, BaseModel):
        found = value.model_copy(update=_changed(value, ids))
    elif isinstance(value, Mapping):
        found = {name: _with_ids(part, ids) for name, part in value.items()}
    elif isinstance(value, tuple | list):
        found = type(value)(_with_ids(part, ids) for part in value)
    same: T = found
    return same


def _changed(value: BaseModel, ids: Mapping[str, str]) -> dict[str, Any]:
    """Return only what is different afterwards, so that what was not given stays not given."""
    changed = {}
    for name in value.model_fields_set:
        part = getattr(value, name)
        if name in TEXTS and isinstance(part, str):
            fresh: Any = IN_TEXT.sub(lambda found: ids.get(found[1], found[0]), part)
        else:
            fresh = _id(part, ids) if name in IDS else _with_ids(part, ids)
        if fresh is not part and fresh != part:
            changed[name] = fresh
    return changed


def _id(text: str, ids: Mapping[str, str]) -> str:
    return ids.get(text.removeprefix(MARK), text) if text.startswith(MARK) else text
