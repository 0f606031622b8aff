"""The story that ``crmkit demo`` plays: nine days of stalled deals on a sandbox with its own clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from crmkit.automation.plan import Plan
from crmkit.cli.demo_watch import Card, Person, Watch
from crmkit.config import PortalConfig
from crmkit.crm.base import Crm
from crmkit.crm.models import Ref
from crmkit.crm.registry import connect
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.results import RunResult
from crmkit.runtime.undo import plan_undo
from crmkit.sandbox import Sandbox
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox
from recipes.stale_deals import StaleDeals, StaleDealsSettings
from recipes.stale_deals.report import Results, results

__all__ = ["SCENES", "Check", "Scene", "Story", "staged"]

ZONE = ZoneInfo("Europe/Moscow")
DAY_18 = datetime(2025, 3, 6, 11, tzinfo=ZONE)
DAY_22 = datetime(2025, 3, 10, 12, tzinfo=ZONE)
DAY_23 = datetime(2025, 3, 11, 9, tzinfo=ZONE)
WARNING = "Через 7 дней сделка будет переведена в новые запросы"
LABEL, FREE, CONFIRMED = "Свободная сделка", "свободная сделка", "подтверждено"
STATUS_NEW, STATUS_NEGOTIATION = 1, 3
APPROVED, DECLINED = 22, 23
FIELD_CANDIDATE, FIELD_AMOUNT = 104, 109
HEADS = {"user:2": "group:1", "user:3": "group:2"}
MANAGERS = tuple(f"user:{number}" for number in range(4, 15))
EDITED_SHARE, NOISY_SHARE, DECIDED_SHARE = 0.07, 0.2, 0.08
LEFT_IDLE = 12
"""So many of the lively deals are forgotten meanwhile: the last run has new ones to warn about."""

Progress = Callable[[int], AbstractContextManager[Callable[[], None]]]


@dataclass(frozen=True)
class Check:
    """One claim: what should be so, and what the sandbox shows."""

    name: str
    expected: Any
    found: Any

    @property
    def ok(self) -> bool:
        """Whether they agree."""
        return bool(self.expected == self.found)

    def counts(self) -> tuple[Any, Any]:
        """Return both as something to print: the sizes of sets, the rest as it is."""
        return _size(self.expected), _size(self.found)


@dataclass(frozen=True)
class Scene:
    """What happened, in figures that were read back from the sandbox, and whether it is as it should be.

    Attributes:
        plan: A plan that is looked at.
        carried_out: The plan that was carried out in this scene.
        results: What the recipe's own report counts.
    """

    name: str
    at: datetime
    figures: dict[str, Any]
    checks: tuple[Check, ...] = ()
    plan: Plan | None = None
    carried_out: Plan | None = None
    results: Results | None = None


@dataclass
class Story:
    """The stage and what was seen on it; every set of deals is read from the sandbox, not from a plan."""

    box: PlanfixSandbox
    crm: Crm
    ledger: Ledger
    watch: Watch
    progress: Progress
    recipe: StaleDeals
    dice: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311  (not for secrets)
    before: dict[int, Card] = field(default_factory=dict)
    stalled: set[int] = field(default_factory=set)
    warned: set[int] = field(default_factory=set)
    edited: dict[int, Card] = field(default_factory=dict)
    returned: set[int] = field(default_factory=set)
    return_run: str = ""

    def plan(self) -> Plan:
        """Look at the portal and return what the recipe would do now."""
        return self.recipe.plan(self.crm, memory=self.ledger)

    def apply(self, plan: Plan) -> RunResult:
        """Carry out a plan."""
        with self.progress(len(plan.to_do)) as step:
            result: RunResult = plan.apply(on_item=lambda _item: step())
        return result

    def scene(self, name: str, figures: dict[str, Any], *checks: Check, **more: Any) -> Scene:
        """Return what was seen, stamped with the sandbox's time."""
        return Scene(name, self.box.clock.now().astimezone(ZONE), figures, checks, **more)


def opening(story: Story) -> Scene:
    """Monday, day 15 of the youngest stalled deals: look, and show the plan."""
    story.before = story.watch.deals()
    story.stalled = story.watch.stalled(15)
    plan = story.plan()
    seen = {int(item.entity.id) for item in plan.items}
    figures = {
        "deals": len(story.before),
        "stalled": len(story.stalled),
        "verdicts": plan.verdicts(),
        "to_do": len(plan.to_do),
        "requests": plan.requests_used,
        "estimated_requests": plan.estimate.requests,
    }
    found = Check("stalled_found", len(story.stalled), len(story.stalled & seen))
    return story.scene("opening", figures, found, plan=plan)


