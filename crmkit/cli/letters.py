"""What the service gave up: shown with event, error and hint, and tried again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from rich.table import Table

from crmkit.cli.errors import DONE
from crmkit.cli.session import Session

if TYPE_CHECKING:
    from crmkit.runtime.engine.port import DeadLetter, Engine, Hint

__all__ = ["retry_letters", "show_letters"]

EVENTS_SHOWN = 3
COLUMNS = ("letters.number", "letters.at", "letters.what", "letters.event", "letters.error")


def show_letters(session: Session, *, recipe: str, limit: int) -> int:
    """Show the newest letters."""
    with _engine(session) as engine:
        letters = list(islice(engine.dead_letters(recipe=recipe), limit))
    session.out.document([_plain(letter) for letter in letters])
    session.out.show(_table(session, letters) if letters else session.out.text("letters.none"))
    return DONE


def retry_letters(session: Session, numbers: Iterable[int], *, every: bool) -> int:
    """Let the running service try letters again.

    Raises:
        ConfigurationError: There is none of this number.
    """
    with _engine(session) as engine:
        wanted = [letter.id for letter in engine.dead_letters()] if every else list(numbers)
        for number in wanted:
            engine.retry(number)
    session.out.document({"retried": wanted})
    session.out.say("letters.again", count=len(wanted))
    return DONE


@contextmanager
def _engine(session: Session) -> Iterator[Engine]:
    """Open the engine's tables; the service does the work."""
    from crmkit.runtime.engine import open_engine  # noqa: PLC0415  (loads SQLAlchemy)

    engine = open_engine(session.config.store.url, "inline", work=False)
    try:
        yield engine
    finally:
        engine.stop()


def _table(session: Session, letters: Iterable[DeadLetter]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for key in COLUMNS:
        table.add_column(session.out.text(key), overflow="fold")
    sweep = session.out.text("letters.sweep")
    for letter in letters:
        table.add_row(
            str(letter.id),
            f"{letter.at.astimezone(session.zone):%d.%m.%Y %H:%M}",
            f"{letter.recipe} {letter.entity or sweep}\n{letter.portal}",
            "\n".join(_event(session, hint) for hint in letter.events[-EVENTS_SHOWN:]),
            "\n".join(filter(None, (f"{letter.error} (x{letter.failures})", letter.hint))),
        )
    return table


def _event(session: Session, hint: Hint) -> str:
    at = f"{hint.received.astimezone(session.zone):%d.%m %H:%M:%S} " if hint.received else ""
    return f"{at}{hint.kind} {hint.entity}"


def _plain(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "portal": letter.portal,
        "recipe": letter.recipe,
        "entity": str(letter.entity) if letter.entity else None,
        "at": letter.at,
        "error": letter.error,
        "hint": letter.hint,
        "failures": letter.failures,
        "events": [
            {
                "kind": one.kind,
                "entity": str(one.entity),
                "received": one.received,
                "payload": dict(one.payload),
            }
            for one in letter.events
        ],
    }
