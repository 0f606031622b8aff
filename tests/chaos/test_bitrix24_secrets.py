"""A run that goes wrong in every way, with everything logged and printed: no secret in any of it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from crmkit.bitrix24 import FileTokens, Tokens
from crmkit.sandbox import Sandbox
from crmkit.sandbox.faults import Fault

RUN = """
import json, logging, sys, traceback
from datetime import UTC, datetime
from crmkit.clock import ManualClock
from crmkit.bitrix24 import Bitrix24, Command, FileTokens
from crmkit.transport.retry import RetryPolicy

logging.basicConfig(level=logging.DEBUG)
given = json.loads(sys.stdin.read())
options = {"policy": RetryPolicy(attempts=2, base=0.0), "workers": 2}
options["clock"] = ManualClock(datetime(2025, 3, 3, tzinfo=UTC))
if given["url"]:
    b24 = Bitrix24(given["url"], **options)
else:
    b24 = Bitrix24.oauth(store=FileTokens(given["store"]), **given["app"], **options)

def doomed():
    yield lambda: b24.call("crm.item.get", {"entityTypeId": 2, "id": 1})
    yield lambda: b24.call("crm.item.update", {"entityTypeId": 2, "id": 1, "fields": {"title": "x"}})
    yield lambda: b24.call("crm.item.add", {"entityTypeId": 2, "fields": {"title": "x"}})
    yield lambda: b24.call_v3("tasks.task.get", {"id": 1})
    yield lambda: list(b24.list("crm.item.list", {"entityTypeId": 2}))
    yield lambda: b24.deals.get(1)
    yield lambda: b24.batch([Command("crm.item.add", {"entityTypeId": 2, "fields": {}})] * 3).results()
    yield lambda: b24.batch([("crm.item.add", {"entityTypeId": 2, "fields": {}})] * 2, halt=True).results()

for act in doomed():
    try:
        print(act())
    except Exception as error:
        traceback.print_exc()
        print(repr(error), str(error), vars(error), error.args)
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if "crmkit" in frame.f_code.co_filename:
                print({name: repr(value) for name, value in frame.f_locals.items()})
print(repr(b24), b24, vars(b24), b24.limiter, b24.batch(["user.current"]))
b24.close()
b24.call("crm.item.get", {"entityTypeId": 2, "id": 1}) if given["die"] else None
"""

TROUBLES = {
    "refused at the door": [Fault("error", times=None, status=401, body={"error": "INVALID_CREDENTIALS"})],
    "expired for ever": [Fault("error", times=None, status=401, body={"error": "expired_token"})],
    "502": [Fault("html", times=None, status=502)],
    "a page": [Fault("html", times=None, status=200)],
    "reset": [Fault("reset", times=None)],
    "lost": [Fault("drop_answer", times=None)],
    "half": [Fault("truncated", times=None)],
    "not found": [Fault("error", times=None, status=404, body={"error": "ERROR_METHOD_NOT_FOUND"})],
    "moved": [Fault("portal_moved", times=None, body="http://127.0.0.1:1")],
    "inside": [Fault("command_error", "crm.*", times=None, body={"error": "ERROR_CORE"})],
}


def run(given: dict[str, Any]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stdout + done.stderr
    assert "Bitrix24('127.0.0.1" in said, said
    return said


def nothing_shows(said: str, secrets: list[str]) -> None:
    for secret in secrets:
        for form in (secret, quote(secret, safe=""), repr(secret)[1:-1]):
            assert form
            assert form not in said, f"shown: {next(line for line in said.splitlines() if form in line)}"


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_webhook_shows_nothing(trouble: str) -> None:
    box: Any
    with Sandbox.bitrix24(seed="deals", deals=120, strict_limits=False) as box:
        secret = box.tokens["admin"].partition("/")[2]
        for fault in TROUBLES[trouble]:
            box.faults.add(fault)
            given = {"url": box.url, "die": trouble == "502"}
            if fault.kind == "portal_moved":
                fault.body = f"{box.url.partition('/rest')[0].replace('127.0.0.1', 'localhost')}1"
            said = run(given)
        assert "Traceback" in said
        nothing_shows(said, [secret])


@pytest.mark.parametrize("trouble", TROUBLES)
def test_an_application_shows_nothing(trouble: str, tmp_path: Path) -> None:
    box: Any
    with Sandbox.bitrix24(seed="deals", deals=120, strict_limits=False) as box:
        token = replace(box.app_token())
        origin = box.oauth_url.removesuffix("/oauth/token/")
        store = FileTokens(tmp_path / "tokens.json")
        store.save(Tokens(token.access, token.refresh, endpoint=f"{origin}/rest/"))
        box.clock.advance(hours=2)
        for fault in TROUBLES[trouble]:
            box.faults.add(fault)
        app = {"client_id": box.app.client_id, "client_secret": box.app.client_secret, "auth_server": origin}
        said = run({"url": "", "store": str(tmp_path / "tokens.json"), "app": app, "die": trouble == "502"})
        secrets = [box.app.client_secret, token.refresh]
        secrets += [one.access for one in box.portal.tokens.values()] + [token.access]
        secrets += [one.refresh for one in box.portal.tokens.values() if one.refresh]
        nothing_shows(said, secrets)
