"""Opens the ledger's database, SQLite set up to survive a crash or PostgreSQL, and keeps its tables current.

Every failure becomes one line that says what to do, and no line ever shows a password.
"""

from __future__ import annotations

import importlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    StaticPool,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from crmkit.exceptions import StoreError
from crmkit.runtime.tables import REVISION

__all__ = ["VERSION_TABLE", "Database"]

VERSION_TABLE = "crmkit_version"
"""Not alembic's own default: the database may be shared with another program that uses alembic."""
MEMORY = (None, "", ":memory:")
BUSY_SECONDS = 30
CONNECT_SECONDS = 10
MIGRATION_LOCK = 0x63726D6B  # "crmk": one process at a time makes the tables
_TURNS: dict[str, threading.Lock] = {}
_TURNS_LOCK = threading.Lock()
MIGRATIONS = Path(__file__).with_name("migrations")
DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
SQLITE_HINTS = {
    "locked": ("another process has locked it", "wait until it is done; see: crmkit runs list"),
    "unable to open": ("it cannot be opened", "check that the folder exists and that you may write to it"),
    "not a database": ("it is no SQLite file", "move the file away, or name another one in [store] url"),
    "readonly": ("it may not be written", "check the rights of the file and of its folder"),
    "disk is full": ("the disk is full", "free some space and run the command again: nothing is lost"),
    "malformed": ("the file is damaged", "restore it from a backup"),
}


class Database:
    """An open database with current tables.

    Args:
        url: ``sqlite:///file.db`` or ``postgresql://user:password@host/name``.

    Raises:
        StoreError: It cannot be opened, or was written by a newer version.

    Example:
        >>> with Database("sqlite://").read() as connection:
        ...     connection.scalar(text("select 1"))
        1
    """

    def __init__(self, url: str) -> None:
        self._url = _parse(url)
        self.name = _shown(self._url)
        self._turn = _turn(self._url)
        with self._guarded():
            self.engine = _engine(self._url)
        # Nobody closes the ledger that a plan in a notebook opens for itself.
        self._finalizer = weakref.finalize(self, self.engine.dispose)
        self._prepare()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for reading; in SQLite it never waits for a writer."""
        with self._guarded(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a transaction that is committed at the end, or rolled back by an exception."""
        with (
            self._turn,
            self._guarded(),
            self.engine.connect() as connection,
            connection.execution_options(crmkit_write=True).begin(),
        ):
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._finalizer()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        failure: StoreError | None = None
        try:
            yield
        except ModuleNotFoundError as error:
            failure = StoreError(f"PostgreSQL needs {error.name}", hint='pip install "crmkit[serve]"')
        except SQLAlchemyError as error:
            failure = self._explain(error)
        if failure:
            raise failure from None  # the cause would show statements and their values

    def _explain(self, error: SQLAlchemyError) -> StoreError:
        lines = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
        if self._url.get_backend_name() == "sqlite":
            for mark, (what, hint) in SQLITE_HINTS.items():
                if mark in lines[0]:
                    return StoreError(f"the ledger {self.name}: {what}", hint=hint)
            return StoreError(f"the ledger {self.name}: {lines[0]}", hint="check the file and its folder")
        what = lines[0].replace(self._url.password, "***") if self._url.password else lines[0]
        hint = "check that the server runs and that address, user and password are right"
        return StoreError(f"the ledger {self.name}: {what}", hint=hint)

    def _prepare(self) -> None:
        with self.read() as connection:
            version = _version(connection)
        if version == REVISION:
            return
        with self.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            version = _version(connection)  # another process may have been faster
            if version != REVISION:
                self._migrate(connection, version)

    def _migrate(self, connection: Connection, version: str | None) -> None:
        # Loaded only when there is something to do: it takes longer than most commands.
        config = importlib.import_module("alembic.config").Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        script = importlib.import_module("alembic.script").ScriptDirectory.from_config(config)
        if version is not None and version not in {step.revision for step in script.walk_revisions()}:
            raise StoreError(
                f"the ledger {self.name} was written by a newer crmkit (its tables are {version})",
                hint="upgrade: pip install --upgrade crmkit",
            )
        importlib.import_module("alembic.command").upgrade(config, "head")


def _parse(url: str) -> URL:
    parsed: URL | None = None
    with suppress(ArgumentError):
        parsed = make_url(url)
    if parsed is None or parsed.drivername not in DRIVERS:
        raise StoreError(
            "the address of the ledger is not understood",
            hint="write sqlite:///crmkit.db or postgresql://user:password@host/name",
        )
    return parsed.set(drivername=DRIVERS[parsed.drivername])


def _shown(url: URL) -> str:
    """Return the address without user, password and parameters, any of which may hold a secret."""
    if url.get_backend_name() == "sqlite":
        return url.database or "in memory"
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{url.host or 'localhost'}{port}/{url.database or ''}"


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_SECONDS})
    options: dict[str, Any] = {}
    if url.database in MEMORY:
        options["poolclass"] = StaticPool
    else:
        _make_private(str(url.database))
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **options)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _turn(url: URL) -> AbstractContextManager[Any]:
    """Return what lets the threads of this process write one after the other, each as soon as it can.

    SQLite has one writer at a time, and whoever finds it busy sleeps up to 100 ms before it asks again.
    """
    if url.get_backend_name() == "postgresql":
        return nullcontext()
    if url.database in MEMORY:
        return threading.Lock()
    with _TURNS_LOCK:
        return _TURNS.setdefault(str(Path(str(url.database)).absolute()), threading.Lock())


def _make_private(path: str) -> None:
    """Create a new file that only its owner can read: it holds names of clients. Its journals follow it."""
    problem = ""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        problem = error.strerror or type(error).__name__
    if problem:
        raise StoreError(
            f"the ledger {path} cannot be made: {problem}",
            hint="check that the folder exists and that you may write to it",
        )


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun by the listener below, not by the driver
    cursor = connection.cursor()
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    try:
        cursor.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        # Not even the busy timeout helps when two processes switch a new file at once; one of them does it.
        if "locked" not in str(error):
            raise
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once: a transaction that reads first and writes later could fail half way."""
    writes = connection.get_execution_options().get("crmkit_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version = connection.scalar(select(text("version_num")).select_from(text(VERSION_TABLE)))
    return None if version is None else str(version)
