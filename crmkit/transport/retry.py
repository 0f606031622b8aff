"""Which failures are tried again: a table, and the counting around it.

============  =====================  =============================  ==================================
action        READ                   IDEMPOTENT                     WRITE
============  =====================  =============================  ==================================
RETRY         again, then the error  again, then OutcomeUnknown     OutcomeUnknown at once
RETRY, not    again, then the error  again, then the error          again, then the error
taken
WAIT          as RETRY, but after ``retry_after`` and without using up attempts; once that would take
              longer than ``max_wait``: RateLimited in place of the error
REFRESH       new credentials and once more, whatever the effect: who is refused at the door has done
              nothing
FAIL, by the  the error              the error                      the error
vendor
FAIL, ours    the error              OutcomeUnknown if not proven   OutcomeUnknown if not proven
============  =====================  =============================  ==================================

"Not taken" means proven: the portal said so by its code, or no whole request head left this machine.
"Ours" is a TransportError: no answer of the API.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from crmkit.exceptions import ApiError, CrmkitError, OutcomeUnknown, RateLimited, TransportError
from crmkit.transport.request import Effect, Request, Response

__all__ = ["Action", "Classifier", "Course", "Failure", "RetryPolicy", "Rule", "Verdict", "conclude", "judge"]

_SHORTEST_WAIT = 0.1


class Action(StrEnum):
    """What to do about a failure: try again, wait as told and try again, renew the credentials, give up."""

    RETRY = "retry"
    WAIT = "wait"
    REFRESH = "refresh"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of a vendor's table of error codes.

    Args:
        error: What the caller gets.
        action: What the transport does first.
        not_taken: The code proves that nothing was done, so that even a write may be repeated.
        hint: What a person can do about it.
        operation_only: A WAIT concerns this operation, not the whole account.
    """

    error: type[ApiError]
    action: Action = Action.FAIL
    not_taken: bool = False
    hint: str = ""
    operation_only: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """One attempt that did not succeed.

    Args:
        error: What the caller gets if it stays so.
        action: What to do first.
        not_taken: It is proven that the portal did nothing.
        retry_after: Seconds that the portal asked for.
        operation_only: A WAIT concerns this operation, not the whole account.
        overload: A web server said that the portal has too much to do, which proves nothing, but whoever uses
            the account had better wait a moment.
    """

    error: CrmkitError
    action: Action = Action.FAIL
    not_taken: bool = False
    retry_after: float | None = None
    operation_only: bool = False
    overload: bool = False


Classifier = Callable[[Request, Response], Failure | None]
"""A vendor's judgement of an answer that is JSON (or legally empty): ``None`` if it is a success."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently.

    Args:
        attempts: Requests in all, those that were told to wait not counted.
        base: Seconds before the second attempt; doubled each time.
        cap: The longest such pause.
        max_wait: Seconds that one request may be told to wait in all. The default covers the ten minutes over
            which Bitrix24 counts its ``operating`` budget.
        jitter: The part of a pause that is random, 0 to 1, so that many callers do not come back at once.
    """

    attempts: int = 6
    base: float = 0.5
    cap: float = 60.0
    max_wait: float = 900.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        if self.attempts < 1 or min(self.base, self.cap, self.max_wait) < 0 or not 0 <= self.jitter <= 1:
            raise ValueError(f"a retry policy needs attempts >= 1, times >= 0 and 0 <= jitter <= 1: {self}")

    def backoff(self, failures: int, draw: float) -> float:
        """Return the pause after so many failures; ``draw`` is a random number from 0 to 1.

        Example:
            >>> [RetryPolicy().backoff(n, 0.0) for n in (1, 2, 3, 9)]
            [0.5, 1.0, 2.0, 60.0]
        """
        pause = min(self.cap, self.base * 2.0 ** min(failures - 1, 60))
        return pause * (1 - self.jitter * draw)


