"""The look that all tests have at what is said to and by Planfix sandboxes does see mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from crmkit.sandbox import Sandbox
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox
from crmkit.sandbox.wire import Reply, Request

from ..planfix_watch import Watch
from .planfix_description import description, needs_description

pytestmark = [needs_description, pytest.mark.wrong_requests]
LIST = {"offset": 0, "pageSize": 100, "fields": "id"}


@pytest.fixture
def box() -> Iterator[PlanfixSandbox]:
    with Sandbox.planfix(seed="empty") as box:
        yield box


def send(box: PlanfixSandbox, verb: str, path: str, **body: Any) -> None:
    headers = {"Authorization": f"Bearer {box.tokens['admin']}"}
    requests.request(verb, box.url + path, headers=headers, timeout=5, **body).close()


@pytest.mark.parametrize(
    ("verb", "path", "body", "problem"),
    [
        ("POST", "/task/list", {"json": LIST | {"pageSize": 101}}, "$.pageSize: 101 is greater"),
        ("POST", "/task/list", {"json": LIST | {"colour": 1}}, "unknown colour"),
        ("POST", "/task/list", {"json": LIST | {"filters": [{"type": 1}]}}, "'operator' is a required"),
        ("POST", "/task/list", {"data": "{"}, "has a body of ''"),
        ("POST", "/task/filters", {"json": {}}, "documented: none"),
        ("GET", "/task/5?colour=1", {}, "unknown parameter colour"),
        ("GET", "/user/list", {}, "is not documented"),
        ("POST", "/task/5?silent=yes", {"json": {"name": "x"}}, "silent=yes, which is no boolean"),
        ("POST", "/task", {"json": {"name": "x"}}, "is not documented"),
    ],
    ids=["page", "key", "filter", "no-json", "body", "parameter", "path", "flag", "slash"],
)
def test_a_wrong_request_is_seen(
    box: PlanfixSandbox, planfix_watch: Watch, verb: str, path: str, body: dict[str, Any], problem: str
) -> None:
    send(box, verb, path, **body)
    assert any(problem in one for one in planfix_watch.wrong_requests), planfix_watch.wrong_requests


def test_a_right_request_is_none_of_them(box: PlanfixSandbox, planfix_watch: Watch) -> None:
    before = planfix_watch.compared
    send(box, "POST", "/task/list", json=LIST)
    send(box, "GET", "/user/groups?fields=id,name")
    assert planfix_watch.compared == before + 2
    assert planfix_watch.wrong_requests == {}


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (200, b'{"result": "success", "tasks": [{"id": "five"}]}', "$.tasks[0].id"),
        (204, b"", "is answered with 204"),
        (400, b'{"code": "none"}', "$.code"),
    ],
    ids=["row", "status", "error"],
)
def test_a_wrong_answer_is_seen(status: int, body: bytes, problem: str) -> None:
    watch = Watch(description())
    watch.answer(Request("POST", "/task/list", {}, {}), Reply(status, body))
    assert any(problem in one for one in watch.wrong_answers), watch.wrong_answers
