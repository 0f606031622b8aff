"""What the service asks of an engine: hints in, jobs out, at least once, one at a time per entity.

The engine decides *when* a recipe looks at an entity again and makes sure that it does, whatever dies. That
an effect happens exactly once is not its business: that is kept by the ledger
(:func:`crmkit.runtime.executor.apply`). So a job may be run twice, after a crash, and never zero times.

The way of a hint: :meth:`Engine.submit` writes it down (and only then may the event be acknowledged); the
entity becomes due once it was quiet for :attr:`Rule.quiet`, at the latest after :attr:`Rule.longest`; due
entities of one portal and recipe are handed to the recipe's handler in a batch, so that their reads can be
packed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from crmkit.automation.calendar import WorkCalendar
from crmkit.crm.models import Ref
from crmkit.exceptions import ConfigurationError

__all__ = [
    "Batch",
    "Counters",
    "DeadLetter",
    "Engine",
    "Handler",
    "Health",
    "Hint",
    "Job",
    "Receipt",
    "Rule",
    "Sweep",
]

LONGEST_TEXT = {"portal": 200, "kind": 100, "key": 200}
LONGEST_ENTITY = 100
LONGEST_PAYLOAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Hint:
    """Something may have happened to an entity: a reason to look, never a fact to act on.

    Args:
        portal: As in :attr:`Crm.portal`.
        entity: What it is about.
        kind: The sender's name of the event, for example ``ONCRMDEALUPDATE``; rules choose by it.
        key: The sender's id of this very event, if it gives one. The same key on the same portal is the same
            event, for as long as events are kept. Without a key, an event of the same content within
            :attr:`Engine.content_window` shares the row of the first, but is still a reason to look: its
            content does not tell a second delivery from a second change.
        received: When it came, aware; by default when the engine gets it.
        payload: What the sender said, as plain JSON without secrets.

    Raises:
        ValueError: A text is empty, too long or holds control characters. Nothing else can be wrong with a
            hint, so a receiver that catches this has judged the event.

    Example:
        >>> str(Hint("main", Ref(kind="deal", id="7"), "ONCRMDEALUPDATE").entity)
        'deal:7'
    """

    portal: str
    entity: Ref
    kind: str
    key: str = ""
    received: datetime | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, limit in LONGEST_TEXT.items():
            _check_text(name, getattr(self, name), limit, may_be_empty=name == "key")
        _check_text("entity", str(self.entity), LONGEST_ENTITY)
        if self.received is not None and self.received.tzinfo is None:
            raise ValueError("received needs a time zone")


class Receipt(StrEnum):
    """What became of a hint. All three may be acknowledged to the sender."""

    NEW = "new"
    """It is on the disk."""
    DUPLICATE = "duplicate"
    """It was there already."""
    IGNORED = "ignored"
    """No recipe wants this kind of event; nothing was kept."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When and how a recipe is woken.

    Args:
        recipe: Its name.
        kinds: The kinds of events that concern it; empty: it is woken by sweeps and timers only.
        portals: Only on these; ``None``: on all.
        quiet: An entity is looked at once nothing came for so long.
        longest: It is looked at after so long even if events keep coming.
        batch: At most so many entities are handed to the handler together.
        attempts: After so many failures in a row the job becomes a dead letter.
        retry_after: The pause after the first failure; doubled after each further one, at most an hour.

    Raises:
        ConfigurationError: A number makes no sense.
    """

    recipe: str
    kinds: frozenset[str] = frozenset()
    portals: frozenset[str] | None = None
    quiet: timedelta = timedelta(seconds=60)
    longest: timedelta = timedelta(minutes=10)
    batch: int = 50
    attempts: int = 8
    retry_after: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        if timedelta(0) > self.quiet or self.quiet > self.longest:
            raise ConfigurationError(f"{self.recipe}: quiet must lie between 0 and longest")
        if self.batch < 1 or self.attempts < 1 or self.retry_after < timedelta(0):
            raise ConfigurationError(f"{self.recipe}: batch and attempts are at least 1, pauses at least 0")

    def wants(self, hint: Hint) -> bool:
        """Tell whether a hint concerns the recipe."""
        return hint.kind in self.kinds and (self.portals is None or hint.portal in self.portals)

    def pause(self, failures: int) -> timedelta:
        """Return how long to wait after so many failures in a row."""
        return min(self.retry_after * (1 << min(failures - 1, 20)), timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Sweep:
    """Wakes a recipe by the clock, for the whole portal: its job has no entity.

    What falls into a time when nothing ran is made up for once, however many times it was; with
    ``catch_up=False`` it is left out. A sweep should only find out whom to look at and :meth:`Engine.wake`
    those: what is done in it holds up the other jobs of its recipe on its portal.

    Args:
        portal: Where.
        recipe: What.
        cron: Five fields: minute, hour, day of month, month, day of week (``0 9 * * 1-5``).
        calendar: Gives the time zone; times on days off are left out.
        catch_up: What to do after a downtime.
    """

    portal: str
    recipe: str
    cron: str
    calendar: WorkCalendar
    catch_up: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """An entity that a recipe has to look at.

    Attributes:
        entity: Which one; ``None`` is a sweep of the whole portal.
        since: When the oldest reason to look came.
        failures: How often in a row it has failed already.
    """

    entity: Ref | None
    since: datetime
    failures: int = 0


class Batch(ABC):
    """Jobs of one recipe on one portal, handed to its handler. What is reported survives a crash.

    Attributes:
        portal, recipe: Of all of them.
        jobs: The jobs, the longest waiting first; no two of the same entity.
    """

    portal: str
    recipe: str
    jobs: Sequence[Job]

    @abstractmethod
    def done(self, *jobs: Job) -> None:
        """Report that these need not be looked at again until something new comes."""

    @abstractmethod
    def failed(self, job: Job, error: str, *, hint: str = "", final: bool = False) -> None:
        """Report that a job failed: it is tried again later, or becomes a dead letter.

        Args:
            job: Which.
            error: What went wrong, one line without secrets.
            hint: What a person can do about it.
            final: Whether trying again is pointless.
        """

    @abstractmethod
    def later(self, job: Job, after: timedelta) -> None:
        """Put a job off without counting a failure: the portal is away, or the day's requests are used up."""

    @abstractmethod
    def hints(self, job: Job) -> Sequence[Hint]:
        """Return the events behind a job, oldest first, at most the newest hundred."""

    @property
    @abstractmethod
    def stopping(self) -> bool:
        """Whether the engine wants to stop: return soon; put the rest off with ``later``."""


