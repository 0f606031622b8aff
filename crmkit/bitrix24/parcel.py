"""One request of a batch: what is sent together, and what each command's part of the answer means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Protocol

from crmkit.bitrix24.effects import WALL
from crmkit.bitrix24.encoding import normalise
from crmkit.bitrix24.envelope import Envelope, as_map, rows_of
from crmkit.bitrix24.errors import Classifier
from crmkit.bitrix24.outcomes import Command, ExternalKey, Outcome, Status
from crmkit.bitrix24.sizer import PAGE
from crmkit.exceptions import (
    ApiError,
    AuthenticationError,
    CrmkitError,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    TransportError,
)
from crmkit.transport.request import Effect
from crmkit.transport.retry import Action

__all__ = ["PAGE", "Again", "Gate", "Job", "Kind", "Parcel", "Verdict", "deliver"]

HOPELESS = (AuthenticationError, PermissionDenied, RateLimited, TransportError)
"""What the next batch would meet too: it is not sent."""
ATTEMPTS = 6
"""How often the answer of one command may be lost before it is given up."""


class Gate(Protocol):
    """What is needed of a portal to carry parcels."""

    classify: Classifier

    def batch(self, commands: Mapping[str, str], *, halt: bool) -> Envelope:
        """Send one batch request, once."""
        ...

    def request(
        self, method: str, params: Mapping[str, Any] | Sequence[Any] = ..., *, effect: Effect | None = None
    ) -> Envelope:
        """Send one call."""
        ...


class Kind(Enum):
    """How a parcel travels."""

    BATCH = auto()
    ALONE = auto()
    """As a single call: its text would be mistaken for a reference inside a batch."""
    LOOK = auto()
    """No sending: a look whether lost creates took place."""


@dataclass(slots=True, eq=False)
class Job:
    """A command on its way.

    Attributes:
        index: Its place in the input.
        command: The command.
        text: How it is written in a batch.
        way: How it is sent.
        looking: It is not sent next, but looked for.
        losses: How often its answer was lost.
        most: With how many others it may travel at most.
        ready: The clock's seconds before which it must not travel.
        target: The object it is about; commands on one object keep their order.
    """

    index: int
    command: Command
    text: str
    way: Kind = Kind.BATCH
    looking: bool = False
    losses: int = 0
    most: int = PAGE
    ready: float = 0.0
    target: tuple[Any, ...] | None = None

    @property
    def kind(self) -> Kind:
        """How it travels next."""
        return Kind.LOOK if self.looking else self.way


@dataclass(frozen=True, slots=True)
class Again:
    """Send it again, or look again, after so many seconds.

    Attributes:
        delay: Seconds from now.
        look: Look for it instead of sending it.
        paused: The method's own budget is used up: nobody may call it until then.
        most: With how many it may travel then, because the request was perhaps too long; 0: as before.
        lost: It counts as a lost answer.
    """

    delay: float = 0.0
    look: bool = False
    paused: bool = False
    most: int = 0
    lost: bool = False


Verdict = Outcome | Again


@dataclass(slots=True)
class Parcel:
    """What is sent together, and afterwards how it went.

    Attributes:
        jobs: In the order of sending.
        kind: How it travels.
        halt: Stop at the first command that fails.
        verdicts: One per job.
        answered: The portal answered to it as a batch.
        duration: Seconds that the portal worked on it, 0 if it does not say.
        fatal: Set if nothing else needs to be tried: the credentials were refused, the portal cannot be
            reached.
    """

    jobs: list[Job]
    kind: Kind = Kind.BATCH
    halt: bool = False
    verdicts: list[Verdict] = field(default_factory=list)
    answered: bool = False
    duration: float = 0.0
    fatal: CrmkitError | None = None


def deliver(parcel: Parcel, gate: Gate, *, attempts: int) -> Parcel:
    """Send a parcel and write the verdicts into it. Raises nothing that belongs to a command."""
    if parcel.kind is Kind.LOOK:
        _look(parcel, gate, attempts)
    elif parcel.kind is Kind.ALONE:
        _alone(parcel, gate, attempts)
    else:
        _batch(parcel, gate, attempts)
    return parcel


def _batch(parcel: Parcel, gate: Gate, attempts: int) -> None:
    names = [job.command.key if parcel.halt else f"c{job.index}" for job in parcel.jobs]
    try:
        envelope = gate.batch(
            {name: job.text for name, job in zip(names, parcel.jobs, strict=True)}, halt=parcel.halt
        )
    except OutcomeUnknown as error:
        lost: OutcomeUnknown = error
    except CrmkitError as error:
        parcel.fatal = error if isinstance(error, HOPELESS) else None
        parcel.verdicts = [Outcome(job.command, Status.FAILED, error=error) for job in parcel.jobs]
        return
    else:
        parcel.answered = True
        parcel.duration = float(envelope.time.get("duration") or 0.0)
        _sort(parcel, names, envelope, gate, attempts)
        return
    _lost(parcel, gate, lost, attempts)


def _sort(parcel: Parcel, names: list[str], envelope: Envelope, gate: Gate, attempts: int) -> None:
    """Give each command its part of the answer."""
    answer = as_map(envelope.result)
    results, errors = as_map(answer.get("result")), as_map(answer.get("result_error"))
    totals, nexts = as_map(answer.get("result_total")), as_map(answer.get("result_next"))
    times = as_map(answer.get("result_time"))
    stopped = ""
    uncounted = not totals and not nexts
    for name, job in zip(names, parcel.jobs, strict=True):
        verdict: Verdict
        if uncounted and name in results and name not in errors:
            parcel.verdicts.append(Outcome(job.command, Status.DONE, results[name]))
            continue
        if name in errors:
            body = _error_body(errors[name], times.get(name) or _last_time(job, names, parcel, times))
            verdict = _refused(job, body, gate.classify, attempts)
            stopped = stopped or (name if parcel.halt else "")
        elif name in results:
            verdict = Outcome(
                job.command, Status.DONE, results[name], None, totals.get(name), nexts.get(name)
            )
        elif stopped:
            verdict = _not_run(job, stopped)
        else:
            verdict = _silent(job, attempts)
        parcel.verdicts.append(verdict)
    _settle_doubtful(parcel, gate)


def _error_body(error: Any, time: Any) -> dict[str, Any]:
    body = dict(error) if isinstance(error, Mapping) else {"error": error}
    body.setdefault("error", "")
    body.setdefault("time", time)
    return body


def _last_time(job: Job, names: list[str], parcel: Parcel, times: Mapping[str, Any]) -> Any:
    """Return what the answer says about the run time of the same method: a refused command has no times."""
    for name, other in zip(reversed(names), reversed(parcel.jobs), strict=True):
        if other.command.method == job.command.method and times.get(name):
            return times[name]
    return None


def _refused(job: Job, body: Mapping[str, Any], classify: Classifier, attempts: int) -> Verdict:
    failure = classify.failure(body, method=job.command.method)
    if job.losses and isinstance(failure.error, NotFound) and job.command.method.lower().endswith("delete"):
        return Outcome(job.command, Status.DONE, settled="gone when it was sent again")
    if failure.action in (Action.WAIT, Action.RETRY):
        if failure.not_taken:
            return Again(failure.retry_after or 1.0, paused=failure.retry_after is not None)
        if job.command.repeat is Effect.WRITE:
            return Outcome(job.command, Status.UNKNOWN, error=_doubt(job, str(failure.error)))
        if job.losses + 1 < attempts:
            return Again(_pause(job), lost=True)
    return Outcome(job.command, Status.FAILED, error=failure.error)


def _not_run(job: Job, stopped: str) -> Outcome:
    error = ApiError(
        f"{job.command.method}: not run, because {stopped} before it failed",
        code="NOT_RUN",
        method=job.command.method,
    )
    return Outcome(job.command, Status.FAILED, error=error)


def _silent(job: Job, attempts: int) -> Verdict:
    """Judge a command that the answer passes over: the portal drops some without a trace."""
    if job.command.repeat is Effect.WRITE:
        return Outcome(job.command, Status.UNKNOWN, error=_doubt(job, "the answer passes over the command"))
    if job.losses + 1 < attempts:
        return Again(_pause(job), lost=True)
    error = ApiError(f"{job.command.method}: the portal passes over the command", method=job.command.method)
    return Outcome(job.command, Status.FAILED, error=error)


def _alone(parcel: Parcel, gate: Gate, attempts: int) -> None:
    (job,) = parcel.jobs
    command = job.command
    verdict: Verdict
    try:
        envelope = gate.request(command.method, command.params, effect=command.repeat)
        verdict = Outcome(command, Status.DONE, envelope.result, None, envelope.total, envelope.next)
    except OutcomeUnknown as error:
        verdict = Outcome(command, Status.UNKNOWN, error=error)
    except CrmkitError as error:
        verdict = Outcome(command, Status.FAILED, error=error)
    parcel.verdicts = [verdict]
    _settle_doubtful(parcel, gate)


def _lost(parcel: Parcel, gate: Gate, error: OutcomeUnknown, attempts: int) -> None:
    """Nobody knows what was done: repeat what may be repeated, look for what can be found.

    In smaller parts, as the request may have been too long; not if the portal only had too much to do.
    """
    smaller = 0 if error.overload or parcel.halt else max(1, len(parcel.jobs) // 2)
    tangled = parcel.halt and any(job.command.repeat is Effect.WRITE for job in parcel.jobs)
    for job in parcel.jobs:
        if tangled or job.command.repeat is Effect.WRITE:
            parcel.verdicts.append(Outcome(job.command, Status.UNKNOWN, error=_doubt(job, error.message)))
        elif job.losses + 1 >= attempts and (len(parcel.jobs) == 1 or error.overload):
            read = job.command.repeat is Effect.READ
            status = Status.FAILED if read else Status.UNKNOWN
            parcel.verdicts.append(Outcome(job.command, status, error=_doubt(job, error.message)))
        else:
            parcel.verdicts.append(Again(_pause(job), most=smaller, lost=True))
    _settle_doubtful(parcel, gate)


def _settle_doubtful(parcel: Parcel, gate: Gate) -> None:
    """Look for the creates of unknown outcome that carry a key."""
    places = [
        place
        for place, verdict in enumerate(parcel.verdicts)
        if isinstance(verdict, Outcome) and verdict.status is Status.UNKNOWN and verdict.command.find
    ]
    if places:
        found = _find([parcel.jobs[place].command for place in places], gate)
        for place in places:
            job = parcel.jobs[place]
            parcel.verdicts[place] = _seen(job, found) or Again(WALL, look=True, lost=True)


def _look(parcel: Parcel, gate: Gate, attempts: int) -> None:
    """Nothing can be running any more: what is not there now was not taken and may be sent again."""
    found = _find([job.command for job in parcel.jobs], gate)
    for job in parcel.jobs:
        seen = _seen(job, found)
        key = job.command.find
        if seen is not None:
            parcel.verdicts.append(seen)
        elif key is None or found.get(_group(key)) is None or job.losses >= attempts:
            error = _doubt(job, "the answer was lost", checked=_checked(key))
            parcel.verdicts.append(Outcome(job.command, Status.UNKNOWN, error=error))
        else:
            parcel.verdicts.append(Again())


Found = dict[tuple[str, str, str, str], dict[str, Any] | None]
"""Per kind of look-up: rows by key, or ``None`` if the look-up itself failed."""


def _find(commands: Sequence[Command], gate: Gate) -> Found:
    groups: dict[tuple[str, str, str, str], list[ExternalKey]] = {}
    for command in commands:
        if command.find is not None:
            groups.setdefault(_group(command.find), []).append(command.find)
    return {group: _rows_by_key(keys, gate) for group, keys in groups.items()}


def _rows_by_key(keys: Sequence[ExternalKey], gate: Gate) -> dict[str, Any] | None:
    one = keys[0]
    id_name = one.id_name or one.id_field
    params = {
        **one.params,
        "select": [id_name, one.name],
        "filter": {**one.where, f"{one.prefix}{one.name}": [key.value for key in keys]},
        "order": {id_name: "ASC"},
        "start": -1,
    }
    try:
        rows = rows_of(one.method, gate.request(one.method, params, effect=Effect.READ).result)
    except (CrmkitError, ValueError):
        return None
    found: dict[str, Any] = {}
    for row in rows:
        found.setdefault(str(row.get(one.row_name or one.name)), row)
    missing = [key for key in keys if key.value not in found]
    if missing and len(rows) >= PAGE:
        # The page is full, of namesakes perhaps: what is not on it may be on the next one.
        if len(keys) == 1:
            return None
        for half in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
            more = _rows_by_key(half, gate)
            if more is None:
                return None
            found |= more
    return found


def _seen(job: Job, found: Found) -> Outcome | None:
    key = job.command.find
    rows = found.get(_group(key)) if key else None
    row = rows.get(key.value) if key and rows else None
    if row is None or key is None:
        return None
    result = {key.wrap: row} if key.wrap else row[key.id_field]
    return Outcome(job.command, Status.DONE, result, settled=_checked(key))


def _group(key: ExternalKey) -> tuple[str, str, str, str]:
    return key.method, key.name, repr(normalise("", key.where)), repr(normalise("", key.params))


def _checked(key: ExternalKey | None) -> str:
    return f"looked for {key.name} {key.value} with {key.method}" if key else ""


def _doubt(job: Job, reason: str, *, checked: str = "") -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{job.command.method}: it is not known whether it was carried out: {reason}",
        operation=job.command.method,
        request=job.command,
        checked=checked,
        hint="look in the portal before sending it again",
    )


def _pause(job: Job) -> float:
    return min(60.0, 0.5 * 2.0**job.losses)
