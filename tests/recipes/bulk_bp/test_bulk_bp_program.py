"""The recipe from the command line: template, plan, a trial, apply, report, undo; on a running sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crmkit.cli.main import main
from crmkit.cli.toml import to_toml

from .conftest import PROCESSES, Centre, row

Call = Callable[..., Any]


@pytest.fixture
def call(
    centre: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """Run a command with ``--json`` in a folder whose settings name the sandbox."""
    config = {
        "store": {"url": "sqlite:///ledger.db"},
        "portals": {"main": centre.box.portal_config},
        "recipes": {"bulk_bp": {"file": "deals.csv", "canary": [10, 30], "processes": PROCESSES}},
    }
    (tmp_path / "crmkit.toml").write_text(to_toml(config), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    def run(*words: str, code: int = 0) -> Any:
        capsys.readouterr()
        found = main([*words, "--json"])
        out, trouble = capsys.readouterr()
        assert found == code, trouble
        return json.loads(out) if code == 0 else trouble

    return run


def test_R4_01_the_template_has_the_fields_of_the_portal(call: Call, tmp_path: Path) -> None:
    """Columns as the portal names them, legal values as notes; filled in, it is read back."""
    openpyxl = pytest.importorskip("openpyxl", reason="needs the extra reports")
    told = call("recipes", "bulk_bp", "--template", "deals.xlsx")
    assert {"Номер", "Название", "Стадия", "Ответственный", "Дата перезвона"} <= set(told["columns"])
    book = openpyxl.load_workbook(tmp_path / "deals.xlsx")
    header = {cell.value: cell for cell in book.active[1]}
    assert "Перезвонить" in header["Стадия"].comment.text
    assert "Ольга Иванова" in header["Ответственный"].comment.text
    values = {"Номер": 7, "Название": "Из шаблона", "Воронка": "Обзвон", "Стадия": "Перезвонить"}
    book.active.append([values.get(title) for title in header])
    book.save(tmp_path / "deals.xlsx")
    planned = call("plan", "bulk_bp", "--set", "file=deals.xlsx")
    assert [item["verdict"] for item in planned["items"]] == ["import"]
    assert "exists already" in call("recipes", "bulk_bp", "--template", "deals.xlsx", code=2)


def test_R4_01_a_template_as_csv(call: Call, tmp_path: Path) -> None:
    call("recipes", "bulk_bp", "--template", "deals2.csv")
    header = (tmp_path / "deals2.csv").read_text(encoding="utf-8-sig").split(";")
    assert header[:3] == ["Номер", "Название", "Воронка"]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("recipes", "--template", "x.xlsx"), "of which recipe"),
        (("recipes", "stale_deals", "--template", "x.xlsx", "--set", "supervisor=user:2"), "reads no file"),
        (("plan", "bulk_bp", "--set", "file="), "file: none is named"),
    ],
    ids=["name", "other", "file"],
)
def test_what_is_missing_is_said(call: Call, words: tuple[str, ...], what: str) -> None:
    assert what in call(*words, code=2)


def test_gates_trial_report_and_undo(call: Call, centre: Centre) -> None:
    centre.write(*map(row, range(60)))
    planned = call("plan", "bulk_bp")
    assert _verdicts(planned) == {"import": 10, "held_back": 50}
    assert (planned["estimate"]["requests"], planned["estimate"]["seconds"]) == (3, 1.5)
    first = call("apply", "bulk_bp", "--yes", "--first", "3")
    assert first["counts"]["done"] == 3
    assert len(centre.deals()) == 3
    assert _verdicts(call("plan", "bulk_bp")) == {"import": 7, "start": 3, "held_back": 50}
    call("apply", "bulk_bp", "--yes", "--set", "released=1")
    assert len(centre.deals()) == 30
    for _ in range(2):
        last = call("apply", "bulk_bp", "--yes", "--set", "released=2")
    assert (len(centre.deals()), len(centre.started())) == (60, 60)
    report = call("report", "bulk_bp", "--set", "released=2")
    assert sum(line["deals"] for line in report["stages"]) == 60
    call("undo", last["run"], "--yes")
    assert len(centre.started()) < 60, "what the run started is stopped"
    assert len(centre.deals()) == 60, "no deal is deleted"


def test_with_the_kill_switch_there_nothing_is_written(call: Call, centre: Centre, tmp_path: Path) -> None:
    centre.write(*map(row, range(60)))
    (tmp_path / "STOP").write_text("", encoding="utf-8")
    call("apply", "bulk_bp", "--yes", "--set", "kill_switch=STOP", code=3)
    assert centre.deals() == []
    (tmp_path / "STOP").unlink()
    call("apply", "bulk_bp", "--yes", "--set", "kill_switch=STOP")
    assert len(centre.deals()) == 10


def _verdicts(plan: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in plan["items"]:
        found[item["verdict"]] = found.get(item["verdict"], 0) + 1
    return found
