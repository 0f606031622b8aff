"""Values that JSON does not know, written so that the same values come back: people, dates, moments, tuples.

Plans are kept in files and the ledger keeps before-images; both have to give back exactly what was there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from pydantic import BaseModel

from crmkit.crm.models import Person, Ref
from crmkit.exceptions import RecipeError

__all__ = ["decode", "encode", "keep_model"]

_MODELS: dict[str, type[BaseModel]] = {"$person": Person, "$ref": Ref}
_SINGLE: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "$moment": (datetime, datetime.isoformat, datetime.fromisoformat),  # before date: a datetime is one too
    "$date": (date, date.isoformat, date.fromisoformat),
    "$decimal": (Decimal, str, Decimal),
}


def keep_model(tag: str, model: type[BaseModel]) -> None:
    """Let a further model be kept, under a tag of its own."""
    _MODELS[tag] = model


def encode(value: Any) -> Any:
    """Return a value as plain JSON; :func:`decode` gives it back.

    Raises:
        RecipeError: The value is of a type that cannot be kept.

    Example:
        >>> encode({"owner": Person(id="5"), "until": date(2025, 3, 9)})
        {'owner': {'$person': {'kind': 'user', 'id': '5', 'name': ''}}, 'until': {'$date': '2025-03-09'}}
        >>> decode(encode((1, "a"))) == (1, "a")
        True
    """
    if isinstance(value, BaseModel):
        return _encode_model(value)
    if isinstance(value, Mapping):
        plain = {str(key): encode(part) for key, part in value.items()}
        return {"$map": plain} if _is_tag(plain) else plain
    if isinstance(value, tuple | list):
        parts = [encode(part) for part in value]
        return {"$tuple": parts} if isinstance(value, tuple) else parts
    return _encode_single(value)


def decode(value: Any) -> Any:
    """Return what :func:`encode` was given; values that are not encoded stay as they are."""
    if isinstance(value, list):
        return [decode(part) for part in value]
    if not isinstance(value, dict):
        return value
    if not _is_tag(value):
        return {key: decode(part) for key, part in value.items()}
    ((tag, inner),) = value.items()
    return _decode_tagged(tag, inner)


def _decode_tagged(tag: str, inner: Any) -> Any:
    if tag in _MODELS:
        return _MODELS[tag].model_validate(decode(inner))
    if tag in _SINGLE:
        return _SINGLE[tag][2](inner)
    if tag == "$tuple":
        return tuple(decode(part) for part in inner)
    return {key: decode(part) for key, part in inner.items()} if tag == "$map" else {tag: inner}


def _encode_single(value: Any) -> Any:
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    for tag, (kind, dump, _) in _SINGLE.items():
        if isinstance(value, kind):
            return {tag: dump(value)}
    raise RecipeError(
        f"a value of type {type(value).__name__} cannot be kept",
        hint="use text, numbers, dates, people, or tuples of these",
    )


def _encode_model(value: BaseModel) -> Any:
    for tag, model in _MODELS.items():
        if type(value) is model:
            return {tag: {name: encode(getattr(value, name)) for name in model.model_fields}}
    raise RecipeError(f"a {type(value).__name__} cannot be kept", hint="keep its id or its reference")


def _is_tag(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith("$")
