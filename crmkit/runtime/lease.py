"""Keeps two runs of one recipe on one portal apart: a lease, and how to tell that its holder is dead."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from crmkit.exceptions import RunInProgress
from crmkit.runtime.tables import leases

__all__ = ["LEASE", "Lease", "Process", "beat", "drop", "take", "this_process"]

LEASE = timedelta(minutes=15)
"""Renewed before every item and every write; none takes this long, its repeats and pauses included."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of a process to act for a recipe on a portal.

    Attributes:
        portal, recipe: On which portal, for which recipe.
        run: For which run.
        token: Tells it from an earlier lease of the same run: a process that slept through the end of its own
            must notice that another one has resumed the run.
    """

    portal: str
    recipe: str
    run: str
    token: str = field(default_factory=lambda: uuid4().hex)


@dataclass(frozen=True, slots=True)
class Process:
    """A process of some machine.

    Attributes:
        host: The machine's name.
        pid: The number of the process.
        mark: What tells it from an earlier process with the same number: the machine's boot, the container's
            space of process numbers and the tick at which it began; empty where the system does not tell.
    """

    host: str
    pid: int
    mark: str = ""

    def is_surely_dead(self) -> bool:
        """Tell whether the process is known to have ended; ``False`` also means: cannot be told from here.

        It cannot be told of another machine, another container or an earlier boot of one with this name.
        """
        if self.host != socket.gethostname():
            return False
        if not _numbers_mean_the_same(self.mark):
            return False
        if not self.mark:
            return _is_gone(self.pid)
        return _mark(self.pid) != self.mark


def this_process() -> Process:
    """Return the running process."""
    return _process(os.getpid())


@cache
def _process(pid: int) -> Process:
    return Process(socket.gethostname(), pid, _mark(pid))


def take(connection: Connection, lease: Lease, process: Process, at: datetime) -> str:
    """Take a lease that is free, or whose holder is dead, or that ran out.

    Returns:
        The run that held it and did not give it back, or an empty text.

    Raises:
        RunInProgress: A living run holds it.
    """
    ours = (leases.c.portal == lease.portal) & (leases.c.recipe == lease.recipe)
    held = connection.execute(select(leases).where(ours).with_for_update()).one_or_none()
    if held is not None and not _may_be_taken(held, at):
        raise RunInProgress(
            f"a run of {lease.recipe} on {lease.portal} is under way since {held.since:%Y-%m-%d %H:%M} UTC "
            f"(run {held.run}, process {held.pid} on {held.host})",
            hint="wait until it is done; see: crmkit runs list",
        )
    if held is not None:  # this one and no other: a new one may have come since we looked
        connection.execute(delete(leases).where(leases.c.token == held.token))
    row = {"host": process.host, "pid": process.pid, "process": process.mark, "since": at}
    whose = {"portal": lease.portal, "recipe": lease.recipe, "run": lease.run, "token": lease.token}
    taken = insert(leases).values(**whose, expires_at=at + LEASE, **row)
    try:
        connection.execute(taken)
    except IntegrityError:  # it did: only PostgreSQL lets it come this far
        raise _lost(lease) from None
    return str(held.run) if held is not None else ""


def beat(connection: Connection, lease: Lease, at: datetime) -> None:
    """Renew a lease.

    Raises:
        RunInProgress: It ran out and another run has taken it: this one must not write any more.
    """
    if connection.execute(_RENEW, {"of_token": lease.token, "expires_at": at + LEASE}).rowcount != 1:
        raise _lost(lease)


def drop(connection: Connection, lease: Lease) -> None:
    """Give a lease back."""
    connection.execute(delete(leases).where(leases.c.token == lease.token))


_RENEW = update(leases).where(leases.c.token == bindparam("of_token"))


def _may_be_taken(held: Row[Any], at: datetime) -> bool:
    if held.expires_at <= at:
        return True
    return Process(held.host, held.pid, held.process).is_surely_dead()


def _lost(lease: Lease) -> RunInProgress:
    return RunInProgress(
        f"another run of {lease.recipe} on {lease.portal} took over",
        hint="let it finish; what is left then: crmkit runs retry",
    )


def _numbers_mean_the_same(mark: str) -> bool:
    own = this_process().mark
    return own.rpartition("/")[0] == mark.rpartition("/")[0]


def _mark(pid: int) -> str:
    """Return ``boot/pid namespace/start tick``, empty if there is no such process or no ``/proc``."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = Path("/proc/self/ns/pid").readlink()
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The name of the program stands in brackets and may hold anything; the state follows, then 18 numbers.
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else f"{boot}/{space}/{fields[19]}"


def _is_gone(pid: int) -> bool:
    if sys.platform == "win32":  # signal 0 would be Ctrl+C there
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it is somebody else's, so it lives
        return False
    return False
