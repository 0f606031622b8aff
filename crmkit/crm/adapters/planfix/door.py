"""What an account's scenarios post to us: who may come in, and what they want us to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmkit.config import PortalConfig
from crmkit.crm.doors import Incoming, Notice, NotOurs, Unreadable
from crmkit.crm.models import EntityKind, Ref
from crmkit.crm.setup import Watch
from crmkit.planfix.webhooks import ByHeader, ByHmac, ByPath, Event, Guard, parse

__all__ = ["PlanfixDoor", "door"]

GUARDS: dict[str, type[ByPath] | type[ByHeader] | type[ByHmac]] = {
    "path": ByPath,
    "header": ByHeader,
    "hmac": ByHmac,
}
UNNAMED = {"deal": "task", "task": "task", "company": "contact", "contact": "contact"}
"""The kind of a notice whose scenario does not say what the event is called."""
MOST_KEPT = 50
LONGEST_KEPT = 200
LONGEST_NAME = 100


def door(portal: PortalConfig, watches: Sequence[Watch]) -> PlanfixDoor:
    """Return the door that the settings describe.

    Raises:
        ConfigurationError: There is no secret, or it is too short.
    """
    secret = portal.webhook_secret().get_secret_value()
    return PlanfixDoor(GUARDS[portal.webhook.proof](secret), watches)


class PlanfixDoor:
    """Reads requests of scenarios.

    Deals and tasks are both tasks there, companies and contacts both contacts, with one row of numbers: the
    name of the event tells which one is meant. A task of an event that nobody watches is taken for a deal.

    Args:
        guard: How the account proves itself.
        watches: What is listened to.

    Example:
        >>> here = PlanfixDoor(ByPath("not-a-real-secret"), [Watch("touched")])
        >>> here.read(Incoming(path="not-a-real-secret", body=b"task=7&event=touched"))[0].entity
        Ref(kind='deal', id='7')
    """

    def __init__(self, guard: Guard, watches: Sequence[Watch]) -> None:
        self._guard = guard
        self._of: dict[str, EntityKind] = {watch.event: watch.of for watch in watches}

    def kinds(self, watches: Sequence[Watch]) -> frozenset[str]:
        """Return the names of the events, and those of events that a scenario left without a name."""
        return frozenset({watch.event for watch in watches} | {UNNAMED[watch.of] for watch in watches})

    def read(self, request: Incoming) -> Sequence[Notice]:
        """See :meth:`Door.read`."""
        path = f"/{request.path}?{request.query}" if request.query else f"/{request.path}"
        if not self._guard.accepts(path, request.headers, request.body):
            raise NotOurs("the proof is missing or wrong")
        event = parse(request.body, request.headers.get("content-type", ""), query=request.query)
        entity = self._entity(event)
        if entity is None:
            raise Unreadable(event.problem or "the number is not of what the event is about")
        unnamed = "task" if event.task_id else "contact"
        return (Notice(event.name[:LONGEST_NAME] or unnamed, entity, payload=_kept(event.values)),)

    def _entity(self, event: Event) -> Ref | None:
        kind = self._of.get(event.name) or ("deal" if event.task_id else "contact")
        number = event.task_id if kind in ("deal", "task") else event.contact_id
        return Ref(kind=kind, id=str(number)) if number else None


def _kept(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is kept for whoever looks into a failure: short texts."""
    return {
        str(key)[:LONGEST_KEPT]: str(value)[:LONGEST_KEPT] for key, value in list(values.items())[:MOST_KEPT]
    }
