"""How many commands one request carries: as many as end well before the portal's sixty seconds."""

from __future__ import annotations

__all__ = ["PAGE", "Sizer", "grown"]

PAGE = 50
"""Rows of a page, and commands of a batch: the portal's limits."""
STEP = 5
"""Commands by which a size grows again: a portal that was slow a moment ago may still be."""


def grown(size: int) -> int:
    """Return the next larger size.

    Example:
        >>> grown(6), grown(48)
        (11, 50)
    """
    return min(PAGE, size + STEP)


class Sizer:
    """Shrinks at once, to what fits or to the half; grows by small steps, each after a few good requests."""

    GOAL = 30.0
    """Seconds that a request should take the portal at most."""
    GOOD = 2
    """Full requests that have to go well before the next step."""

    def __init__(self) -> None:
        self.size = PAGE
        self._good = 0

    def learn(self, commands: int, seconds: float) -> None:
        """Note how long a batch of so many commands took the portal, 0 if it does not say.

        Example:
            >>> sizer = Sizer()
            >>> sizer.learn(50, 50.0)
            >>> sizer.size
            30
            >>> for _ in range(2):
            ...     sizer.learn(30, 5.0)
            >>> sizer.size
            35
        """
        fitting = int(self.GOAL * commands / seconds) if seconds > 0 else PAGE
        if fitting < self.size:
            self.size, self._good = max(1, fitting), 0
        elif commands >= self.size:
            self._good += 1
            if self._good >= self.GOOD:
                self.size, self._good = min(grown(self.size), max(self.size, fitting)), 0

    def lost(self, commands: int) -> None:
        """Note that a batch of so many commands brought no answer."""
        self.size, self._good = max(1, min(self.size, commands // 2)), 0
