"""A world to try an engine in: a clock moved by hand, recipes that do what a test says, a log of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4
from zoneinfo import ZoneInfo

from crmkit.automation.calendar import WorkCalendar
from crmkit.clock import ManualClock
from crmkit.crm.models import Ref
from crmkit.runtime.engine import open_engine
from crmkit.runtime.engine.port import Batch, Engine, Hint, Receipt, Rule, Sweep

__all__ = ["EVENT", "EngineWorld", "Run", "deal"]

START = datetime(2025, 3, 3, 6, 0, tzinfo=UTC)
"""A Monday, nine in the morning in Moscow."""
EVENT = "deal.updated"
OTHER = "deal.other"
PATIENCE = 30.0
STEP = 0.01
MOSCOW = WorkCalendar(ZoneInfo("Europe/Moscow"))


def deal(number: int) -> Ref:
    """Return a deal."""
    return Ref(kind="deal", id=str(number))


@dataclass(frozen=True, slots=True)
class Run:
    """A batch as a recipe got it: of which recipe, which entities, at what time of the world."""

    recipe: str
    entities: tuple[str, ...]
    at: datetime


class EngineWorld:
    """An engine with three recipes: ``first`` and ``second`` wake by events, ``swept`` by the clock.

    Every test takes a portal of its own, so that one engine serves many tests.

    Args:
        url: An empty database.
        kind: As in :func:`crmkit.runtime.engine.open_engine`.
    """

    def __init__(self, url: str, kind: Literal["dbos", "inline"]) -> None:
        self.url = url
        self.kind = kind
        self.clock = ManualClock(START)
        self.behaviour: dict[str, Callable[[Batch], None]] = {}
        self.engine: Engine
        self._runs: dict[str, list[Run]] = {}
        self._lock = threading.Lock()
        self.start()

    def start(self, *sweeps: Sweep) -> None:
        """Open an engine on the database and start it."""
        self.engine = open_engine(self.url, self.kind, clock=self.clock, poll=0.05)
        minute = timedelta(minutes=1)
        self.engine.add(Rule("first", frozenset({EVENT}), batch=10, attempts=3), self._handle)
        self.engine.add(Rule("second", frozenset({OTHER}), quiet=minute, batch=10), self._handle)
        self.engine.add(Rule("swept"), self._handle)
        for sweep in sweeps:
            self.engine.add_sweep(sweep)
        self.engine.start()

    def restart(self, *sweeps: Sweep) -> None:
        """Stop the engine and start another one on the same database."""
        self.engine.stop()
        self.start(*sweeps)

    def portal(self, behaviour: Callable[[Batch], None] | None = None) -> str:
        """Return the name of a new portal; on it the recipes do what is given, by default nothing."""
        name = f"portal-{uuid4().hex[:8]}"
        if behaviour is not None:
            self.behaviour[name] = behaviour
        return name

    def hint(self, portal: str, number: int, kind: str = EVENT, **more: Any) -> Receipt:
        """Let an event about a deal come in."""
        return self.engine.accept(Hint(portal, deal(number), kind, **more))

    def advance(self, **delta: float) -> None:
        """Move the clock, and let the engine do all that is due then."""
        self.clock.advance(**delta)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is due and nothing runs."""
        self.engine.tick()
        self.until(self._is_idle)

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for something to become true.

        Raises:
            TimeoutError: It did not within half a minute.
        """
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"this did not come to be: {condition}")
            if self.kind == "inline":
                self.engine.tick()
            else:
                threading.Event().wait(STEP)

    def runs(self, portal: str) -> Sequence[Run]:
        """Return what the recipes were given on a portal, in order."""
        with self._lock:
            return tuple(self._runs.get(portal, ()))

    def seen(self, portal: str) -> list[str]:
        """Return the entities that recipes looked at on a portal, in order."""
        return [entity for run in self.runs(portal) for entity in run.entities]

    def _is_idle(self) -> bool:
        numbers = self.engine.counters()
        return numbers.due == 0 and numbers.running == 0

    def _handle(self, batch: Batch) -> None:
        entities = tuple(str(job.entity) if job.entity else "" for job in batch.jobs)
        with self._lock:
            log = self._runs.setdefault(batch.portal, [])
            log.append(Run(batch.recipe, entities, self.clock.now()))
        if batch.portal in self.behaviour:
            self.behaviour[batch.portal](batch)
