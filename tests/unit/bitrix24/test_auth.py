"""Tokens: one refresh for all, kept in a private file, never shown; codes, stores, other portals."""

from __future__ import annotations

import logging
import multiprocessing
import os
import stat
import sys
import threading
import traceback
import types
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from crmkit.bitrix24.auth import OAuth, WebhookAuth, authorize_url, portal_host
from crmkit.bitrix24.client import Bitrix24
from crmkit.bitrix24.tokens import FileTokens, KeyringTokens, MemoryTokens, Tokens, TokenStore
from crmkit.clock import SystemClock
from crmkit.exceptions import AuthenticationError, ConfigurationError, CrmkitError

OLD = Tokens("old-access", "old-refresh", member_id="m1")


class Handler(BaseHTTPRequestHandler):
    """A portal and its authorisation server; a refresh token works once."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Keep still."""

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        server: Any = self.server
        with server.lock:
            server.grants.append(query)
            spent = query.get("refresh_token") in server.spent or query.get("code") == "stale"
            server.spent.add(query.get("refresh_token"))
            number = len(server.grants)
        if spent or query["client_secret"] != "cl1ent-s3cret":
            return self._answer(400, b'{"error":"invalid_grant","error_description":"refresh old-refresh"}')
        base = f"http://127.0.0.1:{server.server_port}"
        server.valid = f"access-{number}"
        return self._answer(
            200,
            (
                f'{{"access_token":"access-{number}","refresh_token":"refresh-{number}","expires_in":3600,'
                f'"member_id":"{server.member}","client_endpoint":"{base}/rest/","server_endpoint":"{base}/rest/",'
                '"domain":"oauth.bitrix.info","user_id":7}'
            ).encode(),
        )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        server: Any = self.server
        server.paths.append(self.path)
        if self.headers.get("Authorization") == f"Bearer {server.valid}":
            return self._answer(200, b'{"result":{"ok":true}}')
        return self._answer(401, b'{"error":"expired_token","error_description":"The access token expired"}')

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server() -> Any:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.daemon_threads = True
        state: Any = made
        state.lock, state.grants, state.spent, state.paths = threading.Lock(), [], set(), []
        state.valid, state.member = "", "m1"
        state.url = f"http://127.0.0.1:{made.server_port}"
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def application(url: str, store: TokenStore, **options: Any) -> Bitrix24:
    return Bitrix24.oauth(
        url,
        client_id="app.1",
        client_secret="cl1ent-s3cret",
        store=store,
        auth_server=url,
        **options,
    )


def test_expired_token_is_refreshed_and_the_call_goes_on(server: Any) -> None:
    store = MemoryTokens(OLD)
    with application(server.url, store) as client:
        assert client.call("profile") == {"ok": True}
        assert client.member_id == "m1"
    assert len(server.grants) == 1
    kept = store.load()
    assert kept is not None
    assert (kept.access_token, kept.refresh_token, kept.user_id) == ("access-1", "refresh-1", 7)
    assert server.paths == ["/rest/profile", "/rest/profile"]


