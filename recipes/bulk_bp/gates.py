"""Ten rows first, a hundred, all: how many may go on now, and the rest waits for somebody's look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from crmkit.automation.memory import Memory
from crmkit.crm.models import Deal
from recipes.bulk_bp.keys import START
from recipes.bulk_bp.settings import BulkBpSettings
from recipes.bulk_bp.snapshot import Portal, Snapshot

__all__ = ["Gate", "next_step", "process_of"]

ENDLESS = 10**9


def process_of(settings: BulkBpSettings, portal: Portal, deal: Deal) -> str:
    """Return the process that the stage of a deal asks for; empty if none does."""
    keys = portal.stage_keys(deal.stage.id) if deal.stage else ()
    return next((settings.processes[key] for key in keys if key in settings.processes), "")


def next_step(snapshot: Snapshot, memory: Memory, settings: BulkBpSettings) -> str:
    """Return what is to be done with a row: ``deal``, ``start``, or nothing."""
    if snapshot.row is None or memory.unsettled:
        return ""
    if snapshot.deal is None:
        return "" if memory.last("deal") else "deal"
    if memory.last(START) or not process_of(settings, snapshot.portal, snapshot.deal):
        return ""
    return START


class Gate:
    """Lets so many rows on as the gates allow, those that were imported and those started counted apart.

    Args:
        settings: The gates, and which of them were released.
        done: Counts what was done so far, by step, and tells whether the outcome of anything is not known;
            not called if all gates are open.

    Example:
        >>> settings = BulkBpSettings(canary=(10, 100), released=1)
        >>> gate = Gate(settings, lambda: ({"deal": 10, "start": 0}, False))
        >>> gate.left
        {'deal': 90, 'start': 100}
    """

    def __init__(self, settings: BulkBpSettings, done: Callable[[], tuple[Mapping[str, int], bool]]) -> None:
        self._settings = settings
        self.left: dict[str, int] | None = None
        if settings.released < len(settings.canary):
            counts, unclear = done()
            self.left = {
                step: max(0, self._allowed(count, unclear) - count) for step, count in counts.items()
            }

    def pass_or_hold(self, one: Snapshot, memory: Memory) -> Snapshot:
        """Return the row, marked if it has to wait. One with nothing to do takes nobody's place."""
        step = next_step(one, memory, self._settings)
        if self.left is None or not step:
            return one
        if self.left[step] > 0:
            self.left[step] -= 1
            return one
        return replace(one, held_back=True)

    def _allowed(self, done: int, unclear: bool) -> int:
        canary, step = self._settings.canary, self._settings.released
        if self._settings.gates == "auto" and not unclear:
            step = max(step, sum(done >= one for one in canary))
        return canary[step] if step < len(canary) else ENDLESS
