"""``crmkit doctor``: compares the configuration with the live portal."""

from __future__ import annotations

from typing import Annotated

import typer

from crmkit.automation.calendar import WorkCalendar
from crmkit.cli import finder, texts_fields
from crmkit.cli.apply import YesOption
from crmkit.cli.errors import DONE, USAGE
from crmkit.cli.frame import command
from crmkit.cli.session import Session
from crmkit.exceptions import ConfigurationError, CrmkitError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    texts_fields.add()

    @command(app, "doctor")
    def doctor(
        session: Session,
        *,
        create_fields: Annotated[
            bool, typer.Option("--create-fields", help="cli.option.create_fields")
        ] = False,
        yes: YesOption = False,
    ) -> int:
        crm, out = session.crm, session.out
        if create_fields:
            _create_fields(session, yes=yes)
        with out.progress("progress.check"):
            problems = [*crm.check(), *_recipe_problems(session), *_service_problems(session)]
        budget, me = crm.budget(), crm.me()
        out.document(
            {
                "portal": session.portal.name,
                "provider": crm.provider,
                "me": me.model_dump(mode="json") if me else None,
                "requests_per_second": budget.per_second,
                "requests_left_today": budget.left_today,
                "problems": problems,
            }
        )
        out.say("doctor.portal", portal=session.portal.name, provider=crm.provider, url=session.portal.url)
        for problem in problems:
            out.show(f"  ✗ {problem}")
        if problems:
            out.say("doctor.problems", count=len(problems), style="bold red")
            return USAGE
        out.say("doctor.well", style="green")
        return DONE


def _create_fields(session: Session, *, yes: bool) -> None:
    """Show which fields are missing, and make those of which the settings tell what they hold.

    Raises:
        typer.Abort: The user said no.
        ConfigurationError: There is nobody to ask, and ``--yes`` was not given.
    """
    missing, out = [*session.crm.missing_fields()], session.out
    for field in missing:
        facts = f"{field.section}.{field.key}: {field.id} «{field.name}» {field.type}".rstrip()
        out.show(f"  {'+' if field.can_be_created else '✗'} {facts}")
    wanted = [field for field in missing if field.can_be_created]
    if wanted and not yes:
        answer = out.confirm("fields.confirm", count=len(wanted))
        if answer is None:
            raise ConfigurationError(out.text("apply.nobody"), hint=out.text("apply.nobody.hint"))
        if not answer:
            raise typer.Abort
    for field in wanted:
        session.crm.create_field(field)
    out.note("fields.created", count=len(wanted), left=len(missing) - len(wanted))


def _recipe_problems(session: Session) -> list[str]:
    """Check each configured recipe: its name, its settings, what it needs of the provider."""
    problems = []
    for name in session.config.recipes:
        try:
            recipe = finder.make(name, session.settings_of(name), str(session.config.source or ""))
            for capability in sorted(recipe.requires):
                session.crm.capabilities.require(capability)
        except CrmkitError as error:
            problems.append(str(error))
    return problems


def _service_problems(session: Session) -> list[str]:
    """Check what ``[serve]`` says about this portal: recipes, schedules, the secret of its events."""
    from crmkit.runtime.engine.cron import Cron  # noqa: PLC0415  (loads SQLAlchemy)

    portal, problems = session.portal, []
    calendar = WorkCalendar(portal.zone)
    for name, served in session.config.serve.recipes.items():
        if portal.name not in (served.portals or (portal.name,)):
            continue
        where = f"serve.recipes.{name}"
        try:
            watches = finder.find(name).watches
            if served.cron:
                Cron.parse(served.cron, calendar)
            if watches and portal.webhook.secret is not None:
                session.crm.door(watches)
        except CrmkitError as error:
            problems.append(f"{where}: {error}")
            continue
        if watches and portal.webhook.secret is None and not served.cron:
            hint = f"run: crmkit setup {name}, or set cron"
            problems.append(
                f"{where}: {portal.where('webhook.secret')} is not set: no event is heard ({hint})"
            )
    return problems
