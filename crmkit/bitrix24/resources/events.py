"""Events: handlers, and the offline queue that loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crmkit.bitrix24.envelope import as_map, rows_of
from crmkit.bitrix24.models.work import EventHandler, OfflineEvent
from crmkit.bitrix24.resources.base import Resource, given

__all__ = ["Events", "Reserved"]


@dataclass(frozen=True, slots=True)
class Reserved:
    """Events taken from the offline queue and not yet acknowledged.

    Attributes:
        process_id: Names the reservation; empty if the events were already deleted from the queue.
        events: What happened; one entry per object and event, with the latest time.
    """

    process_id: str
    events: tuple[OfflineEvent, ...]


class Events(Resource):
    """Subscriptions of an application; a webhook may not subscribe."""

    def list(self) -> tuple[EventHandler, ...]:
        """Return the handlers (``event.get``)."""
        return tuple(map(EventHandler.from_row, rows_of("event.get", self._client.call("event.get"))))

    def bind(self, event: str, handler: str, *, user: int | None = None) -> None:
        """Have an event posted to an address (``event.bind``).

        The portal posts at most once, in no certain order, and never tries again: answer at once, work later,
        and look at the object itself.
        """
        self._client.call("event.bind", given(event=event, handler=handler, auth_type=user))

    def bind_offline(self, event: str, *, connector: str = "") -> None:
        """Have an event collected in the offline queue (``event.bind``; administrators)."""
        params = {"event": event, "event_type": "offline"}
        self._client.call("event.bind", params | given(auth_connector=connector or None))

    def unbind(self, event: str, handler: str = "", *, offline: bool = False) -> int:
        """Remove a handler and return how many there were (``event.unbind``)."""
        params = {"event": event} | given(handler=handler or None, event_type="offline" if offline else None)
        return int(as_map(self._client.call("event.unbind", params)).get("count") or 0)

    def take(self, *, limit: int = 50, connector: str = "", process_id: str = "") -> Reserved:
        """Reserve events of the offline queue without deleting them (``event.offline.get``, ``clear=0``).

        Args:
            limit: At most so many.
            connector: The same as in :meth:`bind_offline`.
            process_id: Read an earlier reservation again, after a crash.
        """
        params: dict[str, Any] = {"limit": limit, "clear": 0}
        params |= given(auth_connector=connector or None, process_id=process_id or None)
        answer = as_map(self._client.call("event.offline.get", params))
        rows = rows_of("event.offline.get", answer)
        return Reserved(str(answer.get("process_id") or ""), tuple(map(OfflineEvent.from_row, rows)))

    def done(self, reserved: Reserved, messages: Sequence[str] = ()) -> None:
        """Delete reserved events, all or some (``event.offline.clear``)."""
        self._finish("event.offline.clear", reserved, messages)

    def failed(self, reserved: Reserved, messages: Sequence[str] = ()) -> None:
        """Mark reserved events as failed, all or some (``event.offline.error``)."""
        self._finish("event.offline.error", reserved, messages)

    def _finish(self, method: str, reserved: Reserved, messages: Sequence[str]) -> None:
        ids = [*messages] or [event.message_id for event in reserved.events if event.message_id]
        if ids:
            self._client.call(method, {"process_id": reserved.process_id, "message_id": ids})
