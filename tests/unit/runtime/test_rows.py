"""Plain rows for tables and exports."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crmkit.clock import ManualClock
from crmkit.exceptions import TransportError
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.rows import action_rows, item_rows, run_rows


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def run(crm: Any, ledger: Ledger, fakes: Any) -> str:
    plan = fakes.Careful(fakes.IdleSettings()).plan(crm, memory=ledger)
    crm.person_sets("3", fields={"busy": True})
    return str(plan.apply().run)


def test_runs(crm: Any, ledger: Ledger, run: str, fakes: Any, clock: ManualClock) -> None:
    clock.advance(hours=1)
    crm.person_sets("3", fields={"busy": None})
    crm.faults.append(fakes.Fault("deals.get", TransportError("no route")))
    fakes.Careful(fakes.IdleSettings()).plan(crm, memory=ledger).apply()
    last, first = run_rows(ledger)
    assert (first["run"], first["status"], first["counts"]) == (run, "done", {"changed": 1, "done": 2})
    assert (last["status"], last["error"]) == ("stopped", "no route")
    assert last["started_at"] - first["started_at"] == timedelta(hours=1)
    assert [row["run"] for row in run_rows(ledger, recipe="careful", limit=1)] == [last["run"]]


def test_items(ledger: Ledger, run: str) -> None:
    rows = list(item_rows(ledger, run, "en"))
    assert [(row["entity"], row["status"]) for row in rows] == [
        ("deal:1", "done"),
        ("deal:2", "done"),
        ("deal:3", "changed"),
    ]
    assert rows[2]["message"] == "changed since the plan was made; planned: idle since 2025-03-18; now: busy"
    assert (rows[0]["reason"], rows[0]["title"]) == ("idle since 2025-03-18", "Deal 1")


def test_effects_with_what_was_there_before_and_after(ledger: Ledger, run: str) -> None:
    rows = list(action_rows(ledger, run, "ru"))
    assert [row["step"] for row in rows] == ["warn", "return", "approve", "note"] * 2
    moved = rows[1]
    assert moved["before"] == "stage: 2; assignees: Ann (user:4); previous: -; label: -; until: -"
    assert moved["after"] == (
        "stage: 1; assignees: -; previous: Ann (user:4); label: free; until: 2025-04-01"
    )
    assert (rows[0]["written"], rows[2]["written"]) == ("warn on 18.03.2025 09:00", "approve 1")
    assert rows[0]["reason"] == "простаивает с 18.03.2025"


def test_leftovers_are_seen(crm: Any, ledger: Ledger, fakes: Any) -> None:
    recipe = fakes.Careful(fakes.IdleSettings(steps=("warn",)))
    assert not ledger.has_leftovers(crm.portal, "careful")
    crm.faults.append(fakes.Fault("comments.add", KeyboardInterrupt(), taken=True))
    with pytest.raises(KeyboardInterrupt):
        recipe.plan(crm, memory=ledger).apply()
    assert ledger.has_leftovers(crm.portal, "careful")
    assert not ledger.has_leftovers(crm.portal, "careless")
    nothing = recipe.plan(crm, memory=ledger)
    nothing.model_copy(update={"items": ()}).bind(recipe, crm, ledger).apply()
    assert not ledger.has_leftovers(crm.portal, "careful")
    assert len(crm.effects()) == 1
