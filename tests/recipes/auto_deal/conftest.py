"""A bookkeeping firm on the real chain: recipe, adapter, client, HTTP, sandbox on a frozen clock, ledger.

The same stories are told on every provider. People act in the sandbox; what came of it is read from its state
and from its log of requests, never from what the recipe says about itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from crmkit.automation.plan import Plan, PlanItem
from crmkit.bitrix24 import Bitrix24
from crmkit.crm.base import Crm
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Ref
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.results import RunResult
from crmkit.sandbox import Fault, Sandbox
from crmkit.sandbox.bitrix24.kinds import COMPANY, DEAL
from crmkit.sandbox.bitrix24.tasks import change_task, delete_task
from crmkit.sandbox.bitrix24.userfields import add_field
from crmkit.sandbox.log import Entry
from crmkit.sandbox.planfix.crm_cases import CARD_FIELDS, DEAL_FIELDS
from crmkit.sandbox.planfix.models import Contact
from crmkit.testing.bitrix24 import open_crm as open_bitrix24
from crmkit.testing.planfix import open_crm as open_planfix
from recipes.auto_deal import AutoDeal, AutoDealSettings

ROBOT, MANAGER, COLLEAGUE, HEAD, DISMISSED = "user:90", "user:4", "user:5", "user:2", "user:15"
READS = ("list", "get", "fields", "current", "filters", "batch.reads")


class Killed(BaseException):
    """Nobody catches this: as if the process had been killed here, but for the lease."""


@dataclass(frozen=True)
class Deal:
    """A deal as it stands in the portal."""

    id: int
    title: str
    stage: str
    company: str
    responsible: str
    amount: float
    tariff: str
    month: str
    service: tuple[str, str]


@dataclass(frozen=True)
class Job:
    """A task as it stands in the portal."""

    id: int
    title: str
    lines: tuple[str, ...]
    is_open: bool
    responsible: str
    company: str
    deal: str


class Desk:
    """One portal, one recipe, one ledger. Subclasses know a vendor's portal."""

    provider: ClassVar[str]
    portal: dict[str, Any]
    """What the settings of the portal say besides the seed's own section."""
    box: Any
    crm: Crm
    creates_deals: ClassVar[str]
    """The request that creates a deal."""

    def __init__(self, stack: ExitStack, folder: Path, settings: Any) -> None:
        self.stack, self.folder = stack, folder
        self.ledger = stack.enter_context(Ledger(f"sqlite:///{folder / 'ledger.db'}"))
        self.set(**settings)

    def set(self, **settings: Any) -> None:
        """Give the recipe other settings."""
        self.recipe = AutoDeal(AutoDealSettings(**{"grace_minutes": 0, **settings}))

    def lose_the_ledger(self) -> None:
        """Begin with an empty ledger, as after a disk was lost."""
        self.ledger = self.stack.enter_context(Ledger(f"sqlite:///{self.folder / 'other.db'}"))

    def at(self, moment: str) -> None:
        """Move to a moment, for example ``2026-01-31T23:50+03:00``."""
        self.box.clock.set(datetime.fromisoformat(moment))

    def wait(self, **delta: float) -> None:
        self.box.clock.advance(**delta)

    @property
    def today(self) -> date:
        return self.box.clock.now().astimezone(self.crm.timezone).date()  # type: ignore[no-any-return]

    # The recipe

    def plan(self) -> Plan:
        return self.recipe.plan(self.crm, memory=self.ledger)

    def run(self) -> RunResult:
        result: RunResult = self.plan().apply()
        return result

    def item(self, company: str) -> PlanItem:
        return next(item for item in self.plan().items if item.entity == Ref(kind="company", id=company))

    def verdict(self, company: str) -> str:
        return self.item(company).verdict

    # What is there now

    def deal(self, company: str = "") -> Deal:
        (deal,) = (one for one in self.deals() if company in ("", one.company))
        return deal

    def asked(self) -> list[Job]:
        """Return the tasks that ask to complete a card."""
        return [job for job in self.jobs() if job.title.startswith("Заполнить карточку")]

    def writes(self) -> list[Entry]:
        """Return the requests of our robot that changed something, as far as they reached the portal."""
        return [entry for entry in self.box.requests if self._is_ours(entry) and not self._only_reads(entry)]

    def trouble_with_next_deal(self, kind: str, **how: Any) -> None:
        """Let the portal make trouble at the request that creates the next deal."""
        rooms = [(room, name) for room, name in self._written() if name in ("create", "create_many")][:2]

        def troubled(write: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **options: Any) -> Any:
                self.live()
                self.box.faults.add(Fault(kind, self.creates_deals, **how))
                return write(*args, **options)

            return call

        for room, name in rooms:
            setattr(room, name, troubled(getattr(type(room), name).__get__(room)))

    # Being killed

    def die(self, nth: int, *, when: str) -> None:
        """Let the process die at its n-th write, ``before`` it is sent or ``after`` its answer."""
        count = 0

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

        for room, name in self._written():
            setattr(room, name, deadly(getattr(type(room), name).__get__(room)))

    def run_to_death(self) -> None:
        """Run until the process dies, which it has to."""
        with pytest.raises(Killed):
            self.run()
        self.live()

    def live(self) -> None:
        """Let the process live on."""
        for room, name in self._written():
            vars(room).pop(name, None)

    def _written(self) -> tuple[tuple[Any, str], ...]:
        crm = self.crm
        return (
            (crm.deals, "create"),
            (crm.deals, "create_many"),
            (crm.deals, "update"),
            (crm.tasks, "create"),
            (crm.tasks, "update"),
            (crm.tasks, "set_state"),
        )

    # What a vendor's portal is like

    def company(self, name: str = "ООО «Рога и копыта»", **values: Any) -> str:
        """Let a manager create a company: ``who``, ``tariff``, ``cost``, ``inn``, ``email``, ``phone``."""
        raise NotImplementedError

    def edit(self, company: str, **values: Any) -> None:
        """Let a manager change the card: also ``name``."""
        raise NotImplementedError

    def delete_company(self, company: str) -> None:
        raise NotImplementedError

    def by_hand(self, company: str, title: str = "Сделка вручную") -> int:
        """Let a manager create a deal in the pipeline."""
        raise NotImplementedError

    def change_deal(self, deal: int, **values: Any) -> None:
        """Let a manager change ``title`` or ``tariff``, move the deal on (``stage``) or win it (``won``)."""
        raise NotImplementedError

    def delete_deal(self, deal: int) -> None:
        raise NotImplementedError

    def close(self, job: Job) -> None:
        raise NotImplementedError

    def delete(self, job: Job) -> None:
        raise NotImplementedError

    def deals(self) -> list[Deal]:
        raise NotImplementedError

    def jobs(self) -> list[Job]:
        raise NotImplementedError

    def companies(self) -> dict[str, str]:
        """Return the names of all companies by id."""
        raise NotImplementedError

    def _is_ours(self, entry: Entry) -> bool:
        raise NotImplementedError

    def _only_reads(self, entry: Entry) -> bool:
        raise NotImplementedError


