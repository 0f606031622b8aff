"""``crmkit init``: writes a commented configuration to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from crmkit.cli.errors import DONE
from crmkit.cli.files import write_text
from crmkit.cli.frame import command
from crmkit.cli.session import Session
from crmkit.exceptions import ConfigurationError

__all__ = ["register"]

EXAMPLE_URL = "https://ACCOUNT.planfix.ru/rest"
BITRIX24 = ".bitrix24."


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "init")
    def init(
        session: Session,
        url: Annotated[str, typer.Option("--url", help="cli.option.url")] = EXAMPLE_URL,
        force: Annotated[bool, typer.Option("--force", help="cli.option.force")] = False,
    ) -> int:
        path = session.file or Path("crmkit.toml")
        if path.exists() and not force:
            raise ConfigurationError(f"{path} is already there", hint="--force writes it anew")
        write_text(path, _file(session, url))
        session.out.document({"written": str(path)})
        session.out.say("init.written", path=path)
        return DONE


def _file(session: Session, url: str) -> str:
    """Return the configuration for the vendor to which the address belongs."""
    parts = urlsplit(url)
    if BITRIX24 not in (parts.hostname or ""):
        return session.out.text("init.file", url=url)
    # The rest of a webhook's address is a secret, which does not belong into the file.
    return session.out.text("init.file.bitrix24", url=f"{parts.scheme}://{parts.netloc}/rest")
