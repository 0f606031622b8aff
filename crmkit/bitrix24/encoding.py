"""One encoder for single calls and for batches, so that a call means the same either way.

A single call carries JSON, a command of a batch is a query string that the portal takes apart with PHP's
``parse_str``: there every value is text, there is no null and no empty array. Values are therefore brought to
the common ground first (:func:`normalise`) and only then written down as JSON (:func:`to_json`) or as a query
(:func:`to_command`).

========================  =======================================================================
given                     sent, in both forms
========================  =======================================================================
``None``                  ``""``, which clears a field
``True``, ``False``       ``"Y"``/``"N"`` in fields and filters; ``1``/``0`` in filters by user fields
                          and in plain arguments (PHP reads the text ``"False"`` as true)
aware ``datetime``        ISO 8601 with offset and whole seconds; a naive one is refused
``date``                  ``YYYY-MM-DD``
``Decimal``               plain digits, no exponent
``[]``                    ``[]``, in a batch ``name[]=``: clears a multiple field (an empty filter, order
                          or select is left out)
``{}``                    ``{}``, in a batch nothing: an empty mapping says nothing (in a list it is
                          written as ``[]``, so that the others keep their places)
:class:`File`             ``[name, base64]``
========================  =======================================================================
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from pathlib import Path
from types import NoneType
from typing import Any
from urllib.parse import quote

from crmkit.exceptions import ValidationError

__all__ = ["File", "Ref", "has_reference", "normalise", "to_command", "to_json", "to_query"]

_FIELD_HOLDERS = frozenset({"fields", "field", "arfields", "data", "items", "productrows"})
_FILTER_HOLDERS = frozenset({"filter", "arfilter"})
_EMPTY_IS_ABSENT = frozenset({"filter", "select", "order", "arfilter", "arselect", "arorder"})
_USER_FIELD = re.compile(r"[!=<>@%]*uf(?:_|crm)", re.IGNORECASE)
_REFERENCE = re.compile(r"\$(?:result|total|next|error|time)\[", re.IGNORECASE)
_PLAIN = frozenset({str, int})
"""Types that go as they are; exactly these, not their heirs: ``True`` is an ``int`` too."""
_ESCAPES = {sign: f"%{sign:02X}" for sign in range(128) if not (chr(sign).isalnum() or chr(sign) in "-._~")}
_BITS_IN_FIELDS = ("imbot.v2.", "im.v2.", "booking.", "biconnector.")
"""Modules whose documented field values are true booleans, not Y and N."""


@dataclass(frozen=True, slots=True)
class File:
    """Content of a file field.

    Example:
        >>> to_json("crm.item.add", {"fields": {"ufCrm_1": File("a.txt", b"hi")}})
        b'{"fields":{"ufCrm_1":["a.txt","aGk="]}}'
    """

    name: str
    content: bytes

    @classmethod
    def read(cls, path: str | Path) -> File:
        """Read a file from disk; it keeps its name."""
        path = Path(path)
        return cls(path.name, path.read_bytes())


@dataclass(frozen=True, slots=True)
class Ref:
    """A value that the portal takes from an earlier command of the same batch.

    Only with ``halt=True``: if the earlier command fails, the portal would otherwise put in the nearest
    existing container and carry on.

    Args:
        key: The key of the earlier command.
        path: Names and indexes inside its result; none for the whole result.
        prefix: Text in front, for example ``"D_"``. Nothing can follow a reference.

    Example:
        >>> str(Ref("deal", ("item", "id"), prefix="D_"))
        'D_$result[deal][item][id]'
    """

    key: str
    path: tuple[str | int, ...] = ()
    prefix: str = ""

    def __str__(self) -> str:
        steps = "".join(f"[{step}]" for step in (self.key, *self.path))
        return f"{self.prefix}$result{steps}"


def has_reference(value: Any) -> bool:
    """Tell whether text anywhere in ``value`` would be taken for a batch reference by the portal.

    Such text is what a person typed, not a :class:`Ref`; it has to travel outside of batches.
    """
    if isinstance(value, str):
        return "$" in value and _REFERENCE.search(value) is not None
    if isinstance(value, Mapping):
        return any(has_reference(key) or has_reference(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return any(map(has_reference, value))
    return False


def normalise(method: str, params: Mapping[str, Any] | Sequence[Any]) -> Any:
    """Bring parameters to what both forms can carry.

    Args:
        method: The vendor's method; it decides how booleans are written.
        params: Named parameters, or positional ones of the old ``task.*`` methods.

    Raises:
        ValidationError: A value has no form on the wire: a naive datetime, NaN, an unknown type.
    """
    bits = method.startswith(_BITS_IN_FIELDS)
    if type(params) is dict or isinstance(params, Mapping):
        return {
            str(name): item if type(item) in _PLAIN else _tree(item, (str(name),), bits)
            for name, item in params.items()
        }
    return [_tree(item, (str(index),), bits) for index, item in enumerate(params)]


def to_json(method: str, params: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """Return the body of a single call.

    Example:
        >>> to_json("crm.item.update", {"id": 7, "fields": {"opened": True, "comments": None}})
        b'{"id":7,"fields":{"opened":"Y","comments":""}}'
    """
    tree = normalise(method, params)
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def to_query(method: str, params: Mapping[str, Any] | Sequence[Any]) -> str:
    """Return parameters as the query string that PHP's ``parse_str`` reads back to the same values."""
    if type(params) is dict:
        found: list[str] = []
        bits = method.startswith(_BITS_IN_FIELDS)
        for name, item in params.items():
            _put(_top(method, str(name)), item, (str(name),), bits, found)
        return "&".join(found)
    tree = normalise(method, params)
    named = tree.items() if isinstance(tree, dict) else ((str(i), item) for i, item in enumerate(tree))
    pairs: list[str] = []
    for key, item in named:
        _write(_top(method, key), item, pairs)
    return "&".join(pairs)


