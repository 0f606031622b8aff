"""Secrets by reference: the settings say where a secret is kept, and it is read when it is needed."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr

from crmkit.exceptions import ConfigurationError

__all__ = ["HOW_TO_REFER", "Secret"]

HOW_TO_REFER = 'write "env:NAME" or "file:PATH"'


class Secret:
    """Where a secret is kept (``env:NAME``, ``file:PATH``), or the secret itself; shows only the former.

    Args:
        text: A reference, or the secret. A ``SecretStr`` is always the secret itself.

    Example:
        >>> Secret("env:PLANFIX_TOKEN")
        Secret('env:PLANFIX_TOKEN')
        >>> Secret("t0ps3cret")
        Secret('**********')
    """

    def __init__(self, text: str | SecretStr) -> None:
        self.reference = "" if isinstance(text, SecretStr) else _reference(text)
        self.in_the_open = isinstance(text, str) and not self.reference
        """Whether the secret itself stands where a reference should."""
        self._literal = SecretStr("" if self.reference else str(text)) if isinstance(text, str) else text

    def __repr__(self) -> str:
        return f"Secret({str(self)!r})"

    def __str__(self) -> str:
        return self.reference or str(self._literal)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self.reference, self._literal) == (
            other.reference,
            other._literal,
        )

    def __hash__(self) -> int:
        return hash((self.reference, self._literal))

    def read(self, folder: Path) -> SecretStr:
        """Return the secret; a relative ``file:`` path starts at the folder.

        Raises:
            ConfigurationError: The variable is not set, or the file cannot be read or is empty.
        """
        if not self.reference:
            return self._literal
        kind, _, name = self.reference.partition(":")
        if kind == "file":
            return SecretStr(_from_file(folder / Path(name).expanduser()))
        if value := os.environ.get(name, "").strip():
            return SecretStr(value)
        raise ConfigurationError(f"environment variable {name} is not set", hint=f"export {name}=...")


def _reference(text: str) -> str:
    kind, _, name = text.strip().partition(":")
    return f"{kind}:{name.strip()}" if kind in ("env", "file") and name.strip() else ""


def _from_file(path: Path) -> str:
    try:
        value, reason = path.read_text(encoding="utf-8").strip(), "it is empty"
    except OSError as error:
        value, reason = "", error.strerror or "no access"
    except UnicodeDecodeError:
        value, reason = "", "it is not a text"
    if not value:
        raise ConfigurationError(f"cannot read {path}: {reason}", hint="put the secret into that file")
    return value
