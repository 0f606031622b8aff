"""What a test needs of an adapter; without it the test is skipped, with the adapter's own reason."""

from __future__ import annotations

import pytest

from crmkit.crm.capabilities import Capability
from crmkit.crm.rooms import Room
from crmkit.testing.bench import Bench

__all__ = ["needs", "writes_itself"]


def needs(bench: Bench, *capabilities: Capability) -> None:
    """Skip the test unless the adapter has all these capabilities."""
    has = bench.crm.capabilities
    for one in capabilities:
        if one not in has:
            pytest.skip(f"{bench.crm.provider}: no {one.value}: {has.reasons.get(one, 'no reason given')}")


def writes_itself(bench: Bench, room: Room, *methods: str) -> None:
    """Skip the test unless the adapter has its own form of these methods of a room."""
    for name in methods:
        if getattr(type(room), name) is getattr(type(room).__mro__[1], name, None):
            pytest.skip(f"{bench.crm.provider}: {type(room).__name__}.{name} is not written")
