"""What the lean session leaves out, and what it must not."""

from __future__ import annotations

from urllib.parse import quote

import pytest
import requests

from crmkit.bitrix24.encoding import to_command
from crmkit.transport.lean import LeanSession


@pytest.fixture
def session() -> LeanSession:
    return LeanSession(lambda: 0.0)


@pytest.mark.parametrize("data", [None, b"", b'{"a": 1}'])
@pytest.mark.parametrize("verb", ["GET", "post"])
def test_a_request_is_encoded_as_by_requests(session: LeanSession, verb: str, data: bytes | None) -> None:
    asked = requests.Request(verb, "https://Пример.рф:8443/rest a/?q=ж", data=data, headers={"accept": "x/y"})
    lean, full = session.prepare_request(asked), requests.Session.prepare_request(session, asked)
    assert (lean.method, lean.url, lean.body or None) == (full.method, full.url, full.body)
    assert dict(lean.headers.lower_items()) == dict(full.headers.lower_items())
    assert lean.copy().url == full.url


def test_addresses_are_kept_but_not_without_end(session: LeanSession) -> None:
    for number in range(600):
        url = f"https://a.bitrix24.ru/{number}"
        assert session.prepare_request(requests.Request("GET", url)).url == url
    assert len(session._addresses) <= 256


def test_a_wrong_address_is_still_refused(session: LeanSession) -> None:
    with pytest.raises(requests.exceptions.InvalidURL):
        session.prepare_request(requests.Request("GET", "https://*bad/"))


def test_the_environment_is_asked_once_per_server(
    session: LeanSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def proxies(url: str) -> object:
        return session.merge_environment_settings(url, {}, True, None, None)["proxies"].get("https")

    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    assert proxies("https://a.example/1") == "http://127.0.0.1:9"
    assert proxies("https://inside.example/1") is None
    monkeypatch.delenv("HTTPS_PROXY")
    assert proxies("https://a.example/2") == "http://127.0.0.1:9", "a run keeps the way it began with"
    assert proxies("https://b.example/1") is None


def test_every_sign_is_escaped_as_by_the_library() -> None:
    signs = "".join(map(chr, range(1, 256)))
    for text in (signs[:127], signs):
        assert to_command("m", {"a": text}) == f"m?a={quote(text, safe='')}"
