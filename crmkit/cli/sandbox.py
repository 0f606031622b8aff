"""``crmkit sandbox``: a local Planfix to try things on, and a way to let its days pass."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import requests
import typer

from crmkit.cli.errors import DONE
from crmkit.cli.frame import command
from crmkit.cli.session import Session
from crmkit.cli.toml import to_toml
from crmkit.exceptions import ConfigurationError, TransportError
from crmkit.sandbox import Sandbox

__all__ = ["register"]

TIMEOUT = 30.0


def register(app: typer.Typer) -> None:
    """Add the command and its subcommands."""
    group = typer.Typer(help="cli.help.sandbox", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="sandbox")

    @command(group, "start", help="cli.help.sandbox_start")
    def start(
        session: Session,
        port: Annotated[int, typer.Option("--port", min=0, max=65535, help="cli.option.port")] = 8765,
        deals: Annotated[int, typer.Option("--deals", min=1, help="cli.option.deals")] = 2000,
        stalled: Annotated[int | None, typer.Option("--stalled", min=0, help="cli.option.stalled")] = None,
        seed: Annotated[int, typer.Option("--seed", help="cli.option.seed")] = 7,
        write: Annotated[Path | None, typer.Option("--write", help="cli.option.write")] = None,
    ) -> int:
        share = stalled if stalled is not None else round(deals * 611 / 2000)
        with Sandbox.planfix(port=port, deals=deals, stalled=share, seed_number=seed) as box:
            toml = to_toml(_config(box.portal_config))
            if write:
                _write(write, toml)
            session.out.document({"url": box.url, "control_url": box.control_url, "config": _config(box.portal_config)})
            session.out.say("sandbox.runs", url=box.url, control=box.control_url, time=_local(box))
            session.out.say("sandbox.written" if write else "sandbox.paste", path=write or "crmkit.toml")
            if not write:
                session.out.show(toml)
            session.out.note("sandbox.stop")
            _until_stopped()
        return DONE

    @command(group, "advance", help="cli.help.sandbox_advance")
    def advance(
        session: Session,
        days: Annotated[float, typer.Option("--days", min=0, help="cli.option.days")] = 0,
        hours: Annotated[float, typer.Option("--hours", min=0, help="cli.option.hours")] = 0,
    ) -> int:
        answer = _control(session, {"advance": {"days": days, "hours": hours}})
        session.out.document(answer)
        session.out.say("sandbox.now", time=answer["now"])
        return DONE
