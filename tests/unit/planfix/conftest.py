"""A Planfix client against canned answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from crmkit.clock import ManualClock
from crmkit.planfix import Planfix

BASE = "https://acme.planfix.ru/rest"
TOKEN = "t0ken-that-nobody-may-see"


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2025, 3, 3, 6, 0, tzinfo=UTC))


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def planfix(server: responses.RequestsMock, clock: ManualClock) -> Iterator[Planfix]:
    with Planfix(BASE, token=TOKEN, clock=clock) as client:
        yield client


@pytest.fixture
def bodies(server: responses.RequestsMock) -> Callable[[], list[Any]]:
    """The JSON bodies that were sent, in order."""

    def sent() -> list[Any]:
        return [json.loads(call.request.body) for call in server.calls if call.request.body]

    return sent
