"""Filters as expressions: ``(F.stage_id == "NEW") & (F.opportunity > 1000)``.

They are checked against the fields of the portal and written in the dialect of the method. The old lists
drop what they do not know and return *all* rows then; here that is an error before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from crmkit.bitrix24.fields import FieldInfo
from crmkit.exceptions import ValidationError

__all__ = ["Condition", "Dialect", "Expression", "F", "FieldName", "FilterLike", "compile_filter"]

_PREFIXED = re.compile(r"(?P<prefix>[!=<>@%]*)(?P<name>\w+)")
_PREFIXES = ("", "=", "!=", "!", "<", "<=", ">", ">=", "@", "!@", "%", "=%", "%=", "!%", "!=%", "!%=")


@dataclass(frozen=True)
class Dialect:
    """What a method's filter can say.

    Attributes:
        prefixes: The operators in front of names.
        groups: It knows nested groups with ``logic`` OR.
    """

    prefixes: frozenset[str] = frozenset(_PREFIXES)
    groups: bool = False


UNIVERSAL = Dialect(groups=True)
LEGACY = Dialect()
TASKS = Dialect(frozenset({"", "!", "<", "<=", ">", ">="}))


class Resolver(Protocol):
    """Knows the fields of an object."""

    def resolve(self, name: str) -> FieldInfo:
        """Return the field of this name or raise ValidationError."""
        ...


class Expression:
    """Something to filter by; combine with ``&`` and ``|``."""

    def __and__(self, other: Expression) -> Expression:
        return _Group("AND", (*_parts("AND", self), *_parts("AND", other)))

    def __or__(self, other: Expression) -> Expression:
        return _Group("OR", (*_parts("OR", self), *_parts("OR", other)))

    def __bool__(self) -> bool:
        raise TypeError("write & and | between conditions, not and, or, or chained comparisons")


@dataclass(frozen=True, eq=False)
class Condition(Expression):
    """A field, an operator prefix and a value."""

    field: str
    prefix: str
    value: Any


@dataclass(frozen=True, eq=False)
class _Group(Expression):
    logic: str
    parts: tuple[Expression, ...]


class FieldName:
    """A field in an expression.

    Example:
        >>> F.stage_id == "NEW"
        Condition(field='stage_id', prefix='=', value='NEW')
        >>> F["UF_CRM_TARIFF"].in_(["1", "2"])
        Condition(field='UF_CRM_TARIFF', prefix='@', value=['1', '2'])
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str) -> None:
        self._name = name

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return self._condition("=", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return self._condition("!=", other)

    def __lt__(self, other: Any) -> Condition:
        return self._condition("<", other)

    def __le__(self, other: Any) -> Condition:
        return self._condition("<=", other)

    def __gt__(self, other: Any) -> Condition:
        return self._condition(">", other)

    def __ge__(self, other: Any) -> Condition:
        return self._condition(">=", other)

    def in_(self, values: Iterable[Any]) -> Condition:
        """Is one of these; an empty list is refused, as the portal would take it for no condition."""
        return self._many("@", values)

    def not_in(self, values: Iterable[Any]) -> Condition:
        """Is none of these."""
        return self._many("!@", values)

    def contains(self, text: str) -> Condition:
        """Contains the text; phones and e-mails only match exactly."""
        return self._condition("%", text)

    def like(self, pattern: str) -> Condition:
        """Matches a pattern in which ``%`` stands for anything."""
        return self._condition("=%", pattern)

    def _many(self, prefix: str, values: Iterable[Any]) -> Condition:
        listed = list(values)
        if not listed:
            raise ValidationError(
                f"{self._name}: an empty list of values", hint="there is nothing to look for"
            )
        return self._condition(prefix, listed)

    def _condition(self, prefix: str, value: Any) -> Condition:
        if value is None:
            raise ValidationError(f"{self._name}: None is no value to filter by", hint='write == ""')
        return Condition(self._name, prefix, value)

    def __repr__(self) -> str:
        return f"F[{self._name!r}]"


class _Names:
    """Makes field names: ``F.stage_id`` or ``F["UF_CRM_1"]``."""

    def __getattr__(self, name: str) -> FieldName:
        if name.startswith("__"):
            raise AttributeError(name)
        return FieldName(name)

    def __getitem__(self, name: str) -> FieldName:
        return FieldName(name)


F = _Names()
"""The fields: ``F.opportunity > 100``, ``F["UF_CRM_TARIFF"] == "gold"``."""

FilterLike = Expression | Mapping[str, Any] | None
"""An expression, or the vendor's own form with prefixes in the keys; both are checked."""


def compile_filter(given: FilterLike, fields: Resolver, dialect: Dialect = UNIVERSAL) -> dict[str, Any]:
    """Write a filter the way the portal takes it.

    Raises:
        ValidationError: A field or operator is unknown to the method, or it cannot combine them this way.
    """
    if given is None:
        return {}
    if isinstance(given, Expression):
        return _all_of(_parts("AND", given), fields, dialect)
    return {key: value for name, item in given.items() for key, value in _plain(name, item, fields, dialect)}


def _plain(name: str, value: Any, fields: Resolver, dialect: Dialect) -> Iterable[tuple[str, Any]]:
    if name.lower() == "logic" or name.isdigit():
        if not dialect.groups:
            raise ValidationError(
                "this list cannot combine conditions with logic", hint="it would return all rows"
            )
        yield (name, compile_filter(value, fields, dialect) if isinstance(value, Mapping) else value)
        return
    match = _PREFIXED.fullmatch(name)
    if match is None:
        raise ValidationError(f"{name!r} is no name of a filter")
    yield _key(match["prefix"], match["name"], fields, dialect), value


def _key(prefix: str, name: str, fields: Resolver, dialect: Dialect) -> str:
    if prefix not in dialect.prefixes:
        plain = {"=": "", "!=": "!", "@": "", "!@": "!"}.get(prefix)
        if plain is None:
            raise ValidationError(f"{name}: this list does not know the operator {prefix!r}")
        prefix = plain
    return f"{prefix}{fields.resolve(name).name}"


def _all_of(parts: Iterable[Expression], fields: Resolver, dialect: Dialect) -> dict[str, Any]:
    result: dict[str, Any] = {}
    nested: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, Condition):
            key = _key(part.prefix, part.field, fields, dialect)
            if key in result:
                nested.append({key: part.value})
            else:
                result[key] = part.value
        elif isinstance(part, _Group):
            nested.append(_any_of(part, fields, dialect))
    if nested and not dialect.groups:
        raise ValidationError("this list only knows conditions that all hold, one per field and operator")
    return result | {str(number): group for number, group in enumerate(nested)}


def _any_of(group: _Group, fields: Resolver, dialect: Dialect) -> dict[str, Any]:
    members = [_all_of(_parts("AND", part), fields, dialect) for part in group.parts]
    return {"logic": group.logic} | {str(number): member for number, member in enumerate(members)}


def _parts(logic: str, expression: Expression) -> tuple[Expression, ...]:
    if isinstance(expression, _Group) and expression.logic == logic:
        return expression.parts
    return (expression,)
