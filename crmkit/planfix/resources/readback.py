"""Looking whether what was written is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from crmkit.clock import Clock
from crmkit.planfix.models.base import Entity
from crmkit.planfix.resources.base import ReadBack

__all__ = ["wait_until_visible"]

E = TypeVar("E", bound=Entity)


def wait_until_visible(
    read: Callable[[], E],
    missing: Callable[[E], tuple[str, ...]],
    *,
    clock: Clock,
    timeout: float,
    pause: float,
) -> ReadBack[E]:
    """Read until nothing is missing or the time is up; reads once at least.

    Args:
        read: Reads the object.
        missing: Names what it does not show yet.
        clock: Time.
        timeout: Seconds after which the last look is final.
        pause: Seconds between two looks.
    """
    begun = clock.monotonic()
    while True:
        entity = read()
        pending = missing(entity)
        waited = clock.monotonic() - begun
        if not pending or waited + pause > timeout:
            return ReadBack(not pending, entity, pending, waited)
        clock.sleep(pause)
