"""A batch on its way through a handler, and what becomes of the jobs that the handler did not report."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from crmkit.exceptions import CrmkitError, RateLimited, RunInProgress, TransportError
from crmkit.runtime.engine.book import CRASHES, Book, Due, Lane
from crmkit.runtime.engine.letters import Letters
from crmkit.runtime.engine.port import Batch, Handler, Hint, Job, Rule
from crmkit.runtime.engine.rows import entity_of, micros, moment

__all__ = ["BatchRun", "Turn", "traced"]

AWAY = timedelta(minutes=1)
"""The pause when the portal is out of reach, or a person runs the same recipe by hand."""
log = logging.getLogger("crmkit.engine")


@dataclass(frozen=True, slots=True)
class Turn:
    """One carrying out of a ticket.

    Attributes:
        ticket, runner: Which ticket, and who carries it out.
        lane: Whose.
        book, letters: Where it is written down.
        count: Counts something by name.
        stopping: Tells whether the engine wants to stop.
    """

    ticket: str
    runner: str
    lane: Lane
    book: Book
    letters: Letters
    count: Callable[[str, int], None]
    stopping: Callable[[], bool]


@dataclass
class BatchRun(Batch):
    """See :class:`Batch`."""

    turn: Turn
    rule: Rule
    dues: Sequence[Due]
    open: dict[Job, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.portal, self.recipe = self.turn.lane.portal, self.turn.lane.recipe
        for due in self.dues:
            job = Job(entity_of(due.entity), moment(due.since), due.failures)
            if due.starts > CRASHES:
                error = f"the process died {due.starts - 1} times while it ran"
                self._bury(due.entity, job, error, "look for it in the log of the system, then retry")
            else:
                self.open[job] = due.entity
        self.jobs = tuple(self.open)

    def run(self, handler: Handler) -> None:
        """Hand the jobs over and write down what came of them."""
        if not self.open:
            return
        try:
            handler(self)
        except (TransportError, RateLimited, RunInProgress) as error:
            log.warning("%s on %s is put off: %s", self.recipe, self.portal, error)
            for job in tuple(self.open):
                self.later(job, _pause(error))
        except Exception as error:  # noqa: BLE001  (whatever it was, it must not end the engine)
            log.error("%s on %s failed: %s", self.recipe, self.portal, traced(error))
            text, hint = _explained(error)
            for job in tuple(self.open):
                self.failed(job, text, hint=hint)
        else:
            self.done(*self.open)

    def done(self, *jobs: Job) -> None:
        """See :meth:`Batch.done`."""
        entities = [self.open.pop(job) for job in jobs]
        if entities:
            self.turn.count("done", self.turn.book.done(self.turn.ticket, self.turn.runner, entities))

    def failed(self, job: Job, error: str, *, hint: str = "", final: bool = False) -> None:
        """See :meth:`Batch.failed`."""
        entity, failures = self.open.pop(job), job.failures + 1
        if final or failures >= self.rule.attempts:
            self._bury(entity, job, error, hint)
        elif self._again(entity, self.rule.pause(failures), failed=True):
            self.turn.count("failed", 1)

    def later(self, job: Job, after: timedelta) -> None:
        """See :meth:`Batch.later`."""
        if self._again(self.open.pop(job), after, failed=False):
            self.turn.count("later", 1)

    def hints(self, job: Job) -> Sequence[Hint]:
        """See :meth:`Batch.hints`."""
        return self._hints[str(job.entity)] if job.entity else ()

    @cached_property
    def _hints(self) -> Mapping[str, Sequence[Hint]]:
        """Those of all jobs, with one query: who asks for one asks for the others, too."""
        since = {str(job.entity): micros(job.since) for job in self.jobs if job.entity}
        return self.turn.letters.behind(self.portal, since)

    @property
    def stopping(self) -> bool:
        """See :attr:`Batch.stopping`."""
        return self.turn.stopping()

    def _again(self, entity: str, after: timedelta, *, failed: bool) -> bool:
        book = self.turn.book
        at = book.now() + micros(after)
        return book.again(self.turn.ticket, self.turn.runner, entity, at, failed=failed)

    def _bury(self, entity: str, job: Job, error: str, hint: str) -> None:
        turn, failures = self.turn, job.failures + 1
        buried = turn.letters.bury(
            turn.ticket,
            turn.runner,
            turn.lane,
            entity,
            micros(job.since),
            failures=failures,
            error=error,
            hint=hint,
        )
        if buried:
            log.error("%s on %s gave %s up: %s", self.recipe, self.portal, entity or "a sweep", error)
            turn.count("dead", 1)


def traced(error: Exception) -> str:
    """Return where an exception came from, without the text of a stranger's, which may hold secrets."""
    text = str(error) if isinstance(error, CrmkitError) else ""
    return f"{type(error).__name__} {text}\n{''.join(traceback.format_tb(error.__traceback__))}"


def _pause(error: Exception) -> timedelta:
    return max(AWAY, timedelta(seconds=getattr(error, "retry_after", 0.0)))


def _explained(error: Exception) -> tuple[str, str]:
    """Return error and hint for people; the text of a stranger's exception may hold anything."""
    if isinstance(error, CrmkitError):
        return error.message, error.hint
    return f"unexpected {type(error).__name__}", "the log has the traceback"
