"""The way of a scenario's request: one at a time, the ladder of repeats, the block after a failure."""

import socket
import threading
from urllib.parse import parse_qsl

import pytest

MINUTE, HOUR = 60.0, 3600.0
LADDER = [0.0, 15 * MINUTE, 45 * MINUTE, 105 * MINUTE, 165 * MINUTE]


def listen(api, url, **request):
    fields = {"url": url, "form": {"task": "{{Задача.Номер}}"}, **request}
    return api.box.act.add_scenario("Сообщить", events=["created"], request=fields)


def tasks(api, receiver):
    assert api.box.act.deliver()
    return [int(dict(parse_qsl(one.body))["task"]) for one in receiver.got]


def attempts(api, index=0):
    """Return how many seconds after the start each attempt was made, and what came of it."""
    start = api.box.account.automation.deliveries[index].attempts[0].at
    return [(one.at - start, one.status) for one in api.box.account.automation.deliveries[index].attempts]


@pytest.mark.parametrize("status", [201, 202, 204, 301, 400, 404, 500])
def test_whatever_is_not_200_is_a_failure(api, receiver, status):
    receiver.answers = [status]
    listen(api, receiver.url)
    task = api.create()
    assert tasks(api, receiver) == [task]
    assert api.box.account.automation.deliveries[0].state == "waiting"
    api.box.clock.advance(minutes=14, seconds=59)
    assert tasks(api, receiver) == [task]
    api.box.clock.advance(seconds=1)
    assert tasks(api, receiver) == [task, task]
    assert attempts(api) == [(0.0, status), (15 * MINUTE, 200)]
    assert api.box.account.automation.deliveries[0].state == "delivered"


@pytest.mark.parametrize("step", [{"minutes": 5}, {"hours": 12}])
def test_the_ladder_is_climbed_whatever_the_steps_of_the_clock(api, receiver, step):
    receiver.answers = [500] * 9
    listen(api, receiver.url)
    api.create()
    assert len(tasks(api, receiver)) == 1
    for _ in range(40):
        api.box.clock.advance(**step)
        assert api.box.act.deliver()
    assert attempts(api) == [(after, 500) for after in LADDER]
    assert api.box.account.automation.deliveries[0].state == "given up"
    assert len(receiver.got) == 5


def test_for_three_minutes_after_a_failure_no_post_leaves(api, receiver):
    receiver.answers = [500]
    listen(api, receiver.url)
    first = api.create()
    assert tasks(api, receiver) == [first]
    second = api.create()
    third = api.create()
    assert tasks(api, receiver) == [first]
    api.box.clock.advance(seconds=179)
    assert tasks(api, receiver) == [first]
    api.box.clock.advance(seconds=1)
    assert tasks(api, receiver) == [first, second, third]
    api.box.clock.advance(minutes=12)
    assert tasks(api, receiver) == [first, second, third, first]


def test_a_get_leaves_all_the_same(api, receiver):
    receiver.answers = [500]
    listen(api, receiver.url)
    api.box.act.add_scenario("GET", events=["created"], request={"url": receiver.url, "method": "GET"})
    api.create()
    assert api.box.act.deliver()
    assert [one.method for one in receiver.got] == ["POST", "GET"]


def test_one_bad_receiver_holds_up_all_others(api, receiver):
    listen(api, "http://127.0.0.1:9/nobody")  # nothing listens there
    listen(api, receiver.url)
    task = api.create()
    assert tasks(api, receiver) == []
    assert attempts(api) == [(0.0, 0)]
    api.box.clock.advance(minutes=3)
    assert tasks(api, receiver) == [task]


def test_without_retry_a_failure_is_final(api, receiver):
    receiver.answers = [500]
    listen(api, receiver.url, retry=False)
    api.create()
    assert len(tasks(api, receiver)) == 1
    api.box.clock.advance(days=1)
    assert len(tasks(api, receiver)) == 1
    assert api.box.account.automation.deliveries[0].state == "given up"


def test_who_does_not_answer_is_given_up_after_a_while(bench):
    api = bench.api(webhook_patience=0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        listen(api, f"http://127.0.0.1:{silent.getsockname()[1]}")
        api.create()
        assert api.box.act.deliver()
        assert attempts(api) == [(0.0, 0)]


def test_requests_go_one_after_the_other(api, receiver):
    first, second = threading.Event(), threading.Event()

    def wait():
        if not first.is_set():
            first.set()
            assert second.wait(10)

    receiver.meanwhile = wait
    listen(api, receiver.url)
    made = [api.create() for _ in range(20)]
    assert first.wait(10)
    assert len(receiver.got) == 1  # the others wait for its answer
    second.set()
    assert tasks(api, receiver) == made


def test_a_receiver_may_ask_the_account_before_it_answers(bench, api, receiver):
    """The thread that sends holds no lock of the account."""
    seen = []
    receiver.meanwhile = lambda: seen.append(bench.api(api.box).ids())
    listen(api, receiver.url)
    task = api.create()
    assert tasks(api, receiver) == [task]
    assert seen == [[task]]


def test_a_running_clock_sends_without_being_asked(bench, receiver):
    api = bench.api(clock="real")
    listen(api, receiver.url)
    task = api.create()
    assert tasks(api, receiver) == [task]


def test_a_reset_drops_what_was_still_to_be_sent(api, receiver):
    receiver.answers = [500]
    listen(api, receiver.url)
    api.create()
    assert len(tasks(api, receiver)) == 1
    api.box.reset()
    api.box.clock.advance(days=1)
    assert len(tasks(api, receiver)) == 1
    assert api.box.account.automation.scenarios == {}