def day_15(story: Story) -> Scene:
    """Warn: one comment per deal, two people told."""
    result = story.apply(story.plan())
    notices = story.watch.notices(WARNING)
    told = story.watch.told(WARNING)
    story.warned = set(notices)
    right = sum(told[deal] == _expected_readers(story, deal) for deal in story.warned)
    unchanged = sum(card.shape == story.before[deal].shape for deal, card in story.watch.deals().items())
    figures = {
        "warned": len(notices),
        "notifications": notices.total(),
        "requests": result.requests,
        "seconds": result.seconds,
    }
    return story.scene(
        "day_15",
        figures,
        Check("two_notifications_each", 2 * len(notices), notices.total()),
        Check("manager_and_head_told", len(notices), right),
        Check("nothing_else_changed", len(story.before), unchanged),
        Check("nothing_failed", 0, _troubles(result)),
    )


def same_day(story: Story) -> Scene:
    """A second run the same day writes nothing."""
    story.box.clock.advance(hours=1)
    writes = story.watch.writes()
    result = story.apply(story.plan())
    figures = {"items": len(result.items), "writes": story.watch.writes() - writes}
    told = story.watch.notices(WARNING).total()
    return story.scene(
        "same_day",
        figures,
        Check("second_run_writes_nothing", 0, figures["writes"]),
        Check("nobody_told_twice", 2 * len(story.warned), told),
    )


def day_18(story: Story) -> Scene:
    """People edit some of the deals by hand, robots make noise on others, and work goes on elsewhere."""
    story.box.clock.set(DAY_18)
    warned = sorted(story.warned)
    edited = story.dice.sample(warned, _share(warned, EDITED_SHARE))
    for number, deal in enumerate(edited):
        _edit(story, deal, number)
    noisy = story.dice.sample(sorted(story.warned - set(edited)), _share(warned, NOISY_SHARE))
    story.box.act.robot_noise(noisy)
    busy = _everyday_work(story)
    now = story.watch.deals()
    story.edited = {deal: now[deal] for deal in edited}
    kinds = {kind: len(edited[number::3]) for number, kind in enumerate(("commented", "moved", "amount"))}
    return story.scene("day_18", {"edited": len(edited), **kinds, "robot_comments": len(noisy), "busy": busy})


def day_22(story: Story) -> Scene:
    """Return what nobody has touched; leave alone what people edited, snoozed or refused without a reason."""
    story.box.clock.set(DAY_22)
    plan = story.plan()
    result = story.apply(plan)
    story.return_run = result.run
    now, approvals = story.watch.deals(), story.watch.approvals()
    story.returned = {deal for deal, card in now.items() if card.state == FREE}
    free = [deal for deal in story.returned if _is_free(now[deal], story.before[deal])]
    untouched = [deal for deal, card in story.edited.items() if now[deal].shape == card.shape]
    rest = now.keys() - story.returned - story.edited.keys()
    told = story.watch.notices(WARNING)
    figures = {
        "returned": len(story.returned),
        "approvals": len(approvals),
        "edited_left_alone": len(untouched),
        "newly_warned": len(told) - len(story.warned),
        "excluded": {name: plan.verdicts().get(name, 0) for name in ("refused_without_reason", "snoozed")},
        "requests": result.requests,
        "seconds": result.seconds,
    }
    return story.scene(
        "day_22",
        figures,
        Check("warned_minus_edited_returned", len(story.warned) - len(story.edited), len(story.returned)),
        Check("returned_in_one_step", len(story.returned), len(free)),
        Check("one_approval_each", story.returned, set(approvals)),
        Check("edited_left_alone", len(story.edited), len(untouched)),
        Check("rest_untouched", len(rest), sum(now[deal].shape == story.before[deal].shape for deal in rest)),
        Check("two_notifications_each", 2 * len(told), told.total()),
        Check("nothing_failed", 0, _troubles(result)),
        carried_out=plan,
    )


def decisions(story: Story) -> Scene:
    """The heads of sales decide in Planfix, with their own tokens; the next run carries it out."""
    story.box.clock.set(DAY_23)
    chosen = story.dice.sample(sorted(story.returned), 2 * _share(sorted(story.returned), DECIDED_SHARE))
    approved, rejected = _decide(story, chosen)
    result = story.apply(story.plan())
    now = story.watch.deals()
    given = [
        deal
        for deal, manager in approved.items()
        if now[deal].assignees == {manager} and now[deal].state == CONFIRMED and LABEL not in now[deal].labels
    ]
    restored = [deal for deal in rejected if now[deal].shape == story.before[deal].shape]
    waiting = story.returned - approved.keys() - rejected
    still = [deal for deal in waiting if now[deal].state == FREE and not now[deal].assignees]
    return story.scene(
        "decisions",
        {
            "approved": len(given),
            "rejected": len(restored),
            "waiting": len(still),
            "requests": result.requests,
        },
        Check("approved_have_new_executor", len(approved), len(given)),
        Check("rejected_are_as_before", len(rejected), len(restored)),
        Check("others_still_wait", len(waiting), len(still)),
        Check("nothing_failed", 0, _troubles(result)),
    )


