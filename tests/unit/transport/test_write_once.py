"""Whatever the portal does, a write is carried out at most once, and the caller is told the truth."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.clock import ManualClock
from crmkit.exceptions import CrmkitError, OutcomeUnknown
from crmkit.transport import Effect, RetryPolicy, Transport

from .conftest import START, Play, TokenAuth, WireServer, answer, ask, classify, drop, raw, reset


def no(code: str, status: int = 400) -> Play:
    return answer(json.dumps({"error": code, "wait": 30}).encode(), status)


PAGE = b"<html>nginx</html>"
CARRIED_OUT: dict[str, Play] = {
    "answered": answer(),
    "answered, then closed": answer(then_close=True),
    "accepted": answer(b"", 202),
    "dropped": drop,
    "reset": reset,
    "half an answer": answer(b'{"resu', claim=50),
    "half a head": raw(b"HTTP/1.1 200"),
    "page": answer(PAGE),
    "bad gateway": answer(PAGE, 502),
    "login": answer(b"", 302, {"Location": "/login"}),
    "nothing": answer(b""),
    "broken after the deed": no("internal", 500),
}
NOT_CARRIED_OUT: dict[str, Play] = {
    "busy": no("busy", 503),
    "limit": no("limit", 429),
    "expired": no("expired", 401),
    "invalid": no("invalid"),
    "front end limit": answer(PAGE, 429),
    "not found": answer(PAGE, 404),
    "idle too long": answer(PAGE, 408),
}
PLAYS = {**CARRIED_OUT, **NOT_CARRIED_OUT}


@settings(max_examples=150, deadline=None)
@given(
    days=st.lists(st.lists(st.sampled_from(sorted(PLAYS)), min_size=1, max_size=5), min_size=1, max_size=4),
    effect=st.sampled_from(Effect),
)
def test_truth(days: list[list[str]], effect: Effect) -> None:
    server = WireServer()
    clock = ManualClock(START)
    policy = RetryPolicy(attempts=4, max_wait=100)
    try:
        with Transport(
            server.url, classify=classify, clock=clock, auth=TokenAuth(), policy=policy
        ) as transport:
            for names in days:  # several writes over the connections that the earlier ones left behind
                check(server, transport, names, effect)
    finally:
        server.stop()


def check(server: WireServer, transport: Transport, names: list[str], effect: Effect) -> None:
    server.plays = [PLAYS[name] for name in names]
    before = len(server.requests)
    outcome: CrmkitError | None = None
    try:
        transport.send(ask(effect))
    except CrmkitError as error:
        outcome = error
    sent = len(server.requests) - before
    played = [names[min(index, len(names) - 1)] for index in range(sent)]
    times = sum(name in CARRIED_OUT for name in played)
    if played[-1] == "answered, then closed":
        # Else the close may cross the next request, which is then unknown without having been carried out.
        server.wait_until_closed()
    if effect is Effect.WRITE:
        assert times <= 1
    if outcome is None:
        assert times >= 1
    elif effect is Effect.WRITE:
        assert isinstance(outcome, OutcomeUnknown) == (times == 1)
    elif effect is Effect.IDEMPOTENT and not isinstance(outcome, OutcomeUnknown):
        assert times == 0 or played[-1] == "invalid" or played.count("expired") == 2
