"""What the portal says when it says no."""

from __future__ import annotations

import json
from typing import Any

import pytest
import responses

from crmkit.clock import ManualClock
from crmkit.exceptions import (
    ApiError,
    AuthenticationError,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    QuotaExhausted,
    RateLimited,
    ServerError,
    TransportError,
    ValidationError,
)
from crmkit.planfix import Planfix
from crmkit.planfix.errors import CODES, classify, required_scope, seconds_to_reset
from crmkit.transport.request import Effect, Request, Response
from crmkit.transport.retry import Action, Failure

BASE = "https://acme.planfix.ru/rest"
UPDATE = Request("POST", "/task/1", operation="POST /task/{id}", effect=Effect.IDEMPOTENT)


def judge(status: int, body: Any, headers: dict[str, str] | None = None) -> Failure | None:
    content = b"" if body is None else json.dumps(body).encode()
    return classify(UPDATE, Response(status, headers or {}, content))


def fail(code: int, error: str = "text", **more: Any) -> dict[str, Any]:
    return {"result": "fail", "code": code, "error": error, **more}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"result": "success", "tasks": []}),
        (200, {"failures": {"field": "counterparty", "error": "Field change failed"}}),
        (201, {"id": 123}),
        (202, None),
        (200, None),
        (200, {"result": "success", "task": {"code": 5, "error": "a field may be called so"}}),
    ],
)
def test_success(status: int, body: Any) -> None:
    assert judge(status, body) is None


@pytest.mark.parametrize(
    ("status", "body", "error", "action"),
    [
        (200, fail(1000), NotFound, Action.FAIL),
        (500, fail(1000), NotFound, Action.FAIL),
        (400, fail(6), PermissionDenied, Action.FAIL),
        (405, fail(5), PermissionDenied, Action.FAIL),
        (200, fail(22), QuotaExhausted, Action.WAIT),
        (403, fail(22), QuotaExhausted, Action.WAIT),
        (500, fail(30), ValidationError, Action.FAIL),
        (400, {"result": "file", "code": 7000, "error": "File not found by id"}, NotFound, Action.FAIL),
        (200, {"code": 41, "error": "no result at all"}, ValidationError, Action.FAIL),
        (400, fail(0), ApiError, Action.FAIL),
        (500, fail(0), ServerError, Action.RETRY),
        (500, fail(77777), ServerError, Action.RETRY),
        (400, fail(77777), ApiError, Action.FAIL),
        (404, fail(77777), NotFound, Action.FAIL),
        (403, {"result": "fail"}, PermissionDenied, Action.FAIL),
        (403, fail(9002), RateLimited, Action.FAIL),
        (405, {}, PermissionDenied, Action.FAIL),
        (401, None, AuthenticationError, Action.FAIL),
        (429, {}, RateLimited, Action.WAIT),
        (504, {}, ServerError, Action.RETRY),
        (502, [], ServerError, Action.RETRY),
    ],
)
def test_the_code_first_the_status_second(
    status: int, body: Any, error: type[ApiError], action: Action
) -> None:
    failure = judge(status, body)
    assert failure is not None
    assert (type(failure.error), failure.action) == (error, action)


def test_every_documented_code_is_in_the_table_with_a_hint() -> None:
    documented = {1, 2, 5, 6, 10, 11, 16, 20, 21, 22, 23, 24, 30, 40, 41, 600, 601, 602, 1000, 1001, 1002}
    documented |= set(range(2000, 2007)) | {3000, 3001, 3002} | set(range(4000, 4007)) | {5000, 5001, 5002}
    documented |= {6000, 6001, 6002, 6010, 6011, 6012, 6013, 7000, 7001, 7002, 7003}
    documented |= {8000, 8010, 8011, 8012, 8013, 9000, 9001, 9002, 9003}
    assert documented <= set(CODES)
    assert all(rule.hint for rule in CODES.values())


def test_only_what_proves_that_nothing_was_done_may_be_repeated_for_a_write() -> None:
    assert judge(403, fail(22)).not_taken  # type: ignore[union-attr]
    assert judge(429, {}).not_taken  # type: ignore[union-attr]
    assert not judge(504, {}).not_taken  # type: ignore[union-attr]
    assert not judge(500, fail(0)).not_taken  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (45, 45.0),
        ("45", 45.0),
        (1000, 1000.0),
        (90_000, 90.0),
        (0, 0.0),
        (None, None),
        ("soon", None),
        (-1, None),
    ],
)
def test_time_to_reset(told: Any, seconds: float | None) -> None:
    assert seconds_to_reset(told) == seconds


@pytest.mark.parametrize(
    ("more", "wait"), [({"timeToReset": 45}, 60.0), ({"timeToReset": 90_000}, 105.0), ({}, 120.0)]
)
def test_the_daily_limit_says_when_to_come_back(more: dict[str, Any], wait: float) -> None:
    failure = judge(403, fail(22, **more))
    assert failure is not None
    assert failure.retry_after == wait
    assert isinstance(failure.error, QuotaExhausted)
    assert failure.error.retry_after == wait


def test_retry_after_of_a_429() -> None:
    assert judge(429, {}, {"Retry-After": "7"}).retry_after == 7.0  # type: ignore[union-attr]
    assert judge(429, {}, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}).retry_after is None  # type: ignore[union-attr]


