"""Requests and answers as values."""

from __future__ import annotations

import pytest

from crmkit.transport import Effect, NotJsonError, Request, Response

from .conftest import ask


def test_a_request_shows_neither_parameters_nor_bodies() -> None:
    request = ask(
        Effect.WRITE,
        params={"auth": "s3cret"},
        json={"token": "s3cret"},
        data="s3cret",
        headers={"X": "s3cret"},
    )
    assert "s3cret" not in repr(request)
    assert "POST /task/{id}/" in repr(request)


def test_an_answer_shows_no_body() -> None:
    assert "s3cret" not in repr(Response(200, {"X": "s3cret"}, b'{"a": "s3cret"}'))


@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
    [
        (b'{"a": 1}', "application/json", {"a": 1}),
        ("\ufeff{}".encode(), "application/json", {}),
        ('{"имя": "Иванова"}'.encode(), "text/html", {"имя": "Иванова"}),
        ('{"имя": "Иванова"}'.encode("cp1251"), "application/json; charset=windows-1251", {"имя": "Иванова"}),
        (b"", "application/json", None),
        (b" \r\n ", "application/json", None),
        (b"[]", "", []),
        (b"null", "", None),
    ],
)
def test_json_is_read_in_the_encoding_it_really_has(
    content: bytes, content_type: str, expected: object
) -> None:
    assert Response(200, {"Content-Type": content_type}, content).json() == expected


@pytest.mark.parametrize(
    ("content", "content_type", "problem"),
    [
        (b"<html>", "application/json", "expecting value at character 0 of 6"),
        (b'{"a": [1, 2', "application/json", "at character 11 of 11"),
        ('{"имя": "Иванова"}'.encode("cp1251"), "application/json", "encoding"),
        ('{"имя": "Иванова"}'.encode("cp1251"), "application/json; charset=klingon", "klingon"),
        (b"[" * 100_000, "application/json", "nested too deep"),
    ],
)
def test_what_is_no_json_says_why_and_quotes_nothing(content: bytes, content_type: str, problem: str) -> None:
    with pytest.raises(NotJsonError) as caught:
        Response(200, {"Content-Type": content_type}, content).json()
    assert problem in str(caught.value)
    assert caught.value.__context__ is None  # it would hold the body
    assert "<html>" not in str(caught.value)


def test_a_body_is_parsed_once() -> None:
    response = Response(200, {}, b'{"a": {}}')
    assert response.json() is response.json()


def test_a_body_that_was_read_can_be_taken_in_pieces_too() -> None:
    with Response(200, {}, b"abcde") as response:
        assert list(response.iter_bytes(2)) == [b"ab", b"cd", b"e"]


def test_two_answers_compare_by_what_came() -> None:
    first, second = Response(200, {}, b"{}"), Response(200, {}, b"{}")
    first.json()
    assert first == second
    assert Request("GET", "/a", "GET /a", Effect.READ) != Request("GET", "/b", "GET /a", Effect.READ)
