"""How often a portal may be asked: the pace, and with it the day's budget and pauses of single operations.

Times are whole nanoseconds inside, so that a thousand reservations do not drift; seconds outside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Protocol

from crmkit.clock import Clock
from crmkit.exceptions import RateLimited
from crmkit.transport.budgets import DailyBudget, OperatingBudget, in_words
from crmkit.transport.limiter_store import LimiterStore, MemoryStore, SQLiteStore, State

__all__ = [
    "BITRIX24",
    "BITRIX24_ENTERPRISE",
    "PLANFIX",
    "BucketRule",
    "DailyBudget",
    "LeakyBucket",
    "Limiter",
    "LimiterStore",
    "MemoryStore",
    "OperatingBudget",
    "SQLiteStore",
]

_SECOND = 1_000_000_000
_SHORTEST_SLEEP = 1_000
"""Nanoseconds: less would be lost in the float that a clock adds it to."""


@dataclass(frozen=True, slots=True)
class BucketRule:
    """The pace of a vendor: in any span of ``t`` seconds at most ``burst + rate * t`` requests.

    Args:
        rate: Requests per second in the long run.
        burst: Requests that may go at once after a rest.
    """

    rate: float
    burst: int = 1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.rate) and self.rate > 0 and self.burst >= 1):
            raise ValueError(
                f"a rate must be above 0 and a burst at least 1, not {self.rate:g} and {self.burst}"
            )

    @property
    def interval(self) -> int:
        """Nanoseconds between two requests in the long run, rounded up."""
        return math.ceil(_SECOND / self.rate)

    @property
    def tolerance(self) -> int:
        """Nanoseconds by which a rested caller may run ahead of the pace."""
        return (self.burst - 1) * self.interval


PLANFIX = BucketRule(1.0, 1)
"""One request a second per account, nothing ahead (vendor's introduction to the REST API)."""
BITRIX24 = BucketRule(2.0, 49)
"""Two a second, fifty ahead, per portal and source address; a batch counts once (vendor's page on limits).

One of the fifty is kept back. The portal counts when a request arrives, we when it leaves; the first ones,
which open connections, take longer than the later ones, which then seem to come too early.
"""
BITRIX24_ENTERPRISE = BucketRule(5.0, 248)
"""Five a second, 250 ahead, of which two are kept back; the Enterprise tariff."""


class LeakyBucket:
    """Hands out the moments at which requests may go, each moment once.

    The next free moment is taken in one atomic step and then waited for, never looked at and waited for, so
    any number of threads (or processes, with a shared store) together keep the pace, in the order in which
    they asked.

    Args:
        rule: The pace.
        clock: Time; all who share a store must share its monotonic seconds too (true for the processes of a
            machine).
        store: Where the state is; this process by default.
        key: Which bucket in the store: the portal, without its secret.

    Example:
        >>> from datetime import datetime
        >>> from crmkit.clock import ManualClock
        >>> bucket = LeakyBucket(PLANFIX, ManualClock(datetime(2025, 3, 3, tzinfo=UTC)))
        >>> [bucket.reserve() for _ in range(3)]
        [0.0, 1.0, 2.0]
    """

    def __init__(
        self, rule: BucketRule, clock: Clock, *, store: LimiterStore | None = None, key: str = ""
    ) -> None:
        self.rule = rule
        self._clock = clock
        self._store = MemoryStore() if store is None else store
        self._key = f"bucket:{key}"

    def reserve(self) -> float:
        """Take the next free moment and return the seconds until then. The caller waits."""
        asked, start = self._take()
        return (start - asked) / _SECOND

    def acquire(self) -> float:
        """Take the next free moment, wait for it and return the seconds waited."""
        asked, moment = self._take()
        while True:
            while (now := self._now()) < moment:
                self._clock.sleep(max(moment - now, _SHORTEST_SLEEP) / _SECOND)
            moment, now = self._go()
            if moment <= now:
                return (now - asked) / _SECOND

    def overflow(self) -> None:
        """Note that the vendor found the bucket full: others filled it, or we did before we were started."""

        def change(state: State | None) -> State:
            now = self._now()
            tat, gone = self._arrivals(state, now)
            full = now + self.rule.tolerance + self.rule.interval
            return max(tat, full), now, max(gone, full)

        self._store.update(self._key, change)

    def forecast(self, requests: int) -> float:
        """Return the seconds until so many requests could have gone, if nobody else asked."""
        if requests < 1:
            return 0.0
        tat, seen, *_ = self._store.update(self._key, lambda state: state or (0, 0, 0))
        now = self._now()
        ahead = max(tat, now) if seen <= now else now + self.rule.tolerance
        return max(0, ahead + (requests - 1) * self.rule.interval - self.rule.tolerance - now) / _SECOND

    def _take(self) -> tuple[int, int]:
        """Reserve by virtual scheduling (ITU-T I.371); return the present and the reserved moment.

        The state is the theoretical arrival time of the next reservation, the latest moment at which one was
        asked for, and the theoretical arrival time by the requests that really went.
        """
        now = start = 0

        def change(state: State | None) -> State:
            nonlocal now, start
            now = self._now()
            tat, gone = self._arrivals(state, now)
            start = max(now, tat - self.rule.tolerance)
            return max(tat, start) + self.rule.interval, now, gone

        self._store.update(self._key, change)
        return now, start

    def _go(self) -> tuple[int, int]:
        """Count a request that is about to go; return the moment from which it may, and the present.

        Who overslept must not be followed too closely by who did not, though each has a moment of its own.
        """
        now = moment = 0

        def change(state: State | None) -> State:
            nonlocal now, moment
            now = self._now()
            tat, seen, gone = state or (now, now, now)
            moment = gone - self.rule.tolerance
            if now < moment:
                return tat, seen, gone
            gone = max(gone, now) + self.rule.interval
            return max(tat, gone), seen, gone

        self._store.update(self._key, change)
        return moment, now

    def _arrivals(self, state: State | None, now: int) -> tuple[int, int]:
        """Return the theoretical arrival times: by reservations, and by what really went."""
        tat, seen, gone = state or (now, now, now)
        if now < seen:
            # The machine was restarted and its monotonic clock with it. The burst may have been spent.
            tat = gone = now + self.rule.tolerance
        return tat, gone

    def _now(self) -> int:
        return int(self._clock.monotonic() * _SECOND)


class Observed(Protocol):
    """What a limiter looks at in an answer."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, case-insensitive."""
        ...


class Limiter:
    """All limits of one account, asked in front of every request.

    Args:
        rule: The pace, for example :data:`PLANFIX`.
        clock: Time.
        daily_limit: Requests per day by tariff, if there is such a limit.
        timezone: The account's time zone, for the start of the day.
        store: Shared state, if several processes talk to the account; see :class:`SQLiteStore`.
        key: The account in that store, for example its host; never a secret.
        remaining_header: The header with the vendor's count of what is left today.

    Example:
        >>> from datetime import datetime
        >>> from crmkit.clock import ManualClock
        >>> limiter = Limiter(PLANFIX, ManualClock(datetime(2025, 3, 3, tzinfo=UTC)), daily_limit=20_000)
        >>> limiter.acquire("GET /task/{id}"), limiter.acquire("GET /task/{id}"), limiter.daily.left
        (0.0, 1.0, 19998)
    """

    def __init__(
        self,
        rule: BucketRule,
        clock: Clock,
        *,
        daily_limit: int | None = None,
        timezone: str | tzinfo = UTC,
        store: LimiterStore | None = None,
        key: str = "",
        remaining_header: str = "X-RateLimit-Remaining",
    ) -> None:
        store = MemoryStore() if store is None else store
        self.bucket = LeakyBucket(rule, clock, store=store, key=key)
        self.daily = DailyBudget(daily_limit, clock, timezone, store=store, key=key)
        self.operating = OperatingBudget(clock, store=store, key=key)
        self._clock = clock
        self._header = remaining_header

    def acquire(self, operation: str, *, max_wait: float = math.inf) -> float:
        """Wait until the operation may be sent, count it and return the seconds waited.

        Raises:
            QuotaExhausted: The day's budget is used up. Nothing may be sent.
            RateLimited: The operation is paused for longer than ``max_wait`` seconds.
        """
        asked = self._clock.monotonic()
        self._sit_out(operation, max_wait)
        self.daily.take(operation)
        self.bucket.acquire()
        while self.operating.delay(operation) > 0:
            # Somebody was told to slow down while we waited for our turn.
            self._sit_out(operation, max_wait)
            self.bucket.acquire()
        return self._clock.monotonic() - asked

    def observe(self, operation: str, response: Observed) -> None:
        """Learn from an answer what the vendor thinks is left."""
        figure = response.headers.get(self._header, "").strip()
        if figure.isdecimal():
            self.daily.observe(int(figure))

    def pause(self, operation: str | None, seconds: float) -> None:
        """Stop the operation for so many seconds; ``None``: all of them, and nothing of the burst is left."""
        self.operating.pause(operation, seconds)
        if operation is None:
            self.bucket.overflow()

    def forecast(self, requests: int) -> float:
        """Return the seconds that so many requests will take at least, by pace and daily budget."""
        return max(self.bucket.forecast(requests), self.daily.forecast(requests))

    def _sit_out(self, operation: str, max_wait: float) -> None:
        while (delay := self.operating.delay(operation)) > 0:
            if delay > max_wait:
                raise RateLimited(
                    f"{operation}: paused by the portal for another {in_words(delay)}; nothing was sent",
                    retry_after=delay,
                    method=operation,
                    hint="try again later or allow a longer wait",
                )
            self._clock.sleep(delay)
