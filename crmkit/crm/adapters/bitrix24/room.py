"""What all rooms of the adapter share: the client, the portal's facts, and how things are numbered."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from crmkit.bitrix24 import Bitrix24
from crmkit.clock import Clock
from crmkit.config import PortalConfig
from crmkit.crm.adapters.bitrix24.account import Account
from crmkit.crm.models import Ref
from crmkit.exceptions import NotFound

__all__ = ["COMPANY", "CONTACT", "DEAL", "TYPES", "Tools", "external_id", "number_of", "whole"]

DEAL, CONTACT, COMPANY = 2, 3, 4
TYPES = {"deal": DEAL, "contact": CONTACT, "company": COMPANY}
"""What the vendor calls the kinds of CRM objects: ``entityTypeId``."""
LONGEST_KEY = 150
"""Characters; the vendor keeps 255 of ``originId`` and 200 of a task's ``XML_ID``, to which we add some."""


@dataclass(frozen=True)
class Tools:
    """What a room works with.

    Args:
        client: The vendor's client.
        portal: The settings.
        account: What changes rarely.
        clock: Where time comes from.
    """

    client: Bitrix24
    portal: PortalConfig
    account: Account
    clock: Clock

    @property
    def web(self) -> str:
        """The address of the portal's web interface."""
        parts = urlsplit(self.portal.url)
        return f"{parts.scheme}://{parts.netloc}"


def number_of(thing: Ref | str, what: str) -> int:
    """Return the number of something by its reference or id, ``"7"`` or with its prefix ``"user:7"``.

    Raises:
        NotFound: The id is no number or that of something else, so Bitrix24 cannot have such a thing.

    Example:
        >>> number_of("7", "deal"), number_of(Ref(kind="user", id="user:5"), "user")
        (7, 5)
    """
    text = thing.id if isinstance(thing, Ref) else thing
    kind = thing.kind if isinstance(thing, Ref) else what
    prefix, _, number = text.rpartition(":")
    if kind != what or prefix not in ("", what) or not number.isascii() or not number.isdigit():
        raise NotFound(f"{text!r} is no {what} of Bitrix24", hint="ids are the numbers in the web interface")
    return int(number)


def whole(moment: datetime) -> datetime:
    """Return the second in which a moment lies: the portal keeps no parts of seconds.

    What happens half a second after ``since`` is stamped with the beginning of that second, so that is what
    has to be compared with.

    Example:
        >>> whole(datetime(2025, 3, 3, 9, 0, 0, 700_000)).isoformat()
        '2025-03-03T09:00:00'
    """
    return moment.replace(microsecond=0)


def external_id(key: str) -> str:
    """Return a key as the portal keeps it: as it is, or its fingerprint if it is long or unusual.

    Example:
        >>> external_id("auto_deal:company:7")
        'auto_deal:company:7'
        >>> external_id("k" * 300)[:14]
        'sha256-17b16d8'
    """
    if len(key) <= LONGEST_KEY and key.isascii() and key.isprintable() and key == key.strip():
        return key
    return f"sha256-{hashlib.sha256(key.encode()).hexdigest()}"
