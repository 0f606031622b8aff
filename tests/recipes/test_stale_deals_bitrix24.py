"""stale_deals on the Bitrix24 sandbox: the same recipe, its lines R0.x and the checks T0 on another vendor.

What differs: a deal always has a responsible person, the supervisor is the head of the department, what
counts as activity is put together from several sources, approvals are completed or tagged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crmkit.crm.base import Crm
from crmkit.crm.models import Person, TaskState
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.results import RunResult
from crmkit.runtime.undo import undo
from crmkit.sandbox import Fault, Sandbox
from crmkit.testing.bitrix24 import Bitrix24Bench, open_crm
from recipes.stale_deals import StaleDeals, StaleDealsSettings

DEAL = 2
DIRECTOR, HEAD, MANAGER, COLLEAGUE = "user:1", "user:2", "user:4", "user:6"
WARNING = "Через 7 дней сделка будет переведена в новые запросы"
NEW, WORKING, REFUSED, WON = "NEW", "PREPARATION", "LOSE", "WON"
FIELDS = ("RETURN_STATE", "LABEL", "PREVIOUS_ASSIGNEE", "NEW_ASSIGNEE")


class Desk:
    """One portal with one deal, that Ольга Иванова of the first sales department works on."""

    def __init__(self, stack: ExitStack, folder: Path, settings: dict[str, Any]) -> None:
        sandbox = Sandbox.bitrix24(
            seed="stale_deals", clock="frozen", deals=1, stalled=0, refused=0, snoozed=0
        )
        self.box: Any = stack.enter_context(sandbox)
        self.crm: Crm = stack.enter_context(open_crm(self.box))
        self.bench = Bitrix24Bench(self.box, self.crm)
        self.ledger = stack.enter_context(Ledger(f"sqlite:///{folder / 'ledger.db'}"))
        usual = {"supervisor": DIRECTOR, "free_executor": "supervisor", "look_behind_robots": False}
        self.recipe = StaleDeals(StaleDealsSettings(**{**usual, **settings}))
        for row in list(self.box.portal.items[DEAL]):
            self.box.act.delete(DIRECTOR, row["ID"])
        self.deal = int(
            self.box.act.create(
                MANAGER,
                TITLE="Поставка кабеля",
                STAGE_ID=WORKING,
                ASSIGNED_BY_ID=4,
                COMPANY_ID=1,
                CONTACT_IDS=[1],
            )
        )
        self.start = self.box.clock.now()

    def on_day(self, days: float, **more: float) -> Desk:
        self.box.clock.set(self.start + timedelta(days=days, **more))
        return self

    def run(self) -> RunResult:
        result: RunResult = self.recipe.plan(self.crm, memory=self.ledger).apply()
        return result

    def verdict(self) -> str:
        verdicts = self.recipe.plan(self.crm, memory=self.ledger).verdicts()
        return next(iter(verdicts), "")

    def row(self) -> Any:
        return self.box.portal.items[DEAL].get(self.deal)

    def card(self) -> dict[str, Any]:
        """Return what a person sees: stage, responsible, and the fields of the recipe."""
        deal = self.crm.deals.get(str(self.deal))
        names = ("return_state", "label", "previous_assignee", "new_assignee")
        return {
            "stage": self.row()["STAGE_ID"],
            "responsible": self.row()["ASSIGNED_BY_ID"],
            **{name: deal.fields.get(name) for name in names},
        }

    def told(self, who: str) -> int:
        return self.bench.notified(Person(id=who.removeprefix("user:")))

    def approvals(self) -> list[Any]:
        return [row for row in self.box.portal.tasks if row["CREATED_BY"] == 90]

    def decide(self, state: TaskState, *, candidate: str = "", by: str = HEAD) -> None:
        self.box.clock.advance(minutes=30)
        if candidate:
            number = int(candidate.removeprefix("user:"))
            self.box.act.set_fields(by, self.deal, {"UF_CRM_NEW_ASSIGNEE": number})
        who = Person(id=by.removeprefix("user:"))
        self.bench.decide(who, str(self.approvals()[-1]["ID"]), state)
        self.box.clock.advance(minutes=5)

    def returned(self) -> Desk:
        self.on_day(15).run()
        self.on_day(22, hours=1).run()
        return self


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Open a portal; keywords are settings of the recipe."""
    with ExitStack() as stack:
        yield lambda **settings: Desk(stack, tmp_path, settings)


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()


