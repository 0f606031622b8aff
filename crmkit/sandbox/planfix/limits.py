"""The vendor's limits: one request a second per account, and so many a day."""

from __future__ import annotations

import math
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from crmkit.sandbox.clock import SandboxClock
from crmkit.sandbox.planfix.exceptions import Refused, limit_exceeded
from crmkit.sandbox.planfix.settings import Settings

__all__ = ["Limits"]

FROZEN_TOLERANCE, RUNNING_TOLERANCE = 0.001, 0.5


class Limits:
    """Counts the requests of an account.

    The rate is judged by the long run: each request moves the moment at which the next one is due by ``1 /
    rate``, and a request may come early by the tolerance only. A client that sends exactly every second is
    therefore never refused, while one that is faster on average is, sooner or later. A refused request costs
    nothing.
    """

    def __init__(self, clock: SandboxClock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._due = float("-inf")
        self._day = ""
        self.used = 0
        self._shown = 0
        self._shown_at = float("-inf")

    def take(self) -> None:
        """Count a request.

        Raises:
            Refused: Code 22: too fast, or the day's budget is used up.
        """
        self._new_day()
        limit = self._settings.daily_limit
        if limit is not None and self.used >= limit:
            raise self.exhausted()
        if self._settings.strict_limits:
            self._pace()
        self.used += 1

    def exhausted(self) -> Refused:
        """Return the refusal for a used-up day."""
        return limit_exceeded(self._reset_in(self._until_midnight()))

    def headers(self) -> dict[str, str]:
        """Return the headers of an answer; the number of requests left is old by up to ten minutes."""
        limit = self._settings.daily_limit
        if limit is None:
            return {}
        now = self._clock.monotonic()
        if now - self._shown_at >= self._settings.remaining_every:
            self._shown, self._shown_at = max(0, limit - self.used), now
        return {"X-RateLimit-Remaining": str(self._shown)}

    def _pace(self) -> None:
        now, step = self._clock.monotonic(), 1 / self._settings.rate
        tolerance = self._settings.rate_tolerance
        if tolerance is None:
            tolerance = FROZEN_TOLERANCE if self._clock.frozen else RUNNING_TOLERANCE
        if now < self._due - tolerance:
            status = 429 if self._settings.rate_breach == "429" else 403
            raise limit_exceeded(self._reset_in(self._due - now), status=status)
        self._due = max(now, self._due) + step

    def _reset_in(self, seconds: float) -> int:
        return (
            math.ceil(seconds * 1000)
            if self._settings.time_to_reset == "milliseconds"
            else math.ceil(seconds)
        )

    def _new_day(self) -> None:
        day = self._local().date().isoformat()
        if day != self._day:
            self._day, self.used = day, 0

    def _until_midnight(self) -> float:
        local = self._local()
        midnight = datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo)
        return (midnight - local).total_seconds()

    def _local(self) -> datetime:
        return self._clock.now().astimezone(ZoneInfo(self._settings.timezone))
