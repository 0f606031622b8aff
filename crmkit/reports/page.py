"""Tables as one self-contained HTML page: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from crmkit.automation.messages import Language
from crmkit.automation.table import Column, Table, shown

__all__ = ["to_html"]

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; opacity: .7; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #8884; }
th { position: sticky; top: 0; background: Canvas; } td.number { text-align: right; white-space: nowrap; }
td.moment, td.day { white-space: nowrap; }
meter { display: block; width: 100%; min-width: 4rem; height: .5rem; }
"""


def to_html(tables: Sequence[Table], language: Language) -> str:
    """Return the tables as a page in one language; every text from the portal is escaped."""
    title = tables[0].title.render(language) if tables else "crmkit"
    body = "\n".join(_section(table, language) for table in tables)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def _section(table: Table, language: Language) -> str:
    note = f"<caption>{escape(table.note.render(language))}</caption>" if table.note else ""
    head = "".join(f"<th>{escape(title)}</th>" for title in table.header(language))
    rows = list(table.cells(language))
    tops = [_top(column, [row[index] for row in rows]) for index, column in enumerate(table.columns)]
    lines = "\n".join(f"<tr>{_row(table.columns, row, tops)}</tr>" for row in rows)
    return (
        f"<h2>{escape(table.title.render(language))}</h2>\n"
        f"<table>{note}<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody></table>"
    )


def _row(columns: Sequence[Column], row: list[Any], tops: list[float]) -> str:
    return "".join(_cell(column, cell, top) for column, cell, top in zip(columns, row, tops, strict=True))


def _top(column: Column, cells: list[Any]) -> float:
    return max((cell for cell in cells if column.bar and isinstance(cell, int | float)), default=0)


def _cell(column: Column, cell: Any, top: float) -> str:
    bar = (
        f'<meter min="0" max="{top:g}" value="{cell:g}"></meter>'
        if top and isinstance(cell, int | float)
        else ""
    )
    text = escape(shown(cell)).replace("\n", "<br>")
    return f'<td class="{column.kind}">{text}{bar}</td>'
