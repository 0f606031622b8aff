"""The Planfix client on the sandbox, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmkit.planfix import Planfix
from crmkit.sandbox import Sandbox
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox


@pytest.fixture
def box() -> Iterator[PlanfixSandbox]:
    """An account with people, processes and fields, without tasks."""
    with Sandbox.planfix(seed="empty", report_chunk=2) as box:
        yield box


@pytest.fixture
def planfix(box: PlanfixSandbox) -> Iterator[Planfix]:
    """The administrator's client, on the sandbox's clock."""
    with Planfix(box.url, token=box.tokens["admin"], clock=box.clock) as client:
        yield client
