"""Starts scenarios, presses buttons, does what incoming webhooks say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crmkit.sandbox.planfix.fields import decode
from crmkit.sandbox.planfix.matching import Circumstance, holds
from crmkit.sandbox.planfix.models import Comment, Contact, FieldDef, Task
from crmkit.sandbox.planfix.outbox import Outbox
from crmkit.sandbox.planfix.scenarios import (
    Button,
    Delivery,
    Event,
    IncomingWebhook,
    Scenario,
    Steps,
)
from crmkit.sandbox.planfix.templates import Context
from crmkit.sandbox.planfix.text import stored

if TYPE_CHECKING:
    from crmkit.sandbox.planfix.account import Account

__all__ = ["Automation", "TooSoon", "shaped"]

PRESS_PAUSE = 60.0
"""Seconds until a button can be pressed again in the same task."""
FREE_SCENARIOS = 1
SHORTEST_DELAY = 60.0
"""Shorter ones are for the highest tariff only."""
PEOPLE_FIELDS = (10, 11, 12, 13)


class TooSoon(ValueError):
    """The button was pressed in this task less than a minute ago."""


def shaped(spec: FieldDef, value: Any) -> Any:
    """Return a value as the API takes it; people may be given as ``user:4``."""
    return {"id": value} if isinstance(value, str) and spec.type in PEOPLE_FIELDS else value


class Automation:
    """The scenarios, buttons and incoming webhooks of an account, and the requests they sent.

    Args:
        account: The account.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self.scenarios: dict[int, Scenario] = {}
        self.buttons: dict[int, Button] = {}
        self.webhooks: dict[str, IncomingWebhook] = {}
        self.deliveries: list[Delivery] = []
        self.outbox = Outbox(account)
        self._pressed: dict[tuple[int, int], float] = {}
        self._rounds: dict[tuple[int, int], int] = {}
        self._chain: tuple[int, ...] = ()
        self._matching: dict[int, set[int]] = {}
        self._expected: set[tuple[int, int, float]] = set()
        self.operations: Counter[str] = Counter()
        """How many operations were done by month: ``2025-03``."""
        self.over_quota = 0
        """How many were not done, because the month's quota was used up."""

    def add(self, scenario: Scenario) -> Scenario:
        """Switch a scenario on.

        Raises:
            ValueError: The tariff does not allow it.
        """
        tariff = self._account.settings.tariff
        if tariff == "free" and len(self.scenarios) >= FREE_SCENARIOS:
            raise ValueError("the free tariff has one scenario")
        if tariff != "corporation" and 0 < scenario.delay < SHORTEST_DELAY:
            raise ValueError("delays under a minute are for the tariff corporation only")
        self.scenarios[scenario.id] = scenario
        for task in self._account.tasks.values():
            self._expect(scenario, task)
            if scenario.matches and scenario.object in (0, task.object):
                self._compare(scenario, task, "", self._account.now())
        return scenario

    def add_button(self, button: Button) -> Button:
        """Put a button into tasks.

        Raises:
            ValueError: The tariff has no buttons.
        """
        if self._account.settings.tariff == "free":
            raise ValueError("the free tariff has no buttons")
        self.buttons[button.id] = button
        return button

    def happened(
        self,
        kinds: frozenset[str],
        task: Task,
        *,
        author: str,
        at: float,
        changed: tuple[str, ...] = (),
        comment: int = 0,
    ) -> None:
        """Start the scenarios that wait for this, in their order."""
        if not self.scenarios:
            return
        event = Event(kinds, task.id, author, at, changed, comment, self._chain)
        for scenario in list(self.scenarios.values()):
            if scenario.about != "task" or scenario.object not in (0, task.object):
                continue
            told = event
            if not kinds.isdisjoint(("created", "changed")):
                self._expect(scenario, task)
                if scenario.matches:
                    told = replace(event, kinds=kinds | self._compare(scenario, task, author, at, kinds))
            if scenario.listens_to(told):
                self._start(scenario, told)

    def card_happened(
        self,
        kinds: frozenset[str],
        contact: Contact,
        *,
        author: str,
        at: float,
        changed: tuple[str, ...] = (),
        comment: int = 0,
    ) -> None:
        """Start the scenarios of contacts or of companies that wait for this."""
        about = "company" if contact.is_company else "contact"
        event = Event(kinds, 0, author, at, changed, comment, self._chain, contact.id)
        for scenario in list(self.scenarios.values()):
            if scenario.about == about and scenario.listens_to(event):
                self._start(scenario, event)

    def _compare(
        self, scenario: Scenario, task: Task, author: str, at: float, kinds: frozenset[str] = frozenset()
    ) -> frozenset[str]:
        """Note whether a task satisfies a scenario, and return what that makes of its change.

        A condition that came true by the time alone counts with the next change: only then anybody looks.
        """
        known = self._matching.setdefault(scenario.id, set())
        circumstance = Circumstance(self._account, task, author, bool(self._chain), at)
        before, now = task.id in known, self._holds(scenario, circumstance)
        (known.add if now else known.discard)(task.id)
        if not now:
            return frozenset()
        if before:
            return frozenset({"changed_still_matching"} if "changed" in kinds else ())
        return frozenset({"came_to_match", *(["changed_to_match"] if "changed" in kinds else [])})

    def _expect(self, scenario: Scenario, task: Task) -> None:
        """Wait for the date of a task that a scenario is about, unless it has passed."""
        due = self._date(scenario, task) if scenario.date and scenario.object in (0, task.object) else None
        key = (scenario.id, task.id, due or 0.0)
        if due is None or due <= self._account.now() or key in self._expected:
            return
        self._expected.add(key)

        def come(at: float) -> None:
            self._expected.discard(key)
            if not task.is_deleted and self._date(scenario, task) == at and scenario.active:
                self._start(scenario, Event(frozenset({"date"}), task.id, task.assigner, at))

        self._account.enqueue(f"scenario:{scenario.id}", come, due=due)

    def _date(self, scenario: Scenario, task: Task) -> float | None:
        if not scenario.date.startswith("field "):
            moment: float | None = getattr(task, scenario.date)
            return moment
        value = task.fields.get(int(scenario.date.removeprefix("field ")))
        if isinstance(value, str):
            zone = ZoneInfo(self._account.settings.timezone)
            return datetime.strptime(value, "%d-%m-%Y").replace(tzinfo=zone).timestamp()
        return value if isinstance(value, float) else None

    def _start(self, scenario: Scenario, event: Event) -> None:
        if scenario.delay <= 0:
            self._fire(scenario, event, event.at)
            return
        key = (scenario.id, event.task or -event.contact)
        round_ = self._rounds[key] = self._rounds.get(key, 0) + 1

        def later(at: float) -> None:
            if not scenario.debounce or self._rounds[key] == round_:
                self._fire(scenario, event, at)

        self._account.enqueue(f"scenario:{scenario.id}", later, due=event.at + scenario.delay)

    def _fire(self, scenario: Scenario, event: Event, at: float) -> None:
        if event.contact:
            request, author = scenario.steps.request, scenario.author or event.author
            if scenario.active and request is not None and self.spend(at):
                self._post(Delivery(0, 0, request, at, event.comment, author, scenario.id, event.contact))
            return
        task = self._account.tasks[event.task]
        now = Circumstance(self._account, task, event.author, bool(event.chain), at)
        if not scenario.active or not (scenario.matches or self._holds(scenario, now)):
            return
        before, self._chain = self._chain, (*event.chain, scenario.id)
        try:
            author = scenario.author or event.author
            self._do(scenario.steps, task, author=author, at=at, comment=event.comment, scenario=scenario.id)
        finally:
            self._chain = before

    @staticmethod
    def _holds(scenario: Scenario, now: Circumstance) -> bool:
        return scenario.status in (0, now.task.status) and holds(scenario.conditions, scenario.logic, now)

    def spend(self, at: float) -> bool:
        """Count an operation; tell whether it may be done."""
        settings = self._account.settings
        month = datetime.fromtimestamp(at, ZoneInfo(settings.timezone)).strftime("%Y-%m")
        limit = settings.operations_per_month
        if limit is not None and self.operations[month] >= limit and settings.over_quota == "stop":
            self.over_quota += 1
            return False
        self.operations[month] += 1
        return True

    def _do(
        self, steps: Steps, task: Task, *, author: str, at: float, comment: int = 0, scenario: int = 0
    ) -> None:
        account = self._account
        changes: dict[str, Any] = {"status": steps.status} if steps.status else {}
        if steps.fields:
            changes["fields"] = self._decoded(steps.fields)
        if changes and self.spend(at):
            account.change_task(task, changes, author=author, at=at)
        if steps.comment and self.spend(at):
            said = Context(account, task, account.comments.get(comment), author=author, at=at)
            text = stored(said.fill(steps.comment))
            account.add_comment(task, Comment(account.new_id("comment"), task.id, author, at, text=text))
        if steps.request is not None and self.spend(at):
            self._post(Delivery(0, task.id, steps.request, at, comment, author, scenario))

    def _post(self, delivery: Delivery) -> None:
        delivery.id = len(self.deliveries) + 1
        self.deliveries.append(delivery)
        self.outbox.put(delivery)

    def _decoded(self, values: dict[int, Any]) -> dict[int, Any]:
        specs, zone = self._account.fields.task, ZoneInfo(self._account.settings.timezone)
        known = {int(number): value for number, value in values.items() if int(number) in specs}
        return {
            number: decode(specs[number], shaped(specs[number], value), zone)
            for number, value in known.items()
        }

    def press(self, button: int, task: Task, *, author: str, by_webhook: bool = False) -> None:
        """Press a button in a task.

        Raises:
            LookupError: The task has no such button.
            TooSoon: It was pressed there less than a minute ago.
        """
        found, now = self.buttons.get(button), self._account.now()
        if (
            found is None
            or found.object not in (0, task.object)
            or (found.hidden and not by_webhook)
            or task.is_deleted
        ):
            raise LookupError(f"there is no button {button} in task {task.id}")
        key = (button, task.id)
        if now < self._pressed.get(key, float("-inf")) + PRESS_PAUSE:
            raise TooSoon(f"button {button} was pressed in task {task.id} less than a minute ago")
        self._pressed[key] = now
        self._do(found.steps, task, author=author, at=now)

    def close(self) -> None:
        """Send nothing more."""
        self.outbox.close()
