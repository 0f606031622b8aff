"""The same file on Planfix: deals one by one, no processes, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from crmkit.exceptions import Unsupported
from crmkit.runtime.ledger import Ledger
from crmkit.sandbox import Fault, Sandbox
from crmkit.testing.planfix import open_crm
from recipes.bulk_bp import BulkBp, BulkBpSettings

HEADER = "Номер;Название;Стадия;Ответственный;Компания;Сумма"


class Office:
    """A Planfix account with two companies, a file of deals, a ledger."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.box: Any = stack.enter_context(Sandbox.planfix(seed="crm_cases", companies=2, deals=0))
        self.crm = stack.enter_context(open_crm(self.box))
        self.ledger = stack.enter_context(Ledger(f"sqlite:///{folder / 'ledger.db'}"))
        self.file = folder / "deals.csv"
        self.before = set(self.box.account.tasks)

    def write(self, *lines: str) -> None:
        self.file.write_text("\n".join((HEADER, *lines)), encoding="cp1251")

    def plan(self, **settings: Any) -> Any:
        recipe = BulkBp(BulkBpSettings(file=str(self.file), canary=(), **settings))
        return recipe.plan(self.crm, memory=self.ledger)

    def deals(self) -> list[Any]:
        tasks = self.box.account.tasks
        return [tasks[number] for number in sorted(tasks) if number not in self.before]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with ExitStack() as stack:
        yield Office(stack, tmp_path)


def lines(count: int) -> list[str]:
    stages = ("Новая", "Перезвонить")
    return [f"A{n};Сделка {n};{stages[n % 2]};user:{4 + n % 3};;{n},50" for n in range(count)]


def test_R4_02_deals_are_imported_one_by_one(office: Office) -> None:
    company = next(one for one in office.crm.companies.find())
    office.write(*lines(20), f"B1;С компанией;Новая;user:4;{company.name};5")
    plan = office.plan()
    assert plan.verdicts() == {"import": 21}
    result = plan.apply()
    assert result.counts == {"done": 21}
    made = office.deals()
    assert [task.name for task in made] == [f"Сделка {n}" for n in range(20)] + ["С компанией"]
    assert [task.status for task in made[:2]] == [1, 9]
    assert made[1].assignees == ("user:5",)
    assert made[-1].counterparty
    assert result.requests <= 2 * 21 + 10, "the key is looked for once, not for every row"
    assert office.plan().verdicts() == {"imported": 21}


@pytest.mark.parametrize("kind", ["drop_answer", "reset"])
def test_T4_an_answer_that_is_lost_makes_no_second_deal(office: Office, kind: str) -> None:
    office.write(*lines(6))
    office.box.faults.add(Fault(kind, "POST /task/", after=2))
    for _ in range(3):
        office.plan().apply()
    assert [task.name for task in office.deals()] == [f"Сделка {n}" for n in range(6)]


def test_R4_03_processes_are_unsupported_with_the_reason(office: Office) -> None:
    office.write(*lines(2))
    with pytest.raises(Unsupported, match="can neither start nor read scenarios") as caught:
        office.plan(processes={"Новая": "x"})
    assert "workflows" in str(caught.value)
    assert office.deals() == []


def test_companies_cannot_be_created_here(office: Office) -> None:
    """The plan says so before anything is sent: such rows are mistakes."""
    office.write("B1;x;Новая;user:4;ООО «Новая компания»;5", *lines(2)[1:])
    plan = office.plan()
    assert plan.verdicts() == {"bad_row": 1, "import": 1}
    (line,) = [item for item in plan.items if item.verdict == "bad_row"]
    assert "ООО «Новая компания»" in line.reason.render("ru")
