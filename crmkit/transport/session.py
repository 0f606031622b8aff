"""The one place that sends: limiter first, credentials after, repeats by the table.

Every failure becomes a value before it becomes an exception: nothing is raised inside an ``except`` block, so
no exception of ``requests``, whose texts hold URLs, ever hangs on one of ours as its context.
"""

from __future__ import annotations

import logging
import random as random_module
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Protocol, Self

import requests
from tenacity import RetryCallState, Retrying, retry_if_result

from crmkit.clock import Clock
from crmkit.exceptions import ConfigurationError, CrmkitError
from crmkit.transport import answers
from crmkit.transport.exchange import Exchange, header_problem
from crmkit.transport.lean import LeanSession
from crmkit.transport.logs import guard, log_attempt
from crmkit.transport.rate_limit import Limiter
from crmkit.transport.redaction import Redactor, keys_in
from crmkit.transport.request import Request, Response
from crmkit.transport.retry import Action, Classifier, Course, Failure, RetryPolicy, Verdict, conclude, judge

__all__ = ["Auth", "NoAuth", "OnWait", "Transport"]

OnWait = Callable[[str, float], None]
"""Is told the operation and the seconds before the transport sleeps because of a failure."""

_SECRET_HEADER = re.compile("auth|token|key|secret", re.IGNORECASE)
_LONGEST_PAUSE = 86_400.0
"""Seconds: a day is the longest period that a vendor counts over; more is a mistake of the portal."""


class Auth(Protocol):
    """The credentials of one account."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that prove who is asking; called for every request, after the limiter."""
        ...

    def refresh(self) -> None:
        """Get new credentials, once the portal says that these have expired; one thread at a time.

        Raises:
            AuthenticationError: There are no others.
        """
        ...


class NoAuth:
    """For credentials that are in the URL already (Bitrix24 webhooks)."""

    def headers(self) -> Mapping[str, str]:
        """Return no headers."""
        return {}

    def refresh(self) -> None:
        """Do nothing: a webhook does not expire."""