def test_R0_01_and_T0_nothing_happens_before_fifteen_full_days(desk: Desk) -> None:
    desk.on_day(14, hours=23, minutes=59)
    assert desk.run().counts == {}
    assert (desk.told(MANAGER), desk.told(HEAD)) == (0, 0)


def test_R0_03_and_T0_day_15_tells_the_manager_and_the_head_of_the_department(desk: Desk) -> None:
    desk.on_day(15)
    assert desk.run().counts == {"done": 1}
    assert (desk.told(MANAGER), desk.told(HEAD), desk.told(DIRECTOR)) == (1, 1, 0)
    history = [row["COMMENT"] for row in desk.box.portal.comments.having("OWNER", f"2:{desk.deal}")]
    assert any(WARNING in text for text in history)
    assert desk.run().counts == {}
    assert (desk.told(MANAGER), desk.told(HEAD)) == (1, 1)


def test_R0_02_and_R0_04_to_R0_06_day_22_returns_it_in_one_write(desk: Desk) -> None:
    desk.on_day(15).run()
    assert desk.on_day(21, hours=23).verdict() == "warned"
    desk.on_day(22, hours=1)
    before = len([one for one in desk.box.requests if one.operation == "crm.item.update"])
    assert desk.run().counts == {"done": 1}
    card = desk.card()
    assert (card["stage"], card["responsible"]) == (NEW, 2)
    assert card["return_state"] == "свободная сделка"
    assert "Свободная сделка" in card["label"]
    assert card["previous_assignee"].id == "4"
    assert len([one for one in desk.box.requests if one.operation == "crm.item.update"]) == before + 1
    assert len(desk.approvals()) == 1
    assert desk.approvals()[0]["RESPONSIBLE_ID"] == 2


def test_R0_07_a_new_executor_only_after_the_supervisor_confirms(desk: Desk) -> None:
    desk.returned()
    assert desk.run().counts == {}
    assert desk.card()["responsible"] == 2
    desk.decide(TaskState.DONE, candidate=COLLEAGUE)
    desk.run()
    desk.run()
    card = desk.card()
    assert card["responsible"] == 6
    assert card["return_state"] == "подтверждено"
    assert not card["label"]


def test_R0_08_and_T0_a_rejection_restores_all_four(desk: Desk) -> None:
    before = desk.card()
    desk.returned()
    assert desk.card() != before
    desk.decide(TaskState.REJECTED)
    desk.run()
    assert desk.card() == before


def test_R0_09_a_refusal_without_a_reason_is_never_moved_and_listed(desk: Desk) -> None:
    desk.box.act.set_stage(MANAGER, desk.deal, REFUSED)
    plan = desk.on_day(30).recipe.plan(desk.crm, memory=desk.ledger)
    assert plan.verdicts() == {"refused_without_reason": 1}
    assert plan.items[0].attention
    assert plan.to_do == ()


@pytest.mark.parametrize("edit", ["field", "comment", "stage"])
def test_R0_10_and_T0_a_manual_edit_on_day_18_cancels_it(desk: Desk, edit: str) -> None:
    desk.on_day(15).run()
    desk.on_day(18)
    if edit == "field":
        desk.box.act.set_fields(MANAGER, desk.deal, {"TITLE": "Поставка кабеля, второй этап"})
    elif edit == "comment":
        desk.box.act.comment(MANAGER, desk.deal, "Созвонились, ждут смету")
    else:
        desk.box.act.set_stage(MANAGER, desk.deal, "EXECUTING")
    desk.on_day(22, hours=1).run()
    assert desk.row()["STAGE_ID"] != NEW
    assert desk.row()["ASSIGNED_BY_ID"] == 4
    desk.on_day(33, hours=1).run()
    assert desk.told(MANAGER) == 2


