"""How moments, events and upserts look in the database of the engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Table
from sqlalchemy.dialects import postgresql, sqlite

from crmkit.crm.models import Ref
from crmkit.runtime.engine.port import LONGEST_PAYLOAD, Hint
from crmkit.runtime.records import ref_of

__all__ = ["SECOND", "entity_of", "event_row", "hint_of", "hints_json", "micros", "moment", "upsert"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
SECOND = 1_000_000


def micros(value: datetime | timedelta) -> int:
    """Return a moment or a length of time in whole microseconds.

    Example:
        >>> micros(timedelta(seconds=1.5))
        1500000
        >>> moment(micros(datetime(2025, 3, 1, tzinfo=UTC))).isoformat()
        '2025-03-01T00:00:00+00:00'
    """
    return (value - EPOCH) // TICK if isinstance(value, datetime) else value // TICK


def moment(value: int) -> datetime:
    """Return the moment that :func:`micros` counted, in UTC."""
    return EPOCH + value * TICK


def upsert(dialect: str, table: Table) -> sqlite.Insert | Any:
    """Return an insert that knows ``on conflict``, of a dialect."""
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)


def entity_of(text: str) -> Ref | None:
    """Return the entity of a row; an empty one is a sweep's."""
    return ref_of(text) if text else None


def event_row(hint: Hint, received: int, window: int) -> dict[str, Any]:
    """Return a hint as a row of ``events``.

    Args:
        hint: The hint.
        received: When it came, in microseconds.
        window: For how long equal contents share a row, in microseconds.
    """
    payload = json.dumps(hint.payload, sort_keys=True, separators=(",", ":"))  # ASCII: any database takes it
    if len(payload) > LONGEST_PAYLOAD:
        payload = json.dumps({"omitted": len(payload)})
    if hint.key:
        key = f"key:{hint.key}"
    else:
        content = "\n".join((hint.kind, str(hint.entity), payload))
        key = f"content:{hashlib.sha256(content.encode()).hexdigest()}:{received // max(window, 1)}"
    return {
        "portal": hint.portal,
        "key": key,
        "kind": hint.kind,
        "entity": str(hint.entity),
        "payload": payload,
        "received": received,
        "last": received,
        "copies": 1,
    }


def hint_of(row: Row[Any]) -> Hint:
    """Return a row of ``events`` as a hint."""
    return Hint(
        portal=row.portal,
        entity=ref_of(row.entity),
        kind=row.kind,
        key=row.key.removeprefix("key:") if row.key.startswith("key:") else "",
        received=moment(row.received),
        payload=json.loads(row.payload),
    )


def hints_json(hints: Sequence[Hint]) -> str:
    """Return hints as text, for a dead letter, which outlives its events."""
    return json.dumps([_plain(hint) for hint in hints])


def hints_from(text: str) -> tuple[Hint, ...]:
    """Return what :func:`hints_json` wrote."""
    return tuple(_hint(plain) for plain in json.loads(text))


def _plain(hint: Hint) -> dict[str, Any]:
    received = micros(hint.received) if hint.received else None
    given = {"portal": hint.portal, "entity": str(hint.entity), "kind": hint.kind, "key": hint.key}
    return {**given, "received": received, "payload": dict(hint.payload)}


def _hint(plain: dict[str, Any]) -> Hint:
    received = None if plain["received"] is None else moment(plain["received"])
    return Hint(**{**plain, "entity": ref_of(plain["entity"]), "received": received})
