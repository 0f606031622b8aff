"""pytest fixtures: a portal of either vendor on this machine and the adapter on it.

Take them into a ``conftest.py``::

    from crmkit.testing.fixtures import planfix_bench, planfix_crm, planfix_options, planfix_sandbox

Everything runs on the sandbox's frozen clock: it moves by the pauses of the request limiter and when it is
told to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crmkit.crm.base import Crm
from crmkit.sandbox import Sandbox
from crmkit.sandbox.bitrix24.sandbox import Bitrix24Sandbox
from crmkit.sandbox.planfix.sandbox import PlanfixSandbox
from crmkit.testing import bitrix24
from crmkit.testing.bitrix24 import Bitrix24Bench
from crmkit.testing.planfix import PlanfixBench, open_crm

__all__ = [
    "bitrix24_bench",
    "bitrix24_crm",
    "bitrix24_options",
    "bitrix24_sandbox",
    "planfix_bench",
    "planfix_crm",
    "planfix_options",
    "planfix_sandbox",
]


@pytest.fixture
def planfix_options() -> dict[str, Any]:
    """Options of the sandbox; override it for another seed or other doubts about the vendor."""
    return {"seed": "stale_deals", "deals": 130, "stalled": 40, "refused": 3, "snoozed": 2}


@pytest.fixture
def planfix_sandbox(planfix_options: dict[str, Any]) -> Iterator[PlanfixSandbox]:
    """A Planfix account on this machine, fresh for every test."""
    with Sandbox.planfix(**planfix_options) as box:
        yield box


@pytest.fixture
def planfix_crm(planfix_sandbox: PlanfixSandbox) -> Iterator[Crm]:
    """The adapter on that account, acting as its robot."""
    with open_crm(planfix_sandbox) as crm:
        yield crm


@pytest.fixture
def planfix_bench(planfix_sandbox: PlanfixSandbox, planfix_crm: Crm) -> PlanfixBench:
    """The account and the adapter as the shared suites want them."""
    return PlanfixBench(planfix_sandbox, planfix_crm)


@pytest.fixture
def bitrix24_options() -> dict[str, Any]:
    """Options of the sandbox; override it for another seed or other doubts about the vendor."""
    return {"seed": "stale_deals", "deals": 130, "stalled": 40, "refused": 3, "snoozed": 2}


@pytest.fixture
def bitrix24_sandbox(bitrix24_options: dict[str, Any]) -> Iterator[Bitrix24Sandbox]:
    """A Bitrix24 portal on this machine, fresh for every test."""
    with Sandbox.bitrix24(**bitrix24_options) as box:
        yield box


@pytest.fixture
def bitrix24_crm(bitrix24_sandbox: Bitrix24Sandbox) -> Iterator[Crm]:
    """The adapter on that portal, acting as its robot."""
    with bitrix24.open_crm(bitrix24_sandbox) as crm:
        yield crm


@pytest.fixture
def bitrix24_bench(bitrix24_sandbox: Bitrix24Sandbox, bitrix24_crm: Crm) -> Bitrix24Bench:
    """The portal and the adapter as the shared suites want them."""
    return Bitrix24Bench(bitrix24_sandbox, bitrix24_crm)
