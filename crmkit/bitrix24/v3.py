"""REST 3.0: JSON filters, pagination, batches as lists, idempotency keys, the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crmkit.bitrix24.envelope import is_error, rows_of
from crmkit.bitrix24.errors import error_from
from crmkit.bitrix24.lists import whole
from crmkit.bitrix24.outcomes import BatchResult, Command, Outcome, Status
from crmkit.bitrix24.portal import Portal
from crmkit.exceptions import (
    ApiError,
    AuthenticationError,
    CrmkitError,
    IncompleteList,
    OutcomeUnknown,
    RateLimited,
    TransportError,
    ValidationError,
)
from crmkit.transport.request import Effect

__all__ = ["V3", "any_of", "condition"]

_OPERATORS = frozenset({"=", "!=", ">", ">=", "<", "<=", "in", "between"})
MOST = 1000
"""Rows of a page (page on REST 3.0)."""


def condition(field: str, operator: str, value: Any) -> list[Any]:
    """Return one condition of a filter.

    Raises:
        ValidationError: The operator does not exist.

    Example:
        >>> condition("id", ">", 1000)
        ['id', '>', 1000]
    """
    if operator not in _OPERATORS:
        known = " ".join(sorted(_OPERATORS))
        raise ValidationError(f"{operator!r} is no operator of REST 3.0", hint=f"there are: {known}")
    if operator == "between" and (not isinstance(value, list | tuple) or len(value) != 2):
        raise ValidationError("between takes two values")
    return [field, operator, value]


def any_of(*conditions: Sequence[Any]) -> dict[str, Any]:
    """Return a condition that holds if one of these does.

    Example:
        >>> any_of(condition("id", "=", 1), condition("id", "=", 2))
        {'logic': 'or', 'conditions': [['id', '=', 1], ['id', '=', 2]]}
    """
    return {"logic": "or", "conditions": [list(one) for one in conditions]}


_NOTHING = object()
_NOT_DONE = (AuthenticationError, RateLimited, TransportError)
"""What is refused before the first command is looked at."""


class V3:
    """REST 3.0 of a portal. JSON goes as it is, so nulls, booleans and empty arrays keep their meaning."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def call(self, method: str, params: Any = None, *, key: str = "", effect: Effect | None = None) -> Any:
        """Call a method and return its ``result``; ``key`` is the ``Idempotency-Key``."""
        return self._portal.request_v3(method, params, key=key, effect=effect).result

    def batch(self, commands: Iterable[Command | tuple[str, Mapping[str, Any]]]) -> BatchResult:
        """Call several methods in one request; one outcome each, in order. Raises for none of them.

        There is no ``Idempotency-Key`` for a batch. If one command is refused the portal answers with its
        error alone, and does not say what it did before: writes are unknown then, as after a lost answer.
        """
        given = [one if isinstance(one, Command) else Command(*one) for one in commands]
        body = [{"method": one.method, "query": one.params} for one in given]
        problem: CrmkitError | None = None
        answers: list[Any] = []
        try:
            answers = rows_of("batch", self._portal.request_v3("batch", body, effect=Effect.WRITE).result)
        except (CrmkitError, ValueError) as error:
            problem = error if isinstance(error, CrmkitError) else None
        answers += [_NOTHING] * (len(given) - len(answers))
        return BatchResult(
            [_outcome(one, answer, problem, len(given)) for one, answer in zip(given, answers, strict=False)]
        )

    def list(
        self, method: str, params: Mapping[str, Any] | None = None, *, size: int = MOST, id_field: str = "id"
    ) -> Iterator[dict[str, Any]]:
        """Yield all rows of a list method, ordered by id.

        Args:
            method: A list method whose id can be filtered and sorted.
            params: Its parameters; ``order`` and ``pagination`` are set here.
            size: Rows per page, at most 1,000.
            id_field: The field of the id.

        Raises:
            CrmkitError: The first page was refused; nothing was read.
            IncompleteList: A later page was, or the portal does not filter or sort by id as asked.
        """
        return whole(method, self._walk(method, dict(params or {}), size, id_field))

    def _walk(self, method: str, given: dict[str, Any], size: int, id_field: str) -> Iterator[dict[str, Any]]:
        own = list(given.pop("filter", ()))
        if given.get("select") and id_field not in given["select"]:
            given["select"] = [id_field, *given["select"]]
        cursor = 0
        while True:
            after = [condition(id_field, ">", cursor)] if cursor else []
            page = self._page(method, {**given, "filter": own + after, "order": {id_field: "ASC"}}, size)
            ids = [int(row[id_field]) for row in page]
            if any(number <= before for before, number in zip([cursor, *ids], ids, strict=False)):
                raise IncompleteList(f"{method}: the rows are not in the order of their ids")
            yield from page
            if len(page) < size:
                return
            cursor = ids[-1]

    def openapi(self) -> dict[str, Any]:
        """Return the portal's own description of its methods (``rest.documentation.openapi``)."""
        document = self.call("rest.documentation.openapi", effect=Effect.READ)
        return dict(document)

    def _page(self, method: str, params: Mapping[str, Any], size: int) -> Sequence[dict[str, Any]]:
        body = {**params, "pagination": {"page": 1, "limit": size, "offset": 0}}
        return rows_of(method, self.call(method, body, effect=Effect.READ))


def _outcome(command: Command, answer: Any, problem: CrmkitError | None, size: int) -> Outcome:
    """Tell what became of a command of a batch by its answer, or by what became of the batch."""
    if is_error(answer):
        return Outcome(command, Status.FAILED, error=error_from(answer, method=command.method))
    if answer is not _NOTHING:
        return Outcome(command, Status.DONE, answer)
    alone = size == 1 and isinstance(problem, ApiError)
    if problem is not None and (alone or isinstance(problem, _NOT_DONE) or command.repeat is Effect.READ):
        return Outcome(command, Status.FAILED, error=problem)
    doubt = OutcomeUnknown(
        f"{command.method}: it is not known whether it was carried out: "
        f"{problem.message if problem else 'the answer passes over the command'}",
        operation=command.method,
        request=command,
        hint="look in the portal before sending it again",
    )
    return Outcome(command, Status.UNKNOWN, error=doubt)