class Transport:
    """Sends requests to one portal and returns answers or raises one of :mod:`crmkit.exceptions`.

    Threads may share a transport. It holds open connections: close it, or use it in a ``with`` statement.

    Args:
        base_url: What all paths have in common; may hold a webhook key.
        classify: The vendor's judgement of an answer that is JSON.
        clock: Time, also for the pauses between attempts.
        auth: The credentials; none by default.
        limiter: The limits of the account, shared by all transports that talk to it; none by default.
        policy: How often and how patiently to repeat.
        timeout: Seconds for connecting, and for each wait for data: the vendors allow 60 s per request.
        random: Gives numbers from 0 to 1, for the pauses.
        secrets: What must never be shown; the key in a webhook URL is found without being named.
        on_wait: Is told about pauses.
        session: A session of the caller's own (proxies, certificates); :meth:`close` leaves it open.
        name: The portal's name in ``repr``.
        max_body: Bytes; a longer answer is refused unless it is streamed.
    """

    def __init__(
        self,
        base_url: str,
        *,
        classify: Classifier,
        clock: Clock,
        auth: Auth | None = None,
        limiter: Limiter | None = None,
        policy: RetryPolicy | None = None,
        timeout: tuple[float, float] = (5, 65),
        random: Callable[[], float] = random_module.random,
        secrets: Iterable[str] = (),
        on_wait: OnWait | None = None,
        session: requests.Session | None = None,
        name: str = "",
        max_body: int = 64 * 1024 * 1024,
    ) -> None:
        self._owned = session is None
        self._session = LeanSession(clock.monotonic) if session is None else session
        self._exchange = Exchange(self._session, base_url, clock=clock, timeout=timeout, max_body=max_body)
        self.host = self._exchange.host
        self.name = name or self.host
        self.limiter = limiter
        self.policy = policy or RetryPolicy()
        self.redactor = Redactor([*secrets, *keys_in(base_url)])
        guard(self.redactor, self.host)
        self._classify = classify
        self._auth = NoAuth() if auth is None else auth
        self._clock = clock
        self._random = random
        self._on_wait = on_wait
        self._counting = threading.Lock()
        self._refreshing = threading.Lock()
        self._sent = 0

    @property
    def requests_sent(self) -> int:
        """How many requests were sent, repeats included, whether or not they arrived."""
        return self._sent

    def send(self, request: Request) -> Response:
        """Send a request, with repeats where they are safe, and return the answer that the vendor calls good.

        Raises:
            TransportError: The portal was not reached, or what answered was not the API. There was no effect.
            OutcomeUnknown: A write may or may not have happened.
            RateLimited: The portal asked for a longer pause than the policy allows.
            QuotaExhausted: The day's budget is used up.
            ApiError: What the vendor's classifier made of the answer.
            ConfigurationError: Address or token cannot be sent at all.
        """
        prepared = self._exchange.prepare(request)
        course = Course()
        outcome = self._attempt(request, prepared, course)
        if _wants_more(outcome):
            outcome = self._repeat(request, prepared, course, outcome)
        if isinstance(outcome, Response):
            return outcome
        raise self._clean(outcome.reason())

    def close(self) -> None:
        """Close the connections, if the session is our own."""
        if self._owned:
            self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Transport({self.name!r}, host={self.host!r}, requests_sent={self._sent})"

    def _repeat(
        self,
        request: Request,
        prepared: requests.PreparedRequest,
        course: Course,
        first: Response | Verdict,
    ) -> Response | Verdict:
        """Go on after a first attempt that is to be repeated; most requests never come here."""
        done = [first]
        loop = Retrying(
            sleep=self._clock.sleep,
            retry=retry_if_result(_wants_more),
            wait=_pause,
            before_sleep=lambda state: self._tell(request, _pause(state)),
        )
        return loop(lambda: done.pop() if done else self._attempt(request, prepared, course))

    def _attempt(
        self, request: Request, prepared: requests.PreparedRequest, course: Course
    ) -> Response | Verdict:
        """Wait for the turn, send once, and return the answer or what to do next."""
        try:
            waited = self._next_turn(request)
            credentials = self._credentials()
            started = self._clock.monotonic()
            course.sent += 1
            answer = self._send_once(request, prepared, credentials)
        except CrmkitError as error:
            refusal = error
        else:
            note = {
                "operation": request.operation,
                "portal": self.name,
                "status": answer.status if isinstance(answer, Response) else 0,
                "elapsed": self._clock.monotonic() - started,
                "waited": waited,
                "attempt": course.sent,
            }
            outcome = self._classified(request, prepared, answer)
            if isinstance(outcome, Response):
                log_attempt(logging.DEBUG, note)
                return outcome
            verdict = self._next_step(request, outcome, course, credentials)
            # What is raised speaks for itself; what is repeated would go unnoticed.
            level = logging.WARNING if verdict.again else logging.INFO
            log_attempt(level, note, self.redactor.scrub(outcome.error.message))
            return verdict
        return Verdict(conclude(request, refusal, course))

    def _next_turn(self, request: Request) -> float:
        if self.limiter is None:
            return 0.0
        return self.limiter.acquire(request.operation, max_wait=self.policy.max_wait)

    def _credentials(self) -> Mapping[str, str]:
        """Ask for the headers and remember what is secret in them."""
        headers = dict(self._auth.headers())
        for name, value in headers.items():
            if _SECRET_HEADER.search(name):
                self.redactor.add(value, value.rpartition(" ")[2])
        broken = header_problem(headers)
        if broken is not None:
            raise ConfigurationError(
                f"the value of the header {broken} has characters that HTTP cannot carry",
                hint="look for a line break, a space or Cyrillic letters in the token",
            )
        return headers

    def _send_once(
        self, request: Request, prepared: requests.PreparedRequest, credentials: Mapping[str, str]
    ) -> Response | Failure:
        def count() -> None:
            with self._counting:
                self._sent += 1

        def next_hop() -> None:
            self._next_turn(request)
            count()

        count()
        answer = self._exchange.send(request, prepared, credentials, next_hop)
        if isinstance(answer, Response) and self.limiter is not None:
            self.limiter.observe(request.operation, answer)
        return answer

    def _classified(
        self, request: Request, prepared: requests.PreparedRequest, answer: Response | Failure
    ) -> Response | Failure:
        """Turn an answer that is not a good one into a failure."""
        if isinstance(answer, Failure) or answer.body is not None:
            return answer
        failure = self._exchange.judge(request, prepared, answer)
        if failure is None and not answers.may_be_empty(request, answer):
            failure = self._classify(request, answer)
        return answer if failure is None else failure

    def _next_step(
        self, request: Request, failure: Failure, course: Course, credentials: Mapping[str, str]
    ) -> Verdict:
        verdict = judge(request, failure, course, self.policy, self._random)
        if (failure.action is Action.WAIT or failure.overload) and self.limiter is not None:
            # Whoever else uses the account would be told the same: spare the portal their requests.
            scope = request.operation if failure.operation_only else None
            pause = failure.retry_after or verdict.delay or self.policy.base
            self.limiter.pause(scope, min(pause, _LONGEST_PAUSE))
        if not verdict.refresh:
            return verdict
        try:
            self._refresh(credentials)
        except CrmkitError as error:
            refusal = error
        else:
            return verdict
        return Verdict(conclude(request, refusal, course))

    def _refresh(self, expired: Mapping[str, str]) -> None:
        """Renew the credentials unless another thread has just done so: a refresh token works once."""
        with self._refreshing:
            if self._auth.headers() == expired:
                self._auth.refresh()

    def _tell(self, request: Request, seconds: float) -> None:
        if self._on_wait is not None and seconds > 0:
            self._on_wait(request.operation, seconds)

    def _clean(self, error: CrmkitError) -> CrmkitError:
        """Mask secrets in all that the error carries, and cut it off from what it may have come from.

        Its old traceback goes too: a crash reporter would print the variables of frames that hold a token.
        """
        for name, value in vars(error).items():
            setattr(error, name, self._clean_value(value))
        error.args = tuple(map(self.redactor.scrub_value, error.args))
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)

    def _clean_value(self, value: Any) -> Any:
        if isinstance(value, Request):
            scrub = self.redactor.scrub_value
            return replace(
                value,
                path=scrub(value.path),
                params=scrub(value.params),
                json=scrub(value.json),
                data=scrub(value.data),
                files=None,
                headers=None,
            )
        return self.redactor.scrub_value(value)


def _wants_more(outcome: Response | Verdict) -> bool:
    return isinstance(outcome, Verdict) and outcome.again


def _pause(state: RetryCallState) -> float:
    outcome = state.outcome.result() if state.outcome is not None else None
    return outcome.delay if isinstance(outcome, Verdict) else 0.0