def test_eight_threads_with_one_expired_token_refresh_once(server: Any, tmp_path: Path) -> None:
    store = FileTokens(tmp_path / "tokens.json")
    store.save(OLD)
    with application(server.url, store) as client:
        results: list[Any] = []
        threads = [threading.Thread(target=lambda: results.append(client.call("profile"))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [{"ok": True}] * 8
    assert len(server.grants) == 1


def _worker(url: str, path: str, barrier: Any, answers: Any) -> None:
    with application(url, FileTokens(path)) as client:
        barrier.wait(20)
        answers.put(client.call("profile"))


def test_three_processes_with_one_expired_token_refresh_once(server: Any, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    FileTokens(path).save(OLD)
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(3), context.Queue()
    workers = [
        context.Process(target=_worker, args=(server.url, str(path), barrier, answers)) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    assert [answers.get(timeout=30) for _ in workers] == [{"ok": True}] * 3
    for worker in workers:
        worker.join()
    answers.close()
    answers.join_thread()
    assert len(server.grants) == 1


def test_code_becomes_tokens(server: Any) -> None:
    store = MemoryTokens()
    with application(server.url, store, code="fresh") as client:
        assert client.call("profile") == {"ok": True}
    assert server.grants[0]["grant_type"] == "authorization_code"
    assert store.load() is not None


def test_tokens_of_an_installation_are_adopted(server: Any) -> None:
    store = MemoryTokens()
    server.valid = "given"
    with application(server.url, store, tokens=Tokens("given", "r", member_id="m1")) as client:
        client.call("profile")
    assert store.load() == Tokens("given", "r", member_id="m1")
    assert not server.grants


@pytest.mark.parametrize("code", ["", "stale"])
def test_no_tokens_is_said_plainly(server: Any, code: str) -> None:
    with pytest.raises(AuthenticationError):
        application(server.url, MemoryTokens(), code=code)


def test_revoked_application_and_no_secret_shown(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    server.spent.add("old-refresh")
    with (
        application(server.url, MemoryTokens(OLD)) as client,
        caplog.at_level(logging.DEBUG),
        pytest.raises(CrmkitError) as caught,
    ):
        client.call("profile")
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value)) + caplog.text
    shown += repr(client) + repr(OLD)
    for secret in ("cl1ent-s3cret", "old-refresh", "old-access"):
        assert secret not in shown
    assert "invalid_grant" in shown


def test_tokens_of_another_portal_are_refused(server: Any) -> None:
    server.member = "m2"
    store = MemoryTokens(OLD)
    with application(server.url, store) as client, pytest.raises(AuthenticationError, match="another portal"):
        client.call("profile")
    assert store.load() == OLD


def test_file_is_private_whole_and_refuses_what_it_did_not_write(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    store = FileTokens(path)
    assert store.load() is None
    for number in range(3):
        store.save(replace(OLD, expires_at=float(number)))
    loaded = store.load()
    assert loaded is not None
    assert loaded.expires_at == 2.0
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["tokens.json"]
    path.write_text('{"access_token": "s3cr3t"}')
    with pytest.raises(ConfigurationError) as caught:
        store.load()
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_keyring_is_used_if_it_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept: dict[tuple[str, str], str] = {}
    fake = types.SimpleNamespace(
        get_password=lambda service, name: kept.get((service, name)),
        set_password=lambda service, name, text: kept.__setitem__((service, name), text),
    )
    monkeypatch.setitem(sys.modules, "keyring", fake)  # type: ignore[arg-type]
    store = KeyringTokens("acme", lock_file=tmp_path / "lock")
    assert store.load() is None
    with store.lock():
        store.save(OLD)
    assert store.load() == OLD
    monkeypatch.setitem(sys.modules, "keyring", None)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="keyring"):
        KeyringTokens("acme")


def test_portal_that_moved_is_remembered(
    make_client: Callable[..., Bitrix24], portal: Any, session: Any
) -> None:
    store = MemoryTokens(replace(OLD, endpoint="https://acme.bitrix24.ru/rest/"))
    client = Bitrix24.oauth(client_id="a", client_secret="b" * 9, store=store, session=session)
    portal.methods["profile"] = lambda _: 1
    answers = [(302, b"", {"Location": "https://beta.bitrix24.ru/rest/profile"})]
    portal.faults.append(lambda *_: answers.pop() if answers else None)
    with client:
        assert client.call("profile") == 1
    kept = store.load()
    assert kept is not None
    assert kept.endpoint == "https://beta.bitrix24.ru/rest/"
    assert portal.headers[1]["Authorization"] == "Bearer old-access"


def test_addresses() -> None:
    assert (
        authorize_url("acme.bitrix24.ru", client_id="a")
        == "https://acme.bitrix24.ru/oauth/authorize/?client_id=a"
    )
    for wrong in ("http://acme.bitrix24.ru", "ftp://acme", "https://"):
        with pytest.raises(ConfigurationError):
            portal_host(wrong)


def test_webhook_has_nothing_to_refresh() -> None:
    assert WebhookAuth().headers() == {}
    with pytest.raises(AuthenticationError):
        WebhookAuth().refresh()


def test_answer_without_tokens_is_refused() -> None:
    with pytest.raises(AuthenticationError):
        Tokens.from_answer({"access_token": "a"}, now=SystemClock().now())


def test_credentials_of_nobody() -> None:
    auth = OAuth(client_id="a", client_secret="b", store=MemoryTokens(), clock=SystemClock())
    with pytest.raises(AuthenticationError, match="no tokens"):
        auth.headers()
