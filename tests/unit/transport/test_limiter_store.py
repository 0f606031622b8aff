"""Stores: one atomic step, in memory and in a file."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmkit.clock import ManualClock
from crmkit.exceptions import QuotaExhausted
from crmkit.transport.limiter_store import LimiterStore, MemoryStore, SQLiteStore, State
from crmkit.transport.rate_limit import PLANFIX, Limiter

from .conftest import START


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LimiterStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    file = SQLiteStore(tmp_path / "limits.db")
    yield file
    file.close()


def add_one(state: State | None) -> State:
    return (1,) if state is None else (state[0] + 1,)


def test_a_state_is_changed_under_its_key_only(store: LimiterStore) -> None:
    assert store.update("a", add_one) == (1,)
    assert store.update("a", add_one) == (2,)
    assert store.update("b", add_one) == (1,)


def test_a_change_that_raises_stores_nothing(store: LimiterStore) -> None:
    def refuse(state: State | None) -> State:
        raise QuotaExhausted("no")

    store.update("a", add_one)
    with pytest.raises(QuotaExhausted):
        store.update("a", refuse)
    assert store.update("a", add_one) == (2,)


def test_large_numbers_survive(store: LimiterStore) -> None:
    store.update("a", lambda _: (2**62, -1, 0))
    assert store.update("a", lambda state: state or ()) == (2**62, -1, 0)


def test_threads_lose_no_change(store: LimiterStore) -> None:
    def work() -> None:
        for _ in range(25):
            store.update("a", add_one)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.update("a", add_one) == (201,)


def test_the_file_remembers(tmp_path: Path) -> None:
    first = SQLiteStore(tmp_path / "limits.db")
    first.update("a", add_one)
    first.close()
    first.close()
    second = SQLiteStore(tmp_path / "limits.db")
    assert second.update("a", add_one) == (2,)
    assert first.update("a", add_one) == (3,)  # opens again
    first.close()
    second.close()


def test_a_limiter_with_a_file_keeps_the_pace(tmp_path: Path) -> None:
    clock = ManualClock(START)
    file = SQLiteStore(tmp_path / "limits.db")
    limiter = Limiter(PLANFIX, clock, daily_limit=5, store=file, key="acme.planfix.ru")
    assert [limiter.acquire("GET /ping") for _ in range(4)] == [0.0, 1.0, 1.0, 1.0]
    assert limiter.daily.left == 1
    file.close()


def test_a_locked_file_is_waited_for_and_then_given_up(tmp_path: Path) -> None:
    path = tmp_path / "limits.db"
    owner = SQLiteStore(path)
    owner.update("a", add_one)
    other = SQLiteStore(path, patience=0.01)

    def busy(state: State | None) -> State:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.update("a", add_one)
        return add_one(state)

    assert owner.update("a", busy) == (2,)
    assert other.update("a", add_one) == (3,)
    owner.close()
    other.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which Windows has not")
def test_a_child_after_fork_opens_the_file_anew(tmp_path: Path) -> None:
    file = SQLiteStore(tmp_path / "limits.db")
    file.update("a", add_one)
    inherited = file._connection
    child = os.fork()
    if child == 0:
        try:
            file.update("a", add_one)
            own = file._connection is not inherited
            file.close()
            os._exit(0 if own else 2)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert file.update("a", add_one) == (3,)
    file.close()


def test_the_store_shows_its_file(tmp_path: Path) -> None:
    assert repr(SQLiteStore(tmp_path / "limits.db")) == f"SQLiteStore({str(tmp_path / 'limits.db')!r})"
