"""The Planfix sandbox as a :class:`crmkit.testing.bench.Bench`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from crmkit.clock import Clock
from crmkit.config import PortalConfig
from crmkit.crm.base import Crm
from crmkit.crm.models import Person, TaskState
from crmkit.crm.registry import connect
from crmkit.sandbox import Fault
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox
from crmkit.testing.bench import Row, Written

__all__ = ["PlanfixBench", "open_crm", "portal_of"]

CREATES = {
    "comment": "POST /task/{id}/comments/",
    "task": "POST /task/",
    "deal": "POST /task/",
    "workspace": "POST /project/",
}
UPDATE = "POST /task/{id}"
READS = ("/list", "/filters")


def portal_of(box: PlanfixSandbox, *, acting_as: str = "user:90", **overrides: Any) -> PortalConfig:
    """Return the settings of a sandbox's portal.

    Args:
        box: The sandbox, started.
        acting_as: Whose token is used; the robot's by default.
        **overrides: Keys of the section that differ.
    """
    own = {"token": box.tokens[acting_as], "user": acting_as}
    return PortalConfig.model_validate({**box.portal_config, **own, **overrides})


def open_crm(
    box: PlanfixSandbox, *, clock: Clock | None = None, acting_as: str = "user:90", **overrides: Any
) -> Crm:
    """Connect to a sandbox's portal, on its clock; see :func:`portal_of`. Close it after use."""
    return connect(portal_of(box, acting_as=acting_as, **overrides), clock=clock or box.clock)


class PlanfixBench:
    """A Planfix sandbox with an adapter that acts as its robot.

    Args:
        box: The sandbox, started, with the seed ``stale_deals``.
        crm: The adapter; :func:`open_crm` makes one.
    """

    def __init__(self, box: PlanfixSandbox, crm: Crm) -> None:
        self.box = box
        self.crm = crm
        self.robot = Person(id="90")
        self.noisy_robot = Person(id="91")
        self.manager = Person(id="4")
        self.other_manager = Person(id="5")
        self.dismissed = Person(id="15")
        self.stages: tuple[str, ...] = ("new", "working")
        self.closed_stage = "won"
        self.task_kind = "approval"
        self.choice = ("return_state", "свободная сделка")
        self.text = "snooze_reason"
        self.person = "previous_assignee"
        self.pipeline = ""
        self.process = ""
        self.cards_share_numbers = True

    def now(self) -> datetime:
        """Return the sandbox's present moment."""
        return self.box.clock.now()

    def advance(self, **delta: float) -> None:
        """Move the sandbox's clock."""
        self.box.clock.advance(**delta)

    def new_deal(self) -> str:
        """Let the manager create a deal."""
        return str(self.box.act.create_task(str(self.manager), "Новая сделка", assignees=[str(self.manager)]))

    def client_of(self, deal_id: str) -> Person | None:
        """Return a contact of the account; Planfix lets any of them write to a task."""
        people = [one for one in self.box.account.contacts.values() if not one.is_company]
        return Person(kind="contact", id=str(people[0].id)) if people else None

    def deal_ids(self, *, open_only: bool = False) -> Collection[str]:
        """Return the numbers of the tasks of object 1."""
        account = self.box.account
        return {
            str(task.id)
            for task in account.tasks.values()
            if task.object == 1
            and not task.is_deleted
            and (account.statuses[task.status].is_active or not open_only)
        }

    def last_touch(self, deal_id: str) -> datetime:
        """Return what filter 79 looks at."""
        return datetime.fromtimestamp(self.box.account.tasks[int(deal_id)].touched, UTC)

    def comment(self, who: Person, deal_id: str, text: str) -> None:
        """Let somebody comment."""
        self.box.act.comment(str(who), int(deal_id), text)

    def move(self, who: Person, deal_id: str, stage: str) -> None:
        """Let somebody change the status."""
        self.box.act.set_status(str(who), int(deal_id), self._stage(stage))

    def decide(self, who: Person, task_id: str, state: TaskState) -> None:
        """Let somebody change the status of an approval."""
        stages = self.box.portal_config["tasks"][self.task_kind]["stages"]
        self.box.act.set_status(str(who), int(task_id), stages[state.value]["id"])

    def delete(self, deal_id: str) -> None:
        """Let the manager delete a task."""
        self.box.act.delete_task(str(self.manager), int(deal_id))

    def rename_stage(self, stage: str) -> str:
        """Rename a status."""
        self.box.act.rename_status(self._stage(stage), "Переименована")
        return "Переименована"

    def rename_field(self, field: str) -> str:
        """Rename a custom field."""
        self.box.act.rename_field(self._mapped("fields", field), "Переименовано")
        return "Переименовано"

    def lose_answer(self, of: Written) -> None:
        """Cut the connection after the next such write."""
        self.box.faults.add(Fault("drop_answer", CREATES[of]))

    def swallow(self, of: Written) -> None:
        """Cut the connection before the next such write."""
        self.box.faults.add(Fault("reset", CREATES[of]))

    def queue_next_update(self) -> None:
        """Answer the next change of a task with 202."""
        self.box.faults.add(Fault("accept_202", UPDATE, seconds=30))

    def refuse_next_field(self, field: str) -> None:
        """Answer the next change of a task with ``failures``: all custom fields are refused."""
        self.box.faults.add(Fault("failures", UPDATE, body=["customFieldData"]))

    def writes(self) -> list[Any]:
        """Return the log without reads."""
        return [
            entry
            for entry in self.box.requests
            if entry.verb != "GET" and not entry.operation.endswith(READS)
        ]

    def card_choice(self, what: str) -> tuple[str, str] | None:
        """Return nothing: cards of this seed have no fields."""
        return None

    def to_do(self, task_id: str) -> list[str]:
        """Return nothing: checklists cannot be written."""
        return []

    def spend(self, who: Person, task_id: str, minutes: float) -> None:
        """Refuse: time is kept in analytics that every account makes for itself."""
        raise NotImplementedError("the seed has no analytics for time")

    def sell(self, deal_id: str, rows: Sequence[Row]) -> None:
        """Refuse: tasks have no product rows."""
        raise NotImplementedError("deals of Planfix have no product rows")

    def sold(self, deal_id: str) -> list[Row]:
        """Return nothing: tasks have no product rows."""
        return []

    def let_guests_in(self) -> None:
        """Do nothing: whoever is a contact can be let into a project."""

    def keep_guests_out(self) -> None:
        """Do nothing: there is no such switch."""

    def notified(self, person: Person) -> int:
        """Count somebody's notifications."""
        return sum(one.user == str(person) for one in self.box.account.notifications)

    def _stage(self, name: str) -> int:
        return self._mapped("stages", name)

    def _mapped(self, section: str, name: str) -> int:
        names: Mapping[str, Mapping[str, Any]] = self.box.portal_config["deals"][section]
        return int(names[name]["id"])
