"""Next steps: what somebody is going to do about a deal, as the portal's calendar shows it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from crmkit.crm.models.reference import Model, Person, Ref

__all__ = ["NewStep", "Step", "StepChanges"]

DAY = timedelta(days=1)


class NewStep(Model):
    """A step to be recorded.

    Example:
        >>> from datetime import UTC
        >>> start = datetime(2025, 3, 4, 10, tzinfo=UTC)
        >>> step = NewStep(
        ...     deal=Ref(kind="deal", id="7"),
        ...     kind="звонок",
        ...     goal="уточнить бюджет",
        ...     start=start,
        ...     end=start + timedelta(minutes=15),
        ... )
        >>> step.is_whole_day
        False
    """

    deal: Ref
    kind: str
    goal: str
    start: datetime
    end: datetime
    color: str = ""
    """A colour as the vendor has it; empty: the vendor's usual one."""
    assignee: Person | None = None
    comment: Ref | None = None
    """A comment of ours that holds the record, where records live in comments (Planfix); by default the
    record gets one of its own."""

    @property
    def is_whole_day(self) -> bool:
        """Whether it has a date but no time."""
        return self.end - self.start >= DAY


class Step(Model):
    """A recorded step: a to-do of Bitrix24, or an entry of an analytics (data tag) of Planfix."""

    id: str
    deal: Ref
    kind: str = ""
    goal: str = ""
    start: datetime | None = None
    end: datetime | None = None
    open: bool = True
    result: str = ""
    assignee: Person | None = None
    key: str = ""
    """The key that it was recorded with, where the vendor gives it back."""
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)


class StepChanges(Model):
    """What to change in a recorded step, all in one write. Only what is given is written."""

    goal: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    assignee: Person | None = None
