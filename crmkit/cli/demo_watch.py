"""The demo's second pair of eyes: reads the sandbox by itself, not through the SDK."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

import requests

from crmkit.sandbox.planfix.sandbox import PlanfixSandbox

__all__ = ["Card", "Person", "Watch"]

DEAL, APPROVAL = 1, 2
RETURN_STATE, LABEL, PREVIOUS, NEW, REASON = 101, 102, 103, 104, 105
REFUSED = 6
FIELDS = f"id,name,status,assignees,parent,object,{RETURN_STATE},{LABEL},{PREVIOUS},{NEW}"
PAGE = 100
TIMEOUT = 30.0


@dataclass(frozen=True)
class Card:
    """A deal or an approval task as the REST API shows it."""

    id: int
    title: str
    status: int
    assignees: frozenset[str]
    parent: int
    state: str
    labels: tuple[str, ...]
    previous: str
    candidate: str

    @property
    def shape(self) -> tuple[Any, ...]:
        """Everything that a return changes and an undo or a rejection has to put back."""
        return self.status, self.assignees, self.state, self.labels, self.candidate


class Person:
    """Somebody of the account at the REST API, with a token of his or her own.

    Args:
        box: The sandbox.
        who: ``admin``, or for example ``user:2``.
    """

    def __init__(self, box: PlanfixSandbox, who: str) -> None:
        self._box = box
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {box.tokens[who]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send one POST, at the pace that the account allows: a second before, a second after."""
        self._box.clock.sleep(1)
        answer = self._session.post(f"{self._box.url}{path}", json=body, timeout=TIMEOUT)
        self._box.clock.sleep(1)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def cards(self, kind: int) -> dict[int, Card]:
        """Return all tasks of an object."""
        found: dict[int, Card] = {}
        while True:
            body = {"offset": len(found), "pageSize": PAGE, "fields": FIELDS}
            only = {"type": 51, "operator": "equal", "value": kind}
            page = self.call("/task/list", {**body, "filters": [only]})["tasks"]
            found |= {task["id"]: _card(task) for task in page}
            if len(page) < PAGE:
                return found


class Watch:
    """Reads with the administrator's token, and the control API where Planfix itself shows nothing.

    Args:
        box: The sandbox.
    """

    def __init__(self, box: PlanfixSandbox) -> None:
        self._box = box
        self._admin = Person(box, "admin")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._admin.__exit__()

    def deals(self) -> dict[int, Card]:
        """Return every deal."""
        return self._admin.cards(DEAL)

    def approvals(self) -> dict[int, Card]:
        """Return every approval task by the deal that it is about."""
        return {card.parent: card for card in self._admin.cards(APPROVAL).values()}

    def stalled(self, days: int) -> set[int]:
        """Return the deals, open or refused without a reason, that nobody has touched for so many days."""
        before = self._box.clock.timestamp() - days * 86400
        is_open = {one["id"]: one["is_active"] for one in self._control("state/statuses")}
        return {
            task["id"]
            for task in self._control("state/tasks")
            if task["object"] == DEAL
            and max(task["updated"], task["commented"] or 0) <= before
            and (is_open[task["status"]] or _is_refused_without_reason(task))
        }

    def notices(self, text: str) -> Counter[int]:
        """Return how many people were told a text, by deal."""
        return Counter(one["task"] for one in self._control("notifications") if one["text"] == text)

    def told(self, text: str) -> dict[int, set[str]]:
        """Return who was told a text, by deal."""
        found: dict[int, set[str]] = {}
        for one in self._control("notifications"):
            if one["text"] == text:
                found.setdefault(one["task"], set()).add(one["user"])
        return found

    def writes(self) -> int:
        """Return how many requests of the robot have changed something so far."""
        return sum(
            entry["user"] == "user:90" and entry["verb"] == "POST" and not entry["path"].endswith("/list")
            for entry in self._control("requests")
        )

    def _control(self, path: str) -> Any:
        answer = requests.get(f"{self._box.control_url}/{path}", timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.json()


def _is_refused_without_reason(task: dict[str, Any]) -> bool:
    return task["status"] == REFUSED and not task["fields"].get(str(REASON))


def _card(task: dict[str, Any]) -> Card:
    values = {one["field"]["id"]: one["value"] for one in task.get("customFieldData", ())}
    return Card(
        id=task["id"],
        title=task["name"],
        status=task["status"]["id"],
        assignees=frozenset(user["id"] for user in (task.get("assignees") or {}).get("users", ())),
        parent=(task.get("parent") or {}).get("id", 0),
        state=values.get(RETURN_STATE) or "",
        labels=tuple(values.get(LABEL) or ()),
        previous=(values.get(PREVIOUS) or {}).get("id", ""),
        candidate=(values.get(NEW) or {}).get("id", ""),
    )
