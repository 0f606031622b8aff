"""Carries batches out with DBOS Transact: queued, one at a time per lane, begun again when a process dies.

The only module that imports dbos. Its pitfalls (docs/reference/engine.md numbers them) are each met by a
line here or in :mod:`crmkit.runtime.engine.dbos_checks`; a workflow body is one call, so that any version of
crmkit can go on with what another one has begun.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID

from crmkit.clock import SystemClock
from crmkit.runtime.database import Database
from crmkit.runtime.engine.book import Lane, Ticket
from crmkit.runtime.engine.core import Carrier
from crmkit.runtime.engine.dbos_checks import check_all, system_url
from crmkit.runtime.engine.names import HeldName, Names

__all__ = ["DbosCarrier"]

QUEUE = "crmkit"
WORKFLOW = "crmkit.run"
VERSION = "1"
"""Not the hash of the code, which would strand what is queued when crmkit is updated."""
KEEP = timedelta(hours=1)
CLEAN_EVERY = 600.0
MANY = 1000
ALIVE = ("ENQUEUED", "DELAYED", "PENDING")
log = logging.getLogger("crmkit.engine")


class DbosCarrier(Carrier):
    """See :class:`Carrier`. DBOS allows one per process.

    Args:
        database: That of the engine. SQLite: DBOS gets a file of its own beside it, because each file has one
            writer at a time; PostgreSQL: the schema ``dbos`` of the same database.
        name: By which this process is known, and takes up its own work after a restart; by default the first
            free one of ``worker-1, worker-2, …``.
        workers: Batches at a time in this process.
        poll: Seconds between two looks at what is due; DBOS looks into its queue half as often.
        orphan_after: Seconds after which what no thread of this process carries out, although DBOS believes
            that one does, is begun again.
    """

    concurrent = True
    slice = 1.0

    def __init__(
        self,
        database: Database,
        *,
        name: str = "",
        workers: int = 16,
        poll: float = 1.0,
        orphan_after: float = 30.0,
    ) -> None:
        self._database = database
        self._wanted_name = name
        self._workers = workers
        self._poll = poll
        self._orphan_after = orphan_after
        self._names = Names(database)
        self._held: HeldName | None = None
        self._workflow: Callable[[str], None] = lambda ticket: None
        self._real = SystemClock()
        self._running: set[str] = set()
        self._idle = threading.Condition()
        self._stopping = False
        self._impostor = False
        self._orphans: dict[str, float] = {}
        self._lost: Counter[str] = Counter()
        self._cleaned = self._real.monotonic()

    @property
    def name(self) -> str:
        """The name that this process has got."""
        return self._held.name if self._held else ""

    def start(self, run: Callable[[str], None]) -> None:
        """See :meth:`Carrier.start`."""
        check_all(self._database)
        self._held = self._names.take(self._wanted_name)
        logging.getLogger("dbos").addHandler(logging.NullHandler())  # else it adds one that prints by itself
        try:
            self._launch(run)
        except BaseException:
            self.stop(0.0)
            raise

    def _launch(self, run: Callable[[str], None]) -> None:
        DBOS(config=self._config())

        def carry(ticket: str) -> None:
            self._carry(ticket, run)

        self._workflow = DBOS.workflow(name=WORKFLOW)(carry)
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            partition_concurrency=1,
            worker_concurrency=self._workers,
            polling_interval_sec=2 * self._poll,  # a look of DBOS costs more than one of ours
            on_conflict="always_update",
        )

    def submit(self, ticket: Ticket) -> None:
        """See :meth:`Carrier.submit`: a second one of the same id is the first one."""
        with SetWorkflowID(ticket.id), SetEnqueueOptions(queue_partition_key=_partition(ticket.lane)):
            DBOS.enqueue_workflow(QUEUE, self._workflow, ticket.id)

    def check(self, tickets: Sequence[Ticket]) -> Sequence[Ticket]:
        """See :meth:`Carrier.check`."""
        if self._held is not None and not self._held.renew():
            self._impostor = True
            return ()
        self._impostor = False
        self._revive()
        if self._real.monotonic() - self._cleaned > CLEAN_EVERY:
            self._cleaned = self._real.monotonic()
            self.clean(datetime.now(UTC) - KEEP)
        if not tickets:
            return ()
        known = {found.workflow_id: found.status for found in _listed(workflow_ids=[t.id for t in tickets])}
        for ticket in tickets:  # whoever issued it died before it was queued
            if ticket.id not in known:
                self.submit(ticket)
        return [ticket for ticket in tickets if ticket.id in known and known[ticket.id] not in ALIVE]

    def clean(self, before: datetime) -> None:
        """Throw away what DBOS keeps of batches that came to their end before then."""
        while True:
            old = _listed(queue_name=QUEUE, completed_before=before.isoformat(), limit=MANY)
            DBOS.delete_workflows([found.workflow_id for found in old])
            if len(old) < MANY:
                return

    def stop(self, grace: float) -> bool:
        """See :meth:`Carrier.stop`."""
        with self._idle:
            self._stopping = True
            all_done = self._idle.wait_for(lambda: not self._running, grace)
        DBOS.destroy(destroy_registry=True)
        if self._held is not None:
            self._held.release()
        return all_done

    def problem(self) -> str:
        """See :meth:`Carrier.problem`."""
        if self._impostor:
            return f"another process runs as {self.name}"
        again = [ticket for ticket, times in self._lost.items() if times > 1]
        return f"{len(again)} batches were begun and lost more than once" if again else ""

    def _config(self) -> DBOSConfig:
        return {
            "name": "crmkit",
            "system_database_url": system_url(self._database.engine.url),
            "executor_id": self.name,
            "application_version": VERSION,
            "serializer": DBOSPortableJSONSerializer(),
            "sys_db_pool_size": self._workers + 4,
            "log_level": "WARNING",
            "enable_otlp": False,
            "notification_listener_polling_interval_sec": 2 * self._poll,  # no messages; it delays the end
        }

    def _carry(self, ticket: str, run: Callable[[str], None]) -> None:
        with self._idle:
            if self._stopping:  # the next one to start finds the ticket and issues it again
                return
            self._running.add(ticket)
        try:
            run(ticket)
        finally:
            with self._idle:
                self._running.discard(ticket)
                self._idle.notify_all()

    def _revive(self) -> None:
        """Queue again what was begun by a process that is dead, and what no thread of ours is at work on.

        Without the name of its queue DBOS would put it into one where lanes are not kept apart.
        """
        begun: dict[str, list[str]] = {}
        for found in _listed(status="PENDING", queue_name=QUEUE):
            begun.setdefault(found.executor_id or "", []).append(found.workflow_id)
        revived = self._orphaned(begun.pop(self.name, []))
        for executor, its in begun.items():
            held = self._names.try_take(executor) if executor else None
            if held is not None:
                try:
                    DBOS.resume_workflows(its, queue_name=QUEUE)
                finally:
                    held.release()
                log.warning("%s is dead: %d batches are taken over", executor, len(its))
                self.taken_over += len(its)
        if revived:
            DBOS.resume_workflows(revived, queue_name=QUEUE)
            log.error("%d batches were begun and are carried out by no thread: begun again", len(revived))
            self.taken_over += len(revived)

    def _orphaned(self, own: Sequence[str]) -> list[str]:
        now = self._real.monotonic()
        with self._idle:
            idle = [ticket for ticket in own if ticket not in self._running]
        self._orphans = {ticket: self._orphans.get(ticket, now) for ticket in idle}
        ripe = [ticket for ticket, since in self._orphans.items() if now - since >= self._orphan_after]
        self._lost.update(ripe)
        return ripe


def _partition(lane: Lane) -> str:
    return f"{lane.recipe} {lane.portal}"


def _listed(**which: Any) -> Any:
    return DBOS.list_workflows(**which, load_input=False, load_output=False)
