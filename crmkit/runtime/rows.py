"""Plain rows of the ledger, for tables and exports: text, numbers and moments, without database or pandas.

All are streamed; moments are aware, in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crmkit.automation.messages import Language, Message
from crmkit.crm.models import Ref
from crmkit.runtime.ledger import Ledger
from crmkit.runtime.records import ActionRecord

__all__ = ["action_rows", "item_rows", "run_rows"]

Row = dict[str, Any]


def run_rows(
    ledger: Ledger, *, portal: str = "", recipe: str = "", limit: int | None = None
) -> Iterator[Row]:
    """Yield a row per run, newest first."""
    for run in ledger.runs.list(portal=portal, recipe=recipe, limit=limit):
        yield {
            "run": run.id,
            "portal": run.portal,
            "recipe": run.recipe,
            "status": str(run.status),
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "requests": run.requests,
            "counts": run.counts,
            "error": run.error,
        }


def item_rows(ledger: Ledger, run_id: str, language: Language) -> Iterator[Row]:
    """Yield a row per item of a run: what was decided and what became of it."""
    for record in ledger.runs.items(run_id):
        item = record.item
        yield {
            "entity": str(item.entity),
            "title": item.title,
            "url": item.url,
            "verdict": item.verdict,
            "reason": item.reason.render(language),
            "evidence": "; ".join(line.render(language) for line in item.evidence),
            "status": str(record.status),
            "message": record.message.render(language) if record.message else "",
            "at": record.at,
        }


def action_rows(ledger: Ledger, run_id: str, language: Language) -> Iterator[Row]:
    """Yield a row per effect of a run, in order: the audit of what was there before and after."""
    for record in ledger.journal.of_run(run_id):
        yield {
            "entity": str(record.entity),
            "step": record.step,
            "episode": record.episode,
            "kind": record.kind,
            "status": str(record.status),
            "reason": Message.model_validate(record.payload["reason"]).render(language),
            "written": _written(record),
            "before": _shown(record.before),
            "after": _shown(record.after),
            "remote_id": record.remote_id,
            "attempts": record.attempts,
            "intent_at": record.intent_at,
            "outcome_at": record.outcome_at,
            "undone_at": record.undone_at,
            "error": record.error,
            "key": record.key,
        }


def _written(record: ActionRecord) -> str:
    """Return the text that people read, if the effect has one: of a notice, a task, a deal, a space."""
    payload = record.payload
    titled = (payload.get(name) or {} for name in ("task", "deal", "workspace", "changes"))
    texts = (payload.get("text"), payload.get("template"), *(part.get("title") for part in titled))
    return str(next(filter(None, texts), ""))


def _shown(image: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}: {_value(value)}" for name, value in image.items())


def _value(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(_value, value)) or "-"
    if isinstance(value, Ref):
        return f"{value.name} ({value})" if value.name else str(value)
    return "-" if value is None or value == "" else str(value)
