"""The secret with which a portal proves itself to us: found, or made and put where its owner reads it."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from crmkit.cli.session import Session
from crmkit.config import Secret
from crmkit.exceptions import ConfigurationError

__all__ = ["HandlerSecret", "secret_of"]

State = Literal["kept", "written", "unset", "portal"]
BYTES = 24
SHORTEST = 16


@dataclass(frozen=True)
class HandlerSecret:
    """A secret and where it is kept.

    Attributes:
        value: The secret itself.
        reference: Where it is kept: ``env:NAME`` or ``file:PATH``; empty for one that stands in the settings.
        state: ``kept``: it was there; ``written``: it was made and written; ``unset``: it was made, and
            somebody has to put it into the environment; ``portal``: the portal makes it, and somebody has
            to put it where it belongs.
        configured: Whether the settings name it.
        where: The key of the settings.
    """

    value: str = field(repr=False)
    reference: str
    state: State
    configured: bool
    where: str

    def document(self, *, show: bool) -> dict[str, Any]:
        """Return what ``--json`` tells; the secret itself only if it is asked for."""
        told = {"reference": self.reference, "state": self.state, "configured": self.configured}
        return {**told, "value": self.value} if show else told


def secret_of(session: Session, *, by_portal: bool = False) -> HandlerSecret:
    """Return the secret of a portal's handler; if there is none yet, make one unless the portal does.

    It is written to the file that the settings name, else to ``crmkit-PORTAL.secret`` beside them, readable
    for its owner only. A variable of the environment cannot be set from here.

    Raises:
        ConfigurationError: The file cannot be read or written, or the secret is too short to be one.
    """
    portal = session.portal
    configured = portal.webhook.secret
    bound = configured or Secret(f"file:crmkit-{portal.name or 'portal'}.secret")
    kind, _, name = bound.reference.partition(":")
    folder = session.config.source.parent if session.config.source else Path()
    path = folder / Path(name).expanduser()
    there = path.exists() if kind == "file" else bool(kind != "env" or os.environ.get(name, "").strip())
    state: State = "kept"
    if there:
        value = _read(bound, folder, portal.where("webhook.secret"))
    elif by_portal:
        value, state = "", "portal"
    elif kind == "env":
        value, state = secrets.token_urlsafe(BYTES), "unset"
    else:
        value, state = _written(path), "written"
    if value:
        session.out.keep_secret(value)
    return HandlerSecret(
        value, bound.reference, state, configured is not None, portal.where("webhook.secret")
    )


def _read(bound: Secret, folder: Path, where: str) -> str:
    value = bound.read(folder).get_secret_value()
    if len(value) < SHORTEST or not value.isascii() or " " in value:
        raise ConfigurationError(
            f"{where}: the secret is too short or cannot stand in an address",
            hint="give at least 16 Latin letters and digits, or remove it: crmkit setup makes one",
        )
    return value


def _written(path: Path) -> str:
    value, problem = secrets.token_urlsafe(BYTES), ""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{value}\n")
    except OSError as error:
        problem = error.strerror or type(error).__name__
    if problem:
        raise ConfigurationError(
            f"{path}: cannot be written: {problem}", hint="set webhook.secret in crmkit.toml to another place"
        )
    return value
