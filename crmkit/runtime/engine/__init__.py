"""The engine: debounce, timers, schedules, one batch at a time per portal and recipe, at least once."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from crmkit.clock import Clock, SystemClock
from crmkit.exceptions import ConfigurationError
from crmkit.runtime.database import Database
from crmkit.runtime.engine.core import Carrier, TableEngine
from crmkit.runtime.engine.inline import InlineCarrier
from crmkit.runtime.engine.port import Engine

__all__ = ["open_engine"]


def open_engine(
    url: str,
    kind: Literal["dbos", "inline"] = "dbos",
    *,
    clock: Clock | None = None,
    name: str = "",
    workers: int = 16,
    poll: float = 1.0,
    work: bool = True,
    content_window: timedelta = timedelta(minutes=10),
    keep_events: timedelta = timedelta(days=7),
) -> Engine:
    """Open an engine on a database; it works once it is started.

    Args:
        url: The ledger's: ``sqlite:///crmkit.db`` or ``postgresql://user:password@host/name``.
        kind: ``dbos`` works in threads of its own and may share the database with other processes;
            ``inline`` works when :meth:`Engine.tick` is called, in one process, on SQLite in memory too.
        clock: What time it is; the machine's by default.
        name: By which this process is known (``dbos``); by default the first free ``worker-N``.
        workers: Batches at a time in this process (``dbos``). The one that was started last decides for all.
        poll: Seconds between two looks at what is due (``dbos``).
        work: ``False``: only take events in; other processes run the recipes.
        content_window: See :attr:`Engine.content_window`.
        keep_events: For how long events are kept.

    Raises:
        ConfigurationError: The database cannot be used, or DBOS is not installed.
    """
    database = Database(url)
    made = InlineCarrier() if kind == "inline" else _dbos(database, name=name, workers=workers, poll=poll)
    return TableEngine(
        database,
        clock or SystemClock(),
        made,
        work=work,
        poll=poll,
        content_window=content_window,
        keep_events=keep_events,
    )


def _dbos(database: Database, *, name: str, workers: int, poll: float) -> Carrier:
    try:
        from crmkit.runtime.engine.dbos_carrier import DbosCarrier  # noqa: PLC0415  (an extra, slow to load)
    except ModuleNotFoundError as error:
        missing = error.name
    else:
        return DbosCarrier(database, name=name, workers=workers, poll=poll)
    raise ConfigurationError(f"the service needs {missing}", hint='pip install "crmkit[serve]"')
