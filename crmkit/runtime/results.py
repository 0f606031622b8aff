"""What a run came to, as it is handed to the caller."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from crmkit.automation.actions import Action
from crmkit.automation.messages import Message
from crmkit.crm.models import Ref
from crmkit.runtime.records import ActionStatus, ItemStatus, RunStatus

__all__ = ["ActionResult", "ItemResult", "RunResult"]

UNFINISHED = (ItemStatus.FAILED, ItemStatus.UNKNOWN, ItemStatus.PLANNED, ItemStatus.BEGUN)


@dataclass(frozen=True, slots=True)
class ActionResult:
    """One action of an item and what came of it; ``error`` may tell of a part that was refused."""

    action: Action
    status: ActionStatus
    error: str = ""


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One item of a plan and what came of it.

    Attributes:
        entity, title: What it is about.
        status: What came of it.
        message: Why, if there is something to say.
        actions: What was tried now, in order; without what an earlier try had done already.
        run: The run that it belongs to: an earlier one if it was broken off half way and is finished now.
    """

    entity: Ref
    title: str
    status: ItemStatus
    message: Message | None = None
    actions: tuple[ActionResult, ...] = ()
    run: str = ""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to.

    Attributes:
        run: Its id; empty if it was called off before it began.
        status: Whether it came to its end, or was stopped and can be resumed.
        items: The items of its plan that it dealt with, and those that it could not start.
        earlier: Items of earlier runs that had been broken off half way and were finished first.
        requests: API requests that it took.
        seconds: How long it took.
        error: What stopped it.
        left: How many items a paused run has left as they were planned; they are not among ``items``.
    """

    run: str
    status: RunStatus
    items: tuple[ItemResult, ...] = ()
    earlier: tuple[ItemResult, ...] = ()
    requests: int = 0
    seconds: float = 0.0
    error: str = ""
    left: int = 0
    counts: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        counts = Counter(str(item.status) for item in self.items)
        object.__setattr__(self, "counts", dict(counts.most_common()))

    @property
    def exit_code(self) -> int:
        """What a command should end with: 0 all done, 1 something is left to do or to look at, 3 stopped."""
        if self.status is RunStatus.STOPPED:
            return 3
        return int(any(item.status in UNFINISHED for item in (*self.items, *self.earlier)))
