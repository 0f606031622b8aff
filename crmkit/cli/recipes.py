"""``crmkit recipes``: which automations there are, and what can be set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from crmkit.automation.rows import write_template
from crmkit.cli import finder
from crmkit.cli.errors import DONE
from crmkit.cli.frame import command
from crmkit.cli.plan import SetOption
from crmkit.cli.session import Session
from crmkit.exceptions import ConfigurationError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "recipes")
    def recipes(
        session: Session,
        name: Annotated[str | None, typer.Argument(help="cli.argument.recipe", show_default=False)] = None,
        *,
        template: Annotated[
            Path | None, typer.Option("--template", help="cli.option.template", show_default=False)
        ] = None,
        settings: SetOption = None,
    ) -> int:
        if template:
            return _write_template(session, name, template, settings)
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


def _write_template(session: Session, name: str | None, file: Path, settings: list[str] | None) -> int:
    """Write the file that people fill in for a recipe.

    Raises:
        ConfigurationError: No recipe is named, it reads no file, or the file is there already.
    """
    if name is None:
        raise ConfigurationError("--template: of which recipe?", hint="crmkit recipes NAME --template FILE")
    recipe = session.recipe(name, settings)
    columns = recipe.columns(session.context(recipe))
    if not columns:
        raise ConfigurationError(f"{name} reads no file", hint="leave out --template")
    write_template(file, columns)
    session.out.document({"template": str(file), "columns": [column.title for column in columns]})
    session.out.note("recipes.template", path=file, count=len(columns))
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
