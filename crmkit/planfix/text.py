"""Planfix keeps descriptions and comments as HTML: plain text goes out escaped, HTML comes in as plain text.

A bare newline disappears there, so it goes as ``<br>``. Characters beyond the basic plane (emoji) go as
numeric references, ``&#128512;``: one deployed client had to strip emoji because its JSON was refused, and a
reference is plain ASCII that every HTML renderer shows as the same character. Names and text fields are no
HTML: there emoji are refused before anything is sent.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

from crmkit.exceptions import ValidationError

__all__ = ["COMMENT_LIMIT", "astral", "check_comment", "referenced", "to_html", "to_text", "without_emoji"]

COMMENT_LIMIT = 64 * 1024
"""Bytes of one comment including its markup; a documented technical limit of Planfix."""

_ASTRAL = re.compile(r"[\U00010000-\U0010ffff]")
_LINE_TAG = r"<(?:br|/?p|/?div|/?li|/?tr)\b[^>]*>"
_HAS_LINE_TAG = re.compile(_LINE_TAG, re.IGNORECASE)
_AFTER_LINE_TAG = re.compile(rf"({_LINE_TAG})\s*[\r\n]\s*", re.IGNORECASE)
_SOURCE_NEWLINE = re.compile(r"\s*[\r\n]\s*")
_LINE = {"br", "p", "div", "li", "tr", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"}
_SILENT = {"script", "style"}


def to_html(text: str) -> str:
    r"""Turn plain text into the HTML that shows it.

    Example:
        >>> to_html("5 < 7 & so on\nsecond line")
        '5 &lt; 7 &amp; so on<br>second line'
    """
    escaped = html.escape(text.replace("\r\n", "\n").replace("\r", "\n"), quote=False)
    return referenced(escaped).replace("\n", "<br>")


def referenced(markup: str) -> str:
    """Write emoji in markup as numeric references, which are plain ASCII.

    Example:
        >>> referenced("<b>\N{PARTY POPPER}</b>")
        '<b>&#127881;</b>'
    """
    return _ASTRAL.sub(lambda found: f"&#{ord(found[0])};", markup)


def astral(text: str) -> str:
    """Return the first character beyond the basic plane, ``""`` if there is none."""
    found = _ASTRAL.search(text)
    return found[0] if found else ""


def without_emoji(text: str) -> str:
    """Leave emoji out of a text that goes where they may be refused, for example a name.

    Example:
        >>> without_emoji("Deal \N{PARTY POPPER} of the year")
        'Deal of the year'
    """
    return " ".join(_ASTRAL.sub(" ", text).split()) if _ASTRAL.search(text) else text


def to_text(markup: str) -> str:
    r"""Turn the vendor's HTML into plain text: tags gone, entities resolved, line breaks kept.

    Example:
        >>> to_text("5 &lt; 7<br>second <b>line</b>")
        '5 < 7\nsecond line'
    """
    if "<" not in markup and "&" not in markup:
        return markup.replace("\xa0", " ")
    reader = _Reader()
    if _HAS_LINE_TAG.search(markup):
        # Where tags make the lines, a newline of the source is mere white space.
        markup = _SOURCE_NEWLINE.sub(" ", _AFTER_LINE_TAG.sub(r"\1", markup))
    reader.feed(markup)
    reader.close()
    return reader.text()


def check_comment(markup: str) -> str:
    """Return the markup, its emoji as references, if it fits into a comment.

    Raises:
        ValidationError: It is longer than :data:`COMMENT_LIMIT` bytes; nothing was sent.
    """
    markup = referenced(markup)
    size = len(markup.encode())
    if size > COMMENT_LIMIT:
        raise ValidationError(
            f"the comment has {size} bytes with its markup, Planfix takes {COMMENT_LIMIT}",
            hint="shorten it or attach it as a file",
        )
    return markup


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._muted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._muted += 1
        elif tag == "br":
            self._parts.append("\n")
        elif tag in _LINE:
            self._break()

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._muted = max(0, self._muted - 1)
        elif tag in _LINE and tag != "br":
            self._break()

    def handle_data(self, data: str) -> None:
        if not self._muted:
            self._parts.append(data.replace("\xa0", " "))

    def _break(self) -> None:
        if self._parts and not self._parts[-1].endswith("\n"):
            self._parts.append("\n")

    def text(self) -> str:
        return "".join(self._parts).strip("\n")
