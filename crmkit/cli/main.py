"""The program ``crmkit``: puts the commands together and runs one of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from crmkit import __version__
from crmkit.automation.messages import Language
from crmkit.cli import (
    apply,
    calendar,
    demo,
    doctor,
    init,
    models,
    plan,
    recipes,
    report,
    runs,
    sandbox,
    serve,
    setup,
    undo,
)
from crmkit.cli.errors import USAGE
from crmkit.cli.frame import language_of
from crmkit.cli.output import Output
from crmkit.cli.texts import translated

__all__ = ["main", "program"]

MODULES = (
    demo,
    sandbox,
    init,
    doctor,
    setup,
    recipes,
    plan,
    apply,
    undo,
    runs,
    report,
    calendar,
    serve,
    models,
)


def program(language: Language) -> Any:
    """Return the program as a click command whose help is in a language."""
    app = typer.Typer(
        name="crmkit",
        help="cli.help.crmkit",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for module in MODULES:
        module.register(app)
    return translated(typer.main.get_command(app), language)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; see :mod:`crmkit.cli.errors` for what the codes mean."""
    words = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    language = language_of(words)
    out = Output(language, as_json="--json" in words)
    try:
        answer = program(language).main(args=words, prog_name="crmkit", standalone_mode=False)
    except Exception as error:
        # typer keeps the classes of usage errors to itself; what marks them is that they format themselves
        if not hasattr(error, "format_message"):
            raise
        message = error.format_message()
        hint = out.text("usage.hint")
        out.problem(message, hint)
        out.failure("UsageError", message, hint, USAGE)
        return USAGE
    return int(answer or 0)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"crmkit {__version__}\n")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="cli.option.version", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass
