"""How exactly Planfix tells when something happened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

__all__ = ["horizon"]

SKEW = timedelta(minutes=2)
"""Moments may be shown to the minute, and the portal's clock is not quite ours."""
ZONE_DOUBT = timedelta(days=1)
"""Without ``dateTimeUtcSeconds`` it is not documented in which time zone a moment is meant."""


def horizon(raw: Mapping[str, Any], since: datetime) -> datetime:
    """Return the earliest moment that may still mean "since", by how exactly ``dateTime`` is told.

    Example:
        >>> from datetime import UTC
        >>> noon = datetime(2025, 3, 3, 12, tzinfo=UTC)
        >>> horizon({"dateTime": {"dateTimeUtcSeconds": "2025-03-03T12:00:00+0000"}}, noon).isoformat()
        '2025-03-03T11:58:00+00:00'
        >>> horizon({"dateTime": {"date": "03-03-2025", "time": "12:00"}}, noon).isoformat()
        '2025-03-02T12:00:00+00:00'
    """
    stamp = raw.get("dateTime")
    exact = isinstance(stamp, Mapping) and stamp.get("dateTimeUtcSeconds")
    return since - (SKEW if exact else ZONE_DOUBT)
