"""The Bitrix24 sandbox as a :class:`crmkit.testing.bench.Bench`."""

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
from crmkit.sandbox.bitrix24 import timeline
from crmkit.sandbox.bitrix24.kinds import DEAL
from crmkit.sandbox.bitrix24.models import Group
from crmkit.sandbox.bitrix24.sandbox import Bitrix24Sandbox
from crmkit.sandbox.bitrix24.seeding import portal_mapping
from crmkit.sandbox.bitrix24.tasks import COMPLETED, PENDING, change_task
from crmkit.sandbox.log import Entry
from crmkit.testing.bench import Row, Written

__all__ = ["Bitrix24Bench", "open_crm", "portal_of"]

OPERATIONS = {
    "comment": "crm.timeline.comment.add",
    "task": "tasks.task.add",
    "deal": "batch",
    "start": "batch",
    "workspace": "sonet_group.create",
}
READS = (".list", ".get", ".fields", ".getfields", ".getlist", ".current", ".instances", "scope")
REJECTED, CANCELLED = "отклонено", "отменено"
OWN: dict[str, Any] = {
    "deals": {
        "pipelines": {
            "sales": {"id": "0", "name": "Продажи"},
            "repeat": {"id": "1", "name": "Повторные продажи"},
        },
    },
    "workflows": {"approval": {"id": "1", "name": "Согласование"}},
}
"""What every seed has and the section of the sandbox's portal leaves open."""
COMMON = portal_mapping("stale_deals")
"""The names of what every seed has."""


def portal_of(box: Bitrix24Sandbox, *, acting_as: str = "user:90", **overrides: Any) -> PortalConfig:
    """Return the settings of a sandbox's portal.

    Args:
        box: The sandbox, started.
        acting_as: Whose webhook is used; the robot's by default.
        **overrides: Keys of the section that differ.
    """
    own = {"token": box.tokens[acting_as], "user": acting_as}
    config = _merged(_merged(_merged(box.portal_config, COMMON), OWN), own)
    return PortalConfig.model_validate({**config, **overrides})


def open_crm(
    box: Bitrix24Sandbox, *, clock: Clock | None = None, acting_as: str = "user:90", **overrides: Any
) -> Crm:
    """Connect to a sandbox's portal, on its clock; see :func:`portal_of`. Close it after use."""
    return connect(portal_of(box, acting_as=acting_as, **overrides), clock=clock or box.clock)


