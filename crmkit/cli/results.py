"""Shows what a run came to: counts, what failed and why, how to go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from rich.table import Table
from rich.text import Text

from crmkit.automation.messages import Message
from crmkit.automation.show import duration
from crmkit.cli.session import Session
from crmkit.crm.models import Ref
from crmkit.reports.texts import word

if TYPE_CHECKING:
    from crmkit.runtime.results import ItemResult, RunResult

__all__ = ["Outcome", "counts_line", "items_table", "show_result"]

STYLES = {
    "done": "green",
    "failed": "bold red",
    "unknown": "bold red",
    "changed": "yellow",
    "pending": "yellow",
}
PLAIN = ("done", "nothing")
"""Outcomes that a list need not repeat: the counts say it all."""
LISTED = 20


class Outcome(Protocol):
    """An item of a run with what came of it."""

    @property
    def entity(self) -> Ref:
        """What it is about."""

    @property
    def title(self) -> str:
        """What that is called."""

    @property
    def status(self) -> str:
        """What came of it."""

    @property
    def message(self) -> Message | None:
        """Why."""


def show_result(session: Session, result: RunResult) -> int:
    """Print a run that has just ended and return the exit code that it means."""
    out = session.out
    out.document(_plain(session, result))
    rows = [item for item in (*result.earlier, *result.items) if item.status not in PLAIN]
    if rows:
        out.show(items_table(session, rows[:LISTED]))
    if len(rows) > LISTED:
        out.say("run.more", count=len(rows) - LISTED, run=result.run)
    out.show(counts_line(session, result.counts))
    time = duration(result.seconds, out.language)
    out.say("run.cost", run=result.run, requests=result.requests, time=time, style="dim")
    if result.error:
        out.problem(result.error, out.text("run.again", run=result.run))
    elif result.left:
        out.note("run.paused", run=result.run, left=result.left)
    elif result.exit_code:
        out.note("run.failed", run=result.run)
    return result.exit_code


def items_table(session: Session, items: Iterable[Outcome]) -> Table:
    """Return items with their outcome as a table."""
    language = session.out.language
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for key in ("deal", "status", "message"):
        table.add_column(word(key).render(language), overflow="fold")
    for item in items:
        status = Text(word(f"status.{item.status}").render(language), style=STYLES.get(item.status, ""))
        message = item.message.render(language) if item.message else ""
        table.add_row(Text.assemble((item.entity.id, "dim"), " ", item.title), status, message)
    return table


def counts_line(session: Session, counts: Mapping[str, int]) -> Text:
    """Return how many items came to what, in words."""
    language = session.out.language
    parts = (
        Text(f"{word(f'status.{status}').render(language)}: {count}", style=STYLES.get(status, ""))
        for status, count in counts.items()
    )
    return Text("; ").join(parts)


def _plain(session: Session, result: RunResult) -> dict[str, Any]:
    return {
        "run": result.run,
        "status": result.status,
        "exit_code": result.exit_code,
        "counts": result.counts,
        "requests": result.requests,
        "seconds": result.seconds,
        "error": session.out.scrub(result.error),
        "items": [_plain_item(session, item) for item in result.items],
        "earlier": [_plain_item(session, item) for item in result.earlier],
    }


def _plain_item(session: Session, item: ItemResult) -> dict[str, Any]:
    message = item.message.render(session.out.language) if item.message else ""
    return {"entity": str(item.entity), "title": item.title, "status": item.status, "message": message}
