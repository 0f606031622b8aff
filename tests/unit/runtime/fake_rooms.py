"""The CRM in memory with all rooms, and a recipe that uses them; for tests that load it by its path.

It is not in ``conftest.py``: only the tests of the new actions and of the bulk path need it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from crmkit.automation.actions import (
    Action,
    CreateDeal,
    CreateTask,
    CreateWorkspace,
    Invite,
    StartWorkflow,
    UpdateCard,
    UpdateDeal,
    UpdateTask,
    created,
)
from crmkit.automation.memory import Memory
from crmkit.automation.messages import Message
from crmkit.automation.recipe import Context, Decision, Recipe, Settings
from crmkit.clock import ManualClock
from crmkit.crm.base import Contacts, Workflows, Workspaces
from crmkit.crm.models import (
    Contact,
    Deal,
    DealChanges,
    Invitation,
    NewDeal,
    NewTask,
    NewWorkspace,
    Person,
    Pipeline,
    Ref,
    Stage,
    TaskChanges,
    Workflow,
    WorkflowStart,
    Workspace,
    WriteResult,
)
from crmkit.crm.rooms import Outcomes
from crmkit.exceptions import CrmkitError, NotFound


def _load_fakes() -> ModuleType:
    name = "runtime_fakes"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("conftest.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


fakes: Any = _load_fakes()
ME = fakes.ROBOT
DUE = datetime(2025, 4, 1, tzinfo=fakes.UTC)
ALL_STEPS = ("deal", "move", "flow", "card", "task", "shift", "space", "invite")


@dataclass
class Rooms:
    """What the new rooms hold."""

    contacts: dict[str, Contact] = field(default_factory=dict)
    flows: dict[str, Workflow] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    """The objects of all processes that were ever started."""
    spaces: dict[str, Workspace] = field(default_factory=dict)
    guests: set[tuple[str, str]] = field(default_factory=set)


class FullCrm(fakes.FakeCrm):  # type: ignore[misc]  (loaded by its path)
    """A portal with all rooms; ``batch_size`` writes fit into one request."""

    def __init__(self, clock: ManualClock, file: Path | None = None, *, batch_size: int = 1) -> None:
        super().__init__(clock, file)
        self.batch_size = batch_size
        if not hasattr(self.state, "rooms"):
            self.state.rooms = Rooms()
        self.rooms: Rooms = self.state.rooms
        self.deals = FullDeals(self)
        self.tasks = FullTasks(self)
        self.contacts = FullContacts(self)
        self.workflows = FullWorkflows(self)
        self.workspaces = FullWorkspaces(self)
        self.processes_end_at_once = False
        self.cancelled = Stage(id="9", key="cancelled", is_open=False)

    def me(self) -> Person:
        return Person(id=ME.id)

    def pipelines(self) -> Sequence[Pipeline]:
        return (Pipeline(id="1", stages=(*fakes.STAGES.values(), self.cancelled)),)

    def in_bulk(self, name: str, writes: Sequence[Any]) -> Outcomes:
        """Do many writes in one call; each part may fail on its own: a fault at ``NAME.part``."""
        outcomes: Outcomes = []

        def do(_: frozenset[str]) -> None:
            for write in writes:
                outcomes.append(self._part(name, write))

        try:
            self.call(name, do)
        except CrmkitError as error:
            return [error] * len(writes)
        return outcomes

    def _part(self, name: str, write: Any) -> WriteResult | CrmkitError:
        fault = self._fault(f"{name}.part")
        if fault is None:
            return WriteResult(id=write() or "")
        assert isinstance(fault.error, CrmkitError)
        if fault.taken:
            write()
        return fault.error


class FullDeals(fakes.FakeDeals):  # type: ignore[misc]
    def find(self, *conditions: Any) -> Iterator[Deal]:
        ids = next((term.args for term in conditions if getattr(term, "name", "") == "with_ids"), None)
        deals = self._crm.state.deals
        wanted = list(deals.values()) if ids is None else [deals[one] for one in ids if one in deals]
        yield from self._crm.call("deals.find", lambda _: wanted)[0]

    def create(self, deal: NewDeal, *, key: str) -> WriteResult:
        result: WriteResult = self._crm.write("deals.create", lambda _: self.make(deal, key))
        return result

    def make(self, deal: NewDeal, key: str) -> str:
        number: str = self._crm.new_id()
        stage = fakes.STAGES[deal.stage or "new"]
        self._crm.state.deals[number] = Deal(id=number, title=deal.title, open=True, stage=stage, key=key)
        self._crm.state.log.append(("deal", deal.title))
        return number

    def find_by_key(self, *keys: str) -> Iterator[Deal]:
        deals = self._crm.state.deals.values()
        yield from self._crm.call("deals.find_by_key", lambda _: [one for one in deals if one.key in keys])[0]

    def create_many(self, deals: Sequence[tuple[NewDeal, str]]) -> Outcomes:
        makes = [lambda deal=deal, key=key: self.make(deal, key) for deal, key in deals]
        outcomes: Outcomes = self._crm.in_bulk("deals.create_many", makes)
        return outcomes

    def update_many(self, changes: Sequence[tuple[str, DealChanges]]) -> Outcomes:
        makes = [
            lambda number=number, change=change: self._change(number, change) for number, change in changes
        ]
        outcomes: Outcomes = self._crm.in_bulk("deals.update_many", makes)
        return outcomes

    def _change(self, number: str, change: DealChanges) -> None:
        self.set(number, change)
        self._crm.state.log.append(("update", number))

    def set(self, deal_id: str, changes: DealChanges, refused: frozenset[str] = frozenset()) -> None:
        if changes.stage == self._crm.cancelled.id:
            deal = self._crm.state.deals[deal_id]
            self._crm.state.deals[deal_id] = deal.model_copy(update={"stage": self._crm.cancelled})
            return
        super().set(deal_id, changes, refused)
        if changes.amount is not None:
            deal = self._crm.state.deals[deal_id]
            self._crm.state.deals[deal_id] = deal.model_copy(update={"amount": changes.amount})


class FullTasks(fakes.FakeTasks):  # type: ignore[misc]
    def update(self, task_id: str, changes: TaskChanges, *, kind: str = "task") -> WriteResult:
        def do(_: frozenset[str]) -> None:
            given = {name: getattr(changes, name) for name in changes.model_fields_set - {"checklist"}}
            self._crm.state.tasks[task_id] = self._crm.state.tasks[task_id].model_copy(update=given)
            self._crm.state.log.append(("shift", task_id))

        result: WriteResult = self._crm.write("tasks.update", do)
        return result


class FullContacts(Contacts):
    _crm: FullCrm

    def get(self, contact_id: str) -> Contact:
        def read(_: frozenset[str]) -> Contact:
            if contact_id not in self._crm.rooms.contacts:
                raise NotFound(f"there is no contact {contact_id}")
            return self._crm.rooms.contacts[contact_id]

        contact: Contact = self._crm.call("contacts.get", read)[0]
        return contact

    def update(self, contact_id: str, fields: dict[str, Any]) -> WriteResult:
        def do(_: frozenset[str]) -> None:
            self.set(contact_id, fields)
            self._crm.state.log.append(("card", contact_id))

        result: WriteResult = self._crm.write("contacts.update", do)
        return result

    def set(self, contact_id: str, fields: Mapping[str, Any]) -> None:
        contact = self._crm.rooms.contacts[contact_id]
        merged = {**contact.fields, **fields}
        kept = {name: value for name, value in merged.items() if value is not None}
        self._crm.rooms.contacts[contact_id] = contact.model_copy(update={"fields": kept})


class FullWorkflows(Workflows):
    _crm: FullCrm

    def start(self, start: WorkflowStart) -> WriteResult:
        result: WriteResult = self._crm.write("workflows.start", lambda _: self.make(start))
        return result

    def make(self, start: WorkflowStart, by: Person = ME) -> str:
        number = f"w{self._crm.new_id()}"
        self._crm.rooms.started.append(str(start.entity))
        self._crm.state.log.append(("flow", str(start.entity)))
        if not self._crm.processes_end_at_once:
            now = self._crm.clock.now()
            self._crm.rooms.flows[number] = Workflow(
                id=number, template="77", template_key=start.template, entity=start.entity,
                started_at=now, started_by=by,
            )  # fmt: skip
        return number

    def start_many(self, starts: Sequence[WorkflowStart]) -> Outcomes:
        return self._crm.in_bulk(
            "workflows.start_many", [lambda start=start: self.make(start) for start in starts]
        )

    def running(self, *entities: Ref, since: datetime | None = None) -> Iterator[Workflow]:
        flows = [
            flow
            for flow in self._crm.rooms.flows.values()
            if (not entities or flow.entity in entities)
            and (since is None or (flow.started_at is not None and flow.started_at >= since))
        ]
        yield from self._crm.call("workflows.running", lambda _: flows)[0]

    def terminate(self, workflow_id: str, *, reason: str = "") -> WriteResult:
        def do(_: frozenset[str]) -> None:
            self._crm.rooms.flows.pop(workflow_id, None)
            self._crm.state.log.append(("stop", workflow_id))

        result: WriteResult = self._crm.write("workflows.terminate", do)
        return result


class FullWorkspaces(Workspaces):
    _crm: FullCrm

    def create(self, workspace: NewWorkspace, *, key: str) -> WriteResult:
        def do(_: frozenset[str]) -> str:
            number: str = self._crm.new_id()
            self._crm.rooms.spaces[number] = Workspace(id=number, title=workspace.title, key=key)
            self._crm.state.log.append(("space", workspace.title))
            return number

        result: WriteResult = self._crm.write("workspaces.create", do)
        return result

    def find_by_key(self, key: str) -> Workspace | None:
        spaces = self._crm.rooms.spaces.values()
        found: Workspace | None = self._crm.call(
            "workspaces.find_by_key", lambda _: next((one for one in spaces if one.key == key), None)
        )[0]
        return found

    def invite(self, workspace_id: str, invitation: Invitation) -> WriteResult:
        def do(_: frozenset[str]) -> str:
            self._crm.rooms.guests.add((workspace_id, invitation.email))
            return "guest"

        result: WriteResult = self._crm.write("workspaces.invite", do)
        return result


class FullSettings(Settings):
    """Which of the steps, and how long a process lasts at least."""

    steps: tuple[str, ...] = ALL_STEPS
    lasts: timedelta = timedelta(0)
    cap: int | None = None


class Full(Recipe[FullSettings, Deal]):
    """Does every new thing for each of the first deals, once."""

    name: ClassVar[str] = "full"
    title: ClassVar[dict[str, str]] = {"ru": "", "en": ""}
    settings_type: ClassVar[type[Settings]] = FullSettings

    def candidates(self, ctx: Context[FullSettings]) -> Iterator[Deal]:
        yield from (deal for deal in ctx.crm.deals.find(Deal.is_open) if not deal.key)

    def observe(self, ctx: Context[FullSettings], entity: Ref) -> Deal:
        return ctx.crm.deals.get(entity.id)

    def observe_many(self, ctx: Context[FullSettings], entities: Sequence[Ref]) -> Mapping[Ref, Deal]:
        return {deal.ref: deal for deal in ctx.crm.deals.find(Deal.with_ids(*(one.id for one in entities)))}

    def entity(self, snapshot: Deal) -> Ref:
        return snapshot.ref

    def daily_cap(self) -> int | None:
        return self.settings.cap

    def decide(self, snapshot: Deal, now: datetime, memory: Memory) -> Decision:
        if snapshot.fields.get("busy"):
            return Decision(verdict="busy", reason=Message(key="test.busy"))
        if memory.unsettled:
            return Decision(verdict="unsettled", reason=Message(key="test.busy"), attention=True)
        steps = [step for step in self.settings.steps if memory.of_episode(1, step) is None]
        if not steps:
            return Decision(verdict="done", reason=Message(key="test.done"))
        actions = tuple(self.action(snapshot, step) for step in steps)
        reason = Message(key="test.idle", params={"since": now.date()})
        return Decision(verdict="todo", reason=reason, actions=actions, counted=True)

    def action(self, deal: Deal, step: str) -> Action:
        def key(step: str) -> str:
            return f"{self.name}:{deal.id}:{step}"

        new, contact = created(key("deal")), Ref(kind="contact", id=f"c{deal.id}")
        on = new if "deal" in self.settings.steps else None
        reason = Message(key="test.done")
        common: dict[str, Any] = {"key": key(step), "step": step, "entity": deal.ref, "reason": reason}
        return {
            "deal": lambda: CreateDeal(deal=NewDeal(title=f"new {deal.id}", stage="new"), **common),
            "move": lambda: UpdateDeal(changes=DealChanges(stage="talks", amount=700), on=on, **common),
            "flow": lambda: StartWorkflow(template="call", lasts=self.settings.lasts, on=on, **common),
            "card": lambda: UpdateCard(fields={"lost": True, "why": "price"}, on=contact, **common),
            "task": lambda: CreateTask(task=NewTask(title=f"call {deal.id}", deal=new), **common),
            "shift": lambda: UpdateTask(
                task_id=created(key("task")).id, task_kind="task", changes=TaskChanges(deadline=DUE), **common
            ),
            "space": lambda: CreateWorkspace(workspace=NewWorkspace(title=f"space {deal.id}"), **common),
            "invite": lambda: Invite(
                workspace=created(key("space"), "workspace"), invitation=Invitation(email="a@b.example"),
                **common,
            ),
        }[step]()  # fmt: skip


def full_portal(
    clock: ManualClock, deals: int = 3, *, batch_size: int = 1, file: Path | None = None
) -> FullCrm:
    crm = FullCrm(clock, file, batch_size=batch_size)
    if not crm.state.deals:
        crm.state.deals = {str(n): fakes.deal(n) for n in range(1, deals + 1)}
        crm.state.last_id = 10 * deals + 100
        crm.rooms.contacts = {f"c{n}": Contact(id=f"c{n}", name=f"Client {n}") for n in crm.state.deals}
    return crm