BITRIX24: dict[str, Any] = {
    "deals": {
        "pipelines": {"accounting": {"id": "4", "name": "Работа по бухгалтерскому аутсорсингу"}},
        "stages": {"new": {"id": "C4:NEW", "name": "Новая"}, "cancelled": {"id": "C4:LOSE"}},
        "fields": {
            name: {"id": f"UF_CRM_{name.upper()}"}
            for name in ("tariff", "cost", "month", "service_from", "service_to")
        },
    },
    "companies": {"fields": {name: {"id": f"UF_CRM_{name.upper()}"} for name in ("tariff", "cost", "inn")}},
    "tasks": {"task": {"stages": {"cancelled": {"id": "tag:отменено"}}}},
}
"""What the settings of the Bitrix24 portal say besides the seed's own section."""


class Bitrix24Desk(Desk):
    """Pipeline 4 of the seed ``crm_cases``."""

    provider = "bitrix24"
    creates_deals = "batch"

    def __init__(
        self, stack: ExitStack, folder: Path, sandbox: Mapping[str, Any], portal: Any, settings: Any
    ) -> None:
        options = {"companies": 0, "deals": 0, **sandbox}
        self.box = stack.enter_context(Sandbox.bitrix24(seed="crm_cases", **options))
        add_field(self.box.portal, self.box.portal.kinds[COMPANY], "UF_CRM_INN", "string", "ИНН")
        self.portal = BITRIX24
        self.crm = stack.enter_context(open_bitrix24(self.box, **{**self.portal, **portal}))
        super().__init__(stack, folder, settings)

    def company(self, name: str = "ООО «Рога и копыта»", **values: Any) -> str:
        who = values.pop("who", MANAGER)
        ways = {
            way: [{"VALUE": values.pop(way.lower()), "VALUE_TYPE": "WORK"}]
            for way in ("EMAIL", "PHONE")
            if way.lower() in values
        }
        fields = {"TITLE": name, "ASSIGNED_BY_ID": int(who[5:]), **self._card(values), **ways}
        with Bitrix24(self.box.webhook(MANAGER), clock=self.box.clock) as rest:
            return str(rest.call("crm.company.add", {"fields": fields}))

    def edit(self, company: str, **values: Any) -> None:
        own = {"TITLE": values.pop("name")} if "name" in values else {}
        if "who" in values:
            own["ASSIGNED_BY_ID"] = int(values.pop("who")[5:])
        self.box.act.set_fields(MANAGER, int(company), {**own, **self._card(values)}, entity_type=COMPANY)

    def delete_company(self, company: str) -> None:
        self.box.act.delete("user:1", int(company), entity_type=COMPANY)

    def by_hand(self, company: str, title: str = "Сделка вручную") -> int:
        number: int = self.box.act.create(
            MANAGER, TITLE=title, CATEGORY_ID=4, STAGE_ID="C4:NEW", COMPANY_ID=int(company), ASSIGNED_BY_ID=4
        )
        return number

    def change_deal(self, deal: int, **values: Any) -> None:
        changes: dict[str, Any] = {}
        if "title" in values:
            changes["TITLE"] = values["title"]
        if "tariff" in values:
            changes["UF_CRM_TARIFF"] = self._option(DEAL, values["tariff"])
        if {"stage", "won"} & values.keys():
            changes["STAGE_ID"] = "C4:WON" if "won" in values else "C4:DOCUMENTS"
        self.box.act.set_fields(MANAGER, deal, changes)

    def delete_deal(self, deal: int) -> None:
        self.box.act.delete("user:1", deal)

    def close(self, job: Job) -> None:
        portal = self.box.portal
        change_task(portal, portal.tasks.get(job.id), {"STATUS": 5}, int(job.responsible[5:]))

    def delete(self, job: Job) -> None:
        delete_task(self.box.portal, self.box.portal.tasks.get(job.id), 1)

    def deals(self) -> list[Deal]:
        rows = [row for row in self.box.portal.items[DEAL] if row["CATEGORY_ID"] == 4]
        return [
            Deal(
                row["ID"],
                row["TITLE"],
                next(s.name for s in self.box.portal.statuses.values() if s.status_id == row["STAGE_ID"]),
                str(row["COMPANY_ID"]),
                f"user:{row['ASSIGNED_BY_ID']}",
                float(row["OPPORTUNITY"] or 0),
                self._option_name(DEAL, row["UF_CRM_TARIFF"]),
                row["UF_CRM_MONTH"] or "",
                (str(row["UF_CRM_SERVICE_FROM"])[:10], str(row["UF_CRM_SERVICE_TO"])[:10]),
            )
            for row in rows
        ]

    def jobs(self) -> list[Job]:
        portal = self.box.portal
        return [
            Job(
                row["ID"],
                row["TITLE"],
                tuple(one["TITLE"] for one in _checklist(portal, row["ID"])),
                row["STATUS"] not in (4, 5),
                f"user:{row['RESPONSIBLE_ID']}",
                next((str(one[3:]) for one in row["UF_CRM_TASK"] or () if one.startswith("CO_")), ""),
                next((str(one[2:]) for one in row["UF_CRM_TASK"] or () if one.startswith("D_")), ""),
            )
            for row in portal.tasks
        ]

    def companies(self) -> dict[str, str]:
        return {str(row["ID"]): row["TITLE"] for row in self.box.portal.items[COMPANY]}

    def _card(self, values: Mapping[str, Any]) -> dict[str, Any]:
        known = {"tariff": lambda value: self._option(COMPANY, value) if value else ""}
        return {f"UF_CRM_{key.upper()}": known.get(key, str)(value) for key, value in values.items()}

    def _option(self, entity: int, name: str) -> int:
        enum = self.box.portal.kinds[entity].fields["UF_CRM_TARIFF"].enum
        return next(int(one["ID"]) for one in enum if one["VALUE"] == name)

    def _option_name(self, entity: int, number: Any) -> str:
        enum = self.box.portal.kinds[entity].fields["UF_CRM_TARIFF"].enum
        return next((str(one["VALUE"]) for one in enum if str(one["ID"]) == str(number)), "")

    def _is_ours(self, entry: Entry) -> bool:
        return str(entry.user) in (ROBOT, "90")

    def _only_reads(self, entry: Entry) -> bool:
        if entry.operation != "batch":
            return entry.operation.lower().endswith(READS)
        commands = entry.body.get("cmd", {}) if isinstance(entry.body, Mapping) else {}
        return all(str(one).partition("?")[0].lower().endswith(READS) for one in commands.values())