@dataclass(slots=True)
class Course:
    """What has happened to one request so far."""

    sent: int = 0
    """Requests that went out."""
    attempts: int = 0
    """Failed attempts that count against the policy."""
    waits: int = 0
    waited: float = 0.0
    refreshed: bool = False
    in_doubt: bool = False
    """An attempt may have been carried out."""
    overload: bool = False
    """The last failure said that the portal has too much to do."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comes next: another attempt after ``delay`` seconds, or the end with ``error``."""

    error: CrmkitError | None = None
    delay: float = 0.0
    refresh: bool = False

    @property
    def again(self) -> bool:
        """Whether to send once more."""
        return self.error is None

    def reason(self) -> CrmkitError:
        """Return the error with which it ends."""
        if self.error is None:
            raise ValueError("another attempt is to come")
        return self.error


def judge(
    request: Request,
    failure: Failure,
    course: Course,
    policy: RetryPolicy,
    draw: Callable[[], float] = random.random,
) -> Verdict:
    """Decide what to do after a failed attempt; counts it in ``course``.

    Args:
        request: What was sent.
        failure: How it failed.
        course: What happened before; changed.
        policy: The limits of patience.
        draw: Gives random numbers from 0 to 1.
    """
    if failure.action is Action.REFRESH:
        again = not course.refreshed
        course.refreshed = True
        return Verdict(refresh=True) if again else Verdict(failure.error)
    course.overload = failure.overload
    ours = isinstance(failure.error, TransportError)
    if failure.action is Action.FAIL and not ours:
        return Verdict(failure.error)
    if not failure.not_taken and request.effect is not Effect.READ:
        course.in_doubt = True
    if failure.action is Action.FAIL or (course.in_doubt and request.effect is Effect.WRITE):
        return Verdict(conclude(request, failure.error, course))
    if failure.action is Action.WAIT:
        return _wait(request, failure, course, policy, draw)
    return _retry(request, failure, course, policy, draw)


def _retry(
    request: Request, failure: Failure, course: Course, policy: RetryPolicy, draw: Callable[[], float]
) -> Verdict:
    course.attempts += 1
    asked = max(0.0, failure.retry_after or 0.0)
    if course.attempts >= policy.attempts or course.waited + asked > policy.max_wait:
        return Verdict(conclude(request, failure.error, course))
    course.waited += asked
    return Verdict(delay=max(policy.backoff(course.attempts, draw()), asked))


def _wait(
    request: Request, failure: Failure, course: Course, policy: RetryPolicy, draw: Callable[[], float]
) -> Verdict:
    course.waits += 1
    asked = failure.retry_after
    # Never at once: a portal that says "wait 0" for ever would be asked in a tight loop.
    delay = max(
        _SHORTEST_WAIT, asked if asked is not None and asked > 0 else policy.backoff(course.waits, draw())
    )
    if course.waited + delay > policy.max_wait:
        return Verdict(conclude(request, _rate_limited(failure.error, delay), course))
    course.waited += delay
    return Verdict(delay=delay)


def _rate_limited(error: CrmkitError, delay: float) -> RateLimited:
    if isinstance(error, RateLimited):
        error.retry_after = error.retry_after or delay
        return error
    details = {
        name: getattr(error, name) for name in ("code", "status", "method", "raw") if hasattr(error, name)
    }
    return RateLimited(error.message, retry_after=delay, hint=error.hint, **details)


def conclude(request: Request, error: CrmkitError, course: Course) -> CrmkitError:
    """Say what is known in the end: the error itself only if no attempt can have been carried out."""
    if not course.in_doubt:
        return error
    hint = "look at the portal before you repeat it"
    if request.effect is Effect.IDEMPOTENT:
        hint = "repeating it does no harm"
    return OutcomeUnknown(
        f"{request.operation} may or may not have been carried out: {error.message}",
        operation=request.operation,
        request=request,
        overload=course.overload,
        hint=hint,
    )
