"""The engine on our tables; who carries the tickets out is handed in."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import func, select

from crmkit.clock import Clock, SystemClock
from crmkit.crm.models import Ref
from crmkit.exceptions import ConfigurationError
from crmkit.runtime.database import Database
from crmkit.runtime.engine.agenda import Agenda
from crmkit.runtime.engine.batch import BatchRun, Turn, traced
from crmkit.runtime.engine.book import Book, Ticket
from crmkit.runtime.engine.letters import Letters
from crmkit.runtime.engine.port import (
    Counters,
    DeadLetter,
    Engine,
    Handler,
    Health,
    Hint,
    Receipt,
    Rule,
    Sweep,
)
from crmkit.runtime.engine.rows import SECOND
from crmkit.runtime.inbox import Inbox
from crmkit.runtime.tables import dues, lanes

__all__ = ["Carrier", "TableEngine"]

ROUNDS = 1000
"""Batches of one lane in one tick at most, where a tick carries them out itself."""
CHECK_EVERY = 5
"""Looks at what is due, to one look after the batches that are out."""
FORGET_EVERY = 3600.0
SICK_AFTER = 60.0
log = logging.getLogger("crmkit.engine")


class Carrier(ABC):
    """Makes sure that every ticket it was given is carried out, at least once.

    Attributes:
        concurrent: Whether it works in threads of its own; then the engine has some, too.
        slice: For so many seconds a ticket may be used for further batches.
        taken_over: How many tickets it took over from the dead.
    """

    concurrent: bool
    slice: float
    taken_over: int = 0

    @abstractmethod
    def start(self, run: Callable[[str], None]) -> None:
        """Begin, and carry out what was left behind; ``run`` carries out one ticket."""

    @abstractmethod
    def submit(self, ticket: Ticket) -> None:
        """Take a ticket; taking it twice is harmless."""

    @abstractmethod
    def check(self, tickets: Sequence[Ticket]) -> Sequence[Ticket]:
        """Look after the tickets that are out; return those that nobody is going to carry out any more."""

    @abstractmethod
    def stop(self, grace: float) -> bool:
        """Carry nothing new out; return whether what was under way came to its end in time."""

    def problem(self) -> str:
        """Return what is wrong, or an empty text."""
        return ""


class TableEngine(Engine):
    """See :class:`Engine`.

    Args:
        database: Where everything is kept; closed by :meth:`stop`.
        clock: What time it is.
        carrier: Who carries the batches out.
        work: Whether this process runs recipes; else it only takes events in, for others to work on.
        poll: Seconds between two looks at what is due, where there is a thread that looks.
        content_window: See :attr:`Engine.content_window`.
        keep_events: For how long events are kept, and so for how long a key tells a second delivery.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        carrier: Carrier,
        *,
        work: bool = True,
        poll: float = 1.0,
        content_window: timedelta = timedelta(minutes=10),
        keep_events: timedelta = timedelta(days=7),
    ) -> None:
        self.content_window = content_window
        self._database = database
        self._clock = clock
        self._carrier = carrier
        self._work = work
        self._poll = poll
        self._keep_events = keep_events
        self._recipes: dict[str, tuple[Rule, Handler]] = {}
        self._book = Book(database, clock)
        self._agenda = Agenda(database, self._book)
        self._letters = Letters(database, self._book)
        self._inbox = Inbox(database, clock, self._route, window=content_window, threaded=carrier.concurrent)
        self._totals: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._ticking = threading.RLock()
        self._real = SystemClock()  # for the pace of the engine itself, whatever the recipes' clock shows
        self._started = False
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._looker: threading.Thread | None = None
        self._checked = self._forgot = float("-inf")
        self._looked = self._real.monotonic()

    def add(self, rule: Rule, handler: Handler) -> None:
        """See :meth:`Engine.add`."""
        self._check_not_started()
        if rule.recipe in self._recipes:
            raise ConfigurationError(f"the recipe {rule.recipe} has a rule already")
        self._recipes[rule.recipe] = (rule, handler)

    def add_sweep(self, sweep: Sweep) -> None:
        """See :meth:`Engine.add_sweep`."""
        self._check_not_started()
        if sweep.recipe not in self._recipes:
            raise ConfigurationError(f"there is no rule for the recipe {sweep.recipe}")
        if self._agenda.has(sweep.portal, sweep.recipe):
            raise ConfigurationError(f"the recipe {sweep.recipe} has a sweep on {sweep.portal} already")
        self._agenda.add(sweep)

    def start(self) -> None:
        """See :meth:`Engine.start`."""
        self._check_not_started()
        if self._work:
            self._carrier.start(self._run)
            self._agenda.begin()
        self._started = True
        self._inbox.start()
        if self._work and self._carrier.concurrent:
            self._looker = threading.Thread(target=self._look, name="crmkit-engine")
            self._looker.start()

    def stop(self, grace: float = 30.0) -> bool:
        """See :meth:`Engine.stop`."""
        self._stopping.set()
        self._wake.set()
        self._inbox.close()
        if self._looker is not None:
            self._looker.join()
        all_done = self._carrier.stop(grace) if self._started and self._work else True
        self._started = False
        self._database.close()
        return all_done

    def submit(self, hint: Hint) -> Future[Receipt]:
        """See :meth:`Engine.submit`."""
        future = self._inbox.submit(hint)
        future.add_done_callback(self._count_receipt)
        return future

    def wake(self, portal: str, recipe: str, entities: Iterable[Ref]) -> None:
        """See :meth:`Engine.wake`."""
        with self._database.write() as connection:
            self._book.wake(connection, ((portal, recipe, str(entity)) for entity in entities))

    def timer(self, at: datetime, portal: str, entity: Ref, recipe: str, name: str = "") -> None:
        """See :meth:`Engine.timer`."""
        self._agenda.set_timer(at, portal, entity, recipe, name)

    def cancel(self, portal: str, entity: Ref, recipe: str, name: str | None = "") -> int:
        """See :meth:`Engine.cancel`."""
        return self._agenda.cancel(portal, entity, recipe, name)

    def dead_letters(self, portal: str = "", recipe: str = "") -> Iterator[DeadLetter]:
        """See :meth:`Engine.dead_letters`."""
        return self._letters.all(portal, recipe)

    def retry(self, letter: int) -> None:
        """See :meth:`Engine.retry`."""
        self._letters.retry(letter)

    def tick(self) -> int:
        """See :meth:`Engine.tick`."""
        with self._ticking:
            return self._tick() if self._work else 0

    def _tick(self) -> int:
        self._count("timers", self._agenda.fire())
        self._count("sweeps", self._agenda.sweep())
        self._keep_house()
        begun = 0
        for _ in range(ROUNDS):
            batches, tickets = self._totals["batches"], self._book.issue(self._recipes)
            for ticket in tickets:
                self._carrier.submit(ticket)
            begun += len(tickets)
            if self._carrier.concurrent or self._totals["batches"] == batches:
                break
        return begun

    def counters(self) -> Counters:
        """See :meth:`Engine.counters`."""
        now = self._book.now()
        waiting = select(func.count(), func.min(dues.c.due)).where(dues.c.due.is_not(None))
        free = dues.c.ticket.is_(None)
        running = select(func.count()).select_from(lanes).where(lanes.c.ticket.is_not(None))
        with self._database.read() as connection:
            due, oldest = connection.execute(waiting.where(dues.c.due <= now, free)).one()
            all_waiting, _ = connection.execute(waiting).one()
            batches = connection.scalar(running) or 0
        with self._counting:
            totals = {**self._totals, "taken_over": self._carrier.taken_over}
        return Counters(
            totals=totals,
            waiting=all_waiting,
            due=due,
            lag=0.0 if oldest is None else (now - oldest) / SECOND,
            running=batches,
            timers=self._agenda.pending(),
            dead_letters=self._letters.count(),
        )

    def health(self) -> Health:
        """See :meth:`Engine.health`."""
        if not self._started:
            return Health(ok=False, problem="it does not run")
        if not self._inbox.is_working:
            return Health(ok=False, problem="events cannot be written down")
        since = self._real.monotonic() - self._looked
        if self._looker is not None and since > SICK_AFTER:
            return Health(ok=False, problem=f"nothing was looked at for {since:.0f} seconds")
        problem = self._carrier.problem() if self._work else ""
        return Health(ok=not problem, problem=problem)

    def _route(self, hint: Hint) -> Sequence[Rule]:
        return [rule for rule, _ in self._recipes.values() if rule.wants(hint)]

    def _look(self) -> None:
        while not self._stopping.is_set():
            try:
                self.tick()
                self._looked = self._real.monotonic()
            except Exception as error:  # noqa: BLE001  (whatever it was, it must look again)
                self._count("errors", 1)
                log.error("the engine could not look at what is due; it tries again: %s", traced(error))
            self._wake.wait(self._poll)
            self._wake.clear()

    def _keep_house(self) -> None:
        now = self._real.monotonic()
        if now - self._checked >= CHECK_EVERY * self._poll:
            self._checked = now
            for ticket in self._carrier.check(self._book.issued()):
                self._book.annul(ticket.id)
        if now - self._forgot >= FORGET_EVERY:
            self._forgot = now
            self._agenda.forget(self._clock.now() - self._keep_events)

    def _run(self, ticket: str) -> None:
        """Carry a ticket out; called by the carrier, possibly more than once.

        A batch that was quick is followed by another one, so that many quick ones do not wait for the queue
        each; others have their turn after :attr:`Carrier.slice` seconds.
        """
        runner, until = uuid4().hex, self._real.monotonic() + self._carrier.slice
        try:
            while self._run_batch(ticket, runner):
                if self._stopping.is_set() or self._real.monotonic() >= until:
                    break
        finally:
            self._book.finish(ticket, runner)
        self._wake.set()

    def _run_batch(self, ticket: str, runner: str) -> bool:
        """Run the next batch of a ticket, if there is one."""
        sizes = {name: rule.batch for name, (rule, _) in self._recipes.items()}
        begun = self._book.begin(ticket, runner, sizes)
        if begun is None or not begun[1] or begun[0].recipe not in sizes:
            return False
        lane, found = begun
        self._count("batches", 1)
        rule, handler = self._recipes[lane.recipe]
        turn = Turn(ticket, runner, lane, self._book, self._letters, self._count, self._stopping.is_set)
        BatchRun(turn, rule, found).run(handler)
        return True

    def _count(self, name: str, by: int) -> None:
        with self._counting:
            self._totals[name] += by

    def _count_receipt(self, future: Future[Receipt]) -> None:
        self._count("errors" if future.exception() else str(future.result()), 1)

    def _check_not_started(self) -> None:
        if self._started:
            raise ConfigurationError("the engine runs already")
