"""``crmkit calendar``: what people have planned as a calendar file, and secret addresses to subscribe to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crmkit.cli.errors import DONE
from crmkit.cli.frame import command
from crmkit.cli.session import Session
from crmkit.exceptions import ConfigurationError
from crmkit.reports.calendar import Feed, events_of, new_token, read_token, to_ics

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "calendar")
    def calendar(
        session: Session,
        name: Annotated[str, typer.Argument(help="cli.argument.recipe")] = "next_step",
        *,
        person: Annotated[str, typer.Option("--person", help="cli.option.calendar_person")] = "",
        kind: Annotated[str, typer.Option("--type", help="cli.option.calendar_type")] = "",
        out: Annotated[Path | None, typer.Option("--out", "-o", help="cli.option.calendar_out")] = None,
        address: Annotated[bool, typer.Option("--address", help="cli.option.calendar_address")] = False,
    ) -> int:
        wanted = Feed(person, kind)
        return _address(session, name, wanted) if address else _file(session, name, wanted, out)


def _file(session: Session, name: str, wanted: Feed, out: Path | None) -> int:
    recipe = session.recipe(name)
    ctx = session.context(recipe)
    shown = [event for event in events_of(ctx, recipe) if wanted.shows(event)]
    title = recipe.title.get(session.out.language, name)
    data = to_ics(shown, name=f"{title}: {wanted.kind}" if wanted.kind else title, now=ctx.now())
    if out is None:
        session.out.raw(data.decode())
    else:
        out.write_bytes(data)
        session.out.say("calendar.written", path=out, count=len(shown))
    session.out.document({"events": len(shown), "file": str(out) if out else None})
    return DONE


def _address(session: Session, name: str, wanted: Feed) -> int:
    """Show a new address; it is not kept anywhere, so this is the only time."""
    settings = session.config.calendar
    if settings.secret is None:
        raise ConfigurationError(
            "calendar.secret: not set, so no address can be signed",
            hint='put a long random text into the environment and write secret = "env:CALENDAR_SECRET"',
        )
    folder = session.config.source.parent if session.config.source else Path()
    secret = settings.secret.read(folder).get_secret_value()
    session.out.keep_secret(secret)
    token = new_token(secret, session.portal.key, name, wanted)
    serial = read_token(token, secret, session.portal.key, name).serial
    portal = session.portal.name or "main"
    address = f"{settings.url.rstrip('/')}/calendar/{portal}/{name}/{token}.ics"
    session.out.say("calendar.address", address=address)
    session.out.say("calendar.serial", serial=serial)
    session.out.document({"address": address, "serial": serial})
    return DONE
