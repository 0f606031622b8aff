"""Calendars that other programs subscribe to: RFC 5545, colours after RFC 7986, secret addresses.

Calendar programs disagree about colours. An event has ``COLOR`` (a CSS name) and ``CATEGORIES``; where
neither is shown, one feed per type still is: every subscription can be given a colour of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from crmkit.automation.agenda import CalendarEvent
from crmkit.automation.recipe import Context, Recipe
from crmkit.exceptions import NotFound

__all__ = ["Feed", "events_of", "feed", "new_token", "read_token", "to_ics"]

LINE = 75
"""Bytes; longer lines are folded, never inside a letter."""
REFRESH = "PT15M"
VERSION = "crmkit calendar 1"
UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Feed:
    """Which events a secret address shows.

    Args:
        person: Only those of this person, as ``user:4``; of everybody if empty.
        kind: Only those of this type; all if empty.
        serial: The number of the address, by which it is revoked; it is no secret.
    """

    person: str = ""
    kind: str = ""
    serial: str = ""

    def shows(self, event: CalendarEvent) -> bool:
        """Tell whether an event is in it."""
        return self.person in ("", event.person) and self.kind in ("", event.kind)


def new_token(secret: str, portal: str, recipe: str, feed: Feed) -> str:
    """Return the secret part of an address; nobody can make one without the secret.

    Args:
        secret: From ``[calendar]`` of the settings.
        portal: The portal's key.
        recipe: Whose events.
        feed: Which of them; without a serial number it gets one.
    """
    serial = feed.serial or secrets.token_hex(4)
    plain = json.dumps([serial, feed.person, feed.kind], ensure_ascii=False, separators=(",", ":"))
    body = _encoded(plain.encode())
    return f"{body}.{_signature(secret, portal, recipe, body)}"


def read_token(token: str, secret: str, portal: str, recipe: str, revoked: Collection[str] = ()) -> Feed:
    """Return what an address shows.

    Raises:
        NotFound: It was not made with this secret for this portal and recipe, or was revoked. Which of these,
            nobody is told.
    """
    body, _, signature = token.partition(".")
    expected = _signature(secret, portal, recipe, body)
    genuine = hmac.compare_digest(signature.encode(), expected.encode())
    found = _decoded(body) if genuine else None
    if found is None or found.serial in revoked:
        raise NotFound("there is no calendar at this address", hint="ask for a new address: crmkit calendar")
    return found


def events_of(ctx: Context[Any], recipe: Recipe[Any, Any]) -> Sequence[CalendarEvent]:
    """Return what a recipe shows in calendars, from the ledger alone: no request is sent."""
    portal = ctx.crm.portal
    return recipe.agenda(ctx.memory.recall(portal, recipe.name, ctx.memory.known(portal, recipe.name)))


def feed(
    ctx: Context[Any], token: str, recipe: Recipe[Any, Any], *, secret: str, revoked: Collection[str] = ()
) -> bytes:
    """Return the calendar behind a secret address, as ``text/calendar; charset=utf-8``.

    Raises:
        NotFound: There is none; answer 404.
    """
    found = read_token(token, secret, ctx.crm.portal, recipe.name, revoked)
    shown = [event for event in events_of(ctx, recipe) if found.shows(event)]
    title = recipe.title.get(ctx.language, recipe.name)
    return to_ics(shown, name=f"{title}: {found.kind}" if found.kind else title, now=ctx.now())


def to_ics(events: Iterable[CalendarEvent], *, name: str, now: datetime) -> bytes:
    """Return a calendar: RFC 5545 in UTC, with the colours and the refresh interval of RFC 7986.

    Args:
        events: In any order; the same events always give the same bytes.
        name: What the calendar is called.
        now: The stamp of events whose last change is not known.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//crmkit//next steps//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{_text(name)}",
        f"X-WR-CALNAME:{_text(name)}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}",
        f"X-PUBLISHED-TTL:{REFRESH}",
    ]
    for event in sorted(events, key=lambda one: (one.start, one.uid)):
        lines += _event(event, now)
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _event(event: CalendarEvent, now: datetime) -> Iterator[str]:
    stamp = _moment(event.changed_at or now)
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(event.uid)}"
    yield f"DTSTAMP:{stamp}"
    yield f"LAST-MODIFIED:{stamp}"
    if event.is_whole_day:
        yield f"DTSTART;VALUE=DATE:{_day(event.start.date())}"
        yield f"DTEND;VALUE=DATE:{_day(event.start.date() + timedelta(days=1))}"
    else:
        yield f"DTSTART:{_moment(event.start)}"
        yield f"DTEND:{_moment(max(event.end, event.start + timedelta(minutes=1)))}"
    yield f"SUMMARY:{_text(event.title)}"
    if event.text:
        yield f"DESCRIPTION:{_text(event.text)}"
    if event.kind:
        yield f"CATEGORIES:{_text(event.kind)}"
    if event.color:
        yield f"COLOR:{_text(event.color)}"
    if event.url and not re.search(r"[\s\x00-\x1f\x7f]", event.url):
        yield f"URL:{event.url}"
    yield "END:VEVENT"


def _text(value: str) -> str:
    """Escape a text: whatever a person wrote into a field can neither end a line nor begin a property."""
    plain = UNSAFE.sub("", value).replace("\r\n", "\n").replace("\r", "\n")
    for plain_sign, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        plain = plain.replace(plain_sign, escaped)
    return plain


def _folded(line: str) -> bytes:
    parts, current, limit = [], b"", LINE
    for letter in line:
        encoded = letter.encode("utf-8", "replace")
        if len(current) + len(encoded) > limit:
            parts.append(current)
            current, limit = b"", LINE - 1  # the space that begins a folded line counts
        current += encoded
    return b"\r\n ".join([*parts, current]) + b"\r\n"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


def _signature(secret: str, portal: str, recipe: str, body: str) -> str:
    message = "\n".join((VERSION, portal, recipe, body)).encode()
    return _encoded(hmac.digest(secret.encode(), message, hashlib.sha256))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(body: str) -> Feed:
    serial, person, kind = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return Feed(person, kind, serial)
