"""Any number of commands: packed into batch requests, sent in parallel, one outcome each, in input order.

What is not done is never guessed: a command whose answer was lost is repeated only if that is harmless,
looked for if it carries a key, and otherwise reported as unknown. A method whose run-time budget is used up
waits by itself while the others go on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from functools import lru_cache
from itertools import chain, islice, takewhile
from typing import Any

from crmkit.bitrix24.chain import refs_in, run_in_order
from crmkit.bitrix24.encoding import has_reference, to_command
from crmkit.bitrix24.outcomes import Command, Outcome, Status
from crmkit.bitrix24.parcel import ATTEMPTS, PAGE, Again, Gate, Job, Kind, Parcel, deliver
from crmkit.bitrix24.sizer import Sizer, grown
from crmkit.clock import Clock
from crmkit.exceptions import CrmkitError, ValidationError
from crmkit.transport.rate_limit import Limiter
from crmkit.transport.request import Effect

__all__ = ["Batcher", "as_command"]

HEAVIEST = 4_000_000
"""Bytes of commands in one request; files go in few at a time."""
FARTHEST = 100_000
"""Commands that are read ahead at most while a method waits for its budget."""
_TARGET_KEYS = ("id", "ID", "taskId", "TASKID")

CommandLike = Command | tuple[str, Mapping[str, Any]] | str
"""A command, a method with parameters, or a method without."""


def as_command(given: CommandLike) -> Command:
    """Accept the short forms of a command."""
    if isinstance(given, Command):
        return given
    return Command(given) if isinstance(given, str) else Command(given[0], given[1])


class Batcher:
    """Runs commands against a portal.

    Args:
        gate: The portal.
        limiter: Knows the pauses of single methods; shared with everyone who talks to the portal.
        clock: Time.
        workers: Requests under way at once; 1 means one after the other in this thread.
        on_wait: Told the method and the seconds before all stand still.
        alone: Send every command as a single call.
    """

    def __init__(
        self,
        gate: Gate,
        limiter: Limiter,
        clock: Clock,
        *,
        workers: int = 8,
        on_wait: Callable[[str, float], None] | None = None,
        alone: bool = False,
    ) -> None:
        self._alone = alone
        self._gate = gate
        self._limiter = limiter
        self._clock = clock
        self._workers = workers
        self._on_wait = on_wait

    def run(self, commands: Iterable[CommandLike]) -> Iterator[Outcome]:
        """Yield the outcome of every command in input order; reads ahead little more than it sends."""
        with ExitStack() as stack:
            pool = None
            if self._workers > 1:
                pool = stack.enter_context(ThreadPoolExecutor(self._workers, "crmkit-batch"))
            yield from _Run(self, commands, pool).outcomes()

    def run_in_order(self, commands: Sequence[CommandLike]) -> Iterator[Outcome]:
        """Run one command after the other and stop at the first that fails; later ones may refer to earlier.

        Raises:
            ValidationError: A key is missing, numeric or used twice, or a reference points nowhere.
        """
        return run_in_order([*map(as_command, commands)], self._gate, self._sleep)

    def _sleep(self, method: str, seconds: float) -> None:
        if seconds > 0:
            if self._on_wait is not None:
                self._on_wait(method, seconds)
            self._clock.sleep(seconds)


class _Run:
    """One run: jobs waiting, jobs under way, outcomes not yet handed out."""

    def __init__(
        self, owner: Batcher, commands: Iterable[CommandLike], pool: ThreadPoolExecutor | None
    ) -> None:
        self._owner = owner
        self._source = enumerate(map(as_command, commands))
        self._pool = pool
        self._clock = owner._clock
        self._sizer = Sizer()
        self._waiting: dict[str, deque[Job]] = {}
        self._away: set[Future[Parcel]] = set()
        self._ready: dict[int, Outcome] = {}
        self._turns: dict[tuple[Any, ...], list[Job]] = {}
        self._taken = 0
        self._given = 0
        self._exhausted = False
        self._window = PAGE * 4 * owner._workers
        self._fatal: CrmkitError | None = None
        self._doubted: set[str] = set()
        """Methods that were refused for their run time, and of which nothing has been done since."""
        self._probed: set[str] = set()
        """Those of them with a request under way: its answer tells whether the others may follow."""

    def outcomes(self) -> Iterator[Outcome]:
        while True:
            self._fill()
            while self._given in self._ready:
                yield self._ready.pop(self._given)
                self._given += 1
            if self._exhausted and self._given == self._taken:
                return
            if not self._dispatch() and not self._look_further():
                self._wait()

    def _fill(self) -> None:
        """Read ahead as far as everybody can be kept busy."""
        while not self._exhausted and self._taken - self._given < self._window:
            item = next(self._source, None)
            if item is None:
                self._exhausted = True
                return
            index, command = item
            self._taken += 1
            try:
                self._enqueue(_job(index, command, alone=self._owner._alone))
            except CrmkitError as error:
                self._ready[index] = Outcome(command, Status.FAILED, error=error)

    def _look_further(self) -> bool:
        """Read further ahead if all that was read has to wait while others could go on; tell whether so."""
        idle = len(self._away) < self._owner._workers
        if not idle or self._exhausted or self._fatal is not None or self._window >= FARTHEST:
            return False
        self._window *= 2
        return True

    def _enqueue(self, job: Job) -> None:
        if job.target is not None:
            self._turns.setdefault(job.target, []).append(job)
        queue = self._waiting.get(job.command.method)
        if queue is None:
            queue = self._waiting[job.command.method] = deque()
        queue.append(job)

    def _dispatch(self) -> bool:
        """Send what may go now; tell whether anything went."""
        if self._fatal is not None:
            return self._refuse_rest(self._fatal)
        if len(self._away) >= self._owner._workers:
            return False
        parcel = self._pack()
        if parcel is None:
            return False
        if self._pool is None:
            self._receive(deliver(parcel, self._owner._gate, attempts=ATTEMPTS))
        else:
            self._away.add(self._pool.submit(deliver, parcel, self._owner._gate, attempts=ATTEMPTS))
        return True

    def _pack(self) -> Parcel | None:
        """Take the oldest jobs that may travel together now."""
        now = self._clock.monotonic()
        heads = {
            method: queue
            for method, queue in self._waiting.items()
            if queue and method not in self._probed and self._owner._limiter.operating.delay(method) <= 0
        }
        if len(heads) == 1 and (alike := self._alike(next(iter(heads.values())), now)):
            return self._parcel(alike, Kind.BATCH)
        chosen: list[Job] = []
        passed: list[Job] = []
        kind, room, weight = Kind.BATCH, self._sizer.size, 0
        while heads and len(chosen) < room:
            several = len(heads) > 1
            method = min(heads, key=lambda name: heads[name][0].index) if several else next(iter(heads))
            job = heads[method].popleft()
            if not heads[method]:
                del heads[method]
            if job.ready > now or not self._has_turn(job) or (chosen and job.kind is not kind):
                passed.append(job)
                continue
            if not chosen:
                kind, room = job.kind, 1 if job.kind is Kind.ALONE else self._sizer.size
            weight += len(job.text)
            if len(chosen) + 1 > job.most or (chosen and weight > HEAVIEST):
                passed.append(job)
                continue
            room = min(room, job.most)
            chosen.append(job)
        for job in reversed(passed):
            self._waiting[job.command.method].appendleft(job)
        return self._parcel(chosen, kind) if chosen else None

    def _alike(self, queue: deque[Job], now: float) -> list[Job]:
        """Take the next jobs if all of them may simply travel together; else take none."""
        size, weight = self._sizer.size, 0
        chosen = list(islice(queue, size))
        for job in chosen:
            weight += len(job.text)
            plain = job.way is Kind.BATCH and not job.looking and job.most >= size and job.ready <= now
            if not plain or weight > HEAVIEST or not self._has_turn(job):
                return []
        for _ in chosen:
            queue.popleft()
        return chosen

    def _parcel(self, chosen: list[Job], kind: Kind) -> Parcel:
        if self._doubted:
            self._probed |= self._doubted & {job.command.method for job in chosen}
        return Parcel(chosen, kind)

    def _has_turn(self, job: Job) -> bool:
        """Tell whether nothing before it on the same object is unfinished; reads do not wait for reads.

        Not even in one request: were the first to be tried again, it would come after the second.
        """
        if job.target is None or self._turns[job.target][0] is job:
            return True
        before = takewhile(lambda one: one is not job, self._turns[job.target])
        return job.command.repeat is Effect.READ and all(one.command.repeat is Effect.READ for one in before)

    def _receive(self, parcel: Parcel) -> None:
        self._fatal = self._fatal or parcel.fatal
        self._resize(parcel)
        self._probed -= {job.command.method for job in parcel.jobs}
        now = self._clock.monotonic()
        returned: list[Job] = []
        for job, verdict in zip(parcel.jobs, parcel.verdicts, strict=True):
            if isinstance(verdict, Outcome):
                if self._doubted:
                    self._doubted.discard(job.command.method)
                self._finish(job, verdict)
                continue
            if verdict.paused:
                self._doubted.add(job.command.method)
                self._owner._limiter.pause(job.command.method, verdict.delay)
            job.looking, job.most = verdict.look, verdict.most or job.most
            job.losses += verdict.lost
            job.ready = now + (0.0 if verdict.paused else verdict.delay)
            returned.append(job)
        for job in reversed(returned):
            self._waiting[job.command.method].appendleft(job)

    def _resize(self, parcel: Parcel) -> None:
        """Let the next ones be smaller if this one was too long, and larger again if it went well."""
        if any(isinstance(one, Again) and one.most for one in parcel.verdicts):
            self._sizer.lost(len(parcel.jobs))
        elif parcel.answered:
            self._sizer.learn(len(parcel.jobs), parcel.duration)
            if any(job.most < PAGE for job in parcel.jobs):  # what was lost together goes one by one at first
                for job in chain.from_iterable(self._waiting.values()):
                    job.most = grown(job.most)

    def _finish(self, job: Job, outcome: Outcome) -> None:
        self._ready[job.index] = outcome
        if job.target is not None:
            turns = self._turns[job.target]
            if len(turns) == 1:
                del self._turns[job.target]
            else:
                turns.remove(job)

    def _refuse_rest(self, error: CrmkitError) -> bool:
        """Nothing more can be sent: answer for all that waits, without trying."""
        waiting = [job for queue in self._waiting.values() for job in queue]
        for queue in self._waiting.values():
            queue.clear()
        for job in waiting:
            status = Status.UNKNOWN if job.kind is Kind.LOOK else Status.FAILED
            self._finish(job, Outcome(job.command, status, error=error))
        return bool(waiting)

    def _wait(self) -> None:
        """Wait for an answer, or if nothing is under way for the first pause to end."""
        if self._away:
            done, self._away = wait(self._away, return_when=FIRST_COMPLETED)
            for future in done:
                self._receive(future.result())
            return
        now = self._clock.monotonic()
        seconds, method = min(
            (
                max(job.ready - now, self._owner._limiter.operating.delay(job.command.method)),
                job.command.method,
            )
            for queue in self._waiting.values()
            for job in queue
            if self._has_turn(job)  # the others wait for these
        )
        self._owner._sleep(method, max(seconds, 0.001))


def _job(index: int, command: Command, *, alone: bool) -> Job:
    if command.refused is not None:
        raise command.refused
    text = to_command(command.method, command.params)
    kind = Kind.ALONE if alone else Kind.BATCH
    if "%24" in text:  # a dollar sign: a reference, or a text that the portal would take for one
        if any(refs_in(command.params)):
            raise ValidationError(f"{command.method}: a reference needs halt=True")
        if has_reference(command.params):
            kind = Kind.ALONE
    return Job(index, command, text, kind, target=_target(command))


def _target(command: Command) -> tuple[Any, ...] | None:
    params = command.params
    if type(params) is not dict and not isinstance(params, Mapping):
        return None
    for name in _TARGET_KEYS:
        if name in params:
            return _family(command.method), str(params.get("entityTypeId", "")), str(params[name])
    return None


@lru_cache(1024)
def _family(method: str) -> str:
    return method.lower().rpartition(".")[0]
