"""A run of the ledger as tables: how many items came to what, and each of them with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Protocol

from crmkit.automation.messages import Message
from crmkit.automation.plan import PlanItem
from crmkit.automation.show import verdict_title
from crmkit.automation.table import Cell, Column, Table
from crmkit.reports.texts import word

__all__ = ["ItemLike", "run_tables"]


class ItemLike(Protocol):
    """What is needed of an item of the ledger."""

    @property
    def item(self) -> PlanItem:
        """What was planned."""

    @property
    def status(self) -> str:
        """What came of it."""

    @property
    def message(self) -> Message | None:
        """Why."""

    @property
    def at(self) -> datetime | None:
        """When."""


def run_tables(run: str, recipe: str, items: Iterable[ItemLike], zone: tzinfo) -> list[Table]:
    """Return the counts and the items of a run.

    Args:
        run: The run's id.
        recipe: The recipe's name; its texts have to be loaded.
        items: Its items, in the order of the plan.
        zone: The time zone in which moments are shown: the portal's.
    """
    listed = list(items)
    counts = Counter((one.item.verdict, str(one.status)) for one in listed)
    return [
        Table(
            "counts",
            word("run", recipe=recipe, run=run),
            (
                Column("verdict", word("verdict")),
                Column("status", word("status")),
                Column("count", word("count"), "number", bar=True),
            ),
            [
                (verdict_title(recipe, verdict), word(f"status.{status}"), count)
                for (verdict, status), count in counts.most_common()
            ],
        ),
        Table(
            "items",
            word("items"),
            (
                Column("id", word("id")),
                Column("title", word("deal")),
                Column("verdict", word("verdict")),
                Column("reason", word("reason")),
                Column("status", word("status")),
                Column("message", word("message")),
                Column("at", word("at"), "moment"),
                Column("url", word("url")),
            ),
            [_row(recipe, one, zone) for one in listed],
        ),
    ]


def _row(recipe: str, one: ItemLike, zone: tzinfo) -> tuple[Cell, ...]:
    return (
        one.item.entity.id,
        one.item.title,
        verdict_title(recipe, one.item.verdict),
        one.item.reason,
        word(f"status.{one.status}"),
        one.message,
        one.at.astimezone(zone) if one.at else None,
        one.item.url,
    )
