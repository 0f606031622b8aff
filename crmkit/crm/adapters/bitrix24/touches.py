"""When a deal was last touched by anybody or anything, as exactly as the portal can tell.

The portal's own stamps leave things out: ``lastActivityTime`` moves only for comments of others than the
responsible person, incoming calls and mails, and reminders; ``updatedTime`` only when the deal is saved. So
the newest comment and the newest activity are looked at too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from crmkit.bitrix24 import Bitrix24, Command
from crmkit.bitrix24 import models as bitrix24
from crmkit.bitrix24.envelope import rows_of
from crmkit.crm.adapters.bitrix24.mapping import stamps
from crmkit.crm.adapters.bitrix24.room import DEAL
from crmkit.exceptions import NotFound

__all__ = ["activities_of", "comments_of", "last_touches"]

FIRST_PAGE = -1
"""As ``start``: the first fifty rows, uncounted."""


def comments_of(deal: int, *fields: str, entity: str = "deal") -> Command:
    """Return the command for the newest comments of an object."""
    params: dict[str, Any] = {
        "filter": {"ENTITY_TYPE": entity, "ENTITY_ID": deal},
        "order": {"ID": "DESC"},
        "start": FIRST_PAGE,
    }
    return Command("crm.timeline.comment.list", {**params, "select": [*fields]} if fields else params)


def activities_of(deal: int, *fields: str) -> Command:
    """Return the command for the activities of a deal, those that changed last first."""
    params: dict[str, Any] = {
        "filter": {"BINDINGS": [{"OWNER_TYPE_ID": DEAL, "OWNER_ID": deal}]},
        "order": {"LAST_UPDATED": "DESC"},
        "start": FIRST_PAGE,
    }
    return Command("crm.activity.list", {**params, "select": [*fields]} if fields else params)


def last_touches(client: Bitrix24, deals: Sequence[bitrix24.Deal]) -> dict[int, datetime]:
    """Return when deals were last touched, 25 deals per request; those that are gone are left out.

    Raises:
        CrmkitError: One of them could not be looked at.
    """
    commands = [
        command
        for deal in deals
        for command in (
            comments_of(deal.id, "ID", "CREATED"),
            activities_of(deal.id, "ID", "CREATED", "LAST_UPDATED"),
        )
    ]
    outcomes = client.batch(commands)
    found: dict[int, datetime] = {}
    for place, deal in enumerate(deals):
        pair = outcomes[2 * place : 2 * place + 2]
        if any(isinstance(one.error, NotFound) for one in pair):
            continue
        rows = [row for one in pair for row in rows_of(one.command.method, one.value())]
        moments = [*_moments(rows), *filter(None, (stamps(deal),))]
        if moments:
            found[deal.id] = max(moments)
    return found


def _moments(rows: Iterable[Mapping[str, Any]]) -> Iterable[datetime]:
    for row in rows:
        for name in ("CREATED", "LAST_UPDATED"):
            if row.get(name):
                yield datetime.fromisoformat(str(row[name]))
