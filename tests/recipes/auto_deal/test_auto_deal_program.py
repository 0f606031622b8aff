"""The recipe from the command line: plan, apply, apply again, report, undo; on a running sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crmkit.cli.main import main
from crmkit.cli.toml import to_toml


@pytest.fixture
def call(
    make_desk: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> SimpleNamespace:
    """Run a command with ``--json`` in a folder whose settings name the sandbox."""
    desk = make_desk()
    for number in range(3):
        desk.company(f"Компания {number}", tariff="Базовый")
    desk.company("ИП Иванов")
    portal = {**desk.box.portal_config, **desk.portal, "token": desk.box.tokens["user:90"]}
    config = {
        "store": {"url": "sqlite:///crmkit.db"},
        "portals": {"main": portal},
        "recipes": {"auto_deal": {"grace_minutes": 0}},
    }
    (tmp_path / "crmkit.toml").write_text(to_toml(config), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    def run(*words: str) -> Any:
        capsys.readouterr()
        code = main([*words, "--json"])
        out, trouble = capsys.readouterr()
        assert code == 0, trouble
        return json.loads(out)

    return SimpleNamespace(run=run, desk=desk)


def test_plan_apply_report_and_undo(call: Any) -> None:
    planned = call.run("plan", "auto_deal")
    assert [item["verdict"] for item in planned["items"]] == ["create", "create", "create", "ask"]
    assert call.run("apply", "auto_deal", "--yes")["counts"] == {"done": 4}
    assert [deal.title for deal in call.desk.deals()] == [
        f"Компания {number} / Базовый / Март 2025" for number in range(3)
    ]
    written = len(call.desk.writes())
    call.run("apply", "auto_deal", "--yes")
    assert len(call.desk.writes()) == written
    report = call.run("report", "auto_deal")
    assert (report["figures"]["companies"], report["figures"]["with_deal"]) == (4, 3)
    assert report["figures"]["explained"] == {"waiting": 1}
    assert len(report["coverage"]) == 4
    assert [row["companies"] for row in report["new_clients"]] == [4]
    call.run("undo", "last", "--dry-run")


def test_the_settings_are_shown(call: Any) -> None:
    shown = call.run("recipes", "auto_deal")
    assert "pipeline" in json.dumps(shown)
