"""Events about tasks of ours lead to their deals, many of them with one request."""

from __future__ import annotations

from crmkit.automation.recipe import Context
from crmkit.crm.models import NewTask, Person, Ref
from crmkit.sandbox import Sandbox
from crmkit.testing.planfix import open_crm
from recipes.auto_deal import AutoDeal, AutoDealSettings
from recipes.stale_deals import StaleDeals, StaleDealsSettings

TASKS = 5


def test_tasks_wake_their_deals() -> None:
    with Sandbox.planfix(seed="empty", clock="frozen") as box, open_crm(box) as crm:
        deals = [
            str(box.act.create_task("user:4", f"Сделка {n}", assignees=("user:4",))) for n in range(TASKS)
        ]
        tasks = {}
        for deal in deals:
            approval = NewTask(
                title="Согласование",
                kind="approval",
                deal=Ref(kind="deal", id=deal),
                assignees=(Person(id="2"),),
            )
            tasks[Ref(kind="task", id=crm.tasks.create(approval, key=f"k{deal}").id)] = deal
        stale, auto = StaleDeals(StaleDealsSettings(supervisor="user:2")), AutoDeal(AutoDealSettings())
        ctx = Context(crm, stale.settings)
        gone, itself = Ref(kind="task", id="999999"), Ref(kind="deal", id=deals[0])
        stale.woken_many(ctx, [*tasks])  # what is read once for all
        sent = crm.requests_sent()
        woken = stale.woken_many(ctx, [*tasks, gone, itself])
        assert crm.requests_sent() == sent + 1
        assert {task: [ref.id for ref in refs] for task, refs in woken.items()} == {
            **{task: [deal] for task, deal in tasks.items()},
            gone: [],
            itself: [deals[0]],
        }
        one = next(iter(tasks))
        assert [ref.id for ref in stale.woken(ctx, one)] == [tasks[one]]
        # a recipe that does not watch tasks is asked about whatever it watches
        assert list(auto.woken(Context(crm, auto.settings), one)) == [one]
