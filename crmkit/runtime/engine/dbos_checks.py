"""What has to be so before DBOS is started, each with a message that says what to do."""

from __future__ import annotations

import sqlite3
import sys
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import URL, text

from crmkit.exceptions import ConfigurationError
from crmkit.runtime.database import Database

__all__ = ["check_all", "system_url"]

FULL = 2


def system_url(url: URL) -> str:
    """Return where DBOS keeps its own tables.

    Example:
        >>> from sqlalchemy import make_url
        >>> system_url(make_url("sqlite:////var/lib/crmkit.db"))
        'sqlite:////var/lib/crmkit.db.dbos'
    """
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}.dbos"
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def check_all(database: Database) -> None:
    """Check everything.

    Raises:
        ConfigurationError: The first thing that is not as it must be.
    """
    check_version(version("dbos"))
    if database.engine.dialect.name == "postgresql":
        check_tcp(database.engine.url)
        return
    if database.engine.url.database in (None, "", ":memory:"):
        raise ConfigurationError("the service needs a database that outlives it", hint="name a file")
    with database.read() as connection:
        check_milliseconds(connection.scalar(text("select unixepoch('subsec')")), sys.version_info[:2])
    prepare_file(Path(f"{database.engine.url.database}.dbos"))


def check_version(installed: str) -> None:
    """Check that DBOS is one of those that the conformance tests were run with: 3.4 or newer, below 4."""
    major, minor = (int(part) for part in installed.split(".")[:2])
    if major != 3 or minor < 4:
        raise ConfigurationError(f"dbos {installed} is not supported", hint='pip install "crmkit[serve]"')


def check_tcp(url: URL) -> None:
    """Refuse Unix sockets: over them DBOS leaves work lying after a restart of the server."""
    host = url.host or url.query.get("host") or ""
    if not host or str(host).startswith(("/", "%2F", "%2f", "@")):
        raise ConfigurationError(
            "the service reaches PostgreSQL by TCP only", hint="write postgresql://user@127.0.0.1:5432/name"
        )


def check_milliseconds(answer: object, python: tuple[int, int]) -> None:
    """Refuse an SQLite that knows no fractions of seconds where DBOS needs them: nothing would ever run.

    It asks from Python 3.12 on; before that it makes do with whole seconds.
    """
    if answer is None and python >= (3, 12):
        raise ConfigurationError(
            f"SQLite {sqlite3.sqlite_version} is too old for the service on Python {python[0]}.{python[1]}",
            hint="use SQLite 3.42 or newer, PostgreSQL, or Python 3.11",
        )


def prepare_file(path: Path) -> None:
    """Set the file of DBOS to write-ahead logging, and check that commits wait for the disk."""
    path.touch(mode=0o600)
    connection = sqlite3.connect(path)
    try:
        mode = connection.execute("pragma journal_mode=wal").fetchone()[0]
        synchronous = connection.execute("pragma synchronous").fetchone()[0]
    finally:
        connection.close()
    if mode != "wal":
        raise ConfigurationError(f"{path} cannot be set to WAL", hint="put it on a local disk")
    if synchronous < FULL:
        raise ConfigurationError(
            "this SQLite does not wait for the disk by default", hint="use one with synchronous=FULL"
        )
