"""``crmkit report``: what an automation has brought so far."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.table import Table as Grid
from rich.text import Text

from crmkit.automation.table import shown
from crmkit.cli.errors import DONE
from crmkit.cli.frame import command
from crmkit.cli.output import Output
from crmkit.cli.plan import LimitOption, SetOption, make_plan
from crmkit.cli.session import Session
from crmkit.exceptions import ConfigurationError
from crmkit.reports import Table, to_csv, to_html, write
from crmkit.reports.recipe import FiguresLike, recipe_tables

__all__ = ["register", "show_tables"]


class Format(StrEnum):
    """How a report is given."""

    table = "table"
    csv = "csv"
    xlsx = "xlsx"
    html = "html"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "report")
    def report(
        session: Session,
        name: Annotated[str, typer.Argument(help="cli.argument.recipe")],
        *,
        form: Annotated[Format, typer.Option("--format", "-f", help="cli.option.format")] = Format.table,
        out: Annotated[Path | None, typer.Option("--out", "-o", help="cli.option.out")] = None,
        limit: LimitOption = 20,
        settings: SetOption = None,
    ) -> int:
        if form is Format.xlsx and out is None:
            raise ConfigurationError("XLSX cannot be printed", hint="name a file: --out report.xlsx")
        plan, recipe = make_plan(session, name, settings), session.recipe(name, settings)
        memories = session.ledger.recall(plan.portal, name, session.ledger.known(plan.portal, name))
        lines, figures = recipe.results(plan.items, memories), recipe.figures(plan.items, memories)
        counted = figures if isinstance(figures, FiguresLike) else None
        own = recipe.tables(session.context(recipe), plan.items, memories)
        tables = recipe_tables(name, session.portal.name, lines, plan.items, counted, own=own)
        if out:
            write(tables, out, session.out.language)
            session.out.say("report.written", path=out)
        else:
            _print(session.out, form, tables, limit)
        session.out.document(_plain(session, figures, tables))
        return DONE


def show_tables(out: Output, tables: Sequence[Table], limit: int) -> None:
    """Print tables for people; of the deals, the last one, only so many rows."""
    for table in tables:
        grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for column, head in zip(table.columns, table.header(out.language), strict=True):
            justify: Any = "right" if column.kind == "number" else "left"
            grid.add_column(head if len(table.columns) > 1 else "", overflow="fold", justify=justify)
        cells = islice(table.cells(out.language), limit if table is tables[-1] else None)
        for row in cells:
            grid.add_row(*map(shown, row))
        out.show(Text(f"\n{table.title.render(out.language)}", style="bold"))
        out.show(grid)
    if len(tables[-1].rows) > limit:
        out.show(Text(out.text("more", count=len(tables[-1].rows) - limit), style="dim"))


def _print(out: Output, form: Format, tables: Sequence[Table], limit: int) -> None:
    if form is Format.csv:
        out.raw(to_csv(tables[-1], out.language))
    elif form is Format.html:
        out.raw(to_html(tables, out.language))
    else:
        show_tables(out, tables, limit)


def _plain(session: Session, figures: BaseModel | None, tables: Sequence[Table]) -> dict[str, Any]:
    rows = {table.name: table.records(session.out.language) for table in tables}
    return {"figures": figures.model_dump(mode="json", exclude={"deals"}) if figures else {}, **rows}
