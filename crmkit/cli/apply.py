"""``crmkit apply``: carries out a plan, made now or read from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from crmkit.automation.plan import Plan
from crmkit.automation.show import plan_view
from crmkit.cli import finder
from crmkit.cli.errors import DONE
from crmkit.cli.frame import command
from crmkit.cli.plan import LimitOption, SetOption, make_plan
from crmkit.cli.results import show_result
from crmkit.cli.runs import FirstOption
from crmkit.cli.session import Session
from crmkit.exceptions import ConfigurationError, PlanStale

__all__ = ["YesOption", "agreed", "register"]

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="cli.option.yes")]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "apply")
    def apply(
        session: Session,
        target: Annotated[str, typer.Argument(help="cli.argument.target")],
        *,
        yes: YesOption = False,
        settings: SetOption = None,
        limit: LimitOption = 20,
        first: FirstOption = None,
    ) -> int:
        if Path(target).is_file() or target.endswith(".json"):
            plan = _stored(session, Path(target), settings)
        else:
            if yes:  # what is half done is no new decision, and the plan has to know what came of it
                _finish_leftovers(session, target, settings)
            plan = make_plan(session, target, settings)
        session.out.show(plan_view(plan, session.out.language, limit))
        if not plan.to_do and not session.ledger.has_leftovers(plan.portal, plan.recipe):
            session.out.document({"run": None, "plan": plan.id, "items": [], "exit_code": DONE})
            return DONE
        agreed(session, yes, len(plan.to_do), plan.estimate.requests)
        with session.out.progress("progress.apply", len(plan.to_do)) as step:
            result = plan.apply(on_item=lambda _item: step(), limit=first)
        return show_result(session, result)


def _finish_leftovers(session: Session, name: str, settings: list[str] | None) -> None:
    """Settle and finish what earlier runs left, so that the plan is made of what is really there."""
    from crmkit.runtime import executor  # noqa: PLC0415  (loads SQLAlchemy)

    language = session.portal.language
    recipe = session.recipe(name, settings)
    result = executor.finish_leftovers(recipe, session.crm, session.ledger, language=language)
    if result is not None:
        session.out.note("apply.leftovers", count=len(result.earlier))


def agreed(session: Session, yes: bool, count: int, requests: int) -> None:
    """Go on only if somebody wants the writes; docs/adr/0006.

    Raises:
        typer.Abort: The user said no.
        ConfigurationError: There is nobody to ask, and ``--yes`` was not given.
    """
    if yes:
        return
    answer = session.out.confirm("apply.confirm", count=count, requests=requests)
    if answer is None:
        raise ConfigurationError(session.out.text("apply.nobody"), hint=session.out.text("apply.nobody.hint"))
    if not answer:
        raise typer.Abort


def _stored(session: Session, path: Path, settings: list[str] | None) -> Plan:
    """Read a plan and attach it to the portal it was made for."""
    plan = _read(path)
    if settings:
        raise ConfigurationError(f"{path}: its settings are those it was made with", hint="leave out --set")
    if plan.portal != session.crm.portal:
        raise PlanStale(
            f"{path} was made for {plan.portal}, not for {session.crm.portal}", hint="choose it with --portal"
        )
    return plan.bind(finder.make(plan.recipe, plan.settings, str(path)), session.crm, session.ledger)


def _read(path: Path) -> Plan:
    try:
        return Plan.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except (UnicodeDecodeError, ValidationError):
        problem = "is not a plan"
    raise ConfigurationError(f"{path} {problem}", hint="make one: crmkit plan RECIPE --out FILE")
