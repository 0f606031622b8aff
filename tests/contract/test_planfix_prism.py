"""All operations against a mock server that follows the vendor's description: Prism, started by hand.

How to start it is told in ``docs/providers/planfix-mock.md``; its address goes into ``CRMKIT_PRISM``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from crmkit.clock import ManualClock
from crmkit.exceptions import ApiError, CrmkitError
from crmkit.planfix import Planfix

from .planfix_mock import PREFIX, prepare
from .test_planfix_operations import CALLS, NOON, Call
from .test_planfix_requests import OPERATIONS as DETAILED

ADDRESS = os.environ.get("CRMKIT_PRISM", "").rstrip("/")
needs_prism = pytest.mark.skipif(not ADDRESS, reason="CRMKIT_PRISM names no Prism, as http://127.0.0.1:4010")


class Noting(requests.Session):
    """Keeps the answers, which Prism marks with what it does not like."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[requests.Response] = []

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        answer = super().send(request, **settings)
        self.answers.append(answer)
        return answer

    def complaints(self) -> list[str]:
        """Return what Prism did not like since the last look."""
        found = [f"HTTP {one.status_code}" for one in self.answers if one.status_code >= 400]
        for answer in self.answers:
            for one in json.loads(answer.headers.get("sl-violations", "[]")):
                found.append(f"{'.'.join(map(str, one['location']))}: {one['message']}")
        self.answers.clear()
        return found


@pytest.fixture
def session() -> Iterator[Noting]:
    with Noting() as session:
        yield session


@pytest.fixture
def planfix(session: Noting) -> Iterator[Planfix]:
    with Planfix(ADDRESS + PREFIX, token="any", clock=ManualClock(NOON), session=session) as client:
        yield client


def complaints(planfix: Planfix, session: Noting, calls: dict[str, Call]) -> dict[str, list[str]]:
    """Make the calls and return what was wrong with them: the request, or an answer that is not read."""
    wrong = {}
    for name, call in calls.items():
        trouble = []
        try:
            call(planfix)
        except CrmkitError as error:
            trouble.append(str(error))
        if found := trouble + session.complaints():
            wrong[name] = found
    return wrong


@needs_prism
def test_all_operations_fit_the_description(planfix: Planfix, session: Noting) -> None:
    assert complaints(planfix, session, CALLS) == {}
    assert planfix.requests_sent >= len(CALLS) == 114


@needs_prism
def test_their_arguments_fit_the_description(planfix: Planfix, session: Noting) -> None:
    assert complaints(planfix, session, DETAILED) == {}


@needs_prism
@pytest.mark.parametrize(
    "body",
    [{"pageSize": 1000}, {"filters": [{"type": "status", "operator": "equal"}]}, {"fields": ["id"]}],
    ids=["page", "filter", "fields"],
)
def test_the_mock_is_awake(planfix: Planfix, body: dict[str, Any]) -> None:
    """Otherwise the tests above would prove nothing."""
    with pytest.raises(ApiError):
        planfix.call("POST", "/task/list", body)


def test_examples_that_no_portal_would_send_are_replaced() -> None:
    moment = {"type": "string", "example": "23:59 (HH:mm)"}
    location = {"schema": {"type": "string"}}
    description = {
        "paths": {
            "/file/{id}/download": {"get": {"responses": {"302": {"headers": {"Location": location}}}}}
        },
        "components": {
            "properties": {"id": {"type": "integer"}, "result": {"type": "string"}, "time": moment},
            "example": {"value": 1},
        },
    }
    prepared = prepare(description)
    assert prepared["components"] == {
        "properties": {
            "id": {"type": "integer", "example": 7},
            "result": {"type": "string", "example": "success"},
            "time": {"type": "string", "example": "23:59"},
        }
    }
    (path,) = prepared["paths"]
    assert path == "/rest/file/{id}/download"
    assert "example" not in location["schema"]
