"""Tells whether a person has worked on an entity since we did."""

from __future__ import annotations

from datetime import datetime

from crmkit.crm.base import Crm
from crmkit.crm.capabilities import Capability
from crmkit.crm.models import Activity, AuthorKind, Ref

__all__ = ["touched_since"]

PEOPLE = (AuthorKind.HUMAN, AuthorKind.CLIENT)


def touched_since(crm: Crm, entity: Ref, moment: datetime) -> Activity | None:
    """Return the newest thing that an employee or client did to a deal at or after the moment.

    Portals keep times to the minute, so what happened in the minute of the moment counts too: rather one deal
    left alone too many than one person's work overwritten. ``None`` also where the portal tells no history.
    """
    if entity.kind != "deal" or Capability.DEAL_HISTORY not in crm.capabilities:
        return None
    since = moment.replace(second=0, microsecond=0)
    history = crm.deals.history(entity.id, until_human=True)
    people = [entry for entry in history if entry.author_kind in PEOPLE and entry.at >= since]
    return max(people, key=lambda entry: entry.at, default=None)
