"""A portal on a sandbox, with the means to make things happen in it: what the shared suites work with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from crmkit.crm.base import Crm
from crmkit.crm.models import Person, TaskState

__all__ = ["Bench", "Row", "Written"]

Written = Literal["comment", "task", "deal", "start", "workspace"]
"""What can be lost on its way: "start" is that of a business process."""
Row = tuple[str, Decimal, float]
"""What was sold: name, price, quantity."""


class Bench(Protocol):
    """What an adapter's suite needs of a sandbox. The portal has a pipeline of deals with some history in it.

    Attributes:
        crm: The adapter, acting as the robot.
        robot: The owner of the adapter's token.
        noisy_robot: Another robot of the portal.
        manager, other_manager: Employees who are at work.
        dismissed: An employee who has left.
        stages: Logical names of open stages, two at least.
        closed_stage: The logical name of a stage that is not open.
        task_kind: The logical name of a kind of tasks.
        choice: A field for one of several options: its logical name and a legal option.
        text: A field for text.
        person: A field for one person.
        pipeline: The logical name of a pipeline in which new deals are not put by themselves; may be empty.
        process: The logical name of a business process of deals that takes a while; may be empty.
        cards_share_numbers: No contact has the number of a company.
    """

    crm: Crm
    robot: Person
    noisy_robot: Person
    manager: Person
    other_manager: Person
    dismissed: Person
    stages: tuple[str, ...]
    closed_stage: str
    task_kind: str
    choice: tuple[str, str]
    text: str
    person: str
    pipeline: str
    process: str
    cards_share_numbers: bool

    def now(self) -> datetime:
        """Return the portal's present moment."""
        ...

    def advance(self, **delta: float) -> None:
        """Let time pass: ``advance(days=15)``."""
        ...

    def new_deal(self) -> str:
        """Let the manager create an open deal without any field set, and return its id."""
        ...

    def client_of(self, deal_id: str) -> Person | None:
        """Return somebody at the client's side of a deal who can write to it."""
        ...

    def deal_ids(self, *, open_only: bool = False) -> Collection[str]:
        """Return the ids of all deals that are not deleted, as the portal itself knows them."""
        ...

    def last_touch(self, deal_id: str) -> datetime:
        """Return when anybody last changed or commented a deal, as the portal itself knows it."""
        ...

    def comment(self, who: Person, deal_id: str, text: str) -> None:
        """Let somebody comment a deal."""
        ...

    def move(self, who: Person, deal_id: str, stage: str) -> None:
        """Let somebody move a deal to a stage, by its logical name."""
        ...

    def decide(self, who: Person, task_id: str, state: TaskState) -> None:
        """Let somebody move a task of ``task_kind`` to a state."""
        ...

    def delete(self, deal_id: str) -> None:
        """Let the manager delete a deal."""
        ...

    def rename_stage(self, stage: str) -> str:
        """Give a stage another name in the portal and return that."""
        ...

    def rename_field(self, field: str) -> str:
        """Give a field another name in the portal and return that."""
        ...

    def lose_answer(self, of: Written) -> None:
        """Let the next write of this kind be carried out and its answer get lost."""
        ...

    def swallow(self, of: Written) -> None:
        """Let the next write of this kind get lost before it is carried out, without an answer."""
        ...

    def queue_next_update(self) -> None:
        """Let the portal queue the next change of a deal instead of making it."""
        ...

    def refuse_next_field(self, field: str) -> None:
        """Let the portal make the next change of a deal but for this field."""
        ...

    def writes(self) -> list[Any]:
        """Return the writing requests that have reached the portal so far."""
        ...

    def card_choice(self, what: str) -> tuple[str, str] | None:
        """Return a field of companies or contacts for one of several options: its name and an option."""
        ...

    def to_do(self, task_id: str) -> list[str]:
        """Return the lines of a task's checklist that are not ticked off."""
        ...

    def spend(self, who: Person, task_id: str, minutes: float) -> None:
        """Let somebody record time in a task."""
        ...

    def sell(self, deal_id: str, rows: Sequence[Row]) -> None:
        """Put product rows into a deal."""
        ...

    def sold(self, deal_id: str) -> list[Row]:
        """Return the product rows of a deal."""
        ...

    def let_guests_in(self) -> None:
        """Let the portal have external spaces."""
        ...

    def keep_guests_out(self) -> None:
        """Let the portal have none and allow none."""
        ...

    def notified(self, person: Person) -> int:
        """Return how many notifications somebody has got."""
        ...
