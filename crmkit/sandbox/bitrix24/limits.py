"""The portal's limits, on the sandbox's clock: the leaky bucket and the operating budgets."""

from __future__ import annotations

from fnmatch import fnmatchcase

from crmkit.sandbox.bitrix24.settings import Settings
from crmkit.sandbox.clock import SandboxClock

__all__ = ["Bucket", "Budgets", "cost_of"]

MINUTES = 10
COUNTED_FROM = 0.1
"""Seconds: calls that are not longer do not count."""


class Bucket:
    """Counts requests of all applications of one address; a batch is one request."""

    def __init__(self, clock: SandboxClock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._level = 0.0
        self._seen = clock.monotonic()
        self.refused = 0

    def take(self) -> bool:
        """Put a request in; tell whether it fitted."""
        now, settings = self._clock.monotonic(), self._settings
        self._level = max(0.0, self._level - (now - self._seen) * settings.rate)
        self._seen = now
        # A hair of tolerance: sums of floats must not refuse a client that waits exactly long enough.
        fits = self._level + 1 <= settings.burst + 1e-6
        if not fits:
            self.refused += 1
        if fits or settings.count_refused:
            self._level = min(self._level + 1, settings.burst)
        return fits or not settings.strict_limits


class Budgets:
    """Sums the work per caller and method over ten buckets of a minute each."""

    def __init__(self, clock: SandboxClock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._spent: dict[tuple[str, str], dict[int, float]] = {}

    def exhausted(self, caller: str, method: str) -> bool:
        """Tell whether a method is blocked; it is asked before the call, not after."""
        limit = self._settings.operating_limit
        if not self._settings.strict_limits or limit <= 0 or (caller, method) not in self._spent:
            return False
        return self.operating(caller, method) >= limit

    def spend(self, caller: str, method: str, seconds: float) -> None:
        """Count the work of a call."""
        if seconds > COUNTED_FROM:
            minutes = self._spent.setdefault((caller, method), {})
            minute = self._minute()
            minutes[minute] = minutes.get(minute, 0.0) + seconds

    def operating(self, caller: str, method: str) -> float:
        """Return the seconds of work within the last ten minutes."""
        return sum(self._recent(caller, method).values())

    def reset_at(self, caller: str, method: str) -> int:
        """Return when the oldest of that work is forgotten, in seconds since 1970."""
        oldest = min(self._recent(caller, method), default=None)
        if oldest is None:
            return int(self._clock.timestamp()) + MINUTES * 60
        return (oldest + MINUTES) * 60

    def _minute(self) -> int:
        return int(self._clock.timestamp() // 60)

    def _recent(self, caller: str, method: str) -> dict[int, float]:
        minutes = self._spent.get((caller, method))
        if not minutes:
            return {}
        first = self._minute() - MINUTES
        for old in [minute for minute in minutes if minute <= first]:
            del minutes[old]
        return minutes


def cost_of(settings: Settings, method: str) -> float:
    """Return the seconds of work that a call of a method is said to take."""
    if not isinstance(settings.cost, dict):
        return settings.cost
    for pattern, seconds in settings.cost.items():
        if fnmatchcase(method, pattern):
            return seconds
    return 0.0
