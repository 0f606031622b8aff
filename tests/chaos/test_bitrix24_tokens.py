"""An access token that ran out under many hands at once is renewed once: a refresh token works once."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from crmkit.bitrix24 import Bitrix24, FileTokens, MemoryTokens, Tokens, TokenStore
from crmkit.sandbox import Sandbox
from crmkit.sandbox.faults import Fault

THREADS = 8
PROCESSES = 3

CHILD = """
import sys, threading
from crmkit.bitrix24 import Bitrix24, FileTokens

path, client_id, server = sys.argv[1:]
secret = sys.stdin.readline().strip()
app = {"client_id": client_id, "client_secret": secret, "auth_server": server}
with Bitrix24.oauth(store=FileTokens(path), **app) as b24:
    gate, seen = threading.Barrier(8), []
    def work():
        gate.wait()
        seen.append(b24.call("user.current")["ID"])
    threads = [threading.Thread(target=work) for _ in range(8)]
    print("ready", flush=True)
    sys.stdin.readline()
    for one in threads: one.start()
    for one in threads: one.join()
    print(*seen)
"""


def origin_of(box: Any) -> str:
    return str(box.oauth_url.removesuffix("/oauth/token/"))


def tokens_of(box: Any) -> Tokens:
    token = box.app_token()
    return Tokens(token.access, token.refresh, endpoint=f"{origin_of(box)}/rest/")


@pytest.mark.parametrize("store", ["memory", "file"])
@pytest.mark.parametrize("lost", [0, 1], ids=["line-good", "line-bad"])
def test_eight_threads_and_one_refresh(store: str, lost: int, tmp_path: Path) -> None:
    box: Any
    with Sandbox.bitrix24(seed="deals", deals=1) as box:
        kept: TokenStore = MemoryTokens() if store == "memory" else FileTokens(tmp_path / "tokens.json")
        with Bitrix24.oauth(
            client_id=box.app.client_id,
            client_secret=box.app.client_secret,
            store=kept,
            tokens=tokens_of(box),
            auth_server=origin_of(box),
            clock=box.clock,
            random=lambda: 0.0,
        ) as client:
            assert client.call("user.current")["ID"] == "1"
            box.clock.advance(hours=2)
            box.faults.add(Fault("reset", "oauth", times=lost))
            together = threading.Barrier(THREADS)
            seen: list[str] = []

            def work() -> None:
                together.wait()
                seen.append(client.call("user.current")["ID"])

            threads = [threading.Thread(target=work) for _ in range(THREADS)]
            for one in threads:
                one.start()
            for one in threads:
                one.join()
            assert seen == ["1"] * THREADS
            assert box.portal.refreshes == 1


def test_three_processes_of_eight_threads_and_one_refresh(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    box: Any
    with Sandbox.bitrix24(seed="deals", deals=1) as box:
        FileTokens(path).save(tokens_of(box))
        box.clock.advance(hours=2)
        command = [sys.executable, "-c", CHILD, str(path), box.app.client_id, origin_of(box)]
        children = [
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for _ in range(PROCESSES)
        ]
        try:
            for child in children:
                assert child.stdin is not None
                child.stdin.write(f"{box.app.client_secret}\n")
                child.stdin.flush()
            for child in children:
                assert child.stdout is not None
                assert child.stdout.readline() == "ready\n"
            answers = []
            for child in children:
                assert child.stdin is not None
                child.stdin.write("go\n")
                child.stdin.flush()
            for child in children:
                out, err = child.communicate(timeout=60)
                assert child.returncode == 0, err
                answers += out.split()
        finally:
            for child in children:
                child.kill()
                child.communicate()
        assert answers == ["1"] * (PROCESSES * THREADS)
        assert box.portal.refreshes == 1
        kept = FileTokens(path).load()
        assert kept is not None
        assert kept.access_token in box.portal.tokens
