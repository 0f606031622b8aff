"""Neutral filter expressions: a conjunction of terms, split by an adapter into a server and a local part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

__all__ = ["All", "Explanation", "Expression", "Term", "terms_of"]


class Expression:
    """Something a list can be filtered by; combine with ``&``."""

    def __and__(self, other: Expression) -> Expression:
        return All((*terms_of((self,)), *terms_of((other,))))

    def terms(self) -> Iterator[Term]:
        """Yield the terms that must all hold."""
        raise NotImplementedError


@dataclass(frozen=True)
class Term(Expression):
    """One condition: a name of the closed neutral vocabulary and its arguments."""

    name: str
    args: tuple[Any, ...] = ()

    def terms(self) -> Iterator[Term]:
        """Yield this term."""
        yield self

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(_plain, self.args))})" if self.args else self.name


@dataclass(frozen=True)
class All(Expression):
    """Every one of these terms holds."""

    parts: tuple[Term, ...]

    def terms(self) -> Iterator[Term]:
        """Yield the terms in the order they were written."""
        yield from self.parts

    def __str__(self) -> str:
        return " and ".join(map(str, self.parts))


@dataclass(frozen=True)
class Explanation:
    """How a filter will be evaluated: what the vendor does, what is left to us, and why."""

    server: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        lines = [
            f"server: {' and '.join(self.server) or '(everything)'}",
            f"local: {' and '.join(self.local) or '-'}",
        ]
        return "\n".join((*lines, *self.notes))


def terms_of(expressions: Iterable[Expression]) -> tuple[Term, ...]:
    """Flatten expressions into the terms that must all hold."""
    return tuple(term for expression in expressions for term in expression.terms())


def _plain(value: Any) -> str:
    if isinstance(value, timedelta):
        return f"{value / timedelta(days=1):g} days"
    return str(value)
