"""The table of repeats, cell by cell, without a network."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.exceptions import (
    ApiError,
    AuthenticationError,
    CrmkitError,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    ServerError,
    TransportError,
    ValidationError,
)
from crmkit.transport import Action, Effect, Failure, RetryPolicy
from crmkit.transport.retry import Course, Verdict, judge

from .conftest import ask

READ, IDEMPOTENT, WRITE = Effect.READ, Effect.IDEMPOTENT, Effect.WRITE
ATTEMPTS = 3
POLICY = RetryPolicy(attempts=ATTEMPTS, base=1.0, cap=10.0, max_wait=100.0, jitter=0.0)


def play(
    effect: Effect, failures: Sequence[Failure], policy: RetryPolicy = POLICY
) -> tuple[int, CrmkitError, list[Verdict]]:
    """Fail in this way, the last one for ever. Returns the requests sent, the error, the verdicts."""
    course = Course()
    verdicts: list[Verdict] = []
    while not verdicts or verdicts[-1].again:
        failure = failures[min(len(verdicts), len(failures) - 1)]
        verdicts.append(judge(ask(effect), failure, course, policy, lambda: 0.0))
        assert len(verdicts) < 500
    return len(verdicts), verdicts[-1].reason(), verdicts


TABLE = [
    # action, error, not taken,    effect, requests sent, raised
    (Action.RETRY, ServerError, False, READ, ATTEMPTS, ServerError),
    (Action.RETRY, ServerError, False, IDEMPOTENT, ATTEMPTS, OutcomeUnknown),
    (Action.RETRY, ServerError, False, WRITE, 1, OutcomeUnknown),
    (Action.RETRY, ServerError, True, READ, ATTEMPTS, ServerError),
    (Action.RETRY, ServerError, True, IDEMPOTENT, ATTEMPTS, ServerError),
    (Action.RETRY, ServerError, True, WRITE, ATTEMPTS, ServerError),
    (Action.RETRY, TransportError, False, READ, ATTEMPTS, TransportError),
    (Action.RETRY, TransportError, False, IDEMPOTENT, ATTEMPTS, OutcomeUnknown),
    (Action.RETRY, TransportError, False, WRITE, 1, OutcomeUnknown),
    (Action.RETRY, TransportError, True, READ, ATTEMPTS, TransportError),
    (Action.RETRY, TransportError, True, IDEMPOTENT, ATTEMPTS, TransportError),
    (Action.RETRY, TransportError, True, WRITE, ATTEMPTS, TransportError),
    # 40 s asked for each time, 100 s allowed: two waits, then the third request is the last
    (Action.WAIT, RateLimited, False, READ, 3, RateLimited),
    (Action.WAIT, RateLimited, False, IDEMPOTENT, 3, OutcomeUnknown),
    (Action.WAIT, RateLimited, False, WRITE, 1, OutcomeUnknown),
    (Action.WAIT, RateLimited, True, READ, 3, RateLimited),
    (Action.WAIT, RateLimited, True, IDEMPOTENT, 3, RateLimited),
    (Action.WAIT, RateLimited, True, WRITE, 3, RateLimited),
    (Action.WAIT, TransportError, False, READ, 3, RateLimited),
    (Action.WAIT, TransportError, False, IDEMPOTENT, 3, OutcomeUnknown),
    (Action.WAIT, TransportError, False, WRITE, 1, OutcomeUnknown),
    (Action.WAIT, TransportError, True, READ, 3, RateLimited),
    (Action.WAIT, TransportError, True, IDEMPOTENT, 3, RateLimited),
    (Action.WAIT, TransportError, True, WRITE, 3, RateLimited),
    *(
        (Action.REFRESH, AuthenticationError, not_taken, effect, 2, AuthenticationError)
        for not_taken in (False, True)
        for effect in Effect
    ),
    *(
        (Action.FAIL, ValidationError, not_taken, effect, 1, ValidationError)
        for not_taken in (False, True)
        for effect in Effect
    ),
    (Action.FAIL, TransportError, False, READ, 1, TransportError),
    (Action.FAIL, TransportError, False, IDEMPOTENT, 1, OutcomeUnknown),
    (Action.FAIL, TransportError, False, WRITE, 1, OutcomeUnknown),
    *((Action.FAIL, TransportError, True, effect, 1, TransportError) for effect in Effect),
]


def test_the_table_has_every_cell() -> None:
    vendors = {
        (action, issubclass(error, ApiError), not_taken, effect)
        for action, error, not_taken, effect, *_ in TABLE
    }
    wanted = {
        (action, by_vendor, not_taken, effect)
        for action in Action
        for by_vendor in (True, False)
        for not_taken in (True, False)
        for effect in Effect
        if by_vendor or action is not Action.REFRESH  # only an answer can ask for new credentials
    }
    assert vendors == wanted


@pytest.mark.parametrize(("action", "error", "not_taken", "effect", "sent", "raised"), TABLE)
def test_cell(
    action: Action,
    error: type[CrmkitError],
    not_taken: bool,
    effect: Effect,
    sent: int,
    raised: type[CrmkitError],
) -> None:
    count, end, _ = play(
        effect, [Failure(error("no"), action, not_taken, retry_after=40.0 if action is Action.WAIT else None)]
    )
    assert (count, type(end)) == (sent, raised)


def test_a_doubt_is_not_forgotten_when_later_attempts_prove_harmless() -> None:
    timeout = Failure(TransportError("no answer in time"), Action.RETRY, not_taken=False)
    refused = Failure(TransportError("no connection"), Action.RETRY, not_taken=True)
    _, end, _ = play(IDEMPOTENT, [timeout, refused])
    assert isinstance(end, OutcomeUnknown)
    assert "no connection" in str(end)
    assert end.hint == "repeating it does no harm"


def test_a_write_is_given_up_at_the_first_doubt_even_after_harmless_failures() -> None:
    refused = Failure(TransportError("no connection"), Action.RETRY, not_taken=True)
    timeout = Failure(TransportError("no answer in time"), Action.RETRY, not_taken=False)
    count, end, _ = play(WRITE, [refused, timeout])
    assert count == 2
    assert isinstance(end, OutcomeUnknown)
    assert end.operation == "POST /task/{id}/"
    assert "look at the portal" in end.hint


def test_a_definite_no_after_a_doubt_is_the_vendors_no() -> None:
    """A comment whose deletion was repeated is "not found": that must reach the caller."""
    timeout = Failure(TransportError("no answer in time"), Action.RETRY, not_taken=False)
    _, end, _ = play(IDEMPOTENT, [timeout, Failure(ValidationError("gone"))])
    assert isinstance(end, ValidationError)


def test_waits_use_up_patience_and_not_attempts() -> None:
    wait = Failure(RateLimited("slow down"), Action.WAIT, not_taken=True, retry_after=5.0)
    count, end, verdicts = play(WRITE, [wait])
    assert count == 21  # 20 waits of 5 s are 100 s
    assert [verdict.delay for verdict in verdicts[:-1]] == [5.0] * 20
    assert isinstance(end, RateLimited)
    assert end.retry_after == 5.0


def test_a_wait_that_is_too_long_is_not_begun() -> None:
    wait = Failure(
        QuotaExhausted("tomorrow", retry_after=50_000.0), Action.WAIT, not_taken=True, retry_after=50_000.0
    )
    count, end, _ = play(WRITE, [wait])
    assert count == 1
    assert isinstance(end, QuotaExhausted)
    assert end.retry_after == 50_000.0


def test_an_error_of_another_kind_becomes_rate_limited_with_all_that_is_known() -> None:
    error = ServerError(
        "overload", code="503", status=503, method="crm.item.list", raw={"a": 1}, hint="try at night"
    )
    _, end, _ = play(READ, [Failure(error, Action.WAIT, retry_after=200.0)])
    assert isinstance(end, RateLimited)
    assert (end.code, end.status, end.method, end.raw) == ("503", 503, "crm.item.list", {"a": 1})
    assert (end.message, end.hint, end.retry_after) == ("overload", "try at night", 200.0)


@pytest.mark.parametrize("asked", [None, 0.0, -5.0])
def test_a_wait_of_unknown_length_backs_off(asked: float | None) -> None:
    _, _, verdicts = play(READ, [Failure(RateLimited("slow down"), Action.WAIT, retry_after=asked)])
    assert [verdict.delay for verdict in verdicts[:6]] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_a_wait_never_spins() -> None:
    impatient = RetryPolicy(base=0.0, max_wait=1.0)
    count, _, _ = play(READ, [Failure(RateLimited("slow down"), Action.WAIT)], impatient)
    assert count <= 11


def test_a_retry_that_names_a_time_waits_for_it_within_the_patience() -> None:
    busy = Failure(TransportError("maintenance"), Action.RETRY, retry_after=60.0)
    count, _, verdicts = play(READ, [busy])
    assert count == 2
    assert verdicts[0].delay == 60.0


def test_retries_and_waits_are_counted_apart() -> None:
    wait = Failure(RateLimited("slow down"), Action.WAIT, retry_after=1.0)
    broken = Failure(ServerError("broken"), Action.RETRY)
    count, end, _ = play(READ, [wait, broken, wait, broken, wait, broken])
    assert count == 6
    assert isinstance(end, ServerError)


def test_refreshing_happens_once_in_all() -> None:
    expired = Failure(AuthenticationError("expired"), Action.REFRESH)
    broken = Failure(ServerError("broken"), Action.RETRY)
    count, end, verdicts = play(READ, [expired, broken, expired])
    assert [verdict.refresh for verdict in verdicts] == [True, False, False]
    assert count == 3
    assert isinstance(end, AuthenticationError)


@given(
    failures=st.integers(1, 10_000),
    draw=st.floats(0.0, 1.0),
    base=st.floats(0.0, 10.0),
    cap=st.floats(0.0, 100.0),
    jitter=st.floats(0.0, 1.0),
)
def test_a_backoff_stays_between_its_bounds(
    failures: int, draw: float, base: float, cap: float, jitter: float
) -> None:
    policy = RetryPolicy(base=base, cap=cap, jitter=jitter)
    longest = min(cap, base * 2.0 ** min(failures - 1, 60))
    assert longest * (1 - jitter) <= policy.backoff(failures, draw) <= longest


def test_callers_that_fail_together_do_not_come_back_together() -> None:
    draw = random.Random(7).random
    failure = Failure(ServerError("broken"), Action.RETRY)
    delays = {judge(ask(), failure, Course(), RetryPolicy(), draw).delay for _ in range(20)}
    assert len(delays) == 20


@pytest.mark.parametrize(
    "wrong",
    [{"attempts": 0}, {"base": -1.0}, {"cap": -1.0}, {"max_wait": -1.0}, {"jitter": 1.5}, {"jitter": -0.1}],
)
def test_an_impossible_policy_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a retry policy needs"):
        RetryPolicy(**wrong)  # type: ignore[arg-type]


def test_a_verdict_without_end_has_no_reason() -> None:
    with pytest.raises(ValueError, match="another attempt"):
        Verdict(delay=1.0).reason()
