"""What the portal wraps its answers in, with every oddity taken out in one place.

The ordinary envelope is ``{"result": ..., "time": {...}, "total"?: n, "next"?: n}``. Seen besides: ``[]``
where a map is meant, a JSON list for a map whose keys happen to be 0..n-1, answers without ``result``, a
bare list (REST 3.0 batch), and errors with HTTP 200 whose ``error`` is ``""``, a number or an object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

__all__ = ["Envelope", "as_map", "is_error", "parse", "rows_of"]

_AROUND = frozenset({"time", "total", "next"})
_ROWS: dict[str, str] = {
    "crm.item.list": "items",
    "crm.stagehistory.list": "items",
    "crm.category.list": "categories",
    "crm.type.list": "types",
    "crm.item.productrow.list": "productRows",
    "crm.automatedsolution.list": "automatedSolutions",
    "tasks.task.list": "tasks",
    "tasks.task.history.list": "list",
    "tasks.flow.flow.list": "flows",
    "socialnetwork.api.workgroup.list": "workgroups",
    "userfieldconfig.list": "fields",
    "event.offline.get": "events",
    "catalog.product.list": "products",
}
"""Where the rows are, for methods that wrap them; all others answer with a bare list or one single list
inside."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One successful answer.

    Attributes:
        result: The payload, untouched; ``False``, ``None`` and ``0`` are legal results.
        total: Number of rows of a list, if the portal counted. With ``start=-1`` it means nothing.
        next: Offset of the next page, if there is one.
        time: Server times: seconds as floats, ``operating_reset_at`` as a Unix time; may be empty.
    """

    result: Any
    total: int | None = None
    next: int | None = None
    time: Mapping[str, Any] = field(default_factory=dict)


def is_error(body: Any) -> bool:
    """Tell an error from an answer: by the presence of the key, whatever its value.

    Example:
        >>> is_error({"error": "", "error_description": "Not found"}), is_error({"result": False})
        (True, False)
    """
    return isinstance(body, Mapping) and "error" in body


def parse(content: bytes | str | Any) -> Envelope:
    """Read a successful answer from its bytes, or from what JSON made of them.

    Example:
        >>> parse(b'{"result": [], "total": "0", "time": []}')
        Envelope(result=[], total=0, next=None, time={})
    """
    body = from_json(content) if isinstance(content, bytes | str) else content
    if not isinstance(body, Mapping):
        return Envelope(body)
    rest = body["result"] if "result" in body else {k: v for k, v in body.items() if k not in _AROUND}
    return Envelope(rest, _number(body.get("total")), _number(body.get("next")), as_map(body.get("time")))


def as_map(value: Any) -> dict[str, Any]:
    """Return a map where PHP may have written ``[]`` for an empty one or a list for keys 0..n-1.

    Example:
        >>> as_map([]), as_map(["a"]), as_map({"c0": 1})
        ({}, {'0': 'a'}, {'c0': 1})
    """
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    return {}


def rows_of(method: str, result: Any) -> list[Any]:
    """Return the rows of a list answer, however this method wraps them.

    Raises:
        ValueError: There is no list inside, or more than one.
    """
    if isinstance(result, list):
        return result
    if isinstance(result, Mapping):
        wrapped = result.get(_ROWS.get(method.lower(), ""))
        if wrapped is not None:
            return list(as_map(wrapped).values()) if isinstance(wrapped, Mapping) else wrapped
        lists = [value for value in result.values() if isinstance(value, list)]
        if len(lists) == 1:
            return lists[0]
        if result and all(str(key).isdigit() for key in result):
            return list(result.values())
    if not result:
        return []
    raise ValueError(f"{method}: no list in the answer")


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