def _checklist(portal: Any, task: int) -> list[Any]:
    """Return the open lines of a task's checklist."""
    return [row for row in portal.checklists if row["TASK_ID"] == task and row["IS_COMPLETE"] != "Y"]


class PlanfixDesk(Desk):
    """Object 3 «Бухгалтерское обслуживание» of the seed ``crm_cases``."""

    provider = "planfix"
    creates_deals = "POST /task/"

    def __init__(
        self, stack: ExitStack, folder: Path, sandbox: Mapping[str, Any], portal: Any, settings: Any
    ) -> None:
        options = {"companies": 0, "deals": 0, **sandbox}
        self.box = stack.enter_context(Sandbox.planfix(seed="crm_cases", **options))
        deals = self.box.portal_configs["service"]["deals"]
        deals["stages"]["cancelled"] = deals["stages"].pop("refused")
        self.portal = {"deals": deals}
        self.crm = stack.enter_context(open_planfix(self.box, **{**self.portal, **portal}))
        super().__init__(stack, folder, settings)

    def company(self, name: str = "ООО «Рога и копыта»", **values: Any) -> str:
        account, now = self.box.account, self.box.clock.now().timestamp()
        who = values.pop("who", MANAGER)
        phone = values.pop("phone", "")
        card = Contact(
            account.new_id("contact"),
            name,
            is_company=True,
            template=2,
            email=values.pop("email", ""),
            phones=[(phone, 1)] if phone else [],
            supervisors=[who] if who else [],
            added_by=MANAGER,
            created=now,
            updated=now,
            process=1,
            group=1,
            fields={CARD_FIELDS[key].id: value for key, value in values.items() if value},
        )
        account.contacts[card.id] = card
        return str(card.id)

    def edit(self, company: str, **values: Any) -> None:
        card = self.box.account.contacts[int(company)]
        card.name = values.pop("name", card.name)
        card.supervisors = [values.pop("who")] if "who" in values else card.supervisors
        card.fields |= {CARD_FIELDS[key].id: value for key, value in values.items()}
        card.updated = self.box.clock.now().timestamp()

    def delete_company(self, company: str) -> None:
        self.box.account.contacts[int(company)].is_deleted = True

    def by_hand(self, company: str, title: str = "Сделка вручную") -> int:
        number: int = self.box.act.create_task(MANAGER, title, object_=3, assignees=(MANAGER,))
        self.box.account.tasks[number].counterparty = int(company)
        return number

    def change_deal(self, deal: int, **values: Any) -> None:
        if "title" in values:
            self.box.act.rename(MANAGER, deal, values["title"])
        if "tariff" in values:
            self.box.act.set_fields(MANAGER, deal, {DEAL_FIELDS["tariff"].id: values["tariff"]})
        if {"stage", "won"} & values.keys():
            self.box.act.set_status(MANAGER, deal, 34 if "won" in values else 32)

    def delete_deal(self, deal: int) -> None:
        self.box.act.delete_task(MANAGER, deal)

    def close(self, job: Job) -> None:
        self.box.act.set_status(job.responsible, job.id, 42)

    def delete(self, job: Job) -> None:
        self.box.act.delete_task(MANAGER, job.id)

    def deals(self) -> list[Deal]:
        account = self.box.account
        numbers = {name: spec.id for name, spec in DEAL_FIELDS.items()}
        return [
            Deal(
                task.id,
                task.name,
                account.statuses[task.status].name,
                str(task.counterparty),
                next(iter(task.assignees), ""),
                float(task.fields.get(109) or 0),
                task.fields.get(numbers["tariff"]) or "",
                task.fields.get(numbers["month"]) or "",
                (
                    _day(task.fields.get(numbers["service_from"])),
                    _day(task.fields.get(numbers["service_to"])),
                ),
            )
            for task in account.tasks.values()
            if task.object == 3 and not task.is_deleted
        ]

    def jobs(self) -> list[Job]:
        account = self.box.account
        return [
            Job(
                task.id,
                task.name,
                tuple(line[2:] for line in task.description.split("<br>") if line.startswith("— ")),
                account.statuses[task.status].is_active,
                next(iter(task.assignees), ""),
                str(task.counterparty or ""),
                str(task.parent or ""),
            )
            for task in account.tasks.values()
            if task.object == 4 and not task.is_deleted
        ]

    def companies(self) -> dict[str, str]:
        cards = self.box.account.contacts.values()
        return {str(card.id): card.name for card in cards if card.is_company and not card.is_deleted}

    def _is_ours(self, entry: Entry) -> bool:
        return entry.user == ROBOT

    def _only_reads(self, entry: Entry) -> bool:
        return entry.verb == "GET" or entry.operation.endswith(READS)


def _day(value: Any) -> str:
    return "-".join(reversed(str(value or "").split("-")))


DESKS: dict[str, type[Any]] = {"bitrix24": Bitrix24Desk, "planfix": PlanfixDesk}


@pytest.fixture(params=sorted(DESKS))
def make_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open a desk at a provider; ``sandbox`` and ``portal`` are its options, the rest are settings."""
    with ExitStack() as stack:

        def make(
            sandbox: Mapping[str, Any] | None = None, portal: Mapping[str, Any] | None = None, **settings: Any
        ) -> Desk:
            desk: Desk = DESKS[request.param](stack, tmp_path, sandbox or {}, portal or {}, settings)
            if Capability.CREATE_DEALS not in desk.crm.capabilities:
                pytest.skip(f"{desk.provider}: the adapter does not create deals")
            return desk

        yield make


@pytest.fixture
def desk(make_desk: Callable[..., Any]) -> Any:
    """An empty portal on Monday, 3 March 2025, 09:00 in Moscow."""
    return make_desk()
