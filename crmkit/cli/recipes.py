"""``crmkit recipes``: which automations there are, and what can be set."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from crmkit.cli import finder
from crmkit.cli.errors import DONE
from crmkit.cli.frame import command
from crmkit.cli.session import Session

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "recipes")
    def recipes(
        session: Session,
        name: Annotated[str | None, typer.Argument(help="cli.argument.recipe", show_default=False)] = None,
    ) -> int:
        kinds = {name: finder.find(name)} if name else finder.found()
        session.out.document(
            [
                {
                    "name": kind.name,
                    "title": kind.title,
                    "requires": sorted(kind.requires),
                    "optional": sorted(kind.optional),
                    "settings": kind.settings_type.model_json_schema()["properties"],
                }
                for kind in kinds.values()
            ]
        )
        if name:
            session.out.show(f"{name}: {kinds[name].title[session.out.language]}\n")
            session.out.show(_settings(session, kinds[name].settings_type.model_json_schema()["properties"]))
        else:
            session.out.show(_list(session, kinds))
        return DONE


def _list(session: Session, kinds: dict[str, Any]) -> Table:
    table = Table(session.out.text("column.recipe"), session.out.text("column.purpose"), box=None)
    for kind in kinds.values():
        table.add_row(kind.name, kind.title[session.out.language])
    return table


def _settings(session: Session, properties: dict[str, Any]) -> Table:
    keys = ("column.setting", "column.default", "column.meaning")
    table = Table(*(session.out.text(key) for key in keys), box=None, padding=(0, 2, 0, 0))
    for key, schema in properties.items():
        default = json.dumps(schema["default"], ensure_ascii=False) if "default" in schema else "-"
        table.add_row(key, default, schema.get("description", ""))
    return table
