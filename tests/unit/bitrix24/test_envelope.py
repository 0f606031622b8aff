"""The vendor's odd envelopes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crmkit.bitrix24.envelope import Envelope, parse, rows_of
from crmkit.bitrix24.errors import Classifier
from crmkit.clock import SystemClock
from crmkit.exceptions import ApiError, ServerError, TransportError
from crmkit.transport import Action, Effect, Request, Response


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"result": [], "time": []}, Envelope([])),
        ({"result": {"items": []}, "total": "0"}, Envelope({"items": []}, 0)),
        ({"result": [1], "next": 50, "total": 120}, Envelope([1], 120, 50)),
        ({"result": False}, Envelope(False)),
        ({"tasks": [1], "total": 1}, Envelope({"tasks": [1]}, 1)),
        ([{"item": 1}], Envelope([{"item": 1}])),
        ("text", Envelope("text")),
        ({"result": 1, "total": None, "next": "x"}, Envelope(1)),
    ],
)
def test_envelope(body: Any, expected: Envelope) -> None:
    assert parse(json.dumps(body)) == expected
    assert parse(json.dumps(body).encode()) == expected


@pytest.mark.parametrize(
    ("method", "result", "rows"),
    [
        ("crm.deal.list", [1], [1]),
        ("crm.item.list", {"items": [1], "other": [2]}, [1]),
        ("tasks.task.list", {"tasks": {"5": 1, "7": 2}}, [1, 2]),
        ("unknown.list", {"things": [1], "count": 1}, [1]),
        ("unknown.list", {"0": "a", "1": "b"}, ["a", "b"]),
        ("unknown.list", [], []),
        ("unknown.list", {}, []),
        ("unknown.list", None, []),
        ("unknown.list", False, []),
    ],
)
def test_rows_wherever_they_are(method: str, result: Any, rows: Any) -> None:
    assert rows_of(method, result) == rows


def test_no_guessing_between_two_lists() -> None:
    with pytest.raises(ValueError, match="no list"):
        rows_of("unknown.list", {"a": [1], "b": [2]})


@pytest.mark.parametrize(
    ("status", "content", "kind", "action"),
    [
        (500, b'{"message":"oops"}', ServerError, Action.RETRY),
        (400, b'{"message":"oops"}', ApiError, Action.FAIL),
        (413, b"[]", ApiError, Action.FAIL),
    ],
)
def test_json_that_is_no_answer(status: int, content: bytes, kind: type, action: Action) -> None:
    request = Request("POST", "/x.y", "x.y", Effect.READ)
    failure = Classifier(SystemClock())(request, Response(status, {}, content))
    assert failure is not None
    assert isinstance(failure.error, kind)
    assert not isinstance(failure.error, TransportError)
    assert failure.action is action
