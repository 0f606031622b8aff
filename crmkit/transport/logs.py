"""Log records without secrets: ours by construction, urllib3's by a filter.

urllib3 logs the URL of every request at DEBUG level, and at Bitrix24 the URL is the password. A filter on its
loggers rewrites the records that concern a live transport of ours and leaves those of other users of urllib3
alone.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Mapping
from typing import Any

from crmkit.transport.redaction import Redactor

__all__ = ["guard", "log_attempt"]

_logger = logging.getLogger("crmkit.transport")
# Without a handler of the application nothing is printed.
_logger.addHandler(logging.NullHandler())

_FOREIGN = ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry", "urllib3.poolmanager")


class _Guard(logging.Filter):
    """Masks the secrets of all live redactors in the records of a logger."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()
        self._guarded: weakref.WeakKeyDictionary[Redactor, str] = weakref.WeakKeyDictionary()

    def add(self, redactor: Redactor, host: str) -> None:
        with self._lock:
            self._guarded[redactor] = host

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        with self._lock:
            concerned = [
                redactor for redactor, host in self._guarded.items() if host in text or redactor.knows(text)
            ]
        if concerned:
            for redactor in concerned:
                text = redactor.scrub(text)
            record.msg, record.args, record.exc_info, record.exc_text = text, (), None, None
        return True


_guard = _Guard()


def log_attempt(level: int, note: Mapping[str, Any], problem: str = "") -> None:
    """Write one record about one attempt, without bodies.

    Args:
        level: As in :mod:`logging`.
        note: ``operation, portal, status, elapsed, waited, attempt``: in the text and as attributes.
        problem: What went wrong, scrubbed.
    """
    status = f"HTTP {note['status']}" if note["status"] else "no answer"
    text = "%s: %s after %.3f s (waited %.3f s, attempt %d)%s"
    tail = f": {problem}" if problem else ""
    arguments = (note["operation"], status, note["elapsed"], note["waited"], note["attempt"], tail)
    _logger.log(level, text, *arguments, extra=dict(note))


def guard(redactor: Redactor, host: str) -> None:
    """Keep the redactor's secrets out of urllib3's log for as long as the redactor lives.

    Args:
        redactor: It knows the secrets.
        host: Records that name this host are scrubbed of whatever looks like a secret, too.
    """
    _guard.add(redactor, host)
    for name in _FOREIGN:
        logging.getLogger(name).addFilter(_guard)
