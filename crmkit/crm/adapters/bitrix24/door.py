"""What a portal posts to us: events, outgoing webhooks and robots; who may come in, and what to look at."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from crmkit.bitrix24.events import Event, form_to_tree
from crmkit.config import PortalConfig
from crmkit.crm.adapters.bitrix24.setup import MOVED, events_of
from crmkit.crm.doors import Incoming, Notice, NotOurs, Unreadable
from crmkit.crm.models import EntityKind, Ref
from crmkit.crm.setup import Watch
from crmkit.exceptions import AuthenticationError, ValidationError

__all__ = ["Bitrix24Door", "door", "entity_of"]

ABOUT = re.compile(r"ON(?:CRM)?(DEAL|COMPANY|CONTACT|TASK)(?:ADD|UPDATE|DELETE|MOVETOCATEGORY)")
COMMENT_OF_TASK = re.compile(r"ONTASKCOMMENT(?:ADD|UPDATE|DELETE)")
DOCUMENT = re.compile(r"(DEAL|COMPANY|CONTACT)_([0-9]{1,18})")
KINDS: dict[str, EntityKind] = {"DEAL": "deal", "COMPANY": "company", "CONTACT": "contact", "TASK": "task"}
MOST_FIELDS = 2000
LONGEST_NAME = 100
LONGEST_KEPT = 2000


def door(portal: PortalConfig) -> Bitrix24Door:
    """Return the door of a portal.

    Raises:
        ConfigurationError: There is no secret: the application token of the portal.
    """
    return Bitrix24Door(portal.webhook_secret().get_secret_value())


class Bitrix24Door:
    """Reads events of applications, of outgoing webhooks and of robots.

    Events prove themselves by the ``application_token``; the requests of robots carry none: for them the
    same secret stands at the end of the handler's address, ``/hooks/PORTAL/SECRET?event=NAME``.

    Args:
        token: The application token.

    Example:
        >>> here = Bitrix24Door("not-a-real-token")
        >>> form = b"event=ONCRMDEALUPDATE&data[FIELDS][ID]=7&auth[application_token]=not-a-real-token"
        >>> here.read(Incoming(body=form))[0].entity
        Ref(kind='deal', id='7')
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def kinds(self, watches: Sequence[Watch]) -> frozenset[str]:
        """Return the portal's events that tell it, and the names that robots give in the address."""
        told = {event for watch in watches for event in events_of(watch)}
        moved = {MOVED for watch in watches if watch.of == "deal" and watch.stages}
        return frozenset(told | moved | {watch.event for watch in watches})

    def read(self, request: Incoming) -> Sequence[Notice]:
        """See :meth:`Door.read`."""
        by_path = hmac.compare_digest(request.path.strip("/").encode(), self._token.encode())
        event = _event(request.body)
        if event is None:
            if not by_path:
                raise NotOurs("neither an event nor the secret in the address")
            return (_from_robot(request),)
        if not (self._knows_token(event) or by_path):
            raise NotOurs("the application token is not ours")
        entity = entity_of(event)
        return () if entity is None else (Notice(event.name[:LONGEST_NAME], entity, payload=_kept(event)),)

    def _knows_token(self, event: Event) -> bool:
        try:
            event.verify(self._token)
        except AuthenticationError:
            return False
        return True


def entity_of(event: Event) -> Ref | None:
    """Return what an event is about, ``None`` if it is nothing that recipes look at.

    A comment of a timeline does not say whose timeline it is: the sweep finds what it means.

    Raises:
        Unreadable: The event does not tell the number.
    """
    about = ABOUT.fullmatch(event.name)
    if about is not None:
        number, kind = event.object_id, KINDS[about[1]]
    elif COMMENT_OF_TASK.fullmatch(event.name):
        number, kind = _task_of(event.data), "task"
    else:
        return None
    if not number:
        raise Unreadable(f"{event.name} does not tell the number")
    return Ref(kind=kind, id=str(number))


def _event(body: bytes) -> Event | None:
    try:
        return Event.from_form(body)
    except ValidationError:
        return None


def _from_robot(request: Incoming) -> Notice:
    name = (parse_qs(request.query).get("event") or [""])[0]
    try:
        tree = form_to_tree(parse_qsl(request.body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS))
    except ValueError:
        tree = {}
    document = tree.get("document_id")
    texts = document.values() if isinstance(document, Mapping) else ()
    found = next(filter(None, (DOCUMENT.fullmatch(str(text)) for text in texts)), None)
    if found is None or not name:
        raise Unreadable("the robot names no event in its address, or no document of the CRM")
    return Notice(name[:LONGEST_NAME], Ref(kind=KINDS[found[1]], id=found[2]), payload={"document": found[0]})


def _task_of(data: Mapping[str, Any]) -> int | None:
    after = data.get("FIELDS_AFTER")
    number = after.get("TASK_ID") if isinstance(after, Mapping) else None
    return int(number) if isinstance(number, str) and number.isdecimal() and len(number) < 19 else None


def _kept(event: Event) -> dict[str, Any]:
    """Return what is kept for whoever looks into a failure; never the credentials."""
    text = json.dumps(event.data, ensure_ascii=False, default=str)
    stamp = {"ts": event.moment.isoformat()} if event.moment else {}
    return {"data": text[:LONGEST_KEPT], **stamp}
