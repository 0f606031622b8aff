"""Carries batches out in the thread that ticks: for tests, notebooks, simulations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crmkit.runtime.engine.book import Ticket
from crmkit.runtime.engine.core import Carrier

__all__ = ["InlineCarrier"]


class InlineCarrier(Carrier):
    """The only one at its database: a ticket that is out when it looks was left behind by a dead process."""

    concurrent = False
    slice = 0.0

    def __init__(self) -> None:
        self._run: Callable[[str], None] = lambda ticket: None
        self._running: set[str] = set()

    def start(self, run: Callable[[str], None]) -> None:
        """See :meth:`Carrier.start`."""
        self._run = run

    def submit(self, ticket: Ticket) -> None:
        """Carry the ticket out."""
        self._running.add(ticket.id)
        try:
            self._run(ticket.id)
        finally:
            self._running.discard(ticket.id)

    def check(self, tickets: Sequence[Ticket]) -> Sequence[Ticket]:
        """Carry out what was left behind."""
        for ticket in tickets:
            if ticket.id not in self._running:
                self.taken_over += 1
                self.submit(ticket)
        return ()

    def stop(self, grace: float) -> bool:
        """See :meth:`Carrier.stop`."""
        return True
