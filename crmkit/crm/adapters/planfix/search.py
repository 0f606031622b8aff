"""Runs a split filter: pages of candidates only, ordered by number, each deal once, memory for a page."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby, islice

from crmkit.crm.adapters.planfix import mapping
from crmkit.crm.adapters.planfix.moments import horizon
from crmkit.crm.adapters.planfix.query import Query, Variant, scope_of
from crmkit.crm.adapters.planfix.room import Tools, custom_ids
from crmkit.crm.models import Deal
from crmkit.exceptions import IncompleteList
from crmkit.planfix import filters, user
from crmkit.planfix.filters import Filter
from crmkit.planfix.models import CommentKind, Task

__all__ = ["IDS_AT_ONCE", "Search", "by_number", "clients_of"]

IDS_AT_ONCE = 100
"""Tasks asked for by number in one request: as many as a page holds."""
NOISE_WINDOW = timedelta(days=7)
"""The list of all comments is asked for week by week: a week was seen to take 6 to 12 s on a live account,
a wide window 40 s and more, and the portal breaks off after 60 s."""


class Search:
    """One run of a query."""

    def __init__(self, tools: Tools, query: Query) -> None:
        self._tools = tools
        self._query = query
        self._stages = tools.account.stages()
        _, self._is_deal = scope_of(tools.portal.deals)

    def deals(self) -> Iterator[Deal]:
        """Yield the deals.

        Raises:
            IncompleteList: A list could not be read to its end, or the portal has ignored a filter by number.
        """
        if self._query.impossible:
            return
        ids = self._query.ids
        if self._query.robots_since:
            noisy = self._commented_by_robots(self._query.robots_since)
            ids = noisy if ids is None else ids & noisy
        if ids is None:
            yield from self._merged(None)
            return
        ordered = sorted(ids)
        for start in range(0, len(ordered), IDS_AT_ONCE):
            yield from self._merged(ordered[start : start + IDS_AT_ONCE])

    def _merged(self, ids: list[int] | None) -> Iterator[Deal]:
        streams = [self._stream(variant, ids) for variant in self._query.variants]
        for _, same in groupby(heapq.merge(*streams, key=_number), key=_number):
            yield _weakest(same)

    def _stream(self, variant: Variant, ids: list[int] | None) -> Iterator[Deal]:
        fields = self._tools.portal.deals.fields
        tasks = iter(self._tasks(variant, ids))
        while page := list(islice(tasks, IDS_AT_ONCE)):
            people = self._tools.account.people_among(clients_of(page))
            for task in filter(self._is_deal, page):
                deal = mapping.deal(
                    task, self._stages, fields, self._tools.web, variant.untouched_since, people=people
                )
                if self._query.accepts(deal):
                    yield deal

    def _tasks(self, variant: Variant, ids: list[int] | None) -> Iterable[Task]:
        tasks = self._tools.client.tasks
        asked = self._query.asked(variant)
        custom = custom_ids(self._tools.portal.deals.fields)
        if ids is None:
            return tasks.list(filters=asked, fields=mapping.DEAL_FIELDS, custom_fields=custom)
        return by_number(self._tools, ids, *asked, fields=mapping.DEAL_FIELDS, custom_fields=custom)

    def _commented_by_robots(self, since: datetime) -> frozenset[int]:
        """Return the tasks on which a robot has left an entry: comments and changes of status or dates."""
        zone = self._tools.filter_zone()
        first, last = since.astimezone(zone).date(), self._tools.clock.now().astimezone(zone).date()
        found: set[int] = set()
        for robot in sorted(self._tools.account.robots()):
            for begin, end in _weeks(first, last):
                asked = [
                    filters.comments.written.between(begin, end),
                    filters.comments.author.is_(user(robot)),
                ]
                entries = self._tools.client.comments.search(
                    asked, kind=CommentKind.ALL, fields=("dateTime", "task")
                )
                found.update(
                    entry.task.id
                    for entry in entries
                    if entry.task
                    and (entry.created_at is None or entry.created_at >= horizon(entry.raw, since))
                )
        return frozenset(found)


def clients_of(tasks: Iterable[Task]) -> list[int]:
    """Return the numbers of the clients of tasks, each once."""
    return list(dict.fromkeys(task.counterparty.id for task in tasks if task.counterparty))


def by_number(
    tools: Tools,
    ids: Sequence[int],
    *asked: Filter,
    fields: Iterable[str],
    custom_fields: Iterable[int] = (),
) -> tuple[Task, ...]:
    """Return those of at most 100 tasks that exist and satisfy the filters: one request.

    Raises:
        IncompleteList: The portal has ignored the filter by number.
    """
    page = tools.client.tasks.page(
        0,
        IDS_AT_ONCE,
        filters=(*asked, filters.number.any_of(*ids)),
        fields=fields,
        custom_fields=custom_fields,
    )
    if strangers := {task.id for task in page}.difference(ids):
        raise IncompleteList(
            f"POST /task/list: asked for tasks by number, got others ({min(strangers)}, ...)",
            hint="the portal ignores filter 57; nothing of its answer can be relied on",
        )
    return page


def _number(deal: Deal) -> int:
    return int(deal.id)


def _weakest(same: Iterable[Deal]) -> Deal:
    """Return the sighting that proves least: the deal has moved while the lists were read."""
    weakest, *others = same
    for deal in others:
        if (
            deal.untouched_since is None
            or (weakest.untouched_since or deal.untouched_since) < deal.untouched_since
        ):
            weakest = deal
    return weakest


def _weeks(first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        end = min(first + NOISE_WINDOW - timedelta(days=1), last)
        yield first, end
        first = end + timedelta(days=1)
