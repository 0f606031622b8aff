"""Where the limiters keep their state: in this process, or in a file that several processes share."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from crmkit.exceptions import ConfigurationError

__all__ = ["LimiterStore", "MemoryStore", "SQLiteStore", "State"]

State = tuple[int, ...]
"""What a limiter remembers under one key: a few whole numbers."""


class LimiterStore(Protocol):
    """One primitive is all that the limiters need of a store: an atomic read, change, write."""

    def update(self, key: str, change: Callable[[State | None], State]) -> State:
        """Replace the state under the key by ``change(state)`` and return the new one.

        Nobody else reads or writes the key meanwhile. If ``change`` raises, nothing is stored and the error
        goes on to the caller.
        """
        ...


class MemoryStore:
    """The state of one process, shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, State] = {}

    def update(self, key: str, change: Callable[[State | None], State]) -> State:
        """Change the state under the key, one thread at a time."""
        with self._lock:
            state = self._states[key] = change(self._states.get(key))
            return state


class SQLiteStore:
    """State in a SQLite file, for the processes of one machine that talk to the same portal.

    A reservation is one short transaction that locks the file first (``BEGIN IMMEDIATE``), so two processes
    never get the same moment. Nobody waits for a request while the file is locked. Must lie on a local disk:
    network file systems do not lock reliably.

    Args:
        path: The file; made if it is missing.
        patience: Seconds to wait for the lock before giving up.
    """

    def __init__(self, path: str | Path, *, patience: float = 30.0) -> None:
        self._path = str(path)
        self._patience = patience
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inherited: sqlite3.Connection | None = None
        self._owner = 0

    def update(self, key: str, change: Callable[[State | None], State]) -> State:
        """Change the state under the key in one locked transaction.

        Raises:
            ConfigurationError: The file cannot be read, written or locked in time.
        """
        with self._lock:
            try:
                return self._transaction(self._connect(), key, change)
            except sqlite3.Error as error:
                problem = str(error)
        raise ConfigurationError(
            f"the limits cannot be shared through {self._path}: {problem}",
            hint="give a file on a local disk that all processes may write; delete it while none runs",
        )

    @staticmethod
    def _transaction(
        connection: sqlite3.Connection, key: str, change: Callable[[State | None], State]
    ) -> State:
        connection.execute("BEGIN IMMEDIATE")
        try:
            row = connection.execute("SELECT state FROM limiter WHERE key = ?", (key,)).fetchone()
            state = change(None if row is None else tuple(json.loads(row[0])))
            connection.execute(
                "INSERT INTO limiter (key, state) VALUES (?, ?) "
                "ON CONFLICT (key) DO UPDATE SET state = excluded.state",
                (key, json.dumps(state)),
            )
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return state

    def close(self) -> None:
        """Close the file; a later update opens it again."""
        with self._lock:
            if self._connection is not None and self._owner == os.getpid():
                self._connection.close()
                self._connection = None

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None or self._owner != os.getpid():
            # SQLite forbids a child even to close what its parent opened: keep it and never touch it.
            self._inherited, self._connection = self._connection, None
            self._connection = self._open()
            self._owner = os.getpid()
        return self._connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=self._patience, isolation_level=None, check_same_thread=False
        )
        try:
            # After a power cut the last reservations may be gone, but the file is whole.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS limiter (key TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID"
            )
        except BaseException:
            connection.close()
            raise
        return connection

    def __repr__(self) -> str:
        return f"SQLiteStore({self._path!r})"
