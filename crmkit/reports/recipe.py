"""The figures of a recipe as tables: in words, by reason of exclusion, by manager, and deal by deal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from pydantic import BaseModel

from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.show import verdict_title
from crmkit.automation.table import Cell, Column, Table
from crmkit.reports.texts import word

__all__ = ["FiguresLike", "recipe_tables"]

HAVE_TABLES = (".manager", ".excluded")
"""Lines of the summary that are tables of their own here."""


@runtime_checkable
class FiguresLike(Protocol):
    """Figures that become tables of their own, where a recipe has them."""

    @property
    def excluded(self) -> Mapping[str, int]:
        """How many entities were left alone, by verdict."""

    @property
    def by_manager(self) -> Mapping[str, BaseModel]:
        """Figures by the name of a person."""


def recipe_tables(
    recipe: str,
    portal: str,
    lines: Iterable[Message],
    items: Iterable[PlanItem],
    figures: FiguresLike | None = None,
    *,
    own: Sequence[Table] = (),
) -> list[Table]:
    """Return what came of a recipe as tables.

    Args:
        recipe: Its name; its texts have to be loaded.
        portal: What the portal is called.
        lines: What the recipe says of it: :meth:`crmkit.automation.recipe.Recipe.results`.
        items: The present decision about every entity.
        figures: The recipe's own figures, for tables by reason and by manager.
        own: The recipe's own tables: :meth:`crmkit.automation.recipe.Recipe.tables`.
    """
    told = [(line,) for line in lines if not (figures and line.key.endswith(HAVE_TABLES))]
    columns = ("id", "deal", "verdict", "reason", "evidence")
    return [
        Table(
            "summary",
            word("title", recipe=recipe, portal=portal),
            (Column("figure", word("figures")),),
            told,
        ),
        *((_excluded(recipe, figures.excluded), _by_manager(figures.by_manager)) if figures else ()),
        *own,
        Table(
            "deals",
            word("items"),
            tuple(Column(name, word(name)) for name in columns),
            [_deal(recipe, item) for item in items],
        ),
    ]


def _excluded(recipe: str, counts: Mapping[str, int]) -> Table:
    return Table(
        "excluded",
        word("excluded"),
        (Column("verdict", word("verdict")), Column("count", word("count"), "number", bar=True)),
        [(verdict_title(recipe, verdict), count) for verdict, count in counts.items()],
    )


def _by_manager(figures: Mapping[str, BaseModel]) -> Table:
    names = list(type(next(iter(figures.values()))).model_fields) if figures else []
    columns = (Column(name, word(f"manager.{name}"), "number", bar=True) for name in names)
    return Table(
        "managers",
        word("managers"),
        (Column("manager", word("manager")), *columns),
        [(person, *(getattr(one, name) for name in names)) for person, one in figures.items()],
    )


def _deal(recipe: str, item: PlanItem) -> tuple[Cell, ...]:
    told = item.evidence[0] if item.evidence else None
    for further in item.evidence[1:]:
        told = word("and", first=told, second=further)
    return item.entity.id, item.title, verdict_title(recipe, item.verdict), item.reason, told
