"""``crmkit undo``: takes back what a run did, as far as people have not touched it since."""

from __future__ import annotations

from typing import Annotated

import typer

from crmkit.automation.show import plan_view
from crmkit.cli import finder
from crmkit.cli.apply import YesOption, agreed
from crmkit.cli.errors import DONE
from crmkit.cli.frame import command
from crmkit.cli.plan import LimitOption
from crmkit.cli.results import show_result
from crmkit.cli.runs import RunArgument, run_named
from crmkit.cli.session import Session
from crmkit.crm.models import Ref

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "undo")
    def undo(
        session: Session,
        run: RunArgument,
        *,
        deal: Annotated[list[str] | None, typer.Option("--deal", help="cli.option.deal")] = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="cli.option.dry_run")] = False,
        yes: YesOption = False,
        limit: LimitOption = 20,
    ) -> int:
        from crmkit.runtime import undo as undoing  # noqa: PLC0415  (loads SQLAlchemy)

        record = run_named(session, run)
        finder.found()  # their texts
        deals = tuple(Ref(kind="deal", id=one) for one in deal or ())
        language = session.portal.language
        plan = undoing.plan_undo(record.id, session.crm, session.ledger, entities=deals, language=language)
        session.out.show(plan_view(plan, session.out.language, limit, everything=True))
        if dry_run or not plan.to_do:
            session.out.document(plan.model_dump(mode="json"))
            return DONE
        agreed(session, yes, len(plan.to_do), plan.estimate.requests)
        with session.out.progress("progress.undo", len(plan.to_do)) as step:
            result = plan.apply(on_item=lambda _item: step())
        return show_result(session, result)
