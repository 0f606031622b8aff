"""``crmkit setup`` for Bitrix24: outgoing webhooks and the calls that bind their events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmkit.cli.main import main
from crmkit.cli.toml import to_toml
from crmkit.sandbox import Sandbox

from .conftest import Answer

URL = "https://crm.example.com/hooks/main"


@pytest.fixture
def portal() -> Iterator[dict[str, Any]]:
    with Sandbox.bitrix24(deals=16, stalled=4, refused=1, snoozed=1) as box:
        yield box.portal_config


def run(
    portal: dict[str, Any],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *argv: str,
) -> Answer:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CRMKIT_LANG", "en")
    recipes = {"stale_deals": {"supervisor": "user:2"}}
    config = {"store": {"url": "sqlite:///x.db"}, "portals": {"main": portal}, "recipes": recipes}
    (folder / "crmkit.toml").write_text(to_toml(config), encoding="utf-8")
    capsys.readouterr()
    code = main(argv)
    return Answer(code, *capsys.readouterr())


def test_events_fields_and_calls(
    portal: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = run(portal, tmp_path, monkeypatch, capsys, "setup", "stale_deals", "--url", URL, "--json")
    assert told.code == 0, told.err
    touched, decided = told.json["calls"]
    text = "\n".join(touched["steps"])
    assert "Tick the events: ONCRMDEALUPDATE, ONCRMTIMELINECOMMENTADD." in text
    assert "«Новый исполнитель» (UF_CRM_NEW_ASSIGNEE)" in text
    assert URL in text
    bound = json.loads(touched["json"])
    assert ["event.bind", {"event": "ONCRMDEALUPDATE", "handler": URL, "event_type": "online"}] in bound
    assert "ONCRMDEALMOVETOCATEGORY" in {call["event"] for _, call in bound}
    assert [call["event"] for _, call in json.loads(decided["json"])] == ["ONTASKUPDATE"]
    assert told.json["secret"] == {
        "reference": "file:crmkit-main.secret",
        "state": "portal",
        "configured": False,
    }
    assert not (tmp_path / "crmkit-main.secret").exists()


def test_the_token_of_the_portal_is_kept_and_not_shown(
    portal: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = run(portal, tmp_path, monkeypatch, capsys, "setup", "stale_deals", "--lang", "ru")
    assert "Секрет выдаст сам портал" in first.out
    assert "bitrix24.setup" not in first.out
    (tmp_path / "crmkit-main.secret").write_text("t0ken-t0ken-t0ken-t0ken", encoding="utf-8")
    again = run(portal, tmp_path, monkeypatch, capsys, "setup", "stale_deals", "--json")
    assert again.json["secret"]["state"] == "kept"
    assert "t0ken-t0ken" not in again.out


def test_what_the_portal_lacks(
    portal: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    portal["deals"]["fields"]["release_hold"] = {"id": "UF_CRM_GONE", "name": "Снять удержание"}
    del portal["deals"]["fields"]["snooze_until"]
    portal["webhook"] = {"proof": "hmac"}
    told = run(portal, tmp_path, monkeypatch, capsys, "setup", "stale_deals", "--json")
    assert told.code == 2
    (missing,) = told.json["missing"]
    assert "no field UF_CRM_GONE" in missing
    unbound, proof = told.json["remarks"]
    assert "snooze_until" in unbound
    assert "«hmac» has no effect" in proof
