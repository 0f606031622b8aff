"""Carries out a split filter: asks the portal, looks up last touches where they matter, checks the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from crmkit.bitrix24 import models as bitrix24
from crmkit.crm.adapters.bitrix24 import mapping
from crmkit.crm.adapters.bitrix24.query import Query
from crmkit.crm.adapters.bitrix24.room import Tools
from crmkit.crm.adapters.bitrix24.touches import last_touches
from crmkit.crm.models import Deal

__all__ = ["IDS_AT_ONCE", "Search", "card_of", "parts"]

IDS_AT_ONCE = 2450
"""Ids that are asked for in one request."""
LOOKED_UP_AT_ONCE = 250
"""Deals whose last touch is asked for together: ten batches, which run side by side."""
SECOND = timedelta(seconds=1)

V = TypeVar("V")


def card_of(tools: Tools, section: str) -> mapping.Card:
    """Return what is needed to read objects of a section of the settings."""
    return mapping.Card(tools.account.authors(), tools.account.named(section), tools.web)


def parts(values: Iterable[V], size: int) -> Iterator[list[V]]:
    """Yield lists of so many values, the last one shorter.

    Example:
        >>> list(parts("abc", 2))
        [['a', 'b'], ['c']]
    """
    source = iter(values)
    while part := [*islice(source, size)]:
        yield part


@dataclass(frozen=True)
class Search:
    """One search for deals.

    Args:
        tools: What the rooms work with.
        query: The filter, split.
    """

    tools: Tools
    query: Query

    def deals(self) -> Iterator[Deal]:
        """Yield what was sought, streamed, by id."""
        if self.query.impossible:
            return
        stages, card = self.tools.account.stages(), card_of(self.tools, "deals")
        for item, touched in self._touched():
            untouched_since = None
            if self.query.idle_until is not None and touched is not None:
                untouched_since = touched + SECOND  # the portal's moments are whole seconds
            deal = mapping.deal(item, stages, card, untouched_since)
            if self.query.accepts(deal):
                yield deal

    def _touched(self) -> Iterator[tuple[bitrix24.Deal, datetime | None]]:
        """Yield the rows with their last touch, as far as it had to be looked up."""
        idle_until, touched_from = self.query.idle_until, self.query.touched_from
        if idle_until is None and touched_from is None:
            for item in self._items():
                yield item, None
            return
        for part in parts(self._items(), LOOKED_UP_AT_ONCE):
            touches = last_touches(self.tools.client, self._doubtful(part))
            for item in part:
                touched = touches.get(item.id, mapping.stamps(item))
                if touched is None or (
                    (idle_until is None or touched <= idle_until)
                    and (touched_from is None or touched >= touched_from)
                ):
                    yield item, touched

    def _doubtful(self, items: Sequence[bitrix24.Deal]) -> list[bitrix24.Deal]:
        """Return those of which the portal's stamps do not settle the matter."""
        if self.query.idle_until is not None:
            return [*items]
        moment = self.query.touched_from
        known = {item.id: mapping.stamps(item) for item in items}
        return [item for item in items if moment is None or (known[item.id] or moment) < moment]

    def _items(self) -> Iterator[bitrix24.Deal]:
        deals, asked = self.tools.client.deals, self.query.filter
        if self.query.ids is None:
            yield from deals.list(asked)
            return
        for part in parts(sorted(self.query.ids), IDS_AT_ONCE):
            yield from deals.having("id", part, asked)
