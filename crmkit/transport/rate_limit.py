"""How often a portal may be asked: the pace, the day's budget and pauses of single operations.

Times are whole nanoseconds inside, so that a thousand reservations do not drift; seconds outside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

from crmkit.clock import Clock
from crmkit.exceptions import QuotaExhausted, RateLimited
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
BITRIX24 = BucketRule(2.0, 50)
"""Two a second, fifty ahead, per portal and source address; a batch counts once (vendor's page on limits)."""
BITRIX24_ENTERPRISE = BucketRule(5.0, 250)
"""The same for the Enterprise tariff."""


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
        _, now, start = self._take()
        return (start - now) / _SECOND

    def acquire(self) -> float:
        """Take the next free moment, wait for it and return the seconds waited."""
        tat, asked, start = self._take()
        now = self._now()
        while now < start:
            self._clock.sleep(max(start - now, _SHORTEST_SLEEP) / _SECOND)
            now = self._now()
        if now + self.rule.interval > tat:
            self._settle(now + self.rule.interval)
        return (now - asked) / _SECOND

    def forecast(self, requests: int) -> float:
        """Return the seconds until so many requests could have gone, if nobody else asked."""
        state = self._store.update(self._key, lambda state: state or (0, 0, 0))
        now = self._now()
        ahead = max(state[0], now) if state[1] <= now else now + self.rule.tolerance
        last = ahead + (requests - 1) * self.rule.interval - self.rule.tolerance
        return max(0, last - now) / _SECOND if requests > 0 else 0.0

    def _take(self) -> State:
        """Advance the theoretical arrival time (virtual scheduling, as in ITU-T I.371)."""

        def change(state: State | None) -> State:
            now = self._now()
            tat, seen, _ = state or (now, now, now)
            if now < seen:
                # The machine was restarted, its monotonic clock with it. What was left of the burst is not
                # known.
                tat = now + self.rule.tolerance
            start = max(now, tat - self.rule.tolerance)
            return max(tat, start) + self.rule.interval, now, start

        return self._store.update(self._key, change)

    def _settle(self, tat: int) -> None:
        """Whoever woke late must not be followed too closely: the next moment counts from the late one."""
        self._store.update(
            self._key, lambda state: (max(state[0], tat), *state[1:]) if state else (tat, tat, tat)
        )

    def _now(self) -> int:
        return int(self._clock.monotonic() * _SECOND)


class DailyBudget:
    """The requests that the tariff allows for one day.

    Our own counter knows what we sent, the vendor's figure what everybody sent, but late (Planfix refreshes
    ``X-RateLimit-Remaining`` about every ten minutes). What is left is the smaller of the two: the figure
    less what we sent since it last changed. A figure older than ten minutes no longer counts, so that one
    request can find out.

    Args:
        limit: Requests per day; ``None`` if only the vendor's figure is known.
        clock: Time.
        timezone: The account's time zone; its midnight starts a new day.
        store: Where the counter is; this process by default.
        key: Which counter in the store.

    Example:
        >>> from crmkit.clock import ManualClock
        >>> budget = DailyBudget(2, ManualClock(datetime(2025, 3, 3, 20, tzinfo=UTC)), "Europe/Moscow")
        >>> budget.take(), budget.take(), budget.left, budget.seconds_to_reset()
        (1, 0, 0, 3600.0)
    """

    FIGURE_AGE = timedelta(minutes=10)

    def __init__(
        self,
        limit: int | None,
        clock: Clock,
        timezone: str | tzinfo = UTC,
        *,
        store: LimiterStore | None = None,
        key: str = "",
    ) -> None:
        if limit is not None and limit < 1:
            raise ValueError(f"a daily limit must be at least 1, not {limit}")
        self.limit = limit
        self._clock = clock
        self._zone = ZoneInfo(timezone) if isinstance(timezone, str) else timezone
        self._store = MemoryStore() if store is None else store
        self._key = f"day:{key}"

    @property
    def used(self) -> int:
        """Requests that we sent today."""
        return self._state()[1]

    @property
    def left(self) -> int | None:
        """Requests left today; ``None`` while nothing is known."""
        return self._left(self._state())

    @property
    def exhausted(self) -> bool:
        """Whether the next request would be one too many."""
        return self.left == 0

    def take(self, operation: str = "") -> int | None:
        """Count one request and return how many are left.

        Raises:
            QuotaExhausted: None is left; nothing was counted. ``retry_after`` says when to come back.
        """

        def change(state: State | None) -> State:
            day, used, *figure = self._today(state)
            if self._left((day, used, *figure)) == 0:
                raise self._refusal((day, used, *figure), operation)
            return day, used + 1, *figure

        return self._left(self._store.update(self._key, change))

    def observe(self, remaining: int) -> None:
        """Note the vendor's figure. The same figure again is an old one: it does not undo what we sent
        since."""

        def change(state: State | None) -> State:
            day, used, figure, used_then, at = self._today(state)
            if figure == remaining and self._is_fresh(at):
                return day, used, figure, used_then, at
            return day, used, max(0, remaining), used, self._epoch()

        self._store.update(self._key, change)

    def seconds_to_reset(self) -> float:
        """Return the seconds until midnight in the account's time zone."""
        return self._seconds_to(self._date() + timedelta(days=1))

    def forecast(self, requests: int) -> float:
        """Return the seconds until the budget allows the last of so many requests; 0 if today's is enough.

        Raises:
            ValueError: The daily limit is not known and today's figure is not enough.
        """
        left = self.left
        if left is None or requests <= left:
            return 0.0
        if self.limit is None:
            raise ValueError("the daily limit is not known: set daily_limit to plan beyond today")
        return self._seconds_to(self._date() + timedelta(days=math.ceil((requests - left) / self.limit)))

    def _state(self) -> State:
        return self._store.update(self._key, self._today)

    def _today(self, state: State | None) -> State:
        day = self._date().toordinal()
        return state if state and state[0] == day else (day, 0, -1, 0, 0)

    def _left(self, state: State) -> int | None:
        _, used, figure, used_then, at = state
        known = [] if self.limit is None else [self.limit - used]
        if figure >= 0 and self._is_fresh(at):
            known.append(figure - (used - used_then))
        return max(0, min(known)) if known else None

    def _refusal(self, state: State, operation: str) -> QuotaExhausted:
        _, used, _, _, at = state
        wait = self.seconds_to_reset()
        if self.limit is None or used < self.limit:
            wait = min(wait, at + self.FIGURE_AGE.total_seconds() - self._epoch())
        what = f"of {self.limit} requests" if self.limit is not None else "of requests"
        return QuotaExhausted(
            f"the daily budget {what} is used up; nothing was sent",
            retry_after=max(1.0, wait),
            method=operation,
            hint=f"try again in {_plain(max(1.0, wait))} or raise daily_limit together with the tariff",
        )

    def _is_fresh(self, at: int) -> bool:
        return 0 <= self._epoch() - at < self.FIGURE_AGE.total_seconds()

    def _date(self) -> date:
        return self._clock.now().astimezone(self._zone).date()

    def _seconds_to(self, day: date) -> float:
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        return (midnight.astimezone(UTC) - self._clock.now()).total_seconds()

    def _epoch(self) -> int:
        return int(self._clock.now().timestamp())


class OperatingBudget:
    """Pauses: of one operation whose run-time budget is used up (Bitrix24 ``operating``), or of the whole
    account.

    Args:
        clock: Time.
        store: Where the pauses are; this process by default.
        key: Which account in the store.

    Example:
        >>> from crmkit.clock import ManualClock
        >>> budget = OperatingBudget(ManualClock(datetime(2025, 3, 3, tzinfo=UTC)))
        >>> budget.pause("crm.item.update", 90)
        >>> budget.delay("crm.item.update"), budget.delay("crm.item.get")
        (90.0, 0.0)
    """

    def __init__(self, clock: Clock, *, store: LimiterStore | None = None, key: str = "") -> None:
        self._clock = clock
        self._store = MemoryStore() if store is None else store
        self._key = f"pause:{key}"

    def pause(self, operation: str | None, seconds: float) -> None:
        """Let nobody start the operation (``None``: any) for so many seconds; never shortens a pause."""
        self.pause_until(operation, self._clock.now() + timedelta(seconds=seconds))

    def pause_until(self, operation: str | None, moment: datetime) -> None:
        """Let nobody start the operation (``None``: any) before the moment (aware)."""
        until = _wall(moment)
        self._store.update(self._name(operation), lambda state: max(state, (until,)) if state else (until,))

    def delay(self, operation: str) -> float:
        """Return the seconds for which the operation is paused, by itself or with the whole account."""
        until = max(
            self._store.update(self._name(name), lambda state: state or (0,))[0] for name in (None, operation)
        )
        return max(0, until - _wall(self._clock.now())) / 1_000_000

    def _name(self, operation: str | None) -> str:
        return f"{self._key}:{'' if operation is None else operation}"


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
        """Stop the operation (``None``: all of them) for so many seconds."""
        self.operating.pause(operation, seconds)

    def forecast(self, requests: int) -> float:
        """Return the seconds that so many requests will take at least, by pace and daily budget."""
        return max(self.bucket.forecast(requests), self.daily.forecast(requests))

    def _sit_out(self, operation: str, max_wait: float) -> None:
        while (delay := self.operating.delay(operation)) > 0:
            if delay > max_wait:
                raise RateLimited(
                    f"{operation}: paused for another {_plain(delay)} at the portal's request; nothing was sent",
                    retry_after=delay,
                    method=operation,
                    hint="try again later or allow a longer wait",
                )
            self._clock.sleep(delay)


def _wall(moment: datetime) -> int:
    return math.ceil((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


def _plain(seconds: float) -> str:
    return str(timedelta(seconds=math.ceil(seconds)))
