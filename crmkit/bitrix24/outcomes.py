"""Commands of a batch and what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, overload

from crmkit.bitrix24.effects import effect_of
from crmkit.exceptions import BatchError, CrmkitError
from crmkit.transport.request import Effect

__all__ = ["BatchResult", "Command", "ExternalKey", "Outcome", "Status"]


@dataclass(frozen=True, slots=True)
class ExternalKey:
    """How to find out whether a create took place: by a key that the new object carries.

    Args:
        method: The list method to ask, for example ``crm.item.list``.
        name: The field that holds the key, as filters name it.
        value: The key; unique per object.
        where: Further filter terms, for example the originator.
        params: Further parameters of the list method, for example ``entityTypeId``.
        wrap: The key under which the create method returns the object; empty if it returns the bare id.
        id_field: The id in the rows of the list.
        row_name: The key in the rows, if it is written differently there.
        id_name: The id as select and order write it, if it is written differently there.
        prefix: The operator for "one of these".
    """

    method: str
    name: str
    value: str
    where: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    wrap: str = ""
    id_field: str = "id"
    row_name: str = ""
    id_name: str = ""
    prefix: str = "@"


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a batch.

    Args:
        method: The vendor's method.
        params: Its parameters; positional ones for the old ``task.*`` methods.
        key: A name by which later commands refer to the result; with ``halt`` only.
        effect: What a repeat would do; judged by the method if not given.
        find: How to find out whether it took place if the answer is lost.
        refused: Why it must not be sent; its outcome is this error, and the others go on.

    Example:
        >>> Command("crm.item.update", {"entityTypeId": 2, "id": 7, "fields": {"title": "x"}}).repeat
        <Effect.IDEMPOTENT: 'idempotent'>
    """

    method: str
    params: Mapping[str, Any] | Sequence[Any] = field(default_factory=dict)
    key: str = ""
    effect: Effect | None = None
    find: ExternalKey | None = None
    refused: CrmkitError | None = None

    @property
    def repeat(self) -> Effect:
        """What it would do to send this command a second time."""
        return self.effect or effect_of(self.method, self.params)


class Status(StrEnum):
    """What became of a command."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one command.

    Attributes:
        command: The command.
        status: Done, failed (``error`` says why; it had no effect), or unknown (``error`` says how it was
            looked for).
        result: What the method returned.
        error: The exception that a single call would have raised.
        total: Rows of a list, if the portal counted them.
        next: Offset of the next page of a list.
        settled: How a lost answer was replaced, empty if the portal answered.
    """

    command: Command
    status: Status
    result: Any = None
    error: CrmkitError | None = None
    total: int | None = None
    next: int | None = None
    settled: str = ""

    def value(self) -> Any:
        """Return the result, or raise what a single call would have raised."""
        if self.error is not None:
            raise self.error
        return self.result


class BatchResult(Sequence[Outcome]):
    """The outcomes of all commands, in the order of the commands."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self._outcomes = tuple(outcomes)

    @property
    def done(self) -> tuple[Outcome, ...]:
        """Commands that were carried out."""
        return self._with(Status.DONE)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Commands that were refused or never sent; they had no effect."""
        return self._with(Status.FAILED)

    @property
    def unknown(self) -> tuple[Outcome, ...]:
        """Commands of which nobody knows whether they were carried out."""
        return self._with(Status.UNKNOWN)

    def results(self) -> list[Any]:
        """Return all results in order.

        Raises:
            BatchError: A command failed or is unknown; the outcomes are in the exception.
        """
        failed, unknown = self.failed, self.unknown
        if failed or unknown:
            first = (failed or unknown)[0].error
            raise BatchError(
                f"{len(failed)} of {len(self)} commands failed, {len(unknown)} unknown; the first: {first}",
                done=self.done,
                failed=failed,
                unknown=unknown,
            )
        return [outcome.result for outcome in self._outcomes]

    @overload
    def __getitem__(self, index: int) -> Outcome: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Outcome, ...]: ...
    def __getitem__(self, index: int | slice) -> Outcome | tuple[Outcome, ...]:
        return self._outcomes[index]

    def __len__(self) -> int:
        return len(self._outcomes)

    def __iter__(self) -> Iterator[Outcome]:
        return iter(self._outcomes)

    def __repr__(self) -> str:
        counts = f"{len(self.done)} done, {len(self.failed)} failed, {len(self.unknown)} unknown"
        return f"<BatchResult of {len(self)}: {counts}>"

    def _with(self, status: Status) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self._outcomes if outcome.status is status)
