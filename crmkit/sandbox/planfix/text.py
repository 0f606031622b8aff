"""What the vendor does to texts: they are HTML, line feeds vanish, HTML comments are removed."""

from __future__ import annotations

import re
from html import unescape

__all__ = ["MAX_TEXT", "plain", "stored"]

MAX_TEXT = 64 * 1024
"""Bytes of a comment with its markup."""

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BREAK = re.compile(r"<br\s*/?>|</p>|</div>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]+>")


def stored(text: str) -> str:
    r"""Return a written text as the account keeps it.

    Example:
        >>> stored("line one\nline two<br>line three<!-- crmkit:1 -->")
        'line oneline two<br>line three'
    """
    return _COMMENT.sub("", text).replace("\r", "").replace("\n", "")


def plain(html: str) -> str:
    r"""Return a text as a person reads it.

    Example:
        >>> plain("<b>A</b> &amp; B<br>C")
        'A & B\nC'
    """
    return unescape(_TAG.sub("", _BREAK.sub("\n", html))).strip()
