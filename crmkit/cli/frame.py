"""What all commands have in common: five options, one way to fail, texts in the reader's language."""

from __future__ import annotations

import functools
import inspect
import locale
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from crmkit.automation.messages import LANGUAGES, Language
from crmkit.cli.errors import report
from crmkit.cli.output import Output
from crmkit.cli.session import Session

__all__ = ["DefaultGroup", "LanguageChoice", "Shared", "command", "language_of", "subcommands"]


class LanguageChoice(StrEnum):
    """The languages of the program."""

    ru = "ru"
    en = "en"


@dataclass(frozen=True)
class Shared:
    """The options that every command has."""

    config: Annotated[Path | None, typer.Option("--config", "-c", help="cli.option.config")] = None
    portal: Annotated[str | None, typer.Option("--portal", "-p", help="cli.option.portal")] = None
    as_json: Annotated[bool, typer.Option("--json", help="cli.option.json")] = False
    lang: Annotated[LanguageChoice | None, typer.Option("--lang", help="cli.option.lang")] = None
    debug: Annotated[bool, typer.Option("--debug", help="cli.option.debug")] = False


_SHARED = tuple(
    parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
    for parameter in inspect.signature(Shared, eval_str=True).parameters.values()
)

Body = Callable[..., int]


def command(app: typer.Typer, name: str, **options: Any) -> Callable[[Body], Body]:
    """Make a function a command of the program.

    The function takes a :class:`Session` first, then its own arguments, and returns an exit code. Whatever it
    raises becomes one line on stderr and an exit code. Its help is the text ``cli.help.NAME``.
    """

    def register(body: Body) -> Body:
        signature = inspect.signature(body, eval_str=True)
        _, *own = signature.parameters.values()

        @functools.wraps(body)
        def run(**given: Any) -> None:
            shared = Shared(**{parameter.name: given.pop(parameter.name) for parameter in _SHARED})
            raise typer.Exit(_guarded(body, shared, given))

        parameters = [
            *(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own),
            *_SHARED,
        ]
        run.__signature__ = signature.replace(parameters=parameters, return_annotation=None)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        del run.__wrapped__  # or the signature of the body would be found
        app.command(name, **{"help": f"cli.help.{name}", **options})(run)
        return body

    return register


class DefaultGroup(TyperGroup):
    """Commands the first of which is meant if none is named: ``crmkit runs`` is ``crmkit runs list``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the first command in front if no command is named."""
        wants_help = args and args[0] in ctx.help_option_names
        if not wants_help and (not args or args[0].startswith("-")):
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)


def subcommands(app: typer.Typer, name: str) -> typer.Typer:
    """Add a group of commands; its help is the text ``cli.help.NAME``."""
    group = typer.Typer(cls=DefaultGroup, help=f"cli.help.{name}", rich_markup_mode=None)
    app.add_typer(group, name=name)
    return group


def language_of(argv: Sequence[str] = ()) -> Language:
    """Return the reader's language: ``--lang``, else ``CRMKIT_LANG``, else that of the system, else English.

    Example:
        >>> language_of(["plan", "stale_deals", "--lang=ru"])
        'ru'
    """
    words = [*argv, ""]
    after = [words[at + 1] for at, word in enumerate(words[:-1]) if word == "--lang"]
    joined = [word.removeprefix("--lang=") for word in words if word.startswith("--lang=")]
    system = (locale.getlocale()[0] or "").lower()
    wishes = [*after, *joined, os.environ.get("CRMKIT_LANG", ""), "ru" if system.startswith("ru") else "en"]
    return next(wish for wish in wishes if wish in LANGUAGES)


def _guarded(body: Body, shared: Shared, given: dict[str, Any]) -> int:
    out = Output(shared.lang.value if shared.lang else language_of(), as_json=shared.as_json)
    try:
        with (
            _logged(out, debug=shared.debug),
            Session(out, config=shared.config, portal=shared.portal) as session,
        ):
            return body(session, **given)
    except BrokenPipeError:  # the reader of the pipe has seen enough: typer ends quietly
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  (the one place where everything ends)
        return report(error, out, debug=shared.debug)


@contextmanager
def _logged(out: Output, *, debug: bool) -> Iterator[None]:
    """Show the log of the SDK with ``--debug``, and keep it from stderr without."""
    logger = logging.getLogger("crmkit")
    handler = _LogToOutput(out) if debug else logging.NullHandler()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debug else level)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class _LogToOutput(logging.Handler):
    """Prints records on stderr, redacted once more."""

    def __init__(self, out: Output) -> None:
        super().__init__()
        self._out = out

    def emit(self, record: logging.LogRecord) -> None:
        self._out.trace(self.format(record))