def to_command(method: str, params: Mapping[str, Any] | Sequence[Any]) -> str:
    """Return one command of a batch: ``method?query``, percent-encoded even inside a JSON body.

    Example:
        >>> to_command("crm.item.update", {"id": 7, "fields": {"title": "A & B", "contactIds": []}})
        'crm.item.update?id=7&fields[title]=A%20%26%20B&fields[contactIds][]='
    """
    query = to_query(method, params)
    return f"{method}?{query}" if query else method


def _tree(value: Any, path: tuple[str, ...], bits: bool) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict or isinstance(value, Mapping):
        return {
            str(name): item if type(item) in _PLAIN else _tree(item, (*path, str(name)), bits)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [_tree(item, (*path, str(index)), bits) for index, item in enumerate(items)]
    if kind is bool:
        return _boolean(value, path, bits)
    return _scalar(value, path)


def _boolean(value: bool, path: tuple[str, ...], bits: bool) -> str | int:
    top = path[0].lower()
    if path[0] == "useOriginalUfNames":
        letters = True
    elif top in _FILTER_HOLDERS:
        letters = not any(_USER_FIELD.match(part) for part in path[1:])
    else:
        letters = top in _FIELD_HOLDERS and not bits
    return ("N", "Y")[value] if letters else int(value)


def _scalar(value: Any, path: tuple[str, ...]) -> Any:
    where = ".".join(path)
    for kinds, write in _WRITERS:
        if isinstance(value, kinds):
            return write(value, where)
    raise ValidationError(f"{where}: {type(value).__name__} has no form on the wire", hint="convert it first")


def _moment(value: datetime, where: str) -> str:
    if value.tzinfo is None:
        raise ValidationError(
            f"{where}: a datetime without a time zone", hint="the portal would guess: give it one"
        )
    return value.isoformat(timespec="seconds")


def _number(value: Decimal | float, where: str) -> Any:
    if not math.isfinite(value):
        raise ValidationError(f"{where}: {value} is not a number the portal knows")
    if isinstance(value, Decimal):
        return format(value, "f")
    return value if "e" not in repr(value) else format(Decimal(repr(value)), "f")


_WRITERS: tuple[tuple[type | tuple[type, ...], Callable[[Any, str], Any]], ...] = (
    (NoneType, lambda _, where: ""),
    (datetime, _moment),
    (date, lambda value, where: value.isoformat()),
    (Enum, lambda value, where: _tree(value.value, (where,), False)),
    ((Decimal, float), _number),
    ((int, str), lambda value, where: value),
    (Ref, lambda value, where: str(value)),
    (File, lambda value, where: [value.name, base64.b64encode(value.content).decode()]),
)


@lru_cache(4096)
def _top(method: str, key: str) -> str:
    if any(sign in key for sign in " .["):
        raise ValidationError(
            f"{method}: PHP would rename the parameter {key!r}", hint="no dot, space or bracket in a name"
        )
    return quote(key, safe="")


@lru_cache(4096)
def _inner(key: str) -> str:
    if not key or "]" in key or "[" in key:
        raise ValidationError(f"the name {key!r} cannot be sent in a batch")
    return quote(key, safe="")


def _put(name: str, value: Any, path: tuple[str, ...], bits: bool, pairs: list[str]) -> None:
    """Write maps of plain values at once, which nearly all commands are; anything else goes the long way."""
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            inner = f"{name}[{_inner(str(key))}]"
            if type(item) is int:
                pairs.append(f"{inner}={item}")
            elif type(item) is str:
                _write(inner, item, pairs)
            else:
                _put(inner, item, (*path, str(key)), bits, pairs)
    elif kind in _PLAIN:
        _write(name, value, pairs)
    else:
        _write(name, _tree(value, path, bits), pairs)


def _write(name: str, value: Any, pairs: list[str]) -> None:
    kind = type(value)
    if kind is str:
        if not value.isascii():
            text = quote(value, safe="")
        else:
            text = value if value.isalnum() else value.translate(_ESCAPES)
        pairs.append(f"{name}={text}")
    elif kind is dict:
        for key, item in value.items():
            inner = f"{name}[{_inner(key)}]"
            if type(item) is int:
                pairs.append(f"{inner}={item}")
            else:
                _write(inner, item, pairs)
    elif kind is list:
        if not value and name.lower() not in _EMPTY_IS_ABSENT:
            pairs.append(f"{name}[]=")
        for index, item in enumerate(value):
            _write(f"{name}[{index}]", item if item != {} else [], pairs)
    else:
        pairs.append(f"{name}={value}")
