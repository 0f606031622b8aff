"""A portal of either provider with one satellite at a time; people act in the portal's own interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from crmkit.automation.plan import Plan, PlanItem
from crmkit.automation.recipe import Context, Recipe
from crmkit.crm.base import Crm
from crmkit.crm.models import Ref
from crmkit.runtime.effects import Effects
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.results import RunResult
from crmkit.sandbox import Sandbox
from crmkit.testing import bitrix24, planfix
from recipes.bulk_bp import BulkBp
from recipes.bulk_bp.satellites import (
    BulkBpCalls,
    BulkBpHandover,
    BulkBpRefusals,
    BulkBpRoles,
    BulkBpSpaces,
)

MANAGER = "user:4"
KINDS: dict[str, type[Recipe[Any, Any]]] = {
    kind.name: kind
    for kind in (BulkBp, BulkBpCalls, BulkBpHandover, BulkBpRefusals, BulkBpRoles, BulkBpSpaces)
}
READS = (
    ".list",
    ".get",
    ".fields",
    ".getfields",
    ".getlist",
    ".current",
    ".instances",
    "scope",
    "field.list",
)
NOT_READS = ("POST /task/", "POST /task/{id}", "POST /project/", "POST /contact/{id}")


CANCELLED = {"stages": {"cancelled": {"id": "tag:отменено"}}}
"""Without a name for it a task cannot be taken back by an undo."""


class Killed(BaseException):
    """Nobody catches this: as if the process had been killed here."""


class Portal:
    """What both providers have in common. Time stands still until it is moved."""

    def __init__(self, stack: ExitStack, folder: Path, box: Any, crm: Crm) -> None:
        self.box, self.crm = box, crm
        self.folder = folder
        self.ledger = stack.enter_context(Ledger(f"sqlite:///{folder / 'ledger.db'}"))

    def wait(self, **delta: float) -> None:
        self.box.clock.advance(**delta)

    def recipe(self, name: str, **settings: Any) -> Recipe[Any, Any]:
        """Return a recipe of this package."""
        kind = KINDS[name]
        return kind(kind.settings_type(**settings))

    def plan(self, recipe: Recipe[Any, Any]) -> Plan:
        return recipe.plan(self.crm, memory=self.ledger)

    def run(self, recipe: Recipe[Any, Any]) -> RunResult:
        result: RunResult = self.plan(recipe).apply()
        return result

    def verdicts(self, recipe: Recipe[Any, Any]) -> dict[str, str]:
        """Return what the recipe thinks of every entity."""
        return {item.entity.id: item.verdict for item in self.plan(recipe).items}

    def item(self, recipe: Recipe[Any, Any], number: int) -> PlanItem:
        return next(one for one in self.plan(recipe).items if one.entity.id == str(number))

    def records(self, recipe: Recipe[Any, Any], name: str) -> list[dict[str, Any]]:
        """Return a report of the recipe."""
        context = Context(self.crm, recipe.settings, self.ledger, "ru")
        known: list[Ref] = list(self.ledger.known(self.crm.portal, recipe.name))
        memories = self.ledger.recall(self.crm.portal, recipe.name, known)
        tables = {one.name: one for one in recipe.tables(context, self.plan(recipe).items, memories)}
        return tables[name].records("ru")

    def killed_at_every_write(self, recipe: Recipe[Any, Any]) -> int:
        """Kill the run before and after each of its writes in turn, and start anew; return the deaths."""
        plain, survived = Effects.write, set[tuple[str, str]]()

        def deadly(effects: Effects, action: Any) -> Any:
            if (action.key, "before") not in survived:
                survived.add((action.key, "before"))
                raise Killed
            result = plain(effects, action)
            if (action.key, "after") not in survived:
                survived.add((action.key, "after"))
                raise Killed
            return result

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Effects, "write", deadly)
            for deaths in range(40):
                try:
                    self.run(recipe)
                except Killed:
                    self.wait(minutes=3)
                else:
                    return deaths
        raise AssertionError("it never came to an end")

    @property
    def requests(self) -> list[Any]:
        return list(self.box.requests if hasattr(self.box, "requests") else self.box.account.requests)

    def writes(self) -> int:
        """Return how many writing requests of ours have reached the portal."""
        raise NotImplementedError


class Bitrix24Portal(Portal):
    """The seed ``crm_cases`` of Bitrix24."""

    def __init__(self, stack: ExitStack, folder: Path, **options: Any) -> None:
        options = {"companies": 3, "deals": 0, **options}
        box = stack.enter_context(Sandbox.bitrix24(seed="crm_cases", clock="frozen", **options))
        kinds = dict.fromkeys(box.portal_config["tasks"], CANCELLED)
        super().__init__(stack, folder, box, stack.enter_context(bitrix24.open_crm(box, tasks=kinds)))

    def deal(self, stage: str = "NEW", who: str = MANAGER, **values: Any) -> int:
        """Let somebody create a deal on a stage."""
        own = {"TITLE": "Сделка", "CATEGORY_ID": int(stage[1:].partition(":")[0] or 0) if ":" in stage else 0}
        return int(
            self.box.act.create(
                who, STAGE_ID=stage, **{"ASSIGNED_BY_ID": 4, "COMPANY_ID": 3, **own, **values}
            )
        )

    def edit(self, deal: int, who: str = MANAGER, **values: Any) -> None:
        """Let somebody change fields of a deal, five minutes later."""
        self.wait(minutes=5)
        self.box.act.set_fields(who, deal, values)

    def edit_company(self, company: int, **values: Any) -> None:
        self.wait(minutes=5)
        self.box.act.set_fields(MANAGER, company, values, entity_type=4)

    def deals(self) -> list[Any]:
        return list(self.box.portal.items[2])

    def row(self, number: int, entity_type: int = 2) -> Any:
        return self.box.portal.items[entity_type].get(number)

    def tasks(self) -> list[Any]:
        return [row for row in self.box.portal.tasks if row["CREATED_BY"] == 90]

    def comments(self, deal: int) -> list[str]:
        rows = self.box.portal.comments.having("OWNER", f"2:{deal}")
        return [row["COMMENT"] for row in rows if row["AUTHOR_ID"] == 90]

    def writes(self) -> int:
        return sum(not _reads(entry) for entry in self.box.requests)


def _reads(entry: Any) -> bool:
    commands = (entry.body or {}).get("cmd") if isinstance(entry.body, dict) else None
    names = [str(one).partition("?")[0] for one in commands.values()] if commands else [entry.operation]
    return all(name.lower().endswith(READS) for name in names)


class PlanfixPortal(Portal):
    """The seed ``crm_cases`` of Planfix."""

    def __init__(self, stack: ExitStack, folder: Path, **options: Any) -> None:
        # The vendor does not tell in which zone it reads what is written; here it is that of the user.
        options = {"companies": 3, "deals": 0, "timepoint_zone": "user", **options}
        box = stack.enter_context(Sandbox.planfix(seed="crm_cases", clock="frozen", **options))
        super().__init__(stack, folder, box, stack.enter_context(planfix.open_crm(box)))

    def deal(self, status: int = 1, who: str = MANAGER, **fields: Any) -> int:
        """Let somebody create a deal with a status."""
        number: int = self.box.act.create_task(who, "Сделка", object_=1, assignees=(who,))
        self.box.account.tasks[number].counterparty = 1003
        if status != 1:
            self.box.act.set_status(who, number, status)
        return number

    def edit(self, deal: int, fields: dict[int, Any], who: str = MANAGER) -> None:
        self.wait(minutes=5)
        self.box.act.set_fields(who, deal, fields)

    def deals(self) -> list[Any]:
        return [one for one in self.box.account.tasks.values() if one.object == 1 and not one.is_deleted]

    def tasks(self) -> list[Any]:
        return [one for one in self.box.account.tasks.values() if one.object == 4]

    def comments(self, deal: int) -> list[str]:
        account = self.box.account
        rows = [account.comments[number] for number in account.tasks[deal].comments]
        return [one.text for one in rows if one.owner == "user:90"]

    def writes(self) -> int:
        return sum(entry.operation in NOT_READS or "comments/" in entry.operation for entry in self.requests)


@pytest.fixture
def make_bitrix24(tmp_path: Path) -> Iterator[Callable[..., Bitrix24Portal]]:
    """Open a Bitrix24 portal; keywords are options of the sandbox."""
    with ExitStack() as stack:
        yield lambda **options: Bitrix24Portal(stack, tmp_path, **options)


@pytest.fixture
def b24(make_bitrix24: Callable[..., Bitrix24Portal]) -> Bitrix24Portal:
    """A Bitrix24 portal with three companies; company 3 is a client with a group."""
    return make_bitrix24()


@pytest.fixture
def pf(tmp_path: Path) -> Iterator[PlanfixPortal]:
    """A Planfix account with three companies; company 1003 is a client with a project."""
    with ExitStack() as stack:
        yield PlanfixPortal(stack, tmp_path)
