"""``crmkit sandbox start --vendor bitrix24``: the other vendor's portal, and settings for it that load."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from crmkit.bitrix24.client import Bitrix24
from crmkit.config import load
from crmkit.testing.clock import SandboxClock


def test_a_bitrix24_is_started_and_its_settings_load(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "crmkit.cli", "sandbox", "start", "--vendor", "bitrix24"]
    start = [*command, "--port", "0", "--deals", "20", "--write", "crmkit.toml", "--lang", "en"]
    process = subprocess.Popen(start, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert "http://127.0.0.1:" in process.stdout.readline()
        while "configuration" not in process.stdout.readline():
            pass
        portal = load(tmp_path / "crmkit.toml").portals["sandbox"]
        assert (portal.provider, portal.language) == ("bitrix24", "ru")
        webhook = f"{portal.url}/{portal.secret().get_secret_value()}/"
        clock = SandboxClock(webhook.partition("/rest/")[0] + "/__control")
        with Bitrix24(webhook, clock=clock) as client:
            assert client.count("crm.item.list", {"entityTypeId": 2}) == 20
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in errors
