"""A bookkeeper's portal on paper: companies, deals, tasks in dictionaries; the real executor and ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

from crmkit.automation.memory import Memory
from crmkit.automation.plan import Plan, PlanItem
from crmkit.automation.recipe import Decision
from crmkit.clock import ManualClock
from crmkit.crm import base
from crmkit.crm.capabilities import Capabilities, Capability
from crmkit.crm.filters import Expression, Term, terms_of
from crmkit.crm.models import (
    Company,
    Deal,
    DealChanges,
    FieldSpec,
    NewDeal,
    NewTask,
    Person,
    Pipeline,
    Ref,
    Stage,
    Task,
    TaskChanges,
    TaskState,
    User,
    Workflow,
    WorkflowStart,
    WorkflowTemplate,
    WriteResult,
)
from crmkit.exceptions import NotFound, OutcomeUnknown
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.results import RunResult
from recipes.auto_deal import AutoDeal, AutoDealSettings, Portal, Snapshot

MOSCOW = ZoneInfo("Europe/Moscow")
START = datetime(2025, 1, 15, 10, tzinfo=MOSCOW)
TEAM = Ref(kind="group", id="1", name="Бухгалтерия")
USERS = (
    User(id="2", name="Петрова"),
    User(id="4", name="Иванова", groups=(TEAM,)),
    User(id="5", name="Кузнецов", groups=(TEAM,)),
    User(id="15", name="Бывший", is_active=False, groups=(TEAM,)),
    User(id="90", name="Робот", is_robot=True),
)
STAGES = (
    Stage(id="31", name="Новая", key="new", pipeline="3"),
    Stage(id="32", name="На обслуживании", key="won", is_open=False, pipeline="3"),
)
PIPELINE = Pipeline(id="3", name="Работа по бухгалтерскому аутсорсингу", key="accounting", stages=STAGES)
OTHER = Pipeline(id="1", name="Продажи", stages=(Stage(id="11", name="Новая", pipeline="1"),))
TARIFFS = ("Базовый", "Стандарт", "Индивидуальный")
CARD = {
    "tariff": ("Тип тарифа", "choice", TARIFFS),
    "cost": ("Стоимость", "text", ()),
    "inn": ("ИНН", "text", ()),
    "service_start": ("Обслуживание с", "date", ()),
    "service_end": ("Обслуживание по", "date", ()),
}
FIELDS = {
    "tariff": ("Тип тарифа", "choice", TARIFFS),
    "cost": ("Стоимость", "number", ()),
    "month": ("Месяц создания", "text", ()),
    "service_from": ("Обслуживание с", "date", ()),
    "service_to": ("Обслуживание по", "date", ()),
}
TEMPLATE = WorkflowTemplate(id="7", name="Подготовка документов", kind="deal")


def person(number: str) -> Person:
    return next(user.person for user in USERS if user.id == number)


def specs(table: dict[str, tuple[str, str, tuple[str, ...]]]) -> dict[str, FieldSpec]:
    return {
        key: FieldSpec(id=key, key=key, name=name, type=kind, options=options)
        for key, (name, kind, options) in table.items()
    }


class PaperCompanies(base.Companies):
    _crm: Paper

    def find(self, *conditions: Expression) -> Iterator[Company]:
        self._crm.requests += 1
        terms = terms_of(conditions)
        rows = sorted(self._crm.cards.values(), key=lambda one: int(one.id))
        yield from [one for one in rows if not one.deleted and all(self._holds(t, one) for t in terms)]

    def get(self, company_id: str) -> Company:
        self._crm.requests += 1
        company = self._crm.cards.get(company_id)
        if company is None or company.deleted:
            raise NotFound("no such company")
        return company

    def fields(self) -> Sequence[FieldSpec]:
        return tuple(specs(CARD).values())

    @staticmethod
    def _holds(term: Term, company: Company) -> bool:
        match term.name, term.args:
            case "created_since", (moment,):
                return company.created_at is not None and company.created_at >= moment
            case "changed_since", (moment,):
                return company.updated_at is not None and company.updated_at >= moment
            case "with_ids", ids:
                return company.id in ids
            case "of_type_client", _:
                return company.is_client
        raise AssertionError(f"the paper portal knows no filter {term}")


class PaperDeals(base.Deals):
    _crm: Paper

    def find(self, *conditions: Expression) -> Iterator[Deal]:
        self._crm.requests += 1
        terms = terms_of(conditions)
        rows = sorted(self._crm.sheets.values(), key=lambda one: int(one.id))
        yield from [one for one in rows if all(self._holds(t, one) for t in terms)]

    def get(self, deal_id: str) -> Deal:
        if deal_id not in self._crm.sheets:
            raise NotFound("no such deal")
        return self._crm.sheets[deal_id]

    def create(self, deal: NewDeal, *, key: str) -> WriteResult:
        self._crm.fails("deal", key)
        number = self._crm.number()
        stage = next(one for one in STAGES if one.id == deal.stage)
        now = self._crm.clock.now()
        self._crm.sheets[number] = Deal(
            id=number,
            title=deal.title,
            open=True,
            stage=stage,
            assignees=deal.assignees,
            company=deal.company,
            contacts=deal.contacts,
            amount=deal.amount,
            currency=deal.currency,
            created_at=now,
            fields=deal.fields,
            key=key,
        )
        self._crm.loses("deal")
        return WriteResult(id=number)

    def find_by_key(self, *keys: str) -> Iterator[Deal]:
        yield from [one for one in self._crm.sheets.values() if one.key in keys]

    def update(self, deal_id: str, changes: DealChanges) -> WriteResult:
        self._crm.fails("update", deal_id)
        own = {name: getattr(changes, name) for name in ("title", "amount")}
        given = {name: value for name, value in own.items() if value is not None}
        fields = self._crm.sheets[deal_id].fields | changes.fields
        self._crm.sheets[deal_id] = self._crm.sheets[deal_id].model_copy(update={**given, "fields": fields})
        return WriteResult(id=deal_id)

    @staticmethod
    def _holds(term: Term, deal: Deal) -> bool:
        match term.name:
            case "of_company":
                return deal.company in term.args
            case "in_pipeline":
                return deal.stage is not None and deal.stage.pipeline in term.args
            case "with_ids":
                return deal.id in term.args
            case "created_since":
                return deal.created_at is not None and bool(deal.created_at >= term.args[0])
        raise AssertionError(f"the paper portal knows no filter {term}")


class PaperTasks(base.Tasks):
    _crm: Paper

    def create(self, task: NewTask, *, key: str) -> WriteResult:
        self._crm.fails("task", task.title)
        number = self._crm.number()
        plain = task.model_dump(exclude={"workspace", "checklist", "assignees", "deal", "company"})
        self._crm.papers[number] = Task(
            id=number,
            state=TaskState.OPEN,
            assignees=task.assignees,
            deal=task.deal,
            company=task.company,
            key=key,
            **plain,
        )
        self._crm.lists[number] = task.checklist
        return WriteResult(id=number)

    def get(self, task_id: str, *, kind: str = "task") -> Task:
        if task_id not in self._crm.papers:
            raise NotFound("no such task")
        return self._crm.papers[task_id]

    def with_ids(self, *task_ids: str, kind: str = "task") -> Iterator[Task]:
        self._crm.requests += 1
        yield from [self._crm.papers[one] for one in task_ids if one in self._crm.papers]

    def states(self, kind: str = "task") -> frozenset[TaskState]:
        return frozenset(TaskState)

    def set_state(self, task_id: str, state: TaskState, *, kind: str = "task") -> WriteResult:
        self._crm.fails("state", task_id)
        self._crm.papers[task_id] = self._crm.papers[task_id].model_copy(update={"state": state})
        return WriteResult(id=task_id)

    def update(self, task_id: str, changes: TaskChanges, *, kind: str = "task") -> WriteResult:
        self._crm.fails("task update", task_id)
        given = {name: getattr(changes, name) for name in changes.model_fields_set - {"checklist"}}
        self._crm.papers[task_id] = self._crm.papers[task_id].model_copy(update=given)
        if changes.checklist is not None:
            self._crm.lists[task_id] = changes.checklist
        return WriteResult(id=task_id)


class PaperUsers(base.Users):
    def list(self) -> Iterator[User]:
        yield from USERS


class PaperWorkflows(base.Workflows):
    _crm: Paper

    def templates(self) -> Sequence[WorkflowTemplate]:
        return (TEMPLATE,)

    def start(self, start: WorkflowStart) -> WriteResult:
        self._crm.fails("workflow", start.template)
        number = self._crm.number()
        self._crm.flows.append(
            Workflow(
                id=number, template=start.template, entity=start.entity, started_at=self._crm.clock.now()
            )
        )
        return WriteResult(id=number)

    def running(self, *entities: Ref, since: datetime | None = None) -> Iterator[Workflow]:
        yield from self._crm.flows


class Paper(base.Crm):
    """The portal; every write is noted in ``writes``."""

    provider: ClassVar[str] = "paper"
    portal = "paper:test"
    timezone = MOSCOW

    def __init__(self, without: Iterable[Capability] = ()) -> None:
        lacks = {Capability.DEAL_HISTORY, *without}
        self.capabilities = Capabilities("paper", frozenset(Capability) - lacks)
        self.clock: ManualClock = ManualClock(START.astimezone(UTC))
        self.companies, self.deals, self.tasks = PaperCompanies(self), PaperDeals(self), PaperTasks(self)
        self.users, self.workflows = PaperUsers(self), PaperWorkflows(self)
        self.cards: dict[str, Company] = {}
        self.sheets: dict[str, Deal] = {}
        self.papers: dict[str, Task] = {}
        self.lists: dict[str, tuple[str, ...]] = {}
        self.flows: list[Workflow] = []
        self.writes: list[tuple[str, str]] = []
        self.broken: dict[str, Exception] = {}
        self.lost: set[str] = set()
        self.requests, self._last = 0, 500

    def number(self) -> str:
        self._last += 1
        return str(self._last)

    def fails(self, what: str, about: str) -> None:
        """Raise if this kind of write is broken now; else it counts as written."""
        self.requests += 1
        if what in self.broken:
            raise self.broken[what]
        self.writes.append((what, about))

    def loses(self, what: str) -> None:
        """Raise if the answer of this write is to be lost, once."""
        if what in self.lost:
            self.lost.discard(what)
            raise OutcomeUnknown("the answer was lost", operation=what)

    def me(self) -> Person | None:
        return person("90")

    def budget(self) -> base.Budget:
        return base.Budget(per_second=1.0)

    def requests_sent(self) -> int:
        return self.requests

    def pipelines(self) -> Sequence[Pipeline]:
        return (OTHER, PIPELINE)

    def deal_fields(self) -> Sequence[FieldSpec]:
        return tuple(specs(FIELDS).values())


class Desk:
    """A portal, the recipe, a ledger, and time that passes when told."""

    def __init__(self, ledger: Ledger, without: Iterable[Capability] = (), **settings: Any) -> None:
        self.crm, self.ledger = Paper(without), ledger
        self.set(**settings)

    def set(self, **settings: Any) -> None:
        self.recipe = AutoDeal(AutoDealSettings(**{"grace_minutes": 0, **settings}))

    def wait(self, **delta: float) -> None:
        self.crm.clock.advance(**delta)

    def at(self, moment: datetime) -> None:
        self.crm.clock.advance(seconds=(moment - self.crm.clock.now()).total_seconds())

    def company(self, name: str = "ООО «Рога и копыта»", number: str = "", **fields: Any) -> str:
        """Let somebody create a company now; ``who``, ``email``, ``phone`` are its own, the rest custom."""
        number = number or str(7 + len(self.crm.cards))
        own = {key: fields.pop(key) for key in ("email", "phone", "is_client") if key in fields}
        who, now = fields.pop("who", "4"), self.crm.clock.now()
        self.crm.cards[number] = Company(
            id=number,
            name=name,
            assignees=(person(who),) if who else (),
            created_at=now,
            updated_at=now,
            fields={key: value for key, value in fields.items() if value is not None},
            **own,
        )
        return number

    def edit(self, number: str, **values: Any) -> None:
        """Let somebody change the card of a company."""
        card = self.crm.cards[number]
        own: dict[str, Any] = {
            key: values.pop(key) for key in ("name", "assignees", "deleted") if key in values
        }
        fields = {key: value for key, value in (card.fields | values).items() if value is not None}
        update: dict[str, Any] = {**own, "fields": fields, "updated_at": self.crm.clock.now()}
        self.crm.cards[number] = card.model_copy(update=update)

    def by_hand(self, company: str, title: str = "Сделка вручную", **values: Any) -> str:
        """Let somebody create a deal for the company."""
        number = self.crm.number()
        given: dict[str, Any] = {"stage": STAGES[0], "created_at": self.crm.clock.now(), **values}
        ref = self.crm.cards[company].ref
        self.crm.sheets[number] = Deal(id=number, title=title, open=True, company=ref, **given)
        return number

    def plan(self) -> Plan:
        return self.recipe.plan(self.crm, memory=self.ledger)

    def run(self) -> RunResult:
        result: RunResult = self.plan().apply()
        return result

    def item(self, number: str) -> PlanItem:
        return next(item for item in self.plan().items if item.entity.id == number)

    def verdict(self, number: str) -> str:
        return self.item(number).verdict

    @property
    def deals(self) -> list[Deal]:
        return list(self.crm.sheets.values())

    @property
    def tasks(self) -> list[Task]:
        return list(self.crm.papers.values())

    def reason(self, number: str) -> str:
        return self.item(number).reason.render("ru")


@pytest.fixture(params=["batch", "one-by-one"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Open a desk with settings of the recipe; the portal may be ``without`` some capabilities.

    Portals that answer for many companies at once, and those that do not, are swept in different ways.
    """
    single = {Capability.BATCH} if request.param == "one-by-one" else set()
    with ExitStack() as stack:
        ledger = stack.enter_context(Ledger(f"sqlite:///{tmp_path / 'ledger.db'}"))
        yield lambda without=(), **settings: Desk(ledger, {*single, *without}, **settings)


@pytest.fixture
def judge() -> Callable[..., Decision]:
    """Judge one company without any portal: the decision as it is made, in microseconds."""

    def call(
        company: Company | None = None,
        *,
        now: datetime = START,
        memory: Memory | None = None,
        settings: dict[str, Any] | None = None,
        **snapshot: Any,
    ) -> Decision:
        portal = Portal(
            language="ru",
            timezone=MOSCOW,
            pipeline="3",
            stage="31",
            users={user.id: user for user in USERS},
            card=specs(CARD),
            fields=specs(FIELDS),
        )
        usual = Company(id="7", name="ИП Иванов", assignees=(person("4"),), created_at=START)
        made = AutoDeal(AutoDealSettings(**{"grace_minutes": 0, **(settings or {})}))
        found = Snapshot(company or usual, portal, **snapshot)
        return made.decide(found, now, memory or Memory())

    return call


@pytest.fixture
def people() -> SimpleNamespace:
    """Who works here."""
    return SimpleNamespace(manager=person("4"), colleague=person("5"), left=person("15"), money=Decimal)
