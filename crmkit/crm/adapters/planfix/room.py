"""What all rooms of the adapter share: the client, the account, ids, and what a write came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from crmkit.clock import Clock
from crmkit.config import Bound, PortalConfig
from crmkit.crm.adapters.planfix.account import Account
from crmkit.crm.models import Ref, WriteResult, WriteStatus
from crmkit.exceptions import NotFound
from crmkit.planfix import Planfix
from crmkit.planfix.models import Updated, WriteState

__all__ = ["Tools", "custom_ids", "number_of", "outcome"]


NEUTRAL_NAMES = {"name": "title", "status": "stage"}
"""What the vendor calls otherwise than :class:`crmkit.crm.models.DealChanges`."""


PREFIXES = {"company": ("", "company", "contact"), "deal": ("", "deal", "task")}
"""Prefixes that an id may have besides its own kind's; companies are contacts, deals are tasks."""


@dataclass(frozen=True)
class Tools:
    """What a room works with.

    Args:
        client: The vendor's client.
        portal: The settings.
        account: What changes rarely.
        clock: Where time comes from.
    """

    client: Planfix
    portal: PortalConfig
    account: Account
    clock: Clock

    @property
    def web(self) -> str:
        """The address of the account's web interface."""
        parts = urlsplit(self.portal.url)
        return f"{parts.scheme}://{parts.netloc}"

    def filter_zone(self) -> ZoneInfo:
        """Return the zone in which the portal reads the days of filters: that of the token's owner.

        It is known if ``user`` in the settings says whose token it is and the portal knows a zone for that
        person; otherwise it is taken to be the portal's zone.
        """
        if self.portal.user:
            owner = self.account.users().get(number_of(self.portal.user, "user"))
            if owner and owner.timezone in available_timezones():
                return ZoneInfo(owner.timezone)
        return self.portal.zone


def number_of(thing: Ref | str, what: str) -> int:
    """Return the number of something by its reference or id, ``"7"`` or with its prefix ``"user:7"``.

    Raises:
        NotFound: The id is no number or that of something else, so Planfix cannot have such a thing.
    """
    text = thing.id if isinstance(thing, Ref) else thing
    prefix, _, number = text.rpartition(":")
    if prefix not in PREFIXES.get(what, ("", what)) or not number.isdigit() or number == "0":
        raise NotFound(f"{text!r} is no {what} of Planfix", hint="ids are the numbers in the web interface")
    return int(number)


def custom_ids(fields: Mapping[str, Bound]) -> tuple[int, ...]:
    """Return the numbers of the custom fields that the settings name."""
    return tuple(int(bound.id) for bound in fields.values())


def outcome(updated: Updated, thing: str, fields: Mapping[str, Bound] | None = None) -> WriteResult:
    """Return what an update came to.

    Args:
        updated: The vendor's answer.
        thing: The id of what was changed.
        fields: The custom fields that were written. Which of them a refusal means is not always told: then
            all.
    """
    written = fields or {}
    names = {**NEUTRAL_NAMES, **{bound.id: key for key, bound in written.items()}}
    failures: dict[str, str] = {}
    for failure in updated.failures:
        which = list(written) if failure.field == "customFieldData" else []
        failures |= dict.fromkeys(which or [names.get(failure.field, failure.field)], failure.error)
    status = WriteStatus.PARTIAL if failures else WriteStatus.DONE
    if updated.status is WriteState.QUEUED:
        status = WriteStatus.PENDING
    return WriteResult(status=status, id=thing, failures=failures)
