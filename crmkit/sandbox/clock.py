"""The sandbox's own time: it stands still until somebody moves it, or runs with the machine.

It has the three methods that crmkit expects of a clock, so that it can be handed to a client; it is written
anew here because the sandbox shares no code with what it judges.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

__all__ = ["SandboxClock"]


class SandboxClock:
    """A clock that can be frozen and moved forward, never back.

    Args:
        start: The first moment it shows; aware.
        frozen: Stand still between moves. Otherwise it runs with the machine, and moves are added on top.

    Example:
        >>> clock = SandboxClock(datetime(2025, 3, 3, 6, tzinfo=UTC))
        >>> clock.sleep(1.5)
        >>> clock.advance(days=7)
        >>> clock.now().isoformat(), clock.monotonic()
        ('2025-03-10T06:00:01.500000+00:00', 604801.5)
    """

    def __init__(self, start: datetime, *, frozen: bool = True) -> None:
        if start.tzinfo is None:
            raise ValueError("the sandbox clock needs an aware datetime: give it a time zone")
        self.frozen = frozen
        self._start = start.astimezone(UTC)
        self._moved = 0.0
        self._rewound_at = 0.0
        self._born = time.monotonic()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return self._start + timedelta(seconds=self.monotonic() - self._rewound_at)

    def monotonic(self) -> float:
        """Return the seconds since the clock was made, as it sees them."""
        with self._lock:
            return self._moved if self.frozen else self._moved + time.monotonic() - self._born

    def timestamp(self) -> float:
        """Return the present moment as seconds since 1970."""
        return self._start.timestamp() + self.monotonic() - self._rewound_at

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass: a frozen clock is moved, a running one really waits."""
        if seconds <= 0:
            return
        if self.frozen:
            self._move(seconds)
        else:
            time.sleep(seconds)

    def advance(self, **delta: float) -> None:
        """Move the clock by ``timedelta(**delta)`` without waiting, for example ``advance(days=15)``.

        Raises:
            ValueError: The delta is negative.
        """
        seconds = timedelta(**delta).total_seconds()
        if seconds < 0:
            raise ValueError("the sandbox clock does not go back: reset the sandbox instead")
        self._move(seconds)

    def set(self, moment: datetime) -> None:
        """Move the clock to a moment.

        Raises:
            ValueError: The moment is in the past or has no time zone.
        """
        if moment.tzinfo is None:
            raise ValueError("the sandbox clock needs an aware datetime: give it a time zone")
        self.advance(seconds=(moment - self.now()).total_seconds())

    def rewind(self) -> None:
        """Show the first moment again; :meth:`monotonic` goes on all the same."""
        self._rewound_at = self.monotonic()

    def on_move(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every move; it runs in the thread that moved the clock."""
        self._listeners.append(listener)

    def _move(self, seconds: float) -> None:
        with self._lock:
            self._moved += seconds
        for listener in self._listeners:
            listener()
