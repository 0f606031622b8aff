"""Budgets that are not a pace: the requests of a day, the run time of an operation."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from crmkit.clock import Clock
from crmkit.exceptions import QuotaExhausted
from crmkit.transport.limiter_store import LimiterStore, MemoryStore, State

__all__ = ["DailyBudget", "OperatingBudget", "in_words"]


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
        """Note the vendor's figure.

        The same figure again is an old one: it does not undo what we sent since.
        """

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
            hint=f"try again in {in_words(max(1.0, wait))} or raise daily_limit together with the tariff",
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
    """Pauses of one operation (Bitrix24: its ``operating`` time is used up) or of the whole account.

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


def _wall(moment: datetime) -> int:
    return math.ceil((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


def in_words(seconds: float) -> str:
    """Return a duration as hours, minutes and seconds."""
    return str(timedelta(seconds=math.ceil(seconds)))
