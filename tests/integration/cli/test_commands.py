"""The commands one after the other, as a person and a script use them."""

from __future__ import annotations

import csv
import io
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from crmkit.cli.output import Output
from crmkit.config import load
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox

from .conftest import Run

STALLED, REFUSED, SNOOZED = 8, 1, 1
TO_WARN = STALLED - REFUSED - SNOOZED


def test_a_plan_writes_nothing(run: Run, box: PlanfixSandbox) -> None:
    plan = run("plan", "stale_deals", "--json").json
    assert len(plan["items"]) == STALLED
    assert sum(bool(item["actions"]) for item in plan["items"]) == TO_WARN
    assert not box.account.notifications
    assert all(entry.verb == "GET" or entry.path.endswith("/list") for entry in box.requests)


def test_what_a_person_reads_of_a_plan(run: Run) -> None:
    shown = run("plan", "stale_deals", "--limit", "2")
    assert f"… and {TO_WARN - 2} more" in shown.out
    assert f"to be changed: {TO_WARN}" in shown.out
    assert "API requests" in shown.out
    everything = run("plan", "stale_deals", "--all", "--lang", "ru").out
    assert "«Отказ» без причины" in everything
    assert f"будет изменено: {TO_WARN}" in everything


def test_apply_then_again_then_what_the_ledger_says(run: Run, box: PlanfixSandbox) -> None:
    first = run("apply", "stale_deals", "--yes", "--json").json
    assert (first["exit_code"], first["counts"]) == (0, {"done": TO_WARN})
    assert len(box.account.notifications) == 2 * TO_WARN
    again = run("apply", "stale_deals", "--yes", "--json").json
    assert again["run"] is None
    assert len(box.account.notifications) == 2 * TO_WARN
    runs = run("runs", "--json").json
    assert [(one["id"], one["counts"]) for one in runs] == [(first["run"], {"done": TO_WARN})]
    shown = run("runs", "show", first["run"][:6], "--json").json
    assert {item["status"] for item in shown["items"]} == {"done"}
    assert first["run"] in run("runs", "list").out


def test_a_stored_plan_is_checked_again(run: Run, box: PlanfixSandbox, tmp_path: Path) -> None:
    stored = run("plan", "stale_deals", "--out", "plan.json")
    assert stored.code == 0
    deal = next(task for task in box.account.tasks.values() if task.id == _first_to_warn(run))
    box.clock.advance(hours=1)
    box.act.comment(deal.assigner, deal.id, "Созвонились.")
    result = run("apply", "plan.json", "--yes", "--json").json
    assert result["counts"] == {"done": TO_WARN - 1, "changed": 1}
    (changed,) = (item for item in result["items"] if item["status"] == "changed")
    assert changed["entity"] == f"deal:{deal.id}"


def test_a_plan_for_another_portal_is_refused(
    run: Run, config: dict[str, Any], write: Callable[[], None], closed_url: str
) -> None:
    run("plan", "stale_deals", "--out", "plan.json")
    config["portals"]["main"]["url"] = closed_url
    write()
    answer = run("apply", "plan.json", "--yes")
    assert answer.code == 2
    assert "was made for planfix:127.0.0.1" in answer.error


@pytest.fixture
def closed_url() -> str:
    """An address of this machine that no test asks."""
    return "http://127.0.0.1:9/rest"


def test_a_setting_for_this_once(run: Run) -> None:
    plan = run("plan", "stale_deals", "--set", "warn_after=100", "--set", "return_after=200", "--json").json
    assert plan["settings"]["warn_after"] == 100
    assert not any(item["actions"] for item in plan["items"])


def test_undo_of_one_deal_and_of_the_rest(run: Run, box: PlanfixSandbox) -> None:
    before = {
        task.id: (task.status, task.assignees, dict(task.fields)) for task in box.account.tasks.values()
    }
    run("apply", "stale_deals", "--yes")
    assert run("sandbox", "advance", "--days", "8").code == 0
    returned = run("apply", "stale_deals", "--yes", "--json").json
    deals = [int(item["entity"][5:]) for item in returned["items"]]
    one = next(
        deal
        for deal in deals
        if box.account.tasks[deal].status == 1 and not box.account.tasks[deal].assignees
    )
    assert (
        run("undo", "last", "--deal", str(one), "--dry-run", "--json").json["items"][0]["verdict"] == "undo"
    )
    assert run("undo", returned["run"], "--deal", str(one)).code == 2
    undone = run("undo", returned["run"], "--deal", str(one), "--yes", "--json").json
    assert undone["counts"] == {"done": 1}
    task = box.account.tasks[one]
    assert (task.status, task.assignees, dict(task.fields)) == before[one]
    assert run("undo", returned["run"], "--yes").code == 0
    for deal in deals:
        task = box.account.tasks[deal]
        assert (task.status, task.assignees) == before[deal][:2]