Handler = Callable[[Batch], None]
"""Looks at the jobs of a batch. What it has not reported when it returns counts as done; when it raises, as
failed. After a failure a job comes alone, so that it cannot spoil the others. It is called from threads of
the engine, for different portals or recipes at the same time."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that failed for good.

    Attributes:
        id: For :meth:`Engine.retry`.
        portal, recipe, entity: What was to be done; ``entity`` is ``None`` for a sweep.
        at: When it was given up.
        error, hint: Of the last failure.
        failures: How often it was tried.
        events: The events behind it.
    """

    id: int
    portal: str
    recipe: str
    entity: Ref | None
    at: datetime
    error: str
    hint: str
    failures: int
    events: Sequence[Hint]


@dataclass(frozen=True, slots=True)
class Counters:
    """Numbers for monitoring. The totals are of this process since it began; the rest is of the database.

    Attributes:
        totals: By name: ``new, duplicate, ignored`` events, ``batches``, jobs ``done, failed, later, dead``,
            ``timers`` fired, ``sweeps`` started, batches ``taken_over`` from the dead, ``errors`` of the
            engine itself.
        waiting: Entities with a reason to look, due or not.
        due: Those of them that are due.
        lag: For how many seconds the longest overdue of them is overdue.
        running: Batches being run, by any process.
        timers: Timers that are set.
        dead_letters: Jobs that failed for good.
    """

    totals: Mapping[str, int]
    waiting: int
    due: int
    lag: float
    running: int
    timers: int
    dead_letters: int


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the engine works; ``problem`` says what does not. A sick one should be restarted."""

    ok: bool
    problem: str = ""


class Engine(ABC):
    """Runs recipes on hints, timers and schedules. All methods may be called from any thread.

    Attributes:
        content_window: For how long two events without a key and with the same content are one row.
    """

    content_window: timedelta

    @abstractmethod
    def add(self, rule: Rule, handler: Handler) -> None:
        """Let a recipe be run by this process; before :meth:`start`.

        Raises:
            ConfigurationError: The recipe has a rule already, or the engine runs.
        """

    @abstractmethod
    def add_sweep(self, sweep: Sweep) -> None:
        """Run a recipe by the clock; before :meth:`start`.

        Raises:
            ConfigurationError: The expression is wrong, there is no rule for the recipe, or there is a sweep.
        """

    @abstractmethod
    def start(self) -> None:
        """Begin to work, and go on with what this or a dead process left behind.

        Raises:
            ConfigurationError: Another process runs under the same name, or a requirement is not met.
        """

    @abstractmethod
    def stop(self, grace: float = 30.0) -> bool:
        """Accept no more, start no more, wait for what runs; return whether all of it came to its end.

        Args:
            grace: Seconds to wait. What still runs then is run again by whoever starts next.
        """

    @abstractmethod
    def submit(self, hint: Hint) -> Future[Receipt]:
        """Write a hint down, together with others that come at the same moment.

        The future is done when it is safe on the disk: acknowledge the event then. It fails with a
        :class:`StoreError` if it could not be written: answer 503, so that the sender tries again.
        From asyncio: ``await asyncio.wrap_future(engine.submit(hint))``.
        """

    def accept(self, hint: Hint, timeout: float | None = 30.0) -> Receipt:
        """Write a hint down and wait until that is done.

        Raises:
            StoreError: It could not be written.
            TimeoutError: It is not known yet whether it was.
        """
        return self.submit(hint).result(timeout)

    @abstractmethod
    def wake(self, portal: str, recipe: str, entities: Iterable[Ref]) -> None:
        """Let a recipe look at entities now; for later there is :meth:`timer`."""

    @abstractmethod
    def timer(self, at: datetime, portal: str, entity: Ref, recipe: str, name: str = "") -> None:
        """Let a recipe look at an entity at a moment, once. It survives restarts and costs a row.

        Setting the timer of the same name again moves it.
        """

    @abstractmethod
    def cancel(self, portal: str, entity: Ref, recipe: str, name: str | None = "") -> int:
        """Take a timer back, all of the entity with ``None``; return how many there were."""

    @abstractmethod
    def dead_letters(self, portal: str = "", recipe: str = "") -> Iterator[DeadLetter]:
        """Yield the jobs that failed for good, the newest first."""

    @abstractmethod
    def retry(self, letter: int) -> None:
        """Let a dead letter be tried again, at once and with all its attempts.

        Raises:
            ConfigurationError: There is none of this id.
        """

    @abstractmethod
    def counters(self) -> Counters:
        """Return the numbers of the moment; a few cheap queries."""

    @abstractmethod
    def health(self) -> Health:
        """Tell whether the engine works."""

    @abstractmethod
    def tick(self) -> int:
        """Do what is due now: timers, sweeps, batches; return how many batches were begun.

        A running engine does that itself. The inline engine runs the batches before it returns.
        """


def _check_text(name: str, value: str, limit: int, *, may_be_empty: bool = False) -> None:
    if not value and not may_be_empty:
        raise ValueError(f"{name} is empty")
    if len(value) > limit:
        raise ValueError(f"{name} is longer than {limit} characters")
    if not value.isprintable():
        raise ValueError(f"{name} holds characters that cannot be printed")
