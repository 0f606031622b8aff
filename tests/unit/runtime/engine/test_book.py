"""The book: tickets, batches, and who may still report on them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crmkit.clock import ManualClock
from crmkit.runtime.database import Database
from crmkit.runtime.engine.book import SUSPECT, Book, Lane
from crmkit.runtime.tables import dues

SIZES = {"a": 3, "b": 3}


@pytest.fixture
def book(database: Database, clock: ManualClock) -> Book:
    return Book(database, clock)


def wake(database: Database, book: Book, *entities: str, recipe: str = "a", portal: str = "p") -> None:
    with database.write() as connection:
        book.wake(connection, [(portal, recipe, entity) for entity in entities])


def batch(book: Book, ticket: str, runner: str = "me") -> list[str]:
    begun = book.begin(ticket, runner, SIZES)
    assert begun is not None
    return [due.entity for due in begun[1]]


def ticket(book: Book, *recipes: str) -> str:
    (issued,) = book.issue(recipes or ("a",))
    return issued.id


def left(database: Database) -> list[tuple[str, bool, bool]]:
    """Return entity, whether it waits, whether it is held."""
    with database.read() as connection:
        rows = connection.execute(select(dues).order_by(dues.c.entity))
        return [(row.entity, row.due is not None, row.ticket is not None) for row in rows]


def test_a_lane_has_one_ticket_at_a_time(database: Database, book: Book) -> None:
    wake(database, book, "deal:1", "deal:2")
    first = ticket(book)
    assert book.issue(["a"]) == []
    assert [issued.lane for issued in book.issued()] == [Lane("p", "a")]
    assert batch(book, first) == ["deal:1", "deal:2"]
    assert book.done(first, "me", ["deal:1", "deal:2"]) == 2
    book.finish(first, "me")
    assert (left(database), book.issued()) == ([], [])


def test_lanes_come_by_their_oldest_job_and_only_those_of_known_recipes(
    database: Database, book: Book, clock: ManualClock
) -> None:
    for portal in ("late", "p2", "p1"):
        wake(database, book, "deal:1", portal=portal, recipe="b" if portal == "p2" else "a")
        clock.advance(seconds=1)
    wake(database, book, "deal:2", portal="late", recipe="c")
    assert [issued.lane.portal for issued in book.issue(["a", "b"])] == ["late", "p2", "p1"]


def test_a_ticket_that_is_carried_out_again_has_the_same_batch(database: Database, book: Book) -> None:
    wake(database, book, "deal:1", "deal:2")
    mine = ticket(book)
    assert batch(book, mine, "dead") == ["deal:1", "deal:2"]
    wake(database, book, "deal:3")
    assert batch(book, mine, "next") == ["deal:1", "deal:2"]


def test_a_runner_that_was_replaced_is_not_heard_any_more(database: Database, book: Book) -> None:
    wake(database, book, "deal:1", "deal:2")
    mine = ticket(book)
    batch(book, mine, "asleep")
    batch(book, mine, "next")
    assert book.done(mine, "asleep", ["deal:1"]) == 0
    assert not book.again(mine, "asleep", "deal:2", book.now(), failed=True)
    book.finish(mine, "asleep")
    assert left(database) == [("deal:1", False, True), ("deal:2", False, True)]
    assert book.done(mine, "next", ["deal:1", "deal:2"]) == 2


def test_a_used_ticket_begins_nothing(database: Database, book: Book) -> None:
    wake(database, book, "deal:1")
    mine = ticket(book)
    book.finish(mine, "nobody")
    batch(book, mine)
    book.finish(mine, "me")
    assert book.begin(mine, "me", SIZES) is None


def test_what_a_finished_ticket_leaves_waits_again(database: Database, book: Book) -> None:
    wake(database, book, "deal:1", "deal:2")
    mine = ticket(book)
    batch(book, mine)
    book.done(mine, "me", ["deal:1"])
    book.finish(mine, "me")
    assert left(database) == [("deal:2", True, False)]
    second = ticket(book)
    batch(book, second)
    book.annul(second)
    assert left(database) == [("deal:2", True, False)]
    assert batch(book, ticket(book)) == ["deal:2"]


def test_what_came_meanwhile_survives_being_done_and_being_given_up(database: Database, book: Book) -> None:
    wake(database, book, "deal:1", "deal:2")
    mine = ticket(book)
    batch(book, mine)
    wake(database, book, "deal:1", "deal:2")
    assert book.done(mine, "me", ["deal:1"]) == 1
    with database.write() as connection:
        assert book.drop(connection, mine, "me", "deal:2")
    assert left(database) == [("deal:1", True, False), ("deal:2", True, False)]


def test_an_entity_another_recipe_is_at_work_on_is_left_for_later(database: Database, book: Book) -> None:
    wake(database, book, "deal:1", "deal:2")
    first = ticket(book)
    batch(book, first)
    wake(database, book, "deal:1", "deal:2", "deal:3", recipe="b")
    wake(database, book, "deal:1", recipe="b", portal="other")
    tickets = {issued.lane.portal: issued.id for issued in book.issue(["b"])}
    assert batch(book, tickets["p"]) == ["deal:3"]
    assert batch(book, tickets["other"]) == ["deal:1"]
    book.done(first, "me", ["deal:1"])
    book.done(tickets["p"], "me", ["deal:3"])
    assert batch(book, tickets["p"]) == ["deal:1"]


def test_after_a_failure_and_as_a_sweep_a_job_comes_alone(database: Database, book: Book) -> None:
    wake(database, book, "deal:1", "deal:2")
    mine = ticket(book)
    batch(book, mine)
    book.again(mine, "me", "deal:1", book.now(), failed=True)
    book.done(mine, "me", ["deal:2"])
    wake(database, book, "deal:3", "deal:4", "")
    found = []
    while entities := batch(book, mine):
        found.append(entities)
        book.done(mine, "me", entities)
    assert sorted(found) == [[""], ["deal:1"], ["deal:3", "deal:4"]]


def test_who_may_be_killing_the_process_comes_alone(database: Database, book: Book) -> None:
    wake(database, book, "deal:1", "deal:2")
    mine = ticket(book)
    for _ in range(SUSPECT):
        assert len(batch(book, mine)) == 2
    assert batch(book, mine) == []
    book.finish(mine, "me")
    assert batch(book, ticket(book)) == ["deal:1"]


def test_a_ticket_of_a_recipe_that_is_not_known_here_is_left_alone(database: Database, book: Book) -> None:
    wake(database, book, "deal:1", recipe="c")
    mine = ticket(book, "c")
    assert batch(book, mine) == []
    book.finish(mine, "me")
    assert left(database) == [("deal:1", True, False)]
