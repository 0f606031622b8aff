"""``crmkit runs``: the journal of what was done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from crmkit.cli import finder
from crmkit.cli.errors import DONE
from crmkit.cli.frame import command, subcommands
from crmkit.cli.letters import retry_letters, show_letters
from crmkit.cli.results import counts_line, items_table, show_result
from crmkit.cli.session import Session
from crmkit.cli.settle import settle
from crmkit.exceptions import ConfigurationError
from crmkit.reports import write
from crmkit.reports.run import run_tables
from crmkit.reports.texts import word

if TYPE_CHECKING:
    from crmkit.automation.messages import Message
    from crmkit.crm.models import Ref
    from crmkit.runtime.records import ItemRecord, RunRecord

__all__ = ["FirstOption", "RunArgument", "register", "run_named"]

FirstOption = Annotated[
    int | None, typer.Option("--first", min=1, help="cli.option.first", show_default=False)
]
RunArgument = Annotated[str, typer.Argument(help="cli.argument.run")]


def register(app: typer.Typer) -> None:
    """Add ``runs list``, ``show``, ``retry``, ``letters``, ``settle`` and ``export``."""
    group = subcommands(app, "runs")

    @command(group, "list")
    def list_(
        session: Session,
        limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="cli.option.limit")] = 20,
    ) -> int:
        records = list(session.ledger.runs.list(limit=limit))
        session.out.document([_plain(record) for record in records])
        session.out.show(_runs_table(session, records) if records else session.out.text("runs.none"))
        return DONE

    @command(group, "show")
    def show(session: Session, run: RunArgument = "last") -> int:
        record, items = _loaded(session, run)
        rows = run_tables(record.id, record.recipe, items, session.zone)[1].records(session.out.language)
        session.out.document({**_plain(record), "items": rows})
        session.out.show(_runs_table(session, [record]))
        session.out.show()
        session.out.show(items_table(session, map(_Listed, items)))
        session.out.show(counts_line(session, record.counts))
        return DONE

    @command(group, "retry")
    def retry(
        session: Session,
        run: RunArgument = "last",
        *,
        first: FirstOption = None,
        letter: Annotated[list[int] | None, typer.Option("--letter", help="cli.option.letter")] = None,
        letters: Annotated[bool, typer.Option("--letters", help="cli.option.all_letters")] = False,
    ) -> int:
        if letter or letters:
            return retry_letters(session, letter or (), every=letters)
        from crmkit.runtime import executor, undo  # noqa: PLC0415  (load SQLAlchemy)

        record = run_named(session, run)
        recipe = (
            None if undo.reopened(record, session.ledger) else finder.make(record.recipe, record.settings)
        )
        with session.out.progress("progress.apply") as step:
            result = executor.resume(
                record.id, recipe, session.crm, session.ledger, on_item=lambda _item: step(), limit=first
            )
        return show_result(session, result)

    @command(group, "letters")
    def letters(
        session: Session,
        *,
        recipe: Annotated[str, typer.Option("--recipe", help="cli.option.recipe", show_default=False)] = "",
        limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="cli.option.limit")] = 20,
    ) -> int:
        return show_letters(session, recipe=recipe, limit=limit)

    @command(group, "settle")
    def settle_(
        session: Session,
        run: RunArgument = "last",
        key: Annotated[list[str] | None, typer.Option("--key", help="cli.option.key")] = None,
        every: Annotated[bool, typer.Option("--all", help="cli.option.all_keys")] = False,
        happened: Annotated[
            bool | None, typer.Option("--happened/--did-not-happen", help="cli.option.happened")
        ] = None,
    ) -> int:
        return settle(session, run_named(session, run), key or (), every=every, happened=happened)

    @command(group, "export")
    def export(
        session: Session,
        run: RunArgument = "last",
        out: Annotated[Path, typer.Option("--out", "-o", help="cli.option.out")] = Path("run.xlsx"),
    ) -> int:
        record, items = _loaded(session, run)
        write(run_tables(record.id, record.recipe, items, session.zone), out, session.out.language)
        session.out.document({"written": str(out), "items": len(items)})
        session.out.say("report.written", path=out)
        return DONE


def run_named(session: Session, name: str) -> RunRecord:
    """Return a run by the beginning of its id, or the newest one as ``last``.

    Raises:
        ConfigurationError: There is none.
    """
    if name != "last":
        return session.ledger.runs.get(name)
    newest = next(session.ledger.runs.list(limit=1), None)
    if newest is None:
        raise ConfigurationError("the ledger has no runs yet", hint="crmkit apply RECIPE makes one")
    return newest


@dataclass(frozen=True)
class _Listed:
    """An item of the ledger as :func:`items_table` shows it."""

    record: ItemRecord

    @property
    def entity(self) -> Ref:
        return self.record.item.entity

    @property
    def title(self) -> str:
        return self.record.item.title

    @property
    def status(self) -> str:
        return self.record.status

    @property
    def message(self) -> Message:
        return self.record.message or self.record.item.reason


def _loaded(session: Session, run: str) -> tuple[RunRecord, list[ItemRecord]]:
    """Return a run with its items, the texts of its recipe being there."""
    record = run_named(session, run)
    finder.found()
    return record, list(session.ledger.runs.items(record.id))


def _runs_table(session: Session, records: Iterable[RunRecord]) -> Table:
    language, zone = session.out.language, session.zone
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for key in ("id", "recipe", "started", "status", "outcomes", "requests"):
        table.add_column(word(key).render(language), overflow="fold")
    for record in records:
        table.add_row(
            record.id,
            record.recipe,
            f"{record.started_at.astimezone(zone):%d.%m.%Y %H:%M}",
            word(f"run.{record.status}").render(language),
            counts_line(session, record.counts),
            str(record.requests),
        )
    return table


def _plain(record: RunRecord) -> dict[str, Any]:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: value for name, value in values.items() if name not in ("plan", "host", "pid")}