def test_an_interrupted_run_is_finished_later(
    run: Run, box: PlanfixSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted_at_the_third(self: Output, key: str, total: int | None = None) -> Any:
        from contextlib import nullcontext

        left = [None, None]

        def step() -> None:
            if not left:
                raise KeyboardInterrupt
            left.pop()

        return nullcontext(step if key == "progress.apply" else None)

    with monkeypatch.context() as patch:
        patch.setattr(Output, "progress", interrupted_at_the_third)
        broken = run("apply", "stale_deals", "--yes")
    assert broken.code == 130
    assert [line.split(":")[0] for line in broken.err.splitlines()] == ["Error", "What to do"]
    assert run("runs", "--json").json[0]["status"] == "interrupted"
    finished = run("runs", "retry", "last", "--json").json
    assert finished["exit_code"] == 0
    assert len(box.account.notifications) == 2 * TO_WARN


def test_report_in_every_format(run: Run, tmp_path: Path) -> None:
    run("apply", "stale_deals", "--yes")
    figures = run("report", "stale_deals", "--json").json
    assert figures["figures"]["warned"] == TO_WARN
    rows = list(csv.reader(io.StringIO(run("report", "stale_deals", "--format", "csv").out)))
    assert len(rows) == 1 + STALLED
    assert run("report", "stale_deals", "--format", "html").out.startswith("<!doctype html>")
    assert "Report: stale_deals" in run("report", "stale_deals").out
    assert run("report", "stale_deals", "--out", "report.xlsx", "--lang", "ru").code == 0
    book = openpyxl.load_workbook("report.xlsx")
    assert book.sheetnames[-1] == "Сделки"
    book.close()


def test_export_of_a_run(run: Run) -> None:
    run("apply", "stale_deals", "--yes")
    assert run("runs", "export", "last", "--out", "run.html", "--json").json == {
        "written": "run.html",
        "items": TO_WARN,
    }
    page = Path("run.html").read_text(encoding="utf-8")
    assert page.count("<tr>") > TO_WARN


def test_doctor_finds_nothing_and_then_a_renamed_field(run: Run, box: PlanfixSandbox) -> None:
    assert run("doctor").code == 0
    box.act.rename_field(102, "Ярлык")
    answer = run("doctor", "--json")
    assert answer.code == 2
    (problem,) = answer.json["problems"]
    assert "Ярлык" in problem


def test_doctor_checks_the_settings_of_recipes(
    run: Run, config: dict[str, Any], write: Callable[[], None]
) -> None:
    config["recipes"]["stale_deals"]["warn_after"] = 0
    write()
    (problem,) = run("doctor", "--json").json["problems"]
    assert "warn_after" in problem


@pytest.mark.parametrize("language", ["ru", "en"])
def test_init_writes_settings_that_load(run: Run, language: str) -> None:
    url = "https://acme.planfix.ru/rest"
    assert run("init", "--config", "new.toml", "--url", url, "--lang", language).code == 0
    config = load("new.toml")
    assert config.portal().url == url
    assert "{" not in config.portal().deals.stages["new"].name


def test_recipes_are_listed_with_their_settings(run: Run) -> None:
    assert "stale_deals" in [one["name"] for one in run("recipes", "--json").json]
    assert "warn_after" in run("recipes", "stale_deals").out


def test_only_a_sandbox_can_be_moved(run: Run, config: dict[str, Any], write: Callable[[], None]) -> None:
    config["portals"]["main"]["clock"] = "system"
    write()
    assert run("sandbox", "advance", "--days", "1").code == 2


def test_the_sandbox_of_the_program(tmp_path: Path) -> None:
    """Started as a process of its own, it writes settings that work, and ends on Ctrl-C."""
    command = [sys.executable, "-m", "crmkit.cli"]
    start = [
        *command,
        "sandbox",
        "start",
        "--port",
        "0",
        "--deals",
        "20",
        "--write",
        "crmkit.toml",
        "--lang",
        "en",
    ]
    process = subprocess.Popen(start, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert "http://127.0.0.1:" in process.stdout.readline()
        while "configuration" not in process.stdout.readline():
            pass
        checked = subprocess.run(
            [*command, "doctor"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stderr) == (0, "")
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in errors


def _first_to_warn(run: Run) -> int:
    items = run("plan", "stale_deals", "--json").json["items"]
    return int(next(item for item in items if item["actions"])["entity"]["id"])
