"""Three worlds in which people plan steps: on paper, in Planfix's sandbox, in Bitrix24's sandbox.

On paper a deal is a dictionary, and what the recipe decides is done at once: nothing but the rules is tested.
In the sandboxes the whole chain is: recipe, ledger, executor, adapter, client, HTTP. People act with tokens
of their own; what came of it is read from the portal, never from what the recipe says about itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmkit.automation.actions import CloseStep, EditComment, RecordStep, UpdateDeal, UpdateStep
from crmkit.automation.memory import Effect, Memory
from crmkit.automation.plan import PlanItem
from crmkit.automation.recipe import Decision
from crmkit.config import PortalConfig
from crmkit.crm.base import Crm
from crmkit.crm.models import Deal, DealChanges, NewDeal, Person, Ref, Step, StepChanges, User
from crmkit.crm.registry import connect
from crmkit.runtime.ledger import Ledger
from crmkit.sandbox import Sandbox
from recipes.next_step import NextStep, NextStepSettings, Portal, Snapshot

MOSCOW = ZoneInfo("Europe/Moscow")
START = datetime(2025, 3, 3, 9, tzinfo=MOSCOW)
FIELDS = ("step_kind", "step_goal", "step_date", "step_period", "step_result")
MANAGER, COLLEAGUE, BOSS = Person(id="4"), Person(id="6"), "user:2"
CALL: dict[str, Any] = {"kind": "звонок", "goal": "уточнить бюджет", "date": date(2025, 3, 4)}


def named(form: dict[str, Any]) -> dict[str, Any]:
    return {f"step_{name}": value for name, value in form.items()}


@dataclass
class Seen:
    """What one look came to."""

    verdict: str
    actions: tuple[str, ...] = ()
    look_again: datetime | None = None


class Paper:
    """Deals as dictionaries; time moves only when told."""

    provider = "paper"

    def __init__(self, **settings: Any) -> None:
        self.recipe = NextStep(NextStepSettings(**{"supervisor": BOSS, **settings}))
        self.now = START
        self.deals: dict[str, Deal] = {}
        self.steps: dict[str, Step] = {}
        self.texts: dict[str, list[str]] = {}
        self.memories: dict[str, Memory] = {}
        people = {
            str(one): User(id=str(one), name=f"Сотрудник {one}", is_active=one != 15) for one in range(1, 16)
        }
        self.portal = Portal("ru", MOSCOW, frozenset(FIELDS), people)

    def wait(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def new_deal(self, created_days_ago: float = 0, **form: Any) -> str:
        number = str(len(self.deals) + 1)
        at = self.now - timedelta(days=created_days_ago)
        self.deals[number] = Deal(
            id=number,
            title="Сделка",
            open=True,
            assignees=(MANAGER,),
            created_at=at,
            updated_at=at,
            fields=named(form),
        )
        self.texts[number] = []
        return number

    def set(self, deal: str, **form: Any) -> None:
        self._change(deal, DealChanges(fields=named(form)))

    def close(self, deal: str) -> None:
        self._replace(deal, open=False)

    def reopen(self, deal: str) -> None:
        self._replace(deal, open=True)

    def assign(self, deal: str, who: Person) -> None:
        self._replace(deal, assignees=(who,))

    def delete(self, deal: str) -> None:
        self._replace(deal, deleted=True)

    def move_step(self, step: str, start: datetime, end: datetime) -> None:
        self._replace_step(step, start=start, end=end)

    def tick_off(self, step: str) -> None:
        self._replace_step(step, open=False)

    def open_again(self, step: str) -> None:
        self._replace_step(step, open=True, result="")

    def drop_step(self, step: str) -> None:
        del self.steps[step]

    def look(self, deal: str) -> Seen:
        ref = Ref(kind="deal", id=deal)
        records = {one.id: one for one in self.steps.values() if one.deal == ref}
        memory = self.memories.get(deal, Memory())
        decision = self.recipe.decide(Snapshot(ref, self.deals[deal], self.portal, records), self.now, memory)
        waits = decision.not_before is not None and decision.not_before > self.now
        if not waits:
            self._do(deal, decision)
        return Seen(decision.verdict, tuple(one.kind for one in decision.actions), decision.look_again)

    def fields(self, deal: str) -> dict[str, Any]:
        return {name: value for name, value in self.deals[deal].fields.items() if value}

    def records(self, deal: str) -> list[Step]:
        return [one for one in self.steps.values() if one.deal.id == deal]

    def comments(self, deal: str) -> list[str]:
        return self.texts[deal]

    all_comments = comments

    def _do(self, deal: str, decision: Decision) -> None:
        ids: dict[str, str] = {}
        for action in decision.actions:
            remote = self._write(deal, action, ids)
            ids[action.key] = remote
            effect = Effect(
                key=action.key,
                step=action.step,
                episode=action.episode,
                at=self.now,
                data=action.data,
                remote_id=remote,
            )
            memory = self.memories.get(deal, Memory())
            self.memories[deal] = memory.model_copy(update={"effects": (*memory.effects, effect)})

    def _write(self, deal: str, action: Any, ids: dict[str, str]) -> str:
        match action:
            case UpdateDeal():
                self._change(deal, action.changes)
            case RecordStep(record=new):
                number = str(len(self.steps) + 1)
                given = {name: getattr(new, name) for name in ("kind", "goal", "start", "end", "assignee")}
                self.steps[number] = Step(id=number, deal=new.deal, **given)
                return number
            case UpdateStep():
                self._replace_step(
                    action.step_id, **action.changes.model_dump(exclude_none=True, exclude={"assignee"})
                )
                if action.changes.assignee:
                    self._replace_step(action.step_id, assignee=action.changes.assignee)
            case CloseStep():
                step_id = ids.get(action.step_id.removeprefix("@"), action.step_id)
                self._replace_step(step_id, open=False, result=action.result)
            case EditComment():
                self.texts[deal][int(action.comment_id)] = action.text
            case _ if hasattr(action, "text"):
                self.texts[deal].append(action.text)
                return str(len(self.texts[deal]) - 1)
        return ""

    def _change(self, deal: str, changes: DealChanges) -> None:
        fields = {**self.deals[deal].fields, **changes.fields}
        self._replace(deal, fields={name: value for name, value in fields.items() if value not in (None, "")})

    def _replace(self, deal: str, **values: Any) -> None:
        self.deals[deal] = self.deals[deal].model_copy(update={**values, "updated_at": self.now})

    def _replace_step(self, step: str, **values: Any) -> None:
        self.steps[step] = self.steps[step].model_copy(update=values)


class Live:
    """A sandbox and the whole chain."""

    def __init__(self, stack: ExitStack, folder: Path, provider: str, **settings: Any) -> None:
        self.provider = provider
        options: dict[str, Any] = {"rate": 50.0} if provider == "planfix" else {}
        make = getattr(Sandbox, provider)
        self.box: Any = stack.enter_context(make(seed="next_step", clock="frozen", deals=0, **options))
        self.crm = stack.enter_context(self.open("user:90"))
        self.manager = stack.enter_context(self.open("user:4"))
        self.boss = stack.enter_context(self.open("user:1"))
        self.ledger = stack.enter_context(Ledger(f"sqlite:///{folder / 'ledger.db'}"))
        self.recipe = NextStep(NextStepSettings(**{"supervisor": BOSS, **settings}))
        self._count = 0

    def open(self, who: str, **overrides: Any) -> Crm:
        """Connect as somebody."""
        own = {"token": self.box.tokens[who], "user": who, "robots": ["user:90"]}
        section = {**self.box.portal_config, **own, **overrides}
        return connect(PortalConfig.model_validate(section), clock=self.box.clock)

    @property
    def now(self) -> datetime:
        moment: datetime = self.box.clock.now()
        return moment

    def wait(self, **delta: float) -> None:
        self.box.clock.advance(**delta)

    def new_deal(self, created_days_ago: float = 0, **form: Any) -> str:
        self._count += 1
        new = NewDeal(title=f"Сделка {self._count}", stage="new", assignees=(MANAGER,), fields=named(form))
        number = self.manager.deals.create(new, key=f"test {self._count}").id
        if created_days_ago:
            self.wait(days=created_days_ago)
        return number

    def set(self, deal: str, **form: Any) -> None:
        self.manager.deals.update(deal, DealChanges(fields=named(form)))

    def close(self, deal: str) -> None:
        self.manager.deals.update(deal, DealChanges(stage="won"))

    def reopen(self, deal: str) -> None:
        self.boss.deals.update(deal, DealChanges(stage="working"))

    def assign(self, deal: str, who: Person) -> None:
        self.boss.deals.update(deal, DealChanges(assignees=(who,)))

    def delete(self, deal: str) -> None:
        if self.provider == "planfix":
            self.box.account.tasks[int(deal)].is_deleted = True
        else:
            self.box.act.delete("user:1", int(deal))

    def move_step(self, step: str, start: datetime, end: datetime) -> None:
        self.boss.steps.update(step, StepChanges(start=start, end=end))

    def tick_off(self, step: str) -> None:
        if self.provider == "planfix":
            pytest.skip("an entry of an analytics has no box to tick: it is open until it has a result")
        self.boss.native().call("crm.activity.update", {"id": int(step), "fields": {"COMPLETED": "Y"}})

    def open_again(self, step: str) -> None:
        if self.provider == "planfix":
            self.boss.native().datatags.update_entry(int(step), 3, {526: None})
        else:
            self.boss.native().call("crm.activity.update", {"id": int(step), "fields": {"COMPLETED": "N"}})

    def drop_step(self, step: str) -> None:
        if self.provider == "planfix":
            self.boss.native().datatags.delete_entry(int(step))
        else:
            self.boss.native().call("crm.activity.delete", {"id": int(step)})

    def look(self, deal: str) -> Seen:
        plan = self.recipe.plan(self.crm, memory=self.ledger, entities=[Ref(kind="deal", id=deal)])
        (item,) = plan.items
        result = plan.apply()
        assert not [one for one in result.items if one.status in ("failed", "unknown")], result.items
        return _seen(item)

    def fields(self, deal: str) -> dict[str, Any]:
        found = self.manager.deals.get(deal).fields
        return {name: value for name, value in found.items() if name in FIELDS and value}

    def records(self, deal: str) -> list[Step]:
        return list(self.boss.steps.of_deals(Ref(kind="deal", id=deal)))

    def comments(self, deal: str) -> list[str]:
        """Return what our robot wrote for people; the comment that only holds an entry says nothing."""
        return [text for text in self.all_comments(deal) if text.strip()]

    def all_comments(self, deal: str) -> list[str]:
        """Return everything that our robot wrote."""
        if self.provider == "planfix":
            found = [one for one in self.box.account.comments.values() if one.task == int(deal)]
            texts = [one.text for one in sorted(found, key=lambda one: one.id) if one.owner == "user:90"]
        else:
            rows = self.box.portal.comments.having("OWNER", f"2:{deal}")
            texts = [row["COMMENT"] for row in rows if row["AUTHOR_ID"] == 90]
        return texts


def _seen(item: PlanItem) -> Seen:
    return Seen(item.verdict, tuple(one.kind for one in item.actions), item.look_again)


World = Any
"""A :class:`Paper` or a :class:`Live`: they do the same."""


@pytest.fixture(params=["paper", "planfix", "bitrix24"])
def make_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Open a world; keywords are settings of the recipe."""
    with ExitStack() as stack:

        def make(**settings: Any) -> World:
            if request.param == "paper":
                return Paper(**settings)
            return Live(stack, tmp_path, request.param, **settings)

        yield make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


@pytest.fixture
def paper() -> Paper:
    return Paper()
