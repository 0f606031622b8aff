"""Stores: one atomic step, in memory and in a file."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmkit.clock import ManualClock
from crmkit.exceptions import ConfigurationError, QuotaExhausted
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
        with pytest.raises(ConfigurationError, match=r"limits\.db: database is locked"):
            other.update("a", add_one)
        return add_one(state)

    assert owner.update("a", busy) == (2,)
    assert other.update("a", add_one) == (3,)
    owner.close()
    other.close()


def test_a_store_that_could_not_open_its_file_tries_again(tmp_path: Path) -> None:
    path = tmp_path / "later" / "limits.db"
    file = SQLiteStore(path)
    with pytest.raises(ConfigurationError):
        file.update("a", add_one)
    path.parent.mkdir()
    assert file.update("a", add_one) == (1,)
    file.close()


def test_a_file_that_is_locked_while_it_is_made_can_be_used_later(tmp_path: Path) -> None:
    path = tmp_path / "limits.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        file = SQLiteStore(path, patience=0.01)
        with pytest.raises(ConfigurationError, match="locked"):
            file.update("a", add_one)
    assert file.update("a", add_one) == (1,)
    file.close()


def test_a_file_that_is_no_database_is_a_configuration_error(tmp_path: Path) -> None:
    path = tmp_path / "limits.db"
    path.write_text("not a database, but long enough to be taken for one" * 20)
    file = SQLiteStore(path)
    with pytest.raises(ConfigurationError, match="file is not a database") as caught:
        file.update("a", add_one)
    assert "local disk" in caught.value.hint
    file.close()


def test_a_directory_that_is_missing_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="unable to open"):
        SQLiteStore(tmp_path / "missing" / "limits.db").update("a", add_one)


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