def report(story: Story) -> Scene:
    """The recipe's own report, compared with what the sandbox shows."""
    plan = story.plan()
    known = list(story.ledger.known(story.crm.portal, story.recipe.name))
    memories = story.ledger.recall(story.crm.portal, story.recipe.name, known)
    found = results(plan.items, memories, story.recipe.settings)
    waiting = sum(card.state == FREE for card in story.watch.deals().values())
    return story.scene(
        "report",
        found.model_dump(mode="json", exclude={"deals"}) | {"hours_saved": found.hours_saved},
        Check("report_warned", len(story.watch.notices(WARNING)), found.warned),
        Check("report_returned", len(story.returned), found.returned),
        Check("report_waiting", waiting, found.waiting),
        results=found,
    )


def undo_one(story: Story) -> Scene:
    """Undo the return of one deal."""
    before = story.watch.deals()
    deal = min(number for number, card in before.items() if card.state == FREE)
    ref = Ref(kind="deal", id=str(deal))
    plan = plan_undo(story.return_run, story.crm, story.ledger, entities=(ref,))
    result = story.apply(plan)
    now = story.watch.deals()
    others = [number for number, card in now.items() if number != deal and card == before[number]]
    figures = {"deal": deal, "title": now[deal].title, "run": result.run, "requests": result.requests}
    return story.scene(
        "undo",
        figures,
        Check("undone_is_as_before", story.before[deal].shape, now[deal].shape),
        Check("others_untouched", len(now) - 1, len(others)),
        Check("nothing_failed", 0, _troubles(result)),
    )


SCENES: tuple[Callable[[Story], Scene], ...] = (
    opening,
    day_15,
    same_day,
    day_18,
    day_22,
    decisions,
    report,
    undo_one,
)


@contextmanager
def staged(deals: int, seed: dict[str, Any], progress: Progress) -> Iterator[Story]:
    """Set the stage: a sandbox, the SDK on the sandbox's clock, a ledger in memory."""
    box = Sandbox.planfix(deals=deals, **seed)
    settings = StaleDealsSettings(
        supervisor="user:2", supervisors={group: head for head, group in HEADS.items()}
    )
    with (
        box,
        Watch(box) as watch,
        Ledger("sqlite://") as ledger,
        # Not crmkit.connect(): the show must not depend on a crmkit.toml that happens to be there.
        connect(PortalConfig(**box.portal_config), clock=box.clock) as crm,
    ):
        yield Story(box, crm, ledger, watch, progress, StaleDeals(settings))


def _expected_readers(story: Story, deal: int) -> set[str]:
    manager = next(iter(story.before[deal].assignees))
    group = story.box.account.users[int(manager.removeprefix("user:"))].groups[0]
    return {manager, next(head for head, number in HEADS.items() if number == f"group:{group}")}


def _edit(story: Story, deal: int, number: int) -> None:
    """Let the manager do one of three things: write, move the deal, correct the amount."""
    act, manager = story.box.act, next(iter(story.before[deal].assignees))
    if number % 3 == 0:
        act.comment(manager, deal, "Клиент вернулся к переговорам, созвон в пятницу.")
    elif number % 3 == 1:
        stage = STATUS_NEGOTIATION if story.before[deal].status != STATUS_NEGOTIATION else STATUS_NEW
        act.set_status(manager, deal, stage)
    else:
        act.set_fields(manager, deal, {FIELD_AMOUNT: 100_000 + 1000 * number})


def _everyday_work(story: Story) -> int:
    """Let managers go on with their lively deals, all but a few."""
    lively = sorted(story.before.keys() - story.stalled)
    busy = lively[LEFT_IDLE:]
    for deal in busy:
        for manager in story.before[deal].assignees:
            story.box.act.comment(manager, deal, "Созвонились, готовлю предложение.")
    return len(busy)


def _decide(story: Story, chosen: list[int]) -> tuple[dict[int, str], set[int]]:
    """Approve half of the deals and decline the rest, each with the token of who was asked."""
    approvals, half = story.watch.approvals(), len(chosen) // 2
    approved = {deal: _somebody_else(story, deal) for deal in chosen[:half]}
    with Person(story.box, "user:2") as first, Person(story.box, "user:3") as second:
        heads = {"user:2": first, "user:3": second}
        for deal in chosen:
            task = approvals[deal]
            head = heads[next(iter(task.assignees))]
            if deal in approved:
                value = {"field": {"id": FIELD_CANDIDATE}, "value": {"id": approved[deal]}}
                head.call(f"/task/{deal}", {"customFieldData": [value]})
            head.call(f"/task/{task.id}", {"status": {"id": APPROVED if deal in approved else DECLINED}})
    return approved, set(chosen[half:])


def _somebody_else(story: Story, deal: int) -> str:
    return story.dice.choice([one for one in MANAGERS if one not in story.before[deal].assignees])


def _is_free(now: Card, before: Card) -> bool:
    """Tell whether a deal is new, labelled, nobody's, and remembers whose it was."""
    is_new = now.status == STATUS_NEW and LABEL in now.labels and not now.assignees
    return is_new and {now.previous} == set(before.assignees)


def _size(value: Any) -> Any:
    return len(value) if isinstance(value, set) else value


def _share(items: Any, share: float) -> int:
    return max(3, round(len(items) * share))


def _troubles(result: RunResult) -> int:
    return sum(item.status not in ("done", "nothing") for item in result.items)
