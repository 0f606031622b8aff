"""The log of the service: one JSON document per line, for a collector."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TextIO

__all__ = ["InBackground", "JsonLines", "logging_to"]

MOMENT = 0.1
"""Seconds that lines are collected for."""


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


class InBackground(logging.Handler):
    """Writes lines from a thread of its own, those of a moment together.

    A write per event would cost the receiver more than all the rest. A process that is killed loses the lines
    of its last moment.

    Args:
        stream: Where to.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines: deque[str] = deque()
        self._some = threading.Event()
        self._over = False
        self._writer = threading.Thread(target=self._write, name="crmkit-log", daemon=True)
        self._writer.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line."""
        self._lines.append(f"{self.format(record)}\n")
        self._some.set()

    def close(self) -> None:
        """Write what is left, and end."""
        self._over = True
        self._some.set()
        self._writer.join()
        super().close()

    def _write(self) -> None:
        while not self._over or self._lines:
            self._some.wait()
            self._some.clear()
            if not self._over:
                time.sleep(MOMENT)
            with suppress(OSError):  # a reader that has gone is no reason to stop working
                self._stream.write("".join(self._lines.popleft() for _ in range(len(self._lines))))
                self._stream.flush()


@contextmanager
def logging_to(
    scrub: Callable[[str], str], stream: TextIO | None = None, level: int = logging.INFO
) -> Iterator[None]:
    """Write the log of crmkit and of the web server as lines of JSON, by default to stderr."""
    handler = InBackground(stream or sys.stderr)
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
        handler.close()
