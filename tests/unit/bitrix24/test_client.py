"""The client: calls, errors, repeats, secrets, a portal that moved."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import requests

from crmkit.bitrix24.client import Bitrix24
from crmkit.bitrix24.outcomes import Status
from crmkit.bitrix24.v3 import any_of, condition
from crmkit.exceptions import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    CrmkitError,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    TransportError,
    ValidationError,
)


def test_call_returns_the_result_and_request_the_envelope(b24: Bitrix24, portal: Any) -> None:
    portal.add(60)
    assert b24.call("crm.item.get", {"entityTypeId": 2, "id": 7})["item"]["title"] == "Deal 7"
    answer = b24.request("crm.item.list", {"entityTypeId": 2})
    assert (answer.total, answer.next, len(answer.result["items"])) == (60, 50, 50)
    assert b24.requests_sent == 2


@pytest.mark.parametrize("result", [False, None, 0, "", []])
def test_empty_results_are_successes(b24: Bitrix24, portal: Any, result: Any) -> None:
    portal.methods["im.notify"] = lambda _: result
    assert b24.call("im.notify") == result


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, {"error": "", "error_description": "Not found"}, NotFound, ""),
        (200, {"error": "", "error_description": "Access denied."}, PermissionDenied, ""),
        (400, {"error": 0, "error_description": "<b>wrong</b>"}, ApiError, "0"),
        (400, {"error": 100, "error_description": "no fields"}, ValidationError, "100"),
        (
            400,
            {"error": 200040300020, "error_description": "Access Denied"},
            PermissionDenied,
            "200040300020",
        ),
        (401, {"error": "NO_AUTH_FOUND", "error_description": "Wrong"}, AuthenticationError, "NO_AUTH_FOUND"),
        (403, {"error": "NO_AUTH_FOUND"}, AuthenticationError, "NO_AUTH_FOUND"),
        (401, {"error": "insufficient_scope"}, PermissionDenied, "insufficient_scope"),
        (404, {"error": "ERROR_METHOD_NOT_FOUND"}, NotFound, "ERROR_METHOD_NOT_FOUND"),
        (400, {"error": "Invalid parameters."}, ValidationError, "Invalid parameters."),
        (403, {"error": "OVERLOAD_LIMIT"}, RateLimited, "OVERLOAD_LIMIT"),
        (400, {"error": {"code": "BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION"}}, NotFound, None),
        (
            400,
            {
                "error": {
                    "code": "X_VALIDATION_Y",
                    "message": "bad",
                    "validation": [{"field": "id", "message": "m"}],
                }
            },
            ValidationError,
            "X_VALIDATION_Y",
        ),
    ],
)
def test_error_by_code_whatever_the_status(
    b24: Bitrix24, portal: Any, status: int, body: Any, kind: type[ApiError], code: str | None
) -> None:
    portal.faults.append(lambda *_: (status, body))
    with pytest.raises(kind) as caught:
        b24.call("crm.deal.get", {"id": 1})
    assert caught.value.code == (body["error"]["code"] if code is None else code)
    assert caught.value.raw == body
    assert caught.value.status == status
    assert "<" not in str(caught.value)
    assert len(portal.requests) == 1


def test_query_limit_is_waited_for_also_by_writes(b24: Bitrix24, portal: Any, clock: Any) -> None:
    left = [2]

    def busy(*_: Any) -> Any:
        left[0] -= 1
        return (503, {"error": "QUERY_LIMIT_EXCEEDED"}) if left[0] >= 0 else None

    portal.faults.append(busy)
    b24.call("crm.item.add", {"entityTypeId": 2, "fields": {"title": "x"}})
    assert len(portal.items) == 1
    assert clock.monotonic() > 0


def test_operation_time_limit_waits_until_the_reset_and_stops_only_that_method(
    make_client: Callable[..., Bitrix24], portal: Any, clock: Any
) -> None:
    portal.add(1)
    reset = clock.now().timestamp() + 200
    paused: list[tuple[float, float]] = []

    def limited(method: str, _: Any) -> Any:
        if method == "crm.item.list" and clock.now().timestamp() < reset:
            return 429, {"error": "OPERATION_TIME_LIMIT", "time": {"operating_reset_at": reset}}
        return None

    def waiting(method: str, seconds: float) -> None:
        delay = b24.limiter.operating.delay
        paused.append((delay(method), delay("crm.item.get")))

    b24 = make_client(on_wait=waiting)
    portal.faults.append(limited)
    assert b24.call("crm.item.list", {"entityTypeId": 2})["items"]
    assert clock.monotonic() == pytest.approx(200, abs=1)
    assert len(portal.requests) == 2
    assert paused == [(200.0, 0.0)]


def test_a_write_is_not_repeated_blindly(b24: Bitrix24, portal: Any) -> None:
    portal.lose()
    with pytest.raises(OutcomeUnknown) as caught:
        b24.call("crm.timeline.comment.add", {"fields": {}})
    assert caught.value.operation == "crm.timeline.comment.add"
    assert len(portal.requests) == 1


@pytest.mark.parametrize("method", ["crm.item.list", "crm.item.update"])
def test_reads_and_idempotent_writes_are_repeated(b24: Bitrix24, portal: Any, method: str) -> None:
    portal.add(1)
    portal.lose(2)
    b24.call(method, {"entityTypeId": 2, "id": 1, "fields": {"title": "y"}})
    assert len(portal.requests) == 3


def test_html_is_no_answer(b24: Bitrix24, portal: Any) -> None:
    portal.faults.append(lambda *_: (404, b"<html><title>nginx</title>", {"Content-Type": "text/html"}))
    with pytest.raises(TransportError, match="nginx"):
        b24.call("crm.item.get", {"id": 1})


def test_a_portal_that_moved_is_followed_with_the_whole_request(b24: Bitrix24, portal: Any) -> None:
    portal.add(1)
    moved = {"Location": "https://beta.bitrix24.ru/rest/1/s3cretk3y/crm.item.update"}
    answers = [(302, b"", moved)]
    portal.faults.append(lambda *_: answers.pop() if answers else None)
    b24.call("crm.item.update", {"entityTypeId": 2, "id": 1, "fields": {"title": "moved"}})
    assert portal.items[1]["title"] == "moved"
    assert b24.host == "beta.bitrix24.ru"
    assert b24.requests_sent == 2


def test_a_redirect_elsewhere_is_not_followed(b24: Bitrix24, portal: Any) -> None:
    portal.faults.append(lambda *_: (302, b"", {"Location": "https://auth2.bitrix24.net/login"}))
    with pytest.raises(CrmkitError, match="redirected"):
        b24.call("crm.item.get", {"id": 1})


@pytest.mark.parametrize(
    "url", ["", "acme.bitrix24.ru", "https://acme.bitrix24.ru/", "http://acme.bitrix24.ru/rest/1/s3cretk3y/"]
)
def test_wrong_address_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Bitrix24(url)
    assert "s3cretk3y" not in str(caught.value)


@pytest.mark.parametrize("fault", ["reset", "error", "html"])
def test_no_secret_anywhere(b24: Bitrix24, portal: Any, caplog: pytest.LogCaptureFixture, fault: str) -> None:
    url = "https://acme.bitrix24.ru/rest/1/s3cretk3y/crm.item.get"
    answers: dict[str, Any] = {
        "reset": requests.ConnectionError(f"HTTPSConnectionPool: {url} refused"),
        "error": (400, {"error": "ERROR_CORE", "error_description": f"no {url}"}),
        "html": (500, f"<html>{url}".encode()),
    }
    portal.faults.append(lambda *_: answers[fault])
    with caplog.at_level(logging.DEBUG), pytest.raises(CrmkitError) as caught:
        b24.call("crm.item.get", {"id": 1})
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value)) + caplog.text
    shown += repr(b24) + repr(b24._portal.settings) + repr(b24.api)
    assert "s3cretk3y" not in shown


def test_rest_3_goes_to_its_own_address_with_true_json(b24: Bitrix24, portal: Any) -> None:
    portal.methods["tasks.task.add"] = lambda params: {"item": {"id": 5}}
    result = b24.call_v3("tasks.task.add", {"fields": {"title": None, "flag": True}}, idempotency_key="k-1")
    assert result == {"item": {"id": 5}}
    assert portal.requests[0][1] == {"fields": {"title": None, "flag": True}}
    assert portal.headers[0]["Idempotency-Key"] == "k-1"


@pytest.mark.parametrize("key", ["mine", ""])
def test_rest_3_write_is_repeated_with_its_key_once_nothing_can_be_running(
    b24: Bitrix24, portal: Any, clock: Any, key: str
) -> None:
    portal.methods["tasks.task.add"] = lambda params: {"item": {"id": 5}}
    portal.lose(2)
    assert b24.call_v3("tasks.task.add", {}, idempotency_key=key) == {"item": {"id": 5}}
    keys = {headers["Idempotency-Key"] for headers in portal.headers}
    assert len(portal.requests) == 3
    assert len(keys) == 1
    assert key in keys or not key
    assert clock.monotonic() >= 120


def test_rest_3_write_that_never_answers_is_unknown(b24: Bitrix24, portal: Any) -> None:
    portal.lose(99, after=False)
    with pytest.raises(OutcomeUnknown):
        b24.call_v3("tasks.task.add", {})
    (outcome,) = b24.v3.batch([("tasks.task.add", {})])
    assert outcome.status is Status.UNKNOWN
    with pytest.raises(ValidationError):
        b24.call_v3("tasks.task.add", {}, idempotency_key="ключ")


def test_rest_3_has_batches_and_a_description(b24: Bitrix24, portal: Any) -> None:
    portal._batch = lambda body: {"result": [{"item": {"id": n}} for n, _ in enumerate(body)]}
    portal.methods["rest.documentation.openapi"] = lambda _: {"openapi": "3.0.0", "paths": {}}
    assert b24.v3.batch([("a.get", {"id": 1}), ("b.get", {})]).results()[1] == {"item": {"id": 1}}
    assert portal.requests[0][1] == [
        {"method": "a.get", "query": {"id": 1}},
        {"method": "b.get", "query": {}},
    ]
    assert b24.v3.openapi()["openapi"] == "3.0.0"


@pytest.mark.parametrize(
    ("answer", "statuses"),
    [
        ((400, {"error": {"code": "X", "message": "no"}}), "failed unknown"),
        ((401, {"error": {"code": "NO_AUTH_FOUND", "message": "no"}}), "failed failed"),
        ((200, {"result": [{"item": {}}, {"error": {"code": "X", "message": "no"}}]}), "done failed"),
        ((200, {"result": [{"items": []}]}), "done unknown"),
        ((200, {"result": "?"}), "unknown unknown"),
        (requests.ConnectionError("refused"), "failed unknown"),
    ],
    ids=["refused", "credentials", "one error", "too short", "nonsense", "lost"],
)
def test_rest_3_batch_says_of_every_command_what_is_known(
    b24: Bitrix24, portal: Any, answer: Any, statuses: str
) -> None:
    portal.faults.append(lambda *_: answer)
    outcomes = b24.v3.batch([("tasks.task.get", {"id": 1}), ("tasks.task.add", {"fields": {"title": "x"}})])
    assert " ".join(outcome.status for outcome in outcomes) == statuses
    assert all((outcome.error is None) == (outcome.status is Status.DONE) for outcome in outcomes)


def test_rest_3_batch_of_one_that_is_refused_has_failed(b24: Bitrix24, portal: Any) -> None:
    portal.faults.append(lambda *_: (400, {"error": {"code": "X", "message": "no"}}))
    (outcome,) = b24.v3.batch([("tasks.task.add", {"fields": {}})])
    assert outcome.status is Status.FAILED


def test_rest_3_filters() -> None:
    assert any_of(condition("id", "in", [1, 2]), condition("at", "between", [1, 2])) == {
        "logic": "or",
        "conditions": [["id", "in", [1, 2]], ["at", "between", [1, 2]]],
    }
    for operator, value in (("like", 1), ("between", 5)):
        with pytest.raises(ValidationError):
            condition("id", operator, value)


def test_rest_3_list_walks_by_id(b24: Bitrix24, portal: Any) -> None:
    def tasks(params: Any) -> Any:
        after = next((value for name, _, value in params["filter"] if name == "id"), 0)
        rows = [{"id": n} for n in range(1, 26) if n > after]
        return {"items": rows[: params["pagination"]["limit"]]}

    portal.methods["tasks.task.list"] = tasks
    assert [row["id"] for row in b24.v3.list("tasks.task.list", size=10)] == list(range(1, 26))
    assert len(portal.requests) == 3


def test_workers_share_one_limiter(make_client: Callable[..., Bitrix24], clock: Any) -> None:
    first = make_client()
    second = make_client(limiter=first.limiter)
    for client in (first, second) * 30:
        client.call("crm.item.fields", {"entityTypeId": 2})
    assert clock.monotonic() == pytest.approx(5.5)  # 60 requests: 49 at once, 11 at 2 a second
