"""The log of the service: one JSON document per line, for a collector."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

__all__ = ["JsonLines", "logging_to"]


class JsonLines(logging.Formatter):
    """Makes a line of a record: time, level, logger, message, and the facts that came with it.

    Args:
        scrub: Takes the secrets out, should any have come so far.
    """

    def __init__(self, scrub: Callable[[str], str]) -> None:
        super().__init__()
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback shows places only, as its text may hold anything."""
        document = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            document["exception"] = record.exc_info[0].__name__
        return self._scrub(json.dumps(document, ensure_ascii=False, default=str))


@contextmanager
def logging_to(
    scrub: Callable[[str], str], stream: TextIO | None = None, level: int = logging.INFO
) -> Iterator[None]:
    """Write the log of crmkit and of the web server as lines of JSON, by default to stderr."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(scrub))
    loggers = [logging.getLogger(name) for name in ("crmkit", "uvicorn")]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(level)
        logger.propagate = False
    logging.getLogger("uvicorn").setLevel(max(level, logging.WARNING))
    try:
        yield
    finally:
        for logger, (old, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(old)
            logger.propagate = propagate
