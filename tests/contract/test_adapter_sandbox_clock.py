"""The clock that ``clock = "sandbox"`` means: a sandbox of another process is asked and moved."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest

from crmkit.clock import Clock
from crmkit.crm.models import Deal
from crmkit.crm.registry import connect
from crmkit.exceptions import ConfigurationError, TransportError
from crmkit.sandbox import Sandbox
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox
from crmkit.testing.clock import SandboxClock
from crmkit.testing.planfix import portal_of


@pytest.fixture
def clock(planfix_sandbox: PlanfixSandbox) -> SandboxClock:
    return SandboxClock(planfix_sandbox.control_url)


def test_it_is_a_clock(clock: SandboxClock) -> None:
    assert isinstance(clock, Clock)


def test_it_shows_the_time_of_the_sandbox(clock: SandboxClock, planfix_sandbox: PlanfixSandbox) -> None:
    assert clock.now() == planfix_sandbox.clock.now() == datetime(2025, 3, 3, 6, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_sleeping_moves_the_sandbox(clock: SandboxClock, planfix_sandbox: PlanfixSandbox) -> None:
    before, moment = clock.monotonic(), planfix_sandbox.clock.now()
    clock.sleep(90)
    clock.sleep(0)
    clock.sleep(-5)
    clock.advance(days=1)
    assert planfix_sandbox.clock.now() - moment == timedelta(days=1, seconds=90)
    assert clock.monotonic() - before == 86_490


def test_the_settings_ask_for_it(planfix_sandbox: PlanfixSandbox) -> None:
    """A client that was told nothing but its section lives in the sandbox's time, rate limit included."""
    portal = portal_of(planfix_sandbox)
    with connect(portal) as crm:
        assert isinstance(crm.clock, SandboxClock)
        assert len(list(crm.deals.find(Deal.is_open))) > 90
    assert {entry.status for entry in planfix_sandbox.requests} == {200}


def test_a_sandbox_that_is_gone_is_told() -> None:
    with Sandbox.planfix(seed="empty") as box:
        clock = SandboxClock(box.control_url)
    with pytest.raises(TransportError, match=r"no sandbox answers at 127\.0\.0\.1:\d+: .*crmkit sandbox"):
        clock.now()


def test_something_else_on_that_port_is_told() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        clock = SandboxClock(f"http://127.0.0.1:{other.getsockname()[1]}/__control")
        other.close()
        with pytest.raises(TransportError):
            clock.sleep(1)


def test_a_wrong_path_is_told(planfix_sandbox: PlanfixSandbox) -> None:
    with pytest.raises(TransportError, match="it answered 404"):
        SandboxClock(planfix_sandbox.control_url + "/nowhere").now()


def test_a_real_portal_has_no_such_clock() -> None:
    with pytest.raises(ConfigurationError, match="is not on this machine"):
        SandboxClock("https://acme.planfix.ru/__control")