def test_what_the_vendors_stamp_leaves_out_counts_all_the_same(desk: Desk) -> None:
    """A comment of the responsible person does not move ``lastActivityTime``; it is activity."""
    desk.on_day(10)
    stamp = desk.row()["LAST_ACTIVITY_TIME"]
    desk.box.act.comment(MANAGER, desk.deal, "Отправила смету")
    assert desk.row()["LAST_ACTIVITY_TIME"] == stamp
    assert desk.on_day(16).run().counts == {}
    assert desk.on_day(25).run().counts == {"done": 1}


def test_a_call_of_the_client_is_activity(desk: Desk) -> None:
    desk.on_day(10).box.act.call_in(desk.deal)
    assert desk.on_day(16).run().counts == {}
    assert desk.on_day(25).run().counts == {"done": 1}


def test_comments_of_robots_are_no_activity(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(look_behind_robots=True)
    desk.on_day(10).box.act.comment("user:91", desk.deal, "Робот: проверено")
    assert desk.on_day(15).run().counts == {"done": 1}


def test_R0_11_the_former_executor_and_the_history_stay(desk: Desk) -> None:
    desk.returned()
    history = desk.crm.deals.history(str(desk.deal))
    assert any("Прежний исполнитель" in entry.text for entry in history)
    assert any(entry.stage_to == NEW for entry in history)


def test_R0_12_the_figures(desk: Desk) -> None:
    desk.returned()
    plan = desk.recipe.plan(desk.crm, memory=desk.ledger)
    known = desk.ledger.known(desk.crm.portal, "stale_deals")
    memories = desk.ledger.recall(desk.crm.portal, "stale_deals", known)
    figures = desk.recipe.figures(plan.items, memories)
    assert (figures.processed, figures.warned, figures.returned, figures.waiting) == (1, 1, 1, 1)
    assert figures.by_manager.keys() == {"Ольга Иванова"}


def test_R0_13_the_settings_name_another_supervisor(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(department_heads=False)
    desk.on_day(15).run()
    assert (desk.told(HEAD), desk.told(DIRECTOR)) == (0, 1)
    other = make_desk(supervisors={MANAGER: "user:3"})
    other.on_day(15).run()
    assert (other.told(HEAD), other.told("user:3")) == (0, 1)


def test_T0_the_job_was_down_from_day_14_to_20(desk: Desk) -> None:
    desk.on_day(20).run()
    assert desk.on_day(22, hours=1).run().counts == {}
    assert desk.on_day(26, hours=23).verdict() == "warned"
    assert desk.on_day(27, hours=1).run().counts == {"done": 1}
    assert desk.card()["stage"] == NEW


@pytest.mark.parametrize(
    "operation", ["crm.timeline.comment.add", "crm.item.update", "tasks.task.add", "im.notify.personal.add"]
)
def test_T0_a_lost_answer_does_nothing_twice(desk: Desk, operation: str) -> None:
    desk.box.faults.add(Fault("drop_answer", operation))
    desk.returned()
    desk.box.clock.advance(minutes=10)
    desk.run()
    assert (desk.told(MANAGER), len(desk.approvals())) == (1, 1)
    assert desk.card()["stage"] == NEW


def test_undo_takes_the_return_back(desk: Desk) -> None:
    before = desk.card()
    desk.on_day(15).run()
    run = desk.on_day(22, hours=1).run().run
    undo(run, desk.crm, desk.ledger)
    assert desk.card() == before
