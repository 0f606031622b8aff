"""Files that commands write and read, with errors of one line."""

from __future__ import annotations

from pathlib import Path

from crmkit.exceptions import ConfigurationError

__all__ = ["write_text"]


def write_text(path: Path, text: str) -> None:
    """Write a text file.

    Raises:
        ConfigurationError: It cannot be written.
    """
    problem = ""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        problem = error.strerror or type(error).__name__
    if problem:
        raise ConfigurationError(f"{path}: cannot be written: {problem}", hint="choose another file")
