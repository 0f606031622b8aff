"""Lists that are complete or raise: walked by id where that is possible, by offset where it is not.

By id (``>id``, ``start=-1``): the first page also asks for the count, then up to fifty pages travel in one
batch, each taking up where the one before ended. A list ends with a page that is not full; a page that is
missing, out of order or repeated is asked for again by itself. By offset: rows may move between pages, so a
pass only counts if the total stood still and no row came twice; otherwise the list is read again and only
new rows are handed out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crmkit.bitrix24.encoding import Ref, has_reference, to_command
from crmkit.bitrix24.envelope import as_map, rows_of
from crmkit.bitrix24.parcel import Gate
from crmkit.bitrix24.sizer import PAGE, Sizer
from crmkit.clock import Clock
from crmkit.exceptions import ApiError, CrmkitError, IncompleteList, OutcomeUnknown, RateLimited
from crmkit.transport.rate_limit import Limiter
from crmkit.transport.request import Effect
from crmkit.transport.retry import Action

__all__ = ["KEYSETS", "Keyset", "Lister", "Page", "opening", "whole"]

PATIENCE = 5
"""Attempts at one page, or passes over one list, without getting any further."""


@dataclass(frozen=True, slots=True)
class Keyset:
    """How a method is walked by id.

    Attributes:
        row: The id in the rows.
        name: The id in filter and order.
        path: Where the rows are in the result.
        filter: The parameter with the filter.
        order: The parameters that sort by ascending id.
        select: The parameter with the chosen fields, empty if there is none.
    """

    row: str = "ID"
    name: str = "ID"
    path: tuple[str, ...] = ()
    filter: str = "filter"
    order: Mapping[str, Any] = field(default_factory=lambda: {"order": {"ID": "ASC"}})
    select: str = "select"


_LOWER: Mapping[str, Any] = {"order": {"id": "ASC"}}
_LEGACY = Keyset()
KEYSETS: Mapping[str, Keyset] = {
    "crm.item.list": Keyset("id", "id", ("items",), order=_LOWER),
    "crm.item.productrow.list": Keyset("id", "id", ("productRows",), order=_LOWER),
    "crm.stagehistory.list": Keyset(path=("items",)),
    "tasks.task.list": Keyset("id", "ID", ("tasks",)),
    "user.get": Keyset(filter="FILTER", order={"sort": "ID", "order": "ASC"}, select=""),
    "sonet_group.get": Keyset(filter="FILTER", order={"ORDER": {"ID": "ASC"}}, select=""),
    "lists.element.get": Keyset(filter="FILTER", order={"ELEMENT_ORDER": {"ID": "ASC"}}, select="SELECT"),
    "bizproc.workflow.template.list": Keyset(
        filter="FILTER", order={"ORDER": {"ID": "ASC"}}, select="SELECT"
    ),
    "catalog.product.list": Keyset("id", "id", ("products",), order=_LOWER),
    **dict.fromkeys(
        (
            "crm.deal.list",
            "crm.lead.list",
            "crm.contact.list",
            "crm.company.list",
            "crm.quote.list",
            "crm.activity.list",
            "crm.product.list",
            "crm.requisite.list",
            "crm.timeline.comment.list",
        ),
        _LEGACY,
    ),
}
"""The methods whose id can be both filtered and sorted by (pages of the methods and the server's source)."""
_TOTAL_IS_NONSENSE = frozenset({"socialnetwork.api.workgroup.list"})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    Attributes:
        rows: The rows.
        total: How many rows there are in all, if the portal counted.
        next: Where the next page starts, ``None`` on the last one.
    """

    rows: list[dict[str, Any]]
    total: int | None
    next: int | None


class Lister:
    """Reads lists of a portal.

    Args:
        gate: The portal.
        limiter: Knows the pauses of single methods.
        clock: Time.
    """

    def __init__(self, gate: Gate, limiter: Limiter, clock: Clock) -> None:
        self._gate = gate
        self._limiter = limiter
        self._clock = clock

    def page(self, method: str, params: Mapping[str, Any], *, start: int = 0) -> Page:
        """Read one page."""
        envelope = self._gate.request(method, {**params, "start": start}, effect=Effect.READ)
        return Page(rows_of(method, envelope.result), envelope.total, envelope.next)

    def rows(
        self, method: str, params: Mapping[str, Any], first: Page | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield all rows, or raise; ``first`` is the answer to :func:`opening`, if it is there already."""
        keyset = KEYSETS.get(method.lower())
        if keyset is None or _sorted_otherwise(params, keyset):
            return whole(method, self._by_offset(method, params))
        return whole(method, _Walk(self, method, params, keyset).rows(first))

    def _by_offset(self, method: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        seen: set[Any] = set()
        for _ in range(PATIENCE):
            start, totals = 0, set[int | None]()
            places: list[Any] = []
            while True:
                page = self.page(method, params, start=start)
                totals.add(page.total)
                for row in page.rows:
                    places.append(_identity(row))
                    if places[-1] not in seen:
                        seen.add(places[-1])
                        yield row
                if page.next is None or page.next <= start or not page.rows:
                    break
                start = page.next
            enough = method.lower() in _TOTAL_IS_NONSENSE or len(places) >= (page.total or 0)
            if enough and len(totals) == 1 and len(set(places)) == len(places):
                return
        raise IncompleteList(
            f"{method}: the rows kept moving while the list was read",
            hint="read it by id, or at a quieter time",
        )


class _Walk:
    """One walk along the ids."""

    def __init__(self, owner: Lister, method: str, params: Mapping[str, Any], keyset: Keyset) -> None:
        self._owner = owner
        self._method = method
        self._keyset = keyset
        self._params = _prepared(params, keyset)
        self._cursor = 0
        self._count = 0
        self._sizer = Sizer()
        self._alone = has_reference(params)

    def rows(self, first: Page | None) -> Iterator[dict[str, Any]]:
        if first is None:
            first = self._owner.page(self._method, self._params)
        self._check(first.rows, fresh=True)
        yield from self._taken(first.rows)
        left = ((first.total or 0) - len(first.rows)) // PAGE + 1
        ended = len(first.rows) < PAGE
        pages = [first.rows]
        while not ended or self._count < (first.total or 0):
            # A page that is not full ends the list, unless rows are missing: then it is asked once more.
            alone = ended or not pages or self._alone
            pages = [self._page_alone()] if alone else self._pages(max(1, left))
            for page in pages:
                yield from self._taken(page)
                if ended and not page:
                    return
                ended = len(page) < PAGE
            left = left - len(pages) if left > len(pages) else 2 * max(1, len(pages))

    def _taken(self, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        if rows:
            self._cursor = int(rows[-1][self._keyset.row])
            self._count += len(rows)
        return iter(rows)

    def _pages(self, wanted: int) -> list[list[dict[str, Any]]]:
        """Read up to fifty pages in one request; fewer, even none, if something went wrong on the way."""
        size = min(wanted, self._sizer.size)
        commands = {f"p{n}": to_command(self._method, self._after(self._reference(n))) for n in range(size)}
        try:
            envelope = self._owner._gate.batch(commands, halt=True)
        except OutcomeUnknown as error:  # a read has no outcome: only the answer was lost
            if not error.overload:
                self._sizer.lost(size)
            return []
        self._sizer.learn(size, float(envelope.time.get("duration") or 0.0))
        answer = as_map(envelope.result)
        results, errors = as_map(answer.get("result")), as_map(answer.get("result_error"))
        pages: list[list[dict[str, Any]]] = []
        cursor = self._cursor
        for name in commands:
            if name not in results:
                self._heed(errors.get(name))
                break
            page = self._well_formed(results[name], cursor)
            if page is None:
                break
            pages.append(page)
            if len(page) < PAGE:
                break
            cursor = int(page[-1][self._keyset.row])
        return pages

    def _heed(self, error: Any) -> None:
        """Pause the method if that is what the error asks for; all else shows when the page is read alone."""
        if isinstance(error, Mapping):
            failure = self._owner._gate.classify.failure({"error": "", **error}, method=self._method)
            if failure.action is Action.WAIT:
                self._owner._limiter.pause(self._method, failure.retry_after or 1.0)

    def _page_alone(self) -> list[dict[str, Any]]:
        params = self._after(self._cursor) if self._cursor else self._params
        problem: CrmkitError | None = None
        for _ in range(PATIENCE):
            try:
                page = self._owner.page(self._method, params, start=-1)
                self._check(page.rows)
            except RateLimited as error:
                problem = error  # the method's budget can stay used up for longer than one call waits
            except (ApiError, IncompleteList) as error:
                problem = error
                break
            else:
                return page.rows
        raise IncompleteList(
            f"{self._method}: no page after id {self._cursor} (row {self._count}): {problem}",
            hint="read the list again later",
        )

    def _check(self, rows: list[dict[str, Any]], *, fresh: bool = False) -> None:
        if self._well_formed(rows, None if fresh else self._cursor) is None:
            raise IncompleteList(
                f"{self._method}: the portal did not sort or filter the rows by id as asked",
                hint="report this",
            )

    def _well_formed(self, result: Any, cursor: int | None) -> list[dict[str, Any]] | None:
        """Return the rows if their ids rise from beyond the cursor."""
        try:
            rows = rows_of(self._method, result)
            ids = [int(row[self._keyset.row]) for row in rows]
        except (ValueError, TypeError, KeyError):
            return None
        before = cursor
        for number in ids:
            if before is not None and number <= before:
                return None
            before = number
        return rows

    def _reference(self, number: int) -> Any:
        if number == 0:
            return self._cursor
        return Ref(f"p{number - 1}", (*self._keyset.path, PAGE - 1, self._keyset.row))

    def _after(self, last: Any) -> dict[str, Any]:
        keyset = self._keyset
        return {
            **self._params,
            keyset.filter: {**as_map(self._params.get(keyset.filter)), f">{keyset.name}": last},
            "start": -1,
        }


def whole(method: str, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a list to its end.

    Who has no row yet is told why: no rights, no connection, a wrong filter. Who has some must learn above
    all that they are not the whole, so that whatever ends the list then is ``IncompleteList``.

    Raises:
        CrmkitError: The first page was refused.
        IncompleteList: A later one was; the reason is its cause.
    """
    count, problem = 0, None
    try:
        for row in rows:
            count += 1
            yield row
    except CrmkitError as error:
        problem = error
    if problem is None:
        return
    if not count or isinstance(problem, IncompleteList):
        raise problem
    raise IncompleteList(
        f"{method}: the list broke off after {count} rows: {problem.message}",
        hint="read the list again later",
    ) from problem


def opening(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of the first page of a list that is walked by id."""
    return {**_prepared(params, KEYSETS[method]), "start": 0}


def _prepared(params: Mapping[str, Any], keyset: Keyset) -> dict[str, Any]:
    """Sort by id, and see to it that the id is among the fields."""
    prepared = {name: value for name, value in params.items() if name.lower() != "start"} | dict(keyset.order)
    select = prepared.get(keyset.select)
    if select and not {"*", keyset.name, keyset.row} & set(select):
        prepared[keyset.select] = [keyset.name, *select]
    return prepared


def _sorted_otherwise(params: Mapping[str, Any], keyset: Keyset) -> bool:
    """Tell whether the caller asked for another order than by ascending id."""
    for name, wanted in keyset.order.items():
        given = params.get(name)
        if given is None or given == wanted:
            continue
        if isinstance(given, Mapping) and isinstance(wanted, Mapping):
            pairs = [(str(key).upper(), str(value).upper()) for key, value in given.items()]
            if pairs == [("ID", "ASC")] or not pairs:
                continue
        return True
    return False


def _identity(row: Any) -> Any:
    if isinstance(row, Mapping):
        for name in ("ID", "id"):
            if name in row:
                return str(row[name])
    return json.dumps(row, sort_keys=True, default=str)
