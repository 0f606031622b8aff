"""The inbox: what is written down, together with what, and what happens when it cannot be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from crmkit.clock import ManualClock
from crmkit.crm.models import Ref
from crmkit.exceptions import StoreError
from crmkit.runtime.database import Database
from crmkit.runtime.engine.port import LONGEST_PAYLOAD, Hint, Receipt, Rule
from crmkit.runtime.engine.rows import hint_of, micros
from crmkit.runtime.inbox import Inbox
from crmkit.runtime.tables import dues, events

WINDOW = timedelta(minutes=10)
RULES = (
    Rule("quick", frozenset({"changed"}), quiet=timedelta(seconds=5)),
    Rule(
        "slow", frozenset({"changed", "created"}), quiet=timedelta(minutes=5), longest=timedelta(minutes=20)
    ),
)


def hint(number: int = 7, kind: str = "changed", **more: object) -> Hint:
    return Hint("p", Ref(kind="deal", id=str(number)), kind, **more)  # type: ignore[arg-type]


@pytest.fixture
def inbox(database: Database, clock: ManualClock) -> Iterator[Inbox]:
    made = Inbox(database, clock, lambda h: [r for r in RULES if r.wants(h)], window=WINDOW, threaded=True)
    made.start()
    yield made
    made.close()


def rows(database: Database) -> list[tuple[str, int]]:
    with database.read() as connection:
        found = connection.execute(select(events.c.key, events.c.copies).order_by(events.c.id))
        return [(row.key.partition(":")[0], row.copies) for row in found]


def due_in(database: Database, clock: ManualClock) -> dict[str, float]:
    with database.read() as connection:
        found = connection.execute(select(dues.c.recipe, dues.c.due)).all()
    return {row.recipe: (row.due - micros(clock.now())) / 1e6 for row in found}


def test_an_event_makes_its_entity_due_for_every_recipe_that_wants_it(
    inbox: Inbox, database: Database, clock: ManualClock
) -> None:
    assert inbox.submit(hint(key="1")).result(10) is Receipt.NEW
    assert due_in(database, clock) == {"quick": 5, "slow": 300}
    assert inbox.submit(hint(kind="created", key="2")).result(10) is Receipt.NEW
    assert rows(database) == [("key", 1), ("key", 1)]


def test_the_same_key_is_the_same_event_and_no_reason_to_look(
    inbox: Inbox, database: Database, clock: ManualClock
) -> None:
    inbox.submit(hint(key="1")).result(10)
    clock.advance(seconds=4)
    assert inbox.submit(hint(key="1", payload={"again": True})).result(10) is Receipt.DUPLICATE
    assert due_in(database, clock)["quick"] == 1
    assert rows(database) == [("key", 2)]


def test_another_portal_has_keys_of_its_own(inbox: Inbox) -> None:
    inbox.submit(hint(key="1")).result(10)
    other = Hint("other", Ref(kind="deal", id="7"), "changed", key="1")
    assert inbox.submit(other).result(10) is Receipt.NEW


def test_equal_contents_share_a_row_for_a_while_and_put_the_entity_off(
    inbox: Inbox, database: Database, clock: ManualClock
) -> None:
    for wanted in (Receipt.NEW, Receipt.DUPLICATE):
        assert inbox.submit(hint(payload={"a": 1, "b": 2})).result(10) is wanted
        clock.advance(seconds=4)
    assert inbox.submit(hint(payload={"b": 2, "a": 1})).result(10) is Receipt.DUPLICATE
    assert due_in(database, clock)["quick"] == 5
    clock.advance(minutes=10)
    assert inbox.submit(hint(payload={"a": 1, "b": 2})).result(10) is Receipt.NEW
    assert rows(database) == [("content", 3), ("content", 1)]


def test_a_key_never_meets_a_content(inbox: Inbox, database: Database) -> None:
    inbox.submit(hint()).result(10)
    with database.read() as connection:
        key = connection.scalar(select(events.c.key))
    assert inbox.submit(hint(key=key)).result(10) is Receipt.NEW


def test_what_nobody_wants_is_not_written(inbox: Inbox, database: Database) -> None:
    assert inbox.submit(hint(kind="weather")).result(10) is Receipt.IGNORED
    assert rows(database) == []


def test_events_of_one_moment_are_committed_together(inbox: Inbox, database: Database) -> None:
    commits = []
    inbox.submit(hint(key="first")).result(10)
    event.listen(database.engine, "commit", commits.append)
    with database.write():  # the writer has to wait, and the events gather
        futures = [inbox.submit(hint(n % 3, key=f"{n % 200}")) for n in range(400)]
    receipts = [future.result(10) for future in futures]
    assert receipts.count(Receipt.NEW) == 200
    assert receipts[:200] == [Receipt.NEW] * 200
    assert len(commits) <= 4


def test_a_hint_that_cannot_be_written_spoils_no_other(inbox: Inbox, database: Database) -> None:
    with database.write():
        futures = [
            inbox.submit(hint(n, key=str(n), payload=p)) for n, p in enumerate(({}, {"x": object()}, {}))
        ]
    assert [futures[0].result(10), futures[2].result(10)] == [Receipt.NEW] * 2
    with pytest.raises(StoreError, match="TypeError"):
        futures[1].result(10)
    assert len(rows(database)) == 2


def test_strange_texts_and_large_payloads_are_kept_or_cut(inbox: Inbox, database: Database) -> None:
    strange = {"text": "a\0b \ud800 \N{GRINNING FACE} Ж", "deep": [1, {"x": None}]}
    inbox.submit(hint(1, key="Ключ 'х'", payload=strange)).result(10)
    inbox.submit(hint(2, key="large", payload={"text": "x" * LONGEST_PAYLOAD})).result(10)
    with database.read() as connection:
        found = [hint_of(row) for row in connection.execute(select(events).order_by(events.c.id))]
    assert (found[0].key, found[0].payload) == ("Ключ 'х'", strange)
    assert found[1].payload == {"omitted": LONGEST_PAYLOAD + 11}


def test_a_time_ahead_of_ours_is_taken_for_now(inbox: Inbox, database: Database, clock: ManualClock) -> None:
    inbox.submit(hint(key="1", received=clock.now() + timedelta(days=9))).result(10)
    assert due_in(database, clock)["quick"] == 5


def test_a_caller_that_went_away_changes_nothing(inbox: Inbox, database: Database) -> None:
    with database.write():
        future = inbox.submit(hint(key="1"))
        assert not future.cancel()
    assert future.result(10) is Receipt.NEW


def test_closing_writes_what_was_accepted_and_refuses_the_rest(inbox: Inbox, database: Database) -> None:
    futures: list[Future[Receipt]] = [inbox.submit(hint(key=str(n))) for n in range(50)]
    inbox.close()
    assert [future.result(0) for future in futures] == [Receipt.NEW] * 50
    with pytest.raises(StoreError, match="stopping"):
        inbox.submit(hint(key="late")).result(0)
    assert not inbox.is_working
    inbox.close()


def test_two_inboxes_take_the_same_event_once(database: Database, clock: ManualClock) -> None:
    """As two receivers at one database do, from several threads each."""
    pair = [Inbox(database, clock, lambda h: RULES[:1], window=WINDOW, threaded=True) for _ in range(2)]
    receipts: list[Receipt] = []

    def send(inbox: Inbox) -> None:
        futures = [inbox.submit(hint(n % 5, key=str(n))) for n in range(100)]
        receipts.extend(future.result(20) for future in futures)

    for inbox in pair:
        inbox.start()
    threads = [threading.Thread(target=send, args=(inbox,)) for inbox in pair * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for inbox in pair:
        inbox.close()
    assert receipts.count(Receipt.NEW) == 100
    with database.read() as connection:
        assert connection.scalar(select(func.sum(events.c.copies))) == 400
