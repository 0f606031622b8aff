"""Subscribing to events, and the offline queue."""

from __future__ import annotations

import ipaddress
import uuid
from typing import Any
from urllib.parse import urlsplit

from crmkit.sandbox.bitrix24.call import Call
from crmkit.sandbox.bitrix24.delivery import Handler, Queued
from crmkit.sandbox.bitrix24.exceptions import RestError
from crmkit.sandbox.bitrix24.php import as_list, intval, items
from crmkit.sandbox.bitrix24.urls import method

__all__: list[str] = []

EVENTS = frozenset(
    f"ONCRM{name}{what}"
    for name in ("LEAD", "DEAL", "CONTACT", "COMPANY", "DYNAMICITEM", "ACTIVITY")
    for what in ("ADD", "UPDATE", "DELETE")
) | {
    "ONCRMDEALMOVETOCATEGORY",
    "ONCRMTIMELINECOMMENTADD",
    "ONTASKADD",
    "ONTASKUPDATE",
    "ONTASKDELETE",
    "ONUSERADD",
    "ONAPPINSTALL",
    "ONAPPUNINSTALL",
    "ONOFFLINEEVENT",
}
LIMIT = 50


@method("events", "")
def events(call: Call) -> Any:
    """Return the names of the events."""
    return sorted(EVENTS)


@method("event.bind", "", app=True)
def bind(call: Call) -> Any:
    """Subscribe a handler on this machine, or the offline queue."""
    event = _event(call)
    offline = str(call.loose("event_type") or "online").lower() == "offline"
    if offline:
        call.need_admin()
    url = "" if offline else _address(str(call.loose("handler") or ""))
    user = intval(call.loose("auth_type")) if call.portal.is_admin(call.user) else call.user
    app = call.caller.app
    client = app.client_id if app else ""
    handlers = call.portal.events.handlers
    connector = call.caller.connector
    for known in handlers.values():
        if (known.event, known.url, known.app, known.user, known.connector) == (
            event,
            url,
            client,
            user,
            connector,
        ):
            raise RestError("ERROR_CORE", "Unable to set event handler: Handler already binded")
    number = call.portal.next_id("handler")
    handlers[number] = Handler(
        number,
        event,
        url,
        app=client,
        user=user,
        offline=offline,
        connector=connector,
        token=app.application_token if app else "",
    )
    return True


@method("event.get", "")
def get(call: Call) -> Any:
    """Return the subscriptions of the application."""
    client = call.caller.app.client_id if call.caller.app else ""
    return [
        {
            "event": one.event,
            "handler": one.url,
            "auth_type": str(one.user),
            "offline": int(one.offline),
            **({"connector_id": one.connector} if one.connector else {}),
        }
        for one in call.portal.events.handlers.values()
        if one.app == client
    ]


@method("event.unbind", "", app=True)
def unbind(call: Call) -> Any:
    """End subscriptions and tell how many there were."""
    event = _event(call)
    offline = str(call.loose("event_type") or "online").lower() == "offline"
    url, client = str(call.loose("handler") or ""), call.caller.app.client_id if call.caller.app else ""
    handlers = call.portal.events.handlers
    gone = [
        one.id
        for one in handlers.values()
        if one.app == client and one.event == event and one.offline == offline and (offline or one.url == url)
    ]
    for number in gone:
        del handlers[number]
    return {"count": len(gone)}


@method("event.offline.list", "", app=True, admin=True)
def offline_list(call: Call) -> Any:
    """Look into the queue without taking anything."""
    rows = _rows(call)
    page = call.page()
    call.paged(page, len(rows), legacy=True)
    return [_with_process(call, row) for row in rows[page.offset : page.offset + LIMIT]]


@method("event.offline.get", "", app=True, admin=True)
def offline_get(call: Call) -> Any:
    """Take rows off the queue, or with ``clear=0`` reserve them; ``process_id`` reads a batch again."""
    events_, clear = call.portal.events, str(call.loose("clear", "1")) not in ("0", "", "False")
    process = str(call.loose("process_id") or "")
    if not clear and not call.portal.settings.offline_extended:
        raise RestError("WRONG_LICENSE", "Extended offline events are not available on the current plan", 403)
    limit = intval(call.loose("limit")) or LIMIT
    rows = [row for row in _rows(call) if row.process == process and not row.error][:limit]
    if clear:
        for row in rows:
            del events_.queue[row.id]
        return {"process_id": None, "events": [events_.shown(row) for row in rows]}
    if not process:
        process = uuid.UUID(int=call.portal.next_id("process")).hex
        for row in rows:
            row.process = process
    return {"process_id": process, "events": [events_.shown(row) for row in rows]}


@method("event.offline.clear", "", app=True, admin=True)
def offline_clear(call: Call) -> Any:
    """Delete rows of a batch: all of them, or those of some messages."""
    for row in _reserved(call):
        del call.portal.events.queue[row.id]
    return True


@method("event.offline.error", "", app=True, admin=True)
def offline_error(call: Call) -> Any:
    """Mark rows of a batch as failed."""
    for row in _reserved(call):
        row.error = True
    return True


def _event(call: Call) -> str:
    event = str(call.loose("event") or "").upper()
    if not event:
        raise RestError("ERROR_ARGUMENT", "Argument 'EVENT' is null or empty", argument="EVENT")
    if event not in EVENTS:
        raise RestError("ERROR_EVENT_NOT_FOUND", "Event not found")
    return event


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or "." not in (parts.hostname or ""):
        raise RestError("ERROR_ARGUMENT", "Wrong handler URL", argument="HANDLER")
    if parts.scheme != "http" or not _on_this_machine(parts.hostname or ""):
        text = "crmkit sandbox: events are told to http handlers on 127.0.0.1 only"
        raise RestError("ERROR_CORE", text)
    return url


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _rows(call: Call) -> list[Queued]:
    client = call.caller.app.client_id if call.caller.app else ""
    rows = [
        row
        for row in call.portal.events.queue.values()
        if row.app == client and row.connector == call.caller.connector
    ]
    wanted = {key.lstrip("=").upper(): value for key, value in items(call.loose("filter"))}
    if "EVENT_NAME" in wanted:
        names = {str(one).upper() for one in as_list(wanted["EVENT_NAME"])}
        rows = [row for row in rows if row.event in names]
    if "MESSAGE_ID" in wanted:
        messages = {str(one) for one in as_list(wanted["MESSAGE_ID"])}
        rows = [row for row in rows if row.message_id in messages]
    return rows


def _reserved(call: Call) -> list[Queued]:
    process = str(call.loose("process_id") or "")
    if not process:
        raise RestError("PROCESS_ID_REQUIRED", "Argument 'PROCESS_ID' is null or empty")
    rows = [row for row in _rows(call) if row.process == process]
    messages = call.loose("message_id")
    if messages is None:
        return rows
    wanted = {str(one) for one in as_list(messages)}
    return [row for row in rows if row.message_id in wanted]


def _with_process(call: Call, row: Queued) -> dict[str, Any]:
    return call.portal.events.shown(row) | {"PROCESS_ID": row.process, "ERROR": int(row.error)}
