"""Starts scenarios, presses buttons, does what incoming webhooks say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crmkit.sandbox.planfix.fields import decode
from crmkit.sandbox.planfix.models import Comment, FieldDef, Task
from crmkit.sandbox.planfix.outbox import Outbox
from crmkit.sandbox.planfix.scenarios import (
    Button,
    Delivery,
    Event,
    HttpRequest,
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
            if scenario.object in (0, task.object) and scenario.listens_to(event):
                self._start(scenario, event)

    def _start(self, scenario: Scenario, event: Event) -> None:
        if scenario.delay <= 0:
            self._fire(scenario, event, event.at)
            return
        key = (scenario.id, event.task)
        round_ = self._rounds[key] = self._rounds.get(key, 0) + 1

        def later(at: float) -> None:
            if not scenario.debounce or self._rounds[key] == round_:
                self._fire(scenario, event, at)

        self._account.enqueue(f"scenario:{scenario.id}", later, due=event.at + scenario.delay)

    def _fire(self, scenario: Scenario, event: Event, at: float) -> None:
        task = self._account.tasks[event.task]
        if not scenario.active or scenario.status not in (0, task.status):
            return
        before, self._chain = self._chain, (*event.chain, scenario.id)
        try:
            author = scenario.author or event.author
            self._do(scenario.steps, task, author=author, at=at, comment=event.comment, scenario=scenario.id)
        finally:
            self._chain = before

    def _do(
        self, steps: Steps, task: Task, *, author: str, at: float, comment: int = 0, scenario: int = 0
    ) -> None:
        account = self._account
        changes: dict[str, Any] = {"status": steps.status} if steps.status else {}
        if steps.fields:
            changes["fields"] = self._decoded(steps.fields)
        if changes:
            account.change_task(task, changes, author=author, at=at)
        if steps.comment:
            said = Context(account, task, account.comments.get(comment), author=author, at=at)
            text = stored(said.fill(steps.comment))
            account.add_comment(task, Comment(account.new_id("comment"), task.id, author, at, text=text))
        if steps.request is not None:
            self._post(steps.request, task, author=author, at=at, comment=comment, scenario=scenario)

    def _post(
        self, request: HttpRequest, task: Task, *, author: str, at: float, comment: int, scenario: int
    ) -> None:
        number = len(self.deliveries) + 1
        delivery = Delivery(number, task.id, request, at, comment=comment, author=author, scenario=scenario)
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