class Bitrix24Bench:
    """A Bitrix24 sandbox with an adapter that acts as its robot.

    Args:
        box: The sandbox, started, with the seed ``stale_deals``.
        crm: The adapter; :func:`open_crm` makes one.
    """

    def __init__(self, box: Bitrix24Sandbox, crm: Crm) -> None:
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
        self.pipeline = "repeat"
        self.process = "approval"
        self.cards_share_numbers = False

    def now(self) -> datetime:
        """Return the sandbox's present moment."""
        return self.box.clock.now()

    def advance(self, **delta: float) -> None:
        """Move the sandbox's clock."""
        self.box.clock.advance(**delta)

    def new_deal(self) -> str:
        """Let the manager create a deal of the first company."""
        values: dict[str, Any] = {"TITLE": "Новая сделка", "ASSIGNED_BY_ID": int(self.manager.id)}
        return str(self.box.act.create(str(self.manager), **values, COMPANY_ID=1, CONTACT_IDS=[1]))

    def client_of(self, deal_id: str) -> Person | None:
        """Return the contact of a deal."""
        contact = self._row(deal_id)["CONTACT_ID"]
        return Person(kind="contact", id=str(contact)) if contact else None

    def deal_ids(self, *, open_only: bool = False) -> Collection[str]:
        """Return the numbers of the deals."""
        rows = self.box.portal.items[DEAL]
        return {str(row["ID"]) for row in rows if not open_only or row["STAGE_SEMANTIC_ID"] == "P"}

    def last_touch(self, deal_id: str) -> datetime:
        """Return the latest of what the portal keeps: stamps, comments, activities."""
        portal = self.box.portal
        row = self._row(deal_id)
        owner = f"{DEAL}:{row['ID']}"
        moments = [row[name] for name in ("DATE_MODIFY", "LAST_ACTIVITY_TIME", "MOVED_TIME")]
        moments += [one["CREATED"] for one in portal.comments.having("OWNER", owner)]
        moments += [one["LAST_UPDATED"] for one in portal.activities.having("OWNER", owner)]
        return datetime.fromtimestamp(max(moments), UTC)

    def comment(self, who: Person, deal_id: str, text: str) -> None:
        """Let somebody comment; what a client says is an incoming mail."""
        if who.kind == "user":
            self.box.act.comment(str(who), int(deal_id), text)
            return
        portal = self.box.portal
        with portal.lock:
            kind, row = portal.kinds[DEAL], self._row(deal_id)
            mail: dict[str, Any] = {"TYPE_ID": 4, "PROVIDER_ID": "CRM_EMAIL", "DIRECTION": timeline.INCOMING}
            timeline.activity(portal, kind, row, row["ASSIGNED_BY_ID"], DESCRIPTION=text, **mail)

    def move(self, who: Person, deal_id: str, stage: str) -> None:
        """Let somebody change the stage."""
        self.box.act.set_stage(str(who), int(deal_id), self._mapped("stages", stage))

    def decide(self, who: Person, task_id: str, state: TaskState) -> None:
        """Let somebody complete an approval, with the tag that says how."""
        tags = {TaskState.REJECTED: [REJECTED], TaskState.CANCELLED: [CANCELLED]}.get(state, [])
        status = PENDING if state is TaskState.OPEN else COMPLETED
        portal = self.box.portal
        with portal.lock:
            row = portal.tasks.get(int(task_id)) or {}
            change_task(portal, row, {"STATUS": status, "TAGS": tags}, int(who.id))

    def delete(self, deal_id: str) -> None:
        """Let the manager delete a deal."""
        self.box.act.delete(str(self.manager), int(deal_id))

    def rename_stage(self, stage: str) -> str:
        """Rename a stage."""
        wanted = self._mapped("stages", stage)
        status = next(one for one in self.box.portal.statuses.values() if one.status_id == wanted)
        status.name = "Переименована"
        return status.name

    def rename_field(self, field: str) -> str:
        """Rename a custom field."""
        spec = self.box.portal.kinds[DEAL].fields[self._mapped("fields", field)]
        spec.title = "Переименовано"
        return spec.title

    def lose_answer(self, of: Written) -> None:
        """Cut the connection after the next such write."""
        self._warm(of)
        self.box.faults.add(Fault("drop_answer", OPERATIONS[of]))

    def swallow(self, of: Written) -> None:
        """Cut the connection before the next such write."""
        self._warm(of)
        self.box.faults.add(Fault("reset", OPERATIONS[of]))

    def queue_next_update(self) -> None:
        """Do nothing: the portal queues no changes."""

    def refuse_next_field(self, field: str) -> None:
        """Do nothing: the portal takes a change whole or refuses it whole."""

    def writes(self) -> list[Any]:
        """Return the log without reads."""
        return [one for one in self.box.requests if not _only_reads(one)]

    def card_choice(self, what: str) -> tuple[str, str] | None:
        """Return a field that the seed ``crm_cases`` has."""
        key, option = ("tariff", "Базовый") if what == "companies" else ("target_client", "НЕТ")
        return (key, option) if key in self.box.portal_config.get(what, {}).get("fields", {}) else None

    def to_do(self, task_id: str) -> list[str]:
        """Return what is not ticked off."""
        rows = [row for row in self.box.portal.checklists if row["TASK_ID"] == int(task_id)]
        headings = {row["PARENT_ID"] for row in rows}
        return [row["TITLE"] for row in rows if row["IS_COMPLETE"] == "N" and row["ID"] not in headings]

    def spend(self, who: Person, task_id: str, minutes: float) -> None:
        """Let somebody record time."""
        time = self.crm.native().tasks.time
        time.add(int(task_id), int(minutes * 60), user_id=int(who.id))

    def sell(self, deal_id: str, rows: Sequence[Row]) -> None:
        """Put product rows into a deal."""
        native = self.crm.native()
        names = ("productName", "price", "quantity")
        native.products.set(DEAL, int(deal_id), [dict(zip(names, row, strict=True)) for row in rows])

    def sold(self, deal_id: str) -> list[Row]:
        """Return the product rows of a deal."""
        rows = self.crm.native().products.list(DEAL, int(deal_id))
        return [(row.product_name, row.price, row.quantity) for row in rows]

    def let_guests_in(self) -> None:
        """Let the portal have an extranet group already."""
        portal = self.box.portal
        number = portal.next_id("group")
        portal.groups[number] = Group(number, "Партнёры", 1, portal.now(), members={1: "A"}, extranet=True)

    def keep_guests_out(self) -> None:
        """Let the portal have neither extranet groups nor guests."""
        portal = self.box.portal
        portal.groups.clear()
        for user in portal.users.values():
            user.active = user.active and not user.extranet

    def notified(self, person: Person) -> int:
        """Count somebody's notifications."""
        return sum(one.user == int(person.id) for one in self.box.portal.notifications.values())

    def _warm(self, of: Written) -> None:
        """Let the adapter read what it has to know, so that the next batch is the write."""
        if OPERATIONS[of] == "batch":
            self.crm.pipelines()
            self.crm.deal_fields()
            list(self.crm.users.list())

    def _row(self, deal_id: str) -> dict[str, Any]:
        return self.box.portal.items[DEAL].get(int(deal_id)) or {}

    def _mapped(self, section: str, name: str) -> str:
        names: Mapping[str, Mapping[str, Any]] = COMMON["deals"][section]
        return str(names[name]["id"])


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(below, value)
        else:
            merged[key] = value
    return merged


def _only_reads(entry: Entry) -> bool:
    """Tell whether a request changes nothing; a batch does if one of its commands does."""
    if entry.operation != "batch":
        return entry.operation.lower().endswith(READS)
    commands = entry.body.get("cmd", {}) if isinstance(entry.body, Mapping) else {}
    return all(str(one).partition("?")[0].lower().endswith(READS) for one in commands.values())
