"""The figures of a recipe as tables: in words, by reason of exclusion, by manager, and deal by deal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from pydantic import BaseModel

from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.show import verdict_title
from crmkit.reports.table import Cell, Column, Table
from crmkit.reports.texts import word

__all__ = ["FiguresLike", "recipe_tables"]

HAVE_TABLES = (".manager", ".excluded")
"""Lines of the summary that are tables of their own here."""


class FiguresLike(Protocol):
    """What a recipe's ``report.results`` returns."""

    @property
    def excluded(self) -> Mapping[str, int]:
        """How many entities were left alone, by verdict."""

    @property
    def by_manager(self) -> Mapping[str, BaseModel]:
        """Figures by the name of a person."""

    def summary(self) -> Iterable[Message]:
        """Return the figures in words, a line each."""


def recipe_tables(recipe: str, portal: str, figures: FiguresLike, items: Iterable[PlanItem]) -> list[Table]:
    """Return the figures of a recipe as tables.

    Args:
        recipe: Its name; its texts have to be loaded.
        portal: What the portal is called.
        figures: What the recipe counted.
        items: The present decision about every entity.
    """
    told = (line for line in figures.summary() if not line.key.endswith(HAVE_TABLES))
    lines: list[tuple[Cell, ...]] = [(line,) for line in told]
    return [
        Table(
            "summary",
            word("title", recipe=recipe, portal=portal),
            (Column("figure", word("figures")),),
            lines,
        ),
        Table(
            "excluded",
            word("excluded"),
            (Column("verdict", word("verdict")), Column("count", word("count"), "number", bar=True)),
            [(verdict_title(recipe, verdict), count) for verdict, count in figures.excluded.items()],
        ),
        _by_manager(figures.by_manager),
        Table(
            "deals",
            word("items"),
            (
                Column("id", word("id")),
                Column("title", word("deal")),
                Column("verdict", word("verdict")),
                Column("reason", word("reason")),
                Column("evidence", word("evidence")),
            ),
            [_deal(recipe, item) for item in items],
        ),
    ]


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
