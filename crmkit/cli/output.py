"""What a command writes: tables for people, or one JSON document, on stdout; messages on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from crmkit.automation.messages import Language, text
from crmkit.transport.redaction import Redactor

__all__ = ["Output"]

PIPE_WIDTH = 120


class Output:
    """Where a command writes.

    Args:
        language: Of everything that people read.
        as_json: Whether stdout gets one JSON document and nothing else.
    """

    def __init__(self, language: Language, *, as_json: bool = False) -> None:
        self.language = language
        self.as_json = as_json
        self.answered = False
        self._redactor = Redactor()
        self._stdout = _console(sys.stdout, quiet=as_json)
        self._stderr = _console(sys.stderr)

    def keep_secret(self, *secrets: str) -> None:
        """Never show these."""
        self._redactor.add(*secrets)

    def scrub(self, text: str) -> str:
        """Return a text without the secrets."""
        return self._redactor.scrub(text)

    def text(self, key: str, **params: Any) -> str:
        """Return a text of the catalogue in the reader's language."""
        return text(f"cli.{key}", self.language, **params)

    def show(self, what: RenderableType = "") -> None:
        """Print for people; silent where JSON is asked for."""
        self._stdout.print(what)

    def raw(self, text: str) -> None:
        """Write a text as it is, for a file or another program; silent where JSON is asked for."""
        if not self.as_json:
            sys.stdout.write(text)

    def say(self, key: str, *, style: str = "", **params: Any) -> None:
        """Print a text of the catalogue for people."""
        self.show(Text(self.text(key, **params), style=style))

    def note(self, key: str, **params: Any) -> None:
        """Print a remark on stderr."""
        self._stderr.print(Text(self.text(key, **params)))

    def problem(self, message: str, hint: str = "") -> None:
        """Print an error on stderr: one line, and what to do about it on another."""
        for label, style, line in (("error", "bold red", message), ("hint", "", hint)):
            if line:
                plain = " ".join(self._redactor.scrub(line).split())
                shown = Text.assemble((self.text(label), style), " ", plain)
                self._stderr.print(shown, soft_wrap=True)

    def trace(self, traceback: str) -> None:
        """Print a traceback on stderr, without its secrets."""
        self._stderr.print(Text(self._redactor.scrub(traceback)), soft_wrap=True)

    def document(self, data: Any) -> None:
        """Write the JSON document of the command, if JSON is asked for."""
        if self.as_json:
            self.answered = True
            sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, default=_plain) + "\n")
            sys.stdout.flush()  # here, where a closed pipe can be told from a failure

    def failure(self, kind: str, message: str, hint: str, code: int) -> None:
        """Write the JSON document of a command that failed before it could answer."""
        if not self.answered:
            error = {"type": kind, "message": message, "hint": hint, "exit_code": code}
            self.document({"error": {key: self._redactor.scrub_value(value) for key, value in error.items()}})

    def confirm(self, key: str, **params: Any) -> bool | None:
        """Ask on a terminal; return ``None`` where there is nobody to ask."""
        if not sys.stdin.isatty():
            return None
        return typer.confirm(self.text(key, **params), err=True)

    @contextmanager
    def progress(self, key: str, total: int | None = None) -> Iterator[Callable[[], None]]:
        """Show a bar on a terminal while something lasts; yield what to call per item."""
        if not self._stderr.is_terminal:
            yield lambda: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._stderr, transient=True) as bars:
            task = bars.add_task(self.text(key), total=total)
            yield lambda: bars.advance(task)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


def _console(stream: Any, *, quiet: bool = False) -> Console:
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(file=stream, quiet=quiet, width=width, highlight=False, markup=False, emoji=False)
