"""What an exception means to the shell: an exit code and two lines."""

from __future__ import annotations

import traceback

import typer

from crmkit.cli.output import Output
from crmkit.exceptions import (
    AuthenticationError,
    ConfigurationError,
    CrmkitError,
    IncompleteList,
    NotFound,
    PermissionDenied,
    PlanStale,
    RateLimited,
    RecipeError,
    ServerError,
    TransportError,
    Unsupported,
    ValidationError,
)

__all__ = ["DONE", "INTERRUPTED", "REFUSED", "SOME_FAILED", "USAGE", "exit_code", "report"]

DONE = 0
SOME_FAILED = 1
USAGE = 2
REFUSED = 3
INTERRUPTED = 130

_CODES: tuple[tuple[tuple[type[CrmkitError], ...], int], ...] = (
    (
        (AuthenticationError, PermissionDenied, TransportError, RateLimited, ServerError, IncompleteList),
        REFUSED,
    ),
    ((ConfigurationError, PlanStale, RecipeError, Unsupported, ValidationError, NotFound), USAGE),
)


def exit_code(error: BaseException) -> int:
    """Return the exit code that an exception means.

    Example:
        >>> exit_code(ConfigurationError("no such portal")), exit_code(KeyboardInterrupt())
        (2, 130)
    """
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return INTERRUPTED
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), SOME_FAILED)


def report(error: BaseException, out: Output, *, debug: bool = False) -> int:
    """Tell the user about an exception and return the exit code.

    One line and a hint on stderr; with ``--json`` a document on stdout too. A traceback only on request.
    """
    code = exit_code(error)
    if isinstance(error, CrmkitError):
        message, hint = error.message, error.hint
    elif isinstance(error, typer.Abort):
        message, hint = out.text("aborted"), ""
    elif isinstance(error, KeyboardInterrupt):
        message, hint = out.text("interrupted"), out.text("interrupted.hint")
    else:
        message, hint = (
            out.text("internal", kind=type(error).__name__, text=str(error)),
            out.text("internal.hint"),
        )
    if debug:
        out.trace("".join(traceback.format_exception(error)))
    out.problem(message, hint)
    out.failure(type(error).__name__, message, hint, code)
    return code
