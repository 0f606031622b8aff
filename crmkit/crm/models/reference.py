"""What every model of the neutral interface is built from, and how one thing points at another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Literal, TypeVar, overload

from pydantic import BaseModel, ConfigDict, Field

from crmkit.crm.filters import Expression, Term

__all__ = ["EntityKind", "Model", "Person", "Ref", "hybrid"]

EntityKind = Literal[
    "deal",
    "company",
    "contact",
    "user",
    "group",
    "task",
    "comment",
    "project",
    "workspace",
    "entry",
    "row",
]
Owner = TypeVar("Owner")
Value = TypeVar("Value")


class hybrid(Generic[Owner, Value]):  # noqa: N801  (reads like ``property``)
    """A property that is a filter term on the class: ``Deal.is_open`` filters, ``deal.is_open`` answers."""

    def __init__(self, compute: Callable[[Owner], Value], term: Term) -> None:
        self._compute = compute
        self._term = term

    @overload
    def __get__(self, instance: None, owner: type[Owner]) -> Expression: ...
    @overload
    def __get__(self, instance: Owner, owner: type[Owner]) -> Value: ...
    def __get__(self, instance: Owner | None, owner: type[Owner]) -> Expression | Value:
        return self._term if instance is None else self._compute(instance)


class Model(BaseModel):
    """The base of the neutral models: immutable, compared by value."""

    model_config = ConfigDict(frozen=True, ignored_types=(hybrid,), arbitrary_types_allowed=False)


class Ref(Model):
    """Points at one object of the portal, or (kind ``row``) at a row of a file that is to become one.

    The id ``@KEY`` stands for what the action with that key has created: see
    :class:`crmkit.automation.CreateDeal`.

    Example:
        >>> str(Ref(kind="deal", id="71234"))
        'deal:71234'
    """

    kind: EntityKind
    id: str
    name: str = Field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and (self.kind, self.id) == (other.kind, other.id)

    def __hash__(self) -> int:
        return hash((self.kind, self.id))


class Person(Ref):
    """Somebody who can be responsible, be notified or write: an employee, a client contact, a group."""

    kind: EntityKind = "user"
