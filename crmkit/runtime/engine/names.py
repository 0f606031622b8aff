"""A name that one living process has; the lock on it tells whether whoever had it is dead."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from crmkit.exceptions import ConfigurationError
from crmkit.runtime.database import Database

__all__ = ["HeldName", "Names"]

SLOTS = 64
"""Processes without a name of their own at one database."""
KEEPALIVE = {"idle": 10, "interval": 5, "count": 3}
"""A machine that is switched off is noticed by PostgreSQL after some 25 seconds."""


class HeldName(ABC):
    """A name that is held until it is released or the process ends."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def release(self) -> None:
        """Give it back."""

    @abstractmethod
    def renew(self) -> bool:
        """Take it again if it was lost meanwhile; return whether it is held."""


class _FileName(HeldName):
    def __init__(self, name: str, connection: sqlite3.Connection) -> None:
        super().__init__(name)
        self._connection = connection

    def release(self) -> None:
        self._connection.close()

    def renew(self) -> bool:
        return True


class _ServerName(HeldName):
    def __init__(self, name: str, database: Database) -> None:
        super().__init__(name)
        self._database = database
        self._connection: Connection | None = None

    def release(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()  # not back to the pool: the end of the session frees the name
            self._connection.close()
            self._connection = None

    def renew(self) -> bool:
        try:
            if self._connection is not None:
                self._connection.execute(text("select 1"))
                return True
        except SQLAlchemyError:  # the server was restarted
            self.release()
        return self._take()

    def _take(self) -> bool:
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for setting, value in KEEPALIVE.items():
            connection.execute(text(f"set tcp_keepalives_{setting} = {value}"))
        lock = text("select pg_try_advisory_lock(hashtextextended('crmkit ' || :name, 0))")
        if connection.scalar(lock, {"name": self.name}):
            self._connection = connection
            return True
        connection.close()
        return False


class Names:
    """Gives out names, each to one process at a time, on all machines that share the database.

    Args:
        database: PostgreSQL keeps the names itself; beside an SQLite file there is a lock file per name.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, name: str) -> HeldName:
        """Take this very name, or the first free one of ``worker-1, worker-2, …`` if it is empty.

        Raises:
            ConfigurationError: A living process has it.
        """
        for candidate in [name] if name else [f"worker-{number}" for number in range(1, SLOTS + 1)]:
            held = self.try_take(candidate)
            if held is not None:
                return held
        raise ConfigurationError(
            f"another process runs as {name or 'every worker'} on {self._database.name}",
            hint="stop it, or give this one another name",
        )

    def try_take(self, name: str) -> HeldName | None:
        """Take a name if nobody alive has it."""
        if self._database.engine.dialect.name == "postgresql":
            return self._take_on_server(name)
        return self._take_file(name)

    def _take_on_server(self, name: str) -> HeldName | None:
        held = _ServerName(name, self._database)
        return held if held.renew() else None

    def _take_file(self, name: str) -> HeldName | None:
        folder = Path(str(self._database.engine.url.database))
        path = folder.with_name(f"{folder.name}.{name}.lock")
        # SQLite's own locks: they are let go when the process dies, on every system.
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("begin exclusive")
        except sqlite3.OperationalError:
            connection.close()
            return None
        return _FileName(name, connection)