def test_a_message_is_one_line_with_operation_code_and_what_to_do() -> None:
    failure = judge(405, fail(5, "Scope denied,\n method not allowed"))
    assert failure is not None
    assert str(failure.error) == (
        "POST /task/{id}: Scope denied, method not allowed [code 5, HTTP 405] "
        "(the token lacks a scope, most likely task_update: add it in the account settings)"
    )
    assert isinstance(failure.error, PermissionDenied)
    assert (failure.error.code, failure.error.status, failure.error.method) == ("5", 405, "POST /task/{id}")
    assert failure.error.raw["code"] == 5


@pytest.mark.parametrize(
    ("operation", "scope"),
    [
        ("POST /task/list", "task_readonly"),
        ("GET /task/{id}", "task_readonly"),
        ("POST /task/", "task_add"),
        ("POST /task/{id}", "task_update"),
        ("POST /task/{id}/comments/", "comment_add"),
        ("POST /task/{id}/comments/list", "comment_readonly"),
        ("POST /task/{id}/comments/{commentId}", "comment_update"),
        ("DELETE /comment/{id}", "comment_delete"),
        ("POST /comment/list", "comment_readonly"),
        ("POST /contact/{id}/datatags/", "datatag_add"),
        ("GET /contact/groups", "contact_readonly"),
        ("GET /user/groups", "user_readonly"),
        ("POST /object/list", "object_readonly"),
        ("GET /process/task", "common_metadata"),
        ("POST /directory/{id}/entry/list", "common_metadata"),
        ("GET /directory/{id}/entry/{key}", "common_metadata"),
        ("POST /directory/{id}/entry/", "directory_add"),
        ("POST /directory/{id}/entry/{key}", "directory_update"),
        ("DELETE /directory/{id}/entry/{key}", "directory_delete"),
        ("GET /customfield/task", "common_metadata"),
        ("POST /report/{id}/generate", "report_readonly"),
        ("GET /ping", "common_metadata"),
    ],
)
def test_the_scope_that_is_missing_is_named(operation: str, scope: str) -> None:
    assert required_scope(operation) == scope


class TestThroughTheClient:
    def test_a_daily_limit_is_waited_for_and_even_a_create_is_repeated(
        self, planfix: Planfix, server: responses.RequestsMock, clock: ManualClock
    ) -> None:
        server.post(f"{BASE}/task/", status=403, json=fail(22, "Daily limit", timeToReset=60))
        server.post(f"{BASE}/task/", status=201, json={"result": "success", "id": 7})
        before = clock.now()
        assert planfix.tasks.create(name="x").id == 7
        assert (clock.now() - before).total_seconds() >= 75

    def test_a_daily_limit_that_lasts_longer_than_we_wait_is_told(
        self, planfix: Planfix, server: responses.RequestsMock
    ) -> None:
        server.post(f"{BASE}/task/list", json=fail(22, "Daily limit", timeToReset=36_000_000))
        with pytest.raises(QuotaExhausted) as caught:
            planfix.tasks.page()
        assert caught.value.retry_after == 36_015

    def test_a_failing_read_is_repeated(self, planfix: Planfix, server: responses.RequestsMock) -> None:
        server.get(f"{BASE}/task/5", status=500, json=fail(0, "Rest API error"))
        server.get(f"{BASE}/task/5", status=504, body="<html>gateway</html>", content_type="text/html")
        server.get(f"{BASE}/task/5", json={"result": "success", "task": {"id": 5, "name": "x"}})
        assert planfix.tasks.get(5).name == "x"

    @pytest.mark.parametrize("status", [500, 504])
    def test_a_failing_create_is_not_repeated(
        self, planfix: Planfix, server: responses.RequestsMock, status: int
    ) -> None:
        server.post(f"{BASE}/task/", status=status, json=fail(0, "Rest API error"))
        with pytest.raises(OutcomeUnknown, match="POST /task/ may or may not have been carried out"):
            planfix.tasks.create(name="x")
        assert len(server.calls) == 1

    def test_a_lost_answer_of_an_update_is_repeated_and_of_a_comment_not(
        self, planfix: Planfix, server: responses.RequestsMock
    ) -> None:
        server.post(f"{BASE}/task/5", body=ConnectionResetError("peer"))
        server.post(f"{BASE}/task/5", json={"result": "success"})
        assert planfix.tasks.update(5, name="x").complete
        server.post(f"{BASE}/task/5/comments/", body=ConnectionResetError("peer"))
        with pytest.raises(OutcomeUnknown):
            planfix.comments.create(5, "hello")
        assert len(server.calls) == 3

    def test_a_web_page_is_no_answer_of_the_api(
        self, planfix: Planfix, server: responses.RequestsMock
    ) -> None:
        server.get(f"{BASE}/ping", body="<html>Log in</html>", content_type="text/html")
        with pytest.raises(TransportError):
            planfix.ping()

    def test_no_secret_is_ever_shown(
        self, planfix: Planfix, server: responses.RequestsMock, token: str
    ) -> None:
        server.get(f"{BASE}/ping", status=401, json=fail(1, f"unknown token {token} in Bearer {token}"))
        with pytest.raises(AuthenticationError) as caught:
            planfix.ping()
        shown = [str(caught.value), repr(caught.value), repr(planfix), str(planfix), repr(vars(planfix))]
        assert not any(token in text for text in shown)
        error: BaseException | None = caught.value
        while error is not None:
            assert token not in repr(error) + str(error)
            error = error.__cause__ or error.__context__
