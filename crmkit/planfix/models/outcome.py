"""What a write came to, said explicitly: applied, queued, or applied in part."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Created", "FieldFailure", "Updated", "WriteState"]


class WriteState(StrEnum):
    """Whether the portal did it or only promised it."""

    APPLIED = "applied"
    QUEUED = "queued"


@dataclass(frozen=True, slots=True)
class Created:
    """Something new.

    Args:
        id: Its number.
        external_id: The ``sourceObjectId`` it was written with; empty if the caller gave no key.
    """

    id: int
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class FieldFailure:
    """A field that the portal did not change, and its words about it."""

    field: str
    error: str


@dataclass(frozen=True, slots=True)
class Updated:
    """The outcome of an update that the portal took.

    ``QUEUED`` is HTTP 202: something else is changing the object, the change waits until it is free. There is
    no number to ask about it, the order of several queued changes is not promised, and one has been seen that
    was never stored: read back before calling it done.

    Args:
        status: Applied or queued.
        failures: The fields that were not changed; the others were.
    """

    status: WriteState = WriteState.APPLIED
    failures: tuple[FieldFailure, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything that was asked is stored, as far as the answer tells."""
        return self.status is WriteState.APPLIED and not self.failures


def read_failures(data: Any) -> tuple[FieldFailure, ...]:
    """Read ``failures``: an array by the vendor's description, a single object in the vendor's example."""
    rows = [data] if isinstance(data, dict) else data if isinstance(data, list) else []
    return tuple(
        FieldFailure(str(row.get("field", "")), str(row.get("error", "")))
        if isinstance(row, dict)
        else FieldFailure("", str(row))
        for row in rows
    )
