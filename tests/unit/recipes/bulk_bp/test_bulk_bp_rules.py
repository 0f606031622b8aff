"""The rules on paper: what becomes of a row, and who goes on when a gate lets only some through."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from crmkit.automation.actions import CreateCompany, CreateDeal, StartWorkflow
from crmkit.automation.memory import Effect, Memory
from crmkit.automation.messages import Message
from crmkit.automation.recipe import Decision
from crmkit.crm.models import Deal, NewDeal, Ref, Stage
from recipes.bulk_bp import BulkBp, BulkBpSettings, Portal, Snapshot
from recipes.bulk_bp.gates import Gate, next_step
from recipes.bulk_bp.keys import company_row, row_ref
from recipes.bulk_bp.snapshot import RowDeal

NOW = datetime(2025, 3, 3, 9, tzinfo=UTC)
SETTINGS = BulkBpSettings(
    file="x.csv", processes={"Перезвонить": "callback"}, lasts_hours={"callback": 48}, canary=()
)
CALLBACK = Stage(id="calls:CALLBACK", name="Перезвонить")
DEAL = Deal(id="7", title="x", open=True, stage=CALLBACK)


def row(portal: Portal, key: str = "A1", **values: Any) -> Snapshot:
    made = RowDeal(2, key, NewDeal(title="x", stage="calls:CALLBACK"), values.pop("company", ""))
    return Snapshot(row_ref("import", key), portal, made, **values)


def memory(*steps: str, **values: Any) -> Memory:
    effects = [Effect(key=step, step=step, episode=1, at=NOW, remote_id=f"id-{step}") for step in steps]
    return Memory(effects=tuple(effects), **values)


def decide(snapshot: Snapshot, known: Memory | None = None) -> Decision:
    return BulkBp(SETTINGS).decide(snapshot, NOW, known or Memory())


def test_a_row_that_is_no_deal_is_imported(portal: Portal) -> None:
    found = decide(row(portal))
    (action,) = found.actions
    assert isinstance(action, CreateDeal)
    assert (found.verdict, action.key) == ("import", "bulk_bp:import/A1:deal")
    assert (found.counted, found.facts["line"]) == (True, 2)


def test_a_deal_waits_for_its_company_in_the_same_plan(portal: Portal) -> None:
    wanted = company_row("import", "АО Лотос", "ао лотос")
    (create,) = decide(Snapshot(wanted, portal, company="АО Лотос")).actions
    (deal,) = decide(row(portal, company="АО Лотос", wanted_company=wanted)).actions
    assert isinstance(create, CreateCompany)
    assert isinstance(deal, CreateDeal)
    assert deal.deal.company == Ref(kind="company", id=f"@{create.key}")


def test_a_company_that_is_there_is_left_alone(portal: Portal) -> None:
    there = Snapshot(
        company_row("import", "x", "x"), portal, company="x", company_ref=Ref(kind="company", id="9")
    )
    assert (decide(there).verdict, decide(there).actions) == ("company_there", ())


def test_the_process_of_the_stage_is_started_on_the_deal(portal: Portal) -> None:
    (action,) = decide(row(portal, deal=DEAL), memory("deal")).actions
    assert isinstance(action, StartWorkflow)
    assert (action.template, str(action.target), str(action.entity)) == (
        "callback",
        "deal:7",
        "row:import/A1",
    )
    assert action.lasts == timedelta(hours=48)


def test_the_stage_of_the_deal_counts_not_that_of_the_file(portal: Portal) -> None:
    moved = DEAL.model_copy(update={"stage": Stage(id="calls:NEW", name="Новая", key="calls_new")})
    assert decide(row(portal, deal=moved), memory("deal")).verdict == "imported"


@pytest.mark.parametrize(
    ("values", "known", "verdict"),
    [
        ({"deal": DEAL}, memory("deal", "start"), "started"),
        ({"deal": DEAL.model_copy(update={"stage": None})}, memory("deal"), "imported"),
        ({}, memory("deal"), "gone"),
        ({"deal": DEAL}, memory("deal", unsettled=("k",)), "unsettled"),
        ({}, memory(unsettled=("k",)), "unsettled"),
        ({"held_back": True}, Memory(), "held_back"),
        ({"deal": DEAL, "held_back": True}, memory("deal"), "held_back"),
    ],
    ids=["started", "no-stage", "gone", "start-unclear", "import-unclear", "held", "start-held"],
)
def test_what_is_left_alone(portal: Portal, values: dict[str, Any], known: Memory, verdict: str) -> None:
    found = decide(row(portal, **values), known)
    assert (found.verdict, found.actions) == (verdict, ())
    assert found.attention is (verdict in ("gone", "unsettled"))
    assert found.counted is False


def test_a_row_with_mistakes_is_listed(portal: Portal) -> None:
    wrong = Snapshot(row_ref("import", "A1"), portal, problems=(Message(key="bulk_bp.nobody"),))
    assert (decide(wrong).verdict, decide(wrong).attention) == ("bad_row", True)


@pytest.mark.parametrize(
    ("settings", "done", "unclear", "left"),
    [
        ({}, (0, 0), False, {"deal": 10, "start": 10}),
        ({}, (10, 3), False, {"deal": 0, "start": 7}),
        ({"released": 1}, (10, 0), False, {"deal": 90, "start": 100}),
        ({"gates": "auto"}, (10, 9), False, {"deal": 90, "start": 1}),
        ({"gates": "auto"}, (10, 10), True, {"deal": 0, "start": 0}),
        ({"gates": "auto"}, (100, 100), False, None),
    ],
    ids=["first", "held", "released", "auto", "auto-unclear", "auto-all"],
)
def test_gates(
    settings: dict[str, Any], done: tuple[int, int], unclear: bool, left: dict[str, int] | None
) -> None:
    gate = Gate(
        BulkBpSettings(canary=(10, 100), **settings),
        lambda: (dict(zip(("deal", "start"), done, strict=True)), unclear),
    )
    if left is None:
        assert gate.left
        assert min(gate.left.values()) > 10**6
    else:
        assert gate.left == left


def test_with_all_gates_open_nothing_is_counted() -> None:
    def never() -> tuple[dict[str, int], bool]:
        raise AssertionError

    assert Gate(BulkBpSettings(canary=(10, 100), released=2), never).left is None
    assert Gate(BulkBpSettings(canary=()), never).left is None


def test_rows_with_nothing_to_do_take_nobody_s_place(portal: Portal) -> None:
    settings = SETTINGS.model_copy(update={"canary": (1,)})
    gate = Gate(settings, lambda: ({"deal": 0, "start": 0}, False))
    no_process = DEAL.model_copy(update={"stage": None})
    rows = [
        (row(portal, "A1", deal=no_process), memory("deal")),
        (row(portal, "A2", deal=DEAL), memory("deal", "start")),
        (row(portal, "A3", deal=DEAL), memory("deal", unsettled=("k",))),
        (row(portal, "A4"), memory("deal")),
        (row(portal, "A5", deal=DEAL), memory("deal")),
        (row(portal, "A6", deal=DEAL), memory("deal")),
        (row(portal, "A7"), Memory()),
        (row(portal, "A8"), Memory()),
    ]
    steps = [next_step(one, known, settings) for one, known in rows]
    assert steps == ["", "", "", "", "start", "start", "deal", "deal"]
    held = [gate.pass_or_hold(one, known).held_back for one, known in rows]
    assert held == [False, False, False, False, False, True, False, True]
    assert gate.pass_or_hold(replace(rows[0][0], row=None), Memory()).held_back is False


@pytest.mark.parametrize(
    "wrong",
    [
        {"canary": (100, 10)},
        {"canary": (0,)},
        {"since": "2025-02-01", "until": "2025-01-01"},
        {"source": "a b"},
        {"source": "a/b"},
        {"period_of": "field:"},
        {"unknown": 1},
    ],
    ids=["falling", "zero", "period", "space", "slash", "field", "unknown"],
)
def test_settings_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BulkBpSettings(**wrong)
