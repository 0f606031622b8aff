"""Commands that run one after the other, stop at the first failure and hand results on.

What is known already is put in here, so that a chain may be longer than one request; the portal puts in the
rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from crmkit.bitrix24.encoding import Ref, has_reference, to_command
from crmkit.bitrix24.outcomes import Command, Outcome, Status
from crmkit.bitrix24.parcel import ATTEMPTS, PAGE, Again, Gate, Job, Parcel, deliver
from crmkit.exceptions import CrmkitError, ValidationError

__all__ = ["refs_in", "run_in_order"]

Sleep = Callable[[str, float], None]
"""Waits on behalf of a method."""


def run_in_order(commands: Sequence[Command], gate: Gate, sleep: Sleep) -> Iterator[Outcome]:
    """Yield one outcome per command, in order.

    Raises:
        ValidationError: A key is missing, numeric or used twice, or a reference points nowhere.
    """
    jobs = deque(_chain(commands))
    results: dict[str, Any] = {}
    stop = False
    while jobs:
        if stop:
            yield _skipped(jobs.popleft())
            continue
        parcel, refused = _next_parcel(jobs, results)
        if refused is not None:
            stop = True
            yield Outcome(jobs.popleft().command, Status.FAILED, error=refused)
            continue
        deliver(parcel, gate, attempts=ATTEMPTS)
        pause = 0.0
        for job, verdict in zip(parcel.jobs, parcel.verdicts, strict=True):
            if isinstance(verdict, Again) and not verdict.look:
                job.losses += verdict.lost
                pause = max(verdict.delay, 0.1)
                break
            jobs.popleft()
            outcome = verdict if isinstance(verdict, Outcome) else _given_up(job)
            stop = stop or outcome.status is not Status.DONE
            results[job.command.key] = outcome.result
            yield outcome
        sleep(parcel.jobs[0].command.method, pause)


def refs_in(value: Any) -> Iterator[Ref]:
    """Yield the references inside parameters."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from refs_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from refs_in(item)


def _next_parcel(jobs: deque[Job], results: Mapping[str, Any]) -> tuple[Parcel, CrmkitError | None]:
    """Return what can be sent now, or why not even the first command can."""
    parcel = Parcel([], halt=True)
    for job in islice(jobs, PAGE):
        try:
            if job.command.refused is not None:
                raise job.command.refused
            params = _resolve(job.command.params, results)
            _check(job.command.method, params)
            job.text = to_command(job.command.method, params)
        except CrmkitError as error:
            return parcel, None if parcel.jobs else error
        parcel.jobs.append(job)
    return parcel, None


def _check(method: str, params: Any) -> None:
    if has_reference(params):
        raise ValidationError(f"{method}: a text looks like a reference", hint="send it with halt=False")


def _chain(commands: Sequence[Command]) -> Iterator[Job]:
    known: set[str] = set()
    for index, command in enumerate(commands):
        key = command.key or f"c{index}"
        if key in known or key.isdigit() or not key.replace("_", "a").isalnum():
            raise ValidationError(f"{key!r} is no key of a batch", hint="letters, digits and _, each once")
        for ref in refs_in(command.params):
            if ref.key not in known:
                raise ValidationError(f"{command.method}: refers to {ref.key!r}, which is not before it")
        _check(command.method, command.params)
        known.add(key)
        yield Job(index, replace(command, key=key), "")


def _resolve(value: Any, results: Mapping[str, Any]) -> Any:
    """Put in what is known already."""
    if isinstance(value, Ref) and value.key in results:
        found = results[value.key]
        for step in value.path:
            try:
                found = found[step]
            except (LookupError, TypeError):
                found = None
        if found is None:
            raise ValidationError(f"{value}: there is nothing at this place of the result")
        return f"{value.prefix}{found}" if value.prefix else found
    if isinstance(value, Mapping):
        return {name: _resolve(item, results) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_resolve(item, results) for item in value]
    return value


def _skipped(job: Job) -> Outcome:
    error = ValidationError(f"{job.command.method}: not run, because a command before it failed")
    return Outcome(job.command, Status.FAILED, error=error)


def _given_up(job: Job) -> Outcome:
    error = CrmkitError(f"{job.command.method}: the answer was lost")
    return Outcome(job.command, Status.UNKNOWN, error=error)
