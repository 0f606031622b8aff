"""Where the rest of the package gets its time from.

Nothing in crmkit calls ``time.sleep`` or ``datetime.now`` itself: a clock is handed in, so that a test, the
demo and a simulation move through weeks without waiting.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable

__all__ = ["Clock", "ManualClock", "SystemClock"]


@runtime_checkable
class Clock(Protocol):
    """What crmkit needs of time. Any object with these three methods will do."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back; only differences mean anything."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds; zero or less returns at once."""
        ...


class SystemClock:
    """The time of the machine."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for so many seconds."""
        if seconds > 0:
            time.sleep(seconds)


class ManualClock:
    """A clock that stands still until it is moved; sleeping moves it.

    Args:
        start: The first moment it shows; aware.

    Example:
        >>> clock = ManualClock(datetime(2025, 3, 1, 9, tzinfo=UTC))
        >>> clock.sleep(90)
        >>> clock.now().isoformat()
        '2025-03-01T09:01:30+00:00'
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("ManualClock needs an aware datetime: give it a time zone")
        self._start = start.astimezone(UTC)
        self._elapsed = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the moment the clock shows, in UTC."""
        with self._lock:
            return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Return the seconds by which the clock was moved."""
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Move the clock on instead of waiting."""
        if seconds > 0:
            with self._lock:
                self._elapsed += seconds

    def advance(self, **delta: float) -> None:
        """Move the clock by ``timedelta(**delta)``, for example ``advance(days=15)``."""
        self.sleep(timedelta(**delta).total_seconds())
