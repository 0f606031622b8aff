"""An office on the real chain: recipe, adapter, Planfix client, HTTP, sandbox on a frozen clock, ledger.

People act in the sandbox or through REST with their own tokens; what came of it is read from the account and
from the sandbox's log of requests, never from what the recipe says about itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crmkit.automation.plan import Plan, PlanItem
from crmkit.crm.models import Ref
from crmkit.planfix import Planfix
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.results import ItemResult, RunResult
from crmkit.sandbox import Fault, Sandbox
from crmkit.sandbox.log import Entry
from crmkit.sandbox.planfix.models import Contact, Task
from crmkit.testing.planfix import open_crm
from recipes.stale_deals import StaleDeals, StaleDealsSettings

DIRECTOR, HEAD, OTHER_HEAD, MANAGER, COLLEAGUE, DISMISSED = (
    "user:1",
    "user:2",
    "user:3",
    "user:4",
    "user:6",
    "user:15",
)
CLIENT = "contact:1001"
WARNING = "Через 7 дней сделка будет переведена в новые запросы"
NEW, WORKING, NEGOTIATION, WON, REFUSED = 1, 2, 3, 5, 6
ASKED, AGREED, DECLINED, CANCELLED = 21, 22, 23, 24
STATE, LABEL, PREVIOUS, CANDIDATE, REASON, SNOOZE, SNOOZE_WHY, RELEASE, AMOUNT = range(101, 110)
FREE = "свободная сделка"
NOTICE, UPDATE, CREATE = "POST /task/{id}/comments/", "POST /task/{id}", "POST /task/"


class Killed(BaseException):
    """Nobody catches this: as if the process had been killed here, but for the lease."""


class Office:
    """One account, one deal to tell of (more on demand), one recipe, one ledger.

    Time stands still but for the pauses of the request limiter, a second per request.
    """

    def __init__(
        self,
        stack: ExitStack,
        folder: Path,
        sandbox: Mapping[str, Any],
        portal: Mapping[str, Any],
        settings: Any,
    ) -> None:
        self.box = stack.enter_context(Sandbox.planfix(**{"seed": "empty", **sandbox}))
        self.box.account.contacts[1001] = Contact(1001, "Семён", "Клиентов")
        self.crm = stack.enter_context(open_crm(self.box, **portal))
        self.folder = folder
        self._stack = stack
        self.url = f"sqlite:///{folder / 'ledger.db'}"
        self.ledger = stack.enter_context(Ledger(self.url))
        self.recipe = self.recipe_with(**settings)
        self.deal = 0
        self.start = self.now

    def recipe_with(self, **settings: Any) -> StaleDeals:
        """Return the recipe; robots are not looked behind unless asked, which saves half of the requests."""
        usual = {"supervisor": HEAD, "look_behind_robots": False}
        return StaleDeals(StaleDealsSettings(**{**usual, **settings}))

    def lose_the_ledger(self) -> None:
        """Begin with an empty ledger, as after a disk was lost."""
        self.ledger = self._stack.enter_context(Ledger(f"sqlite:///{self.folder / 'other.db'}"))

    def reconnect(self, **portal: Any) -> None:
        """Connect with other settings of the portal."""
        self.crm = self._stack.enter_context(open_crm(self.box, **portal))

    # Time

    @property
    def now(self) -> datetime:
        return self.box.clock.now()

    def wait(self, **delta: float) -> None:
        self.box.clock.advance(**delta)

    def on_day(self, days: float, **more: float) -> None:
        """Move to so many days after the deal was last touched at the beginning."""
        self.box.clock.set(self.start + timedelta(days=days, **more))

    # People

    def new_deal(
        self, *, status: int = WORKING, assignees: tuple[str, ...] = (MANAGER,), **fields: Any
    ) -> int:
        """Let the manager create a deal now, move it, fill in fields; the head of the group looks on."""
        number = self.box.act.create_task(MANAGER, "Поставка кабеля", assignees=assignees)
        self.task(number).auditors = (HEAD,)
        if status != NEW:
            self.box.act.set_status(MANAGER, number, status)
        if fields:
            named = {STATE_NUMBERS[name]: value for name, value in fields.items()}
            self.box.act.set_fields(MANAGER, number, named)
        return number

    def client(self, user: str) -> Planfix:
        """Return REST as somebody, with their own token; the account counts all requests together."""
        self.wait(seconds=2)
        return Planfix(self.box.url, token=self.box.tokens[user], clock=self.box.clock)

    def decide(self, status: int, *, candidate: str = "", by: str = HEAD, deal: int = 0) -> None:
        """Let the supervisor decide through REST: name the candidate in the deal, move the approval task."""
        number = deal or self.deal
        with self.client(by) as rest:
            if candidate:
                rest.tasks.update(number, custom_fields={CANDIDATE: candidate})
            rest.tasks.update(self.approval(number).id, status=status)
        self.wait(seconds=2)

    # The recipe

    def plan(self) -> Plan:
        return self.recipe.plan(self.crm, memory=self.ledger)

    def run(self) -> RunResult:
        result: RunResult = self.plan().apply()
        return result

    def item(self, deal: int = 0) -> PlanItem | None:
        """Return what the recipe would do with a deal now."""
        wanted = Ref(kind="deal", id=str(deal or self.deal))
        return next((item for item in self.plan().items if item.entity == wanted), None)

    def verdict(self, deal: int = 0) -> str:
        item = self.item(deal)
        return item.verdict if item else ""

    def warned(self, days: float = 15) -> Office:
        """Go on to the warning."""
        self.on_day(days)
        assert self.run().counts == {"done": 1}
        return self

    def returned(self) -> Office:
        """Go on to the return."""
        self.warned().on_day(22, hours=1)
        assert self.run().counts == {"done": 1}
        return self

    # What is there now

    def task(self, number: int = 0) -> Task:
        return self.box.account.tasks[number or self.deal]

    def card(self, deal: int = 0) -> dict[str, Any]:
        """Return what a person sees of a deal: status, executors, label, state, former and new executor."""
        task = self.task(deal)
        return {
            "status": task.status,
            "assignees": task.assignees,
            "label": tuple(task.fields.get(LABEL) or ()),
            "state": task.fields.get(STATE),
            "previous": task.fields.get(PREVIOUS),
            "candidate": task.fields.get(CANDIDATE),
        }

    def approvals(self, deal: int = 0) -> list[Task]:
        tasks = self.box.account.tasks.values()
        return [task for task in tasks if task.object == 2 and task.parent == (deal or self.deal)]

    def approval(self, deal: int = 0) -> Task:
        return self.approvals(deal)[-1]

    def notes(self, deal: int = 0) -> list[str]:
        """Return the texts that our robot has written into a deal."""
        task, comments = self.task(deal), self.box.account.comments
        return [
            comments[one].text
            for one in task.comments
            if comments[one].owner == "user:90" and comments[one].text
        ]

    def told(self, text: str = WARNING, deal: int = 0) -> list[str]:
        """Return who got a notification with this text about a deal."""
        number = deal or self.deal
        return [one.user for one in self.box.account.notifications if (one.task, one.text) == (number, text)]

    def writes(self) -> list[Entry]:
        """Return the writing requests of our robot that reached the portal, in order."""
        return [
            entry
            for entry in self.box.requests
            if entry.user == "user:90" and entry.operation in (NOTICE, UPDATE, CREATE)
        ]

    def written(self) -> Counter[str]:
        """Count them by operation."""
        return Counter(entry.operation for entry in self.writes())

    def trouble(self, kind: str, match: str, **how: Any) -> Fault:
        fault: Fault = self.box.faults.add(Fault(kind, match, **how))
        return fault

    # Being killed

    def die(self, nth: int, *, when: str) -> None:
        """Let the process die at its n-th write, ``before`` it is sent or ``after`` its answer."""
        count = 0
        crm = self.crm

        def deadly(write: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **options: Any) -> Any:
                nonlocal count
                count += 1
                if count == nth and when == "before":
                    raise Killed
                result = write(*args, **options)
                if count == nth:
                    raise Killed
                return result

            return call

        for room, name in (
            (crm.deals, "update"),
            (crm.comments, "add"),
            (crm.tasks, "create"),
            (crm.tasks, "set_state"),
        ):
            setattr(room, name, deadly(getattr(type(room), name).__get__(room)))

    def live(self) -> None:
        """Let the process live on."""
        crm = self.crm
        for room, name in (
            (crm.deals, "update"),
            (crm.comments, "add"),
            (crm.tasks, "create"),
            (crm.tasks, "set_state"),
        ):
            vars(room).pop(name, None)


STATE_NUMBERS = {
    "reason": REASON,
    "label": LABEL,
    "candidate": CANDIDATE,
    "snooze": SNOOZE,
    "snooze_why": SNOOZE_WHY,
    "amount": AMOUNT,
    "state": STATE,
}


def only(result: RunResult) -> ItemResult:
    """Return the one item of a run."""
    (item,) = (*result.earlier, *result.items)
    return item


@pytest.fixture
def make_office(tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Open an office; ``sandbox`` and ``portal`` are their options, the rest are settings of the recipe."""
    with ExitStack() as stack:

        def make(
            sandbox: Mapping[str, Any] | None = None, portal: Mapping[str, Any] | None = None, **settings: Any
        ) -> Office:
            office = Office(stack, tmp_path, sandbox or {}, portal or {}, settings)
            office.deal = office.new_deal()
            return office

        yield make


@pytest.fixture
def office(make_office: Callable[..., Office]) -> Office:
    """A deal «В работе» that Ольга Иванова created on Monday, 3 March 2025, 09:00 in Moscow."""
    return make_office()
