"""``crmkit models``: classes with the custom fields of a portal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crmkit.cli.errors import DONE
from crmkit.cli.files import write_text
from crmkit.cli.frame import command, subcommands
from crmkit.cli.session import Session
from crmkit.exceptions import ConfigurationError, Unsupported

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = subcommands(app, "models")

    @command(group, "pull")
    def pull(
        session: Session,
        out: Annotated[Path, typer.Option("--out", "-o", help="cli.option.models_out")] = Path(
            "portal_models.py"
        ),
        force: Annotated[bool, typer.Option("--force", help="cli.option.force")] = False,
    ) -> int:
        if out.exists() and not force:
            raise ConfigurationError(f"{out} is already there", hint="--force writes it anew")
        from crmkit.planfix import Planfix  # noqa: PLC0415  (--help can do without the vendor's client)
        from crmkit.planfix.typed import source  # noqa: PLC0415

        client = session.crm.native()
        if not isinstance(client, Planfix):
            raise Unsupported(
                session.portal.provider, "models pull", hint="it writes the classes of Planfix portals only"
            )
        fields = client.custom_fields
        owners = {
            "task": fields.tasks(),
            "contact": fields.contacts(),
            "project": fields.projects(),
            "user": fields.users(),
        }
        write_text(out, source(**owners))
        count = sum(map(len, owners.values()))
        session.out.document({"written": str(out), "fields": count})
        session.out.say("models.written", path=out, count=count)
        return DONE
