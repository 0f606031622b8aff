"""A call centre that moves in: its portal on a frozen clock, a file of deals, the recipe, the ledger.

What came of it is read from the portal and from its log of requests, not from the recipe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from crmkit.automation.plan import Plan
from crmkit.crm.base import Crm
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.results import RunResult
from crmkit.sandbox import Sandbox
from crmkit.testing.bitrix24 import open_crm
from recipes.bulk_bp import BulkBp, BulkBpSettings

DEAL = 2
HEADER = "Номер;Название;Воронка;Стадия;Ответственный;Компания;Сумма;Дата перезвона"
STAGES = ("Новая", "Перезвонить", "Передана менеджеру")
PROCESSES = {"calls_new": "first_call", "calls_callback": "callback", "calls_handover": "handover"}
TEMPLATES = {"Новая": 3, "Перезвонить": 4, "Передана менеджеру": 5}
LASTS = dict.fromkeys(PROCESSES.values(), 24.0)
ENDS_AT_ONCE = 6


def row(number: int, **values: str) -> str:
    """Return a line of the file; stages and managers come in turn."""
    cells = {
        "Номер": f"A{number}",
        "Название": f"Сделка {number}",
        "Воронка": "Обзвон",
        "Стадия": STAGES[number % 3],
        "Ответственный": f"user{4 + number % 5}@example.com",
        "Сумма": f"{number},50",
    }
    return ";".join({**cells, **values}.get(title, "") for title in HEADER.split(";"))


def write_file(file: Path, lines: Sequence[str], encoding: str = "cp1251") -> Path:
    """Write a CSV file as a Russian spreadsheet does."""
    file.write_text("\n".join((HEADER, *lines)), encoding=encoding)
    return file


class Centre:
    """One portal, one file, one ledger."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.folder = folder
        sandbox = Sandbox.bitrix24(seed="crm_cases", clock="frozen", companies=3, deals=0)
        self.box: Any = stack.enter_context(sandbox)
        self.crm: Crm = stack.enter_context(open_crm(self.box))
        self.ledger = stack.enter_context(Ledger(f"sqlite:///{folder / 'ledger.db'}"))
        self.file = folder / "deals.csv"
        self.set()

    def set(self, **settings: Any) -> None:
        """Give the recipe other settings; all rows at once unless they say otherwise."""
        usual = {"file": str(self.file), "canary": (), "processes": PROCESSES, "lasts_hours": LASTS}
        self.recipe = BulkBp(BulkBpSettings(**{**usual, **settings}))

    def write(self, *lines: str, **how: Any) -> None:
        write_file(self.file, lines, **how)

    def plan(self) -> Plan:
        return self.recipe.plan(self.crm, memory=self.ledger)

    def run(self, **how: Any) -> RunResult:
        result: RunResult = self.plan().apply(**how)
        return result

    def verdicts(self) -> dict[str, int]:
        return self.plan().verdicts()

    def wait(self, **delta: float) -> None:
        self.box.clock.advance(**delta)

    def deals(self) -> list[Any]:
        return list(self.box.portal.items[DEAL])

    def started(self) -> Counter[tuple[int, int]]:
        """Return how often each template was started on each deal and still runs."""
        running = self.box.portal.processes.running.values()
        return Counter((one.item, one.template.id) for one in running)

    def sent(self, method: str) -> Counter[int]:
        """Return how many commands of a method each request to the portal carried."""
        bodies = [str(entry.body) for entry in self.box.requests]
        return Counter(count for body in bodies if (count := body.count(f"{method}?")))


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    with ExitStack() as stack:
        yield Centre(stack, tmp_path)


@pytest.fixture
def report(centre: Centre) -> Callable[..., dict[str, list[dict[str, Any]]]]:
    """Return the tables of the report, by name; keywords are settings."""

    def read(**settings: Any) -> dict[str, list[dict[str, Any]]]:
        from crmkit.automation.recipe import Context

        centre.set(**settings)
        ctx = Context(centre.crm, centre.recipe.settings, centre.ledger)
        return {one.name: one.records("ru") for one in centre.recipe.tables(ctx, centre.plan().items, {})}

    return read
