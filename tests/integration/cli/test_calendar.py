"""``crmkit calendar``: the file, the addresses, and what is said when no address can be signed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import icalendar
import pytest

from crmkit.cli.main import main
from crmkit.cli.toml import to_toml
from crmkit.reports.calendar import Feed, read_token
from crmkit.sandbox import Sandbox

SECRET = "not-a-real-secret-at-all"


@pytest.fixture(params=["planfix", "bitrix24"])
def portal(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two new deals with nothing but a name, and a folder with settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALENDAR_SECRET", SECRET)
    with getattr(Sandbox, request.param)(seed="next_step", deals=2) as box:
        config = {
            "store": {"url": "sqlite:///ledger.db"},
            "portals": {"main": box.portal_config},
            "calendar": {"secret": "env:CALENDAR_SECRET", "url": "https://crm.example.com/"},
        }
        Path("crmkit.toml").write_text(to_toml(config) + "\n", encoding="utf-8")
        yield box


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main([*words, "--lang", "en"])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_the_practice_of_the_documents_ends_in_a_calendar_file(
    portal: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "plan", "next_step")[0] == 0
    assert run(capsys, "sandbox", "advance", "--minutes", "2")[0] == 0
    assert run(capsys, "apply", "next_step", "--yes")[0] == 0
    code, told, _ = run(capsys, "calendar", "--out", "steps.ics")
    assert (code, "2 steps" in told) == (0, True)
    events = icalendar.Calendar.from_ical(Path("steps.ics").read_bytes()).walk("VEVENT")
    assert {str(one["SUMMARY"]) for one in events} == {"другое: определить следующий шаг"}
    _, nothing, _ = run(capsys, "calendar", "--type", "звонок")
    assert "BEGIN:VCALENDAR" in nothing
    assert "BEGIN:VEVENT" not in nothing
    assert run(capsys, "report", "next_step")[0] == 0


def test_an_address_is_shown_with_its_serial_number_and_without_the_secret(
    portal: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "calendar", "--address", "--person", "user:4", "--json")
    told = json.loads(out)
    assert code == 0
    assert SECRET not in out
    assert told["address"].startswith("https://crm.example.com/calendar/main/next_step/")
    token = told["address"].rpartition("/")[2].removesuffix(".ics")
    key = f"{portal.portal_config['provider']}:{portal.portal_config['url'].split('/')[2]}"
    assert read_token(token, SECRET, key, "next_step") == Feed("user:4", "", told["serial"])


def test_without_a_secret_no_address_can_be_made(portal: Any, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path("crmkit.toml").read_text(encoding="utf-8")
    Path("crmkit.toml").write_text(text.replace('secret = "env:CALENDAR_SECRET"', ""), encoding="utf-8")
    code, _, err = run(capsys, "calendar", "--address")
    assert code == 2
    assert "calendar.secret: not set" in err
