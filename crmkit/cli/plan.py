"""``crmkit plan``: shows what a recipe would do. Nothing is written to the portal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crmkit.automation.plan import Plan
from crmkit.automation.show import plan_view
from crmkit.cli.errors import DONE
from crmkit.cli.files import write_text
from crmkit.cli.frame import command
from crmkit.cli.session import Session
from crmkit.exceptions import ConfigurationError

__all__ = ["LimitOption", "SetOption", "make_plan", "register"]

SetOption = Annotated[list[str] | None, typer.Option("--set", help="cli.option.set", show_default=False)]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=0, help="cli.option.limit")]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "plan")
    def plan(
        session: Session,
        recipe: Annotated[str, typer.Argument(help="cli.argument.recipe")],
        *,
        out: Annotated[Path | None, typer.Option("--out", "-o", help="cli.option.plan_out")] = None,
        settings: SetOption = None,
        limit: LimitOption = 20,
        everything: Annotated[bool, typer.Option("--all", help="cli.option.all")] = False,
    ) -> int:
        made = make_plan(session, recipe, settings)
        if out:
            write_text(out, made.model_dump_json(indent=2))
            session.out.note("plan.stored", path=out)
        session.out.document(made.model_dump(mode="json"))
        session.out.show(plan_view(made, session.out.language, limit, everything=everything))
        return DONE


def make_plan(session: Session, recipe: str, settings: list[str] | None = None) -> Plan:
    """Look at the portal and return what the recipe would do."""
    made = session.recipe(recipe, settings)
    with session.out.progress("progress.plan"):
        _check_names(session)
        return made.plan(session.crm, memory=session.ledger, language=session.portal.language)


def _check_names(session: Session) -> None:
    """Refuse to plan with stages or fields that the portal does not have; ``doctor`` looks at the rest.

    Raises:
        ConfigurationError: The first name that leads nowhere.
    """
    mapping = session.portal.deals
    known = {
        "stages": {stage.key for pipeline in session.crm.pipelines() for stage in pipeline.stages},
        "fields": {spec.key for spec in session.crm.deal_fields()},
    }
    for kind, bound in (("stages", mapping.stages), ("fields", mapping.fields)):
        for key in bound.keys() - known[kind]:
            what = f"{session.portal.where(f'deals.{kind}.{key}')}: the portal has no number {bound[key].id}"
            raise ConfigurationError(what, hint="crmkit doctor checks the whole file")
