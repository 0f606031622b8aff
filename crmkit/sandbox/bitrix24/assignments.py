"""What business processes ask of people: they wait for the answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "ANSWER_WORDS",
    "APPROVE",
    "CANCEL",
    "INFORMATION",
    "NO",
    "OK",
    "OPTIONAL",
    "REVIEW",
    "YES",
    "Assignment",
    "Assignments",
]

APPROVE, REVIEW = "ApproveActivity", "ReviewActivity"
INFORMATION, OPTIONAL = "RequestInformationActivity", "RequestInformationOptionalActivity"
YES, NO, OK, CANCEL = 1, 2, 3, 4
ANSWER_WORDS = {"yes": YES, "no": NO, "ok": OK, "cancel": CANCEL}
ANSWERS = {APPROVE: (YES, NO), REVIEW: (OK,), INFORMATION: (OK,), OPTIONAL: (OK, CANCEL)}
STATES = {
    APPROVE: "Ожидает утверждения",
    REVIEW: "Ожидает ознакомления",
    INFORMATION: "Ожидает дополнительной информации",
    OPTIONAL: "Ожидает дополнительной информации",
}
KEPT = 86400
"""Seconds that the cloud goes on telling of an assignment when its process is over."""


@dataclass
class Assignment:
    """Something that a process asks of somebody. Moments are seconds since 1970.

    Attributes:
        workflow: The process that waits.
        status, user_status: 0 while nobody has answered; then 1 yes, 2 no, 3 done.
        closed: When its process ended; 0 while it runs.
    """

    id: int
    workflow: str
    template: int
    user: int
    name: str
    activity: str
    document: str
    entity: str
    document_name: str
    template_name: str
    started: int
    started_by: int
    modified: int
    parameters: dict[str, Any] = field(default_factory=dict)
    status: int = 0
    user_status: int = 0
    closed: int = 0

    @property
    def answers(self) -> tuple[int, ...]:
        """The answers that its kind takes."""
        return ANSWERS.get(self.activity, ())

    def answer(self, status: int, now: int) -> None:
        """Note an answer; a cancellation counts as a no."""
        self.status = self.user_status = NO if status == CANCEL else status
        self.modified = now


class Assignments:
    """All of them, with those of ended processes for a day."""

    def __init__(self) -> None:
        self._by_id: dict[int, Assignment] = {}
        self._of: dict[str, list[Assignment]] = {}

    def __iter__(self) -> Iterator[Assignment]:
        return iter(self._by_id.values())

    def add(self, made: Assignment) -> None:
        """Take one up."""
        self._by_id[made.id] = made
        self._of.setdefault(made.workflow, []).append(made)

    def get(self, number: int) -> Assignment | None:
        """Return one by its number."""
        return self._by_id.get(number)

    def close(self, workflow: str, now: int) -> None:
        """Note that a process is over: what nobody answered is gone, the rest is told of for a day."""
        for one in self._of.pop(workflow, ()):
            if one.status:
                one.closed = now
            else:
                del self._by_id[one.id]

    def told(self, now: int) -> list[Assignment]:
        """Return those that the portal still tells of, in the order of their numbers."""
        return [one for one in self._by_id.values() if not one.closed or now - one.closed <= KEPT]
