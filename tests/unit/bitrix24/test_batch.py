"""Batches: one outcome each, in order, nothing lost, nothing guessed, nothing done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import requests

from crmkit.bitrix24.client import Bitrix24
from crmkit.bitrix24.encoding import Ref
from crmkit.bitrix24.outcomes import Command, ExternalKey, Outcome, Status
from crmkit.exceptions import (
    AuthenticationError,
    BatchError,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    ValidationError,
)


def update(number: int, **fields: Any) -> Command:
    return Command("crm.item.update", {"entityTypeId": 2, "id": number, "fields": fields or {"title": "new"}})


def create(number: int, *, keyed: bool = True) -> Command:
    find = ExternalKey("crm.item.list", "originId", f"k{number}", params={"entityTypeId": 2}, wrap="item")
    fields = {"title": f"t{number}", "originId": f"k{number}"}
    return Command("crm.item.add", {"entityTypeId": 2, "fields": fields}, find=find if keyed else None)


def batches(portal: Any) -> list[Any]:
    return [body for method, body in portal.requests if method == "batch"]


@pytest.mark.parametrize("workers", [1, 8])
def test_any_number_in_order_with_each_failure_at_its_place(
    make_client: Callable[..., Bitrix24], portal: Any, workers: int
) -> None:
    portal.add(5000)
    del portal.items[51], portal.items[4000]
    result = make_client(workers=workers).batch(update(n) for n in range(1, 5001))
    assert len(result) == 5000
    assert [o.command.params["id"] for o in result] == list(range(1, 5001))  # type: ignore[call-overload]
    assert [o.command.params["id"] for o in result.failed] == [51, 4000]  # type: ignore[call-overload]
    assert isinstance(result[50].error, NotFound)
    assert len(portal.requests) == 100
    with pytest.raises(BatchError) as caught:
        result.results()
    assert (len(caught.value.done), len(caught.value.failed)) == (4998, 2)


def test_error_with_empty_code_is_a_failure(b24: Bitrix24, portal: Any) -> None:
    portal.rules.append(lambda *_: {"error": "", "error_description": "Not found"})
    (outcome,) = b24.batch([("crm.deal.get", {"id": 1})])
    assert outcome.status is Status.FAILED
    with pytest.raises(NotFound):
        outcome.value()


def test_short_forms_and_none_at_all(b24: Bitrix24, portal: Any) -> None:
    portal.methods["profile"] = lambda _: {"ID": 1}
    assert b24.batch(["profile", ("profile", {})]).results() == [{"ID": 1}] * 2
    assert list(b24.batch([])) == []
    assert len(portal.requests) == 1


def test_lost_answer_of_idempotent_commands_is_repeated_in_smaller_batches(
    b24: Bitrix24, portal: Any
) -> None:
    portal.add(120)

    def slow(method: str, body: Any) -> Any:
        return requests.ReadTimeout("too slow") if len(body["cmd"]) > 12 else None

    portal.faults.append(slow)
    assert len(b24.batch(update(n) for n in range(1, 121)).done) == 120
    assert max(len(body["cmd"]) for body in batches(portal)[3:]) <= 25
    assert Counter(row["title"] for row in portal.items.values()) == {"new": 120}


def test_a_command_that_never_answers_is_given_up_alone(b24: Bitrix24, portal: Any) -> None:
    portal.add(50)

    def stuck(method: str, body: Any) -> Any:
        poisoned = any("id=13&" in command for command in body["cmd"].values())
        return requests.ReadTimeout("hangs") if poisoned else None

    portal.faults.append(stuck)
    result = b24.batch(update(n) for n in range(1, 51))
    assert [o.command.params["id"] for o in result.unknown] == [13]  # type: ignore[call-overload]
    assert len(result.done) == 49


def test_lost_creates_with_keys_are_found_and_none_is_made_twice(b24: Bitrix24, portal: Any) -> None:
    portal.lose(match="batch")
    result = b24.batch(create(n) for n in range(1, 101))
    assert len(result.done) == 100
    assert all(outcome.settled for outcome in result[:50])
    assert len(portal.items) == 100
    assert len(batches(portal)) == 2


def test_creates_that_never_arrived_are_sent_again_once_nothing_can_be_running(
    b24: Bitrix24, portal: Any, clock: Any
) -> None:
    portal.lose(after=False, match="batch")
    result = b24.batch(create(n) for n in range(1, 11))
    assert len(result.done) == len(portal.items) == 10
    assert clock.monotonic() >= 60


def test_two_thousand_creates_on_a_bad_line_make_exactly_two_thousand(
    make_client: Callable[..., Bitrix24], portal: Any
) -> None:
    seen = [0]

    def bad_line(method: str, body: Any) -> Any:
        seen[0] += 1
        if method != "batch":
            return None
        if seen[0] % 5 == 0:
            portal._answer(method, body)
            return requests.ReadTimeout("lost")
        if seen[0] % 7 == 0:
            return [(502, b"<html>bad gateway"), requests.ConnectionError("reset")][seen[0] % 2]
        return None

    portal.faults.append(bad_line)
    result = make_client(workers=8).batch(create(n) for n in range(2000))
    assert len(result.done) == 2000
    assert len(portal.items) == 2000
    assert len({row["originId"] for row in portal.items.values()}) == 2000


def test_lost_creates_without_keys_are_unknown(b24: Bitrix24, portal: Any) -> None:
    portal.lose()
    result = b24.batch([create(1, keyed=False), update(1)])
    assert [outcome.status for outcome in result] == [Status.UNKNOWN, Status.DONE]
    assert isinstance(result[0].error, OutcomeUnknown)
    assert len(portal.items) == 1


def test_a_key_that_cannot_be_looked_up_stays_unknown(b24: Bitrix24, portal: Any) -> None:
    portal.lose()
    portal.rules.append(lambda m, _: {"error": "ACCESS_DENIED"} if m == "crm.item.list" else None)
    (outcome,) = b24.batch([create(1)])
    assert outcome.status is Status.UNKNOWN
    assert isinstance(outcome.error, OutcomeUnknown)
    assert outcome.error.checked
    assert len(portal.items) == 1


def test_a_used_up_method_waits_while_the_others_go_on(b24: Bitrix24, portal: Any, clock: Any) -> None:
    portal.add(200)
    until = clock.monotonic() + 3600

    def budget(method: str, _: Any) -> Any:
        if method == "crm.item.update" and clock.monotonic() < until:
            return {"error": "OPERATION_TIME_LIMIT"}
        return None

    portal.rules.append(budget)
    commands = [update(n // 2 + 1) if n % 2 else ("crm.item.get", {"id": n // 2 + 1}) for n in range(400)]
    moments: dict[str, float] = {}
    for outcome in b24.batch_stream(commands):
        assert outcome.status is Status.DONE
        moments[outcome.command.method] = clock.monotonic()
    reads = [position for position, (name, _) in enumerate(portal.executed) if name == "crm.item.get"]
    assert reads == list(range(200))
    assert len(batches(portal)) < 100
    assert clock.monotonic() >= 3600


def test_an_hour_without_budget_does_not_lose_a_list(b24: Bitrix24, portal: Any, clock: Any) -> None:
    portal.add(200)
    portal.rules.append(
        lambda m, _: (
            {"error": "OPERATION_TIME_LIMIT"} if portal.executed and clock.monotonic() < 3600 else None
        )
    )
    assert [row["id"] for row in b24.list("crm.item.list", {"entityTypeId": 2})] == list(range(1, 201))
    assert clock.monotonic() >= 3600


def test_the_reset_that_the_portal_named_is_waited_for(b24: Bitrix24, portal: Any, clock: Any) -> None:
    portal.add(2)
    reset = clock.now().timestamp() + 300
    real = portal._batch

    def batch(body: Any) -> Any:
        answer = real(body)
        answer["result"]["result_time"] = {
            key: {"operating_reset_at": reset} for key in answer["result"]["result"]
        }
        return answer

    portal._batch = batch
    portal.rules.append(
        lambda m, p: (
            {"error": "OPERATION_TIME_LIMIT"} if p["id"] == "2" and clock.now().timestamp() < reset else None
        )
    )
    assert len(b24.batch([update(1), update(2)]).done) == 2
    assert clock.monotonic() == pytest.approx(300, abs=1)
    assert len(portal.requests) == 2


def test_a_delete_whose_answer_was_lost_is_done(b24: Bitrix24, portal: Any) -> None:
    portal.add(3)
    portal.lose()
    result = b24.batch([("crm.item.delete", {"entityTypeId": 2, "id": n}) for n in (1, 2, 3)])
    assert len(result.done) == 3
    assert not portal.items


def test_errors_inside_a_batch_show_no_secret(b24: Bitrix24, portal: Any) -> None:
    said = "no https://acme.bitrix24.ru/rest/1/s3cretk3y/x"
    portal.rules.append(lambda *_: {"error": "ERROR_CORE", "error_description": said})
    (outcome,) = b24.batch(["x.y"])
    assert "s3cretk3y" not in str(outcome.error) + repr(outcome) + repr(vars(outcome.error))


def test_who_waits_for_a_paused_command_on_the_same_object_does_not_spin(
    make_client: Callable[..., Bitrix24], portal: Any, clock: Any
) -> None:
    portal.add(1)
    portal.rules.append(
        lambda m, _: (
            {"error": "OPERATION_TIME_LIMIT"} if m.endswith("update") and clock.monotonic() < 100 else None
        )
    )
    naps: list[float] = []
    client = make_client(on_wait=lambda _, seconds: naps.append(seconds))
    commands = [update(1), ("crm.item.get", {"entityTypeId": 2, "id": 1})]
    assert client.batch(commands).results()[1]["item"]["title"] == "new"
    client.batch([update(1)] + [("crm.item.get", {"entityTypeId": 2, "id": 1})] * 60)
    assert len(naps) <= 4


def test_query_limit_inside_a_batch_is_waited_for(b24: Bitrix24, portal: Any) -> None:
    portal.add(1)
    answers = [{"error": "QUERY_LIMIT_EXCEEDED"}, None]
    portal.rules.append(lambda *_: answers.pop(0) if answers else None)
    assert b24.batch([update(1)]).results()[0]["item"]["title"] == "new"


def test_refused_credentials_end_the_run_with_all_outcomes(b24: Bitrix24, portal: Any) -> None:
    portal.add(200)
    seen = [0]

    def dies(*_: Any) -> Any:
        seen[0] += 1
        return (401, {"error": "NO_AUTH_FOUND"}) if seen[0] > 2 else None

    portal.faults.append(dies)
    result = b24.batch(update(n) for n in range(1, 201))
    assert (len(result.done), len(result.failed), len(portal.requests)) == (100, 100, 3)
    assert all(isinstance(outcome.error, AuthenticationError) for outcome in result.failed)


def test_command_that_the_answer_passes_over(b24: Bitrix24, portal: Any) -> None:
    real = portal._batch
    portal._batch = lambda body: real(
        {**body, "cmd": {k: c for k, c in body["cmd"].items() if "note" not in c}}
    )
    result = b24.batch([("crm.timeline.note.save", {}), update(1), ("crm.note.get", {})])
    assert [outcome.status for outcome in result] == [Status.UNKNOWN, Status.FAILED, Status.FAILED]


def test_text_that_looks_like_a_reference_travels_alone(b24: Bitrix24, portal: Any) -> None:
    portal.add(2)
    title = "see $result[c0][item]"
    assert b24.batch([update(1, title="a"), update(2, title=title)]).results()[1]["item"]["title"] == title
    assert sorted(method for method, _ in portal.requests) == ["batch", "crm.item.update"]


def test_what_cannot_be_encoded_fails_at_its_place(b24: Bitrix24, portal: Any) -> None:
    portal.add(2)
    result = b24.batch([update(1), update(2, title=object()), update(2)])
    assert [outcome.status for outcome in result] == [Status.DONE, Status.FAILED, Status.DONE]


def test_commands_on_one_object_keep_their_order(make_client: Callable[..., Bitrix24], portal: Any) -> None:
    portal.add(3)
    commands = [update(1 + n % 3, title=f"v{n}") for n in range(301)]
    make_client(workers=8).batch(commands)
    assert [portal.items[n]["title"] for n in (1, 2, 3)] == ["v300", "v298", "v299"]


def test_a_repeated_command_does_not_overtake_a_later_one_on_its_object(b24: Bitrix24, portal: Any) -> None:
    portal.add(1)
    answers = [{"error": "INTERNAL_SERVER_ERROR", "error_description": "x"}]
    portal.rules.append(lambda *_: answers.pop() if answers else None)
    assert len(b24.batch([update(1, title="first"), update(1, title="last")]).done) == 2
    assert portal.items[1]["title"] == "last"


def test_reads_of_one_object_travel_together(b24: Bitrix24, portal: Any) -> None:
    portal.add(1)
    assert len(b24.batch([("crm.item.get", {"id": 1})] * 100).done) == 100
    assert len(portal.requests) == 2


def test_stream_reads_no_further_ahead_than_it_sends(b24: Bitrix24, portal: Any) -> None:
    portal.add(1)
    asked = [0]

    def endless() -> Any:
        while True:
            asked[0] += 1
            yield update(1)

    stream = b24.batch_stream(endless())
    assert isinstance(next(stream), Outcome)
    assert asked[0] <= 300
    stream.close()  # type: ignore[attr-defined]


def test_slow_batches_get_smaller(b24: Bitrix24, portal: Any) -> None:
    portal.add(400)
    portal.seconds_per_command = 1.0
    b24.batch(update(n) for n in range(1, 401))
    sizes = [len(body["cmd"]) for body in batches(portal)]
    assert sizes[0] == 50
    assert set(sizes[1:-1]) == {30}


def test_halt_stops_at_the_first_failure_and_passes_results_on(b24: Bitrix24, portal: Any) -> None:
    chain = [
        Command("crm.item.add", {"fields": {"title": "a"}}, key="deal"),
        Command(
            "crm.item.update", {"id": Ref("deal", ("item", "id")), "fields": {"title": "b"}}, key="change"
        ),
    ]
    assert b24.batch(chain, halt=True).results()[1]["item"]["title"] == "b"
    assert len(portal.requests) == 1
    portal.rules.append(lambda m, _: {"error": "ACCESS_DENIED"} if m == "crm.item.add" else None)
    result = b24.batch([*chain, ("crm.item.get", {"id": 1})], halt=True)
    assert [outcome.status for outcome in result] == [Status.FAILED] * 3
    assert isinstance(result[0].error, PermissionDenied)
    assert "not run" in str(result[2].error)


def test_halt_spans_any_number_of_requests(b24: Bitrix24, portal: Any) -> None:
    first = Command("crm.item.add", {"fields": {"title": "a"}}, key="deal")
    rest = [
        Command("crm.item.update", {"id": Ref("deal", ("item", "id")), "fields": {"title": f"v{n}"}})
        for n in range(119)
    ]
    assert len(b24.batch([first, *rest], halt=True).done) == 120
    assert portal.items[1]["title"] == "v118"
    assert [len(body["cmd"]) for body in batches(portal)] == [50, 50, 20]


def test_halt_keeps_what_was_done_when_a_reference_points_nowhere(b24: Bitrix24, portal: Any) -> None:
    first = Command("crm.item.add", {"fields": {"title": "a"}}, key="deal")
    fillers = [("crm.item.get", {"id": 1})] * 49
    lost = Command("crm.item.get", {"id": Ref("deal", ("item", "nothing"))})
    result = b24.batch([first, *fillers, lost, ("crm.item.get", {"id": 1})], halt=True)
    assert (len(result.done), len(result.failed)) == (50, 2)
    assert "nothing at this place" in str(result[50].error)
    assert len(portal.requests) == 1


def test_halt_waits_for_a_used_up_budget_and_goes_on_from_there(
    b24: Bitrix24, portal: Any, clock: Any
) -> None:
    portal.add(1)
    portal.rules.append(
        lambda m, _: (
            {"error": "OPERATION_TIME_LIMIT"} if m.endswith("get") and clock.monotonic() < 100 else None
        )
    )
    result = b24.batch([update(1), ("crm.item.get", {"id": 1}), update(1, title="end")], halt=True)
    assert len(result.done) == 3
    assert portal.items[1]["title"] == "end"
    assert Counter(name for name, _ in portal.executed)["crm.item.update"] == 2


def test_halt_with_a_lost_answer_of_writes_is_unknown(b24: Bitrix24, portal: Any) -> None:
    portal.lose()
    result = b24.batch([create(1, keyed=False), ("crm.item.get", {"id": 1})], halt=True)
    assert [outcome.status for outcome in result] == [Status.UNKNOWN] * 2
    assert len(portal.items) == 1


@pytest.mark.parametrize(
    "commands",
    [
        [Command("x", {"id": Ref("later")}), Command("y", key="later")],
        [Command("x", key="1")],
        [Command("x", key="a"), Command("y", key="a")],
        [Command("x", key="a b")],
        [Command("x", {"text": "my $result[c0]"})],
    ],
)
def test_halt_refuses_what_the_portal_would_misread(b24: Bitrix24, portal: Any, commands: Any) -> None:
    with pytest.raises(ValidationError):
        b24.batch(commands, halt=True)
    assert not portal.requests


def test_reference_without_halt_is_refused(b24: Bitrix24, portal: Any) -> None:
    (outcome,) = b24.batch([Command("x", {"id": Ref("c0")})])
    assert isinstance(outcome.error, ValidationError)
    assert not portal.requests


def test_keys_of_independent_commands_need_not_be_unique(b24: Bitrix24, portal: Any) -> None:
    portal.add(2)
    commands = [Command("crm.item.get", {"id": n}, key="0") for n in (1, 2)]
    assert [one["item"]["id"] for one in b24.batch(commands).results()] == [1, 2]


def test_a_batch_that_is_refused_as_a_whole_does_not_stop_the_next(b24: Bitrix24, portal: Any) -> None:
    portal.add(60)
    answers = [(400, {"error": "ERROR_CORE", "error_description": "x"})]
    portal.faults.append(lambda *_: answers.pop() if answers else None)
    result = b24.batch(update(n) for n in range(1, 61))
    assert (len(result.failed), len(result.done)) == (50, 10)


def test_heavy_commands_travel_few_at_a_time(b24: Bitrix24, portal: Any) -> None:
    portal.add(3)
    assert len(b24.batch(update(n, title="x" * 3_000_000) for n in (1, 2, 3)).done) == 3
    assert [len(body["cmd"]) for body in batches(portal)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("command", "status", "sent"),
    [
        (("crm.item.get", {"id": 1}), Status.FAILED, 6),
        (update(1), Status.FAILED, 6),
        (create(1, keyed=False), Status.UNKNOWN, 1),
    ],
)
def test_a_portal_that_fails_inside(
    b24: Bitrix24, portal: Any, command: Any, status: Status, sent: int
) -> None:
    portal.add(1)
    portal.rules.append(lambda *_: {"error": "INTERNAL_SERVER_ERROR", "error_description": "x"})
    (outcome,) = b24.batch([command])
    assert outcome.status is status
    assert len(portal.requests) == sent


def test_a_lost_read_that_never_comes_back_has_failed(b24: Bitrix24, portal: Any) -> None:
    portal.lose(99, after=False)
    (outcome,) = b24.batch([("crm.item.get", {"id": 1})])
    assert outcome.status is Status.FAILED
    assert len(portal.requests) == 6


def test_look_up_on_a_page_full_of_namesakes_is_split(b24: Bitrix24, portal: Any) -> None:
    portal.add(60, originId="k1")
    portal.lose(match="batch")
    result = b24.batch([create(n) for n in (1, 2, 3)])
    assert [outcome.status for outcome in result] == [Status.DONE] * 3
    assert len(portal.items) == 63


def test_a_key_that_is_lost_again_and_again_ends_unknown(b24: Bitrix24, portal: Any) -> None:
    portal.faults.append(lambda m, _: requests.ReadTimeout("lost") if m == "batch" else None)
    (outcome,) = b24.batch([create(1)])
    assert outcome.status is Status.UNKNOWN
    assert not portal.items


def test_result_looks_like_a_sequence(b24: Bitrix24, portal: Any) -> None:
    portal.add(1)
    result = b24.batch([update(1), update(9)])
    assert repr(result) == "<BatchResult of 2: 1 done, 1 failed, 0 unknown>"
    assert result[:1] == (result[0],)
