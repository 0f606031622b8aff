"""Secrets out of texts."""

from __future__ import annotations

import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crmkit.transport.redaction import MASK, Redactor, keys_in

SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=6, max_size=30)


@given(secret=SECRETS, before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_known_secret_is_found_in_every_spelling(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    for form in (
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote(quote(secret, safe=""), safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        html.escape(secret),
        repr(secret)[1:-1],
    ):
        assume(form not in MASK)
        cleaned = redactor.scrub(f"{before}{form}{after}")
        assert MASK in cleaned
        if form not in before + after + MASK and len(set(form)) > 3:
            assert form not in cleaned


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("{'Authorization': 'Bearer abc'}", "{'Authorization': '***'}"),
        ("authorization=Basic dXNlcjpw", "authorization=***"),
        ("sent Bearer abc.def-ghi to", "sent Bearer *** to"),
        ("/rest/task?access_token=abc&id=7", "/rest/task?access_token=***&id=7"),
        ("auth[access_token]=abc&x=1", "auth[access_token]=***&x=1"),
        ("client_id=app&client_secret=abc&code=1", "client_id=app&client_secret=***&code=1"),
        ('{"refresh_token": "abc", "id": 7}', '{"refresh_token": "***", "id": 7}'),
        ("https://a.bitrix24.ru/rest/1/abcdef/crm.item.get", "https://a.bitrix24.ru/rest/1/***/crm.item.get"),
        ("https://a.bitrix24.ru/rest/api/1/abcdef/tasks", "https://a.bitrix24.ru/rest/api/1/***/tasks"),
        ("u=https%3A%2F%2Fa.ru%2Frest%2F1%2Fabcdef%2Fx", "u=https%3A%2F%2Fa.ru%2Frest%2F1%2F***%2Fx"),
        ("https://a.planfix.ru/webhook/json/abcdef?p=1", "https://a.planfix.ru/webhook/json/***?p=1"),
        ("https://user:pass@host/x", "https://***@host/x"),
    ],
)
def test_what_looks_like_a_secret_is_masked_unknown_as_it_is(text: str, expected: str) -> None:
    assert Redactor().scrub(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "POST /task/{id}: HTTP 200 after 0.1 s",
        "https://acme.planfix.ru/rest/task/7/comments/",
        "the token lacks a scope",
        "authorization is missing",
        "mail to user@host.ru",
        "Иванова: отказ, причина не указана",
    ],
)
def test_harmless_texts_stay_as_they_are(text: str) -> None:
    assert Redactor(["s3cr3t"]).scrub(text) == text


def test_values_are_scrubbed_inside_and_the_original_stays() -> None:
    raw = {
        "a": ["x s3cr3t", ("s3cr3t", 7)],
        "token": "unknown",
        "n": None,
        "b": b"s3cr3t",
        "auth": {"k": "s3cr3t"},
    }
    clean = Redactor(["s3cr3t"]).scrub_value(raw)
    assert clean == {"a": ["x ***", ("***", 7)], "token": MASK, "n": None, "b": b"***", "auth": {"k": "***"}}
    assert raw["token"] == "unknown"


def test_short_and_empty_secrets_are_ignored() -> None:
    redactor = Redactor(["", "abc"])
    assert redactor.scrub("abcabc") == "abcabc"
    assert repr(redactor) == "Redactor(0 secrets)"


def test_secrets_can_be_learnt_later() -> None:
    redactor = Redactor()
    redactor.add("fresh-token", "fresh-token")
    assert redactor.scrub("fresh-token") == MASK
    assert repr(redactor) == "Redactor(1 secret)"
    assert redactor.knows("a fresh-token b")
    assert not redactor.knows("a b")


def test_of_the_learnt_secrets_the_latest_are_kept_and_the_given_always() -> None:
    redactor = Redactor(["given-secret"])
    for hour in range(1000):
        redactor.add(f"token-{hour:04}")
    assert repr(redactor) == "Redactor(101 secrets)"
    assert redactor.scrub("given-secret token-0999 token-0900 token-0000") == "*** *** *** token-0000"


@pytest.mark.parametrize(
    ("url", "keys"),
    [
        ("https://acme.bitrix24.ru/rest/1/abc123/", ["abc123"]),
        ("https://acme.bitrix24.ru/rest/api/12/abc123", ["abc123"]),
        ("https://acme.bitrix24.ru/rest/1/a%2Fb/", ["a/b"]),
        ("https://robot:passw0rd@acme.planfix.ru/rest", ["passw0rd"]),
        ("https://acme.planfix.ru/rest", []),
        ("https://acme.planfix.ru/rest/task/", []),
    ],
)
def test_the_key_of_a_webhook_is_found_in_its_address(url: str, keys: list[str]) -> None:
    assert keys_in(url) == keys
