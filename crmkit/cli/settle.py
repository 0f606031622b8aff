"""``crmkit runs settle``: effects of which only a person can tell whether they happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from crmkit.automation.messages import text
from crmkit.cli.errors import DONE
from crmkit.cli.session import Session
from crmkit.exceptions import ConfigurationError

if TYPE_CHECKING:
    from crmkit.runtime.records import ActionRecord, RunRecord

__all__ = ["settle"]


def settle(
    session: Session, run: RunRecord, keys: Sequence[str], *, every: bool, happened: bool | None
) -> int:
    """List what is unclear in a run, or write down what a person found out about it.

    Raises:
        ConfigurationError: It is not said which effects, or not whether they happened, or a key is not that
            of an unclear effect.
    """
    unclear = [record for record in session.ledger.journal.of_run(run.id) if record.status.is_unsettled]
    if happened is None and not keys and not every:
        return _listed(session, run, unclear)
    if happened is None or bool(keys) == every:
        hint = session.out.text("settle.which.hint")
        raise ConfigurationError(session.out.text("settle.which"), hint=hint)
    chosen = [record.key for record in unclear] if every else list(keys)
    for key in chosen:
        session.ledger.settle_by_hand(run.portal, key, happened=happened, at=session.crm.clock.now())
    session.out.document({"run": run.id, "settled": chosen, "happened": happened})
    session.out.say("settle.written", count=len(chosen))
    return DONE


def _listed(session: Session, run: RunRecord, unclear: Sequence[ActionRecord]) -> int:
    out = session.out
    out.document(
        [{"key": one.key, "entity": str(one.entity), "kind": one.kind, "error": one.error} for one in unclear]
    )
    if not unclear:
        out.say("settle.none")
        return DONE
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for one in unclear:
        table.add_row(one.key, text(f"show.action.{one.kind}", out.language), one.error)
    out.show(table)
    out.say("settle.how", run=run.id)
    return DONE
